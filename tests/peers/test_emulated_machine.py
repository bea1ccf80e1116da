"""Our page walk against a processor's: QEMU's, in software, on page tables drawn at random.

Three parts of QEMU are asked: the processor itself, which reads through the tables
and faults; the monitor's own walks (``gva2gpa``, ``memsave``, ``x``); and ``info tlb``.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random

import pytest
from emulator import Emulator
from guests import END, MOST, Guest
from random_tables import SHAPES, Leaf, Tables

from dumpwalk.errors import ReadError
from dumpwalk.formats.register_listing import parse_register_listing
from dumpwalk.kernel.descriptors import descriptor
from dumpwalk.memory.paging.mapped import mapped
from dumpwalk.memory.paging.modes import MODES
from dumpwalk.memory.physical import RunMemory
from dumpwalk.memory.virtual import VirtualMemory
from dumpwalk.remarks import Absent

pytestmark = pytest.mark.peer

FRAME = 0x000FFFFFFFFFF000
SEEDS = [1, *[pytest.param(seed, marks=pytest.mark.slow) for seed in (2,)]]


@dataclass
class Machine:
    """A machine that has halted, and we on its memory.

    :param model: what the tables' writer meant them to map
    :param thorough: ask the monitor for all that can be asked: about a millisecond each
    """

    guest: Guest
    emulator: Emulator
    memory: VirtualMemory
    addresses: list[int]
    model: list[Leaf]
    thorough: bool


@pytest.fixture(scope="module", params=SEEDS, ids="seed {}".format)
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module", params=SHAPES, ids=lambda mode: mode.replace(" ", "-"))
def machine(request: pytest.FixtureRequest, seed: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    program = "qemu-system-aarch64" if request.param == "ARM64" else "qemu-system-x86_64"
    if not shutil.which(program):
        pytest.skip(f"no {program} here")
    directory = tmp_path_factory.mktemp("machine")
    guest = Guest(request.param, seed, directory)
    addresses = list(islice(_addresses(Random(seed), guest.tables), MOST))
    physical = RunMemory(memoryview(guest.memory), guest.runs)
    try:
        with guest.running([a & ~7 for a in addresses]) as emulator:
            memory = VirtualMemory(physical, MODES[request.param], guest.register)
            yield Machine(guest, emulator, memory, addresses, guest.tables.leaves, seed > 1)
    finally:
        (directory / "memory").unlink()


def _addresses(random: Random, tables: Tables) -> Iterator[int]:
    """Yield addresses worth asking for: edges, pages and the tables behind the self map, holes, and any."""
    shape = tables.shape
    shift, bits, _ = shape.levels[0]
    width = shift + bits
    edges = {0, 1 << width, (1 << width - 1), (1 << 64) - (1 << width - 1), 1 << 64, 1 << 63, 1 << 47, 1 << 56, 1 << 32}
    limit = 64 if shape.high else 32
    yield from (a + n for a in sorted(edges) for n in (-0x1000, -1, 0, 0xFFF) if 0 <= a + n < 1 << limit)
    for leaf in random.sample(tables.leaves, min(len(tables.leaves), 900)):
        yield from (leaf.address, leaf.address + random.randrange(leaf.size))
        if random.random() < 0.3:
            yield from (leaf.address + leaf.size - 1, (leaf.address + leaf.size) % (1 << limit))
        if shape.high and random.random() < 0.1:
            yield leaf.address ^ 1 << random.randrange(width, 64)
        if shape.self_map is not None and random.random() < 0.3:
            yield from _behind_self_map(tables, leaf.address)
    yield from random.sample(tables.unmapped, min(len(tables.unmapped), 400))
    for start, end in random.sample(tables.reserved, min(len(tables.reserved), 200)):
        yield from (start, random.randrange(start, end), end - 1)
    while True:
        yield random.getrandbits(random.choice((limit, width, width - 1)))


def _behind_self_map(tables: Tables, address: int) -> Iterator[int]:
    """Yield where the self map shows the entries on the way to *address*, valid or not."""
    levels, slot, size = tables.shape.levels, tables.shape.self_map, tables.shape.entry
    assert slot is not None
    slots = [address >> shift & (1 << bits) - 1 for shift, bits, _ in levels]
    for n in range(1, len(levels) + 1):
        way = [slot] * n + slots[:-n]
        found = sum(at << shift for at, (shift, _, _) in zip(way, levels)) + slots[-n] * size
        top = levels[0][0] + levels[0][1] - 1
        yield found | (tables.shape.high if found >> top else 0)


def _is_in(address: int, ranges: list[tuple[int, int]]) -> bool:
    return any(start <= address < end for start, end in ranges)


def _gpa(answer: str) -> int:
    found = re.match(r"gpa: (0x[0-9a-f]+|0)\s*$", answer)
    assert found or answer.strip() == "Unmapped", answer
    return int(found[1], 16) if found else -1


def test_the_machine_is_in_the_mode(machine: Machine) -> None:
    """Else the rest would prove nothing."""
    registers = machine.emulator.monitor(["info registers"])[0]

    if machine.guest.arm:  # SCTLR is not printed; that the MMU is on shows in the answers
        assert "EL1h" in registers
        return
    found = {name: int(re.search(rf"{name}=([0-9a-f]+)", registers)[1], 16) for name in ("CR0", "CR3", "CR4", "EFER")}
    assert (found["CR0"] >> 31, found["CR3"]) == (1, machine.guest.register)
    assert (found["CR4"] >> 5 & 1, found["CR4"] >> 12 & 1, found["EFER"] >> 10 & 1) == {
        "x86": (0, 0, 0),
        "PAE": (1, 0, 0),
        "x64": (1, 0, 1),
        "x64 with 5 levels": (1, 1, 1),
    }[machine.guest.mode]  # PAE, LA57; LMA


def test_the_monitors_registers_give_the_mode_and_the_root(machine: Machine) -> None:
    """What `--registers` does with what QEMU prints; and the segments that it loaded out of the guest's table."""
    if machine.guest.arm:
        pytest.skip("QEMU prints no TTBR of an ARM64 machine")
    text = machine.emulator.monitor(["info registers"])[0]

    found = parse_register_listing(text)

    assert found.modes == (MODES[machine.guest.mode],)
    assert found.root == machine.guest.register
    loaded = re.findall(r"^([CDES]S) *=([0-9a-f]{4}) ([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+) ", text, re.M)
    assert [name for name, *_ in loaded] == ["ES", "CS", "SS", "DS"]
    for name, selector, base, limit, flags in loaded:
        at = found.values["gdtbase"] + int(selector, 16)
        raw = machine.memory.read(at, 8)
        segment = descriptor(raw, int(selector, 16), wide=machine.guest.mode.startswith("x64"))
        assert found.values[name.lower()] == int(selector, 16)
        assert (int(segment.base), int(segment.limit)) == (int(base, 16), int(limit, 16))
        shown = int(flags, 16)
        assert int(segment.flags) | 1 == (shown >> 8 & 0xFF | (shown >> 20 & 0xF) << 8) | 1  # but the accessed bit


