"""CodeView type records made into the C types of :mod:`dumpwalk.types.model`.

A structure that has a name is referred to by it. One that has none is put
where it is used, and what a class inherits is put among its own fields, as
``dt`` shows it. So a damaged file could describe types of any size in a few
bytes; depth and size of what is put together are limited.
"""

from __future__ import annotations

from dumpwalk.errors import FormatError
from dumpwalk.types.model import Array, Base, Enum, Field, Function, Reference, Struct
from dumpwalk.types.sources.pdb.leaves import (
    COUNTED,
    CUT_OFF,
    FORWARD,
    LF_ALIAS,
    LF_ARRAY,
    LF_BCLASS,
    LF_BINTERFACE,
    LF_BITFIELD,
    LF_ENUMERATE,
    LF_FIELDLIST,
    LF_MEMBER,
    LF_MFUNCTION,
    LF_MODIFIER,
    LF_POINTER,
    LF_PROCEDURE,
    LF_STRIDED_ARRAY,
    LF_VFUNCOFF,
    LF_VFUNCTAB,
    LF_VTSHAPE,
    TAGS,
    is_unnamed,
    members,
    number,
    tag,
    tag_name,
)
from dumpwalk.types.sources.pdb.rows import SHALLOW, enumeration, field, pointer, reference, structure
from dumpwalk.types.sources.pdb.simple import FIRST_RECORD, simple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container
    from typing import TypeAlias

    from dumpwalk.types.model import Pointer, Type
    from dumpwalk.types.sources.pdb.leaves import Tag
    from dumpwalk.types.sources.pdb.tpi import TypeStream

    # A type; how deep it is; how many fields of unnamed structures are in it; its position and
    # length when it is a bit field; what about it is not knowledge.
    Made: TypeAlias = tuple[Type, int, int, "tuple[int, int] | None", str]
    # The fields; how deep their types are, SHALLOW at least; how many fields of unnamed structures are in them.
    ListOfFields: TypeAlias = tuple[tuple[Field, ...], int, int]

# Pointers to arrays of functions in unnamed unions: real types are ten deep at most.
DEEPEST = 60
LARGEST = 1 << 16
# The pointer to a virtual function table has no more type than this; dt prints "Ptr64 ".
_TABLE = Base("", 0)
# Sizes of pointers by their CV_ptrtype_e, for compilers that leave the size out.
_POINTER_SIZES = {0x00: 2, 0x01: 4, 0x02: 4, 0x0A: 4, 0x0B: 6, 0x0C: 8}


