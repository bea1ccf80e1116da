"""Types written out as ISF and as plain JSON; :mod:`dumpwalk.types.export_c` writes C."""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.types.merge import references
from dumpwalk.types.model import VOID, Array, Base, Enum, Function, Pointer, Struct
from dumpwalk.types.spelling import dt_spelling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from dumpwalk.types.model import Field, Type, TypeDatabase

_DEEPEST = 60
# As Volatility 3 names them: kind, name, signed.
_ISF_BASES = {
    "Void": ("void", "void", True),
    "Char": ("char", "char", True),
    "UChar": ("char", "unsigned char", False),
    "Wchar": ("int", "wchar", True),
    "Bool": ("bool", "bool", False),
    "Int1B": ("int", "int8", True),
    "Uint1B": ("int", "unsigned int8", False),
    "Int2B": ("int", "short", True),
    "Uint2B": ("int", "unsigned short", False),
    "Int4B": ("int", "long", True),
    "Uint4B": ("int", "unsigned long", False),
    "Int8B": ("int", "long long", True),
    "Uint8B": ("int", "unsigned long long", False),
    "Int16B": ("int", "int128", True),
    "Uint16B": ("int", "unsigned int128", False),
    "Float": ("float", "float", True),
    "Double": ("float", "double", True),
    "Float10": ("float", "long double", True),
    "HRESULT": ("int", "HRESULT", False),
}
_MACHINE_TYPES = {"x86": 0x14C, "x64": 0x8664, "arm64": 0xAA64}  # IMAGE_FILE_MACHINE_*


def closed(database: TypeDatabase, names: Iterable[str]) -> dict[str, Struct | Enum]:
    """Return the types called *names* and all that they contain, by name.

    :raises TypeInfoError: when there is no type of one of the names
    """
    found: dict[str, Struct | Enum] = {}
    queue = list(names)
    for name in queue:
        if database.find(name) is None:
            raise TypeInfoError(f"{database.name} has no type {name}")
    while queue:
        name = queue.pop()
        type = None if name in found else database.find(name)
        if type is not None:
            found[name] = type
            queue += [r.name for r in references(type, by_value=True)]
    return dict(sorted(found.items()))


def to_isf(
    database: TypeDatabase,
    names: Iterable[str],
    symbols: Iterable[tuple[str, int]] = (),
    *,
    guid: str = "",
    age: int = 0,
    pdb: str = "",
    machine: str = "",
) -> str:
    """Return the types called *names*, and all that they contain, as an ISF document (format 6.1.0).

    What ISF has no place for is lost: the order of members at one offset, what
    functions return, what is guessed.

    :param symbols: names and RVAs
    :param guid: of the PDB the types come from, with its *age*, name and *machine* (``x64``); ``""`` leaves them out
    :raises TypeInfoError: when there is no type of one of the names
    """
    import json

    from dumpwalk import __version__

    writer = _Isf(database.pointer_size)
    for name, type in closed(database, names).items():
        writer.add(name, type)
    metadata: dict[str, Any] = {"format": "6.1.0", "producer": {"name": "dumpwalk", "version": __version__}}
    if guid:
        machine_type = _MACHINE_TYPES.get(machine, 0x8664 if database.pointer_size == 8 else 0x14C)
        metadata["windows"] = {"pdb": {"GUID": guid, "age": age, "database": pdb, "machine_type": machine_type}}
    whole = {
        "metadata": metadata,
        "base_types": writer.bases,
        "user_types": writer.user_types,
        "enums": writer.enums,
        "symbols": {name: {"address": rva} for name, rva in symbols},
    }
    return json.dumps(whole, sort_keys=True, indent=1)


