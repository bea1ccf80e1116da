"""CodeView type records, taken apart: leaf kinds, numbers, names and member lists.

Kinds and layouts: cvinfo.h of Microsoft's microsoft-pdb repository, and
"CodeView Type Records" of LLVM's PDB documentation. The functions are given a
whole record without its length. They lean on Python's own bounds checks: a
record that is cut off raises one of :data:`CUT_OFF`.
"""

from __future__ import annotations

import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    # kind, type index, number (offset or value), name
    Member: TypeAlias = tuple[int, int, int, str]

# What a record that ends too early raises.
CUT_OFF = (struct.error, IndexError, ValueError)

LF_VTSHAPE, LF_LABEL = 0x000A, 0x000E
LF_MODIFIER, LF_POINTER, LF_PROCEDURE, LF_MFUNCTION, LF_ALIAS = 0x1001, 0x1002, 0x1008, 0x1009, 0x150A
LF_FIELDLIST, LF_BITFIELD, LF_ARRAY, LF_STRIDED_ARRAY = 0x1203, 0x1205, 0x1503, 0x1516
LF_CLASS, LF_STRUCTURE, LF_UNION, LF_ENUM, LF_INTERFACE = 0x1504, 0x1505, 0x1506, 0x1507, 0x1519
LF_BCLASS, LF_VBCLASS, LF_IVBCLASS, LF_INDEX, LF_VFUNCTAB = 0x1400, 0x1401, 0x1402, 0x1404, 0x1409
LF_FRIENDCLS, LF_VFUNCOFF, LF_FRIENDFCN, LF_BINTERFACE = 0x140A, 0x140C, 0x150C, 0x151A
LF_ENUMERATE, LF_MEMBER, LF_STMEMBER, LF_METHOD = 0x1502, 0x150D, 0x150E, 0x150F
LF_NESTTYPE, LF_ONEMETHOD, LF_NESTTYPEEX, LF_MEMBERMODIFY = 0x1510, 0x1511, 0x1512, 0x1513

# Visual C++ before 7.1 wrote a name's length before it, in place of a NUL
# behind it; such a record has a kind of its own, LF_STRUCTURE_ST and so on.
COUNTED = {
    0x1003: LF_ARRAY,
    0x1004: LF_CLASS,
    0x1005: LF_STRUCTURE,
    0x1006: LF_UNION,
    0x1007: LF_ENUM,
    0x100A: LF_ALIAS,
    0x0403: LF_ENUMERATE,
    0x1403: LF_FRIENDFCN,
    0x1405: LF_MEMBER,
    0x1406: LF_STMEMBER,
    0x1407: LF_METHOD,
    0x1408: LF_NESTTYPE,
    0x140B: LF_ONEMETHOD,
}
TAGS = {
    LF_CLASS: "class",
    LF_STRUCTURE: "struct",
    LF_UNION: "union",
    LF_ENUM: "enum",
    LF_INTERFACE: "class",
    0x1004: "class",
    0x1005: "struct",
    0x1006: "union",
    0x1007: "enum",
}
# Every kind of whole record that is understood or, like argument lists, not needed.
KNOWN = frozenset(
    (*TAGS, LF_VTSHAPE, LF_LABEL, LF_MODIFIER, LF_POINTER, LF_PROCEDURE, LF_MFUNCTION, LF_ALIAS, 0x100A)
    + (LF_FIELDLIST, LF_BITFIELD, LF_ARRAY, LF_STRIDED_ARRAY, 0x1003)
    # LF_SKIP, LF_ARGLIST, LF_DERIVED, LF_METHODLIST, LF_VFTABLE, LF_TYPESERVER2, LF_TYPESERVER, LF_VFTPATH
    + (0x1200, 0x1201, 0x1204, 0x1206, 0x151D, 0x1515, 0x1501, 0x100D)
    # LF_PRECOMP and LF_ENDPRECOMP, which the linker leaves behind
    + (0x1509, 0x0014)
)

# Bits of a tag's properties: CV_prop_t.
FORWARD, SCOPED, HAS_UNIQUE_NAME = 0x80, 0x100, 0x200
# What compilers call a structure that has no name; newer ones put its scope before it.
UNNAMED = ("", "<unnamed-tag>", "<anonymous-tag>", "__unnamed")

