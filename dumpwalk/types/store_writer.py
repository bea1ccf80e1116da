"""Writes a type store: interns every type once and packs the rows."""

from __future__ import annotations

from dumpwalk.record import record
from dumpwalk.types.model import Array, Base, Enum, Function, Pointer, Reference, Struct
from dumpwalk.types.store_format import (
    ARRAY,
    BASE,
    CHECK,
    FUNCTION,
    GUESSES,
    HEADER,
    KINDS,
    MAGIC,
    NONE,
    PAGE,
    POINTER,
    PROBES,
    PROFILE,
    REFERENCE,
    ROWS,
    SECTION,
    SECTIONS,
    UNNAMED,
    VERSION,
    place,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from dumpwalk.types.model import Type


@record
class ProfileContent:
    """A profile as it goes into a store; see :class:`~dumpwalk.types.store.ProfileInfo`.

    :param types: structures and enumerations by name
    :param keys: offsets of key symbols from the image base
    :param notes: where a type comes from, if not from *source*
    :param symbols: number of its table of symbols, -1 if it has none
    :param symbols_count: how many symbols that has
    """

    name: str
    aliases: tuple[str, ...]
    build: int
    revision: int
    architecture: str
    pointer_size: int
    guid: str
    timestamp: int
    size: int
    source: str
    types: Mapping[str, Struct | Enum]
    keys: Mapping[str, int] = {}
    notes: Mapping[str, str] = {}
    symbols: int = -1
    symbols_count: int = 0


class StoreWriter:
    """Collects profiles; :meth:`content` is the file.

    The same profiles in the same order make the same bytes.
    """

    def __init__(self) -> None:
        self._rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in SECTIONS}
        self._numbers: dict[str, int] = {"": 0}  # strings in the order of their first use; sorted in the end
        self._searched: set[str] = set()
        self._interned: dict[Any, int] = {}
        self._tables: dict[Any, int] = {}
        self._seen: dict[int, tuple[Struct | Enum, int]] = {}
        self._aliases: dict[str, int] = {}

    @property
    def counts(self) -> dict[str, int]:
        """How many rows each section has so far."""
        return {name: len(rows) for name, rows in self._rows.items() if rows} | {"STRINGS": len(self._numbers)}

    def add(self, profile: ProfileContent) -> None:
        """Add a profile.

        :raises ValueError: when its name or an alias is another one's already
        """
        index = len(self._rows["PROFILES"])
        for alias in (profile.name, *profile.aliases):
            if self._aliases.setdefault(alias.lower(), index) != index:
                raise ValueError(f"two profiles are called {alias}")
        table = [(self._name(n), self._definition(d)) for n, d in sorted(profile.types.items())]
        keys = [(self._name(n), offset) for n, offset in sorted(profile.keys.items())]
        notes = [(self._name(n), self._string(note)) for n, note in sorted(profile.notes.items())]
        row = {
            "name": self._string(profile.name),
            "architecture": self._string(profile.architecture),
            "guid": self._string(profile.guid),
            "source": self._string(profile.source),
            "build": profile.build,
            "revision": profile.revision,
            "timestamp": profile.timestamp,
            "size": profile.size,
            "pointer_size": profile.pointer_size,
            "symbols": profile.symbols if profile.symbols >= 0 else NONE,
            "symbols_count": profile.symbols_count,
        }
        for name, section, rows in (
            ("types", "TABLE", table),
            ("keys", "KEYS", keys),
            ("notes", "NOTES", notes),
            ("aliases", "LISTS", [(self._string(a),) for a in profile.aliases]),
        ):
            row[name] = self._shared(section, rows)
            row[f"{name}_count"] = len(rows)
        self._rows["PROFILES"].append(tuple(row[name] for name in PROFILE))

    def content(self) -> bytes:
        """Return the file."""
        aliases = [(self._name(alias), index) for alias, index in self._aliases.items()]
        texts = sorted(self._numbers)
        order = {self._numbers[text]: i for i, text in enumerate(texts)}
        rows = {name: list(self._rows[name]) for name in SECTIONS}
        rows["ALIASES"] = aliases
        for section, columns in (
            *(("DEFS", (0,)), ("FIELDS", (0,)), ("MEMBERS", (0,)), ("TABLE", (0,)), ("LISTS", (0,))),
            *(("KEYS", (0,)), ("NOTES", (0, 1)), ("ALIASES", (0,)), ("PROFILES", (0, 1, 2, 3))),
        ):
            rows[section] = [tuple(order[v] if i in columns else v for i, v in enumerate(r)) for r in rows[section]]
        rows["TYPES"] = [(k, s, 0, order[of] if k in (BASE, REFERENCE) else of, n) for k, s, _, of, n in rows["TYPES"]]
        for section, first in (("TABLE", "types"), ("KEYS", "keys"), ("NOTES", "notes")):
            starts = {(p[PROFILE.index(first)], p[PROFILE.index(f"{first}_count")]) for p in rows["PROFILES"]}
            for start, count in starts:
                rows[section][start : start + count] = sorted(rows[section][start : start + count])
        rows["ALIASES"].sort()
        encoded = [text.encode() for text in texts]
        end = 0
        for each in encoded:
            rows["STRINGS"].append((end, end + len(each)))
            end += len(each)
        rows["HASH"] = [(n,) for n in _index(encoded, sorted(order[self._numbers[t]] for t in self._searched))]
        packed = {s: b"".join(ROWS[s].pack(*row) for row in rows[s]) for s in SECTIONS}
        packed["HEAP"] = b"".join(encoded)
        return _file(packed)

    def _string(self, text: str) -> int:
        return self._numbers.setdefault(text, len(self._numbers))

    def _name(self, text: str) -> int:
        self._searched.add(text)
        return self._string(text)

    def _row(self, section: str, row: tuple[Any, ...]) -> int:
        key = (section, row)
        if key not in self._interned:
            self._interned[key] = len(self._rows[section])
            self._rows[section].append(row)
        return self._interned[key]

    def _shared(self, section: str, rows: list[tuple[Any, ...]]) -> int:
        """Return where *rows* begin; the same rows of several owners are there once."""
        key = (section, tuple(rows))
        if key not in self._tables:
            self._tables[key] = len(self._rows[section])
            self._rows[section] += rows
        return self._tables[key]

    def _definition(self, of: Struct | Enum) -> int:
        known = self._seen.get(id(of))
        if known and known[0] is of:
            return known[1]
        rows: list[tuple[Any, ...]]
        if isinstance(of, Enum):
            rows = [(self._string(n), value) for n, value in of.members]
            first, kind = self._shared("MEMBERS", rows), "enum"
        else:
            rows = [
                (self._string(f.name), f.offset, self._type(f.type), *(f.bits or (0, 0)), GUESSES.index(f.guessed))
                for f in of.fields
            ]
            first, kind = self._shared("FIELDS", rows), of.kind
        found = self._row("DEFS", (self._string(of.name), of.size, first, len(rows), KINDS.index(kind)))
        self._seen[id(of)] = of, found  # the object is kept, so that no other one gets its id
        return found

    def _type(self, of: Type) -> int:
        sort = size = 0
        if isinstance(of, Base):
            kind, what, size = BASE, self._string(of.name), of.size
        elif isinstance(of, Pointer):
            kind, what, size = POINTER, self._type(of.target), of.size
        elif isinstance(of, Array):
            kind, what, size = ARRAY, self._type(of.element), of.count
        elif isinstance(of, Function):
            kind, what = FUNCTION, NONE if of.returns is None else self._type(of.returns)
        elif isinstance(of, Reference):
            kind, sort, what = REFERENCE, KINDS.index(of.kind), self._string(of.name)
        else:
            kind, what = UNNAMED, self._definition(of)
        return self._row("TYPES", (kind, sort, 0, what, size))


