"""Handle tables: what a process has open, and the table of process and thread IDs.

A table is a page of entries, or a page of pointers to such pages, or two levels of them; the low bits of
``TableCode`` say which. A handle is four times the number of its entry, and the first entry of each page is none.
"""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.kernel.handle_entry import entry_format
from dumpwalk.kernel.object_header import body_offset, type_name
from dumpwalk.kernel.variables import pointer_in
from dumpwalk.memory.address import Address, Hex
from dumpwalk.objects.members import hexadecimal, integer, member, pointer
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem
from dumpwalk.types.model import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from dumpwalk.target import Target

_PAGE = 0x1000
_STEP = 4  # a handle is a multiple of it, so that its low bits are free for its owner
_LEVELS = 3  # bits of TableCode
# Handles are below 2**26 (2**24 entries); a page of pointers to pages of pointers has room for more.
_MOST_HANDLES = 1 << 26
_SYSTEM = 4  # the ID of the System process
_MOST_FREE_LISTS = 256
# NtCurrentProcess and its like, from -1 down, are no handles.
_PSEUDO_HANDLES = 0xFFFFFFF0


@record
class HandleTable:
    """A ``_HANDLE_TABLE``.

    :param levels: how many levels of pointers there are above the pages of entries
    :param HandleCount: how many entries are in use, as the table says
    :param UniqueProcessId: of the process whose it is
    :param entries_per_page: of entries
    """

    address: Address
    TableCode: Hex | Absent
    levels: int | Absent
    HandleCount: int | Absent
    NextHandleNeedingPool: Hex | Absent
    UniqueProcessId: Hex | Absent
    QuotaProcess: Address | Absent
    entries_per_page: int | Absent


@record
class HandleEntry:
    """An entry of a handle table.

    :param entry: where it is
    :param object: what the handle leads to; ``None`` for a free entry
    :param GrantedAccess: ``None`` for a free entry
    :param Attributes: ``OBJ_*`` bits: 1 it is protected from being closed, 2 inherited, 4 its closing is audited
    :param next_free: what a free entry says of the next one
    """

    handle: Hex
    entry: Address | Absent
    object: Address | None
    GrantedAccess: Hex | Absent | None
    Attributes: int = 0
    next_free: Hex | Absent | None = None


def handle_table(target: Target, address: int) -> HandleTable:
    """Return the ``_HANDLE_TABLE`` at *address*.

    :raises TypeInfoError: when the types of this kernel are not known
    """
    table = target.object("_HANDLE_TABLE", address)
    code = hexadecimal(table, "TableCode")
    return HandleTable(
        target.address(address),
        code,
        code if isinstance(code, Absent) else code & _LEVELS,
        _count(target, table),
        hexadecimal(table, "NextHandleNeedingPool"),
        hexadecimal(table, "UniqueProcessId"),
        pointer(table, "QuotaProcess"),
        _entries_per_page(target),
    )


def _entries_per_page(target: Target) -> int:
    return _PAGE // entry_format(target).size


def object_table(target: Target, process: int) -> Address | Absent:
    """Return the address of the ``_HANDLE_TABLE`` of the process at *process*; 0 for one that has ended."""
    return pointer(target.object("_EPROCESS", process), "ObjectTable")


def handle_count(target: Target, address: int) -> int | Absent:
    """Return how many handles the ``_HANDLE_TABLE`` at *address* holds, as it says.

    :raises TypeInfoError: when the types of this kernel are not known
    """
    return _count(target, target.object("_HANDLE_TABLE", address))


def _count(target: Target, table: Any) -> int | Absent:
    """Return how many entries are in use; since Windows 8 each list of free entries counts its own."""
    lists = member(table, "FreeLists")
    if isinstance(lists, Absent):
        return integer(table, "HandleCount")
    total = 0
    for index in range(_free_lists(target) or 1):
        count = integer(lists.element_(index), "HandleCount")
        if isinstance(count, Absent):
            return count
        total += count
    return total


