"""The lines below a thread of ``!thread``: the members of its record, and what of them no member is."""

from __future__ import annotations

import re
from functools import lru_cache

from dumpwalk.kernel.code_address import IN_NO_MODULE, CodeAddress
from dumpwalk.kernel.impersonation import Impersonation
from dumpwalk.kernel.thread_waits import KINDS, WaitObject
from dumpwalk.memory.address import Address
from dumpwalk.remarks import Absent
from dumpwalk.transcript.values import NOT_SHOWN, UNREADABLE, address, integer, interval, pointer, reasoned

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


# A reason stands behind question marks in reports of this program alone.
REASON = r"\?{4}(?: \([^()]*(?:\([^()]*\)[^()]*)*\))?"
_HALVES = "[0-9a-f]{8}`[0-9a-f]{8}"
_A = rf"({_HALVES}|[0-9a-f]{{8,16}}|{REASON})"
_N = rf"(-?[0-9]{{1,20}}|{REASON})"
_REST = r"(?:[ ]+(\S.*))?\Z"
_TIME = r"([0-9]{1,9}(?::[0-9]{1,2})?:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,7})?)"
# The depth of calls into user mode; since Windows 8 there is none, and a pointer is printed.
_CALL = r"(?:[ ]+Call ([0-9a-f]{1,7}))?"
_OWN, _DETAILS, _OF_TIMES = 0, 1, 2  # the records whose members there are: Thread, ThreadDetails, Times


def _pointer(text: str) -> Address | Absent:
    if text[0] == "?":
        return reasoned(text)
    return Address(int(text, 16)) if len(text) == 16 else address(text)


def _count(text: str) -> int | Absent:
    return reasoned(text) if text[0] == "?" else int(text)


def _depth(text: str) -> int:
    return int(text, 16)


# By label, what stands behind it, and the members that its groups are.
_ROWS: dict[str, tuple[re.Pattern[str], tuple[tuple[int, str, Callable[[str], Any]], ...]]] = {
    "DeviceMap": (re.compile(_A + _REST), ((_DETAILS, "DeviceMap", _pointer),)),
    "Wait Start TickCount": (
        re.compile(rf"{_N}(?:[ ]+Ticks: {_N})?(?:[ ]+\({_TIME}\))?{_REST}"),
        ((_OWN, "WaitTime", _count), (_DETAILS, "waited", _count), (_DETAILS, "waited_time", interval)),
    ),
    "WaitTime (ticks)": (re.compile(_N + _REST), ((_OWN, "WaitTime", _count),)),
    "Context Switch Count": (
        re.compile(rf"{_N}(?:[ ]+IdealProcessor: {_N})?{_REST}"),
        ((_OWN, "ContextSwitches", _count), (_DETAILS, "IdealProcessor", _count)),
    ),
    "Stack Init": (
        re.compile(rf"{_A}(?:[ ]+Current {_A})?(?:[ ]+Base {_A}[ ]+Limit {_A})?{_CALL}{_REST}"),
        (
            (_OWN, "InitialStack", _pointer),
            (_DETAILS, "KernelStack", _pointer),
            (_OWN, "StackBase", _pointer),
            (_OWN, "StackLimit", _pointer),
            (_DETAILS, "CallbackDepth", _depth),
        ),
    ),
    "Initial Sp": (
        re.compile(rf"{_A}(?:[ ]+Current Sp {_A})?{_REST}"),
        ((_OWN, "InitialStack", _pointer), (_DETAILS, "KernelStack", _pointer)),
    ),
    "Base": (
        re.compile(rf"{_A}(?:[ ]+Limit {_A})?{_CALL}{_REST}"),
        (
            (_OWN, "StackBase", _pointer),
            (_OWN, "StackLimit", _pointer),
            (_DETAILS, "CallbackDepth", _depth),
        ),
    ),
    "Priority": (
        re.compile(
            rf"{_N}(?:[ ]+BasePriority {_N})?(?:[ ]+PriorityDecrement {_N})?(?:[ ]+UnusualBoost {_N})?"
            rf"(?:[ ]+ForegroundBoost {_N})?(?:[ ]+IoPriority {_N})?(?:[ ]+PagePriority {_N})?"
            rf"(?:[ ]+Context Switch Count {_N})?{_REST}"
        ),
        (
            (_OWN, "Priority", _count),
            (_OWN, "BasePriority", _count),
            (_DETAILS, "PriorityDecrement", _count),
            (_DETAILS, "UnusualBoost", _count),
            (_DETAILS, "ForegroundBoost", _count),
            (_DETAILS, "ThreadIoPriority", _count),
            (_DETAILS, "ThreadPagePriority", _count),
            (_OWN, "ContextSwitches", _count),
        ),
    ),
    "KernelApcDisable": (
        re.compile(rf"{_N}(?:[ ]+SpecialApcDisable {_N})?(?:[ ]+ApcStateIndex {_N})?{_REST}"),
        ((_OWN, "KernelApcDisable", _count), (_OWN, "SpecialApcDisable", _count), (_OWN, "ApcStateIndex", _count)),
    ),
}
# A name with a space before the number in brackets, a number alone, or a reason.
_NAMED = re.compile(rf"(\S.*?) \((0x)?({_HALVES}|[0-9a-f]{{4,16}})\)\Z")
_BARE = re.compile(rf"(?:0x)?({_HALVES}|[0-9a-f]{{4,16}})\Z")
_TOKEN = re.compile(rf"({_HALVES}|[0-9a-f]{{8,16}}|\?{{4}})(?: \(Level (\w+|\?{{4}})\))?\Z")
_NOTHING = object()
_KINDS = frozenset(KINDS.values())
_OWNER = re.compile(rf"- owning thread ({_HALVES}|[0-9a-f]{{8,16}}|\?{{4}})\Z")
_LIMIT = re.compile(r"Limit (-?0x[0-9a-f]{1,16}|\?{4})\Z")


