"""Rows of ``dt`` as bytes: each value at its address, as wide as its type is.

Only what the text proves is a byte. How wide a value is says the type of its member, the kernel's or that of another
listing, or its form: an address, two links, a character. Bit fields make a byte where the text shows all of its bits.
A name that ``dt`` prints for a ``_UNICODE_STRING`` lies somewhere else, so it is no byte of the structure.
"""

from __future__ import annotations

from dumpwalk.errors import FormatError
from dumpwalk.objects.sizes import size_of
from dumpwalk.types.model import Array, Base, Enum, Field, Pointer, Reference, Struct
from dumpwalk.types.sources.dt_types import tree
from dumpwalk.types.spelling import from_dt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dumpwalk.transcript.as_target.memory import Shown
    from dumpwalk.types.model import Type, TypeDatabase
    from dumpwalk.types.sources.dt_text import Draft, DtRow
    from dumpwalk.types.sources.dt_types import Node

_DEEPEST = 32
_LINKS = ("_LIST_ENTRY", "LIST_ENTRY")
_LARGE = ("_LARGE_INTEGER", "_ULARGE_INTEGER", "LARGE_INTEGER", "ULARGE_INTEGER")
_CHARACTERS = ("Char", "UChar")
# A type of a listing of values is known but for these; a guessed "type" may be of any width.
_SURE = ("", "order", "sign")
_UNSAID = "a value of unknown width"


