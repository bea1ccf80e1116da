"""``r``, ``.trap``, ``.cxr``, ``.exr``: registers and exception records against those the dump holds."""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.kernel.context import context_size, parse_context
from dumpwalk.kernel.exception import exception_size, parse_exception
from dumpwalk.memory.address import Address, Hex
from dumpwalk.objects.members import has
from dumpwalk.record import replace
from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import DIFFERENT, Statement, compares
from dumpwalk.transcript.against.asked import address_asked
from dumpwalk.transcript.against.memory import instruction_bytes
from dumpwalk.transcript.against.named import statement, values
from dumpwalk.transcript.against.places import located

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from dumpwalk.kernel.exception import ExceptionRecord
    from dumpwalk.target import Target
    from dumpwalk.transcript.exception import ListedException
    from dumpwalk.transcript.registers import Registers

# What _KTRAP_FRAME calls the registers of a .trap listing; the others it does not save, or on some paths alone.
_TRAP_64 = {
    **{f"r{n}": f"R{n}" for n in ("ax", "cx", "dx", "bp", "ip", "sp")},
    **{f"r{n}": f"R{n}" for n in range(8, 12)},
    "cs": "SegCs",
    "ss": "SegSs",
    "efl": "EFlags",
}
_TRAP_32 = {
    **{f"e{n}": f"E{n}" for n in ("ax", "bx", "cx", "dx", "si", "di", "bp", "ip")},
    **{f"{n}s": f"Seg{n.upper()}s" for n in "cdefg"},
    "efl": "EFlags",
}
_TRAPS = {"x64": _TRAP_64, "x86": _TRAP_32}
# Names that listings have, and what CONTEXT's are called here.
_NAMES = {"efl": "eflags", "mxcsr": "mxcsr"}
_COUNTERS = ("rip", "eip", "pc")
# Commands whose registers the debugger works out of a stack, so that no dump holds them.
_WORKED_OUT = ("frame",)
_LOW_16 = ("cs", "ds", "es", "fs", "gs", "ss")


@compares("registers")
def registers(target: Target, said: Registers, command: str) -> Iterator[Statement | None]:
    """Compare registers: of a trap frame or CONTEXT that the command names, else those of the crash."""
    word = command.lstrip(".!").split(maxsplit=1)[0] if command.strip(".! ") else ""
    if word == "trap":
        yield from of_trap(target, said, address_asked(target, command))
    elif word == "cxr":
        yield from of_context(target, said, address_asked(target, command))
    elif word not in _WORKED_OUT:
        yield from _of_crash(target, said)
    yield from _code(target, said)


def _of_crash(target: Target, said: Registers) -> Iterator[Statement | None]:
    context = parse_context(target.dump.header.ContextRecord, target.machine, "dump header")
    held: Mapping[str, int] | Absent = target.registers
    if not held:
        held = context if isinstance(context, Absent) else context.registers
    if not isinstance(held, Absent):
        held = {name.lower(): value for name, value in held.items()}
        counter = next((name for name in _COUNTERS if name in held and name in said.registers), None)
        if counter is not None and not isinstance(said.registers[counter], Absent):
            only = statement(f"register {counter}", said.registers[counter], held[counter], target.machine.pointer_size)
            if only is not None and only.verdict == DIFFERENT:
                yield only  # all others are of that other moment, too
                return
    yield from _each("register", said, held, target.machine.pointer_size)


def of_context(target: Target, said: Registers, place: Address | Absent) -> Iterator[Statement | None]:
    """Yield what a listing says of the registers in the CONTEXT at *place*."""
    held: Any = place
    if not isinstance(place, Absent):
        held = _read(target, place, context_size(target.machine))
        if not isinstance(held, Absent):
            context = parse_context(held, target.machine, "memory")
            named = context if isinstance(context, Absent) else context.registers
            held = named if isinstance(named, Absent) else {name.lower(): value for name, value in named.items()}
    yield from _each(f"context {place}" if isinstance(place, Address) else "context", said, held, 8)


