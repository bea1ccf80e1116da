"""The call stack of any thread: from the registers of the processor that runs it, or from what it saved on its stack.

A thread that does not run left its registers where ``KTHREAD.KernelStack`` points: a ``KSWITCH_FRAME``, and below the
frame of ``KiSwapContext``. The public symbols have it as 0x40 bytes on x64, ``Return`` the last member, and as 12 on
x86, ``RetAddr`` the last one; listings of ``!thread`` agree (Child-SP of the first frame is 0x40 above ``Current``).
"""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.kernel.context import Context, context_size, parse_context
from dumpwalk.kernel.processor import processors
from dumpwalk.memory.address import Hex
from dumpwalk.remarks import Absent
from dumpwalk.unwind.frames import CONTEXT, FRAME_POINTER, LARGEST_STACK, Frame, call_stack, frame_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.thread import Thread
    from dumpwalk.target import Target

_SWITCH_FRAME = {8: 0x40, 4: 0xC}
# x86: KiSwapContext keeps four registers below its return address, ebp the lowest (its listed frame says "[0,0,4]").
_SAVED_REGISTERS = 0x10


def thread_stack(target: Target, thread: Thread) -> tuple[Frame, ...] | Absent:
    """Return the frames of *thread*, innermost first, or why there are none.

    :param thread: a record of :func:`dumpwalk.kernel.thread.thread`
    """
    if thread.State == "Running":
        context = _running(target, thread)
        if isinstance(context, Absent):
            return context
        return tuple(call_stack(target, context, (context.sp, _top(thread, context.sp))))
    if isinstance(thread.KernelStack, Absent):
        return thread.KernelStack
    saved = int(thread.KernelStack)
    if not saved:
        return Absent("it has no kernel stack")
    width = target.machine.pointer_size
    size = _SWITCH_FRAME[width]
    try:
        back = target.read_pointer(saved + size - width)
    except ReadError as error:
        return Absent(f"its stack at {error}")
    top = _top(thread, saved)
    if width == 4:
        return _x86(target, saved, back, top)
    # A value that is no address of code is no saved instruction: then the whole stack is looked through.
    if target.modules.find(back) is None:
        context = _saved(target, target.address(back), saved, 0)
        return tuple(call_stack(target, context, (saved, top)))[1:]
    return tuple(call_stack(target, _saved(target, back, saved + size, 0), (saved + size, top)))


def _x86(target: Target, saved: int, pc: int, top: int) -> tuple[Frame, ...] | Absent:
    """Return the frames above the switch frame at *saved*, whose return address is *pc*."""
    base = saved + _SWITCH_FRAME[4]
    back_at = base + _SAVED_REGISTERS
    try:
        ebp, back = target.read_pointer(base), target.read_pointer(back_at)
    except ReadError as error:
        return Absent(f"its stack at {error}")
    if target.modules.find(pc) is None or target.modules.find(back) is None:
        return Absent(f"what lies at {target.address(saved)} is not what KiSwapContext leaves there")
    first = frame_at(target, 0, target.address(back_at - 4), target.address(pc), CONTEXT)
    rest = call_stack(target, _saved(target, back, back_at + 4, ebp), (back_at, top))
    frames = [frame_at(target, f.number + 1, f.child_sp, f.instruction, f.trust) for f in rest]
    if frames:
        frames[0] = frame_at(target, 1, target.address(ebp), frames[0].instruction, FRAME_POINTER)
    return (first, *frames)


def _saved(target: Target, pc: int, sp: int, fp: int) -> Context:
    address = target.address
    return Context(target.machine.name, "KernelStack", Hex(0), {}, address(pc), address(sp), address(fp))


def _top(thread: Thread, sp: int) -> int:
    """Return where the thread's first frame ended."""
    for bound in (thread.InitialStack, thread.StackBase):
        if not isinstance(bound, Absent) and sp < bound <= sp + LARGEST_STACK:
            return int(bound)
    return sp + LARGEST_STACK


def _running(target: Target, thread: Thread) -> Context | Absent:
    """Return the registers of a running thread: the dump's header has those of one, the processors' blocks others'."""
    header = target.dump.header
    if thread.address == target.dump.thread:
        context = parse_context(header.ContextRecord, target.machine, "dump header")
        if not isinstance(context, Absent) and context.pc:
            return context
    size = context_size(target.machine)
    for cpu in target.once("processors", processors):
        if cpu.CurrentThread != thread.address:
            continue
        for place in (cpu.Context, cpu.ContextFrame):
            data = b"" if isinstance(place, Absent) or not place else target.memory.read_some(place, size)
            context = parse_context(data, target.machine, "KPRCB")
            if not isinstance(context, Absent) and context.pc:
                return context
    return Absent("it runs, and its registers are not in the dump")
