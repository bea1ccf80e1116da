"""What ``dt`` prints with any of its options, of types, names, lists and arrays, is read back as the same listings."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shown import read_back
from test_log_round_trips_dt import AT, ENTRY, KIND, PAIR, STRING, TEXT, Types, structures

from dumpwalk.commands.dt import show
from dumpwalk.memory.address import Address
from dumpwalk.memory.segments import Segment, SegmentedMemory
from dumpwalk.remarks import Absent
from dumpwalk.render.dt import DtAnswer, layout
from dumpwalk.render.dt_request import request_of
from dumpwalk.render.text import printable
from dumpwalk.types.sources.dt_text import DtListing, DtRow

# Two forms are not read back: with -c and -o together no text says where one member ends, and the type of an array
# without an address, `[3] _PAIR`, looks like its fourth element.
OPTIONS = ["", "-v", "-b", "-r1", "-o", "-c", "-i", "-i -r2", "-y M -y u -y Ty -y _x", "-v -r1"]
FORMS = [
    *(f"nt!_ALL {option} AT" for option in [*OPTIONS, "-a", "-a2", "-a -r1", "-a -b", "-a -v"]),
    *(f"nt!_ALL {option}" for option in OPTIONS),
    *(f"nt!{name} {option} AT" for name in ("_LIST_ENTRY", "_UNICODE_STRING", "_KIND") for option in ("", "-v", "-r1")),
    *("-p nt!_ALL AT", "-n _ALL AT", "_ALL AT", "nt!_KIND", "nt!_KIND -v", "Uint4B", "Uint4B AT"),
    *("nt!_*", "-v nt!_*", "-e nt!_PAIR", "-t nt!_PAIR", "-s 8 nt!*", "-s 8 -v nt!*", "-y _AL"),
    *("nt!_PAIR[3] AT", "-v nt!_PAIR[3] AT", "-a3 nt!_PAIR AT", "Uint4B[3] AT"),
    *("-l Flink nt!_LIST_ENTRY AT", "-v -l Flink nt!_LIST_ENTRY AT"),
]  # fmt: skip


def answer_to(words: list[str], made: tuple[Any, bytes]) -> DtAnswer:
    struct, data = made
    types: Any = Types(struct, PAIR, ENTRY, STRING, KIND)
    text = 'Hé\x1bllo "x"\0'.encode("utf-16-le")
    held = [(AT, bytes(data).ljust(64, b"\0")), (TEXT, text)]
    memory = SegmentedMemory([Segment(Address(at), memoryview(content)) for at, content in held])
    return show(memory, types, request_of(words))


def check(made: tuple[Any, bytes], form: str) -> None:
    command = form.replace("AT", f"{AT:x}")
    answer = answer_to(command.split(), made)
    listings = merged(answer.listings)
    if not any(one.rows or one.names for one in listings):
        return  # nothing of the structure was asked for
    found = read_back(f"dt {command}", layout(answer), "dt")
    indented, offsets = "-i" not in form, "-o" not in form.split()

    assert found.remarks == ()
    assert found.foot == tuple(printable(str(problem)) for problem in answer.problems)
    assert len(found.listings) == len(listings)
    for ours, theirs in zip(found.listings, listings):
        assert ours.address == theirs.address
        assert ours.module in ("", "nt")
        assert ours.size in (None, theirs.size)
        sizes = {symbol.name: f"{symbol.size:03x} " for symbol in found.symbols}
        assert [sizes.get(n.strip(), "") + n.strip() for n in ours.names] == [name.strip() for name in theirs.names]
        # The rule below a heading says nothing.
        assert stripped(ours.heading) == [line for line in stripped(theirs.heading) if line.strip("-")]
        if theirs.rows and "[" not in theirs.type:  # of an array the command alone says how many
            assert ours.type == theirs.type
        for mine, others in zip(ours.rows, theirs.rows, strict=True):
            alike(mine, others, indented, offsets)


def merged(listings: tuple[DtListing, ...]) -> list[DtListing]:
    """Return listings with what a prefix stands for in that of the type below it, as it is read."""
    if len(listings) == 2 and listings[0].names and not listings[1].heading:
        return [listings[1].__replace__(names=listings[0].names)]  # type: ignore[attr-defined]
    return list(listings)


def stripped(lines: tuple[str, ...]) -> list[str]:
    return [printable(line).strip() for line in lines]


def alike(ours: DtRow, theirs: DtRow, indented: bool, offsets: bool) -> None:
    assert (ours.name, ours.kind, ours.text.strip()) == (theirs.name, theirs.kind, printable(theirs.text).strip())
    assert ours.offset == (theirs.offset if offsets else None)
    assert ours.depth == (theirs.depth if indented else 0)  # with -i nothing says it
    if isinstance(theirs.value, Absent):
        assert isinstance(ours.value, Absent)
    elif isinstance(theirs.value, int):
        assert ours.value == theirs.value


@given(structures(), st.sampled_from(FORMS))
@settings(max_examples=30)
def test_what_was_printed_is_read_back(made: tuple[Any, bytes], form: str) -> None:
    check(made, form)


@pytest.mark.parametrize("form", FORMS)
def test_each_form_of_one_structure(form: str) -> None:
    check((PAIR.__replace__(name="_ALL"), bytes(range(64))), form)  # type: ignore[attr-defined]


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_what_was_printed_of_many_is_read_back(form: str) -> None:
    @given(structures())
    @settings(max_examples=30)
    def each(made: tuple[Any, bytes]) -> None:
        check(made, form)

    each()
