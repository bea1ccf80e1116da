"""Bitmap dumps, which Windows 8 and later write: full, kernel, automatic; live and active ones too.

Layout (a header of the same kind on 32-bit and 64-bit machines): kdmp-parser
and Volatility 3, which agree.
"""

from __future__ import annotations

from dumpwalk.formats.dump_types import DUMP_TYPES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.formats import Dump
    from dumpwalk.formats.header import Header
    from dumpwalk.remarks import Problem

_cache: list[Any] = []


def _struct() -> Any:
    if not _cache:
        from construct import Bytes, Int64ul, Padding, Struct

        _cache.append(
            Struct(
                "Signature" / Bytes(4),
                "ValidDump" / Bytes(4),
                "DumpOptions" / Int64ul,
                Padding(0x10),
                "FirstPage" / Int64ul,  # 0x20
                "TotalPresentPages" / Int64ul,
                "Pages" / Int64ul,  # 0x30: bits in the bitmap that follows
            )
        )
    return _cache[0]


@DUMP_TYPES.add("0x5", "0x6", "0x7")
def bitmap(path: str, name: str, data: memoryview, header: Header, problems: list[Problem]) -> Dump:
    """Open a dump whose pages a bitmap names."""
    from dumpwalk.formats.dump_types.header_only import nothing_more
    from dumpwalk.formats.page_bitmap import Stated, bitmap_dump
    from dumpwalk.formats.physical_pages import PagesFile

    file = PagesFile(path, name, data, header, problems)
    start, struct = file.behind_header, _struct()
    if len(data) < start + struct.sizeof():
        what = f"the file is cut inside the bitmap header, at {len(data):#x}"
        file.problem("bitmap header", what)
        return nothing_more(path, name, data, header, problems, what)
    raw = struct.parse(bytes(data[start : start + struct.sizeof()]))
    stated = Stated(
        signature=raw.Signature,
        valid=raw.ValidDump,
        at=start + struct.sizeof(),
        bits=raw.Pages,
        first=raw.FirstPage,
        present=raw.TotalPresentPages,
        bits_name="Pages",
        first_name="FirstPage",
        present_name="TotalPresentPages",
    )
    return bitmap_dump(file, stated)
