"""CodeView's primitive types, which have a number below 0x1000 and no record.

Numbers: ``TYPE_ENUM_e`` of cvinfo.h in Microsoft's microsoft-pdb repository.
Names are as ``dt`` spells them.
"""

from __future__ import annotations

from dumpwalk.types.model import BASES, VOID, Base, Pointer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.types.model import Type

FIRST_RECORD = 0x1000
_NULLPTR = 0x103  # std::nullptr_t; by its mode it would be a 16-bit pointer
# The mode is in bits 8 to 10: sizes of near 16, far 16, huge, near 32, far 32, near 64 and near 128 pointers.
_POINTER_SIZES = (0, 2, 4, 4, 4, 6, 8, 16)
# Kinds whose name alone says what they are; the others are in BASES.
_OWN = {
    "NoType": Base("NoType", 0),
    "HRESULT": Base("HRESULT", 4),
    "Char8": Base("Char8", 1),
    "Char16": Base("Char16", 2),
    "Char32": Base("Char32", 4),
    "Bool2B": Base("Bool2B", 2),
    "Bool4B": Base("Bool4B", 4),
    "Bool8B": Base("Bool8B", 8),
    "Float2": Base("Float2", 2),
    "Float6": Base("Float6", 6),
    "Float16": Base("Float16", 16),
}
_KINDS = {
    0x00: "NoType",
    0x03: "Void",
    0x08: "HRESULT",
    0x10: "Char",
    0x11: "Int2B",
    0x12: "Int4B",
    0x13: "Int8B",
    0x14: "Int16B",
    0x20: "UChar",
    0x21: "Uint2B",
    0x22: "Uint4B",
    0x23: "Uint8B",
    0x24: "Uint16B",
    0x30: "Bool",
    0x31: "Bool2B",
    0x32: "Bool4B",
    0x33: "Bool8B",
    0x40: "Float",
    0x41: "Double",
    0x42: "Float10",
    0x43: "Float16",
    0x44: "Float6",
    0x45: "Float",
    0x46: "Float2",
    0x68: "Int1B",
    0x69: "Uint1B",
    0x70: "Char",
    0x71: "Wchar",
    0x72: "Int2B",
    0x73: "Uint2B",
    0x74: "Int4B",
    0x75: "Uint4B",
    0x76: "Int8B",
    0x77: "Uint8B",
    0x78: "Int16B",
    0x79: "Uint16B",
    0x7A: "Char16",
    0x7B: "Char32",
    0x7C: "Char8",
}


def simple(index: int, pointer_size: int) -> Type | None:
    """Return the primitive type *index* of a machine with pointers of *pointer_size*, ``None`` when it is not known."""
    if index == _NULLPTR:
        return Pointer(VOID, pointer_size)
    name = _KINDS.get(index & 0xFF)
    if name is None or index >= FIRST_RECORD or index & 0x800:
        return None
    target = BASES[name] if name in BASES else _OWN[name]
    mode = index >> 8 & 7
    return Pointer(target, _POINTER_SIZES[mode]) if mode else target