def _prime(least: int) -> int:
    while any(least % n == 0 for n in range(2, int(least**0.5) + 1)):
        least += 1
    return least


def _index(strings: list[bytes], numbers: list[int]) -> list[int]:
    """Return the hash index of the strings with these numbers: half empty, each name near its place."""
    slots = _prime(2 * len(numbers) + 3)
    while True:
        index = [NONE] * slots
        for number in numbers:
            slot = place(strings[number], slots)
            for probe in range(PROBES):
                if index[(slot + probe) % slots] == NONE:
                    index[(slot + probe) % slots] = number
                    break
            else:
                break
        else:
            return index
        slots = _prime(slots + slots // 4)


def _file(packed: Mapping[str, bytes]) -> bytes:
    from zlib import crc32

    head = HEADER.size + SECTION.size * len(SECTIONS) + CHECK.size
    body = bytearray()
    offsets = []
    for section in SECTIONS:
        offsets.append(len(body))
        body += packed[section]
        body += bytes(-len(body) % 8)
    body += bytes(-len(body) % PAGE)
    pages = len(body) // PAGE
    start = -(-(head + CHECK.size * pages) // PAGE) * PAGE
    checks = b"".join(CHECK.pack(crc32(body[i : i + PAGE])) for i in range(0, len(body), PAGE))
    header = HEADER.pack(MAGIC, VERSION, len(SECTIONS), start + len(body), start, pages, crc32(checks))
    header += b"".join(
        SECTION.pack(start + offset, len(packed[section]) // ROWS[section].size)
        for section, offset in zip(SECTIONS, offsets)
    )
    header += CHECK.pack(crc32(header))
    return (header + checks).ljust(start, b"\0") + bytes(body)
