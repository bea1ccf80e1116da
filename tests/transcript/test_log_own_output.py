"""What dumpwalk's commands print of the samples is read back completely, and says what their JSON says.

The commands lay their text out as WinDbg does, so the readers of pasted text understand them; the JSON of the same
command is a second way to the same values.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from round_trips import replaced, shown_of
from test_log_round_trips_apc import apc_shown, thread_shown
from test_log_round_trips_memory import list_shown
from test_log_round_trips_processor import table_shown

import dumpwalk
from dumpwalk.cli import main
from dumpwalk.kernel.apc_state import apc, thread_apcs
from dumpwalk.kernel.gdt import descriptor_table
from dumpwalk.kernel.idt import interrupt_table
from dumpwalk.kernel.pcr import control_block, control_region
from dumpwalk.kernel.processor_tables import GDT, IDT, table_register
from dumpwalk.kernel.segment import Segment
from dumpwalk.kernel.slist import slist
from dumpwalk.kernel.ssdt import service_table
from dumpwalk.record import fields
from dumpwalk.remarks import Absent
from dumpwalk.render.log_records import place
from dumpwalk.times import FileTime
from dumpwalk.transcript import Block, parse
from dumpwalk.transcript.site import Site
from dumpwalk.transcript.values import NOT_SHOWN

SAMPLES = Path(__file__).parents[2] / "samples"
# The names of entry points are printed without one.
NO_OFFSET = (".DriverInit.name", ".DriverStartIo.name", ".DriverUnload.name", ".AddDevice.name")


def printed(capsys: pytest.CaptureFixture[str], sample: str, *command: str) -> str:
    main(["-z", str(SAMPLES / f"{sample}.dmp"), *command])
    return capsys.readouterr().out


def read_back(capsys: pytest.CaptureFixture[str], sample: str, *command: str) -> list[Block]:
    """Return the blocks that a command's text is parsed to; no line of it may be left."""
    text = printed(capsys, sample, *command)
    log = parse(f"0: kd> !{' '.join(command)}\n{text}")

    assert log.unparsed == ()
    assert [(b.kind, b.unparsed) for b in log.blocks if b.unparsed] == []
    return list(log.blocks)


def plain(value: Any) -> Any:
    """Return a value of JSON or of a record in one form, so that both compare."""
    if isinstance(value, Site):
        return place(value)
    if isinstance(value, FileTime):
        return str(value)
    if isinstance(value, str) and value[:2] == "0x":
        return int(value, 16)
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    return value.rstrip() if isinstance(value, str) else value


def compared(ours: Any, theirs: Any, where: str = "") -> int:
    """Hold each field of a record against what JSON has of that name, at any depth; return how many were equal."""
    if isinstance(ours, Absent) or ours in (None, (), "", {}) or theirs is None:  # not printed, or not there
        return 0
    if isinstance(theirs, dict):
        members = ours.items() if isinstance(ours, dict) else [(n, getattr(ours, n)) for n in fields(ours)]
        count = 0
        for name, value in members:
            if name == "values":
                count += compared(value, theirs, where)
            elif name in theirs:
                count += compared(value, theirs[name], f"{where}.{name}")
        return count
    if isinstance(theirs, list) and theirs and (isinstance(theirs[0], dict) or any(o is NOT_SHOWN for o in ours)):
        assert len(ours) == len(theirs), where
        return sum(compared(a, b, f"{where}[{n}]") for n, (a, b) in enumerate(zip(ours, theirs)))
    if where in NO_OFFSET:
        theirs = theirs.partition("+")[0]
    assert plain(ours) == plain(theirs), where
    return 1


def their(capsys: pytest.CaptureFixture[str], sample: str, *command: str) -> Any:
    return json.loads(printed(capsys, sample, *command, "--json"))


