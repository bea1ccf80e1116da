"""An entry of the page frame database as ``!pfn`` lays it out.

Kernels whose pages have no priority (before Windows Vista) are shown as Microsoft's documentation of the command shows
one, to the letter; for later ones no listing was at hand: the count of used entries, the caching and the priority stand
in the middle of the second row there, as they are quoted.
"""

from __future__ import annotations

from dumpwalk.remarks import Absent
from dumpwalk.render.remarks import remark_lines
from dumpwalk.render.text import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.pfn import Pfn

_LETTERS = "MPRWEXL"


def layout(found: Pfn) -> str:
    """Return an entry as text."""
    digits = len(plain(found.address))
    pte = plain(found.PteAddress, digits).upper()
    lines = [
        f"    PFN {int(found.number):08X} at address {plain(found.address).upper()}",
        f"    flink       {_hex(found.flink, 8)}  blink / share count {_hex(found.blink, 8)}  pteaddress {pte}",
        _second(found),
        f"    restore pte {_hex(found.OriginalPte, 8)}  containing page        {_hex(found.PteFrame, 6)}  "
        + _state(found),
    ]
    if found.words:
        lines.append(f"    {' '.join(found.words)}")
    return "\n".join([*(line.rstrip() for line in lines), *remark_lines(found)])


def _second(found: Pfn) -> str:
    line = f"    reference count {_hex(found.ReferenceCount, 4)}"
    color = "" if found.color is None else f"color {_hex(found.color, 1)}"
    if found.Priority is None:
        return f"{line:<57}{color}"
    used = "" if found.used_entries is None else f"used entry count  {_hex(found.used_entries, 4)}"
    cache = "????" if isinstance(found.cache, Absent) else found.cache
    priority = "????" if isinstance(found.Priority, Absent) else str(int(found.Priority))
    return f"{line}    {used:<28}{cache:<10}{color:<9} Priority {priority}"


def _state(found: Pfn) -> str:
    if isinstance(found.state, Absent):
        return "????"
    letters = "".join(letter if letter in found.flags else " " for letter in _LETTERS)
    return f"{found.state:<11}{letters}".rstrip()


def _hex(value: int | Absent, digits: int) -> str:
    return "????" if isinstance(value, Absent) else f"{int(value):0{digits}X}"