def test_translations_are_those_of_the_monitor(machine: Machine) -> None:
    asked = machine.addresses[:: 2 if machine.thorough else 5]
    if not machine.guest.arm:  # the monitor looks past reserved bits, other than the processor
        asked = [a for a in asked if not _is_in(a, machine.guest.tables.reserved)]

    theirs = [_gpa(answer) for answer in machine.emulator.monitor(f"gva2gpa {a:#x}" for a in asked)]

    ours = [machine.memory.find(a) for a in asked]
    assert [f"{a:x}: {o:x}, not {t:x}" for a, o, t in zip(asked, ours, theirs) if o != t] == []
    steps = [machine.memory.translate(a).physical for a in asked]
    assert [-1 if isinstance(step, Absent) else int(step) for step in steps] == theirs
    assert sum(t >= 0 for t in theirs) > len(asked) / 4
    assert sum(t < 0 for t in theirs) > len(asked) / 10


def test_processor_reads_what_we_read(machine: Machine) -> None:
    addresses = [a & ~7 for a in machine.addresses]
    wrong, compared, faults = [], 0, 0
    base = machine.guest.base

    for address, answer in zip(addresses, machine.guest.answers(len(addresses))):
        found = machine.memory.find(address)
        inside = found >= 0 and machine.memory.physical.place(found) >= 0
        if found < 0 or answer is None:
            faults += 1
            # A read where no memory is may be a fault too, of another kind.
            agree = answer is None and not inside
        elif inside and not base <= found < base + END:
            compared += 1
            agree = machine.memory.read(address, 8) == answer.to_bytes(8, "little")
        else:
            continue
        if not agree:
            wrong.append(f"{address:x} -> {found:x}: {answer}")

    assert wrong == []
    assert compared > 1000
    assert faults > 200


