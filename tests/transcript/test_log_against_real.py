"""Real small memory dumps against text that others' findings of them are put into.

Two triage dumps were decoded by hand and by other tools before this program was there: bug check, stack, modules. What
they found is laid out as WinDbg prints it, and must be what the dump holds; one bit less of it must not.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dumpwalk.target import open
from dumpwalk.transcript import parse
from dumpwalk.transcript.against.whole import compare_log


def _address(text: str) -> str:
    value = int(text, 16)
    return f"{value >> 32:08x}`{value & 0xFFFFFFFF:08x}"


def _session(found: Any) -> str:
    header = found["header"]
    code = int(header["BugCheckCode"], 16) & 0xFFFFFFF
    lines = [
        f"0: kd> .bugcheck\nBugcheck code {code:08X}",
        f"Arguments {' '.join(map(_address, header['BugCheckParameters']))}",
        "\n0: kd> k\nChild-SP          RetAddr               Call Site",
    ]
    for frame in found["stack"]["frames"]:
        if "child_sp" in frame:
            place = frame["site"].split(" ")[0].removesuffix("+?")
            lines.append(f"{frame['n']:02x} {_address(frame['child_sp'])} {_address(frame['ret_addr'])}     {place}")
    lines.append("\n0: kd> lm\nstart             end                 module name")
    lines += [f"{_address(m['base'])} {_address(m['end'])}   {m['name']}   (deferred)" for m in found["modules"]]
    lines.append("\nUnloaded modules:")
    lines += [f"{_address(m['start'])} {_address(m['end'])}   {m['name']}" for m in found["unloaded_modules"]]
    return "\n".join(lines)


@pytest.mark.parametrize(("name", "least"), [("triage_x64", 530), ("triage_arm64", 200)])
def test_what_others_found_is_in_the_dump(real_dumps: Path, name: str, least: int) -> None:
    found = json.loads((real_dumps / "expected" / f"{name}.json").read_text("utf-8"))
    log = compare_log(open(str(real_dumps / f"{name}.dmp")), parse(_session(found)))
    unequal = [s for b in log.blocks if b.against for s in b.against.statements if s.verdict != "equal"]

    # A frame without a public name is called by that of a private function.
    assert [s for s in unequal if "no symbol" not in getattr(s.held, "reason", "")] == []
    assert len(unequal) <= 1
    assert log.against.equal >= least
    assert log.against.same is True


def test_another_stack_is_not(real_dumps: Path) -> None:
    found = json.loads((real_dumps / "expected" / "triage_x64.json").read_text("utf-8"))
    frames = found["stack"]["frames"]
    for frame in frames[:-1]:
        frame["ret_addr"] = hex(int(frame["ret_addr"], 16) ^ 0x10)
    log = compare_log(open(str(real_dumps / "triage_x64.dmp")), parse(_session(found)))
    stack = next(b.against for b in log.blocks if b.kind == "stack")

    assert stack is not None
    assert sum(s.verdict == "different" and "return address" in s.what for s in stack.statements) == len(frames) - 1


def test_a_dump_of_another_machine_is_told(real_dumps: Path) -> None:
    found = json.loads((real_dumps / "expected" / "triage_x64.json").read_text("utf-8"))
    log = compare_log(open(str(real_dumps / "100623-6156-01.dmp")), parse(_session(found)))

    assert log.against.same is False
    assert any("of another machine or boot: the kernel is at" in doubt for doubt in log.against.doubts)
