"""All control areas of a machine, found by their pool tags.

A pool block tagged ``MmCa`` (data) or ``MmCi`` (image) is one when its segment leads back to it: that also says where
in virtual memory it is. No list holds them all, and the one of unused ones has moved with each version of Windows.
"""

from __future__ import annotations

from dumpwalk.errors import AbsentError, ReadError
from dumpwalk.kernel.section import control_area
from dumpwalk.objects.sizes import offset_of
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.kernel.section import ControlArea
    from dumpwalk.memory.physical import PhysicalMemory
    from dumpwalk.memory.virtual import VirtualMemory
    from dumpwalk.target import Target

# Bit 7 of the last byte protects a block from being freed under another tag (PROTECTED_POOL of the WDK).
_TAGS = (b"MmCa", b"MmCi", b"MmC\xe1", b"MmC\xe9")
_MOST = 1 << 16


def control_areas(target: Target) -> tuple[tuple[ControlArea, ...], tuple[Problem, ...]]:
    """Return the control areas of the machine, in the order of their addresses, and what is not known of them.

    :raises AbsentError: when the dump holds no physical memory to search
    :raises TypeInfoError: when the types of this kernel are not known
    """
    from dumpwalk.kernel.pte import page_tables

    memory, physical = page_tables(target), target.physical
    if isinstance(physical, Absent):
        raise AbsentError(f"there is no physical memory to search for control areas: {physical.reason}")
    found: set[int] = set()
    problems: list[Problem] = []
    for address in _blocks(target, memory, physical):
        found.add(address)
        if len(found) >= _MOST:
            problems.append(Problem("control areas", f"there are more than {_MOST:,}; these were found first"))
            break
    return tuple(control_area(target, address) for address in sorted(found)), tuple(problems)


def _blocks(target: Target, memory: VirtualMemory, physical: PhysicalMemory) -> Iterator[int]:
    """Yield the addresses of pool blocks that are control areas."""
    from dumpwalk.memory.scan import find_tags

    width = target.machine.pointer_size
    header = 2 * width  # POOL_HEADER: 8 bytes, 16 on 64-bit machines
    segment = offset_of(target.types, "_CONTROL_AREA", "Segment")
    back = offset_of(target.types, "_SEGMENT", "ControlArea")
    for places, _ in find_tags(physical, _TAGS, header):
        for place in places.tolist():
            pointer = int.from_bytes(physical.read_some(place + header + segment, width), "little")
            if not pointer:
                continue
            try:
                area = target.read_pointer(target.address(pointer + back))
            except ReadError:
                continue  # its segment is paged out, or this is no control area
            if memory.find(area) == place + header:
                yield int(area)
