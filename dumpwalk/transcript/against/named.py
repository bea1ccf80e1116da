"""Values of a text held against those of a dump: one by one, and all of a record by the names of its fields."""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.memory.address import Address32
from dumpwalk.objects import Object
from dumpwalk.objects.members import has
from dumpwalk.record import fields
from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import ABSENT, DIFFERENT, EQUAL, Statement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from typing import Any

    from dumpwalk.remarks import Problem
    from dumpwalk.target import Target

NONE_HERE = Absent("this kernel's structure has no such member")
LOW_HALF = "the text shows the low 32 bits"
_WIDTHS = (8, 16, 32, 64)
_HALF = 0xFFFFFFFF


def statement(what: str, said: Any, held: Any, pointer_size: int = 8) -> Statement | None:
    """Return one value of a text held against the dump's; ``None`` where the text says nothing.

    :param pointer_size: of the dump's machine: what a 32-bit one's debugger sign-extends is the same value
    """
    if silent(said):
        return None
    if held is None:
        held = NONE_HERE
    if isinstance(held, Absent):
        return Statement(what, said, held, ABSENT)
    if isinstance(said, int) and isinstance(held, Object):
        held = _number_of(held)
        if isinstance(held, Absent):
            return Statement(what, said, held, ABSENT)
    if isinstance(said, int) and isinstance(held, int):
        if _same_number(int(said), int(held), pointer_size):
            return Statement(what, said, held, EQUAL)
        low = isinstance(said, Address32) and pointer_size == 8 and int(held) & _HALF == said
        return Statement(what, said, held, EQUAL, LOW_HALF) if low else Statement(what, said, held, DIFFERENT)
    same = said.rstrip().casefold() == str(held).rstrip().casefold() if isinstance(said, str) else said == held
    return Statement(what, said, held, EQUAL if same else DIFFERENT)


def silent(said: Any) -> bool:
    """Say whether a text says nothing with a value: it is not printed, or its debugger could not read it."""
    if isinstance(said, str):
        return not said.strip("?")
    return said is None or isinstance(said, Absent) or (isinstance(said, (tuple, dict)) and not said)


def _same_number(said: int, held: int, pointer_size: int) -> bool:
    """Compare numbers as they stand in memory: signs and the width of their print do not matter."""
    if said == held:
        return True
    if said < 0 or held < 0:
        return any(
            said & mask == held & mask
            for mask in ((1 << bits) - 1 for bits in _WIDTHS)
            if max(said, held) <= mask and min(said, held) >= -(mask + 1 >> 1)
        )
    if pointer_size == 4 and said & _HALF == held & _HALF:
        # A 32-bit address with its sign in the upper half, which debuggers print since they have 64 bits.
        return all(value >> 32 in (0, _HALF if value & 0x80000000 else 0) for value in (said, held))
    return False


def _number_of(held: Object) -> int | Absent:
    """Return the number that a pointer is, or that a structure of its width holds in a member for all of it."""
    if held.pointer_ is not None:
        return int(held.pointer_)
    for path in ("QuadPart", "Long", "LongLong", "Value", "Object", "AsUlong", "EntireField"):
        if has(held, path):
            found = held.member_(path)
            return found if isinstance(found, Absent) else int(found)
    # Of any other structure debuggers print what it begins with, as a pointer.
    space = held.plan_.space
    size = min(held.size_ or 0, space.types.pointer_size)
    try:
        return int.from_bytes(space.memory.read(held.address_, size), "little") if size else Absent("it has no size")
    except ReadError as error:
        return Absent(str(error))


def values(
    what: str,
    said: Any,
    *held: Any,
    skip: Collection[str] = (),
    names: Mapping[str, str] | None = None,
    pointer_size: int = 8,
) -> Iterator[Statement]:
    """Yield a statement for each value of *said*, a record or a dictionary, that the dump has under the same name.

    Records in it are compared field by field, and lists element by element.

    :param held: kernel records, dictionaries and objects of the dump; the first that knows a name answers
    :param skip: fields that are compared otherwise or that the dump does not hold
    :param names: what a field of the text is called in the dump, where that is something else
    """
    pairs = said.items() if isinstance(said, dict) else [(name, getattr(said, name)) for name in fields(said)]
    for name, value in pairs:
        if name in skip or silent(value):
            continue
        here = f"{what} {name}".strip()
        yield from _value(here, value, held_of(held, (names or {}).get(name, name)), pointer_size)


def _value(what: str, said: Any, held: Any, pointer_size: int) -> Iterator[Statement]:
    if isinstance(held, Absent) or held is None:
        found = statement(what, said, held)
    elif fields(said) or isinstance(said, dict):
        yield from values(what, said, held, pointer_size=pointer_size)
        return
    elif isinstance(said, (tuple, list)):
        yield from elements(what, said, held, pointer_size)
        return
    else:
        found = statement(what, said, held, pointer_size)
    if found is not None:
        yield found


def elements(what: str, said: Any, held: Any, pointer_size: int = 8) -> Iterator[Statement]:
    """Yield what a list in the text has, element by element; of what a text was cut by it says nothing."""
    there = tuple(held)
    for index, value in enumerate(said):
        if not silent(value):
            yield from _value(f"{what} {index + 1}", value, nth(there, index), pointer_size)


def nth(held: Sequence[Any], index: int, problems: Sequence[Problem] = ()) -> Any:
    """Return an element of a list in the dump; where there is none, how many there are, or what it is cut by."""
    if index < len(held):
        return held[index]
    return Absent(str(problems[0])) if problems else f"only {len(held)} of them"


def held_of(sources: Any, name: str) -> Any:
    """Return what the first of *sources* that knows *name* has; ``None`` where this kernel has no such thing."""
    missing: Any = NONE_HERE
    for source in sources:
        if isinstance(source, Absent):
            missing = source
        elif isinstance(source, Object):
            if has(source, name):
                return source.member_(name)
        elif isinstance(source, dict):
            if name in source:
                return source[name]
        elif name in fields(source):
            value = getattr(source, name)
            if value is not None:
                return value
    return missing


def read_number(target: Target, address: int, size: int) -> int | Absent:
    """Return the number of *size* bytes at *address*, or why the dump does not hold it."""
    try:
        return target.read_int(address, size)
    except ReadError as error:
        return Absent(str(error))
