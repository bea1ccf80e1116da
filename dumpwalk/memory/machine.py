"""Processor architectures that Windows runs on, by their IMAGE_FILE_MACHINE value."""

from __future__ import annotations

from dumpwalk.memory.address import Address, Address32
from dumpwalk.record import record


@record
class Machine:
    """An architecture.

    :param name: as WinDbg's ``.effmach`` and this project's profiles call it
    :param image_type: ``IMAGE_FILE_MACHINE_*`` of the PE specification
    """

    name: str
    image_type: int
    pointer_size: int

    def address(self, value: int) -> Address:
        """Return *value* as an address of this machine, cut to its width."""
        return Address32(value) if self.pointer_size == 4 else Address(value & 0xFFFFFFFFFFFFFFFF)


# PE format specification, "Machine Types".
MACHINES = {
    m.image_type: m
    for m in (
        Machine("x86", 0x014C, 4),
        Machine("ARM", 0x01C4, 4),
        Machine("IA64", 0x0200, 8),
        Machine("x64", 0x8664, 8),
        Machine("ARM64", 0xAA64, 8),
    )
}


def machine(image_type: int, pointer_size: int) -> Machine:
    """Return the machine of an ``IMAGE_FILE_MACHINE_*`` value; one named by its number when it is not known.

    :param pointer_size: what the dump's header says by being a 32-bit or a 64-bit one; it wins
        over a damaged machine field
    """
    known = MACHINES.get(image_type)
    if known is not None and known.pointer_size == pointer_size:
        return known
    return Machine(f"unknown machine {image_type:#x}", image_type, pointer_size)
