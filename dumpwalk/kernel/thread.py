"""``_ETHREAD``: what a thread is, what it does, and whose it is."""

from __future__ import annotations

from dumpwalk.kernel.code_address import CodeAddress, code_address
from dumpwalk.kernel.process import process
from dumpwalk.kernel.views import enumerator, view_of
from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem
from dumpwalk.times import FileTime
from dumpwalk.types.dispatcher import THREAD_OBJECT, is_of_type
from dumpwalk.types.invariants import at_most, client_id, file_time, kernel_pointer, list_entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    from dumpwalk.kernel.views import AnyView
    from dumpwalk.target import Target
    from dumpwalk.types.view import FieldSource

    OwnerIds: TypeAlias = dict[int, int | Absent]

RUNNING = "Running"
_STALE = "the thread is running: what is stored is of its last wait"
_HIGHEST_PRIORITY = 31


@record
class Cid:
    """``_CLIENT_ID``: the identifiers of a process and a thread. Prints as WinDbg's ``4.0108``."""

    UniqueProcess: Hex | Absent
    UniqueThread: Hex | Absent

    def __str__(self) -> str:
        return ".".join(
            "????" if isinstance(i, Absent) else f"{i:04x}" for i in (self.UniqueProcess, self.UniqueThread)
        )


@record
class Thread:
    """A thread. Names are NT's; what can't be had is :class:`Absent` with the reason.

    :param Process: the process the thread belongs to
    :param ApcStateProcess: ``ApcState.Process``, the process whose address space it uses
    :param attached: the two differ: it is attached to another process (``KeStackAttachProcess``)
    :param State: ``KTHREAD_STATE``; *WaitReason*: ``KWAIT_REASON``
    :param KernelStack: the stack pointer of a thread that does not run
    :param WaitTime: tick count of the moment it began to wait, or to run
    :param KernelTime: clock ticks spent in the kernel; *UserTime*: in user mode
    :param ThreadName: address of a ``_UNICODE_STRING``, 0 when the thread has no name
    :param source: in words, how sure the places of the fields are
    :param fields: the same for each field that was read
    """

    address: Address
    Cid: Cid
    State: str | Absent
    WaitReason: str | Absent
    WaitMode: str | Absent
    WaitIrql: int | Absent
    Priority: int | Absent
    BasePriority: int | Absent
    Teb: Address | Absent
    Win32StartAddress: CodeAddress | Absent
    StartAddress: CodeAddress | Absent
    Process: Address | Absent
    ApcStateProcess: Address | Absent
    attached: bool | Absent
    InitialStack: Address | Absent
    StackLimit: Address | Absent
    StackBase: Address | Absent
    KernelStack: Address | Absent
    TrapFrame: Address | Absent
    KernelApcDisable: int | Absent
    SpecialApcDisable: int | Absent
    ApcStateIndex: int | Absent
    ContextSwitches: int | Absent
    WaitTime: int | Absent
    KernelTime: int | Absent
    UserTime: int | Absent
    CreateTime: FileTime | Absent
    ThreadName: Address | Absent
    CrossThreadFlags: Hex | Absent
    NextProcessor: int | Absent
    IrpList: Address | Absent
    source: str
    fields: tuple[FieldSource, ...]
    problems: tuple[Problem, ...]


def thread(target: Target, address: int, view: AnyView | None = None, owners: OwnerIds | None = None) -> Thread:
    """Return the thread at *address*.

    :param address: of an ``_ETHREAD``; nothing about it is believed
    :param view: a view of it, where the caller has one
    :param owners: identifiers of processes that are known already, by their addresses; others are added
    """
    view = view or view_of(target, "_ETHREAD", address)
    in_kernel = kernel_pointer(target.machine)
    maybe_null = kernel_pointer(target.machine, null=True)
    priority = at_most(_HIGHEST_PRIORITY)

    # First what confirms its own place beyond doubt: the other fields may go by it.
    for path in ("Tcb.SchedulerApc.Thread", "Tcb.SuspendApc.Thread"):
        view.pointer(path, lambda value: value == view.address, anchor=True)
    view.data("ThreadListEntry", list_entry(target.machine))
    view.data("Tcb.ThreadListEntry", list_entry(target.machine))

    owner = view.pointer("Tcb.Process", in_kernel, anchor=True)
    if isinstance(owner, Absent) and view.has("ThreadsProcess"):  # before Windows Vista
        owner = view.pointer("ThreadsProcess", in_kernel)
    owner_id = owner if isinstance(owner, Absent) else _process_id(target, owner, owners)
    view.data("Cid", lambda cid: _belongs(cid, owner_id))
    created = _create_time(view)

    state = enumerator(target, "KTHREAD_STATE", view.int("Tcb.State"))
    running = state == RUNNING
    current = view.pointer("Tcb.ApcState.Process", in_kernel)
    attached = next((v for v in (owner, current) if isinstance(v, Absent)), None)
    cid = Cid(view.hex("Cid.UniqueProcess", client_id), view.hex("Cid.UniqueThread", client_id))
    reason = Absent(_STALE) if running else enumerator(target, "KWAIT_REASON", view.int("Tcb.WaitReason"))
    stack = {name: view.pointer(f"Tcb.{name}", in_kernel) for name in ("StackLimit", "InitialStack", "StackBase")}
    kernel_stack = Absent(_STALE) if running else view.pointer("Tcb.KernelStack", in_kernel)
    problems = [
        *_kind_problems(view, cid, owner_id),
        *_enum_problems(view, State=state, WaitReason=reason),
        *_stack_problems(view, stack["StackLimit"], kernel_stack, stack["InitialStack"], stack["StackBase"]),
    ]
    # The arguments are read in this order, so what was read is known when its sources are asked for.
    return Thread(
        address=view.address,
        Cid=cid,
        State=state,
        WaitReason=reason,
        WaitMode=Absent(_STALE) if running else _mode(view.int("Tcb.WaitMode", at_most(1))),
        WaitIrql=Absent(_STALE) if running else view.int("Tcb.WaitIrql", at_most(31)),
        Priority=view.int("Tcb.Priority", priority, signed=True),
        BasePriority=view.int("Tcb.BasePriority", priority, signed=True),
        Teb=view.pointer("Tcb.Teb"),
        Win32StartAddress=_code(target, view, "Win32StartAddress"),
        StartAddress=_code(target, view, "StartAddress"),
        Process=owner,
        ApcStateProcess=current,
        attached=owner != current if attached is None else attached,
        InitialStack=stack["InitialStack"],
        StackLimit=stack["StackLimit"],
        StackBase=stack["StackBase"],
        KernelStack=kernel_stack,
        TrapFrame=Absent(_STALE) if running else view.pointer("Tcb.TrapFrame", maybe_null),
        KernelApcDisable=view.int("Tcb.KernelApcDisable", signed=True),
        SpecialApcDisable=view.int("Tcb.SpecialApcDisable", signed=True),
        ApcStateIndex=view.int("Tcb.ApcStateIndex", at_most(1)),
        ContextSwitches=view.int("Tcb.ContextSwitches"),
        WaitTime=view.int("Tcb.WaitTime"),
        KernelTime=view.int("Tcb.KernelTime"),
        UserTime=view.int("Tcb.UserTime"),
        CreateTime=created,
        ThreadName=view.pointer("ThreadName", maybe_null),
        CrossThreadFlags=view.hex("CrossThreadFlags"),
        NextProcessor=view.int("Tcb.NextProcessor"),
        IrpList=view.pointer("IrpList.Flink", maybe_null),
        source=view.source,
        fields=view.sources,
        problems=tuple(problems),
    )


