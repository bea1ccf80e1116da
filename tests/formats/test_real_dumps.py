"""Real small memory dumps: field by field against decodings made by hand and by another tool."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path
from typing import Any

import pytest

from dumpwalk.commands.info import describe
from dumpwalk.formats import Dump, open_dump
from dumpwalk.formats.secondary import blob_bytes
from dumpwalk.formats.secondary_contents import acpi_tables, cpuid_leaves, triagedump_data
from dumpwalk.memory.address import Hex
from dumpwalk.record import fields
from dumpwalk.remarks import Absent
from dumpwalk.render.as_json import document

pytestmark = pytest.mark.real

DECODED = ("triage_x64", "triage_arm64")
LATER = ("100623-4953-01.dmp", "100623-6156-01.dmp")
WINDOWS_81 = (
    "win81/111217-27671-01.dmp",
    "win81/111317-27812-01.dmp",
    "win81/111317-52015-01.dmp",
    "win81/111417-173000-01.dmp",
    "win81/111417-56671-01.dmp",
    "win81/111417-58375-01.dmp",
)
ARM = "RPi3_ARM_mini.cab.dmp"
ALL = ("triage_x64.dmp", "triage_arm64.dmp", *LATER, ARM, *WINDOWS_81)


class Decoded:
    """A dump and the hand-made decoding of it."""

    def __init__(self, dumps: Path, name: str) -> None:
        self.path = dumps / f"{name}.dmp"
        self.dump: Dump = open_dump(str(self.path))
        self.expected: dict[str, Any] = json.loads((dumps / "expected" / f"{name}.json").read_text("utf-8"))


@pytest.fixture(scope="module", params=DECODED)
def decoded(request: pytest.FixtureRequest, real_dumps: Path) -> Decoded:
    return Decoded(real_dumps, request.param)


@pytest.fixture(scope="module", params=ALL)
def real(request: pytest.FixtureRequest, real_dumps: Path) -> Dump:
    return open_dump(str(real_dumps / request.param))


def number(value: Any) -> Any:
    return int(value, 16) if isinstance(value, str) else value


def test_header(decoded: Decoded) -> None:
    header, expected = decoded.dump.header, decoded.expected["header"]
    info = describe(decoded.dump)
    plain = "MajorVersion MinorVersion DirectoryTableBase PfnDataBase PsLoadedModuleList PsActiveProcessHead"
    plain += " NumberProcessors BugCheckCode KdDebuggerDataBlock RequiredDumpSpace WriterStatus KdSecondaryVersion"

    assert (header.Signature, header.ValidDump) == (expected["Signature"], expected["ValidDump"])
    for name in plain.split(" "):
        assert getattr(header, name) == number(expected[name]), name
    for name in ("MachineImageType", "DumpType", "ProductType", "MiniDumpFields", "SuiteMask"):
        assert getattr(header, name) == number(expected[name]["value"]), name
    for name in ("VersionUser", "PhysicalMemoryBlock", "Comment", "SecondaryDataState"):
        assert "unset" in expected[name]
        assert getattr(header, name) == Absent("not set"), name
    assert list(header.BugCheckParameters) == [number(p) for p in expected["BugCheckParameters"]]
    assert info.meanings["MachineImageType"] == expected["MachineImageType"]["name"]
    assert info.meanings["ProductType"] == expected["ProductType"]["name"]
    assert list(info.meanings["MiniDumpFields"]) == expected["MiniDumpFields"]["flags"]
    assert list(info.meanings["SuiteMask"]) == expected["SuiteMask"]["flags"]
    assert info.meanings["MajorVersion"] in expected["MajorVersion_meaning"]
    assert str(header.SystemTime) == expected["SystemTime"]["utc"]
    assert header.SystemTime == number(expected["SystemTime"]["filetime"])
    assert header.SystemUpTime == number(expected["SystemUpTime"]["raw"])
    boot_id = expected["BootId_0x1054"]
    assert header.BootId == (boot_id if isinstance(boot_id, int) else Absent("not set"))


def test_triage_header(decoded: Decoded) -> None:
    triage, expected = decoded.dump.triage, dict(decoded.expected["triage_header"])
    itanium = expected.pop("ArchitectureSpecific")
    assert expected.pop("valid_marker") == "TRGD"

    assert not isinstance(triage, Absent)
    assert {name: getattr(triage, name) for name in expected} == {name: number(v) for name, v in expected.items()}
    assert (triage.BStoreOffset, triage.SizeOfBStore, triage.LimitOfBStore) == tuple(itanium.values())
    assert set(fields(triage)) == set(expected) | set(itanium)


def test_layout(decoded: Decoded) -> None:
    names = {
        "DUMP_HEADER64": "header",
        "TRIAGE_DUMP64": "triage header",
        "DUMP_MM_STORAGE64": "mm info",
        "_KPRCB": "KPRCB",
        "_EPROCESS": "EPROCESS",
        "_ETHREAD": "ETHREAD",
        "KDDEBUGGER_DATA64": "debugger data",
        "data block bytes": "data blocks",
        "zero slack": "slack",
        '"TRGD" marker': "marker",
        "secondary data": "secondary data",
    }
    expected = []
    for row in decoded.expected["layout"]:
        what, _, address = row["what"].partition(" @ ")
        what = next((ours for theirs, ours in names.items() if what.startswith(theirs)), what)
        expected.append((number(row["off"]), number(row["size"]), what, number(address.partition("..")[0] or "0")))
    found = [(s.offset, s.size, s.what, s.address or 0) for s in decoded.dump.sections]

    assert [row[:3] for row in found] == [row[:3] for row in expected]
    assert [row[3] or 0 for row in found if not isinstance(row[3], Absent)] == [row[3] for row in expected]


def test_modules(decoded: Decoded) -> None:
    found = [
        (m.name, m.image, m.path, m.base, m.end, m.size, m.timestamp, m.checksum, m.symbol_key)
        for m in decoded.dump.modules.modules
    ]
    expected = [
        (
            m["name"].replace(".", "_"),
            m["image"],
            m["path"],
            *(number(m[k]) for k in ("base", "end", "size", "timestamp", "checksum")),
        )
        + (m["symstore"],)
        for m in decoded.expected["modules"]
    ]

    assert found == expected


def test_unloaded_modules(decoded: Decoded) -> None:
    found = [(u.name, u.start, u.end, u.size, u.truncated) for u in decoded.dump.unloaded]

    assert found == [
        (u["name"], number(u["start"]), number(u["end"]), number(u["size"]), u["truncated"])
        for u in decoded.expected["unloaded_modules"]
    ]


def test_debugger_data(decoded: Decoded) -> None:
    data, expected = decoded.dump.debugger_data, decoded.expected["debugger_data"]
    assert not isinstance(data, Absent)
    bits = number(expected["PaeEnabled"]["value"])
    wanted = {name: number(v["value"]) for name, v in expected.items() if not name.startswith("Pad")}
    wanted |= {"PaeEnabled": bits & 1, "KiBugCheckRecoveryActive": bits >> 1 & 1, "PagingLevels": bits >> 2 & 0xF}

    assert data.values == wanted
    assert data.address == decoded.dump.header.KdDebuggerDataBlock


def test_secondary_data(decoded: Decoded) -> None:
    expected = decoded.expected["secondary_data"]["blobs"]
    found = decoded.dump.secondary

    assert [(b.header_offset, b.guid, b.size, b.pre_pad, b.post_pad) for b in found] == [
        (number(b["off"]), b["guid"], number(b["size"]), b["pre"], b["post"]) for b in expected
    ]
    for ours, theirs in zip(found, expected):
        if theirs["owner"].startswith("unknown"):
            assert ours.owner == Absent("unknown GUID")
        else:
            assert theirs["owner"].startswith(str(ours.owner)), ours


def test_secondary_contents(decoded: Decoded) -> None:
    data = memoryview(decoded.path.read_bytes())
    checked = set()
    for ours, theirs in zip(decoded.dump.secondary, decoded.expected["secondary_data"]["blobs"]):
        raw = blob_bytes(data, ours)
        if ours.owner == "nt!GUID_TRIAGEDUMP_DATA":
            components, problems = triagedump_data(raw, decoded.dump.header.machine)
            checked.add(ours.owner)
            assert problems == ()
            assert [(c.name, [[r.address, r.size] for r in c.ranges]) for c in components] == [
                (c["component"], [[number(a), number(s)] for a, s in c["entries"]]) for c in theirs["decoded"]
            ]
        if ours.owner == "mssmbios!SMBiosGuidAcpi":
            tables, problems = acpi_tables(raw)
            checked.add(ours.owner)
            assert problems == ()
            assert [(t.Signature, t.Length, t.stored, t.OEMID, t.OEMTableID) for t in tables] == [
                (t["sig"], number(t["length"]), number(t["stored"]), t["oem"], t["table"]) for t in theirs["decoded"]
            ]
        if ours.owner == "mssmbios!SMBiosGuidRegisters":
            leaves, problems = cpuid_leaves(raw)
            checked.add(ours.owner)
            listed = [x for x in theirs["decoded"] if "leaf" in x]
            assert problems == ()
            assert len(leaves) == len(listed) + theirs["decoded"][-1]["more"]
            for leaf, wanted in zip(leaves, listed):
                assert (leaf.subleaf, leaf.leaf) == (wanted["subleaf"], number(wanted["leaf"]))
                assert [*leaf.first, *leaf.second] == [number(v) for v in wanted["set0"] + wanted["set1"]]

    assert len(checked) == (3 if decoded.path.stem == "triage_x64" else 2)


def test_data_blocks(decoded: Decoded) -> None:
    data = decoded.path.read_bytes()
    for address, offset, size, *_ in decoded.expected["data_blocks"]:
        at, length = number(offset), number(size)

        assert decoded.dump.memory.read(number(address), length) == data[at : at + length], address
    assert not isinstance(decoded.dump.triage, Absent)
    assert decoded.dump.triage.DataBlocksCount == len(decoded.expected["data_blocks"])


def test_virtual_coverage(decoded: Decoded) -> None:
    info = describe(decoded.dump)

    assert info.memory_ranges == decoded.expected["virtual_coverage"]["ranges"]
    assert info.memory_bytes == number(decoded.expected["virtual_coverage"]["bytes"])


def test_the_other_tool_agrees(decoded: Decoded, real_dumps: Path) -> None:
    text = (real_dumps / "expected" / "rizin_test_db_formats_dmp.txt").read_text("utf-8")
    part = text.partition(f"FILE=dmp://bins/dmp/{decoded.path.name}")[2].partition("\nRUN")[0]
    witness = {name: int(value, 16) for name, value in re.findall(r"^  (\w+) : (0x[0-9a-f]+)", part, re.M)}
    header, triage = decoded.dump.header, decoded.dump.triage
    parameters = [witness.pop(f"BugCheckParameter{n}") for n in (1, 2, 3, 4)]
    unset = witness.pop("SecondaryDataState")

    assert unset == int.from_bytes(b"PAGE", "little")
    assert list(header.BugCheckParameters) == parameters
    assert len(witness) == 41
    for name, value in witness.items():
        source = header if name in fields(header) else triage
        assert getattr(source, name) == value, name


def test_every_real_dump_opens_without_problems(real: Dump) -> None:
    assert real.problems == ()
    assert real.sections[0].offset == 0
    assert all(a.offset + a.size == b.offset for a, b in zip(real.sections, real.sections[1:]))
    assert real.sections[-1].offset + real.sections[-1].size == real.size


def test_every_address_is_recovered(real: Dump) -> None:
    data, width = real.debugger_data, real.header.pointer_size
    assert not isinstance(data, Absent)
    assert not isinstance(real.thread, Absent)
    assert not isinstance(real.process, Absent)
    assert not isinstance(real.processor, Absent)
    assert not isinstance(data.address, Absent)
    current = real.memory.read(real.processor + data["OffsetPrcbCurrentThread"], width)
    owner = real.memory.read(real.thread + data["OffsetKThreadApcProcess"], width)
    assert not isinstance(real.triage, Absent)

    assert int.from_bytes(current, "little") == real.thread
    assert int.from_bytes(owner, "little") == real.process
    assert real.memory.read(data.address, 0x18)[0x10:0x14] == b"KDBG"


def test_the_call_stack_is_the_threads_or_that_of_an_interrupt(real: Dump) -> None:
    data, triage, width = real.debugger_data, real.triage, real.header.pointer_size
    assert not isinstance(data, Absent)
    assert not isinstance(triage, Absent)
    assert not isinstance(real.thread, Absent)
    assert not isinstance(real.processor, Absent)

    def pointer(structure: int, member: str) -> int:
        return int.from_bytes(real.memory.read(structure + data[member], width), "little")

    end = triage.TopOfStack + triage.SizeOfCallStack
    name = Path(real.path).name

    if name == "111217-27671-01.dmp":  # crashed while it handled an interrupt
        assert end == pointer(real.processor, "OffsetPrcbIsrStack")
    elif name == ARM:  # taken live, on the stack of a DPC, of which 0x1000 bytes are kept
        assert triage.TopOfStack < pointer(real.processor, "OffsetPrcbDpcStack") < end
    else:
        assert end == pointer(real.thread, "OffsetKThreadStackBase")


def test_the_lists_of_a_thread_lead_back_into_it(real: Dump) -> None:
    """ApcState.ApcListHead[0] is the first member of ApcState, right before Process: empty, it is itself."""
    data, width = real.debugger_data, real.header.pointer_size
    assert not isinstance(data, Absent)
    assert not isinstance(real.thread, Absent)
    head = real.thread + data["OffsetKThreadApcProcess"] - 4 * width
    flink, blink = (int.from_bytes(real.memory.read(head + at, width), "little") for at in (0, width))

    assert (flink, blink) == (head, head)


def test_every_driver_list_is_plausible(real: Dump) -> None:
    data, modules = real.debugger_data, real.modules.modules
    assert not isinstance(data, Absent)
    ranges = sorted((m.base, m.end) for m in modules)

    assert real.modules.kernel == modules[0]
    assert modules[0].base == data["KernBase"]
    assert modules[1].image == "hal.dll"
    assert all(m.image.lower().endswith((".sys", ".dll", ".exe")) and m.path.isascii() for m in modules)
    assert all(m.base % 0x1000 == 0 and 0 < m.size < 1 << 28 for m in modules)
    assert all(end <= start for (_, end), (start, _) in zip(ranges, ranges[1:]))
    assert all(u.name.isprintable() and u.size for u in real.unloaded)


def test_image_headers_in_the_dump_agree_with_the_driver_list(decoded: Decoded) -> None:
    """A witness of its own: where the dump holds an image's PE header, that states time stamp and size."""
    memory, checked = decoded.dump.memory, 0
    for module in decoded.dump.modules.modules:
        head = memory.read_some(module.base, 0x400)
        if head[:2] != b"MZ" or len(head) < 0x40:
            continue
        at = struct.unpack_from("<I", head, 0x3C)[0]
        if at + 0xC > len(head):
            continue
        checked += 1

        assert head[at : at + 4] == b"PE\0\0"
        assert struct.unpack_from("<I", head, at + 8)[0] == module.timestamp, module
        if at + 0x54 <= len(head):
            assert struct.unpack_from("<I", head, at + 0x50)[0] == module.size, module

    assert checked == {"triage_x64": 7, "triage_arm64": 1}[decoded.path.stem]


