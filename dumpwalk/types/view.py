"""A structure in memory, read field by field; every field says where it was found and how sure that is."""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.types.anchors import CONFIRMED, GUESSED, INFERRED, TRUSTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from dumpwalk.memory.machine import Machine
    from dumpwalk.memory.segments import Memory
    from dumpwalk.types.anchors import Layout, Place

    T = TypeVar("T")
    Check = Callable[[int], bool]


@record
class FieldSource:
    """Where a value came from: its field, the field's offset in the structure, and how sure the offset is."""

    field: str
    offset: Hex
    trust: str


class View:
    """The structure that *layout* describes, at *address*.

    A *check* is what has to be true of a value. A guessed field is shown only
    if it has one and exactly one of its possible places passes it; an inferred
    field that fails its check is not shown either.

    :ivar sources: what was read, in the order of reading
    """

    def __init__(self, memory: Memory, machine: Machine, layout: Layout, address: int) -> None:
        self.memory = memory
        self.machine = machine
        self.layout = layout
        self.address = machine.address(address)
        self._sources: dict[str, FieldSource] = {}

    @property
    def sources(self) -> tuple[FieldSource, ...]:
        return tuple(self._sources.values())

    @property
    def source(self) -> str:
        """In words, what was read and how sure its places are."""
        return f"{self.layout.source}: {summary(self.sources)}"

    def has(self, path: str) -> bool:
        """Say whether the structure has the field *path*, wherever it may lie."""
        return bool(self.layout.places(path))

    def trust(self, path: str) -> str:
        """Return how sure the place of the field *path* is that was read; ``""`` when it was not."""
        source = self._sources.get(path)
        return source.trust if source else ""

    def data(self, path: str, check: Callable[[bytes], bool] | None = None) -> bytes | Absent:
        """Return the bytes of the field *path*. A place that the check confirms is one the neighbours go by."""
        return self._field(path, lambda data, place: data, check, True)

    def int(self, path: str, check: Check | None = None, *, signed: bool = False, anchor: bool = False) -> int | Absent:
        """Return the integer, bit field or pointer at *path*.

        :param anchor: the check is so strict that the field's neighbours may go by the place it confirms
        """

        def number(data: bytes, place: Place) -> int:
            value = int.from_bytes(data, "little", signed=signed)
            position, length = place.bits
            return (value >> position) & ((1 << length) - 1) if length else value

        return self._field(path, number, check, anchor)

    def hex(self, path: str, check: Check | None = None, *, anchor: bool = False) -> Hex | Absent:
        """Return the number at *path*, to be printed in hexadecimal."""
        value = self.int(path, check, anchor=anchor)
        return value if isinstance(value, Absent) else Hex(value)

    def pointer(self, path: str, check: Check | None = None, *, anchor: bool = False) -> Address | Absent:
        """Return the pointer at *path*."""
        value = self.int(path, check, anchor=anchor)
        return value if isinstance(value, Absent) else self.machine.address(value)

    def _field(
        self, path: str, decode: Callable[[bytes, Place], T], check: Callable[[T], bool] | None, anchor: bool
    ) -> T | Absent:
        places = self.layout.places(path)
        if not places:
            return Absent(self.layout.why_not(path))
        passed: list[tuple[T, Place]] = []
        missing = ""
        for place in places:
            try:
                value = decode(self._read(place), place)
            except ReadError as error:
                missing = str(error)
                continue
            doubtful = place.trust in (INFERRED, CONFIRMED, GUESSED)
            if place.trust == GUESSED and check is None:
                continue
            if check is None or not doubtful or check(value):
                passed.append((value, place))
        if not passed:
            if missing:
                return Absent(missing)
            if places[0].trust == GUESSED:
                return Absent(self.layout.why_not(path))
            return Absent(f"what is at +{places[0].offset:#x} can't be {path}")
        value, place = passed[0]
        if place.trust == GUESSED:
            # Zeros are everywhere: one is believed only where every possible place holds one.
            by_chance = not value and len(passed) < len(places)
            if missing or by_chance or any(other != value for other, _ in passed[1:]):
                return Absent(self.layout.why_not(path))
            if anchor and len(passed) == 1:
                self.layout.confirm(path, place)
        trust = CONFIRMED if place.trust == GUESSED else place.trust
        self._sources[path] = FieldSource(path, place.offset, trust)
        return value

    def _read(self, place: Place) -> bytes:
        if place.offset < 0 or (self.layout.size and place.offset + place.size > self.layout.size):
            raise ReadError(
                self.address,
                place.size,
                f"offset {place.offset:#x} lies outside {self.layout.name} ({self.layout.size:#x} bytes)",
            )
        return self.memory.read(self.machine.address(self.address + place.offset), place.size)


def summary(sources: tuple[FieldSource, ...]) -> str:
    """Return in words how sure the fields are: ``21 exact`` or ``9 kdbg, 14 inferred, 2 guessed and confirmed``."""
    counts = [(sum(1 for s in sources if s.trust == trust), trust) for trust in TRUSTS]
    return ", ".join(f"{count} {trust}" for count, trust in counts if count) or "nothing could be read"
