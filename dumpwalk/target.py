"""Targets: what is looked at, a dump together with the types to see it with."""

from __future__ import annotations

from dumpwalk.formats import open_dump
from dumpwalk.types.profiles import find_profile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.formats import Dump
    from dumpwalk.memory.address import Address
    from dumpwalk.memory.machine import Machine
    from dumpwalk.memory.segments import SegmentedMemory
    from dumpwalk.remarks import Absent
    from dumpwalk.symbols.modules import Modules
    from dumpwalk.types.profiles import Profile


class Target:
    """A dump and the types that fit it. Nothing is read before it is asked for.

    :ivar dump: what the file says
    :ivar memory: the virtual memory it holds
    :ivar modules: its loaded images
    :ivar machine: its architecture
    """

    def __init__(self, dump: Dump) -> None:
        self.dump = dump
        self.memory: SegmentedMemory = dump.memory
        self.modules: Modules = dump.modules
        self.machine: Machine = dump.header.machine
        self._profile: Profile | Absent | None = None

    @property
    def profile(self) -> Profile | Absent:
        """The type layouts of this kernel, or why there are none."""
        if self._profile is None:
            self._profile = find_profile(self.dump)
        return self._profile

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
