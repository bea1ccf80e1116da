"""The table of bug checks and the table of NTSTATUS values."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest

from dumpwalk.bugchecks import ntstatus, table
from dumpwalk.bugchecks.condition import holds, place

ROOT = Path(__file__).parents[2]
CONDITION = re.compile(
    r"(p[1-4](&0x[0-9a-f]+)?!?=0x[0-9a-f]+(-(0x[0-9a-f]+)?)?(,0x[0-9a-f]+(-0x[0-9a-f]+)?)*"
    r"|value=0x[0-9a-f]+(-(0x[0-9a-f]+)?)?|else|never)"
)


@pytest.fixture(scope="module")
def facts(real_data: Path) -> Path:
    path = real_data.parent / "reference" / "facts"
    if not (path / "bugchecks.json").exists():
        pytest.skip("no real material here: the facts the tables are made from")
    return path


def documented(facts: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((facts / "bugchecks.json").read_text("utf-8"))
    return found


def parameter(field: table.Field) -> tuple[int, dict[str, Any]]:
    values = {"values": dict(field.values)} if field.values else {}
    return field.number, {"meaning": field.meaning} | values


def as_numbers(text: str) -> list[int] | None:
    words = [word.strip() for word in text.split(",") if word.strip()]
    return [int(w, 0) for w in words] if all(re.fullmatch(r"0x[0-9a-fA-F]+|\d+", w) for w in words) else None


def values_of(condition: str, name: str) -> list[int] | None:
    term = next((t for t in condition.split() if t.startswith(f"{name}=")), None)
    return [int(v, 16) for v in term.partition("=")[2].split(",")] if term and "-" not in term else None


def test_every_fact_is_in_the_table(facts: Path) -> None:
    for code, fact in documented(facts)["bugchecks"].items():
        entry = table.find(int(code, 16))

        assert entry is not None, code
        assert (entry.name, entry.meaning, entry.alias) == (fact["name"], fact["meaning"], fact.get("alias", ""))
        assert entry.same_as == int(fact.get("same_as", code), 16)
        assert ("rare" in entry.notes) is fact.get("rare", False)
        assert ("live dump only" in entry.notes) is fact.get("live_dump_only", False)
        assert dict(map(parameter, entry.fields)) == {int(n): p for n, p in fact.get("parameters", {}).items()}
        assert [v.words for v in entry.variants] == [v["when"] for v in fact.get("variants", [])]
        for variant, wanted in zip(entry.variants, fact.get("variants", [])):
            assert dict(map(parameter, variant.fields)) == {int(n): p for n, p in wanted["parameters"].items()}


def test_every_row_of_the_facts_is_in_the_table(facts: Path) -> None:
    rows = 0
    for code, fact in documented(facts)["bugchecks"].items():
        entry = table.find(int(code, 16))
        assert entry is not None
        assert len(entry.tables) == len(fact.get("subtables", []))
        for found, wanted in zip(entry.tables, fact.get("subtables", [])):
            assert found.words == wanted.get("selected_by", "")
            assert len(found.rows) == len(wanted["rows"])
            for row, fact_row in zip(found.rows, wanted["rows"]):
                check_row(row, fact_row)
                rows += 1

    assert rows == documented(facts)["_about"]["counts"]["subtable_rows"]


def check_row(row: table.Row, fact: dict[str, Any]) -> None:
    """A row keeps its texts; a number that selects it is in its condition, in any spelling."""
    fields = {f.number: f for f in row.fields}
    assert row.meaning == fact["meaning"]
    assert row.severity == fact.get("severity", "")
    for n in range(1, 5):
        selecting, text = fact.get(f"p{n}_values"), fact.get(f"p{n}")
        if selecting is not None:
            assert values_of(row.condition, f"p{n}") == selecting
        if text is not None and n in fields:
            assert fields[n].meaning == text
        elif text is not None:
            assert as_numbers(text) == values_of(row.condition, f"p{n}")
        elif n in fields:  # told by the row's meaning, in brackets
            assert fields[n].meaning in fact["meaning"]
        assert dict(fields[n].values if n in fields else ()) == fact.get(f"p{n}_values_map", {})
    if "value" in fact and as_numbers(fact["value"]):
        assert values_of(row.condition, "value") == as_numbers(fact["value"])


def test_names_without_a_page_are_in_the_table(facts: Path) -> None:
    for code, name in documented(facts)["names_without_page"].items():
        entry = table.find(int(code, 16))

        assert entry is not None
        assert (entry.name, entry.meaning, entry.fields) == (name, "", ())


def test_the_table_has_nothing_else(facts: Path) -> None:
    known = documented(facts)

    assert set(table.codes()) == {int(c, 16) for c in (*known["bugchecks"], *known["names_without_page"])}
    assert len(table.names()) == len(table.codes())


def test_ntstatus_facts_are_in_the_table(facts: Path) -> None:
    known = json.loads((facts / "ntstatus.json").read_text("utf-8"))
    text = (ROOT / "dumpwalk" / "bugchecks" / "ntstatus.txt").read_text("utf-8")
    lines = dict(line.split(" ", 1) for line in text.splitlines() if line.startswith("0x"))
    for code, fact in known["status"].items():
        line = lines.pop(f"0x{int(code, 16):08X}")
        names, _, meaning = line.partition(": ")
        assert names.split(" = ") == [fact["name"], *fact.get("aliases", [])]
        assert meaning == fact.get("text", "")
        assert ntstatus.facility(int(code, 16)) == known["facilities"].get(f"0x{fact['facility']:X}")
    for code, told in known["exception_codes"].items():
        assert f"\nexception 0x{int(code, 16):08X} {told}\n" in text
    for name, number in known["fast_fail_codes"].items():
        assert ntstatus.fast_fail_code(number) == name

    assert not lines


def test_the_script_writes_what_is_committed(facts: Path) -> None:
    path = ROOT / "scripts" / "build_bugchecks.py"
    spec = importlib.util.spec_from_file_location("build_bugchecks", path)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    written = {name: json.loads((facts / f"{name}.json").read_text("utf-8")) for name in ("bugchecks", "ntstatus")}

    for name, known in written.items():
        committed = (ROOT / "dumpwalk" / "bugchecks" / f"{name}.txt").read_bytes()
        assert getattr(script, name)(known).encode("utf-8") == committed


def test_every_condition_can_be_read() -> None:
    for code in table.codes():
        entry = table.find(code)
        assert entry is not None
        conditions = [v.condition for v in entry.variants]
        for found in entry.tables:
            conditions += [found.condition, *(row.condition for row in found.rows)]
        for term in " ".join(conditions).split():
            assert CONDITION.fullmatch(term), (hex(code), term)


def test_no_two_rows_of_a_table_apply_at_once() -> None:
    for code in table.codes():
        entry = table.find(code)
        assert entry is not None
        for found in entry.tables:
            conditions = [row.condition for row in found.rows if row.condition]
            assert len(conditions) == len(set(conditions)), hex(code)


@pytest.mark.parametrize(
    ("code", "number", "kind"),
    [
        (0xA, 1, "address"),
        (0xA, 2, "irql"),
        (0xA, 3, "access"),
        (0xA, 4, "instruction"),
        (0xD1, 1, "address"),
        (0xD1, 4, "instruction"),
        (0x1E, 1, "exception_code"),
        (0x1E, 2, "instruction"),
        (0x3B, 1, "exception_code"),
        (0x3B, 2, "instruction"),
        (0x3B, 3, "context_record"),
        (0x50, 1, "address"),
        (0x50, 2, "access"),
        (0x50, 3, "instruction"),
        (0x7E, 3, "exception_record"),
        (0x7E, 4, "context_record"),
        (0x8E, 3, "trap_frame"),
        (0x139, 2, "trap_frame"),
        (0x139, 3, "exception_record"),
        (0xC5, 1, "address"),
        (0xC5, 4, "instruction"),
        (0xD5, 1, "address"),
        (0xD5, 3, "instruction"),
        (0xCE, 3, "instruction"),
        (0xD3, 4, "instruction"),
        (0xBE, 1, "address"),
        (0xBE, 2, "pte"),
        (0xFC, 1, "address"),
        (0x116, 2, "routine"),
        (0x117, 2, "routine"),
        (0x101, 3, "prcb"),
        (0xEF, 1, "process"),
        (0xF4, 3, "string"),
        (0x24, 2, "exception_record"),
        (0x27, 3, "context_record"),
        (0x44, 1, "irp"),
        (0x18, 2, "object"),
        (0xC000021A, 2, "status"),
        (0x20, 2, "apc_disable"),
        (0xF0, 1, ""),
    ],
)
def test_kinds_of_frequent_codes(code: int, number: int, kind: str) -> None:
    entry = table.find(code)

    assert entry is not None
    assert next(f.kind for f in entry.fields if f.number == number) == kind


def test_a_name_is_found_in_any_case_and_by_alias() -> None:
    assert table.find_code("Driver_Irql_Not_Less_Or_Equal") == 0xD1
    assert table.find_code("NO_SPINLOCK_AVAILABLE") == 0x1D  # an alias
    assert table.find_code("PFN") is None  # a word that ends a line
    assert table.find_code("") is None
    assert table.find_code("0x0000007E") is None


def test_conditions() -> None:
    assert holds("", ())
    assert holds("p1=0x1,0x3-0x5", (4,))
    assert not holds("p1=0x1,0x3-0x5", (2,))
    assert holds("p3!=0x0", (0, 0, 7))
    assert not holds("p3!=0x0", (0, 0))  # not given: can't be told
    assert holds("value=0x80-", (), 0x90)
    assert not holds("else", (1,))
    assert not holds("never", (1,))
    assert place("p9", (1, 2)) is None


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "00000000 STATUS_SUCCESS"),
        (0xC0000005, "c0000005 STATUS_ACCESS_VIOLATION"),
        (0xFFFFFFFFC0000005, "c0000005 STATUS_ACCESS_VIOLATION"),
        (0x1C0000005, None),
        (0xFFFFFFFF00000005, None),
        (-1, None),
        (0xE06D7363, None),
    ],
)
def test_nt_status(value: int, said: str | None) -> None:
    assert ntstatus.nt_status(value) == said


def test_exception_codes_of_language_runtimes() -> None:
    assert (ntstatus.exception_code(0xFFFFFFFF80000003) or "").startswith("80000003 STATUS_BREAKPOINT")
    assert (ntstatus.exception_code(0xE0434352) or "").startswith("e0434352 .NET")
    assert ntstatus.exception_code(0x12345678) is None
    assert ntstatus.fast_fail_code(1 << 40) is None
