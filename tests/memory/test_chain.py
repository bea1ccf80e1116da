"""Linked lists, good ones and each way they can be broken."""

from __future__ import annotations

import pytest

from dumpwalk.errors import ReadError
from dumpwalk.memory.chain import linked_list, single_list, walk
from dumpwalk.memory.machine import MACHINES, Machine
from dumpwalk.memory.segments import Segment, SegmentedMemory

X64, X86 = MACHINES[0x8664], MACHINES[0x14C]
HEAD = 0xFFFFF80000001000
every_machine = pytest.mark.parametrize("machine", [X64, X86], ids=lambda m: m.name)


def links(machine: Machine, *given: tuple[int, int, int]) -> SegmentedMemory:
    """Return the memory of list entries: address, forward link, backward link."""
    width, mask = machine.pointer_size, (1 << 8 * machine.pointer_size) - 1
    return SegmentedMemory(
        Segment(machine.address(at), memoryview(b"".join((v & mask).to_bytes(width, "little") for v in values)))
        for at, *values in given
    )


@every_machine
def test_a_list(machine: Machine) -> None:
    a, b = HEAD + 0x100, HEAD + 0x200
    found = linked_list(links(machine, (HEAD, a, b), (a, b, HEAD), (b, HEAD, a)), machine, HEAD)

    assert found.addresses == (machine.address(a), machine.address(b))
    assert found.problems == ()


@every_machine
def test_an_empty_list(machine: Machine) -> None:
    found = linked_list(links(machine, (HEAD, HEAD, HEAD)), machine, HEAD)

    assert (found.addresses, found.problems) == ((), ())


A, B, C = HEAD + 0x100, HEAD + 0x200, HEAD + 0x300


@pytest.mark.parametrize(
    ("given", "held", "said"),
    [
        ([(HEAD, A, C), (A, B, HEAD), (B, A, A)], 2, "leads to fffff800`00001100, where it was before"),
        ([(HEAD, A, C), (A, A, HEAD)], 1, "leads to itself"),
        ([(HEAD, A, C), (A, 0, HEAD)], 1, "the link at fffff800`00001100 is null"),
        ([(HEAD, A, C), (A, B, HEAD)], 2, "the link at fffff800`00001200 can't be read"),
        ([], 0, "the link at fffff800`00001000 can't be read"),
        ([(HEAD, A, C), (A, B, HEAD), (B, HEAD, C)], 2, "fffff800`00001200 points back to fffff800`00001300, not to"),
    ],
    ids=["cycle", "self link", "null", "unreadable page", "unreadable head", "lying back pointer"],
)
def test_a_broken_list_is_followed_as_far_as_it_goes(given: list[tuple[int, int, int]], held: int, said: str) -> None:
    found = linked_list(links(X64, *given), X64, HEAD)

    assert found.addresses == (A, B)[:held]
    assert len(found.problems) == 1
    assert said in found.problems[0]


def test_a_list_is_bounded() -> None:
    addresses = [HEAD + 0x10 * n for n in range(20)]
    memory = links(X64, *zip(addresses, [*addresses[1:], HEAD], [addresses[-1], *addresses]))

    assert len(linked_list(memory, X64, HEAD).addresses) == 19
    assert linked_list(memory, X64, HEAD, 5).addresses == tuple(addresses[1:6])
    assert linked_list(memory, X64, HEAD, 5).problems == ("it is longer than 5",)


def test_a_list_that_ends_with_null() -> None:
    memory = links(X64, (A, 0, B), (B, 0, C), (C, 0, 0))

    assert single_list(memory, X64, A, 8).addresses == (A, B, C)
    assert single_list(memory, X64, A, 8).problems == ()
    assert single_list(memory, X64, 0).addresses == ()


@pytest.mark.parametrize(
    ("given", "held", "said"),
    [
        ([(A, B, 0), (B, A, 0)], 2, "where it was before"),
        ([(A, A, 0)], 1, "leads to itself"),
        ([(A, B, 0)], 2, "can't be read"),
    ],
    ids=["cycle", "self link", "unreadable page"],
)
def test_a_broken_list_without_a_head(given: list[tuple[int, int, int]], held: int, said: str) -> None:
    found = single_list(links(X64, *given), X64, A)

    assert found.addresses == (A, B)[:held]
    assert said in found.problems[0]


@pytest.mark.parametrize(
    ("leads", "held", "said"),
    [
        ({1: 2, 2: 3, 3: 0}, [1, 2, 3], ""),
        ({1: 2, 2: 1}, [1, 2], "where it was before"),
        ({1: 1}, [1], "leads to itself"),
        ({1: 2, 2: 3}, [1, 2, 3], "can't be read: gone"),
        ({n: n + 1 for n in range(1, 9)}, [1, 2, 3, 4], "it is longer than 3"),
    ],
)
def test_links_that_take_more_than_a_read(leads: dict[int, int], held: list[int], said: str) -> None:
    def following(address: int) -> int:
        if address not in leads:
            raise ReadError(address, 1, "gone")
        return leads[address]

    found = walk(following, X64, 1, 4)

    assert list(found.addresses) == held
    assert said in str(found.problems) if said else not found.problems
    assert walk(following, X64, 0).addresses == ()
