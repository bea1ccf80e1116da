"""The type stream (TPI) of a PDB: records by type index, and definitions by name.

One record, or one name, is found through the stream's hash stream without
reading the others; when that is of no use, all records are gone through once.

Layout: "The PDB TPI and IPI Streams" of LLVM's PDB documentation; tpi.h of
Microsoft's microsoft-pdb repository.
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_right

from dumpwalk.errors import FormatError
from dumpwalk.types.sources.pdb.leaves import (
    CUT_OFF,
    FORWARD,
    KNOWN,
    LF_POINTER,
    NAMES,
    TAGS,
    is_unnamed,
    tag,
    tag_name,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.types.sources.pdb.leaves import Tag
    from dumpwalk.types.sources.pdb.msf import Container

_STREAM = 2
# Version, header size, first type, type after the last, bytes of records; then the hash stream, another
# one, bytes of a hash, buckets; then place and size of the hashes, the index offsets and the adjusters.
_HEADER = struct.Struct("<5I2H2I6I")
_V70 = 19990903  # older versions have records with 16-bit type indexes
_RECORD = struct.Struct("<HH").unpack_from
_NO_STREAM = 0xFFFF
# A forward reference is looked up by hash as long as there are few of them and few types of the same hash.
_FEW = 64


def hash_v1(name: bytes) -> int:
    """Return the hash of *name* that PDBs are indexed by: hash.h of Microsoft's microsoft-pdb repository.

    >>> hex(hash_v1(b"_ETHREAD"))
    '0x2c308ab9'
    """
    result = 0
    whole = len(name) & ~3
    for word in struct.unpack_from(f"<{whole // 4}I", name):
        result ^= word
    if len(name) & 2:
        result ^= int.from_bytes(name[whole : whole + 2], "little")
    if len(name) & 1:
        result ^= name[-1]
    result |= 0x20202020  # upper and lower case hash alike
    result ^= result >> 11
    return result ^ result >> 16


class TypeStream:
    """The type records of a PDB.

    :ivar begin: the first type index
    :ivar end: the one after the last
    :ivar size: bytes of all records
    :ivar unknown: first type of each kind of record that is not known, and how many; complete once all were read
    """

    def __init__(self, container: Container) -> None:
        """:raises FormatError: when the stream is damaged or too old"""
        self.where = f"{container.name}: types (stream {_STREAM})"
        self._container = container
        stream_size = container.size(_STREAM)
        if stream_size < _HEADER.size:
            raise FormatError(f"{self.where}: " + (f"only {stream_size} bytes" if stream_size else "there are none"))
        header = _HEADER.unpack(container.read_some(_STREAM, 0, _HEADER.size))
        version, self._start, self.begin, self.end, self.size = header[:5]
        self._hash_stream, _, self._hash_size, self._buckets = header[5:9]
        self._hashes, self._index_offsets, self._adjusters = (header[n : n + 2] for n in (9, 11, 13))
        if version < _V70:
            raise FormatError(f"{self.where}: version {version} is older than Visual C++ 7.0")
        if self._start < _HEADER.size or self._start + self.size > stream_size:
            raise FormatError(f"{self.where}: {self.size} bytes of records in a stream of {stream_size}")
        # A record has four bytes at least.
        if not 0x1000 <= self.begin <= self.end or (self.end - self.begin) * 4 > self.size:
            raise FormatError(f"{self.where}: types {self.begin:#x} to {self.end:#x} in {self.size} bytes")
        self.unknown: dict[int, tuple[int, int]] = {}
        self._data = b""
        self._offsets: array[int] | None = None
        self._names: dict[str, int] = {}
        self._unique: dict[str, int] | None = None
        self._chunks: dict[int, list[bytes]] = {}
        self._index: tuple[list[int], list[int]] | None = None
        self._adjusted: frozenset[int] | None = None
        self._looked_up = 0

    def leaf(self, index: int) -> bytes:
        """Return record *index*: its kind, and all that follows.

        :raises FormatError: when there is none
        """
        if not self.begin <= index < self.end:
            raise FormatError(f"{self.where}: there is no type {index:#x}; they end with {self.end - 1:#x}")
        if self._offsets is None:
            found = self._leaf_of_chunk(index)
            if found is not None:
                return found
            self.load()
        offsets = self._offsets
        assert offsets is not None
        at = index - self.begin
        return self._data[offsets[at] + 2 : offsets[at + 1]]

    def pointer_size(self) -> int:
        """Return what the first pointers say of the machine, 0 when there are none."""
        for index in range(self.begin, min(self.end, self.begin + 1000)):
            data = self.leaf(index)
            if _kind(data) == LF_POINTER and len(data) > 9:
                size = int.from_bytes(data[6:10], "little") >> 13 & 0x3F
                if size in (4, 8):
                    return size
        return 0

    def load(self) -> None:
        """Read all records, and index the definitions by name.

        :raises FormatError: when they do not fill the stream
        """
        if self._offsets is not None:
            return
        data = self._container.read_some(_STREAM, self._start, self.size)
        offsets, names = array("I"), self._names
        append, unpack, tags, known, places = offsets.append, _RECORD, TAGS, KNOWN, NAMES
        at, end, index = 0, len(data), self.begin
        adjusted = self._read_adjusted()
        while at < end:
            length, kind = unpack(data, at) if at + 4 <= end else (0, 0)
            append(at)
            after = at + 2 + length
            if length < 2 or after > end:
                raise FormatError(f"{self.where}: type {index:#x} has {length} bytes at {at:#x} of {end:#x}")
            if kind in tags:
                # The properties are at the same place in all of them.
                if length > 5 and not data[at + 6] & FORWARD:
                    # What tag_name() does with nearly all, without calling it.
                    begin = at + 2 + places.get(kind, length)
                    stop = data.find(0, begin, after)
                    if stop >= 0 and data[begin - 1] < 0x80:
                        name = data[begin:stop].decode("utf-8", "backslashreplace")
                    else:
                        name = tag_name(kind, data, at + 2, after)
                    if (name[-1:] not in ">d" or not is_unnamed(name)) and (name not in names or index in adjusted):
                        names[name] = index
            elif kind not in known:
                first, count = self.unknown.get(kind, (index, 0))
                self.unknown[kind] = (first, count + 1)
            at = after
            index += 1
        if index != self.end:
            raise FormatError(f"{self.where}: {index - self.begin} types; the header says {self.end - self.begin}")
        offsets.append(end)
        self._data, self._offsets = data, offsets
        self._chunks.clear()

    def names(self) -> dict[str, int]:
        """Return the type index of every definition that has a name."""
        self.load()
        return self._names

    def records(self) -> tuple[bytes, array[int]]:
        """Return all records, each behind its length, and where each begins and the last one ends.

        :raises FormatError: when they do not fill the stream
        """
        self.load()
        assert self._offsets is not None
        return self._data, self._offsets

    def find(self, name: str) -> int | None:
        """Return the type index of the definition called *name*, or ``None``.

        Of several, an adjuster of the hash stream says which one; else it is the first.
        """
        if self._offsets is None:
            found = [i for i, t in self._candidates(name) if t.name == name]
            if found:
                return min(found, key=lambda i: (i not in self._read_adjusted(), i))
        # A structure within a namespace or function is hashed by its decorated
        # name, so that nothing is certain before all have been gone through.
        return self.names().get(name)

    def resolve(self, reference: Tag) -> int | None:
        """Return the type index of the definition that a forward *reference* means, or ``None``."""
        if self._offsets is None and self._looked_up < _FEW:
            self._looked_up += 1
            for index, found in self._candidates(reference.name) + self._candidates(reference.unique):
                if found.unique == reference.unique and found.name == reference.name:
                    return index
        self.load()
        if not reference.unique:
            return None if reference.unnamed else self._names.get(reference.name)
        if self._unique is None:
            self._unique = self._read_unique()
        return self._unique.get(reference.unique)

    def _read_unique(self) -> dict[str, int]:
        found: dict[str, int] = {}
        adjusted = self._read_adjusted()
        for index in range(self.begin, self.end):
            defined = _definition(self.leaf(index))
            if defined is not None and defined.unique and (defined.unique not in found or index in adjusted):
                found[defined.unique] = index
        return found

    def _candidates(self, name: str) -> list[tuple[int, Tag]]:
        """Return the definitions in the bucket of the hash of *name*; none where the hash stream is of no use."""
        begin, size = self._hashes
        if not name or not self._buckets or self._hash_size not in (2, 4) or size % self._hash_size:
            return []
        wanted = hash_v1(name.encode("utf-8", "surrogatepass")) % self._buckets
        hashes = self._read_hashes(begin, size)
        key = wanted.to_bytes(4, "little")[: self._hash_size]
        found: list[tuple[int, Tag]] = []
        at = hashes.find(key)
        for _ in range(4 * _FEW):
            if at < 0:
                break
            index, odd = divmod(at, self._hash_size)
            index += self.begin
            if not odd and index < self.end:
                data = self.leaf(index)
                defined = _definition(data)
                if defined is not None:
                    found.append((index, defined))
            at = hashes.find(key, at + 1 if odd else at + self._hash_size)
        return found

    def _read_hashes(self, offset: int, size: int) -> bytes:
        """Return a part of the hash stream, nothing where it does not lie in the stream."""
        if self._hash_stream == _NO_STREAM or offset + size > self._container.size(self._hash_stream):
            return b""
        return self._container.read_some(self._hash_stream, offset, size)

    def _leaf_of_chunk(self, index: int) -> bytes | None:
        """Return record *index* through the index offsets, ``None`` when these are of no use."""
        if self._index is None:
            data = self._read_hashes(*self._index_offsets)
            pairs = list(struct.iter_unpack("<II", data[: len(data) & ~7]))
            indexes, offsets = [p[0] for p in pairs], [p[1] for p in pairs]
            sound = bool(pairs) and pairs[0] == (self.begin, 0) and indexes[-1] < self.end and offsets[-1] < self.size
            sound = sound and all(a < b for a, b in zip(indexes, indexes[1:]))
            sound = sound and all(a < b for a, b in zip(offsets, offsets[1:]))
            self._index = ([*indexes, self.end], [*offsets, self.size]) if sound else ([], [])
        indexes, offsets = self._index
        if not indexes:
            return None
        chunk = bisect_right(indexes, index) - 1
        records = self._chunks.get(chunk)
        if records is None:
            start, end = offsets[chunk : chunk + 2]
            data = self._container.read_some(_STREAM, self._start + start, end - start)
            records = self._chunks[chunk] = _split(data)
        if len(records) != indexes[chunk + 1] - indexes[chunk]:
            return None
        return records[index - indexes[chunk]]

    def _read_adjusted(self) -> frozenset[int]:
        """Return the types that an adjuster puts before others of the same name: the newest, after several links."""
        if self._adjusted is None:
            from dumpwalk.types.sources.pdb.info import hash_table

            data = self._read_hashes(*self._adjusters)
            try:
                pairs = hash_table(data, 0, self.where)[0] if data else []
            except FormatError:
                pairs = []  # then the first one counts
            self._adjusted = frozenset(index for _, index in pairs)
        return self._adjusted


def _kind(data: bytes) -> int:
    return int.from_bytes(data[:2], "little")


def _definition(data: bytes) -> Tag | None:
    """Return what *data* defines; ``None`` when it is another record, a forward reference, or damaged."""
    if _kind(data) not in TAGS or len(data) < 6 or data[4] & FORWARD:
        return None
    try:
        return tag(data)
    except CUT_OFF:
        return None  # whoever decodes it says so


def _split(data: bytes) -> list[bytes]:
    """Return the records in *data*; fewer than there should be when it is damaged."""
    found = []
    at = 0
    while at + 4 <= len(data):
        after = at + 2 + _RECORD(data, at)[0]
        if after > len(data) or after < at + 4:
            break
        found.append(data[at + 2 : after])
        at = after
    return found
