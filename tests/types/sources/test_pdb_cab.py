"""Cabinets written out by the test, and a real one."""

from __future__ import annotations

import functools
import operator
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dumpwalk.errors import FormatError
from dumpwalk.types.sources.pdb.cab import expand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CONTENT = b"".join(struct.pack("<I", n * n & 0xFFFF) for n in range(20_000))  # 80,000 bytes: three blocks


def checksum(data: bytes) -> int:
    """The specification's sum: little-endian words, and what is left over as one number that begins at its high end."""
    whole = len(data) & ~3
    words = struct.unpack(f"<{whole // 4}I", data[:whole])
    return functools.reduce(operator.xor, words, int.from_bytes(data[whole:], "big"))


def mszip(content: bytes) -> list[bytes]:
    blocks, window = [], b""
    for at in range(0, len(content), 0x8000):
        part = content[at : at + 0x8000]
        packer = (
            zlib.compressobj(9, zlib.DEFLATED, -15, zdict=window) if window else zlib.compressobj(9, zlib.DEFLATED, -15)
        )
        blocks.append(b"CK" + packer.compress(part) + packer.flush())
        window = part
    return blocks


def cabinet(
    content: bytes,
    blocks: Sequence[bytes] = (),
    method: int = 1,
    name: bytes = b"a.pdb",
    flags: int = 0,
    summed: bool = True,
    size: int | None = None,
) -> bytes:
    blocks = blocks or mszip(content)
    extra, reserve = b"", b""
    if flags & 4:
        extra += struct.pack("<HBB", 3, 2, 1) + b"abc"
        reserve = b"!"
    if flags & 2:
        extra += b"next.cab\0disk\0"
    folder_at = 36 + len(extra)
    files_at = folder_at + 8 + 2 * len(reserve)
    file = struct.pack("<IIHHHH", len(content) if size is None else size, 0, 0, 0, 0, 0) + name + b"\0"
    data_at = files_at + len(file)
    data = b""
    for n, block in enumerate(blocks):
        sizes = struct.pack("<HH", len(block), min(0x8000, len(content) - n * 0x8000)) + reserve
        total = checksum(block) ^ checksum(sizes) if summed else 0
        data += struct.pack("<I", total) + sizes + block
    whole = data_at + len(data)
    head = struct.pack("<4sIIIIIBBHHHHH", b"MSCF", 0, whole, 0, files_at, 0, 3, 1, 1, 1, flags, 0, 0)
    return head + extra + struct.pack("<IHH", data_at, len(blocks), method) + reserve * 2 + file + data


@pytest.mark.parametrize("flags", [0, 2, 4, 6])
@pytest.mark.parametrize("summed", [True, False])
def test_blocks_refer_to_the_one_before(flags: int, summed: bool) -> None:
    assert expand(cabinet(CONTENT, flags=flags, summed=summed), "a.pd_") == (CONTENT, "a.pdb")


def test_stored() -> None:
    assert expand(cabinet(b"plain text", [b"plain text"], method=0), "a.pd_")[0] == b"plain text"


def test_only_the_last_part_of_a_name_counts() -> None:
    assert expand(cabinet(b"abc", name=b"..\\..\\x/../b.pdb"), "a.pd_")[1] == "b.pdb"


def test_real_one(real_data: Path) -> None:
    content, name = expand((real_data / "pdb" / "basic32.pd_").read_bytes(), "basic32.pd_")

    assert (name, len(content)) == ("basic32.pdb", 6_590_464)
    assert content.startswith(b"Microsoft C/C++ MSF 7.00")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (cabinet(CONTENT, method=0x1503), "a.pdb is compressed with LZX, which is not read"),
        (cabinet(CONTENT, method=0x0472), "compressed with Quantum"),
        (cabinet(CONTENT, method=9), "compressed with method 9"),
        (cabinet(CONTENT)[:-1], "the cabinet is cut off"),
        (cabinet(CONTENT)[:30], "the cabinet is cut off"),
        (b"MSCF" + bytes(40), "version 0"),
        (b"NOPE" + bytes(40), "not a cabinet"),
        (cabinet(CONTENT, size=len(CONTENT) + 1), "ends after 80000 of 80001"),
        (cabinet(CONTENT, size=0x7FFFFFFF), "far more than the cabinet can hold"),
        (cabinet(b"abc", [b"XX123"]), "block 0: no MSZIP block"),
        (cabinet(b"abc", [b"CK\xff\xff"]), "block 0: damaged"),
        (cabinet(b"abcd", mszip(b"abc")), "block 0: it has 3 bytes, not 4"),
    ],
)
def test_what_is_refused(data: bytes, what: str) -> None:
    with pytest.raises(FormatError, match=what):
        expand(data, "a.pd_")


def test_wrong_checksum() -> None:
    data = bytearray(cabinet(CONTENT))
    data[-100] ^= 1

    with pytest.raises(FormatError, match="block 2: its checksum is wrong"):
        expand(bytes(data), "a.pd_")


SMALL = cabinet(CONTENT[:3000], summed=False, flags=6)


@given(st.lists(st.tuples(st.integers(0, len(SMALL) - 1), st.integers(0, 255)), max_size=5), st.integers(0, len(SMALL)))
def test_damage_is_found_or_harmless(flips: list[tuple[int, int]], length: int) -> None:
    data = bytearray(SMALL[:length] if length % 2 else SMALL)
    for at, value in flips:
        if at < len(data):
            data[at] = value
    try:
        content, said = expand(bytes(data), "a.pd_")[0], "a.pd_: "
    except FormatError as error:
        content, said = b"", str(error)

    assert said.startswith("a.pd_: ")
    assert len(content) <= 40 * len(data)
