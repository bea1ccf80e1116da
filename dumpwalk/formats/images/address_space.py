"""Which page tables are the kernel's: candidates from the file and from scans, each checked against Windows itself."""

from __future__ import annotations

from itertools import islice

from dumpwalk.formats.images.kdbg_scan import roots_by_debugger_data
from dumpwalk.formats.images.kernel import find_kernel
from dumpwalk.formats.images.low_stub import low_stubs
from dumpwalk.formats.images.pieces import FAR, NEAR
from dumpwalk.formats.images.self_maps import self_maps
from dumpwalk.formats.images.shared_data import shared_data
from dumpwalk.memory.address import Hex
from dumpwalk.memory.machine import MACHINES
from dumpwalk.memory.paging.modes import ARM64, LA57, PAE, X64, X86
from dumpwalk.memory.virtual import VirtualMemory
from dumpwalk.record import record
from dumpwalk.symbols.image import image_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dumpwalk.formats.images import Image, Root
    from dumpwalk.formats.images.shared_data import SharedData
    from dumpwalk.memory.machine import Machine
    from dumpwalk.memory.paging.modes import Mode
    from dumpwalk.memory.physical import PhysicalMemory
    from dumpwalk.symbols.image import LoadedImage

    # Paging modes, a root, and whether something names it, so that more than a glance is due.
    _Candidate = tuple[tuple[Mode, ...], Root, bool]

_MACHINES = {"x64": 0x8664, "x64 with 5 levels": 0x8664, "ARM64": 0xAA64, "x86": 0x014C, "PAE": 0x014C}
_EVERY_MODE = (X64, PAE, X86, ARM64, LA57)
# Candidates of one way that are looked at; hostile images have a million of them.
_MOST = 256
_MOST_KERNEL_SEARCHES = 8


@record
class AddressSpace:
    """An address space that may be the kernel's.

    :param way: where its root was found
    :param shared: KUSER_SHARED_DATA in it
    :param kernel: the kernel's image in it
    """

    memory: VirtualMemory
    machine: Machine
    way: str
    shared: SharedData | None
    kernel: LoadedImage | None

    @property
    def score(self) -> int:
        """How many of the two agree."""
        return (self.shared is not None) + (self.kernel is not None)

    def __str__(self) -> str:
        sure = ("not confirmed by anything in it", "likely", "certain")[self.score]
        why = [f"KUSER_SHARED_DATA is of {self.shared}"] if self.shared else []
        why += [f"the kernel's image is at {self.memory.address(self.kernel.base)}"] if self.kernel else []
        reasons = f": {', '.join(why)}" if why else ""
        return f"{self.memory.mode.name} page tables at {Hex(self.memory.root)}, from {self.way} ({sure}{reasons})"


def looked_at(physical: PhysicalMemory) -> str:
    """Return in words how much of *physical* a search looks at."""
    _, held = physical.extent()
    return "all of it" if held <= FAR else f"the first {FAR >> 30} GB of {held / (1 << 30):.1f} GB"


def find_address_space(image: Image, given: Root | None = None, allowed: tuple[Mode, ...] = ()) -> AddressSpace | None:
    """Return the kernel's address space, or the likeliest candidate; ``None`` when there is none.

    :param given: the root that the analyst gave; nothing else is looked at then
    :param allowed: the paging modes that it may have; none for any
    """
    best: AddressSpace | None = None
    for way in [[(_EVERY_MODE, given, True)]] if given else _ways(image):
        if best is not None and best.score:
            break
        searches = _MOST_KERNEL_SEARCHES
        for modes, root, stated in islice(way, _MOST):
            for mode in [m for m in allowed if m in modes] or (() if allowed else modes):
                space, searched = _examine(image.physical, mode, root, stated, searches > 0)
                searches -= searched
                if best is None or space.score > best.score:
                    best = space
                if best.score == 2:
                    return best
    return best


def _ways(image: Image) -> Iterator[Iterable[_Candidate]]:
    """Yield what each way leads to: the later ones take long, and are for images where the earlier lead nowhere."""
    yield _near(image)
    yield ((modes, root, False) for modes, root in self_maps(image.physical, NEAR, FAR))
    yield (((mode,), root, False) for mode, root in roots_by_debugger_data(image.physical))


def _near(image: Image) -> Iterator[_Candidate]:
    for root in image.roots:
        yield _EVERY_MODE, root, True
    for root in low_stubs(image.physical):
        yield (X64, LA57), root, True
    for modes, root in self_maps(image.physical):
        yield modes, root, False


def _examine(physical: PhysicalMemory, mode: Mode, root: Root, stated: bool, search: bool) -> tuple[AddressSpace, bool]:
    """Return the address space that begins at *root*, and whether the kernel was looked for in it."""
    memory = VirtualMemory(physical, mode, root.value)
    kind = MACHINES[_MACHINES[mode.name]]
    shared = shared_data(memory, kind.pointer_size)
    search = search and (shared is not None or stated) and not root.kernel
    kernel = find_kernel(memory, kind.pointer_size) if search else None
    if root.kernel:
        kernel = image_at(memory, root.kernel)
    if kernel is not None and kernel.machine != kind.image_type:
        kernel = None
    return AddressSpace(memory, kind, root.where, shared, kernel), search
