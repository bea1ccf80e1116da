"""A triage dump of a machine says what a full dump of the same machine says, as far as it has it."""

from __future__ import annotations

import itertools
import re
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dumpwalk import target
from dumpwalk.cli import main
from dumpwalk.record import fields
from dumpwalk.remarks import Absent
from dumpwalk.synth import SpecError, dump, parse
from dumpwalk.synth.containers.triage_pages import _Blocks
from dumpwalk.synth.image.build import build, paging, profile
from dumpwalk.synth.image.machine import debugger_layout
from dumpwalk.synth.image.machine_memory import MachineMemory
from dumpwalk.synth.image.structures import Layouts
from dumpwalk.synth.image.tables import MODES, PAGE
from dumpwalk.synth.layouts import MACHINES
from dumpwalk.synth.structures import debugger_data
from dumpwalk.target import Target
from dumpwalk.triage import Report, triage

SAMPLES = Path(__file__).parents[3] / "samples"
TOLD = ("hung_driver", "apc_index_mismatch_full", "file_mapping_x86", "file_mapping_x64")
HEAD = "dump triage x64\nprofile nt/19041.3570-x64\nbugcheck e2\n"

# What may differ, and why.
ALLOWED = {
    "file": "its path",
    "dump_type": "full, or triage",
    "missing": "a triage dump has no physical memory, and says so",
    "sources": "modules come from PsLoadedModuleList, or from the driver list; all else is compared below",
    "pdbs": "of an image's header a small dump keeps 0x100 bytes, which the CodeView record is not in",
}


def both(text: str, directory: Path) -> tuple[Target, Target]:
    """Return a full dump and a triage dump of the machine that *text* states."""
    out = []
    for kind in ("full", "triage"):
        path = directory / f"{kind}.dmp"
        path.write_bytes(dump(parse(re.sub(r"(?m)^dump \S+", f"dump {kind}", text, count=1))))
        out.append(target.open(str(path)))
    return out[0], out[1]


def differences(one: Report, other: Report) -> set[str]:
    """Return the fields in which two reports differ."""
    return {name for name in fields(one) if getattr(one, name) != getattr(other, name)}


def placed(found: Target) -> tuple[object, ...]:
    """Return where the crash was."""
    return found.dump.thread, found.dump.process, found.dump.processor


@pytest.mark.parametrize("sample", TOLD)
def test_a_sample_tells_the_same_story_in_a_triage_dump(sample: str, tmp_path: Path):
    full, small = both((SAMPLES / f"{sample}.spec").read_text("utf-8"), tmp_path)
    one, other = triage(full), triage(small)

    assert differences(one, other) - set(ALLOWED) == set()
    assert {k: v for k, v in one.sources.items() if k != "modules"} == {
        k: v for k, v in other.sources.items() if k != "modules"
    }
    assert [(m.path, m.base, m.size) for m in one.modules] == [(m.path, m.base, m.size) for m in other.modules]
    assert placed(full) == placed(small)
    assert not any(isinstance(address, Absent) for address in placed(small))
    assert small.dump.problems == ()


@pytest.mark.parametrize("sample", TOLD)
def test_headers_differ_in_what_they_say_of_the_file(sample: str, tmp_path: Path):
    full, small = (t.dump for t in both((SAMPLES / f"{sample}.spec").read_text("utf-8"), tmp_path))
    one, other = full.header, small.header
    differ = {name for name in fields(one) if getattr(one, name) != getattr(other, name)}

    assert differ <= {"DumpType", "MiniDumpFields", "RequiredDumpSpace", "PhysicalMemoryBlock"}
    assert full.debugger_data == small.debugger_data


@pytest.mark.parametrize("sample", TOLD)
def test_structures_have_the_same_fields_and_bytes(sample: str, tmp_path: Path):
    full, small = both((SAMPLES / f"{sample}.spec").read_text("utf-8"), tmp_path)

    for name, address in zip(("_ETHREAD", "_EPROCESS", "_KPRCB"), placed(small)):
        size = Layouts(full.types).size(name)

        assert full.memory.read(address, size) == small.memory.read(address, size)


