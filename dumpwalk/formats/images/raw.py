"""Raw images: physical memory from address 0 on, page by page, and nothing else."""

from __future__ import annotations

from dumpwalk.formats import Section
from dumpwalk.formats.images import Image
from dumpwalk.memory.address import Address, Hex
from dumpwalk.memory.physical import RunMemory

_FIRST_HOLE = 3 << 30


def open_raw(name: str, data: memoryview) -> Image:
    """Return *data* as a raw image; a ``.vmem`` with the table of its regions beside it as what that says.

    :param name: the file's name
    :raises FormatError: when the table beside it can't be used
    """
    found: tuple[str, ...] = ("raw image: its bytes are taken for physical memory from address 0 on",)
    missing: tuple[str, ...] = ()
    if name.lower().endswith(".vmem"):
        from dumpwalk.formats.vmware import beside

        image, why_not = beside(name, data)
        if image is not None:
            return image
        found = (f"VMware memory file without the saved state that says where its pages were: {why_not}", *found)
        if len(data) > _FIRST_HOLE:
            missing = ("memory above 3 GB is at unknown addresses: the .vmss or .vmsn file says where the hole is",)
    if len(data) % 0x1000:
        missing = (*missing, f"the file ends inside a page, {len(data) % 0x1000:#x} bytes into it")
    size = len(data)
    return Image(
        "raw",
        size,
        RunMemory(data, [(0, size, 0)]),
        sections=(Section(Hex(0), Hex(size), "physical memory", Address(0)),),
        found=found,
        missing=missing,
    )
