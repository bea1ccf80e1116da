"""APCs of threads: both states, both lists, and lists that lie."""

from __future__ import annotations

import pytest
from process_machines import PROFILES, machine

from dumpwalk.errors import TypeInfoError
from dumpwalk.kernel.apc_state import ThreadApcs, apc, thread_apcs
from dumpwalk.kernel.processes import find_thread, processes
from dumpwalk.kernel.thread_details import thread_details
from dumpwalk.synth.image.structures import Layouts
from dumpwalk.target import Target
from dumpwalk.types.store import Store

KERNEL, USER, LATE = "ffffc50000001000", "ffffc50000001100", "ffffc50000001200"


def found(profile: str, text: str) -> tuple[Target, ThreadApcs]:
    target = machine(profile, text)
    address = find_thread(target, 0x348)
    assert address is not None
    return target, thread_apcs(target, address)


def offsets(profile: str) -> tuple[int, int, int]:
    """Return where a thread's lists of kernel and of user APCs begin, and where a _KAPC is linked."""
    layouts = Layouts(Store.shipped().open(profile))
    at = layouts.offset("_ETHREAD", "Tcb.ApcState.ApcListHead[0]")
    return at, at + 2 * layouts.pointer_size, layouts.offset("_KAPC", "ApcListEntry")


@pytest.mark.parametrize("profile", PROFILES)
def test_every_generation(profile: str) -> None:
    kernel_at, user_at, link = offsets(profile)
    one, two = (KERNEL, USER) if "x64" in profile else ("8c001000", "8c001100")
    text = f"""process 344 "a"
thread 344.348 as t ApcState.ApcListHead[0].Flink=k+{link:x} ApcState.ApcListHead[0].Blink=k+{link:x}
    ApcState.ApcListHead[1].Flink=u+{link:x} ApcState.ApcListHead[1].Blink=u+{link:x} ApcState.KernelApcPending=1
struct _KAPC as k at {one} Type=12 KernelRoutine=nt+1000 RundownRoutine=nt+2000 Thread=t+0
    ApcListEntry.Flink=t+{kernel_at:x} ApcListEntry.Blink=t+{kernel_at:x} Inserted=1
struct _KAPC as u at {two} Type=12 KernelRoutine=nt+1000 NormalRoutine=401000 NormalContext=77 ApcMode=1 Inserted=1
    ApcListEntry.Flink=t+{user_at:x} ApcListEntry.Blink=t+{user_at:x}
"""
    target, apcs = found(profile, text)
    state = apcs.states[0]
    kernel, user = (listed.apcs for listed in state.lists)

    assert apcs.problems == ()
    assert (len(apcs.states), state.KernelApcPending, state.KernelApcInProgress) == (1, True, False)
    assert [(a.kind, a.NormalRoutine) for a in kernel] == [("special kernel", None)]
    base = target.modules.modules[0].base
    assert kernel[0].KernelRoutine.address == base + 0x1000  # type: ignore[union-attr]
    assert str(kernel[0].RundownRoutine.where).startswith("nt")  # type: ignore[union-attr]
    assert [(a.kind, int(a.NormalRoutine.address)) for a in user] == [("user", 0x401000)]  # type: ignore[union-attr]
    assert (int(user[0].NormalContext), user[0].Inserted) == (0x77, True)  # type: ignore[arg-type]


def test_a_thread_that_is_attached() -> None:
    text = """process 4 "System" as system
process 344 "a" as own
thread 344.348 as t ApcState.Process=system+0 SavedApcState.Process=own+0 ApcStateIndex=1 KernelApcDisable=ffff
    SavedApcState.ApcListHead[0].Flink=t+258 SavedApcState.ApcListHead[0].Blink=t+258
    SavedApcState.ApcListHead[1].Flink=t+268 SavedApcState.ApcListHead[1].Blink=t+268
"""
    target, apcs = found("nt/19041.3570-x64", text)
    system, own = processes(target).addresses
    details = thread_details(target, apcs.thread)

    assert [(s.name, s.Process) for s in apcs.states] == [("ApcState", system), ("SavedApcState", own)]
    assert (apcs.KernelApcDisable, apcs.SpecialApcDisable) == (-1, 0)
    assert apcs.problems == ()
    assert details.attached_name == "System"
    assert "as NtClose does" in details.notes[0]


@pytest.mark.parametrize(
    ("flink", "problem"),
    [
        (f"{LATE[:-3]}210", "leads to itself"),
        ("0", "is null"),
        ("ffffdead00000000", "can't be read"),
    ],
)
def test_a_list_that_lies(flink: str, problem: str) -> None:
    text = f"""process 344 "a"
thread 344.348 as t ApcState.ApcListHead[0].Flink=k+10
struct _KAPC as k at {LATE} Type=12 ApcListEntry.Flink={flink}
"""
    _, apcs = found("nt/19041.3570-x64", text)

    assert problem in " ".join(p.what for p in apcs.problems)


def test_no_apc() -> None:
    text = f"""process 344 "a"
thread 344.348 as t ApcState.ApcListHead[0].Flink=k+10 ApcState.ApcListHead[0].Blink=k+10
struct _KAPC as k at {LATE} Type=13 ApcMode=7 ApcListEntry.Flink=t+98 ApcListEntry.Blink=t+98
"""
    _, apcs = found("nt/19041.3570-x64", text)

    assert [p.what for p in apcs.problems] == ["ffffc500`00001200 has type 0x13, not 0x12: no APC"]
    assert not apcs.states[0].lists[0].apcs[0].kind


def test_no_types() -> None:
    target = machine("nt/19041.3570-x64", "")
    target._types, target.named = None, "nt/nothing"

    with pytest.raises(TypeInfoError):
        apc(target, 0xFFFFC50000001000)
