"""Pages of pool whose blocks follow one another without a gap, as they did before Windows 10 1903.

Each header says how large its block is and how large the one before it; the first block begins with the page, and
the last one ends with it. Where the chain breaks, the blocks before and behind the damage are kept: those behind it
are found from the page's end, by headers that lead to it.
"""

from __future__ import annotations

from dumpwalk.kernel.pool_header import PAGE
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.pool_header import PoolBlock, PoolHeaders


@record
class PageChain:
    """The blocks of a page.

    :param blocks: in order
    :param complete: they fill the page
    :param unread: the page, or the part of it where the chain ended, is not in the dump
    """

    blocks: tuple[PoolBlock, ...]
    complete: bool
    unread: str
    problems: tuple[Problem, ...]


def page_chain(headers: PoolHeaders, page: int) -> PageChain:
    """Return the blocks of the page that begins at *page*."""
    blocks: list[PoolBlock] = []
    at, previous, end = page, 0, page + PAGE
    while at < end:
        block = headers.at(at)
        if isinstance(block, Absent):
            return PageChain(tuple(blocks), False, block.reason, ())
        damage = _damage(block, previous, end - at)
        if damage:
            return _broken(headers, blocks, page, at, damage)
        blocks.append(block)
        previous = block.size
        at += block.size
    return PageChain(tuple(blocks), True, "", ())


def _damage(block: PoolBlock, previous: int, room: int) -> str:
    """Return what is wrong with a block in !pool's words, ``""`` for nothing."""
    where = f"{block.address:x}"
    if block.previous_size != previous:
        return f"Bad previous allocation size @{where}, last size was {previous:x}"
    if not block.size:
        return f"Bad allocation size @{where}, zero is invalid"
    if block.size > room:
        return f"Bad allocation size @{where}, too large"
    return ""


def _broken(headers: PoolHeaders, blocks: list[PoolBlock], page: int, at: int, damage: str) -> PageChain:
    """Return the blocks of a page whose chain breaks at *at*, those behind the damage too."""
    behind = _from_the_end(headers, at + headers.unit, page + PAGE)
    after = int(behind[0].address) if behind else page + PAGE
    problems = [Problem("pool", damage)]
    if blocks or behind:
        problems.append(Problem("pool", f"[ {at:x} --> {after:x} (size = {after - at:#x} bytes)]: Corrupt region"))
    return PageChain((*blocks, *behind), False, "", tuple(problems))


def _from_the_end(headers: PoolHeaders, first: int, end: int) -> list[PoolBlock]:
    """Return the longest run of blocks that begins at *first* or later, ends at *end*, and hangs together.

    A free block alone may be chance: of a run one block at least has to be believable.
    """
    # By where a run begins: its first block, and whether it counts. Looked for from the end down, so that each header
    # is looked at once.
    runs: dict[int, tuple[PoolBlock, bool]] = {}
    for at in range(end - headers.unit, first - 1, -headers.unit):
        block = headers.at(at)
        if isinstance(block, Absent):
            continue
        after, good = at + block.size, headers.believable(block)
        if not block.size or not (good or not block.allocated):
            continue
        if after == end:
            runs[at] = block, good
        elif after in runs and runs[after][0].previous_size == block.size:
            runs[at] = block, good or runs[after][1]
    at = min((at for at, (_, counts) in runs.items() if counts), default=end)
    out = []
    while at < end:
        out.append(runs[at][0])
        at += runs[at][0].size
    return out


def block_around(headers: PoolHeaders, address: int, reach: int = PAGE) -> PoolBlock | None:
    """Return the nearest believable block below *address* that reaches it, ``None`` when there is none.

    :param reach: how far to look, in bytes
    """
    first = address // headers.unit * headers.unit
    for at in range(first, max(first - reach, 0), -headers.unit):
        block = headers.at(at)
        if isinstance(block, Absent):
            continue
        if headers.believable(block) and at + block.size > address:
            return block
    return None


def neighbours(headers: PoolHeaders, block: PoolBlock, gap: int) -> tuple[PoolBlock, ...]:
    """Return *block* and the believable ones on both sides of it in its page, in order.

    :param gap: what may lie between two blocks, in bytes: a chunk's header in a segment heap
    """
    page = int(block.address) & -PAGE
    out = [block]
    while True:
        end = int(out[-1].address) + out[-1].size
        after = _first(headers, [at for at in (end, end + gap) if at < page + PAGE])
        if after is None:
            break
        out.append(after)
    while True:
        first = int(out[0].address)
        # Only blocks of the same size tell where the one before begins, without a chain.
        at = first - out[0].size
        before = headers.at(at) if at >= page else Absent("")
        if isinstance(before, Absent) or not headers.believable(before) or before.size != out[0].size:
            break
        out.insert(0, before)
    return tuple(out)


def _first(headers: PoolHeaders, places: list[int]) -> PoolBlock | None:
    for at in places:
        block = headers.at(at)
        if not isinstance(block, Absent) and headers.believable(block):
            return block
    return None
