"""A register listing beside a dump: the dump looks through the page tables that the listed processor used."""

from __future__ import annotations

from dumpwalk.errors import UsageError
from dumpwalk.memory.address import Hex
from dumpwalk.memory.virtual import VirtualMemory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.formats import Dump
    from dumpwalk.formats.register_listing import RegisterListing


def look_through(dump: Dump, listing: RegisterListing, *, choose: bool) -> tuple[str, ...]:
    """Let *dump* look through the page tables of *listing*.

    :param choose: nobody chose other page tables, which would go before the listing's
    :return: how that was done, in words
    :raises UsageError: when the listing is of another kind of machine
    """
    memory = dump.memory
    wide = dump.header.machine.pointer_size == 8
    if listing.modes and all((mode.width > 32) != wide for mode in listing.modes):
        raise UsageError(
            f"the registers are not of this machine: they are in {listing.modes[0].name} mode ({listing.said})"
        )
    if not isinstance(memory, VirtualMemory):
        return ("registers: those of the listing; the dump has no page tables that its CR3 could choose from",)
    if listing.modes and memory.mode not in listing.modes:
        modes = " or ".join(mode.name for mode in listing.modes)
        raise UsageError(
            f"the registers are those of a machine in mode {modes} ({listing.said}), the dump's is {memory.mode.name}"
        )
    if not choose:
        return ()
    if listing.root is None:
        return ("registers: those of the listing, which has no CR3",)
    dump.memory = memory.with_root(listing.root)
    return (f"{memory.mode.name} page tables at {Hex(listing.root & memory.mode.root)}, from the register listing",)
