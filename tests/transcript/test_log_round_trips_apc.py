"""What ``apc`` prints of any APC, thread and process is read back as that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st
from record_strategies import ABSENT, PROBLEMS, Strategy, addresses, places, record_of
from round_trips import Case, each, replaced, run
from shown import Shown

from dumpwalk.commands import apc
from dumpwalk.kernel.apc_state import Apc, ApcList, ApcState, ThreadApcs
from dumpwalk.kernel.code_address import CodeAddress
from dumpwalk.remarks import Absent
from dumpwalk.render.text import printable

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


MODES = ("Kernel", "User")


def of_all(wide: bool) -> Strategy:
    own = st.lists(threads(wide), max_size=2, unique_by=lambda t: t.thread).map(tuple)
    process = record_of(apc.ProcessApcs, wide, {"address": places(wide), "ImageFileName": IMAGES, "threads": own})
    some = st.lists(process, max_size=2).filter(_are_different)
    return some.map(lambda found: apc.Apcs(True, tuple(found), None, None, ()))


def of_one(wide: bool) -> Strategy:
    own = st.lists(threads(wide), max_size=2, unique_by=lambda t: t.thread).map(tuple)
    process = record_of(apc.ProcessApcs, wide, {"address": places(wide), "ImageFileName": IMAGES, "threads": own})
    problems = st.lists(PROBLEMS, max_size=1).map(tuple)
    return st.builds(lambda found, wrong: apc.Apcs(False, (found,), None, None, wrong), process, problems)


def _are_different(found: list[apc.ProcessApcs]) -> bool:
    every = [one.thread for process in found for one in process.threads]
    return len(set(every)) == len(every)


def thread_as_printed(one: ThreadApcs, *, state: bool = True) -> dict[str, Any]:
    """Return a thread with the lists that hold something, and with its states where they are printed."""
    lists = [
        {
            "head": found.head, "mode": found.mode.upper(), "saved": part.name == "SavedApcState" or None,
            "apcs": found.apcs,
        }
        for part in one.states for found in part.lists if found.apcs
    ]  # fmt: skip
    states = [
        {n: getattr(part, n) for n in part._fields_ if n not in ("lists", "SpecialApcInProgress")}
        for part in one.states
    ]
    disabled = {n: getattr(one, n) for n in ("KernelApcDisable", "SpecialApcDisable")} if state else {}
    return {
        "thread": one.thread,
        "ApcStateIndex": one.ApcStateIndex,
        **disabled,
        "states": states * state,
        "lists": lists,
    }


def plain(value: Any) -> Any:
    """Return a value in one form: what is absent without its reason, names as they are printed."""
    if isinstance(value, Absent):
        return "????"
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, str):
        return printable(value)
    if hasattr(value, "_fields_"):
        return plain({name: getattr(value, name) for name in value._fields_})
    return value


def read_threads(found: Any) -> Any:
    """Return the threads that were read with the command's own APCs in them."""
    out = []
    for one in plain(found.details):
        for part in one["lists"]:
            part["apcs"] = [apc["apc"] for apc in part["apcs"]]
            part |= {} if part["saved"] else {"saved": None}
        out.append({**one, "lists": [plain(part) for part in one["lists"]]})
    return out


def named(one: Any) -> Any:
    """Return an APC whose routines have a name or none: why there is none is not printed."""
    routines = {name: getattr(one, name) for name in ("KernelRoutine", "RundownRoutine", "NormalRoutine")}
    known = {
        name: routine if not isinstance(routine, CodeAddress) or routine.where else replaced(routine, where=None)
        for name, routine in routines.items()
    }
    return replaced(one, **known)


WHOLE = Shown(hidden={"": "compared as a whole"})
ONE = Case(
    "!apc X", "apc", lambda wide: apcs(wide).map(lambda one: apc.Apcs(False, (), None, one, ())), apc.layout,
    Shown(), of=lambda answer: named(answer.apc), least=13,
    found=lambda found: {n: getattr(found.apcs[0].apc, n) for n in Apc._fields_} | {"remarks": found.remarks},
    same=lambda found, answer: (plain(found.apcs[0].apc), plain(answer.apc)),
)  # fmt: skip
THREAD = Case(
    "!apc thre X", "apc", lambda wide: threads(wide).map(lambda one: apc.Apcs(False, (), one, None, ())), apc.layout,
    WHOLE, least=0, found=lambda found: {"remarks": found.remarks},
    same=lambda found, answer: (read_threads(found), plain([thread_as_printed(answer.thread)])),
)  # fmt: skip


def of_processes(command: str, records: Callable[[bool], Strategy]) -> Case:
    return Case(
        command, "apc", records, apc.layout, WHOLE, least=0, found=lambda found: {"remarks": found.remarks},
        same=lambda found, answer: (
            [plain(found.processes), read_threads(found), bool(found.title)],
            [
                plain([[p.address, plain(p.ImageFileName)] for p in answer.processes]),
                plain([thread_as_printed(t, state=False) for p in answer.processes for t in p.threads if _holds(t)]),
                answer.all,
            ],
        ),
    )  # fmt: skip


ALL = of_processes("!apc", of_all)
PROCESS = of_processes("!apc proc X", of_one)


def _holds(one: ThreadApcs) -> bool:
    return any(found.apcs for part in one.states for found in part.lists)


CASES = [ONE, THREAD, ALL, PROCESS]


@each(CASES)
def test_what_was_printed_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 25)


@pytest.mark.slow
@each(CASES)
def test_what_was_printed_of_many_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 60)
