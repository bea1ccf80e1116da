"""Object directories: chains, paths, and directories that lie."""

from __future__ import annotations

from pathlib import Path

import pytest
from object_worlds import PROFILES, TYPES, machine

import dumpwalk
from dumpwalk.errors import TypeInfoError, UsageError
from dumpwalk.kernel.object_directory import directory, find_object, full_path, root_directory
from dumpwalk.kernel.object_header import object_name, type_name
from dumpwalk.kernel.object_instances import instances
from dumpwalk.remarks import Absent
from dumpwalk.target import Target

SAMPLES = Path(__file__).parents[2] / "samples"
DEVICE = 0xFFFFB80F45670060  # where the directory \Device is put


def names(target: Target, path: str) -> set[tuple[str | Absent, str | Absent]]:
    return {(entry.name, entry.type) for entry in directory(target, find_object(target, path)).entries}


@pytest.mark.parametrize("profile", PROFILES)
def test_every_generation(profile: str) -> None:
    target = machine(profile)

    assert names(target, "\\") == {
        (name, "Directory") for name in ("Device", "Driver", "GLOBAL??", "BaseNamedObjects", "ObjectTypes")
    }
    assert names(target, "\\ObjectTypes") == {(name, "Type") for name in TYPES}
    assert names(target, "\\Device") == {("Example", "Device"), ("HarddiskVolume1", "Device")}
    link = find_object(target, "\\global??\\e:")
    assert (type_name(target, link), object_name(target, link)) == ("SymbolicLink", "E:")
    assert full_path(target, link) == "\\GLOBAL??\\E:"
    assert full_path(target, find_object(target, "\\")) == "\\"
    process = target.dump.process
    if not isinstance(process, Absent):
        assert full_path(target, process) is None


@pytest.mark.parametrize("profile", ["nt/xpsp3-x86", "nt/7601.24540-x64", "nt/19041.3570-x64"])
def test_all_of_a_type(profile: str) -> None:
    """By name, by handle, by ID, by the type's own list."""
    target = machine(profile)
    counts = {kind: len(instances(target, kind)[0]) for kind in ("Device", "Semaphore", "Process", "Thread", "Type")}

    assert counts == {"Device": 2, "Semaphore": 1, "Process": 3, "Thread": 3, "Type": 16}
    with pytest.raises(UsageError, match="no object type Nonsense; there are Device, "):
        instances(target, "Nonsense")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("\\Devise", "no Devise in .*; did you mean Device"),
        ("\\Device\\Nothing\\X", "no Nothing in .Device"),
        ("\\Device\\Example\\X", "Device.Example is a Device, no Directory"),
    ],
)
def test_paths_that_lead_nowhere(path: str, message: str) -> None:
    target = dumpwalk.open(str(SAMPLES / "objects_x64.dmp"))

    with pytest.raises(UsageError, match=message):
        find_object(target, path)


def test_a_root_that_is_not_known() -> None:
    target = dumpwalk.open(str(SAMPLES / "apc_index_mismatch.dmp"))

    assert isinstance(root_directory(target), Absent)
    with pytest.raises(TypeInfoError, match="ObpRootDirectoryObject"):
        find_object(target, "\\Device")


# Entries of the chain that HashBuckets[0] is: each is a link, an object and a hash.
ENTRY = 0xFFFFB80F45680000


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        (f"block {ENTRY:x} pointers {ENTRY:x} {DEVICE:x} 0", "leads to itself"),
        (
            f"block {ENTRY:x} pointers {ENTRY + 0x20:x} {DEVICE:x} 0 0 {ENTRY:x} {DEVICE:x}",
            "where it was before",
        ),
        (f"block {ENTRY:x} pointers ffff800000000000 {DEVICE:x} 0", "can't be read"),
        (
            f"block {ENTRY:x} pointers 0 {DEVICE:x} 0\nblock {DEVICE + 8:x} pointers {ENTRY:x}",
            "is in another chain",
        ),
    ],
)
def test_lying_chains(statement: str, problem: str) -> None:
    """The last entry may be anything; what comes before it is shown."""
    spec = f'object "\\Device" Directory at {DEVICE:x}\n{statement}\nblock {DEVICE:x} pointers {ENTRY:x}'
    target = machine("nt/19041.3570-x64", spec)
    found = directory(target, DEVICE)

    assert found.entries[0].object == DEVICE
    assert any(problem in str(one) for one in found.problems), found.problems


def test_an_object_without_a_header() -> None:
    """It is listed, with reasons in place of its type and name."""
    spec = f'object "\\Device" Directory at {DEVICE:x}\nblock {ENTRY:x} pointers 0 ffff800000001000 0'
    target = machine("nt/19041.3570-x64", f"{spec}\nblock {DEVICE:x} pointers {ENTRY:x}")
    (entry, *_) = directory(target, DEVICE).entries

    assert entry.object == 0xFFFF800000001000
    assert isinstance(entry.type, Absent)
    assert isinstance(entry.name, Absent)


def test_a_directory_that_is_not_in_the_dump() -> None:
    target = machine("nt/19041.3570-x64")
    found = directory(target, 0xFFFF800000001000)

    assert found.entries == ()
    assert len(found.problems) == 37


def test_a_directory_in_itself() -> None:
    """Its path has no end, and looking for objects everywhere does."""
    name_info = DEVICE - 0x50
    spec = f'object "\\Device" Directory at {DEVICE:x}\nblock {name_info:x} pointers {DEVICE:x}'
    target = machine("nt/19041.3570-x64", spec)
    found = full_path(target, DEVICE)

    assert isinstance(found, Absent)
    assert "circle" in found.reason
    spec = f'object "\\Device" Directory at {DEVICE:x}\nblock {ENTRY:x} pointers 0 {DEVICE:x} 0'
    target = machine("nt/19041.3570-x64", f"{spec}\nblock {DEVICE:x} pointers {ENTRY:x}")
    assert find_object(target, "\\Device\\Device\\Device") == DEVICE
    assert len(instances(target, "Directory")[0]) == 6
