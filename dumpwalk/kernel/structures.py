"""Structures that somebody asked for by address: there has to be something at it."""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.target import Target


def structure(target: Target, type: str, address: int) -> Any:
    """Return the object of *type* at *address*, of which the dump may hold only a part.

    :raises ReadError: when it holds neither its beginning nor its end
    :raises TypeInfoError: when there is no such type
    """
    at = target.object(type, address)
    try:
        target.memory.read(target.address(address), 2)
    except ReadError:
        last = max(0, (at.size_ or 2) - 2)
        try:
            target.memory.read(target.address(address + last), 2)
        except ReadError as error:
            raise ReadError(target.address(address), at.size_ or 2, f"no {type}: {error.reason}") from error
    return at


def wrong_type(where: str, found: int | Absent, expected: int, what: str, more: str = "") -> list[Problem]:
    """Return what is wrong when the ``Type`` that a structure begins with is not its own; else nothing.

    :param found: ``Type``
    :param what: the structure in words, ``a device object``
    :param more: what else is to be said of one that is none
    """
    if isinstance(found, Absent) or found == expected:
        return []
    return [Problem(where, f"Type is {found & 0xFFFF:x}, {what}'s is {expected:x}: probably not {what}{more}")]
