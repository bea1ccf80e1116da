"""Spans of addresses that may overlap, cut into spans that don't."""

from __future__ import annotations

from heapq import heappop, heappush

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def disjoint(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """Return ``(start, end, index)``, ascending, where *index* is the first of *spans* that covers that stretch.

    A sweep over the start addresses: at any address the earliest given of the
    spans that reach it counts. n log n, however they overlap. Empty spans
    cover nothing.

    >>> disjoint([(10, 20), (0, 30), (20, 20)])
    [(0, 10, 1), (10, 20, 0), (20, 30, 1)]
    """
    ranked = sorted((start, index, end) for index, (start, end) in enumerate(spans) if start < end)
    if all(a[2] <= b[0] for a, b in zip(ranked, ranked[1:])):
        return [(start, end, index) for start, index, end in ranked]
    pieces: list[tuple[int, int, int]] = []
    reaching: list[tuple[int, int]] = []  # a heap of (index, end)
    at, upcoming = 0, 0
    while reaching or upcoming < len(ranked):
        if not reaching:
            at = ranked[upcoming][0]
        while upcoming < len(ranked) and ranked[upcoming][0] <= at:
            heappush(reaching, ranked[upcoming][1:])
            upcoming += 1
        while reaching and reaching[0][1] <= at:
            heappop(reaching)
        if reaching:
            index, end = reaching[0]
            if upcoming < len(ranked):
                end = min(end, ranked[upcoming][0])
            if pieces and pieces[-1][1:] == (at, index):
                pieces[-1] = pieces[-1][0], end, index
            else:
                pieces.append((at, end, index))
            at = end
    return pieces
