"""Targets: what is looked at, a dump together with the types to see it with."""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.formats import open_dump
from dumpwalk.remarks import Absent
from dumpwalk.types.profiles import find_profile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeVar

    from dumpwalk.formats import Dump
    from dumpwalk.memory.address import Address
    from dumpwalk.memory.machine import Machine
    from dumpwalk.memory.physical import PhysicalMemory
    from dumpwalk.memory.segments import DumpMemory
    from dumpwalk.objects import Space
    from dumpwalk.objects.kernel_entries import KernelEntries
    from dumpwalk.symbols.modules import Modules
    from dumpwalk.types.model import TypeDatabase
    from dumpwalk.types.profiles import Profile
    from dumpwalk.types.store import StoredTypes

    T = TypeVar("T")


class Target:
    """A dump and the types that fit it. Nothing is read before it is asked for.

    :param types: whose types to use instead of those that fit: a profile, or a file that holds types

    :ivar dump: what the file says
    :ivar memory: the virtual memory it holds
    :ivar machine: its architecture
    :ivar named: whose types the user wants; ``""`` for those that fit
    :ivar kept: what was found out once and is needed again, by name; see :meth:`once`
    :ivar entries: what its kernel means by page-table entries; ``None`` for a dump without physical pages
    """

    def __init__(self, dump: Dump, types: str = "") -> None:
        self.dump = dump
        self.named = types
        self.memory: DumpMemory = dump.memory
        self.machine: Machine = dump.header.machine
        self._profile: Profile | Absent | None = None
        self._types: TypeDatabase | None = None
        self._space: Space | None = None
        self._exact: StoredTypes | None = None
        self.kept: dict[str, Any] = {}
        self.entries: KernelEntries | None = None
        if hasattr(self.memory, "software"):  # virtual memory seen through page tables
            from dumpwalk.objects.kernel_entries import KernelEntries

            self.memory.software = self.entries = KernelEntries(self)
        self._process: Address | None = None
        self.dump.profile = lambda: self.profile
        self.dump.kernel_types = lambda: self.types

    def once(self, name: str, find: Callable[[Target], T]) -> T:
        """Return what *find* says of this target; it is asked once, and the answer kept as *name* in :attr:`kept`."""
        if name not in self.kept:
            self.kept[name] = find(self)
        answer: T = self.kept[name]
        return answer

    @property
    def process(self) -> Address | Absent:
        """The process whose address space :attr:`memory` is: the dump's own, unless :meth:`in_process` chose one."""
        return self.dump.process if self._process is None else self._process

    def in_process(self, process: int) -> Target:
        """Return this target as the process at *process* sees it: same dump, same types, its address space.

        ``DirectoryTableBase`` is followed, with which the processor runs in the kernel: user addresses are in it too.
        (Where user code runs with tables of its own, against Meltdown, ``UserDirectoryTableBase`` leads to these; they
        lack most of the kernel.) The user addresses of a 32-bit process on x64 are in the same tables.
        A dump without page tables holds pieces of one virtual memory, for all processes alike.

        :param process: address of an ``_EPROCESS``; it is not checked
        :raises ReadError: when its ``DirectoryTableBase`` is not in the dump
        :raises TypeInfoError: when nothing says where in the structure that is, or it can't be one
        """
        from dumpwalk.memory.virtual import VirtualMemory
        from dumpwalk.objects.kernel_entries import KernelEntries

        memory = self.memory
        place = self.address(process)
        twin = Target.__new__(Target)
        twin.__dict__.update(self.__dict__)
        twin._process = place
        if not isinstance(memory, VirtualMemory):
            return twin
        twin.memory = space = memory.with_root(self._directory_table_base(place))
        twin.kept = {}
        space.software = twin.entries = KernelEntries(twin)
        return twin

    def _directory_table_base(self, process: Address) -> int:
        """Return what the root register holds while the process at *process* runs."""
        # An array of two in old kernels, the second being of hyperspace: only the first is a root.
        at = self.once("DirectoryTableBase", _directory_table_base_at)
        root = self.read_int(process + at, self.machine.pointer_size)
        if not root:
            raise TypeInfoError(f"the process at {process} has no page tables: its DirectoryTableBase is 0")
        return root

    @property
    def physical(self) -> PhysicalMemory | Absent:
        """The physical memory that the dump holds, or why it holds none."""
        return self.dump.physical

    @property
    def modules(self) -> Modules:
        """The loaded images."""
        return self.dump.modules

    @property
    def registers(self) -> Mapping[str, int]:
        """Registers that a listing beside the dump gives, by their names in small letters; none without one."""
        return self.dump.registers

    @property
    def profile(self) -> Profile | Absent:
        """The type layouts of this kernel, or why there are none."""
        if self._profile is None:
            if self.entries is None:
                self._profile = find_profile(self.dump, self.named)
            else:  # what finds it reads memory, whose entries can't be understood before it is found
                self._profile = self.entries.undisturbed(lambda: find_profile(self.dump, self.named))
        return self._profile

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is to be said beside each answer: of pasted text, whose types it was taken to be of."""
        profile, shown, said = self._profile, self.dump.shown_types, self.dump.remarks
        if shown is None or self.named or profile is None:
            return said
        if isinstance(profile, Absent):
            own = self._types is shown.types
            return (f"types: {profile.reason}; these are the text's own", *said) if own else said
        return said if profile.exact else (profile.doubt, *said)

    @property
    def types(self) -> TypeDatabase:
        """Every type of the kernel that :attr:`profile` names; unless that is exact, a near guess.

        :raises TypeInfoError: when no profile fits, or only one of another architecture, or there are no such types
        """
        if self._types is None:  # kept, since objects of the same types share how these are read
            self._types = self._with_shown_types()
        return self._types

    def _with_shown_types(self) -> TypeDatabase:
        """Return the kernel's types, and behind them those that the file itself shows."""
        shown = self.dump.shown_types
        try:
            found = self._find_types()
        except TypeInfoError:
            if shown is None or self.named or not shown.types.names():
                raise
            return shown.types
        if shown is None or found.pointer_size != shown.types.pointer_size:
            return found
        from dumpwalk.types.merge import Merged

        return Merged((found, shown.types), found.name)

    def _find_types(self) -> TypeDatabase:
        from dumpwalk.types.store import Store

        if self.named:
            from dumpwalk.types.library import open_types

            return open_types(self.named, self.machine.pointer_size)
        profile = self.profile
        if isinstance(profile, Absent):
            raise TypeInfoError(profile.reason)
        if profile.machine != self.machine.name:
            what = f"no types of {self.machine.name} kernels are known, and those of {profile.machine} lie elsewhere"
            raise TypeInfoError(f"{what}; --types NAME insists, or brings others")
        return Store.shipped().open(profile.name)

    def object(self, type: str, address: int) -> Any:
        """Return the object of *type* at *address*; it is read when it is asked for something.

        :param type: ``nt!_FILE_OBJECT``, ``_EPROCESS``, a pointer or an array in ``dt``'s spelling
        :return: an :class:`~dumpwalk.objects.Object`
        :raises TypeInfoError: when there is no such type, or no profile fits
        """
        space = self._space
        if space is None or space.memory is not self.memory:
            from dumpwalk.objects import space_of

            space = self._space = space_of(self.memory, self.types)
        return space.object(type, address)

    def symbol(self, address: int) -> tuple[str, int] | None:
        """Return the kernel symbol at or before *address*, and how far before, or ``None``.

        Only a kernel that is known exactly has symbols. Some code has no
        public name (a private funclet); where a string lies between it and
        the last symbol, there is no telling which function it belongs to.
        """
        kernel = self.modules.kernel
        if kernel is None or not kernel.base <= address < kernel.end:
            return None
        known = self._known_kernel()
        return known.symbols.nearest(address - kernel.base) if known else None

    def address_of(self, symbol: str) -> Address | None:
        """Return where the kernel's *symbol* is; ``None`` when there is none, or the kernel is not known exactly."""
        kernel, known = self.modules.kernel, self._known_kernel()
        if kernel is None or known is None:
            return None
        offset = known.key_symbols().get(symbol)
        if offset is None:
            offset = known.symbols.find(symbol)
        return None if offset is None else self.address(kernel.base + offset)

    def _known_kernel(self) -> StoredTypes | None:
        """Return types and symbols of the kernel where it is known exactly."""
        profile = self.profile
        if self._exact is None and not isinstance(profile, Absent) and profile.exact:
            from dumpwalk.types.store import Store

            self._exact = Store.shipped().open(profile.name)
        return self._exact

    def pte_base(self) -> Address | Absent:
        """Return where page tables begin in virtual memory, ``PTE_BASE``: who says so is asked in order of cost."""
        from dumpwalk.memory.paging.pte_address import self_map
        from dumpwalk.memory.virtual import VirtualMemory
        from dumpwalk.objects.kernel_entries import pointers_at

        data = self.dump.debugger_data
        said = None if isinstance(data, Absent) else data.get("PteBase")
        if said:
            return self.address(said)
        found = pointers_at(self.memory, self.machine.pointer_size, self.address_of("MmPteBase"))
        if found and found[0]:
            return self.address(found[0])
        slot = self_map(self.memory) if isinstance(self.memory, VirtualMemory) else None
        if slot is None:
            return Absent(
                "no entry of the root table leads to itself, and neither debugger data nor symbol say PteBase"
            )
        return self.address(slot)

    def name(self, address: int) -> str | None:
        """Return *address* as ``module!symbol+0x12``, ``module+0x1234`` without a symbol, ``None`` in no module."""
        found = self.symbol(address)
        if found is None:
            return self.modules.locate(address)
        return f"nt!{found[0]}{f'+{found[1]:#x}' if found[1] else ''}"

    def address(self, value: int) -> Address:
        """Return *value* as an address of this machine."""
        return self.machine.address(value)

    def read_int(self, address: int, size: int, *, signed: bool = False) -> int:
        """Return the little-endian integer of *size* bytes at *address*.

        :raises ReadError: when the dump does not hold it
        """
        return int.from_bytes(self.memory.read(self.address(address), size), "little", signed=signed)

    def read_pointer(self, address: int) -> Address:
        """Return the pointer at *address*.

        :raises ReadError: when the dump does not hold it
        """
        return self.address(self.read_int(address, self.machine.pointer_size))


