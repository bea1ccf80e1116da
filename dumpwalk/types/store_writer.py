"""Writes a type store: interns every type once and packs the rows."""

from __future__ import annotations

import struct
from itertools import accumulate, starmap

from dumpwalk.record import record
from dumpwalk.types.model import Array, Base, Enum, Function, Pointer, Reference, Struct
from dumpwalk.types.store_format import (
    ARRAY,
    BASE,
    CHECK,
    FEWEST_SECTIONS,
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
from dumpwalk.types.uncollected import Uncollected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from dumpwalk.types.model import Field, Type

_GUESSES = {guessed: number for number, guessed in enumerate(GUESSES)}
_NO_BITS = (0, 0)
_KINDS = {kind: number for number, kind in enumerate(KINDS)}


@record
class ProfileContent:
    """A profile as it goes into a store; see :class:`~dumpwalk.types.store.ProfileInfo`.

    :param types: structures and enumerations by name
    :param keys: offsets of key symbols from the image base
    :param notes: where a type comes from, if not from *source*
    :param symbols: number of its table of symbols, -1 if it has none
    :param symbols_count: how many symbols that has
    :param typedefs: what names stand for types that are no structures, or have other names
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
    typedefs: Mapping[str, Type] = {}


class _Numbers(dict[str, int]):
    """Numbers of strings, in the order of their first use."""

    def __missing__(self, text: str) -> int:
        number = self[text] = len(self)
        return number


class StoreWriter:
    """Collects profiles; :meth:`content` is the file.

    The same profiles in the same order make the same bytes.
    """

    def __init__(self) -> None:
        # Numbers of rows that differ, in their order.
        self._field_numbers: dict[tuple[int, ...], int] = {}
        self._type_numbers: dict[tuple[int, ...], int] = {}
        self._definition_numbers: dict[tuple[int, ...], int] = {}
        self._rows: dict[str, Any] = {name: [] for name in SECTIONS}  # tuples; of FIELDS the numbers above
        self._rows |= {"TYPES": self._type_numbers, "DEFS": self._definition_numbers}
        self._numbers = _Numbers({"": 0})  # sorted in the end
        self._searched: set[str] = set()
        self._tables: dict[Any, int] = {}
        self._seen: dict[int, tuple[Struct | Enum, int]] = {}
        # By id, while the profile that is added keeps the objects: most sources use one object for one type,
        # and a PDB one for each field that structures have in common, and for all fields of those that are alike.
        self._types: dict[int, int] = {}
        self._fields: dict[int, int] = {}
        self._lists: dict[int, int] = {}
        self._aliases: dict[str, int] = {}

    @property
    def counts(self) -> dict[str, int]:
        """How many rows each section has so far."""
        return {name: len(rows) for name, rows in self._rows.items() if rows} | {"STRINGS": len(self._numbers)}

    def add(self, profile: ProfileContent) -> None:
        """Add a profile.

        :raises ValueError: when its name or an alias is another one's already
        """
        with Uncollected():
            self._add(profile)

    def _add(self, profile: ProfileContent) -> None:
        index = len(self._rows["PROFILES"])
        for alias in (profile.name, *profile.aliases):
            if self._aliases.setdefault(alias.lower(), index) != index:
                raise ValueError(f"two profiles are called {alias}")
        self._types.clear()
        self._fields.clear()
        self._lists.clear()
        # Names alone are sorted three times as fast as pairs.
        types, offsets, numbers = dict(profile.types), dict(profile.keys), self._numbers
        self._searched.update(types, offsets, profile.typedefs)
        table = [(numbers[n], self._definition(types[n])) for n in sorted(types)]
        keys = [(numbers[n], offsets[n]) for n in sorted(offsets)]
        notes = [(self._name(n), self._string(note)) for n, note in sorted(profile.notes.items())]
        meant = profile.typedefs
        self._rows["TYPEDEFS"] += [(index, numbers[n], self._type(meant[n])) for n in sorted(meant)]
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
        with Uncollected():
            return self._content()

    def _content(self) -> bytes:
        aliases = [(self._name(alias), index) for alias, index in self._aliases.items()]
        texts = sorted(self._numbers)
        order = [0] * len(texts)
        for i, number in enumerate(map(self._numbers.__getitem__, texts)):
            order[number] = i
        rows = {name: self._rows[name] for name in SECTIONS}
        rows["ALIASES"] = aliases
        # There are hundred thousands of these: packed at once, without a row between.
        pack_field, pack_member = ROWS["FIELDS"].pack, ROWS["MEMBERS"].pack
        fields = [pack_field(order[n], o, t, at, bits, g) for n, o, t, at, bits, g in self._field_numbers]
        packed = {
            "FIELDS": b"".join(map(fields.__getitem__, rows["FIELDS"])),
            "MEMBERS": b"".join([pack_member(order[name], value) for name, value in rows["MEMBERS"]]),
        }
        for section in ("DEFS", "TABLE", "LISTS", "KEYS", "ALIASES"):
            rows[section] = [(order[row[0]], *row[1:]) for row in rows[section]]
        rows["NOTES"] = [(order[name], order[note]) for name, note in rows["NOTES"]]
        rows["PROFILES"] = [(*(order[text] for text in row[:4]), *row[4:]) for row in rows["PROFILES"]]
        rows["TYPES"] = [(k, s, 0, order[of] if k in (BASE, REFERENCE) else of, n) for k, s, _, of, n in rows["TYPES"]]
        for section, first in (("TABLE", "types"), ("KEYS", "keys"), ("NOTES", "notes")):
            starts = {(p[PROFILE.index(first)], p[PROFILE.index(f"{first}_count")]) for p in rows["PROFILES"]}
            for start, count in starts:
                rows[section][start : start + count] = sorted(rows[section][start : start + count])
        rows["TYPEDEFS"] = sorted((profile, order[name], type) for profile, name, type in rows["TYPEDEFS"])
        rows["ALIASES"].sort()
        encoded = [text.encode() for text in texts]
        ends = list(accumulate(map(len, encoded), initial=0))
        ends = [end for pair in zip(ends, ends[1:]) for end in pair]
        index = _index(encoded, sorted([order[self._numbers[t]] for t in self._searched]))
        packed |= {
            "STRINGS": struct.pack(f"<{len(ends)}I", *ends),
            "HASH": struct.pack(f"<{len(index)}I", *index),
            "HEAP": b"".join(encoded),
        }
        packed |= {name: b"".join(starmap(ROWS[name].pack, rows[name])) for name in SECTIONS if name not in packed}
        return _file(packed)

    def _string(self, text: str) -> int:
        return self._numbers[text]

    def _name(self, text: str) -> int:
        self._searched.add(text)
        return self._string(text)

    def _shared(self, section: str, rows: list[Any]) -> int:
        """Return where *rows* begin; the same rows of several owners are there once."""
        all_rows = self._rows[section]
        start = self._tables.setdefault((section, tuple(rows)), len(all_rows))
        if start == len(all_rows):
            all_rows += rows
        return start

    def _definition(self, of: Struct | Enum) -> int:
        known = self._seen.get(id(of))
        if known and known[0] is of:
            return known[1]
        numbers = self._numbers
        if isinstance(of, Enum):
            kind, count = "enum", len(of.members)
            first = self._shared("MEMBERS", [(numbers[n], v) for n, v in of.members])
        else:
            fields = of.fields
            kind, count = of.kind, len(fields)
            start = self._lists.get(id(fields))
            first = self._field_rows(fields) if start is None else start
        row = numbers[of.name], of.size, first, count, _KINDS[kind]
        found = self._definition_numbers.setdefault(row, len(self._definition_numbers))
        self._seen[id(of)] = of, found  # the object is kept, so that no other one gets its id
        return found

    def _field_rows(self, fields: tuple[Field, ...]) -> int:
        """Return where the rows of these fields begin."""
        found = list(map(self._fields.get, map(id, fields)))
        if None in found:
            found = [self._field(field) if row is None else row for row, field in zip(found, fields)]
        first = self._lists[id(fields)] = self._shared("FIELDS", found)
        return first

    def _field(self, of: Field) -> int:
        """Return the number of a field's row among those that differ."""
        type_ = of.type
        number = self._types.get(id(type_))
        if number is None:
            number = self._type_number(type_)
        at, bits = of.bits or _NO_BITS
        row = self._numbers[of.name], of.offset, number, at, bits, _GUESSES[of.guessed]
        number = self._fields[id(of)] = self._field_numbers.setdefault(row, len(self._field_numbers))
        return number

    def _type(self, of: Type) -> int:
        sort = size = 0
        if isinstance(of, Reference):  # the commonest first
            kind, sort, what = REFERENCE, _KINDS[of.kind], self._numbers[of.name]
        elif isinstance(of, Pointer):
            kind, what, size = POINTER, self._type_number(of.target), of.size
        elif isinstance(of, Base):
            kind, what, size = BASE, self._numbers[of.name], of.size
        elif isinstance(of, Array):
            kind, what, size = ARRAY, self._type_number(of.element), of.count
        elif isinstance(of, Function):
            kind, what = FUNCTION, NONE if of.returns is None else self._type_number(of.returns)
        else:
            kind, what = UNNAMED, self._definition(of)
        return self._type_numbers.setdefault((kind, sort, 0, what, size), len(self._type_numbers))

    def _type_number(self, of: Type) -> int:
        """Return the number of a type's row; the type is one that the profile keeps."""
        number = self._types.get(id(of))
        if number is None:
            number = self._types[id(of)] = self._type(of)
        return number


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

    sections = SECTIONS if packed["TYPEDEFS"] else SECTIONS[:FEWEST_SECTIONS]
    head = HEADER.size + SECTION.size * len(sections) + CHECK.size
    body = bytearray()
    offsets = []
    for section in sections:
        offsets.append(len(body))
        body += packed[section]
        body += bytes(-len(body) % 8)
    body += bytes(-len(body) % PAGE)
    pages = len(body) // PAGE
    start = -(-(head + CHECK.size * pages) // PAGE) * PAGE
    checks = b"".join(CHECK.pack(crc32(body[i : i + PAGE])) for i in range(0, len(body), PAGE))
    header = HEADER.pack(MAGIC, VERSION, len(sections), start + len(body), start, pages, crc32(checks))
    header += b"".join(
        SECTION.pack(start + offset, len(packed[section]) // ROWS[section].size)
        for section, offset in zip(sections, offsets)
    )
    header += CHECK.pack(crc32(header))
    return (header + checks).ljust(start, b"\0") + bytes(body)
