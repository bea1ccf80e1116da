"""Types as C declarations that a compiler for Windows lays out exactly so.

A listing of members doesn't say where there were unnamed unions and structures;
they are put back so that every member comes to lie where it has to. Most
structures need no more. Where natural alignment leads elsewhere there are
padding members, and where that doesn't help either the structure is packed.
Each declaration ends in an assertion of its size.
"""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.types.c_layout import Filling, Laid, Member, lay_out
from dumpwalk.types.merge import references
from dumpwalk.types.model import Array, Base, Enum, Field, Function, Pointer, Reference, Struct
from dumpwalk.types.spelling import C_NAMES, c_declaration, c_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dumpwalk.types.model import Type, TypeDatabase

_DEEPEST = 60
_BYTE = Laid(Base("UChar", 1), 1, 1)
_KEYWORDS = frozenset(
    "auto break case char const continue default do double else enum extern float for goto if inline int long register "
    "restrict return short signed sizeof static struct switch typedef union unsigned void volatile while "
    "wchar_t".split()
)


class _Unnatural(Exception):
    """Natural alignment puts a member behind its place."""


def to_c(database: TypeDatabase, names: Iterable[str], typedefs: Mapping[str, Type] | None = None) -> str:
    """Return the types called *names*, and all that they contain, as C declarations.

    The text is for Microsoft's compilers, or clang and MinGW in their stead,
    for the machine that the types are for.

    :param typedefs: what further names stand for; those that C can't have are left out
    :raises TypeInfoError: when there is no type of one of the names, or one contains itself
    """
    writer = _Writer(database)
    for name in names:
        writer.write(name)
    for name, type in (typedefs or {}).items():
        writer.typedef(name, type)
    title = f"/* {_comment(database.name)}, {database.pointer_size * 8}-bit; written by dumpwalk. */"
    wide = "#ifndef __cplusplus\ntypedef unsigned short wchar_t;\n#endif\n"
    return "\n".join([title, *([wide] if "wchar_t" in writer.used else [""]), *writer.parts])


def _comment(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text).replace("*/", "* /").replace("/*", "/ *")


