"""The code of ObGetObjectType, and the export table that leads to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from object_worlds import machine

from dumpwalk.kernel.object_type_code import _x64, _x86, type_code
from dumpwalk.memory.segments import Segment, SegmentedMemory
from dumpwalk.remarks import Absent
from dumpwalk.symbols.exports import export

# As a kernel developer's post of May 2015 lists it (Windows 10 build 10074): the function at 0, the cookie at
# fffff802`eae3d42c and the table at fffff802`eae3d8e0.
PUBLISHED = "488d41d0 0fb649e8 48c1e808 0fb6c0 4833c1 0fb60d{cookie} 4833c1 488d0d{table} 488b04c1 c3"
COOKIE, TABLE = 0xFFFFF802EAE3D42C, 0xFFFFF802EAE3D8E0


def relative(target: int, end: int) -> str:
    return ((target - end) & 0xFFFFFFFF).to_bytes(4, "little").hex()


def test_the_published_code() -> None:
    at = 0xFFFFF802EAB00000
    # The two instructions end 25 and 35 bytes behind the function's start.
    text = PUBLISHED.format(cookie=relative(COOKIE, at + 25), table=relative(TABLE, at + 35))

    assert _x64(bytes.fromhex(text), at) == (TABLE, COOKIE)


def test_windows_7() -> None:
    """movzx eax, byte ptr [rcx-18h]; lea rcx, [table]; mov rax, [rcx+rax*8]; ret."""
    code = bytes.fromhex(f"0fb641e8 488d0d{relative(TABLE, TABLE - 0x1000 + 11)} 488b04c1 c3")

    assert _x64(code, TABLE - 0x1000) == (TABLE, None)


def test_x86() -> None:
    """mov edi,edi; push ebp; mov ebp,esp; mov eax,[ebp+8]; movzx; mov eax,[eax*4+table]; pop ebp; ret 4."""
    plain = bytes.fromhex("8bff 55 8bec 8b4508 0fb640f4 8b0485 78563482 5d c20400")
    mixed = bytes.fromhex("8bff 55 8bec 8b4508 8d48e8 0fb640f4 c1e908 33c1 3205 bc9a7882 8b0485 78563482 5d c20400")

    assert _x86(plain, 0) == (0x82345678, None)
    assert _x86(mixed, 0) == (0x82345678, 0x82789ABC)


@given(code=st.binary(max_size=96))
def test_any_bytes(code: bytes) -> None:
    _x64(code, 0xFFFFF80000000000)
    _x86(code, 0x82000000)


def test_code_that_is_something_else() -> None:
    """Hooked, or of a kernel not known: no table is made up."""
    target = machine("nt/19041.3570-x64", "kernel-exports")
    function = int(target.address_of("ObGetObjectType") or 0)
    hooked = machine("nt/19041.3570-x64", f"kernel-exports\nblock {function:x} bytes 33 c0 c3 zeros 60")

    found = type_code(hooked)

    assert isinstance(found, Absent)
    assert "is not what it is known to be" in found.reason


@pytest.mark.parametrize("profile", ["nt/win7sp1-x86", "nt/win10-15063-x64"])
def test_exports(profile: str) -> None:
    """pefile reads the same names and addresses out of the image as it lies in memory."""
    pefile = pytest.importorskip("pefile")
    target = machine(profile, "kernel-exports")
    kernel = target.modules.kernel
    assert kernel is not None
    base, size = int(kernel.base), int(kernel.size)
    pages = (target.memory.read_some(target.address(base + at), 0x1000) for at in range(0, size, 0x1000))
    image = pefile.PE(data=b"".join(page.ljust(0x1000, b"\0") for page in pages))
    names = {symbol.name.decode(): base + symbol.address for symbol in image.DIRECTORY_ENTRY_EXPORT.symbols}

    assert "ObGetObjectType" in names
    assert {name: export(target.memory, base, name) for name in names} == names
    assert export(target.memory, base, "NoSuchName") is None
    assert export(target.memory, base, "") is None


@given(data=st.binary(min_size=64, max_size=600), at=st.integers(0, 600))
def test_damaged_export_tables(data: bytes, at: int) -> None:
    head = bytearray(0x1000)
    head[:2], head[0x3C] = b"MZ", 0x80
    head[0x80:0x84], head[0x98:0x9A] = b"PE\0\0", b"\x0b\x02"
    head[0xD0:0xD4] = (0x100000).to_bytes(4, "little")
    head[0x104:0x108] = (16).to_bytes(4, "little")
    head[0x108:0x110] = (0x200 + at).to_bytes(4, "little") + (0x100).to_bytes(4, "little")
    head[0x200 : 0x200 + len(data)] = data

    found = export(SegmentedMemory([Segment(0x10000, memoryview(bytes(head)))]), 0x10000, "ObGetObjectType")

    assert found is None or 0x10000 < found < 0x110000
