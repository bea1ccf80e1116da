"""Dumps of Windows XP and 2003, whose debugger data states no offsets: which thread and process they were taken of."""

from __future__ import annotations

import pytest
from images import opened, spec_of

from dumpwalk.remarks import Absent

SPEC = """
time 2010-03-01T09:00:00Z
uptime 0:20:00
bugcheck e2
processors 2
process 344 "notepad.exe" at {process}
thread 344.348 at {thread} State=Running {fields}
"""
PLACES = {"x86": ("86402768", "86402c60"), "x64": ("fffffadf12002768", "fffffadf12002c60")}


def crashed(profile: str, fields: str = "", more: str = "") -> tuple[object, object, object, str]:
    machine = profile.rpartition("-")[2]
    process, thread = PLACES[machine]
    text = SPEC.format(process=process, thread=thread, fields=fields)
    dump = opened(spec_of(profile, text + more)).dump
    return dump.thread, dump.process, dump.processor, " ".join(dump.missing)


@pytest.mark.parametrize("profile", ["nt/xpsp3-x86", "nt/2003sp2-x86", "nt/2003sp2-x64"])
def test_thread_and_process(profile: str) -> None:
    thread, process, processor, missing = crashed(profile)
    places = PLACES[profile.rpartition("-")[2]]

    assert (process, thread) == tuple(int(place, 16) for place in places)
    assert not isinstance(processor, Absent)
    assert "nothing says which one crashed" in missing


def test_a_stack_pointer_that_decides() -> None:
    context = "context eip=nt+1000 esp=8a00f000 efl=246"
    fields = "InitialStack=8a010000 StackLimit=8a00a000 StackBase=8a010000"
    _, process, _, missing = crashed("nt/xpsp3-x86", fields, context)

    assert process == 0x86402768
    assert "processor" not in missing


def test_what_is_no_thread() -> None:
    thread, process, _, _ = crashed("nt/xpsp3-x86", "Tcb.Header.Type=5")

    assert thread == process == Absent("what nt/xpsp3-x86 takes for the thread, at 86402c60, is none")


def test_what_is_missing_does_not_depend_on_what_was_asked_before() -> None:
    process, thread = PLACES["x86"]
    dump = opened(spec_of("nt/xpsp3-x86", SPEC.format(process=process, thread=thread, fields=""))).dump
    first = dump.missing

    assert not isinstance(dump.thread, Absent)
    assert dump.missing == first
    assert "nothing says which one crashed" in " ".join(first)
