"""All types of a PDB, the ordinary ones made in the order of the file.

A compiler writes a type behind those that it is made of. So whoever goes
through the records in their order finds ready made what each one needs, and
makes it in one step: no search, no recursion, nothing to watch. A record for
which that is not so, because it is damaged or out of the ordinary, is passed
over; the :class:`~dumpwalk.types.sources.pdb.build.Builder` makes it when it
is asked for, and says what is wrong with it.
"""

from __future__ import annotations

import struct

from dumpwalk.errors import FormatError
from dumpwalk.types.model import Base
from dumpwalk.types.sources.pdb.build import DEEPEST, LARGEST, Builder
from dumpwalk.types.sources.pdb.fields import Fields
from dumpwalk.types.sources.pdb.leaves import (
    CUT_OFF,
    FORWARD,
    LF_CLASS,
    LF_ENUM,
    LF_ENUMERATE,
    LF_FIELDLIST,
    LF_POINTER,
    LF_STRUCTURE,
    LF_UNION,
    NAMES,
    TAGS,
    is_unnamed,
    tag_name,
)
from dumpwalk.types.sources.pdb.plain import plain_enumerators
from dumpwalk.types.sources.pdb.rows import SHALLOW, enumeration, reference, structure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from dumpwalk.types.model import Enum, Struct
    from dumpwalk.types.sources.pdb.build import ListOfFields
    from dumpwalk.types.sources.pdb.tpi import TypeStream

_ENUMERATE = LF_ENUMERATE.to_bytes(2, "little")
# Properties, field list and size; for an enumeration properties, underlying type and field list.
_STRUCTURE = struct.Struct("<4xHI8xH").unpack_from
_UNION = struct.Struct("<4xHIH").unpack_from
_ENUM = struct.Struct("<4xH4sI").unpack_from


class BulkBuilder(Builder):
    """A builder for who wants all types; what it prepares pays off after some hundred.

    :meth:`prepare` comes before all else.
    """

    def __init__(self, stream: TypeStream, pointer_size: int, note: Callable[[int, int], None]) -> None:
        super().__init__(stream, pointer_size, note)
        self._fields = Fields(self._plain, self._make)
        self._alike: dict[int, ListOfFields] = {}  # by field list, which alike structures share
        self._values: dict[int, tuple[tuple[str, int], ...]] = {}
        self._names: dict[int, str] = {}  # of definitions, while they are made

    def prepare(self) -> None:
        """Make all ordinary types.

        :raises FormatError: when the file's type records don't follow each other
        """
        self._names = {index: name for name, index in self._stream.names().items()}
        data, offsets = self._stream.records()
        makers = {
            LF_FIELDLIST: self._add_list,
            LF_POINTER: self._add_pointer,
            LF_ENUM: self._add_enum,
            LF_STRUCTURE: self._add_struct,
            LF_CLASS: self._add_struct,
            LF_UNION: self._add_struct,
        }
        find = makers.get
        for index, (at, end) in enumerate(zip(offsets, offsets[1:]), self._stream.begin):
            kind = data[at + 2] | data[at + 3] << 8
            add = find(kind)
            if add is not None:
                try:
                    add(index, kind, data[at + 2 : end])
                except (FormatError, *CUT_OFF):
                    continue  # said by whoever needs this record
        self._names.clear()

    def definition(self, index: int, name: str = "") -> Struct | Enum:
        found = self._structs.get(index)
        return found[0] if found is not None else self._enums.get(index) or super().definition(index, name)

    def _add_list(self, index: int, kind: int, data: bytes) -> None:
        if data[2:4] == _ENUMERATE:
            self._enumerators_of(index, data)
        else:
            self._fields_of(index, data)

    def _add_pointer(self, index: int, kind: int, data: bytes) -> None:
        raw = data[2:6]
        target = self._plain.get(raw)
        if target is None or len(data) < 10:
            return
        depth = self._made[raw][1] + 1 if raw in self._made else 2
        if depth <= SHALLOW:
            raw = index.to_bytes(4, "little")
            type_ = self._plain[raw] = self._pointer_to(target, data)
            self._made[raw] = type_, depth, 0, None, ""

    def _add_struct(self, index: int, kind: int, data: bytes) -> None:
        properties, list_index, size = (_UNION if kind == LF_UNION else _STRUCTURE)(data)
        name = self._names.get(index)
        if name is None:
            name = self._add_other(index, kind, data)
            if name or properties & FORWARD:
                return
        else:
            self._plain[index.to_bytes(4, "little")] = reference(TAGS[kind], name)
        fields, depth, weight = self._alike.get(list_index) or ((), 0, 0)
        if not fields or size >= 0x8000:
            return
        weight += len(fields)
        if depth >= DEEPEST or weight > LARGEST:
            return
        if weight > len(fields):
            self._spend(index, weight)
        made = structure(name, TAGS[kind], size, fields)
        self._structs[index] = made, depth + 1, weight
        if not name:
            self._made[index.to_bytes(4, "little")] = made, depth + 1, weight, None, ""

    def _add_enum(self, index: int, kind: int, data: bytes) -> None:
        properties, underlying, list_index = _ENUM(data)
        name = self._names.get(index)
        if name is None:
            name = self._add_other(index, kind, data)
            if name or properties & FORWARD:
                return
        else:
            self._plain[index.to_bytes(4, "little")] = reference("enum", name)
        values = self._values.get(list_index)
        base = self._plain.get(underlying) or self._make(underlying)[0]
        if values and isinstance(base, Base):
            made = self._enums[index] = enumeration(name, base.size, values)
            if not name:
                self._made[index.to_bytes(4, "little")] = made, 1, len(values), None, ""

    def _add_other(self, index: int, kind: int, data: bytes) -> str:
        """Add a forward reference, or a second definition of a name, and return its name; ``""`` if it has none.

        :raises ValueError: when it says nothing where its name should be
        """
        begin = NAMES[kind]
        stop = data.find(0, begin)
        if stop > begin and data[begin - 1] < 0x80:  # what tag_name() does with nearly all, without calling it
            name = data[begin:stop].decode("utf-8", "backslashreplace")
        else:
            name = tag_name(kind, data, 0, len(data))
            if not name:
                raise ValueError("no name")
        if name[-1] in ">d" and is_unnamed(name):
            return ""
        self._plain[index.to_bytes(4, "little")] = reference(TAGS[kind], name)
        return name

    def _fields_of(self, index: int, data: bytes) -> ListOfFields:
        made = self._fields.of(data)
        self._spend(index, len(made[0]))
        self._alike[index] = made
        return made

    def _enumerators_of(self, index: int, data: bytes) -> tuple[tuple[str, int], ...]:
        found = plain_enumerators(data)
        self._spend(index, len(found))
        made = self._values[index] = tuple(
            [(name.decode("utf-8", "backslashreplace"), value[0] | value[1] << 8) for value, name in found]
        )
        return made

    def _list_of_fields(self, index: int, list_index: int) -> ListOfFields:
        made = self._alike.get(list_index)
        if made is None and list_index:
            made = self._fields_of(list_index, self._leaf(list_index, (LF_FIELDLIST,), "field list"))
        return made if made and made[0] else super()._list_of_fields(index, list_index)

    def _list_of_enumerators(self, list_index: int) -> tuple[tuple[str, int], ...]:
        made = self._values.get(list_index)
        if made is None and list_index:
            made = self._enumerators_of(list_index, self._leaf(list_index, (LF_FIELDLIST,), "field list"))
        return made or super()._list_of_enumerators(list_index)
