"""Command-line arguments: declared once, parsed, explained.

A command says what it takes with :func:`argument`, :func:`option` and
:func:`flag`; the program and (later) the debugger language parse by the same
declarations. ``argparse`` would cost more than the rest of a command's start.
"""

from __future__ import annotations

import os

from dumpwalk.errors import UsageError
from dumpwalk.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any


# Values of Argument.many that stand for a tuple.
_ANY = ("*", "+", "words")


@record
class Argument:
    """One thing a command takes.

    :param names: ``("files",)`` for a positional one, ``("--json",)`` or
        ``("-o", "--output")`` for an option; the last name, without dashes, is the keyword
    :param help: what it is, for ``--help``
    :param kind: turns the text into the value; raises :exc:`ValueError` on nonsense
    :param many: how many positional ones: ``""`` one, ``"?"`` perhaps one, ``"*"`` any, ``"+"`` at least
        one, ``"words"`` any, and words such as ``-r2`` that are no declared option are among them
    :param value: what to call an option's value in ``--help``; ``""`` makes it a flag
    :param default: the value when it is not given
    """

    names: tuple[str, ...]
    help: str
    kind: Callable[[str], Any] = str
    many: str = ""
    value: str = ""
    default: Any = None

    @property
    def key(self) -> str:
        return self.names[-1].lstrip("-").replace("-", "_")

    @property
    def positional(self) -> bool:
        return not self.names[0].startswith("-")

    @property
    def usage(self) -> str:
        """How it looks in a usage line."""
        name = self.names[0].upper() if self.positional else self.names[0]
        if not self.positional:
            return f"[{name} {self.value}]" if self.value else f"[{name}]"
        return {"": name, "?": f"[{name}]", "+": f"{name}..."}.get(self.many, f"[{name}...]")


def argument(name: str, help: str, *, kind: Callable[[str], Any] = str, many: str = "") -> Argument:
    """Declare a positional argument."""
    return Argument((name,), help, kind, many, default=() if many in _ANY else None)


def option(*names: str, value: str, help: str, kind: Callable[[str], Any] = str, default: Any = None) -> Argument:
    """Declare an option that takes a value."""
    return Argument(names, help, kind, value=value, default=default)


def flag(*names: str, help: str) -> Argument:
    """Declare an option that is either given or not."""
    return Argument(names, help, default=False)


def number(text: str) -> int:
    """Return the number that *text* is in the debugger's writing.

    Hexadecimal unless a prefix says otherwise: ``0n`` decimal, ``0t`` octal,
    ``0y`` binary, ``0x`` (or a trailing ``h``) hexadecimal again. A backtick
    between the halves of a 64-bit value is passed over.

    >>> number("fffff800`02a5c000") == 0xfffff80002a5c000, number("7e"), number("0n126"), number("7Eh")
    (True, 126, 126, 126)
    """
    digits = text.replace("`", "").lower()
    base = {"0x": 16, "0n": 10, "0t": 8, "0y": 2}.get(digits[:2])
    digits = digits.removesuffix("h") if base is None else digits[2:]
    if not digits or not digits.isalnum() or not digits.isascii():
        raise ValueError(f"{text!r} is not a number")
    try:
        return int(digits, base or 16)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None


def expanded(files: Sequence[str], *, shell_does_it: bool = os.name != "nt") -> tuple[str, ...]:
    """Return *files* with their wildcards expanded, where the shell leaves that to the program (on Windows).

    A pattern that matches nothing stays, so that the complaint names it.
    """
    if shell_does_it or not any(c in file for file in files for c in "*?"):
        return tuple(files)
    from glob import glob

    return tuple(path for file in files for path in (sorted(glob(file)) or [file]))


def parse(words: Sequence[str], declared: Iterable[Argument], *, stop_at_word: bool = False) -> dict[str, Any]:
    """Parse *words* by the *declared* arguments and return the values by key.

    With *stop_at_word* parsing ends at the first word that is no option; it
    and what follows come back under ``"rest"``.

    :raises UsageError: on an unknown option, a missing or malformed value, or too many words
    """
    declared = list(declared)
    options = {name: a for a in declared if not a.positional for name in a.names}
    values: dict[str, Any] = {a.key: a.default for a in declared}
    takes_dashes = any(a.many == "words" for a in declared)
    loose: list[str] = []
    queue = list(words)
    while queue:
        word = queue.pop(0)
        if word == "--":
            loose += queue
            break
        if not word.startswith("-") or word == "-":
            if stop_at_word:
                queue.insert(0, word)
                break
            loose.append(word)
            continue
        name, equals, glued = word.partition("=")
        found = options.get(name)
        if found is None and takes_dashes and not word.startswith("--"):
            loose.append(word)
            continue
        if found is None:
            raise UsageError(f"unknown option {name}{_suggestion(name, options)}")
        if not found.value:
            if equals:
                raise UsageError(f"{name} takes no value")
            values[found.key] = True
            continue
        if not equals:
            if not queue:
                raise UsageError(f"{name} needs a value: {found.value}")
            glued = queue.pop(0)
        values[found.key] = _convert(found, glued)
    if stop_at_word:
        values["rest"] = loose or queue
        return values
    _assign(values, [a for a in declared if a.positional], loose)
    return values


def _assign(values: dict[str, Any], positional: list[Argument], loose: list[str]) -> None:
    """Hand the *loose* words to the *positional* arguments, in order."""
    for a in positional:
        if a.many in _ANY:
            values[a.key] = tuple(_convert(a, word) for word in loose)
            if a.many == "+" and not loose:
                raise UsageError(f"{a.names[0].upper()} is missing: {a.help}")
            loose = []
        elif loose:
            values[a.key] = _convert(a, loose.pop(0))
        elif not a.many:
            raise UsageError(f"{a.names[0].upper()} is missing: {a.help}")
    if loose:
        raise UsageError(f"one word too many: {loose[0]!r}")


def _convert(a: Argument, text: str) -> Any:
    try:
        return a.kind(text)
    except ValueError as error:
        raise UsageError(f"{a.names[0]}: {error}") from None


def _suggestion(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, list(known), 1)
    return f"; did you mean {close[0]}?" if close else ""
