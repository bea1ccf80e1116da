"""Pool that is not in blocks: large allocations of whole pages, and Driver Verifier's special pool.

``nt!PoolBigPageTable`` has a row for each large allocation; a row whose address is odd is free.
"""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.kernel.pool_header import PAGE
from dumpwalk.memory.address import Hex
from dumpwalk.objects.sizes import offset_of, size_of
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.types.model import Reference, Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.pool_header import PoolHeaders
    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target

_FREE = 1
_ROW = "_POOL_TRACKER_BIG_PAGES"
# 64 MB of rows: a machine that has more large allocations has other troubles.
_MOST_BYTES = 1 << 26
_AT_ONCE = 1 << 20
# Special pool: flags beside the size in the first word of the header (ReactOS's special.c).
_SPECIAL_PAGED, _SPECIAL_VERIFIER, _SPECIAL_SIZE = 0x8000, 0x4000, 0x1FFF


@record
class LargePage:
    """A large allocation.

    :param address: of its first page
    :param size: in bytes
    :param tag: four characters
    :param pool: ``Nonpaged`` or ``Paged``; ``""`` where the table does not say
    """

    address: Address
    size: Hex
    tag: str
    pool: str | Absent
    protected: bool


@record
class SpecialPage:
    """A page of special pool: one allocation, at its end.

    :param address: of the page
    :param size: that was asked for, in bytes
    :param data: where the allocation is
    :param paged: it is of paged pool
    """

    address: Address
    size: Hex
    data: Address
    paged: bool | Absent
    tag: str


def large_page(target: Target, address: int) -> LargePage | Absent | None:
    """Return the large allocation that *address* is in, ``None`` for none, or why it is not known.

    :raises TypeInfoError: when the types of this kernel are not known
    """
    width = target.machine.pointer_size
    place, count_at = target.address_of("PoolBigPageTable"), target.address_of("PoolBigPageTableSize")
    if place is None or count_at is None:
        return Absent("where nt!PoolBigPageTable is: the kernel is not known exactly")
    size = size_of(Reference("struct", _ROW), target.types)
    if not size or size % width:
        return Absent(f"the size of {_ROW} is not known")
    try:
        table, count = int(target.read_pointer(place)), target.read_int(count_at, width)
    except ReadError as error:
        return Absent(f"nt!PoolBigPageTable: {error}")
    count = min(count, _MOST_BYTES // size)
    return _find(target, table, count, size, address)


def _find(target: Target, table: int, count: int, size: int, address: int) -> LargePage | Absent | None:
    width = target.machine.pointer_size
    whole, best = count * size, None
    rows_at_once = _AT_ONCE // size
    missing = 0
    for first in range(0, count, rows_at_once):
        wanted = min(rows_at_once * size, whole - first * size)
        data = target.memory.read_some(target.address(table + first * size), wanted)
        missing += wanted - len(data)
        words = memoryview(data[: len(data) // size * size]).cast("I" if width == 4 else "Q")
        for index, start in enumerate(words[:: size // width]):
            # The nearest below is it: allocations don't overlap.
            if start <= address and not start & _FREE and start and (best is None or start > best[0]):
                best = start, first + index
    if best is None:
        return Absent(f"{missing:#x} bytes of nt!PoolBigPageTable are not in the dump") if missing else None
    row = _row(target, table + best[1] * size)
    return row if int(row.address) <= address < int(row.address) + row.size else None


def _row(target: Target, address: int) -> LargePage:
    """Return the row at *address*, whose bytes are there."""

    def number(name: str, fields: tuple[str, ...]) -> int:
        if name not in fields:
            return 0
        found = target.object(_ROW, address).member_(name)
        return 0 if isinstance(found, Absent) else int(found)

    struct = target.types.find(_ROW)
    names = tuple(field.name for field in struct.fields) if isinstance(struct, Struct) else ()
    start, key = number("Va", names), number("Key", names)
    size = number("NumberOfBytes", names) or number("NumberOfPages", names) * PAGE
    kind = ("Paged" if number("PoolType", names) & 1 else "Nonpaged") if "PoolType" in names else ""
    protected = bool(key >> 31 & 1)
    tag = (key & 0x7FFFFFFF).to_bytes(4, "little").decode("latin-1")
    return LargePage(target.address(start), Hex(size), tag, kind, protected)


def special_page(headers: PoolHeaders, page: int) -> SpecialPage | None:
    """Return what the page at *page* holds if it is one of special pool, ``None`` if it is not.

    Its header says how large the allocation is, and what is between the two is filled with one and the same byte.
    """
    target = headers.target
    try:
        data = target.memory.read(target.address(page), PAGE)
        at = offset_of(target.types, "_POOL_HEADER", "PoolTag")
    except ReadError:
        return None
    first = int.from_bytes(data[:4], "little")
    size, flags = first & _SPECIAL_SIZE, first & ~_SPECIAL_SIZE
    tag = data[at : at + 4]
    if flags & ~(_SPECIAL_PAGED | _SPECIAL_VERIFIER) or not 0 < size <= PAGE - headers.size:
        return None
    # Allocations begin on a multiple of 8 or 16: what is left over stands behind them.
    start = PAGE - -(-size // (headers.unit // 2)) * (headers.unit // 2)
    between = data[headers.size : start]
    if between.strip(between[:1]) or not all(0x20 <= c < 0x7F for c in tag) or not flags:
        return None
    where, paged = target.address(page), bool(flags & _SPECIAL_PAGED)
    return SpecialPage(where, Hex(size), target.address(page + start), paged, tag.decode("ascii"))
