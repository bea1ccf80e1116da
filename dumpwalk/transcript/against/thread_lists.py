"""``!ready``, ``!stacks``, ``!dpcs``, mex's ``!t`` and ``!tl``: threads, processes and calls, a line each."""

from __future__ import annotations

from dumpwalk.errors import Error
from dumpwalk.kernel.thread_states import state_called
from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import Statement, compares
from dumpwalk.transcript.against.marked import like
from dumpwalk.transcript.against.named import nth, statement
from dumpwalk.transcript.against.places import located
from dumpwalk.transcript.against.threads import at, image_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from dumpwalk.target import Target
    from dumpwalk.transcript.blocked_threads import BlockedThread, BlockedThreads
    from dumpwalk.transcript.mex_threads import MexThread
    from dumpwalk.transcript.process_tree import ProcessTree
    from dumpwalk.transcript.ready_threads import ReadyQueues, ReadyThread
    from dumpwalk.transcript.timers import DpcListing

_BLOCKED = {"Blocked": "Waiting", "BLOCKED": "Waiting"}
# Columns below a thread of mex, and where the record has them.
_PRIORITIES = {
    "Current": "thread.Priority",
    "Base": "thread.BasePriority",
    "Decrement": "UnusualBoost",  # which the kernel keeps beside the boost, as one PriorityDecrement
    "ForegroundBoost": "ForegroundBoost",
    "IO": "ThreadIoPriority",
    "Page": "ThreadPagePriority",
}
_ONE_QUEUE = "Normal"  # so the debugger calls the only one that old kernels have


@compares("ready")
def ready(target: Target, said: ReadyQueues, command: str) -> Iterator[Statement | None]:
    """Compare threads that are ready to run."""
    for queue in said.queues:
        for listed in queue.threads:
            yield from _ready(target, listed, queue.priority)


def _ready(target: Target, said: ReadyThread, priority: int | None) -> Iterator[Statement | None]:
    from dumpwalk.kernel.thread_details import thread_details

    held = thread_details(target, said.address)
    own, what, width = held.thread, f"thread {target.address(said.address)}", target.machine.pointer_size
    yield from _identifiers(what, said, own)
    yield statement(f"{what} Teb", said.teb, own.Teb, width)
    yield statement(f"{what} Win32Thread", said.win32_thread, held.Win32Thread, width)
    yield statement(f"{what} State", like(state_called(said.state) or said.state, said.state), own.State)
    yield statement(f"{what} processor", said.processor, own.NextProcessor)
    yield statement(f"{what} Priority", priority, own.Priority)


def _identifiers(what: str, said: ReadyThread | BlockedThread | MexThread, own: Any) -> Iterator[Statement | None]:
    yield statement(f"{what} Cid.UniqueProcess", said.process_id, own.Cid.UniqueProcess)
    yield statement(f"{what} Cid.UniqueThread", said.thread_id, own.Cid.UniqueThread)


@compares("blocked-threads")
def blocked(target: Target, said: BlockedThreads, command: str) -> Iterator[Statement | None]:
    """Compare threads; of their frames no addresses are printed."""
    from dumpwalk.kernel.thread_details import thread_details

    for listed in said.threads:
        held = thread_details(target, listed.address)
        own, what = held.thread, f"thread {target.address(listed.address)}"
        yield from _identifiers(what, listed, own)
        state = _BLOCKED.get(listed.state) or state_called(listed.state) or None
        yield statement(f"{what} State", like(state, listed.state), own.State)
        yield statement(f"{what} ticks", listed.ticks, held.waited)
        yield statement(f"{what} Process", listed.process_address, own.Process, target.machine.pointer_size)
        yield image_name(f"{what} Process image", listed.process, held.process_name)


@compares("mex-thread")
def of_mex(target: Target, said: MexThread, command: str) -> Iterator[Statement | None]:
    """Compare a thread of kernel mode; its times are rounded in ways of their own."""
    from dumpwalk.kernel.thread_details import thread_details

    if said.address is None:
        return
    width = target.machine.pointer_size
    held = thread_details(target, said.address)
    own, what = held.thread, f"thread {target.address(said.address)}"
    yield from _identifiers(what, said, own)
    yield statement(f"{what} Teb", said.teb, own.Teb, width)
    yield statement(f"{what} Process", said.process_address, own.Process, width)
    yield image_name(f"{what} Process image", said.process, held.process_name)
    if said.attached_address is not None:
        yield statement(f"{what} ApcState.Process", said.attached_address, own.ApcStateProcess, width)
        yield image_name(f"{what} attached image", said.attached, held.attached_name)
    yield statement(f"{what} ContextSwitches", said.context_switches, own.ContextSwitches)
    state, _, processor = said.state.partition(" on processor ")
    yield statement(f"{what} State", like(state, said.state), own.State)
    if state == "Waiting":
        yield statement(f"{what} WaitReason", said.wait_reason, own.WaitReason)
    if processor.isascii() and processor.isdecimal() and len(processor) < 9:
        yield statement(f"{what} processor", like(int(processor), said.state), own.NextProcessor)
    for number, one in enumerate(said.objects):
        there = nth(held.waits, number, held.problems)
        yield statement(f"{what} wait object {number + 1}", one.address, getattr(there, "address", there), width)
    for name, path in _PRIORITIES.items():
        yield statement(f"{what} {path.rpartition('.')[2]}", said.priorities.get(name), at(held, path))


@compares("process-tree")
def tree(target: Target, said: ProcessTree, command: str) -> Iterator[Statement | None]:
    """Compare processes."""
    from dumpwalk.kernel.process import process

    for listed in said.processes:
        held, what = process(target, listed.address), f"process {target.address(listed.address)}"
        yield statement(f"{what} UniqueProcessId", listed.process_id, held.UniqueProcessId)
        yield image_name(f"{what} Image", listed.image, held.ImageFileName)


@compares("dpcs")
def waiting_calls(target: Target, said: DpcListing, command: str) -> Iterator[Statement | None]:
    """Compare deferred procedure calls, each with the queues of its processor."""
    from dumpwalk.kernel.pcr import control_region

    width = target.machine.pointer_size
    queues: dict[int, Any] = {}
    for dpc in said.dpcs:
        number = int(dpc.processor)
        if number not in queues:
            try:
                queues[number] = control_region(target, number).DpcQueue
            except Error as error:
                queues[number] = Absent(str(error))
        what, queue = f"DPC {target.address(dpc.address)}", queues[number]
        there = queue
        if not isinstance(queue, Absent):
            there = next((q for q in queue if q.address == target.address(dpc.address)), None)
        if there is None or isinstance(there, Absent):
            yield statement(f"{what} of processor {number}", dpc.address, there or Absent("it is in no queue of it"))
            continue
        yield statement(f"{what} queue", dpc.type, there.queue or _ONE_QUEUE)
        yield statement(f"{what} routine", dpc.routine, there.DeferredRoutine, width)
        if dpc.function is not None:
            yield located(target, f"{what} routine name", int(dpc.routine), dpc.function)
