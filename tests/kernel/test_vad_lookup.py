"""The prototype PTE behind an address, by trees of VADs of every form since Windows XP."""

from __future__ import annotations

from typing import Any

import pytest
from page_tables import Tables, paged_target

from dumpwalk.errors import TypeInfoError
from dumpwalk.kernel.vad_lookup import VadLookup, follow_vads
from dumpwalk.memory.paging.modes import PAE, X64, X86, Mode
from dumpwalk.objects.sizes import offset_of
from dumpwalk.remarks import Absent
from dumpwalk.types.store import Store

# Every form of the root and the links; offsets below are those that the types give, as tests/types check them.
FORMS = [
    ("nt/xpsp3-x86", X86),
    ("nt/2003sp2-x64", X64),
    ("nt/win7sp1-x64", X64),
    ("win7-x86-pae", PAE),
    ("nt/win8-x64", X64),
    ("nt/win8-x86", PAE),
    ("nt/win81u1-x64", X64),
    ("nt/win10-19041-x86", PAE),
    ("nt/19041.3570-x64", X64),
    ("nt/22000.2538-x64", X64),
]
every_form = pytest.mark.parametrize(("name", "mode"), FORMS)


class World:
    """A process with three VADs: 0x400-0x4ff, 0x700-0x70f and 0x10-0x1f (in pages), the first at the top."""

    def __init__(self, name: str, mode: Mode) -> None:
        self.name, self.mode = name, mode
        self.types = Store.shipped().open(name)
        self.pointer = self.types.pointer_size
        high = 0xFFFFF80000000000 if mode is X64 else 0x80000000
        self.process, self.pool, self.proto = high + 0x10000, high + 0x20000, high + 0x30000
        self.tables = Tables(mode)
        for page in range(2):
            self.tables.map(self.process + page * 0x1000, 0x500 + page)
        self.tables.map(self.pool, 0x510)
        self.tables.map(self.proto, 0x520)
        self.root = self.tables.root << 12
        self.set(self.process, "_EPROCESS", "Pcb.DirectoryTableBase", self.root)
        self.vads = [self.pool + i * 0x100 for i in range(3)]
        top, right, left = self.vads
        self.link(self.process, "_EPROCESS", ("VadRoot.Root", "VadRoot.BalancedRoot.RightChild", "VadRoot"), top)
        for vad, start, end in ((top, 0x400, 0x4FF), (right, 0x700, 0x70F), (left, 0x10, 0x1F)):
            self.number(vad, "StartingVpn", start)
            self.number(vad, "EndingVpn", end)
        self.link(top, "_MMVAD", ("Core.VadNode.Left", "Core.VadNode.LeftChild", "LeftChild"), left)
        self.link(top, "_MMVAD", ("Core.VadNode.Right", "Core.VadNode.RightChild", "RightChild"), right)
        self.size = 4 if mode is X86 else 8
        self.set(right, "_MMVAD", "FirstPrototypePte", self.proto)
        self.set(right, "_MMVAD", "LastContiguousPte", self.proto + 0xF * self.size)

    def put(self, address: int, value: int, size: int) -> None:
        page = {
            self.process >> 12: 0x500,
            (self.process >> 12) + 1: 0x501,
            self.pool >> 12: 0x510,
            self.proto >> 12: 0x520,
        }
        self.tables.page(page[address >> 12], value.to_bytes(size, "little"), address & 0xFFF)

    def offset(self, type: str, path: str) -> int | None:
        try:
            return offset_of(self.types, type, path)
        except TypeInfoError:
            return None

    def set(self, address: int, type: str, path: str, value: int) -> None:
        self.put(address + offset_of(self.types, type, path), value, self.pointer)

    def link(self, address: int, type: str, paths: tuple[str, ...], value: int) -> None:
        offset = next(o for p in paths if (o := self.offset(type, p)) is not None)
        self.put(address + offset, value, self.pointer)

    def number(self, vad: int, name: str, value: int) -> None:
        for path in (f"Core.{name}", name):
            if (offset := self.offset("_MMVAD", path)) is not None:
                self.put(vad + offset, value, 4)
                return

    def lookup(self, process: int | None = None) -> tuple[VadLookup, Any]:
        memory = self.tables.memory()
        return VadLookup(memory, self.types, process or self.process), memory