def _free_lists(target: Target) -> int:
    """Return how many lists of free entries a table has, more on machines with many processors; 0 if not known."""
    table = target.types.find("_HANDLE_TABLE")
    if not isinstance(table, Struct) or all(field.name != "FreeLists" for field in table.fields):
        return 1
    place = target.address_of("ExpFreeListCount")
    try:
        found = target.read_int(place, 4) if place is not None else 0
    except ReadError:
        return 0
    return found if found <= _MOST_FREE_LISTS else 0


def entries(
    target: Target, table: HandleTable, problems: list[Problem], *, free: bool = False, objects: bool = False
) -> Iterator[HandleEntry]:
    """Yield the entries of *table* that are in use, by ascending handle.

    :param problems: what is wrong with the table is appended
    :param free: yield the free ones too
    :param objects: the entries lead to objects, as those of ``PspCidTable`` do, not to their headers
    """
    found = used = 0
    for number, page in _pages(target, table, problems):
        data = target.memory.read_some(page, _PAGE)
        if len(data) < _PAGE:
            missing = target.address(page + len(data))
            what = f"entries from {missing} on: {_why(target, missing)}"
            problems.append(Problem(f"handle table {table.address}", what))
        for entry in _page_entries(target, table, number, page, data, objects=objects):
            if entry.object is not None:
                used += 1
                yield entry
            elif free:
                yield entry
            found = max(found, int(entry.handle) if entry.object is not None else 0)
    limit, count = table.NextHandleNeedingPool, table.HandleCount
    where = f"handle table {table.address}"
    if not isinstance(limit, Absent) and used and found >= limit:
        problems.append(Problem(where, f"NextHandleNeedingPool is {limit:#x}, and {found:#x} is a handle"))
    if not isinstance(count, Absent) and count != used and not problems and _free_lists(target):
        problems.append(Problem(where, f"HandleCount is {count}, and {used} entries are in use"))


