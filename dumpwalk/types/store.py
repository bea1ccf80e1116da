"""The types, enumerations and key symbols of every kernel that dumpwalk ships with, read when asked for.

A store holds every distinct structure once; a profile, one build of one
module, is a table of names to these. ``docs/typeinfo.md`` describes the file.
"""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.record import record
from dumpwalk.types.model import Array, Base, Enum, Field, Function, Pointer, Reference, Struct
from dumpwalk.types.store_file import StoreFile, mapped
from dumpwalk.types.store_file import shipped as shipped_file
from dumpwalk.types.store_format import (
    ARRAY,
    BASE,
    DEPTH,
    FIELDS,
    FUNCTION,
    GUESSES,
    KINDS,
    NONE,
    POINTER,
    PROFILE,
    REFERENCE,
    UNNAMED,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from dumpwalk.types.model import Type
    from dumpwalk.types.symbols_table import Symbols

# What may stand before a kernel type's name: the module's name as debuggers show it, and as its files are called.
_MODULES = ("nt", "ntkrnlmp", "ntoskrnl", "ntkrnlpa", "ntkrpamp")


@record
class ProfileInfo:
    """What is known of a profile without opening it.

    :param name: ``nt/19041.3570-x64``
    :param aliases: its other names; PDB identifier, version, the name its source gives it
    :param build: 19041
    :param revision: the last part of its version; 0 where it is not known
    :param architecture: ``x64`` or ``x86``
    :param guid: GUID and age of its PDB file as symbol servers write them, or ``""``
    :param timestamp: of its image file, 0 where it is not known
    :param size: of its image in memory, 0 where it is not known
    :param types: how many structures and enumerations it has
    :param symbols: how many public symbols it has
    :param source: where its types come from
    """

    name: str
    aliases: tuple[str, ...]
    build: int
    revision: int
    architecture: str
    guid: str
    timestamp: int
    size: int
    types: int
    symbols: int
    source: str


class Store:
    """A type store.

    :param data: the content of its file
    :param where: the file's name, for error messages
    :raises TypeInfoError: here and from every method, when the file is damaged
    """

    def __init__(self, data: object, where: str = "the type store") -> None:
        self._file = StoreFile(data, where)  # type: ignore[arg-type]
        self._types: dict[int, tuple[Type, int]] = {}
        self._definitions: dict[int, tuple[Struct | Enum, int]] = {}

    @classmethod
    def shipped(cls) -> Store:
        """Return the store that ships with dumpwalk.

        :raises TypeInfoError: when its file can't be read
        """
        found = _opened.get("nt.types")
        if found is None:
            found = _opened["nt.types"] = cls(shipped_file("nt.types"), "typeinfo/nt.types")
        return found

    @classmethod
    def from_path(cls, path: str) -> Store:
        """Return the store in the file at *path*.

        :raises TypeInfoError: when it can't be read or is not one
        """
        return cls(mapped(path), path)

    def profiles(self) -> tuple[ProfileInfo, ...]:
        """Return every profile, oldest build first."""
        return tuple(self.info(i) for i in range(self._file.count("PROFILES")))

    def info(self, index: int) -> ProfileInfo:
        """Return what is known of the profile that is the *index*th."""
        file = self._file
        row = self.profile_row(index)
        string = file.string
        return ProfileInfo(
            string(row["name"]),
            tuple(string(alias) for (alias,) in file.rows("LISTS", row["aliases"], row["aliases_count"])),
            row["build"],
            row["revision"],
            string(row["architecture"]),
            string(row["guid"]),
            row["timestamp"],
            row["size"],
            row["types_count"],
            row["symbols_count"],
            string(row["source"]),
        )

    def profile_row(self, index: int) -> Mapping[str, int]:
        """Return the numbers in a profile's row by their names in :data:`~dumpwalk.types.store_format.PROFILE`."""
        return dict(zip(PROFILE, self._file.row("PROFILES", index)))

    def profile_rows(self) -> Iterator[Mapping[str, int]]:
        """Return the numbers in all profiles' rows, oldest build first."""
        for row in self._file.rows("PROFILES", 0, self._file.count("PROFILES")):
            yield dict(zip(PROFILE, row))

    def keys(self, row: Mapping[str, int]) -> dict[int, int]:
        """Return offsets of a profile's key symbols by the numbers of their names."""
        return dict(self._file.rows("KEYS", row["keys"], row["keys_count"]))

    def table(self, first: int, count: int) -> dict[int, int]:
        """Return the numbers of definitions by those of their names, in *count* rows from *first* on."""
        return dict(self._file.rows("TABLE", first, count))

    def string(self, number: int) -> str:
        """Return a string by its number."""
        return self._file.string(number)

    def number(self, name: str) -> int | None:
        """Return the number of a string that is the name of a type, a key symbol or a profile."""
        return self._file.number(name)

    def index(self, name: str) -> int | None:
        """Return which profile has the name or alias *name*, upper and lower case alike."""
        number = self._file.number(name.lower())
        if number is None:
            return None
        return self._file.search("ALIASES", 0, self._file.count("ALIASES"), number)

    def open(self, name: str) -> StoredTypes:
        """Return the types of the profile called *name*.

        :param name: its name or one of its aliases: ``nt/19041.3570-x64``, ``win7-x86-pae``,
            ``606FF669409B00F7FC8C61A9C1670129-1``
        :raises TypeInfoError: when there is no such profile
        """
        index = self.index(name)
        if index is None:
            raise TypeInfoError(f"no types of {name}: `dumpwalk types list` shows which there are")
        return self.open_index(index)

    def open_index(self, index: int) -> StoredTypes:
        """Return the types of the profile that is the *index*th."""
        return StoredTypes(self, self.profile_row(index), index)

    def check(self) -> None:
        """Check the whole file.

        :raises TypeInfoError: when any of it is damaged
        """
        self._file.check_all()

    def definition(self, index: int, depth: int = 0) -> tuple[Struct | Enum, int]:
        """Return a structure or enumeration, and how many fields it has with those of unnamed structures in it."""
        if index in self._definitions:
            return self._definitions[index]
        file = self._file
        if depth > DEPTH:
            raise file.damage("a type contains itself")
        name, size, first, count, kind = file.row("DEFS", index)
        if kind >= len(KINDS):
            raise file.damage(f"kind of definition {index}")
        found: Struct | Enum
        weight = count
        if KINDS[kind] == "enum":
            rows = file.rows("MEMBERS", first, count)
            found = Enum(file.string(name), size, tuple((file.string(member), value) for member, value in rows))
        else:
            fields = []
            for member, offset, type_, position, length, guess in file.rows("FIELDS", first, count):
                inner = self._types.get(type_) or self._type(type_, depth + 1)
                weight += inner[1]
                if weight > FIELDS or guess >= len(GUESSES):
                    raise file.damage(f"fields of definition {index}")
                bits = (position, length) if length else None
                fields.append(Field(file.string(member), offset, inner[0], bits, GUESSES[guess]))
            found = Struct(file.string(name), KINDS[kind], size, tuple(fields))
        self._definitions[index] = found, weight
        return found, weight

    def type_of(self, index: int) -> Type:
        """Return a type by its number."""
        return self._type(index, 0)[0]

    def size(self, index: int) -> int:
        """Return the size of a structure or enumeration in bytes, by the number of its definition."""
        size: int = self._file.row("DEFS", index)[1]
        return size

    def _type(self, index: int, depth: int) -> tuple[Type, int]:
        if index in self._types:
            return self._types[index]
        file = self._file
        if depth > DEPTH:
            raise file.damage("a type contains itself")
        kind, sort, _, of, size = file.row("TYPES", index)
        weight = 0
        found: Type
        if kind == BASE:
            found = Base(file.string(of), size)
        elif kind == REFERENCE and sort < len(KINDS):
            found = Reference(KINDS[sort], file.string(of))
        elif kind == UNNAMED:
            found, weight = self.definition(of, depth + 1)
        elif kind == FUNCTION and of == NONE:
            found = Function(None)
        elif kind in (POINTER, ARRAY, FUNCTION):
            inner, weight = self._type(of, depth + 1)
            if kind == POINTER:
                found = Pointer(inner, size)
            else:
                found = Array(inner, size) if kind == ARRAY else Function(inner)
        else:
            raise file.damage(f"kind of type {index}")
        self._types[index] = found, weight
        return found, weight


class StoredTypes:
    """The types of one profile: a :class:`~dumpwalk.types.model.TypeDatabase`.

    Made by :meth:`Store.open`.

    :ivar name: ``nt/19041.3570-x64``
    :ivar pointer_size: in bytes
    """

    def __init__(self, store: Store, row: Mapping[str, int], index: int) -> None:
        self._store = store
        self._file = store._file
        self._row = row
        self._index = index
        self._symbols: Symbols | None = None
        self.name = self._file.string(row["name"])
        self.pointer_size = row["pointer_size"]
        if self.pointer_size not in (4, 8):
            raise self._file.damage(f"pointer size of {self.name}")

    @property
    def info(self) -> ProfileInfo:
        """What is known of the profile."""
        return self._store.info(self._index)

    def find(self, name: str) -> Struct | Enum | None:
        """Return the structure or enumeration called *name*, with or without ``nt!``; ``None`` if there is none.

        :raises TypeInfoError: when the store is damaged
        """
        number = self._file.number(_bare(name))
        if number is None:
            return None
        index = self._file.search("TABLE", self._row["types"], self._row["types_count"], number)
        return None if index is None else self._store.definition(index)[0]

    def names(self) -> tuple[str, ...]:
        """Return the names of all structures and enumerations, sorted."""
        return tuple(self._file.string(name) for name, _ in self.table())

    def table(self) -> Iterator[tuple[int, int]]:
        """Return the numbers of each type's name and definition; equal definitions of two profiles have one number."""
        rows: Iterator[Any] = self._file.rows("TABLE", self._row["types"], self._row["types_count"])
        return rows

    def source(self, name: str) -> str:
        """Say where the type called *name* comes from; ``""`` when there is no such type."""
        number = self._file.number(_bare(name))
        if number is None or self._file.search("TABLE", self._row["types"], self._row["types_count"], number) is None:
            return ""
        note = self._file.search("NOTES", self._row["notes"], self._row["notes_count"], number)
        return self._file.string(self._row["source"] if note is None else note)

    def typedef(self, name: str) -> Type | None:
        """Return what the typedef *name* stands for, ``None`` when there is none of this name.

        :raises TypeInfoError: when the store is damaged
        """
        number = self._file.number(_bare(name))
        if number is None:
            return None
        low, high = 0, self._file.count("TYPEDEFS")
        while low < high:
            middle = (low + high) // 2
            profile, named, type_ = self._file.row("TYPEDEFS", middle)
            if (profile, named) == (self._index, number):
                return self._store.type_of(type_)
            if (profile, named) < (self._index, number):
                low = middle + 1
            else:
                high = middle
        return None

    def typedefs(self) -> dict[str, Type]:
        """Return what each typedef stands for."""
        rows = self._file.rows("TYPEDEFS", 0, self._file.count("TYPEDEFS"))
        return {self._file.string(n): self._store.type_of(t) for profile, n, t in rows if profile == self._index}

    def key_symbols(self) -> dict[str, int]:
        """Return the offsets from the image base of the few symbols that walking a dump begins with.

        They are in the store itself; :attr:`symbols` has all, in a file of their own.
        """
        rows = self._file.rows("KEYS", self._row["keys"], self._row["keys_count"])
        return {self._file.string(name): offset for name, offset in rows}

    @property
    def symbols(self) -> Symbols:
        """Every public symbol, read from ``nt.symbols`` when one is first asked for.

        A profile that has none there has its key symbols here.

        :raises TypeInfoError: when the file can't be read or is damaged
        """
        if self._symbols is None:
            from dumpwalk.types.symbols_table import ListedSymbols, Symbols, SymbolsFile

            table = self._row["symbols"]
            if table == NONE:
                self._symbols = Symbols(ListedSymbols(self.key_symbols()), 0)
            else:
                self._symbols = Symbols(SymbolsFile.shipped(), table)
        return self._symbols


_opened: dict[str, Store] = {}


def _bare(name: str) -> str:
    module, mark, rest = name.partition("!")
    return rest if mark and module.lower() in _MODULES else name
