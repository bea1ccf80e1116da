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
    from dumpwalk.formats.page_bitmap import Names, bitmap_dump

    names = Names("Pages", "FirstPage", "TotalPresentPages")
    return bitmap_dump(path, name, data, header, problems, _struct(), names)
