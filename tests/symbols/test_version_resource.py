"""Versions of images in memory: written by an encoder of the test's own, damaged, and missing."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dumpwalk.memory.address import Address
from dumpwalk.memory.segments import Segment, SegmentedMemory
from dumpwalk.remarks import Absent
from dumpwalk.symbols.version_resource import VersionInfo, parse_version, version_info

# Of a listing of `lmv` in a public report.
STRINGS = {
    "CompanyName": "McAfee, Inc.",
    "FileDescription": "myCIOScn Module",
    "FileVersion": "5.2.3.104",
    "InternalName": "myCioScn",
    "ProductName": "McAfee\u00ae Security-as-a-Service",
    "SpecialBuild": "FULL",
}
BASE, RESOURCES = 0xFFFFF80000100000, 0x4000


def node(key: str, value: bytes = b"", kind: int = 1, children: bytes = b"") -> bytes:
    """Return a node of the tree: lengths, the key, the value and the children, each padded to four bytes."""
    head = key.encode("utf-16-le") + b"\0\0"
    head += bytes(-(6 + len(head)) % 4) + value
    if children:
        head += bytes(-(6 + len(head)) % 4) + children
    return struct.pack("<HHH", 6 + len(head), len(value) // (2 if kind else 1), kind) + head


def joined(*nodes: bytes) -> bytes:
    return b"".join(n + bytes(-len(n) % 4) for n in nodes)


def resource(strings: dict[str, str], fixed: tuple[int, ...] = ()) -> bytes:
    numbers = fixed or (0x50002, 0x30068, 0x50002, 0, 0x3F, 0, 0x40004, 1, 0, 0, 0)
    values = joined(*(node(k, v.encode("utf-16-le") + b"\0\0") for k, v in strings.items()))
    table = joined(node("StringFileInfo", children=node("040904b0", children=values)))
    table += node("VarFileInfo", children=node("Translation", struct.pack("<2H", 0x409, 0x4B0), 0))
    return node("VS_VERSION_INFO", struct.pack("<13I", 0xFEEF04BD, 0x10000, *numbers), 0, table)


def image(version: bytes, size: int = 0x8000) -> bytes:
    """Return an image whose resources are a version, behind three levels of directories."""
    data = bytearray(size)
    data[:2], data[0x3C:0x40], data[0x80:0x84] = b"MZ", struct.pack("<I", 0x80), b"PE\0\0"
    struct.pack_into("<HH", data, 0x84, 0x8664, 2)
    struct.pack_into("<H", data, 0x98, 0x20B)
    struct.pack_into("<I", data, 0xD0, size)
    struct.pack_into("<I", data, 0x104, 16)
    struct.pack_into("<II", data, 0x108 + 16, RESOURCES, 0x1000)
    directories = struct.pack("<IIHHHHII", 0, 0, 0, 0, 0, 1, 16, 0x80000018)
    directories += struct.pack("<IIHHHHII", 0, 0, 0, 0, 0, 1, 1, 0x80000030)
    directories += struct.pack("<IIHHHHII", 0, 0, 0, 0, 0, 1, 0x409, 0x48)
    directories += struct.pack("<IIII", RESOURCES + 0x100, len(version), 0, 0)
    data[RESOURCES : RESOURCES + len(directories)] = directories
    data[RESOURCES + 0x100 : RESOURCES + 0x100 + len(version)] = version
    return bytes(data)


def found_in(data: bytes, cut: tuple[int, int] = (0, 0)) -> VersionInfo | Absent:
    pieces = [(0, data)] if cut == (0, 0) else [(0, data[: cut[0]]), (cut[1], data[cut[1] :])]
    return version_info(SegmentedMemory(Segment(BASE + at, memoryview(piece)) for at, piece in pieces), Address(BASE))


def test_what_is_written_comes_back() -> None:
    found = found_in(image(resource(STRINGS)))

    assert isinstance(found, VersionInfo)
    assert (found.file_version, found.product_version) == ((5, 2, 3, 104), (5, 2, 0, 0))
    assert (found.flags, found.flags_mask, found.file_os, found.file_type) == (0, 0x3F, 0x40004, 1)
    assert found.translations == ((0x409, 0x4B0),)
    assert found.strings == STRINGS


def test_pages_that_are_not_there() -> None:
    data = image(resource(STRINGS))

    whole = found_in(data, (0x3000, 0x5000))
    assert isinstance(whole, Absent)
    assert whole.reason == "its resources are not in the dump (fffff800`00104000: not in the dump)"
    assert found_in(b"") == Absent("its headers are not in the dump")
    assert found_in(image(b"")[:0x3000]) != found_in(data)


def test_an_image_without_resources() -> None:
    data = bytearray(image(b""))
    data[0x108 + 16 : 0x108 + 24] = bytes(8)

    assert found_in(bytes(data)) == Absent("the image has no resources")


def test_resources_outside_of_the_image() -> None:
    data = bytearray(image(b""))
    data[0x108 + 16 : 0x108 + 20] = struct.pack("<I", 0xFFFF0000)

    assert "lie outside" in str(found_in(bytes(data)))


def test_directories_that_lead_to_themselves() -> None:
    """Three levels, and then it is over."""
    data = bytearray(image(resource(STRINGS)))
    struct.pack_into("<II", data, RESOURCES + 16, 16, 1 << 31)

    assert found_in(bytes(data)) == Absent("its resources have no version among them")


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
        max_size=8,
    )
)
def test_any_strings(strings: dict[str, str]) -> None:
    found = parse_version(resource(strings))

    assert isinstance(found, VersionInfo)
    assert found.strings == strings


@given(st.data())
def test_damage(data: Any) -> None:
    raw = bytearray(image(resource(STRINGS), 0x5000))
    for _ in range(data.draw(st.integers(1, 20))):
        raw[data.draw(st.integers(0x80, 0x4400))] = data.draw(st.integers(0, 255))

    assert isinstance(found_in(bytes(raw)), (VersionInfo, Absent))


@pytest.mark.parametrize("raw", [b"", b"\1", bytes(100), b"\xff" * 100, resource(STRINGS)[:60]])
def test_rubbish(raw: bytes) -> None:
    assert parse_version(raw) == Absent("its version resource is damaged")
