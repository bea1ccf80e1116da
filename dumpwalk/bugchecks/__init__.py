"""Bug checks: a table of all of them, and one module for each that needs code.

A module named as the bug check (``apc_index_mismatch``) registers a function
that is given the bug check as the table decodes it, and returns it with what
the table can't say. :func:`decode` puts them together.
"""

from __future__ import annotations

from dumpwalk.memory.address import Hex
from dumpwalk.record import fields, record
from dumpwalk.registry import Registry
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from dumpwalk.memory.machine import Machine


@record
class Parameter:
    """One of a bug check's four parameters.

    :param value: an address where *kind* is an address-like one; absent when it was not given
    :param meaning: what it is, as a noun phrase
    :param decoded: what this value says: a name, a place in a module, the bits
    :param kind: ``address`` (memory that was referenced), ``instruction`` (code that did it),
        ``routine`` (other code that is involved), ``status``, ``irql``, ``thread``, ... or ``value``
    """

    value: Hex | Absent
    meaning: str
    decoded: str | None
    kind: str

    @property
    def given(self) -> int | None:
        """The value as a number, or ``None`` when it was not given."""
        return None if isinstance(self.value, Absent) else int(self.value)


@record
class BugCheck:
    """A bug check and what its parameters say.

    :param code: the code whose documentation applies
    :param raw_code: the code as the dump has it
    :param name: absent when nobody has documented the code
    :param parameters: always four
    :param explanation: sentences (and, when no parameters were given, the documented cases)
    :param headline: in a few words, which of its cases it is; ``""`` when it has none
    """

    code: Hex
    raw_code: Hex
    name: str | Absent
    meaning: str | Absent
    parameters: tuple[Parameter, ...]
    explanation: tuple[str, ...]
    headline: str = ""

    def explained(self, *sentences: str, headline: str = "") -> BugCheck:
        """Return it with *sentences* added to the explanation, and another *headline* when one is given."""
        return self._with(explanation=(*self.explanation, *sentences), headline=headline or self.headline)

    def only_explained(self, *sentences: str) -> BugCheck:
        """Return it with *sentences* as its whole explanation."""
        return self._with(explanation=sentences)

    def with_parameter(self, number: int, kind: str | None = None, decoded: str | None = None) -> BugCheck:
        """Return it with another kind, or another decoding, of parameter *number* (1 to 4)."""
        old = self.parameters[number - 1]
        return self.replaced(number, Parameter(old.value, old.meaning, decoded or old.decoded, kind or old.kind))

    def replaced(self, number: int, new: Parameter) -> BugCheck:
        """Return it with *new* as parameter *number* (1 to 4)."""
        return self._with(parameters=(*self.parameters[: number - 1], new, *self.parameters[number:]))

    def _with(self, **changes: Any) -> BugCheck:
        return BugCheck(**{name: changes.get(name, getattr(self, name)) for name in fields(self)})


@record
class Machinery:
    """What is known of the machine that stopped.

    :param build: Windows build number
    :param locate: turns an address into ``module+0x12``, or ``None`` when it lies in no module
    """

    machine: Machine | None
    build: int | None
    locate: Callable[[int], str | None]


if TYPE_CHECKING:
    Specialist = Callable[[BugCheck, Machinery], BugCheck]

# By the bug check's name in lower case, which is also the module's.
BUGCHECKS: Registry[Specialist] = Registry(__name__)


def _nowhere(_: int) -> str | None:
    return None


def decode(
    code: int,
    parameters: Sequence[int] = (),
    machine: Machine | None = None,
    build: int | None = None,
    locate: Callable[[int], str | None] = _nowhere,
) -> BugCheck:
    """Return what bug check *code* means with these *parameters*.

    Any code and any parameters decode: what is not documented is said to be so.

    :param parameters: up to four; those that are missing come back absent
    :param machine: decides how wide addresses are; guessed from the values when not known
    :param build: Windows build number, for values that changed their meaning
    :param locate: turns an address into ``module+0x12``
    """
    from dumpwalk.bugchecks.decoder import decoded_bugcheck

    return decoded_bugcheck(code, parameters, Machinery(machine, build, locate))
