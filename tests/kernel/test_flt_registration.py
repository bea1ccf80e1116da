"""Arrays of FLT_OPERATION_REGISTRATION, written out byte by byte as a compiler lays them out."""

from __future__ import annotations

import struct

import pytest
from fakes import fake_target
from hypothesis import given
from hypothesis import strategies as st

from dumpwalk.kernel.flt_registration import MOST_OPERATIONS, FltRegistration, flt_registration
from dumpwalk.render.driver import registration_layout

CODE = {"x64": 0xFFFFF80112340000, "x86": 0x8A100000}
END = 0x80


def entry(machine: str, major: int, flags: int, pre: int = 0, post: int = 0, reserved: int = 0) -> bytes:
    """Return an entry: UCHAR MajorFunction, ULONG Flags, two functions, PVOID Reserved1; callbacks by their offset."""
    base = CODE[machine]
    pointers = [base + value if value else 0 for value in (pre, post)]
    return struct.pack("<B3xI" + ("3Q" if machine == "x64" else "3I"), major, flags, *pointers, reserved)


def look(data: bytes, machine: str = "x64") -> FltRegistration:
    """Return what *data* registers, as the last bytes of the driver's image that are in the dump."""
    base = CODE[machine]
    at = base + 0x3000
    modules = {"scan": (base, 0x8000), "other": (base + 0x10000, 0x8000)}
    return flt_registration(fake_target(machine, {at: data}, modules), at)


@pytest.mark.parametrize("machine", ["x64", "x86"])
def test_an_array(machine: str) -> None:
    data = entry(machine, 0, 0, 0x1000, 0x1100) + entry(machine, 3, 9, 0x1200) + entry(machine, 0xF2, 0, 0, 0x1300)

    found = look(data + bytes([END]), machine)

    assert found.entry_size == {"x64": 0x20, "x86": 0x14}[machine]
    assert (found.terminated, found.module, found.problems) == (True, "scan", ())
    assert [(one.major, one.PreOperation.name, one.PostOperation.name) for one in found.operations] == [
        ("IRP_MJ_CREATE", "scan+0x1000", "scan+0x1100"),
        ("IRP_MJ_READ", "scan+0x1200", ""),
        ("IRP_MJ_NETWORK_QUERY_OPEN", "", "scan+0x1300"),
    ]
    assert found.operations[1].flag_names == (
        "FLTFL_OPERATION_REGISTRATION_SKIP_PAGING_IO",
        "FLTFL_OPERATION_REGISTRATION_SKIP_NON_CACHED_NON_PAGING_IO",
    )
    assert registration_layout(found).splitlines()[-1] == "[80] IRP_MJ_OPERATION_END"


def test_an_empty_array() -> None:
    found = look(entry("x64", END, 0))

    assert (found.operations, found.terminated, found.problems) == ((), True, ())


@pytest.mark.parametrize("machine", ["x64", "x86"])
@pytest.mark.parametrize(
    ("behind", "why"),
    [
        ("unknown", "0x77 is no major function"),
        ("zeros", "there is no callback"),
        ("text", "0x65 is no major function"),
        ("flags", "Flags 0x12345 are none"),
        ("nowhere", "lies in no loaded image"),
        ("padding", "there are bits between MajorFunction and Flags"),
        ("nothing", "what follows can't be read"),
    ],
)
def test_an_array_without_an_end(behind: str, why: str, machine: str) -> None:
    follows = {
        "unknown": entry(machine, 0x77, 0, 0x1000),
        "zeros": bytes(0x40),
        "text": b"exscan: no memory".ljust(0x40, b"\0"),
        "flags": entry(machine, 4, 0x12345, 0x1000),
        "nowhere": entry(machine, 4, 0, 0x7000000),
        "padding": b"\x04\x01\x00\x00" + entry(machine, 4, 0, 0x1000)[4:],
        "nothing": b"",
    }[behind]

    found = look(entry(machine, 0, 0, 0x1000) + entry(machine, 2, 0, 0x1100) + follows, machine)

    assert len(found.operations) == 2
    assert not found.terminated
    said = str(found.problems[-1])
    assert why in said
    assert "no IRP_MJ_OPERATION_END ends the array" in said
    assert said.endswith("it is attached to no volume")
    assert str(found.problems[-1].where) == f"entry at {type(found.address)(found.address + 2 * found.entry_size)}"


def test_no_array() -> None:
    assert "probably no array" in str(look(b"\xcc" * 0x40).problems)
    assert "probably no array" in str(look(b"").problems)


def test_what_is_odd() -> None:
    data = entry("x64", 3, 0, 0x1000) + entry("x64", 3, 0, 0x11000) + entry("x64", 4, 0, 0x1000, reserved=1)

    found = look(data + entry("x64", END, 0))

    assert [str(problem) for problem in found.problems] == [
        "IRP_MJ_READ: it is registered more than once",
        "IRP_MJ_READ: PreOperation lies in other, the array in scan",
        "IRP_MJ_WRITE: Reserved1 is 00000000`00000001, not null",
    ]


def test_an_array_that_does_not_stop() -> None:
    found = look(entry("x64", 3, 0, 0x1000) * 1000)

    assert len(found.operations) == MOST_OPERATIONS
    assert "there are more than 64 entries" in str(found.problems[-1])


@given(st.binary(max_size=0x400), st.sampled_from(["x64", "x86"]))
def test_anything_may_be_an_array(data: bytes, machine: str) -> None:
    found = look(data, machine)

    assert len(found.operations) * found.entry_size <= len(data)
    assert found.terminated or found.problems
    assert registration_layout(found).replace("\n", "").replace("\t", "").isprintable()
