"""Machines cut addresses to their width, and a damaged machine field leads nowhere wrong."""

from __future__ import annotations

import pytest

from dumpwalk.memory.address import Address, Address32
from dumpwalk.memory.machine import MACHINES, machine


# PE format specification, "Machine Types".
@pytest.mark.parametrize(
    ("image_type", "pointer_size", "name"),
    [(0x14C, 4, "x86"), (0x1C4, 4, "ARM"), (0x200, 8, "IA64"), (0x8664, 8, "x64"), (0xAA64, 8, "ARM64")],
)
def test_known_machines(image_type: int, pointer_size: int, name: str) -> None:
    found = machine(image_type, pointer_size)

    assert found is MACHINES[image_type]
    assert (found.name, found.pointer_size) == (name, pointer_size)


@pytest.mark.parametrize(("image_type", "pointer_size"), [(0x14C, 8), (0x8664, 4), (0, 4), (0xFFFFFFFF, 8)])
def test_header_wins_over_the_machine_field(image_type: int, pointer_size: int) -> None:
    found = machine(image_type, pointer_size)

    assert found.pointer_size == pointer_size
    assert found.name == f"unknown machine {image_type:#x}"


def test_addresses_are_cut_to_the_width() -> None:
    wide, narrow = machine(0x8664, 8), machine(0x14C, 4)

    assert (wide.address(2**64 + 5), type(wide.address(0))) == (5, Address)
    assert (narrow.address(0xFFFFFFFF8750EF80), type(narrow.address(0))) == (0x8750EF80, Address32)
    assert str(wide.address(-1)) == "ffffffff`ffffffff"
