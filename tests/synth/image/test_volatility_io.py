"""Volatility 3 says of drivers, their functions and device stacks what ``drvobj``, ``devobj`` and ``devstack`` say."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from test_volatility import PDBS, Volatility

import dumpwalk
from dumpwalk.kernel.device_object import device_object
from dumpwalk.kernel.device_stack import device_stack
from dumpwalk.kernel.driver import DriverObject, driver_object
from dumpwalk.remarks import Absent
from dumpwalk.synth import write

pytestmark = [pytest.mark.peer, pytest.mark.slow]

ROOT = Path(__file__).parents[3]
# Volatility leaves out the bits of an address above the 48th. Of kernels before 10 it gives physical ones.
BITS = (1 << 48) - 1


@pytest.fixture(scope="module", params=["19041.3570", "22000.1455"])
def machine(
    request: pytest.FixtureRequest, real_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Volatility, dumpwalk.Target]:
    """The machine of the sample as a raw image with as much memory as Volatility needs, for both."""
    pytest.importorskip("volatility3")
    directory = tmp_path_factory.mktemp("volatility")
    symbols = directory / "symbols" / "windows" / "ntkrnlmp.pdb"
    symbols.mkdir(parents=True)
    (directory / "cache").mkdir()
    name = f"{PDBS[request.param]}.json.xz"
    os.symlink(real_data / "isf" / name, symbols / name)
    spec = (ROOT / "samples" / "device_stack.spec").read_text("utf-8")
    spec = spec.replace("nt/19041.3570-x64", f"nt/{request.param}-x64")
    spec = spec.replace("dump bitmap-kernel x64", "dump raw x64\nmemory 400000").replace("bugcheck e2\n", "")
    image = directory / "image.raw"
    image.write_bytes(write(spec))
    return Volatility(image, directory / "symbols", directory / "cache"), dumpwalk.open(str(image), raw=True)


def driver(target: dumpwalk.Target, row: dict[str, Any]) -> DriverObject:
    return driver_object(target, row["Offset"] | ~BITS)


def test_drivers(machine: tuple[Volatility, dumpwalk.Target]) -> None:
    volatility, target = machine
    rows = volatility("windows.driverscan")

    assert len(rows) == 4
    for row in rows:
        ours = driver(target, row)
        assert not isinstance(ours.DriverStart, Absent)
        assert (ours.name, ours.DriverStart & BITS, ours.DriverSize) == (row["Name"], row["Start"], row["Size"])
        assert ours.Type == 4


def test_functions(machine: tuple[Volatility, dumpwalk.Target]) -> None:
    volatility, target = machine
    # Scanning finds one driver more, which is none.
    rows = [row for row in volatility("windows.driverirp") if row["Driver Name"]]
    ours = {row["Offset"]: driver(target, row) for row in rows}
    theirs = {(row["Offset"], row["IRP"]): (row["Address"], row["Module"]) for row in rows}

    assert len(theirs) == 4 * 28
    for (offset, major), (address, module) in theirs.items():
        (entry,) = [entry for entry in ours[offset].dispatch if entry.major == major]
        assert not isinstance(entry.routine, Absent)
        assert entry.routine.address & BITS == address
        assert entry.routine.module == {"ntoskrnl": "nt"}.get(module, module)


def test_stacks(machine: tuple[Volatility, dumpwalk.Target]) -> None:
    """Of a stack that tree has a device of each driver, and below it all devices that are attached to it."""
    volatility, target = machine
    seen = 0
    for row in volatility("windows.devicetree"):
        if not row["DriverName"]:
            continue
        ours = driver(target, row)
        assert len(row["__children"]) == len(ours.devices)
        for theirs, address in zip(row["__children"], ours.devices):
            device = device_object(target, address)
            stack = device_stack(target, address)
            at = next(n for n, one in enumerate(stack.devices) if one.asked)
            attached = []
            above: list[dict[str, Any]] = theirs["__children"]
            while above:
                attached.append((above[0]["DeviceName"], above[0]["DriverNameOfAttDevice"]))
                above = above[0]["__children"]
            assert (device.name, device.device_type) == (theirs["DeviceName"], theirs["DeviceType"])
            assert [(one.name, one.driver) for one in reversed(stack.devices[:at])] == attached
            seen += 1 + len(attached)

    assert seen == 7
