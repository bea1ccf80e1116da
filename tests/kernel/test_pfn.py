"""Entries of the page frame database: by every generation's types, against the PTEs they name, and as documented."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from made import GENERATIONS, MAPPED, made, process_of

from dumpwalk.errors import AbsentError, TypeInfoError, UsageError
from dumpwalk.kernel.page_frame import database
from dumpwalk.kernel.pfn import Pfn, pfn
from dumpwalk.kernel.vad_tree import process_vads
from dumpwalk.objects.sizes import size_of
from dumpwalk.remarks import Absent
from dumpwalk.render.pfn import layout
from dumpwalk.target import Target
from dumpwalk.types.model import Reference


def pages_of_notes(target: Target) -> list[Pfn]:
    """Return the entries of the two pages of notes.txt that are in memory: one valid, one in transition."""
    view = process_vads(target, process_of(target)).vads[1]
    first: Any = view.FirstPrototypePte
    size = target.memory.mode.entry_size  # type: ignore[attr-defined]
    numbers = []
    for n in range(2):
        value = target.read_int(first + n * size, size)
        assert target.entries is not None
        said = target.entries.windows()
        assert not isinstance(said, Absent)
        leads = said.classify(target.memory, value, "prototype").pfn  # type: ignore[arg-type]
        assert leads is not None
        numbers.append(int(leads))
    return [pfn(target, number) for number in numbers]


@pytest.mark.parametrize("profile", GENERATIONS)
def test_entries_of_every_generation(profile: str) -> None:
    """What synth wrote of a page that is valid and one that is in transition; their prototype PTEs agree."""
    target = made(MAPPED, profile=profile)
    valid, transition = pages_of_notes(target)

    assert (valid.state, valid.flags, valid.words, valid.ReferenceCount) == ("Active", "P", ("Shared",), 1)
    assert (transition.state, transition.flags, transition.ReferenceCount) == ("Standby", "P", 0)
    assert (valid.blink, transition.blink) == (1, 0)
    assert [page.confirmed for page in (valid, transition)] == [True, True]
    assert (valid.problems, transition.problems) == ((), ())
    size = size_of(Reference("struct", "_MMPFN"), target.types)
    assert size is not None
    assert valid.address == database(target) + valid.number * size


def test_listings_of_the_documentation(real_data: Path) -> None:
    """Both entries of Microsoft's page on !pfn, of Windows 2000, to the letter but for blanks at the ends of lines."""
    page = (real_data.parent / "reference/windbg-docs/-pfn.md").read_text("utf-8")
    first, second = (
        page.partition(f"kd> !pfn {n}\n")[2].partition("kd>")[0].partition("```")[0].splitlines() for n in ("3b", "154")
    )
    active = "u3.e1.PageLocation=6 u3.e2.ReferenceCount=1"
    text = f"symbol MmPfnDatabase 82350000\nstruct _MMPFN at 82350588 {active} u2.ShareCount=221 PteAddress=c0300800"
    text += f" u4.PteFrame=39\nstruct _MMPFN at 82351fe0 {active} u2.ShareCount=1 PteAddress=c0200550 u4.PteFrame=3b"
    text += " OriginalPte.u.Long=60 u3.e1.Modified=1\n"
    target = made(text, profile="nt/xpsp3-x86")

    for number, listing in ((0x3B, first), (0x154, second)):
        wanted = [line.rstrip() for line in listing if line.strip()]

        assert layout(pfn(target, number)).splitlines() == wanted


def machine(fields: str, profile: str = "nt/7601.24540-x64") -> Target:
    """Return a machine with one entry, of page 1c3, stated by its fields."""
    size = {"nt/7601.24540-x64": 0x30, "nt/19041.3570-x64": 0x30}[profile]
    text = f"symbol MmPfnDatabase fffffa8000000000\nstruct _MMPFN at {0xFFFFFA8000000000 + 0x1C3 * size:x} {fields}\n"
    return made(text, profile=profile)


