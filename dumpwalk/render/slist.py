"""An interlocked list as ``!slist`` lays it out.

The header of 32-bit machines and the contents are as Microsoft's documentation of the command shows them. It shows no
x64 header: its lines here follow the same pattern.
"""

from __future__ import annotations

from dumpwalk.remarks import Absent
from dumpwalk.render.remarks import remark_lines
from dumpwalk.render.text import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.slist import PopWindow, Slist, SlistHeader
    from dumpwalk.memory.address import Address

# So few that they can be used up while one processor stands in a pop.
_FEW_BITS = 9


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
    if found.header.sequence_bits <= _FEW_BITS:
        times = 1 << found.header.sequence_bits
        lines.append(f"A sequence number of {found.header.sequence_bits} bits repeats after {times} operations (ABA).")
    window = found.window
    if isinstance(window, Absent):
        if asked:
            lines.append(f"(window: {window.reason})")
    elif asked or window.inside:
        lines.append(window_line(window))
    without = found.__replace__(window=None)  # type: ignore[attr-defined]
    return [*lines, *remark_lines(without)]


def window_line(window: PopWindow) -> str:
    """Return whether an instruction pointer is within the pop, and what follows from it."""
    where = f"{plain(window.ip)} ({window.name})"
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
    lines = [
        "A pop reads the first entry and that entry's link, and then exchanges the whole header if it has not changed.",
        "Should others in between take that entry, take more, and put it back, the first entry is the same again while"
        " the link that was read is old (ABA): the exchange would put an entry at the head that is somebody's already.",
    ]
    if header.sequence_name == "CpuId":
        lines.append("The types of this kernel name no sequence number in this header, only CpuId.")
    else:
        lines.append(
            f"The sequence number is there to tell: it changes with each operation, and here has {bits} bits, so that"
            f" it is the same again after {1 << bits:,} operations."
        )
    if bits <= _FEW_BITS:
        lines.append(f"{1 << bits} operations of other processors are not many, should this one be held up.")
    lines += [
        "Being interrupted does not hold a pop up: before an interrupt returns, nt!KiCheckForSListAddress compares the"
        " interrupted instruction pointer with nt!ExpInterlockedPopEntrySListResume and"
        " nt!ExpInterlockedPopEntrySListEnd, and sets one from between them (both included) back to Resume, where the"
        " header is read anew.",
        "So nobody goes on with an old link after another thread has run on this processor. What the kernel does not"
        " see, such as a hypervisor that stops a virtual processor there, is left to the sequence number.",
    ]
    return lines
