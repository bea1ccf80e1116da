"""Page-table entries side by side, as ``!pte`` lays them out.

The layout for x64 and ARM64 is that of real listings, and so is that of 32-bit machines without PAE, but for the
letter E, which the documentation has and listings of Windows XP lack. With PAE it is the x64 one with two columns.
"""

from __future__ import annotations

from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.pte import Entries, Entry
    from dumpwalk.memory.paging.software import Pte

# A column of 64-bit entries and of 32-bit ones, and how far in the address stands above them.
_WIDTH = {8: 27, 4: 23}
_INDENT = {"x86": 15, "PAE": 20}
_INDENT_64 = 43


def layout(found: Entries) -> str:
    """Return the entries as text."""
    size = 8 if isinstance(found.entry_size, Absent) else found.entry_size
    width = _WIDTH[size]
    cells = [_cell(entry, size, 2 * len(_digits(found, 0))) for entry in found.entries]
    lines = []
    if found.address is not None:
        lines.append(" " * _INDENT.get(str(found.mode), _INDENT_64) + f"VA {_digits(found, found.address)}")
        lines.append(_places(found, width))
    elif not isinstance(found.entries[0].address, Absent):
        lines.append(_places(found, width))
    for row in range(max(map(len, cells), default=0)):
        lines.append("".join((cell[row] if row < len(cell) else "").ljust(width) for cell in cells).rstrip())
    return "\n".join(lines)


def _digits(found: Entries, value: int) -> str:
    return f"{value:08x}" if found.mode in _INDENT else f"{value:016x}"


def _places(found: Entries, width: int) -> str:
    """Return the line with the entries' addresses."""
    shown = []
    for entry in found.entries:
        where = entry.address
        shown.append("?" * 8 if isinstance(where, Absent) else _digits(found, where).upper())
    if found.entry_size == 4 and len(shown) == 2:
        return f"PDE at   {shown[0]}        PTE at {shown[1]}"
    return "".join(f"{e.level} at {at}".ljust(width) for e, at in zip(found.entries, shown)).rstrip()


def _cell(entry: Entry, size: int, digits: int) -> list[str]:
    """Return the lines below an entry's address."""
    if entry.state == "not canonical":
        return ["WARNING: noncanonical VA, accesses will fault !"]
    if isinstance(entry.value, Absent):
        place = "" if isinstance(entry.address, Absent) else f" {int(entry.address):0{digits // 2}X}"
        return [f"Unable to get {entry.level}{place}"]
    contains = f"contains {int(entry.value):0{2 * size}X}"
    meaning = entry.meaning
    if entry.flags and meaning is not None and meaning.pfn is not None:
        number = f"pfn {int(meaning.pfn):x}"
        if size == 4:
            return [contains, f"{number} {entry.flags}"]
        return [contains, number.ljust(24 - len(entry.flags)) + f" {entry.flags}"]
    if entry.state == "large page" and meaning is not None and meaning.pfn is not None:
        return [contains, f"LARGE PAGE pfn {int(meaning.pfn):x}"]
    return [contains, "not valid", *(f" {line}" for line in details(meaning))]


def details(meaning: Pte | None) -> list[str]:
    """Return the lines below ``not valid``.

    ``Proto:`` and ``Page has been freed`` are in real listings; the others are as those who describe them quote them.
    """
    if meaning is None:
        return []
    protect = [f"Protect: {int(meaning.protection):x} - {meaning.protection_name}"] if meaning.protection else []
    address = "????" if meaning.address is None else _upper(meaning.address)
    if meaning.kind == "transition":
        return [f"Transition: {int(meaning.pfn or 0):x}", *protect]
    if meaning.kind == "page file":
        return [f"PageFile: {meaning.page_file:x}", f"Offset: {int(meaning.offset or 0):x}", *protect]
    if meaning.kind == "prototype":
        return [f"Proto: {address}"]
    if meaning.kind == "VAD":
        return ["Proto: VAD", *protect]
    if meaning.kind == "subsection":
        return [f"Subsection: {address}", *protect]
    if meaning.kind == "demand zero":
        return ["DemandZero", *protect]
    return ["Page has been freed"] if meaning.kind == "freed" else []


def _upper(address: int) -> str:
    return f"{int(address):016X}" if address >> 32 else f"{int(address):08X}"
