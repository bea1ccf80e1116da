"""Values and types in the words of ``dt``: ``0n5``, ``0x12``, ``0y101``, ``0x863c1758 _CONTROL_AREA``, ``(null)``.

Numbers below ten are printed without a prefix, other unsigned ones in
hexadecimal with a backtick where they need more than 32 bits, signed ones
behind ``0n``. Source: listings that WinDbg printed, and Microsoft's page on ``dt``.
"""

from __future__ import annotations

from dumpwalk.memory.address import Hex
from dumpwalk.objects import Object, read_at
from dumpwalk.objects.sizes import size_of
from dumpwalk.objects.strings import character_size, text_of
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.render.text import printable
from dumpwalk.types.model import BASES, Array, Base, Enum, Function, Pointer, Reference, Struct
from dumpwalk.types.spelling import dt_spelling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from dumpwalk.objects import Space
    from dumpwalk.types.model import Field, Type, TypeDatabase

_DEEPEST = 32
_STRINGS = ("_UNICODE_STRING", "_STRING", "_ANSI_STRING", "UNICODE_STRING")
_LARGE = ("_LARGE_INTEGER", "_ULARGE_INTEGER", "LARGE_INTEGER", "ULARGE_INTEGER")
_LINKS = ("_LIST_ENTRY", "LIST_ENTRY")
_GUIDS = ("_GUID", "GUID")
# From this many bits on, a bit field's number is printed behind its bits.
_BITS_WITH_NUMBER = 5


@record
class Shown:
    """A value as ``dt`` prints it, and what it is to a script."""

    text: str
    value: Any = None


def number(value: int) -> str:
    """Return an unsigned number as ``dt`` prints it.

    >>> number(9), number(0x80), number(0x01DA3683BF03EE04)
    ('9', '0x80', '0x01da3683`bf03ee04')
    """
    return str(value) if value < 10 else hexadecimal(value)


def hexadecimal(value: int) -> str:
    """Return *value* in hexadecimal, in two halves where it needs more than 32 bits."""
    return f"0x{value >> 32:08x}`{value & 0xFFFFFFFF:08x}" if value >> 32 else f"0x{value:x}"


def pointer(value: int, size: int) -> str:
    """Return an address of *size* bytes as ``dt`` prints it."""
    return f"0x{value:08x}" if size == 4 else f"0x{value >> 32:08x}`{value & 0xFFFFFFFF:08x}"


def bits_text(value: int, length: int) -> str:
    """Return a bit field's value.

    >>> bits_text(5, 3), bits_text(0, 5), bits_text(0xD0, 8)
    ('0y101', '0y00000 (0)', '0y11010000 (0xd0)')
    """
    digits = f"0y{value:0{length}b}"
    return f"{digits} ({value:#x})".replace("(0x0)", "(0)") if length >= _BITS_WITH_NUMBER else digits


def position(bits: tuple[int, int]) -> str:
    """Return where a bit field lies: ``Pos 11, 5 Bits``."""
    return f"Pos {bits[0]}, {bits[1]} Bit{'s' if bits[1] != 1 else ''}"


def character(value: int, *, signed: bool) -> str:
    """Return a character: signed ones in decimal, others in hexadecimal unless zero.

    >>> character(0, signed=False), character(0x37, signed=False), character(-8, signed=True)
    ("0 ''", "0x37 '7'", "-8 ''")
    """
    shown = chr(value) if 0x20 <= value < 0x7F else ""
    return f"{value if signed or not value else hex(value)} '{shown}'"


def type_text(field: Field, types: TypeDatabase, *, verbose: bool = False, blocks: bool = False) -> str:
    """Return the type of *field* as a listing without values shows it.

    :param verbose: with the sizes of structures, as ``-v``
    :param blocks: as ``-b``, which does not say what a pointer points to
    """
    if field.bits is not None:
        return ("Bitfield " if verbose else "") + position(field.bits)
    return spelled(field.type, types, verbose=verbose, blocks=blocks)


def spelled(type: Type, types: TypeDatabase, *, verbose: bool = False, blocks: bool = False) -> str:
    """Return *type* as a listing shows it: :func:`dt_spelling`, and a blank behind a function."""
    front = ""
    for _ in range(_DEEPEST):
        if isinstance(type, Array):
            front += f"[{type.count}] "
            type = type.element
        elif isinstance(type, Pointer) and blocks:
            return f"{front}Ptr{type.size * 8} "
        elif isinstance(type, Pointer) and not isinstance(type.target, Function):
            front += f"Ptr{type.size * 8} {'to ' if verbose else ''}"
            type = type.target
        else:
            break
    if verbose and isinstance(type, (Struct, Enum, Reference)):
        return front + sized(type, types)
    text = dt_spelling(type)
    return f"{front}{text} " if isinstance(type, Pointer) and "     " in text else front + text


