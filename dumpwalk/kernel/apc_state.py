"""APCs of a thread: whether they can be delivered, which wait to be, and in which process.

A thread has two ``_KAPC_STATE`` structures. ``ApcState`` is that of the address space it uses now; while it is
attached to another process (``KeStackAttachProcess``), ``ApcStateIndex`` is 1 and ``SavedApcState`` keeps its own.
"""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.kernel.code_address import CodeAddress, code_address
from dumpwalk.kernel.views import view_of
from dumpwalk.memory.address import Address, Hex
from dumpwalk.memory.chain import linked_list
from dumpwalk.objects.members import hexadecimal, integer, pointer
from dumpwalk.objects.sizes import offset_of
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.kernel.views import AnyView
    from dumpwalk.target import Target

# ApcObject of KOBJECTS (public symbols): the Type of each _KAPC.
APC_OBJECT = 0x12
_MOST_APCS = 4096
# The same for all threads that are looked at; lists may lead into each other.
_MOST_APCS_OF_ALL = 1 << 16
_MODES = ("kernel", "user")


@record
class Apc:
    """A ``_KAPC``. Names are NT's.

    :param kind: ``special kernel`` (no NormalRoutine), ``normal kernel`` or ``user``
    :param NormalRoutine: ``None`` for an APC that has none: its KernelRoutine does it all
    """

    address: Address
    Type: Hex | Absent
    kind: str | Absent
    Thread: Address | Absent
    KernelRoutine: CodeAddress | Absent | None
    RundownRoutine: CodeAddress | Absent | None
    NormalRoutine: CodeAddress | Absent | None
    NormalContext: Address | Absent
    SystemArgument1: Address | Absent
    SystemArgument2: Address | Absent
    ApcStateIndex: int | Absent
    ApcMode: int | Absent
    Inserted: bool | Absent


@record
class ApcList:
    """One of a state's two lists: ``mode`` is ``kernel`` or ``user``."""

    head: Address | Absent
    mode: str
    apcs: tuple[Apc, ...]


@record
class ApcState:
    """A ``_KAPC_STATE`` of a thread.

    :param name: ``ApcState`` or ``SavedApcState``
    :param Process: whose address space it is of
    :param SpecialApcInProgress: absent before Windows 8.1
    """

    name: str
    Process: Address | Absent
    KernelApcInProgress: bool | Absent
    SpecialApcInProgress: bool | Absent
    KernelApcPending: bool | Absent
    UserApcPending: bool | Absent
    lists: tuple[ApcList, ...]


@record
class ThreadApcs:
    """The APCs of a thread.

    :param states: ``ApcState``, and ``SavedApcState`` where it is in use
    """

    thread: Address
    ApcStateIndex: int | Absent
    KernelApcDisable: int | Absent
    SpecialApcDisable: int | Absent
    states: tuple[ApcState, ...]
    problems: tuple[Problem, ...]


@record
class ProcessApcs:
    """The APCs of a process's threads; threads without any are left out."""

    address: Address
    ImageFileName: str | Absent
    threads: tuple[ThreadApcs, ...]


def thread_apcs(target: Target, address: int, view: AnyView | None = None) -> ThreadApcs:
    """Return the APCs of the thread at *address*.

    :param view: a view of it, where the caller has one
    """
    view = view or view_of(target, "_ETHREAD", address)
    problems: list[Problem] = []
    index = view.int("Tcb.ApcStateIndex")
    names = ("ApcState", "SavedApcState") if not isinstance(index, Absent) and index else ("ApcState",)
    return ThreadApcs(
        thread=view.address,
        ApcStateIndex=index,
        # Windows XP counts both kinds in one number of 32 bits.
        KernelApcDisable=view.int("Tcb.KernelApcDisable", signed=True),
        SpecialApcDisable=view.int("Tcb.SpecialApcDisable", signed=True),
        states=tuple(_state(target, view, name, problems) for name in names),
        problems=tuple(problems),
    )


