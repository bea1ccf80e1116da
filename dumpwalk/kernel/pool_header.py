"""``_POOL_HEADER``: what stands in front of each pool block, taken apart.

Sizes in it count units of two pointers. What its ``PoolType`` says changed once: up to Windows Server 2003 a block in
use has the ``POOL_TYPE`` it was asked for plus one, and a free one zero; since Vista bit 1 says that it is in use
(ReactOS's ``expool.c`` for the former, Volatility's pool scanners and the SSTIC 2020 paper "Scoop the Windows 10 pool"
for the latter). The table of large allocations changed with it, and so tells which is meant.
"""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.memory.address import Hex
from dumpwalk.objects.members import has, integer
from dumpwalk.objects.sizes import offset_of, size_of
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.types.model import Reference, Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target

PAGE = 0x1000
_PAGED, _IN_USE, _QUOTA, _SESSION = 1, 2, 8, 0x20
# PROTECTED_POOL of the tag: whoever frees the block has to know it.
_PROTECTED = 0x80


@record
class PoolBlock:
    """A block of pool.

    :param address: of its header
    :param size: in bytes, the header included
    :param previous_size: of the block before it, as the header says, in bytes
    :param PoolType: as it stands in the header
    :param allocated: it is in use
    :param pool: ``Nonpaged``, ``Paged`` or ``Paged session``, as ``PoolType`` says; ``""`` of a free block
    :param tag: four characters, those above 7f as they are in Latin-1; without the bit of a protected block
    :param protected: its tag has the bit that says so
    :param process: which process's quota it is charged to; ``None`` when it is not
    :param holds: the address that was asked for is in it
    :param words: the first 32-bit words behind the header; ``None`` when they were not asked for
    """

    address: Address
    size: Hex
    previous_size: Hex
    PoolType: Hex | Absent
    allocated: bool
    pool: str | Absent
    tag: str
    protected: bool
    process: Address | None = None
    holds: bool = False
    words: tuple[Hex, ...] | Absent | None = None


class PoolHeaders:
    """Takes the pool headers of one target apart.

    :ivar unit: what sizes in headers count, in bytes
    :ivar size: of a header in bytes
    :raises TypeInfoError: when the types of this kernel are not known
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.unit = 2 * target.machine.pointer_size
        self.size = size_of(Reference("struct", "_POOL_HEADER"), target.types) or self.unit
        large = target.types.find("_POOL_TRACKER_BIG_PAGES")
        fields = large.fields if isinstance(large, Struct) else ()
        self._old = any(field.name == "NumberOfPages" for field in fields)
        self._cookie: int | None = None

    def at(self, address: int) -> PoolBlock | Absent:
        """Return the block whose header would be at *address*, believable or not."""
        header = self.target.object("_POOL_HEADER", address)
        numbers = [integer(header, name) for name in ("BlockSize", "PreviousSize", "PoolType", "PoolTag")]
        for number in numbers:
            if isinstance(number, Absent):
                return number
        size, previous, kind, tag = (int(number) for number in numbers if not isinstance(number, Absent))
        size, previous = size * self.unit, previous * self.unit
        allocated = bool(kind) if self._old else bool(kind & _IN_USE)
        protected = allocated and bool(tag >> 24 & _PROTECTED)
        raw = (tag & ~(_PROTECTED << 24) if protected else tag).to_bytes(4, "little")
        process = self._process(header, address, size) if allocated and kind & _QUOTA else None
        where = self.target.address(address)
        pool = self._pool(kind) if allocated else ""
        text = raw.decode("latin-1")
        return PoolBlock(where, Hex(size), Hex(previous), Hex(kind), allocated, pool, text, protected, process)

    def _pool(self, kind: int) -> str:
        base = kind - 1 if self._old else kind
        name = "Paged" if base & _PAGED else "Nonpaged"
        return f"{name} session" if base & _SESSION else name

    def _process(self, header: Any, address: int, size: int) -> Address | None:
        """Return the process that a block is charged to; ``None`` where what stands there is no kernel address.

        On 32-bit machines it is the last pointer of the block, on 64-bit ones it is in the header; since Windows 8 it
        is mixed with ``nt!ExpPoolQuotaCookie`` and the header's own address there.
        """
        target, width = self.target, self.target.machine.pointer_size
        in_header = width == 8 and has(header, "ProcessBilled")
        try:
            if in_header:
                place = address + offset_of(target.types, "_POOL_HEADER", "ProcessBilled")
            else:
                place = address + size - width
            value = int(target.read_pointer(place))
            cookie = self._quota_cookie() if in_header else None
            value ^= 0 if cookie is None else cookie ^ address
        except ReadError:
            return None  # the block is known all the same, and whose quota it is matters little
        return target.address(value) if _kernel(value, width) and not value % width else None

    def _quota_cookie(self) -> int | None:
        """Return ``nt!ExpPoolQuotaCookie``; ``None`` when the kernel is not known exactly or too old to have one.

        :raises ReadError: when it is not in the dump
        """
        if self._cookie is None:
            place = self.target.address_of("ExpPoolQuotaCookie")
            self._cookie = None if place is None else int(self.target.read_pointer(place))
        return self._cookie

    def believable(self, block: PoolBlock) -> bool:
        """Say whether *block* can be one, by its header alone: it is in use, has a size, and a tag one can read."""
        return (
            block.allocated
            and block.size >= 2 * self.unit
            and all(" " <= c <= "~" for c in block.tag)
            and block.tag.strip() != ""
            and not isinstance(block.PoolType, Absent)
            and block.PoolType & ~(_PAGED | _IN_USE | 4 | _QUOTA | 0x10 | _SESSION | 0x40) == 0
        )


def _kernel(value: int, width: int) -> bool:
    """Say whether *value* is in the upper half of the address space."""
    return value >> (8 * width - 1) == 1 and (width == 4 or value >> 47 == 0x1FFFF)
