"""The lists of a user minidump: threads, modules, memory, and its exception.

Layouts: ``minidumpapiset.h`` (MINIDUMP_THREAD, MINIDUMP_MODULE,
MINIDUMP_MEMORY_DESCRIPTOR, MINIDUMP_EXCEPTION_STREAM).
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

    from dumpwalk.memory.machine import Machine
    from dumpwalk.symbols.modules import Module

_THREADS, _MODULES, _MEMORY, _EXCEPTION, _MEMORY_64 = 3, 4, 5, 6, 9
_THREAD = struct.Struct("<IIIIQQIIII")
_MODULE = struct.Struct("<QIIII52xIIII16x")
_DESCRIPTOR = struct.Struct("<QII")
_DESCRIPTOR_64 = struct.Struct("<QQ")
_RECORD = struct.Struct("<IIQQII15Q")
_RECORD_32 = struct.Struct("<IIIII15I")
_MOST_CONTEXT = 0x2000
_MOST_NAME = 1024
_MOST_ROWS = 1 << 18


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
        self._threads = [_THREAD.unpack(row) for row in self._rows(_THREADS, _THREAD.size, "threads")]
        self.threads = [row[0] for row in self._threads]

    def _rows(self, stream: int, size: int, what: str) -> Iterator[bytes]:
        """Yield the rows of a list; some writers put 4 bytes behind its count, to align them."""
        at, length = self._streams.get(stream, (0, 0))
        if not length:
            return
        count = int.from_bytes(self._data[at : at + 4], "little")
        at += 8 if length == 8 + count * size else 4
        room = min(max(0, len(self._data) - at) // size, _MOST_ROWS)
        if count > room:
            self._problems.append(Problem(what, f"the list says that it has {count} entries; the file holds {room}"))
        for _ in range(min(count, room)):
            yield bytes(self._data[at : at + size])
            at += size

    def modules(self) -> Iterator[Module]:
        """Yield the loaded images, in load order."""
        for row in self._rows(_MODULES, _MODULE.size, "modules"):
            base, size, checksum, timestamp, name, *_ = _MODULE.unpack(row)
            yield module(self._name(name), self._kind.address(base), size, timestamp, checksum)

    def _name(self, at: int) -> str:
        size = min(int.from_bytes(self._data[at : at + 4], "little"), _MOST_NAME) & ~1
        return bytes(self._data[at + 4 : at + 4 + size]).decode("utf-16-le", "replace")

    def segments(self) -> Iterator[Segment]:
        """Yield the pieces of memory: the lists, then the stacks, which they usually contain."""
        for row in self._rows(_MEMORY, _DESCRIPTOR.size, "memory"):
            address, size, place = _DESCRIPTOR.unpack(row)
            yield from self._segment(address, size, place, "memory")
        at, length = self._streams.get(_MEMORY_64, (0, 0))
        if length >= 16 and at + 16 <= len(self._data):
            count, place = _DESCRIPTOR_64.unpack(self._data[at : at + 16])
            room = min((len(self._data) - at - 16) // 16, _MOST_ROWS)
            if count > room:
                what = f"the list says that it has {count} entries; the file holds {room}"
                self._problems.append(Problem("memory", what))
            for index in range(min(count, room)):
                row_at = at + 16 + index * 16
                address, size = _DESCRIPTOR_64.unpack(self._data[row_at : row_at + 16])
                yield from self._segment(address, size, place, "memory")
                place += size
        for thread in self._threads:
            address, size, place = thread[5:8]
            yield from self._segment(address, size, place, f"stack of thread {thread[0]:x}")

    def _segment(self, address: int, size: int, place: int, source: str) -> Iterator[Segment]:
        held = self._data[place : place + size]
        if len(held) < size:
            self.missing.append(f"{source}: the file ends {size - len(held):#x} bytes before its end")
        if len(held):
            yield Segment(address, held, source)

    def exception(self) -> UserException:
        """Return the exception, or that there is none: then the first thread's registers."""
        at, length = self._streams.get(_EXCEPTION, (0, 0))
        raw = bytes(self._data[at + 8 : at + 8 + _RECORD.size])
        if not length or len(raw) < _RECORD.size:
            context = self._context(*self._threads[0][8:10]) if self._threads else b""
            return UserException(None, b"", context)
        thread = int.from_bytes(self._data[at : at + 4], "little")
        if self._kind.pointer_size == 4:  # the stream has the 64-bit record on every machine
            code, flags, link, address, count, _, *information = _RECORD.unpack(raw)
            narrow = [value & 0xFFFFFFFF for value in (link, address, count, *information)]
            raw = _RECORD_32.pack(code, flags, *narrow)
        size, place = struct.unpack("<II", bytes(self._data[at + 160 : at + 168]).ljust(8, b"\0"))
        return UserException(thread, raw, self._context(size, place))

    def _context(self, size: int, place: int) -> bytes:
        return bytes(self._data[place : place + min(size, _MOST_CONTEXT)])
