"""Volatility 3 on a machine with service tables, unloaded drivers and several processors, and what we say of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_volatility import PDBS, Volatility, volatility_on

from dumpwalk.kernel.module_list import modules_matching
from dumpwalk.kernel.pcr import control_block, control_region
from dumpwalk.kernel.ssdt import service_table
from dumpwalk.target import open as open_target

pytestmark = [pytest.mark.peer, pytest.mark.slow]

SPEC = """\
time 2023-10-10T17:00:00Z
uptime 1:00:00
memory 400000
processors 3
module example \\SystemRoot\\System32\\drivers\\example.sys fffff804`7b900000 size 9000
unloaded hwpolicy.sys fffff804`7b950000 fffff804`7b961000
unloaded dump_stornvme.sys fffff804`7b970000 fffff804`7b988000
thread 4.8 State=Running
descriptor-tables
service 0 nt!NtAccessCheck arguments 4
service 1 nt!NtClose
service 2 nt!NtCreateFile arguments 7
service 3 example+1230 arguments 2
service 4 nt!NtYieldExecution
"""
SYMBOLS = ("NtAccessCheck", "NtClose", "NtCreateFile", "", "NtYieldExecution")
_CUT = 0xFFFFFFFFFFFF  # Volatility prints 48 bits of an address


@pytest.fixture(scope="module", params=[b for b in PDBS if b != "9600.20625"])
def volatility(request: pytest.FixtureRequest, real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Volatility:
    """Volatility 3 on the machine as a full crash dump, which says where the kernel is."""
    directory = tmp_path_factory.mktemp("volatility")
    return volatility_on("full", real_data, directory, request.param, SPEC)


def test_services(volatility: Volatility) -> None:
    theirs = [(r["Index"], r["Address"], r["Module"], r["Symbol"]) for r in volatility("windows.ssdt")]
    ours = service_table(open_target(str(volatility.image)))

    modules = {"nt": "ntoskrnl", "example": "example"}
    assert [row[:3] for row in theirs] == [
        (int(s.number), int(s.address) & _CUT, modules[s.module]) for s in ours.services
    ]
    assert [s.name.removeprefix("nt!") if s.module == "nt" else "" for s in ours.services] == list(SYMBOLS)
    assert [symbol for *_, symbol in theirs if symbol in SYMBOLS] == [s for s in SYMBOLS if s]


def test_unloaded_modules(volatility: Volatility) -> None:
    theirs = [(r["Name"], r["StartAddress"], r["EndAddress"]) for r in volatility("windows.unloadedmodules")]
    ours = modules_matching(open_target(str(volatility.image))).unloaded

    assert sorted(theirs) == sorted((m.name, int(m.start) & _CUT, int(m.end) & _CUT) for m in ours)


def test_processors(volatility: Volatility) -> None:
    """``windows.kpcrs`` lists the control region of each processor, and the block in it."""
    theirs = [(r["Offset"], r["PRCB Offset"]) for r in volatility("windows.kpcrs")]
    target = open_target(str(volatility.image))

    ours = [(control_region(target, n).address, control_block(target, n).address) for n in range(3)]
    assert theirs == [(int(region) & _CUT, int(block) & _CUT) for region, block in ours]
