"""The page-table entries of an address, each with what Windows means by it, as ``!pte`` shows them."""

from __future__ import annotations

from dumpwalk.errors import AbsentError, ReadError, TypeInfoError, UsageError
from dumpwalk.memory.address import Hex
from dumpwalk.memory.paging.pte_address import address_of_entry, entry_addresses, is_entry
from dumpwalk.memory.paging.software import Pte
from dumpwalk.memory.paging.translation import LARGE
from dumpwalk.memory.virtual import VirtualMemory
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.file_page import FilePage
    from dumpwalk.memory.address import Address
    from dumpwalk.memory.paging.modes import Level, Mode
    from dumpwalk.memory.paging.software import PteFormat
    from dumpwalk.target import Target

# Letters of the bits, from bit 9 down: set and clear (documentation of !pte). E and V follow.
_LETTERS = ("C-", "G-", "L-", "D-", "A-", "N-", "T-", "UK", "WR")
_NO_EXECUTE = 1 << 63
NOT_PRESENT = "not present"
NOT_CANONICAL = "not canonical"


@record
class Entry:
    """One entry.

    :param level: ``PXE``, ``PPE``, ``PDE`` or ``PTE``
    :param address: where it is in virtual memory
    :param physical: where it is in physical memory
    :param value: its bits
    :param state: ``valid``, ``large page``, ``transition``, ...: what :class:`Pte` calls its kind
    :param flags: the letters of a valid entry, ``---DA--KWEV``
    :param meaning: what it says; ``None`` where there is no entry
    """

    level: str
    address: Address | Absent
    physical: Hex | Absent
    value: Hex | Absent
    state: str
    flags: str
    meaning: Pte | None


@record
class Entries:
    """The entries for an address, from the root table's down.

    :param address: ``None`` for an entry that was given by itself
    :param mode: name of the paging mode
    :param entry_size: bytes of an entry
    :param physical: where the address leads
    :param file_page: the page of a mapped file (or of shared memory) that is there; ``None`` when none is known of
    """

    address: Address | None
    mode: str | Absent
    entry_size: int | Absent
    entries: tuple[Entry, ...]
    physical: Hex | Absent
    problems: tuple[Problem, ...] = ()
    file_page: FilePage | None = None


def page_table_entries(
    target: Target, address: int, memory: VirtualMemory | None = None, *, files: bool = True
) -> Entries:
    """Return the entries for *address*; for an address in the page tables, those of the page whose PTE is there.

    :param memory: another address space than the dump's own
    :param files: look for the file that is mapped there too, which takes ten times as long
    :raises AbsentError: when the dump holds no page tables
    """
    memory = memory or page_tables(target)
    mode = memory.mode
    base = target.pte_base()
    problems: list[Problem] = []
    places: dict[str, int] = {}
    if isinstance(base, Absent):
        problems.append(Problem("PTE_BASE", base.reason))
    else:
        if is_entry(mode, base, address):
            address = address_of_entry(mode, base, address)
        places = dict(entry_addresses(mode, base, address))
    found = memory.translate(address)
    read = {entry.level: entry for entry in found.entries}
    out = []
    large: tuple[Level, int] | None = None
    for level in mode.levels:
        if level.bits == 2:  # !pte leaves PAE's table of four entries out
            continue
        place = memory.address(places[level.name]) if level.name in places else Absent("PTE_BASE is not known")
        entry = read.get(level.name)
        if large is not None:
            pfn = (mode.large_base(*large) >> 12) + ((address & (1 << large[0].shift) - 1) >> 12)
            out.append(Entry(level.name, place, Absent("mapped by a large page"), Hex(0), LARGE, "", _valid(0, pfn)))
        elif entry is None:
            why = found.physical if isinstance(found.physical, Absent) else Absent("not read")
            state = NOT_CANONICAL if mode.canonical(address) != address else ""
            out.append(Entry(level.name, place, why, why, state, "", None))
            break
        elif entry.value & 1:
            out.append(_entry(mode, level, place, entry.address, entry.value))
            large = (level, entry.value) if entry.state == LARGE else None
        else:
            meaning = _invalid(target, memory, entry.value)
            out.append(Entry(level.name, place, entry.address, entry.value, meaning.kind, "", meaning))
            if len(read) == len(out) and isinstance(found.physical, Absent):
                break
    # Asked only now: what is not known of entries shows when one is looked at, and matters to those that are not valid.
    if target.entries and any(entry.meaning is not None and entry.meaning.kind != "valid" for entry in out):
        problems += target.entries.problems
    shown = memory.address(address)
    behind = _file_page(target, memory, address) if files else None
    return Entries(shown, mode.name, mode.entry_size, tuple(out), found.physical, tuple(problems), behind)


def _file_page(target: Target, memory: VirtualMemory, address: int) -> FilePage | None:
    from dumpwalk.kernel.file_page import file_page

    return file_page(target, memory, address)


def _entry(mode: Mode, level: Level, place: Address | Absent, physical: Hex, value: Hex) -> Entry:
    large = mode.is_large(level, value) and level.shift > 12
    pfn = (mode.large_base(level, value) if large else value & mode.frame) >> 12
    letters = flags(value, mode.entry_size, arm=mode.name == "ARM64")
    return Entry(level.name, place, physical, value, LARGE if large else "valid", letters, _valid(value, pfn))


def _valid(value: int, pfn: int) -> Pte:
    return Pte("valid", Hex(value), Hex(pfn))


