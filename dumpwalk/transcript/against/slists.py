"""``!slist``: interlocked singly linked lists."""

from __future__ import annotations

from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import Statement, compares
from dumpwalk.transcript.against.asked import address_asked
from dumpwalk.transcript.against.named import elements, nth, statement, values
from dumpwalk.transcript.against.typed import one_listing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.target import Target
    from dumpwalk.transcript.slist import ListedSlist

# In the command, how the rest is laid out, or said in words.
_OTHERWISE = ("address", "form", "sequence_name", "sequence_bits")


@compares("slist")
def interlocked(target: Target, said: ListedSlist, command: str) -> Iterator[Statement | None]:
    """Compare a list, whose header the command names."""
    from dumpwalk.kernel.slist import pop_window, slist

    place = address_asked(target, command)
    shown = said.list
    if isinstance(place, Absent):
        yield statement("SLIST_HEADER", shown.header.Alignment, place)
        return
    held = slist(target, place)
    what, width = f"SLIST_HEADER {place}", target.machine.pointer_size
    yield from values(what, shown.header, held.header, skip=_OTHERWISE, pointer_size=width)
    yield statement(f"{what} sequence bits", shown.header.sequence_bits, held.header.sequence_bits)
    for number, entry in enumerate(shown.entries):
        there = nth(held.entries, number, held.problems)
        where = f"{what} entry {number + 1}"
        yield statement(where, entry.address, getattr(there, "address", there), width)
        words = getattr(there, "words", there)
        if isinstance(entry.words, Absent):
            continue
        if isinstance(words, (str, Absent)):
            yield statement(f"{where} words", entry.words, words)
        else:
            yield from elements(f"{where} word", entry.words, words)
    for listing in said.listings:
        yield from one_listing(target, listing, "")
    if not isinstance(shown.window, Absent):
        window = pop_window(target, int(shown.window.ip))
        yield from values("code that pops", shown.window, window, skip=("ip",), pointer_size=width)
