"""What ``irp`` prints of any request, in columns and with all fields, is read back as that request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st
from record_strategies import ABSENT, FLAGS, PLACES, Strategy, numbers, paths, places, record_of
from round_trips import AT_FOOT, IN_COMMAND, NOT_PRINTED, Case, as_read, beside, each, replaced, run
from shown import Shown

from dumpwalk.commands import irp
from dumpwalk.kernel.constants import flags
from dumpwalk.kernel.io_stack import StackLocation, flag_names, names
from dumpwalk.kernel.irp import Irp, state_of
from dumpwalk.kernel.irp_completion import Completion
from dumpwalk.kernel.routine import Routine
from dumpwalk.memory.address import Address, Hex
from dumpwalk.remarks import Absent


def requests(detail: bool, signature: bool = True) -> Callable[[bool], Strategy]:
    def of(wide: bool) -> Strategy:
        routine = st.one_of(record_of(Routine, wide, {"name": PLACES}), ABSENT)
        byte, char = st.integers(0, 0xFF), st.integers(-128, 127)
        code = st.one_of(byte.map(Hex), ABSENT)
        given = {
            "signature": st.just(signature), "Flags": st.one_of(numbers(False), ABSENT), "*.flag_names": FLAGS,
            "IoStatus.Status": st.one_of(numbers(False), ABSENT), "*.CompletionRoutine": routine,
            "RequestorMode": st.one_of(char, ABSENT), "ApcEnvironment": st.one_of(char, ABSENT),
            "CancelRoutine": routine, "StackCount": st.one_of(char, ABSENT),
            "CurrentLocation": st.one_of(st.integers(0, 4), char, ABSENT),
            "CancelIrql": st.one_of(byte, ABSENT), "IrpExtension": st.one_of(places(wide), st.none()),
            "locations[].driver": st.one_of(st.none(), paths(), ABSENT),
            "completion": st.one_of(st.none(), record_of(Completion, wide)),
            "locations[].arguments": st.lists(st.one_of(numbers(wide), ABSENT), min_size=4, max_size=4).map(tuple),
            "locations[].MajorFunction": st.one_of(st.integers(0, 0x1E).map(Hex), code),
            "locations[].MinorFunction": st.one_of(st.integers(0, 9).map(Hex), code),
            "locations[].Flags": code, "locations[].Control": code,
            "CurrentStackLocation": st.one_of(places(wide), ABSENT),
        }  # fmt: skip
        return record_of(Irp, wide, given).map(lambda found: irp.IrpAnswer(_irp(found), "", detail))

    return of


def _irp(found: Irp) -> Any:
    """Return the request with what the kernel's walk makes of its numbers."""
    count, current = found.StackCount, found.CurrentLocation
    locations = tuple(_location(one, n, n == current) for n, one in enumerate(found.locations, 1))
    system = found.SystemBuffer if found.SystemBuffer is not None else Address(0)
    return replaced(
        found, locations=locations if found.signature else (), state=state_of(count, current),
        flag_names=flags("irp_flags", found.Flags), SystemBuffer=system if found.MasterIrp is None else None,
    )  # fmt: skip


def _location(one: StackLocation, number: int, current: bool) -> Any:
    major, minor = names(one.MajorFunction, one.MinorFunction)
    driver = one.driver if one.driver is not None else Absent("device ffffb80f12345678 has no driver")
    return replaced(
        one, number=number, current=current, major=major, minor=minor,
        flag_names=() if isinstance(one.Flags, Absent) else flag_names(major, minor, one.Flags),
        control_names=flags("io_stack_control", one.Control), driver=None if one.DeviceObject == 0 else driver,
    )  # fmt: skip


HIDDEN = {
    "address": IN_COMMAND, "signature": "that there are columns says it",
    **dict.fromkeys(("Type", "Size", "PendingReturned", "AllocationFlags", "allocation_flag_names"), NOT_PRINTED),
    **dict.fromkeys(("completion", "problems"), AT_FOOT), "locations[].address": NOT_PRINTED,
}  # fmt: skip
DETAILS = dict.fromkeys(
    (
        *("Flags", "flag_names", "ThreadListEntry[]", "IoStatus.Status", "IoStatus.Information", "RequestorMode"),
        *("Cancel", "CancelIrql", "ApcEnvironment", "UserIosb", "UserEvent", "UserApcRoutine", "UserApcContext"),
        *("AllocationSize", "CancelRoutine", "UserBuffer", "DeviceQueueEntry", "AuxiliaryBuffer", "ListEntry[]"),
        *("OriginalFileObject", "CompletionKey"),
    ),
    "with detail",
)
BESIDE = {"words": "what is printed of locations in words", "state": "the debugger's word"}
NUMBERS = ("StackCount", "CurrentLocation", "state", "MdlAddress", "MasterIrp", "SystemBuffer", "IrpExtension")
NONE = {**HIDDEN, **dict.fromkeys(NUMBERS, "of no IRP")}
del NONE["signature"]


def case(command: str, hidden: dict[str, str], records: Callable[[bool], Strategy], least: int = 1) -> Case:
    whole = {path.removesuffix("[]"): why for path, why in hidden.items()}
    return Case(
        command, "irp", records, irp.layout, Shown(hidden=whole, beside=BESIDE), of=lambda answer: answer.irp,
        found=beside("irp"), same=lambda found, answer: (found.irp, as_read(answer.irp, hidden)), least=least,
    )  # fmt: skip


IRP = case("!irp X", {**HIDDEN, **DETAILS}, requests(False))
IRP_DETAIL = case("!irp X 1", HIDDEN, requests(True), 25)
HEADED = dict.fromkeys(("Thread", "CurrentStackLocation"), "no first line says it")
NO_IRP = case("!irp X", {**NONE, **DETAILS, **HEADED}, requests(False, False), 0)
NO_IRP_DETAIL = case("!irp X 1", NONE, requests(True, False), 20)
CASES = [IRP, IRP_DETAIL]
FAILURES = [NO_IRP, NO_IRP_DETAIL]


@each(CASES)
def test_what_was_printed_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 25)


@each(FAILURES)
def test_what_is_no_irp_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 15)


@pytest.mark.slow
@each(CASES + FAILURES)
def test_what_was_printed_of_many_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 60)
