"""Any text is a target, or is refused in one line."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dumpwalk.cli import main
from dumpwalk.opening import open as open_target
from dumpwalk.transcript.as_target.memory import Shown, TextMemory

if TYPE_CHECKING:
    from dumpwalk.memory.machine import Machine

SAMPLE = (Path(__file__).parents[2] / "samples" / "pasted_structures.txt").read_text("utf-8")
LINES = SAMPLE.splitlines()
WORDS = st.sampled_from(
    [
        *"dt dd dq db dps du da ?? r lm !thread !ca vertarget .bugcheck nt! 0x 0n `".split(),
        *["0n-5", "(null)", "[ 0x0 - 0xffffffffffffffff ]", '"a.b"', "'A'", "0y101", "??", "????????", "<unnamed-tag>"],
        *["ffffffff`ffffffff", "ffffffff", "0", "80001000", "+0x000", "+0xffffffff", "-0x1", "[99999999]", "Ptr64"],
        *["_FILE_OBJECT", "_LIST_ENTRY", "_SEGMENT *", "Windows 7 Kernel Version 7601 MP (4 procs) Free x64", "rip=1"],
    ]
)
relaxed = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def look_at(path: Path) -> None:
    """Ask for what commands ask for; an error is one line, and none is our own fault."""
    for words in (["triage"], ["ca", "863c1758"], ["fileobj", "8750ef80"], ["dt", "_FILE_OBJECT", "8750ef80"]):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = main(["-z", str(path), *words])

        assert status in (0, 1, 3, 4), err.getvalue()
        assert status < 2 or err.getvalue().count("\n") == 1


@relaxed
@given(data=st.binary(max_size=400))
def test_any_bytes(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "any"
    path.write_bytes(data)

    look_at(path)


@relaxed
@given(lines=st.lists(st.lists(WORDS, max_size=6).map(" ".join), max_size=20), prompts=st.booleans())
def test_words_of_logs_in_any_order(lines: list[str], prompts: bool, tmp_path: Path) -> None:
    path = tmp_path / "any"
    path.write_text("\n".join("kd> " * prompts + line for line in lines), "utf-8")

    look_at(path)


@relaxed
@given(data=st.data())
def test_a_log_with_damage(data: st.DataObject, tmp_path: Path) -> None:
    lines = list(LINES)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(lines) - 1))
        match data.draw(st.sampled_from(["cut", "swap", "double", "digits", "word"])):
            case "cut":
                lines[at] = lines[at][: data.draw(st.integers(0, 40))]
            case "swap":
                other = data.draw(st.integers(0, len(lines) - 1))
                lines[at], lines[other] = lines[other], lines[at]
            case "double":
                lines.insert(at, lines[data.draw(st.integers(0, len(lines) - 1))])
            case "digits":
                lines[at] = lines[at].replace("0x", "0x" + data.draw(st.text("0123456789abcdef`", max_size=20)))
            case _:
                lines[at] += " " + data.draw(WORDS)
    path = tmp_path / "damaged.txt"
    path.write_text("\n".join(lines), "utf-8")

    look_at(path)


pieces = st.lists(
    st.tuples(st.integers(0, 60), st.binary(min_size=1, max_size=12), st.booleans()), min_size=1, max_size=30
)


@settings(deadline=None)
@given(given_pieces=pieces)
def test_the_first_that_shows_a_byte_is_read(given_pieces: list[tuple[int, bytes, bool]], x64: Machine) -> None:
    shown = Shown()
    expected: dict[int, int] = {}
    contradicted = False
    for line, (address, data, cut) in enumerate(given_pieces, 1):
        if cut:
            shown.cut()
        shown.add(address, data, line)
        for at, byte in enumerate(data, address):
            contradicted |= expected.setdefault(at, byte) != byte

    memory = TextMemory(x64, lambda: shown)

    assert {a: memory.read(a, 1)[0] for start, end in memory.runs() for a in range(start, end)} == expected
    assert bool(memory.problems) == contradicted


@pytest.fixture(scope="module")
def x64() -> Machine:
    """A machine whose addresses are printed."""
    from dumpwalk.memory.machine import MACHINES

    return MACHINES[0x8664]


def test_listings_that_overlap_twenty_thousand_times(tmp_path: Path) -> None:
    """Each overlaps the one before it by half, in falling order, and says something else."""
    path = tmp_path / "many.txt"
    with path.open("w") as file:
        for n in range(20_000, 0, -1):
            file.write(f"{0x80000000 + 8 * n:08x}  {n:08x} {n:08x} {n:08x} {n:08x}\n")

    target = open_target(str(path))

    assert list(target.memory.runs()) == [(0x80000008, 0x80000000 + 8 * 20_000 + 16)]
    assert len(target.dump.problems) == 17
    assert str(target.dump.problems[-1]) == "text: 19983 further listings contradict earlier ones"


def test_structures_that_lead_to_each_other(tmp_path: Path) -> None:
    deep = "kd> dt -r nt!_SEGMENT aeb311a8\n"
    for depth in range(200):
        deep += f"{'   ' * (depth + 1)}+0x000 ControlArea : 0xaeb311a8 _SEGMENT\n"
    path = tmp_path / "deep.txt"
    path.write_text(deep)

    target = open_target(str(path))

    assert target.memory.read(0xAEB311A8, 4).hex() == "a811b3ae"
