"""Virtual memory of a machine that is built: what a tool that runs in it would see."""

from __future__ import annotations

from dumpwalk.synth.image.frames import PAGE, Frames
from dumpwalk.synth.image.tables import Tables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from dumpwalk.synth.image.tables import Mode


class MachineMemory:
    """The kernel's address space, out of physical *pages*.

    :param root: physical address of the root of the page tables
    :param self_map: the root's entry that leads to itself, when not the mode's usual one
    """

    def __init__(self, pages: Mapping[int, bytes], mode: Mode, root: int, self_map: int | None = None) -> None:
        self._pages = pages
        frames = Frames(0)
        # Only read from now on; page tables that are not in the image are zeros, and lead nowhere.
        frames.pages = pages  # type: ignore[assignment]
        self._tables = Tables.at(root, mode, frames, self_map)
        self._mode = mode
        self._known: dict[int, bytes | None] = {}

    def kernel_address(self, value: int) -> bool:
        """Say whether *value* lies in the upper half of the address space."""
        width = self._mode.width
        bits = 32 if width == 32 else 64
        return value >> (width - 1) == (1 << (bits - width + 1)) - 1

    def read(self, address: int, size: int) -> bytes:
        """Return at most *size* bytes at *address*: fewer where a page is not mapped, or not in the image."""
        out = bytearray()
        while len(out) < size and self.kernel_address(address + len(out)):
            page, at = divmod(address + len(out), PAGE)
            held = self._page(page)
            if held is None:
                break
            out += held[at : at + size - len(out)]
        return bytes(out)

    def _page(self, number: int) -> bytes | None:
        if number not in self._known:
            found = self._tables.find(number * PAGE)
            self._known[number] = None if found is None else self._pages.get(found // PAGE)
        return self._known[number]

    def pte_of(self, address: int) -> int:
        """Return the virtual address of the page-table entry for *address*."""
        return self._tables.pte_of(address)

    @property
    def entry(self) -> int:
        """Bytes of a page-table entry."""
        return self._mode.entry
