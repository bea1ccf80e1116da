"""``!pte``, ``!pfn``, ``!vad``, ``!pool``: page tables, page frames, address ranges and pool."""

from __future__ import annotations

from dumpwalk.errors import Error
from dumpwalk.memory.address import Hex
from dumpwalk.record import fields
from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import Statement, compares
from dumpwalk.transcript.against.asked import address_asked
from dumpwalk.transcript.against.marked import like
from dumpwalk.transcript.against.named import read_number, silent, statement, values
from dumpwalk.transcript.values import NOT_SHOWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from dumpwalk.kernel.pool_header import PoolBlock
    from dumpwalk.kernel.pte import Entry
    from dumpwalk.kernel.vad import Vad
    from dumpwalk.memory.paging.software import Pte
    from dumpwalk.target import Target
    from dumpwalk.transcript.page_frame import ListedPfn
    from dumpwalk.transcript.page_tables import EntryListing
    from dumpwalk.transcript.pool import PoolListing
    from dumpwalk.transcript.vad import VadListing

# What !pte calls the members of an entry that is not valid.
_DETAILS = {"pfn": "Transition", "page_file": "PageFile", "offset": "Offset", "protection": "Protect"}
# Members of a VAD that are compared by other means, and those that only views have.
_OTHERWISE = ("address", "level", "protection", "file")
_OF_VIEWS = ("ControlArea", "FirstPrototypePte", "LastContiguousPte", "FileOffset")
_VALID, _LARGE, _NOT_VALID = "valid", "large page", "not valid"


@compares("pte")
def entries(target: Target, said: EntryListing, command: str) -> Iterator[Statement | None]:
    """Compare page-table entries."""
    from dumpwalk.kernel.pte import entry_at, page_table_entries

    page = said.page
    if page.address is None:
        for entry in page.entries:
            place = entry.address if entry.address is not NOT_SHOWN else address_asked(target, command)
            held = place if isinstance(place, Absent) else entry_at(target, place).entries[0]
            yield from _entry(target, "entry", entry, held)
        return
    found = page_table_entries(target, page.address, files=False)
    by_level = {entry.level: entry for entry in found.entries}
    for number, entry in enumerate(page.entries):
        positional = found.entries[number] if number < len(found.entries) else Absent("the walk ends before it")
        there: Any = by_level.get(entry.level, positional) if entry.level else positional
        yield from _entry(target, f"{entry.level or 'entry'} of {page.address}", entry, there)
    if page.entries and found.entries:
        yield from _meaning(f"PTE of {page.address}", page.entries[-1].meaning, found.entries[-1].meaning)


def _meaning(what: str, said: Pte | None, held: Pte | None) -> Iterator[Statement | None]:
    """Yield what stands below an entry that is not valid: ``PageFile: 0``, ``Offset: 1234``, ``Protect: 4 - ...``."""
    if said is None or said.kind == _VALID:
        return
    for name in ("pfn", "page_file", "offset", "address", "protection"):
        label = _DETAILS.get(name, "Proto" if said.kind == "prototype" else "Subsection")
        there = getattr(held, name, None)
        missing = f"it is {held.kind if held else 'none'}"
        yield statement(f"{what} {label}", getattr(said, name), missing if there is None else there)


def _entry(target: Target, what: str, said: Entry, held: Any) -> Iterator[Statement | None]:
    if isinstance(held, Absent):
        yield statement(what, said.address if isinstance(said.value, Absent) else said.value, held)
        return
    yield statement(f"{what} address", said.address, held.address, target.machine.pointer_size)
    yield statement(f"{what} value", said.value, held.value)
    if isinstance(held.value, Absent):
        return
    yield statement(f"{what} state", _state(said), _state(held))
    yield statement(f"{what} flags", said.flags, held.flags)
    pfn = said.meaning.pfn if said.meaning is not None and said.meaning.kind == _VALID else None
    yield statement(f"{what} pfn", pfn, held.meaning.pfn if held.meaning is not None else None)


def _state(entry: Entry) -> str:
    """Return what is printed of an entry's state; that which maps a large page is printed as any valid one."""
    if entry.state in ("", _VALID):
        return entry.state
    return like(_NOT_VALID if entry.state != _LARGE else _VALID if entry.flags else _LARGE, entry.state)


