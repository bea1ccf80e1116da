"""How Microsoft's compilers lay out structures, unions and bit fields.

The rules are those of Microsoft's documentation ("Storage and Alignment of
Structures", "C Bit Fields", "align", "pack"), and where it is silent those of
clang for ``*-windows-msvc``, which the tests compare with. They differ from
other compilers' mostly in bit fields: one goes into the unit of the one before
it only when both are declared with types of the same size.
"""

from __future__ import annotations

from dumpwalk.record import record
from dumpwalk.types.model import Field, Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dumpwalk.types.model import Type


@record
class Laid:
    """A type with what its user has to know.

    :param size: in bytes
    :param align: natural alignment, which ``#pragma pack`` lowers
    :param required: alignment asked for by ``__declspec(align(N))``, which nothing lowers; 0 when none was
    """

    type: Type
    size: int
    align: int
    required: int = 0


@record
class Member:
    """A member as it was declared.

    :param name: ``""`` for an unnamed bit field, and for an unnamed structure or union whose members
        are the outer one's
    :param bits: declared width, ``None`` when it is no bit field
    :param required: its own ``__declspec(align(N))``, 0 when it has none
    """

    name: str
    laid: Laid
    bits: int | None = None
    required: int = 0


def _up(number: int, to: int) -> int:
    return -(-number // to) * to


class Filling:
    """A structure or union being filled with members.

    :ivar size: bytes so far
    :ivar align: alignment so far
    :ivar required: what was asked for by ``__declspec(align(N))`` so far
    :ivar unit: size of the open bit field's type, 0 when none is open
    :ivar at: offset of that bit field's unit
    :ivar left: bits left in it
    """

    def __init__(self, union: bool, pack: int = 0) -> None:
        self.union = union
        self.pack = pack
        self.size = 0
        self.align = 1
        self.required = 0
        self.unit = 0
        self.at = 0
        self.left = 0

    def _alignment(self, laid: Laid, own: int) -> int:
        required = max(laid.required, own)
        self.required = max(self.required, required)
        return max(min(laid.align, self.pack) if self.pack else laid.align, required)

    def place(self, member: Member) -> int:
        """Return the offset of *member*, which is no bit field."""
        self.unit = 0
        align = self._alignment(member.laid, member.required)
        self.align = max(self.align, align)
        if self.union:
            self.size = max(self.size, member.laid.size)
            return 0
        offset = _up(self.size, align)
        self.size = offset + member.laid.size
        return offset

    def place_bits(self, member: Member, width: int) -> tuple[int, int]:
        """Return the offset of the unit that holds the bit field *member*, and the field's position in it."""
        unit = member.laid.size
        align = self._alignment(member.laid, 0)
        if not width:
            if self.unit and not self.union:
                self.size = _up(self.size, align)
                self.align = max(self.align, align)
            self.unit = 0
            return self.size, 0
        if self.union:  # and its alignment does not count
            self.size = max(self.size, unit)
            return 0, 0
        if self.unit == unit and width <= self.left:
            position = 8 * unit - self.left
            self.left -= width
            return self.at, position
        self.unit, self.at = unit, _up(self.size, align)
        self.left = 8 * unit - width
        self.size = self.at + unit
        self.align = max(self.align, align)
        return self.at, 0


def lay_out(
    name: str, kind: str, members: Sequence[Member], *, pack: int = 0, required: int = 0, pointer_size: int = 8
) -> Laid:
    """Return the structure or union of *members*.

    :param kind: ``struct``, ``union`` or ``class``
    :param pack: what ``#pragma pack`` says, 0 when nothing; more than a pointer's size changes nothing
    :param required: ``__declspec(align(N))`` of the whole, 0 when there is none
    """
    record = Filling(kind == "union", pack if pack <= pointer_size else 0)
    fields: list[Field] = []
    for member in members:
        if member.bits is not None:
            offset, position = record.place_bits(member, member.bits)
            if member.name:
                fields.append(Field(member.name, offset, member.laid.type, (position, member.bits)))
            continue
        offset = record.place(member)
        type = member.laid.type
        if member.name:
            fields.append(Field(member.name, offset, type))
        elif isinstance(type, Struct):
            fields += [Field(f.name, offset + f.offset, f.type, f.bits, f.guessed) for f in type.fields]
    # Asking for any alignment of the whole makes its natural one binding, too.
    required = max(required, record.align, record.required) if required else record.required
    size = _up(record.size, record.align)
    if required:
        rounding = max(record.align, required)
        size = _up(size, max(min(rounding, record.pack) if record.pack else rounding, required))
    # C++ would give an empty structure one byte.
    return Laid(Struct(name, kind, size or 4, tuple(fields)), size or 4, max(record.align, required), required)
