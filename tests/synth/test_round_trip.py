"""What a spec states is what the reader finds in the dump written from it."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dumpwalk.errors import FormatError
from dumpwalk.formats import Dump, open_dump
from dumpwalk.kernel.context import parse_context
from dumpwalk.remarks import Absent
from dumpwalk.synth import Blob, Block, Module, Processor, Spec, Stack, Structure, Unloaded, dump, parse
from dumpwalk.synth.layouts import layouts
from dumpwalk.synth.triage_file import settable

# What memory images hold is found by walking, and tested beside.
SAMPLES = [
    path
    for path in sorted((Path(__file__).parents[2] / "samples").glob("*.spec"))
    if parse(path.read_text("utf-8")).image is None
]
# Where kernel addresses begin, and how far apart things are put below so that nothing overlaps.
KERNEL = {"x64": 0xFFFFF80000000000, "ARM64": 0xFFFFF80000000000, "x86": 0x80000000, "ARM": 0x80000000}


def reopened(spec: Spec, directory: Path) -> Dump:
    path = directory / "synthetic.dmp"
    path.write_bytes(dump(spec))
    return open_dump(str(path))


def check(spec: Spec, found: Dump) -> None:
    """Hold *found* to everything that *spec* states."""
    bits = 8 * found.header.machine.pointer_size
    mask = (1 << bits) - 1
    header = found.header
    parameters = tuple(p & mask for p in (*spec.parameters, 0, 0, 0, 0)[:4])

    assert found.problems == ()
    assert (header.machine.name, header.MinorVersion) == (spec.machine, spec.build)
    assert (header.BugCheckCode, header.BugCheckParameters) == (spec.bugcheck, parameters)
    # No dump is of 1601: a time of zero is none.
    assert (header.SystemTime if spec.time else spec.time, header.SystemUpTime) == (spec.time, spec.uptime)
    assert spec.time or isinstance(header.SystemTime, Absent)
    assert (header.NumberProcessors, header.DirectoryTableBase) == (spec.processor_count, spec.directory_table_base)
    assert [(m.path, m.base, m.size, m.timestamp, m.checksum) for m in found.modules.modules] == [
        (m.path, m.base, m.size, m.timestamp, m.checksum) for m in spec.modules
    ]
    assert [(u.name, u.start, u.end) for u in found.unloaded] == [(u.name[:12], u.start, u.end) for u in spec.unloaded]
    assert not any(u.truncated and len(wanted.name) < 12 for u, wanted in zip(found.unloaded, spec.unloaded))
    assert [b.guid for b in found.secondary] == [b.guid for b in spec.blobs]
    data = Path(found.path).read_bytes()
    assert [data[b.offset : b.offset + b.size] for b in found.secondary] == [b.data for b in spec.blobs]
    for wanted, address in ((spec.thread, found.thread), (spec.process, found.process)):
        if wanted and spec.thread and spec.processors:
            assert address == wanted.address
    if spec.processors:
        assert found.processor == spec.processors[0].address
    for block in spec.blocks:
        assert found.memory.read(block.address, len(block.data)) == block.data
    if spec.stack:
        size = bits // 8
        for address, words in spec.stack.words:
            assert found.memory.read(address, size * len(words)) == b"".join(
                (word & mask).to_bytes(size, "little") for word in words
            )
    if spec.pointer("KdDebuggerDataBlock"):
        assert header.KdDebuggerDataBlock == spec.pointer("KdDebuggerDataBlock")
        assert found.debugger_data


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_the_samples_read_as_their_specs_say(path: Path, tmp_path: Path):
    spec = parse(path.read_text("utf-8"))
    check(spec, reopened(spec, tmp_path))


@st.composite
def specs(draw: st.DrawFn) -> Spec:
    """A machine whose pieces lie at random distances, in order, and are then shuffled."""
    machine, build = draw(st.sampled_from(sorted(layouts())))
    pointer_size = 8 if KERNEL[machine] > 0xFFFFFFFF else 4
    at = KERNEL[machine]

    def place(room: int) -> int:
        nonlocal at
        at += draw(st.integers(1, 0x100)) * 16
        found, at = at, at + room
        return found

    shape = layouts()[machine, build]
    text = st.text(
        st.characters(min_codepoint=33, max_codepoint=0x24F, exclude_categories=["C"]), min_size=1, max_size=20
    )
    small = st.integers(0, 2**32 - 1)
    modules = tuple(
        Module(f"m{n}", draw(text), place(0x10000), 0x10000, draw(small), draw(small))
        for n in range(draw(st.integers(1, 5)))
    )
    count = draw(st.integers(1, 3))
    processors = tuple(Processor(place(shape.sizes[0]), (), draw(st.booleans())) for _ in range(count))
    thread, process = Structure(place(shape.sizes[2])), Structure(place(shape.sizes[1]))
    pointers = tuple(
        (name, place(room)) for name, room in (("KdDebuggerDataBlock", 0x400), ("KiProcessorBlock", 0x4000))
    )
    words = draw(st.lists(small, max_size=8).map(tuple))
    start = place(0x1000)
    stack = Stack(start, start + 0x1000 - pointer_size, ((start + pointer_size, words),))
    contents = draw(st.lists(st.binary(min_size=1, max_size=0x30), max_size=6))
    blocks = [Block(place(0x40) + draw(st.integers(0, 15)), content) for content in contents]
    return Spec(
        "triage",
        machine,
        build,
        time=draw(st.integers(0, 2**63)),
        uptime=draw(st.integers(0, 2**63)),
        processor_count=count,
        bugcheck=draw(small),
        parameters=draw(st.lists(st.integers(0, 2 ** (8 * pointer_size) - 1), max_size=4).map(tuple)),
        directory_table_base=draw(small),
        modules=modules,
        unloaded=tuple(Unloaded(draw(text), place(0x100), place(0x100)) for _ in range(draw(st.integers(0, 3)))),
        pointers=pointers,
        processors=processors,
        thread=thread,
        process=process,
        stack=stack,
        blocks=tuple(draw(st.permutations(blocks))),
        blobs=draw(st.lists(st.builds(Blob, st.uuids().map(str), st.binary(max_size=20)), max_size=4).map(tuple)),
    )


@settings(max_examples=40, deadline=None)
@given(specs())
def test_any_spec_reads_as_it_says(spec: Spec):
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        check(spec, reopened(spec, Path(directory)))


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(SAMPLES), st.data())
def test_a_lying_dump_opens_or_is_refused(path: Path, draw: st.DataObject):
    """Header fields overwritten, blocks that overlap, the file cut: a problem or a refusal, never anything else."""
    spec = parse(path.read_text("utf-8"))
    fields = sorted(settable("triage", 8 if KERNEL[spec.machine] > 0xFFFFFFFF else 4))
    lies = draw.draw(
        st.lists(
            st.tuples(
                st.sampled_from(fields), st.sampled_from([0, 1, 0x1FFF, 0x2080, 0x7FFFFFFF, 0xFFFFFFF8, 0xFFFFFFFF])
            ),
            min_size=1,
            max_size=4,
        )
    )
    lies = [(name, value & 0xFF if name in ("PaeEnabled", "KdSecondaryVersion") else value) for name, value in lies]
    liar = replace(
        spec,
        settings=tuple(lies),
        cut=draw.draw(st.integers(-1, 0x10000)),
        blocks=spec.blocks * draw.draw(st.integers(0, 3)),
    )
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        try:
            found = reopened(liar, Path(directory))
        except FormatError:
            return
        # A dump that says it holds pages has no segments.
        for segment in getattr(found.memory, "segments", ()):
            assert len(found.memory.read(segment.address, len(segment.data))) == len(segment.data)


@pytest.mark.parametrize(("machine", "build"), sorted(layouts()))
def test_registers_read_as_they_were_written(machine: str, build: int, tmp_path: Path):
    names = {
        "x64": "rax r15 rip rsp rbp",
        "x86": "eax edi eip esp ebp",
        "ARM64": "x0 x28 pc sp fp lr",
        "ARM": "r0 r12 pc sp",
    }
    registers = tuple((name, 0x1001 * n) for n, name in enumerate(names[machine].split(), 1))
    header = reopened(Spec("triage", machine, build, context=registers), tmp_path).header
    found = parse_context(header.ContextRecord, header.machine, "header")

    assert found
    assert {name: found.registers[name] for name, _ in registers} == dict(registers)
