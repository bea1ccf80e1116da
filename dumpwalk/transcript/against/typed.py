"""``dt`` and ``??``: each row with a value against the same member of the dump's own structure.

A listing without an address shows where members are; that is held against the types that fit the dump's kernel.
"""

from __future__ import annotations

from dumpwalk.errors import Error
from dumpwalk.memory.address import Hex
from dumpwalk.objects import Object
from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import ABSENT, DIFFERENT, EQUAL, Statement, compares
from dumpwalk.transcript.against.asked import address_of_words
from dumpwalk.transcript.against.marked import like
from dumpwalk.transcript.against.named import silent, statement
from dumpwalk.types.model import Array, Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from dumpwalk.target import Target
    from dumpwalk.transcript.dt import Structures
    from dumpwalk.types.sources.dt_text import DtListing, DtRow

_DEEPEST = 64
# Of the text of a string that no number stands before.
_STRINGS = ("_UNICODE_STRING", "_STRING", "_ANSI_STRING")


@compares("dt")
def structures(target: Target, said: Structures, command: str) -> Iterator[Statement | None]:
    """Compare structures row by row, and types by where their members are."""
    for listing in said.listings:
        if not listing.type or not any(row.kind == "field" for row in listing.rows):
            continue
        name = f"{listing.module}!{listing.type}" if listing.module else listing.type
        if listing.module not in ("", "nt", "ntkrnlmp", "ntoskrnl", "ntkrnlpa", "ntkrpamp"):
            yield statement(name, f"{len(listing.rows)} rows", Absent("only types of the kernel are known of a dump"))
            continue
        try:
            yield from one_listing(target, listing, command)
        except Error as error:
            yield statement(name, f"{len(listing.rows)} rows", Absent(str(error)))


def one_listing(target: Target, listing: DtListing, command: str) -> Iterator[Statement | None]:
    """Yield what a listing of a structure says; of a type alone where its members are.

    :param command: which may say where the structure is
    """
    if all(silent(row.value) and "?" not in row.text for row in listing.rows):
        yield from _offsets(target, listing)
        return
    place: Any = listing.address
    if place is None:
        place = address_of_words(target, command, listing.type)
    if isinstance(place, Absent):
        yield statement(listing.type, f"{len(listing.rows)} rows", place)
        return
    name = f"{listing.type} {target.address(place)}"
    yield from _rows(name, target.object(listing.type, place), listing.rows, target.machine.pointer_size)


def _offsets(target: Target, listing: DtListing) -> Iterator[Statement]:
    """Yield where each member of a type is, which the dump's types say, too."""
    plan = target.object(listing.type, 0).plan_
    for row in listing.rows:
        if row.depth or row.kind != "field" or row.offset is None:
            continue
        what = f"offset of {listing.type}.{row.name}"
        field = plan.field(row.name)
        if field is None:
            yield Statement(what, row.offset, Absent(f"{target.types.name} has no such member"), ABSENT)
        else:
            verdict = EQUAL if field.offset == row.offset else DIFFERENT
            yield Statement(what, row.offset, Hex(field.offset), verdict)


def _rows(name: str, root: Object, rows: tuple[DtRow, ...], width: int) -> Iterator[Statement | None]:
    # What each depth's rows are members of, and its path.
    parents: list[tuple[Any, str]] = [(root, "")]
    # The last member of each depth: an array's elements stand below it, at the same depth.
    members: dict[int, tuple[Any, str]] = {}
    for row in rows:
        depth = min(row.depth, _DEEPEST)
        if row.kind == "element":
            parent, path = members.get(depth, (Absent("the text does not say of which array"), ""))
            here, held = f"{path}{row.name}", _element(parent, row.name)
        elif row.kind == "field" and depth < len(parents):  # else it is below a row that could not be followed
            parent, path = parents[depth]
            here = f"{path}.{row.name}" if path else row.name
            held = _member(parent, row)
            members[depth] = held, here
            moved = _moved(f"offset of {name} {here}", parent, row)
            if moved is not None:
                yield moved  # the text is of another build, or of another type
        else:
            continue
        yield from _value(f"{name} {here}", row, held, width)
        del parents[depth + 1 :]
        if depth < len(parents):
            parents.append((_followed(held), here))


def _followed(held: Any) -> Any:
    """Return what rows below a row are members of: the structure, also behind a pointer; of an array the first."""
    if not isinstance(held, Object):
        return held if isinstance(held, Absent) else Absent("it is no structure")
    if held.pointer_ is None:
        array = isinstance(held.type_, Array)
        return held.element_(0) if array and held.type_.count else held  # type: ignore[union-attr]
    try:
        return held.deref_() if held.pointer_ else Absent("the pointer is null")
    except Error as error:
        return Absent(str(error))


def _member(parent: Any, row: DtRow) -> Any:
    if isinstance(parent, Absent):
        return parent
    if not isinstance(parent, Object) or row.name not in parent.plan_.members:
        type = getattr(parent, "type_", None)
        return Absent(f"{getattr(type, 'name', '') or 'the structure'} of the dump's kernel has no {row.name}")
    return parent.member_(row.name)


def _moved(what: str, parent: Any, row: DtRow) -> Statement | None:
    """Return that a member is at another offset than the dump's types say, where it is."""
    field = parent.plan_.field(row.name) if isinstance(parent, Object) else None
    if field is None or row.offset is None or field.offset == row.offset:
        return None
    return Statement(what, row.offset, Hex(field.offset), DIFFERENT)


def _element(parent: Any, name: str) -> Any:
    digits = name.strip("[] ")
    if isinstance(parent, Absent):
        return parent
    type = parent.type_ if isinstance(parent, Object) else None
    if not isinstance(type, Array) or not digits.isdecimal() or len(digits) > 9 or int(digits) >= type.count:
        return Absent(f"the array has no element {name}")
    return parent.element_(int(digits))


def _value(what: str, row: DtRow, held: Any, width: int) -> Iterator[Statement | None]:
    said = row.value
    if silent(said):
        return
    if isinstance(held, Object) and isinstance(held.type_, Array) and not isinstance(said, str):
        held = held.element_(0) if held.type_.count else Absent("the array is empty")
    if isinstance(held, Absent):
        yield Statement(what, said, held, ABSENT)
    elif isinstance(said, tuple):
        for link, address in zip(("Flink", "Blink"), said):
            there = held.member_(link) if isinstance(held, Object) and link in held.plan_.members else None
            yield statement(f"{what}.{link}", address, there, width)
    elif isinstance(said, str):
        yield _text(what, said, held)
    elif isinstance(said, float):
        same = isinstance(held, float) and abs(held - said) <= 1e-5 * max(1.0, abs(held))
        yield Statement(what, like(str(said), row.name), str(held), EQUAL if same else DIFFERENT)
    elif isinstance(held, Object) and held.pointer_ is None and not isinstance(held.type_, Struct):
        yield None
    else:
        yield statement(what, said, held, width)


def _text(what: str, said: str, held: Any) -> Statement | None:
    """Compare a string: of a counted string, or of an array of characters; no other text is comparable."""
    if not isinstance(held, Object):
        return None
    type = held.type_
    if isinstance(type, Struct) and type.name not in _STRINGS:
        return None
    text = held.str_()
    if isinstance(text, Absent):
        return Statement(what, said, text, ABSENT)
    if len(text) == len(said) and all(a == b or (a in "?." and not _printable(b)) for a, b in zip(said, text)):
        return Statement(what, said, said, EQUAL)
    return statement(what, said, text)


def _printable(character: str) -> bool:
    """Say whether a debugger prints a character as it is."""
    return character.isascii() and character.isprintable()
