"""From an address of a process to the page of a file: prototype PTE, subsection, control area, file, file offset.

What says which prototype PTE is behind an address: the PTE itself while it is invalid, the VAD where the PTE says so,
and for a page that is mapped the page frame database, or the VAD again. Which subsection a prototype PTE is of: it
says so itself while its page is in the file; then the page frame database, which remembers that; or the VAD. Whatever
said it, the PTE has to lie in that subsection's array.
"""

from __future__ import annotations

from itertools import chain

from dumpwalk.errors import ReadError, TypeInfoError
from dumpwalk.kernel.file_object import file_name
from dumpwalk.kernel.page_frame import page_frame
from dumpwalk.kernel.prototype_ptes import PteReader
from dumpwalk.kernel.section import kind_of, size_of_area, unit_of
from dumpwalk.kernel.section_flags import section_flags
from dumpwalk.kernel.subsection import pages_of, subsection, subsection_chain
from dumpwalk.kernel.vad_lookup import VadLookup
from dumpwalk.memory.address import Hex
from dumpwalk.objects.members import fast_reference, member, pointer
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from dumpwalk.kernel.subsection import Subsection
    from dumpwalk.memory.address import Address
    from dumpwalk.memory.paging.software import Pte
    from dumpwalk.memory.paging.windows import VadPrototype
    from dumpwalk.memory.virtual import VirtualMemory
    from dumpwalk.target import Target

_PAGE = 0x1000
BY_PTE, BY_VAD, BY_PFN = "the PTE", "the VAD", "the page frame database"
GIVEN = "the command line"


@record
class FilePage:
    """The page of a section that is behind an address.

    :param prototype: address of its prototype PTE, and :attr:`said_by` what says that it is that one
    :param value: the prototype PTE
    :param state: ``valid``, ``transition``, ``subsection`` (in the file), ``page file``, ...
    :param index: number of the page in its subsection
    :param kind: of the section: ``data``, ``image`` or ``page file``
    :param file: the file object that Mm keeps; ``None`` where no file is behind it
    :param file_offset: of the byte at the address, or of the page's first byte where a prototype PTE was given
    """

    prototype: Address
    said_by: str
    value: Hex | Absent
    state: str
    subsection: Address | Absent
    index: int | None
    control_area: Address | Absent
    kind: str
    file: Address | Absent | None
    file_name: str | Absent | None
    file_offset: Hex | Absent | None
    problems: tuple[Problem, ...] = ()


def file_page(target: Target, memory: VirtualMemory, address: int) -> FilePage | None:
    """Return the page of a section that is mapped at *address*; ``None`` when none is, as far as can be told.

    :param memory: the address space
    """
    try:
        reader = PteReader(target)
        found = _prototype(target, memory, reader, address)
        if found is None:
            return None
        return prototype_page(target, *found, address % _PAGE, vad=lambda: _vad(target, memory, address))
    except TypeInfoError:
        return None  # then nobody knows what a prototype PTE looks like


def _prototype(target: Target, memory: VirtualMemory, reader: PteReader, address: int) -> tuple[int, str] | None:
    walk = memory.translate(address)
    entries = [entry for entry in walk.entries if entry.level == "PTE"]
    if reader.format.size != memory.mode.entry_size:
        return None
    if not entries:  # no table that it would be in: nobody has touched the addresses around it
        missing = walk.entries and not walk.entries[-1].value
        return _of_vad(target, memory, address) if missing else None
    entry = entries[0]
    if entry.value & 1:
        return _of_valid(target, memory, reader, address, (entry.value & memory.mode.frame) >> 12)
    said = reader.format.classify(entry.value)
    if said.kind == "prototype":
        return (int(said.address), BY_PTE) if said.address is not None else None
    if said.kind == "transition" and said.pfn is not None:
        return _of_valid(target, memory, reader, address, said.pfn)
    return _of_vad(target, memory, address) if said.kind in ("VAD", "zero") else None


def _of_valid(
    target: Target, memory: VirtualMemory, reader: PteReader, address: int, pfn: int
) -> tuple[int, str] | None:
    """Return the prototype PTE that holds page *pfn*; a private copy of it has none."""
    frame = page_frame(target, pfn)
    if not isinstance(frame, Absent) and not isinstance(frame.PrototypePte, Absent):
        if not frame.PrototypePte:
            return None
        if not isinstance(frame.PteAddress, Absent) and frame.PteAddress:
            return int(frame.PteAddress), BY_PFN
    # The VAD can't tell a page that is shared from a copy that was made at a write: the prototype PTE holds it.
    found = _of_vad(target, memory, address)
    if found is None:
        return None
    value = _value(target, reader, found[0])
    same = not isinstance(value, Absent) and reader.classify(value).pfn == pfn
    return found if same else None


def _of_vad(target: Target, memory: VirtualMemory, address: int) -> tuple[int, str] | None:
    from dumpwalk.memory.paging.windows import is_user

    lookup = _lookup(target)
    if lookup is None or not is_user(memory.mode, address):
        return None
    found = lookup(memory, address)
    return None if isinstance(found, Absent) else (found, BY_VAD)


def _vad(target: Target, memory: VirtualMemory, address: int) -> Any:
    """Return the VAD of *address*, where the process has one."""
    lookup = _lookup(target)
    return lookup.vad(memory, address) if isinstance(lookup, VadLookup) else None


