"""The lines that a debugger prints of a thread in a pasted text, in each form that its versions have had."""

from __future__ import annotations

from dumpwalk.kernel.thread_states import state_word
from dumpwalk.remarks import Absent
from dumpwalk.render import log_printed_frames as frames
from dumpwalk.render.durations import clock_time, day_time, elapsed_time, old_time
from dumpwalk.render.log_printed_frames import UNREAD, number
from dumpwalk.render.text import plain
from dumpwalk.transcript.values import NOT_SHOWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from dumpwalk.kernel.thread_details import ThreadDetails
    from dumpwalk.kernel.thread_waits import WaitObject

    Runs = Iterator[list[list[str]]]

_OTHER_WORDS = {"DeferredReady": "DEFERRED_READY", "GateWait": "GATE WAIT"}
_PRIORITIES = {
    "PriorityDecrement": "PriorityDecrement",
    "UnusualBoost": "UnusualBoost",
    "ForegroundBoost": "ForegroundBoost",
    "ThreadIoPriority": "IoPriority",
    "ThreadPagePriority": "PagePriority",
}


def thread(found: Any) -> Runs:
    """Yield what is printed of a thread that was read."""
    yield _heads(found)
    details: ThreadDetails = found.details
    more = found.wait_words or [""] * len(details.waits)
    for wait, words in zip(details.waits, more):
        yield [[f"{wait.address}{gap}{waited_for(wait, words)}"] for gap in ("  ", " ")]
    if details.irps:
        yield [["IRP List:"]]
    for irp in details.irps:
        kind = f"({number(irp.Type, '04x')},{number(irp.Size, '04x')})"
        yield [[f"{irp.address}: {kind} Flags: {number(irp.Flags, '08x')}  Mdl: {number(irp.MdlAddress)}"]]
    rest: dict[str, str] = dict(found.fields)
    for forms in _members(details):
        yield forms + [
            [*form[:-1], f"{form[-1]}{gap}{text}"]
            for form in forms
            for label, text in rest.items()
            if text and form[-1].startswith(label)
            for gap in (" ", "  ", "            ")
        ]
    for name, text in found.fields:
        yield labelled(name, text) if text else [[name], [f"{name}:"]]
    for said in found.remarks:
        yield [[f"({said})"]]
    if found.stack is not None:
        yield from frames.stack(found.stack)


def labelled(name: str, *texts: str) -> list[list[str]]:
    """Return a line with a label, in its forms: the text may have several."""
    return [[f"{name:{width}} {text}"] for text in texts for width in (25, 0, 23, 16)] + [
        [f"{name}: {text}"] for text in texts
    ]


def _word(value: Any) -> str:
    """Return a word, question marks for one that could not be read, nothing where there is none."""
    return "" if value is NOT_SHOWN or value is None else UNREAD if isinstance(value, Absent) else str(value)


def _heads(found: Any) -> list[list[str]]:
    details: ThreadDetails = found.details
    own, cid = details.thread, details.thread.Cid
    win32 = f" Win32Thread: {number(details.Win32Thread)}" if details.Win32Thread is not NOT_SHOWN else ""
    ids = [f"  Cid {number(cid.UniqueProcess, form)}.{number(cid.UniqueThread, form)}" for form in ("04x", "x")]
    word = state_word(_word(own.State))
    other = _OTHER_WORDS.get(_word(own.State), word)
    reason = f": ({_word(own.WaitReason)})" if own.WaitReason is not NOT_SHOWN else ""
    alertable = details.Alertable
    awoken = _word(alertable) if isinstance(alertable, Absent) else ("Non-Alertable", "Alertable")[alertable]
    ends = [f"{reason} {_word(own.WaitMode)} {awoken}".rstrip(), reason, ":"]
    if not isinstance(own.NextProcessor, Absent):
        ends.insert(0, f" on processor {own.NextProcessor:x}")
    rest = f" {found.remark}" if found.remark else ""
    heads = [
        f"THREAD {own.address}{ids_}  Teb: {number(own.Teb)}{win32} {state}{end}{rest}".rstrip()
        for ids_ in ids
        for state in dict.fromkeys((word, other))
        for end in ends
    ]
    return [[head] for head in heads] + [[head.replace("  ", " ")] for head in heads]


