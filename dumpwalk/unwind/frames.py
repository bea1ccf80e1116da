"""Call stacks, as far as a dump gives them without image files: frames, and how far each can be trusted."""

from __future__ import annotations

from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.unwind.call_sites import LONGEST, ends_with_call
from dumpwalk.unwind.code_ranges import code_ranges

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.kernel.context import Context
    from dumpwalk.kernel.trap_frame import TrapFrame
    from dumpwalk.symbols.modules import Module
    from dumpwalk.target import Target

# Kernel stacks are 12 to 96 KB; nothing above this is one.
LARGEST_STACK = 0x40000
MOST_FRAMES = 512
# An image begins with a page of headers, never with code.
HEADERS = 0x1000

CONTEXT = "context"
TRAP_FRAME = "trap frame"
FRAME_POINTER = "frame pointer"
SCAN = "scan"


@record
class Frame:
    """A frame of a call stack, or a candidate for one.

    :param child_sp: the stack address just above the return address; for a chain of frame
        pointers the frame pointer
    :param instruction: where execution is, or returns to
    :param site: the same as ``module!symbol+0x12``, ``module+0x1234`` without a symbol, or the
        bare address when it lies in no module
    :param trust: ``context`` or ``trap frame`` (saved registers say so), ``frame pointer`` (a chain
        that held together) or ``scan`` (a value on the stack that could be a return address:
        some are left over from calls that returned long ago)
    """

    number: int
    child_sp: Address
    instruction: Address
    module: str
    offset: Hex
    site: str
    trust: str


def call_stack(
    target: Target, context: Context, limits: tuple[int, int] | None = None, trap: TrapFrame | None = None
) -> Iterator[Frame]:
    """Yield the frames that *context* stands on, innermost first.

    ARM64, ARM and x86 keep chains of frame pointers. x64 does not: without
    the images' unwind tables its stack can only be scanned for candidates.

    :param limits: lowest and highest address of the stack where they are known
    :param trap: a trap frame on this stack: on x64 the scan goes on from the registers in it
    """
    yield frame_at(target, 0, context.sp, context.pc, CONTEXT)
    low, high = limits or (context.sp, context.sp + LARGEST_STACK)
    if context.machine == "x64":
        found = _x64(target, context.sp, min(high, context.sp + LARGEST_STACK), trap)
    else:
        found = ((sp, instruction, FRAME_POINTER) for sp, instruction in _chain(target, context, low, high))
    for number, (sp, instruction, trust) in zip(range(1, MOST_FRAMES), found):
        yield frame_at(target, number, target.address(sp), target.address(instruction), trust)


def _x64(target: Target, low: int, high: int, trap: TrapFrame | None) -> Iterator[tuple[int, int, str]]:
    """Scan up to the trap frame, take the registers it holds, and go on above the stack pointer in them."""
    if trap is not None and low <= trap.address < high:
        yield from ((sp, value, SCAN) for sp, value in _scan(target, low, trap.address))
        low = high if trap.user or isinstance(trap.sp, Absent) or trap.sp <= trap.address else trap.sp
        yield (trap.address if isinstance(trap.sp, Absent) else trap.sp), trap.pc, TRAP_FRAME
    yield from ((sp, value, SCAN) for sp, value in _scan(target, low, high))


def frame_at(target: Target, number: int, sp: Address, instruction: Address, trust: str) -> Frame:
    """Return the frame whose execution is at, or returns to, *instruction*."""
    module = target.modules.find(instruction)
    if module is None:
        return Frame(number, sp, instruction, "", Hex(0), str(instruction), trust)
    offset = Hex(instruction - module.base)
    names = target.kept.setdefault("names", {})
    if instruction not in names:
        names[instruction] = target.name(instruction) or ""
    return Frame(number, sp, instruction, module.name, offset, names[instruction], trust)


def _chain(target: Target, context: Context, low: int, high: int) -> Iterator[tuple[int, int]]:
    """Follow frame pointers: ``[fp]`` is the caller's, ``[fp+pointer]`` the return address.

    A chain must climb and stay on the stack; that bounds it and keeps it out
    of cycles. It ends with a null pointer or return address.
    """
    width = target.machine.pointer_size
    fp = int(context.fp)
    while low <= fp <= high - 2 * width:
        frame = target.memory.read_some(target.address(fp), 2 * width)
        if len(frame) < 2 * width:
            return
        caller, back = int.from_bytes(frame[:width], "little"), int.from_bytes(frame[width:], "little")
        if target.machine.name == "ARM":
            back &= ~1  # the Thumb bit
        if not back or target.modules.find(back) is None:
            if target.machine.name == "x86" and _in_user_space(caller) and _in_user_space(back):
                yield caller, back  # a trap frame keeps both where a frame of the chain has them: DbgEbp and DbgEip
            return
        yield caller or fp + 2 * width, back
        if caller <= fp:
            return
        fp = caller


def _in_user_space(address: int) -> bool:
    """Say whether a 32-bit *address* can be one of a process: above the first 64 KB, below 2 GB."""
    return 0x10000 <= address < 0x7FFF0000


def _scan(target: Target, low: int, high: int) -> Iterator[tuple[int, int]]:
    """Yield the stack values that could be return addresses: they lie in code, behind a call where that is known."""
    from struct import unpack_from

    width = target.machine.pointer_size
    start = low + -low % width
    stack = target.memory.read_some(target.address(start), max(0, high - start))
    known: dict[str, tuple[tuple[int, int], ...] | None] = target.kept.setdefault("code ranges", {})
    first, end = target.once("code space", _code_space)
    words = unpack_from(f"<{len(stack) // width}{'Q' if width == 8 else 'I'}", stack)
    judged: dict[int, bool] = target.kept.setdefault("return addresses", {})
    for at, value in enumerate(words):
        if not first <= value < end:
            continue
        at *= width
        could = judged.get(value)
        if could is not None:  # many threads wait in the same places
            if could:
                yield start + at + width, value
            continue
        module = target.modules.find(value)
        if module is None:
            continue
        if module.name not in known:
            known[module.name] = code_ranges(target, module)
        judged[value] = _could_return_to(target, value, module, known[module.name])
        if judged[value]:
            yield start + at + width, value


def _code_space(target: Target) -> tuple[int, int]:
    """Return where the first module begins and the last one ends."""
    modules = target.modules.modules
    return int(min((m.base for m in modules), default=0)), int(max((m.end for m in modules), default=0))


def _could_return_to(target: Target, value: int, module: Module, ranges: tuple[tuple[int, int], ...] | None) -> bool:
    offset = value - module.base
    if offset < HEADERS or (ranges is not None and not any(start < offset < end for start, end in ranges)):
        return False
    symbol = target.symbol(value)
    if symbol is not None and not symbol[1]:
        return False  # where a function or a variable begins, nothing returns to
    before = target.memory.read_some(target.address(value - LONGEST), LONGEST)
    return len(before) < LONGEST or ends_with_call(before, target.machine)
