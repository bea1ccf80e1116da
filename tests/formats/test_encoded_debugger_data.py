"""The encoded debugger data block of a running kernel."""

from __future__ import annotations

from paged_machine import World

from dumpwalk.formats.encoded_debugger_data import Keys, decode, decode_block, decoded_or_raw
from dumpwalk.formats.live_contents import contents
from dumpwalk.memory.machine import MACHINES
from dumpwalk.memory.paging.modes import X64
from dumpwalk.memory.physical import RunMemory
from dumpwalk.memory.segments import Segment, SegmentedMemory
from dumpwalk.memory.virtual import VirtualMemory
from dumpwalk.remarks import Absent

NEVER, ALWAYS, FLAG = 0x0123456789ABCD2B, 0xFEDCBA9876543210, 0xFFFFF80002C3D110
KEYS = Keys(FLAG, 0xFFFFF80002C40000, 0xFFFFF80002C40008)
ALL = (1 << 64) - 1


def encode(word: int) -> int:
    """The inverse, written down apart from the decoder."""
    mixed = int.from_bytes(((word ^ ALWAYS) & ALL).to_bytes(8, "big"), "little") ^ FLAG
    count = NEVER & 0x3F
    return ((mixed >> count) | (mixed << (64 - count)) & ALL) ^ NEVER


def memory(encoded: int) -> SegmentedMemory:
    variables = NEVER.to_bytes(8, "little") + ALWAYS.to_bytes(8, "little")
    return SegmentedMemory(
        [
            Segment(FLAG, memoryview(bytes([encoded]))),
            Segment(KEYS.KiWaitNever, memoryview(variables)),
        ]
    )


def test_a_published_word() -> None:
    """Size 0x380 and the tag KDBG, encoded by the formula of Volatility 2's win8_kdbg."""
    assert encode(0x000003804742444B) == 0xC7000A26347F5C16
    assert decode(0xC7000A26347F5C16, NEVER, ALWAYS, FLAG) == 0x000003804742444B
    assert decode(encode(0xFFFFF80002A0A000), NEVER, ALWAYS, FLAG) == 0xFFFFF80002A0A000


def test_a_block() -> None:
    words = (0xFFFFF80002C00000, 0xFFFFF80002C00000, 0x000003804742444B, 0xFFFFF80002A0A000)
    plain = b"".join(w.to_bytes(8, "little") for w in words)
    raw = b"".join(encode(w).to_bytes(8, "little") for w in words)

    assert decode_block(memory(1), raw, KEYS) == plain
    assert decode_block(memory(0), plain, KEYS) == plain


def test_a_block_that_can_be_read_is_not_encoded() -> None:
    """Whatever the kernel's variables say, and even if they can't be read."""
    plain = bytes(16) + b"KDBG" + bytes(12)

    assert decoded_or_raw(SegmentedMemory([]), plain, KEYS) == (plain, "")


def test_variables_that_are_not_there() -> None:
    raw, why_not = decoded_or_raw(SegmentedMemory([]), b"12345678", KEYS)

    assert raw == b"12345678"
    assert why_not.startswith("it can't be decoded: ")


def test_the_contents_of_a_running_machine() -> None:
    """As a raw image has it: no header, an encoded block, and the addresses from somewhere else."""
    world = World("x64")
    machine, kernel = world.machine, world.machine.kernel
    block, flag = kernel + 0x11000, FLAG
    page = machine.pages[machine.page_of(block)]
    for at in range(0, 0x380, 8):
        page[at : at + 8] = encode(int.from_bytes(page[at : at + 8], "little")).to_bytes(8, "little")
    machine.write(flag, b"\1")
    machine.write(KEYS.KiWaitNever, NEVER.to_bytes(8, "little") + ALWAYS.to_bytes(8, "little"))
    data = bytearray((max(machine.pages) + 1) << 12)
    for number, held in machine.pages.items():
        data[number << 12 : (number + 1) << 12] = held
    space = VirtualMemory(RunMemory(memoryview(data), [(0, len(data), 0)]), X64, machine.root)
    kind = MACHINES[0x8664]

    nowhere = Absent("not known")
    plain = contents(space, kind, debugger_data_at=kind.address(block), modules_at=nowhere)
    decoded = contents(space, kind, debugger_data_at=kind.address(block), modules_at=nowhere, keys=lambda: KEYS)

    assert isinstance(plain.debugger_data, Absent)
    assert "the block is encoded or damaged" in plain.debugger_data.reason
    assert plain.modules.modules == ()
    assert [m.name for m in decoded.modules.modules] == ["nt", "hal", "example"]
    assert decoded.processor == world.prcbs[0]
    assert decoded.problems == ()
