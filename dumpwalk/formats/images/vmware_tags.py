"""The tags of a VMware saved state: ``memory/regionPPN[0]`` and their values."""

from __future__ import annotations

from dumpwalk.errors import FormatError
from dumpwalk.remarks import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HEADER_SIZE = 12
_GROUP_SIZE = 80
_MOST_GROUPS = 4096
_MOST_TAGS = 1 << 18
_WANTED = ("memory", "cpu")
# Of the sizes that a tag's flags give: what follows is a block with a size of its own, as it is or compressed.
_BLOCK, _PACKED_BLOCK = 62, 63


class Tags:
    """The tags of the groups ``memory`` and ``cpu``.

    :ivar problems: what is damaged
    """

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str, tuple[int, ...]], int] = {}
        self._blocks: dict[tuple[str, str], tuple[int, int]] = {}
        self.problems: tuple[Problem, ...] = ()

    def number(self, group: str, name: str, *indices: int) -> int | None:
        """Return the value of a tag, ``None`` when there is none."""
        return self._numbers.get((group, name, indices))

    def block(self, group: str, name: str) -> tuple[int, int] | None:
        """Return offset and size of a tag that is a block of bytes."""
        return self._blocks.get((group, name))

    def read(self, group: str, data: memoryview, at: int, wide: bool) -> None:
        """Take over the tags of *group*, which begins at *at*."""
        for _ in range(_MOST_TAGS):
            flags, length = bytes(data[at : at + 2]) if at + 2 <= len(data) else (1, 0)
            if not flags and not length:
                return
            name = bytes(data[at + 2 : at + 2 + length]).decode("latin-1")
            count = flags >> 6 & 3
            at += 2 + length
            if at + 4 * count > len(data) or not length:
                self.problems += (Problem(f"group {group}", f"it is cut or damaged at {at:#x}"),)
                return
            indices = tuple(int.from_bytes(data[at + 4 * i : at + 4 * i + 4], "little") for i in range(count))
            at += 4 * count
            size = flags & 0x3F
            if size in (_BLOCK, _PACKED_BLOCK):
                width = 8 if wide else 4
                stored = int.from_bytes(data[at : at + width], "little")
                padding = int.from_bytes(data[at + 2 * width : at + 2 * width + 2], "little")
                at += 2 * width + 2 + padding
                if size == _BLOCK:
                    self._blocks.setdefault((group, name), (at, stored))
                at += stored
            else:
                self._numbers.setdefault((group, name, indices), int.from_bytes(data[at : at + size], "little"))
                at += size
        self.problems += (Problem(f"group {group}", f"it has more than {_MOST_TAGS} tags; the rest is not read"),)


def read_tags(path: str, data: memoryview) -> Tags:
    """Return the tags of the saved state *data*.

    :raises FormatError: when its table of groups is cut, or has no memory
    """
    groups = {}
    if len(data) >= _HEADER_SIZE:
        head, group = _structs()
        header = head.parse(bytes(data[:_HEADER_SIZE]))
        for index in range(min(header.count, _MOST_GROUPS)):
            at = _HEADER_SIZE + index * _GROUP_SIZE
            if at + _GROUP_SIZE > len(data):
                break
            found = group.parse(bytes(data[at : at + _GROUP_SIZE]))
            groups[bytes(found.name).partition(b"\0")[0].decode("latin-1")] = found.offset
    if "memory" not in groups:
        raise FormatError(f"{path}: a saved state of VMware whose table of groups has no memory: cut or damaged")
    tags = Tags()
    for name in _WANTED:
        if name in groups:
            tags.read(name, data, groups[name], bool(data[0] & 0xF))
    return tags


def _structs() -> tuple[Any, Any]:
    from construct import Bytes, Int32ul, Int64ul, Struct

    return (
        Struct("magic" / Bytes(4), "version" / Int32ul, "count" / Int32ul),
        Struct("name" / Bytes(64), "offset" / Int64ul, "size" / Int64ul),
    )