class _Writer:
    """Writes each type once, what it contains before it."""

    def __init__(self, database: TypeDatabase) -> None:
        self.database = database
        self.parts: list[str] = []
        self.used: set[str] = set()
        self._done: dict[str, Laid | None] = {}
        self._words: dict[str, str] = {}
        self._taken: set[str] = set()
        self._enumerators: set[str] = set()

    def write(self, name: str, depth: int = 0) -> Laid | None:
        """Write the type called *name* if that isn't done yet; return it laid out, ``None`` when it isn't known."""
        if name in self._done:
            return self._done[name]
        found = self.database.find(name)
        if found is None:
            if depth:
                self._done[name] = None
                return None
            raise TypeInfoError(f"{self.database.name} has no type {name}")
        if depth > _DEEPEST:
            raise TypeInfoError(f"{name} of {self.database.name} contains itself, or far too much")
        for inner in references(found, by_value=True):
            self.write(inner.name, depth + 1)
        for inner in references(found):  # a structure that is only pointed to can be declared later
            if inner.kind == "enum":
                self.write(inner.name, depth + 1)
        if isinstance(found, Enum):
            self.parts.append(f"enum {self.word(name)} {self._enum(found)};\n")
            self._done[name] = Laid(Reference("enum", name), found.size, found.size)
            return self._done[name]
        for pack in (0, 1):
            try:
                laid, lines = self._record(found, pack, "")
            except _Unnatural:
                continue
            break
        else:
            raise TypeInfoError(f"{name} of {self.database.name}: its members can't lie where they are said to")
        text = "\n".join([f"{self._head(found)} {{", *lines, "};"])
        size = f'_Static_assert(sizeof({self._head(found)}) == {found.size:#x}, "size");\n'
        text = f"#pragma pack(push, 1)\n{text}\n#pragma pack(pop)" if pack else text
        self.parts.append(f"{text}\n{size}" if found.size else f"{text}\n")
        self._done[name] = Laid(Reference(found.kind, name), laid.size, laid.align)
        return self._done[name]

    def typedef(self, name: str, type: Type) -> None:
        """Write a typedef, and before it the enumerations that it names, which can't be declared later."""
        if not (name.isascii() and name.isidentifier()) or name in _KEYWORDS:
            return
        for inner in references(type):
            if inner.kind == "enum":
                self.write(inner.name, 1)
        self.parts.append(f"typedef {self.declaration(type, name, '', 0)};\n")

    def _head(self, struct: Struct) -> str:
        kind = "union" if struct.kind == "union" else "struct"
        return f"{kind} {self.word(struct.name)}" if struct.name else kind

    def word(self, name: str) -> str:
        """Return what C can call the type *name*."""
        if name not in self._words:
            self._words[name] = self._unique(name, self._taken)
        return self._words[name]

    @staticmethod
    def _unique(name: str, taken: set[str]) -> str:
        plain = "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in name) or "_"
        plain = f"_{plain}" if plain[0].isdigit() else plain
        word, number = (f"{plain}_" if plain in _KEYWORDS else plain), 1
        while word in taken:
            number += 1
            word = f"{plain}_{number}"
        taken.add(word)
        return word

    def _enum(self, enum: Enum, indent: str = "") -> str:
        """Return the enumerators in braces. All of C's share one space of names."""
        lines = []
        for name, value in enum.members:
            word = self._unique(name, self._enumerators)
            note = "" if word == name else f" /* {_comment(name)} */"
            lines.append(f"{indent}    {word} = {value},{note}")
        return "\n".join(["{", *lines, f"{indent}}}"])

    def _record(self, struct: Struct, pack: int, indent: str) -> tuple[Laid, list[str]]:
        """Return *struct* laid out, and its members' lines."""
        body = _Body(self, pack, struct.kind == "union", 0, indent + "    ")
        if struct.kind == "union":
            body.lanes(_lanes([(f, self._extent(f)) for f in struct.fields]))
        else:
            body.fill([(f, self._extent(f)) for f in struct.fields])
        body.end(struct.size)
        laid = lay_out("", struct.kind, body.members, pack=pack, pointer_size=self.database.pointer_size)
        if laid.size != struct.size and (struct.size or struct.fields):
            raise _Unnatural
        return laid, body.lines

    def _extent(self, field: Field) -> int:
        """Return how many bytes *field* takes; all of its unit if it is a bit field."""
        return self.laid(field.type).size

    def laid(self, type: Type) -> Laid:
        """Return *type* as it is declared here."""
        if isinstance(type, Array):
            element = self.laid(type.element)
            return Laid(type, element.size * type.count, element.align)
        if isinstance(type, Reference):
            return self._done.get(type.name) or Laid(type, 0, 1)
        if isinstance(type, Struct):
            for pack in (0, 1):
                try:
                    return self._record(type, pack, "")[0]
                except _Unnatural:
                    continue
            raise TypeInfoError(f"a structure without a name of {self.database.name}: its members can't lie so")
        if isinstance(type, Function):
            return Laid(type, 0, 1)
        spelled = not isinstance(type, Base) or (type.name in C_NAMES and type.size <= 8)
        return Laid(type, type.size, max(type.size, 1) if spelled else 1)

    def declaration(self, type: Type, name: str, indent: str, pack: int) -> str:
        """Return the declaration of a member."""

        def spell(type: Type) -> str:
            if isinstance(type, Base):
                self.used.add(c_name(type))
                return c_name(type)
            if isinstance(type, Enum):
                return f"enum {self._enum(type, indent)}"
            if isinstance(type, Struct) and not type.name:
                lines = self._record(type, pack, indent)[1]
                return "\n".join([f"{self._head(type)} {{", *lines, f"{indent}}}"])
            assert isinstance(type, (Reference, Struct))
            kind = type.kind.replace("class", "struct")
            found = self.database.find(type.name)
            if kind == "enum" and found is None:
                return f"/* enum {_comment(type.name)} */ int"
            return f"{kind} {self.word(type.name)}"

        return c_declaration(self._sayable(type), name, spell)

    def _sayable(self, type: Type) -> Type:
        """Return *type* with what C has no word for as bytes, or integers, of that size."""
        if isinstance(type, Array):
            return Array(self._sayable(type.element), type.count)
        if isinstance(type, Pointer):
            if type.size != self.database.pointer_size:
                return Base("Uint4B" if type.size == 4 else "Uint8B", type.size)
            return Pointer(self._sayable(type.target), type.size)
        if isinstance(type, Base) and (type.name not in C_NAMES or type.size > 8):
            return Array(_BYTE.type, type.size)
        if isinstance(type, (Reference, Enum)):
            found = self.database.find(type.name) if isinstance(type, Reference) else type
            if isinstance(found, Enum) and found.size != 4:
                return Base(f"Int{found.size}B" if found.size > 1 else "Char", found.size)
        return type


def _lanes(fields: Sequence[tuple[Field, int]]) -> list[list[tuple[Field, int]]]:
    """Part overlapping fields into runs that don't overlap: the members of the union they must have been in."""
    lanes: list[list[tuple[Field, int]]] = []
    doubtful = any(f.guessed == "order" for f, _ in fields)
    for field, size in fields:
        for lane in lanes if doubtful else lanes[-1:]:
            if _follows(field, size, *lane[-1]):
                lane.append((field, size))
                break
        else:
            lanes.append([(field, size)])
    return lanes


def _follows(field: Field, size: int, before: Field, extent: int) -> bool:
    """Say whether *field* can be declared right behind the one *before* it."""
    if field.bits and before.bits and field.offset == before.offset and size == extent:
        return field.bits[0] >= sum(before.bits)
    return field.offset >= before.offset + extent


