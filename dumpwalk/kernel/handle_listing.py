"""What ``!handle`` shows: a process, its handle table, its handles and what they lead to."""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError, UsageError
from dumpwalk.kernel.handle_table import (
    cid_table,
    entries,
    entry_of,
    handle_table,
    kernel_handle,
    kernel_handle_table,
    process_by_id,
)
from dumpwalk.kernel.object_header import type_name
from dumpwalk.kernel.object_record import DETAILS, object_info
from dumpwalk.kernel.process import process as process_record
from dumpwalk.kernel.processes import find_process, processes
from dumpwalk.kernel.session_space import session_id
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.handle_table import HandleEntry, HandleTable
    from dumpwalk.kernel.object_record import ObjectInfo
    from dumpwalk.memory.address import Address, Hex
    from dumpwalk.target import Target

# !handle's flags in kernel mode, as Microsoft documents them.
BASIC, OBJECTS, FREE, KERNEL, IDS = 1, 2, 4, 0x10, 0x20
DEFAULT_FLAGS = BASIC | OBJECTS
ALL, CURRENT = 0, -1
PROCESS, KERNEL_TABLE, ID_TABLE = "handle table", "kernel handle table", "PspCidTable"
_SYSTEM = 4
_MOST_ID = 1 << 26


@record
class Owner:
    """A process, as ``!handle`` heads its handles.

    :param SessionId: ``None`` for one that belongs to none
    """

    address: Address
    SessionId: int | Absent | None
    UniqueProcessId: Hex | Absent
    Peb: Address | Absent
    InheritedFromUniqueProcessId: Hex | Absent
    DirectoryTableBase: Hex | Absent
    ObjectTable: Address | Absent
    ImageFileName: str | Absent


@record
class Handle:
    """A handle.

    :param object: what it leads to; ``None`` for a free one, or when objects were not asked for
    """

    entry: HandleEntry
    object: ObjectInfo | None = None


@record
class Handles:
    """The handles of one table.

    :param owner: whose they are; ``None`` for ``PspCidTable``
    :param kind: ``handle table``, ``kernel handle table`` or ``PspCidTable``
    :param table: absent for a process that has none (any more)
    :param handle: the one asked for; ``None`` for all
    """

    owner: Owner | Absent | None
    kind: str
    table: HandleTable | Absent
    handle: Hex | Absent | None
    handles: tuple[Handle, ...]
    problems: tuple[Problem, ...] = ()


def processes_asked(target: Target, which: int) -> tuple[tuple[Address, ...], tuple[Problem, ...]]:
    """Return the processes that ``!handle``'s third argument means.

    :param which: :data:`ALL`, :data:`CURRENT`, a process ID, or the address of an ``_EPROCESS``
    :raises UsageError: when there is no such process
    :raises TypeInfoError: when the dump does not say which is current, or where the processes are
    """
    if which == ALL:
        every = processes(target)
        return every.addresses, every.problems
    if which == CURRENT:
        current = target.dump.process
        if isinstance(current, Absent):
            raise TypeInfoError(f"the current process is not known ({current.reason}); name one, or 0 for all")
        return (current,), ()
    if which >= _MOST_ID:
        return (target.address(which),), ()
    found = process_by_id(target, which)
    if not isinstance(found, Absent):
        return (found,), ()
    listed = find_process(target, which)
    if listed is not None:
        return (listed,), ()
    kind = UsageError if processes(target).addresses else TypeInfoError
    raise kind(f"no process {which:x}: {found.reason}")


def handles(target: Target, process: int, handle: Hex | None, flags: int = DEFAULT_FLAGS, kind: str = "") -> Handles:
    """Return the handles of the process at *process*.

    :param handle: that one alone
    :param flags: ``!handle``'s: 2 objects, 4 free entries, 0x10 the kernel's table
    :param kind: only handles to objects of the type called so
    :raises TypeInfoError: when the types of this kernel are not known
    """
    owner = _owner(target, process)
    table = owner.ObjectTable
    of_kernel = kernel_handle_table(target)
    of_kernel_asked = flags & KERNEL or (handle is not None and kernel_handle(handle) is not None)
    if of_kernel_asked:
        table = of_kernel
    is_kernels = bool(of_kernel_asked) or owner.UniqueProcessId == _SYSTEM
    name = KERNEL_TABLE if is_kernels else PROCESS
    if isinstance(table, Absent) or not table:
        why = table if isinstance(table, Absent) else Absent("it has no handle table: it has ended")
        return Handles(owner, name, why, handle, ())
    return _of_table(target, owner, name, handle_table(target, table), handle, flags, kind)


def ids(target: Target, id: Hex | None, flags: int = DEFAULT_FLAGS, kind: str = "") -> Handles:
    """Return the processes and threads by their IDs; see :func:`handles`."""
    table = cid_table(target)
    if isinstance(table, Absent):
        return Handles(None, ID_TABLE, table, id, ())
    return _of_table(target, None, ID_TABLE, table, id, flags | OBJECTS, kind)


def _of_table(
    target: Target, owner: Owner | None, name: str, table: HandleTable, handle: Hex | None, flags: int, kind: str
) -> Handles:
    problems: list[Problem] = []
    objects = name == ID_TABLE
    if handle is None:
        found = list(entries(target, table, problems, free=bool(flags & FREE), objects=objects))
    else:
        value = kernel_handle(handle)
        entry = entry_of(target, table, handle if value is None else value, objects=objects)
        found = [] if isinstance(entry, Absent) else [entry]
        if isinstance(entry, Absent):
            problems.append(Problem(f"handle {handle:x}", entry.reason))
    out = []
    for entry in found:
        if kind and (entry.object is None or type_name(target, entry.object) != kind):
            continue
        shown = entry.object is not None and flags & OBJECTS
        out.append(Handle(entry, object_info(target, entry.object, DETAILS) if shown and entry.object else None))
    return Handles(owner, name, table, handle, tuple(out), tuple(problems))


def _owner(target: Target, address: int) -> Owner:
    found = process_record(target, address)
    return Owner(
        found.address,
        session_id(target, found),
        found.UniqueProcessId,
        found.Peb,
        found.InheritedFromUniqueProcessId,
        found.DirectoryTableBase,
        found.ObjectTable,
        found.ImageFileName,
    )
