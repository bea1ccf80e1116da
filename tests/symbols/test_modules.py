"""Modules are named as WinDbg names them, and an address leads to the image it lies in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dumpwalk.memory.address import Address, Address32, Hex
from dumpwalk.symbols.modules import KERNEL_IMAGES, Module, Modules, module, symbol_key


def _module(name: str, base: int, size: int) -> Module:
    return module(f"{name}.sys", Address(base), size, 0, 0)


@pytest.mark.parametrize(
    ("path", "image", "name"),
    [
        (r"\SystemRoot\system32\ntoskrnl.exe", "ntoskrnl.exe", "nt"),
        (r"\??\C:\Windows\system32\drivers\Example.sys", "Example.sys", "Example"),
        ("/SystemRoot/system32/hal.dll", "hal.dll", "hal"),
        ("win32k.sys", "win32k.sys", "win32k"),
        ("NTKRNLPA.EXE", "NTKRNLPA.EXE", "nt"),
        ("my-driver 2.0.sys", "my-driver 2.0.sys", "my_driver_2_0"),
        ("noextension", "noextension", "noextension"),
        (".sys", ".sys", "_sys"),
        ("a$b_c.sys", "a$b_c.sys", "a$b_c"),
        ("", "", ""),
        ("dir\\", "", ""),
    ],
)
def test_names(path: str, image: str, name: str) -> None:
    found = module(path, Address(0x1000), 0x2000, 3, 4)

    assert (found.path, found.image, found.name) == (path, image, name)
    assert (found.base, found.end, found.size, found.timestamp, found.checksum) == (0x1000, 0x3000, 0x2000, 3, 4)


@pytest.mark.parametrize("image", KERNEL_IMAGES)
def test_every_kernel_is_nt(image: str) -> None:
    kernel = module(image, Address(0x1000), 1, 0, 0)

    assert kernel.name == "nt"
    assert Modules([_module("first", 0, 1), kernel]).kernel is kernel


def test_no_kernel() -> None:
    assert Modules([_module("first", 0, 1)]).kernel is None


# The symbol store's index: eight upper-case digits of the time stamp, then the size as it comes
# (Microsoft, "SymStore", file naming of executables).
@pytest.mark.parametrize(
    ("timestamp", "size", "key"),
    [(0x0D8333E6, 0x1046000, "0D8333E61046000"), (0, 0, "000000000"), (0xABCDEF01, 0xABCDE, "ABCDEF01abcde")],
)
def test_symbol_key(timestamp: int, size: int, key: str) -> None:
    assert symbol_key("a.sys", timestamp, size) == f"a.sys/{key}/a.sys"
    assert module(r"x\a.sys", Address(0), size, timestamp, 0).symbol_key == f"a.sys/{key}/a.sys"


def test_locate() -> None:
    modules = Modules([_module("b", 0x2000, 0x100), _module("a", 0x1000, 0x100)])

    assert [m.name for m in modules.modules] == ["b", "a"]
    assert modules.locate(0x1000) == "a+0x0"
    assert modules.locate(0x10FF) == "a+0xff"
    assert modules.locate(Address(0x2010)) == "b+0x10"
    assert [modules.locate(a) for a in (0, 0xFFF, 0x1100, 0x2100, 2**64)] == [None] * 5


def test_addresses_print_alike_on_32_bits() -> None:
    found = module("a.sys", Address32(0xFFFFFFFF80001000), 0x1000, 0, 0)

    assert str(found.base) == "80001000"
    assert isinstance(found.size, Hex)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=8), st.integers(-1, 200))
def test_find_as_a_plain_search_would(gaps: list[tuple[int, int]], address: int) -> None:
    """Images that don't overlap, with gaps of any size between them."""
    modules, base = [], 0
    for n, (gap, size) in enumerate(gaps):
        modules.append(_module(f"m{n}", base + gap, size))
        base += gap + size
    expected = [m for m in modules if m.base <= address < m.end]

    assert Modules(reversed(modules)).find(address) == next(iter(expected), None)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=8), st.integers(0, 100))
def test_find_among_lying_sizes(images: list[tuple[int, int]], address: int) -> None:
    """Images that overlap: one that holds the address is found when there is one."""
    modules = [_module(f"m{n}", base, size) for n, (base, size) in enumerate(images)]
    expected = [m for m in modules if m.base <= address < m.end]
    found = Modules(modules).find(address)

    assert found in expected if expected else found is None
