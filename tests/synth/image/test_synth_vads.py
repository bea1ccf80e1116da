"""VADs of synthetic machines: what a spec can state, and what it can't."""

from __future__ import annotations

import pytest
from made import made, process_of

from dumpwalk.kernel.vad_tree import process_vads
from dumpwalk.synth import write
from dumpwalk.synth.spec import SpecError

FILES = """\
process 344 "x"
file "\\a" as a
section a data as view_of_a valid 0-1 subsection 2
"""


def test_a_balanced_tree() -> None:
    """As deep as an AVL tree of so many is at most."""
    text = 'process 344 "x"\n' + "".join(f"private 344 at {n * 0x10000:x} size 1000\n" for n in range(1, 101))
    target = made(text, profile="nt/19041.3570-x64")
    tree = process_vads(target, process_of(target, "x"))

    assert (len(tree.vads), tree.maximum_depth, tree.problems) == (100, 6, ())


def test_pages_of_a_view_are_mapped() -> None:
    """Those that are valid are in the process's page tables."""
    target = made(f"{FILES}thread 344.348 State=Running\nview 344 of view_of_a at 400000\n")
    process = process_of(target, "x")
    base = target.object("_EPROCESS", process).Pcb.DirectoryTableBase
    memory = target.memory.with_root(int(base))  # type: ignore[attr-defined]

    assert memory.read(0x400000, 16) == b"\\a, data, page 0"
    assert memory.read(0x401000, 16) == b"\\a, data, page 1"
    assert memory.find(0x402000) < 0


def test_part_of_a_section_and_fields() -> None:
    text = f"{FILES}view 344 of view_of_a at 400000 size 1000 protection 1 u2.VadFlags2.FileOffset=7\n"
    target = made(text)
    (vad,) = process_vads(target, process_of(target, "x")).vads

    assert (vad.StartingVpn, vad.EndingVpn, vad.protection) == (0x400, 0x400, "READONLY")
    assert vad.FirstPrototypePte == vad.LastContiguousPte
    assert target.object("_MMVAD", vad.address).u2.VadFlags2.FileOffset == 7


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("private 344 at 400000 size 2000\nprivate 344 at 401000 size 1000", "overlap at 401000"),
        ("private 344 at 400800 size 1000", "no page of user mode"),
        ("private 344 at fffff80000000000 size 1000", "no page of user mode"),
        ("private 344 at 400000 size 0", "a VAD of 0x0 pages"),
        ("private 999 at 400000 size 1000", "no process 999"),
        ("view 344 of nothing at 400000", "nothing is called 'nothing'"),
        ("view 344 of a at 400000", "no _CONTROL_AREA"),
        ("private 344 at 400000 size 1000 Nonsense=1", "no field 'Nonsense'"),
        ("private 344 at 400000", "is not expected here"),
    ],
)
def test_what_makes_no_sense(statement: str, what: str) -> None:
    with pytest.raises(SpecError, match=what):
        write(f"dump full x64\nprofile nt/19041.3570-x64\n{FILES}{statement}\n")
