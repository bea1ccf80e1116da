"""Dumps of Windows XP and 2003, whose debugger data states no offsets: which thread and process they were taken of."""

from __future__ import annotations

from pathlib import Path

import pytest

from dumpwalk.remarks import Absent
from dumpwalk.synth import write
from dumpwalk.target import open as open_target

SPEC = """
time 2010-03-01T09:00:00Z
uptime 0:20:00
bugcheck e2
processors 2
process 344 "notepad.exe" at {process}
thread 344.348 at {thread} State=Running {fields}
"""
PLACES = {"x86": ("86402768", "86402c60"), "x64": ("fffffadf12002768", "fffffadf12002c60")}


def crashed(tmp_path: Path, profile: str, fields: str = "", more: str = "") -> tuple[object, object, object, str]:
    machine = profile.rpartition("-")[2]
    process, thread = PLACES[machine]
    text = SPEC.format(process=process, thread=thread, fields=fields)
    file = tmp_path / "old.dmp"
    file.write_bytes(write(f"dump full {machine}\nprofile {profile}\n{text}{more}"))
    dump = open_target(str(file)).dump
    return dump.thread, dump.process, dump.processor, " ".join(dump.missing)


@pytest.mark.parametrize("profile", ["nt/xpsp3-x86", "nt/2003sp2-x86", "nt/2003sp2-x64"])
def test_thread_and_process(tmp_path: Path, profile: str) -> None:
    thread, process, processor, missing = crashed(tmp_path, profile)
    places = PLACES[profile.rpartition("-")[2]]

    assert (process, thread) == tuple(int(place, 16) for place in places)
    assert not isinstance(processor, Absent)
    assert "nothing says which one crashed" in missing


def test_a_stack_pointer_that_decides(tmp_path: Path) -> None:
    context = "context eip=nt+1000 esp=8a00f000 efl=246"
    fields = "InitialStack=8a010000 StackLimit=8a00a000 StackBase=8a010000"
    _, process, _, missing = crashed(tmp_path, "nt/xpsp3-x86", fields, context)

    assert process == 0x86402768
    assert "processor" not in missing


def test_what_is_no_thread(tmp_path: Path) -> None:
    thread, process, _, _ = crashed(tmp_path, "nt/xpsp3-x86", "Tcb.Header.Type=5")

    assert thread == process == Absent("what nt/xpsp3-x86 takes for the thread, at 86402c60, is none")


def test_what_is_missing_does_not_depend_on_what_was_asked_before(tmp_path: Path) -> None:
    process, thread = PLACES["x86"]
    file = tmp_path / "old.dmp"
    text = SPEC.format(process=process, thread=thread, fields="")
    file.write_bytes(write(f"dump full x86\nprofile nt/xpsp3-x86\n{text}"))
    dump = open_target(str(file)).dump
    first = dump.missing

    assert not isinstance(dump.thread, Absent)
    assert dump.missing == first
    assert "nothing says which one crashed" in " ".join(first)
