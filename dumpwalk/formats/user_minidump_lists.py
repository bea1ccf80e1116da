"""The lists of a user minidump: threads, modules, memory, and its exception.

The ``minidump`` library reads the rows of the lists. It believes every count
and every offset, so what it gets is whole rows that lie in their stream and in
the file, and nothing else of the file. Names it would read at whatever length
they state; of the exception it drops parameters. Both are read here
(``minidumpapiset.h``, MINIDUMP_STRING and MINIDUMP_EXCEPTION_STREAM).
"""

from __future__ import annotations

import struct

from dumpwalk.memory.segments import Segment
from dumpwalk.record import record
from dumpwalk.remarks import Problem
from dumpwalk.symbols.modules import module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from dumpwalk.memory.machine import Machine
    from dumpwalk.symbols.modules import Module

_THREADS, _MODULES, _MEMORY, _EXCEPTION, _MEMORY_64 = 3, 4, 5, 6, 9
# What the library calls a row of each, its size, and where the first one stands.
_LISTS = {
    _THREADS: ("MINIDUMP_THREAD", 48, 4),
    _MODULES: ("MINIDUMP_MODULE", 108, 4),
    _MEMORY: ("MINIDUMP_MEMORY_DESCRIPTOR", 16, 4),
    _MEMORY_64: ("MINIDUMP_MEMORY_DESCRIPTOR64", 16, 16),
}
_RECORD = struct.Struct("<IIQQII15Q")
_RECORD_32 = struct.Struct("<IIIII15I")
_MOST_CONTEXT = 0x2000
_MOST_NAME = 1024
_MOST_ROWS = 1 << 18
_MOST_MODULES = 1 << 14  # each with a name to read; processes have some hundred


@record
class UserException:
    """The exception that the dump was written for.

    :param thread: number of its thread, ``None`` when the dump is of no exception
    :param record: EXCEPTION_RECORD as the machine lays it out, ``b""`` without one
    :param context: CONTEXT of that thread, ``b""`` when it is not there
    """

    thread: int | None
    record: bytes
    context: bytes


class Lists:
    """The lists of a minidump.

    :param streams: offset and size of each stream by its type
    :param problems: takes what is damaged

    :ivar missing: what is cut off
    :ivar threads: their numbers
    """

    def __init__(
        self, data: memoryview, streams: dict[int, tuple[int, int]], kind: Machine, problems: list[Problem]
    ) -> None:
        self._data = data
        self._streams = streams
        self._kind = kind
        self._problems = problems
        self.missing: list[str] = []
        self._threads = list(self._rows(_THREADS, "threads"))
        self.threads = [thread.ThreadId for thread in self._threads]

    def _rows(self, stream: int, what: str) -> Iterator[Any]:
        """Yield the rows of a list, as the library has them, as far as they are in the stream and in the file."""
        from io import BytesIO

        from minidump import streams

        name, size, head = _LISTS[stream]
        at, length = self._streams.get(stream, (0, 0))
        data = self._data[at : at + length]
        count = int.from_bytes(data[: min(head, 8)], "little")
        if head == 4 and length == 8 + count * size:
            head = 8  # some writers put 4 bytes behind the count, to align the rows
        room = min(max(0, len(data) - head) // size, _MOST_MODULES if stream == _MODULES else _MOST_ROWS)
        if count > room:
            self._problems.append(Problem(what, f"the list says that it has {count} entries; the file holds {room}"))
            count = room
        rows = BytesIO(data[head : head + count * size])
        for _ in range(count):
            yield getattr(streams, name).parse(rows)

    def modules(self) -> Iterator[Module]:
        """Yield the loaded images, in load order."""
        for row in self._rows(_MODULES, "modules"):
            base = self._kind.address(row.BaseOfImage)
            yield module(self._name(row.ModuleNameRva), base, row.SizeOfImage, row.TimeDateStamp, row.CheckSum)

    def _name(self, at: int) -> str:
        size = min(int.from_bytes(self._data[at : at + 4], "little"), _MOST_NAME) & ~1
        return bytes(self._data[at + 4 : at + 4 + size]).decode("utf-16-le", "replace")

    def segments(self) -> Iterator[Segment]:
        """Yield the pieces of memory: the lists, then the stacks, which they usually contain."""
        for row in self._rows(_MEMORY, "memory"):
            yield from self._segment(row, row.Rva, "memory")
        at, _ = self._streams.get(_MEMORY_64, (0, 0))
        place = int.from_bytes(self._data[at + 8 : at + 16], "little")
        for row in self._rows(_MEMORY_64, "memory"):
            yield from self._segment(row, place, "memory")
            place += row.DataSize
        for thread in self._threads:
            yield from self._segment(thread.Stack, thread.Stack.Rva, f"stack of thread {thread.ThreadId:x}")

    def _segment(self, row: Any, place: int, source: str) -> Iterator[Segment]:
        held = self._data[place : place + row.DataSize]
        if len(held) < row.DataSize:
            self.missing.append(f"{source}: the file ends {row.DataSize - len(held):#x} bytes before its end")
        if len(held):
            yield Segment(row.StartOfMemoryRange, held, source)

    def exception(self) -> UserException:
        """Return the exception, or that there is none: then the first thread's registers."""
        at, length = self._streams.get(_EXCEPTION, (0, 0))
        raw = bytes(self._data[at + 8 : at + 8 + _RECORD.size])
        if not length or len(raw) < _RECORD.size:
            first = self._threads[0].ThreadContext if self._threads else None
            return UserException(None, b"", self._context(first.DataSize, first.Rva) if first else b"")
        thread = int.from_bytes(self._data[at : at + 4], "little")
        if self._kind.pointer_size == 4:  # the stream has the 64-bit record on every machine
            code, flags, link, address, count, _, *information = _RECORD.unpack(raw)
            narrow = [value & 0xFFFFFFFF for value in (link, address, count, *information)]
            raw = _RECORD_32.pack(code, flags, *narrow)
        size, place = struct.unpack("<II", bytes(self._data[at + 160 : at + 168]).ljust(8, b"\0"))
        return UserException(thread, raw, self._context(size, place))

    def _context(self, size: int, place: int) -> bytes:
        return bytes(self._data[place : place + min(size, _MOST_CONTEXT)])
