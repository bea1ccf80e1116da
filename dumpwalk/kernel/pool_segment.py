"""Blocks of the segment heap, which pool is made of since Windows 10 1903.

There a page has no chain of pool headers. Blocks of variable size (VS) are chained by ``_HEAP_VS_CHUNK_HEADER``, which
stands before the pool header and is mixed with ``nt!RtlpHpHeapGlobals.HeapKey`` and its own address; blocks of the
low-fragmentation heap (LFH) have a pool header and nothing else (SSTIC 2020, "Scoop the Windows 10 pool"; Black Hat
2016, "Windows 10 Segment Heap Internals"). A chunk counts as found only if a neighbour's header agrees with it.
"""

from __future__ import annotations

from dumpwalk.errors import ReadError, TypeInfoError
from dumpwalk.kernel.pool_header import PAGE
from dumpwalk.memory.address import Hex
from dumpwalk.objects.sizes import offset_of, size_of
from dumpwalk.record import record, replace
from dumpwalk.remarks import Absent
from dumpwalk.types.model import Reference, Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.pool_header import PoolBlock, PoolHeaders
    from dumpwalk.target import Target
    from dumpwalk.types.model import TypeDatabase

_SIZES = "_HEAP_VS_CHUNK_HEADER_SIZE"
# VS blocks are smaller than 128 KB.
_REACH = 0x20000
_MOST_CHUNKS = 2 * PAGE // 16


def has_segment_heap(types: TypeDatabase) -> bool:
    """Say whether kernels of these types may have their pool in segment heaps: they know the chunks."""
    return types.find("_HEAP_VS_CHUNK_HEADER") is not None


@record
class _Chunk:
    address: int
    size: int
    previous: int
    allocated: bool


class VsChunks:
    """The chunks of variable size of one target.

    :raises TypeInfoError: when its types do not know them
    :raises ReadError: when the key is not in the dump
    """

    def __init__(self, target: Target, unit: int) -> None:
        types = target.types
        self.target, self.unit = target, unit
        self.header = size_of(Reference("struct", "_HEAP_VS_CHUNK_HEADER"), types) or 0
        place = target.address_of("RtlpHpHeapGlobals")
        if place is None or not self.header:
            raise TypeInfoError("where nt!RtlpHpHeapGlobals is: the kernel is not known exactly")
        self.width = size_of(Reference("struct", _SIZES), types) or 0
        self._fields = [_bits(types, name) for name in ("UnsafeSize", "UnsafePrevSize", "Allocated")]
        key = offset_of(types, "_RTLP_HP_HEAP_GLOBALS", "HeapKey")
        self.key = target.read_int(place + key, target.machine.pointer_size)
        self._known: dict[int, _Chunk | None] = {}

    def at(self, address: int) -> _Chunk | None:
        """Return the chunk whose header would be at *address*, ``None`` when none can be."""
        if address not in self._known:
            self._known[address] = self._read(address)
        return self._known[address]

    def _read(self, address: int) -> _Chunk | None:
        try:
            raw = self.target.read_int(address, self.width)
        except ReadError:
            return None  # then there is no chunk to be seen
        mixed = raw ^ (self.key ^ address) & (1 << 8 * self.width) - 1
        size, previous, allocated = (mixed >> at & (1 << bits) - 1 for at, bits in self._fields)
        if not 0 < size * self.unit <= _REACH or allocated > 1:
            return None
        return _Chunk(address, size * self.unit, previous * self.unit, bool(allocated))

    def confirmed(self, chunk: _Chunk) -> bool:
        """Say whether the chunk before or behind *chunk* agrees with it."""
        after, before = self.at(chunk.address + chunk.size), None
        if after is not None and after.previous == chunk.size:
            return True
        if 0 < chunk.previous <= _REACH:
            before = self.at(chunk.address - chunk.previous)
        return before is not None and before.size == chunk.previous

    def around(self, address: int) -> _Chunk | None:
        """Return the chunk that *address* is in, ``None`` when it is in none."""
        first = address // self.unit * self.unit
        for at in range(first, max(first - _REACH, 0), -self.unit):
            chunk = self.at(at)
            if chunk is not None and at + chunk.size > address and self.confirmed(chunk):
                return chunk
        return None

    def of_page(self, page: int, chunk: _Chunk) -> list[_Chunk]:
        """Return the chunks that are in the page at *page*, wholly or in part, from any of them."""
        first = chunk
        for _ in range(_MOST_CHUNKS):
            if first.address <= page or not first.previous:
                break
            before = self.at(first.address - first.previous)
            if before is None or before.size != first.previous:
                break
            first = before
        out = [first]
        while out[-1].address + out[-1].size < page + PAGE and len(out) < _MOST_CHUNKS:
            after = self.at(out[-1].address + out[-1].size)
            if after is None or after.previous != out[-1].size:
                break
            out.append(after)
        return [one for one in out if one.address + one.size > page]


def _bits(types: TypeDatabase, name: str) -> tuple[int, int]:
    """Return where the bit field *name* of a chunk's sizes begins, and how many bits it has.

    :raises TypeInfoError: when the types lack it
    """
    struct = types.find(_SIZES)
    field = next((f for f in struct.fields if f.name == name), None) if isinstance(struct, Struct) else None
    if field is None or field.bits is None:
        raise TypeInfoError(f"no bit field {name} in {_SIZES}")
    return 8 * field.offset + field.bits[0], field.bits[1]


def segment_blocks(headers: PoolHeaders, address: int) -> list[PoolBlock] | Absent:
    """Return the blocks of variable size in the page of *address*, if it is in one, or why they are not known.

    A block's size is its chunk's, and so is whether it is in use; its tag is the pool header's.
    """
    try:
        chunks = VsChunks(headers.target, 2 * headers.target.machine.pointer_size)
    except (TypeInfoError, ReadError) as error:
        return Absent(f"the chunks of the segment heap: {error}")
    # A chunk's own header is no part of the block before it: who asks for that means the block behind.
    found = chunks.around(address)
    if found is None:
        return Absent("it is in no chunk of variable size")
    out = []
    for chunk in chunks.of_page(address & -PAGE, found):
        block = headers.at(chunk.address + chunks.header)
        if isinstance(block, Absent):
            continue
        changed = replace(
            block,
            size=Hex(chunk.size),
            previous_size=Hex(0),
            allocated=chunk.allocated,
            pool=block.pool if chunk.allocated else "",
            process=block.process if chunk.allocated else None,
            holds=chunk is found,
        )
        out.append(changed)
    return out
