"""Kernel summary dumps as systems before Windows 8 write them: SUMMARY_DUMP, an RTL_BITMAP, the pages.

Layout: SUMMARY_DUMP32 and SUMMARY_DUMP64 of the public dump headers. The
pointer in the RTL_BITMAP is left over from the machine and means nothing.
"""

from __future__ import annotations

from dumpwalk.formats.dump_types import DUMP_TYPES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.formats import Dump
    from dumpwalk.formats.header import Header
    from dumpwalk.remarks import Problem

_cache: dict[int, Any] = {}


def _struct(pointer_size: int) -> Any:
    if pointer_size not in _cache:
        from construct import Bytes, Int32ul, Int64ul, Padding, Struct

        pointer = [Padding(4), "Buffer" / Int64ul] if pointer_size == 8 else ["Buffer" / Int32ul]
        _cache[pointer_size] = Struct(
            "Signature" / Bytes(4),
            "ValidDump" / Bytes(4),
            "DumpOptions" / Int32ul,
            "HeaderSize" / Int32ul,  # of everything before the pages, so that it is the offset of the first one
            "BitmapSize" / Int32ul,
            "Pages" / Int32ul,  # that are in the file
            "SizeOfBitMap" / Int32ul,  # in bits
            *pointer,
        )
    return _cache[pointer_size]


@DUMP_TYPES.add("0x2")
def kernel_summary(path: str, name: str, data: memoryview, header: Header, problems: list[Problem]) -> Dump:
    """Open a kernel summary dump."""
    from dumpwalk.formats.page_bitmap import Names, bitmap_dump

    names = Names("SizeOfBitMap", "HeaderSize", "Pages")
    return bitmap_dump(path, name, data, header, problems, _struct(header.pointer_size), names)
