"""vtop, ptov and pte as commands, on stated page tables and without a dump."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from images import file_of
from page_tables import Tables, paged_target

from dumpwalk.cli import main
from dumpwalk.commands.pte import layout as pte_text
from dumpwalk.commands.pte import pte
from dumpwalk.commands.ptov import layout as ptov_text
from dumpwalk.commands.ptov import ptov
from dumpwalk.commands.vtop import layout as vtop_text
from dumpwalk.commands.vtop import vtop
from dumpwalk.errors import UsageError
from dumpwalk.kernel.process import process
from dumpwalk.kernel.processes import processes
from dumpwalk.memory.paging.modes import X64, X86
from dumpwalk.target import Target
from dumpwalk.target import open as open_target

NOW = "nt/19041.3570-x64"
ADDRESS = 0xFFFFF80000123456


def world(value: int = 0x12345 << 12 | 0x880) -> Target:
    tables = Tables()
    tables.entry(0x1ED << 39, tables.root << 12 | 0x63, "PXE")
    tables.entry(ADDRESS, value)
    tables.page(0x12345, b"here")
    tables.map(ADDRESS + 0x1000, 0x500)
    tables.map(0x10000, 0x500)
    tables.entry(0xFFFFF80000400000, 0x600000 | 0xE3, "PDE")
    return paged_target(tables, NOW)


def test_vtop() -> None:
    walk = vtop([f"{ADDRESS:x}"], target=world())

    assert vtop_text(walk).splitlines()[:6] == [
        "fffff800`00123456: x64 page tables, root at 100000",
        "PXE at 100f80: 0000000000101063  valid, table in page 101",
        "PPE at 101000: 0000000000102063  valid, table in page 102",
        "PDE at 102000: 0000000000103063  valid, table in page 103",
        "PTE at 103918: 0000000012345880  transition, still in page 12345",
        "fffff800`00123456 is at physical address 12345456, page 12345 (4 KB)",
    ]
    assert [step.state for step in walk.steps] == ["valid", "valid", "valid", "transition"]


def test_vtop_says_why_not() -> None:
    text = vtop_text(vtop([f"{ADDRESS:x}"], target=world(0x001BBEDA00002084)))

    assert "PTE at 103918: 001bbeda00002084  paged out to page file 2 at offset 1bbeda" in text
    assert "fffff800`00123456 leads nowhere: PTE: paged out to page file 2 at offset 1bbeda" in text


def test_vtop_of_a_large_page() -> None:
    text = vtop_text(vtop(["fffff800`00412345"], target=world()))

    assert "large page, page 600" in text
    assert "is at physical address 612345, page 612 (2 MB)\npage 612 is not in the dump" in text


def test_vtop_takes_a_directory_base() -> None:
    """As WinDbg's does: its page number, 0 for the dump's own; and --dtb takes the address."""
    target = world()
    walks = [
        vtop(["100", "10000"], target=target),
        vtop(["0", "10000"], target=target),
        vtop(["100000", "10000"], target=target),
        vtop(["10000"], dtb=0x100000, target=target),
    ]

    assert {(walk.root, walk.physical) for walk in walks} == {(0x100000, 0x500000)}
    with pytest.raises(UsageError, match="one address"):
        vtop(["1", "2", "3"], target=target)
    with pytest.raises(UsageError, match="a number or a name is missing"):
        vtop(["1+"], target=target)


def test_ptov() -> None:
    found = ptov(0x500123, target=world())

    assert ptov_text(found).splitlines() == [
        "x64 page tables, root at 100000",
        "500123 00000000`00010123",
        "500123 fffff800`00124123",
    ]
    assert ptov(0x500, page=True, target=world()).addresses == (0x10000, 0xFFFFF80000124000)
    assert ptov(0x612345, target=world()).addresses == (0xFFFFF80000412345,)
    assert "no valid entry maps page 12345" in ptov_text(ptov(0x12345000, target=world()))


def test_ptov_of_tables_that_lead_to_themselves_ends() -> None:
    """Each of the 2**36 last entries maps the root table; the list ends long before."""
    tables = Tables(X64)
    tables.page(0x100, (0x100 << 12 | 0x63).to_bytes(8, "little") * 512)

    found = ptov(0x100000, target=paged_target(tables, None))

    assert len(found.addresses) == 1 << 16
    assert "65,536 addresses are listed" in str(found.problems[0])
    assert not ptov(0x999000, target=paged_target(Tables(X86), None)).problems


def test_pte_of_a_range() -> None:
    answer = pte(ADDRESS & ~0xFFF, (ADDRESS & ~0xFFF) + 0x1FFF, target=world())

    assert [page.address for page in answer.pages] == [ADDRESS & ~0xFFF, (ADDRESS & ~0xFFF) + 0x1000]
    assert pte_text(answer).count("PXE at") == 2
    with pytest.raises(UsageError, match="at most 65,536 pages"):
        pte(0x1000, 0x1000 + (1 << 40), target=world())


def test_pte_of_an_entry_by_its_address() -> None:
    target = world()
    (page,) = pte(ADDRESS, target=target).pages
    place = page.entries[-1].address

    (alone,) = pte(int(place), 1, target=target).pages  # type: ignore[arg-type]

    assert alone.entries[0].value == page.entries[-1].value
    assert alone.entries[0].meaning == page.entries[-1].meaning


def test_types_that_are_named_win() -> None:
    target = world(0x0001234500000080)
    before = pte(ADDRESS, target=target).pages[0].entries[-1].meaning
    after = pte(ADDRESS, types="nt/win10-16299-x64", target=target).pages[0].entries[-1].meaning

    assert before is not None
    assert after is not None
    assert before.offset == after.offset == 0x12345
    with pytest.raises(UsageError, match="an address needs a dump"):
        pte(ADDRESS)


def run(capsys: Any, *words: str) -> tuple[int, str]:
    status = main(words)
    return status, capsys.readouterr().out


KERNEL = "fffff804`7ba00000"


@pytest.mark.parametrize("command", ["vtop", "pte"])
@pytest.mark.parametrize("expression", [KERNEL, "nt", "NT", "fffff804`7b9ffff8 + 8", "poi(nt!PsLoadedModuleList)*0+nt"])
def test_addresses_are_expressions(capsys: Any, command: str, expression: str) -> None:
    dump = ("-z", "samples/file_mapping_x64.dmp")

    assert run(capsys, *dump, command, expression) == run(capsys, *dump, command, KERNEL)


def test_a_range_ends_at_an_expression(capsys: Any) -> None:
    _, out = run(capsys, "-z", "samples/file_mapping_x86.dmp", "pte", "nt", "nt+1fff")

    assert [line.split()[-1] for line in out.splitlines() if " VA " in line] == ["82a3b000", "82a3c000"]


def test_physical_addresses_are_not_sign_extended(capsys: Any) -> None:
    _, out = run(capsys, "-z", "samples/paging_x64.dmp", "ptov", "80000000", "--json")

    assert json.loads(out)["physical"] == "0x80000000"
    assert run(capsys, "-z", "samples/paging_x64.dmp", "ptov", "1ad000 + 0n16", "--json")[1].count("0x1ad010") == 1


def test_valid_entries_are_no_partial_answer(capsys: Any) -> None:
    """What is not known of invalid entries does not matter where there is none."""
    status, out = run(capsys, "-z", "samples/paging_x64.dmp", "pte", "ffffa000`90000000")

    assert (status, "not known" in out) == (0, False)
    assert run(capsys, "-z", "samples/paging_x64.dmp", "pte", "ffffa000`90001000")[0] == 1


def test_no_entry_is_looked_at_for_a_noncanonical_address(capsys: Any) -> None:
    status, out = run(capsys, "-z", "samples/paging_x64.dmp", "pte", "deadbeef`deadbeef")

    assert status == 1
    assert out.splitlines()[2:] == ["WARNING: noncanonical VA, accesses will fault !"]


def test_pages_without_tables_say_what_was_looked_for(capsys: Any, tmp_path: Any) -> None:
    image = tmp_path / "image.raw"
    image.write_bytes(bytes(0x2000) + b"no Windows in here".ljust(0x1000))

    for command in ("vtop", "ptov", "pte"):
        assert main(("-z", str(image), command, "1000")) == 3
        said = capsys.readouterr().err
        assert "no page tables of Windows were found in this memory" in said
        assert "--dtb ADDRESS says" in said


def test_value_needs_no_dump(capsys: Any) -> None:
    types = ("--types", "nt/19041.3570-x64")

    status, out = run(capsys, *types, "!pte", "0000200060533860", "1", "--mask", "2000`00000000")

    expected = ["contains 0000200060533860", "not valid", " Transition: 60533", " Protect: 3 - ExecuteRead"]
    assert (status, out.splitlines()) == (0, expected)


def test_json_is_the_same_record(capsys: Any) -> None:
    status, out = run(capsys, "--types", "win7-x86-pae", "pte", "863c17a8000004c0", "1", "--prototype", "--json")

    meaning = json.loads(out)["pages"][0]["entries"][0]["meaning"]
    assert status == 0
    assert meaning["kind"] == "subsection"
    assert meaning["address"] == "0x863c17a8"


@pytest.mark.parametrize("words", [("vtop", "1000"), ("ptov", "1000"), ("pte", "1000")])
def test_a_dump_is_needed(capsys: Any, words: tuple[str, ...]) -> None:
    assert main(words) == 2


@pytest.mark.parametrize("words", [("vtop", "1000"), ("ptov", "1000"), ("pte", "1000")])
def test_triage_dumps_have_no_page_tables(capsys: Any, words: tuple[str, ...]) -> None:
    assert main(("-z", "samples/apc_index_mismatch.dmp", *words)) == 3
    assert "holds no page tables" in capsys.readouterr().err


@pytest.mark.parametrize("before", [True, False])
def test_types_of_another_machine_are_doubted(capsys: Any, before: bool) -> None:
    types, words = ("--types", "win7-x86-pae"), ("pte", "ffffa000`90001000")

    status, out = run(capsys, "-z", "samples/paging_x64.dmp", *(types + words if before else words + types))

    assert status == 1
    assert "has the types of x86, the machine is x64" in out


def test_symbols_are_the_kernel_s_whatever_types_are_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A header has types and no symbols; the dump says which kernel it is of all the same."""
    header = tmp_path / "driver.h"
    header.write_text("struct _FOO { int a; };\n")
    sample = str(Path(__file__).parents[2] / "samples" / "hung_driver.dmp")

    assert main(["-z", sample, "--types", str(header), "vtop", "nt!MmPteBase"]) <= 1
    assert capsys.readouterr().out.startswith("fffff804`7c6fb358: x64 page tables")