def sized(type: Struct | Enum | Reference, types: TypeDatabase) -> str:
    """Return a structure with its size as ``-v`` shows it: ``struct _KEVENT, 1 elements, 0x10 bytes``."""
    found = types.find(type.name) if isinstance(type, Reference) else type
    name = dt_spelling(type)
    if isinstance(found, Enum):
        return f"Enum {name},  {len(found.members)} total enums"
    if found is None:
        return f"{type.kind} {name}" if isinstance(type, Reference) else name
    return f"{found.kind} {name}, {len(found.fields)} elements, {found.size:#x} bytes"


class Values:
    """Shows values out of one space, in one way.

    :param verbose: with the sizes of structures, as ``-v``
    :param blocks: as ``-b``, which does not say what a pointer points to
    :param names: says what is at the address of a function, ``nt!IopInvalidDeviceRequest+0``, or ``""``
    """

    def __init__(
        self,
        space: Space,
        *,
        verbose: bool = False,
        blocks: bool = False,
        names: Callable[[int], str] | None = None,
    ) -> None:
        self.space = space
        self.verbose = verbose
        self.blocks = blocks
        self.names = names
        self.pointer_size = space.types.pointer_size

    def field(self, parent: Object, field: Field, *, named: bool = True) -> Shown:
        """Show a member of *parent*; without the name of its type unless *named*."""
        type = _characters(parent.type_, field)
        value = read_at(self.space, parent, field.offset, type, field.bits)
        if field.bits is not None and isinstance(value, int):
            return Shown(bits_text(value, field.bits[1]), int(value))
        return self.shown(type, value, named=named)

    def at(self, type: Type, address: int, *, named: bool = True) -> Shown:
        """Show the *type* at *address*."""
        return self.shown(type, read_at(self.space, None, address, type, None), named=named)

    def shown(self, type: Type, value: Any, *, named: bool = True, depth: int = 0) -> Shown:
        """Show *value*, which was read as a *type*."""
        if isinstance(value, Absent):
            unknown = isinstance(type, Reference) and self.space.types.find(type.name) is None
            # What a structure is can be said without its members.
            return Shown(dt_spelling(type)) if unknown and named else Shown(str(value), value)
        if isinstance(type, Reference):
            type = self.space.types.find(type.name) or type
        if isinstance(type, Pointer):
            return self._pointer(type, value, depth)
        if isinstance(type, Array):
            return self._array(type, value, depth)
        if isinstance(type, Enum):
            return Shown(f"{_signed(int(value))} {_member(value)}", int(value))
        if isinstance(type, Base):
            return _base(type, value)
        if isinstance(type, Struct):
            content = self.content(value)
            name = (sized(type, self.space.types) if self.verbose else dt_spelling(type)) if named else ""
            return Shown(f"{name} {content.text}" if name and content.text else name or content.text, content.value)
        return Shown(dt_spelling(type))

    def content(self, thing: Object) -> Shown:
        """Show what a structure of a few well-known types holds; nothing for others."""
        name = thing.type_.name if isinstance(thing.type_, Struct) else ""
        members = thing.plan_.members
        if name in _STRINGS and {"Length", "Buffer"} <= members.keys():
            text = text_of(thing)
            return Shown(str(text), text) if isinstance(text, Absent) else Shown(f'"{printable(text)}"', text)
        if name in _LINKS and {"Flink", "Blink"} <= members.keys():
            return self._links(thing)
        if name in _LARGE and "QuadPart" in members:
            value = thing.QuadPart
            if isinstance(value, Absent):
                return Shown(str(value), value)
            return Shown(hexadecimal(value & 0xFFFFFFFFFFFFFFFF), Hex(value & 0xFFFFFFFFFFFFFFFF))
        if name in _GUIDS and thing.size_ == 16:
            data = thing.bytes_()
            return Shown(str(data), data) if isinstance(data, Absent) else Shown(guid(data), guid(data))
        return Shown("")

    def _links(self, thing: Object) -> Shown:
        links = thing.Flink, thing.Blink
        for link in links:
            if isinstance(link, Absent):
                return Shown(str(link), link)
        # On x86 without leading zeros, whatever else does with an address.
        texts = [f"0x{int(link):x}" if self.pointer_size == 4 else pointer(int(link), 8) for link in links]
        return Shown(f"[ {texts[0]} - {texts[1]} ]", tuple(self.space.address(int(link)) for link in links))

    def _pointer(self, type: Pointer, value: Object, depth: int) -> Shown:
        to = value.pointer_ if value.pointer_ is not None else self.space.address(0)
        if not to:
            return Shown("(null) ", to)
        text, target = pointer(to, type.size), type.target
        if character_size(target):
            content = text_of(value)
            return Shown(f"{text}  {content if isinstance(content, Absent) else _quoted(content)}", to)
        if self.blocks:
            return Shown(f"{text} ", to)
        if isinstance(target, Function):
            returns = dt_spelling(type).partition("     ")[2]
            name = (self.names(to) if self.names else "") or f"+{int(to):x}"
            return Shown(f"{text}     {returns}  {name}" if returns else f"{text} {name}", to)
        if isinstance(target, (Reference, Struct)):
            return Shown(f"{text} {self._target(target, value)}", to)
        if isinstance(target, Pointer) or (isinstance(target, Base) and target.size):
            if depth:
                return Shown(f"{text} ", to)
            inner = self.shown(target, read_at(self.space, None, to, target, None), depth=1)
            return Shown(f"{text}  -> {inner.text}", to)
        return Shown(f"{text} {dt_spelling(target)}", to)

    def _target(self, target: Reference | Struct, value: Object) -> str:
        """Return what a pointer points to: its type, and what it holds where that is one of a few well-known types."""
        found = self.space.types.find(target.name) if isinstance(target, Reference) else target
        name = sized(target, self.space.types) if self.verbose else dt_spelling(target)
        if not isinstance(found, Struct) or found.name not in (*_STRINGS, *_LINKS, *_LARGE, *_GUIDS):
            return name
        content = self.content(value.deref_())
        return f"{name} {content.text}" if content.text else name

    def _array(self, type: Array, value: Object, depth: int) -> Shown:
        front = f"[{type.count}] "
        if character_size(type.element):
            text = text_of(value)
            return Shown(f"{front} {text if isinstance(text, Absent) else _quoted(text)}", text)
        if not type.count or depth > _DEEPEST or size_of(type, self.space.types) is None:
            return Shown(front + spelled(type.element, self.space.types))
        first = self.shown(type.element, read_at(self.space, None, value.address_, type.element, None), depth=depth + 1)
        return Shown(front + first.text, first.value)


