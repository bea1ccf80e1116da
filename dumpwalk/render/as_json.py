"""Records as JSON: addresses and wide values are hex strings, what is absent says why."""

from __future__ import annotations

from dumpwalk.memory.address import Hex
from dumpwalk.record import fields
from dumpwalk.remarks import Absent
from dumpwalk.times import FileTime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def plain(value: Any) -> Any:
    """Return *value* as JSON knows it.

    A record becomes an object, :class:`~dumpwalk.memory.address.Hex` (and so an
    address) a hex string, a time ISO 8601, bytes hex digits and an
    :class:`~dumpwalk.remarks.Absent` ``{"absent": reason}``.
    """
    if isinstance(value, Hex):
        return hex(value)
    if isinstance(value, FileTime):
        return str(value)
    if isinstance(value, Absent):
        return {"absent": value.reason}
    if names := fields(value):
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
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
    import json

    return json.dumps(plain(value), indent=None if line else 2, allow_nan=False)
