"""``kuser``: the documentation's listing out of a machine with its values, and the samples."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made import made
from schemas import assert_promised

from dumpwalk.cli import main
from dumpwalk.commands.kuser import kuser, layout

ROOT = Path(__file__).parents[2]
# Microsoft's documentation of !kuser, a machine with Windows XP.
LISTING = """\
_KUSER_SHARED_DATA at 7ffe0000
TickCount:    fa00000 * 00482006 (0:20:30:56.093)
TimeZone Id: 2
ImageNumber Range: [14c .. 14c]
Crypto Exponent: 0
SystemRoot: 'F:\\WINDOWS'
"""


def test_the_documented_listing() -> None:
    ticks = "TickCountLow=482006 TickCount.LowPart=482006 TickCount.High1Time=0 TickCount.High2Time=0"
    page = f"struct _KUSER_SHARED_DATA at ffdf0000 TickCountMultiplier=fa00000 TimeZoneId=2 {ticks}"
    target = made(f'{page}\nblock ffdf0030 unicode "F:\\WINDOWS" zeros 4\n', profile="nt/xpsp3-x86")

    assert layout(kuser(target=target)).startswith(LISTING)


@pytest.mark.parametrize("sample", ["running_machine", "exiting_process"])
def test_json(sample: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-z", str(ROOT / f"samples/{sample}.dmp"), "kuser", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)

    assert_promised("kuser", found)
    assert found["NtSystemRoot"] == "C:\\Windows"


def test_a_dump_without_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-z", str(ROOT / "samples/chrysanthemum.dmp"), "kuser"]) == 3
    assert capsys.readouterr().err == "dumpwalk: ffdf0000: not in the dump\n"