def test_pages_are_those_that_were_meant(machine: Machine) -> None:
    for leaf in machine.model:
        found = machine.memory.translate(leaf.address + leaf.size - 1)

        assert (found.physical, found.page_size) == (leaf.physical + leaf.size - 1, leaf.size)


def test_all_mappings_are_those_of_info_tlb(machine: Machine) -> None:
    ours = list(mapped(machine.memory))

    assert {(leaf.address, leaf.size, leaf.physical) for leaf in machine.model} <= set(ours)
    if machine.guest.arm:  # QEMU has no `info tlb` for it: ask for some of what we list
        some = Random(1).sample(ours, 500)
        answers = machine.emulator.monitor(f"gva2gpa {address:#x}" for address, _, _ in some)
        assert [physical for _, _, physical in some] == [_gpa(answer) for answer in answers]
        return
    lines = re.findall(r"^([0-9a-f]+): ([0-9a-f]+) ", machine.emulator.monitor(["info tlb"])[0], re.MULTILINE)
    theirs = [(int(address, 16), int(entry, 16) & FRAME) for address, entry in lines]
    theirs = [(a, p) for a, p in theirs if not _is_in(a, machine.guest.tables.reserved)]
    if machine.guest.mode == "x86":  # it prints 4 MB pages' entries as they are, without PSE-36
        theirs = [(a, p & 0xFFC00000 if size > 0x1000 else p) for (a, p), (_, size, _) in zip(theirs, ours)]
        ours = [(a, size, p & 0xFFFFFFFF) for a, size, p in ours]
    assert [(a, p) for a, _, p in ours] == theirs


def test_bytes_are_those_of_the_monitor(machine: Machine, tmp_path: Path) -> None:
    """Also across pages, and where a page is not there in the middle."""
    random = Random(1)
    memory, path = machine.memory, tmp_path / "saved"
    good: list[tuple[int, int]] = []
    broken: list[tuple[int, int]] = []
    for leaf in random.sample(machine.model, len(machine.model) if machine.thorough else 300):
        start = leaf.address + random.randrange(leaf.size)
        size = random.randrange(1, 0x3000)
        pages = {memory.find(a) for a in (*range(start, start + size, 0x1000), start + size - 1)}
        inside = all(p >= 0 and memory.physical.place(p) >= 0 for p in pages)
        if inside:
            good.append((start, size))
        elif min(pages) < 0:
            broken.append((start, size))

    assert len(good) > 50
    for start, size in good:
        arguments = {"val": start - (start >> 63 << 64), "size": size, "filename": str(path)}
        machine.emulator.ask([("memsave", arguments)])
        assert memory.read(start, size) == path.read_bytes()
    for start, size in broken[:50]:
        with pytest.raises(ReadError):
            memory.read(start, size)
    dumped = machine.emulator.monitor(f"x /16xb {start:#x}" for start, _ in good)
    for (start, size), text in zip(good, dumped):
        theirs = bytes(int(byte, 16) for byte in re.findall(r"0x([0-9a-f]{2})\b", text))
        assert memory.read_some(start, min(size, 16)) == theirs[: min(size, 16)]
