"""The low stub: the page below 1 MB from which x64 Windows starts further processors.

``PROCESSOR_START_BLOCK`` begins with a jump, and holds the kernel's entry
point (0x70) and the CR3 to start with (0xa0). Windows keeps it. What is
looked at was published by MemProcFS and Volatility.
"""

from __future__ import annotations

from dumpwalk.formats.images import Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.memory.physical import PhysicalMemory

_END = 0x100000
_JUMP = 0xE9
_ENTRY, _CR3 = 0x70, 0xA0
_CR3_BITS = 0x000000FFFFFFF000
# The entry point lies where system images do, and is aligned.
_ENTRY_BITS, _ENTRY_IS = 0xFFFFF80000000003, 0xFFFFF80000000000


def low_stubs(physical: PhysicalMemory) -> Iterator[Root]:
    """Yield the root tables that stubs in the first megabyte name."""
    for page in range(0, _END, 0x1000):
        data = physical.read_some(page, _CR3 + 8)
        if len(data) < _CR3 + 8 or data[0] != _JUMP:
            continue
        entry, root = (int.from_bytes(data[at : at + 8], "little") for at in (_ENTRY, _CR3))
        if entry & _ENTRY_BITS == _ENTRY_IS and root and not root & ~_CR3_BITS:
            yield Root(root, f"the low stub at {page:#x}")