@pytest.mark.parametrize("name", WINDOWS_81)
def test_windows_81_has_few_blocks(real_dumps: Path, name: str) -> None:
    dump = open_dump(str(real_dumps / name))
    assert not isinstance(dump.debugger_data, Absent)
    assert not isinstance(dump.triage, Absent)

    assert dump.triage.SizeOfDump == 0x40000
    assert dump.triage.DataBlocksCount < 64
    assert dump.debugger_data.size == 0x360
    assert "PteBase" not in dump.debugger_data
    assert len(dump.secondary) >= 11


def test_a_32_bit_dump(real_dumps: Path) -> None:
    dump = open_dump(str(real_dumps / ARM))
    assert not isinstance(dump.debugger_data, Absent)

    assert (dump.format, dump.header.machine.name, dump.header.MinorVersion) == ("PAGEDUMP", "ARM", 17134)
    assert str(dump.debugger_data["KernBase"]) == "80c06000"
    assert str(dump.modules.modules[0].base) == "80c06000"
    assert len(dump.modules.modules) == 136
    assert [(u.name, str(u.start), str(u.end)) for u in dump.unloaded] == [
        ("ft5406_touch", "87ac0000", "87acc000"),
        ("WudfRd.sys", "87bc0000", "87bf1000"),
        ("sacdrv.sys", "84530000", "84547000"),
    ]
    assert dump.secondary == ()
    assert str(dump.processor) == "80307580"
    assert int.from_bytes(dump.memory.read(dump.debugger_data["KiProcessorBlock"], 4), "little") == dump.processor


def test_every_secondary_content_decodes(real: Dump) -> None:
    data = memoryview(Path(real.path).read_bytes())
    for blob in real.secondary:
        raw = blob_bytes(data, blob)
        if blob.owner == "mssmbios!SMBiosGuidAcpi":
            assert acpi_tables(raw)[1] == ()
        if blob.owner == "mssmbios!SMBiosGuidRegisters":
            assert cpuid_leaves(raw)[1] == ()
        if blob.owner == "nt!GUID_TRIAGEDUMP_DATA":
            assert triagedump_data(raw, real.header.machine)[1] == ()


def test_everything_goes_into_json(real: Dump) -> None:
    info = json.loads(document(describe(real)))

    assert int(info["triage_header"]["SizeOfDump"], 16) <= real.size
    assert info["header"]["NumberProcessors"] == real.header.NumberProcessors
    assert info["debugger_data"]["values"]["KernBase"] == hex(real.modules.modules[0].base)
    assert int(info["memory_bytes"], 16) == Hex(sum(b - a for a, b in real.memory.runs()))
