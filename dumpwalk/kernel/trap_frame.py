"""``_KTRAP_FRAME``: the registers that a fault, an interrupt or a system call left on the kernel stack."""

from __future__ import annotations

from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.target import Target
    from dumpwalk.types.layouts import Struct

# Instruction and stack pointer, code segment and flags of each architecture's frame; NT's names.
_KEY_FIELDS = {
    "x64": ("Rip", "Rsp", "SegCs", "EFlags", "ErrorCode"),
    "x86": ("Eip", "HardwareEsp", "SegCs", "EFlags", "ErrCode"),
}
# What else is worth knowing. Non-volatile registers are saved on some paths only (a fault in the kernel
# leaves whatever was on the stack in their place), so they are not shown; CONTEXT records have them.
_VOLATILE = {
    "x64": ("Rax", "Rcx", "Rdx", "R8", "R9", "R10", "R11", "Rbp"),
    "x86": ("Eax", "Ecx", "Edx", "Ebp"),
}
# Ring 0 and ring 3 code selectors (0x23 runs 32-bit code on x64).
_CODE_SELECTORS = {"x64": (0x10, 0x33, 0x23), "x86": (0x08, 0x1B)}
_EFLAGS_ALWAYS_ONE = 2
_EFLAGS_RESERVED = 0xFFC08028  # Intel manual, "EFLAGS Register"


@record
class TrapFrame:
    """A trap frame.

    :param source: how it was found
    :param pc: where execution was interrupted
    :param sp: the stack pointer there; absent on x86 when the trap came from the kernel, which pushes none
    :param user: it came from user mode
    :param registers: the volatile ones, by NT's names
    """

    address: Address
    source: str
    pc: Address
    sp: Address | Absent
    user: bool
    ErrorCode: Hex
    EFlags: Hex
    registers: dict[str, Hex]


def trap_frame(target: Target, address: int, source: str) -> TrapFrame | Absent:
    """Return the trap frame at *address*, if what stands there can be one."""
    layout = _layout(target)
    if isinstance(layout, Absent):
        return layout
    data = target.memory.read_some(target.address(address), layout.size)
    return _parse(target, layout, data, address, source)


def trap_frame_of(target: Target, pc: int, low: int, high: int, source: str) -> TrapFrame | Absent:
    """Return the trap frame between the stack addresses *low* and *high* that was made when *pc* was interrupted."""
    layout = _layout(target)
    if isinstance(layout, Absent):
        return layout
    width = target.machine.pointer_size
    offset = _place(layout, _KEY_FIELDS[target.machine.name][0])[0]
    stack = target.memory.read_some(target.address(low), max(0, high - low))
    wanted = int(pc).to_bytes(width, "little")
    at = stack.find(wanted)
    while at >= 0:
        start = at - offset
        if at % width == -low % width and start >= 0:
            found = _parse(target, layout, stack[start : start + layout.size], low + start, source)
            if not isinstance(found, Absent):
                return found
        at = stack.find(wanted, at + 1)
    return Absent(f"no trap frame of {target.address(pc)} is on the stack")


def _layout(target: Target) -> Struct | Absent:
    profile = target.profile
    if isinstance(profile, Absent):
        return profile
    if profile.machine != target.machine.name or target.machine.name not in _KEY_FIELDS:
        return Absent(f"the _KTRAP_FRAME of {target.machine.name} is not known")
    found = profile.structs.get("_KTRAP_FRAME")
    if found is None or any(found.find(name) is None for name in _KEY_FIELDS[target.machine.name]):
        return Absent(f"{profile.name} has no _KTRAP_FRAME")
    return found


def _place(layout: Struct, name: str) -> tuple[int, int]:
    field = layout.find(name)
    return (field.offset, field.size) if field else (0, 0)


def _parse(target: Target, layout: Struct, data: bytes, address: int, source: str) -> TrapFrame | Absent:
    if len(data) < layout.size:
        return Absent(f"{target.address(address)}: not in the dump")

    def value(name: str) -> int:
        offset, size = _place(layout, name)
        return int.from_bytes(data[offset : offset + size], "little")

    machine = target.machine.name
    pc, sp, cs, flags, error = _KEY_FIELDS[machine]
    selector, eflags = value(cs) & 0xFFFF, value(flags)
    if selector not in _CODE_SELECTORS[machine] or not eflags & _EFLAGS_ALWAYS_ONE or eflags & _EFLAGS_RESERVED:
        return Absent(f"what is at {target.address(address)} is no trap frame")
    user = bool(selector & 3)
    stack: Address | Absent = target.address(value(sp))
    if machine == "x86" and not user:
        stack = Absent("a trap from the kernel pushes no stack pointer")
    registers = {name: Hex(value(name)) for name in _VOLATILE[machine]}
    place = target.address(address)
    return TrapFrame(place, source, target.address(value(pc)), stack, user, Hex(value(error)), Hex(eflags), registers)
