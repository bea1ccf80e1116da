"""What ``ca`` prints of several control areas, and below one with its options, is read back as that."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from record_strategies import ABSENT, PROBLEMS, Strategy, names, paths, places
from round_trips import Case, as_read, each, replaced, run
from test_log_round_trips_ca import SEGMENT, SUBSECTIONS, WHOLE, areas, listed

from dumpwalk.commands import ca
from dumpwalk.kernel.prototype_ptes import STATES, UNREADABLE, PteArray
from dumpwalk.kernel.pte_runs import PteRuns
from dumpwalk.kernel.section import ControlArea
from dumpwalk.kernel.section_explained import Explained, explained
from dumpwalk.kernel.section_extract import Extracted, Hole
from dumpwalk.kernel.section_pages import Coverage, SectionPages, SubsectionPages
from dumpwalk.kernel.segment import Segment
from dumpwalk.memory.address import Hex
from dumpwalk.memory.paging.software import KINDS, Pte
from dumpwalk.remarks import Absent
from dumpwalk.render.section import COMPACT, name
from dumpwalk.render.section_pages import explanation
from dumpwalk.render.text import printable
from dumpwalk.transcript.control_area import ListedControlArea
from dumpwalk.transcript.section_pages import ExplainedLines

SIZES = st.integers(0, 1 << 42).map(Hex)


def one_area(wide: bool, old: bool = False) -> Strategy:
    """Return answers about one control area, without its views."""
    made: Strategy = areas(old)(wide)
    return made.map(lambda answer: replaced(answer, views=None))


# Several control areas, and parts of them.


def several(old: bool) -> Any:
    def of(wide: bool) -> Strategy:
        flags = st.sampled_from([SEGMENT, SUBSECTIONS, SEGMENT | SUBSECTIONS, 4, SEGMENT | 4])
        many = st.lists(one_area(wide, old), max_size=3)
        return st.tuples(many, flags, st.lists(PROBLEMS, max_size=2)).map(
            lambda made: ca.CaAnswer(
                tuple(a for answer in made[0] for a in answer.areas), made[1], None, None, False, None, None,
                tuple(made[2]),
            )
        )  # fmt: skip

    return of


def each_alike(found: Any, answer: ca.CaAnswer) -> tuple[Any, Any]:
    """Return each control area that was read, and what the text says of each that was printed."""
    printed = [listed(replaced(answer, areas=(area,)), answer.flags) for area in answer.areas]
    return [replaced(area, remarks=()) for area in found.areas], printed


def remarks(found: Any) -> tuple[str, ...]:
    """Return the remarks, which stand behind the last area."""
    return found.areas[-1].remarks if found.areas else found.remarks


def several_case(command: str, old: bool) -> Case:
    return Case(
        command, "control-area", several(old), ca.layout, WHOLE, least=0,
        found=lambda found: {"remarks": remarks(found)}, same=each_alike,
    )  # fmt: skip


# One line for each.

ON_ONE_LINE = ("address", "Segment", "segment", "NumberOfPfnReferences", "NumberOfMappedViews", "kind", "file_name")
NOT_ON_IT = dict.fromkeys(
    (
        *(one for one in ControlArea.__annotations__ if one not in (*ON_ONE_LINE, "deletion")),
        *("deletion.state", "deletion.waiters"),
        *(f"segment.{one}" for one in Segment.__annotations__ if one not in ("address", "TotalNumberOfPtes")),
    ),
    "there is one line",
)


def compact(wide: bool) -> Strategy:
    return several(False)(wide).map(lambda answer: replaced(answer, flags=COMPACT))


def lines(found: Any, answer: ca.CaAnswer) -> tuple[Any, Any]:
    return [replaced(area, remarks=()) for area in found.areas], list(map(line, answer.areas))


def line(area: Any) -> ListedControlArea:
    shown = name(area)
    if isinstance(area.segment, Segment) and isinstance(area.segment.TotalNumberOfPtes, Absent):
        area = replaced(area, segment=area.segment.TotalNumberOfPtes)
    known = Absent(shown) if shown == "????" else area.file_name
    words = shown if known == "" else ""
    read = as_read(replaced(area, file_name=known), NOT_ON_IT, none=())
    return ListedControlArea(read, words, (), None, None, None, None, ())


COMPACT_CASE = Case(
    "!ca 0 8", "control-area", compact, ca.layout, WHOLE, least=0, found=lambda found: {"remarks": remarks(found)},
    same=lines,
)  # fmt: skip


# Its pages, the file that they were written to, and what is said of it.


class Reader:
    """Says of an entry in a page file where that is."""

    def __init__(self, size: int) -> None:
        self.format = SimpleNamespace(size=size)

    def classify(self, value: int) -> Pte:
        return Pte("page file", Hex(value), None, value & 15, Hex(value >> 32))


@st.composite
def runs(draw: st.DrawFn, wide: bool) -> SubsectionPages:
    import numpy as np

    entry = st.tuples(st.sampled_from(range(len(STATES))), st.sampled_from([0, 0, 0xC8, 0x12345678ABCDEF09]))
    entries = draw(st.lists(entry, max_size=6))
    pages = [draw(st.integers(0, 1 << 36)) if STATES[k] in ("valid", "transition") else -1 for k, _ in entries]
    there = [draw(st.sampled_from([-1, 0x1000])) if p >= 0 else -1 for p in pages]
    base = draw(st.one_of(places(wide).filter(lambda at: at < (1 << 8 * (8 if wide else 4)) - 64), ABSENT, st.just(0)))
    part: Any = SimpleNamespace(
        address=draw(places(wide)), SubsectionBase=base, file_offset=draw(st.one_of(SIZES, ABSENT))
    )
    kinds, values = np.array([k for k, _ in entries], "u1"), np.array([v for _, v in entries], "u8")
    found = PteArray(part, values, kinds, np.array(pages, "i8"), np.array(there, "i8"))
    reader: Any = Reader(8 if wide else 4)
    made = PteRuns(reader, found, backed=draw(st.booleans()))
    return SubsectionPages(draw(st.integers(1, 99)), part.address, made)


@st.composite
def sections(draw: st.DrawFn, wide: bool) -> SectionPages:
    counts = draw(st.lists(st.sampled_from([0, 1, 999, 1000, 8388608]), min_size=6, max_size=6))
    bar = draw(st.text("#+x.?", max_size=64))
    parts = draw(st.lists(runs(wide), max_size=2))
    return SectionPages(tuple(parts), Coverage(sum(counts), *counts), bar)


@st.composite
def written(draw: st.DrawFn) -> Extracted:
    why = ("in a page file", "never written: zeros", "its page has been freed", "not in memory; the file has it")
    holes = [
        Hole(draw(SIZES), draw(st.integers(1, 1 << 30).map(Hex)), draw(st.sampled_from(why)), draw(st.booleans()))
        for _ in range(draw(st.sampled_from([0, 1, 2, 20, 21])))
    ]
    path = draw(st.one_of(names(), paths()))
    source = draw(st.sampled_from(["subsections", "SizeOfSegment", "FileSize of the shared cache map"]))
    return Extracted(path, draw(SIZES), source, draw(SIZES), tuple(holes))


def with_more(wide: bool) -> Strategy:
    pages = st.one_of(st.none(), sections(wide))
    made = st.tuples(one_area(wide), pages, st.booleans(), st.one_of(st.none(), written()), st.booleans())
    return made.map(
        lambda m: replaced(
            m[0], pages=m[1], list_ptes=m[2], extracted=m[3],
            explanation=explained(m[0].areas[0], m[1]) if m[4] else None,
        )
    )  # fmt: skip


def more_as_printed(answer: ca.CaAnswer) -> Any:
    """Return an answer with as much of its pages, its file and what is said of it as is printed."""
    pages, done, told = answer.pages, answer.extracted, answer.explanation
    if pages is not None:
        parts = tuple(replaced(part, runs=tuple(part.runs)) for part in pages.subsections)
        pages = replaced(pages, subsections=parts if answer.list_ptes else ())
    if done is not None:
        done = replaced(done, path=printable(done.path), holes=done.holes[:20])
    if told is not None:
        told = tuple(replaced(part, text=printable(part.text)) for part in told)
    return replaced(answer, pages=pages, extracted=done, explanation=told)


MORE = Case(
    "!ca X --ptes --explain --extract out.bin", "control-area", with_more, ca.layout, WHOLE, least=0,
    found=lambda found: {"remarks": found.areas[0].remarks},
    same=lambda found, answer: each_alike(found, more_as_printed(answer)),
)  # fmt: skip

CASES = [several_case("!ca 0", False), several_case("!ca -1", True), COMPACT_CASE, MORE]


@given(st.lists(st.sampled_from(["a", "Hé", "page-file", "x" * 40, "y" * 120, ""]), max_size=30).map(" ".join))
@settings(max_examples=30)
def test_blanks_in_what_is_said_are_kept(text: str) -> None:
    told = (Explained("deletion", f"It is {text}."), Explained("counts", "None."))
    lines = ExplainedLines()

    assert [one for one in explanation(told).split("\n") if one and not lines.take(one)] == []
    assert lines.record() == told


def test_kinds_of_entries_that_have_no_value_are_the_last() -> None:
    assert len(KINDS) == UNREADABLE


@each(CASES)
def test_what_was_printed_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 10)


@pytest.mark.slow
@each(CASES)
def test_what_was_printed_of_many_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 60)