def has_apcs(view: AnyView) -> bool:
    """Say whether a list of the thread in *view* may hold an APC: its head does not lead to itself."""
    places = view.layout.places("Tcb.ApcState.ApcListHead")
    heads = view.data("Tcb.ApcState.ApcListHead")
    if isinstance(heads, Absent) or not places:
        return False
    width = view.machine.pointer_size
    head = view.address + places[0].offset
    return any(
        int.from_bytes(heads[at : at + width], "little") not in (0, int(view.machine.address(head + at)))
        for at in (0, 2 * width)
    )


def _state(target: Target, view: AnyView, name: str, problems: list[Problem]) -> ApcState:
    path = f"Tcb.{name}"
    places = view.layout.places(f"{path}.ApcListHead")
    lists = []
    if not places:
        problems.append(Problem(f"_ETHREAD {view.address}", view.layout.why_not(f"{path}.ApcListHead")))
    else:
        width = 2 * target.machine.pointer_size
        for n, mode in enumerate(_MODES):
            head = target.address(view.address + places[0].offset + n * width)
            lists.append(ApcList(head, mode, _apcs(target, head, f"_ETHREAD {view.address}: {name}", problems)))
    user = view.int(f"{path}.UserApcPending")
    return ApcState(
        name=name,
        Process=view.pointer(f"{path}.Process"),
        KernelApcInProgress=_truth(view.int(f"{path}.KernelApcInProgress")),
        SpecialApcInProgress=_truth(view.int(f"{path}.SpecialApcInProgress")),
        KernelApcPending=_truth(view.int(f"{path}.KernelApcPending")),
        UserApcPending=_truth(user),
        lists=tuple(lists),
    )


def _truth(value: int | Absent) -> bool | Absent:
    return value if isinstance(value, Absent) else bool(value)


def _apcs(target: Target, head: Address, where: str, problems: list[Problem]) -> tuple[Apc, ...]:
    try:
        at = offset_of(target.types, "_KAPC", "ApcListEntry")
    except TypeInfoError as error:
        problems.append(Problem(where, str(error)))
        return ()
    left = target.kept.setdefault("apcs left", _MOST_APCS_OF_ALL)
    chain = linked_list(target.memory, target.machine, head, min(left, _MOST_APCS))
    target.kept["apcs left"] = left - len(chain.addresses)
    problems += [Problem(where, text) for text in chain.problems]
    found = []
    for link in chain.addresses:
        one = apc(target, link - at)
        if not isinstance(one.Type, Absent) and one.Type != APC_OBJECT:
            problems.append(Problem(where, f"{one.address} has type {one.Type}, not {APC_OBJECT:#x}: no APC"))
        found.append(one)
    return tuple(found)


def apc(target: Target, address: int) -> Apc:
    """Return the ``_KAPC`` at *address*.

    :raises TypeInfoError: when the types of this kernel are not known
    """
    found = target.object("_KAPC", address)
    mode = integer(found, "ApcMode")
    normal = _routine(target, found, "NormalRoutine")
    kind: str | Absent = mode if isinstance(mode, Absent) else Absent(f"{mode} is no processor mode")
    if not isinstance(mode, Absent) and mode in (0, 1):
        kind = _MODES[mode] if mode else f"{'special' if normal is None else 'normal'} kernel"
    type = hexadecimal(found, "Type")
    inserted = integer(found, "Inserted")
    return Apc(
        address=target.address(address),
        Type=type if isinstance(type, Absent) else Hex(type & 0xFF),
        kind=kind,
        Thread=pointer(found, "Thread"),
        KernelRoutine=_routine(target, found, "KernelRoutine"),
        RundownRoutine=_routine(target, found, "RundownRoutine"),
        NormalRoutine=normal,
        NormalContext=pointer(found, "NormalContext"),
        SystemArgument1=pointer(found, "SystemArgument1"),
        SystemArgument2=pointer(found, "SystemArgument2"),
        ApcStateIndex=integer(found, "ApcStateIndex"),
        ApcMode=mode,
        Inserted=_truth(inserted),
    )


def _routine(target: Target, apc: Any, name: str) -> CodeAddress | Absent | None:
    value = pointer(apc, name)
    if isinstance(value, Absent):
        return value
    return code_address(target, value) if value else None
