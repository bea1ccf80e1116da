"""One entry of the page frame database: what the memory manager knows of a physical page."""

from __future__ import annotations

from dumpwalk.errors import ReadError, TypeInfoError, UsageError
from dumpwalk.kernel.names import DumpNames
from dumpwalk.kernel.page_frame import PROTOTYPE_PTE, entry_of
from dumpwalk.memory.address import Hex
from dumpwalk.memory.paging.pte_address import is_entry
from dumpwalk.memory.virtual import VirtualMemory
from dumpwalk.objects.members import hexadecimal, integer, optional
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target

# MMLISTS, from 0, in !pfn's words.
_STATES = ("Zeroed", "Free", "Standby", "Modified", "ModNoWrite", "Bad", "Active", "Transition")
ACTIVE, TRANSITION = 6, 7
_WITHOUT_PTE = (0, 1, 5)  # what is on these lists is nobody's
# MEMORY_CACHING_TYPE of a page, from 0 (MI_PFN_CACHE_ATTRIBUTE).
_CACHED = ("NonCached", "Cached", "WriteComb", "NotMapped")
# Letters of !pfn in their order, the words of the line below them, and the members they stand for.
_FLAGS = (
    ("M", "Modified", ("u3.e1.Modified",)),
    ("P", "Shared", PROTOTYPE_PTE),
    ("R", "ReadInProgress", ("u3.e1.ReadInProgress",)),
    ("W", "WriteInProgress", ("u3.e1.WriteInProgress",)),
    ("E", "InPageError", ("u3.e3.InPageError", "u3.e1.InPageError", "u4.InPageError")),
    ("X", "ParityError", ("u3.e3.ParityError", "u3.e1.ParityError")),
    ("L", "RemovalRequested", ("u3.e3.RemovalRequested", "u3.e1.RemovalRequested")),
)
PROTOTYPE = "P"
# A large page has at most that many small ones (1 GB).
_IN_LARGE = 1 << 18
_LARGE = 0x80
# Page numbers have at most that many bits (52 bits of address).
_MOST_BITS = 40


@record
class Pfn:
    """One ``_MMPFN``.

    :param number: of the page
    :param address: of the entry
    :param flink: of a page on a list the next one's number, of others what else stands there
    :param blink: number of the page before it on a list, of an active one its share count
    :param PteAddress: of the PTE that maps it, or of its prototype PTE
    :param color: ``None`` where this kernel keeps none
    :param OriginalPte: what the PTE will be when the page is gone
    :param PteFrame: number of the page that the PTE is in
    :param used_entries: ``UsedPageTableEntries``; ``None`` where this kernel keeps it elsewhere
    :param cache: ``Cached``, ``NonCached``, ``WriteComb`` or ``NotMapped``
    :param Priority: ``None`` before Windows Vista
    :param state: ``Active``, ``Standby``, ...
    :param flags: letters of what is set, ``MP``
    :param words: what they mean, in the same order
    :param confirmed: the PTE says so, too; ``None`` where it could not be asked
    """

    number: Hex
    address: Address
    flink: Hex | Absent
    blink: Hex | Absent
    PteAddress: Address | Absent
    ReferenceCount: Hex | Absent
    color: Hex | Absent | None
    OriginalPte: Hex | Absent
    PteFrame: Hex | Absent
    used_entries: Hex | Absent | None
    cache: str | Absent
    Priority: Hex | Absent | None
    state: str | Absent
    flags: str
    words: tuple[str, ...]
    confirmed: bool | Absent | None
    problems: tuple[Problem, ...]


def words_of(letters: str) -> tuple[str, ...]:
    """Return what the letters of a page mean.

    >>> words_of("MP")
    ('Modified', 'Shared')
    """
    return tuple(word for letter, word, _ in _FLAGS if letter in letters)


