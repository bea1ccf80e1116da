"""Physical pages: taken one after another, written and read by physical address."""

from __future__ import annotations

from dumpwalk.synth.spec import SpecError

PAGE = 0x1000
# What a spec may use: a typing error is not to fill the machine's memory.
MOST_PAGES = 0x10000


class Frames:
    """The physical pages of an image.

    :param first: the first page number that may be taken
    :ivar pages: by page number
    """

    def __init__(self, first: int) -> None:
        self.pages: dict[int, bytearray] = {}
        self._next = first

    def take(self) -> int:
        """Return the number of a page that nobody has."""
        return self.take_run(1)

    def take_run(self, count: int) -> int:
        """Return the first number of *count* consecutive pages that nobody has."""
        while any(self._next + n in self.pages for n in range(count)):
            self._next += 1
        first = self._next
        for number in range(first, first + count):
            self._page(number)
        self._next += count
        return first

    def skip(self) -> int:
        """Return the number of a page that is in the machine, but will not be in the image."""
        while self._next in self.pages:
            self._next += 1
        self._next += 1
        return self._next - 1

    def _page(self, number: int) -> bytearray:
        page = self.pages.get(number)
        if page is None:
            if len(self.pages) >= MOST_PAGES:
                raise SpecError(f"an image has at most {MOST_PAGES} pages")
            page = self.pages[number] = bytearray(PAGE)
        return page

    def write(self, address: int, data: bytes) -> None:
        """Write *data* at a physical address; pages that nobody has had come to be."""
        while data:
            number, at = divmod(address, PAGE)
            piece = data[: PAGE - at]
            self._page(number)[at : at + len(piece)] = piece
            address, data = address + len(piece), data[len(piece) :]

    def read(self, address: int, size: int) -> bytes:
        """Return bytes at a physical address; zeros where there is no page."""
        out = b""
        while len(out) < size:
            number, at = divmod(address + len(out), PAGE)
            out += bytes(self.pages.get(number, bytes(PAGE))[at : at + size - len(out)])
        return out
