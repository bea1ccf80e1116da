"""``dumpwalk bugcheck``: what a bug check code and its parameters mean."""

from __future__ import annotations

from dumpwalk.arguments import argument, number, option
from dumpwalk.bugchecks import decode
from dumpwalk.bugchecks.table import find_code, names
from dumpwalk.commands import command
from dumpwalk.remarks import Absent
from dumpwalk.render.bugcheck import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.bugchecks import BugCheck
    from dumpwalk.memory.machine import Machine


def _code(text: str) -> int:
    try:
        code = number(text)
    except ValueError:
        found = find_code(text)
        if found is not None:
            return found
        from difflib import get_close_matches

        close = get_close_matches(text.upper(), names(), 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise ValueError(f"{text!r} is neither a number nor the name of a bug check{hint}") from None
    if code >> 32 not in (0, 0xFFFFFFFF):  # a 64-bit register may hold it sign-extended
        raise ValueError(f"{text!r} has more than the 32 bits of a bug check code")
    return code & 0xFFFFFFFF


def _parameter(text: str) -> int:
    value = number(text)
    if value >> 64:
        raise ValueError(f"{text!r} has more than 64 bits")
    return value


def _machine(text: str) -> Machine:
    from dumpwalk.memory.machine import MACHINES  # for this option alone

    name = {"amd64": "x64", "i386": "x86"}.get(text.lower(), text.lower())
    for machine in MACHINES.values():
        if machine.name.lower() == name:
            return machine
    raise ValueError(f"{text!r} is none of {', '.join(m.name for m in MACHINES.values())}")


def _is_unknown(bugcheck: BugCheck) -> bool:
    return isinstance(bugcheck.name, Absent) and bugcheck.raw_code != 0


@command(
    "bugcheck",
    argument("code", "bug check code (hexadecimal) or name", kind=_code),
    argument("p1", "its first parameter", kind=_parameter, many="?"),
    argument("p2", "its second parameter", kind=_parameter, many="?"),
    argument("p3", "its third parameter", kind=_parameter, many="?"),
    argument("p4", "its fourth parameter", kind=_parameter, many="?"),
    option("--arch", value="NAME", help="architecture it happened on: x86, x64, ARM or ARM64", kind=_machine),
    option("--build", value="N", help="Windows build it happened on, as 19041", kind=int),
    text=layout,
    partial=_is_unknown,
)
def bugcheck(
    code: int,
    p1: int | None = None,
    p2: int | None = None,
    p3: int | None = None,
    p4: int | None = None,
    arch: Machine | None = None,
    build: int | None = None,
) -> BugCheck:
    """Explain a bug check code and its parameters.

    Numbers are hexadecimal, as a debugger prints them. Without parameters it
    says what they would mean.
    """
    return decode(code, [p for p in (p1, p2, p3, p4) if p is not None], arch, build)
