"""Text in memory: counted strings, and characters up to a zero."""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.remarks import Absent
from dumpwalk.types.model import Array, Base, Pointer, Reference, Struct
from dumpwalk.types.spelling import dt_spelling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.segments import Memory
    from dumpwalk.objects import Object
    from dumpwalk.types.model import Type

# A counted string's length has 16 bits; a string up to a zero that is longer is none.
_LONGEST = 0x10000
_LONGEST_UNTIL_ZERO = 0x1000
_PIECE = 0x100

COUNTED = ("_UNICODE_STRING", "_STRING", "UNICODE_STRING", "STRING", "_ANSI_STRING")


def text_of(thing: Object) -> str | Absent:
    """Return the text of a counted string, of an array of characters, or of what a pointer to characters points to.

    A character set is not known: bytes are read as ASCII, and one that is none becomes U+FFFD.
    """
    memory, type = thing.plan_.space.memory, thing.plan_.type
    if isinstance(type, Pointer) and thing.pointer_ is not None:
        if not thing.pointer_:
            return Absent("null pointer")
        if isinstance(type.target, (Reference, Struct)):
            target = thing.deref_()
            return target if isinstance(target, Absent) else text_of(target)
        return until_zero(memory, thing.pointer_, character_size(type.target))
    if isinstance(type, Array) and character_size(type.element):
        width = character_size(type.element)
        return until_zero(memory, thing.address_, width, min(type.count * width, _LONGEST))
    if isinstance(type, Struct) and {"Length", "Buffer"} <= thing.plan_.members.keys():
        return _counted(thing)
    return Absent(f"{dt_spelling(type)} is no text")


def _counted(thing: Object) -> str | Absent:
    length, buffer = thing.Length, thing.Buffer
    for part in (length, buffer):
        if isinstance(part, Absent):
            return part
    width = character_size(buffer.plan_.type.target) if isinstance(buffer.plan_.type, Pointer) else 0
    if not length:
        return ""
    if not buffer:
        return Absent("Buffer is a null pointer")
    try:
        data = thing.plan_.space.memory.read(buffer.pointer_, min(int(length), _LONGEST))
    except ReadError as error:
        return Absent(str(error))
    return decode(data, width or 2)


def character_size(type: Type) -> int:
    """Return how many bytes a character of *type* has; 0 when it is no character."""
    return {"Char": 1, "UChar": 1, "Wchar": 2}.get(type.name, 0) if isinstance(type, Base) else 0


def until_zero(memory: Memory, address: int, width: int, longest: int = _LONGEST_UNTIL_ZERO) -> str | Absent:
    """Return the text at *address* up to a zero, or up to *longest* bytes; read in pieces that end where pages do."""
    if not width:
        return Absent("no text")
    data = b""
    while len(data) < longest:
        start = address + len(data)
        piece = min(longest - len(data), _PIECE - start % _PIECE)
        try:
            data += memory.read(type(address)(start), piece)
        except ReadError as error:
            short = _what_is_there(memory, start, piece)
            if not short and not data:
                return Absent(str(error))
            data += short
            break
        if terminated(data, width):
            break
    return decode(terminated(data, width) or data, width)


def _what_is_there(memory: Memory, address: int, size: int) -> bytes:
    """Return the bytes at *address* as far as they are there: a block in a small dump ends anywhere."""
    low, high = 0, size
    data = b""
    while low < high:
        middle = (low + high + 1) // 2
        try:
            data, low = memory.read(address, middle), middle
        except ReadError:
            high = middle - 1
    return data


def terminated(data: bytes, width: int) -> bytes:
    """Return *data* up to and with the first character that is zero; ``b""`` when none is."""
    for end in range(0, len(data) - width + 1, width):
        if not any(data[end : end + width]):
            return data[: end + width]
    return b""


def decode(data: bytes, width: int) -> str:
    """Return *data* as text, without a zero at its end."""
    if width == 1:
        return (
            data.decode("ascii", "replace").partition("\0")[0]
            if data[-1:] == b"\0"
            else data.decode("ascii", "replace")
        )
    text = data[: len(data) // 2 * 2].decode("utf-16-le", "replace")
    return text[:-1] if text[-1:] == "\0" else text
