"""The samples are what their specs say."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from dumpwalk import target
from dumpwalk.synth import parse, write
from dumpwalk.synth.image.build import build

SAMPLES = Path(__file__).parents[2] / "samples"
SPECS = sorted(SAMPLES.glob("*.spec"))


def test_there_are_samples_of_every_machine_and_paging_mode():
    specs = [parse(path.read_text("utf-8")) for path in SPECS]
    bare = {spec.image.paging for spec in specs if spec.image and not spec.image.profile}

    assert {spec.machine for spec in specs} == {"x64", "x86", "ARM64", "ARM"}
    assert bare == {"PAE", "x64", "LA57", "ARM64"}
    assert any(spec.image.profile == "nt/win7sp1-x86" for spec in specs if spec.image)


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_a_sample_is_what_its_spec_makes(spec: Path):
    assert spec.with_suffix(".dmp").read_bytes() == write(spec.read_text("utf-8"))


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_a_sample_is_small_and_listed(spec: Path):
    image = parse(spec.read_text("utf-8")).image
    assert spec.with_suffix(".dmp").stat().st_size <= (0x38000 if image else 0x10000)
    assert f"`{spec.stem}`" in (SAMPLES / "README.md").read_text("utf-8")


def test_all_samples_are_less_than_two_megabytes():
    assert sum(path.with_suffix(".dmp").stat().st_size for path in SPECS) < 1 << 22


def test_the_example_of_a_whole_machine_can_be_written():
    text = (SAMPLES / "README.md").read_text("utf-8").partition("### Whole machines")[2]
    lines = [line[4:] for line in text.splitlines() if line.startswith("    ")]

    assert lines[1].startswith("profile ")
    assert write("\n".join(lines))[4:8] == b"DU64"


def test_the_apc_sample_holds_its_story():
    data = (SAMPLES / "apc_index_mismatch.dmp").read_bytes()
    thread, stack, size = (struct.unpack_from("<I", data, at)[0] for at in (0x2024, 0x2028, 0x202C))
    (top,) = struct.unpack_from("<Q", data, 0x2048)
    frame = stack + 0xFFFFC6816B407B80 - top
    nt = range(0xFFFFF8004E000000, 0xFFFFF8004E820000)

    assert struct.unpack_from("<I", data, 0x38) == (1,)
    assert struct.unpack_from("<4Q", data, 0x40) == (0x7FFEB44461B4, 0, 0xFFFF, 0xFFFFC6816B407B80)
    assert struct.unpack_from("<hh", data, thread + 0x1E4) == (-1, 0)
    assert struct.unpack_from("<Q", data, thread + 0x90) == (0xFFFFC6816B407B80,)
    assert top + size == struct.unpack_from("<Q", data, thread + 0x38)[0] == 0xFFFFC6816B408000
    assert struct.unpack_from("<Q", data, frame + 0x168) == (0x7FFEB44461B4,)
    assert struct.unpack_from("<H", data, frame + 0x170) == (0x33,)
    assert struct.unpack_from("<Q", data, 0x348 + 0xF8)[0] in nt
    assert struct.unpack_from("<Q", data, stack)[0] in nt


def test_the_full_apc_sample_tells_the_same_story():
    found = target.open(str(SAMPLES / "apc_index_mismatch_full.dmp"))
    thread = found.object("nt!_ETHREAD", 0xFFFFC6816B4DA080)
    process = found.object("nt!_EPROCESS", 0xFFFFC6816B4FF080)

    assert found.dump.header.BugCheckParameters == (0x7FFEB44461B4, 0, 0xFFFF, 0xFFFFC6816B407B80)
    assert (thread.Tcb.KernelApcDisable, thread.Tcb.SpecialApcDisable) == (-1, 0)
    assert thread.Tcb.TrapFrame == 0xFFFFC6816B407B80
    assert (thread.Tcb.Process, process.ActiveThreads) == (process.address_, 1)
    assert found.read_pointer(0xFFFFC6816B407B80 + 0x168) == 0x7FFEB44461B4


def test_the_mapped_file_on_windows_7_has_the_published_values():
    found = target.open(str(SAMPLES / "file_mapping_x86.dmp"))
    file = found.object("nt!_FILE_OBJECT", 0x8750EF80)
    area = found.object("nt!_CONTROL_AREA", int(file.SectionObjectPointer.DataSectionObject))
    subsection = found.object("nt!_SUBSECTION", area.address_ + 0x50)
    first = int.from_bytes(found.dump.memory.read(int(subsection.SubsectionBase), 8), "little")

    assert (file.Type, file.Size, file.Flags, file.Busy) == (5, 128, 0xC0012, 1)
    assert (file.SectionObjectPointer, file.DeviceObject) == (0x87BDDEA8, 0x879C9030)
    assert (area.address_, area.Segment, area.NumberOfPfnReferences) == (0x863C1758, 0xAEB311A8, 0x40)
    assert (area.Segment.SizeOfSegment, area.Segment.PrototypePte) == (0x40000, 0xA8FE97E8)
    assert (subsection.SubsectionBase, subsection.PtesInSubsection) == (0xA8E9B008, 0x40)
    assert found.physical.read(first & 0x3FFFFFF000, 16) == b"\\Sample Pictures"


def test_the_hung_driver_has_three_requests_pending():
    found = target.open(str(SAMPLES / "hung_driver.dmp"))
    spec, _ = build(parse((SAMPLES / "hung_driver.spec").read_text("utf-8")))
    head = found.object("nt!_LIST_ENTRY", spec.pointer("PsActiveProcessHead"))
    links = found.types.find("_EPROCESS")
    offsets = {field.name: field.offset for field in links.fields}
    process = found.object("nt!_EPROCESS", int(head.Blink) - offsets["ActiveProcessLinks"])
    thread_at = {field.name: field.offset for field in found.types.find("_ETHREAD").fields}
    thread = found.object("nt!_ETHREAD", int(process.ThreadListHead.Flink) - thread_at["ThreadListEntry"])
    irp_at = {field.name: field.offset for field in found.types.find("_IRP").fields}["ThreadListEntry"]
    irps, at = [], int(thread.IrpList.Flink)
    while at != thread.address_ + thread_at["IrpList"]:
        irps.append(found.object("nt!_IRP", at - irp_at))
        at = int(irps[-1].ThreadListEntry.Flink)
    majors = [int(irp.Tail.Overlay.CurrentStackLocation.MajorFunction) for irp in irps]

    assert [(int(irp.StackCount), int(irp.CurrentLocation)) for irp in irps] == [(2, 1), (2, 1), (2, 2)]
    assert majors == [4, 14, 3]
    assert {int(irp.Tail.Overlay.Thread) for irp in irps} == {thread.address_}
