"""VADs: trees of every form since Windows XP, what a VAD says, damaged trees; and what listings show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import GENERATIONS, MAPPED, held, made, patch, process_of

from dumpwalk.errors import TypeInfoError
from dumpwalk.kernel.vad import Vads, protection_words
from dumpwalk.kernel.vad_detail import vad_detail
from dumpwalk.kernel.vad_members import LEFT, RIGHT, number
from dumpwalk.kernel.vad_tree import process_vads, root_of, vad_count, vad_of, vad_tree
from dumpwalk.remarks import Absent
from dumpwalk.render.vad import detail_text, row, tree_text
from dumpwalk.target import Target
from dumpwalk.target import open as open_target
from dumpwalk.types.store import Store

HIGH = 0xFFFFFA8001A3C000


@pytest.mark.parametrize("profile", GENERATIONS)
def test_trees_of_every_generation(profile: str) -> None:
    target = made(MAPPED, profile=profile)
    process = process_of(target)
    tree = process_vads(target, process)

    assert tree.problems == ()
    assert [
        (v.level, v.StartingVpn, v.EndingVpn, v.CommitCharge, v.VadType, v.private, v.protection, v.file)
        for v in tree.vads
    ] == [
        (2, 0x10, 0x1F, 3, "VadNone", True, "EXECUTE_READWRITE", None),
        (1, 0x400, 0x402, 0, "VadNone", False, "READWRITE", r"\Users\Public\notes.txt"),
        (0, 0x71230, 0x71237, 2, "VadImageMap", False, "EXECUTE_WRITECOPY", r"\Windows\System32\notepad.exe"),
        (1, 0x7FFD0, 0x7FFD0, -1, "VadNone", True, "READONLY", None),
    ]
    assert (tree.average_level, tree.maximum_depth, tree.private_commit) == (1, 2, 5)
    root = root_of(target, process)
    assert root == tree.vads[2].address
    assert not isinstance(root, Absent)
    for address, start in ((0x1FFFF, 0x10), (0x400000, 0x400), (0x71237FFF, 0x71230), (0x7FFD0000, 0x7FFD0)):
        found = vad_of(target, root, address)
        assert found is not None
        assert found.StartingVpn == start
    assert vad_of(target, root, 0x71238000) is None


@pytest.mark.parametrize("profile", GENERATIONS)
def test_one_in_full(profile: str) -> None:
    target = made(MAPPED, profile=profile)
    private, view, image, last = process_vads(target, process_of(target)).vads
    detail = vad_detail(target, image.address)

    assert detail.vad.__replace__(level=0) == image  # type: ignore[attr-defined]
    assert detail.flags == ("ImageMap", "ViewShare")
    assert detail.FileOffset == 0
    assert detail.vad.FirstPrototypePte
    assert vad_detail(target, private.address).FileOffset is None
    assert vad_detail(target, last.address).flags == ("NoChange",)
    assert detail_text(vad_detail(target, view.address)).endswith("File: \\Users\\Public\\notes.txt")


def test_high_addresses() -> None:
    """Since Windows 8 a page's number is in two parts."""
    target = made('process 344 "x"\nprivate 344 at 7ff712340000 size 3000', profile="nt/19041.3570-x64")
    (vad,) = process_vads(target, process_of(target, "x")).vads

    assert (vad.StartingVpn, vad.EndingVpn) == (0x7FF712340, 0x7FF712342)


def test_a_section_without_a_file() -> None:
    text = MAPPED.replace("transition 1 subsection 2\n", "transition 1 subsection 2 FilePointer=0\n")
    target = made(text)
    view = process_vads(target, process_of(target)).vads[1]

    assert (view.file, view.shared_commit) == (None, 0)
    assert row(view).endswith("READWRITE          Pagefile section, shared commit 0x0")


def test_protections() -> None:
    """By the bits of MM_PROTECTION_MASK."""
    assert [protection_words(n) for n in (0, 7, 8, 0x0C, 0x10, 0x14, 0x18, 0x1C)] == [
        *("NO_ACCESS", "EXECUTE_WRITECOPY", "NO_ACCESS", "READWRITE NOCACHE", "NO_ACCESS", "READWRITE GUARD"),
        *("NO_ACCESS", "READWRITE WRITECOMBINE"),
    ]


# -- listings


