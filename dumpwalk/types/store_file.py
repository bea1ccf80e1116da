"""A type store's file: its sections, row by row, each page checked when it is first touched."""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.types.store_format import (
    CHECK,
    FEWEST_SECTIONS,
    HEADER,
    MAGIC,
    NONE,
    PAGE,
    PROBES,
    ROWS,
    SECTION,
    SECTIONS,
    VERSION,
    place,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from mmap import mmap
    from typing import Any

# No name of a type, field or symbol is longer.
_LONGEST_STRING = 0x10000


class StoreFile:
    """The rows and strings of a store.

    Nothing is believed: a row lies within its section, a section within the
    file, and the page it is on has the checksum it had when it was written.

    :param data: the file's content
    :param where: the file's name, for error messages
    :raises TypeInfoError: from every method, when the file is damaged
    """

    def __init__(self, data: bytes | mmap, where: str) -> None:
        from zlib import crc32

        self._data = data
        self._crc32 = crc32
        self.where = where
        if len(data) < HEADER.size or data[: len(MAGIC)] != MAGIC:
            raise TypeInfoError(f"{where} is not a type store of dumpwalk")
        _, version, sections, size, start, pages, checks_crc = HEADER.unpack_from(data, 0)
        if version != VERSION:
            raise TypeInfoError(f"{where} is a type store of another version of dumpwalk ({version}, not {VERSION})")
        if not FEWEST_SECTIONS <= sections <= len(SECTIONS):
            raise self.damage("its number of sections")
        head = HEADER.size + SECTION.size * sections + CHECK.size
        if len(data) < head:
            raise TypeInfoError(f"{where} is not a type store of dumpwalk")
        if crc32(data[: head - CHECK.size]) != CHECK.unpack_from(data, head - CHECK.size)[0]:
            raise self.damage("its header")
        if size != len(data) or start + pages * PAGE != size or start < head + 4 * pages:
            raise TypeInfoError(f"{where} is damaged: it should be {size:,} bytes long and is {len(data):,}")
        self._checks = data[head : head + CHECK.size * pages]
        if crc32(self._checks) != checks_crc:
            raise self.damage("its checksums")
        self._start = start
        self._checked = bytearray(pages)
        self._sections: dict[str, tuple[int, int, Any]] = {}
        for i, name in enumerate(SECTIONS):
            there = i < sections
            offset, count = SECTION.unpack_from(data, HEADER.size + i * SECTION.size) if there else (start, 0)
            if offset < start or offset + count * ROWS[name].size > size:
                raise self.damage(f"section {name}")
            self._sections[name] = offset, count, ROWS[name]
        self._strings: dict[int, str] = {}

    def damage(self, what: str) -> TypeInfoError:
        """Return the error that says *what* of the file is damaged."""
        return TypeInfoError(f"{self.where} is damaged ({what}); install dumpwalk again, or import the types again")

    def count(self, section: str) -> int:
        """Return how many rows *section* has."""
        return self._sections[section][1]

    def row(self, section: str, index: int) -> tuple[Any, ...]:
        """Return one row."""
        offset, count, packing = self._sections[section]
        if not 0 <= index < count:
            raise self.damage(f"row {index} of {section}")
        offset += index * packing.size
        self._check(offset, packing.size)
        row: tuple[Any, ...] = packing.unpack_from(self._data, offset)
        return row

    def rows(self, section: str, first: int, count: int) -> Iterator[tuple[Any, ...]]:
        """Return *count* rows from *first* on."""
        packing = self._sections[section][2]
        rows: Iterator[tuple[Any, ...]] = packing.iter_unpack(self.slice(section, first, count))
        return rows

    def slice(self, section: str, first: int, count: int) -> bytes:
        """Return the bytes of *count* rows from *first* on."""
        offset, total, packing = self._sections[section]
        if first < 0 or count < 0 or first + count > total:
            raise self.damage(f"rows {first} to {first + count} of {section}")
        offset += first * packing.size
        if count:
            self._check(offset, count * packing.size)
        return self._data[offset : offset + count * packing.size]

    def search(self, section: str, first: int, count: int, key: int) -> int | None:
        """Return the second column of the row whose first one is *key*, in *count* sorted rows of two from *first*."""
        offset, total, packing = self._sections[section]
        if first < 0 or first + count > total:
            raise self.damage(f"rows {first} to {first + count} of {section}")
        low, high = first, first + count
        unpack, data, check = packing.unpack_from, self._data, self._check
        while low < high:
            middle = (low + high) // 2
            check(offset + middle * 8, 8)
            found, value = unpack(data, offset + middle * 8)
            if found == key:
                result: int = value
                return result
            if found < key:
                low = middle + 1
            else:
                high = middle
        return None

    def string(self, index: int) -> str:
        """Return a string by its number."""
        if index in self._strings:
            return self._strings[index]
        # Opening a structure is mostly this, so it goes without row() and slice(), and checks the same.
        offset, count, packing = self._sections["STRINGS"]
        if not 0 <= index < count:
            raise self.damage(f"string {index}")
        data, checked, start = self._data, self._checked, self._start
        offset += 8 * index
        if not checked[(offset - start) // PAGE]:  # a row never lies across two pages
            self._check(offset, 8)
        begin, end = packing.unpack_from(data, offset)
        heap, size, _ = self._sections["HEAP"]
        if not begin <= end <= size or end - begin > _LONGEST_STRING:
            raise self.damage(f"string {index}")
        if begin == end:
            return ""
        begin += heap
        end += heap
        if not (end - begin < PAGE and checked[(begin - start) // PAGE] and checked[(end - 1 - start) // PAGE]):
            self._check(begin, end - begin)
        text = data[begin:end].decode("utf-8", "replace")
        self._strings[index] = text
        return text

    def number(self, name: str) -> int | None:
        """Return the number of the string *name* if it is one of those that name something."""
        slots = self.count("HASH")
        if not slots or len(name) > _LONGEST_STRING:
            return None
        slot = place(name.encode("utf-8", "replace"), slots)
        for _ in range(PROBES):
            number: int = self.row("HASH", slot)[0]
            if number == NONE:
                return None
            if self.string(number) == name:
                return number
            slot = (slot + 1) % slots
        return None

    def check_all(self) -> None:
        """Check every page, which a reader who asks for a few types never does."""
        self._check(self._start, len(self._checked) * PAGE)

    def _check(self, offset: int, size: int) -> None:
        for page in range((offset - self._start) // PAGE, (offset + size - 1 - self._start) // PAGE + 1):
            if not self._checked[page]:
                begin = self._start + page * PAGE
                crc = self._crc32(self._data[begin : begin + PAGE])
                if crc != CHECK.unpack_from(self._checks, page * CHECK.size)[0]:
                    raise self.damage(f"the bytes from {begin:#x} on")
                self._checked[page] = 1


def mapped(path: str) -> bytes | mmap:
    """Return the content of a file, mapped into memory.

    :raises TypeInfoError: when it can't be opened
    """
    from mmap import ACCESS_READ, mmap

    try:
        with open(path, "rb") as file:
            return mmap(file.fileno(), 0, access=ACCESS_READ)
    except ValueError:  # an empty file can't be mapped
        return b""
    except OSError as error:
        raise TypeInfoError(f"{path}: {error.strerror or error}") from error


def shipped(name: str) -> bytes | mmap:
    """Return the content of a file that ships in ``typeinfo/``: mapped, or read where it is in a zip.

    :raises TypeInfoError: when it is not there
    """
    import os
    import sys

    try:
        package = __import__("dumpwalk.typeinfo").typeinfo
        directory: str = package.__path__[0]
    except ModuleNotFoundError:  # a checkout that was never installed
        root = os.path.dirname(os.path.dirname(sys.modules["dumpwalk"].__file__ or ""))
        directory = os.path.join(root, "typeinfo")
    path = os.path.join(directory, name)
    if os.path.isfile(path):
        return mapped(path)
    from dumpwalk.resources import read

    try:
        return read("dumpwalk.typeinfo", name)
    except OSError as error:
        raise TypeInfoError(f"typeinfo/{name}, which ships with dumpwalk, can't be read: {error}") from error
