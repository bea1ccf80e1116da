"""Numbers out of bytes, by their C type."""

from __future__ import annotations

import struct

from dumpwalk.types.model import Base, Enum, Pointer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.types.model import Type

_CODES = {
    **{("Int", size): code for size, code in ((1, "b"), (2, "h"), (4, "i"), (8, "q"))},
    **{("Uint", size): code for size, code in ((1, "B"), (2, "H"), (4, "I"), (8, "Q"))},
}


def struct_code(type: Type) -> str:
    """Return the code of *type*, ``""`` for what is neither a number nor a pointer.

    >>> struct_code(Base("Int2B", 2)), struct_code(Pointer(Base("Void", 0), 8)), struct_code(Base("Void", 0))
    ('h', 'Q', '')
    """
    if isinstance(type, Pointer):
        return _CODES.get(("Uint", type.size), "")
    if not isinstance(type, Base):
        return ""
    if type.name in ("Float", "Double"):
        return "f" if type.size == 4 else "d"
    signed = type.name.startswith("Int") or type.name == "Char"
    return _CODES.get(("Int" if signed else "Uint", type.size), "")


def number_of(type: Type, data: bytes, bits: tuple[int, int] | None) -> int | float:
    """Return the number that *data* holds as a *type*; of a bit field the *bits*, its position and length.

    >>> number_of(Base("Char", 1), b"\\xff", None), number_of(Base("Uint2B", 2), b"\\x00\\xf8", (11, 5))
    (-1, 31)
    """
    name = type.name if isinstance(type, Base) else ""
    if name in ("Float", "Double"):
        value: float = struct.unpack("<f" if len(data) == 4 else "<d", data)[0]
        return value
    signed = bits is None and (name.startswith("Int") or name == "Char")
    number = int.from_bytes(data, "little", signed=signed or isinstance(type, Enum))
    return number if bits is None else (number >> bits[0]) & ((1 << bits[1]) - 1)
