"""Where a virtual address leads, with every table entry on the way."""

from __future__ import annotations

from dumpwalk.memory.address import Hex
from dumpwalk.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from dumpwalk.memory.address import Address
    from dumpwalk.memory.paging.modes import Level
    from dumpwalk.memory.virtual import VirtualMemory
    from dumpwalk.remarks import Absent

    class SoftwareEntries(Protocol):
        """What an operating system means by table entries that the processor takes for invalid."""

        def resolve(self, memory: VirtualMemory, address: int, entry: int, level: Level) -> Resolved:
            """Return what *entry*, of *level* on the way to *address*, means. Its valid bit is clear."""


VALID = "valid"
LARGE = "large page"
RESERVED = "reserved"


@record
class TableEntry:
    """An entry on the way.

    :param level: ``PXE``, ``PPE``, ``PDE``, ``PTE`` (``PML5E`` above them with 5 levels)
    :param address: its physical address
    :param value: its bits
    :param state: ``valid``, ``large page``, ``reserved`` (its valid bit is set, yet the processor
        faults), or what an invalid one means: ``transition``, ``prototype``, ...
    """

    level: str
    address: Hex
    value: Hex
    state: str


@record
class Resolved:
    """What an invalid entry means.

    :param state: in a word or two: ``transition``, ``prototype``, ``page file``, ``demand zero``, ...
    :param base: physical address of the page (or, above the last level, the table) it stands for; -1 when
        there is none in memory
    :param reason: why there is none
    :param via: entries that were followed to get there, such as a prototype PTE
    """

    state: str
    base: int
    reason: str = ""
    via: tuple[TableEntry, ...] = ()


@record
class Translation:
    """Where a virtual address leads.

    :param mode: name of the paging mode
    :param root: physical address of the root table
    :param entries: in the order in which they were read
    :param physical: the physical address, or why there is none
    :param page_size: of the page that holds it; 0 where there is none
    """

    address: Address
    mode: str
    root: Hex
    entries: tuple[TableEntry, ...]
    physical: Hex | Absent
    page_size: Hex


class NothingInSoftware:
    """The processor's view alone: what is not valid is not there."""

    def resolve(self, memory: VirtualMemory, address: int, entry: int, level: Level) -> Resolved:
        """Return that it is not present."""
        return Resolved("not present", -1, f"{level.name} not present")
