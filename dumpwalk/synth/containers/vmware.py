"""VMware's files: the memory (``vmem``), the saved state that goes beside it (``vmss``), both in one (``vmware``)."""

from __future__ import annotations

import struct

from dumpwalk.synth.containers import WRITERS
from dumpwalk.synth.containers.raw import stretches

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.synth.containers import Pages
    from dumpwalk.synth.spec import Spec

_MAGIC = 0xBED2BED2
_GROUPS = ("cpu", "memory")


@WRITERS.add("vmem")
def vmem(spec: Spec, pages: Pages) -> bytes:
    """Return the memory: its stretches one behind the other."""
    return b"".join(data for _, data in stretches(pages))


@WRITERS.add("vmss")
def vmss(spec: Spec, pages: Pages) -> bytes:
    """Return the saved state that says where the stretches in the memory file belong."""
    return _state(spec, pages, b"")


@WRITERS.add("vmware")
def vmware(spec: Spec, pages: Pages) -> bytes:
    """Return a saved state that holds the memory itself."""
    memory = vmem(spec, pages)
    # flags of a tag that is a block; both sizes; how much padding comes before the data, which aligns it
    return _state(
        spec, pages, bytes((62, 6)) + b"Memory" + struct.pack("<QQH", len(memory), len(memory), 6) + bytes(6) + memory
    )


def _state(spec: Spec, pages: Pages, block: bytes) -> bytes:
    cpu = _tag("CR64", 8, spec.directory_table_base, 0, 3) + bytes(2)
    memory = block
    at = count = 0
    for address, data in stretches(pages):
        memory += _tag("regionPPN", 4, address >> 12, count)
        memory += _tag("regionPageNum", 4, at >> 12, count)
        memory += _tag("regionSize", 4, len(data) >> 12, count)
        at, count = at + len(data), count + 1
    memory += _tag("regionsCount", 4, count) + bytes(2)
    offset = 12 + 80 * len(_GROUPS)
    out = struct.pack("<III", _MAGIC, 8, len(_GROUPS))
    for name, content in zip(_GROUPS, (cpu, memory)):
        out += struct.pack("<64sQQ", name.encode(), offset, len(content))
        offset += len(content)
    return out + cpu + memory


def _tag(name: str, size: int, value: int, *indices: int) -> bytes:
    head = bytes((len(indices) << 6 | size, len(name))) + name.encode()
    return head + struct.pack(f"<{len(indices)}I", *indices) + value.to_bytes(size, "little")
