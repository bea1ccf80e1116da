"""Types out of pasted ``dt`` listings: what a listing shows is known, the rest is guessed and says so.

A listing of types gives everything but the sizes of the members it names and
of the structure itself. A listing of values gives offsets, names and what the
values look like: ``0n5`` is signed, ``0 ''`` a character, and a number is as
wide as the next offset lets it be.
"""

from __future__ import annotations

from dumpwalk.errors import FormatError
from dumpwalk.types.model import BASES, VOID, Array, Base, Enum, Field, Pointer, Reference, Struct
from dumpwalk.types.sources.dt_text import DtRow, read
from dumpwalk.types.spelling import from_dt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dumpwalk.types.model import Type
    from dumpwalk.types.sources.dt_text import Draft

_DEEPEST = 64
_WIDEST = 1 << 31


class Node:
    """A row with the rows that are nested in it; *shape* is what stood behind the colon."""

    def __init__(self, row: DtRow, shape: tuple[str, ...]) -> None:
        self.row = row
        self.shape = shape
        self.below: list[Node] = []


class ListedTypes:
    """The types that pasted listings show.

    :ivar name: where the text comes from
    :ivar pointer_size: 4 or 8, as the listings' pointers say
    """

    def __init__(self, text: str, name: str = "pasted dt listings") -> None:
        drafts, _ = read(text)
        self._read(drafts, name, _pointer_size(drafts))

    @classmethod
    def of_drafts(cls, drafts: list[Draft], name: str, pointer_size: int) -> ListedTypes:
        """Return the types in listings that were read already, of a machine with such pointers."""
        types = cls.__new__(cls)
        types._read(drafts, name, pointer_size)
        return types

    def _read(self, drafts: list[Draft], name: str, pointer_size: int) -> None:
        self.name = name
        self.pointer_size = pointer_size
        self._types: dict[str, Struct | Enum] = {}
        self._sources: dict[str, str] = {}
        self._public = {struct.name: struct for struct in public(self.pointer_size)}
        for draft in drafts:
            self._take(draft)

    def find(self, name: str) -> Struct | Enum | None:
        """Return the structure or enumeration called *name*, or ``None``."""
        return self._types.get(name) or self._public.get(name)

    def names(self) -> Iterable[str]:
        """Return the names of all structures and enumerations, sorted."""
        return sorted(self._types)

    def source(self, name: str) -> str:
        """Say where the type called *name* comes from."""
        return self._sources.get(name) or ("ntdef.h" if name in self._public else "")

    def _take(self, draft: Draft) -> None:
        nodes = tree(draft)
        if not draft.type or not draft.rows or "*" in draft.type:
            if nodes:
                self._fields(nodes, 0)  # for what is nested in it
            return
        members = [(n.row.name, n.row.value) for n in nodes if n.row.kind == "enumerator"]
        if members:
            self._add(draft.type, Enum(draft.type, 4, tuple(members)), "a dt listing")
            return
        fields = self._fields(nodes, draft.size or 0)
        known = bool(draft.size)
        struct = Struct(draft.type, draft.kind or _kind(fields), draft.size or self._extent(fields), fields)
        self._add(draft.type, struct, "a dt listing" if known else "a dt listing; its size is a guess")

    def _add(self, name: str, type: Struct | Enum, source: str) -> None:
        """Keep the listing that says most about a type: one of types before one of values, then the longer one."""
        old = self._types.get(name)
        if old is None or _knowledge(type) > _knowledge(old):
            self._types[name] = type
            self._sources[name] = source

    def _fields(self, nodes: list[Node], size: int, depth: int = 0) -> tuple[Field, ...]:
        nodes = [n for n in nodes if n.row.kind == "field" and n.row.offset is not None]
        offsets = sorted({int(n.row.offset or 0) for n in nodes})
        after = dict(zip(offsets, offsets[1:]))
        words = _words(nodes)
        fields = []
        position, last = 0, -1
        for node in nodes:
            offset = int(node.row.offset or 0)
            room = max(0, (after.get(offset) or size) - offset)
            if offset != last:
                position, last = 0, offset
            bits = _bits(node, position)
            if bits:
                position = sum(bits)
                fields.append(Field(node.row.name, offset, words[offset], bits, "type"))
            else:
                fields.append(self._field(node, offset, room, depth))
        return tuple(fields)

    def _field(self, node: Node, offset: int, room: int, depth: int) -> Field:
        row = node.row
        if row.type:
            try:
                type: Type = from_dt(row.type, self.pointer_size, self._kind_of)
            except FormatError:
                return Field(row.name, offset, _number(room, "Uint"), None, "type")
            if node.below and depth < _DEEPEST:
                type = self._with_members(type, node.below, room, depth)
            unknown = isinstance(type, Struct) and not type.fields
            return Field(row.name, offset, type, None, "type" if unknown else "")
        if node.below and not node.shape:  # shown by its members alone, as `dt _X .` does
            return Field(row.name, offset, self._expanded(node.below, room, depth), None, "type")
        return self._guess(node, offset, room)

    def _kind_of(self, name: str) -> str:
        found = self.find(name)
        return found.kind if isinstance(found, Struct) else "enum" if isinstance(found, Enum) else "struct"

    def _with_members(self, type: Type, below: list[Node], room: int, depth: int) -> Type:
        """Return *type* with the members that are listed below it; a named one is kept under its name."""
        if isinstance(type, Array):
            return Array(self._with_members(type.element, below, room // max(1, type.count), depth + 1), type.count)
        if isinstance(type, Pointer):
            return Pointer(self._with_members(type.target, below, 0, depth + 1), type.size)
        if depth >= _DEEPEST:
            return type
        if isinstance(type, Reference):
            fields = self._fields(_first_element(below), 0, depth + 1)
            if fields:
                struct = Struct(type.name, _kind(fields), self._extent(fields), fields)
                self._add(type.name, struct, "the members shown in a dt listing; its size is a guess")
            return Reference(self._kind_of(type.name), type.name)
        return self._expanded(below, room, depth) if isinstance(type, Struct) else type

    def _expanded(self, below: list[Node], room: int, depth: int) -> Type:
        fields = self._fields(_first_element(below), room, depth + 1) if depth < _DEEPEST else ()
        struct = Struct("", _kind(fields), self._extent(fields), fields)
        elements = sum(1 for n in below if n.row.kind == "element")
        return Array(struct, elements) if elements else struct

    def _guess(self, node: Node, offset: int, room: int) -> Field:
        """Return the field of a row that shows a value and no type."""
        row, shape = node.row, node.shape
        count = 0
        while shape[:1] == ("COUNT",):
            count = int(row.text[1 : row.text.index("]")])
            shape = shape[1:]
        if count:
            room //= count
        wide = "`" in row.text
        guessed = "type"
        type: Type
        if not shape:
            type = BASES["UChar"]
        elif shape[-1] == "STRING" and shape[0] == "STRING":
            type = BASES["Wchar"] if room == 2 else BASES["UChar"]
        elif shape[-1] == "STRING":
            type = Pointer(BASES["Wchar"], self.pointer_size)
        elif shape[-1] == "CHARACTER":
            hexadecimal = shape[0] == "HEX"  # of a signed one it would be decimal; only zero looks the same
            type = BASES["Char" if row.value and not hexadecimal else "UChar"]
            guessed = "" if row.value else "sign"
        elif shape[-1] == "ENUM":
            name = row.text.partition("(")[2].rstrip(")").strip()
            type = Enum("", 4, ((name, int(row.value)),))
        elif shape[0] == "NULL" or "ARROW" in shape or "CALL" in shape:
            type = Pointer(BASES["Uint4B"] if "ARROW" in shape else VOID, self.pointer_size)
        elif shape[0] == "REAL":
            type = BASES["Float" if room == 4 else "Double"]
        elif shape[0] == "SIGNED":
            type = _number(room, "Int")
        else:
            type = BASES["Uint8B"] if wide else _number(room, "Uint")
        return Field(row.name, offset, Array(type, count) if count else type, None, guessed)

    def _extent(self, fields: tuple[Field, ...]) -> int:
        """Return where the last member ends, as far as sizes are known."""
        end, align = 0, 1
        for field in fields:
            size = self._size(field.type)
            end = max(end, field.offset + size)
            align = max(align, min(self.pointer_size, size & -size)) if size else align
        return (end + align - 1) // align * align

    def _size(self, type: Type, depth: int = 0) -> int:
        if isinstance(type, Reference):
            found = self.find(type.name)
            return found.size if found else 0
        if isinstance(type, Array):
            return min(_WIDEST, type.count * self._size(type.element, depth + 1)) if depth < _DEEPEST else 0
        return type.size if isinstance(type, (Base, Pointer, Enum, Struct)) else 0


def public(pointer_size: int) -> tuple[Struct, ...]:
    """Return the structures that each listing refers to and none needs to show: ntdef.h documents them."""
    pointer = pointer_size
    text = Pointer(BASES["Wchar"], pointer)
    length = tuple(Field(n, o, BASES["Uint2B"]) for n, o in (("Length", 0), ("MaximumLength", 2)))
    link = Pointer(Reference("struct", "_LIST_ENTRY"), pointer)
    string = (*length, Field("Buffer", pointer, Pointer(BASES["Char"], pointer)))

    def integer(name: str, sign: str) -> Struct:
        halves = Field("LowPart", 0, BASES["Uint4B"]), Field("HighPart", 4, BASES[f"{sign}4B"])
        u = Struct("", "struct", 8, halves)
        return Struct(name, "union", 8, (*halves, Field("u", 0, u), Field("QuadPart", 0, BASES[f"{sign}8B"])))

    return (
        Struct("_LIST_ENTRY", "struct", 2 * pointer, (Field("Flink", 0, link), Field("Blink", pointer, link))),
        Struct("_UNICODE_STRING", "struct", 2 * pointer, (*length, Field("Buffer", pointer, text))),
        Struct("_STRING", "struct", 2 * pointer, string),
        integer("_LARGE_INTEGER", "Int"),
        integer("_ULARGE_INTEGER", "Uint"),
    )


def tree(draft: Draft) -> list[Node]:
    """Return the rows of a listing, each with those that are nested in it."""
    top: list[Node] = []
    path: list[list[Node]] = [top]
    for row, shape in draft.rows:
        node = Node(row, shape)
        # An element's row stands beside the rows that are nested in the field, before those that are its own.
        depth = row.depth + 1 if row.kind == "element" else row.depth
        del path[max(1, min(depth, len(path) - 1) + 1) :]
        path[-1].append(node)
        path.append(node.below)
    return top


def _first_element(below: list[Node]) -> list[Node]:
    """Return the members listed below a field; of an array, those of its first element."""
    for at, node in enumerate(below):
        if node.row.kind == "element":
            if node.below:
                return node.below
            ends = [n for n, other in enumerate(below[at + 1 :], at + 1) if other.row.kind == "element"]
            return below[at + 1 : ends[0] if ends else len(below)]
    return below


def _pointer_size(drafts: list[Draft]) -> int:
    """Return 4 or 8, which it is too where nothing tells."""
    return pointer_size_in(drafts) or 8


def pointer_size_in(drafts: list[Draft]) -> int:
    """Return 4 or 8, or 0 where nothing tells.

    A pointer's type says it, the digits of a pointer, then the listings' own addresses, then a value's backtick, which
    large integers of any machine have.
    """
    import re

    texts = [row.text for draft in drafts for row, _ in draft.rows]
    for text in texts:
        if found := re.search(r"Ptr(32|64)", text):
            return int(found[1]) // 8
    if any(re.match(r"0x[0-9a-f]{8}[`'][0-9a-f]{8} _?[A-Z]", text) for text in texts):
        return 8
    if any(re.search(r"0x[0-9a-f]{8} _?[A-Z]", text) for text in texts):
        return 4
    last = max((draft.address for draft in drafts if draft.address is not None), default=0)
    if last >> 31:  # no 64-bit machine has much between 2 and 4 GB, a 32-bit one has its kernel there
        return 8 if last >> 32 else 4
    if any("`" in text or re.search(r"0x[0-9a-f]{8}'[0-9a-f]{8}", text) for text in texts):
        return 8
    return 4 if last else 0


def _kind(fields: tuple[Field, ...]) -> str:
    """Return ``union`` for members that all begin at 0, unless they are the bits of one word."""
    whole = [f for f in fields if f.bits is None]
    return "union" if len(fields) > 1 and whole and all(f.offset == 0 for f in fields) else "struct"


def _knowledge(type: Struct | Enum) -> tuple[int, int]:
    if isinstance(type, Enum):
        return 1, len(type.members)
    return int(not any(f.guessed and f.bits is None for f in type.fields)), len(type.fields)


def _bits(node: Node, position: int) -> tuple[int, int] | None:
    """Return position and length of a bit field. A value shows its length; it begins where the one before it ended."""
    if node.shape[-1:] == ("BITS",):
        words = node.row.type.replace(",", "").split()
        return min(int(words[1]), 63), min(int(words[2]), 64)
    if node.shape[:1] == ("BINARY",):
        return position, len(node.row.text.partition(" ")[0]) - 2
    return None


def _words(nodes: list[Node]) -> dict[int, Base]:
    """Return the smallest integer that holds all bit fields at an offset, by that offset."""
    words: dict[int, Base] = {}
    ends: dict[int, int] = {}
    for node in nodes:
        offset = int(node.row.offset or 0)
        if bits := _bits(node, ends.get(offset, 0)):
            ends[offset] = max(ends.get(offset, 0), sum(bits))
    for offset, end in ends.items():
        words[offset] = BASES[f"Uint{next((n for n in (1, 2, 4) if end <= n * 8), 8)}B"]
    return words


def _number(room: int, sign: str) -> Base:
    """Return the widest integer that fits between two offsets; four bytes where nothing tells."""
    return BASES[f"{sign}{next((n for n in (8, 4, 2, 1) if n <= room), 4)}B"]
