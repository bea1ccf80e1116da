"""Opens whatever can be looked at: a dump of any format, or text that somebody pasted from a debugger."""

from __future__ import annotations

from dumpwalk import formats
from dumpwalk.target import Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.formats import Dump


def open_dump(path: str, *, raw: bool = False, dtb: int | None = None, registers: str = "") -> Dump:
    """Open the file at *path*; the parameters are those of :func:`dumpwalk.formats.open_dump`.

    What no dump format claims and what is text is read as text: its listings are the dump's memory.

    :raises FormatError: when the file can't be read, is neither, or not one that can be used
    :raises UsageError: when *dtb* is given and the file holds no physical pages, or *registers* are of another machine
    """
    return formats.open_dump(path, raw=raw, dtb=dtb, registers=registers, otherwise=_pasted)


def open(path: str, *, raw: bool = False, dtb: int | None = None, types: str = "", registers: str = "") -> Target:
    """Open the dump file, or the pasted text, at *path*.

    :param raw: it is a raw image: physical memory from address 0 on, and nothing else
    :param dtb: physical address of the root of the page tables to use, instead of what the file says
    :param types: whose types to use instead of those that fit: ``nt/19041.3570-x64``, a file that holds types
    :param registers: a file that lists registers of that machine, as a debugger printed them: they say which page
        tables to use and in which mode, and have their values in expressions
    :raises FormatError: when the file can't be read, is neither, or not one that can be used
    :raises UsageError: when *dtb* is given and the file holds no physical pages, or *registers* are of another machine
    """
    return Target(open_dump(path, raw=raw, dtb=dtb, registers=registers), types)


def _pasted(path: str, data: memoryview) -> Dump | None:
    from dumpwalk.transcript.as_target import open_text

    return open_text(path, data)
