"""``!pte``, ``!pfn``, ``!vad``, ``!pool``: page tables, page frames, address ranges and pool."""

from __future__ import annotations

from dumpwalk.errors import Error
from dumpwalk.memory.address import Hex
from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import Statement, compares
from dumpwalk.transcript.against.asked import address_asked
from dumpwalk.transcript.against.fields_of_text import numbers_in
from dumpwalk.transcript.against.marked import like
from dumpwalk.transcript.against.named import read_number, silent, statement, values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from dumpwalk.memory.paging.software import Pte
    from dumpwalk.target import Target
    from dumpwalk.transcript.page_frame import ListedPfn
    from dumpwalk.transcript.page_tables import EntryListing, ListedEntry
    from dumpwalk.transcript.pool import ListedBlock, PoolListing
    from dumpwalk.transcript.vad import VadListing

# What !pte calls the parts of an entry that is not valid.
_DETAILS = {
    "PageFile": "page_file",
    "Offset": "offset",
    "Protect": "protection",
    "Transition": "pfn",
    "Proto": "address",
    "Subsection": "address",
}
# What !pool prints where the kernel does not say what addresses are used for.
_NO_REGION = ("", "Unknown")
_VALID, _LARGE, _NOT_VALID = "valid", "large page", "not valid"


@compares("pte")
def entries(target: Target, said: EntryListing, command: str) -> Iterator[Statement | None]:
    """Compare page-table entries."""
    from dumpwalk.kernel.pte import entry_at, page_table_entries

    if said.address is None:
        for entry in said.entries:
            place = entry.address if entry.address is not None else address_asked(target, command)
            held = place if isinstance(place, Absent) else entry_at(target, place).entries[0]
            yield from _entry(target, "entry", entry, held)
        return
    found = page_table_entries(target, said.address, files=False)
    by_level = {entry.level: entry for entry in found.entries}
    for number, entry in enumerate(said.entries):
        positional = found.entries[number] if number < len(found.entries) else Absent("the walk ends before it")
        there: Any = by_level.get(entry.level, positional) if entry.level else positional
        yield from _entry(target, f"{entry.level or 'entry'} of {said.address}", entry, there)
    yield from _details(f"PTE of {said.address}", said.details, found.entries[-1].meaning if found.entries else None)


def _details(what: str, said: Sequence[str], held: Pte | None) -> Iterator[Statement | None]:
    """Yield what stands below an entry that is not valid: ``PageFile: 0``, ``Offset: 1234``, ``Protect: 4 - ...``."""
    for line in said:
        label, colon, text = line.partition(":")
        value = dict(numbers_in(like(text, line), 16)).get("") if colon else None
        name = _DETAILS.get(label)
        if name is not None and value is not None:
            there = getattr(held, name, None)
            yield statement(
                f"{what} {label}", value, f"it is {held.kind if held else 'none'}" if there is None else there
            )


def _entry(target: Target, what: str, said: ListedEntry, held: Any) -> Iterator[Statement | None]:
    width = target.machine.pointer_size
    if isinstance(held, Absent):
        yield statement(what, said.value if said.value is not None else said.address, held)
        return
    yield statement(f"{what} address", said.address, held.address, width)
    yield statement(f"{what} value", said.value, held.value)
    if isinstance(held.value, Absent):
        return
    # The entry that maps a large page is printed as any valid one; `LARGE PAGE` stands where there is none below it.
    state = _NOT_VALID if held.state not in (_VALID, _LARGE) else _VALID if held.flags else _LARGE
    yield statement(f"{what} state", said.validity, state)
    yield statement(f"{what} flags", said.flags, held.flags)
    yield statement(f"{what} pfn", said.pfn, held.meaning.pfn if held.meaning is not None else None)


@compares("pfn")
def page_frame(target: Target, said: ListedPfn, command: str) -> Iterator[Statement | None]:
    """Compare an entry of the page frame database."""
    from dumpwalk.kernel.pfn import pfn

    held = pfn(target, said.number)
    what, width = f"page {int(said.number):x}", target.machine.pointer_size
    yield statement(f"{what} address", said.address, held.address, width)
    yield from values(what, said.values, held, pointer_size=width)
    for name in ("cache", "state"):
        yield statement(f"{what} {name}", getattr(said, name), getattr(held, name))
    if said.state and "?" not in said.state:
        letters = said.flags or "none"
        yield statement(f"{what} flags", letters, held.flags or "none")


