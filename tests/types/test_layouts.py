"""The fields that walks need, derived from the shipped store, and a short form of them as text."""

from __future__ import annotations

import json
import lzma
from typing import Any

import pytest
from fakes import parse

from dumpwalk import resources
from dumpwalk.errors import TypeInfoError
from dumpwalk.types import layouts, store
from dumpwalk.types.layouts import Field, Struct, builds, enumeration, released, structs


def build(name: str) -> layouts.Build:
    return next(b for b in builds() if b.name == name)


def test_text_of_a_structure() -> None:
    found = parse("_KAPC_STATE,30;Process,20,8;KernelApcInProgress,28,1,0,1;SpecialApcInProgress,28,1,1,1")

    assert found == Struct(
        "_KAPC_STATE",
        0x30,
        (
            Field("Process", 0x20, 8),
            Field("KernelApcInProgress", 0x28, 1, (0, 1)),
            Field("SpecialApcInProgress", 0x28, 1, (1, 1)),
        ),
    )


def test_a_thread_begins_with_its_kthread() -> None:
    types = structs(build("nt/19041.804-x64"))

    assert types["_KTHREAD"].size == 0x430
    assert types["_ETHREAD"].size == 0x898
    assert types["_ETHREAD"].find("Tcb.State") == Field("Tcb.State", 0x184, 1)
    assert types["_ETHREAD"].find("Cid.UniqueThread") == Field("Cid.UniqueThread", 0x480, 8)
    assert types["_EPROCESS"].find("Pcb.DirectoryTableBase") == Field("Pcb.DirectoryTableBase", 0x28, 8)


def test_well_known_32_bit_layouts() -> None:
    """Offsets that every analyst of these systems knows by heart."""
    xp, seven = structs(build("nt/xpsp3-x86")), structs(build("nt/win7sp1-x86"))

    assert [xp["_EPROCESS"].find(n).offset for n in ("UniqueProcessId", "ActiveProcessLinks", "ImageFileName")] == [
        0x84,
        0x88,
        0x174,
    ]
    assert [seven["_EPROCESS"].find(n).offset for n in ("UniqueProcessId", "ActiveProcessLinks", "ImageFileName")] == [
        0xB4,
        0xB8,
        0x16C,
    ]


def test_every_build_can_be_read() -> None:
    for each in builds():
        types = structs(each)
        assert {"_ETHREAD", "_EPROCESS", "_KPRCB", "_KTRAP_FRAME", "_KAPC_STATE"} <= set(types), each.name
        for struct in types.values():
            assert struct.fields, (each.name, struct.name)
            for field in struct.fields:
                assert 0 <= field.offset <= field.offset + field.size <= struct.size, (each.name, struct.name, field)
                assert sum(field.bits) <= 8 * field.size, (each.name, struct.name, field)


def test_all_known_kernels_are_there() -> None:
    names = [b.name for b in builds()]

    assert len(names) == len(set(names))
    assert len([b for b in builds() if b.symbols]) == 213
    assert len([b for b in builds() if b.machine == "x86"]) == 12


def test_names_of_states_and_wait_reasons_by_build() -> None:
    assert enumeration("KTHREAD_STATE", 2600)[8] == "GateWait"
    assert enumeration("KTHREAD_STATE", 19041)[5] == "Waiting"
    assert enumeration("KWAIT_REASON", 2600)[21] == "Spare2"
    assert enumeration("KWAIT_REASON", 22000)[27] == "WrResource"
    assert enumeration("KWAIT_REASON", 9600)[14] == "WrSpare0"
    assert enumeration("PS_PROTECTED_SIGNER", 19041)[7] == "PsProtectedSignerWinSystem"
    assert enumeration("PS_PROTECTED_SIGNER", 7601) == ()


def test_released_kernels() -> None:
    assert released("x64", 0x0D8333E6, 0x1046000) == (19041, 804)
    assert released("x64", 0x0D8333E6, 0x1046001) is None
    assert released("ARM", 0x0D8333E6, 0x1046000) is None