@pytest.mark.parametrize("sample", TOLD)
@pytest.mark.parametrize(
    "what", [("nt!_ETHREAD", "@$thread"), ("nt!_EPROCESS", "@$proc"), ("nt!_ETHREAD", "@$thread -b")]
)
def test_dt_prints_the_same(sample: str, what: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    both((SAMPLES / f"{sample}.spec").read_text("utf-8"), tmp_path)
    printed = []
    for kind in ("full", "triage"):
        code = main(["-z", str(tmp_path / f"{kind}.dmp"), "dt", what[0], *what[1].split()])
        printed.append((code, capsys.readouterr().out))

    assert printed[0] == printed[1]
    # The types of file_mapping_x86 are near ones, which is a partial answer.
    assert printed[0][0] == int(sample == "file_mapping_x86")
    assert "not in the dump" not in printed[0][1]


def machine_text(name: str) -> str:
    """Return the text of a machine of the profile *name* with two processors, a stack and unloaded drivers."""
    machine = name.rpartition("-")[2]
    wide = machine == "x64"
    low, top, base = (
        ("fffff8a0`02000000", "fffff8a0`02005a38", "fffff8a0`02006000")
        if wide
        else ("9a000000", "9a005a38", "9a006000")
    )
    ip, sp = ("rip", "rsp") if wide else ("eip", "esp")
    driver = "fffff80a`1d4" if wide else "9d4"
    return f"""\
dump full {machine}
profile {name}
time 2017-02-16T10:00:00Z
uptime 1:00:00
processors 2
bugcheck 1 77446100 0 ffff {top}
module example \\SystemRoot\\example.sys {driver}20000 size 9000 timestamp 65254000 checksum 1234
unloaded second.sys {driver}b0000 {driver}c0000
unloaded first.sys {driver}b0000 {driver}b4000
process 344 "explorer.exe" parent 4 Peb=7ffd8000
thread 344.348 State=Running KernelApcDisable=-1 StackBase={base} StackLimit={low} InitialStack={base}
stack {top} to {base}
    {top}: nt+1234 example+1100
block nt+122f bytes e8 00 00 00 00
block example+10fb bytes e8 00 00 00 00
context {ip}=nt+1000 {sp}={top}
"""


# The debugger data block of Windows XP has no room for the offsets that lead to the thread.
@pytest.mark.parametrize(
    "name",
    [
        "nt/vistasp2-x86",
        "nt/win7sp1-17514-pae-x86",
        "nt/win7sp1-x86",
        "nt/7601.24540-x64",
        "nt/win8-x86",
        "nt/9600.20369-x64",
        "nt/win10-19041-x86",
        "nt/14393.6252-x64",
        "nt/19041.1348-x64",
        "nt/22000.1574-x64",
    ],
)
def test_kernels_of_every_generation_say_the_same_in_both(name: str, tmp_path: Path):
    full, small = both(machine_text(name), tmp_path)
    one, other = triage(full), triage(small)

    assert differences(one, other) <= set(ALLOWED)
    assert placed(full) == placed(small)
    assert not any(isinstance(address, Absent) for address in placed(small))
    assert [u.name for u in other.unloaded_modules] == ["second.sys", "first.sys"]
    assert [m.name for m in other.modules] == ["nt", "example"]
    assert other.process.UniqueProcessId == 0x344
    assert other.thread.KernelApcDisable == -1
    assert [(r.processor, r.idle) for r in other.running] == [(0, False), (1, True)]


def test_windows_xp_says_the_same_in_both_though_its_debugger_data_has_no_offsets(tmp_path: Path):
    full, small = both(machine_text("nt/xpsp3-x86"), tmp_path)
    one, other = triage(full), triage(small)

    assert differences(one, other) - set(ALLOWED) == set()
    assert not isinstance(one.thread, Absent)
    assert not isinstance(other.process, Absent)
    assert other.process.ImageFileName == "explorer.exe"
    assert other.running == one.running
    assert len(other.running) == 2


def test_a_processor_that_ran_nothing_has_its_idle_thread_dumped(tmp_path: Path):
    full, small = both(HEAD.replace("bugcheck e2\n", "") + "thread 4.8 State=Waiting\n", tmp_path)
    one, other = triage(full), triage(small)

    assert differences(one, other) <= set(ALLOWED)
    assert other.verdict == "no bug check: the dump was taken live, by a debugger or a tool"
    assert other.process.ImageFileName == "Idle"
    assert other.running[0].idle


@pytest.mark.parametrize("mode", ["x64", "LA57"])
def test_an_encoded_debugger_data_block_is_written_in_clear(mode: str, tmp_path: Path):
    text = HEAD + f"paging {mode}\nthread 4.8 State=Running\n"
    path = tmp_path / "encoded.dmp"
    path.write_bytes(dump(parse(text + "debugger-data encoded\n")))
    clear = both(text, tmp_path)[1]
    encoded = target.open(str(path))

    assert encoded.dump.debugger_data == clear.dump.debugger_data
    assert placed(encoded) == placed(clear)


@pytest.mark.parametrize("name", ["nt/19041.3570-x64", "nt/win7sp1-x86"])
def test_the_debugger_data_block_is_the_one_in_memory(name: str):
    spec, pages = build(parse(machine_text(name)))
    types = profile(name)
    mode, self_map = paging(spec, spec.image, types)
    memory = MachineMemory(pages, mode, spec.directory_table_base, self_map)
    block = spec.pointer("KdDebuggerDataBlock")
    made = debugger_data(spec, debugger_layout(Layouts(types), MACHINES[spec.machine], spec.build, mode))

    # Of the list links a 32-bit kernel has two pointers where a 64-bit one has one.
    assert memory.read(block, len(made))[0x10:] == made[0x10:]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("dump triage x64\npaging x64\n", "name the kernel's profile"),
        (HEAD + "pointer KiProcessorBlock ffff8000`12345000\n", "no processor is in KiProcessorBlock"),
        (HEAD + "thread 4.8 State=Running ApcState.Process=ffff8000`12345000\n", "nothing can have crashed"),
    ],
)
def test_a_machine_where_nothing_can_have_crashed_is_refused(text: str, what: str):
    with pytest.raises(SpecError, match=re.escape(what)):
        dump(parse(text))


