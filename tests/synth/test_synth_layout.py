"""What the writer puts where, checked with offsets written out here."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dumpwalk.synth import (
    KINDS,
    Blob,
    Block,
    Fault,
    Module,
    Processor,
    Spec,
    SpecError,
    Stack,
    Structure,
    Unloaded,
    dump,
)
from dumpwalk.synth.layouts import layouts

BUILDS = {"x64": 19041, "x86": 7601, "ARM64": 22000, "ARM": 17134}
TRIAGE = """ServicePackBuild SizeOfDump ValidOffset ContextOffset ExceptionOffset MmOffset UnloadedDriversOffset
    PrcbOffset ProcessOffset ThreadOffset CallStackOffset SizeOfCallStack DriverListOffset DriverCount
    StringPoolOffset StringPoolSize BrokenDriverOffset TriageOptions""".split()


def wide(machine: str) -> bool:
    return machine in ("x64", "ARM64")


def triage_header(data: bytes) -> dict[str, int]:
    """TRIAGE_DUMP64 or 32, by the offsets of the public structure."""
    if data[4:8] == b"DU64":
        found = dict(zip(TRIAGE, struct.unpack_from("<18I", data, 0x2000)))
        found["TopOfStack"] = struct.unpack_from("<Q", data, 0x2048)[0]
        tail = struct.unpack_from("<4I", data, 0x2070)
    else:
        found = dict(zip(TRIAGE, struct.unpack_from("<18I", data, 0x1000)))
        found["TopOfStack"] = struct.unpack_from("<I", data, 0x1048)[0]
        tail = struct.unpack_from("<4I", data, 0x1058)
    names = ("DebuggerDataOffset", "DebuggerDataSize", "DataBlocksOffset", "DataBlocksCount")
    return found | dict(zip(names, tail))


def blocks_of(data: bytes) -> list[tuple[int, int, bytes]]:
    """The data blocks: address, file offset, bytes."""
    header = triage_header(data)
    at = header["DataBlocksOffset"]
    entries = [struct.unpack_from("<QII", data, at + 16 * n) for n in range(header["DataBlocksCount"])]
    return [(address, offset, data[offset : offset + size]) for address, offset, size in entries]


def test_a_64_bit_header_is_page_wherever_nothing_was_set():
    spec = Spec("triage", "x64", 19041, time=0x01D707F23DBB3399, uptime=0x23BC1E9, processor_count=16, bugcheck=0x7E)
    data = dump(spec)

    assert data[:16] == b"PAGEDU64" + struct.pack("<II", 0xF, 19041)
    assert struct.unpack_from("<4I", data, 0x30) == (0x8664, 16, 0x7E, 0x45474150)
    for start, end in (
        (0x60, 0x80),
        (0x88, 0x348),
        (0xF9C, 0xFA0),
        (0xFB0, 0x1030),
        (0x103C, 0x1040),
        (0x1050, 0x2000),
    ):
        assert data[start:end] == b"PAGE" * ((end - start) // 4)
    assert data[0x104C:0x1050] == b"P\0GE"
    assert struct.unpack_from("<I", data, 0xF98) == (4,)
    assert struct.unpack_from("<Q", data, 0xFA8) == (0x01D707F23DBB3399,)
    assert struct.unpack_from("<QI", data, 0x1030) == (0x23BC1E9, 0x1 | 0x2 | 0x40 | 0x80)
    assert struct.unpack_from("<3I", data, 0x1040) == (1, 0x110, 0)
    assert data[0x348 + 0x4D0 : 0xF00] == bytes(0xF00 - 0x348 - 0x4D0)


def test_a_32_bit_header_is_page_wherever_nothing_was_set():
    spec = Spec("triage", "x86", 7601, time=2, uptime=3, processor_count=4, bugcheck=0xA, parameters=(1, -2))
    data = dump(spec)

    assert data[:16] == b"PAGEDUMP" + struct.pack("<II", 0xF, 7601)
    assert struct.unpack_from("<7I", data, 0x20) == (0x14C, 4, 0xA, 1, 0xFFFFFFFE, 0, 0)
    for start, end in ((0x3C, 0x5C), (0x64, 0x320), (0x820, 0xF88), (0xF90, 0xF94), (0xFA8, 0xFB8), (0xFC8, 0x1000)):
        assert data[start:end] == b"PAGE" * ((end - start) // 4)
    assert data[0x5C:0x60] == b"\1\0GE"  # PaeEnabled, KdSecondaryVersion, and what was there
    assert struct.unpack_from("<QQ", data, 0xFB8) == (3, 2)


def test_the_exception_record_is_the_bug_checks_breakpoint_unless_the_spec_says_otherwise():
    usual = dump(Spec("triage", "x64", 19041, context=(("rip", 0xFFFFF80000001234),)))
    stated = dump(Spec("triage", "x64", 19041, exception=Fault(0xC0000005, 0x1000, (1, -1))))
    narrow = dump(Spec("triage", "ARM", 17134, context=(("pc", 0x80001235),)))

    assert struct.unpack_from("<IIQQI", usual, 0xF00) == (0x80000003, 1, 0, 0xFFFFF80000001234, 0)
    assert usual[0xF1C:0xF98] == b"PAGE" * 31
    assert struct.unpack_from("<IIQQI", stated, 0xF00) == (0xC0000005, 0, 0, 0x1000, 2)
    assert struct.unpack_from("<QQ", stated, 0xF20) == (1, 0xFFFFFFFFFFFFFFFF)
    assert stated[0xF30:0xF98] == b"PAGE" * 26
    assert struct.unpack_from("<IIIII", narrow, 0x7D0) == (0x80000003, 1, 0, 0x80001235, 0)


@pytest.mark.parametrize(("kind", "number"), KINDS.items())
@pytest.mark.parametrize("machine", BUILDS)
def test_every_other_kind_is_a_header_alone(kind, number, machine):
    data = dump(Spec(kind, machine, BUILDS[machine], bugcheck=0x1A))

    assert struct.unpack_from("<I", data, 0xF98 if wide(machine) else 0xF88) == (number,)
    if kind != "triage":
        assert len(data) == (0x2000 if wide(machine) else 0x1000)


@pytest.mark.parametrize(
    ("machine", "at", "registers"),
    [
        (
            "x64",
            0x348,
            {"cs": (0x38, "H"), "efl": (0x44, "I"), "rax": (0x78, "Q"), "rsp": (0x98, "Q"), "rip": (0xF8, "Q")},
        ),
        (
            "x86",
            0x320,
            {"edi": (0x9C, "I"), "ebp": (0xB4, "I"), "eip": (0xB8, "I"), "esp": (0xC4, "I"), "ss": (0xC8, "I")},
        ),
        ("ARM64", 0x348, {"cpsr": (4, "I"), "x0": (8, "Q"), "x28": (0xE8, "Q"), "fp": (0xF0, "Q"), "pc": (0x108, "Q")}),
        ("ARM", 0x320, {"r0": (4, "I"), "r12": (0x34, "I"), "sp": (0x38, "I"), "lr": (0x3C, "I"), "pc": (0x40, "I")}),
    ],
)
def test_registers_are_where_winnt_h_puts_them(machine, at, registers):
    values = {name: 0x11 * n for n, name in enumerate(registers, 1)}
    data = dump(Spec("triage", machine, BUILDS[machine], context=tuple(values.items())))

    for name, (offset, letter) in registers.items():
        assert struct.unpack_from("<" + letter, data, at + offset) == (values[name],)


def test_drivers_and_their_names():
    spec = Spec(
        "triage", "x64", 19041, modules=(Module("nt", "\\nt.exe", 0xFFFFF80000000000, 0x2000, 0x1234, 0x5678),) * 2
    )
    data = dump(spec)
    header = triage_header(data)
    at = header["DriverListOffset"] + 0x90
    (name_at,) = struct.unpack_from("<I", data, at)

    assert header["DriverCount"] == 2
    assert header["StringPoolOffset"] == header["DriverListOffset"] + 2 * 0x90
    assert name_at == header["StringPoolOffset"] + 24
    assert data[name_at : name_at + 20] == struct.pack("<I", 7) + "\\nt.exe\0".encode("utf-16-le")
    assert struct.unpack_from("<Q", data, at + 8 + 0x30) == (0xFFFFF80000000000,)
    assert struct.unpack_from("<I", data, at + 8 + 0x40) == (0x2000,)
    assert struct.unpack_from("<I", data, at + 8 + 0x78) == (0x5678,)
    assert struct.unpack_from("<I", data, at + 8 + 0x80) == (0x1234,)


def test_drivers_of_a_32_bit_machine():
    data = dump(Spec("triage", "ARM", 17134, modules=(Module("nt", "nt", 0x80C06000, 0x5B1000, 0x5ACD, 0x55BC),)))
    header = triage_header(data)
    at = header["DriverListOffset"]

    assert header["StringPoolOffset"] == at + 0x50  # an entry is 0x4c, the pool begins at a multiple of 8
    assert struct.unpack_from("<I", data, at) == (header["StringPoolOffset"],)
    assert struct.unpack_from("<I", data, at + 4 + 0x18) == (0x80C06000,)
    assert struct.unpack_from("<I", data, at + 4 + 0x20) == (0x5B1000,)
    assert struct.unpack_from("<II", data, at + 4 + 0x40) == (0x55BC, 0x5ACD)


@pytest.mark.parametrize(("machine", "count", "entry"), [("x64", "<Q", "<HHIQ24sQQ"), ("x86", "<I", "<HHI24sII")])
def test_unloaded_drivers_keep_12_characters_of_their_name(machine, count, entry):
    names = ("dam.sys", "dump_storport.sys")
    data = dump(Spec("triage", machine, BUILDS[machine], unloaded=tuple(Unloaded(n, 0x1000, 0x3000) for n in names)))
    at = triage_header(data)["UnloadedDriversOffset"]
    first, second = struct.iter_unpack(entry, data[at + struct.calcsize(count) :][: 2 * struct.calcsize(entry)])

    assert struct.unpack_from(count, data, at) == (2,)
    assert first[:2] == (14, 14)
    assert first[-3] == "dam.sys".encode("utf-16-le").ljust(24, b"\0")
    assert second[:2] == (24, 24)
    assert second[-3:] == ("dump_storpor".encode("utf-16-le"), 0x1000, 0x3000)


def test_secondary_data_is_padded_from_its_own_start():
    guid = "54c84888-01d1-4c1e-bed6-282c98241303"
    data = dump(Spec("triage", "x64", 19041, slack=3, blobs=(Blob(guid, b"abc"), Blob(guid, b""))))
    at = triage_header(data)["SizeOfDump"]
    raw = bytes.fromhex("8848c854d1011e4cbed6282c98241303")

    assert at % 8
    assert data[at:] == (
        b"DumpBlob"
        + struct.pack("<II", 0x10, 0xF0004A61)
        + struct.pack("<I16sIII", 0x20, raw, 3, 0, 5)
        + b"abc\0\0\0\0\0"
        + struct.pack("<I16sIII", 0x20, raw, 0, 0, 0)
    )


def test_the_thread_the_process_and_the_processor_of_14393():
    spec = Spec(
        "triage",
        "x64",
        14393,
        directory_table_base=0x1AB000,
        processors=(Processor(0xFFFFF8004D0E5180, (("MHz", 3392),)), Processor(0xFFFFA5806F420180)),
        processor_count=3,
        pointers=(("KiProcessorBlock", 0xFFFFF80000001000),),
        process=Structure(0xFFFFC500733FF080, (("UniqueProcessId", 0x1588), ("ImageFileName", "explorer.exe"))),
        thread=Structure(0xFFFFC5006E6DA080, (("KernelApcDisable", -1), ("State", 2))),
        stack=Stack(0xFFFFC6816B407A38, 0xFFFFC6816B408000),
    )
    data = dump(spec)
    header = triage_header(data)
    prcb, process, thread = header["PrcbOffset"], header["ProcessOffset"], header["ThreadOffset"]

    assert (process - prcb, thread - process, header["CallStackOffset"] - thread) == (0x6900, 0x7B0, 0x7E0)
    assert struct.unpack_from("<Q", data, prcb + 8) == (0xFFFFC5006E6DA080,)
    assert struct.unpack_from("<I", data, prcb + 0x5F4) == (3392,)
    assert struct.unpack_from("<QQ", data, prcb + 0x5900) == (0xFFFFF8004D0EAA80, 0xFFFFF8004D0EAA80)
    assert struct.unpack_from("<Q", data, process + 0x28) == (0x1AB000,)
    assert struct.unpack_from("<Q", data, process + 0x2E8) == (0x1588,)
    assert data[process + 0x450 : process + 0x45F] == b"explorer.exe\0\0\0"
    assert struct.unpack_from("<Q", data, thread + 0xB8) == (0xFFFFC500733FF080,)
    assert struct.unpack_from("<hh", data, thread + 0x1E4) == (-1, 0)
    assert struct.unpack_from("<Q", data, thread + 0x220) == (0xFFFFC500733FF080,)
    assert struct.unpack_from("<QQ", data, thread + 0x668) == (0xFFFFC5006E6DA6E8, 0xFFFFC5006E6DA6E8)
    assert [block[0] for block in blocks_of(data)] == [0xFFFFC6816B407A38, 0xFFFFF80000001000]
    assert struct.unpack("<3Q", blocks_of(data)[1][2]) == (0xFFFFF8004D0E5180, 0xFFFFA5806F420180, 0)


def test_trap_frames_lie_on_the_stack_or_are_blocks():
    frames = (Structure(0x2010, (("rip", 0x1234), ("ErrorCode", 2))), Structure(0x9000, (("rip", 0x5678),)))
    words = ((0x2000, (1, 2)), (0x2018, (7,)))
    data = dump(Spec("triage", "x64", 19041, stack=Stack(0x2000, 0x3000, words), trap_frames=frames))
    at = triage_header(data)["CallStackOffset"]

    assert struct.unpack_from("<4Q", data, at) == (1, 2, 0, 7)
    assert struct.unpack_from("<QQ", data, at + 0x10 + 0x160) == (2, 0x1234)
    assert [(a, len(b)) for a, _, b in blocks_of(data)] == [(0x2000, 0x1000), (0x9000, 0x190)]
    assert struct.unpack_from("<Q", blocks_of(data)[1][2], 0x168) == (0x5678,)


@pytest.mark.parametrize(
    ("spec", "what"),
    [
        (Spec("nothing", "x64", 19041), "no kind of dump"),
        (Spec("triage", "IA64", 19041), "no structure layouts"),
        (Spec("triage", "x64", 19041, parameters=(1, 2, 3, 4, 5)), "4 parameters"),
        (Spec("triage", "x86", 7601, parameters=(1 << 32,)), "does not fit into 4 bytes"),
        (Spec("triage", "x64", 19041, stack=Stack(0x2000, 0x1000)), "is not one"),
        (Spec("triage", "x64", 19041, stack=Stack(0, 0x1000, ((0xFFC, (1,)),))), "not on the stack"),
        (Spec("triage", "x64", 19041, stack=Stack(0, 0x80), trap_frames=(Structure(0),)), "not on the stack"),
        (Spec("triage", "ARM", 17134, trap_frames=(Structure(0),)), "trap frames of ARM"),
        (Spec("triage", "x64", 19041, blobs=(Blob("no", b""),)), "not a GUID"),
        (Spec("triage", "x64", 19041, exception=Fault(1, 2, (0,) * 16)), "15 parameters"),
        (Spec("triage", "x64", 19041, slack=1 << 40), "slack"),
    ],
)
def test_what_cannot_be_written(spec, what):
    with pytest.raises(SpecError, match=what) as caught:
        dump(spec)

    assert (caught.value.line, caught.value.excerpt) == (0, "")


def test_lies_are_just_written():
    block = Block(0xFFFFF80000001001, b"abc")
    spec = Spec(
        "triage",
        "x64",
        19041,
        processor_count=0xFFFFFFFF,
        processors=(Processor(0xFFFFF8004D0E5180),),
        pointers=(("KiProcessorBlock", 0xFFFFFFFFFFFFFFFF),),
        blocks=(block, block),
        settings=(("DataBlocksCount", 0xFFFFFFFF), ("TopOfStack", -1), ("DumpType", 99)),
        cut=0x9000,
    )
    data = dump(spec)

    assert len(data) == 0x9000
    assert struct.unpack_from("<I", data, 0x207C) == (0xFFFFFFFF,)
    assert struct.unpack_from("<Q", data, 0x2048) == (0xFFFFFFFFFFFFFFFF,)
    assert struct.unpack_from("<I", data, 0xF98) == (99,)
    assert len(dump(Spec("triage", "x64", 19041, blocks=(block, block)))) < 0x9000


def test_structures_may_lie_at_the_top_of_the_address_space():
    spec = Spec(
        "triage",
        "ARM",
        17134,
        processors=(Processor(0xFFFFFDE0),),
        thread=Structure(0xFFFFFF00),
        stack=Stack(0xFFFFF000, 0x100000000),
    )
    data = dump(spec)
    header = triage_header(data)

    assert struct.unpack_from("<I", data, header["PrcbOffset"] + 0x518) == (0,)  # Context, wrapped
    assert struct.unpack_from("<I", data, header["ThreadOffset"] + 0x28) == (0,)  # StackBase


ADDRESSES = st.integers(0, 2**64 - 1)
BLOCKS = st.lists(st.builds(Block, ADDRESSES, st.binary(min_size=1, max_size=40)), max_size=8).map(tuple)


@st.composite
def specs(draw: st.DrawFn) -> Spec:
    machine, build = draw(st.sampled_from(sorted(layouts())))
    size = 8 if wide(machine) else 4
    addresses = st.integers(0, 2 ** (8 * size) - 1)
    names = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=20)
    small = st.integers(0, 2**32 - 1)
    start = draw(addresses.filter(lambda a: a < 2 ** (8 * size) - 0x1000)) & ~7
    return Spec(
        "triage",
        machine,
        build,
        bugcheck=draw(small),
        parameters=draw(st.lists(addresses, max_size=4).map(tuple)),
        processor_count=draw(st.integers(1, 64)),
        modules=draw(
            st.lists(st.builds(Module, st.just("m"), names, addresses, small, small, small), max_size=4).map(tuple)
        ),
        unloaded=draw(st.lists(st.builds(Unloaded, names, addresses, addresses), max_size=3).map(tuple)),
        pointers=draw(st.sampled_from([(), (("KdDebuggerDataBlock", 0x1000), ("KiProcessorBlock", 0x80002000))])),
        processors=draw(st.lists(st.builds(Processor, addresses, st.just(()), st.booleans()), max_size=2).map(tuple)),
        thread=draw(st.none() | st.builds(Structure, addresses)),
        process=draw(st.none() | st.builds(Structure, addresses)),
        stack=draw(st.none() | st.just(Stack(start, start + 8 * draw(st.integers(0, 64))))),
        blocks=draw(BLOCKS),
        blobs=draw(
            st.lists(st.builds(Blob, st.uuids().map(str), st.binary(max_size=20)), max_size=3).map(tuple),
        ),
        slack=draw(st.integers(-1, 40)),
    )


@settings(max_examples=60, deadline=None)
@given(specs())
def test_the_file_has_no_gaps_and_its_blocks_are_packed(spec: Spec):
    data = dump(spec)
    header = triage_header(data)
    is_wide = wide(spec.machine)
    start, size, mm, unloaded = (0x2000, 0x80, 0x50, 0x38) if is_wide else (0x1000, 0x68, 0x38, 0x28)
    shape = layouts()[spec.machine, spec.build]
    pieces = [(start, size), (header["MmOffset"], mm)]
    pieces.append((header["UnloadedDriversOffset"], (8 if is_wide else 4) + unloaded * len(spec.unloaded)))
    for name, length, there in (
        ("PrcbOffset", shape.sizes[0], spec.processors),
        ("ProcessOffset", shape.sizes[1], spec.process),
        ("ThreadOffset", shape.sizes[2], spec.thread),
        ("CallStackOffset", header["SizeOfCallStack"], spec.stack),
        ("DebuggerDataOffset", header["DebuggerDataSize"], spec.pointers),
    ):
        assert bool(header[name]) == bool(there)
        if there:
            pieces.append((header[name], length))
    pieces.append((header["DriverListOffset"], (0x90 if is_wide else 0x4C) * len(spec.modules)))
    pieces.append((header["StringPoolOffset"], header["StringPoolSize"]))
    if header["DataBlocksCount"]:
        pieces.append((header["DataBlocksOffset"], 16 * header["DataBlocksCount"]))
    pieces += [(offset, len(content)) for _, offset, content in blocks_of(data)]

    at = start
    for offset, length in pieces:
        assert at <= offset < at + 8
        assert data[at:offset] == bytes(offset - at)
        at = offset + length
    blocks = blocks_of(data)
    assert all(a[1] + len(a[2]) == b[1] for a, b in zip(blocks, blocks[1:]))
    assert data[at : header["ValidOffset"]] == bytes(header["ValidOffset"] - at)
    assert data[header["ValidOffset"] : header["SizeOfDump"]] == b"TRGD"
    assert data[header["SizeOfDump"] : header["SizeOfDump"] + 8] == (b"DumpBlob" if spec.blobs else b"")
    given_blocks = blocks[len(blocks) - len(spec.blocks) :]
    assert [content for _, _, content in given_blocks] == [block.data for block in spec.blocks]
    if is_wide:
        assert [address for address, _, _ in given_blocks] == [block.address for block in spec.blocks]
    else:
        assert all(address >> 31 in (0, 0x1FFFFFFFF) for address, _, _ in blocks)
    assert data == dump(spec)


@pytest.mark.parametrize(
    ("name", "machine", "build"),
    [("triage_x64.dmp", "x64", 19041), ("triage_arm64.dmp", "ARM64", 22000), ("RPi3_ARM_mini.cab.dmp", "ARM", 17134)],
)
def test_the_debugger_data_block_is_that_of_a_real_dump(real_dumps: Path, name: str, machine: str, build: int):
    """Every offset, size and selector in the block that the writer makes is what the kernel of that build says."""
    real = (real_dumps / name).read_bytes()
    ours = dump(Spec("triage", machine, build, pointers=(("KdDebuggerDataBlock", 0x80001000),)))
    blocks = []
    for data in (real, ours):
        header = triage_header(data)
        blocks.append(data[header["DebuggerDataOffset"] :][: header["DebuggerDataSize"]])
    theirs, mine = blocks

    assert mine[0x10:0x18] == theirs[0x10:0x18]  # tag and size
    assert mine[0x36:0x38] == theirs[0x36:0x38]  # PaeEnabled
    assert mine[0x138:0x140] == theirs[0x138:0x140]  # MmPageSize
    for start, end in ((0x298, 0x2C2), (0x2E0, 0x308), (0x338, 0x35E)):
        assert mine[start:end] == theirs[start:end]


@pytest.mark.parametrize(
    ("name", "machine", "build", "also_set"),
    [
        ("triage_x64.dmp", "x64", 19041, ()),
        ("triage_arm64.dmp", "ARM64", 22000, ("BootId",)),
        ("RPi3_ARM_mini.cab.dmp", "ARM", 17134, ("Attributes",)),
    ],
)
def test_the_header_is_unset_where_a_real_one_is(
    real_dumps: Path, name: str, machine: str, build: int, also_set: tuple[str, ...]
):
    real = (real_dumps / name).read_bytes()
    ours = dump(Spec("triage", machine, build, settings=tuple((field, 1) for field in also_set)))
    end = 0x2000 if wide(machine) else 0x1000

    def unset(data: bytes) -> set[int]:
        return {at for at in range(0, end, 4) if data[at : at + 4] == b"PAGE"}

    # 32-bit Windows leaves what was on its stack in ExceptionInformation; the writer leaves "PAGE".
    information = set(range(0x7E4, 0x820, 4)) if end == 0x1000 else set()

    assert unset(ours) - information == unset(real) - information
