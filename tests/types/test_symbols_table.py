"""Public symbols by name and by address, and the rule that picks one of several names."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dumpwalk.errors import TypeInfoError
from dumpwalk.types.symbols_table import Symbols, SymbolsFile
from dumpwalk.types.symbols_writer import symbols_content

KERNEL = {
    "KeBugCheckEx": 0x1000,
    "ExFreePool": 0x2000,
    "ExFreePoolWithTag": 0x2000,
    "??_C@_01EEMJAFIK@?6?$AA@JKADOLAD@": 0x3000,
    "$$120": 0x4000,
    "?Mangled@@YAXXZ": 0x4000,
    "KxStart": 0x4000,
    "KiStart": 0x4000,
    "??_C@same": 0x5000,
    "Data": 0x5000,
    "__C_specific_handler": 0x6000,
}


def symbols(*tables: dict[str, int], table: int = 0) -> Symbols:
    return Symbols(SymbolsFile(symbols_content([list(tables)]), "symbols"), table)


def test_offset_of_a_name() -> None:
    kernel = symbols(KERNEL)

    assert kernel.find("KeBugCheckEx") == kernel.find("nt!KeBugCheckEx") == kernel.find("NT!KeBugCheckEx") == 0x1000
    assert kernel.find("hal!KeBugCheckEx") is None
    assert kernel.find("KeBugCheck") is None
    assert kernel.find("") is None
    assert kernel.find("zzz") is None
    assert len(kernel) == len(KERNEL)


def test_an_underscore_may_be_missing() -> None:
    assert symbols(KERNEL).find("_C_specific_handler") == 0x6000


@pytest.mark.parametrize(
    ("offset", "expected"),
    [
        (0xFFF, None),
        (0x1000, ("KeBugCheckEx", 0)),
        (0x1FFF, ("KeBugCheckEx", 0xFFF)),
        (0x2010, ("ExFreePool", 0x10)),
        (0x3010, None),  # behind a string literal there is nothing of what stood before it
        (0x4000, ("KiStart", 0)),
        (0x5001, ("Data", 1)),
        (0xFFFFFFFF, ("__C_specific_handler", 0xFFFF9FFF)),
    ],
)
def test_nearest_symbol(offset: int, expected: tuple[str, int] | None) -> None:
    assert symbols(KERNEL).nearest(offset) == expected


def test_names_with_wildcards() -> None:
    kernel = symbols(KERNEL)

    assert list(kernel.names("exfree*")) == ["ExFreePool", "ExFreePoolWithTag"]
    assert list(kernel.items("nt!K?Start")) == [("KiStart", 0x4000), ("KxStart", 0x4000)]
    assert list(kernel.names()) == sorted(KERNEL)
    assert list(kernel.names("[K]*")) == []
    assert list(kernel.names("*" * 50 + "x*" * 10 + "!!")) == []


def test_bytes_are_those_the_documentation_describes() -> None:
    """A reader that shares nothing with ours finds the only symbol of the second table."""
    data = symbols_content([[{"AAB": 5, "AAC": 7}, {"AAC": 9}]])
    magic, version, names, per_block, lines, tables, crc = struct.unpack_from("<8sIIIIII", data, 0)
    blocks = [struct.unpack_from("<IIII", data, 32 + 16 * i) for i in range(1 + 1 + lines + tables)]
    unpacked = [zlib.decompress(data[offset : offset + size]) for offset, size, _, _ in blocks]
    line_of = [struct.unpack_from("<II", data, 32 + 16 * len(blocks) + 8 * i) for i in range(tables)]

    assert (magic, version, names, per_block, lines, tables) == (b"DWSYMS\0\0", 1, 2, 1024, 1, 2)
    assert crc == zlib.crc32(data[8:28] + data[32 : 32 + 16 * len(blocks) + 8 * tables])
    assert [b[2] for b in blocks] == [len(u) for u in unpacked]
    assert unpacked[:2] == [b"AAB", b"\x00\x02AAB\nC"]
    assert struct.unpack("<2I2i", unpacked[2]) == (
        0,
        1,
        7,
        2,
    )  # the second table's AAC, and AAB as far before it as in the first
    assert (unpacked[4][:2], struct.unpack("<i", unpacked[4][2:])) == (b"\x00\x01", (0,))
    assert line_of == [(0, 2), (0, 1)]


def test_a_table_that_is_not_there() -> None:
    with pytest.raises(TypeInfoError, match="table 7"):
        symbols(KERNEL, table=7).find("A")


TABLE = st.dictionaries(st.text("AB_?@", min_size=1, max_size=6), st.integers(0, 0x7FFFFFFF), max_size=20)


@example([[{"?": 0, "@": 0x7FFFFFFF}, {"?": 2, "@": 0}]])  # differences of differences beyond 32 bits
@given(st.lists(st.lists(TABLE, min_size=1, max_size=4), max_size=3))
def test_whatever_is_written_is_read(lines: list[list[dict[str, int]]]) -> None:
    file = SymbolsFile(symbols_content(lines), "symbols")
    tables = [Symbols(file, i) for i in range(sum(map(len, lines)))]

    assert [dict(t.items()) for t in tables] == [t for line in lines for t in line]
    for table, expected in zip(tables, (t for line in lines for t in line)):
        assert {n: table.find(n) for n in expected} == expected