# Where the name is, when the size before it is a small number.
NAMES = {LF_CLASS: 20, LF_STRUCTURE: 20, LF_UNION: 12, LF_ENUM: 14}
_TAG = struct.Struct("<2xHHI").unpack_from  # LF_UNION: members, properties, field list
_STRUCTURE = struct.Struct("<2xHHI8x").unpack_from  # derivation list and vtable shape are not needed
_ENUM = struct.Struct("<2xHHII").unpack_from  # members, properties, underlying type, field list
_U16 = struct.Struct("<H").unpack_from
_NUMBERED = struct.Struct("<HIH").unpack_from  # attributes, type, number
_INDEX = struct.Struct("<I").unpack_from
# Numbers from 0x8000 on have a kind before them: LF_CHAR, LF_SHORT, LF_USHORT, LF_LONG, LF_ULONG,
# LF_QUADWORD, LF_UQUADWORD, LF_OCTWORD, LF_UOCTWORD; here their size, and whether they are signed.
_WIDE = {
    0x8000: (1, True),
    0x8001: (2, True),
    0x8002: (2, False),
    0x8003: (4, True),
    0x8004: (4, False),
    0x8009: (8, True),
    0x800A: (8, False),
    0x8017: (16, True),
    0x8018: (16, False),
}


class Tag:
    """A structure, union, class or enumeration; not a record, because a PDB has ten thousands.

    :ivar kind: ``struct``, ``union``, ``class`` or ``enum``
    :ivar fields: type index of its field list, 0 when it has none
    :ivar size: in bytes; 0 for an enumeration, which is as large as its *underlying* type
    """

    __slots__ = ("_rest", "fields", "kind", "name", "properties", "size", "underlying")

    def __init__(
        self, kind: str, properties: int, fields: int, size: int, name: str, underlying: int, rest: bytes = b""
    ) -> None:
        self.kind = kind
        self.properties = properties
        self.fields = fields
        self.size = size
        self.name = name
        self.underlying = underlying
        self._rest = rest

    @property
    def unique(self) -> str:
        """The decorated name, ``""`` when there is none."""
        # Visual C++ before 7.1, which counted names, wrote none.
        return text(self._rest, 0)[0] if self.properties & HAS_UNIQUE_NAME and 0 in self._rest else ""

    @property
    def unnamed(self) -> bool:
        return is_unnamed(self.name)


def is_unnamed(name: str) -> bool:
    """Tell whether a structure called *name* has none.

    >>> is_unnamed("_ETHREAD::<unnamed-tag>"), is_unnamed("_ETHREAD")
    (True, False)
    """
    return name[-1:] in ">d" and name.rpartition("::")[2] in UNNAMED  # the first says no to nearly all


def number(data: bytes, at: int) -> tuple[int, int]:
    """Return the number at *at*, and where it ends.

    :raises ValueError: when it is none, but a real number or a string
    """
    value: int = _U16(data, at)[0]
    return (value, at + 2) if value < 0x8000 else _wide(value, data, at + 2)


def _wide(kind: int, data: bytes, at: int) -> tuple[int, int]:
    if kind not in _WIDE:
        raise ValueError(f"a number of kind {kind:#x}")
    size, signed = _WIDE[kind]
    if at + size > len(data):
        raise IndexError("a number is cut off")
    return int.from_bytes(data[at : at + size], "little", signed=signed), at + size


def text(data: bytes, at: int, counted: bool = False) -> tuple[str, int]:
    """Return the name at *at*, and where it ends; what is not UTF-8 becomes ``\\xNN``."""
    if counted:
        end = at + 1 + data[at]
        return str(data[at + 1 : end], "utf-8", "backslashreplace"), end
    end = data.index(0, at)
    return data[at:end].decode("utf-8", "backslashreplace"), end + 1


