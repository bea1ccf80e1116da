"""What of a listing is a guess, in words: the text of ``dt`` has no place for it, so it is said beside the text."""

from __future__ import annotations

from dumpwalk.render.text import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dumpwalk.types.model import Enum, Struct
    from dumpwalk.types.sources.dt_text import DtListing

_NAMES = 3  # that are said; JSON has them all
_WORDS = {
    "order": "the order of {} that share{} bits is a guess",
    "sign": "whether {} can be negative is a guess",
    "type": "the type of {} is a guess",
}


def guesses(members: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return a remark for each kind of guess.

    :param members: names, and what of them is a guess, as :class:`~dumpwalk.types.model.Field` says it

    >>> guesses([("Flags", "order"), ("Spare", "order"), ("Size", ""), ("Letter", "sign")])
    ('the order of 2 members that share bits is a guess (Flags, Spare)', 'whether 1 member can be negative is a guess (Letter)')
    """  # noqa: E501 - a doctest's answer is one line
    found: dict[str, list[str]] = {}
    for name, guessed in members:
        if guessed:
            found.setdefault(guessed, []).append(name)
    return tuple(_said(_WORDS[what], found[what]) for what in _WORDS if what in found)


def _said(words: str, names: list[str]) -> str:
    one = len(names) == 1
    count = f"{len(names)} member{'' if one else 's'}"
    distinct = list(dict.fromkeys(names))
    shown = ", ".join(map(printable, distinct[:_NAMES])) + ", ..." * (len(distinct) > _NAMES)
    return f"{words.format(count, 's' if one else '')} ({shown})"


def in_listings(listings: Iterable[DtListing]) -> tuple[str, ...]:
    """Return the remarks on what is shown; a member whose rivals for its place are not shown is in no doubt."""
    found: list[tuple[str, str]] = []
    for one in listings:
        rivals: dict[int, int] = {}
        for row in one.rows:
            if row.guessed == "order":
                rivals[row.depth] = rivals.get(row.depth, 0) + 1
        found += [
            (row.name, row.guessed)
            for row in one.rows
            if row.guessed and (row.guessed != "order" or rivals[row.depth] > 1)
        ]
    return guesses(found)


def in_types(types: Iterable[Struct | Enum | None]) -> tuple[str, ...]:
    """Return the remarks on types, those of unnamed structures in them included."""
    return guesses(pair for type in types for pair in _guessed(type))


def _guessed(type: object, depth: int = 0) -> Iterable[tuple[str, str]]:
    from dumpwalk.types.model import Array, Pointer, Struct

    while isinstance(type, (Pointer, Array)):
        type = type.target if isinstance(type, Pointer) else type.element
    if isinstance(type, Struct) and depth < 32 and not (depth and type.name):
        for field in type.fields:
            if field.guessed:
                yield field.name, field.guessed
            yield from _guessed(field.type, depth + 1)