def _invalid(target: Target, memory: VirtualMemory, value: int, of: str = "process") -> Pte:
    found = target.entries.windows() if target.entries else Absent("")
    if isinstance(found, Absent) or found.format.size != memory.mode.entry_size:
        return unexplained(value)
    return found.classify(memory, value, of)


def unexplained(value: int) -> Pte:
    """Return an entry that is not valid where nothing says what else it is."""
    return Pte("zero" if not value else NOT_PRESENT, Hex(value))


def entry_at(target: Target, address: int, of: str = "process") -> Entries:
    """Return the entry at the virtual *address* itself, wherever that is: in page tables, in pool.

    :param of: ``process`` for an entry in page tables, ``prototype`` for a prototype PTE
    :raises AbsentError: when the dump holds no page tables
    """
    memory = page_tables(target)
    mode = memory.mode
    place = memory.address(address)
    physical = memory.find(address)
    where: Hex | Absent = Hex(physical) if physical >= 0 else Absent(memory.why_not(address))
    try:
        value = Hex(int.from_bytes(memory.read(address, mode.entry_size), "little"))
    except ReadError as error:
        why = Absent(error.reason)
        entry = Entry("PTE", place, where, why, "", "", None)
        problems: tuple[Problem, ...] = (Problem(f"entry at {place}", error.reason),)
    else:
        if value & 1:
            entry = _entry(mode, mode.levels[-1], place, Hex(physical), value)
        else:
            meaning = _invalid(target, memory, value, of)
            entry = Entry("PTE", place, where, value, meaning.kind, "", meaning)
        problems = target.entries.problems if target.entries else ()
    leads = entry.meaning.pfn if entry.meaning else None
    to = Hex(leads << 12) if leads is not None else Absent("no page in memory")
    behind = None
    if of == "prototype" and entry.meaning is not None and entry.meaning.kind != NOT_PRESENT:
        from dumpwalk.kernel.file_page import prototype_page

        try:
            behind = prototype_page(target, address)
        except TypeInfoError as error:
            problems = (*problems, Problem(f"entry at {place}", f"whose it is is not known: {error}"))
    return Entries(None, mode.name, mode.entry_size, (entry,), to, problems, behind)


def entry_value(format: PteFormat, value: int, of: str = "process", *, mask_known: bool = False) -> Entries:
    """Return what the entry *value* says by itself, without a dump.

    :param of: ``process`` for an entry in page tables, ``prototype`` for a prototype PTE
    :param mask_known: the format's ``InvalidPteMask`` is the machine's, even if it is 0
    :raises UsageError: when it has more bits than an entry of these types
    """
    if value >> 8 * format.size:
        raise UsageError(f"{value:x} is no page-table entry of these types: theirs have {format.size} bytes")
    meaning = format.classify(value, of)
    letters = flags(value, format.size, arm=format.arm) if meaning.kind == "valid" else ""
    nowhere = Absent("given as a value")
    entry = Entry("PTE", nowhere, nowhere, Hex(value), meaning.kind, letters, meaning)
    to = Hex(meaning.pfn << 12) if meaning.pfn is not None else Absent("no page in memory")
    problems: tuple[Problem, ...] = ()
    masked = format.swizzle and not mask_known and not value & format.swizzle
    if masked and meaning.kind in ("prototype", "subsection", "transition", "page file"):
        what = "taken for 0: it is in the machine's memory; --mask says it (200000000000 is usual)"
        problems = (Problem("InvalidPteMask", what),)
    if meaning.kind in ("prototype", "subsection") and meaning.address is None:
        what = "the entry says how far from where it begins; only the machine's memory says where that is"
        problems = (*problems, Problem("pool", what))
    mode = "ARM64" if format.arm else {4: "x86", 8: "x64" if format.address_bits > 32 else "PAE"}[format.size]
    return Entries(None, mode, format.size, (entry,), to, problems)


def page_tables(target: Target) -> VirtualMemory:
    """Return the memory of *target* as what its page tables map.

    :raises AbsentError: when the dump holds no page tables
    """
    if isinstance(target.memory, VirtualMemory):
        return target.memory
    if not isinstance(target.physical, Absent):  # pages, and nothing that says which of them are the tables
        raise AbsentError(getattr(target.memory, "why_not", "the page tables are not known"))
    raise AbsentError("this dump holds no page tables, only pieces of virtual memory: a full or kernel dump has them")


def flags(value: int, size: int, *, arm: bool = False) -> str:
    """Return the letters that ``!pte`` gives a valid entry.

    :param size: of the entry in bytes; one of 4 bytes can't forbid execution
    :param arm: it is an ARM64 descriptor
    """
    if arm:
        return _arm_flags(value)
    letters = [pair[not value & 0x200 >> i] for i, pair in enumerate(_LETTERS)]
    letters.append("-" if size == 8 and value & _NO_EXECUTE else "E")
    return "".join(letters) + "V"


def _arm_flags(value: int) -> str:
    """The same for ARM64, whose bits are others and often the negations.

    Compared with real listings (Windows 10 on ARM64): ``-R--ADK--V``, ``-WX-ADK-LV``, ``-W-GADK--V``. The place of C
    is inferred, and what the letter before L would be is not known.
    """
    bits = (
        "C-"[not value >> 56 & 1],
        "WR"[not value >> 55 & 1],
        "-X"[not value >> 53 & 1],
        "-G"[not value >> 11 & 1],
        "A-"[not value >> 10 & 1],
        "-D"[not value >> 7 & 1],
        "UK"[not value >> 6 & 1],
        "-",
        "-L"[not value >> 1 & 1],
        "V",
    )
    return "".join(bits)
