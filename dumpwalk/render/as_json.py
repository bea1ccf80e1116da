"""Records as JSON: addresses and wide values are hex strings, what is absent says why."""

from __future__ import annotations

from dumpwalk.memory.address import Hex
from dumpwalk.record import fields
from dumpwalk.remarks import Absent
from dumpwalk.times import FileTime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


# In so many levels from the top each member is written for itself: a list of documents, a document, its blocks.
_TOP = 3
_SAME = frozenset((str, int, bool, float, type(None)))


def plain(value: Any) -> Any:
    """Return *value* as JSON knows it.

    A record becomes an object, :class:`~dumpwalk.memory.address.Hex` (and so an
    address) a hex string, a time ISO 8601, bytes hex digits and an
    :class:`~dumpwalk.remarks.Absent` ``{"absent": reason}``.
    """
    if type(value) in _SAME:
        return value
    if isinstance(value, Hex):
        return hex(value)
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, FileTime):
        return str(value)
    if isinstance(value, Absent):
        return {"absent": value.reason}
    if names := fields(value):
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    if hasattr(value, "__iter__") and not isinstance(value, str):  # records that are made when they are asked for
        return [plain(v) for v in value]
    return value


def document(value: Any, *, line: bool = False) -> str:
    """Return *value* as a JSON document; on one line for JSON Lines when *line*.

    Only ASCII is written, so the document survives any terminal and encoding.
    """
    return "".join(pieces(value, line=line))


def pieces(value: Any, *, line: bool = False) -> Iterator[str]:
    """Yield what :func:`document` returns bit by bit: that of a long log would take gigabytes as a whole."""
    import json

    encode = json.JSONEncoder(indent=None if line else 2, allow_nan=False).encode
    return _pieces(value, encode, None if line else "\n", _TOP)


def _pieces(value: Any, encode: Any, end: str | None, levels: int) -> Iterator[str]:
    """Yield the members of *value* in the uppermost *levels*; *end* is a line's, with what the next one begins with."""
    names = () if isinstance(value, (Absent, FileTime)) else fields(value)
    members: Any = names or (isinstance(value, (list, tuple)) and value)
    if not (levels and members):
        text = encode(plain(value))
        yield text if end is None else text.replace("\n", end)
        return
    opening, closing = "{}" if names else "[]"
    inner = None if end is None else end + "  "
    between = opening + (inner or "")
    for member in members:
        yield between + f"{encode(member)}: " if names else between
        yield from _pieces(getattr(value, member) if names else member, encode, inner, levels - 1)
        between = ", " if inner is None else "," + inner
    yield (end or "") + closing
