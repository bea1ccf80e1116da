"""``irp``, ``devobj``, ``devstack``, ``drvobj``, ``vpb`` and ``fltreg`` on a sample and on a real dump."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from io_world import machine
from schemas import assert_promised

from dumpwalk.cli import main

ROOT = Path(__file__).parents[2]
SAMPLE = str(ROOT / "samples" / "device_stack.dmp")
HUNG = str(ROOT / "samples" / "hung_driver.dmp")
# Where the sample has its things; docs/commands.md shows them.
SERVED, WAITING, FAILED = "ffffb80f`1200cd30", "ffffb80f`120138f0", "ffffb80f`12013a20"
PDO, DISK, FILTER, MOUNTED = "ffffb80f`1200bca0", "ffffb80f`1200be50", "ffffb80f`1200c920", "ffffb80f`1200cab0"
EXDISK, EXFS, VOLUME = "ffffb80f`12003b60", "ffffb80f`1200aca0", "ffffb80f`12100520"


def run(capsys: pytest.CaptureFixture[str], *words: str, dump: str = SAMPLE) -> tuple[int, str]:
    status = main(["-z", dump, *words])
    return status, capsys.readouterr().out


def read(capsys: pytest.CaptureFixture[str], *words: str, dump: str = SAMPLE) -> Any:
    """Return the JSON of a command, which is what its schema says and nothing that it does not."""
    status, out = run(capsys, *words, "--json", dump=dump)
    found = json.loads(out)

    assert status in (0, 1)
    assert_promised(words[0], found)
    return found


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("irp", SERVED), 0),
        (("irp", WAITING, "1"), 0),
        (("irp", FAILED), 0),
        (("irp", DISK), 1),
        (("irp", "nt"), 1),
        (("devobj", PDO), 0),
        (("devobj", DISK), 0),
        (("devobj", SERVED), 1),
        (("devstack", FILTER), 0),
        (("devstack", MOUNTED), 0),
        (("devstack", SERVED), 1),
        (("drvobj", EXDISK, "7"), 0),
        (("drvobj", EXFS, "2"), 0),
        (("drvobj", DISK, "7"), 1),
        (("vpb", VOLUME), 0),
        (("vpb", "nt"), 1),
        (("fltreg", "exscan+800"), 0),
        (("fltreg", "exscan+900"), 1),
        (("fltreg", "nt"), 1),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_json_and_status(words: tuple[str, ...], status: int, capsys: pytest.CaptureFixture[str]) -> None:
    read(capsys, *words)

    assert run(capsys, *words)[0] == status


def test_the_requests_of_a_driver_that_hangs(capsys: pytest.CaptureFixture[str]) -> None:
    states = {}
    for address in ("ffffb80f`1200aa90", "ffffb80f`1200ac00", "ffffb80f`1200ad70"):
        found = read(capsys, "irp", address, dump=HUNG)["irp"]
        (current,) = [location for location in found["locations"] if location["current"]]
        states[current["major"]] = (found["state"], current["driver"], found["StackCount"], found["CurrentLocation"])

    assert states == {
        "IRP_MJ_WRITE": ("active", "\\Driver\\example", 2, 1),
        "IRP_MJ_DEVICE_CONTROL": ("active", "\\Driver\\example", 2, 1),
        "IRP_MJ_READ": ("active", "\\Driver\\exfilter", 2, 2),
    }


def test_detail(capsys: pytest.CaptureFixture[str]) -> None:
    _, out = run(capsys, "irp", WAITING, "1")

    assert "\nFlags = 00060203  IRP_NOCACHE, IRP_PAGING_IO, IRP_WRITE_OPERATION" in out
    assert "\nCancelRoutine = fffff8047b912280  exdisk+0x2280\n" in out
    assert "ThreadListEntry" not in run(capsys, "irp", WAITING)[1]


@pytest.mark.parametrize("verb", ["devobj", "devstack"])
def test_a_file_object_is_no_device(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    film = "ffffb80f`1200cc40"  # its DeviceObject stands where a device has its driver
    status, out = run(capsys, verb, film)

    assert status == 1
    assert "(device ffffb80f`1200cc40: Type is 5, a device object's is 3: probably not a device object)\n" in out


def test_a_table_without_an_end(capsys: pytest.CaptureFixture[str]) -> None:
    found = read(capsys, "fltreg", "exscan+900")

    assert not found["terminated"]
    assert [one["major"] for one in found["operations"]] == [
        "IRP_MJ_CREATE",
        "IRP_MJ_ACQUIRE_FOR_SECTION_SYNCHRONIZATION",
    ]
    assert "attached to no volume" in found["problems"][0]["what"]


@pytest.mark.parametrize("verb", ["irp", "devobj", "devstack", "drvobj", "vpb"])
def test_nothing_there(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["-z", SAMPLE, verb, "dead0000"])
    said = capsys.readouterr().err

    assert (status, said.startswith("dumpwalk: ffffffff`dead0000: no _")) == (3, True)
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("verb", ["irp", "devobj", "devstack", "drvobj", "vpb", "fltreg"])
def test_a_dump_is_needed(verb: str) -> None:
    assert main([verb, "1000"]) == 2


@pytest.mark.parametrize(
    ("words", "address"),
    [
        (("drvobj", "exdisk"), EXDISK),
        (("drvobj", "\\driver\\EXDISK"), EXDISK),
        (("drvobj", "exfs"), EXFS),
        (("devobj", "exdisk0"), DISK),
        (("devobj", "\\Device\\0000003a"), PDO),
    ],
)
def test_names(capsys: pytest.CaptureFixture[str], words: tuple[str, ...], address: str) -> None:
    assert run(capsys, *words) == run(capsys, words[0], address)


def test_a_name_that_nothing_has(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-z", SAMPLE, "drvobj", "exdisc"]) == 2
    assert capsys.readouterr().err == "dumpwalk: \\Driver\\exdisc: no exdisc in \\Driver; did you mean exdisk?\n"


# What is decoded by hand of a real dump: an IRP_MN_START_DEVICE on its way, of which parts are in the dump.


@pytest.fixture(scope="module")
def by_hand(real_dumps: Path) -> tuple[str, Any]:
    objects = json.loads((real_dumps / "expected/triage_x64.json").read_text("utf-8"))["objects"]
    return str(real_dumps / "triage_x64.dmp"), objects


def test_the_irp_of_a_real_dump(by_hand: tuple[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    dump, expected = by_hand
    hand = expected["irp"]
    found = read(capsys, "irp", hand["address"], dump=dump)["irp"]
    (current,) = [location for location in found["locations"] if location["current"]]
    location = hand["stack_location"]

    for name in ("StackCount", "CurrentLocation", "Thread", "CurrentStackLocation"):
        assert found[name] == hand[name]
    assert found["Size"] == hand["size"]
    assert current["address"] == hand["CurrentStackLocation"]
    assert f"{current['MajorFunction']} ({current['major']})" == location["MajorFunction"]
    assert f"{int(current['MinorFunction'], 16)} ({current['minor']})" == location["MinorFunction"]
    assert (current["Control"], current["Context"]) == (location["Control"], location["Context"])
    assert f"{current['DeviceObject']} ({current['driver']})" == location["DeviceObject"]
    assert current["CompletionRoutine"]["name"] + "+0x0" == location["CompletionRoutine"]
    assert found["problems"] == []


def test_the_devices_of_a_real_dump(by_hand: tuple[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    dump, expected = by_hand
    pdo, fdo, node = expected["pdo"], expected["fdo"], expected["device_node"]
    lower = read(capsys, "devobj", pdo["address"], dump=dump)
    upper = read(capsys, "devobj", fdo["address"], dump=dump)
    stack = read(capsys, "devstack", pdo["address"], dump=dump)

    assert (lower["driver"], lower["AttachedDevice"]["address"]) == (pdo["driver"], pdo["attached"])
    assert (upper["driver"], upper["AttachedTo"]["address"]) == (fdo["driver"], pdo["address"])
    assert [device["address"] for device in stack["devices"]] == [fdo["address"], pdo["address"]]
    assert stack["DeviceNode"]["address"] == node["address"] == lower["DeviceNode"]
    assert stack["DeviceNode"]["InstancePath"] == node["InstancePath"]
    assert stack["DeviceNode"]["ServiceName"] == node["ServiceName"]
    assert node["State"].endswith(stack["DeviceNode"]["state"])
    assert stack["problems"] == []


def test_the_drivers_of_a_real_dump(by_hand: tuple[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    dump, expected = by_hand
    for address, name in expected["driver_objects"].items():
        found = read(capsys, "drvobj", address, dump=dump)["driver"]

        assert (found["name"], found["Type"]) == (name, 4)


def test_a_list_of_devices_that_leads_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    """The last device is not there: its stack is left out, and that is said."""
    text = 'driver "\\Driver\\example" module example\ndevice of example as only NextDevice=dead0000\n'
    made = machine(text)
    found = read(capsys, "drvobj", f"{made.driver('example'):x}", "7", dump=made.path)

    assert len(found["driver"]["devices"]) == 2
    assert len(found["stacks"]) == 1
    assert "no _DEVICE_OBJECT" in found["problems"][0]["what"]
    assert (
        "(stacks: 00000000`dead0000: no _DEVICE_OBJECT"
        in run(capsys, "drvobj", f"{made.driver('example'):x}", "7", dump=made.path)[1]
    )


def test_the_stacks_of_very_many_devices(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dumpwalk.commands.drvobj._MOST_STACKS", 0)

    assert "(stacks: only those of the first 0 of 1 devices)" in run(capsys, "drvobj", EXDISK, "7")[1]
    assert run(capsys, "drvobj", EXDISK, "7")[0] == 1
    assert run(capsys, "drvobj", EXDISK, "3")[0] == 0