def _process_id(target: Target, address: Address, known: OwnerIds | None) -> int | Absent:
    """Return the identifier of the process at *address*."""
    if known is None:
        return process(target, address).UniqueProcessId
    if address not in known:
        known[address] = process(target, address).UniqueProcessId
    return known[address]


def _mode(value: int | Absent) -> str | Absent:
    """Return the name of a ``MODE`` (wdm.h)."""
    if isinstance(value, Absent):
        return value
    return ("KernelMode", "UserMode")[value] if value < 2 else Absent(f"{value} is no processor mode")


def _code(target: Target, view: AnyView, path: str) -> CodeAddress | Absent:
    highest_user = 0x7FFFFFFFFFFF if target.machine.pointer_size == 8 else 0xBFFFFFFF

    def code(value: int) -> bool:
        return value <= highest_user or target.modules.find(value) is not None

    value = view.pointer(path, code)
    if isinstance(value, Absent):
        return value
    return code_address(target, value)


def _create_time(view: AnyView) -> FileTime | Absent:
    """Return when the thread was created. Up to Windows XP the low three bits are flags, and the time is shifted."""
    flagged = view.has("NestedFaultCount")
    value = view.int("CreateTime", lambda v: file_time(v >> 3 if flagged else v), anchor=True)
    if isinstance(value, Absent):
        return value
    return FileTime(value >> 3 if flagged else value) if value else Absent("not set")


def _belongs(cid: bytes, owner_id: int | Absent) -> bool:
    """Say whether *cid* can be the ``_CLIENT_ID`` of a thread of the process whose identifier is *owner_id*."""
    half = len(cid) // 2
    owner, thread_id = int.from_bytes(cid[:half], "little"), int.from_bytes(cid[half:], "little")
    if not isinstance(owner_id, Absent) and owner != owner_id:
        return False
    return client_id(owner) and client_id(thread_id) and 0 != thread_id != owner


def _kind_problems(view: AnyView, cid: Cid, owner_id: int | Absent) -> Iterator[Problem]:
    where = f"_ETHREAD {view.address}"
    kind = view.int("Tcb.Header.Type")
    if not isinstance(kind, Absent) and not is_of_type(kind, THREAD_OBJECT):
        yield Problem(where, f"its type is {kind}, not {THREAD_OBJECT}: this is no thread")
    said = cid.UniqueProcess
    if not isinstance(said, Absent) and not isinstance(owner_id, Absent) and said != owner_id:
        yield Problem(where, f"Cid.UniqueProcess is {said}, the UniqueProcessId of its process {owner_id}")


def _enum_problems(view: AnyView, **values: str | Absent) -> Iterator[Problem]:
    for name, value in values.items():
        if isinstance(value, Absent) and " is no K" in value.reason:
            yield Problem(f"_ETHREAD {view.address}", f"{name}: {value.reason}")


def _stack_problems(view: AnyView, *pointers: Address | Absent) -> Iterator[Problem]:
    """Check StackLimit < KernelStack <= InitialStack <= StackBase, as far as they are known."""
    names = ("StackLimit", "KernelStack", "InitialStack", "StackBase")
    known = [(name, value) for name, value in zip(names, pointers) if not isinstance(value, Absent)]
    for (low, a), (high, b) in zip(known, known[1:]):
        if a > b:
            yield Problem(f"_ETHREAD {view.address}", f"{low} {a} lies above {high} {b}")
