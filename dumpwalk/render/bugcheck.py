"""Bug checks as text, in the layout of WinDbg's ``!analyze``."""

from __future__ import annotations

from dumpwalk.bugchecks.decoder import sentence
from dumpwalk.memory.address import Address32
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.bugchecks import BugCheck, Parameter

WIDTH = 100


def layout(bugcheck: BugCheck, pointer_size: int | None = None) -> str:
    """Return *bugcheck* as text: name and code, meaning, arguments, explanation.

    :param pointer_size: 4 or 8 decides the width of arguments; told from the values when not given
    """
    lines = [heading(bugcheck)]
    about = bugcheck.meaning.reason if isinstance(bugcheck.meaning, Absent) else bugcheck.meaning
    lines += wrap(sentence(about))
    lines.append("Arguments:")
    digits = 2 * (pointer_size or _pointer_size(bugcheck))
    for number, parameter in enumerate(bugcheck.parameters, 1):
        lines += _argument(number, parameter, digits)
    said = {sentence(p.decoded) for p in bugcheck.parameters if p.decoded}
    rest = [text for text in bugcheck.explanation if text not in said]
    if rest:
        lines.append("")
    for text in rest:
        lines += wrap(text)
    return "\n".join(lines)


def heading(bugcheck: BugCheck) -> str:
    """Return ``NAME (code)``, as the first line of ``!analyze -v`` has it."""
    name = "Unknown bugcheck code" if isinstance(bugcheck.name, Absent) else bugcheck.name
    return f"{name} ({bugcheck.raw_code:x})"


def wrap(text: str, width: int = WIDTH, indent: str = "", first: str = "") -> list[str]:
    """Return *text* broken at blanks into lines of at most *width* characters; longer words stay whole.

    :param first: what the first line begins with; the others begin with *indent*
    """
    lines = []
    line = first
    started = False  # is there a word on the line yet?
    for word in text.split():
        if started and len(line) + 1 + len(word) > width:
            lines.append(line)
            line, started = indent, False
        line += f" {word}" if started else word
        started = True
    return [*lines, line]


def _argument(number: int, parameter: Parameter, digits: int) -> list[str]:
    value = parameter.given
    shown = f"{value:0{digits}x}, " if value is not None else ""
    lines = wrap(parameter.meaning, first=f"Arg{number}: {shown}", indent="    ")
    if parameter.decoded:
        lines += wrap(parameter.decoded, first="    ", indent="    ")
    return lines


def _pointer_size(bugcheck: BugCheck) -> int:
    return 4 if any(isinstance(p.value, Address32) for p in bugcheck.parameters) else 8
