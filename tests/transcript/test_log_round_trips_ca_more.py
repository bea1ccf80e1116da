"""What ``ca`` prints of several control areas, and below one with its options, is read back as that."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from record_strategies import ABSENT, PROBLEMS, Strategy, names, paths, places
from round_trips import Case, each, replaced, run
from shown import Shown, assert_shown
from test_log_round_trips_ca import SEGMENT, SUBSECTIONS, areas, as_printed, ca_case
from test_log_round_trips_ca import view as laid_out

from dumpwalk.commands import ca
from dumpwalk.kernel.prototype_ptes import STATES, UNREADABLE, PteArray
from dumpwalk.kernel.pte_runs import PteRuns
from dumpwalk.kernel.section_explained import Explained, explained
from dumpwalk.kernel.section_extract import Extracted, Hole
from dumpwalk.kernel.section_pages import Coverage, SectionPages, SubsectionPages
from dumpwalk.memory.address import Hex
from dumpwalk.memory.paging.software import KINDS, Pte
from dumpwalk.remarks import Absent
from dumpwalk.render.section import COMPACT, name
from dumpwalk.render.section_pages import explanation
from dumpwalk.render.text import printable
from dumpwalk.transcript.section_pages import ExplainedLines

WHOLE = Shown(hidden={"": "compared as a whole"})
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


def each_alike(old: bool) -> Any:
    """Return what holds each control area that was read against the one that was printed."""
    shown = ca_case(old).shown

    def same(found: Any, answer: ca.CaAnswer) -> tuple[Any, Any]:
        for theirs, ours in zip(answer.areas, found.areas, strict=True):
            area = as_printed(replaced(answer, areas=(theirs,))).areas[0]
            if not answer.flags & SEGMENT:
                area = replaced(area, segment=None)
            if not answer.flags & SUBSECTIONS:
                area = replaced(area, subsections=())
            whole = laid_out(replaced(found, areas=(ours,))) | {"remarks": ()}

            assert assert_shown(replaced(answer, areas=(area,), problems=()), whole, shown) > 5
        return (), ()

    return same


def remarks(found: Any) -> tuple[str, ...]:
    """Return the remarks, which stand behind the last area."""
    return found.areas[-1].remarks if found.areas else found.remarks


def several_case(command: str, old: bool) -> Case:
    return Case(
        command, "control-area", several(old), ca.layout, WHOLE, least=0,
        found=lambda found: {"remarks": remarks(found)}, same=each_alike(old),
    )  # fmt: skip


# One line for each.


def compact(wide: bool) -> Strategy:
    return several(False)(wide).map(lambda answer: replaced(answer, flags=COMPACT))


def line(area: Any) -> tuple[Any, ...]:
    total = Absent("") if isinstance(area.segment, Absent) else area.segment.TotalNumberOfPtes
    if isinstance(area.Segment, Absent):  # nothing to say it of
        total = Absent("")
    counts = (area.NumberOfPfnReferences, area.NumberOfMappedViews, total)
    return (area.address, area.Segment, *counts, area.kind, name(area))


def read_line(area: Any) -> tuple[Any, ...]:
    parts = {part.type: part for part in area.parts}
    own = parts["ControlArea"].values
    segment = parts.get("Segment")
    assert segment is None or segment.address == own["Segment"]
    total = segment.values["TotalNumberOfPtes"] if segment else Absent("")
    counts = (own["NumberOfPfnReferences"], own["NumberOfMappedViews"], total)
    return (area.address, own["Segment"], *counts, area.kind, area.file)


def plain(value: Any) -> Any:
    """Return a value in one form: what is absent without its reason."""
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    return "????" if isinstance(value, Absent) else value


COMPACT_CASE = Case(
    "!ca 0 8", "control-area", compact, ca.layout, WHOLE, least=0, found=lambda found: {"remarks": remarks(found)},
    same=lambda found, answer: (plain(list(map(read_line, found.areas))), plain(list(map(line, answer.areas)))),
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
    pages, done, told = answer.pages, answer.extracted, answer.explanation
    if pages is not None:
        listed = tuple(replaced(part, runs=tuple(part.runs)) for part in pages.subsections)
        pages = replaced(pages, subsections=listed if answer.list_ptes else ())
    if done is not None:
        done = replaced(done, path=printable(done.path), holes=done.holes[:20])
    if told is not None:
        told = tuple(replaced(part, text=printable(part.text)) for part in told)
    return pages, done, told


MORE = Case(
    "!ca X --ptes --explain --extract out.bin", "control-area", with_more, ca.layout, ca_case(False).shown,
    of=lambda answer: as_printed(replaced(answer, pages=None, extracted=None, explanation=None)), found=laid_out,
    same=lambda found, answer: (
        (found.areas[0].pages, found.areas[0].extracted, found.areas[0].explanation), more_as_printed(answer)),
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
