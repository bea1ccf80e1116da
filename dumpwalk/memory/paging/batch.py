"""Thousands of virtual addresses at a time."""

from __future__ import annotations

from dumpwalk.memory.paging.translation import NothingInSoftware

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.memory.paging.entries import Entries
    from dumpwalk.memory.virtual import VirtualMemory

NOWHERE = 0xFFFFFFFFFFFFFFFF
_AT_ONCE = 1 << 15  # what is worked on then fits into the processor's cache


def find_many(memory: VirtualMemory, addresses: Any) -> Any:
    """Return the physical address behind each of *addresses*, as :meth:`VirtualMemory.find` would.

    Entries that are not valid are looked at one by one, once for each page
    asked for, and only where something knows what the operating system means
    by them.

    :param addresses: numpy array of ``uint64``
    :return: numpy array of ``uint64``; :data:`NOWHERE` where there is none in memory
    """
    import numpy as np

    from dumpwalk.memory.paging.entries import Entries

    addresses = np.asarray(addresses, "u8").ravel()
    out = np.full(len(addresses), NOWHERE, "u8")
    entries = Entries(memory.physical, memory.mode.entry_size)
    odd = [
        _walk(memory, entries, addresses[at : at + _AT_ONCE], out[at : at + _AT_ONCE]) + at
        for at in range(0, len(addresses), _AT_ONCE)
    ]
    if odd and not isinstance(memory.software, NothingInSoftware):
        where = np.concatenate(odd)
        pages, inverse = np.unique(addresses[where] >> np.uint64(12), return_inverse=True)
        found = [memory.find(page << 12) & NOWHERE for page in pages.tolist()]
        bases = np.array(found, "u8")[inverse]
        out[where] = np.where(bases == NOWHERE, bases, bases | addresses[where] & np.uint64(0xFFF))
    return out


def _walk(memory: VirtualMemory, entries: Entries, addresses: Any, out: Any) -> Any:
    """Set *out* to what valid entries lead to; return the indexes of addresses that met one that is not valid."""
    import numpy as np

    from dumpwalk.memory.paging.entries import followed

    mode, u8 = memory.mode, np.uint64
    half = u8(1 << mode.width - 1)
    if mode.width > 32:
        index = np.flatnonzero((addresses + half) >> u8(mode.width) == 0)  # the sum wraps at 64 bits
    else:
        index = np.flatnonzero(addresses >> u8(mode.width) == 0)
    if len(index) < len(addresses):
        addresses = addresses[index]
    base: Any = u8(memory.root)
    odd = []
    for level in mode.levels:
        numbers = addresses >> u8(level.shift) & u8((1 << level.bits) - 1)
        found, there = entries.at(base + numbers * u8(mode.entry_size))
        valid = followed(mode, level, found)
        if not valid.all():
            odd.append(index[there & (found & u8(1) == 0)])
            index, addresses, found = _those(valid, index, addresses, found)
        if level.shift == 12:
            out[index] = found & u8(mode.frame) | addresses & u8(0xFFF)
            break
        if level.large:
            mask, value = mode.leaf_marks
            large = found & u8(mask) == value
            if large.any():
                in_page = u8((1 << level.shift) - 1)
                at, inside, pages = _those(large, index, addresses, found)
                out[at] = large_bases(memory, level.shift, pages) + (inside & in_page)
                index, addresses, found = _those(~large, index, addresses, found)
        base = found & u8(mode.frame)
    return np.concatenate(odd) if odd else index[:0]


def _those(mask: Any, *columns: Any) -> list[Any]:
    """Return the rows of *columns* where *mask* is set."""
    where = mask.nonzero()[0]
    return [column.take(where) for column in columns]


def large_bases(memory: VirtualMemory, shift: int, entries: Any) -> Any:
    """Return where the pages of ``1 << shift`` bytes begin that *entries* map: ``Mode.large_base`` of many."""
    import numpy as np

    mode, u8 = memory.mode, np.uint64
    bases = entries & u8(mode.frame & -(1 << shift))
    position, length = mode.high_frame
    if length:
        bases |= (entries >> u8(position) & u8((1 << length) - 1)) << u8(32)
    return bases


def read_many(memory: VirtualMemory, addresses: Any, size: int) -> tuple[Any, Any]:
    """Return *size* bytes at each of *addresses*.

    :param addresses: numpy array of ``uint64``
    :return: numpy array of bytes, one row for each, and which rows could be read; the others are zero
    """
    import numpy as np

    addresses = np.asarray(addresses, "u8").ravel()
    rows = np.zeros((len(addresses), size), "u1")
    read = np.zeros(len(addresses), bool)
    data = memory.physical.data
    if size and memory.physical.whole and len(data) >= size:
        inside = np.flatnonzero((addresses & np.uint64(0xFFF)) + np.uint64(size) <= 0x1000)
        found = find_many(memory, addresses[inside])
        offsets = memory.physical.places(found)
        good = (found != NOWHERE) & (offsets >= 0) & (offsets <= len(data) - size)
        # As one thing of that many bytes at each byte of the file: numpy then copies each in one go.
        things = np.ndarray(len(data) - size + 1, f"V{size}", data, strides=(1,))
        rows[inside[good]] = things[offsets[good]].view("u1").reshape(-1, size)
        read[inside[good]] = True
        rest = np.flatnonzero((addresses & np.uint64(0xFFF)) + np.uint64(size) > 0x1000)
    else:
        rest = np.arange(len(addresses))
    for n, address in zip(rest.tolist(), addresses[rest].tolist()):
        piece = memory.read_some(address, size)
        if len(piece) == size:
            rows[n] = np.frombuffer(piece, "u1")
            read[n] = True
    return rows, read