@compares("vad")
def descriptors(target: Target, said: VadListing, command: str) -> Iterator[Statement | None]:
    """Compare VADs."""
    from dumpwalk.kernel.vad import Vads
    from dumpwalk.kernel.vad_detail import vad_detail

    width = target.machine.pointer_size
    reader = Vads(target)
    levels = _levels(target) if len(said.vads) > 1 else {}
    for row in said.vads:
        held = reader.read(row.address)[0]
        what = f"VAD {row.address}"
        yield from values(what, row, held, skip=("address", "level", "kind", "file", "protection"), pointer_size=width)
        if int(row.address) in levels:
            yield statement(f"{what} level", row.level, levels[int(row.address)])
        words = held.Protection if isinstance(held.Protection, Absent) else held.protection
        yield statement(f"{what} protection", row.protection, words)
        if row.file.startswith("\\"):
            yield statement(f"{what} file", row.file, held.file if held.file is not None else "none")
    if said.detail is None:
        return
    detail = said.detail
    held_detail = vad_detail(target, detail.address)
    what = f"VAD {detail.address}"
    more = {
        "Secured.Flink": held_detail.secured[0],
        "Secured.Blink": held_detail.secured[1],
        "Banked/Extend": held_detail.extended,
    }
    # Private memory has none of the members of a view; the debugger prints what stands in their place.
    shown = {n: v for n, v in detail.values.items() if not _of_views_alone(held_detail.vad, n)}
    yield from values(what, shown, held_detail.vad, held_detail, more, pointer_size=width)
    bits = held_detail.vad.Protection
    named = bits if isinstance(bits, Absent) else held_detail.vad.protection
    yield statement(f"{what} protection", detail.protection, named)
    if detail.file.startswith("\\"):
        yield statement(f"{what} file", detail.file, held_detail.vad.file)


def _levels(target: Target) -> dict[int, int | None]:
    """Return how deep in its tree each VAD of the dump's own process is, by address; of others nothing is known."""
    from dumpwalk.kernel.vad_tree import process_vads

    process = target.dump.process
    if isinstance(process, Absent):
        return {}
    try:
        return {int(vad.address): vad.level for vad in process_vads(target, process).vads}
    except Error:  # then there are no levels to compare
        return {}


def _of_views_alone(vad: Any, name: str) -> bool:
    return vad.private is True and name in ("ControlArea", "FirstPrototypePte", "LastContiguousPte", "FileOffset")


@compares("pool")
def pool(target: Target, said: PoolListing, command: str) -> Iterator[Statement | None]:
    """Compare blocks of pool."""
    from dumpwalk.kernel.pool import pool as look
    from dumpwalk.kernel.pool_header import PoolHeaders

    width = target.machine.pointer_size
    asked = said.asked
    if asked is None:
        asked = said.blocks[0].address if said.blocks else said.large.address if said.large is not None else None
    if asked is None:
        return
    held = look(target, asked)
    if said.region not in _NO_REGION:
        yield statement("region", said.region, held.region)
    headers = PoolHeaders(target)
    by_address = {int(block.address): block for block in held.blocks}
    for block in said.blocks:
        # The marked block of a listing may be found from another address than the page's first.
        there = by_address.get(int(block.address)) or headers.at(block.address)
        yield from _block(target, block, there, headers.size, width)
    large = said.large
    if large is not None:
        found: Any = held.special if large.data is not None else held.large
        if found is None:
            found = Absent("no large allocation is known there")
        yield from values(f"allocation {large.address}", large, found, skip=("pool", "data"), pointer_size=width)
        yield statement(f"allocation {large.address} data", large.data, getattr(found, "data", found), width)


def _block(target: Target, said: ListedBlock, held: Any, header: int, width: int) -> Iterator[Statement | None]:
    what = f"block {said.address}"
    if isinstance(held, Absent):
        yield statement(what, said.size, held)
        return
    yield from values(
        what, said, held, skip=("address", "tag", "protected", "process", "holds", "words"), pointer_size=width
    )
    shown = "".join(c if " " <= c < "\x7f" else "." for c in held.tag)
    if said.tag.strip():
        yield statement(f"{what} tag", like(said.tag.ljust(4), said.tag), shown.ljust(4))
    if said.allocated:
        yield statement(f"{what} protected", said.protected, held.protected)
        yield statement(f"{what} process", said.process, held.process if held.process is not None else "none", width)
    for number, word in enumerate(() if isinstance(said.words, Absent) else said.words):
        if not silent(word):
            place = said.address + header + 4 * number
            there = read_number(target, place, 4)
            yield statement(
                f"memory at {target.address(place)}", word, there if isinstance(there, Absent) else Hex(there)
            )
