"""A command imports what it needs and no more: start-up time is import time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "samples" / "apc_index_mismatch.dmp"

# What is imported on top of an empty process. `-I -S` keeps this environment's .pth files out of the
# comparison, and `site` is imported because every ordinary process has it.
PROBE = """
import sys, site
before = set(sys.modules)
sys.path[:0] = [sys.argv.pop(1), sys.argv.pop(1)]
def run():
    {action}
try:
    run()
finally:
    import os
    sys.stdout.flush()
    sys.stdout = sys.__stderr__
    print("@@", *sorted(set(sys.modules) - before))
"""
PROGRAM = "from dumpwalk.cli import main; main(sys.argv[1:])"

# Frozen into or built into the interpreter, or a few lines long: together well under a millisecond.
CHEAP = {"__future__", "_bisect", "_heapq", "_struct", "bisect", "errno", "heapq", "mmap", "struct", "zlib"}
LIBRARIES = {"construct", "lark", "minidump", "numpy", "pefile", "tabulate"}
# Each of these costs 1 to 40 ms, several times what a command does itself.
DEAR = {
    "argparse", "ast", "construct", "ctypes", "dataclasses", "decimal", "email", "enum", "inspect",
    "lark", "logging", "minidump", "numpy", "pathlib", "pefile", "pkgutil", "re", "shutil", "subprocess", "tabulate",
    "tempfile", "threading", "typing", "urllib", "zipfile",
}  # fmt: skip


def _imported(action: str, *arguments: str) -> set[str]:
    """Return what is imported by *action* in a process of its own."""
    import construct

    library = str(Path(construct.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", PROBE.format(action=action), str(ROOT), library, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    *said, last = done.stderr.splitlines()

    assert said == []
    assert last.startswith("@@")
    return set(last.split()[1:])


def _foreign(names: set[str]) -> set[str]:
    return {n for n in names if n.partition(".")[0] != "dumpwalk"}


def test_the_package_itself_imports_nothing() -> None:
    assert _imported("import dumpwalk") == {"dumpwalk", "__future__"}


def test_version() -> None:
    names = _imported(PROGRAM, "--version")

    assert _foreign(names) == {"__future__"}
    assert names - {"__future__"} == {
        "dumpwalk",
        "dumpwalk.arguments",
        "dumpwalk.cli",
        "dumpwalk.commands",
        "dumpwalk.errors",
        "dumpwalk.record",
        "dumpwalk.registry",
    }


def test_bugcheck() -> None:
    names = _imported(PROGRAM, "bugcheck", "1", "00007ffeb44461b4", "0", "ffff", "ffffc6816b407b80")

    assert "dumpwalk.bugchecks" in names
    assert _foreign(names) <= CHEAP
    assert {
        n for n in names if n.split(".")[1:2] and n.split(".")[1] in ("formats", "types", "unwind", "synth")
    } == set()


def test_log() -> None:
    """Text is read with expressions; the grammar of dt is loaded for rows of an unusual form alone."""
    names = _imported(PROGRAM, "log", str(ROOT / "samples" / "pasted_log.txt"))

    assert "dumpwalk.transcript.stack" in names
    assert _foreign(names).isdisjoint(LIBRARIES | {"dataclasses", "argparse", "typing", "json"})


def test_prose_below_a_structure_loads_no_grammar(tmp_path: Path) -> None:
    text = tmp_path / "pasted.txt"
    text.write_text(
        "0: kd> dt nt!_FILE_OBJECT 87654321\n   +0x000 Type             : 0n5\n"
        "   +0x004 DeviceObject     : 0x87654320 _DEVICE_OBJECT\n\n"
        "The driver was loaded, and then something happened to the machine.\nSo it was closed.\n"
    )

    assert _foreign(_imported(PROGRAM, "log", str(text))).isdisjoint(LIBRARIES)


def test_triage() -> None:
    """construct reads the header of the file, and is the one library that may be needed."""
    names = _imported(PROGRAM, "triage", str(SAMPLE))

    assert "dumpwalk.triage" in names
    assert "dumpwalk.synth" not in names
    assert (_foreign(names) - _imported("import construct")) & DEAR == set()
    assert _foreign(names) & LIBRARIES <= {"construct"}


def test_help_needs_no_library() -> None:
    names = _imported(PROGRAM, "--help")

    assert _foreign(names) & LIBRARIES == set()


@pytest.mark.parametrize("name", ["open", "Target", "Address", "Error"])
def test_public_name_is_imported_when_it_is_asked_for(name: str) -> None:
    names = _imported(f"import dumpwalk; dumpwalk.{name}")

    assert _foreign(names) & LIBRARIES == set()
    assert "dumpwalk.cli" not in names


def test_options_glued_to_a_name_import_no_other_command() -> None:
    names = _imported(PROGRAM, "-z", str(SAMPLE), "lmvm", "nt")

    assert {n for n in names if n.startswith("dumpwalk.commands.")} == {"dumpwalk.commands.lm"}
