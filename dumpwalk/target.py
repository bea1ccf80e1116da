"""Targets: what is looked at, a dump together with the types to see it with."""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.formats import open_dump
from dumpwalk.remarks import Absent
from dumpwalk.types.profiles import find_profile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.formats import Dump
    from dumpwalk.memory.address import Address
    from dumpwalk.memory.machine import Machine
    from dumpwalk.memory.physical import PhysicalMemory
    from dumpwalk.memory.segments import DumpMemory
    from dumpwalk.symbols.modules import Modules
    from dumpwalk.types.model import TypeDatabase
    from dumpwalk.types.profiles import Profile
    from dumpwalk.types.symbols_table import Symbols


class Target:
    """A dump and the types that fit it. Nothing is read before it is asked for.

    :ivar dump: what the file says
    :ivar memory: the virtual memory it holds
    :ivar machine: its architecture
    """

    def __init__(self, dump: Dump) -> None:
        self.dump = dump
        self.memory: DumpMemory = dump.memory
        self.machine: Machine = dump.header.machine
        self._profile: Profile | Absent | None = None
        self._symbols: Symbols | None = None

    @property
    def physical(self) -> PhysicalMemory | Absent:
        """The physical memory that the dump holds, or why it holds none."""
        return self.dump.physical

    @property
    def modules(self) -> Modules:
        """The loaded images."""
        return self.dump.modules

    @property
    def profile(self) -> Profile | Absent:
        """The type layouts of this kernel, or why there are none."""
        if self._profile is None:
            self._profile = find_profile(self.dump)
        return self._profile

    @property
    def types(self) -> TypeDatabase:
        """Every type of the kernel that :attr:`profile` names; unless that is exact, a near guess.

        :raises TypeInfoError: when no profile fits, or only one of another architecture
        """
        from dumpwalk.types.store import Store

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
        from dumpwalk.objects import object_

        return object_(self.memory, self.types, type, address)

    def symbol(self, address: int) -> tuple[str, int] | None:
        """Return the kernel symbol at or before *address*, and how far before, or ``None``.

        Only a kernel that is known exactly has symbols. Some code has no
        public name (a private funclet); where a string lies between it and
        the last symbol, there is no telling which function it belongs to.
        """
        kernel = self.modules.kernel
        if kernel is None or not kernel.base <= address < kernel.end:
            return None
        if self._symbols is None:
            profile = self.profile
            if isinstance(profile, Absent) or not profile.exact:
                return None
            from dumpwalk.types.store import Store

            self._symbols = Store.shipped().open(profile.name).symbols
        return self._symbols.nearest(address - kernel.base)

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


def open(path: str) -> Target:
    """Open the dump file at *path*.

    :raises FormatError: when the file can't be read, is no dump, or not one that can be used
    """
    return Target(open_dump(path))
