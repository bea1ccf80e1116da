"""Physical memory in snappy frames: each is decompressed when something in it is asked for.

The framing format (google/snappy, framing_format.txt): a byte of type, three
of length; compressed and plain frames begin with a checksum and hold at most
65536 bytes of data.
"""

from __future__ import annotations

from bisect import bisect_right

from dumpwalk.errors import FormatError
from dumpwalk.formats.images.temporary import temporary_map
from dumpwalk.memory.physical import PAGE, RunMemory
from dumpwalk.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_COMPRESSED, _PLAIN, _IDENTIFIER = 0x00, 0x01, 0xFF
_FIRST_SKIPPABLE = 0x80
_STREAM = b"\xff\x06\x00\x00sNaPpY"
_MOST_DATA = 65536
_CHECKSUM = 4
_SOUND, _DAMAGED = 1, 2


@record
class Frame:
    """A frame: where it is in the file, and the physical memory it holds."""

    offset: int
    size: int
    address: int
    length: int


def frames(data: memoryview, at: int, address: int, wanted: int) -> tuple[list[Frame], int, str]:
    """Return the frames from *at* on that hold *wanted* bytes, where they end, and what is wrong with them.

    :param address: of the first byte
    """
    found: list[Frame] = []
    while wanted > 0:
        if at + 4 > len(data):
            return found, at, f"the file ends at {at:#x}, in the middle of a stretch of memory"
        kind, size = data[at], int.from_bytes(data[at + 1 : at + 4], "little")
        end = at + 4 + size
        if end > len(data):
            return found, at, f"the file ends inside the frame at {at:#x}"
        if kind in (_COMPRESSED, _PLAIN):
            length = size - _CHECKSUM if kind == _PLAIN else _varint(data[at + 8 : min(end, at + 13)])
            if not 0 < length <= min(wanted, _MOST_DATA):
                return found, at, f"the frame at {at:#x} says that it holds {length:#x} bytes"
            found.append(Frame(at, 4 + size, address, length))
            address, wanted = address + length, wanted - length
        elif kind < _FIRST_SKIPPABLE:
            return found, at, f"the frame at {at:#x} is of the unknown type {kind:#x}"
        at = end
    return found, at, ""


def _varint(data: memoryview) -> int:
    value = 0
    for index, byte in enumerate(data):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value
    return 0


class FramedMemory(RunMemory):
    """Physical memory in frames. Decompressed pages are kept in an unlinked temporary file, mapped.

    A frame that is damaged is not there.

    :raises FormatError: when the library that decompresses frames is missing, or there is no temporary file
    """

    def __init__(self, path: str, data: memoryview, found: list[Frame]) -> None:
        try:
            import cramjam
        except ImportError:
            what = "it is compressed with snappy; `pip install dumpwalk[compression]` brings what reads it"
            raise FormatError(f"{path}: {what}") from None
        self._decompress = cramjam.snappy.decompress  # it compares the checksums
        self._error = cramjam.DecompressionError
        self._packed = data
        self._frames = found
        self._starts_at: list[int] = []
        total = 0
        runs = []
        for frame in found:
            self._starts_at.append(total)
            runs.append((frame.address, frame.address + frame.length, total))
            total += frame.length
        self._map = temporary_map(path, total)
        self._state = bytearray(len(found))
        super().__init__(memoryview(self._map), runs)

    def place(self, address: int) -> int:
        offset = super().place(address)
        return offset if offset >= 0 and self._fill(offset) else -1

    def places(self, addresses: Any) -> Any:
        import numpy as np

        offsets = super().places(addresses)
        pages = offsets >> np.int64(12)
        for page in np.unique(pages[offsets >= 0]):
            if not self._fill(int(page) << 12):
                offsets[(pages == page) & (offsets >= 0)] = -1
        return offsets

    def _room(self, address: int) -> int:
        """Return how many bytes lie together: :meth:`place` decompresses no more than the page it is asked for."""
        return min(super()._room(address), PAGE - address % PAGE)

    def extent(self) -> tuple[int, int]:
        """Return the same as any memory, as the file states it: nothing is decompressed, damaged frames count."""
        runs = list(super().runs())
        return len(runs), sum(end - start for start, end, _ in runs)

    def runs(self) -> Iterator[tuple[int, int, int]]:
        """Yield the same as any memory; who looks at the file itself needs all of it, so all is decompressed."""
        sound = [self._unpack(index) for index in range(len(self._frames))]
        for start, end, offset in super().runs():
            if all(sound):
                yield start, end, offset
                continue
            for address in range(start, end, PAGE):  # leaving out what is damaged
                if self.place(address) >= 0:
                    yield address, min(address + PAGE, end), offset + address - start

    def _fill(self, offset: int) -> bool:
        """Decompress what holds the page of the byte at *offset*; say whether that is sound."""
        index = bisect_right(self._starts_at, offset & -PAGE) - 1
        end = (offset & -PAGE) + PAGE
        sound = True
        while index < len(self._frames) and self._starts_at[index] < end:
            sound &= self._unpack(index)
            index += 1
        return sound

    def _unpack(self, index: int) -> bool:
        if not self._state[index]:
            self._state[index] = _SOUND
            frame, start = self._frames[index], self._starts_at[index]
            try:
                packed = self._packed[frame.offset : frame.offset + frame.size]
                content = bytes(self._decompress(_STREAM + bytes(packed)))
            except self._error:
                content = b""
            if len(content) == frame.length:
                self._map[start : start + frame.length] = content
            else:
                self._state[index] = _DAMAGED
        return self._state[index] == _SOUND
