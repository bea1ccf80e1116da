"""What the commands about page tables print of any entries is read back as those entries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st
from record_strategies import ABSENT, PROBLEMS, REASONS, Strategy, addresses, names, numbers, paths, places, record_of
from round_trips import AT_FOOT, Case, as_read, beside, each, replaced, run
from shown import Shown

from dumpwalk.commands import pte, ptov, vtop
from dumpwalk.kernel.address_walk import Walk
from dumpwalk.kernel.file_page import GIVEN, FilePage
from dumpwalk.kernel.physical_address import Addresses
from dumpwalk.kernel.pte import Entries, Entry, flags, unexplained
from dumpwalk.memory.address import Hex
from dumpwalk.memory.paging.software import KINDS, Pte, protection_name
from dumpwalk.remarks import Absent
from dumpwalk.transcript.values import NOT_SHOWN

PFN = st.integers(0, (1 << 36) - 1).map(Hex)
PFN_32 = st.integers(0, 0xFFFFF).map(Hex)
_STATES = ["transition", "in the file that is mapped", "valid", "demand zero"]


# The page of a file that is behind an address.


def file_pages(wide: bool) -> Strategy:
    given = {
        "prototype": places(wide), "said_by": st.sampled_from([GIVEN, "the PTE", "the VAD"]),
        "state": st.sampled_from(_STATES), "subsection": st.one_of(places(wide), REASONS.map(Absent)),
        "index": st.integers(0, 0xFFFFFF), "kind": st.sampled_from(["", "data", "image", "page file"]),
        "file": st.one_of(st.none(), ABSENT, places(wide)),
        "file_name": st.one_of(names(","), paths(), st.just(""), ABSENT),
        "problems": st.just(()),
    }  # fmt: skip
    return record_of(FilePage, wide, given).map(_file_page)


def _file_page(found: FilePage) -> Any:
    """Return what is known where the subsection is, of a file or of the page file."""
    nothing = {"file_name": None, "file_offset": None}
    if isinstance(found.subsection, Absent):
        return replaced(found, index=None, control_area=found.subsection, kind="", file=found.subsection, **nothing)
    return replaced(found, **nothing) if found.file is None else found


def file_page_as_printed(found: FilePage | None) -> Any:
    if found is None or not isinstance(found.subsection, Absent):
        offset = found and (
            Absent("none") if found.file is not None and found.file_offset is None else found.file_offset
        )
        return found and replaced(found, file_offset=offset)
    return replaced(found, control_area=None, file=None)


FILE_PAGE_HIDDEN = {"file_page.problems": AT_FOOT}


# The entries of an address, side by side.


@st.composite
def entries(draw: st.DrawFn, wide: bool, mode: str) -> Any:
    size = 4 if mode == "x86" else 8
    levels = {"x86": ("PDE", "PTE"), "PAE": ("PDE", "PTE"), "x64": ("PXE", "PPE", "PDE", "PTE")}[mode]
    bits = numbers(size == 8)
    pfn = PFN if mode != "x86" else PFN_32
    where = st.one_of(places(wide), ABSENT)
    alone = draw(st.booleans()) and draw(st.booleans())
    ends = draw(st.sampled_from(["valid", "large page", "unreadable", "not canonical", "not present", *KINDS]))
    if ends == "not canonical":  # which is said of the first entry alone, of an address
        alone, levels = False, levels[:1]
    depth = 1 if alone else len(levels) if ends == "valid" else draw(st.integers(1, len(levels)))
    out = []
    for level in levels[:depth] if not alone else ("PTE",):
        last = len(out) == depth - 1
        value = draw(bits)
        if not last or ends == "valid":
            meaning = Pte("valid", Hex(value | 1), draw(pfn))
            out.append(Entry(level, draw(where), Hex(0), Hex(value | 1), "valid", flags(value | 1, size), meaning))
        elif ends in ("unreadable", "not canonical"):
            why = draw(ABSENT)
            out.append(Entry(level, draw(where), why, why, ends if ends != "unreadable" else "", "", None))
        elif ends == "large page" and not alone:
            meaning = Pte("valid", Hex(value | 1), draw(pfn))
            out.append(Entry(level, draw(where), Hex(0), Hex(value | 1), ends, flags(value | 1, size), meaning))
            out += [
                Entry(name, draw(where), Absent("large"), Hex(0), ends, "", Pte("valid", Hex(0), draw(pfn)))
                for name in levels[depth:]
            ]
        else:
            meaning = draw(_meanings(ends, Hex(value & ~1), pfn))
            out.append(Entry(level, draw(where), Hex(0), Hex(value & ~1), meaning.kind, "", meaning))
    page = draw(st.one_of(st.none(), file_pages(wide)))
    address = None if alone else draw(addresses(wide))
    problems = tuple(draw(st.lists(PROBLEMS, max_size=2)))
    found = Entries(address, mode, size, tuple(out), Absent("none"), problems, page)
    return pte.PteAnswer((found,), problems)


@st.composite
def _meanings(draw: st.DrawFn, kind: str, value: Hex, pfn: Strategy) -> Pte:
    bits = draw(st.one_of(st.none(), st.integers(1, 31)))
    protection = () if bits is None else (Hex(bits), protection_name(bits))
    at = draw(st.one_of(st.none(), numbers(True)))
    if kind == "transition":
        return Pte(kind, value, draw(pfn), None, None, None, *protection)
    if kind == "page file":
        return Pte(kind, value, None, draw(st.integers(0, 15)), draw(PFN), None, *protection)
    if kind in ("prototype", "subsection"):
        return Pte(kind, value, None, None, None, at, *(protection if kind == "subsection" else ()))
    if kind in ("VAD", "demand zero"):
        return Pte(kind, value, None, None, None, None, *protection)
    if kind in ("zero", "not present", "large page", "valid"):
        return unexplained(value)
    return Pte(kind, value)


def entries_as_printed(answer: pte.PteAnswer) -> Any:
    """Return the entries with what their lines say: the mode where that follows from widths, no addresses unplaced."""
    found = answer.pages[0]
    # The line of addresses is left out where an entry was given by itself and has none.
    placed = found.address is not None or not isinstance(found.entries[0].address, Absent)
    out = [replaced(entry, physical=NOT_SHOWN) for entry in found.entries]
    if not placed:
        out = [replaced(entry, level="", address=NOT_SHOWN) for entry in out]
    if out[-1].state == "not canonical":
        out[-1] = replaced(out[-1], value=NOT_SHOWN)
    # That a page is large, only the levels say that it has no entries in.
    if out[-1].flags:
        out[-1] = replaced(out[-1], state="valid")
    digits = found.address is not None or (placed and not isinstance(out[0].address, Absent))
    sized = any(not isinstance(e.value, Absent) for e in out)
    mode = found.mode if sized and (found.mode == "x86" or (found.mode == "PAE" and digits)) else NOT_SHOWN
    return replaced(
        found, entries=tuple(out), file_page=file_page_as_printed(found.file_page), mode=mode, physical=NOT_SHOWN,
        entry_size=found.entry_size if sized else NOT_SHOWN, problems=(),
    )  # fmt: skip


def pte_case(mode: str, width: bool) -> Case:
    return Case(
        f"!pte {mode}", "pte", lambda wide: entries(wide, mode), pte.layout,
        Shown(hidden=FILE_PAGE_HIDDEN),
        of=entries_as_printed, found=beside("page"), widths=(width,),
        same=lambda found, answer: (
            replaced(found.page, file_page=None),
            as_read(replaced(entries_as_printed(answer), file_page=None), ("problems",), none=()),
        ),
    )  # fmt: skip


# The way of an address through the tables, and back.


def walks(wide: bool) -> Strategy:
    mode = st.sampled_from(["x64", "x64 LA57", "ARM64"]) if wide else st.sampled_from(["x86", "PAE"])
    given = {
        "mode": mode, "root": PFN, "steps[].address": PFN, "steps[].value": numbers(wide), "in_dump": st.booleans(),
        "steps[].level": st.sampled_from(["PXE", "PPE", "PDE", "PTE", "prototype PTE"]),
        "steps[].meaning": st.sampled_from(["valid, page 1d0", "large page, page 40000", "in page file 1 (offset 2)"]),
        "physical": st.one_of(PFN, REASONS.map(Absent)), "file_page": st.one_of(st.none(), file_pages(wide)),
        "page_size": st.sampled_from([0x1000, 0x200000, 0x400000, 1 << 30, 0x10000]).map(Hex),
    }  # fmt: skip
    return record_of(Walk, wide, given).map(_walk)


def _walk(found: Walk) -> Any:
    """Return a walk whose steps are in the state that their meaning begins with, and that has what its end has."""
    states = [one.meaning.partition(",")[0] for one in found.steps]
    known = [state if state in ("valid", "large page") else NOT_SHOWN for state in states]
    found = replaced(found, steps=tuple(replaced(one, state=state) for one, state in zip(found.steps, known)))
    return replaced(found, page_size=Hex(0), in_dump=False) if isinstance(found.physical, Absent) else found


def walk_as_printed(walk: Walk) -> Any:
    return replaced(walk, file_page=file_page_as_printed(walk.file_page))


def walk_as_read(walk: Walk) -> Any:
    """Return a walk as it is read, with the reason why it leads nowhere, which is in its line."""
    return replaced(as_read(replaced(walk, file_page=None), ("problems",), none=()), physical=walk.physical)


VTOP = Case(
    "!vtop 0 X", "translation", walks, vtop.layout,
    Shown(hidden={"problems": AT_FOOT, **FILE_PAGE_HIDDEN}),
    of=walk_as_printed, found=beside("walk"),
    same=lambda found, walk: (replaced(found.walk, file_page=None), walk_as_read(walk)),
)  # fmt: skip


def mappings(wide: bool) -> Strategy:
    return record_of(Addresses, wide, {"physical": PFN, "root": PFN, "mode": st.sampled_from(["x64", "PAE", "x86"])})


def addresses_as_printed(found: Addresses) -> Any:
    return found if found.addresses else replaced(found, physical=NOT_SHOWN)


PTOV = Case(
    "!ptov X", "virtual-addresses", mappings, ptov.layout,
    Shown(hidden={"problems": AT_FOOT}, beside={"unmapped": "the page of an address that nothing maps"}),
    of=addresses_as_printed, found=beside("found"),
    same=lambda found, listed: (
        (found.found, found.unmapped),
        (
            as_read(addresses_as_printed(listed), ("problems",), none=()),
            None if listed.addresses else listed.physical >> 12,
        ),
    ),
)  # fmt: skip

MakeCase = Callable[[str, bool], Case]
CASES = [pte_case("x64", True), pte_case("PAE", False), pte_case("x86", False), VTOP, PTOV]


@each(CASES)
def test_what_was_printed_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 25)


@pytest.mark.slow
@each(CASES)
def test_what_was_printed_of_many_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 60)
