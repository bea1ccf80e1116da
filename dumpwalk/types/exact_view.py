"""A structure of a kernel that is known exactly, read at once: what :mod:`dumpwalk.types.view` does field by field.

A dump has thousands of threads. Where the profile is exact nothing has to be checked or guessed, so the structure's
bytes are read in one piece and each field is cut out of them; both views answer the same to the same questions.
"""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.memory.address import Address, Hex
from dumpwalk.remarks import Absent
from dumpwalk.types.anchors import EXACT
from dumpwalk.types.view import FieldSource, summary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from dumpwalk.memory.machine import Machine
    from dumpwalk.memory.segments import Memory
    from dumpwalk.types.anchors import Layout
    from dumpwalk.types.view import Check

# A structure up to this size is read in one piece; a larger one is a damaged type.
_AT_ONCE = 0x10000


class ExactLayout:
    """Where the fields of one structure lie, looked up once each.

    :param layout: an exact one
    """

    def __init__(self, layout: Layout, machine: Machine) -> None:
        self.layout = layout
        self.machine = machine
        self.size = layout.size if 0 < layout.size <= _AT_ONCE else 0
        self.address = machine.address
        self.fields: dict[str, tuple[int, int, int, int] | Absent] = {}
        self.known: dict[str, bool] = {}
        self._sources: dict[tuple[str, ...], tuple[FieldSource, ...]] = {}
        self._texts: dict[tuple[str, ...], str] = {}

    def find(self, path: str) -> tuple[int, int, int, int] | Absent:
        """Return begin, end, bit position and bit mask (0 for all bits) of the field *path*, or why there is none."""
        places = self.layout.places(path)
        found: tuple[int, int, int, int] | Absent
        if not places:
            found = Absent(self.layout.why_not(path))
        else:
            position, length = places[0].bits
            begin, end = places[0].offset, places[0].offset + places[0].size
            found = (begin, end, position, (1 << length) - 1 if length else 0)
            if begin < 0 or (self.layout.size and end > self.layout.size):
                found = Absent(f"offset {begin:#x} lies outside {self.layout.name} ({self.layout.size:#x} bytes)")
        self.fields[path] = found
        return found

    def sources(self, paths: tuple[str, ...]) -> tuple[FieldSource, ...]:
        """Return where each of *paths* was read from."""
        if paths not in self._sources:
            offsets = [(path, place) for path in paths if not isinstance(place := self.fields[path], Absent)]
            self._sources[paths] = tuple(FieldSource(path, Hex(place[0]), EXACT) for path, place in offsets)
        return self._sources[paths]

    def source(self, paths: tuple[str, ...]) -> str:
        """Return in words what *paths* rest on."""
        if paths not in self._texts:
            self._texts[paths] = f"{self.layout.source}: {summary(self.sources(paths))}"
        return self._texts[paths]


class ExactView:
    """The structure that *plan* describes, at *address*; it has the methods of :class:`~dumpwalk.types.view.View`."""

    __slots__ = ("_address", "_data", "_seen", "_width", "address", "layout", "machine", "memory", "plan")

    def __init__(self, memory: Memory, plan: ExactLayout, address: int) -> None:
        self.memory = memory
        self.plan = plan
        self.machine = plan.machine
        self.layout = plan.layout
        self.address = plan.machine.address(address)
        self._seen: dict[str, None] = {}
        self._address = plan.address
        self._width = plan.machine.pointer_size
        try:
            self._data = memory.read(self.address, plan.size)
        except ReadError:  # where not all of it is there, each field says for itself what is missing
            self._data = b""

    @property
    def sources(self) -> tuple[FieldSource, ...]:
        return self.plan.sources(tuple(self._seen))

    @property
    def source(self) -> str:
        """In words, what was read and how sure its places are."""
        return self.plan.source(tuple(self._seen))

    def has(self, path: str) -> bool:
        """Say whether the structure has the field *path*."""
        known = self.plan.known.get(path)
        if known is None:
            known = self.plan.known[path] = bool(self.layout.places(path))
        return known

    def trust(self, path: str) -> str:
        """Return how sure the place of the field *path* is that was read; ``""`` when it was not."""
        return EXACT if path in self._seen else ""

    def data(self, path: str, check: Callable[[bytes], bool] | None = None) -> bytes | Absent:
        """Return the bytes of the field *path*."""
        place = self.plan.fields.get(path)
        if place is None:
            place = self.plan.find(path)
        if isinstance(place, Absent):
            return place
        raw = self._data[place[0] : place[1]]
        if len(raw) < place[1] - place[0]:
            return self._piece(path, place)
        self._seen[path] = None
        return raw

    def _piece(self, path: str, place: tuple[int, int, int, int]) -> bytes | Absent:
        try:
            raw = self.memory.read(self.machine.address(self.address + place[0]), place[1] - place[0])
        except ReadError as error:
            return Absent(str(error))
        self._seen[path] = None
        return raw

    def int(self, path: str, check: Check | None = None, *, signed: bool = False, anchor: bool = False) -> int | Absent:
        """Return the integer, bit field or pointer at *path*."""
        place = self.plan.fields.get(path)
        if place is None:
            place = self.plan.find(path)
        if isinstance(place, Absent):
            return place
        begin, end, position, mask = place
        raw = self._data[begin:end]
        if len(raw) < end - begin:  # as data() has it; thousands of structures are read by this way
            piece = self._piece(path, (begin, end, position, mask))
            if isinstance(piece, Absent):
                return piece
            raw = piece
        self._seen[path] = None
        value = int.from_bytes(raw, "little", signed=signed)
        return value >> position & mask if mask else value

    def hex(self, path: str, check: Check | None = None, *, anchor: bool = False) -> Hex | Absent:
        """Return the number at *path*, to be printed in hexadecimal."""
        value = self.int(path)
        return value if isinstance(value, Absent) else Hex(value)

    def pointer(self, path: str, check: Check | None = None, *, anchor: bool = False) -> Address | Absent:
        """Return the pointer at *path*."""
        place = self.plan.fields.get(path)
        if place is not None and place.__class__ is tuple:  # the usual case, without a call
            raw = self._data[place[0] : place[1]]
            if len(raw) == self._width and not place[3]:
                self._seen[path] = None
                return self._address(int.from_bytes(raw, "little"))
        value = self.int(path)
        return value if isinstance(value, Absent) else self._address(value)
