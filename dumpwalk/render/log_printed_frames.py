"""The lines that a debugger prints of stacks and of instructions, in each form that its versions have had."""

from __future__ import annotations

from dumpwalk.memory.address import Address, Address32
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from dumpwalk.transcript.frame import Frame
    from dumpwalk.transcript.instructions import Instruction
    from dumpwalk.transcript.site import Site

    Runs = Iterator[list[list[str]]]

UNREAD = "????"
# Blanks behind the first and the second address of a frame: of old debuggers, of new ones, of those of NT 4,
# of pages that show them wider.
_GAPS = ((" ", " "), (" ", "     "), ("  ", "  "), ("   ", "   "))
# Columns of an instruction's bytes: of new debuggers and old ones.
CODE = (15, 16)
_PREFIXES = ("rep", "repe", "repne", "lock")
# From the beginning of an instruction's text to the end of what was read at its operand's address.
_TO_EFFECTIVE = 54


def number(value: Any, form: str = "") -> str:
    """Return a number as *form* says; question marks for one that could not be read."""
    return UNREAD if isinstance(value, Absent) else format(value, form)


def site(found: Site) -> str:
    """Return a place in code with all that a stack prints of it."""
    name = f"{found.module}!{found.symbol}" if found.module and found.symbol else found.module or found.symbol
    if found.address is not None:
        name = f"0x{found.address:016x}" if found.address >> 32 else f"0x{found.address:x}"
    offset = f"+{found.offset}" if found.offset is not None else ""
    source = f" [{found.source} @ {found.line}]" if found.source else ""
    words = [note if note[:1] in "/<*" else f"({note})" for note in found.notes]
    notes = "".join(f" {w}" for w in words if w[:1] == "(")
    said = "".join(f" {w}" for w in words if w[:1] != "(")
    return f"{name}{found.parameters}{offset}{notes}{source}{said}".strip()


def frame(found: Frame, gaps: tuple[str, str] = _GAPS[0], numbered: str = "02x") -> str:
    """Return a frame as ``k`` and its like print it, with the columns that it has.

    :param gaps: the blanks behind the first and the second address
    :param numbered: how the frame's number is printed
    """
    number = f"{found.number:{numbered}} " if found.number is not None else ""
    place = site(found.place)
    if found.inline:
        return f"{number}(Inline Function) ----------------{gaps[1]}{place}"
    if found.return_address is None:
        return number + place
    narrow = isinstance(found.return_address, Address32)
    size = f"{found.size:>{8 if narrow else 9}x} " if found.size is not None else ""
    sp = f"{found.child_sp}{gaps[0]}" if found.child_sp is not None else ""
    args = " ".join(f"{a:08x}" if narrow else str(Address(a)) for a in found.args)
    if args:
        args = f"{args} " if narrow else f": {args} : "
    return f"{number}{size}{sp}{found.return_address}{gaps[1]}{args}{place}"


def instruction(found: Instruction, width: int = 15) -> str:
    """Return an instruction as ``u`` prints it; its bytes in a column of *width*."""
    mnemonic, _, operands = found.text.partition(" ")
    text = f"{mnemonic:{0 if mnemonic in _PREFIXES else 7}} {operands}" if operands else mnemonic
    if found.effective:
        text += f" {found.effective:>{max(0, _TO_EFFECTIVE - len(text) - 1)}}"
    line = f"{found.line:>5} " if found.line is not None else ""
    return f"{line}{found.address} {found.code:{width}} {text}"


def stack(found: Any) -> Runs:
    """Yield a stack of Windows, of gdb or of Xcode, below the thread where that is said."""
    if found.thread is not None:
        t = found.thread
        text = f"{t.number}  id: {t.process_id:x}.{t.thread_id:x}   Suspend: {t.suspend_count:x} Teb {t.teb} {t.state}"
        newer = text.replace("id:", "Id:").replace("Teb ", "Teb: ")
        yield [[sign + form] for form in (text, newer) for sign in ("", ".  ", "#  ", ". ")]
    if found.system == "linux":
        yield [[_gdb(f) for f in found.frames]]
    elif found.system == "macos":
        yield [[f"{f.place.symbol} at {f.place.source}:{f.place.line}" for f in found.frames]]
    else:
        yield from frames(found.frames)


def frames(found: tuple[Frame, ...]) -> Runs:
    """Yield the frames of a stack, below their heading."""
    yield [[header] for header in _headers(found)]
    narrow = any(isinstance(f.return_address, Address32) for f in found)
    for numbered in ("02x", "x"):
        forms = [[frame(f, gaps, numbered) for f in found] for gaps in _GAPS]
        if narrow:
            forms = [
                [line.replace("(Inline Function) ----------------", "(Inline) --------") for line in form]
                for form in forms
            ]
        yield forms


def _gdb(found: Frame) -> str:
    """Return a frame as gdb prints it."""
    place = found.place
    if place.notes:  # <signal handler called>
        return f"#{found.number or 0:<2} {place.notes[0]}"
    at = f"0x{place.address:08x} in " if place.address is not None else ""
    source = f" at {place.source}:{place.line}" if place.source else ""
    return f"#{found.number or 0:<2} {at}{place.symbol} ({place.parameters}){source}"


def _headers(found: tuple[Frame, ...]) -> Iterator[str]:
    """Yield what may stand above frames with these columns."""
    first = next((f for f in found if f.return_address is not None), None)
    sign = " # " if found and found[0].number is not None else ""
    yield "STACK_TEXT:"
    if first is None:
        yield f"{sign}Call Site"
        return
    if isinstance(first.return_address, Address32):
        memory = "Memory  " if first.size is not None else ""
        for gap in ("  ", "      "):
            yield (
                f"{sign}{memory}ChildEBP RetAddr{gap}Args to Child" if first.args else f"{sign}{memory}ChildEBP RetAddr"
            )
        yield "FramePtr  RetAddr   Param1   Param2   Param3   Function Name"
        return
    sp = "Child-SP          " if first.child_sp is not None else ""
    memory = "  Memory  " if first.size is not None else ""
    for blanks in (11, 15):
        ret = f"{sign}{memory}{sp}RetAddr{'':{blanks}}"
        yield f"{ret}: {'Args to Child':72}: Call Site" if first.args else f"{ret}Call Site"
        yield f"{ret}: Args to Child"