@every_form
def test_prototype_of_a_mapped_page(name: str, mode: Mode) -> None:
    world = World(name, mode)
    lookup, memory = world.lookup()

    assert lookup(memory, 0x700000) == world.proto
    assert lookup(memory, 0x705123) == world.proto + 5 * world.size
    for address in (0x10000, 0x400000):
        found = lookup(memory, address)
        assert isinstance(found, Absent)
        assert "has no prototype PTEs" in found.reason
    nothing = lookup(memory, 0x710000)
    assert isinstance(nothing, Absent)
    assert nothing.reason == "no VAD covers it: nothing is allocated there"


@every_form
def test_tree_in_a_circle_ends(name: str, mode: Mode) -> None:
    world = World(name, mode)
    _, right, _ = world.vads
    paths = ("Core.VadNode.Right", "Core.VadNode.RightChild", "RightChild")
    world.link(right, "_MMVAD", paths, world.vads[0])
    lookup, memory = world.lookup()

    found = lookup(memory, 0x900000)

    assert isinstance(found, Absent)
    assert "damaged" in found.reason


def test_private_memory() -> None:
    world = World("nt/19041.3570-x64", X64)
    struct: Any = world.types.find("_MMVAD_FLAGS")
    position = next(f.bits[0] for f in struct.fields if f.name == "PrivateMemory")
    world.put(world.vads[1] + offset_of(world.types, "_MMVAD", "Core.u.VadFlags"), 1 << position, 4)
    lookup, memory = world.lookup()

    assert "private memory: demand zero" in str(lookup(memory, 0x700000))


def test_page_in_the_next_subsection() -> None:
    world = World("nt/19041.3570-x64", X64)
    right = world.vads[1]
    first, second = world.pool + 0x800, world.pool + 0x900
    world.set(right, "_MMVAD", "LastContiguousPte", world.proto + 3 * 8)
    world.set(right, "_MMVAD", "Subsection", first)
    for at, base, count, after in ((first, world.proto, 4, second), (second, world.proto + 0x500, 12, 0)):
        world.set(at, "_SUBSECTION", "SubsectionBase", base)
        world.put(at + offset_of(world.types, "_SUBSECTION", "PtesInSubsection"), count, 4)
        world.set(at, "_SUBSECTION", "NextSubsection", after)
    lookup, memory = world.lookup()

    assert lookup(memory, 0x703000) == world.proto + 3 * 8
    assert lookup(memory, 0x706000) == world.proto + 0x500 + 2 * 8


def test_another_address_space_is_not_guessed_at() -> None:
    world = World("nt/19041.3570-x64", X64)
    lookup, memory = world.lookup()

    assert "not the address space of the current process" in str(lookup(memory.with_root(0x999000), 0x700000))
    assert "can't be had" not in str(lookup(memory, 0x700000))


def test_unreadable_process() -> None:
    world = World("nt/19041.3570-x64", X64)
    lookup, memory = world.lookup(0xFFFFF80012345000)

    assert isinstance(lookup(memory, 0x700000), Absent)


def test_mapped_page_is_read_through_its_vad() -> None:
    world = World("nt/19041.3570-x64", X64)
    world.tables.entry(0x705000, 0xFFFFFFFF00000480)
    world.tables.entry(0x706000, 0)
    for n, page in ((5, 0x700), (6, 0x701)):
        world.put(world.proto + n * 8, page << 12 | 0x121, 8)
        world.tables.page(page, b"mapped%d" % n)
    target = paged_target(world.tables, "nt/19041.3570-x64", process=world.process)
    follow_vads(target)

    assert target.memory.read(target.address(0x705000), 7) == b"mapped5"
    assert target.memory.read(target.address(0x706000), 7) == b"mapped6"


def test_vad_that_lies_behind_a_vad_ends() -> None:
    world = World("nt/19041.3570-x64", X64)
    world.tables.entry(0x705000, 0xFFFFFFFF00000480)
    world.set(world.process, "_EPROCESS", "VadRoot.Root", 0x705000)
    target = paged_target(world.tables, "nt/19041.3570-x64", process=world.process)
    follow_vads(target)

    assert target.memory.read_some(target.address(0x705000), 4) == b""
