"""System service tables: in each form, hooked ones, and those that lie about themselves."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from fakes import fake_target
from images import opened
from processor_worlds import X64, X86, machine

from dumpwalk.errors import ReadError, TypeInfoError, UsageError
from dumpwalk.kernel.ssdt import MOST_SERVICES, ServiceTable, service_table
from dumpwalk.remarks import Absent
from dumpwalk.render.ssdt import layout
from dumpwalk.target import Target

SERVICES = """\
service 0 nt+101230 arguments 4
service 1 nt+101340
service 2 example+2b40 arguments b
service 3 nt+102000 arguments 1
service 1000 ndis+2000 arguments 3
service 1001 example+2000
"""
SYMBOLS = [p for p in X64 if "." in p]
WITHOUT = [p for p in (*X64, *X86) if "." not in p]
DESCRIPTORS, TABLE, NT = 0xFFFFF80000200000, 0xFFFFF80000201000, 0xFFFFF80000000000


def names(table: ServiceTable) -> list[tuple[int, str, object, bool]]:
    return [(int(s.number), s.module, s.stack_arguments, s.hooked) for s in table.services]


EXPECTED = [(0, "nt", 4, False), (1, "nt", 0, False), (2, "example", 11, True), (3, "nt", 1, False)]


@pytest.mark.parametrize("profile", SYMBOLS)
def test_by_symbol(profile: str) -> None:
    found = service_table(opened(machine(profile, SERVICES)))

    assert names(found) == EXPECTED
    assert found.name == "nt!KeServiceDescriptorTable"
    assert found.form == "offsets"
    assert found.problems == ()


@pytest.mark.parametrize("profile", WITHOUT)
def test_by_a_thread(profile: str) -> None:
    """Kernels whose symbols are not known: on x86 each of their threads points to the table."""
    target = opened(machine(profile, SERVICES))
    if profile.endswith("x64"):
        with pytest.raises(TypeInfoError, match="--table ADDRESS says it"):
            service_table(target)
        return
    found = service_table(target)

    assert found.form == "pointers"
    assert names(found) == EXPECTED


@pytest.mark.parametrize(("profile", "form"), [("nt/2003sp2-x64", "pointers"), ("nt/vistasp2-x64", "offsets")])
def test_by_address(profile: str, form: str) -> None:
    target = opened(machine(profile, SERVICES))
    at = next(
        a
        for a in range(target.modules.kernel.end - 0x8000, target.modules.kernel.end, 8)  # type: ignore[union-attr]
        if target.memory.read_some(a + 16, 8) == (4).to_bytes(8, "little")
        and target.memory.read_some(a + 8, 8) == bytes(8)
        and target.memory.read_some(a + 5, 3) == b"\xf8\xff\xff"
    )
    found = service_table(target, at=at)

    assert found.form == form
    assert [(n, m, h) for n, m, _, h in names(found)] == [(n, m, h) for n, m, _, h in EXPECTED]
    assert all(isinstance(s.stack_arguments, Absent) for s in found.services) == (form == "pointers")


def test_the_window_managers() -> None:
    """Its routines are of modules that are not win32k here, and so marked."""
    found = service_table(opened(machine("nt/19041.3570-x64", SERVICES)), window_manager=True)

    assert names(found) == [(0x1000, "ndis", 3, True), (0x1001, "example", 0, True)]
    assert found.name == "nt!KeServiceDescriptorTableShadow"


@pytest.mark.parametrize("session", ["Session=ffffb80f`1f600000", ""])
def test_a_table_in_session_space(session: str) -> None:
    """The page tables of the dump do not map it; those of a process in a session do."""
    explorer = f'process 344 "explorer.exe" {session}\nthread 344.348'
    target = opened(machine("nt/19041.3570-x64", f"{explorer}\n{SERVICES}"))
    expected = service_table(target, window_manager=True)
    memory: Any = target.memory
    read_some = memory.read_some
    memory.read_some = lambda address, size: b"" if address == expected.Base else read_some(address, size)

    found = service_table(target, window_manager=True)

    if session:
        assert found.services == expected.services
        assert found.process is not None
        assert expected.process is None
        assert f"through the page tables of process {found.process}" in layout(found)
    else:
        assert found.services == ()
        assert "session space" in str(found.problems)


def test_routines_of_win32k_are_its_own() -> None:
    win32k = "module win32kfull \\SystemRoot\\System32\\win32kfull.sys fffff804`7b990000 size 8000"
    spec = machine("nt/19041.3570-x64", f"{win32k}\nservice 0 nt+101230\nservice 1000 win32kfull+1000")

    assert not service_table(opened(spec), window_manager=True).services[0].hooked


def test_another_table_in_its_place() -> None:
    """The descriptor was made to point elsewhere, as some rootkits did."""
    target = opened(machine("nt/19041.3570-x64", SERVICES))
    own = target.address_of("KiServiceTable")
    assert own is not None
    memory: Any = target.memory
    read = memory.read
    at = target.address_of("KeServiceDescriptorTable")
    memory.read = lambda address, size: (own + 4).to_bytes(8, "little") if address == at else read(address, size)

    found = service_table(target)

    assert "another table is in its place" in str(found.problems[0])


def world(entries: bytes, limit: int = 4, architecture: str = "x64", base: int = TABLE, cut: int = 0) -> Target:
    width = 8 if architecture == "x64" else 4
    pack = "<4Q" if width == 8 else "<4I"
    mask = (1 << 8 * width) - 1
    low = 0 if width == 8 else 0xFFFFFFFF
    held = {
        DESCRIPTORS & (low or mask): struct.pack(pack, base & (low or mask), 0, limit, 0),
        TABLE & (low or mask): entries[: len(entries) - cut],
    }
    kernel = NT if width == 8 else 0x80000000
    return fake_target(architecture, held, {"ntoskrnl": (kernel, 0x10000)})


def table_of(target: Target) -> ServiceTable:
    return service_table(target, at=DESCRIPTORS if target.machine.pointer_size == 8 else DESCRIPTORS & 0xFFFFFFFF)


ROUTINES = [NT + 0x1000 + 0x40 * n for n in range(4)]


def test_the_three_forms() -> None:
    shifted = b"".join(struct.pack("<i", (r - TABLE) << 4 | 3) for r in ROUTINES)
    plain = b"".join(struct.pack("<i", (r - TABLE) | 3) for r in ROUTINES)
    pointers = struct.pack("<4Q", *ROUTINES)

    for entries, form in ((shifted, "offsets"), (plain, "offsets, not shifted"), (pointers, "pointers")):
        found = table_of(world(entries.ljust(64, b"\0")))
        assert (found.form, [int(s.address) for s in found.services]) == (form, ROUTINES)


def test_a_listing_of_a_real_machine() -> None:
    """`dd /c1 KiServiceTable L2` gave fd9007c4 and `u KiServiceTable + (0xfd9007c4 >>> 4)` nt!NtAccessCheck."""
    base, routine = 0xFFFFF8019203B470, 0xFFFFF80191DCB4EC
    held = {
        DESCRIPTORS: struct.pack("<4Q", base, 0, 0x1CE, 0xFFFFF8019203BBAC),
        base: struct.pack("<2I", 0xFD9007C4, 0xFCB485C0),
    }
    target = fake_target("x64", held, {"ntoskrnl": (0xFFFFF80191A00000, 0x800000)})

    found = service_table(target, at=DESCRIPTORS)

    assert (found.services[0].address, found.services[0].stack_arguments) == (routine, 4)
    assert (found.Limit, len(found.services)) == (0x1CE, 2)
    assert "can be read up to service 2" in str(found.problems[0])


@pytest.mark.parametrize("limit", [0, 5, MOST_SERVICES, MOST_SERVICES + 1, 0xFFFFFFFF])
def test_limits_that_lie(limit: int) -> None:
    found = table_of(world(bytes(0x10000), limit))

    assert len(found.services) == min(limit, MOST_SERVICES)
    assert any("no table has more" in str(problem) for problem in found.problems) == (limit > MOST_SERVICES)


def test_no_table_where_one_is_said_to_be() -> None:
    with pytest.raises(UsageError, match="describes no table"):
        table_of(world(b"", base=0))
    assert "can be read up to service 0" in str(table_of(world(b"", base=TABLE + 0x100000)).problems[0])
    with pytest.raises(ReadError):
        service_table(world(b""), at=0x1000)


def test_32_bit_tables_without_the_sizes_of_arguments() -> None:
    routines = [0x80001000, 0x90001000]
    found = table_of(world(struct.pack("<2I", *routines), 2, "x86"))

    assert [s.hooked for s in found.services] == [True, True] or [int(s.address) for s in found.services] == routines
    assert all(isinstance(s.stack_arguments, Absent) for s in found.services)


def test_arm64_is_not_known() -> None:
    with pytest.raises(UsageError, match="ARM64"):
        service_table(fake_target("ARM64"))
