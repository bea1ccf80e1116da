"""What the kernel in a memory image says of the machine: its build, its variables, its modules."""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.formats import Contents, live_contents
from dumpwalk.formats.debugger_data import OWNER_TAG
from dumpwalk.memory.address import Hex
from dumpwalk.record import replace
from dumpwalk.remarks import Absent
from dumpwalk.symbols.image import file_version
from dumpwalk.symbols.modules import Modules, module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.formats.encoded_debugger_data import Keys
    from dumpwalk.formats.images.address_space import AddressSpace
    from dumpwalk.memory.address import Address
    from dumpwalk.types.store import ProfileInfo

_SCANNED = 64 << 20
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
        if not self.build and self.image is not None:
            self.build = (*file_version(space.memory, self.image), 0, 0, 0)[2]
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

    def debugger_data_at(self) -> Address | Absent:
        """Return where the debugger data block is, by its symbol, else by its tag in the image."""
        if self.image is None:
            return Absent("the kernel's image was not found, and the block is in it")
        found = self.symbol("KdDebuggerDataBlock") or self._tagged()
        return found or Absent("it was not found in the kernel's image; it may be encoded")

    def keys(self) -> Keys | None:
        """Return where the variables are that encode the block of a running kernel; ``None`` when it has none."""
        if self.image is None or self.space.machine.name != "x64":
            return None
        from dumpwalk.formats.encoded_debugger_data import keys_of

        return keys_of(self.image)

    def _tagged(self) -> Address | None:
        """Return where the block is, by its tag and the kernel's base behind it."""
        assert self.image is not None
        memory, base = self.space.memory, self.image.base
        wanted = (int(base), int(base) | 0xFFFFFFFF00000000)  # sign-extended on 32-bit machines
        for start in range(base, base + min(self.image.size, _SCANNED), 0x1000):
            page = memory.read_some(start, 0x1020)
            at = page.find(OWNER_TAG)
            while 0 <= at < 0x1000:
                if int.from_bytes(page[at + 8 : at + 16], "little") in wanted:
                    return self.space.machine.address(start + at - 0x10)
                at = page.find(OWNER_TAG, at + 4)
        return None


def contents(kernel: Kernel, stack_pointer: int | None = None) -> Contents:
    """Return what *kernel* says of the machine. Its own image is a module whatever its list says.

    :param stack_pointer: of the processor to look at, where a register listing says it
    """
    unknown = Absent("a memory image does not say which processor to look at")
    space, image = kernel.space, kernel.image
    found = live_contents.contents(
        space.memory,
        space.machine,
        debugger_data_at=kernel.debugger_data_at(),
        modules_at=kernel.symbol("PsLoadedModuleList") or Absent("the kernel is not known"),
        processors=space.shared.processors if space.shared else 0,
        stack_pointer=unknown if stack_pointer is None else stack_pointer,
        keys=kernel.keys,
    )
    modules = found.modules
    if image is not None and modules.kernel is None:
        name = image.name or f"{image.pdb.name.rpartition('.')[0] if image.pdb else 'ntoskrnl'}.exe"
        own = module(name, space.machine.address(image.base), image.size, image.timestamp, image.checksum)
        modules = Modules((own, *modules.modules))
    return replace(found, modules=modules, kernel_pdb=image.pdb if image else None)