CASES = [
    ("device_stack", "devobj ExDisk0", "device", ".device", "", 20),
    ("device_stack", "devobj \\Device\\0000003a", "device", ".device", "", 19),
    ("device_stack", "devstack ExDisk0", "devstack", ".stack", "", 16),
    ("device_stack", "drvobj exdisk 7", "driver", ".driver", ".driver", 94),
    ("device_stack", "irp ffffb80f`1200cd30", "irp", ".irp", ".irp", 46),
    ("device_stack", "irp ffffb80f`120138f0 1", "irp", ".irp", ".irp", 13),
    ("device_stack", "irp ffffb80f`12013a20", "irp", ".irp", ".irp", 13),
    ("objects_x64", "object \\Device", "object", "", "", 21),
    ("objects_x64", "object \\GLOBAL??\\E: 29", "object", "", "", 11),
    ("objects_x64", "object 0 Event", "object", "", "", 9),
    ("memory_manager", "pool fffffa80`01a3c070", "pool", ".pool", ".pool", 36),
    ("memory_manager", "vad", "vad", ".tree", ".tree", 48),
    ("memory_manager", "vad 0`ff2b1000", "vad", ".detail", ".detail", 12),
    ("memory_manager", "pfn 1c1", "pfn", ".pfn", "", 15),
    ("processor_x64", "pcr", "processor", ".control", "", 27),
    ("processor_x64", "prcb", "processor", ".control", "", 12),
    ("processor_x86", "prcb", "processor", ".control", "", 12),
    ("file_mapping_x64", "pte nt!PsActiveProcessHead", "pte", ".page", ".pages.0", 17),
    ("file_mapping_x86", "pte @$proc", "pte", ".page", ".pages.0", 9),
    ("paging_x64", "pte ffffa000`90001000", "pte", ".page", ".pages.0", 16),
    ("device_stack", "vpb ffffb80f`12100520", "vpb", ".vpb", "", 6),
    ("device_stack", "fltreg exscan+800", "filter", ".registration", "", 20),
    ("file_views", "fileobj ffffb80f`12340b00", "file-object", ".file", "", 17),
    ("chrysanthemum", "fileobj 8750ef80", "file-object", ".file", "", 11),
    ("objects_x64", "objtypes", "object-types", ".list", "", 100),
    ("processor_x64", "dg 10 28", "segments", ".table", "", 40),
    ("processor_x64", "ssdt", "service-table", ".table", "", 35),
    ("running_machine", "kuser", "shared-data", ".shared", "", 15),
    ("memory_manager", "slist fffffa80`01a40440", "slist", ".list", ".list", 11),
    ("file_mapping_x64", "vtop nt!PsActiveProcessHead+8", "translation", ".walk", "", 17),
    ("file_views", "vtop 1f2345", "translation", ".walk", "", 20),
    ("file_mapping_x64", "ptov 1ab000", "virtual-addresses", ".found", "", 4),
]


def at(value: Any, path: str) -> Any:
    for name in path.split(".")[1:]:
        value = value[int(name)] if name.isdigit() else value[name] if isinstance(value, dict) else getattr(value, name)
    return value


@pytest.mark.parametrize(
    ("sample", "command", "kind", "ours", "theirs", "least"), CASES, ids=[f"{c[0]}-{c[1]}" for c in CASES]
)
def test_the_record_is_what_json_says(
    capsys: pytest.CaptureFixture[str], sample: str, command: str, kind: str, ours: str, theirs: str, least: int
) -> None:
    words = command.split()
    block = read_back(capsys, sample, *words)[0]
    expected = at(their(capsys, sample, *words), theirs)

    assert block.kind == kind
    assert compared(at(block.record, ours), expected) >= least


@pytest.mark.parametrize("command", ["ca --file ffffb80f`12340b00", "ca ffffb80f`12341810", "ca 0 8", "ca 0"])
def test_control_areas(capsys: pytest.CaptureFixture[str], command: str) -> None:
    words = command.split()
    one_line = words[-1] == "8"
    [block] = read_back(capsys, "file_views", *words)
    areas = their(capsys, "file_views", *words)["areas"]

    assert len(block.record.areas) == len(areas) > 0
    for found, area in zip(block.record.areas, areas):
        own = replaced(found.area, segment=None, subsections=())

        assert found.area.address == plain(area["address"])
        assert compared(own, area) >= 3
        assert compared(found.area.segment, area["segment"]) >= 2
        assert one_line or compared(found.area.subsections, area["subsections"]) >= 7


def test_control_area_of_x86(capsys: pytest.CaptureFixture[str]) -> None:
    [block] = read_back(capsys, "chrysanthemum", "ca", "863c1758")

    [listed] = block.record.areas
    assert isinstance(listed.area.segment, Segment)
    assert listed.area.subsections
    assert isinstance(listed.area.NumberOfSectionReferences, int)


@pytest.mark.parametrize("sample", sorted(file.stem for file in SAMPLES.glob("*.dmp")))
def test_triage_reports(capsys: pytest.CaptureFixture[str], sample: str) -> None:
    """Of a file, without the command: its first line is known by the name of the dump."""
    main(["triage", str(SAMPLES / f"{sample}.dmp")])
    log = parse(capsys.readouterr().out)

    assert log.unparsed == ()
    assert [(block.kind, block.unparsed) for block in log.blocks if block.unparsed] == []
    assert {block.kind for block in log.blocks} <= {
        "triage", "analyze", "exception", "registers", "process", "thread", "stack", "prose",
    }  # fmt: skip
    assert log.blocks[0].record.verdict


@pytest.mark.parametrize("arguments", ["0 3 344", "4", "348 20", "14 1 344"])
def test_handles(capsys: pytest.CaptureFixture[str], arguments: str) -> None:
    words = ["handle", *arguments.split()]
    block = read_back(capsys, "objects_x64", *words)[-1]
    table = their(capsys, "objects_x64", *words)["tables"][0]

    assert block.kind == "handle"
    own = block.record.table
    assert (own.table.address, own.table.HandleCount) == (
        plain(table["table"]["address"]),
        table["table"]["HandleCount"],
    )
    assert len(own.handles) == len(table["handles"]) > 0
    for found, handle in zip(own.handles, table["handles"]):
        assert compared(found.entry, handle["entry"]) == (5 if found.entry.object is not None else 4)
        assert compared(found.object, handle["object"]) >= 6 or handle["object"] is None


