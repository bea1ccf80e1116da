"""What `import dumpwalk` alone gives: the public names, and the package's modules as attributes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import dumpwalk

ROOT = Path(__file__).parents[1]
# As a script has it: nothing of dumpwalk has been imported before.
SCRIPT = """
import dumpwalk
target = dumpwalk.open("samples/file_mapping_x86.dmp")
file = target.object("nt!_FILE_OBJECT", 0x8750EF80)
print(dumpwalk.kernel.section.control_area(target, file.SectionObjectPointer.DataSectionObject).file_name)
print(dumpwalk.triage.triage(target).verdict)
"""


def test_modules_need_no_import_of_their_own() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True)

    assert done.stderr == ""
    assert done.stdout.splitlines()[0] == "\\Sample Pictures\\Chrysanthemum.jpg"
    assert len(done.stdout.splitlines()) == 2


@pytest.mark.parametrize("name", ["opne", "__wrapped__", "kernel.section"])
def test_what_is_not_there(name: str) -> None:
    with pytest.raises(AttributeError, match=f"module 'dumpwalk' has no attribute '{name}'"):
        getattr(dumpwalk, name)
    with pytest.raises(AttributeError, match=r"module 'dumpwalk.kernel' has no attribute 'nothing'"):
        _ = dumpwalk.kernel.nothing


def test_public_names_are_listed() -> None:
    assert set(dumpwalk.__all__) < set(dir(dumpwalk))
    assert all(hasattr(dumpwalk, name) for name in dir(dumpwalk))
