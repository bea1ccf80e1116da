"""Reading a structure field by field."""

from __future__ import annotations

from fakes import parse

from dumpwalk.memory.machine import MACHINES
from dumpwalk.memory.segments import Segment, SegmentedMemory
from dumpwalk.remarks import Absent
from dumpwalk.types.anchors import Layout
from dumpwalk.types.layouts import Struct
from dumpwalk.types.profiles import Match, Profile
from dumpwalk.types.view import FieldSource, View, summary

X64 = MACHINES[0x8664]
BASE = 0xFFFF800000001000
# The one anchor is IrpList, which moved by 8: everything before it may have moved or not.
THREAD = parse(
    "_ETHREAD,80;Tcb.Flags,4,4;Tcb.System,4,4,a,1;Tcb.Delta,8,2;Cid,10,10;Cid.UniqueThread,18,8;IrpList,40,10"
)


def view(memory: bytes, struct: Struct = THREAD, *, kind: str = "exact", **data: int) -> View:
    match = Match(kind, kind, 0, 0, 0, 0, (), ())
    profile = Profile("nt/1-x64", "x64", 1, {struct.name: struct}, match)
    return View(
        SegmentedMemory([Segment(BASE, memoryview(memory))]), X64, Layout(struct.name, profile, data or None, X64), BASE
    )


def test_integers_bit_fields_and_pointers() -> None:
    found = view(bytes.fromhex("00000000 00040000 fbff") + bytes(0x80))

    assert found.int("Tcb.Flags") == 0x400
    assert found.int("Tcb.System") == 1
    assert found.int("Tcb.Delta", signed=True) == -5
    assert repr(found.pointer("Cid.UniqueThread")) == "Address(0x0)"
    assert found.sources[0] == FieldSource("Tcb.Flags", found.sources[0].offset, "exact")
    assert summary(found.sources) == "4 exact"


def test_partial_structure() -> None:
    found = view(bytes(0x10))

    assert found.int("Tcb.Flags") == 0
    assert found.int("Cid.UniqueThread") == Absent("ffff8000`00001018: not in the dump")


def test_a_field_outside_its_structure_is_not_read() -> None:
    damaged = parse("_ETHREAD,20;Tcb.Flags,1c,8")
    found = view(bytes(0x100), damaged)

    assert found.int("Tcb.Flags") == Absent("ffff8000`00001000: offset 0x1c lies outside _ETHREAD (0x20 bytes)")


def test_unknown_field() -> None:
    assert view(bytes(0x80)).int("Nonsense") == Absent("_ETHREAD of nt/1-x64 has no Nonsense")


def test_a_guess_needs_a_check() -> None:
    memory = bytes(0x18) + (0x208).to_bytes(8, "little") + bytes(0x80)
    found = view(memory, kind="nearest", OffsetEThreadIrpList=0x48)

    assert isinstance(found.int("Cid.UniqueThread"), Absent)
    assert found.int("Cid.UniqueThread", lambda v: v == 0x208) == 0x208
    assert found.trust("Cid.UniqueThread") == "guessed and confirmed"


def test_a_guess_that_two_places_confirm_is_none() -> None:
    memory = bytes(0x18) + (0x208).to_bytes(8, "little") + (0x20C).to_bytes(8, "little") + bytes(0x80)
    found = view(memory, kind="nearest", OffsetEThreadIrpList=0x48)

    assert found.int("Cid.UniqueThread", lambda v: v > 0) == Absent(
        "where Cid.UniqueThread lies in this kernel's _ETHREAD is not known"
    )


def test_a_zero_confirms_nothing_unless_every_place_has_one() -> None:
    memory = bytes(0x18) + (3).to_bytes(8, "little") + bytes(0x80)
    found = view(memory, kind="nearest", OffsetEThreadIrpList=0x48)

    assert isinstance(found.int("Cid.UniqueThread", lambda v: v % 4 == 0), Absent)
    assert view(bytes(0x80), kind="nearest", OffsetEThreadIrpList=0x48).int("Cid.UniqueThread", lambda v: not v) == 0


def test_a_confirmed_field_shows_where_the_next_one_is() -> None:
    """Once Cid is known to have moved, so is what lies between it and the anchor, which moved as far."""
    struct = parse("_ETHREAD,80;Cid,10,10;TopLevelIrp,28,8;IrpList,40,10")
    cid = (4).to_bytes(8, "little") + (0x208).to_bytes(8, "little")
    memory = bytes(0x18) + cid + bytes(8) + (0x77).to_bytes(8, "little") + bytes(0x80)
    found = view(memory, struct, kind="nearest", OffsetEThreadIrpList=0x48)

    assert isinstance(found.int("TopLevelIrp"), Absent)
    assert found.data("Cid", lambda data: data == cid) == cid
    assert found.int("TopLevelIrp") == 0x77
    assert found.trust("TopLevelIrp") == "guessed and confirmed"


def test_an_inferred_field_that_fails_its_check_is_not_shown() -> None:
    struct = parse("_ETHREAD,80;Tcb.Priority,c,1;IrpList,40,10")
    found = view(bytes(0xC) + b"\x80" + bytes(0x80), struct, kind="nearest", OffsetEThreadIrpList=0x40)

    assert found.int("Tcb.Priority", lambda v: v < 32) == Absent("what is at +0xc can't be Tcb.Priority")


def test_nothing_read() -> None:
    assert summary(()) == "nothing could be read"
