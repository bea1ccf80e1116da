"""Memory images: files that hold a machine's physical pages and say little or nothing of the machine.

The modules of :mod:`dumpwalk.formats` say where in such a file the pages are;
those of this package find out what machine it was.
"""

from __future__ import annotations

from dumpwalk.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.formats import Section
    from dumpwalk.memory.physical import PhysicalMemory
    from dumpwalk.remarks import Problem


@record
class Root:
    """What may be the root of page tables.

    :param value: what the root register held (CR3, ``DirectoryTableBase``)
    :param where: which part of the file says so
    :param kernel: where the kernel's image is in that address space, 0 when that is not known
    """

    value: int
    where: str
    kernel: int = 0


@record
class Image:
    """A file of physical pages.

    :param format: name of the format
    :param size: length of the file in bytes
    :param roots: what the file says of page tables, the likeliest first
    :param found: remarks on how the file is made
    """

    format: str
    size: int
    physical: PhysicalMemory
    roots: tuple[Root, ...] = ()
    sections: tuple[Section, ...] = ()
    found: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