def _lookup(target: Target) -> VadPrototype | None:
    """Return what finds prototype PTEs by the VADs of processes."""
    windows = target.entries.windows() if target.entries is not None else None
    return None if windows is None or isinstance(windows, Absent) else windows.vad_prototype


def _value(target: Target, reader: PteReader, address: int) -> Hex | Absent:
    try:
        return Hex(target.read_int(target.address(address), reader.format.size))
    except ReadError as error:
        return Absent(str(error))


def prototype_page(
    target: Target, address: int, said_by: str = GIVEN, inside: int = 0, *, vad: Callable[[], Any] = lambda: None
) -> FilePage:
    """Return the page of a section whose prototype PTE is at *address*.

    :param said_by: what says that it is that one
    :param inside: which byte of the page is meant
    :param vad: finds the ``_MMVAD`` that maps it, if one is known; asked where nothing else says whose it is
    :raises TypeInfoError: when what the page-table entries of this kernel look like is not known
    """
    reader = PteReader(target)
    at = target.address(address)
    value = _value(target, reader, address)
    problems: list[Problem] = []
    said = None if isinstance(value, Absent) else reader.classify(value)
    part, why = _subsection(target, reader, at, said, vad, problems)
    state = said.kind if said is not None else "unreadable"
    if part is None:
        nothing = Absent(why)
        return FilePage(
            at, said_by, value, state, nothing, None, nothing, "", nothing, nothing, nothing, tuple(problems)
        )
    kind, area, file, name, unit = _area(target, part)
    part = subsection(target, part.address, 0, unit)
    base = 0 if isinstance(part.SubsectionBase, Absent) else int(part.SubsectionBase)
    index = (address - base) // reader.format.size
    offset: Hex | Absent | None = None
    if kind in ("data", "image"):
        start = part.file_offset
        offset = start if isinstance(start, Absent) else Hex(start + index * _PAGE + inside)
    return FilePage(at, said_by, value, state, part.address, index, area, kind, file, name, offset, tuple(problems))


def _subsection(
    target: Target, reader: PteReader, at: Address, said: Pte | None, vad: Callable[[], Any], problems: list[Problem]
) -> tuple[Subsection | None, str]:
    """Return the subsection in whose array the prototype PTE at *at* lies, or why it is not known."""
    places: list[tuple[str, int]] = []
    why = "nothing says of which subsection the prototype PTE is"
    if said is None:
        why = "the prototype PTE can't be read"
    elif said.kind == "subsection" and said.address is not None:
        places.append((BY_PTE, int(said.address)))
    elif said.pfn is not None:
        frame = page_frame(target, said.pfn)
        if isinstance(frame, Absent):
            why = f"the page frame database does not say it: {frame.reason}"
        elif isinstance(frame.OriginalPte, Absent):
            why = f"the page frame database does not say it: {frame.OriginalPte.reason}"
        else:
            if not isinstance(frame.PteAddress, Absent) and frame.PteAddress != at:
                what = f"PteAddress is {frame.PteAddress:x}, not {at:x} that holds the page"
                problems.append(Problem(f"_MMPFN {frame.address:x}", what))
            original = reader.classify(frame.OriginalPte)
            if original.kind == "subsection" and original.address is not None:
                places.append((BY_PFN, int(original.address)))
    for source, place in chain(places, _of_vads(target, vad)):
        part = subsection(target, place, 0, _PAGE)
        if _holds(part, int(at), reader.format.size):
            return part, ""
        if source != BY_VAD:
            what = (
                f"{source} says that it is of subsection {target.address(place):x}, but it is not in that one's array"
            )
            problems.append(Problem(f"prototype PTE {at:x}", what))
    return None, why


def _of_vads(target: Target, find: Callable[[], Any]) -> Iterator[tuple[str, int]]:
    """Yield the subsections of the section that a VAD maps, from the one at its beginning on."""
    vad = find()
    if vad is None or isinstance(vad, Absent):
        return
    first = pointer(vad, "Subsection")
    if isinstance(first, Absent):  # Windows XP and 2003 have the control area instead
        area = pointer(vad, "ControlArea")
        if isinstance(area, Absent) or not area:
            return
        _, _, fields = section_flags(member(target.object("_CONTROL_AREA", area), "u.Flags"))
        first = target.address(area + size_of_area(target, fields))
    for place in subsection_chain(target, first).addresses if first else ():
        yield BY_VAD, place


def _holds(part: Subsection, address: int, size: int) -> bool:
    base = part.SubsectionBase
    return not isinstance(base, Absent) and bool(base) and base <= address < base + pages_of(part) * size


def _area(
    target: Target, part: Subsection
) -> tuple[str, Address | Absent, Address | Absent | None, str | Absent | None, int]:
    """Return of the control area of *part*: kind, address, file object, its name, and bytes in a sector."""
    if isinstance(part.ControlArea, Absent) or not part.ControlArea:
        why = part.ControlArea if isinstance(part.ControlArea, Absent) else Absent("ControlArea is null")
        return "", why, why, why, _PAGE
    area = target.object("_CONTROL_AREA", part.ControlArea)
    _, _, fields = section_flags(member(area, "u.Flags"))
    file = fast_reference(area, "FilePointer")
    kind = kind_of(fields, file)
    unit = unit_of(kind)
    if isinstance(file, Absent):
        return kind, part.ControlArea, file, file, unit
    if not file or kind not in ("data", "image"):
        return kind, part.ControlArea, None, None, unit
    return kind, part.ControlArea, file, file_name(target, file), unit