def blocks_of(data: bytes) -> list[tuple[int, bytes]]:
    """Return the data blocks of a 64-bit triage dump, read by nothing but the public TRIAGE_DUMP64."""
    at, count = struct.unpack_from("<II", data, 0x2000 + 0x78)
    out = []
    for n in range(count):
        address, offset, size = struct.unpack_from("<QII", data, at + 16 * n)
        out.append((address, data[offset : offset + size]))
    return out


@pytest.mark.parametrize("sample", ["hung_driver", "apc_index_mismatch_full", "file_mapping_x64"])
def test_blocks_are_the_machines_bytes_and_never_overlap(sample: str):
    text = re.sub(r"(?m)^dump \S+", "dump triage", (SAMPLES / f"{sample}.spec").read_text("utf-8"))
    spec, pages = build(parse(text))
    data = dump(parse(text))
    mode, self_map = paging(spec, spec.image, profile(spec.image.profile))
    memory = MachineMemory(pages, mode, spec.directory_table_base, self_map)
    held = blocks_of(data)
    ordered = sorted(held)

    assert len(held) > 10
    assert all(memory.read(address, len(piece)) == piece for address, piece in held)
    assert all(a + len(piece) <= b for (a, piece), (b, _) in itertools.pairwise(ordered))


def test_blocks_that_a_driver_wants_and_its_secondary_data_are_kept(tmp_path: Path):
    text = """\
thread 4.8 State=Running
block ffffb80f`22345ff0 ascii "over the end of a page" zeros 2
blob 5a0b6f5e-2f0e-4c86-9a3b-1d9be9e60001 ascii "EXFL"
slack 8e
set TriageOptions=1
"""
    path = tmp_path / "made.dmp"
    path.write_bytes(dump(parse(HEAD + text)))
    found = target.open(str(path))

    assert found.memory.read(found.address(0xFFFFB80F22345FF0), 22) == b"over the end of a page"
    assert [b.size for b in found.dump.secondary] == [4]
    assert found.dump.triage.TriageOptions == 1
    assert found.dump.problems == ()


