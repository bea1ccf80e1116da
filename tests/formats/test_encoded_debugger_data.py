"""The encoded debugger data block of a running kernel."""

from __future__ import annotations

from dumpwalk.formats.encoded_debugger_data import Keys, decode, decode_block, decoded_or_raw
from dumpwalk.memory.segments import Segment, SegmentedMemory

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


def test_variables_that_are_not_there() -> None:
    raw, why_not = decoded_or_raw(SegmentedMemory([]), b"12345678", KEYS)

    assert raw == b"12345678"
    assert why_not.startswith("it can't be decoded: ")