def test_interrupts(capsys: pytest.CaptureFixture[str]) -> None:
    [block] = read_back(capsys, "processor_x64", "idt")
    table = their(capsys, "processor_x64", "idt")["tables"][0]
    used = {plain(e["vector"]): e for e in table["entries"] if e["used"]}

    assert block.record.table.base == plain(table["base"])
    assert {e.vector for e in block.record.table.entries} <= set(used)
    for found in block.record.table.entries:
        entry = used[found.vector]
        assert compared(found, entry) >= 2
        assert [i.address for i in found.interrupts] == [plain(i["address"]) for i in entry["interrupts"]]
        assert found.interrupts or found.handler == entry["handler"]


@pytest.mark.parametrize(
    ("sample", "command", "kinds"),
    [
        ("objects_x64", "handle 0 2 0 File", ["handle", "process", "handle", "process", "handle"]),
        ("objects_x64", "object @$proc+40", ["object"]),
        ("objects_x64", "object \\BaseNamedObjects\\example_lock -v", ["object"]),
        ("memory_manager", "pool fffffa80`02001234", ["pool"]),
        ("memory_manager", "pool fffffa80`01a3c1d0 3", ["pool"]),
        ("device_stack", "drvobj \\FileSystem\\exfs 2", ["driver"]),
        ("processor_x86", "idt", ["idt"]),
        ("arm64", "prcb", ["processor"]),
        ("apc_index_mismatch_full", "apc", ["apc"]),
        ("processor_x64", "lm", ["modules"]),
        ("processor_x64", "lmvm example", ["modules"]),
        ("objects_x64", "process 0 0", ["process"]),
        ("exiting_process", "thread", ["thread"]),
        ("paging_x64", "pte deadbeef`deadbeef", ["pte"]),
        ("paging_pae", "pte 90002000", ["pte"]),
        ("paging_x86", "pte 401000", ["pte"]),
        ("file_views", "pte 1f3000", ["pte"]),
        ("paging_pae", "vtop 90002000", ["translation"]),
        ("paging_x64", "vtop deadbeef`deadbeef", ["translation"]),
        ("paging_x64", "ptov --page 99999", ["virtual-addresses"]),
        ("file_views", "ca ffffb80f`12341810 --ptes --explain", ["control-area"]),
        ("file_views", "ca --file ffffb80f`12340b00 f --bar", ["control-area"]),
        ("chrysanthemum", "ca 863c1758 --ptes", ["control-area"]),
        ("chrysanthemum", "ca 0 8", ["control-area"]),
        ("device_stack", "fltreg exscan+900", ["filter"]),
        ("processor_x86", "ssdt 2", ["service-table"]),
        ("memory_manager", "slist fffffa80`01a40440 nt!_LIST_ENTRY", ["slist"]),
        ("memory_manager", "slist @rcx --ip nt!KeBugCheckEx --explain", ["slist"]),
        ("apc_index_mismatch_full", "apc thre -1", ["apc"]),
    ],
)
def test_every_line_is_understood(
    capsys: pytest.CaptureFixture[str], sample: str, command: str, kinds: list[str]
) -> None:
    assert [b.kind for b in read_back(capsys, sample, *command.split())] == kinds


def test_what_is_read_is_what_the_walk_makes(capsys: pytest.CaptureFixture[str]) -> None:
    """The records are equal as wholes, but for the members that the text has no place for."""
    target = dumpwalk.open(str(SAMPLES / "processor_x64.dmp"))
    table = interrupt_table(target, table_register(target, IDT))
    used = replaced(table, entries=tuple(entry for entry in table.entries if entry.used))
    segments = descriptor_table(target, table_register(target, GDT))
    segments = replaced(segments, descriptors=tuple(d for d in segments.descriptors if d.flags or d.base or d.limit))

    assert record_of("processor_x64", capsys, "pcr").control == shown_of(control_region(target), "source")
    assert record_of("processor_x64", capsys, "prcb").control == shown_of(control_block(target), "source")
    assert record_of("processor_x64", capsys, "idt").table == table_shown(used)
    assert record_of("processor_x64", capsys, "ssdt").table == shown_of(
        service_table(target), "Number", "services[].entry"
    )
    assert record_of("processor_x64", capsys, "gdt").table == shown_of(segments, "source")


def test_lists_and_apcs_that_are_read_are_what_the_walk_makes(capsys: pytest.CaptureFixture[str]) -> None:
    lists = dumpwalk.open(str(SAMPLES / "memory_manager.dmp"))
    threads = dumpwalk.open(str(SAMPLES / "exiting_process.dmp"))
    found = record_of("memory_manager", capsys, "slist", "fffffa80`01a40440")
    thread = record_of("exiting_process", capsys, "apc", "thre", "870788e8")
    one = record_of("exiting_process", capsys, "apc", "87079200")

    assert found.list == list_shown(slist(lists, 0xFFFFFA8001A40440))
    assert thread.threads == (thread_shown(thread_apcs(threads, 0x870788E8)),)
    assert one.apcs == (apc_shown(apc(threads, 0x87079200)),)


def record_of(sample: str, capsys: pytest.CaptureFixture[str], *command: str) -> Any:
    return read_back(capsys, sample, *command)[0].record