def pfn(target: Target, number: int) -> Pfn:
    """Return what the page frame database says of the page *number*.

    :raises TypeInfoError: when the types of this kernel are not known, or where the database is
    :raises ReadError: when the pointer to it is not in the dump
    :raises UsageError: when *number* is more than a page's number can be
    """
    if not 0 <= number < 1 << _MOST_BITS:
        raise UsageError(f"{number:x} is no page number: addresses of memory have at most {_MOST_BITS + 12} bits")
    entry = entry_of(target, number)
    problems = _beyond(target, number)
    location = integer(entry, "u3.e1.PageLocation")
    flags = "".join(letter for letter, _, paths in _FLAGS if integer(entry, *paths) == 1)
    listed = not isinstance(location, Absent) and location not in (ACTIVE, TRANSITION)
    pte = hexadecimal(entry, "PteAddress")
    place: Address | Absent = pte if isinstance(pte, Absent) else target.address(pte)
    frame = hexadecimal(entry, "u4.PteFrame")
    confirmed = None
    owned = not isinstance(location, Absent) and location not in _WITHOUT_PTE
    if owned and not isinstance(place, Absent) and not isinstance(frame, Absent) and place:
        confirmed, doubts = _check(target, number, place, frame, prototype=PROTOTYPE in flags)
        problems += doubts
    cache = integer(entry, "u3.e1.CacheAttribute")
    return Pfn(
        Hex(number),
        target.address(entry.place_),
        hexadecimal(entry, "u1.Flink") if listed else _whole(entry),
        hexadecimal(entry, "u2.Blink") if listed else hexadecimal(entry, "u2.ShareCount"),
        place,
        hexadecimal(entry, "u3.e2.ReferenceCount", "u3.ReferenceCount"),
        optional(hexadecimal, entry, "u4.PageColor", "u3.e1.PageColor"),
        hexadecimal(entry, "OriginalPte.u.Long"),
        frame,
        optional(hexadecimal, entry, "UsedPageTableEntries"),
        cache if isinstance(cache, Absent) else _CACHED[cache & 3],
        optional(hexadecimal, entry, "u3.e3.Priority", "u3.e1.Priority", "u4.Priority"),
        location if isinstance(location, Absent) else _STATES[location & 7],
        flags,
        words_of(flags),
        confirmed,
        tuple(problems),
    )


def _beyond(target: Target, number: int) -> list[Problem]:
    """Return a problem when there is no such page by the kernel's own count."""
    try:
        place = DumpNames(target).symbol("nt!MmHighestPhysicalPage")
        highest = None if place is None else target.read_pointer(place)
    except (TypeInfoError, ReadError):
        return []  # then nothing says how many pages there are
    if not highest or number <= highest:
        return []
    what = f"it is beyond the last page, {int(highest):x} (MmHighestPhysicalPage): what stands there is no entry"
    return [Problem(f"page {number:x}", what)]


def _whole(entry: Any) -> Hex | Absent:
    """Return all of what shares its place with the forward link, for a page that is on no list."""
    return hexadecimal(entry, "u1.Active.EntireActiveField", "u1.WsIndex", "u1.Flink")


def _check(
    target: Target, number: int, pte: Address, frame: int, *, prototype: bool
) -> tuple[bool | None, list[Problem]]:
    """Return whether the PTE of a page leads to it, and what speaks against it.

    The PTE is read from the page that it is said to be in, because page tables of other processes are not to be seen
    where theirs are.
    """
    memory, where = target.memory, f"page {number:x}"
    if not isinstance(memory, VirtualMemory) or isinstance(target.physical, Absent):
        return None, []
    mode = memory.mode
    # The lowest bits of the address may be flags.
    place = int(pte) & -mode.entry_size
    problems = _misplaced(target, memory, place, frame, where, prototype=prototype)
    try:
        raw = target.physical.read((frame << 12) + place % 0x1000, mode.entry_size)
    except ReadError:
        return None, problems
    value = int.from_bytes(raw, "little")
    found = target.entries.windows() if target.entries is not None else Absent("")
    leads: int | None = (value & mode.frame) >> 12 if value & 1 else None
    kind = "valid" if value & 1 else "not valid"
    if not isinstance(found, Absent):
        said = found.classify(memory, value, "prototype" if prototype else "process")
        leads, kind = said.pfn, said.kind
    large = value & 1 and value & _LARGE and leads is not None and 0 <= number - leads < _IN_LARGE
    if leads == number or large:
        return not problems, problems
    to = f"leads to page {leads:x}" if leads is not None else f"leads to no page: {kind}"
    what = f"its PTE at {target.address(place)}, {(frame << 12) + place % 0x1000:x} in memory, is {value:x} and {to}"
    return False, [*problems, Problem(where, what)]


def _misplaced(
    target: Target, memory: VirtualMemory, pte: int, frame: int, where: str, *, prototype: bool
) -> list[Problem]:
    """Return what is wrong with the place of a PTE: in the page tables, and in the page that it is said to be in."""
    base = target.pte_base()
    if not isinstance(base, Absent) and is_entry(memory.mode, base, pte):
        # Tables of other processes are not to be seen there, nor is the root of another one.
        what = f"it is said to have a prototype PTE, but {target.address(pte)} is in the page tables"
        return [Problem(where, what)] if prototype else []
    if not pte >> (8 * target.machine.pointer_size - 1):
        return []
    physical = memory.find(pte)
    if physical < 0 or physical >> 12 == frame:
        return []
    what = f"its PTE at {target.address(pte)} is in page {physical >> 12:x}, not in {frame:x} (PteFrame)"
    return [Problem(where, what)]
