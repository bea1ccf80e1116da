"""The text of ``dt`` on real small dumps, against what others decoded by hand out of the same files.

The expected values are those of the JSON beside the dumps; what C type a
member has, and so how WinDbg writes it, is taken from Microsoft's symbols as
another project published them. Neither passed through the code under test.
"""

from __future__ import annotations

import json
import lzma
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from dumpwalk.cli import main

ROW = re.compile(r"^( +)\+0x([0-9a-f]{3,}) (\S+) +:(?: (.*))?$")


def rows(text: str) -> dict[str, tuple[int, str]]:
    """Return offset in its structure and text of each member, by the path to it."""
    found: dict[str, tuple[int, str]] = {}
    path: list[str] = []
    for line in text.split("\n"):
        match = ROW.match(line)
        if match:
            depth = len(match[1]) // 3
            path[depth - 1 :] = [match[3]]
            found.setdefault(".".join(path), (int(match[2], 16), match[4] or ""))
    return found


def member(isf: dict[str, Any], name: str, path: str) -> tuple[int, dict[str, Any]]:
    """Return the offset and the type of a member, by the symbol file."""
    offset, type = 0, {"kind": "struct", "name": name}
    for part in path.split("."):
        field = isf["user_types"][type["name"]]["fields"][part]
        offset, type = offset + field["offset"], field["type"]
    return offset, type


def written(isf: dict[str, Any], type: dict[str, Any], value: int) -> str:
    """Return *value* as WinDbg writes one of *type*; of a pointer the address."""
    if type["kind"] == "bitfield":
        length = type["bit_length"]
        digits = f"0y{value:0{length}b}"
        return digits if length < 5 else f"{digits} ({hex(value) if value else 0})"
    if type["kind"] == "pointer":
        return f"0x{value >> 32:08x}`{value & 0xFFFFFFFF:08x}" if value else "(null)"
    if type["kind"] == "enum":
        names = [n for n, v in isf["enums"][type["name"]]["constants"].items() if v == value]
        return f"{value} ( {names[0]} )"
    base = isf["base_types"][type["name"]]
    if base["signed"] and value >> (8 * base["size"] - 1):
        value -= 1 << 8 * base["size"]
    if base["kind"] == "char":
        letter = chr(value) if 32 <= value < 127 else ""
        return f"{value if base['signed'] or not value else hex(value)} '{letter}'"
    if base["signed"]:
        return f"0n{value}"
    if value < 10:
        return str(value)
    return f"0x{value >> 32:08x}`{value & 0xFFFFFFFF:08x}" if value >> 32 else hex(value)


def expected_of(isf: dict[str, Any], path: str, stated: dict[str, Any], struct: str) -> dict[str, str]:
    """Return the text that has to be at each member that one entry of the JSON is about."""
    if "SignalState" in stated:
        parts = {f"{path}.{n}": stated[n] for n in ("Type", "Size", "SignalState")}
        return {p: written(isf, member(isf, struct, p)[1], v) for p, v in parts.items()}
    type, value = member(isf, struct, path)[1], stated["value"]
    if type["kind"] != "array":
        return {path: written(isf, type, int(value.partition(" ")[0], 16))}
    front, element = f"[{type['count']}] ", type["subtype"]
    if element.get("name") == "unsigned char":  # characters, and the JSON has the bytes, or the letters
        letters = bytes.fromhex(value) if re.fullmatch("(?:00)+", value) else value.encode()
        return {path: f'{front} "{letters.rstrip(bytes(1)).decode()}"'}
    return {path: front + written(isf, element, int(value[0], 16))}


@pytest.fixture(scope="module")
def isf(real_data: Path) -> Any:
    with lzma.open(real_data / "isf" / "5278AFF86C341677D7D7835C85B7B844-1.json.xz") as file:
        return json.load(file)


@pytest.fixture(scope="module")
def decoded(real_dumps: Path) -> Any:
    return json.loads((real_dumps / "expected" / "triage_x64.json").read_text("utf-8"))


@pytest.fixture
def dump(real_dumps: Path) -> str:
    return str(real_dumps / "triage_x64.dmp")


