"""The address space of one process among several."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes import fake_target
from process_machines import PROFILES, machine

from dumpwalk.errors import ReadError, TypeInfoError
from dumpwalk.kernel.processes import processes
from dumpwalk.target import open as open_target

TWO = """
process 344 "explorer.exe"
process 588 "notepad.exe"
thread 344.348 State=Running
block 401000 in 344 ascii "explorer's own"
block 401000 in 588 ascii "notepad's own!"
"""


@pytest.mark.parametrize("types", [None, ""], ids=["types named", "types found"])
@pytest.mark.parametrize("profile", PROFILES)
def test_user_addresses_are_each_processs_own(profile: str, types: str | None) -> None:
    target = machine(profile, TWO, types=types)
    system, explorer, notepad = processes(target).addresses

    assert target.in_process(explorer).memory.read(0x401000, 14) == b"explorer's own"
    assert target.in_process(notepad).memory.read(0x401000, 14) == b"notepad's own!"
    with pytest.raises(ReadError):
        target.in_process(system).memory.read(0x401000, 1)
    assert target.in_process(notepad).process == notepad
    assert target.process == target.dump.process == explorer
    # The kernel's half is the same in all of them.
    assert target.in_process(notepad).memory.read(system, 8) == target.memory.read(system, 8)
    assert target.in_process(notepad).object("_EPROCESS", notepad).UniqueProcessId is not None


def test_no_page_tables(tmp_path: Path) -> None:
    sample = Path(__file__).parents[2] / "samples" / "apc_index_mismatch.dmp"
    target = open_target(str(sample))

    assert target.in_process(0x1000).memory is target.memory
    assert fake_target().in_process(0x1000).process == 0x1000


def test_what_is_no_process() -> None:
    target = machine("nt/19041.3570-x64", 'process 344 "a" DirectoryTableBase=0')

    with pytest.raises(ReadError):
        target.in_process(0xFFFFDEAD00000000)
    with pytest.raises(TypeInfoError, match="DirectoryTableBase is 0"):
        target.in_process(processes(target).addresses[1])
