"""Physical memory piece by piece, for scans: whole pages, and none of them kept in memory afterwards."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.memory.physical import PhysicalMemory

_SIZE = 4 << 20
# Where Windows itself keeps what is looked for, most often: in low memory, as it is made while it starts.
NEAR = 4 << 30
# No scan goes on behind so much memory: each takes a minute from a file that is in memory, more from a disk.
FAR = 32 << 30


def pieces(physical: PhysicalMemory, begin: int = 0, end: int = FAR) -> Iterator[tuple[int, memoryview]]:
    """Yield the physical address and the bytes of stretches of whole pages, ascending.

    :param begin: how many bytes of the memory that is there to pass over
    :param end: behind how many bytes to stop
    """
    seen = 0
    for start, stop, offset in physical.runs():
        skip = -start % 0x1000
        start, offset = start + skip, offset + skip
        passed = min(max(0, stop - start), max(0, begin - seen)) & ~0xFFF
        start, offset, seen = start + passed, offset + passed, seen + passed
        while start + 0x1000 <= stop and seen + 0x1000 <= end:
            size = min(stop - start, _SIZE, end - seen) & ~0xFFF
            yield start, physical.data[offset : offset + size]
            _forget(physical.data, offset, size)
            start, offset, seen = start + size, offset + size, seen + size


def _forget(data: memoryview, offset: int, size: int) -> None:
    """Let the system take back the pages of a mapped file that were looked at: a scan must not fill the memory."""
    import mmap

    mapped = data.obj
    if isinstance(mapped, mmap.mmap) and len(mapped) == len(data) and hasattr(mmap, "MADV_DONTNEED"):
        skip = -offset % mmap.PAGESIZE
        if size > skip:
            mapped.madvise(mmap.MADV_DONTNEED, offset + skip, size - skip)
