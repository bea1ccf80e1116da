"""Writes the file of public symbols that :mod:`~dumpwalk.types.symbols_table` reads."""

from __future__ import annotations

from dumpwalk.types.symbols_table import BLOCK, HEADER, LINE_OF, MAGIC, VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

NAMES_IN_BLOCK = 1024


def symbols_content(lines: Sequence[Sequence[Mapping[str, int]]]) -> bytes:
    """Return the file; the tables' numbers in it are their positions, line after line.

    :param lines: for each line of builds, for each build: offset by name
    """
    import struct
    import zlib

    import numpy as np

    names = sorted({name for line in lines for table in line for name in table})
    numbers = {name: number for number, name in enumerate(names)}
    blocks = [names[i : i + NAMES_IN_BLOCK] for i in range(0, len(names), NAMES_IN_BLOCK)]
    raw = ["\n".join(block[0] for block in blocks).encode(), *map(_front_coded, blocks)]
    line_of, tables = [], []
    for i, line in enumerate(lines):
        # An offset for each name of the line, by the middle build, or where that one would have it.
        builds = [_column(table, numbers, np) for table in line]
        common = _common(builds, np)
        slots = np.nonzero(common >= 0)[0]
        slots = slots[np.lexsort((slots, common[slots]))]
        places = common[slots]
        raw.append(slots.astype("<u4").tobytes() + np.diff(places, prepend=0).astype("<i4").tobytes())
        for build in builds:
            present = build[slots] >= 0
            moved = build[slots][present] - places[present]
            tables.append(present.astype(np.uint8).tobytes() + np.diff(moved, prepend=0).astype("<i4").tobytes())
            line_of.append((i, int(present.sum())))
    packed = [zlib.compress(block, 9) for block in raw + tables]
    offset = struct.calcsize(HEADER) + len(packed) * struct.calcsize(BLOCK) + len(tables) * struct.calcsize(LINE_OF)
    directory = b""
    for block, content in zip(raw + tables, packed):
        directory += struct.pack(BLOCK, offset, len(content), len(block), zlib.crc32(content))
        offset += len(content)
    directory += b"".join(struct.pack(LINE_OF, *row) for row in line_of)
    head = struct.pack(HEADER, MAGIC, VERSION, len(names), NAMES_IN_BLOCK, len(lines), len(tables), 0)[:-4]
    return head + struct.pack("<I", zlib.crc32(head[len(MAGIC) :] + directory)) + directory + b"".join(packed)


def _front_coded(names: Sequence[str]) -> bytes:
    shared, rests, last = [], [], ""
    for name in names:
        same = 0
        while same < min(len(name), len(last), 255) and name[same] == last[same]:
            same += 1
        shared.append(same)
        rests.append(name[same:])
        last = name
    return bytes(shared) + "\n".join(rests).encode()


def _column(table: Mapping[str, int], numbers: Mapping[str, int], np: Any) -> Any:
    column = np.full(len(numbers), -1, np.int64)
    column[[numbers[name] for name in table]] = list(table.values())
    return column


def _common(builds: Sequence[Any], np: Any) -> Any:
    """Return where the line's middle build has each name; where it lacks one, the place that its neighbour's has."""
    middle = builds[len(builds) // 2]
    common = middle.copy()
    for build in builds:
        missing = (common < 0) & (build >= 0)
        both = (middle >= 0) & (build >= 0)
        if missing.any():
            there = np.sort(build[both])
            moved = (middle[both] - build[both])[np.argsort(build[both], kind="stable")]
            before = np.clip(np.searchsorted(there, build[missing], side="right") - 1, 0, None)
            common[missing] = np.maximum(build[missing] + (moved[before] if len(moved) else 0), 0)
    return common