def tag(data: bytes, known: str = "") -> Tag:
    """Take a record of one of the kinds in :data:`TAGS` apart.

    :param known: its name, if that is known: then neither it nor the decorated one is looked for
    """
    given = data[0] | data[1] << 8
    kind = COUNTED.get(given, given)
    size = underlying = 0
    if kind == LF_ENUM:
        _, properties, underlying, fields = _ENUM(data)
        at = 14
    elif kind == LF_UNION:
        _, properties, fields = _TAG(data)
        size, at = number(data, 10)
    else:
        _, properties, fields = _STRUCTURE(data)
        size, at = _U16(data, 18)[0], 20  # number() in place: it is small in nearly all
        if size >= 0x8000:
            size, at = _wide(size, data, 20)
    if known:
        return Tag(TAGS[given], properties, fields, size, known, underlying)
    name, at = text(data, at, kind != given)
    return Tag(TAGS[given], properties, fields, size, name, underlying, data[at:])


def tag_name(kind: int, data: bytes, at: int, end: int) -> str:
    """Return the name of the structure or enumeration from *at* to *end* of *data*, ``""`` when it is damaged."""
    begin = at + NAMES.get(kind, end)
    # Nearly all have a NUL behind the name and a small size before it.
    if begin < end and (kind == LF_ENUM or data[begin - 1] < 0x80):
        stop = data.find(0, begin, end)
        return data[begin:stop].decode("utf-8", "backslashreplace") if stop >= 0 else ""
    try:
        return tag(data[at:end]).name
    except CUT_OFF:
        return ""  # whoever decodes it says so


def members(data: bytes) -> tuple[list[Member], int, int]:
    """Take a field list apart.

    :return: its members; the field list it is continued in, 0 if in none; the kind of a member that
        is not known, 0 if there is none. The rest of such a list is lost, as its length is not known either.
    """
    found: list[Member] = []
    at, end = 2, len(data)
    while at < end:
        if data[at] >= 0xF0:  # LF_PAD: its low digit says how far it is to the next member
            at += (data[at] & 15) or 1
            continue
        kind = _U16(data, at)[0]
        if kind == LF_MEMBER:
            _, index, value = _NUMBERED(data, at + 2)
            at += 10
            if value >= 0x8000:
                value, at = _wide(value, data, at)
            stop = data.index(0, at)
            found.append((kind, index, value, data[at:stop].decode("utf-8", "backslashreplace")))
            at = stop + 1
        elif kind == LF_ENUMERATE:
            value, at = number(data, at + 4)
            stop = data.index(0, at)
            found.append((kind, 0, value, data[at:stop].decode("utf-8", "backslashreplace")))
            at = stop + 1
        elif kind == LF_INDEX:
            return found, _INDEX(data, at + 4)[0], 0
        else:
            member, at = _rare(COUNTED.get(kind, kind), kind in COUNTED, data, at)
            if not at:
                return found, 0, kind
            found.append(member)
    return found, 0, 0


def _rare(kind: int, counted: bool, data: bytes, at: int) -> tuple[Member, int]:
    """Return the member of *kind* at *at*, and where it ends: 0 when the kind is not known."""
    attributes = _U16(data, at + 2)[0]
    if kind == LF_ENUMERATE:
        value, at = number(data, at + 4)
        name, at = text(data, at, counted)
        return (kind, 0, value, name), at
    index, value, name = _INDEX(data, at + 4)[0], 0, ""
    at += 8
    if kind in (LF_BCLASS, LF_BINTERFACE):
        value, at = number(data, at)
    elif kind in (LF_VBCLASS, LF_IVBCLASS):
        # Type and place of the pointer to the table of virtual bases, then the place in that table.
        value, at = number(data, at + 4)
        at = number(data, at)[1]
    elif kind == LF_VFUNCOFF:
        value, at = _INDEX(data, at)[0], at + 4
    elif kind == LF_MEMBER:
        value, at = number(data, at)
        name, at = text(data, at, counted)
    elif kind == LF_ONEMETHOD:
        # A method that introduces a virtual one (CV_methodprop_e 4 and 6) says where in the vtable.
        at += 4 if (attributes >> 2) & 7 in (4, 6) else 0
        name, at = text(data, at, counted)
    elif kind in (LF_STMEMBER, LF_METHOD, LF_NESTTYPE, LF_NESTTYPEEX, LF_MEMBERMODIFY, LF_FRIENDFCN):
        name, at = text(data, at, counted)
    elif kind not in (LF_VFUNCTAB, LF_FRIENDCLS):
        return (kind, 0, 0, ""), 0
    return (kind, index, value, name), at