@compares("pfn")
def page_frame(target: Target, said: ListedPfn, command: str) -> Iterator[Statement | None]:
    """Compare an entry of the page frame database."""
    from dumpwalk.kernel.pfn import pfn

    page = said.pfn
    held = pfn(target, page.number)
    what = f"page {int(page.number):x}"
    yield from values(what, page, held, skip=("number", "flags", "words"), pointer_size=target.machine.pointer_size)
    if not isinstance(page.state, Absent):
        yield statement(f"{what} flags", page.flags or like("none", page.state), held.flags or "none")


@compares("vad")
def descriptors(target: Target, said: VadListing, command: str) -> Iterator[Statement | None]:
    """Compare VADs."""
    from dumpwalk.kernel.vad import Vads
    from dumpwalk.kernel.vad_detail import vad_detail

    width = target.machine.pointer_size
    reader = Vads(target)
    rows = said.tree.vads if said.tree is not None else ()
    levels = _levels(target) if len(rows) > 1 else {}
    for row in rows:
        held = reader.read(row.address)[0]
        what = f"VAD {row.address}"
        yield from values(what, row, held, skip=_OTHERWISE, pointer_size=width)
        if int(row.address) in levels:
            yield statement(f"{what} level", row.level, levels[int(row.address)])
        yield from _words(what, row, held)
    if said.detail is None:
        return
    vad, detail = said.detail.vad, said.detail
    there = vad_detail(target, vad.address)
    what = f"VAD {vad.address}"
    # Private memory has none of the members of a view; the debugger prints what stands in their place.
    private = there.vad.private is True
    yield from values(what, vad, there.vad, skip=(*_OTHERWISE, *(_OF_VIEWS if private else ())), pointer_size=width)
    skip = ("vad", "secured", "flags", "flags2", "old", *(_OF_VIEWS if private else ()))
    yield from values(what, detail, there, skip=skip, pointer_size=width)
    for name, link, held_link in zip(("Flink", "Blink"), detail.secured, there.secured):
        yield statement(f"{what} Secured.{name}", link, held_link, width)
    yield from _words(what, vad, there.vad)


def _words(what: str, said: Vad, held: Vad) -> Iterator[Statement | None]:
    words = held.Protection if isinstance(held.Protection, Absent) else held.protection
    yield statement(f"{what} protection", said.protection, words)
    if isinstance(said.file, str) and said.file.startswith("\\"):
        yield statement(f"{what} file", said.file, held.file if held.file is not None else "none")


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


@compares("pool")
def pool(target: Target, said: PoolListing, command: str) -> Iterator[Statement | None]:
    """Compare blocks of pool."""
    from dumpwalk.kernel.pool import pool as look
    from dumpwalk.kernel.pool_header import PoolHeaders

    width = target.machine.pointer_size
    shown = said.pool
    blocks = shown.blocks if shown is not None else said.blocks
    large: list[Any] = [shown.large, shown.special] if shown is not None else [*said.large]
    large = [one for one in large if one is not None]
    asked: Any = shown.address if shown is not None else None
    if silent(asked):
        asked = next((one.address for one in (*blocks, *large)), None)
    if asked is None:
        return
    held = look(target, asked)
    if shown is not None:
        yield statement("region", shown.region, held.region)
    headers = PoolHeaders(target)
    by_address = {int(block.address): block for block in held.blocks}
    for block in blocks:
        # The marked block of a listing may be found from another address than the page's first.
        there = by_address.get(int(block.address)) or headers.at(block.address)
        yield from _block(target, block, there, headers.size, width)
    for one in large:
        found: Any = held if int(one.address) == int(asked) or shown is not None else look(target, one.address)
        found = found.special if "data" in fields(one) else found.large
        if found is None:
            found = Absent("no large allocation is known there")
        yield from values(f"allocation {one.address}", one, found, pointer_size=width)


def _block(target: Target, said: PoolBlock, held: Any, header: int, width: int) -> Iterator[Statement | None]:
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
    for number, word in enumerate(() if isinstance(said.words, Absent) else said.words or ()):
        if not silent(word):
            place = said.address + header + 4 * number
            there = read_number(target, place, 4)
            yield statement(
                f"memory at {target.address(place)}", word, there if isinstance(there, Absent) else Hex(there)
            )
