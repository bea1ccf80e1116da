"""CONTEXT records and trap frames of each machine, as bytes.

Offsets: ``winnt.h`` (CONTEXT of x64, x86 and ARM, ARM64_NT_CONTEXT) and public
type listings of ``_KTRAP_FRAME`` (x64, x86).
"""

from __future__ import annotations

from dumpwalk.synth.layouts import numbers, table
from dumpwalk.synth.structures import put

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.synth.layouts import Table
    from dumpwalk.synth.spec import Fields


def _row(names: str, offset: int, size: int) -> dict[str, tuple[int, int]]:
    """Return *names* at *offset* and after it, *size* bytes each."""
    return {name: (offset + index * size, size) for index, name in enumerate(names.split())}


def _numbered(stem: str, count: int) -> str:
    return " ".join(f"{stem}{index}" for index in range(count))


_X64_INTEGERS = "rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15 rip"

# name -> size, fields, and what the kernel has in them when it stops the machine
CONTEXTS: dict[str, tuple[int, Table, dict[str, int]]] = {
    "x64": (
        0x4D0,
        table("ContextFlags 30 4\nmxcsr 34 4")
        | _row("cs ds es fs gs ss", 0x38, 2)
        | {"efl": (0x44, 4)}
        | _row("dr0 dr1 dr2 dr3 dr6 dr7", 0x48, 8)
        | _row(_X64_INTEGERS, 0x78, 8),
        numbers("ContextFlags=10001f mxcsr=1f80 cs=10 ds=2b es=2b fs=53 gs=2b ss=18 efl=246"),
    ),
    "x86": (
        0x2CC,
        {"ContextFlags": (0, 4)}
        | _row("dr0 dr1 dr2 dr3 dr6 dr7", 4, 4)
        | _row("gs fs es ds edi esi ebx edx ecx eax ebp eip cs efl esp ss", 0x8C, 4),
        numbers("ContextFlags=1003f gs=0 fs=30 es=23 ds=23 cs=8 ss=10 efl=246"),
    ),
    "ARM64": (
        0x390,
        _row("ContextFlags cpsr", 0, 4) | _row(_numbered("x", 29) + " fp lr sp pc", 8, 8) | _row("fpcr fpsr", 0x310, 4),
        numbers("ContextFlags=400007 cpsr=80000144"),
    ),
    "ARM": (
        0x1A0,
        {"ContextFlags": (0, 4)} | _row(_numbered("r", 13) + " sp lr pc cpsr fpscr", 4, 4),
        numbers("ContextFlags=20000f cpsr=60000133"),
    ),
}

TRAP_FRAMES: dict[str, tuple[int, Table, dict[str, int]]] = {
    "x64": (
        0x190,
        _row("PreviousMode PreviousIrql FaultIndicator ExceptionActive", 0x28, 1)
        | {"mxcsr": (0x2C, 4)}
        | _row("rax rcx rdx r8 r9 r10 r11 GsBase", 0x30, 8)
        | {"FaultAddress": (0xD0, 8)}
        | _row("ds es fs gs", 0x130, 2)
        | _row("TrapFrame rbx rdi rsi rbp ErrorCode rip", 0x138, 8)
        | table("cs 170 2\nefl 178 4\nrsp 180 8\nss 188 2"),
        numbers("mxcsr=1f80 cs=10 ss=18 efl=246"),
    ),
    "x86": (
        0x8C,
        _row("DbgEbp DbgEip DbgArgMark DbgArgPointer", 0, 4)
        | _row("dr0 dr1 dr2 dr3 dr6 dr7 gs es ds edx ecx eax PreviousPreviousMode ExceptionList fs", 0x18, 4)
        | _row("edi esi ebx ebp ErrCode eip cs efl esp ss", 0x54, 4),
        # KiTrap* mark a frame that can be walked with this value.
        numbers("DbgArgMark=badb0d00 cs=8 ds=23 es=23 fs=30 efl=246"),
    ),
}


def context(machine: str, fields: Fields) -> bytes:
    """Return a CONTEXT with the registers *fields* over what is usual when the machine stops.

    :raises SpecError: on a register that the machine does not have
    """
    return _build(CONTEXTS[machine], fields, f"{machine} CONTEXT")


def trap_frame(machine: str, fields: Fields) -> bytes:
    """Return a ``_KTRAP_FRAME`` with the *fields* given.

    :raises SpecError: on a field it does not have, or a machine whose trap frame is not known here
    """
    if machine not in TRAP_FRAMES:
        from dumpwalk.synth.spec import SpecError

        raise SpecError(f"trap frames of {machine} can't be written; only those of {', '.join(TRAP_FRAMES)}")
    return _build(TRAP_FRAMES[machine], fields, f"{machine} _KTRAP_FRAME")


def _build(shape: tuple[int, Table, dict[str, int]], fields: Fields, what: str) -> bytes:
    size, offsets, usual = shape
    data = bytearray(size)
    put(data, offsets, tuple(usual.items()), what)
    put(data, offsets, fields, what)
    return bytes(data)