class Placer:
    """Places the values of listings in a memory.

    :param types: whose types they are, the surest first
    :param shown: gets the bytes
    """

    def __init__(self, types: Sequence[TypeDatabase], pointer_size: int, shown: Shown) -> None:
        self._types = types
        self._pointer_size = pointer_size
        self._limit = 1 << 8 * pointer_size
        self._shown = shown
        self._lines: Mapping[int, int] = {}
        self._fields: dict[str, list[tuple[TypeDatabase, Struct, dict[tuple[str, int], Field]]]] = {}

    def place(self, draft: Draft, lines: Sequence[int]) -> None:
        """Place the values of a listing that says where its structure lies.

        :param lines: the line of each row
        """
        if draft.address is None:
            return
        self._lines = {id(row): line for (row, _), line in zip(draft.rows, lines)}
        self._structure(self._known(draft.type), int(draft.address), tree(draft), 0)

    def _known(self, name: str) -> list[tuple[TypeDatabase, Struct, dict[tuple[str, int], Field]]]:
        """Return the structures of that name, each with its members by name and offset."""
        if name not in self._fields:
            found = [(types, types.find(name)) for types in self._types] if name else []
            self._fields[name] = [(t, s, _members(s)) for t, s in found if isinstance(s, Struct)]
        return self._fields[name]

    def _structure(
        self,
        known: list[tuple[TypeDatabase, Struct, dict[tuple[str, int], Field]]],
        base: int,
        nodes: Sequence[Node],
        depth: int,
    ) -> None:
        bits: dict[tuple[int, int], list[tuple[int, int, int, int]]] = {}
        for node in nodes:
            row = node.row
            if row.kind != "field" or row.offset is None:
                continue
            at = base + int(row.offset)
            types, field = self._field(known, row.name, int(row.offset))
            line = self._lines.get(id(row), 0)
            if field is not None and field.bits is not None:
                width = size_of(field.type, types) if types else None
                if width and isinstance(row.value, int):
                    bits.setdefault((at, width), []).append((*field.bits, int(row.value), line))
                continue
            self._value(types, field.type if field else None, at, node, line)
            if node.below and depth < _DEEPEST:
                self._below(types, field.type if field else None, at, node, depth)
        for (at, width), parts in bits.items():
            self._bits(at, width, parts)

    @staticmethod
    def _field(
        known: list[tuple[TypeDatabase, Struct, dict[tuple[str, int], Field]]], name: str, offset: int
    ) -> tuple[TypeDatabase | None, Field | None]:
        for types, _, members in known:
            field = members.get((name, offset))
            if field is not None and field.guessed in _SURE:
                return types, field
        return None, None

    def _value(self, types: TypeDatabase | None, type: Type | None, at: int, node: Node, line: int) -> None:
        """Place the value of a row; what has none that is bytes is noted."""
        row, shape = node.row, node.shape
        data = self._encoded(types, type, row, shape) or self._by_form(row, shape)
        if data is not None:
            self._put(at, data, line)
            if shape == ("HEX", "STRING") and isinstance(type, Pointer):
                self._text(type.target, row, line)
            return
        if not shape or "UNREADABLE" in shape or "BITS" in shape:
            return
        size = size_of(type, types) if type is not None and types is not None else None
        text = f"{row.name}: {row.text.strip()}"
        if row.value is None and shape[-1] not in ("TYPE_NAME",):
            return
        self._shown.say(at, size or 1, line, f"{text}, {_UNSAID}," if size is None and row.value is not None else text)

    def _text(self, target: Type, row: DtRow, line: int) -> None:
        """Place the characters that a row shows of what it points to; of a zero behind them it says nothing."""
        text = row.text.partition('"')[2].removesuffix('"')
        if not text.isprintable() or "?" in text or not isinstance(row.value, int):
            return
        name = target.name if isinstance(target, Base) else ""
        if name in _CHARACTERS and text.isascii():
            self._put(int(row.value), text.encode("ascii"), line)
        elif name in ("Wchar", "Uint2B"):
            self._put(int(row.value), text.encode("utf-16-le", "surrogatepass"), line)

    def _encoded(
        self, types: TypeDatabase | None, type: Type | None, row: DtRow, shape: tuple[str, ...]
    ) -> bytes | None:
        """Return the bytes of a value whose type is known."""
        value = row.value
        if type is None or types is None:
            return None
        if isinstance(type, Array):
            if shape[:1] != ("COUNT",):
                return None
            if isinstance(value, str) and isinstance(type.element, Base) and type.element.name in _CHARACTERS:
                return _string(value, type.count)
            return self._encoded(types, type.element, row, shape[1:])
        if isinstance(type, Reference):
            found = types.find(type.name)
            if isinstance(found, Enum):
                type = found
            else:
                return self._by_form(row, shape)
        if not isinstance(value, int) or not isinstance(type, (Base, Pointer, Enum)):
            return None
        if isinstance(type, Base) and type.name in ("Float", "Double", "Float10", "Void"):
            return None
        return _number(int(value), type.size)

    def _by_form(self, row: DtRow, shape: tuple[str, ...]) -> bytes | None:
        """Return the bytes of a value whose form says how wide it is."""
        value = row.value
        while shape[:1] == ("COUNT",):
            shape = shape[1:]
        if not shape:
            return None
        if shape == ("TYPE_NAME", "LINKS") and row.type.rpartition(" ")[2] in _LINKS and isinstance(value, tuple):
            halves = [_number(int(link), self._pointer_size) for link in value]
            return halves[0] + halves[1] if len(halves) == 2 and halves[0] and halves[1] else None
        if not isinstance(value, int):
            return None
        if shape[0] == "TYPE_NAME":
            large = row.type.rpartition(" ")[2] in _LARGE and shape[1:] in (("HEX",), ("PLAIN",))
            return _number(int(value), 8) if large else None
        if shape[-1] == "CHARACTER":
            return _number(int(value), 1)
        if shape[0] == "NULL" or (shape[0] == "HEX" and shape[1:2] in (("TYPE_NAME",), ("SIZED",), ("CALL",))):
            return _number(int(value), self._pointer_size)
        if shape[0] == "HEX" and ("ARROW" in shape or shape[1:2] == ("STRING",)):
            return _number(int(value), self._pointer_size)
        if shape == ("HEX",) and ("`" in row.text or "'" in row.text):
            return _number(int(value), 8)
        return None

    def _below(self, types: TypeDatabase | None, type: Type | None, at: int, node: Node, depth: int) -> None:
        """Place what is nested in a row: the members of a structure in it, or of the one that it points to."""
        value = node.row.value
        if isinstance(type, Pointer) or (type is None and "Ptr" in node.row.type):
            if isinstance(value, int) and value:
                target = type.target if isinstance(type, Pointer) else self._spelled(node.row.type)
                self._structure(self._members_of(types, target), int(value), node.below, depth + 1)
            return
        if isinstance(type, Array) or any(n.row.kind == "element" for n in node.below):
            element = type.element if isinstance(type, Array) else None
            size = size_of(element, types) if element is not None and types is not None else None
            if element is not None and size:
                self._elements(types, element, size, at, node.below, depth)
            return
        if type is None and not node.shape:
            self._structure([], at, node.below, depth + 1)  # `dt _X member.`: the row has no type
        else:
            target = type if type is not None else self._spelled(node.row.type)
            self._structure(self._members_of(types, target), at, node.below, depth + 1)

    def _elements(
        self, types: TypeDatabase | None, element: Type, size: int, at: int, below: Sequence[Node], depth: int
    ) -> None:
        """Place the elements of an array; the members of one stand below its row or behind it."""
        behind: list[Node] = []
        place = at
        for node in below:
            if node.row.kind != "element":
                behind.append(node)
                continue
            if behind:
                self._structure(self._members_of(types, element), place, behind, depth + 1)
                behind = []
            index = node.row.name.strip("[]")
            if not index.isdecimal() or len(index) > 9:
                return
            place = at + int(index) * size
            self._value(types, element, place, node, self._lines.get(id(node.row), 0))
            if node.below:
                self._below(types, element, place, node, depth)
        if behind:
            self._structure(self._members_of(types, element), place, behind, depth + 1)

    def _spelled(self, text: str) -> Type | None:
        """Return the type that a row spells, without ``Ptr``."""
        try:
            return from_dt(text.removeprefix("Ptr ").strip(), self._pointer_size)
        except FormatError:
            return None

    def _members_of(
        self, types: TypeDatabase | None, type: Type | None
    ) -> list[tuple[TypeDatabase, Struct, dict[tuple[str, int], Field]]]:
        if isinstance(type, Reference):
            return self._known(type.name)
        if isinstance(type, Struct) and types is not None:
            return [(types, type, _members(type))]
        return []

    def _bits(self, at: int, width: int, parts: list[tuple[int, int, int, int]]) -> None:
        """Place those bytes of a unit of *width* bytes all whose bits are there."""
        known = value = 0
        for position, length, bits, _ in parts:
            mask = (1 << length) - 1
            if 0 <= bits <= mask:
                known |= mask << position
                value |= bits << position
        for index in range(width):
            if known >> 8 * index & 0xFF == 0xFF:
                self._put(at + index, bytes([value >> 8 * index & 0xFF]), parts[0][3])

    def _put(self, at: int, data: bytes, line: int) -> None:
        if at >= 0 and at + len(data) <= self._limit:
            self._shown.add(at, data, line)


def _members(struct: Struct) -> dict[tuple[str, int], Field]:
    return {(f.name, f.offset): f for f in struct.fields}


def _number(value: int, size: int) -> bytes | None:
    """Return *value* in *size* bytes; ``None`` when it does not fit, so that it must be of another type."""
    if size <= 0 or size > 16 or not -(1 << 8 * size - 1) <= value < 1 << 8 * size:
        return None
    return (value & (1 << 8 * size) - 1).to_bytes(size, "little")


def _string(text: str, count: int) -> bytes | None:
    """Return what a string in an array of characters is in bytes: it ends at a zero where there is room for one."""
    if not text.isascii() or not text.isprintable() or "?" in text or len(text) > count:
        return None
    return text.encode("ascii") + b"\0" * (len(text) < count)