class _Body:
    """The members of one structure or union, as they are written."""

    def __init__(self, writer: _Writer, pack: int, union: bool, base: int, indent: str) -> None:
        self.writer, self.pack, self.base, self.indent = writer, pack, base, indent
        self.filling = Filling(union, pack)
        self.members: list[Member] = []
        self.lines: list[str] = []
        self.names: set[str] = set()

    def fill(self, fields: Sequence[tuple[Field, int]]) -> None:
        """Declare the members of a structure: those that overlap as a union without a name."""
        ordered = sorted(fields, key=lambda f: f[0].offset)
        cluster: list[tuple[Field, int]] = []
        end = 0
        for field, size in [*ordered, (None, 0)]:
            if cluster and (field is None or field.offset >= end):
                self._cluster(cluster)
                cluster = []
            if field is not None:
                end = max(end, field.offset + size) if cluster else field.offset + size
                cluster.append((field, size))

    def _cluster(self, cluster: list[tuple[Field, int]]) -> None:
        lanes = _lanes(cluster)
        if len(lanes) == 1:
            for field, size in cluster:
                self._field(field, size)
            return
        start = min(f.offset for f, _ in cluster)
        inner = _Body(self.writer, self.pack, True, start, self.indent + "    ")
        inner.names = self.names
        inner.lanes(lanes)
        self._unnamed(inner, "union", start)

    def lanes(self, lanes: Iterable[list[tuple[Field, int]]]) -> None:
        """Declare the members of a union: each run of several, or one that begins later, as a structure."""
        for lane in lanes:
            first = lane[0][0]
            if len(lane) == 1 and first.offset == self.base and not (first.bits and first.bits[0]):
                self._field(*lane[0])
                continue
            inner = _Body(self.writer, self.pack, False, self.base, self.indent + "    ")
            inner.names = self.names
            inner.fill(lane)
            self._unnamed(inner, "struct", self.base)

    def _unnamed(self, inner: _Body, kind: str, offset: int) -> None:
        size = self.writer.database.pointer_size
        laid = lay_out("", kind, inner.members, pack=self.pack, pointer_size=size)
        self._pad(offset, laid.align)
        self._put(Member("", laid), offset)
        self.lines += [f"{self.indent}{kind} {{", *inner.lines, f"{self.indent}}};"]

    def _field(self, field: Field, size: int) -> None:
        name = self.writer._unique(field.name, self.names)
        laid = self.writer.laid(field.type)
        place = f"{self.indent}/* {field.offset:#05x} */ "
        if not field.bits:
            if isinstance(field.type, Reference) and not size:
                self.lines.append(f"{place}/* {field.type.kind} {_comment(field.type.name)}: not known */")
                return
            self._pad(field.offset, laid.align)
            self._put(Member(name, laid), field.offset)
            note = _note(field.type)
            text = self.writer.declaration(field.type, name, self.indent, self.pack)
            self.lines.append(f"{place}{text};{note}")
            return
        position, length = field.bits
        state = self.filling
        reached = 0
        if state.unit == size and state.at == field.offset - self.base:
            reached = 8 * size - state.left
        else:
            if state.unit == size and state.left:
                self._bits(field.type, "", state.left, place)
            self._pad(field.offset, laid.align)
        if position > reached:
            self._bits(field.type, "", position - reached, place)
        at = self._bits(field.type, name, length, place)
        if at != (0 if state.union else field.offset - self.base, position):
            raise _Unnatural

    def _bits(self, type: Type, name: str, length: int, place: str) -> tuple[int, int]:
        """Declare a bit field and return where it comes to lie: its unit, and its position in it."""
        member = Member(name, self.writer.laid(type), length)
        self.members.append(member)
        self.lines.append(f"{place}{self.writer.declaration(type, name, self.indent, self.pack)} : {length};")
        return self.filling.place_bits(member, length)

    def _put(self, member: Member, offset: int) -> None:
        self.members.append(member)
        if self.filling.place(member) != (0 if self.filling.union else offset - self.base):
            raise _Unnatural

    def _pad(self, offset: int, align: int) -> None:
        """Put bytes before a member that would come to lie too early."""
        if self.filling.union:
            return
        align = min(align, self.pack) if self.pack else align
        wanted = offset - self.base
        if -(-self.filling.size // align) * align < wanted:
            self._padding(wanted - self.filling.size)

    def _padding(self, count: int) -> None:
        member = Member("_padding", Laid(Array(_BYTE.type, count), count, 1))
        at = self.base + self.filling.place(member)
        name = self.writer._unique(f"_padding_{at:x}", self.names)
        self.members.append(Member(name, member.laid))
        self.lines.append(f"{self.indent}/* {at:#05x} */ unsigned char {name}[{count}];")

    def end(self, size: int) -> None:
        """Put bytes behind the last member where alignment doesn't."""
        align = self.filling.align
        if -(-self.filling.size // align) * align < size:
            if self.filling.union:
                self.filling.size = 0
            self._padding(size - self.filling.size)


def _note(type: Type) -> str:
    """Return a remark on what the declaration can't say."""
    pointers = False
    while isinstance(type, (Pointer, Array)):
        pointers = isinstance(type, Pointer)
        type = type.target if isinstance(type, Pointer) else type.element
    return " /* what it returns is not known */" if pointers and type == Function(None) else ""
