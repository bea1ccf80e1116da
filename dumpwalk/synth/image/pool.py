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
        # A profile may not know it; its place is left empty then.
        self.header = self.layouts.size("_POOL_HEADER") if self.layouts.has("_POOL_HEADER") else self.unit
        # Up to Windows Server 2003 a header says what kind of pool it is in another way; the table of large allocations
        # changed with it.
        self._old = self.layouts.has("_POOL_TRACKER_BIG_PAGES", "NumberOfPages")
        self._next = start
        # Pages that have room left: where it begins, and the size of the block before it.
        self._open: list[tuple[int, int]] = []

    def allocate(self, size: int, tag: str, paged: bool = False) -> int:
        """Return the address of *size* bytes behind a pool header; of whole pages without one when they are many."""
        total = -(-(size + self.header) // self.unit) * self.unit
        if total > PAGE - self.unit:
            address, self._next = self._next, self._next + -(-size // PAGE) * PAGE
            return address
        room = next((place for place in self._open if place[0] % PAGE + total <= PAGE), None)
        if room:
            self._open.remove(room)
        else:
            room = self._next, 0
            self._next += PAGE
        address, previous = room
        self._block(address, total, previous, self._type(paged), tag)
        if (address + total) % PAGE:
            self._open.append((address + total, total))
            self._open.sort()
        return address + self.header

    def pages(self, count: int) -> int:
        """Return the address of *count* pages of their own."""
        return self.allocate(count * PAGE, "")

    def place(self, address: int, size: int, tag: str, paged: bool = False) -> None:
        """Put the header of a block of *size* bytes before *address*, which is elsewhere in the pool."""
        total = -(-(size + self.header) // self.unit) * self.unit
        if total < PAGE:
            self._block(address - self.header, total, 0, self._type(paged), tag)

    def finish(self) -> None:
        """Make what is left of each page a free block."""
        for address, previous in self._open:
            self._block(address, -address % PAGE, previous, 0, "Free")
        self._open = []

    def _block(self, address: int, size: int, previous: int, kind: int, tag: str) -> None:
        encoded = tag.encode("latin-1", "replace")
        if len(encoded) > 4:
            raise SpecError(f"a pool tag has four characters, not {len(encoded)}")
        number = int.from_bytes(encoded.ljust(4), "little")
        self.structures.put_known(
            "_POOL_HEADER",
            address,
            {
                "PreviousSize": previous // self.unit,
                "BlockSize": size // self.unit,
                "PoolType": kind,
                "PoolTag": number,
            },
        )

    def _type(self, paged: bool) -> int:
        """Return ``PoolType`` of a block in use: since Vista bit 1 says so, bit 0 that it is paged; one more before."""
        if self._old:
            return 2 if paged else 1
        return 3 if paged else 2
