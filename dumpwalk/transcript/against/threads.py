"""``!thread``: threads with their waits, requests, times and stacks."""

from __future__ import annotations

from dumpwalk.kernel.thread_waits import WaitObject
from dumpwalk.record import replace
from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import Statement, compares
from dumpwalk.transcript.against.durations import lasted
from dumpwalk.transcript.against.marked import like
from dumpwalk.transcript.against.named import nth, statement, values
from dumpwalk.transcript.against.places import located, site_in
from dumpwalk.transcript.against.stacks import frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from dumpwalk.kernel.thread import Thread
    from dumpwalk.kernel.thread_details import ThreadDetails
    from dumpwalk.target import Target
    from dumpwalk.transcript.thread import ListedThread

# What of a thread is compared otherwise: objects that are not in the same order, names of images and of code.
_OTHERWISE = (
    *("address", "thread", "waits", "irps", "times", "waited_time", "process_name", "attached_name"),
    *("Win32StartAddress", "StartAddress", "attached"),
)
# Counted in ticks, and printed as time.
TIMES = ("UserTime", "KernelTime")
_KEPT_CHARACTERS = 14  # of an image's name, of which the kernel keeps a part


def at(record: Any, path: str) -> Any:
    """Return what *record* has at the names in *path*, or where that ends."""
    for name in path.split("."):
        if isinstance(record, Absent) or record is None:
            break
        record = getattr(record, name)
    return record


@compares("thread")
def thread(target: Target, said: ListedThread, command: str) -> Iterator[Statement | None]:
    """Compare a thread and its stack."""
    from dumpwalk.kernel.thread_details import thread_details

    details, own = said.details, said.details.thread
    held = thread_details(target, own.address)
    what, width = f"thread {own.address}", target.machine.pointer_size
    # Those that wait for a processor's scheduler are called ready, too.
    ready = held.thread.State == "DeferredReady" and own.State == "Ready" and not isinstance(own.NextProcessor, Absent)
    yield from values(what, own, held.thread, skip=(*_OTHERWISE, *["State"] * ready), pointer_size=width)
    yield from values(what, details, held, skip=_OTHERWISE, pointer_size=width)
    yield from _waits(target, what, details, held)
    yield from _requests(what, details, held, width)
    yield image_name(f"{what} Process image", details.process_name, held.process_name)
    yield image_name(f"{what} attached image", details.attached_name, held.attached_name)
    if own.attached is False:
        yield statement(f"{what} attached", own.attached, held.thread.attached)
    yield lasted(f"{what} time waited", details.waited_time, held.waited_time, "0:00:00:00.000")
    for name in TIMES:
        yield lasted(f"{what} {name}", getattr(details.times, name), getattr(held.times, name))
    yield from _starts(target, what, own, held.thread)
    if said.stack is not None:
        yield from frames(target, said.stack)


def image_name(what: str, said: str | Absent | None, held: Any) -> Statement | None:
    """Compare names of images; of long ones either side may have what the kernel keeps alone."""
    if isinstance(held, str) and isinstance(said, str) and min(len(said), len(held)) >= _KEPT_CHARACTERS:
        length = min(len(said), len(held))
        return statement(what, like(said[:length], said), held[:length])
    return statement(what, said, held)


def _waits(target: Target, what: str, said: ThreadDetails, held: ThreadDetails) -> Iterator[Statement | None]:
    for number, wait in enumerate(said.waits):
        there = nth(held.waits, number, held.problems)
        where = f"{what} wait object {number + 1}"
        yield statement(where, wait.address, getattr(there, "address", there), target.machine.pointer_size)
        if isinstance(there, WaitObject):
            there = replace(there, kind=there.kind if there.kind != "" else "none")
            yield from values(where, wait, there, skip=("address",), pointer_size=target.machine.pointer_size)


def _requests(what: str, said: ThreadDetails, held: ThreadDetails, width: int) -> Iterator[Statement | None]:
    by_address = {int(irp.address): irp for irp in held.irps}
    for number, irp in enumerate(said.irps):
        where = f"{what} IRP {number + 1}"
        there = by_address.get(int(irp.address)) or nth(held.irps, number, held.problems)
        yield statement(where, irp.address, getattr(there, "address", there), width)
        if not isinstance(there, (str, Absent)) and int(there.address) == int(irp.address):
            yield from values(where, irp, there, skip=("address",), pointer_size=width)


def _starts(target: Target, what: str, said: Thread, held: Thread) -> Iterator[Statement | None]:
    """Yield what a text says of where a thread began."""
    for name in ("Win32StartAddress", "StartAddress"):
        start, there = getattr(said, name), getattr(held, name)
        if isinstance(start, Absent):
            continue
        if name == "Win32StartAddress" and not isinstance(there, Absent) and not there.address:
            name, there = "StartAddress", held.StartAddress  # which is printed in place of none
        address = there if isinstance(there, Absent) else there.address
        yield statement(f"{what} {name}", start.address, address, target.machine.pointer_size)
        if not isinstance(start.where, Absent) and start.address:
            yield located(target, f"{what} {name} name", int(start.address), site_in(start.where))
