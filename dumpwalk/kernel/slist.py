"""Interlocked singly linked lists: ``SLIST_HEADER`` in its three forms, the entries, and the code that pops them.

On 32-bit machines the header is eight bytes: first entry, ``Depth``, and a sequence number of 16 bits. On x64 it has
sixteen, of which kernels before Windows 8.1 may use only eight: then ``NextEntry`` is a compressed address of 39 bits,
and nine bits are left for the sequence number (``Header8`` in ``winnt.h``; ``HeaderType`` says which form it is).
Later ones have 48 bits for it (``HeaderX64``).
"""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.memory.chain import single_list
from dumpwalk.objects.members import has, hexadecimal, integer
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.memory.address import Address, Hex
    from dumpwalk.target import Target

# What is shown of each entry: its link and what follows.
WORDS = 4
# A sequence number of so few bits can be used up while one processor stands in a pop.
FEW_BITS = 9
# How many bits tell one pop from another, by the form of the header.
SEQUENCE_BITS = {"x86": 16, "Header8": FEW_BITS, "HeaderX64": 48}
# USHORT Depth: a list can't have more entries and still be counted.
_MOST_ENTRIES = 0x10000
# winnt.h, SLIST_HEADER.Header8, for types that name no bits: position and length, the first three in Alignment.
_DEPTH, _SEQUENCE, _NEXT, _HEADER_TYPE = (0, 16), (16, FEW_BITS), (25, 39), (0, 1)
# Compressed addresses leave out the low 4 bits and are of one of two regions of 8 TB, the lowest and the highest.
_UNIT, _REGION = 4, 43


@record
class SlistHeader:
    """An ``SLIST_HEADER``.

    :param form: ``x86``, ``Header8`` (the compressed one of eight bytes) or ``HeaderX64``
    :param Region: the second half of a header of x64; ``None`` on 32-bit machines
    :param NextEntry: the first entry; 0 for none
    :param Sequence: what it is called now: ``CpuId`` on 32-bit machines since Windows 8.1
    :param sequence_bits: how many bits tell one pop from another
    """

    address: Address | Absent
    form: str
    Alignment: Hex | Absent
    Region: Hex | Absent | None
    NextEntry: Address | Absent
    Depth: int | Absent
    Sequence: Hex | Absent
    sequence_name: str
    sequence_bits: int | Absent


@record
class SlistEntry:
    """One entry.

    :param words: the 32-bit words it begins with, the link among them
    """

    address: Address
    words: tuple[Hex, ...] | Absent


@record
class PopWindow:
    """Whether an instruction pointer is within the code that takes an entry off a list.

    :param resume: where an interrupted pop begins again, ``nt!ExpInterlockedPopEntrySListResume``
    :param fault: the instruction that may read an entry that is gone, ``nt!ExpInterlockedPopEntrySListFault``
    :param end: the exchange itself, ``nt!ExpInterlockedPopEntrySListEnd``; the window includes it
    :param name: the instruction pointer by the nearest symbol
    """

    ip: Address
    name: str
    resume: Address
    fault: Address | Absent
    end: Address
    inside: bool


@record
class Slist:
    """A list.

    :param entries: in order
    :param window: where the processor is, against the code that pops
    """

    header: SlistHeader
    entries: tuple[SlistEntry, ...]
    window: PopWindow | Absent
    problems: tuple[Problem, ...]


def slist(target: Target, address: int, ip: int | None = None) -> Slist:
    """Return the list whose ``SLIST_HEADER`` is at *address*.

    :param ip: an instruction pointer to hold against the code that pops entries; the dump's own by default
    :raises TypeInfoError: when the types of this kernel are not known
    """
    from dumpwalk.memory.address import Hex

    header = slist_header(target, address)
    problems: list[Problem] = []
    entries = []
    where = f"SLIST_HEADER at {target.address(address)}"
    if not isinstance(header.NextEntry, Absent):
        limit = _MOST_ENTRIES
        chain = single_list(target.memory, target.machine, header.NextEntry, limit=limit)
        problems += [Problem(where, text) for text in chain.problems]
        for entry in chain.addresses:
            try:
                data = target.memory.read(target.address(entry), 4 * WORDS)
            except ReadError as error:
                words: tuple[Hex, ...] | Absent = Absent(str(error))
            else:
                words = tuple(Hex(int.from_bytes(data[i : i + 4], "little")) for i in range(0, 4 * WORDS, 4))
            entries.append(SlistEntry(target.address(entry), words))
        if not isinstance(header.Depth, Absent) and not chain.problems and header.Depth != len(entries) & 0xFFFF:
            what = (
                f"Depth says {header.Depth}, but the list has {len(entries)}: it was caught in a change, or is damaged"
            )
            problems.append(Problem(where, what))
    return Slist(header, tuple(entries), pop_window(target, ip), tuple(problems))


