"""Range dumps (``RDMP``), which debuggers write since Windows 10: ``.dump /k`` (8), ``/ka`` (9) and ``/f`` (0xA).

Layout: kdmp-parser. The metadata begin at offset 0x20 of the range header and
have MetadataSize bytes: two words, which only complete dumps fill in, then the
ranges of page numbers. The pages follow in the order of the ranges.
"""

from __future__ import annotations

from struct import iter_unpack

from dumpwalk.formats.dump_types import DUMP_TYPES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.formats import Dump
    from dumpwalk.formats.header import Header
    from dumpwalk.formats.physical_pages import PagesFile
    from dumpwalk.remarks import Problem

_COMPLETE = 0xA
_MARKER = 0x40
_METADATA = 0x20
_RANGES = 0x30
_RANGE_SIZE = 16
# A range costs 40 bytes of memory; a machine of 64 GB whose memory is shattered into runs of 6 pages has 1.4 million.
_MOST_RANGES = 1 << 22
# One that overlaps others costs 500.
_MOST_IN_DISORDER = 1 << 16
_cache: list[Any] = []


def _struct() -> Any:
    if not _cache:
        from construct import Bytes, Int32ul, Int64ul, Padding, Struct

        _cache.append(
            Struct(
                "Marker" / Int32ul,
                "Signature" / Bytes(4),
                "ValidDump" / Bytes(4),
                Padding(4),
                "MetadataSize" / Int64ul,  # 0x10
                "FirstPageOffset" / Int64ul,
                "NumberOfRanges" / Int32ul,  # 0x20
                Padding(4),
                "TotalNumberOfPages" / Int64ul,
            )
        )
    return _cache[0]


@DUMP_TYPES.add("0x8", "0x9", "0xa")
def ranges(path: str, name: str, data: memoryview, header: Header, problems: list[Problem]) -> Dump:
    """Open a dump whose pages ranges name."""
    from dumpwalk.formats.dump_types.header_only import nothing_more
    from dumpwalk.formats.page_runs import dump_of_runs
    from dumpwalk.formats.physical_pages import PagesFile
    from dumpwalk.memory.ranges import ranges as ascending

    file = PagesFile(path, name, data, header, problems)
    start = file.behind_header
    if len(data) < start + _RANGES:
        what = f"the file is cut inside the range header, at {len(data):#x}"
        file.problem("range header", what)
        return nothing_more(path, name, data, header, problems, what)
    raw = _struct().parse(bytes(data[start : start + _RANGES]))
    if (raw.Marker, raw.Signature, raw.ValidDump) != (_MARKER, b"RDMP", b"DUMP"):
        found = f"{raw.Marker:#x} {(raw.Signature + raw.ValidDump).decode('ascii', 'backslashreplace')}"
        file.problem("range header", f"it begins with {found}, where {_MARKER:#x} RDMPDUMP stands")
    file.layout.add(start, _RANGES, "range header")
    complete = header.DumpType == _COMPLETE
    table = _table(file, raw, complete)
    first = raw.FirstPageOffset
    memory = ascending(data, table, first)
    if memory is None:  # they overlap or lie nowhere: a few can be looked at in detail
        if len(table) > _MOST_IN_DISORDER * _RANGE_SIZE:
            what = f"they do not ascend; of {len(table) // _RANGE_SIZE} the first {_MOST_IN_DISORDER} are read"
            file.problem("ranges", what)
        few = iter_unpack("<QQ", table[: _MOST_IN_DISORDER * _RANGE_SIZE])
        some = [(base, count) for base, count in few if count]
        _check_total(file, raw, complete, sum(count for _, count in some))
        return dump_of_runs(file, some, first)
    _check_total(file, raw, complete, memory.present)
    if memory.held < memory.present:
        file.cut(memory.present, memory.held, memory.first_missing())
    return file.opened(memory, memory.held, first, memory.present)


def _check_total(file: PagesFile, raw: Any, complete: bool, pages: int) -> None:
    if complete and pages != raw.TotalNumberOfPages:
        file.problem("ranges", f"TotalNumberOfPages is {raw.TotalNumberOfPages:#x}; the ranges have {pages:#x} pages")


def _table(file: PagesFile, raw: Any, complete: bool) -> bytes:
    """Return the ranges as they stand in the file; the metadata are checked against it and themselves."""
    start = file.behind_header
    room = max(0, min(raw.FirstPageOffset, len(file.data)) - start - _RANGES) // _RANGE_SIZE
    if raw.FirstPageOffset != start + _METADATA + raw.MetadataSize:
        what = f"MetadataSize {raw.MetadataSize:#x} and FirstPageOffset {raw.FirstPageOffset:#x} contradict each other"
        file.problem("range header", what)
    elif len(file.data) < raw.FirstPageOffset:
        file.problem("ranges", f"the file ends inside them, at {len(file.data):#x}")
        file.missing.append(f"memory: all pages lie behind {raw.FirstPageOffset:#x}, where the file has ended")
    count = min(room, max(0, raw.MetadataSize - (_RANGES - _METADATA)) // _RANGE_SIZE)
    if complete:
        if raw.NumberOfRanges > count:
            file.problem("ranges", f"NumberOfRanges is {raw.NumberOfRanges}; there is room for {count}")
        count = min(count, raw.NumberOfRanges)
    if count > _MOST_RANGES:
        file.problem("ranges", f"of {count} the first {_MOST_RANGES} are read")
        count = _MOST_RANGES
    table = file.data[start + _RANGES : start + _RANGES + count * _RANGE_SIZE]
    if len(table):
        file.layout.add(start + _RANGES, len(table), "ranges")
    return bytes(table)
