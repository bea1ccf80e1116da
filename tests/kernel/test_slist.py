"""Interlocked lists: the three forms of the header, lists that are damaged, and the code that pops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import held, made

from dumpwalk.commands.slist import layout, slist
from dumpwalk.errors import UsageError
from dumpwalk.kernel.slist import pop_window, slist_header
from dumpwalk.kernel.slist import slist as walk
from dumpwalk.remarks import Absent

POOL64, POOL32 = 0xFFFFFA8001B00000, 0x85B00000
# Of each layout of the type: what it is called, the form, bits of the sequence number.
HEADERS = [
    ("nt/xpsp3-x86", "x86", "Sequence", 16),
    ("win7-x86-pae", "x86", "Sequence", 16),
    ("nt/win81u1-x86", "x86", "CpuId", 16),
    ("nt/2003sp2-x64", "Header8", "Sequence", 9),
    ("nt/vistasp2-x64", "Header8", "Sequence", 9),
    ("nt/7601.24540-x64", "Header8", "Sequence", 9),
    ("nt/7601.24540-x64", "HeaderX64", "Sequence", 48),
    ("nt/win8-x64", "HeaderX64", "Sequence", 48),
    ("nt/9600.20625-x64", "HeaderX64", "Sequence", 48),
    ("nt/22000.2538-x64", "HeaderX64", "Sequence", 48),
]


def list_bytes(form: str, base: int, depth: int, sequence: int, offsets: list[int], size: int = 0x400) -> bytes:
    """Return a header and the entries at *offsets* behind it, each of which leads to the next."""
    width = 4 if form == "x86" else 8
    data = bytearray(size)
    first = base + offsets[0] if offsets else 0
    if form == "x86":
        words = first | depth << 32 | sequence << 48
        data[:8] = words.to_bytes(8, "little")
    elif form == "Header8":
        words = depth | sequence << 16 | (first >> 4 & (1 << 39) - 1) << 25
        data[:16] = words.to_bytes(8, "little") + (7 << 61 | 2).to_bytes(8, "little")
    else:
        words = depth | sequence << 16
        data[:16] = words.to_bytes(8, "little") + (first | 1).to_bytes(8, "little")
    for here, after in zip(offsets, [*offsets[1:], 0]):
        data[here : here + width] = (after and base + after).to_bytes(width, "little")
    return bytes(data)


@pytest.mark.parametrize(("profile", "form", "name", "bits"), HEADERS)
def test_headers_of_every_generation(profile: str, form: str, name: str, bits: int) -> None:
    base = POOL32 if form == "x86" else POOL64
    sequence = 0x1FF if bits == 9 else 0x1234
    target = held(base, list_bytes(form, base, 3, sequence, [0x100, 0x40, 0x3F0]), profile)
    found = walk(target, base)
    header = found.header

    assert (header.form, header.sequence_name, header.sequence_bits) == (form, name, bits)
    assert (header.Depth, header.Sequence, header.NextEntry) == (3, sequence, base + 0x100)
    assert [entry.address - base for entry in found.entries] == [0x100, 0x40, 0x3F0]
    assert found.problems == ()
    assert (header.Region is None) == (form == "x86")


@pytest.mark.parametrize("form", ["x86", "Header8", "HeaderX64"])
def test_an_empty_list(form: str) -> None:
    base = POOL32 if form == "x86" else POOL64
    found = walk(
        held(base, list_bytes(form, base, 0, 5, []), "win7-x86-pae" if form == "x86" else "nt/7601.24540-x64"), base
    )

    assert (found.header.NextEntry, found.entries, found.problems) == (0, (), ())


def test_an_entry_of_user_mode() -> None:
    """A compressed address is of the region of its header: the lowest 8 TB here."""
    base = 0x7FE80000
    header = slist_header(held(base, list_bytes("Header8", base, 1, 0, [0x40])), base)

    assert header.NextEntry == base + 0x40


@pytest.mark.parametrize(
    ("offsets", "depth", "what"),
    [
        ([0x40, 0x80], 3, "Depth says 3, but the list has 2"),
        ([0x40, 0x80, 0x40], 2, "leads to fffffa80`01b00040, where it was before"),
        ([0x40, 0x40], 1, "leads to itself"),
        ([0x40, 0x8000], 2, "can't be read"),
    ],
)
def test_damaged_lists(offsets: list[int], depth: int, what: str) -> None:
    data = bytearray(list_bytes("HeaderX64", POOL64, depth, 0, offsets[:1]))
    for here, after in zip(offsets, offsets[1:]):
        data[here : here + 8] = (POOL64 + after).to_bytes(8, "little")
    found = walk(held(POOL64, bytes(data[:0x400]), "nt/19041.3570-x64"), POOL64)

    assert what in str(found.problems[0])
    assert len(found.entries) <= 2


def test_a_header_that_is_not_there() -> None:
    found = walk(held(POOL64, b"", "nt/19041.3570-x64"), POOL64)

    assert isinstance(found.header.NextEntry, Absent)
    assert found.entries == ()


@given(st.lists(st.integers(0, 15), min_size=16, max_size=16), st.integers(0, 0xFFFF))
def test_any_links_end(links: list[int], depth: int) -> None:
    """Sixteen entries that lead anywhere among themselves: each is listed once at most."""
    data = depth.to_bytes(8, "little") + (POOL64 + 0x10 | 1).to_bytes(8, "little")
    data += b"".join((POOL64 + 16 * n if n else 0).to_bytes(8, "little") + bytes(8) for n in links)
    found = walk(held(POOL64, data, "nt/19041.3570-x64"), POOL64)
    addresses = [entry.address for entry in found.entries]

    assert len(set(addresses)) == len(addresses) <= 17
    assert found.problems or depth == len(addresses)


# -- the documentation's listing


def test_listing_of_the_documentation(real_data: Path) -> None:
    """The list of ten of Microsoft's page on !slist, of a program on a 32-bit machine. To the letter."""
    page = (real_data.parent / "reference/windbg-docs/-slist.md").read_text("utf-8")
    listing = page.partition("0:000> !slist ListHead\n")[2].partition("\n```")[0].rstrip().splitlines()
    text = "block 260000 pointers 2643e8 a000a\n"
    for line in listing[7:]:
        address, words = line.split("  ")
        swapped = "".join(int(word, 16).to_bytes(4, "little").hex() for word in words.split())
        text += f"block {address} bytes {swapped}\n"
    target = made(text, profile="win7-x86-pae")

    assert layout(slist(target, 0x260000)).splitlines() == listing