def windows_xp() -> Target:
    """Return the tree of Microsoft's page on !vad: 32-bit, four views and two pieces of private memory."""
    root = 0x824BC2F8
    image, first, third, fourth = 0x82741BF8, 0x824EF368, 0x8273E508, 0x82643FC8
    area, segment = 0x827F1208, 0x827F1300

    def vad(at: int, start: int, end: int, rest: str, left: int = 0, right: int = 0) -> str:
        links = f"LeftChild={left:x} RightChild={right:x}"
        return f"struct _MMVAD_LONG at {at:x} StartingVpn={start:x} EndingVpn={end:x} {links} {rest}\n"

    view, private = f"ControlArea={area:x}", "u.VadFlags.PrivateMemory=1 u.VadFlags.CommitCharge=1"
    is_image = f"{view} u.VadFlags.ImageMap=1 u.VadFlags.CommitCharge=8 u.VadFlags.Protection=7"
    text = vad(image, 0x78000, 0x78045, is_image, 0, first)
    text += vad(first, 0x7F6F0, 0x7F7EF, f"{view} u.VadFlags.Protection=3")
    ptes = "FirstPrototypePte=e1008500 LastContiguousPte=e100858c"
    flags = "u.VadFlags.Protection=1 u.VadFlags.NoChange=1 u2.VadFlags2.SecNoChange=1 u2.VadFlags2.Inherit=1"
    text += vad(root, 0x7FFB0, 0x7FFD3, f"{view} {ptes} {flags}", image, fourth)
    text += vad(third, 0x7FFDE, 0x7FFDE, f"{private} u.VadFlags.Protection=6")
    text += vad(fourth, 0x7FFDF, 0x7FFDF, f"{private} u.VadFlags.Protection=6", third)
    text += f"struct _CONTROL_AREA at {area:x} Segment={segment:x}\n"
    text += f"struct _SEGMENT at {segment:x} ControlArea={area:x}\n"
    return made(text, profile="nt/xpsp3-x86")


def test_table_of_the_documentation(real_data: Path) -> None:
    """To the letter, but for what newer debuggers say behind the protection, and the line they add."""
    page = (real_data.parent / "reference/windbg-docs/-vad.md").read_text("utf-8")
    listing = page.partition("kd> !vad 824bc2f8\n")[2].partition("\nkd>")[0].splitlines()
    target = windows_xp()
    lines = tree_text(vad_tree(target, 0x824BC2F8)).splitlines()

    assert [line.partition("  Pagefile section")[0].rstrip() for line in lines] == [
        *(line.rstrip() for line in listing if line),
    ][:6] + ["", listing[-2].rstrip() or listing[-1].rstrip(), "Total private commit: 0xa pages (40 KB)"]


def test_detail_of_the_documentation(real_data: Path) -> None:
    """To the letter, but for the section's committed pages, which are said below."""
    page = (real_data.parent / "reference/windbg-docs/-vad.md").read_text("utf-8")
    listing = page.partition("kd> !vad 824bc2f8 1\n\n")[2].partition("```")[0].rstrip("\n ").splitlines()
    lines = detail_text(vad_detail(windows_xp(), 0x824BC2F8)).splitlines()

    assert [line.rstrip() for line in lines[:-2]] == [line.rstrip() for line in listing]
    assert lines[-2:] == ["", "        Pagefile section, shared commit 0x0"]


def windows_81() -> Target:
    at, subsection, area, file = 0xFFFFE01601BE1080, 0xFFFFE0160197B950, 0xFFFFE0160197B8D0, 0xFFFFE01601990080
    text = f'file "\\Windows\\System32\\ExplorerFrame.dll" at {file:x}\n'
    text += f"struct _MMVAD at {at:x} Core.StartingVpn=37d9bd30 Core.EndingVpn=37d9bd3e Core.u.VadFlags.VadType=2"
    text += " Core.u.VadFlags.Protection=7 Core.u1.VadFlags1.CommitCharge=2 u2.VadFlags2.Inherit=1"
    text += f" FirstPrototypePte=e0000006013e00a0 LastContiguousPte=fffffffffffffffc Subsection={subsection:x}\n"
    text += f"struct _SUBSECTION at {subsection:x} ControlArea={area:x}\n"
    text += f"struct _CONTROL_AREA at {area:x} FilePointer={file | 3:x}\n"
    return made(text, profile="nt/9600.20625-x64")


def test_listings_of_windows_81(real_data: Path) -> None:
    """Real ones, of one VAD in full and of its row; the page cut what it did not need (`...`).

    The numbers are those of the listing: such addresses are none that a machine has, so the halves are put right.
    """
    logs = real_data / "logs/misc"
    full = (logs / "wdd-mapping-symbols-when-the-peb-is-pa-vad-e000012601be1080-1-70.txt").read_text("utf-8")
    listing = [line.rstrip() for line in full.splitlines()[2:] if line.strip("., ")]
    table = (logs / "wdd-mapping-symbols-when-the-peb-is-pa-vad-e000012601a35e70-57.txt").read_text("utf-8")
    target = windows_81()
    at = 0xFFFFE01601BE1080
    lines = [line.rstrip() for line in detail_text(vad_detail(target, at)).splitlines() if line]

    def put_right(line: str) -> str:
        return line.replace("e00001260", "ffffe0160").replace("e0000126", "ffffe016")

    assert lines == [put_right(line) for line in listing]
    wanted = next(line for line in table.splitlines() if line.startswith("e000012601be1080")).partition("  <--")[0]
    vad = Vads(target).read(at, 7)[0]
    assert row(vad).partition("  \\")[0].rstrip() == put_right(wanted)


