"""A type as text: the way ``dt`` spells it, and as a C declaration.

``dt``'s spelling is also read back. A pointer to a function shows what the
function returns, behind five blanks and in C's words; where the source of the
type doesn't say that, nothing stands there: ``Ptr64`` alone.
"""

from __future__ import annotations

from dumpwalk.errors import FormatError
from dumpwalk.types.model import BASES, Array, Base, Enum, Function, Pointer, Reference, Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from dumpwalk.types.model import Type

UNNAMED = "<unnamed-tag>"
# Debuggers before and after said it in other words.
_UNNAMED = (UNNAMED, "<anonymous-tag>", "<unnamed-type>", "<anonymous-type>", "__unnamed")
_DEEPEST = 64  # no declaration is, and a hostile one must not exhaust the stack

# Compilers note it in PDBs as a type of its own; it is a LONG (winerror.h), and dt spells it so.
HRESULT = Base("HRESULT", 4)
# The base types in C; what a compiler has no word for is spelled as bytes.
C_NAMES = {
    "Void": "void",
    "Char": "char",
    "UChar": "unsigned char",
    "Wchar": "wchar_t",
    "Bool": "_Bool",
    "Int1B": "signed char",
    "Uint1B": "unsigned __int8",
    "Int2B": "short",
    "Uint2B": "unsigned short",
    "Int4B": "long",
    "Uint4B": "unsigned long",
    "Int8B": "long long",
    "Uint8B": "unsigned long long",
    "Int16B": "__int128",
    "Uint16B": "unsigned __int128",
    "Float": "float",
    "Double": "double",
    "HRESULT": "long",
}
# What a function returns, in the words of dt (dbghelp's, as seen in listings).
_RETURNED = C_NAMES | {"Bool": "bool", "Int8B": "int64", "Uint8B": "unsigned int64", "HRESULT": "HRESULT"}
_RETURNS = {
    **{spelling: BASES[name] for name, spelling in _RETURNED.items() if name in BASES},
    "HRESULT": HRESULT,
    "int": BASES["Int4B"],
    "unsigned int": BASES["Uint4B"],
    **dict.fromkeys(("long long", "__int64"), BASES["Int8B"]),
    **{f"unsigned {word}": BASES["Uint8B"] for word in ("long long", "__int64")},
    "wchar": BASES["Wchar"],
}


def dt_spelling(type: Type) -> str:
    """Return *type* as ``dt`` spells it.

    >>> dt_spelling(Array(Pointer(Reference("struct", "_KTHREAD"), 8), 4))
    '[4] Ptr64 _KTHREAD'
    >>> dt_spelling(Pointer(Function(BASES["Int4B"]), 8))
    'Ptr64     long'
    """
    if isinstance(type, Pointer):
        head = f"Ptr{type.size * 8}"
        if isinstance(type.target, Function):
            return f"{head}     {_returned(type.target)}".rstrip()
        return f"{head} {dt_spelling(type.target)}"
    if isinstance(type, Array):
        return f"[{type.count}] {dt_spelling(type.element)}"
    if isinstance(type, Function):
        return f"    {_returned(type)}".rstrip()
    return type.name or UNNAMED


def _returned(function: Function) -> str:
    """Return what *function* returns, in C: ``long``, ``void*``, ``_EXCEPTION_DISPOSITION``."""
    type = function.returns
    if type is None:
        return ""
    stars = ""
    while isinstance(type, Pointer):
        stars += "*"
        type = type.target
    if isinstance(type, Function):  # one that returns a pointer to another: dt gives up on the parameters, so do we
        return f"<function>{stars}"
    if isinstance(type, Array):
        return dt_spelling(type) + stars
    return (_RETURNED.get(type.name, type.name) if isinstance(type, Base) else type.name or UNNAMED) + stars


def from_dt(text: str, pointer_size: int = 8, kind: Callable[[str], str] | None = None) -> Type:
    """Return the type that ``dt`` spells *text*.

    :param pointer_size: of the machine, for the ``Ptr`` without a size of old debuggers, and for what functions return
    :param kind: says whether a name is a ``struct``, ``union``, ``class`` or ``enum``, which the
        spelling doesn't; ``struct`` when not given
    :raises FormatError: when it is no type

    >>> from_dt("[2] Ptr32 Void")
    Array(element=Pointer(target=Base(name='Void', size=0), size=4), count=2)
    """
    return _from_dt(text, text.strip(), pointer_size, kind or (lambda _: "struct"), 0)