class _Isf:
    """Collects an ISF document's parts; unnamed types get the numbers of their first use."""

    def __init__(self, pointer_size: int) -> None:
        pointer = {"size": pointer_size, "signed": False, "kind": "int", "endian": "little"}
        self.bases: dict[str, Any] = {"pointer": pointer}
        self.user_types: dict[str, Any] = {}
        self.enums: dict[str, Any] = {}
        self._unnamed: dict[Struct | Enum, str] = {}
        self.form(Base("Int4B", 4))  # enumerations are based on it
        self.form(Base("Void", 0))

    def add(self, name: str, type: Struct | Enum) -> None:
        """Add a type under a name."""
        if isinstance(type, Enum):
            base = {1: "Char", 2: "Int2B", 8: "Int8B"}.get(type.size, "Int4B")
            form = self.form(Base(base, type.size))
            self.enums[name] = {"size": type.size, "base": form["name"], "constants": dict(type.members)}
            return
        self.user_types[name] = {"kind": type.kind, "size": type.size, "fields": {}}
        for field in type.fields:
            form = self.form(field.type)
            if field.bits:
                form = {"kind": "bitfield", "bit_position": field.bits[0], "bit_length": field.bits[1], "type": form}
            self.user_types[name]["fields"][field.name] = {"offset": field.offset, "type": form}

    def form(self, type: Type) -> dict[str, Any]:
        """Return the type descriptor of *type*."""
        if isinstance(type, Pointer):
            return {"kind": "pointer", "subtype": self.form(type.target)}
        if isinstance(type, Array):
            return {"kind": "array", "count": type.count, "subtype": self.form(type.element)}
        if isinstance(type, Function):
            return {"kind": "function"}
        if isinstance(type, Base):
            type = type if type.size else VOID  # what a source calls a type that is none
            kind, name, signed = _ISF_BASES.get(type.name, ("int", type.name, False))
            self.bases[name] = {"size": type.size, "signed": signed, "kind": kind, "endian": "little"}
            return {"kind": "base", "name": name}
        kind = "enum" if isinstance(type, Enum) else type.kind
        if type.name:
            return {"kind": kind, "name": type.name}
        assert isinstance(type, (Enum, Struct))
        if type not in self._unnamed:
            self._unnamed[type] = f"__unnamed_{len(self._unnamed) + 0x1000:04x}"
            self.add(self._unnamed[type], type)
        return {"kind": kind, "name": self._unnamed[type]}


def to_json(
    database: TypeDatabase,
    names: Iterable[str],
    symbols: Iterable[tuple[str, int]] = (),
    typedefs: Mapping[str, Type] | None = None,
) -> str:
    """Return the types called *names*, and all that they contain, as a JSON document.

    ::

        {"profile": "nt/19041.3570-x64",        the database's name
         "pointer_size": 8,                     in bytes
         "types": {
           "_LIST_ENTRY": {
             "kind": "struct",                  struct, union, class or enum
             "size": 16,                        in bytes
             "source": "...",                   where the type comes from
             "fields": [                        in declaration order, as far as it is known
               {"name": "Flink",
                "offset": 0,                    in bytes
                "type": "Ptr64 _LIST_ENTRY",    as dt spells it
                "bits": [3, 29],                position and length; bit fields only
                "guessed": "order",             what of it is a guess: order, sign or type; only where something is
                "kind": "struct", "size": 8, "fields": [...]}]},     only where the type has no name: what it is
           "_POOL_TYPE": {"kind": "enum", "size": 4, "source": "...", "members": [{"name": "PagedPool", "value": 1}]}},
         "typedefs": {"HANDLE": {"type": "Ptr64 Void"}},             with "kind", "size", ... as in a field
         "symbols": {"KdVersionBlock": "0xc00a28"}}                  RVAs

    :param typedefs: what names stand for
    :raises TypeInfoError: when there is no type of one of the names
    """
    import json

    types: dict[str, Any] = {}
    for name, type in closed(database, names).items():
        shape = _shape(type)
        types[name] = {"kind": shape["kind"], "size": shape["size"], "source": database.source(name), **shape}
    whole = {
        "profile": database.name,
        "pointer_size": database.pointer_size,
        "types": types,
        "typedefs": {name: _spelled(type) for name, type in (typedefs or {}).items()},
        "symbols": {name: hex(rva) for name, rva in symbols},
    }
    return json.dumps(whole, indent=1)


def _shape(type: Struct | Enum) -> dict[str, Any]:
    if isinstance(type, Enum):
        return {"kind": "enum", "size": type.size, "members": [{"name": n, "value": v} for n, v in type.members]}
    return {"kind": type.kind, "size": type.size, "fields": [_field(f) for f in type.fields]}


def _field(field: Field) -> dict[str, Any]:
    found: dict[str, Any] = {"name": field.name, "offset": field.offset, "type": dt_spelling(field.type)}
    if field.bits:
        found["bits"] = list(field.bits)
    if field.guessed:
        found["guessed"] = field.guessed
    return found | _unnamed(field.type)


def _spelled(type: Type) -> dict[str, Any]:
    return {"type": dt_spelling(type).rstrip(), **_unnamed(type)}


def _unnamed(inner: Type) -> dict[str, Any]:
    """Return the shape of a type that has no name, or of what it consists of or points to."""
    while isinstance(inner, (Pointer, Array)):
        inner = inner.target if isinstance(inner, Pointer) else inner.element
    return _shape(inner) if isinstance(inner, (Struct, Enum)) and not inner.name else {}