@pytest.mark.parametrize(
    ("profile", "machine"),
    [("nt/xpsp3-x86", "x86"), ("nt/vistasp2-x64", "x64"), ("nt/9600.21620-x64", "x64"), ("nt/22000.318-x64", "x64")],
)
def test_a_file_that_another_process_maps(profile: str, machine: str, capsys: Any) -> None:
    """The current process has nothing there; the one whose tables are asked has a view that nobody has touched."""
    spec = f"""dump full {machine}
profile {profile}
bugcheck e2
process 344 "a.exe"
thread 344.348 State=Running
process 588 "b.exe" as other
file "\\notes.txt" as notes
section notes data as text valid 0 transition 1 subsection 2-3
view 588 of text at 2d0000
"""
    file = file_of(spec)
    target = open_target(file)
    (other,) = (one for one in processes(target).addresses if process(target, one).UniqueProcessId == 0x588)
    root: Any = process(target, other).DirectoryTableBase
    main(["-z", file, "vtop", f"{int(root) >> 12:x}", "2d2345"])
    by_number = capsys.readouterr().out
    main(["-z", file, "--dtb", f"{int(root):x}", "pte", "2d2345"])
    by_root = capsys.readouterr().out

    for text in (by_number, by_root):
        assert " (said by the VAD) contains " in text
        assert "    file \\notes.txt, offset 2345, file object " in text
