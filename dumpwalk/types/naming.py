"""A type by what a user calls it: ``nt!_EPROCESS``, ``ULONG``, ``HANDLE``, ``Ptr64 Void``, ``CHAR[8]``."""

from __future__ import annotations

from dumpwalk.errors import FormatError, TypeInfoError
from dumpwalk.types.model import VOID, Array, Base, Enum, Pointer, Reference, Struct
from dumpwalk.types.spelling import from_dt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from dumpwalk.types.model import Type, TypeDatabase

# C's names for the base types, which symbols keep as typedefs (winnt.h, basetsd.h) and a type database does not.
_TYPEDEFS = {
    **dict.fromkeys(("CHAR", "CCHAR"), "Char"),
    **dict.fromkeys(("UCHAR", "BYTE", "BOOLEAN"), "UChar"),
    **dict.fromkeys(("WCHAR", "wchar_t"), "Wchar"),
    "SHORT": "Int2B",
    **dict.fromkeys(("USHORT", "WORD"), "Uint2B"),
    **dict.fromkeys(("LONG", "INT", "NTSTATUS", "HRESULT", "BOOL"), "Int4B"),
    **dict.fromkeys(("ULONG", "UINT", "DWORD"), "Uint4B"),
    **dict.fromkeys(("LONGLONG", "LONG64"), "Int8B"),
    **dict.fromkeys(("ULONGLONG", "ULONG64", "DWORD64", "QWORD"), "Uint8B"),
}
# Those whose size is a pointer's.
_POINTERS = ("HANDLE", "PVOID", "LPVOID")
_AS_LARGE = {
    **dict.fromkeys(("ULONG_PTR", "SIZE_T", "DWORD_PTR", "UINT_PTR", "KAFFINITY"), "Uint"),
    **dict.fromkeys(("LONG_PTR", "SSIZE_T", "INT_PTR"), "Int"),
}
_DEEPEST = 32  # typedefs of typedefs
_DIGITS = 12  # of a subscript


def subscript(word: str) -> tuple[str, int | None]:
    """Return *word* without its subscript, and that. A subscript is decimal whatever the radix.

    >>> subscript("CHAR[8]"), subscript("u"), subscript("x[0x3]")
    (('CHAR', 8), ('u', None), ('x[0x3]', None))
    """
    bare, open, rest = word.partition("[")
    number, close, after = rest.partition("]")
    if open and close and number.isascii() and number.isdecimal() and len(number) <= _DIGITS:
        return bare + after, int(number)
    return word, None


def find_type(types: TypeDatabase, name: str) -> Type:
    """Return the type called *name*: ``nt!_EPROCESS``, ``ULONG``, ``Ptr64 Void``, or an array of one, ``CHAR[8]``.

    :raises TypeInfoError: when there is none
    """
    bare, count = subscript(name.rpartition("!")[2])
    found: Type | None = types.find(bare) or find_typedef(types, bare) or types.find(f"_{bare}")
    if found is None:
        lower = bare.lower()
        found = next((types.find(n) for n in types.names() if n.lower() == lower), None)
    if found is None:
        found = _well_known(bare, types.pointer_size)
    if found is None and (" " in bare or bare[-1:] == "B"):
        try:
            found = from_dt(bare, types.pointer_size)
        except FormatError as error:
            raise TypeInfoError(str(error)) from error
    if found is None:
        from difflib import get_close_matches

        close = get_close_matches(bare, list(types.names()), 1)
        raise TypeInfoError(f"no type {bare} in {types.name}{f'; did you mean {close[0]}?' if close else ''}")
    return found if count is None else Array(found, count)


def find_typedef(types: TypeDatabase, name: str) -> Type | None:
    """Return what the typedef *name* stands for, where *types* have it: the structure itself where it is one.

    A structure that has no other name gets this one.
    """
    look_up: Callable[[str], Type | None] | None = getattr(types, "typedef", None)
    found = look_up(name) if look_up is not None else None
    for _ in range(_DEEPEST):
        if not isinstance(found, Reference):
            break
        # A typedef of a structure that is nowhere defined is no type that could be shown.
        found = types.find(found.name)
    if isinstance(found, Struct) and not found.name:
        return Struct(name, found.kind, found.size, found.fields)
    return Enum(name, found.size, found.members) if isinstance(found, Enum) and not found.name else found


def _well_known(name: str, pointer_size: int) -> Type | None:
    if name in _POINTERS:
        return Pointer(VOID, pointer_size)
    if name in _AS_LARGE:
        return Base(f"{_AS_LARGE[name]}{pointer_size}B", pointer_size)
    return from_dt(_TYPEDEFS[name], pointer_size) if name in _TYPEDEFS else None


def module_of(types: TypeDatabase) -> str:
    """Return the module that types are of: ``driver`` of ``driver/1.0`` and ``driver.pdb``, else ``nt``."""
    module, slash, _ = types.name.partition("/")
    if not slash and module.lower().endswith((".h", ".pdb", ".pd_")):
        module, slash, _ = module.rpartition(".")
    return module if slash and module.isidentifier() else "nt"
