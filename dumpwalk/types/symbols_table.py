"""Every public symbol of the shipped kernels: names once, and for each build where they lie.

``docs/typeinfo.md`` describes the file. Kernels of one line of builds differ
little, so the file has one list of symbols for a line, and for each build
which of them it has and by how much they moved.
"""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.types.store_file import mapped, shipped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterator, Mapping, Sequence
    from mmap import mmap

MAGIC = b"DWSYMS\0\0"
VERSION = 1
# Magic, version, names, names in a block, lines, tables; checksum of the directory. Then the directory: BLOCK for
# the first names, for each block of names, for each line and for each table; then LINE_OF for each table.
HEADER = "<8sIIIIII"
BLOCK = "<IIII"  # offset, bytes, bytes when unpacked, checksum of the packed bytes
LINE_OF = "<II"  # which line a table belongs to, how many symbols it has
# No kernel has more symbols: a number above it is a damaged one.
MOST = 1 << 20
# Compilers write a string's bytes into the name that it gives them.
STRING = "??_C@"


class SymbolsFile:
    """The blocks of a file of symbols, unpacked when they are asked for.

    :param data: the file's content
    :param where: the file's name, for error messages
    :raises TypeInfoError: from every method, when the file is damaged
    """

    def __init__(self, data: bytes | mmap, where: str) -> None:
        from struct import calcsize, iter_unpack, unpack_from
        from zlib import crc32

        self._data = data
        self.where = where
        head = calcsize(HEADER)
        if len(data) < head or data[: len(MAGIC)] != MAGIC:
            raise TypeInfoError(f"{where} is not a file of symbols of dumpwalk")
        version, count, per_block, lines, tables, crc = unpack_from(HEADER, data, 0)[1:]
        self.count: int = count
        self.per_block: int = per_block
        if version != VERSION:
            raise TypeInfoError(f"{where} is of another version of dumpwalk ({version}, not {VERSION})")
        if self.count > MOST or lines > MOST or tables > MOST or not 0 < self.per_block <= MOST:
            raise self.damage("its header")
        self._names = -(-self.count // self.per_block)
        self._lines = lines
        self.tables = tables
        blocks = 1 + self._names + lines + tables
        end = head + blocks * calcsize(BLOCK) + tables * calcsize(LINE_OF)
        if len(data) < end:
            raise self.damage("it ends in its directory")
        directory = data[len(MAGIC) : head - 4] + data[head:end]
        if crc32(directory) != crc:
            raise self.damage("its directory")
        middle = head + blocks * calcsize(BLOCK)
        self._blocks = tuple(iter_unpack(BLOCK, data[head:middle]))
        self._line_of = tuple(iter_unpack(LINE_OF, data[middle:end]))
        self._firsts: list[str] | None = None
        self._name_blocks: dict[int, list[str]] = {}
        self._line_lists: dict[int, tuple[array[int], list[int]]] = {}

    @classmethod
    def shipped(cls) -> SymbolsFile:
        """Return the file that ships with dumpwalk.

        :raises TypeInfoError: when it can't be read
        """
        if "nt.symbols" not in _opened:
            _opened["nt.symbols"] = cls(shipped("nt.symbols"), "typeinfo/nt.symbols")
        return _opened["nt.symbols"]

    @classmethod
    def from_path(cls, path: str) -> SymbolsFile:
        """Return the file at *path*.

        :raises TypeInfoError: when it can't be read or is not one
        """
        return cls(mapped(path), path)

    def damage(self, what: str) -> TypeInfoError:
        """Return the error that says *what* of the file is damaged."""
        return TypeInfoError(f"{self.where} is damaged ({what}); install dumpwalk again, or import the symbols again")

    def _block(self, index: int) -> bytes:
        from zlib import crc32, decompressobj, error

        offset, packed, size, crc = self._blocks[index]
        # A deflated byte is at most 1032 bytes, so a size above that is a lie; so is one no list of ours can have.
        if offset + packed > len(self._data) or size > min(1032 * packed, 8 * MOST):
            raise self.damage(f"block {index}")
        content = self._data[offset : offset + packed]
        if crc32(content) != crc:
            raise self.damage(f"the bytes from {offset:#x} on")
        try:
            found = decompressobj().decompress(content, size + 1)
        except error as problem:
            raise self.damage(f"block {index}: {problem}") from problem
        if len(found) != size:
            raise self.damage(f"block {index}: it has another size")
        return found

    def name(self, number: int) -> str:
        """Return a name by its number; names are sorted."""
        if not 0 <= number < self.count:
            raise self.damage(f"name {number}")
        block, at = divmod(number, self.per_block)
        return self.names_in(block)[at]

    def names_in(self, block: int) -> list[str]:
        """Return the names of a block: how much each shares with the one before it, then what follows that."""
        if block not in self._name_blocks:
            raw = self._block(1 + block)
            count = min(self.per_block, self.count - block * self.per_block)
            rests = raw[count:].decode("utf-8", "replace").split("\n")
            if len(rests) != count:
                raise self.damage(f"names of block {block}")
            names, name = [], ""
            for shared, rest in zip(raw, rests):
                name = name[:shared] + rest
                names.append(name)
            self._name_blocks[block] = names
        return self._name_blocks[block]

    def number(self, name: str) -> int | None:
        """Return the number of *name*, ``None`` when no symbol has it."""
        place = self.place(name)
        return place if place < self.count and self.name(place) == name else None

    def place(self, name: str) -> int:
        """Return how many names come before *name*."""
        from bisect import bisect_left, bisect_right

        if self._firsts is None:
            self._firsts = self._block(0).decode("utf-8", "replace").split("\n")
            if len(self._firsts) != self._names:
                raise self.damage("first names")
        block = bisect_right(self._firsts, name) - 1
        return 0 if block < 0 else block * self.per_block + bisect_left(self.names_in(block), name)

    def table(self, index: int) -> tuple[Sequence[int], Sequence[int]]:
        """Return the names' numbers and the offsets from the image base of a table's symbols."""
        from itertools import accumulate, compress
        from operator import add

        if not 0 <= index < self.tables:
            raise self.damage(f"table {index}")
        line, count = self._line_of[index]
        numbers, places = self._line(line)
        raw = self._block(1 + self._names + self._lines + index)
        present = raw[: len(numbers)]
        ids = tuple(compress(numbers, present))
        if len(ids) != count or len(raw) != len(numbers) + 4 * count:
            raise self.damage(f"table {index}")
        moved = _array("i", raw[len(numbers) :])
        offsets = tuple(map(add, compress(places, present), accumulate(moved)))
        if offsets and not 0 <= min(offsets) <= max(offsets) < 1 << 32:
            # Differences are written in 32 bits, and wrap where places lie two gigabytes apart.
            offsets = tuple([offset & 0xFFFFFFFF for offset in offsets])
        return ids, offsets

    def _line(self, index: int) -> tuple[array[int], list[int]]:
        from itertools import accumulate

        if not 0 <= index < self._lines:
            raise self.damage(f"line {index}")
        if index not in self._line_lists:
            raw = self._block(1 + self._names + index)
            count, odd = divmod(len(raw), 8)
            if odd:
                raise self.damage(f"line {index}")
            self._line_lists[index] = _array("I", raw[: 4 * count]), list(accumulate(_array("i", raw[4 * count :])))
        return self._line_lists[index]


class ListedSymbols:
    """Symbols that are at hand, in the form of a file with one table.

    :param offsets: offsets from the image base by name
    """

    def __init__(self, offsets: Mapping[str, int]) -> None:
        self._names = sorted(offsets)
        self._offsets = tuple([offsets[name] for name in self._names])

    def table(self, index: int) -> tuple[Sequence[int], Sequence[int]]:
        """Return the names' numbers and the offsets from the image base."""
        return range(len(self._names)), self._offsets

    def name(self, number: int) -> str:
        """Return a name by its number."""
        return self._names[number]

    def number(self, name: str) -> int | None:
        """Return the number of *name*, ``None`` when no symbol has it."""
        from bisect import bisect_left

        place = bisect_left(self._names, name)
        return place if place < len(self._names) and self._names[place] == name else None


class Symbols:
    """The public symbols of one kernel.

    Names are those of the PDB file. Where several share an address,
    :meth:`nearest` prefers one that C could have (not ``?mangled@@``, not
    ``$$made_up``), then the shortest, then the first in the alphabet.

    :param file: where they are
    :param table: which table of the file
    """

    def __init__(self, file: SymbolsFile | ListedSymbols, table: int) -> None:
        self._file = file
        self._table = table
        self._loaded: tuple[Sequence[int], Sequence[int]] | None = None
        self._sorted: list[tuple[int, int]] | None = None

    def _load(self) -> tuple[Sequence[int], Sequence[int]]:
        if self._loaded is None:
            self._loaded = self._file.table(self._table)
        return self._loaded

    def __len__(self) -> int:
        return len(self._load()[0])

    def find(self, name: str) -> int | None:
        """Return the offset of *name* from the image base, or ``None``.

        ``nt!`` may stand before it, and one underscore may be missing at its
        beginning, as it is in Volatility's symbol files.

        :raises TypeInfoError: when the file is damaged
        """
        module, _, bare = name.rpartition("!")
        if module.lower() not in ("", "nt"):
            return None
        numbers, offsets = self._load()
        for spelling in (bare, f"_{bare}"):
            number = self._file.number(spelling)
            if number is not None and number in numbers:
                return offsets[numbers.index(number)]
        return None

    def nearest(self, offset: int) -> tuple[str, int] | None:
        """Return the symbol at or before *offset* from the image base, and how far behind it that is.

        ``None`` where there is none before it, and where a string literal
        (``??_C@...``) lies in between: no code and no variable goes on behind one.

        :raises TypeInfoError: when the file is damaged
        """
        from bisect import bisect_right

        if self._sorted is None:
            numbers, offsets = self._load()
            self._sorted = sorted(zip(offsets, numbers))
        behind = bisect_right(self._sorted, (offset, MOST))
        if not behind:
            return None
        at = self._sorted[behind - 1][0]
        names = []
        while behind and self._sorted[behind - 1][0] == at:
            behind -= 1
            names.append(self._file.name(self._sorted[behind][1]))
        names = [name for name in names if not name.startswith(STRING)]
        return (min(names, key=_taste), offset - at) if names else None

    def names(self, pattern: str = "*") -> Iterator[str]:
        """Yield the names that *pattern* fits, sorted; ``*`` and ``?`` are wildcards, and case does not matter.

        :raises TypeInfoError: when the file is damaged
        """
        for name, _ in self.items(pattern):
            yield name

    def items(self, pattern: str = "*") -> Iterator[tuple[str, int]]:
        """Yield names that *pattern* fits with their offsets from the image base, sorted by name."""
        import re

        pattern = pattern.rpartition("!")[2]
        parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in re.sub(r"\*+", "*", pattern))
        fits = re.compile("".join(parts), re.IGNORECASE | re.DOTALL).fullmatch
        for number, offset in sorted(zip(*self._load())):
            name = self._file.name(number)
            if fits(name):
                yield name, offset


_opened: dict[str, SymbolsFile] = {}


def _array(code: str, raw: bytes) -> array[int]:
    import sys
    from array import array

    found: array[int] = array(code)
    found.frombytes(raw)
    if sys.byteorder == "big":
        found.byteswap()
    return found


def _taste(name: str) -> tuple[bool, int, str]:
    return not name.replace("_", "a").isalnum(), len(name), name
