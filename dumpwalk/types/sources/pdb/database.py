"""A PDB as a type database."""

from __future__ import annotations

import os

from dumpwalk.errors import FormatError
from dumpwalk.remarks import Problem
from dumpwalk.types.model import Reference
from dumpwalk.types.sources.pdb.build import Builder
from dumpwalk.types.sources.pdb.msf import Container
from dumpwalk.types.sources.pdb.tpi import TypeStream
from dumpwalk.types.uncollected import Uncollected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dumpwalk.remarks import Absent
    from dumpwalk.types.model import Enum, Struct, Type
    from dumpwalk.types.sources.pdb.dbi import DebugInfo
    from dumpwalk.types.sources.pdb.info import Info
    from dumpwalk.types.sources.pdb.symbols import PdbSymbol

_BATCH = 1 << 16  # types that are made at once
_MOST_PROBLEMS = 100  # that are listed one by one


class PdbDatabase:
    """The types and symbols of a PDB.

    Opening reads the directory of streams and three headers; a type is read
    when it is asked for. The fields of base classes are among those of a
    class; static members, methods and virtual base classes are not.

    :ivar name: the file's name
    :ivar guid: 32 hex digits, as symbol stores spell it
    :ivar age: how often the debug information was written, which the image repeats
    :ivar machine: ``x86``, ``x64``, ``ARM64``..., ``""`` when the file doesn't say
    """

    def __init__(self, data: bytes | memoryview, name: str) -> None:
        """:raises FormatError: when *data* is no PDB, or one without types that can be read"""
        from dumpwalk.types.sources.pdb.dbi import read_debug_info
        from dumpwalk.types.sources.pdb.info import read_info

        self.name = name
        self._container = Container(data, name)
        self.info: Info = read_info(self._container)
        self.debug_info: DebugInfo = read_debug_info(self._container)
        self.guid = self.info.guid
        self.age = self.debug_info.age or self.info.age
        self.machine = self.debug_info.machine
        self._stream = TypeStream(self._container)
        self.pointer_size = self.debug_info.pointer_size or self._stream.pointer_size() or 8
        self._typedefs: dict[str, int] | None = None
        self._unknown: dict[int, set[int]] = {}  # kinds of members, and the field lists they are in
        self._damaged: dict[str, Problem] = {}
        self._builder = Builder(self._stream, self.pointer_size, self._note)

    def _note(self, kind: int, index: int) -> None:
        self._unknown.setdefault(kind, set()).add(index)

    def find(self, name: str) -> Struct | Enum | None:
        """Return the structure or enumeration called *name*, or ``None``.

        :raises FormatError: when its records are damaged
        """
        index = self._stream.find(name)
        return None if index is None else self._builder.definition(index)

    def names(self) -> Sequence[str]:
        """Return the names of all structures and enumerations, sorted.

        :raises FormatError: when the file's type records don't follow each other
        """
        return sorted(self._stream.names())

    def source(self, name: str) -> str:
        """Say where the type called *name* comes from."""
        return f"{self.name} ({self.guid}{self.age:x})"

    def types(self) -> Iterator[Struct | Enum]:
        """Yield all structures and enumerations that have a name, in the file's order.

        One that is damaged is left out, and among :attr:`skipped`.

        :raises FormatError: when the file's type records don't follow each other
        """
        from dumpwalk.types.sources.pdb.bulk import BulkBuilder

        names = list(self._stream.names().items())
        if not isinstance(self._builder, BulkBuilder):
            self._builder = builder = BulkBuilder(self._stream, self.pointer_size, self._note)
            with Uncollected():
                builder.prepare()
        for start in range(0, len(names), _BATCH):
            yield from self._batch(names[start : start + _BATCH])

    def _batch(self, names: Sequence[tuple[str, int]]) -> list[Struct | Enum]:
        """Return the types of these names."""
        found = []
        with Uncollected():
            for name, index in names:
                try:
                    found.append(self._builder.definition(index, name))
                except FormatError as error:
                    self._damaged[name] = Problem(f"type {name}", str(error))
        return found

    def typedef(self, name: str) -> Type | None:
        """Return what the typedef *name* stands for, ``None`` when there is none of this name.

        :raises FormatError: when the records of it are damaged
        """
        index = self._typedef_indexes().get(name)
        return None if index is None else self._builder.type_of(index)

    def typedefs(self) -> dict[str, Type]:
        """Return what each typedef stands for.

        One that is damaged is left out, and among :attr:`skipped`.

        :raises FormatError: when the symbol records don't follow each other
        """
        found: dict[str, Type] = {}
        for name, index in sorted(self._typedef_indexes().items()):
            try:
                type_ = self._builder.type_of(index)
            except FormatError as error:
                self._damaged[name] = Problem(f"typedef {name}", str(error))
                continue
            if not (isinstance(type_, Reference) and type_.name == name):
                found[name] = type_
        return found

    def _typedef_indexes(self) -> dict[str, int]:
        if self._typedefs is None:
            from dumpwalk.types.sources.pdb.typedefs import read_typedefs

            self._typedefs = read_typedefs(self._container, self.debug_info)
        return self._typedefs

    def symbols(self) -> Iterator[PdbSymbol]:
        """Yield the public and global symbols, in the file's order.

        :raises FormatError: when their records are damaged
        """
        from dumpwalk.types.sources.pdb.symbols import read_symbols

        return read_symbols(self._container, self.debug_info)

    def symbol_places(self) -> Iterator[tuple[str, int | Absent]]:
        """Yield the names and RVAs of :meth:`symbols`, without making records of them.

        :raises FormatError: when their records are damaged
        """
        from dumpwalk.types.sources.pdb.symbols import read_places

        return (place[:2] for place in read_places(self._container, self.debug_info))

    @property
    def skipped(self) -> tuple[Problem, ...]:
        """What was left out so far: kinds of records that are not known, and damaged types.

        It is complete once :meth:`types` has ended.
        """
        unknown = {kind: (min(lists), len(lists)) for kind, lists in self._unknown.items()}
        found = [
            Problem(f"leaf {kind:#x}", f"{count} {what} of a kind that is not known; the first is type {first:#x}")
            for kinds, what in ((self._stream.unknown, "records"), (unknown, "field lists end with a member"))
            for kind, (first, count) in sorted(kinds.items())
        ]
        damaged = list(self._damaged.values())
        found += damaged[:_MOST_PROBLEMS]
        if len(damaged) > _MOST_PROBLEMS:
            found.append(Problem("types", f"{len(damaged) - _MOST_PROBLEMS} more are damaged"))
        return tuple(found)


def open_pdb(path: str) -> PdbDatabase:
    """Open the PDB at *path*, which may be in a cabinet, as symbol servers compress it (``.pd_``).

    :raises FormatError: when it can't be read, is no PDB, or is compressed in a way that is not read
    """
    import mmap
    import stat

    name = os.path.basename(path)
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise FormatError(f"{path}: it is not a regular file")
        with open(path, "rb") as file:
            if not os.fstat(file.fileno()).st_size:
                raise FormatError(f"{path}: the file is empty")
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except OSError as error:
        raise FormatError(f"{path}: {error.strerror or error}") from error
    except ValueError as error:  # a NUL in the path; a file that shrank between the calls
        raise FormatError(f"{path}: {error}") from error
    if bytes(data[:4]) == b"MSCF":
        from dumpwalk.types.sources.pdb.cab import expand

        return PdbDatabase(*expand(data, name))
    return PdbDatabase(data, name)
