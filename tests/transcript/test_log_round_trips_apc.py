"""What ``apc`` prints of any APC, thread and process is read back as that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st
from record_strategies import ABSENT, PROBLEMS, Strategy, addresses, places, record_of
from round_trips import Case, each, replaced, run, shown_of
from shown import Shown

from dumpwalk.commands import apc
from dumpwalk.kernel.apc_state import Apc, ApcList, ApcState, ProcessApcs, ThreadApcs
from dumpwalk.kernel.code_address import CodeAddress
from dumpwalk.remarks import Absent

SMALL = st.one_of(st.integers(0, 0xFF), ABSENT)
FLAG = st.one_of(st.booleans(), ABSENT)
IMAGES = st.one_of(st.sampled_from(["System", "svchost.exe", "a b (c).exe", "a\x1b[2J.exe"]), ABSENT)


def apcs(wide: bool) -> Strategy:
    where = st.one_of(ABSENT, st.sampled_from(["nt!KiIdleLoop", "example+0x10", "nt!`a b'::f"]))
    code = record_of(CodeAddress, wide, {"address": places(wide), "where": where})
    routine = st.one_of(st.none(), ABSENT, code)
    given = {
        "address": places(wide), "kind": st.one_of(st.sampled_from(["special kernel", "user"]), ABSENT), "Type": SMALL,
        **dict.fromkeys(("KernelRoutine", "RundownRoutine", "NormalRoutine"), routine), "ApcStateIndex": SMALL,
        "ApcMode": SMALL, "Thread": st.one_of(addresses(wide), ABSENT),
    }  # fmt: skip
    return record_of(Apc, wide, given)


def threads(wide: bool) -> Strategy:
    own = st.lists(apcs(wide), max_size=2).map(tuple)
    lists = st.tuples(
        *(record_of(ApcList, wide, {"head": places(wide), "mode": st.just(m), "apcs": own}) for m in MODES)
    )
    states = [record_of(ApcState, wide, {"name": st.just(n), "lists": lists}) for n in ("ApcState", "SavedApcState")]
    disabled = st.one_of(st.integers(-9, 9), ABSENT)
    given = {
        "thread": places(wide), "ApcStateIndex": SMALL, "KernelApcDisable": disabled, "SpecialApcDisable": disabled,
        "states": st.tuples(*states), "problems": st.just(()),
    }  # fmt: skip
    return record_of(ThreadApcs, wide, given)


MODES = ("kernel", "user")


def of_all(wide: bool) -> Strategy:
    own = st.lists(threads(wide), max_size=2, unique_by=lambda t: t.thread).map(tuple)
    process = record_of(ProcessApcs, wide, {"address": places(wide), "ImageFileName": IMAGES, "threads": own})
    some = st.lists(process, max_size=2).filter(_are_different)
    return some.map(lambda found: apc.Apcs(True, tuple(found), None, None, ()))


def of_one(wide: bool) -> Strategy:
    own = st.lists(threads(wide), max_size=2, unique_by=lambda t: t.thread).map(tuple)
    process = record_of(ProcessApcs, wide, {"address": places(wide), "ImageFileName": IMAGES, "threads": own})
    problems = st.lists(PROBLEMS, max_size=1).map(tuple)
    return st.builds(lambda found, wrong: apc.Apcs(False, (found,), None, None, wrong), process, problems)


def _are_different(found: list[ProcessApcs]) -> bool:
    every = [one.thread for process in found for one in process.threads]
    return len(set(every)) == len(every)


def apc_shown(one: Apc) -> Any:
    """Return an APC as it is read: why a routine has no name is not printed."""
    nameless = [
        f"{name}.where"
        for name in ("KernelRoutine", "RundownRoutine", "NormalRoutine")
        if isinstance(getattr(getattr(one, name), "where", None), Absent)
    ]
    return shown_of(one, *nameless)


def thread_shown(one: ThreadApcs, *, state: bool = True) -> Any:
    """Return a thread as it is read: with the lists that hold something, and its states where they are printed."""
    states = []
    for part in one.states:
        lists = tuple(
            replaced(shown_of(found, "apcs"), apcs=tuple(map(apc_shown, found.apcs)))
            for found in part.lists
            if found.apcs
        )
        own = ("Process", "KernelApcInProgress", "KernelApcPending", "UserApcPending") if not state else ()
        if state or lists:
            states.append(replaced(shown_of(part, "SpecialApcInProgress", "lists", *own), lists=lists))
    hidden = () if state else ("KernelApcDisable", "SpecialApcDisable")
    return replaced(shown_of(one, "states", *hidden), states=tuple(states))


def process_shown(one: ProcessApcs) -> Any:
    threads = tuple(thread_shown(thread, state=False) for thread in one.threads if _holds(thread))
    return replaced(shown_of(one, "threads"), threads=threads)


def _holds(one: ThreadApcs) -> bool:
    return any(found.apcs for part in one.states for found in part.lists)


def listing(found: Any) -> Any:
    """Return what is read but for the remarks: nothing is in a form that has no place in a record."""
    return found.processes, found.threads, found.apcs, found.others


WHOLE = Shown(hidden={"": "compared as a whole"})
ONE = Case(
    "!apc X", "apc", lambda wide: apcs(wide).map(lambda one: apc.Apcs(False, (), None, one, ())), apc.layout,
    WHOLE, least=0, found=lambda found: {"remarks": found.remarks},
    same=lambda found, answer: (listing(found), ((), (), (apc_shown(answer.apc),), ())),
)  # fmt: skip
THREAD = Case(
    "!apc thre X", "apc", lambda wide: threads(wide).map(lambda one: apc.Apcs(False, (), one, None, ())), apc.layout,
    WHOLE, least=0, found=lambda found: {"remarks": found.remarks},
    same=lambda found, answer: (listing(found), ((), (thread_shown(answer.thread),), (), ())),
)  # fmt: skip


def of_processes(command: str, records: Callable[[bool], Strategy]) -> Case:
    return Case(
        command, "apc", records, apc.layout, WHOLE, least=0, found=lambda found: {"remarks": found.remarks},
        same=lambda found, answer: (
            (*listing(found), bool(found.title)),
            (tuple(map(process_shown, answer.processes)), (), (), (), answer.all),
        ),
    )  # fmt: skip


ALL = of_processes("!apc", of_all)
PROCESS = of_processes("!apc proc X", of_one)
CASES = [ONE, THREAD, ALL, PROCESS]


@each(CASES)
def test_what_was_printed_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 25)


@pytest.mark.slow
@each(CASES)
def test_what_was_printed_of_many_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 60)
