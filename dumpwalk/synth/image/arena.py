"""Virtual memory that is written like a file: pages appear, and are mapped, where something is put."""

from __future__ import annotations

from dumpwalk.synth.image.frames import PAGE, Frames
from dumpwalk.synth.image.tables import Mode, Tables
from dumpwalk.synth.spec import SpecError

_MOST = 0x1000000


class Arena:
    """The address space of the kernel, and those of processes beside it.

    :param pool: where :meth:`allocate` begins
    :param first_page: the first physical page that is used
    :ivar system: the page tables of the System process
    """

    def __init__(self, mode: Mode, pool: int, first_page: int, self_map: int | None = None) -> None:
        self.frames = Frames(first_page)
        self.system = Tables(mode, self.frames, self_map)
        self.mode = mode
        self._spaces: list[Tables] = []
        self._pool = pool
        self._zero: int | None = None

    def space(self) -> Tables:
        """Return new page tables; they get the kernel's half when :meth:`finish` is called."""
        made = Tables(self.mode, self.frames, self.system.self_map)
        self._spaces.append(made)
        return made

    def finish(self) -> None:
        """Give each process the kernel's half of the address space."""
        for space in self._spaces:
            space.share(self.system)

    def canonical(self, address: int) -> int:
        """Return *address* cut to the mode's width, and as a 64-bit machine writes it."""
        width = self.mode.width
        address &= (1 << width) - 1
        return address | (1 << 64) - (1 << width) if width > 32 and address >> (width - 1) else address

    def _frame(self, address: int, space: Tables) -> int:
        """Return the physical address of the page at *address* in *space*, for writing."""
        found = space.find(address)
        if found is None or found // PAGE == self._zero:
            found = self.frames.take() * PAGE
            space.map(address & -PAGE, found)
        return found & -PAGE

    def write(self, address: int, data: bytes, space: Tables | None = None) -> None:
        """Write *data* at a virtual address, mapping what is not mapped.

        :raises SpecError: where it would run over the end of the address space
        """
        space = space or self.system
        if address % (1 << self.mode.width) + len(data) > 1 << self.mode.width:
            raise SpecError(f"{len(data):#x} bytes at {address:x} run over the end of the address space")
        done = 0
        while done < len(data):
            here = self.canonical(address + done)
            piece = data[done : done + PAGE - here % PAGE]
            self.frames.write(self._frame(here, space) | here % PAGE, piece)
            done += len(piece)

    def read(self, address: int, size: int, space: Tables | None = None) -> bytes:
        """Return bytes at a virtual address; zeros where nothing was written."""
        space = space or self.system
        out = b""
        while len(out) < size:
            here = self.canonical(address + len(out))
            count = min(size - len(out), PAGE - here % PAGE)
            found = space.find(here)
            out += bytes(count) if found is None else self.frames.read(found, count)
        return out

    def clear(self, address: int, size: int) -> None:
        """Map zeros at *address*, as far as nothing is there: one page of zeros stands for all that stay empty."""
        if not 0 <= size <= _MOST:
            raise SpecError(f"{size:#x} bytes at {address:x} are more than an image has room for")
        for page in range(address & -PAGE, address + size, PAGE):
            if self.system.find(page) is None:
                if self._zero is None:
                    self._zero = self.frames.take()
                self.system.map(self.canonical(page), self._zero * PAGE)

    def allocate(self, size: int, align: int = 16) -> int:
        """Return the address of *size* free bytes; what fits into a page does not cross its end."""
        at = -(-self._pool // align) * align
        if size <= PAGE and at % PAGE + size > PAGE:
            at = -(-at // PAGE) * PAGE
        self._pool = at + size
        return at
