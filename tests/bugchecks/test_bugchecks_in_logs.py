"""Names and codes as real debuggers printed them."""

from __future__ import annotations

import re
from pathlib import Path

from dumpwalk.bugchecks import decode, table

HEADING = re.compile(r"^([A-Z][A-Z0-9_]{5,}) \(([0-9a-f]{1,8})\)\s*$", re.MULTILINE)
ARGUMENT = re.compile(r"^Arg(\d): ([0-9a-f]{8,16}), (.*)$", re.MULTILINE)


def test_headings_agree(real_data: Path) -> None:
    found = {
        (name, int(code, 16))
        for path in (real_data / "logs").rglob("*.txt")
        if "_shapes" not in path.parts  # those are invented
        for name, code in HEADING.findall(path.read_text("utf-8", errors="replace").replace("\u00a0", " "))
    }

    assert len(found) > 10
    for name, code in found:
        assert decode(code).name == name
        assert table.find_code(name) == code


def test_arguments_decode_as_the_debugger_says(real_data: Path) -> None:
    """Where ``!analyze`` says read or write of an access, and which case it is, we say the same."""
    checked = 0
    for path in (real_data / "logs" / "analyze").glob("*.txt"):
        text = path.read_text("utf-8", errors="replace").replace("\u00a0", " ")
        heading, arguments = HEADING.search(text), ARGUMENT.findall(text)
        if heading is None or len(arguments) < 4:
            continue
        bugcheck = decode(int(heading[2], 16), [int(value, 16) for _, value, _ in arguments[:4]])
        for parameter, (_, _, said) in zip(bugcheck.parameters, arguments):
            legend = dict(re.findall(r"(\d) = (\w+) operation", said))
            if parameter.kind == "access" and (named := legend.get(str(parameter.given))):
                assert (parameter.decoded or "").split(" ")[0] == named
                checked += 1
            if parameter.kind == "irql":
                assert "irql" in said.lower()
                checked += 1
            if parameter.kind == "address":
                assert "memory" in said.lower() or "address" in said.lower()
                checked += 1
            if parameter.kind == "instruction":
                assert re.search(r"instruction|address|if known|where", said.lower())
                checked += 1

    assert checked > 20
