"""VMware's saved states: ``.vmss`` (suspended) and ``.vmsn`` (snapshot), and the ``.vmem`` with the memory beside one.

The state is a table of groups, each of them tags: a name, indices, a value.
The group ``memory`` says which pages of the machine are where in the
``.vmem``. Layout: what VMware's open vmss2core tool and Volatility published.
"""

from __future__ import annotations

import os

from dumpwalk.errors import FormatError
from dumpwalk.formats import FORMATS, Format, Section
from dumpwalk.memory.address import Address, Hex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.formats.images import Image
    from dumpwalk.formats.images.vmware_tags import Tags

_MAGICS = tuple(magic.to_bytes(4, "little") for magic in (0xBED2BED0, 0xBAD1BAD1, 0xBED2BED2, 0xBED3BED3))
_PAGE = 0x1000
_MOST_REGIONS = 1024
_MOST_PROCESSORS = 64


def _open(path: str, data: memoryview) -> Image:
    """Open a saved state, with the memory in it or in the ``.vmem`` beside it.

    :raises FormatError: when there is no memory in either, or the state is damaged
    """
    from dumpwalk.formats import _map
    from dumpwalk.formats.images.vmware_tags import read_tags

    tags = read_tags(path, data)
    block = tags.block("memory", "Memory")
    if block is not None and block[1]:
        offset, size = block
        return _image("VMware saved state", data, tags, offset, min(size, max(0, len(data) - offset)), size)
    memory = os.path.splitext(path)[0] + ".vmem"
    if not os.path.exists(memory):
        raise FormatError(f"{path}: a saved state of VMware without memory; {memory}, which holds it, is missing")
    held = _map(memory)
    return _image("VMware", held, tags, 0, len(held), len(held))


def beside(path: str, data: memoryview) -> tuple[Image | None, str]:
    """Return the memory in the ``.vmem`` *data* as the saved state beside *path* says; else why there is none.

    :raises FormatError: when the state is damaged
    """
    from dumpwalk.formats import _map
    from dumpwalk.formats.images.vmware_tags import read_tags

    stem = path[: -len(".vmem")]
    for state in (stem + ".vmss", stem + ".vmsn"):
        if os.path.exists(state):
            found = _map(state)
            if found[:4] in _MAGICS:
                return _image("VMware", data, read_tags(state, found), 0, len(data), len(data)), ""
            return None, f"{state} is none"
    return None, f"{os.path.basename(stem)}.vmss or .vmsn is not beside it"


def _image(format: str, data: memoryview, tags: Tags, base: int, held: int, size: int) -> Image:
    """Return the image whose pages lie in *data* from *base* on, *held* of *size* bytes."""
    from dumpwalk.formats.images import Image, Root
    from dumpwalk.memory.physical import RunMemory

    regions = []
    missing = []
    for index in range(min(tags.number("memory", "regionsCount") or 0, _MOST_REGIONS)):
        values = [tags.number("memory", name, index) for name in ("regionPPN", "regionPageNum", "regionSize")]
        page, place, count = (0 if value is None else value * _PAGE for value in values)
        if None in values:
            missing.append(f"region {index} of the memory: the saved state does not say where it is")
            continue
        there = max(0, min(count, held - place))
        if there < count:
            missing.append(f"the file is cut: {count - there:#x} bytes of memory from {page + there:#x} on")
        regions.append((page, page + there, base + place))
    if tags.number("memory", "regionsCount") is None and tags.problems:
        missing.append("all memory: the saved state is damaged before the table that says where its pages were")
    elif not regions and not missing:  # up to 3 GB there is no hole, and no table of regions
        regions = [(0, held, base)]
        if held < size:
            missing.append(f"the file is cut: {size - held:#x} bytes of memory from {held:#x} on")
    roots: list[Root] = []
    for processor in range(_MOST_PROCESSORS):
        value = tags.number("cpu", "CR64", processor, 3) or tags.number("cpu", "CR", processor, 3)
        if value and value not in [root.value for root in roots]:
            roots.append(Root(value, f"CR3 of processor {processor} in the saved state"))
    return Image(
        format,
        len(data),
        RunMemory(data, regions),
        tuple(roots),
        tuple(Section(Hex(at), Hex(end - start), "physical memory", Address(start)) for start, end, at in regions),
        missing=tuple(missing),
        problems=tags.problems,
    )


FORMATS.add("VMware")(Format(lambda data: data[:4] in _MAGICS, _open))
