"""What a command was asked about: the address behind its name, where the text has no other place for it."""

from __future__ import annotations

from dumpwalk.errors import Error
from dumpwalk.kernel.names import resolve
from dumpwalk.remarks import Absent
from dumpwalk.transcript.values import asked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target

_NOWHERE = Absent("the text does not say at which address")
_LONGEST = 256
_MOST_WORDS = 8


def address_asked(target: Target, command: str) -> Address | Absent:
    """Return the address that the first word behind a command's name stands for, or why it is not known.

    Symbols and pseudo-registers mean what they mean in the dump.
    """
    words = command.split()
    if len(words) < 2:
        return _NOWHERE
    word = words[1]
    if len(word) > _LONGEST:
        return Absent("its address makes no sense")
    try:
        return resolve(target, word)
    except Error as error:
        return Absent(f"{word}: {error}")


def place_of(target: Target, said: Address | Absent, command: str, name: str) -> Address | Absent:
    """Return where the structure is that a block shows: where the text says, or else the command called *name*.

    A command that names one address plainly has printed what is there before a block that lacks it.
    """
    if not isinstance(said, Absent):
        return target.address(said)
    return address_asked(target, command) if isinstance(asked(command, name), Absent) else _NOWHERE


def address_of_words(target: Target, command: str, type: str) -> Address | Absent:
    """Return the address that a word of a ``dt`` command stands for: the first that is one, behind the type."""
    words = command.split()
    start = next((n + 1 for n, word in enumerate(words) if word.rpartition("!")[2].strip("()*") == type), len(words))
    rest = [word for word in words[start : start + _MOST_WORDS] if word[0] != "-"]
    for first in range(len(rest)):
        for last in range(len(rest), first, -1):  # an expression may have blanks in it
            text = " ".join(rest[first:last])
            if len(text) > _LONGEST:
                continue
            try:
                return resolve(target, text)
            except Error:
                continue  # the name of a member
    return _NOWHERE