def test_sections_stand_in_the_order_of_a_real_dump(real_dumps: Path, tmp_path: Path):
    real = target.open(str(real_dumps / "triage_x64.dmp"))
    small = both((SAMPLES / "hung_driver.spec").read_text("utf-8"), tmp_path)[1]
    names = [s.what for s in real.dump.sections if s.what not in ("slack", "secondary data")]

    assert [s.what for s in small.dump.sections if s.what != "slack"] == names


class Sparse:
    """Memory of one-byte cells, some of which are not there."""

    def __init__(self, holes: set[int]) -> None:
        self.holes = holes

    def read(self, address: int, size: int) -> bytes:
        """Return what there is up to the first hole."""
        cells = itertools.takewhile(lambda a: a not in self.holes, range(address, address + size))
        return bytes(a & 0xFF for a in cells)


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=12),
    st.sets(st.integers(0, 80), max_size=4),
)
def test_gathering_keeps_each_byte_once(ranges: list[tuple[int, int]], holes: set[int]):
    memory = Sparse(holes)
    blocks = _Blocks(memory)  # type: ignore[arg-type]
    for address, size in ranges:
        blocks.add(address, size)
    cells = [a for b in blocks.gathered for a in range(b.address, b.address + len(b.data))]
    wanted = {a for start, size in ranges for a in range(start, start + size)}

    assert len(cells) == len(set(cells)) == blocks.size
    assert set(cells) <= wanted - holes
    assert all(b.data == memory.read(b.address, len(b.data)) for b in blocks.gathered)
    if not holes:
        assert set(cells) == wanted


@given(st.dictionaries(st.integers(0, 7), st.binary(min_size=8, max_size=64), max_size=8), st.integers(0, 8))
def test_page_tables_of_rubbish_lead_nowhere(held: dict[int, bytes], root: int):
    pages = {number: (data * PAGE)[:PAGE] for number, data in held.items()}
    for mode in MODES.values():
        memory = MachineMemory(pages, mode, root * PAGE)
        for address in (0xFFFFF80000001FF0, 0x82A00FF0, 0xFFFFFFFFFFFFFFF0):
            assert len(memory.read(address, 0x30)) <= 0x30


@pytest.mark.parametrize("gone", ["fffff804`7c600000", "fffff804`7ba00000"])
def test_a_machine_with_missing_pages_is_written_without_them(gone: str):
    assert b"TRGD" in dump(parse(HEAD + f"thread 4.8 State=Running\npte {gone} 0\n"))


@pytest.mark.parametrize("kind", ["full", "bitmap-kernel", "raw"])
def test_a_running_kernel_s_debugger_data_is_decoded(kind: str, tmp_path: Path):
    """Tools that dump a machine from outside copy the block encoded; the kernel's own variables decode it."""
    text = (SAMPLES / "file_mapping_x64.spec").read_text("utf-8").replace("dump bitmap-kernel", f"dump {kind}")
    clear, encoded = tmp_path / "clear.raw", tmp_path / "encoded.raw"
    clear.write_bytes(dump(parse(text)))
    encoded.write_bytes(dump(parse(text.replace("cookie b7", "cookie b7\ndebugger-data encoded"))))
    one, other = target.open(str(clear)).dump, target.open(str(encoded)).dump

    assert not isinstance(one.debugger_data, Absent)
    assert not isinstance(other.debugger_data, Absent)
    assert (one.debugger_data.encoded, other.debugger_data.encoded) == (False, True)
    decoded = (other.debugger_data.address, other.debugger_data.size, other.debugger_data.values)
    assert (one.debugger_data.address, one.debugger_data.size, one.debugger_data.values) == decoded
    assert (one.thread, one.processor, one.modules.modules) == (other.thread, other.processor, other.modules.modules)
    assert other.problems == ()
