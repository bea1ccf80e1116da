"""Volatility 3 and dumpwalk find the same handles, processes and symbolic links in the same image."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from test_volatility import PDBS, SPEC, Volatility

import dumpwalk
from dumpwalk.kernel.handle_table import cid_table, entries, handle_table, object_table
from dumpwalk.kernel.object_header import object_name, type_name
from dumpwalk.kernel.object_instances import instances
from dumpwalk.kernel.processes import processes
from dumpwalk.remarks import Absent
from dumpwalk.synth import write
from dumpwalk.target import Target

pytestmark = [pytest.mark.peer, pytest.mark.slow]

MORE = r"""
object-manager
object "\BaseNamedObjects\example_lock" Mutant as lock Header.Type=2
object "\BaseNamedObjects\example_ready" Event as ready Header.Type=0
link "\GLOBAL??\E:" to "\Device\Example" drive 5
link "\GLOBAL??\ExampleControl" to "\Device\ExampleControl"
handle 4 4 to explorer access 1fffff attributes 1
handle 1588 c to lock access 100000 attributes 2
handle 1588 10 to ready access 1f0003 attributes 4
handle 1588 2004 to ready access 100000
"""


@pytest.fixture(scope="module", params=list(PDBS))
def both(
    request: pytest.FixtureRequest, real_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Volatility, Target]:
    """Both on one image."""
    pytest.importorskip("volatility3")
    build, directory = request.param, tmp_path_factory.mktemp("objects")
    symbols = directory / "symbols" / "windows" / "ntkrnlmp.pdb"
    symbols.mkdir(parents=True)
    (directory / "cache").mkdir()
    os.symlink(real_data / "isf" / f"{PDBS[build]}.json.xz", symbols / f"{PDBS[build]}.json.xz")
    image = directory / "image"
    # With some cookies the TypeIndex in a header happens to be 0, and Volatility takes that for a free entry.
    text = f"{SPEC}{MORE}".replace("cookie b7", "cookie 75")
    image.write_bytes(write(f"dump full x64\nprofile nt/{build}-x64\n{text}"))
    return Volatility(image, directory / "symbols", directory / "cache"), dumpwalk.open(str(image))


def test_handles(both: tuple[Volatility, Target]) -> None:
    volatility, target = both
    theirs = [
        # Up to Windows 7 it leaves the bit in the access that protects the handle.
        (row["PID"], row["HandleValue"], row["Type"], row["GrantedAccess"] & 0x1FFFFFF, row["Offset"])
        for row in volatility("windows.handles")
    ]
    ours: list[tuple[Any, ...]] = []
    for process in processes(target).addresses:
        table = object_table(target, process)
        assert not isinstance(table, Absent)
        pid = int(target.object("_EPROCESS", process).UniqueProcessId)
        for entry in entries(target, handle_table(target, table), []):
            object = entry.object or 0
            ours.append((pid, entry.handle, type_name(target, object), entry.GrantedAccess, object))

    assert len(ours) == 8
    assert [row[:4] for row in ours] == [row[:4] for row in theirs]
    # Volatility leaves the upper 16 bits of an address out.
    assert [row[4] & 0xFFFFFFFFFFFF for row in ours] == [row[4] & 0xFFFFFFFFFFFF for row in theirs]


def test_processes_and_threads(both: tuple[Volatility, Target]) -> None:
    volatility, target = both
    processes = {row["PID"] for row in volatility("windows.pslist")}
    threads = {row["TID"] for row in volatility("windows.threads")}
    table = cid_table(target)
    assert not isinstance(table, Absent)
    ours: dict[str | Absent, set[int]] = {}
    for entry in entries(target, table, [], objects=True):
        ours.setdefault(type_name(target, entry.object or 0), set()).add(int(entry.handle))

    assert ours == {"Process": processes, "Thread": threads}


def test_symbolic_links(both: tuple[Volatility, Target]) -> None:
    volatility, target = both
    theirs = {(row["From Name"], row["To Name"]) for row in volatility("windows.symlinkscan")}
    links = [target.object("_OBJECT_SYMBOLIC_LINK", at) for at in instances(target, "SymbolicLink")[0]]
    ours = {(object_name(target, link.address_), link.LinkTarget.str_()) for link in links}

    assert ours == theirs == {("E:", "\\Device\\Example"), ("ExampleControl", "\\Device\\ExampleControl")}


def test_mutants(both: tuple[Volatility, Target]) -> None:
    volatility, target = both
    theirs = {row["Name"] for row in volatility("windows.mutantscan")}
    ours = {object_name(target, at) for at in instances(target, "Mutant")[0]}

    # Where the type's own Key stands as a pool tag would, it is one more to Volatility, without a name.
    assert ours == theirs - {None} == {"example_lock"}
