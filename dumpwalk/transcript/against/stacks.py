"""``k`` and its like: what a call stack says of the stack's memory, and of the code that it went through.

A return address lies right below the next frame's Child-SP on x64, and behind the ChildEBP on x86: `call` pushed it
there (Microsoft Learn, "x64 stack usage"; for ChildEBP the page on ``k``). Behind it are the arguments, on x64 the
room that a caller keeps for four of them, which is what the debugger prints as such. Where an interrupt or a fault
pushed it, it is in the trap frame that lies in between.
"""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import EQUAL, Statement, compares
from dumpwalk.transcript.against.named import read_number, statement
from dumpwalk.transcript.against.places import located

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.target import Target
    from dumpwalk.transcript.frame import Frame
    from dumpwalk.transcript.stack import Stack
    from dumpwalk.transcript.unique_stacks import UniqueStacks

# Between two frames with a trap frame in between lie at most that many bytes of stack that are looked through.
_LARGEST_FRAME = 0x10000
_WITH_STACKS = ("x86", "x64")


@compares("stack")
def stack(target: Target, said: Stack, command: str) -> Iterator[Statement | None]:
    """Compare a call stack."""
    yield from frames(target, said)


def frames(target: Target, said: Stack) -> Iterator[Statement | None]:
    """Yield what the frames of a stack say, the innermost first."""
    if said.system != "windows":
        return
    # An inline frame has no place of its own on the stack.
    real = [(number, frame) for number, frame in enumerate(said.frames) if not frame.inline]
    for index, (number, frame) in enumerate(real):
        following = real[index + 1][1] if index + 1 < len(real) else None
        what = f"frame {frame.number if frame.number is not None else number:02x}"
        yield from _frame(target, what, frame, following)
        before = real[index - 1][1] if index else None
        yield _place(target, f"{what} place", frame, before)


@compares("unique-stacks")
def in_common(target: Target, said: UniqueStacks, command: str) -> Iterator[Statement | None]:
    """Compare the places of return addresses: of stacks that threads have in common no more is printed."""
    for index, one in enumerate(said.stacks, 1):
        for number, frame in enumerate(one.frames):
            yield located(target, f"stack {index} frame {number:02x} place", int(frame.address), frame.place)


def _frame(target: Target, what: str, frame: Frame, following: Frame | None) -> Iterator[Statement | None]:
    to = frame.return_address
    if to is None or frame.child_sp is None or target.machine.name not in _WITH_STACKS:
        return
    width = target.machine.pointer_size
    if width == 4:
        slot = int(frame.child_sp) + 4
        arguments = slot + 4
        # What begins a thread has no caller; 0 stands there, or nothing of use.
        end = None if following is None or following.child_sp is None else int(following.child_sp)
    else:
        if following is None or following.child_sp is None:
            return
        end = int(following.child_sp)
        slot, arguments = end - 8, end
    if not to and following is None:
        return
    held = read_number(target, slot, width)
    same = not isinstance(held, Absent) and target.address(held) == target.address(to)
    if not same and not isinstance(held, Absent):
        found = _in_frame(target, int(frame.child_sp), end, to)
        if isinstance(found, Absent):
            held = found
        elif found:
            yield Statement(f"{what} return address", to, to, EQUAL, "in the trap frame between")
            return
    address = held if isinstance(held, Absent) else target.address(held)
    yield statement(f"{what} return address", to, address, width)
    if same:
        for number, value in enumerate(frame.args):
            there = read_number(target, arguments + number * width, width)
            yield statement(f"{what} argument {number + 1}", value, there, width)


def _in_frame(target: Target, start: int, end: int | None, wanted: int) -> bool | Absent:
    """Say whether *wanted* is among the words from *start* to *end*, or why that is not known."""
    if end is None or not start < end <= start + _LARGEST_FRAME:
        return False  # the two are on different stacks
    try:
        data = target.memory.read(target.address(start), end - start)
    except ReadError as error:
        return Absent(str(error))
    width = target.machine.pointer_size
    pattern = (int(wanted) & (1 << 8 * width) - 1).to_bytes(width, "little")
    at = bytes(data).find(pattern)
    while at >= 0:
        if not at % 4:
            return True
        at = bytes(data).find(pattern, at + 1)
    return False


def _place(target: Target, what: str, frame: Frame, before: Frame | None) -> Statement | None:
    """Compare where in code a frame is: at the address that the frame before it returns to."""
    place = frame.place
    if not place.module or place.notes[:1] == ("***",):
        return None
    # Where the text has no address, it says nothing that a dump could tell otherwise.
    address = before.return_address if before is not None else None
    return located(target, what, int(address), place) if address else None
