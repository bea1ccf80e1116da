"""The root of page tables by way of the kernel's debugger data block and the System process, for want of a better one.

The block says where the kernel's image is, and from Windows Server 2003 on how
long ``_EPROCESS`` is and where its ``DirectoryTableBase`` stands; no types are
needed. The System process is known by its name, which may be anywhere in it, so
each place where the process could begin is tried. A root is taken when its
tables map the kernel's image and the block lies in that. x64 kernels from
Windows 8 on encode the block while they run, and are not found in this way.
"""

from __future__ import annotations

from itertools import islice

from dumpwalk.formats.debugger_data import OWNER_TAG
from dumpwalk.formats.images import Root
from dumpwalk.formats.images.kernel import KERNELS
from dumpwalk.formats.images.pieces import FAR, pieces
from dumpwalk.memory.paging.modes import ARM64, LA57, PAE, X64, X86
from dumpwalk.memory.virtual import VirtualMemory
from dumpwalk.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.memory.paging.modes import Mode
    from dumpwalk.memory.physical import PhysicalMemory

# _EPROCESS.ImageFileName is an array of 15 bytes, cleared before the name is put there.
_NAME = b"System".ljust(15, b"\0")
# DBGKD_DEBUG_DATA_HEADER64.Size: Windows 2000 begins with 0x208; what follows is room for releases to come.
_SIZES = range(0x208, 0x1000)
# KDDEBUGGER_DATA64 (wdbgexts.h).
_KERN_BASE, _SIZE_EPROCESS, _OFFSET_DTB = 0x18, 0x2A8, 0x2AE
_BLOCK = 0x2B0
# _KPROCESS.DirectoryTableBase and the length of _EPROCESS where the block does not say: Windows 2000 and XP.
_DTB = {4: 0x18, 8: 0x28}
_PROCESS = 0x400
_LONGEST_PROCESS = 0x2000
_MODES: dict[int, tuple[Mode, ...]] = {8: (X64, ARM64, LA57), 4: (PAE, X86)}
# CR3 holds a PCID where page tables are doubled against Meltdown: bit 1 for the kernel's.
_PCID = 3
_LARGEST_IMAGE = 64 << 20
# 2 MB of it are one table's matter, and the tables above are few.
_MOST_TABLES = 64

# What is looked at of what hostile images have millions of.
_MOST_HITS = 1 << 16
_MOST_COPIES = 1024
_MOST_BLOCKS = 16
_MOST_PROCESSES = 1024
_MOST_ROOTS = 1 << 17
_MOST_MAPS = 64


@record
class Block:
    """What debugger data blocks say, as far as it is wanted.

    :param places: physical addresses of the blocks that agree in all of it: dumps and copies leave more than one
    :param kernel: ``KernBase``
    :param pointer_size: in bytes, as ``KernBase`` tells it
    :param process: ``SizeEProcess``
    :param root: ``OffsetEprocessDirectoryTableBase``
    """

    places: tuple[int, ...]
    kernel: int
    pointer_size: int
    process: int
    root: int


