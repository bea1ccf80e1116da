"""Loaded and unloaded images, and which of them an address lies in."""

from __future__ import annotations

from bisect import bisect_right

from dumpwalk.memory.address import Address, Hex
from dumpwalk.memory.spans import disjoint
from dumpwalk.record import record
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# What the kernel's image file may be called; WinDbg calls all of them nt.
KERNEL_IMAGES = ("ntoskrnl.exe", "ntkrnlmp.exe", "ntkrnlpa.exe", "ntkrpamp.exe", "ntkrla57.exe")
# The same of the hardware abstraction layer: hal, whichever one the machine needed.
HAL_IMAGES = ("hal.dll", "halacpi.dll", "halmacpi.dll", "halaacpi.dll", "halapic.dll", "halmps.dll", "halsp.dll")


@record
class Module:
    """An image in memory. A text may show its name and place alone.

    :param name: what WinDbg calls it: the file name without its extension, ``nt`` for the kernel
    :param image: its file name
    :param path: where it was loaded from, as the kernel writes it
    :param timestamp: ``TimeDateStamp`` of its file header
    :param checksum: ``CheckSum`` as the loader noted it; the file of the same symbol-store key
        may hold another one, so it identifies nothing
    :param symbol_key: where a symbol store keeps the image: ``file/<timestamp><size>/file``
    """

    name: str
    image: str
    path: str
    base: Address
    size: Hex
    timestamp: Hex | Absent
    checksum: Hex | Absent
    symbol_key: str

    @property
    def end(self) -> int:
        return self.base + self.size


@record
class UnloadedModule:
    """An image that was in memory once. The kernel keeps 12 characters of the name.

    :param truncated: the name filled all 12 characters without ending in an extension, so more of it is likely lost
    """

    name: str
    start: Address
    end: Address
    size: Hex
    truncated: bool | Absent


def symbol_key(image: str, timestamp: int, size: int) -> str:
    """Return where a symbol store keeps *image*: the time stamp in eight digits, the size in as many as it needs.

    >>> symbol_key("ntoskrnl.exe", 0x0D8333E6, 0x1046000)
    'ntoskrnl.exe/0D8333E61046000/ntoskrnl.exe'
    """
    return f"{image}/{timestamp:08X}{size:x}/{image}"


def module(path: str, base: Address, size: int, timestamp: int, checksum: int) -> Module:
    r"""Return the module loaded from *path*.

    >>> module(r"\SystemRoot\system32\ntoskrnl.exe", Address(0x1000), 0x2000, 1, 2).name
    'nt'
    """
    image = path.replace("/", "\\").rpartition("\\")[2]
    key = symbol_key(image, timestamp, size)
    return Module(_name(image), image, path, base, Hex(size), Hex(timestamp), Hex(checksum), key)


def _name(image: str) -> str:
    """Return what WinDbg calls a module: the kernel and the HAL by their role, the others by their file."""
    if image.lower() in KERNEL_IMAGES:
        return "nt"
    if image.lower() in HAL_IMAGES:
        return "hal"
    stem = image.rpartition(".")[0] or image
    return "".join(c if c.isalnum() or c in "_$" else "_" for c in stem)


class Modules:
    """Modules in load order, that can be asked which of them holds an address.

    :ivar kernel: the kernel's own image, if it is among them
    """

    def __init__(self, modules: Iterable[Module]) -> None:
        self.modules = tuple(modules)
        self.kernel = next((m for m in self.modules if m.name == "nt"), None)
        self._spans = disjoint([(m.base, m.end) for m in self.modules])
        self._starts = [start for start, _, _ in self._spans]

    def find(self, address: int) -> Module | None:
        """Return the module whose image *address* lies in, if any."""
        index = bisect_right(self._starts, address) - 1
        if index >= 0 and address < self._spans[index][1]:
            return self.modules[self._spans[index][2]]
        return None

    def locate(self, address: int) -> str | None:
        """Return *address* as ``module+0xoffset``, or ``None`` when it lies in no module."""
        found = self.find(address)
        return f"{found.name}+{address - found.base:#x}" if found else None
