"""What pool an address is in: its page's blocks, a large allocation, special pool, or a block of the segment heap."""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.kernel.pool_header import PAGE, PoolBlock, PoolHeaders
from dumpwalk.kernel.pool_large import LargePage, SpecialPage, large_page, special_page
from dumpwalk.kernel.pool_page import PageChain, block_around, neighbours, page_chain
from dumpwalk.kernel.pool_region import SPECIAL, region
from dumpwalk.kernel.pool_segment import has_segment_heap, segment_blocks
from dumpwalk.kernel.pool_tags import PoolTag, pool_tag
from dumpwalk.memory.address import Hex
from dumpwalk.record import record, replace
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target

# How many words !pool shows of each block's contents.
WORDS = 8


@record
class Pool:
    """The pool around an address.

    :param region: what the kernel uses these addresses for, ``Paged pool``; by the block's own header where the kernel
        does not say
    :param found: ``page`` (a chain of blocks), ``large``, ``special``, ``segment heap`` (a page's chunks),
        ``header`` (one block by its header alone, and its neighbours) or ``""``
    :param blocks: of the page, as far as they are known; the one that holds the address says so
    :param tag: what is known of that block's tag
    :param searched: what was looked at in vain, in order
    """

    address: Address | Absent
    page: Address | Absent
    region: str | Absent
    found: str | Absent
    blocks: tuple[PoolBlock, ...]
    large: LargePage | None
    special: SpecialPage | None
    tag: PoolTag | None
    searched: tuple[str, ...]
    problems: tuple[Problem, ...]


def pool(target: Target, address: int, *, contents: bool = False) -> Pool:
    """Return what pool *address* is in.

    :param contents: read the first words of each block, too
    :raises TypeInfoError: when the types of this kernel are not known
    """
    headers = PoolHeaders(target)
    place = target.address(address)
    page = target.address(place & -PAGE)
    where = region(target, place)
    chain = page_chain(headers, page)
    segments = has_segment_heap(target.types)
    if chain.complete:
        return _page(headers, place, where, "page", chain.blocks, (), contents=contents)
    searched = [f"{page:x} is not a valid large pool allocation, checking large session pool..."]
    large = large_page(target, place)
    if isinstance(large, LargePage):
        name = where if not isinstance(where, Absent) or not large.pool else f"{large.pool} pool"
        return Pool(place, page, name, "large", (), large, None, pool_tag(large.tag), (), ())
    # Only now: what a large allocation begins with may look like a header.
    if any(map(headers.believable, chain.blocks)) and not segments and where != SPECIAL:
        return _page(headers, place, where, "page", chain.blocks, chain.problems, contents=contents)
    if isinstance(large, Absent):
        searched.append(f"Unable to read large pool table ({large.reason})")
    searched.append("Unable to read large session pool table (the tables of sessions are not looked at)")
    special = special_page(headers, page)
    if special is not None:
        return Pool(place, page, SPECIAL, "special", (), None, special, pool_tag(special.tag), (), ())
    blocks = segment_blocks(headers, place) if segments else Absent("")
    if not isinstance(blocks, Absent):
        return _page(headers, place, where, "segment heap", tuple(blocks), (), contents=contents)
    alone = block_around(headers, place)
    if alone is not None:
        problems = _alone(chain, page, blocks.reason, segments=segments)
        known = neighbours(headers, alone, headers.size if segments else 0)
        return _page(headers, place, where, "header", known, problems, contents=contents)
    return _nothing(target, place, where, chain, searched)


def _page(
    headers: PoolHeaders,
    address: Address,
    where: str | Absent,
    found: str,
    blocks: tuple[PoolBlock, ...],
    problems: tuple[Problem, ...],
    *,
    contents: bool,
) -> Pool:
    marked = []
    for block in blocks:
        holds = block.holds or (found != "segment heap" and block.address <= address < block.address + block.size)
        words = _words(headers, block) if contents else None
        marked.append(replace(block, holds=holds, words=words))
    ours = next((block for block in marked if block.holds), None)
    if isinstance(where, Absent) and ours is not None and ours.pool:
        where = f"{ours.pool} pool"
    page = headers.target.address(address & -PAGE)
    tag = pool_tag(ours.tag) if ours is not None else None
    return Pool(address, page, where, found, tuple(marked), None, None, tag, (), problems)


def _words(headers: PoolHeaders, block: PoolBlock) -> tuple[Hex, ...] | Absent:
    target = headers.target
    try:
        data = target.memory.read(target.address(block.address + headers.size), 4 * WORDS)
    except ReadError as error:
        return Absent(str(error))
    return tuple(Hex(int.from_bytes(data[i : i + 4], "little")) for i in range(0, 4 * WORDS, 4))


def _alone(chain: PageChain, page: Address, why: str, *, segments: bool) -> tuple[Problem, ...]:
    """Return why a block stands alone: nothing confirms its header."""
    if chain.unread:
        what = f"the beginning of its page is not in the dump ({chain.unread}), so nothing confirms this header"
    elif segments:
        what = (
            "since Windows 10 1903 pool is made of segment heaps, whose pages have no chain of headers; this is the"
            f" nearest header that can be the block's. The heap's own structures are not walked to confirm it ({why})"
        )
    else:
        what = "the page does not begin with a pool header; this is the nearest one that can be the block's"
    return (Problem(f"pool page {page}", what),)


def _nothing(target: Target, address: Address, where: str | Absent, chain: PageChain, searched: list[str]) -> Pool:
    page = target.address(address & -PAGE)
    searched.append(f"{page:x} is not valid pool. Checking for freed (or corrupt) pool")
    if chain.unread and not chain.blocks:
        searched.append(f"Address {page:x} could not be read. It may be a freed, invalid or paged out page")
        problem = Problem(f"pool page {page}", chain.unread)
    else:
        searched += [problem.what for problem in chain.problems]
        searched.append(f"Address {address:x} does not belong to any pool")
        problem = Problem(f"pool page {page}", "neither a chain of blocks nor a large allocation nor special pool")
    return Pool(address, page, where, "", (), None, None, None, tuple(searched), (problem,))