class Builder:
    """Makes types out of the records of *stream*, each once.

    :param note: told of a member kind that is not known: the kind, and the type index of the field list
    """

    def __init__(self, stream: TypeStream, pointer_size: int, note: Callable[[int, int], None]) -> None:
        self._stream = stream
        self._pointer_size = pointer_size
        self._note = note
        self._plain: dict[bytes, Type] = {}  # the types of _made that need no second look
        self._made: dict[bytes, Made] = {}
        self._structs: dict[int, tuple[Struct, int, int]] = {}
        self._enums: dict[int, Enum] = {}
        self._open: set[int] = set()
        # In a sound file, hardly any member is used twice, and one has eight bytes at least.
        self._left = max(stream.size, 1 << 12)

    def definition(self, index: int, name: str = "") -> Struct | Enum:
        """Return the structure or enumeration that record *index* defines.

        :param name: its name, if that is known; the record's is not looked at then
        :raises FormatError: when its records are damaged, contain each other, or are none
        """
        try:
            found = tag(self._leaf(index, TAGS, "structure"), name)
            return self._enum(index, found) if found.kind == "enum" else self._struct(index, found, name)[0]
        except CUT_OFF as error:
            raise self._error(index, f"damaged ({error})") from error

    def type_of(self, index: int) -> Type:
        """Return the type numbered *index*; raise :exc:`FormatError` when there is none, or it is damaged."""
        try:
            return self._make(index.to_bytes(4, "little"))[0]
        except CUT_OFF as error:
            raise self._error(index, f"damaged ({error})") from error

    def _error(self, index: int, what: str) -> FormatError:
        return FormatError(f"{self._stream.where}: type {index:#x}: {what}")

    def _leaf(self, index: int, kinds: Container[int], what: str) -> bytes:
        data = self._stream.leaf(index)
        kind = data[0] | data[1] << 8
        if kind not in kinds:
            raise self._error(index, f"a record of kind {kind:#x} where a {what} belongs")
        return data

    def _spend(self, index: int, fields: int) -> None:
        self._left -= fields
        if self._left < 0 or fields > LARGEST:
            raise self._error(index, "fields put together out of others, many more than the file can hold")

    def _make(self, raw: bytes) -> Made:
        """Return the type whose index is *raw*: as a record has it, which is half of the lookups' time saved."""
        made = self._made.get(raw)
        if made is not None:
            return made
        type_ = self._plain.get(raw)
        if type_ is not None:
            return type_, 1, 0, None, ""
        if len(raw) != 4:
            raise IndexError("a type index is cut off")
        index = int.from_bytes(raw, "little")
        data = self._stream.leaf(index) if index >= FIRST_RECORD else b""
        kind = int.from_bytes(data[:2], "little")
        if kind in TAGS:
            type_ = self._named(raw, kind, data)
            if type_ is not None:
                return type_, 1, 0, None, ""
        elif kind == LF_POINTER and len(data) >= 10:
            # Most are to what was seen before and has no depth: then nothing needs to be watched.
            target = self._plain.get(data[2:6])
            if target is not None and data[2:6] not in self._made:
                type_ = self._plain[raw] = self._pointer_to(target, data)
                made = self._made[raw] = type_, 2, 0, None, ""
                return made
        if index in self._open:
            raise self._error(index, "it contains itself")
        if len(self._open) > DEEPEST:
            raise self._error(index, f"types within types, more than {DEEPEST} deep")
        self._open.add(index)
        try:
            made = self._tag(index, data) if kind in TAGS else self._decode(index, COUNTED.get(kind, kind), data)
        except CUT_OFF as error:
            raise self._error(index, f"damaged ({error})") from error
        finally:
            self._open.discard(index)
        type_, depth, weight, bits, guessed = made
        if depth > DEEPEST or weight > LARGEST:
            raise self._error(index, f"types within types, more than {DEEPEST} deep or of more than {LARGEST} fields")
        if depth <= SHALLOW and not (weight or bits or guessed):
            self._plain[raw] = type_
        if depth > 1 or weight or bits or guessed:
            self._made[raw] = made
        return made

    def _named(self, raw: bytes, kind: int, data: bytes) -> Type | None:
        """Return a reference to what record *data* of index *raw* defines or declares; ``None`` if it has no name."""
        name = tag_name(kind, data, 0, len(data))
        if is_unnamed(name):
            return None
        type_ = self._plain[raw] = reference(TAGS[kind], name)
        return type_

    def _decode(self, index: int, kind: int, data: bytes) -> Made:
        if index < FIRST_RECORD:
            type_ = simple(index, self._pointer_size)
            return (type_, 1, 0, None, "") if type_ else (Base(f"<type {index:#x}>", 0), 1, 0, None, "type")
        if kind in (LF_MODIFIER, LF_ALIAS):  # const and volatile are not shown by dt
            type_, depth, weight, bits, guessed = self._make(data[2:6])
            return type_, depth + 1, weight, bits, guessed
        if kind == LF_POINTER:
            return self._pointer(data)
        if kind in (LF_ARRAY, LF_STRIDED_ARRAY):
            return self._array(index, data, 14 if kind == LF_STRIDED_ARRAY else 10)
        if kind in (LF_PROCEDURE, LF_MFUNCTION):
            returns, depth, weight, _, guessed = self._make(data[2:6])
            return Function(returns), depth + 1, weight, None, guessed
        if kind == LF_BITFIELD:
            type_, depth, weight, inner, guessed = self._make(data[2:6])
            if inner is not None:
                raise self._error(index, "a bit field of a bit field")
            return type_, depth, weight, (data[7], data[6]), guessed
        if kind == LF_VTSHAPE:
            return _TABLE, 1, 0, None, ""
        return Base(f"<leaf {kind:#x}>", 0), 1, 0, None, "type"

    def _pointer(self, data: bytes) -> Made:
        target, depth, weight, _, guessed = self._make(data[2:6])
        return self._pointer_to(target, data), depth + 1, weight, None, guessed

    def _pointer_to(self, target: Type, data: bytes) -> Pointer:
        attributes = _u32(data, 6)
        return pointer(target, attributes >> 13 & 0x3F or _POINTER_SIZES.get(attributes & 0x1F, self._pointer_size))

    def _array(self, index: int, data: bytes, size_at: int) -> Made:
        element, depth, weight, _, guessed = self._make(data[2:6])
        size = number(data, size_at)[0]
        each = self._size(element, _u32(data, 2))
        if size < 0 or (size and each and size % each):
            raise self._error(index, f"an array of {size} bytes, whose elements have {each}")
        if size and not each:
            guessed = "type"  # of elements that are nowhere defined
        return Array(element, size // each if each else 0), depth + 1, weight, None, guessed

    def _size(self, type_: Type, index: int) -> int:
        """Return the size of *type_*, record *index*, in bytes; 0 when nothing says it."""
        count = 1
        while isinstance(type_, Array):
            count *= type_.count
            type_ = type_.element
            # The records lie as deep as the type does, with modifiers between.
            index = self._strip(index)
            index = _u32(self._stream.leaf(index), 2)
        if isinstance(type_, Reference):
            found = self._target(tag(self._stream.leaf(self._strip(index))))
            if found is None:
                return 0
            if found.kind == "enum":
                return count * self._enum_size(index, found)
            return count * found.size
        return 0 if isinstance(type_, Function) else count * type_.size

    def _strip(self, index: int) -> int:
        """Return *index* without modifiers, which :meth:`_make` went through before."""
        while index >= FIRST_RECORD:
            data = self._stream.leaf(index)
            if int.from_bytes(data[:2], "little") not in (LF_MODIFIER, LF_ALIAS, 0x100A):
                break
            index = _u32(data, 2)
        return index

    def _target(self, found: Tag) -> Tag | None:
        """Return the definition that *found* is or refers to, ``None`` when there is none."""
        if not found.properties & FORWARD:
            return found
        index = self._stream.resolve(found)
        return None if index is None else tag(self._stream.leaf(index))

    def _tag(self, index: int, data: bytes) -> Made:
        found = tag(data)
        if found.properties & FORWARD:
            defined = self._stream.resolve(found)
            if defined is None:
                return Struct("", found.kind, 0, ()), 1, 1, None, "type"
            return self._make(_raw(defined))
        if found.kind == "enum":
            enum = self._enum(index, found)
            return enum, 1, len(enum.members), None, ""
        struct, depth, weight = self._struct(index, found)
        return struct, depth, weight, None, ""

    def _enum(self, index: int, found: Tag) -> Enum:
        if index not in self._enums:
            values = self._list_of_enumerators(found.fields)
            size = self._enum_size(index, found)
            self._enums[index] = enumeration("" if found.unnamed else found.name, size, values)
        return self._enums[index]

    def _enum_size(self, index: int, found: Tag) -> int:
        raw = _raw(found.underlying)
        underlying = self._plain.get(raw) or self._make(raw)[0]
        if not isinstance(underlying, Base):
            raise self._error(index, "an enumeration whose values are no numbers")
        return underlying.size

    def _members(self, index: int) -> list[tuple[int, int, int, str]]:
        """Return what is in field list *index* and those it is continued in."""
        if not index:
            return []
        try:
            found, after, unknown = members(self._leaf(index, (LF_FIELDLIST,), "field list"))
            seen = {index}
            while after and not unknown:
                if after in seen:
                    raise self._error(after, "a field list that is continued in itself")
                seen.add(after)
                more, after, unknown = members(self._leaf(after, (LF_FIELDLIST,), "field list"))
                found += more
                self._spend(index, len(more))
        except CUT_OFF as error:
            raise self._error(index, f"damaged ({error})") from error
        if unknown:
            self._note(unknown, index)
        self._spend(index, len(found))
        return found

    def _struct(self, index: int, found: Tag, name: str = "") -> tuple[Struct, int, int]:
        """Return a structure, its depth and its weight; *name* is what it is called, if that is known."""
        made = self._structs.get(index)
        if made is not None:
            return made
        fields, deepest, weight = self._list_of_fields(index, found.fields)
        weight += len(fields)
        if weight > len(fields):
            self._spend(index, weight)
        name = name or ("" if found.unnamed else found.name)
        made = structure(name, found.kind, found.size, fields), deepest + 1, weight
        self._structs[index] = made
        return made

    def _list_of_enumerators(self, list_index: int) -> tuple[tuple[str, int], ...]:
        return tuple([(name, value) for kind, _, value, name in self._members(list_index) if kind == LF_ENUMERATE])

    def _list_of_fields(self, index: int, list_index: int) -> ListOfFields:
        """Return the fields of structure *index*, which has this field list."""
        fields: list[Field] = []
        deepest, weight = SHALLOW, 0
        for kind, type_index, offset, name in self._members(list_index):
            if kind == LF_MEMBER:
                type_, depth, more, bits, guessed = self._make(_raw(type_index))
                deepest, weight = max(deepest, depth), weight + more
                fields.append(field(name, offset, type_, bits, guessed))
            elif kind in (LF_BCLASS, LF_BINTERFACE):
                inherited, depth, more = self._base(type_index)
                self._spend(index, len(inherited) + 1)
                deepest, weight = max(deepest, depth), weight + more
                fields += [field(f.name, f.offset + offset, f.type, f.bits, f.guessed) for f in inherited]
            elif kind in (LF_VFUNCTAB, LF_VFUNCOFF):
                type_, depth, _, _, guessed = self._make(_raw(type_index))
                fields.append(field("__VFN_table", offset, type_, None, guessed))
        return tuple(fields), deepest, weight

    def _base(self, index: int) -> tuple[tuple[Field, ...], int, int]:
        """Return the fields of base class *index*, their depth and weight."""
        self._make(_raw(index))  # which sees to it that the next step ends
        index = self._strip(index)
        if index in self._open or len(self._open) > DEEPEST:
            raise self._error(index, "a class that is its own base, or one of very many")
        found = tag(self._leaf(index, TAGS, "class"))
        if found.properties & FORWARD:
            resolved = self._stream.resolve(found)
            if resolved is None or resolved in self._open:
                return (), 0, 0
            index, found = resolved, tag(self._stream.leaf(resolved))
        self._open.add(index)
        try:
            struct, depth, weight = self._struct(index, found)
        finally:
            self._open.discard(index)
        return struct.fields, depth, weight


def _raw(index: int) -> bytes:
    return index.to_bytes(4, "little")


def _u32(data: bytes, at: int) -> int:
    if at + 4 > len(data):
        raise IndexError(f"only {len(data)} bytes")
    return int.from_bytes(data[at : at + 4], "little")
