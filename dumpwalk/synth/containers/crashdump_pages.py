"""Crash dumps that hold physical pages: full, kernel summary, bitmap, range; and the header alone.

The layouts are the writer's own. Sources: the public dump headers
(SUMMARY_DUMP, PHYSICAL_MEMORY_DESCRIPTOR), kdmp-parser and Volatility 3
(bitmap and range headers), which read what is written here.
"""

from __future__ import annotations

from dumpwalk.synth.containers import WRITERS
from dumpwalk.synth.contexts import context
from dumpwalk.synth.crashdump import HEADER_32, HEADER_64, header
from dumpwalk.synth.layouts import layout, table
from dumpwalk.synth.secondary import secondary_data
from dumpwalk.synth.spec import KINDS, SpecError
from dumpwalk.synth.structures import put

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.synth.containers import Pages
    from dumpwalk.synth.spec import Fields, Spec

_PAGE = 0x1000
_OWN_FIELDS = {
    4: table("NumberOfRuns 64 4\nNumberOfPages 68 4\nRequiredDumpSpace fa0 8"),
    8: table("NumberOfRuns 88 4\nNumberOfPages 90 8\nRequiredDumpSpace fa0 8"),
}
_RUNS_AT = {4: 0x6C, 8: 0x98}
_ROOM_FOR_RUNS = {4: (0x320 - 0x6C) // 8, 8: (0x348 - 0x98) // 16}

# SUMMARY_DUMP with its RTL_BITMAP: what stands before the bits.
_SUMMARY = (
    "Signature 0 4\nValidDump 4 4\nDumpOptions 8 4\nHeaderSize c 4\nBitmapSize 10 4\nPages 14 4\nSizeOfBitMap 18 4"
)
_SUMMARY_SIZE = {4: 0x20, 8: 0x28}
_BITMAP = table("Signature 0 4\nValidDump 4 4\nFirstPage 20 8\nTotalPresentPages 28 8\nPages 30 8")
_BITMAP_SIZE = 0x38
_RANGE = table(
    "Marker 0 4\nSignature 4 4\nValidDump 8 4\nMetadataSize 10 8\nFirstPageOffset 18 8\n"
    "NumberOfRanges 20 4\nTotalNumberOfPages 28 8"
)
_RANGE_SIZE = 0x30
_METADATA_AT = 0x20


def runs(pages: Pages) -> list[tuple[int, int]]:
    """Return the pages as ``(first page number, count)``, ascending.

    :raises SpecError: on a page that does not have 4096 bytes, or a number below 0
    """
    out: list[tuple[int, int]] = []
    for number in sorted(pages):
        if len(pages[number]) != _PAGE or number < 0:
            raise SpecError(f"page {number:x} has {len(pages[number]):#x} bytes; a page has {_PAGE:#x}")
        if out and sum(out[-1]) == number:
            out[-1] = out[-1][0], out[-1][1] + 1
        else:
            out.append((number, 1))
    return out


def registers(spec: Spec) -> bytes:
    """Return the CONTEXT of the header."""
    data = bytearray(context(spec.machine, spec.context))
    if spec.machine == "x64":  # CONTEXT.FltSave, the area of FXSAVE, repeats MxCsr
        data[0x118:0x11C] = data[0x34:0x38]
    return bytes(data)


def _begin(spec: Spec, pages: Pages) -> tuple[bytearray, int]:
    """Return the dump header with its PHYSICAL_MEMORY_DESCRIPTOR, and the size of a pointer."""
    shape = layout(spec.machine, spec.build, strict=False)
    data = header(spec, shape, registers(spec))
    width, stretches = shape.machine.pointer_size, runs(pages)
    if len(stretches) > _ROOM_FOR_RUNS[width]:
        if spec.kind == "full":
            what = f"the header has room for {_ROOM_FOR_RUNS[width]} runs of pages, not {len(stretches)}"
            raise SpecError(f"{what}; other kinds of dump take any pages")
        first = stretches[0][0]  # what the machine had, not what the file holds: one run around all of them
        stretches = [(first, sum(stretches[-1]) - first)]
    total = sum(count for _, count in stretches)
    put(data, _OWN_FIELDS[width], (("NumberOfRuns", len(stretches)), ("NumberOfPages", total)), "the dump header")
    at = _RUNS_AT[width]
    for base, count in stretches:
        if max(base, count) >> 8 * width:
            raise SpecError(f"page {base:x} does not fit into {width} bytes")
        data[at : at + 2 * width] = base.to_bytes(width, "little") + count.to_bytes(width, "little")
        at += 2 * width
    return data, width


def _end(data: bytearray, width: int, pages: Pages, spec: Spec) -> bytes:
    """Return *data* with pages and secondary data behind it.

    Its length is filled in, and what the spec overwrites is overwritten.
    """
    size = len(data) + _PAGE * len(pages)
    put(data, _OWN_FIELDS[width], (("RequiredDumpSpace", size),), "the dump header")
    put(data, HEADER_64 if width == 8 else HEADER_32, spec.settings, "the dump")
    behind = secondary_data(spec.build, spec.blobs)
    return b"".join((data, *(pages[number] for number in sorted(pages)), behind))


def _bits(pages: Pages) -> tuple[int, bytes]:
    """Return how many bits the bitmap of *pages* has, and the bitmap."""
    count = max(pages, default=-1) + 1
    bits = bytearray(-(-count // 8))
    for number in pages:
        bits[number // 8] |= 1 << number % 8
    return count, bytes(bits)


def _page_aligned(size: int) -> int:
    return -(-size // _PAGE) * _PAGE


@WRITERS.add("header")
def header_only(spec: Spec, pages: Pages) -> bytes:
    """Return the header alone; *pages* are those that the machine had.

    :raises SpecError: when something can't be written
    """
    data, width = _begin(spec, pages)
    return _end(data, width, {}, spec)


@WRITERS.add("full")
def full(spec: Spec, pages: Pages) -> bytes:
    """Return a full dump.

    :raises SpecError: when something can't be written; the header has room for 43 runs (86 on 32-bit machines)
    """
    data, width = _begin(spec, pages)
    return _end(data, width, pages, spec)


@WRITERS.add("kernel")
def kernel_summary(spec: Spec, pages: Pages) -> bytes:
    """Return a kernel summary dump, as systems before Windows 8 write it.

    :raises SpecError: when something can't be written
    """
    data, width = _begin(spec, pages)
    count, bits = _bits(pages)
    summary = bytearray(_SUMMARY_SIZE[width])
    first = _page_aligned(len(data) + len(summary) + len(bits))
    values: Fields = (
        ("Signature", "SDMP"),
        ("ValidDump", "DUMP"),
        ("HeaderSize", first),
        ("BitmapSize", count),
        ("Pages", len(pages)),
        ("SizeOfBitMap", count),
    )
    put(summary, table(_SUMMARY), values, "SUMMARY_DUMP")
    data += summary + bits
    return _end(data.ljust(first, b"\0"), width, pages, spec)


@WRITERS.add("bitmap-full", "bitmap-kernel", "automatic")
def bitmap(spec: Spec, pages: Pages) -> bytes:
    """Return a bitmap dump.

    :raises SpecError: when something can't be written
    """
    data, width = _begin(spec, pages)
    count, bits = _bits(pages)
    head = bytearray(_BITMAP_SIZE)
    first = _page_aligned(len(data) + len(head) + len(bits))
    values: Fields = (
        ("Signature", "FDMP" if spec.kind == "bitmap-full" else "SDMP"),
        ("ValidDump", "DUMP"),
        ("FirstPage", first),
        ("TotalPresentPages", len(pages)),
        ("Pages", count),
    )
    put(head, _BITMAP, values, "the bitmap header")
    data += head + bits
    return _end(data.ljust(first, b"\0"), width, pages, spec)


@WRITERS.add("range-kernel", "range-user", "range-complete")
def ranges(spec: Spec, pages: Pages) -> bytes:
    """Return a range dump.

    :raises SpecError: when something can't be written
    """
    data, width = _begin(spec, pages)
    stretches = runs(pages)
    entries = b"".join(part.to_bytes(8, "little") for stretch in stretches for part in stretch)
    head = bytearray(_RANGE_SIZE)
    first = _page_aligned(len(data) + len(head) + len(entries) + 1)  # a null entry ends the list
    values: tuple[tuple[str, int | str], ...] = (
        ("Marker", 0x40),
        ("Signature", "RDMP"),
        ("ValidDump", "DUMP"),
        ("MetadataSize", first - len(data) - _METADATA_AT),
        ("FirstPageOffset", first),
    )
    if KINDS[spec.kind] == KINDS["range-complete"]:
        values += (("NumberOfRanges", len(stretches)), ("TotalNumberOfPages", len(pages)))
    put(head, _RANGE, values, "the range header")
    data += head + entries
    return _end(data.ljust(first, b"\0"), width, pages, spec)