def _from_dt(whole: str, text: str, pointer_size: int, kind: Callable[[str], str], depth: int) -> Type:
    if depth > _DEEPEST:
        raise FormatError(f"{whole[:60]!r}...: no type is nested so deeply")
    if text.startswith("["):
        count, closed, rest = text[1:].partition("]")
        if not closed or not (count.isascii() and count.isdigit()) or len(count) > 10 or not rest.strip():
            raise FormatError(f"{whole!r} is not a type: [count] and what there are so many of")
        return Array(_from_dt(whole, rest.strip(), pointer_size, kind, depth + 1), int(count))
    head, _, rest = text.partition(" ")
    if head in ("Ptr32", "Ptr64", "Ptr"):
        size = {"Ptr32": 4, "Ptr64": 8}.get(head, pointer_size)
        if not rest or rest.startswith("   "):
            return Pointer(Function(_from_c(whole, rest.strip(), size, kind) if rest.strip() else None), size)
        return Pointer(_from_dt(whole, rest.strip(), pointer_size, kind, depth + 1), size)
    if text in _UNNAMED:
        return Struct("", "struct", 0, ())
    if text in BASES or text == "HRESULT":
        return BASES.get(text, HRESULT)
    return Reference(kind(_name(whole, text)), text)


def _from_c(whole: str, text: str, pointer_size: int, kind: Callable[[str], str]) -> Type:
    name = text.rstrip("* ")
    stars = text[len(name) :].count("*")
    if stars > _DEEPEST:
        raise FormatError(f"{whole[:60]!r}...: no type is nested so deeply")
    type: Type
    if name == "<function>":
        type = Function(None)
    elif name in _UNNAMED:
        type = Struct("", "struct", 0, ())
    else:
        type = _RETURNS.get(name) or BASES.get(name) or Reference(kind(_name(whole, name)), name)
    for _ in range(stars):
        type = Pointer(type, pointer_size)
    return type


def _name(whole: str, text: str) -> str:
    """Return *text* if it can be the name of a type; C++ names have ``::``, ``<``, ``,`` and blanks within ``<>``."""
    plain, _, arguments = text.partition("<")
    if not text.isprintable() or not (plain or arguments) or any(c in " [];{}" for c in plain):
        raise FormatError(f"{whole!r} is not a type as dt spells it")
    return text


def c_declaration(type: Type, name: str, spell: Callable[[Type], str] | None = None) -> str:
    """Return the C declaration of *name* as a *type*.

    :param spell: returns what stands before the name for a base, reference, enumeration or structure;
        :func:`c_name` when not given

    >>> c_declaration(Array(Pointer(Function(BASES["Void"]), 8), 28), "MajorFunction")
    'void (*MajorFunction[28])(void)'
    """
    spell = spell or c_name
    declarator = name
    while isinstance(type, (Pointer, Array, Function)):
        if isinstance(type, Pointer):
            declarator = f"*{declarator}"
            type = type.target
            if isinstance(type, (Array, Function)):
                declarator = f"({declarator})"
        elif isinstance(type, Array):
            declarator = f"{declarator}[{type.count}]"
            type = type.element
        else:
            declarator = f"{declarator}(void)"
            type = type.returns or BASES["Void"]
    return f"{spell(type)} {declarator}".rstrip()


def c_name(type: Type) -> str:
    """Return what C calls a base type, or a structure or enumeration by its tag.

    >>> c_name(BASES["Uint8B"]), c_name(Reference("class", "_X"))
    ('unsigned long long', 'struct _X')
    """
    if isinstance(type, Base):
        return C_NAMES.get(type.name, f"/* {type.name} */ unsigned char")
    kind = "enum" if isinstance(type, Enum) else type.kind if isinstance(type, (Reference, Struct)) else ""
    tag = type.name if isinstance(type, (Enum, Reference, Struct)) else ""
    return f"{kind.replace('class', 'struct')} {tag}".strip()