def members(lines: list[tuple[str, str]]) -> tuple[tuple[dict[str, Any], ...], list[tuple[str, str]]]:
    """Return the members of a thread, of its details and of its times that *lines* show, and what is none of these.

    :param lines: labels and texts; of a label twice the first is believed
    """
    found: tuple[dict[str, Any], ...] = {}, {}, {}
    rest: list[tuple[str, str]] = []
    for label, text in lines:
        row = _ROWS.get(label)
        if row is None:
            if not _other(label, text, found):
                rest.append((label, text))
            continue
        pattern, cells = row
        line = pattern.match(text)
        if line is None or cells[0][1] in found[cells[0][0]]:
            rest.append((label, text))
            continue
        texts = line.groups()
        for (of, name, convert), cell in zip(cells, texts):
            if cell is not None:
                found[of][name] = convert(cell)
        if texts[-1]:
            rest.append((label, texts[-1]))
    return found, rest


def _other(label: str, text: str, found: tuple[dict[str, Any], ...]) -> bool:
    """Take a line of its own form, if it shows a member."""
    known = _OTHERS.get(label)
    if known is None:
        return False
    of, name, convert = known
    value = convert(text)
    if value is _NOTHING or name in found[of]:
        return False
    found[of][name] = value
    return True


@lru_cache(maxsize=1024)  # all zeros, most of the time
def _time(text: str) -> Any:
    time = interval(text)
    return _NOTHING if time is None else time


def _token(text: str) -> Any:
    token = _TOKEN.match(text)
    if token is None or (token[2] is None and text[0] != "?"):
        return _NOTHING
    if token[2] is None:
        return reasoned(text)
    return Impersonation(pointer(token[1]), UNREADABLE if "?" in token[2] else token[2])


@lru_cache(maxsize=1024)  # threads of pools have one in common
def _start(text: str) -> Any:
    if found := _NAMED.match(text):
        where = IN_NO_MODULE if found[1] == "no module" and not found[2] else found[1]
        return CodeAddress(address(found[3]), where)
    if found := _BARE.match(text):
        return CodeAddress(address(found[1]), NOT_SHOWN)
    return reasoned(text) if text[:4] == "????" else _NOTHING


_OTHERS: dict[str, tuple[int, str, Callable[[str], Any]]] = {
    "UserTime": (_OF_TIMES, "UserTime", _time),
    "KernelTime": (_OF_TIMES, "KernelTime", _time),
    "Win32 Start Address": (_OWN, "Win32StartAddress", _start),
    "Start Address": (_OWN, "StartAddress", _start),
    "ThreadName": (_DETAILS, "name", lambda text: text),
    "Impersonation token": (_DETAILS, "impersonation", _token),
    "Not impersonating": (_DETAILS, "impersonation", lambda text: _NOTHING if text else None),
    "Kernel stack not resident": (_DETAILS, "KernelStackResident", lambda text: _NOTHING if text else False),
    "Kernel stack not resident.": (_DETAILS, "KernelStackResident", lambda text: _NOTHING if text else False),
}


def wait_object(at: str, text: str) -> tuple[WaitObject, str]:
    """Return what a thread waits for, and what of the debugger's words for it the record does not say."""
    place = address(at)
    if text == "????":
        return WaitObject(NOT_SHOWN, place, UNREADABLE), ""
    kind, _, more = text.partition(" ")
    if kind not in _KINDS:
        return WaitObject(NOT_SHOWN, place, NOT_SHOWN, NOT_SHOWN, NOT_SHOWN), text
    if kind == "Mutant":
        owner = _OWNER.match(more)
        shown = NOT_SHOWN if owner is None else pointer(owner[1])
        return WaitObject(NOT_SHOWN, place, kind, shown), "" if owner else more
    if kind == "Semaphore":
        limit = _LIMIT.match(more)
        count = NOT_SHOWN if limit is None else integer(limit[1], 16)
        return WaitObject(NOT_SHOWN, place, kind, None, count), "" if limit else more
    # A wait for no object: the debugger reads nothing there, and takes that for the first kind.
    nothing = kind == "NotificationEvent" and place == type(place)(0xFFFFFFFFFFFFFFFF)
    return WaitObject(NOT_SHOWN, place, "" if nothing else kind), more