def waited_for(wait: WaitObject, words: str) -> str:
    """Return the words for an object that a thread waits for: those of the record, and *words* beside it."""
    kind = _word(wait.kind)
    if kind == "Mutant" and wait.OwnerThread is not NOT_SHOWN:
        kind += f" - owning thread {number(wait.OwnerThread)}"
    elif kind == "Semaphore" and wait.Limit is not NOT_SHOWN:
        kind += f" Limit {number(wait.Limit, '#x')}"
    return f"{'NotificationEvent' if wait.kind == '' else kind} {words}".strip()


def _members(details: ThreadDetails) -> Runs:
    own = details.thread
    token = details.impersonation
    if token is None:
        yield [["Not impersonating"]]
    elif isinstance(token, Absent):
        yield from _shown("Impersonation token:", token)
    else:
        yield labelled("Impersonation token:", f" {number(token.Token)} (Level {_word(token.ImpersonationLevel)})")
    yield from _shown("DeviceMap", details.DeviceMap)
    if own.Process is not NOT_SHOWN:
        yield _process("Owning", number(own.Process), _word(details.process_name))
    if own.attached is False:
        yield _process("Attached", "N/A", "N/A")
    elif own.attached is not NOT_SHOWN:
        yield _process("Attached", number(own.ApcStateProcess), _word(details.attached_name))
    if own.WaitTime is not NOT_SHOWN:
        yield _wait_time(details)
    if own.ContextSwitches is not NOT_SHOWN:
        ideal = details.IdealProcessor
        said = "" if ideal is NOT_SHOWN else f" IdealProcessor: {number(ideal)}"
        yield labelled("Context Switch Count", f"{number(own.ContextSwitches):14}{said}".rstrip())
    for label, time in (("UserTime", details.times.UserTime), ("KernelTime", details.times.KernelTime)):
        if time is not NOT_SHOWN:
            yield labelled(label, clock_time(time), old_time(time), elapsed_time(time))
    yield from _starts(details)
    if own.InitialStack is not NOT_SHOWN or own.StackBase is not NOT_SHOWN:
        yield _stack(details)
    if own.Priority is not NOT_SHOWN:
        shown = [("Priority", own.Priority), ("BasePriority", own.BasePriority)]
        shown += [(word, getattr(details, name)) for name, word in _PRIORITIES.items()]
        words = [f"{label} {number(value)}" for label, value in shown if value is not NOT_SHOWN]
        yield [[gap.join(words)] for gap in (" ", "  ")]
    if details.name is not None and details.name is not NOT_SHOWN:
        yield labelled("ThreadName", _word(details.name))
    if details.KernelStackResident is False:
        yield [["Kernel stack not resident."], ["Kernel stack not resident"]]


def _shown(label: str, value: Any) -> Runs:
    if value is not NOT_SHOWN:
        yield labelled(label, number(value))


def _process(word: str, address: str, image: str) -> list[list[str]]:
    at = address.replace("`", "")
    lines = [f"{word + ' Process':25} {at:{width}}       Image:         {image}".rstrip() for width in (0, 8)]
    return [[line] for line in lines] + [[f"{word} Process {at}"], [f"{word + ' Process':25} {at}"]]


def _wait_time(details: ThreadDetails) -> list[list[str]]:
    began, ticks, time = number(details.thread.WaitTime), details.waited, details.waited_time
    lasted = f" ({day_time(time)})" if not isinstance(time, Absent) else ""
    since = f" Ticks: {number(ticks)}{lasted}" if ticks is not NOT_SHOWN else ""
    return labelled("Wait Start TickCount", f"{began:14}{since}".rstrip()) + labelled("WaitTime (ticks)", began)


def _starts(details: ThreadDetails) -> Runs:
    own = details.thread
    for label, start in (("Win32 Start Address", own.Win32StartAddress), ("Start Address", own.StartAddress)):
        if isinstance(start, Absent):
            yield from _shown(label, start)
        elif isinstance(start.where, Absent):
            yield [[f"{label} 0x{plain(start.address)}"], [f"{label} {plain(start.address)}"]]
        else:
            yield [[f"{label} {start.where} ({mark}{plain(start.address)})"] for mark in ("0x", "")]


def _stack(details: ThreadDetails) -> list[list[str]]:
    own, depth = details.thread, details.CallbackDepth
    current, first = number(details.KernelStack), number(own.InitialStack)
    init = f"Stack Init {first}" + (f" Current {current}" if details.KernelStack is not NOT_SHOWN else "")
    call = f" Call {depth:x}" if not isinstance(depth, Absent) else ""
    base = f"Base {number(own.StackBase)} Limit {number(own.StackLimit)}{call}"
    return [[f"{init} {base}"], [init, base], [init], [f"Initial Sp {first} Current Sp {current}"]]
