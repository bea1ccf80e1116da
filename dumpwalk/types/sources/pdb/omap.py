"""OMAP: where code went when an image was rearranged after linking.

The kernel and the oldest system DLLs were optimised by moving basic blocks
(Basic Block Tools); their PDBs keep the linker's addresses. Layout: ``OMAP``
of the public header dbghelp.h.
"""

from __future__ import annotations

import struct
from bisect import bisect_right

_END = 1 << 32

# An address that was left out became 0. Syzygy, which instruments images, writes the second.
_NOWHERE = (0, 0x80000000)


class Omap:
    """The two tables of a rearranged image.

    :param from_source: blocks by the address that the linker gave them, and the one they have in the image
    :param to_source: blocks by the address they have in the image, and the one that the linker gave them

    The first may leave out what the second knows, where an instrumenting tool
    copied code without looking into it.
    """

    def __init__(self, from_source: bytes, to_source: bytes) -> None:
        self._moved = _table(from_source)
        self._original = _table(to_source)
        image = self._original
        # The same as the first table, made of the second: where a block came from, where it is, how long it is.
        self._found = sorted(
            (source, start, end - start)
            for start, source, end in zip(image[0], image[1], [*image[0][1:], _END])
            if source not in _NOWHERE
        )
        self._sources = [f[0] for f in self._found]

    def __bool__(self) -> bool:
        return bool(self._moved[0])

    def to_image(self, rva: int) -> int | None:
        """Return the RVA in the image of what the linker put at *rva*, ``None`` when it was left out.

        >>> omap = Omap(struct.pack("<6I", 0x1000, 0x5000, 0x1010, 0, 0x1020, 0x1000), b"")
        >>> [omap.to_image(rva) for rva in (0x1004, 0x1014, 0x1020, 0xFFF)]
        [20484, None, 4096, None]
        """
        moved = _translate(self._moved, rva)
        if moved is not None:
            return moved
        # Of several blocks from one address only the last can be longer than nothing.
        at = bisect_right(self._sources, rva) - 1
        if at < 0:
            return None
        source, start, length = self._found[at]
        return start + rva - source if rva - source < length else None

    def to_source(self, rva: int) -> int | None:
        """Return the RVA that the linker gave to what is at *rva* in the image, ``None`` when that was added later."""
        return _translate(self._original, rva)


def _table(data: bytes) -> tuple[list[int], list[int]]:
    entries = sorted(struct.iter_unpack("<II", data[: len(data) & ~7]))
    return [e[0] for e in entries], [e[1] for e in entries]


def _translate(table: tuple[list[int], list[int]], rva: int) -> int | None:
    starts, targets = table
    at = bisect_right(starts, rva) - 1
    return None if at < 0 or targets[at] in _NOWHERE else targets[at] + rva - starts[at]