def _characters(parent: Type, field: Field) -> Type:
    """Return the type of *field*; of a counted string's buffer one of characters.

    Symbols of kernels before Windows 8 call these unsigned shorts, and debuggers print text all the same.
    """
    type = field.type
    counted = field.name == "Buffer" and isinstance(parent, Struct) and parent.name in _STRINGS
    if counted and isinstance(type, Pointer) and type.target == BASES["Uint2B"]:
        return Pointer(BASES["Wchar"], type.size)
    return type


def guid(data: bytes) -> str:
    """Return 16 bytes as a GUID in braces."""
    a, b, c = (
        int.from_bytes(data[:4], "little"),
        int.from_bytes(data[4:6], "little"),
        int.from_bytes(data[6:8], "little"),
    )
    return f"{{{a:08x}-{b:04x}-{c:04x}-{data[8:10].hex()}-{data[10:16].hex()}}}"


def _base(type: Base, value: Any) -> Shown:
    if type.name in ("Char", "UChar", "Wchar"):
        return Shown(character(value, signed=type.name == "Char"), int(value))
    if type.name in ("Float", "Double"):
        text = f"{value:.8g}" if type.size == 4 else f"{value:.17g}"
        return Shown(text, value if abs(value) < float("inf") else text)  # JSON has no words for the others
    if type.name.startswith("Int"):
        return Shown(f"0n{value}", int(value))
    return Shown(number(value), Hex(value))


def _signed(value: int) -> str:
    return number(value) if value >= 0 else f"0n{value}"


def _member(value: Any) -> str:
    return f"( {printable(value.name)} )" if value.name else "(No matching name)"


def _quoted(text: str) -> str:
    """Return characters in quotation marks; those that are none are question marks, as dt prints them."""
    return '"' + "".join(c if " " <= c < "\x7f" or (c.isprintable() and c != "\ufffd") else "?" for c in text) + '"'
