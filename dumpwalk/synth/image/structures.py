"""C structures, placed where a profile's layouts say: dotted paths, arrays, bit fields, unions, strings."""

from __future__ import annotations

from dumpwalk.record import record
from dumpwalk.synth.spec import SpecError
from dumpwalk.types.model import Array, Base, Enum, Pointer, Reference, Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import TypeAlias

    from dumpwalk.synth.image.arena import Arena
    from dumpwalk.types.model import Field, Type, TypeDatabase

    Value: TypeAlias = int | str | bytes

# A thread begins with its _KTHREAD, a process with its _KPROCESS: their fields need no prefix.
_FIRST = {"_EPROCESS": "Pcb", "_ETHREAD": "Tcb"}
_WIDEST = 16


@record
class Place:
    """Where a field is in its structure.

    :param offset: in bytes
    :param size: in bytes, of the integer that holds it when it is a bit field
    :param bits: position and length in that integer; ``None`` for all of it
    """

    offset: int
    size: int
    type: Type
    bits: tuple[int, int] | None = None


class Layouts:
    """The layouts of one profile, asked for by dotted path."""

    def __init__(self, types: TypeDatabase) -> None:
        self.types = types
        self.pointer_size = types.pointer_size
        self._known: dict[tuple[str, str], Place] = {}
        self._lacking: set[tuple[str, str]] = set()

    def has(self, name: str, path: str = "") -> bool:
        """Say whether there is a structure *name*, and a field *path* in it."""
        if (name, path) in self._lacking:
            return False
        try:
            self.place(name, path) if path else self.struct(name)
        except SpecError:
            self._lacking.add((name, path))
            return False
        return True

    def struct(self, name: str) -> Struct:
        """Return the structure called *name*.

        :raises SpecError: when the profile has none
        """
        found = self.types.find(name)
        if not isinstance(found, Struct):
            from difflib import get_close_matches

            close = get_close_matches(name, list(self.types.names()), 1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise SpecError(f"{self.types.name} has no structure {name}{hint}")
        return found

    def size(self, name: str) -> int:
        """Return the size of the structure called *name* in bytes."""
        return self.struct(name).size

    def offset(self, name: str, path: str) -> int:
        """Return where the field *path* of the structure *name* begins, in bytes."""
        return self.place(name, path).offset

    def place(self, name: str, path: str) -> Place:
        """Return where the field *path* of the structure *name* is: ``Tail.Overlay.Thread``, ``Queue[1].Flink``.

        :raises SpecError: when there is none, naming the nearest
        """
        known = self._known.get((name, path))
        if known is None:
            known = self._known[name, path] = self._find(name, path)
        return known

    def _find(self, name: str, path: str) -> Place:
        here = Place(0, self.size(name), Reference("struct", name))
        fields = self.struct(name).fields
        first = path.split(".")[0].split("[")[0]
        prefix = _FIRST.get(name)
        if prefix and all(f.name != first for f in fields):
            path = f"{prefix}.{path}"
        for step in path.split("."):
            here = self._step(here, step, name, path)
        return here

    def _step(self, here: Place, step: str, name: str, path: str) -> Place:
        member, _, index = step.partition("[")
        of = self._resolve(here.type)
        fields = of.fields if isinstance(of, Struct) else ()
        found = _member(fields, member, self)
        if found is None:
            from difflib import get_close_matches

            close = get_close_matches(member, [f.name for f in fields], 1)
            hint = (
                f"did you mean {close[0]}?"
                if close
                else f"there are {', '.join(f.name for f in fields[:12]) or 'none'}"
            )
            raise SpecError(f"{name} has no field {path!r}; {hint}")
        offset, field = found
        place = Place(here.offset + offset, self.size_of(field.type), field.type, field.bits)
        if index:
            number = index.rstrip("]")
            if not isinstance(field.type, Array) or not number.isdigit() or int(number) >= field.type.count:
                raise SpecError(f"{name}.{path}: there is no element {step!r}")
            size = self.size_of(field.type.element)
            place = Place(place.offset + int(number) * size, size, field.type.element)
        return place

    def _resolve(self, of: Type) -> Type:
        if isinstance(of, Reference):
            return self.types.find(of.name) or of
        return of

    def size_of(self, of: Type) -> int:
        """Return the size of a type in bytes; 0 when the profile does not say."""
        of = self._resolve(of)
        if isinstance(of, (Base, Pointer, Enum, Struct)):
            return of.size
        return of.count * self.size_of(of.element) if isinstance(of, Array) else 0

    def encode(self, name: str, values: Iterable[tuple[str, Value]], data: bytearray) -> None:
        """Write *values* by field path into *data*, which holds a structure called *name*.

        :raises SpecError: when there is no such field, or a value does not fit
        """
        for path, value in values:
            place = self.place(name, path)
            end = place.offset + place.size
            old = int.from_bytes(data[place.offset : end], "little")
            data[place.offset : end] = self._bytes(place, value, old, f"{name}.{path}")

    def _bytes(self, place: Place, value: Value, old: int, what: str) -> bytes:
        if isinstance(value, str):
            wide = isinstance(place.type, Array) and self.size_of(place.type.element) == 2
            value = value.encode("utf-16-le" if wide else "latin-1", "replace")
        if isinstance(value, bytes):
            if len(value) > place.size:
                raise SpecError(f"{what} holds {place.size} bytes, not {len(value)}")
            return value.ljust(place.size, b"\0")
        if place.bits:
            position, length = place.bits
            _check(value, length, what)
            mask = (1 << length) - 1
            return (old & ~(mask << position) | (value & mask) << position).to_bytes(place.size, "little")
        if not 0 < place.size <= _WIDEST:
            raise SpecError(f"{what} is {place.size} bytes, which no number fills; name a field of it")
        # Addresses of a 32-bit machine may be written as a 64-bit one shows them.
        if place.size == 4 and value >> 31 == 0x1FFFFFFFF:
            value &= 0xFFFFFFFF
        _check(value, 8 * place.size, what)
        return (value & (1 << 8 * place.size) - 1).to_bytes(place.size, "little")


def _member(fields: tuple[Field, ...], name: str, layouts: Layouts) -> tuple[int, Field] | None:
    """Return the field called *name* and its offset, looked for in unnamed structures too."""
    for field in fields:
        if field.name == name:
            return field.offset, field
    for field in fields:
        inner = field.type
        if not field.name and isinstance(inner, Struct):
            found = _member(inner.fields, name, layouts)
            if found:
                return field.offset + found[0], found[1]
    return None


def _check(value: int, bits: int, what: str) -> None:
    if not -(1 << (bits - 1)) <= value < 1 << bits:
        raise SpecError(f"{what}: {value:#x} does not fit into {bits} bits")


class Structures:
    """Structures of one profile in one arena."""

    def __init__(self, arena: Arena, layouts: Layouts) -> None:
        self.arena = arena
        self.layouts = layouts
        # Where the buffers of strings come from.
        self.allocate: Callable[[int], int] = arena.allocate

    def put(self, name: str, address: int, values: Iterable[tuple[str, Value]] | Mapping[str, Value]) -> None:
        """Write fields of the structure *name* at *address*; text for a ``_UNICODE_STRING`` gets a buffer of its own.

        :raises SpecError: when there is no such field, or a value does not fit
        """
        pairs = values.items() if not isinstance(values, (list, tuple)) and hasattr(values, "items") else values
        for path, value in pairs:
            place = self.layouts.place(name, path)
            if isinstance(value, str) and getattr(place.type, "name", "") == "_UNICODE_STRING":
                self.string(address + place.offset, value)
                continue
            old = int.from_bytes(self.arena.read(address + place.offset, place.size), "little")
            self.arena.write(address + place.offset, self.layouts._bytes(place, value, old, f"{name}.{path}"))

    def put_known(self, name: str, address: int, values: Mapping[str, Value]) -> None:
        """Write those of *values* that the structure has fields for."""
        self.put(name, address, [(path, value) for path, value in values.items() if self.layouts.has(name, path)])

    def get(self, name: str, address: int, path: str) -> int:
        """Return the number in a field."""
        place = self.layouts.place(name, path)
        number = int.from_bytes(self.arena.read(address + place.offset, place.size), "little")
        return number >> place.bits[0] & (1 << place.bits[1]) - 1 if place.bits else number

    def string(self, address: int, text: str) -> None:
        """Write a ``_UNICODE_STRING`` at *address*, and its buffer somewhere else."""
        encoded = text.encode("utf-16-le", "replace")
        buffer = self.allocate(len(encoded) + 2) if encoded else 0
        if encoded:
            self.arena.write(buffer, encoded + b"\0\0")
        size = self.layouts.pointer_size
        self.arena.write(address, len(encoded).to_bytes(2, "little") + (len(encoded) + 2).to_bytes(2, "little"))
        self.pointer(address + size, buffer)

    def pointer(self, address: int, value: int) -> None:
        """Write a pointer."""
        size = self.layouts.pointer_size
        self.arena.write(address, (value & (1 << 8 * size) - 1).to_bytes(size, "little"))

    def list(self, head: int, links: Iterable[int]) -> None:
        """Link the ``_LIST_ENTRY`` structures at *links* behind the one at *head*, in a ring."""
        ring = [head, *links]
        for here, after in zip(ring, [*ring[1:], head]):
            self.pointer(here, after)
            self.pointer(after + self.layouts.pointer_size, here)
