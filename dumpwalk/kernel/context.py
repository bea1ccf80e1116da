"""CONTEXT records: the registers of a processor, by architecture."""

from __future__ import annotations

from dumpwalk.memory.address import Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.address import Address
    from dumpwalk.memory.machine import Machine

# Name -> (offset, size), in the order WinDbg's `r` prints them. From the
# CONTEXT structures of winnt.h, as Microsoft documents them for each
# architecture.
_X64 = {
    "rax": 0x78, "rbx": 0x90, "rcx": 0x80, "rdx": 0x88, "rsi": 0xA8, "rdi": 0xB0,
    "rip": 0xF8, "rsp": 0x98, "rbp": 0xA0,
    **{f"r{n}": 0xB8 + 8 * (n - 8) for n in range(8, 16)},
}  # fmt: skip
_X86 = {
    "eax": 0xB0, "ebx": 0xA4, "ecx": 0xAC, "edx": 0xA8, "esi": 0xA0, "edi": 0x9C,
    "eip": 0xB8, "esp": 0xC4, "ebp": 0xB4,
}  # fmt: skip


@record
class _Layout:
    """Where a CONTEXT keeps its registers.

    :param flag: the bit of ContextFlags that says "this architecture"
    :param size: bytes of the fixed part
    """

    flag: int
    size: int
    flags_offset: int
    registers: dict[str, tuple[int, int]]
    pc: str
    sp: str
    fp: str


def _sized(names: dict[str, int], size: int) -> dict[str, tuple[int, int]]:
    return {name: (offset, size) for name, offset in names.items()}


_LAYOUTS = {
    "x64": _Layout(
        0x100000, 0x4D0, 0x30,
        {
            **_sized(_X64, 8),
            **_sized({"cs": 0x38, "ss": 0x42, "ds": 0x3A, "es": 0x3C, "fs": 0x3E, "gs": 0x40}, 2),
            **_sized({"EFlags": 0x44, "MxCsr": 0x34}, 4),
        },
        "rip", "rsp", "rbp",
    ),
    "x86": _Layout(
        0x10000, 0x2CC, 0,
        {
            **_sized(_X86, 4),
            **_sized({"cs": 0xBC, "ss": 0xC8, "ds": 0x98, "es": 0x94, "fs": 0x90, "gs": 0x8C, "EFlags": 0xC0}, 4),
        },
        "eip", "esp", "ebp",
    ),
    "ARM64": _Layout(
        0x400000, 0x390, 0,
        {
            **_sized({f"x{n}": 8 + 8 * n for n in range(29)}, 8),
            **_sized({"fp": 0xF0, "lr": 0xF8, "sp": 0x100, "pc": 0x108}, 8),
            **_sized({"Cpsr": 4, "Fpcr": 0x310, "Fpsr": 0x314}, 4),
        },
        "pc", "sp", "fp",
    ),
    # On ARM Windows keeps frame chains in r11.
    "ARM": _Layout(
        0x200000, 0x1A0, 0,
        {
            **_sized({f"r{n}": 4 + 4 * n for n in range(13)}, 4),
            **_sized({"sp": 0x38, "lr": 0x3C, "pc": 0x40, "Cpsr": 0x44, "Fpscr": 0x48}, 4),
        },
        "pc", "sp", "r11",
    ),
}  # fmt: skip


@record
class Context:
    """The registers of a processor.

    :param machine: name of the architecture
    :param source: where in the dump it was found, and so which moment it shows
    :param registers: by the names that WinDbg's ``r`` uses, in its order
    """

    machine: str
    source: str
    ContextFlags: Hex
    registers: dict[str, Hex]
    pc: Address
    sp: Address
    fp: Address


def context_size(machine: Machine) -> int:
    """Return the size of the fixed part of a CONTEXT in bytes, 0 for an architecture that is not known."""
    layout = _LAYOUTS.get(machine.name)
    return layout.size if layout else 0


def register_names(machine: Machine) -> set[str]:
    """Return the registers of a CONTEXT of that architecture, in small letters."""
    layout = _LAYOUTS.get(machine.name)
    return {name.lower() for name in layout.registers} if layout else set()


def parse_context(data: bytes, machine: Machine, source: str) -> Context | Absent:
    """Return the CONTEXT that *data* begins with.

    ``ContextFlags`` must carry the architecture's bit; a page of zeros or of
    the ``PAGE`` pattern that fills unset header fields does not.
    """
    if not data:
        return Absent("the file holds none")
    layout = _LAYOUTS.get(machine.name)
    if layout is None:
        return Absent(f"the CONTEXT of {machine.name} is not known")
    if len(data) < layout.size:
        return Absent(f"the CONTEXT is cut: {len(data):#x} of {layout.size:#x} bytes")
    flags = int.from_bytes(data[layout.flags_offset : layout.flags_offset + 4], "little")
    # "PAGE" as a number, 0x45474150, has the x64, x86 and ARM64 bits set.
    if not flags & layout.flag or flags == 0x45474150:
        return Absent("the CONTEXT is not filled in" if flags in (0, 0x45474150) else f"no {machine.name} CONTEXT")
    values = {name: Hex(int.from_bytes(data[o : o + n], "little")) for name, (o, n) in layout.registers.items()}
    pc, sp, fp = (machine.address(values[name]) for name in (layout.pc, layout.sp, layout.fp))
    return Context(machine.name, source, Hex(flags), values, pc, sp, fp)
