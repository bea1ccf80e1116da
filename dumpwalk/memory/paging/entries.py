"""Many page-table entries at a time."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.memory.paging.modes import Level, Mode
    from dumpwalk.memory.physical import PhysicalMemory


def followed(mode: Mode, level: Level, entries: Any) -> Any:
    """Return which of *entries*, of *level*, the processor follows: those that are valid and not reserved."""
    import numpy as np

    u8 = np.uint64
    if level.shift == 12 and mode.page_marks != 1:
        return entries & u8(mode.page_marks) == u8(mode.page_marks)
    valid = (entries & u8(1)).astype(bool)
    if level.shift > 12 and not level.large:
        mask, value = mode.leaf_marks
        valid &= entries & u8(mask) != u8(value)
    return valid


class Entries:
    """The entries that lie in a physical memory.

    :param size: bytes of an entry, 4 or 8
    """

    def __init__(self, physical: PhysicalMemory, size: int) -> None:
        import numpy as np

        self._physical = physical
        self._size = size
        self._kind = f"<u{size}"
        # One that begins at each byte of the file: no file puts its pages at multiples of 8 for certain.
        count = max(0, len(physical.data) - size + 1)
        self._at = np.ndarray(count, self._kind, physical.data if count else bytes(size), strides=(1,))
        words = len(physical.data) // size
        self._words = np.frombuffer(physical.data, self._kind, words) if words else self._at

    def at(self, addresses: Any) -> tuple[Any, Any]:
        """Return the entries at *addresses* (``uint64``, multiples of the size) and which of them are there.

        An entry that is not there is 0.
        """
        import numpy as np

        offsets = self._physical.places(addresses)
        last = len(self._at) - 1
        there = None
        if last < 0 or not len(offsets):
            return np.zeros(len(offsets), "u8"), np.zeros(len(offsets), bool)
        if offsets.min() < 0 or offsets.max() > last:
            there = (offsets >= 0) & (offsets <= last)
            offsets[~there] = 0
        if not np.bitwise_or.reduce(offsets) & self._size - 1:
            found = self._words.take(offsets >> self._size.bit_length() - 1)
        else:
            found = self._at[offsets]
        found = found.astype("u8", copy=False)
        if there is None:
            return found, np.ones(len(offsets), bool)
        found[~there] = 0
        return found, there

    def tables(self, bases: Any, count: int) -> Any:
        """Return the *count* entries of each table at *bases*, as rows; those that are not there are 0."""
        import numpy as np

        size, data = count * self._size, self._physical.data
        nothing = bytes(size)
        pieces: list[bytes | memoryview] = []
        for base, offset in zip(bases.tolist(), self._physical.places(bases).tolist()):
            if not self._physical.whole:
                pieces.append(self._partial(base, size))
            else:
                pieces.append(data[offset : offset + size] if 0 <= offset <= len(data) - size else nothing)
        rows = np.frombuffer(b"".join(pieces), self._kind).reshape(len(pieces), count)
        return rows.astype("u8", copy=False)

    def _partial(self, base: int, size: int) -> bytes:
        """Return a table of which only some pieces may be there."""
        out = bytearray()
        while len(out) < size:
            # Stretches of memory end at multiples of 8 bytes.
            out += self._physical.read_some(base + len(out), size - len(out)) or bytes(8)
        return bytes(out)