def _page_entries(
    target: Target, table: HandleTable, number: int, page: Address, data: bytes, *, objects: bool
) -> Iterator[HandleEntry]:
    format = entry_format(target)
    body = 0 if objects else body_offset(target)
    address, decode, size = target.address, format.decode, format.size
    first = number * _entries_per_page(target)
    for index in range(len(data) // size):
        at = index * size
        pointer, access, attributes = decode(data, at)
        handle = Hex((first + index) * _STEP)
        if not pointer or not index:
            next_free = Hex(format.next_free.of(data, at))
            yield HandleEntry(handle, address(page + at), None, None, 0, next_free)
        else:
            yield HandleEntry(handle, address(page + at), address(pointer + body), Hex(access), attributes)


def _pages(target: Target, table: HandleTable, problems: list[Problem]) -> Iterator[tuple[int, Address]]:
    """Yield number and address of each page of entries; one that is there twice is there once."""
    if isinstance(table.TableCode, Absent) or isinstance(table.levels, Absent):
        problems.append(Problem(f"handle table {table.address}", str(getattr(table.TableCode, "reason", ""))))
        return
    if table.levels == _LEVELS:
        problems.append(Problem(f"handle table {table.address}", f"TableCode {table.TableCode} says three levels"))
        return
    pages = [(0, target.address(table.TableCode & ~_LEVELS))]
    width = target.machine.pointer_size
    seen = {int(pages[0][1])}
    most = _MOST_HANDLES // _STEP // _entries_per_page(target)
    for _ in range(table.levels):
        below = []
        for number, page in pages:
            data = target.memory.read_some(page, _PAGE)
            if len(data) < _PAGE:
                reason = _why(target, page + len(data))
                problems.append(Problem(f"handle table {table.address}", f"pointers at {page}: {reason}"))
            for index in range(len(data) // width):
                value = int.from_bytes(data[index * width : (index + 1) * width], "little")
                place = number * (_PAGE // width) + index
                if value in seen:
                    what = (
                        f"the pointer at {target.address(page + index * width)} leads to a page that is in it already"
                    )
                    problems.append(Problem(f"handle table {table.address}", what))
                elif value and place < most:
                    seen.add(value)
                    below.append((place, target.address(value)))
        pages = below
    yield from pages


def _why(target: Target, address: int) -> str:
    try:
        target.memory.read(target.address(address), 1)
    except ReadError as error:
        return error.reason
    return "it is not all there"


def entry_of(target: Target, table: HandleTable, handle: int, *, objects: bool = False) -> HandleEntry | Absent:
    """Return the entry of *handle*, or why there is none.

    :param objects: the entries lead to objects, as those of ``PspCidTable`` do, not to their headers
    """
    if isinstance(table.TableCode, Absent) or isinstance(table.levels, Absent):
        return table.TableCode if isinstance(table.TableCode, Absent) else Absent("")
    if handle % _STEP:
        handle -= handle % _STEP  # the low bits are the owner's
    number, index = divmod(handle // _STEP, _entries_per_page(target))
    width = target.machine.pointer_size
    per_page = _PAGE // width
    if not 0 < handle < _MOST_HANDLES or number >= per_page**table.levels or table.levels == _LEVELS:
        return Absent(f"the table has no room for the handle {handle:#x}")
    page = target.address(table.TableCode & ~_LEVELS)
    try:
        for level in reversed(range(table.levels)):
            page = target.read_pointer(page + number // per_page**level % per_page * width)
            if not page:
                return Absent(f"the table has no page for the handle {handle:#x}")
        size = entry_format(target).size
        data = target.memory.read(target.address(page + index * size), size)
    except ReadError as error:
        return Absent(str(error))
    # Read as the only entry of a page that begins before it.
    padded = bytes(index * size) + data
    return list(_page_entries(target, table, number, page, padded, objects=objects))[-1]


def kernel_handle_table(target: Target) -> Address | Absent:
    """Return the address of the kernel's own handle table, which is the System process's, or why it is not known."""
    found = pointer_in(target, "ObpKernelHandleTable")
    if not isinstance(found, Absent):
        return found
    system = pointer_in(target, "PsInitialSystemProcess")
    if isinstance(system, Absent):
        system = process_by_id(target, _SYSTEM)
    if isinstance(system, Absent):
        return Absent(f"{found.reason}, and {system.reason}")
    return pointer(target.object("_EPROCESS", system), "ObjectTable")


def kernel_handle(handle: int) -> int | None:
    """Return the handle in the kernel's table that *handle* means when its highest bits say so, else ``None``.

    A 64-bit machine's may be written in 32 bits, as the debugger extends it.
    """
    is_one = handle >> 31 in (1, 0x1FFFFFFFF) and handle & 0xFFFFFFFF < _PSEUDO_HANDLES
    return handle & 0x7FFFFFFF if is_one else None


def cid_table(target: Target) -> HandleTable | Absent:
    """Return ``PspCidTable``, whose entries are the processes and threads by their IDs, or why it is not known."""
    found = pointer_in(target, "PspCidTable")
    if isinstance(found, Absent):
        return found
    return handle_table(target, found) if found else Absent("PspCidTable is null")


def process_by_id(target: Target, pid: int) -> Address | Absent:
    """Return the ``_EPROCESS`` whose ID is *pid*, by ``PspCidTable``, or why there is none.

    :raises TypeInfoError: when the types of this kernel are not known
    """
    return _by_id(target, pid, "Process", ("_EPROCESS", "UniqueProcessId"))


def thread_by_id(target: Target, tid: int) -> Address | Absent:
    """Return the ``_ETHREAD`` whose ID is *tid*, by ``PspCidTable``, or why there is none.

    :raises TypeInfoError: when the types of this kernel are not known
    """
    return _by_id(target, tid, "Thread", ("_ETHREAD", "Cid.UniqueThread"))


def _by_id(target: Target, id: int, kind: str, own: tuple[str, str]) -> Address | Absent:
    table = cid_table(target)
    if isinstance(table, Absent):
        return table
    entry = entry_of(target, table, id, objects=True)
    if isinstance(entry, Absent):
        return entry
    if entry.object is None or id % _STEP:
        return Absent(f"no {kind.lower()} has the ID {id:#x}")
    is_named = type_name(target, entry.object)
    if is_named == kind:
        return entry.object
    if isinstance(is_named, Absent) and hexadecimal(target.object(own[0], entry.object), own[1]) == id:
        return entry.object  # its header is not in the dump, but its ID is
    why = is_named.reason if isinstance(is_named, Absent) else f"it is a {is_named}'s"
    return Absent(f"no {kind.lower()} has the ID {id:#x}: {why}")
