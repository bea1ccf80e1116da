"""``dumpwalk bugcheck``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dumpwalk.cli import main

ROOT = Path(__file__).parents[2]
SLOW = {
    "re",
    "json",
    "typing",
    "dataclasses",
    "argparse",
    "enum",
    "functools",
    "pathlib",
    "collections",
    "collections.abc",
    "importlib.util",
    "textwrap",
    "numpy",
}


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["bugcheck", "1", "00007ffe`b44461b4", "0", "ffff", "ffffc6816b407b80"])
    lines = capsys.readouterr().out.splitlines()

    assert status == 0
    assert lines[0] == "APC_INDEX_MISMATCH (1)"
    assert lines[2:5] == [
        "Arguments:",
        "Arg1: 00007ffeb44461b4, address of the system call or worker routine",
        "    user-mode address: where the system call was made",
    ]
    assert "    SpecialApcDisable 0, KernelApcDisable -1" in lines
    assert max(map(len, lines)) <= 100


def test_a_name_will_do(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["bugcheck", "Apc_Index_Mismatch"])
    lines = capsys.readouterr().out.splitlines()

    assert status == 0
    assert lines[0] == "APC_INDEX_MISMATCH (1)"
    assert lines[3] == "Arg1: address of the system call or worker routine"


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["bugcheck", "d1", "8", "2", "0", "fffff80012345678", "--json"])
    answer = json.loads(capsys.readouterr().out)

    assert status == 0
    assert (answer["code"], answer["name"]) == ("0xd1", "DRIVER_IRQL_NOT_LESS_OR_EQUAL")
    assert answer["parameters"][3] == {
        "value": "0xfffff80012345678",
        "meaning": "instruction that made the access",
        "decoded": None,
        "kind": "instruction",
    }


def test_machine_and_build(capsys: pytest.CaptureFixture[str]) -> None:
    main(["bugcheck", "50", "fffff80012345678", "2", "0", "0", "--arch", "amd64", "--build", "19041"])
    new = capsys.readouterr().out
    main(["bugcheck", "50", "fffff80012345678", "1", "0", "0", "--arch=ARM64"])
    arm = capsys.readouterr().out

    assert "\n    write\n" in new
    assert "\n    write\n" in arm


@pytest.mark.parametrize(("code", "status"), [("bad00bad", 1), ("a0000001", 1), ("0", 0), ("ffffffffc000021a", 0)])
def test_exit_status(code: str, status: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bugcheck", code, "1"]) == status
    assert "Arguments:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["APC_MISMATCH"], "did you mean APC_INDEX_MISMATCH?"),
        (["123456789"], "32 bits"),
        (["1", "1" * 17], "64 bits"),
        (["1", "--arch", "z80"], "none of x86"),
        (["1", "1", "2", "3", "4", "5"], "one word too many"),
        ([], "CODE is missing"),
    ],
)
def test_usage(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bugcheck", *words]) == 2
    assert said in capsys.readouterr().err


def modules(code: str) -> set[str]:
    """Return the names of the modules that are loaded at the end of *code*, in a Python without site packages."""
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.splitlines()[-1].split())


def test_it_starts_as_fast_as_python() -> None:
    """Importing takes longer than the command itself, so it imports next to nothing."""
    # What reading a data file costs is the business of dumpwalk.resources.
    reading = modules("from dumpwalk.resources import read; read('dumpwalk.bugchecks', 'bugchecks.txt')")
    ours = modules(
        "from dumpwalk.cli import main; main(['bugcheck', '1', '00007ffeb44461b4', '0', 'ffff', 'ffffc6816b407b80'])"
    )

    assert "dumpwalk.bugchecks.apc_index_mismatch" in ours
    assert "dumpwalk.bugchecks.memory_management" not in ours
    assert not (ours - reading) & SLOW
