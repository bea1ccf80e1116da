"""An interlocked list as ``!slist`` lays it out.

The header of 32-bit machines and the contents are as Microsoft's documentation of the command shows them. It shows no
x64 header: its lines here follow the same pattern.
"""

from __future__ import annotations

from dumpwalk.kernel.pitfalls import told
from dumpwalk.kernel.slist import FEW_BITS
from dumpwalk.record import replace
from dumpwalk.remarks import Absent
from dumpwalk.render.remarks import remark_lines
from dumpwalk.render.text import plain, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.slist import PopWindow, Slist, SlistHeader
    from dumpwalk.memory.address import Address

_ABA = "slist-aba"


def header_lines(header: SlistHeader) -> list[str]:
    """Return the lines of a header, one a member."""
    if header.form == "x86":
        rows = [
            (0, "Alignment", header.Alignment),
            (0, "Next", header.NextEntry),
            (4, "Depth", header.Depth),
            (6, header.sequence_name, header.Sequence),
        ]
    else:
        view = header.form
        rows = [
            (0, "Alignment", header.Alignment),
            (8, "Region", header.Region if header.Region is not None else Absent("")),
            (0, f"{view}.Depth", header.Depth),
            (0, f"{view}.Sequence", header.Sequence),
            (0 if view == "Header8" else 8, f"{view}.NextEntry", header.NextEntry),
        ]
    return ["SLIST HEADER:", *(f"   +0x{offset:03x} {name:<18} : {_number(value)}" for offset, name, value in rows)]


def _number(value: int | Absent) -> str:
    return "????" if isinstance(value, Absent) else f"{int(value):x}"


def address_text(address: Address) -> str:
    """Return the address of an entry as it stands in the list of contents."""
    return plain(address)


def entry_lines(found: Slist) -> list[str]:
    """Return a line for each entry: where it is, and the words it begins with."""
    lines = []
    for entry in found.entries:
        words = "????" if isinstance(entry.words, Absent) else " ".join(f"{word:08x}" for word in entry.words)
        lines.append(f"{address_text(entry.address)}  {words}")
    return lines


def foot_lines(found: Slist, asked: bool) -> list[str]:
    """Return what is to be said below the list: the pop that the processor is in, what is wrong or missing.

    :param asked: an instruction pointer was given, so that it matters where it is not, too
    """
    lines = []
    bits = found.header.sequence_bits
    if not isinstance(bits, Absent) and bits <= FEW_BITS:
        lines.append(told(_ABA, "repeats", bits=bits, times=1 << bits))
    window = found.window
    if isinstance(window, Absent):
        if asked:
            lines.append(f"(window: {printable(window.reason)})")
    elif asked or window.inside:
        lines.append(window_line(window))
    without = replace(found, window=None)
    return [*lines, *remark_lines(without)]


def window_line(window: PopWindow) -> str:
    """Return whether an instruction pointer is within the pop, and what follows from it."""
    where = f"{plain(window.ip)} ({printable(window.name)})"
    ends = f"{plain(window.resume)} to {plain(window.end)}"
    if not window.inside:
        return f"{where} is outside of the code that pops an entry ({ends})"
    line = f"{where} is within the code that pops an entry ({ends}): after an interrupt it begins again"
    if not isinstance(window.fault, Absent) and window.ip == window.fault:
        line += "; this instruction reads the link of an entry that may be gone by now"
    return line


def explanation(found: Slist) -> list[str]:
    """Return why the sequence number and the place of the instruction pointer matter, in sentences."""
    header = found.header
    bits = header.sequence_bits
    lines = [told(_ABA, "pop"), told(_ABA, "aba")]
    if header.sequence_name == "CpuId":
        lines.append(told(_ABA, "unnamed"))
    elif not isinstance(bits, Absent):
        lines.append(told(_ABA, "sequence", bits=bits, times=f"{1 << bits:,}"))
    if not isinstance(bits, Absent) and bits <= FEW_BITS:
        lines.append(told(_ABA, "few", times=1 << bits))
    return [*lines, told(_ABA, "again"), told(_ABA, "unseen")]
