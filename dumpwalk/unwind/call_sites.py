"""Does a call instruction end where a supposed return address points?"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.machine import Machine

# The longest call of x86 and x64 that matters: FF /2 with SIB and disp32, plus a REX prefix.
LONGEST = 12


def ends_with_call(before: bytes, machine: Machine, *, from_file: bool = False) -> bool:
    """Return whether *before*, the bytes up to an address, ends with a call.

    :param before: at least :data:`LONGEST` bytes where they are known; fewer are tested as far as they go
    :param from_file: the bytes come from the image file. The loader rewrites
        two kinds of call when it loads a driver on Windows 10, so that the
        return address no longer follows the file's instruction: an imported
        call ``48 ff 15 d32`` and its 5-byte NOP become ``4c 8b 15 d32 e8 r32``
        (the return address follows the NOP), and a guarded call ``ff 15 d32``
        becomes ``e8 r32 90`` (the return address lies *inside* the file's
        instruction, five bytes into it). Seen byte for byte on Wdf01000.sys of
        a 19041 machine; a test on file bytes that knows only the first loses
        every guarded call.
    """
    if machine.name == "ARM64":
        return len(before) >= 4 and _arm64_call(int.from_bytes(before[-4:], "little"))
    if machine.name == "ARM":
        return _thumb_call(before)
    if before[-5:-4] == b"\xe8":
        return True
    if from_file and (
        before[-5:-3] == b"\xff\x15" or (before[-12:-9] == b"\x48\xff\x15" and before[-5:-3] == b"\x0f\x1f")
    ):
        return True
    return any(_indirect_call(before[-n:]) for n in (2, 3, 4, 6, 7) if len(before) >= n)


def _indirect_call(code: bytes) -> bool:
    """Return whether *code* is exactly one FF /2 (call r/m), as the Intel manual's ModRM table sizes it."""
    if code[0] != 0xFF or (code[1] >> 3) & 7 != 2:
        return False
    mode, rm = code[1] >> 6, code[1] & 7
    size = 2
    if mode != 3 and rm == 4:
        size += 1  # SIB
        if mode == 0 and len(code) > 2 and code[2] & 7 == 5:
            size += 4
    if mode == 1:
        size += 1
    elif mode == 2 or (mode == 0 and rm == 5):
        size += 4
    return size == len(code)


def _arm64_call(word: int) -> bool:
    """BL, BLR and its authenticated forms (Arm Architecture Reference Manual, C4.1)."""
    return word >> 26 == 0b100101 or word & 0xFFFFFC1F == 0xD63F0000 or word & 0xFEFFF800 == 0xD63F0800


def _thumb_call(before: bytes) -> bool:
    """Thumb-2 BL/BLX immediate (4 bytes) and BLX register (2 bytes)."""
    if len(before) >= 4:
        first, second = int.from_bytes(before[-4:-2], "little"), int.from_bytes(before[-2:], "little")
        if first >> 11 == 0b11110 and second >> 14 == 0b11:
            return True
    return len(before) >= 2 and int.from_bytes(before[-2:], "little") & 0xFF87 == 0x4780