# How many members each listing has to agree on: all that the JSON has down to the depth that is shown.
@pytest.mark.parametrize(
    ("what", "struct", "options", "status", "count"),
    [
        ("thread", "_ETHREAD", "", 0, 97),
        ("thread", "_ETHREAD", "-r1", 1, 308),
        ("thread", "_ETHREAD", "-r4", 1, 404),
        ("thread", "_ETHREAD", "-b", 0, 404),
        ("process", "_EPROCESS", "", 0, 190),
        ("process", "_EPROCESS", "-r1", 0, 429),
        ("process", "_EPROCESS", "-r4", 1, 547),
        ("process", "_EPROCESS", "-b", 0, 547),
        ("prcb", "_KPRCB", "", 0, 258),
        ("prcb", "_KPRCB", "-b", 0, 718),
    ],
)
def test_the_crash_is_printed_as_decoded_by_hand(
    what: str,
    struct: str,
    options: str,
    status: int,
    count: int,
    isf: Any,
    decoded: Any,
    dump: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each scalar, pointer, link, bit field, character and string that the JSON states stands in the text."""
    stated = decoded[what]
    ended = main(["-z", dump, "dt", *options.split(), f"nt!{struct}", stated["address"]])
    shown = rows(capsys.readouterr().out)

    deepest = {"": 1, "-r1": 2, "-r4": 5, "-b": 9}[options]
    compared, different = 0, []
    for name, entry in stated["fields"].items():
        assert int(entry["off"], 16) == member(isf, struct, name)[0], name
        for path, text in expected_of(isf, name, entry, struct).items():
            if path.count(".") >= deepest:
                continue
            parent = path.rpartition(".")[0]
            offset = member(isf, struct, path)[0] - (member(isf, struct, parent)[0] if parent else 0)
            found = shown.get(path, (-1, "not there"))
            compared += 1
            if found[0] != offset or not re.match(re.escape(text) + r"(?: |\Z)", found[1]):
                different.append((path, hex(offset), text, found))

    assert different == []
    assert (compared, ended) == (count, status)


@pytest.mark.parametrize(("what", "struct"), [("thread", "_ETHREAD"), ("process", "_EPROCESS")])
def test_times_are_large_integers(
    what: str, struct: str, decoded: Any, dump: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["-z", dump, "dt", f"nt!{struct}", "CreateTime", decoded[what]["address"]])
    line = capsys.readouterr().out.strip()

    found = re.fullmatch(r"\+0x[0-9a-f]{3} CreateTime : _LARGE_INTEGER 0x([0-9a-f]{8})`([0-9a-f]{8})", line)
    assert found
    time = datetime(1601, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=int(found[1] + found[2], 16) // 10)
    assert time == datetime.fromisoformat(decoded[what]["summary"]["CreateTime"].replace("Z", "+00:00"))


def test_links_are_shown_where_the_structure_stands(
    decoded: Any, dump: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A ``_LIST_ENTRY`` is one line: both its links, as the JSON has them."""
    count = 0
    for what, struct in (("thread", "_ETHREAD"), ("process", "_EPROCESS")):
        main(["-z", dump, "dt", "-r3", f"nt!{struct}", decoded[what]["address"]])
        shown = rows(capsys.readouterr().out)
        stated = {n: f["value"] for n, f in decoded[what]["fields"].items() if "value" in f}
        for name, value in stated.items():
            path, _, link = name.rpartition(".")
            if link == "Flink":
                flink, blink = (
                    f"0x{int(v, 16) >> 32:08x}`{int(v, 16) & 0xFFFFFFFF:08x}" for v in (value, stated[f"{path}.Blink"])
                )
                assert shown[path][1] == f"_LIST_ENTRY [ {flink} - {blink} ]", path
                count += 1

    assert count == 34


def test_an_architecture_without_layouts_is_refused(real_dumps: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The JSON of the ARM64 dump has the members elsewhere than x64 does: nothing is printed rather than nonsense."""
    stated = json.loads((real_dumps / "expected" / "triage_arm64.json").read_text("utf-8"))["thread"]
    dump = str(real_dumps / "triage_arm64.dmp")
    status = main(["-z", dump, "dt", "nt!_ETHREAD", stated["address"]])
    said = capsys.readouterr()

    assert (status, said.out) == (4, "")
    assert "no types of ARM64 kernels are known" in said.err
    # Whoever insists is told on every answer.
    status = main(["-z", dump, "dt", "--types", "nt/22000.318-x64", "nt!_ETHREAD", "Cid.", stated["address"]])
    said = capsys.readouterr()
    assert status == 0
    assert rows(said.out)["Cid"][0] != int(stated["fields"]["Cid.UniqueProcess"]["off"], 16)
    assert "dumpwalk: nt/22000.318-x64 has the types of x64, the dump is of ARM64" in said.err