# -- the code that pops


@pytest.fixture(scope="module")
def machine() -> Any:
    """Return a machine whose processor stands at the instruction that reads an entry's link."""
    text = "context rip=nt+9a81a rsp=fffff880`0211b790\n"
    text += (
        f"struct _SLIST_HEADER at {POOL64:x} Header8.Depth=1 Header8.NextEntry={(POOL64 + 0x40 >> 4) % (1 << 39):x}\n"
    )
    return made(text)


def test_the_dumps_own_instruction_pointer(machine: Any) -> None:
    window = pop_window(machine)

    assert not isinstance(window, Absent)
    assert (window.inside, window.name) == (True, "nt!ExpInterlockedPopEntrySListFault")
    assert window.ip == window.fault


@pytest.mark.parametrize(
    ("symbol", "offset", "inside"), [("Resume", -1, False), ("Resume", 0, True), ("End", 0, True), ("End", 1, False)]
)
def test_both_ends_are_within(machine: Any, symbol: str, offset: int, inside: bool) -> None:
    """KiCheckForSListAddress of a published disassembly leaves (jb, ja) only below the first and above the last."""
    window = pop_window(machine, machine.address_of(f"ExpInterlockedPopEntrySList{symbol}") + offset)

    assert not isinstance(window, Absent)
    assert window.inside is inside


def test_text_says_it(machine: Any) -> None:
    default = layout(slist(machine, POOL64))
    outside = layout(slist(machine, POOL64, ip="nt!KeBugCheckEx"))

    assert "is within the code that pops an entry" in default
    assert "may be gone by now" in default
    assert "is outside of the code that pops" in outside
    assert "A sequence number of 9 bits repeats after 512 operations (ABA)." in outside


def test_explanation(machine: Any) -> None:
    answer = slist(machine, POOL64, explain=True)

    assert "512 operations" in " ".join(answer.explanation)
    assert layout(answer).endswith(answer.explanation[-1])
    assert slist(machine, POOL64).explanation == ()


def test_without_symbols_it_is_not_known() -> None:
    target = made("context eip=82a00000 esp=8211b790", profile="win7-x86-pae")

    assert "kernel is not known exactly" in str(pop_window(target))
    assert "instruction pointer" in str(pop_window(made("", kind="elf")))


def test_entries_as_structures(machine: Any) -> None:
    answer = slist(machine, POOL64, "_LIST_ENTRY", "8")
    lines = layout(answer).splitlines()

    assert answer.listings[0].address == POOL64 + 0x38
    assert any("Blink" in line for line in lines)
    with pytest.raises(UsageError, match="an offset needs the type"):
        slist(machine, POOL64, None, "8")
