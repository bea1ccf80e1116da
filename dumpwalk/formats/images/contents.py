"""What the kernel in a memory image says of the machine: its build, its variables, its modules."""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.formats import Contents
from dumpwalk.formats.debugger_data import HEADER_SIZE, OWNER_TAG, parse_debugger_data
from dumpwalk.memory.address import Hex
from dumpwalk.remarks import Absent
from dumpwalk.symbols.modules import Modules, module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.formats.debugger_data import DebuggerData
    from dumpwalk.formats.images.address_space import AddressSpace
    from dumpwalk.memory.address import Address
    from dumpwalk.remarks import Problem
    from dumpwalk.types.store import ProfileInfo

# The largest KDDEBUGGER_DATA64 known is 0x380 bytes.
_BLOCK = 0x1000
_SCANNED = 64 << 20
_KDBG = OWNER_TAG.to_bytes(4, "little")
_HIGHEST_CODE = 1 << 32


class Kernel:
    """The kernel of an address space.

    :ivar build: number of its build, 0 when nothing tells it
    :ivar found: remarks on what names it
    """

    def __init__(self, space: AddressSpace) -> None:
        self.space = space
        self.image = space.kernel
        self._symbols: dict[str, int] = {}
        self.found: tuple[str, ...] = ()
        self.build = space.shared.build if space.shared else 0
        profile = self._profile() if self.image is not None else None
        if not self.build and self.image is not None and self.image.version[2:]:
            self.build = self.image.version[2]
        if not self.build and profile is not None:
            self.build = profile.build

    def _profile(self) -> ProfileInfo | None:
        """Return the known kernel that the image's PDB belongs to, and take over its key symbols."""
        from dumpwalk.types.store import Store

        image = self.image
        if image is None or image.pdb is None:
            return None
        pdb = image.pdb
        named = f"the kernel's PDB is {pdb.name} {pdb.guid}, age {pdb.age:x}"
        try:
            store = Store.shipped()
            index = store.index(pdb.key)
            if index is None:
                self.found = (f"{named}, of no kernel that is known here",)
                return None
            self._symbols = store.open_index(index).key_symbols()
            info = store.info(index)
        except TypeInfoError as error:
            self.found = (f"{named}; {error}",)
            return None
        self.found = (f"{named}: {info.name}{self._process_list()}",)
        return info

    def _process_list(self) -> str:
        """Say whether the list of processes is where the known kernel has it: its neighbours point back to it."""
        head = self.symbol("PsActiveProcessHead")
        if head is None:
            return ""
        width = self.space.machine.pointer_size
        links = [self._pointer(head, 0), self._pointer(head, width)]
        back = [self._pointer(links[0], width), self._pointer(links[1], 0)]
        sound = back == [head, head]
        return f"; PsActiveProcessHead at {head} {'heads a list' if sound else 'heads no list: the memory is damaged'}"

    def _pointer(self, address: int, offset: int) -> int:
        width = self.space.machine.pointer_size
        return int.from_bytes(self.space.memory.read_some(address + offset, width), "little")

    def symbol(self, name: str) -> Address | None:
        """Return where the symbol *name* is; ``None`` unless the kernel is known exactly."""
        if self.image is None or name not in self._symbols:
            return None
        return self.space.machine.address(self.image.base + self._symbols[name])

    def bug_check(self) -> tuple[Hex, ...]:
        """Return code and parameters of the bug check that stopped the machine; ``()`` when none is known of.

        The kernel keeps them in ``KiBugCheckData``.
        """
        place = self.symbol("KiBugCheckData")
        if place is None:
            return ()
        width = self.space.machine.pointer_size
        values = tuple(Hex(self._pointer(place, i * width)) for i in range(5))
        return values if 0 < values[0] < _HIGHEST_CODE else ()

    def debugger_data(self, problems: list[Problem]) -> DebuggerData | Absent:
        """Return the debugger data block, by its symbol, else by its tag in the image."""
        if self.image is None:
            return Absent("the kernel's image was not found, and its debugger data block is in it")
        place = self.symbol("KdDebuggerDataBlock")
        if place is None:
            place = self._tagged()
        if place is None:
            return Absent("no debugger data block was found in the kernel's image; it may be encoded")
        data = memoryview(self.space.memory.read_some(place, _BLOCK))
        if len(data) >= HEADER_SIZE:
            data = data[: int.from_bytes(data[0x14:0x18], "little")] if data[0x10:0x14] == _KDBG else data
        return parse_debugger_data(data, place, self.space.machine, problems)

    def _tagged(self) -> Address | None:
        """Return where the block is, by its tag and the kernel's base behind it."""
        assert self.image is not None
        memory, base = self.space.memory, self.image.base
        wanted = (int(base), int(base) | 0xFFFFFFFF00000000)  # sign-extended on 32-bit machines
        for start in range(base, base + min(self.image.size, _SCANNED), 0x1000):
            page = memory.read_some(start, 0x1020)
            at = page.find(_KDBG)
            while 0 <= at < 0x1000:
                if int.from_bytes(page[at + 8 : at + 16], "little") in wanted:
                    return self.space.machine.address(start + at - 0x10)
                at = page.find(_KDBG, at + 4)
        return None


def contents(kernel: Kernel) -> Contents:
    """Return what *kernel* says of the machine."""
    problems: list[Problem] = []
    data = kernel.debugger_data(problems)
    image = kernel.image
    unknown = Absent("a memory image does not say")
    images = []
    if image is not None:
        name = image.name or f"{image.pdb.name.rpartition('.')[0] if image.pdb else 'ntoskrnl'}.exe"
        base = kernel.space.machine.address(image.base)
        images.append(module(name, base, image.size, image.timestamp, image.checksum))
    return Contents(
        Modules(images),
        (),
        data,
        unknown,
        unknown,
        unknown,
        ("modules: only the kernel's image is looked for",),
        tuple(problems),
        image.pdb if image else None,
    )
