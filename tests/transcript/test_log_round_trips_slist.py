"""What ``slist`` prints of entries that are shown as a type is read back as those structures."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st
from record_strategies import PROBLEMS
from round_trips import Case, each, replaced, run
from test_log_round_trips_dt import ENTRY, KIND, PAIR, STRING, Types, structures
from test_log_round_trips_memory import SLIST, list_shown
from test_log_round_trips_memory import lists as plain_lists

from dumpwalk.commands import slist
from dumpwalk.kernel.slist import SlistEntry
from dumpwalk.memory.address import Address
from dumpwalk.memory.segments import Segment, SegmentedMemory
from dumpwalk.objects import space_of
from dumpwalk.remarks import Absent
from dumpwalk.render.dt import Options, listing
from dumpwalk.render.text import printable
from dumpwalk.types.model import BASES

AT, LINK, STEP = 0xFFFFC50900001000, 0x10, 0x200
SHOWN: dict[str, Any] = {"_KIND": KIND, "Uint4B": BASES["Uint4B"]}


@st.composite
def typed_lists(draw: st.DrawFn, wide: bool, name: str) -> Any:
    """Return lists of entries in which the link is at 0x10, each shown as the type."""
    answer = draw(plain_lists(wide))
    type, data = draw(structures())
    shown = type if name == type.name else SHOWN[name]
    types: Any = Types(type, PAIR, ENTRY, STRING, KIND)
    whole = bytes(data).ljust(STEP, b"\1") * 3
    space = space_of(SegmentedMemory([Segment(Address(AT), memoryview(whole))]), types)
    places = [Address(AT + n * STEP) for n in range(draw(st.integers(1, 4)))]  # the last one is not there
    entries = tuple(SlistEntry(Address(at + LINK), Absent("not asked for")) for at in places)
    found = answer.list.__replace__(entries=entries, problems=tuple(draw(st.lists(PROBLEMS, max_size=1))))
    return answer.__replace__(list=found, listings=tuple(listing(space, shown, at, Options()) for at in places))


def as_printed(answer: slist.SlistAnswer) -> Any:
    return replaced(answer, listings=())


def rows(listings: Any) -> Any:
    return [
        (
            one.type,
            one.address,
            [
                (
                    row.name, row.offset, row.depth, row.kind, printable(row.text).strip(),
                    "????" if isinstance(row.value, Absent) else int(row.value) if isinstance(row.value, int) else None,
                )
                for row in one.rows
            ],
        )
        for one in listings
    ]  # fmt: skip


def without_what_no_text_says(ours: Any, theirs: Any) -> Any:
    """Return rows that were read without a number where the printed row has none."""
    kept = []
    for mine, others in zip(ours, theirs, strict=True):
        pairs = zip(mine[2], others[2], strict=True)
        kept.append((*mine[:2], [a if b[-1] is not None else (*a[:-1], None) for a, b in pairs]))
    return kept


def same(found: Any, answer: slist.SlistAnswer) -> tuple[Any, Any]:
    """Return the list, whose entries' words are not shown, and what is shown in place of them."""
    theirs = rows(answer.listings)
    ours = without_what_no_text_says(rows(found.listings), theirs)
    return (found.list, ours), (list_shown(answer.list, "entries[].words"), theirs)


def view(found: Any) -> Any:
    return replaced(found, listings=())


def case(type: str) -> Case:
    return Case(
        f"!slist X nt!{type} 10", "slist", lambda wide: typed_lists(wide, type), slist.layout,
        SLIST.shown, of=as_printed, found=view, same=same, widths=(True,),
    )  # fmt: skip


CASES = [case("_ALL"), case("_KIND"), case("Uint4B")]


@each(CASES)
def test_what_was_printed_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 10)


@pytest.mark.slow
@each(CASES)
def test_what_was_printed_of_many_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 60)
