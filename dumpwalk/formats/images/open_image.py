"""Memory images as dumps: the machine that the pages are of, found in the pages."""

from __future__ import annotations

from dumpwalk.formats import Dump, no_contents
from dumpwalk.formats.header import blank_header
from dumpwalk.formats.images import Root
from dumpwalk.formats.images.address_space import find_address_space, looked_at
from dumpwalk.formats.images.contents import Kernel, contents
from dumpwalk.memory.address import Hex
from dumpwalk.memory.machine import machine
from dumpwalk.memory.segments import SegmentedMemory
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.formats.images import Image
    from dumpwalk.formats.images.address_space import AddressSpace
    from dumpwalk.formats.register_listing import RegisterListing


def open_image(path: str, image: Image, dtb: int | None = None, listing: RegisterListing | None = None) -> Dump:
    """Return the dump that *image* is.

    :param dtb: physical address of the root of its page tables, when the analyst knows it
    :param listing: registers of one of its processors, when there are such; they give the paging mode too
    """
    given = None if dtb is None else Root(dtb, "--dtb")
    if given is None and listing is not None and listing.root is not None:
        given = Root(listing.root, f"CR3 of the register listing{f' ({listing.said})' if listing.said else ''}")
    space = find_address_space(image, given, listing.modes if listing else ())
    if space is None or (not space.score and given is None):
        return _unknown(path, image, space)
    kernel = Kernel(space)
    header = blank_header(
        space.machine,
        build=kernel.build,
        directory_table_base=space.memory.root,
        processors=space.shared.processors if space.shared else 0,
        **_known(space, kernel),
    )
    stack = next((v for n, v in listing.values.items() if n in ("rsp", "esp")), None) if listing else None
    return Dump(
        path=path,
        format=image.format,
        size=image.size,
        header=header,
        memory=space.memory,
        physical=image.physical,
        contents=lambda: contents(kernel, stack),
        sections=image.sections,
        missing=image.missing,
        problems=image.problems,
        found=(*image.found, str(space), *kernel.found),
    )


def _known(space: AddressSpace, kernel: Kernel) -> dict[str, Any]:
    """Return the fields of a dump header that the memory itself tells."""
    out: dict[str, Any] = {}
    shared = space.shared
    if shared is not None:
        out["ProductType"] = shared.product
        if shared.time is not None:
            out["SystemTime"] = shared.time
        if shared.uptime is not None:
            out["SystemUpTime"] = Hex(shared.uptime)
    if space.machine.pointer_size == 4:
        out["PaeEnabled"] = int(space.memory.mode.name == "PAE")
    for name in ("PsLoadedModuleList", "PsActiveProcessHead"):
        address = kernel.symbol(name)
        if address is not None:
            out[name] = address
    block = kernel.symbol("KdDebuggerDataBlock")
    if block is not None:
        out["KdDebuggerDataBlock"] = block
    crash = kernel.bug_check()
    if crash:
        out["BugCheckCode"], out["BugCheckParameters"] = crash[0], crash[1:]
    return out


def _unknown(path: str, image: Image, space: AddressSpace | None) -> Dump:
    """Return the dump of a machine that could not be made out: there are its pages, and that is all."""
    scope = looked_at(image.physical)
    why = f"no page tables of Windows were found in this memory (looked at {scope})"
    if space is not None:
        why += f"; nearest: {space}"
    why += "; --dtb ADDRESS says where the root table is"
    return Dump(
        path=path,
        format=image.format,
        size=image.size,
        header=blank_header(machine(0, 8)),
        memory=SegmentedMemory((), why),
        physical=image.physical,
        contents=no_contents(Absent(why)),
        sections=image.sections,
        missing=(*image.missing, f"virtual memory: {why}"),
        problems=image.problems,
        found=image.found,
    )
