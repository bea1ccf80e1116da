"""A cached file written out: each page that is in the dump at its place, and a map of what is missing and why.

What is written is a page's content as it is in memory. Pages of data files are the file's (with what was written to
them since). Those of images have been relocated, so they differ from the file's in each address that the image holds.
"""

from __future__ import annotations

from dumpwalk.errors import UsageError
from dumpwalk.kernel.prototype_ptes import STATES, PteReader, resident
from dumpwalk.memory.address import Hex
from dumpwalk.memory.paging.software import DEMAND_ZERO, ZERO
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, BinaryIO

    from dumpwalk.kernel.prototype_ptes import PteArray
    from dumpwalk.kernel.section import ControlArea
    from dumpwalk.target import Target

_PAGE = 0x1000
# No file of a sane machine that a dump is of is longer; a longer one is not made as long, even with holes.
_LONGEST = 1 << 42
_WHY = {
    "subsection": "not in memory; the file has it",
    "not made": "not in memory; the file has it",
    "page file": "in a page file",
    "demand zero": "never written: zeros",
    "zero": "no page yet",
    "freed": "its page has been freed",
    "unreadable": "its prototype PTE can't be read",
}
_LEFT_OUT = "in the machine's memory, but left out of the dump"


@record
class Hole:
    """Bytes that are not in the dump; there are zeros in their place.

    :param offset: in the file
    :param zeros: zeros are what the machine itself would have found there
    """

    offset: Hex
    size: Hex
    why: str
    zeros: bool


@record
class Extracted:
    """A file that was written.

    :param size: its length in bytes
    :param size_source: who says so: the cache manager's ``FileSize``, or the subsections
    :param written: how many of its bytes come from the dump
    :param holes: what is missing, in order
    """

    path: str
    size: Hex
    size_source: str
    written: Hex
    holes: tuple[Hole, ...]
    problems: tuple[Problem, ...] = ()


def extract(target: Target, area: ControlArea, path: str, *, force: bool = False) -> Extracted:
    """Write the pages of *area* that the dump holds to the file *path*.

    :param force: overwrite *path* if it is there
    :raises UsageError: when it is there and *force* is not given, or can't be written
    :raises TypeInfoError: when what the page-table entries of this kernel look like is not known
    """
    problems: list[Problem] = []
    arrays = tuple(PteReader(target).arrays(area, problems))
    size, source = _size(target, area, problems)
    try:
        with open(path, "wb" if force else "xb") as out:
            written, holes = _write(target, arrays, out, size, problems)
            out.truncate(size)
    except FileExistsError:
        raise UsageError(f"{path} is there already; --force overwrites it") from None
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    return Extracted(path, Hex(size), source, Hex(written), holes, tuple(problems))


def _size(target: Target, area: ControlArea, problems: list[Problem]) -> tuple[int, str]:
    """Return how long the file is, and who says so."""
    ends = [
        int(part.file_offset) + int(part.file_size)
        for part in area.subsections
        if not isinstance(part.file_offset, Absent) and not isinstance(part.file_size, Absent)
    ]
    size, source = max(ends, default=0), "subsections"
    if area.kind == "page file":  # it has no sectors
        total = Absent("") if isinstance(area.segment, Absent) else area.segment.SizeOfSegment
        size, source = (0 if isinstance(total, Absent) else int(total)), "SizeOfSegment"
    said = _cached_size(target, area) if area.kind == "data" else None
    # The cache manager knows the length to the byte; a section covers whole pages, or less than all of the file.
    if said is not None and size - 0x40000 <= said <= size:
        size, source = said, "FileSize of the shared cache map"
    if size > _LONGEST:
        what = f"it says that the file has {size:x} bytes: that is not believed"
        problems.append(Problem(f"_CONTROL_AREA {area.address:x}", what))
        size = 0
    return size, source


def _cached_size(target: Target, area: ControlArea) -> int | None:
    from dumpwalk.kernel.file_object import file_object

    if isinstance(area.FilePointer, Absent) or not area.FilePointer:
        return None
    cache = file_object(target, area.FilePointer).cache
    if cache is None or isinstance(cache.FileSize, Absent):
        return None
    return int(cache.FileSize)


def _write(
    target: Target, arrays: tuple[PteArray, ...], out: BinaryIO, size: int, problems: list[Problem]
) -> tuple[int, tuple[Hole, ...]]:
    written = position = 0
    holes: list[Hole] = []
    for found in arrays:
        part = found.subsection
        start = _start(found, position)
        position = start + found.count * _PAGE
        limit = size
        if not isinstance(part.file_size, Absent) and part.file_size:  # behind it is another subsection's, or nothing
            limit = min(size, start + part.file_size)
        for offset, length, why, zeros in _stretches(found, start, limit):
            if why:
                holes.append(Hole(Hex(offset), Hex(length), why, zeros))
            else:
                written += _copy(target, found, offset - start, length, out, offset)
        if found.count and start > size and size:
            what = f"its pages begin at {start:x}, behind the end of the file"
            problems.append(Problem(f"_SUBSECTION {part.address:x}", what))
    return written, tuple(sorted(holes, key=lambda hole: hole.offset))


def _start(found: PteArray, position: int) -> int:
    """Return where in the file the pages of *found* begin; page-file sections have no sectors, just an order."""
    where, count = found.subsection.file_offset, found.subsection.NumberOfFullSectors
    if isinstance(where, Absent) or (not where and not isinstance(count, Absent) and not count):
        return position
    return int(where)


def _stretches(found: PteArray, start: int, limit: int) -> Iterator[tuple[int, int, str, bool]]:
    """Yield ``(offset, length, why, zeros)`` of pages that are alike; *why* is ``""`` where the dump has them."""
    import numpy as np

    pages = max(0, min(found.count, (limit - start + _PAGE - 1) // _PAGE))
    if not pages:
        return
    there = found.places[:pages] >= 0
    # Pages that are in memory and not in the dump are a kind of their own here.
    kinds = np.where(resident(found.kinds[:pages]), len(STATES), found.kinds[:pages].astype("i2"))
    kinds = np.where(there, -1, kinds)
    begins = np.flatnonzero(np.append([True], kinds[1:] != kinds[:-1]))
    for first, last in zip(begins.tolist(), np.append(begins[1:], pages).tolist()):
        kind = int(kinds[first])
        offset, end = start + first * _PAGE, min(start + last * _PAGE, limit)
        if kind < 0:
            yield offset, end - offset, "", False
        else:
            why = _LEFT_OUT if kind == len(STATES) else _WHY[STATES[kind]]
            yield offset, end - offset, why, kind in (ZERO, DEMAND_ZERO)


def _copy(target: Target, found: PteArray, inside: int, length: int, out: BinaryIO, offset: int) -> int:
    """Write *length* bytes of pages that are in the dump, from the byte *inside* the array's on; return how many."""
    physical: Any = target.physical
    done = 0
    for number, pfn in enumerate(found.pfns[inside // _PAGE : (inside + length + _PAGE - 1) // _PAGE].tolist()):
        piece = physical.read_some(pfn << 12, min(_PAGE, length - number * _PAGE))
        out.seek(offset + number * _PAGE)
        out.write(piece)
        done += len(piece)
    return done