def _directory_table_base_at(target: Target) -> int:
    from dumpwalk.types.anchors import Layout

    data = target.dump.debugger_data
    layout = Layout("_EPROCESS", target.profile, None if isinstance(data, Absent) else data, target.machine)
    places = layout.places("Pcb.DirectoryTableBase")
    if not places:
        raise TypeInfoError(layout.why_not("Pcb.DirectoryTableBase"))
    return int(places[0].offset)


def open(path: str, *, raw: bool = False, dtb: int | None = None, types: str = "", registers: str = "") -> Target:
    """Open the dump file at *path*; :func:`dumpwalk.open` opens pasted text too.

    :param raw: it is a raw image: physical memory from address 0 on, and nothing else
    :param dtb: physical address of the root of the page tables to use, instead of what the file says
    :param types: whose types to use instead of those that fit: ``nt/19041.3570-x64``, a file that holds types
    :param registers: a file that lists registers of that machine, as a debugger printed them: they say which page
        tables to use and in which mode, and have their values in expressions
    :raises FormatError: when the file can't be read, is no dump, or not one that can be used
    :raises UsageError: when *dtb* is given and the file holds no physical pages, or *registers* are of another machine
    """
    return Target(open_dump(path, raw=raw, dtb=dtb, registers=registers), types)
