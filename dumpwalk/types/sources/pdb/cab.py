"""Cabinets: expands the one file that a compressed PDB (``.pd_``) holds.

Layout: "Microsoft Cabinet Format" and [MS-MCI], Microsoft's specifications of
the cabinet file and of MSZIP. No cabinet library is in the standard library;
zlib does the work.
"""

from __future__ import annotations

import struct

from dumpwalk.errors import FormatError
from dumpwalk.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADER = struct.Struct("<4s4xI4xI4xBBHHHHH")  # CFHEADER
_RESERVE = struct.Struct("<HBB")
_FOLDER = struct.Struct("<IHH")
_FILE = struct.Struct("<IIHHHH")
_BLOCK = struct.Struct("<IHH")
_PREVIOUS, _NEXT, _HAS_RESERVE = 1, 2, 4
_METHODS = {0: "none", 1: "MSZIP", 2: "Quantum", 3: "LZX"}
_WINDOW = 0x8000  # what one block expands to at most, and the next may refer to
_DEEPEST_COMPRESSION = 40  # bytes out of one; PDBs give six


@record
class _Folder:
    first: int
    blocks: int
    method: int


@record
class _Member:
    name: str
    size: int
    offset: int
    folder: int


def expand(data: bytes | memoryview, name: str) -> tuple[bytes, str]:
    """Return the first file of the cabinet *data*, and its name.

    :raises FormatError: when it is damaged, spans several cabinets, or is compressed with LZX or Quantum
    """
    cabinet = _Cabinet(bytes(data), name)
    folder, member = cabinet.folder, cabinet.member
    method = _METHODS.get(folder.method & 15, f"method {folder.method & 15}")
    if method not in ("none", "MSZIP"):
        raise FormatError(
            f"{name}: {member.name} is compressed with {method}, which is not read; expand it with "
            "cabextract, 7-Zip or Windows' own expand"
        )
    # No cabinet makes a small file a huge one without meaning harm.
    end = member.offset + member.size
    if end > folder.blocks * _WINDOW or end > _DEEPEST_COMPRESSION * len(data):
        raise FormatError(f"{name}: {member.name} has {member.size} bytes, far more than the cabinet can hold")
    parts = []
    size = 0
    for part in cabinet.expanded(method == "MSZIP"):
        parts.append(part)
        size += len(part)
        if size >= end:
            break
    if size < end:
        raise FormatError(f"{name}: {member.name} ends after {size} of {end} bytes")
    return b"".join(parts)[member.offset : end], member.name


class _Cabinet:
    """The first file of a cabinet, and the folder (compressed as one) that it is in."""

    def __init__(self, data: bytes, name: str) -> None:
        self._data = data
        self._name = name
        self._block_reserve = 0
        self._check(_HEADER.size)
        magic, size, files_at, _, major, folders, files, flags, _, _ = _HEADER.unpack_from(data)
        if magic != b"MSCF":
            raise FormatError(f"{name}: it is not a cabinet")
        if major != 1:
            raise FormatError(f"{name}: a cabinet of version {major}, which is not known")
        if size > len(data):
            raise FormatError(f"{name}: the cabinet is cut off: it has {len(data)} of {size} bytes")
        if not files or not folders:
            raise FormatError(f"{name}: the cabinet holds no file")
        at, folder_reserve = _HEADER.size, 0
        if flags & _HAS_RESERVE:
            self._check(at + _RESERVE.size)
            header_reserve, folder_reserve, self._block_reserve = _RESERVE.unpack_from(data, at)
            at += _RESERVE.size + header_reserve
        for _ in range(2 * bool(flags & _PREVIOUS) + 2 * bool(flags & _NEXT)):
            at = data.find(0, at) + 1 or len(data)  # names of the cabinets before and after, and of their disks
        self._check(files_at + _FILE.size)
        size, offset, index, _, _, _ = _FILE.unpack_from(data, files_at)
        named = data[files_at + _FILE.size : files_at + _FILE.size + 256].partition(b"\0")[0]
        # Only its last part: what is in a file says nothing of where to put it.
        last = named.decode("utf-8", "backslashreplace").replace("/", "\\").rpartition("\\")[2]
        self.member = _Member(last or name, size, offset, index)
        if index >= folders:
            raise FormatError(f"{name}: {last} is spread over several cabinets, which is not read")
        at += index * (_FOLDER.size + folder_reserve)
        self._check(at + _FOLDER.size)
        self.folder = _Folder(*_FOLDER.unpack_from(data, at))

    def _check(self, end: int) -> None:
        if end > len(self._data):
            raise FormatError(f"{self._name}: the cabinet is cut off: {end} bytes wanted of {len(self._data)}")

    def expanded(self, compressed: bool) -> Iterator[bytes]:
        """Yield what each block of the folder expands to."""
        import zlib

        at, window = self.folder.first, b""
        for number in range(self.folder.blocks):
            self._check(at + _BLOCK.size)
            checksum, size, full = _BLOCK.unpack_from(self._data, at)
            begin = at + _BLOCK.size + self._block_reserve
            self._check(begin + size)
            where = f"{self._name}: block {number}"
            # The checksum is of the two sizes, what is reserved, and the data; 0 means there is none.
            if checksum and checksum != _checksum(self._data[begin : begin + size], self._data[at + 4 : begin]):
                raise FormatError(f"{where}: its checksum is wrong")
            block = self._data[begin : begin + size]
            at = begin + size
            if compressed:
                if block[:2] != b"CK":
                    raise FormatError(f"{where}: no MSZIP block")
                try:
                    block = zlib.decompressobj(-15, zdict=window).decompress(block[2:], _WINDOW)
                except zlib.error as error:
                    raise FormatError(f"{where}: damaged ({error})") from error
                window = block[-_WINDOW:]
            if len(block) != full:
                raise FormatError(f"{where}: it has {len(block)} bytes, not {full}")
            yield block


def _checksum(data: bytes, sizes: bytes) -> int:
    """Return CSUMCompute of the specification: all 32-bit words exclusive-ored; what is left over counts backwards."""
    result = 0
    for part in (data, sizes):
        whole = len(part) & ~3
        result ^= _fold(part[:whole]) ^ int.from_bytes(part[whole:], "big")
    return result


def _fold(data: bytes) -> int:
    """Exclusive-or the 32-bit words of *data*, half of them at a time."""
    words = 1
    while 4 * words < len(data):
        words *= 2
    value = int.from_bytes(data, "little")
    while words > 1:
        words //= 2
        value = value >> 32 * words ^ value & (1 << 32 * words) - 1
    return value
