"""Kernel pool: blocks with headers that fill their pages without a gap, so that a pool page can be walked."""

from __future__ import annotations

from dumpwalk.synth.image.frames import PAGE
from dumpwalk.synth.spec import SpecError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.synth.image.structures import Structures


class Pool:
    """A stretch of pool from an address on.

    :param start: page-aligned
    """

    def __init__(self, structures: Structures, start: int) -> None:
        self.structures = structures
        self.layouts = structures.layouts
        self.unit = 2 * self.layouts.pointer_size
        self.header = self.layouts.size("_POOL_HEADER")
        self._at = start
        self._previous = 0

    def allocate(self, size: int, tag: str, paged: bool = False) -> int:
        """Return the address of *size* bytes behind a pool header; of whole pages without one when they are many."""
        total = -(-(size + self.header) // self.unit) * self.unit
        if total > PAGE - self.unit:
            self._fill()
            address, self._at = self._at, self._at + -(-size // PAGE) * PAGE
            return address
        if self._at % PAGE + total > PAGE:
            self._fill()
        address = self._at
        self._block(address, total, self._previous, _type(paged), tag)
        self._at += total
        self._previous = total if self._at % PAGE else 0
        return address + self.header

    def pages(self, count: int) -> int:
        """Return the address of *count* pages of their own."""
        return self.allocate(count * PAGE, "")

    def place(self, address: int, size: int, tag: str, paged: bool = False) -> None:
        """Put the header of a block of *size* bytes before *address*, which is elsewhere in the pool."""
        total = -(-(size + self.header) // self.unit) * self.unit
        if total < PAGE:
            self._block(address - self.header, total, 0, _type(paged), tag)

    def _fill(self) -> None:
        """Make what is left of the page a free block."""
        rest = -self._at % PAGE
        if rest:
            self._block(self._at, rest, self._previous, 0, "Free")
            self._at += rest
        self._previous = 0

    def finish(self) -> None:
        """End the page begun last."""
        self._fill()

    def _block(self, address: int, size: int, previous: int, kind: int, tag: str) -> None:
        encoded = tag.encode("latin-1", "replace")
        if len(encoded) > 4:
            raise SpecError(f"a pool tag has four characters, not {len(encoded)}")
        number = int.from_bytes(encoded.ljust(4), "little")
        self.structures.put(
            "_POOL_HEADER",
            address,
            {
                "PreviousSize": previous // self.unit,
                "BlockSize": size // self.unit,
                "PoolType": kind,
                "PoolTag": number,
            },
        )


def _type(paged: bool) -> int:
    """Return ``PoolType`` of a block in use: bit 1 says so since Vista, bit 0 that it is paged."""
    return 3 if paged else 2
