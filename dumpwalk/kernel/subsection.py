"""``_SUBSECTION``: a stretch of a file, and the array of prototype PTEs for its pages.

The first lies right behind its control area, the others are linked. Those of data files are longer, ``_MSUBSECTION``:
with a list of those that no view needs, and a count of views.
"""

from __future__ import annotations

from dumpwalk.kernel.section_flags import bits
from dumpwalk.memory.address import Hex
from dumpwalk.memory.chain import single_list
from dumpwalk.memory.paging.software import protection_name
from dumpwalk.objects.members import hexadecimal, member, optional, pointer
from dumpwalk.objects.sizes import offset_of, size_of
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem
from dumpwalk.types.model import Reference, Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.memory.address import Address
    from dumpwalk.memory.chain import Chain
    from dumpwalk.target import Target

_MOST_SUBSECTIONS = 4096
_PAGE = 0x1000


@record
class Subsection:
    """A subsection. What only ``_MSUBSECTION`` has is ``None`` for the others.

    :param number: which one it is, from 1
    :param flags: all of ``u``
    :param Protection: of the pages, in five bits; :attr:`protection_name` in words
    :param StartingSector: with the bits above 32; in units of 4096 bytes for data, of 512 for images
    :param SectorEndOffset: bytes of a last sector that is not full
    :param file_offset: where in the file its first page is, in bytes
    :param file_size: how many bytes of the file it maps
    """

    number: int
    address: Address
    ControlArea: Address | Absent
    SubsectionBase: Address | Absent
    NextSubsection: Address | Absent
    PtesInSubsection: Hex | Absent
    UnusedPtes: Hex | Absent | None
    StartingSector: Hex | Absent
    NumberOfFullSectors: Hex | Absent
    flags: Hex | Absent
    flag_names: tuple[str, ...]
    Protection: Hex | Absent
    protection_name: str
    SectorEndOffset: Hex | Absent
    file_offset: Hex | Absent
    file_size: Hex | Absent
    Flink: Address | Absent | None
    Blink: Address | Absent | None
    NumberOfMappedViews: Hex | Absent | None


def subsections_of(
    target: Target, area: Address, first: int, unit: int, problems: list[Problem], *, views: bool
) -> tuple[Subsection, ...]:
    """Return the subsections of the control area *area*; one that names another control area ends the chain.

    :param first: where the first one is
    :param unit: bytes in a sector, 0 where that is not known
    :param views: they are those of a data file, ``_MSUBSECTION``
    :raises TypeInfoError: when the types of this kernel are not known
    """
    chain = subsection_chain(target, first)
    problems += [Problem(f"_CONTROL_AREA {area:x} subsections", what) for what in chain.problems]
    out: list[Subsection] = []
    for number, address in enumerate(chain.addresses, 1):
        found = subsection(target, address, number, unit, views=views)
        out.append(found)
        if not isinstance(found.ControlArea, Absent) and found.ControlArea != area:
            what = f"ControlArea is {found.ControlArea:x}, not {area:x}: it is not followed further"
            problems.append(Problem(f"_SUBSECTION {address:x}", what))
            break
    return tuple(out)


def subsection_chain(target: Target, first: int) -> Chain:
    """Return the addresses of the subsections from *first* on.

    :raises TypeInfoError: when the types of this kernel are not known
    """
    link = offset_of(target.types, "_SUBSECTION", "NextSubsection")
    return single_list(target.memory, target.machine, first, link, _MOST_SUBSECTIONS)


def subsection(target: Target, address: int, number: int, unit: int, *, views: bool = False) -> Subsection:
    """Return the subsection at *address*.

    :raises TypeInfoError: when the types of this kernel are not known
    """
    at = target.address(address)
    part = target.object("_SUBSECTION", at)
    flags, names, fields = bits(member(part, "u.SubsectionFlags"))
    start, count = hexadecimal(part, "StartingSector"), hexadecimal(part, "NumberOfFullSectors")
    protection = end = flags
    if not isinstance(flags, Absent):
        protection, end = Hex(fields.get("Protection", 0)), Hex(fields.get("SectorEndOffset", 0))
        if not isinstance(start, Absent):
            start = Hex(start | fields.get("StartingSector4132", 0) << 32)
    flink, blink, mapped = _views(target, at) if views else (None, None, None)
    return Subsection(
        number,
        at,
        pointer(part, "ControlArea"),
        pointer(part, "SubsectionBase"),
        pointer(part, "NextSubsection"),
        hexadecimal(part, "PtesInSubsection"),
        optional(hexadecimal, part, "UnusedPtes"),
        start,
        count,
        flags,
        names,
        protection,
        "" if isinstance(protection, Absent) else protection_name(protection),
        end,
        *extent(start, count, end, unit),
        flink,
        blink,
        mapped,
    )


def extent(start: Hex | Absent, count: Hex | Absent, end: Hex | Absent, unit: int) -> tuple[Hex | Absent, Hex | Absent]:
    """Return where in the file a subsection begins, and how many bytes of it it maps.

    :param start: the sector, :attr:`Subsection.StartingSector`; absent too when its upper bits are, as *end* is then
    :param count: full sectors
    :param end: bytes of a last sector that is not full
    :param unit: bytes in a sector, 0 where that is not known

    >>> extent(Hex(2), Hex(3), Hex(0x10), 0x200)
    (Hex(0x400), Hex(0x610))
    """
    unknown = Absent("whether the section is an image, which counts in other sectors, is not known")
    if isinstance(end, Absent):
        return start if isinstance(start, Absent) else end, end
    at = start if isinstance(start, Absent) else Hex(start * unit) if unit else unknown
    return at, count if isinstance(count, Absent) else Hex(count * unit + end) if unit else unknown


def _views(target: Target, address: Address) -> tuple[Any, Any, Any]:
    """Return the links of ``DereferenceList`` and ``NumberOfMappedViews`` of the ``_MSUBSECTION`` at *address*.

    The public types of 8.1 have no such structure. In all that have it, Windows Vista to 11, these members come
    behind the ``_SUBSECTION`` and three pointers, the node of a tree, so that is where they are taken to be.
    """
    if isinstance(target.types.find("_MSUBSECTION"), Struct):
        part = target.object("_MSUBSECTION", address)
        links = pointer(part, "DereferenceList.Flink"), pointer(part, "DereferenceList.Blink")
        return *links, hexadecimal(part, "NumberOfMappedViews")
    width = target.machine.pointer_size
    size = size_of(Reference("struct", "_SUBSECTION"), target.types) or 0
    links = target.object("_LIST_ENTRY", address + size + 3 * width)
    views = target.object(f"Uint{width}B", address + size + 5 * width)
    return pointer(links, "Flink"), pointer(links, "Blink"), views if isinstance(views, Absent) else Hex(int(views))


def pages_of(found: Subsection) -> int:
    """Return how many prototype PTEs a subsection has; 0 where that is not known."""
    return 0 if isinstance(found.PtesInSubsection, Absent) else int(found.PtesInSubsection)