def test_what_a_real_small_dump_holds_of_a_tree(real_dumps: Path) -> None:
    """Root and count as they were decoded by hand; the three topmost VADs are in the dump, in order and in balance."""
    text = (real_dumps / "expected/triage_x64.json").read_text("utf-8")
    target = open_target(str(real_dumps / "triage_x64.dmp"))
    process: Any = target.dump.process
    tree = process_vads(target, process)
    there = [vad for vad in tree.vads if not isinstance(vad.StartingVpn, Absent)]

    assert f'"{int(tree.root):#018x}"' in text.partition('"VadRoot.Root"')[2][:200]
    assert vad_count(target, process) == 30
    assert [vad.level for vad in tree.vads] == [2, 1, 2, 0, 2, 1, 2]
    assert [(vad.level, vad.private, vad.protection) for vad in there] == [
        (1, False, "READWRITE"),
        (0, False, "READWRITE"),
        (1, False, "READWRITE"),
    ]
    assert [problem.what for problem in tree.problems] == [
        "the process has 30 VADs by its own count, and 7 are in the tree"
    ]


# -- damaged trees


@pytest.mark.parametrize("profile", ["nt/xpsp3-x86", "nt/7601.24540-x64", "nt/19041.3570-x64"])
@pytest.mark.parametrize("link", [LEFT, RIGHT])
def test_a_circle_ends(profile: str, link: tuple[str, ...]) -> None:
    target = made(MAPPED, profile=profile)
    tree = process_vads(target, process_of(target))
    leaf = tree.vads[3].address
    place = number(target.types, "_MMVAD", link)
    assert place is not None
    width = target.machine.pointer_size
    patched = patch(target, leaf + place.end - width, int(tree.root).to_bytes(width, "little"))

    found = vad_tree(patched, tree.root)

    assert len(found.vads) == 4
    assert [problem.what for problem in found.problems] == [f"{tree.root} is in it twice: it runs in a circle"]


def node(left: int, right: int, start: int, end: int) -> bytes:
    """Return an ``_MMVAD_SHORT`` of Windows 7 x64: private memory."""
    return b"".join(n.to_bytes(8, "little") for n in (0, left, right, start, end, 1 << 63, 0, 0))


@given(st.lists(st.tuples(*[st.integers(0, 40)] * 4), min_size=1, max_size=32))
def test_any_links_end(nodes: list[tuple[int, int, int, int]]) -> None:
    """Links of any kind, to themselves, in circles, beyond the memory: each VAD is listed once at most."""
    data = b"".join(node(left and HIGH + 64 * left, right and HIGH + 64 * right, a, b) for left, right, a, b in nodes)
    target = held(HIGH, data)
    tree = vad_tree(target, HIGH)
    addresses = [vad.address for vad in tree.vads]

    assert len(set(addresses)) == len(addresses) <= len(nodes) + 2 * len(nodes)
    assert tree.maximum_depth <= 64
    vad_of(target, HIGH, 0x5000)


def test_a_list_that_says_it_is_a_tree_ends() -> None:
    """A tree of addresses is never deeper than 53."""
    count = 1000
    data = b"".join(node(0, HIGH + 64 * (n + 1), n, n) for n in range(count))
    tree = vad_tree(held(HIGH, data), HIGH)

    assert tree.maximum_depth == 64
    assert "deeper in it than any VAD can be" in str(tree.problems[0])


def test_what_is_out_of_order_is_said() -> None:
    data = node(HIGH + 64, HIGH + 128, 0x20, 0x10) + node(0, 0, 0x30, 0x40) + node(0, 0, 0x38, 0x50)
    problems = [problem.what for problem in vad_tree(held(HIGH, data), HIGH).problems]

    assert problems == [
        "it ends with page 10, before it begins with 20",
        "it begins with page 38, where that at fffffa80`01a3c040 has not ended",
    ]


def test_what_can_not_be_read_is_said() -> None:
    data = node(HIGH + 0x10000, 0, 0x20, 0x2F)
    tree = vad_tree(held(HIGH, data), HIGH)
    text = tree_text(tree)

    assert [isinstance(vad.StartingVpn, Absent) for vad in tree.vads] == [True, False]
    assert "????" in text
    assert "not in the dump" in text
    assert not vad_tree(held(HIGH, data), 0).vads


def test_names_are_escaped() -> None:
    text = MAPPED.replace(r"\Users\Public\notes.txt", "\\evil\x1b[2J.txt")
    target = made(text)

    assert "\x1b" not in tree_text(process_vads(target, process_of(target)))


def test_a_count_that_lies_is_said() -> None:
    target = made(MAPPED.replace('"notepad.exe"', '"notepad.exe" as p'), profile="nt/19041.3570-x64")
    process = process_of(target)
    from dumpwalk.objects.sizes import offset_of

    place = process + offset_of(target.types, "_EPROCESS", "VadCount")
    patched = patch(target, place, (99).to_bytes(8, "little"))

    assert "99 VADs by its own count, and 4" in str(process_vads(patched, process).problems[-1])


def test_types_without_vads() -> None:
    target = held(HIGH, b"")
    target._types = Store.shipped().open("nt/7601.24540-x64")

    class Without:
        name = "none"
        pointer_size = 8

        def find(self, name: str) -> None:
            return None

    target._types = Without()  # type: ignore[assignment]
    with pytest.raises(TypeInfoError, match="no member"):
        Vads(target)