def of_trap(target: Target, said: Registers, place: Address | Absent) -> Iterator[Statement | None]:
    """Yield what a listing says of the registers in the trap frame at *place*."""
    names = _TRAPS.get(target.machine.name)
    held: Any = place
    if names is None:
        held = Absent(f"the _KTRAP_FRAME of {target.machine.name} is not known")
    elif not isinstance(place, Absent):
        frame = target.object("_KTRAP_FRAME", place)
        held = {}
        for name, member in names.items():
            if has(frame, member):
                held[name] = frame.member_(member)
        held["eflags"] = held.get("efl")
        user = held.get("cs")
        if target.machine.name == "x86" and isinstance(user, int):
            # Without a change of privilege the processor pushes no stack pointer: it is the place above the frame.
            above = target.address(frame.place_ + frame.plan_.field("HardwareEsp").offset)
            held["esp"] = frame.HardwareEsp if user & 1 else above
    what = f"trap frame {place}" if isinstance(place, Address) else "trap frame"
    if not isinstance(held, Absent):
        kept = {name: value for name, value in said.registers.items() if _called(name) in held or name in held}
        said = replace(said, registers=kept)
    yield from _each(what, said, held, target.machine.pointer_size)


def _called(name: str) -> str:
    return _NAMES.get(name, name)


def _each(what: str, said: Registers, held: Any, width: int) -> Iterator[Statement | None]:
    if isinstance(held, Absent):
        if said.registers:
            name, value = next(iter(said.registers.items()))
            yield statement(f"{what} {name}" if len(said.registers) == 1 else f"{what}s", value, held)
        return
    for name, value in said.registers.items():
        bare = name.lstrip("@$").lower()
        there = held.get(bare, held.get(_called(bare)))
        if there is None:
            continue  # a pseudo-register, or one that no CONTEXT has
        if bare in _LOW_16 and not isinstance(there, Absent):
            there = Hex(int(there) & 0xFFFF)
        yield statement(f"{what} {bare}", value, there, width)


def _code(target: Target, said: Registers) -> Iterator[Statement | None]:
    if said.instruction is not None:
        yield instruction_bytes(target, said.instruction)
        if said.place is not None:
            yield located(target, "place", int(said.instruction.address), said.place)


def _read(target: Target, address: int, size: int) -> bytes | Absent:
    try:
        return bytes(target.memory.read(target.address(address), size))
    except ReadError as error:
        return Absent(str(error))


@compares("exception")
def exception(target: Target, said: ListedException, command: str) -> Iterator[Statement | None]:
    """Compare an exception record: the one the command names, else the dump's own."""
    word = command.split()[1] if len(command.split()) > 1 else "-1"
    place: Address | Absent | None = None if set(word) <= set("-1") or not command else address_asked(target, command)
    yield from of_exception(target, said, place)


def of_exception(target: Target, said: ListedException, place: Address | Absent | None) -> Iterator[Statement | None]:
    """Yield what a text says of the exception record at *place*; of the dump's own where that is ``None``."""
    width = target.machine.pointer_size
    held: ExceptionRecord | Absent
    if place is None or (not isinstance(place, Absent) and place in (0xFFFFFFFF, (1 << 64) - 1)):
        held = parse_exception(target.dump.header.Exception, target.machine, "dump header")
        what = "exception"
    elif isinstance(place, Absent):
        held, what = place, "exception"
    else:
        data = _read(target, place, exception_size(width))
        held = data if isinstance(data, Absent) else parse_exception(data, target.machine, "memory")
        what = f"exception {place}"
    if isinstance(held, Absent):
        yield statement(what, said.record.ExceptionCode, held)
        return
    yield from values(what, said.record, held, skip=("source", "ExceptionRecord"), pointer_size=width)
    if said.place is not None and said.record.ExceptionAddress:
        yield located(target, f"{what} place", int(said.record.ExceptionAddress), said.place)
