"""The PDB information stream: which build the file belongs to, and its named streams.

Layout: "The PDB Info (aka PDB) Stream" of LLVM's PDB documentation; pdb.h and
map.h of Microsoft's microsoft-pdb repository.
"""

from __future__ import annotations

import struct

from dumpwalk.errors import FormatError
from dumpwalk.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.types.sources.pdb.msf import Container

_STREAM = 1
_HEADER = struct.Struct("<III16s")  # version, time stamp, age, GUID
_LONGEST_NAME = 260
_VC70 = 20000404  # versions before it have no GUID


@record
class Info:
    """What the stream says.

    :param guid: 32 hex digits, as symbol stores spell it
    :param streams: stream numbers by name
    """

    guid: str
    age: int
    timestamp: int
    streams: tuple[tuple[str, int], ...]


def read_info(container: Container) -> Info:
    """Read the information stream.

    :raises FormatError: when it is damaged or of a version that has no GUID
    """
    where = f"{container.name}: PDB information (stream {_STREAM})"
    data = container.read(_STREAM)
    if len(data) < _HEADER.size:
        raise FormatError(f"{where}: only {len(data)} bytes")
    version, timestamp, age, guid = _HEADER.unpack_from(data)
    if version < _VC70:
        raise FormatError(f"{where}: version {version} is older than Visual C++ 7.0")
    first, second, third = struct.unpack("<IHH", guid[:8])
    text = f"{first:08X}{second:04X}{third:04X}{guid[8:].hex().upper()}"
    return Info(text, age, timestamp, tuple(_named_streams(data, _HEADER.size, where)))


def _named_streams(data: bytes, at: int, where: str) -> list[tuple[str, int]]:
    if at == len(data):
        return []
    length = int.from_bytes(data[at : at + 4], "little")
    strings = data[at + 4 : at + 4 + length]
    found = []
    for offset, stream in hash_table(data, at + 4 + length, where)[0]:
        if offset >= len(strings):
            raise FormatError(f"{where}: the name of stream {stream} lies outside of the names")
        end = strings.find(0, offset, offset + _LONGEST_NAME)
        found.append((str(strings[offset:end] if end >= 0 else b"", "utf-8", "backslashreplace"), stream))
    return found


def hash_table(data: bytes, at: int, where: str) -> tuple[list[tuple[int, int]], int]:
    """Return the key/value pairs of the serialised hash table at *at* in *data*, and where it ends.

    It is: number of entries, capacity, a bit vector of the slots in use, one
    of those deleted, then a key and a value for each slot in use.

    :raises FormatError: when it does not fit in *data*
    """
    size = int.from_bytes(data[at : at + 4], "little")
    at += 8
    for _ in range(2):
        words = int.from_bytes(data[at : at + 4], "little")
        at += 4 + 4 * words
    if at + 8 * size > len(data):
        raise FormatError(f"{where}: a table of {size} entries does not fit in {len(data)} bytes")
    return list(struct.iter_unpack("<II", data[at : at + 8 * size])), at + 8 * size
