"""``_HANDLE_TABLE_ENTRY`` of every generation, as plain numbers: a table has thousands of them.

Up to Windows 7 an entry holds a pointer whose low three bits are its lock, inherit and audit flags. Since Windows 8
it is a bit field: of the address those bits that can differ, beside attributes and a count of references. Where each
field is, the types say. What the attributes mean is the public ``OBJ_*`` numbering of ``ntdef.h``.
"""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.objects.sizes import size_of
from dumpwalk.record import record
from dumpwalk.types.model import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.target import Target
    from dumpwalk.types.model import Field

OBJ_PROTECT_CLOSE, OBJ_INHERIT, OBJ_AUDIT_OBJECT_CLOSE = 1, 2, 4
# What !handle calls them.
ATTRIBUTES = {"Protected": OBJ_PROTECT_CLOSE, "Inherit": OBJ_INHERIT, "Audit": OBJ_AUDIT_OBJECT_CLOSE}
# Up to 7 the table's lock has the bit that was OBJ_PROTECT_CLOSE, which went into the access:
# nt!ObpAccessProtectCloseBit holds this value.
_PROTECT_CLOSE_BIT = 0x02000000
_ACCESS = 0x01FFFFFF  # ACCESS_MASK without the generic rights, which are mapped before a handle is made


@record
class Bits:
    """Where a number is in an entry: bytes from its start, how many, and which bits of them."""

    offset: int
    size: int
    position: int
    mask: int

    def of(self, data: bytes, at: int) -> int:
        """Return the number in the entry that begins at *at* in *data*."""
        start = at + self.offset
        return int.from_bytes(data[start : start + self.size], "little") >> self.position & self.mask


@record
class EntryFormat:
    """How entries of one kernel are laid out.

    :param size: of an entry in bytes
    :param shift: how far left the bits of the pointer belong
    :param sign: the highest bit of the address that is stored; those above it repeat it. 0 where all are stored
    :param attributes: absent (``None``) up to 7: the pointer's low bits
    :param attributes_shift: where ``OBJ_PROTECT_CLOSE`` is not among them, 1
    :param protect: where that bit is else
    """

    size: int
    pointer: Bits
    shift: int
    sign: int
    access: Bits
    attributes: Bits | None
    attributes_shift: int
    protect: Bits | None
    references: Bits | None
    next_free: Bits

    def decode(self, data: bytes, at: int) -> tuple[int, int, int]:
        """Return pointer (0 for a free entry), granted access and attributes of the entry at *at* in *data*."""
        value = self.pointer.of(data, at)
        access = self.access.of(data, at)
        if self.attributes is None:
            protect = OBJ_PROTECT_CLOSE if access & _PROTECT_CLOSE_BIT else 0
            return value & ~7, access & _ACCESS, value & (OBJ_INHERIT | OBJ_AUDIT_OBJECT_CLOSE) | protect
        address = value << self.shift
        if self.sign and address & self.sign:
            address |= 0x10000000000000000 - (self.sign << 1)
        attributes = self.attributes.of(data, at) << self.attributes_shift
        if self.protect is not None and self.protect.of(data, at):
            attributes |= OBJ_PROTECT_CLOSE
        return address if value else 0, access & _ACCESS, attributes


def entry_format(target: Target) -> EntryFormat:
    """Return how this kernel's handle table entries are laid out.

    :raises TypeInfoError: when the types do not say
    """
    return target.once("handle table entries", _format)


def _format(target: Target) -> EntryFormat:
    entry = target.types.find("_HANDLE_TABLE_ENTRY")
    if not isinstance(entry, Struct) or entry.size not in (8, 16, 32):
        raise TypeInfoError(f"no type _HANDLE_TABLE_ENTRY in {target.types.name}")
    fields = _fields(entry, target)

    def bits(*names: str) -> Bits | None:
        return next((fields[name] for name in names if name in fields), None)

    next_free = bits("NextFreeHandleEntry", "NextFreeTableEntry")
    pointer, access = bits("ObjectPointerBits", "Object"), bits("GrantedAccessBits", "GrantedAccess")
    if pointer is None or access is None or next_free is None:
        raise TypeInfoError(f"_HANDLE_TABLE_ENTRY of {target.types.name} is laid out in no known way")
    attributes = bits("Attributes") if "ObjectPointerBits" in fields else None
    # The bits that pool blocks' alignment makes zero are not stored.
    shift = 4 if target.machine.pointer_size == 8 else 3
    stored = pointer.mask.bit_length() + shift
    sign = 1 << stored - 1 if attributes is not None and target.machine.pointer_size == 8 and stored < 64 else 0
    protect = bits("ProtectFromClose") if attributes is not None else None
    return EntryFormat(
        entry.size,
        pointer,
        shift,
        sign,
        access,
        attributes,
        int(protect is not None),
        protect,
        bits("RefCnt"),
        next_free,
    )


def _fields(entry: Struct, target: Target) -> dict[str, Bits]:
    """Return where each member is; those of unnamed structures are the entry's own."""
    out: dict[str, Bits] = {}

    def add(fields: tuple[Field, ...], base: int) -> None:
        for field in fields:
            if not field.name and isinstance(field.type, Struct):
                add(field.type.fields, base + field.offset)
                continue
            size = size_of(field.type, target.types) or 0
            position, length = field.bits or (0, 8 * size)
            if size and base + field.offset + size <= entry.size:
                out.setdefault(field.name, Bits(base + field.offset, size, position, (1 << length) - 1))

    add(entry.fields, 0)
    return out
