"""Structures that somebody asked for by address: there has to be something at it."""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.memory.address import Hex
from dumpwalk.objects.members import integer
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.objects import Object
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


def unsigned(object: Object | Absent, path: str, size: int) -> Hex | Absent:
    """Return a number of *size* bytes that a structure has as a signed one, and that people read in hexadecimal."""
    found = integer(object, path)
    return found if isinstance(found, Absent) else Hex(found & (1 << 8 * size) - 1)
