"""What ``irp`` prints of any request, in columns and with all fields, is read back as that request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st
from record_strategies import ABSENT, FLAGS, PLACES, Strategy, numbers, paths, places, record_of
from round_trips import AT_FOOT, IN_COMMAND, NOT_PRINTED, Case, each, not_null, replaced, run
from shown import Shown

from dumpwalk.commands import irp
from dumpwalk.kernel.constants import flags, name_of
from dumpwalk.kernel.io_stack import names as function_names
from dumpwalk.kernel.irp import Irp
from dumpwalk.kernel.irp_completion import Completion
from dumpwalk.kernel.routine import Routine
from dumpwalk.memory.address import Hex
from dumpwalk.remarks import Absent, Problem
from dumpwalk.transcript.values import pointer

MAJORS = tuple((code, name_of("irp_major", code)) for code in range(0x1E))
_ASYNC = "Overlay.AsynchronousParameters"


def requests(detail: bool) -> Callable[[bool], Strategy]:
    def of(wide: bool) -> Strategy:
        routine = st.one_of(record_of(Routine, wide, {"name": PLACES}), ABSENT)
        byte, char = st.integers(0, 0xFF), st.integers(-128, 127)
        code = st.one_of(byte.map(Hex), ABSENT)
        given = {
            "signature": st.just(True), "Flags": st.one_of(numbers(False), ABSENT), "*.flag_names": FLAGS,
            "IoStatus.Status": st.one_of(numbers(False), ABSENT), "*.CompletionRoutine": routine,
            "RequestorMode": st.one_of(char, ABSENT), "ApcEnvironment": st.one_of(char, ABSENT),
            "CancelRoutine": routine, "StackCount": st.one_of(char, ABSENT), "CurrentLocation": st.one_of(char, ABSENT),
            "CancelIrql": st.one_of(byte, ABSENT), "IrpExtension": st.one_of(places(wide), st.none()),
            "locations[].driver": st.one_of(st.none(), paths(), ABSENT),
            "completion": st.one_of(st.none(), record_of(Completion, wide)),
            "locations[].arguments": st.lists(st.one_of(numbers(wide), ABSENT), min_size=4, max_size=4).map(tuple),
            "locations[].MajorFunction": st.one_of(st.integers(0, 0x1E).map(Hex), code),
            "locations[].MinorFunction": st.one_of(st.integers(0, 9).map(Hex), code),
            "locations[].Flags": code, "locations[].Control": code,
            "CurrentStackLocation": st.one_of(places(wide), ABSENT),
            "state": st.sampled_from(["in a driver", "not sent", "completed"]),
        }  # fmt: skip
        return record_of(Irp, wide, given).map(lambda found: irp.IrpAnswer(_irp(found), "", detail))

    return of


def _irp(found: Irp) -> Any:
    current = next((n for n, one in enumerate(found.locations) if one.current), None)
    locations = []
    for n, one in enumerate(found.locations):
        major, minor = function_names(one.MajorFunction, one.MinorFunction)
        names = tuple(f"SL_{name}" for name in one.flag_names)
        control = flags("io_stack_control", one.Control)
        locations.append(
            replaced(one, current=n == current, major=major, minor=minor, flag_names=names, control_names=control)
        )
    found = replaced(found, locations=tuple(locations))
    return found if found.MasterIrp is None else replaced(found, SystemBuffer=None)


def view(found: Any) -> dict[str, Any]:
    """Lay a read IRP out by the names of members: its locations, its buffer, the rows of the detailed part."""
    kind, _, at = found.buffer.partition("=")
    rows = {name: value for name, value, _ in found.fields}
    behind = {name: text for name, _, text in found.fields if text}
    out = {
        **{name: getattr(found, name) for name in found._fields_ if name not in ("fields", "buffer", "state")},
        "locations": tuple(map(_location, found.locations)),
        {"System buffer": "SystemBuffer", "Master Irp": "MasterIrp"}.get(kind, "buffer"): pointer(at) if at else None,
    }
    if not rows:
        return out
    high, low = (rows.pop(f"Overlay.AllocationSize.{part}Part") for part in ("High", "Low"))
    return {
        **out,
        **{name: rows.pop(name) for name in ("Flags", "RequestorMode", "Cancel", "CancelIrql", "ApcEnvironment")},
        **{name: rows.pop(name) for name in ("UserIosb", "UserEvent", "UserBuffer")},
        **{name: rows.pop(f"{_ASYNC}.{name}") for name in ("UserApcRoutine", "UserApcContext")},
        **{name: rows.pop(f"Tail.Overlay.{name}") for name in ("AuxiliaryBuffer", "OriginalFileObject")},
        "CancelRoutine": _routine(rows.pop("CancelRoutine"), behind.pop("CancelRoutine", "")),
        "AllocationSize": high if isinstance(high, Absent) else high << 32 | low,
        "IoStatus": {name: rows.pop(f"IoStatus.{name}") for name in ("Status", "Information")},
        "ThreadListEntry": tuple(rows.pop(f"ThreadListEntry.{link}") for link in ("Flink", "Blink")),
        "ListEntry": tuple(rows.pop(f"Tail.Overlay.ListEntry.{link}") for link in ("Flink", "Blink")),
        "DeviceQueueEntry": rows.pop("&Tail.Overlay.DeviceQueueEntry"),
        "CompletionKey": rows.pop("Tail.CompletionKey"),
        "flag_names": tuple(filter(None, behind.pop("Flags", "").split(", "))),
        "more": {**rows, **{f"{name} behind": text for name, text in behind.items()}},
    }


def _routine(at: Any, name: str) -> Any:
    return at if isinstance(at, Absent) else {"address": at, "name": name}


def _location(found: Any) -> dict[str, Any]:
    out = {name: getattr(found, name) for name in found._fields_ if name not in ("routine", "control_words")}
    words = {"Success": "SL_INVOKE_ON_SUCCESS", "Error": "SL_INVOKE_ON_ERROR", "Cancel": "SL_INVOKE_ON_CANCEL"}
    said = {words.get(word, "SL_PENDING_RETURNED") for word in found.control_words}
    names = flags("io_stack_control", found.Control)
    assert said == set(names) & {*words.values(), "SL_PENDING_RETURNED"}
    routine = _routine(found.CompletionRoutine, found.routine)
    return {**out, "control_names": names, "CompletionRoutine": routine}


def as_printed(answer: irp.IrpAnswer) -> Any:
    """Return the request without the names that its lines leave out: of location that nobody filled in, of minor 0."""
    locations = []
    for one in answer.irp.locations:
        empty = one.DeviceObject == 0 and not one.MajorFunction and not one.MinorFunction
        major = "" if empty else one.major
        named = one.MinorFunction != 0 or major in ("IRP_MJ_PNP", "IRP_MJ_POWER", "IRP_MJ_SYSTEM_CONTROL")
        locations.append(replaced(one, major=major, minor=one.minor if named and not empty else ""))
    return replaced(answer.irp, locations=tuple(locations))


def byte(value: Any) -> Any:
    return value if isinstance(value, Absent) else value & 0xFF


DETAILS = (
    *("Flags", "flag_names", "ThreadListEntry", "IoStatus", "RequestorMode", "Cancel", "CancelIrql", "ApcEnvironment"),
    *("UserIosb", "UserEvent", "UserApcRoutine", "UserApcContext", "AllocationSize", "CancelRoutine", "UserBuffer"),
    *("DeviceQueueEntry", "AuxiliaryBuffer", "ListEntry", "OriginalFileObject", "CompletionKey"),
)
HIDDEN = {
    "address": IN_COMMAND, "signature": "that there are columns says it",
    **dict.fromkeys(("Type", "Size", "PendingReturned", "AllocationFlags", "allocation_flag_names"), NOT_PRINTED),
    **dict.fromkeys(("state", "completion", "problems"), AT_FOOT),
    **dict.fromkeys(("locations[].number", "locations[].address"), NOT_PRINTED),
}  # fmt: skip
FORMS = {
    "MdlAddress": not_null, "SystemBuffer": not_null, "RequestorMode": byte, "ApcEnvironment": byte,
}  # fmt: skip
IRP = Case(
    "!irp X", "irp", requests(False), irp.layout,
    Shown(hidden={**HIDDEN, **dict.fromkeys(("locations[].flag_names", *DETAILS), "with detail")}, forms=FORMS),
    of=as_printed, found=view,
)  # fmt: skip
IRP_DETAIL = Case(
    "!irp X 1", "irp", requests(True), irp.layout,
    Shown(hidden=HIDDEN, forms=FORMS, beside={"more": "the thread, the location and the APC once more"}),
    of=as_printed, found=view, least=25,
)  # fmt: skip


# What is no IRP: with detail, its fields all the same.


def no_requests(detail: bool) -> Callable[[bool], Strategy]:
    """Return what lies where no IRP is."""

    def of(wide: bool) -> Strategy:
        nothing = {"signature": False, "locations": (), "problems": (Problem("_IRP", "Type is 0, not 6"),)}
        return requests(detail)(wide).map(lambda found: replaced(found, irp=replaced(found.irp, **nothing)))

    return of


HEADED = ("StackCount", "CurrentLocation", "CurrentStackLocation", "MdlAddress", "MasterIrp", "SystemBuffer", "Thread")
NONE = {**HIDDEN, **dict.fromkeys((*HEADED, "IrpExtension", "locations"), "no first line says it")}
NO_IRP = Case(
    "!irp X", "irp", no_requests(False), irp.layout,
    Shown(hidden={**NONE, **dict.fromkeys(DETAILS, "with detail")}, forms=FORMS), of=as_printed, found=view, least=0,
    same=lambda found, answer: (found.remarks[0], "IRP signature does not match, probably not an IRP"),
)  # fmt: skip
NO_IRP_DETAIL = Case(
    "!irp X 1", "irp", no_requests(True), irp.layout,
    Shown(hidden=NONE, forms=FORMS, beside={"more": "the thread, the location and the APC once more"}),
    of=as_printed, found=view, least=20,
)  # fmt: skip
CASES = [IRP, IRP_DETAIL]
FAILURES = [NO_IRP, NO_IRP_DETAIL]


@each(CASES)
def test_what_was_printed_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 25)


@each(FAILURES)
def test_what_is_no_irp_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 15)


@pytest.mark.slow
@each(CASES)
def test_what_was_printed_of_many_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 60)