@pytest.mark.parametrize(
    ("location", "state"),
    [*enumerate(("Zeroed", "Free", "Standby", "Modified", "ModNoWrite", "Bad", "Active", "Transition"))],
)
def test_states(location: int, state: str) -> None:
    fields = f"u3.e1.PageLocation={location:x} u1.Flink=1234 u2.Blink=5678 u3.e1.CacheAttribute=1 u3.e1.Priority=5"
    found = pfn(machine(fields), 0x1C3)
    lines = layout(found).splitlines()

    assert found.state == state
    assert "flink       00001234  blink / share count 00005678" in lines[1]
    assert lines[2].endswith("Cached    color 0   Priority 5")
    assert f"containing page        000000  {state}" in lines[3]


def test_letters() -> None:
    names = ("Modified", "ReadInProgress", "WriteInProgress", "InPageError", "ParityError", "RemovalRequested")
    fields = " ".join(f"u3.e1.{name}=1" for name in names)
    found = pfn(machine(f"{fields} u4.PrototypePte=1 u3.e1.PageLocation=6"), 0x1C3)
    lines = layout(found).splitlines()

    assert found.flags == "MPRWEXL"
    assert lines[3].endswith("Active     MPRWEXL")
    assert lines[4].split() == [
        *("Modified", "Shared", "ReadInProgress", "WriteInProgress", "InPageError", "ParityError", "RemovalRequested")
    ]


# -- contradictions


def contradiction(fields: str) -> tuple[Target, Pfn]:
    """Return the entry of page 1c3 where a spec says by bytes what its PTE holds."""
    pool, frame = 0xFFFFFA8001A3C000, 0x777
    text = f"symbol MmPfnDatabase fffffa8000000000\nmap {pool:x} to {frame << 12:x}\n"
    text += f"block {pool + 0x100:x} pointers 80000000001c4063 80000000001c3063\n"
    text += f"struct _MMPFN at {0xFFFFFA8000000000 + 0x1C3 * 0x30:x} u3.e1.PageLocation=6 {fields}\n"
    target = made(text)
    return target, pfn(target, 0x1C3)


def test_a_pte_that_agrees() -> None:
    _, found = contradiction("u4.PrototypePte=1 PteAddress=fffffa8001a3c108 u4.PteFrame=777")

    assert (found.confirmed, found.problems) == (True, ())


def test_a_pte_of_another_page() -> None:
    _, found = contradiction("u4.PrototypePte=1 PteAddress=fffffa8001a3c100 u4.PteFrame=777")

    assert found.confirmed is False
    assert [str(problem.what) for problem in found.problems] == [
        "its PTE at fffffa80`01a3c100, 777100 in memory, is 80000000001c4063 and leads to page 1c4"
    ]


def test_a_pte_in_another_page_than_it_says() -> None:
    _, found = contradiction("u4.PrototypePte=1 PteAddress=fffffa8001a3c108 u4.PteFrame=1aa")

    assert found.confirmed is False
    assert "is in page 777, not in 1aa (PteFrame)" in str(found.problems[0])


def test_a_prototype_pte_in_page_tables() -> None:
    _, found = contradiction("u4.PrototypePte=1 PteAddress=fffff6fb7ea00000 u4.PteFrame=777")

    assert "is in the page tables" in str(found.problems[0])


def test_a_page_without_an_entry_in_memory() -> None:
    """The PTE's page is not in the dump: nothing is said for or against it."""
    _, found = contradiction("PteAddress=fffff6fb7ea00000 u4.PteFrame=9999")

    assert (found.confirmed, found.problems) == (None, ())


# -- beyond


def test_a_page_beyond_the_last() -> None:
    target = made(f"{MAPPED}symbol MmHighestPhysicalPage 1234\n")
    found = pfn(target, 0x5000)

    assert "beyond the last page, 1234" in str(found.problems[0])
    assert isinstance(found.state, Absent)
    assert "????" in layout(found)
    assert not any("beyond" in str(problem) for problem in pages_of_notes(target)[0].problems)


@pytest.mark.parametrize("number", [-1, 1 << 40, 1 << 64])
def test_what_is_no_page_number(number: int) -> None:
    with pytest.raises(UsageError, match="no page number"):
        pfn(made(MAPPED), number)


def test_no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is there, and null; or nobody says where it is."""
    target = made("")
    with pytest.raises(AbsentError, match="is null"):
        database(target)
    monkeypatch.setattr("dumpwalk.kernel.pfn.DumpNames.symbol", lambda self, name: None)
    with pytest.raises(TypeInfoError, match="MmPfnDatabase"):
        database(target)