def slist_header(target: Target, address: int) -> SlistHeader:
    """Return the ``SLIST_HEADER`` at *address*.

    :raises TypeInfoError: when the types of this kernel are not known
    """
    from dumpwalk.memory.address import Hex

    found = target.object("_SLIST_HEADER", address)
    whole = hexadecimal(found, "Alignment")
    place = target.address(address)
    if has(found, "Next"):
        name = "Sequence" if has(found, "Sequence") else "CpuId"
        first = integer(found, "Next.Next")
        at = first if isinstance(first, Absent) else target.address(first)
        sequence = hexadecimal(found, name)
        depth = integer(found, "Depth")
        return SlistHeader(place, "x86", whole, None, at, depth, sequence, name, SEQUENCE_BITS["x86"])
    region = hexadecimal(found, "Region")
    form = "HeaderX64" if _is_long(found, region) else "Header8"
    bits = SEQUENCE_BITS[form]
    if form == "HeaderX64":
        view = "HeaderX64" if has(found, "HeaderX64") else "Header16"
        first = integer(found, f"{view}.NextEntry")
        at = first if isinstance(first, Absent) else target.address(first << _UNIT)
        depth, sequence = integer(found, f"{view}.Depth"), hexadecimal(found, f"{view}.Sequence")
        return SlistHeader(place, form, whole, region, at, depth, sequence, "Sequence", bits)
    if isinstance(whole, Absent):
        return SlistHeader(place, form, whole, region, whole, whole, whole, "Sequence", bits)
    first = _bits(whole, _NEXT) << _UNIT
    # The bits above are those of the region, which entries share with their header.
    above = address >> _REGION << _REGION if first else 0
    at = target.address(first | above)
    sequence = Hex(_bits(whole, _SEQUENCE))
    return SlistHeader(place, form, whole, region, at, _bits(whole, _DEPTH), sequence, "Sequence", bits)


def _is_long(header: Any, region: Hex | Absent) -> bool:
    """Say whether a header of x64 uses all of its sixteen bytes."""
    if has(header, "HeaderX64") and not has(header, "Header8"):
        return True  # the kernel knows no other form, and HeaderType is reserved
    return not isinstance(region, Absent) and has(header, "HeaderX64") and bool(_bits(region, _HEADER_TYPE))


def _bits(value: int, bits: tuple[int, int]) -> int:
    return value >> bits[0] & (1 << bits[1]) - 1


def pop_window(target: Target, ip: int | None = None) -> PopWindow | Absent:
    """Return whether *ip*, or the dump's own instruction pointer, is where a pop would be begun again.

    An interrupt that returns there is sent back to the beginning (``nt!KiCheckForSListAddress`` compares with both
    ends, and takes them in), so that no pop goes on with what it read before.
    """
    from dumpwalk.kernel.context import parse_context

    if ip is None:
        context = parse_context(target.dump.header.ContextRecord, target.machine, "dump header")
        if isinstance(context, Absent):
            return Absent(f"the instruction pointer: {context.reason}")
        ip = int(context.pc)
    names = ("Resume", "Fault", "End")
    resume, fault, end = (target.address_of(f"ExpInterlockedPopEntrySList{name}") for name in names)
    if resume is None or end is None:
        return Absent("where nt!ExpInterlockedPopEntrySListResume is: the kernel is not known exactly")
    place = target.address(ip)
    why = Absent("no such symbol")
    inside = resume <= place <= end
    name = target.name(place) or str(place)
    return PopWindow(place, name, resume, why if fault is None else fault, end, inside)
