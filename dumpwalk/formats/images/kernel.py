"""The kernel's image in an address space: found by looking at what each mapped page begins with."""

from __future__ import annotations

from dumpwalk.symbols.image import image_at
from dumpwalk.symbols.modules import KERNEL_IMAGES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.memory.virtual import VirtualMemory
    from dumpwalk.symbols.image import LoadedImage

KERNEL_PDBS = ("ntoskrnl.pdb", "ntkrnlmp.pdb", "ntkrnlpa.pdb", "ntkrpamp.pdb", "ntkrla57.pdb")
# Where Windows loads its kernel: in the 512 GB of system images on x64 and ARM64, in the upper half on x86.
KERNELS = {4: range(0x80000000, 0xFFC00000), 8: range(0xFFFFF80000000000, 0xFFFFF88000000000)}
_MOST_PAGES = 1 << 20
# Hostile page tables map the few pages of a small image over and over: more than this many times nobody does.
_MOST_TIMES = 4
_FEWEST_PAGES = 1 << 15
_MOST_TABLES = 1 << 16
_MOST_IMAGES = 4096


def find_kernel(memory: VirtualMemory, pointer_size: int) -> LoadedImage | None:
    """Return the kernel's image, ``None`` when it is not among the first 4 GB of mapped pages there.

    In a small image fewer pages are looked at.
    """
    images = 0
    for address in _beginning_with_mz(memory, pointer_size):
        found = image_at(memory, address)
        if found is None:
            continue
        if is_kernel(found):
            return found
        images += 1
        if images > _MOST_IMAGES:
            break
    return None


def is_kernel(image: LoadedImage) -> bool:
    """Say whether *image* is an NT kernel, by its PDB's name or its own."""
    name = image.pdb.name.lower() if image.pdb else ""
    return name in KERNEL_PDBS or image.name.lower() in KERNEL_IMAGES


def _beginning_with_mz(memory: VirtualMemory, pointer_size: int) -> Iterator[int]:
    from dumpwalk.memory.paging.mapped import mapped

    place, data = memory.physical.place, memory.physical.data
    held = memory.physical.extent()[1] >> 12
    left = min(_MOST_PAGES, max(_FEWEST_PAGES, _MOST_TIMES * held))
    where = KERNELS[pointer_size]
    for address, size, base in mapped(memory, where.start, where.stop, _MOST_TABLES):
        for step in range(0, min(size, left << 12), 0x1000):
            left -= 1
            offset = place(base + step)
            if offset >= 0 and bytes(data[offset : offset + 2]) == b"MZ":
                yield address + step
        if left <= 0:
            return
