"""Kernel crash dumps as Windows writes them, ``PAGEDUMP`` (32-bit) and ``PAGEDU64`` (64-bit).

What the file holds behind its header depends on ``DumpType``: see
:mod:`dumpwalk.formats.dump_types`.
"""

from __future__ import annotations

from dumpwalk.formats import FORMATS, Dump, Format
from dumpwalk.formats.dump_types import DUMP_TYPES
from dumpwalk.formats.header import read_header


def _open(path: str, data: memoryview, pointer_size: int) -> Dump:
    """Open the crash dump *data*.

    :raises FormatError: when it is shorter than its header
    """
    header, problems = read_header(path, data, pointer_size)
    name = (header.Signature + header.ValidDump)[:8]
    opener = DUMP_TYPES.load().get(f"{int(header.DumpType):#x}")
    if opener is not None:
        return opener(path, name, data, header, problems)
    from dumpwalk.formats.dump_types.header_only import nothing_more

    why_not = f"what a dump of type {int(header.DumpType):#x} holds is not known"
    return nothing_more(path, name, data, header, problems, why_not)


def _format(signature: bytes, pointer_size: int) -> Format:
    return Format(
        recognises=lambda data: data[:8] == signature,
        open=lambda path, data: _open(path, data, pointer_size),
    )


FORMATS.add("PAGEDUMP")(_format(b"PAGEDUMP", 4))
FORMATS.add("PAGEDU64")(_format(b"PAGEDU64", 8))
