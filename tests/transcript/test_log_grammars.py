"""The grammars of blocks and the readers that read them by regular expressions say the same.

``grammars/<kind>.lark`` describes the lines of a kind of block. Its rules are:

``start``
    one line, whatever it is
``opening``, ``line``
    the line that has to come first, where there is one, and those below it
``alone``
    a line that is first and says all
``unfinished``, ``rest``
    a line that goes on below, and what of it stands there. ``rest`` is not part of ``start``: for itself it is
    a line of any other kind, or prose. Where there are several of them their names go on: ``rest_flags`` stands
    below ``unfinished_flags``, ``rest_user_access`` below ``unfinished_user`` and
    ``unfinished_user_access``. A ``rest_owned`` without an ``unfinished_owned`` is not made: what has to stand above
    it no grammar says.
``heading``
    a line below which others stand, and that says nothing itself: no record comes of it alone

Blanks count in them, and are a terminal of their own: a table's columns are parted by some. A line has none at its
end. All other rules are named for what the line is.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from held_grammars import READ_BY, grammar, is_taken, kinds_with_grammar, listed, mutilated, openings, reader
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.lark import from_lark

from dumpwalk.transcript import KINDS

# The reader of dt asks its grammar itself, for the rows of less usual form.
ASKED = {"dt"}
WITH_GRAMMAR = [kind for kind in kinds_with_grammar() if kind not in ASKED]
# Those that are no block of their own form: what a record holds of them is labels and values, or nothing. Prose and
# markup are natural language and what is written around it: a grammar of them would take any line.
FORMLESS = {"command", "noise", "prose", "markup"}

# What a reader has to be told of the form of its lines.
COMMANDS: dict[str, tuple[str, ...]] = {
    "code": ("", "uf /c x"),
    "dx": ("dx x", "dx -g x"),
    "handle-trace": ("", "!htrace"),
    "memory": ("db", "dw", "dd", "dq", "dps", "da"),
    "modules": ("", "lm1 m x"),
    "pool": ("", "!poolused"),
    "pte": ("", "!pte2va 9230"),
    "registers": ("r",),
    "usb": ("!usbkd.usbhubext",),
    "symbols": ("", "x /0 a!b", "x /1 a!b"),
}
# What no line says for itself: that a member is shown once; that a completion routine that could not be read has no
# name.
_TWICE = r"\b([A-Z][A-Za-z ]*?):? *[0-9a-f?]+ .*\b\1:? *[0-9a-f?]+"
REFUSED_BELOW = {
    "irp": re.compile(r"\?-\S+(?: .*)?\n *\S+ +\S|\?-\S+(?: .*)?\n {8,}\S"),
    "processor": re.compile(_TWICE),
    "control-area": re.compile(_TWICE),
}
# Kinds that stand inside the blocks of others.
INSIDE: dict[str, tuple[str, ...]] = {
    "analyze": ("stack", "registers", "exception", "bugcheck"),
    "handle": ("object",),
    "registers": ("code",),
    "slist": ("dt",),  # the entries' structures
    "stack": ("gdb", "xcode"),
    "thread": ("stack",),
}
# Lines that blocks begin with, of kinds for which no listing at hand has one, and of one with two forms of block.
OPENINGS = {
    "apc": ["KAPC @ e000000085b0a2c8"],
    "processor": ["KPCR for Processor 0 at ffffa001290c6000:", "PRCB for Processor 0 at fffff80002c4be80:"],
    "service-table": ["nt!KeServiceDescriptorTable at 82c09960: 3 services in the table at 82c08550 (pointers)"],
    "translation": [
        "90002000: PAE page tables, root at 185000",
        "Pdi 0 Pti 12f",
        "X86VtoP: Virt 90002000, pagedir 185000",
    ],
    "virtual-addresses": ["x64 page tables, root at 1aa000"],
}
# On how many of all lines that are not of the kind (some 15,000) grammar and reader do not agree: those that only the
# reader takes, and those that only the grammar takes.
DIFFER: dict[str, tuple[int, int]] = {
    "control-area": (0, 1),  # a label twice
}
# The same of the lines of the kind, mutilated twice each.
DIFFER_MUTILATED: dict[str, tuple[int, int]] = {
    # Of what stands between braces the reader takes the numbers, up to what is none.
    "bugcheck": (1, 0),
    # One of two names on a line.
    "code": (1, 0),
    # The reader takes a cut last word for the characters or the symbol behind the others.
    "memory": (4, 0),
    # Doubled lines, whose second half is text to the reader, and cut or changed words and numbers.
    "deadlock": (3, 0),
    "apc": (0, 1),  # a value that lost its first digit
    "device": (13, 0),
    "devstack": (3, 0),
    "driver": (9, 0),
    "filter": (1, 0),
    "exception-chain": (2, 0),
    "idt": (32, 0),  # names of routines may be anything
    "image-headers": (6, 0),
    "locks": (3, 0),
    "object": (9, 0),
    "object-fields": (3, 0),
    "pfn": (3, 0),
    "pool": (3, 0),
    "power-action": (3, 0),
    "processor": (9, 0),  # cut numbers, and other blanks between columns
    "pte": (7, 0),
    "vad": (3, 0),
    # What follows the columns is a place to the reader, and what is no known part of one a part of its name; to the
    # grammar another frame on the same line, or the rest of an argument, is none. 5,274 lines.
    "stack": (600, 0),
    "thread": (26, 0),
    # The reader passes over doubled blanks in a report's rows.
    "process": (1, 0),
    "control-area": (0, 6),  # doubled lines: a member is shown once
}

# The same below the lines that such stand below.
DIFFER_BELOW: dict[str, tuple[int, int]] = {
    # The words of a bug check's description are free text: the grammar takes any.
    "analyze": (0, 24),
    "control-area": (0, 7),  # doubled lines: a member is shown once
    "handle": (3, 0),  # other blanks in front
    "idt": (2, 0),
    "irp": (1, 0),  # a question mark among the digits
    "locks": (2, 0),
    "object-types": (1, 0),
    "pte": (1, 0),
    "processor": (9, 0),  # as above
    # Doubled lines, whose second half is part of a name to the reader.
    "queued-locks": (10, 0),
    "trace": (3, 0),
    "verifier": (6, 0),
    "stack": (29, 0),
}

ASCII = st.characters(min_codepoint=32, max_codepoint=126)


def differing(kind: str, lines: list[str], above: list[str]) -> tuple[list[str], list[str]]:
    """Return those of *lines* that the reader alone takes, and those that the grammar alone takes."""
    held, make = grammar(kind), reader(kind)
    kinds, commands = [kind, *inside(kind)], COMMANDS.get(kind, ("",))
    reader_only, grammar_only = [], []
    for line in lines:
        taken = is_taken(make, commands, above, line)
        if taken and not any(grammar(k).takes(line) for k in kinds):
            reader_only.append(line)
        elif not taken and held.parse(line) is not None:
            grammar_only.append(line)
    return reader_only, grammar_only


def inside(kind: str) -> list[str]:
    """Return the kinds whose lines stand inside blocks of *kind*, or that its reader reads too."""
    found = [kind]
    for outer in found:
        more = [*INSIDE.get(outer, ()), *([READ_BY[outer]] if outer in READ_BY else [])]
        found += [k for k in more if k in (*WITH_GRAMMAR, *ASKED) and k not in found]
    return found[1:]


def lines_of(kind: str, data: Path) -> dict[str, None]:
    """Return the lines of all listings that blocks of *kind* hold."""
    found = listed(data).understood
    if kind in READ_BY:
        return dict.fromkeys(line for line in found[READ_BY[kind]] if grammar(kind).takes(line))
    return found.get(kind, {})


def differing_below(kind: str, rest: str, own: list[str]) -> tuple[list[str], list[str]]:
    """Return those of the mutilated lines which *rest* takes unmutilated that one of reader and grammar alone takes
    where they stand: below the first line of *own* of each form that has to be above."""
    held, make, commands = grammar(kind), reader(kind), COMMANDS.get(kind, ("",))
    above = [next((line for line in own if held.parse(line, entry) is not None), None) for entry in held.above(rest)]
    reader_only: list[str] = []
    grammar_only: list[str] = []
    if None in above:  # no listing at hand has one
        return reader_only, grammar_only
    for line in own:
        for bad in (mutilated(line, 1), mutilated(line, 2)) if held.parse(line, rest) is not None else ():
            readers = [make(command) for command in commands if bad]
            taken = any(all(found.take(a, n) for n, a in enumerate([*above, bad], 1)) for found in readers)
            if taken and not any(grammar(k).takes(bad) for k in (kind, *inside(kind))):
                reader_only.append(bad)
            elif readers and not taken and held.parse(bad, rest) is not None:
                grammar_only.append(bad)
    return reader_only, grammar_only


def before(kind: str, own: dict[str, None]) -> list[str]:
    """Return lines that a block of *kind* begins with."""
    return openings(kind, list(own)) or OPENINGS.get(kind, [])


def assert_few(found: tuple[list[str], list[str]], most: tuple[int, int]) -> None:
    assert len(found[0]) <= most[0], "\n".join(["the reader alone takes:", *found[0][:40]])
    assert len(found[1]) <= most[1], "\n".join(["the grammar alone takes:", *found[1][:40]])


def test_every_kind_has_a_grammar() -> None:
    assert set(KINDS.load()) - set(WITH_GRAMMAR) == FORMLESS | ASKED


@pytest.mark.parametrize("kind", WITH_GRAMMAR)
def test_every_understood_line_of_every_listing(kind: str, real_data: Path) -> None:
    lines = lines_of(kind, real_data)
    kinds = [kind, *inside(kind)]
    refused = [line for line in lines if not any(grammar(k).takes(line) for k in kinds)]

    assert refused == []


@pytest.mark.parametrize("kind", WITH_GRAMMAR)
def test_what_the_reader_refuses_the_grammar_refuses(kind: str, real_data: Path) -> None:
    """A thirtieth of all lines; the slow test has all."""
    known = listed(real_data)
    own = lines_of(kind, real_data)
    others = [line for line in known.lines[::30] if line not in own]

    assert_few(differing(kind, others, before(kind, own)), DIFFER.get(kind, (0, 0)))


@pytest.mark.slow
@pytest.mark.parametrize("kind", WITH_GRAMMAR)
def test_what_the_reader_refuses_of_all_lines(kind: str, real_data: Path) -> None:
    known = listed(real_data)
    own = lines_of(kind, real_data)
    others = [line for line in known.lines if line not in own]

    assert_few(differing(kind, others, before(kind, own)), DIFFER.get(kind, (0, 0)))


@pytest.mark.slow
@pytest.mark.parametrize("kind", WITH_GRAMMAR)
def test_mutilated_lines(kind: str, real_data: Path) -> None:
    own = lines_of(kind, real_data)
    lines = [bad for line in own for bad in (mutilated(line, 1), mutilated(line, 2)) if bad]

    assert_few(differing(kind, lines, before(kind, own)), DIFFER_MUTILATED.get(kind, (0, 0)))


@pytest.mark.slow
@pytest.mark.parametrize("kind", WITH_GRAMMAR)
def test_mutilated_lines_below_others(kind: str, real_data: Path) -> None:
    held, own = grammar(kind), list(lines_of(kind, real_data))
    rests = [entry for entry in held.entries if entry.startswith("rest") and held.is_made(entry)]
    found = [differing_below(kind, rest, own) for rest in rests]

    assert_few(
        ([line for one, _ in found for line in one], [line for _, one in found for line in one]),
        DIFFER_BELOW.get(kind, (0, 0)),
    )


@cache
def made(kind: str, rule: str) -> st.SearchStrategy[str]:
    """Return a strategy for the lines that a rule of a grammar makes, as a reader gets them."""
    return from_lark(grammar(kind).parser, start=rule, alphabet=ASCII).map(lambda line: line.rstrip(" "))


def assert_the_reader_takes_what_the_grammar_makes(kind: str, examples: int) -> None:
    held, commands = grammar(kind), COMMANDS.get(kind, ("",))
    rules = [rule for rule in held.entries if held.is_made(rule)] or ["start"]

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck), database=None)
    @given(st.data(), st.sampled_from(rules))
    def check(data: st.DataObject, rule: str) -> None:
        steps = [*held.above(rule), rule]
        lines = [data.draw(made(kind, step)) for step in steps]
        # Tokens drawn one by one may stand together as another one.
        trees = [held.parse(line, step) for line, step in zip(lines, steps)]
        assume(None not in trees)
        assume(kind not in REFUSED_BELOW or not REFUSED_BELOW[kind].search("\n".join(lines)))
        tree = trees[-1]
        assert tree is not None

        records = [read(kind, command, lines) for command in commands]

        assert any(taken for taken, _ in records), lines
        if rule in ("start", "line", "alone") and not list(tree.find_data("heading")):
            assert any(taken and record is not None for taken, record in records), lines

    check()


def read(kind: str, command: str, lines: list[str]) -> tuple[bool, object]:
    """Return whether the reader takes all of *lines*, and their record."""
    found = reader(kind)(command)
    taken = [found.take(line, number) for number, line in enumerate(lines, 1)]
    return all(taken), found.record()


@pytest.mark.parametrize("kind", WITH_GRAMMAR)
def test_the_reader_takes_what_the_grammar_makes(kind: str) -> None:
    assert_the_reader_takes_what_the_grammar_makes(kind, 10)


@pytest.mark.slow
@pytest.mark.parametrize("kind", WITH_GRAMMAR)
def test_the_reader_takes_much_of_what_the_grammar_makes(kind: str) -> None:
    assert_the_reader_takes_what_the_grammar_makes(kind, 50)
