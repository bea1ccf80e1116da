"""What commands print of several pages or processors is read back as a block each; and of pool, less than all."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from record_strategies import PROBLEMS, Strategy
from round_trips import Case, each, replaced, run
from shown import assert_shown
from test_log_round_trips_memory import POOL, pool_as_printed, pool_as_read
from test_log_round_trips_memory import pools as any_pools
from test_log_round_trips_paging import entries, pte_case
from test_log_round_trips_processor import GDT, IDT
from test_log_round_trips_processor import interrupts as any_interrupts
from test_log_round_trips_processor import segments as any_segments

from dumpwalk.commands import gdt, idt, pool, pte
from dumpwalk.transcript import parse
from dumpwalk.transcript.values import NOT_SHOWN


def blocks_back(case: Case, answer: Any, alone: list[Any]) -> None:
    """Print *answer*, read the text back, and hold each block against one of *alone*, an answer of one thing."""
    text = case.layout(answer)
    log = parse(f"0: kd> {case.command}\n{text}\n")

    assert log.unparsed == ()
    assert [(b.kind, b.unparsed) for b in log.blocks] == [(case.kind, ())] * max(len(alone), 1), text
    said = [line[1:-1] for line in text.split("\n") if line[:1] == "(" and line[-1:] == ")"]
    kept = [r for block in log.blocks for r in block.record.remarks]
    assert [r for r in said if r not in kept] == []
    for block, one in zip(log.blocks, alone):
        assert assert_shown(case.of(one), case.found(block.record), case.shown) >= case.least
        ours, theirs = case.same(block.record, one)
        assert ours == theirs


def several(case: Case, strategy: Strategy, apart: Any, examples: int) -> None:
    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def check(answer: Any) -> None:
        blocks_back(case, answer, apart(answer))

    check()


# Pages of a range, one block each.


def ranges(wide: bool, mode: str) -> Strategy:
    pages = st.lists(entries(wide, mode).filter(lambda a: a.pages[0].address is not None), min_size=2, max_size=3)
    return st.tuples(pages, st.lists(PROBLEMS, max_size=2, unique=True)).map(
        lambda made: pte.PteAnswer(tuple(page for a in made[0] for page in a.pages), tuple(made[1]))
    )


def pages(answer: pte.PteAnswer) -> list[pte.PteAnswer]:
    return [pte.PteAnswer((page,), ()) for page in answer.pages]


# Tables of each processor, one block each.


def idts(wide: bool) -> Strategy:
    made = st.lists(any_interrupts(wide), min_size=1, max_size=3)
    return st.tuples(made, st.booleans()).map(
        lambda made: idt.IdtAnswer(tuple(t for answer in made[0] for t in answer.tables), made[1])
    )


def interrupt_tables(answer: idt.IdtAnswer) -> list[idt.IdtAnswer]:
    """Return each table with the vectors that are shown of it: those in use, or the one that was asked for."""
    out = []
    for table in answer.tables:
        shown = [e for e in table.entries if e.used or answer.everything or len(table.entries) == 1]
        out.append(idt.IdtAnswer((replaced(table, entries=tuple(shown), problems=()),), True))
    return out


def gdts(wide: bool) -> Strategy:
    made = st.lists(any_segments(True)(wide), min_size=1, max_size=3)
    return made.map(lambda answers: gdt.GdtAnswer(tuple(t for answer in answers for t in answer.tables)))


def segment_tables(answer: gdt.GdtAnswer) -> list[gdt.GdtAnswer]:
    return [gdt.GdtAnswer((table,)) for table in answer.tables]


SEVERAL = [
    (pte_case("x64", True), ranges(True, "x64"), pages), (pte_case("PAE", False), ranges(False, "PAE"), pages),
    (IDT, idts(True), interrupt_tables), (IDT, idts(False), interrupt_tables),
    (GDT, gdts(True), segment_tables), (GDT, gdts(False), segment_tables),
]  # fmt: skip
IDS = ["pte-x64", "pte-x86", "idt-x64", "idt-x86", "gdt-x64", "gdt-x86"]


@pytest.mark.parametrize(("case", "strategy", "apart"), SEVERAL, ids=IDS)
def test_each_is_read_back(case: Case, strategy: Strategy, apart: Any) -> None:
    several(case, strategy, apart, 10)


@pytest.mark.slow
@pytest.mark.parametrize(("case", "strategy", "apart"), SEVERAL, ids=IDS)
def test_each_of_many_is_read_back(case: Case, strategy: Strategy, apart: Any) -> None:
    several(case, strategy, apart, 60)


# Pool with less of it than all.

ALONE, NOT_DESCRIBED = 2, 0x80000000


def some_pool(flags: int) -> Any:
    def of(wide: bool) -> Strategy:
        made: Strategy = any_pools(wide)
        return made.map(lambda answer: replaced(answer, flags=flags)).filter(pool.layout)

    return of


def shown_pool(answer: pool.PoolAnswer) -> Any:
    """Return the pool with nothing of what the flags leave out."""
    found = pool_as_printed(answer)
    if answer.flags & ALONE:
        found = replaced(found, blocks=tuple(b for b in found.blocks if b.holds))
    if answer.flags & NOT_DESCRIBED:
        found = replaced(found, address=NOT_SHOWN, page=NOT_SHOWN, region=NOT_SHOWN, tag=None)
    return found


def pool_case(flags: int) -> Case:
    return Case(
        f"!pool X {flags:x}", "pool", some_pool(flags), pool.layout, POOL.shown, of=shown_pool, found=POOL.found,
        least=0, same=lambda found, answer: (found.pool, pool_as_read(shown_pool(answer))),
    )  # fmt: skip


CASES = [pool_case(flags) for flags in (ALONE, NOT_DESCRIBED, ALONE | NOT_DESCRIBED)]


@each(CASES)
def test_what_was_printed_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 15)


@pytest.mark.slow
@each(CASES)
def test_what_was_printed_of_many_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 60)
