"""Pool as ``!pool`` lays it out: rows of blocks with the one that was asked for marked, or where it was looked for.

The rows, the lines of a tag, of a large and of a special allocation are as in real listings of x86 and x64 machines
from Windows 7 to 10; those of contents as Microsoft's documentation of the command shows them.
"""

from __future__ import annotations

from dumpwalk.remarks import Absent
from dumpwalk.render.remarks import remark_lines
from dumpwalk.render.text import plain, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.kernel.pool import Pool
    from dumpwalk.kernel.pool_header import PoolBlock


def layout(found: Pool, alone: bool = False, described: bool = True) -> str:
    """Return the pool as text.

    :param alone: only the block that holds the address
    :param described: with the line of the region and that of the tag
    """
    lines = []
    if described:
        region = "Unknown" if isinstance(found.region, Absent) else found.region
        lines.append(f"Pool page {plain(found.address)} region is {region}")
    lines += found.searched
    if found.large is not None:
        large = found.large
        tag = f"{shown(large.tag)}{' (Protected)' * large.protected}"
        lines.append(
            f"*{plain(large.address)} : large page allocation, Tag is {tag}, size is {int(large.size):#x} bytes"
        )
    if found.special is not None:
        special = found.special
        kind = "Paged" if special.paged else "NonPaged"
        where = f"data: {plain(special.data)} ({kind})"
        lines.append(f"*{plain(special.address)} size: {int(special.size):4x} {where} *{shown(special.tag)}")
    if described and (found.large is not None or found.special is not None):
        lines.append(tag_line(found, (found.large or found.special).tag))  # type: ignore[union-attr]
    for block in found.blocks:
        if block.holds or not alone:
            lines.append(block_line(block))
            if block.holds and described:
                lines.append(tag_line(found, block.tag))
            lines += _contents(block)
    return "\n".join([*lines, *remark_lines(found.problems)])


def block_line(block: PoolBlock) -> str:
    """Return the row of a block."""
    mark = "*" if block.holds else " "
    state = "(Allocated)" if block.allocated else "(Free)"
    sizes = f"size: {int(block.size):4x} previous size: {int(block.previous_size):4x}"
    process = f" Process: {plain(block.process)}" if block.process is not None else ""
    protected = " (Protected)" if block.protected else ""
    return f"{mark}{plain(block.address)} {sizes}  {state:<11} {mark}{shown(block.tag)}{process}{protected}"


def tag_line(found: Pool, tag: str) -> str:
    """Return what is known of the tag."""
    if found.tag is None:
        return "\t\tOwning component : Unknown (update pooltag.txt)"
    binary = f"Binary : {printable(found.tag.binary)}" if found.tag.binary else ""
    return f"\t\tPooltag {shown(tag)} : {', '.join(filter(None, (printable(found.tag.description), binary)))}"


def shown(tag: str) -> str:
    """Return a tag with a dot for each character that is not to be printed.

    >>> shown("Vad "), shown("\\x01\\xffab")
    ('Vad ', '..ab')
    """
    return "".join(c if " " <= c <= "~" else "." for c in tag)


def _contents(block: PoolBlock) -> Iterator[str]:
    """Yield the lines of a block's first words."""
    if block.words is None:
        return
    if isinstance(block.words, Absent):
        yield "    ????"
    else:
        header = 8 if len(plain(block.address)) == 8 else 16
        for row in range(0, len(block.words), 4):
            words = " ".join(f"{word:08x}" for word in block.words[row : row + 4])
            yield f"{'    ' if row else ' '}{int(block.address) + header + 4 * row:x}  {words}"
    yield ""
