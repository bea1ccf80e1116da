"""Dumps written from typed values or from a short text, for tests and samples.

Nothing here uses the readers' tables: a writer that shared them would hide
their mistakes.

>>> data = write("dump triage x64\\nbuild 19041\\nbugcheck e2\\n")
>>> data[:8], data[0x38:0x3C].hex()
(b'PAGEDU64', 'e2000000')
"""

from __future__ import annotations

from dumpwalk.synth.spec import (
    KINDS,
    Blob,
    Block,
    Fault,
    Module,
    Processor,
    Spec,
    SpecError,
    Stack,
    Structure,
    Unloaded,
)
from dumpwalk.synth.text import parse
from dumpwalk.synth.writer import dump

__all__ = [
    "KINDS",
    "Blob",
    "Block",
    "Fault",
    "Module",
    "Processor",
    "Spec",
    "SpecError",
    "Stack",
    "Structure",
    "Unloaded",
    "dump",
    "parse",
    "write",
]


def write(text: str) -> bytes:
    """Return the dump file that the spec *text* describes. The same text always gives the same bytes.

    :raises SpecError: saying where in *text* it makes no sense
    """
    return dump(parse(text))