def roots_by_debugger_data(physical: PhysicalMemory, limit: int = FAR) -> Iterator[tuple[Mode, Root]]:
    """Yield roots of page tables that map a kernel and its debugger data block, and their paging mode.

    :param limit: how many bytes of *physical* to look at
    """
    blocks, names = _scan(physical, limit)
    maps = _MOST_MAPS
    for block in blocks:
        for root, start in _roots(physical, block, names, _MOST_ROOTS // len(blocks)).items():
            for mode in _MODES[block.pointer_size]:
                memory = VirtualMemory(physical, mode, root)
                if root & ~mode.root & ~_PCID or memory.read_some(block.kernel, 2) != b"MZ":
                    continue
                maps -= 1
                place = _mapped(memory, block) if maps >= 0 else None
                if place is not None:
                    where = f"the System process at {start:#x} and the debugger data block at {place:#x}"
                    yield mode, Root(root, f"{where}, which its tables map", block.kernel)


def _scan(physical: PhysicalMemory, limit: int) -> tuple[list[Block], list[int]]:
    """Return the plain debugger data blocks in *physical*, and where the System process's name is."""
    from dumpwalk.memory.physical import RunMemory
    from dumpwalk.memory.scan import find_bytes

    blocks: list[Block] = []
    names: list[int] = []
    hits = _MOST_HITS
    for base, data in pieces(physical, 0, limit):
        piece = RunMemory(data, [(base, base + len(data), 0)])
        for hit in islice(find_bytes(piece, OWNER_TAG), hits):
            hits -= 1
            block = block_at(physical, hit - 0x10) if hit % 4 == 0 and len(blocks) < _MOST_COPIES else None
            blocks += [block] if block is not None else []
        names += islice(find_bytes(piece, _NAME), _MOST_PROCESSES - len(names))
    return _joined(blocks), names


def _joined(blocks: list[Block]) -> list[Block]:
    """Return *blocks* with those made one that say the same."""
    same: dict[tuple[int, ...], list[int]] = {}
    for block in blocks:
        same.setdefault((block.kernel, block.pointer_size, block.process, block.root), []).extend(block.places)
    return [Block(tuple(places), *key) for key, places in same.items()][:_MOST_BLOCKS]


def block_at(physical: PhysicalMemory, place: int) -> Block | None:
    """Return the block at *place*, ``None`` when what is there can't be one."""
    raw = physical.read_some(max(0, place), _BLOCK)

    def number(offset: int, size: int) -> int:
        return int.from_bytes(raw[offset : offset + size], "little")

    size, kernel = number(0x14, 4), number(_KERN_BASE, 8)
    if kernel >> 31 == (1 << 33) - 1:  # 32-bit kernels hold sign-extended pointers in it
        kernel &= 0xFFFFFFFF
    width = next((width for width, where in KERNELS.items() if kernel in where), 0)
    if size not in _SIZES or not width or kernel & 0xFFF:
        return None
    process, root = (number(_SIZE_EPROCESS, 2), number(_OFFSET_DTB, 2)) if size >= _BLOCK else (0, 0)
    if not 0x100 <= process <= _LONGEST_PROCESS or root > process - 8:
        process, root = _PROCESS, 0
    return Block((place,), kernel, width, process, root or _DTB[width])


def _roots(physical: PhysicalMemory, block: Block, names: list[int], most: int) -> dict[int, int]:
    """Return what may be roots in processes with their names at *names*, each with where that process begins."""
    found: dict[int, int] = {}
    for name in names:
        for start, root in islice(_processes(physical, block, name), most):
            most -= 1
            found.setdefault(root, start)
    return found


def _processes(physical: PhysicalMemory, block: Block, name: int) -> Iterator[tuple[int, int]]:
    """Yield where the process with its name at *name* may begin, and its ``DirectoryTableBase`` then."""
    import numpy as np

    size, step = block.pointer_size, 2 * block.pointer_size
    first = max(0, name - block.process + step - 1) // step * step
    raw = physical.read_some(first, name - first)
    while len(raw) < name - first:  # a page before the name is not there: the process begins behind it
        first = min((first + len(raw)) // 0x1000 * 0x1000 + 0x1000, name)
        raw = physical.read_some(first, name - first)
    count = (len(raw) - block.root - size) // step + 1
    if count <= 0:
        return
    values = np.ndarray(count, f"<u{size}", raw, block.root, (step,)).astype("u8")
    tables = values & ~np.uint64(_PCID)
    likely = (tables != 0) & (tables < 1 << 52) & (tables & np.uint64(0x1F) == 0)
    likely[likely] = physical.places(tables[likely]) >= 0
    for index in np.flatnonzero(likely).tolist():
        yield first + index * step, int(values[index])


def _mapped(memory: VirtualMemory, block: Block) -> int | None:
    """Return which place of *block* is in the image that it says is the kernel, ``None`` when none is."""
    import numpy as np

    from dumpwalk.memory.paging.mapped import Mapped
    from dumpwalk.symbols.image import image_at

    image = image_at(memory, block.kernel)
    if image is None:
        return None
    end = block.kernel + min(image.size, _LARGEST_IMAGE)
    for addresses, sizes, bases in Mapped(memory, block.kernel, end, _MOST_TABLES).arrays():
        for place in block.places:
            inside = np.uint64(place) - bases  # wraps to far above where the page lies behind it
            found = addresses[inside < sizes] + inside[inside < sizes]
            if ((found >= np.uint64(block.kernel)) & (found < np.uint64(end))).any():
                return place
    return None
