"""Searching physical memory for what begins a structure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    from dumpwalk.memory.physical import PhysicalMemory

    # A stretch of the file, and the runs of memory in it: where each begins there, and address minus offset.
    Stretch = tuple[int, int, list[int], list[int]]

# POOL_HEADER.PoolTag on all machines: after PreviousSize, PoolIndex, BlockSize and PoolType (4 bytes together).
_TAG = 4
_AT_ONCE = 1 << 20  # bytes: what numpy makes of them stays in the processor's cache
_PER_THREAD = 1 << 25
_MOST_RUNS = 1 << 16  # in one stretch, whose places are held in memory


def find_tags(memory: PhysicalMemory, tags: Iterable[bytes], align: int = 16) -> Iterator[tuple[Any, Any]]:
    """Search for pool headers with one of *tags*, over all of *memory*.

    What is found is nothing but four bytes in the right place: the caller
    judges whether a pool header is around them.

    :param tags: of 4 bytes each, as they stand in memory (a protected tag has bit 7 of its last byte set)
    :param align: what the addresses of pool headers are multiples of: 16, on 32-bit machines 8
    :return: yields numpy arrays, as far as the search got: physical addresses of headers (``uint64``),
        and for each the index into *tags*; ascending where the file holds memory in ascending order
    :raises ValueError: a tag has not 4 bytes, or *align* is none of 8, 16, 32, ..., 4096
    """
    wanted = list(tags)
    if any(len(tag) != 4 for tag in wanted):
        raise ValueError("a pool tag has 4 bytes")
    if not 8 <= align <= 4096 or align & align - 1:
        raise ValueError("pool headers are aligned to a power of 2 between 8 and 4096")
    return _find_tags(memory, wanted, align)


def _find_tags(memory: PhysicalMemory, tags: Sequence[bytes], align: int) -> Iterator[tuple[Any, Any]]:
    from concurrent.futures import ThreadPoolExecutor

    import numpy as np

    numbers = np.array([int.from_bytes(tag, "little") for tag in tags], "<u4")
    ranked, order = np.unique(numbers, return_index=True)
    if not len(ranked):
        return

    def search(begin: int, end: int) -> tuple[Any, Any]:
        """Return the offsets of headers in that piece of the file, and the ranks of their tags."""
        places, ranks = [np.zeros(0, "i8")], [np.zeros(0, "i8")]
        likely = _sieve(ranked, _AT_ONCE // align)
        for at in range(begin, end, _AT_ONCE):
            count = (min(at + _AT_ONCE, end) - at - _TAG - 4) // align + 1
            if count <= 0:
                continue
            words = np.ndarray(count, "<u4", memory.data, at + _TAG, (align,))
            hits = likely(words).nonzero()[0]
            if not len(hits):
                continue
            found = words[hits]
            rank = np.searchsorted(ranked, found)
            rank[rank == len(ranked)] = 0
            same = ranked[rank] == found
            places.append(hits[same] * align + at)
            ranks.append(rank[same])
        return np.concatenate(places), np.concatenate(ranks)

    with ThreadPoolExecutor(2) as pool:  # numpy lets go of the interpreter while it compares
        for begin, end, starts, shifts in _stretches(memory, align):
            pieces = list(range(begin, end, _PER_THREAD))
            for at in range(0, len(pieces), 2):
                jobs = [pool.submit(search, piece, min(piece + _PER_THREAD, end)) for piece in pieces[at : at + 2]]
                for job in jobs:
                    places, ranks = job.result()
                    if len(places):
                        run = np.searchsorted(np.array(starts, "i8"), places, "right") - 1
                        yield (places + np.array(shifts, "i8")[run]).astype("u8"), order[ranks]


def _sieve(numbers: Any, most: int) -> Callable[[Any], Any]:
    """Return what rules out most of what is none of *numbers*, at the speed at which memory can be read.

    It takes at most *most* words, and its answer is good until it is asked again.
    """
    import numpy as np

    first = int(numbers[0])
    common = np.uint32(~np.bitwise_or.reduce(numbers ^ numbers[0]) & 0xFFFFFFFF)  # bits in which all agree
    value = np.uint32(first & int(common))
    if value and int(common).bit_count() >= 8:
        # Tags are letters, the first of them a capital more often than not: a mask leaves 1 word in 100.
        both, same = np.empty(most, "<u4"), np.empty(most, bool)

        def likely(words: Any) -> Any:
            count = len(words)
            return np.equal(np.bitwise_and(words, common, out=both[:count]), value, out=same[:count])

        return likely
    second_half = np.zeros(1 << 16, bool)  # fits into the L1 cache
    second_half[numbers >> 16] = True
    return lambda words: second_half.take(words >> 16)


def _stretches(memory: PhysicalMemory, align: int) -> Iterator[Stretch]:
    """Yield pieces of the file that hold memory without a gap, each beginning at a multiple of *align* in memory.

    Runs that follow each other in the file are one stretch, wherever in memory
    they are: a dump of a big machine has a million of them.
    """
    begin = end = -1
    starts: list[int] = []
    shifts: list[int] = []
    for start, stop, offset in memory.runs():
        skip = -start % align
        start, offset = start + skip, offset + skip
        if start >= stop:
            continue
        if offset != end or (start - offset - shifts[0]) % align or len(starts) >= _MOST_RUNS:
            if starts:
                yield begin, end, starts, shifts
            begin, starts, shifts = offset, [], []
        starts.append(offset)
        shifts.append(start - offset)
        end = offset + stop - start
    if starts:
        yield begin, end, starts, shifts


def find_bytes(memory: PhysicalMemory, needle: bytes, align: int = 1) -> Iterator[int]:
    """Yield the physical address of each place that holds *needle*, ascending.

    :param align: only addresses that are multiples of it
    :raises ValueError: *needle* is empty
    """
    if not needle:
        raise ValueError("nothing to look for")
    return _find_bytes(memory, needle, max(1, align))


def _find_bytes(memory: PhysicalMemory, needle: bytes, align: int) -> Iterator[int]:
    from re import compile, escape

    search = compile(escape(needle)).search  # twice as fast as mmap.find
    data, reach = memory.data, len(needle) - 1
    last = -1
    for start, end, offset in memory.runs():
        if start == last and reach:  # in memory it goes on from the run before, in the file it does not
            before = max(start - reach, 0)
            seam = memory.read_some(before, start - before + reach)
            found = seam.find(needle)
            while found >= 0:
                if (before + found) % align == 0 and before + found < start < before + found + len(needle):
                    yield before + found
                found = seam.find(needle, found + 1)
        at, stop = offset, offset + end - start
        while match := search(data, at, stop):
            at = match.start() + 1
            if (at - 1 - offset + start) % align == 0:
                yield at - 1 - offset + start
        last = end