def test_shipped_file_is_small() -> None:
    assert len(resources.read("dumpwalk.typeinfo", "kernels.json")) < 150_000


@pytest.mark.parametrize("content", [b"", b"{", b'{"format": 99}', b"\xff\xfe"])
def test_damaged_file(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layouts, "_shipped", {})
    monkeypatch.setattr(resources, "read", lambda package, name: content)

    with pytest.raises(TypeInfoError):
        released("x64", 0, 0)


def test_damaged_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layouts, "_builds", [])
    monkeypatch.setattr(store, "_opened", {})
    monkeypatch.setattr(store, "shipped_file", lambda name: b"DWTYPES")

    with pytest.raises(TypeInfoError):
        builds()


def test_fields_of_the_same_layout_are_derived_once() -> None:
    a, b = structs(build("nt/17763.3532-x64")), structs(build("nt/17763.3534-x64"))

    assert all(a[name].fields == b[name].fields for name in a)
    assert build("nt/17763.3532-x64").layouts == build("nt/17763.3534-x64").layouts
    assert build("nt/17763.3532-x64").layouts != build("nt/19041.804-x64").layouts


def isf_member(isf: dict[str, Any], struct: str, path: str) -> tuple[int, int, tuple[int, int]]:
    """Return offset, size and bits of a member, straight from a Volatility 3 symbol file."""
    offset = 0
    type_: dict[str, Any] = {"kind": "struct", "name": struct}
    for name in path.split("."):
        member = isf["user_types"][type_["name"]]["fields"][name]
        offset += member["offset"]
        type_ = member["type"]
    bits = (0, 0)
    if type_["kind"] == "bitfield":
        bits = (type_["bit_position"], type_["bit_length"])
        type_ = type_["type"]
    count = 1
    while type_["kind"] == "array":
        count *= type_["count"]
        type_ = type_["subtype"]
    where = {"base": "base_types", "enum": "enums"}.get(type_["kind"], "user_types")
    size = 8 if type_["kind"] == "pointer" else isf[where][type_["name"]]["size"]
    return offset, count * size, bits


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "guid"),
    [
        ("nt/7601.24540-x64", "339E74133576439CBCDF7E0229DA3773-1"),
        ("nt/14393.6343-x64", "DBBC830E3E9A48FDA25A2144C146930E-1"),
        ("nt/19041.804-x64", "5278AFF86C341677D7D7835C85B7B844-1"),
        ("nt/22000.2538-x64", "0CE4A95C0CD782A7596B034D8648E585-1"),
    ],
)
def test_layouts_are_those_of_the_symbol_file(name: str, guid: str, real_data: Any) -> None:
    with lzma.open(real_data / "isf" / f"{guid}.json.xz") as file:
        isf = json.load(file)

    checked = 0
    for struct in structs(build(name)).values():
        assert struct.size == isf["user_types"][struct.name]["size"]
        for field in struct.fields:
            expected = isf_member(isf, struct.name, field.name)
            assert (field.offset, field.size, field.bits) == expected, (struct.name, field.name)
            checked += 1
    for symbol, offset in build(name).symbols.items():
        assert offset == isf["symbols"][symbol]["address"], symbol
    assert checked > 250


@pytest.mark.real
def test_fingerprints_are_those_collected_elsewhere(real_data: Any) -> None:
    """The same symbols of all kernels, collected by another program."""
    theirs = json.loads((real_data / "isf" / "rva_fingerprints.json").read_text("utf-8"))
    names = ("PsLoadedModuleList", "PsActiveProcessHead", "KdDebuggerDataBlock", "MmPfnDatabase", "KiProcessorBlock")

    expected = sorted(tuple(f[n] for n in names) for f in theirs.values())
    assert sorted(tuple(b.symbols[n] for n in names) for b in builds() if b.symbols) == expected
