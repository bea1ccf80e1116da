"""Volatility 3's symbol files (ISF): JSON, often compressed, with the types and symbols of one module.

The format is described by the JSON schemas that Volatility 3 publishes
(``schema-6.x.0.json``). What an ISF file does not say:

* the order in which members were declared. Here they are in the order of
  their offsets, at one offset the larger first, then by bit position and name;
  fields whose order is so chosen are marked as guessed.
* what functions return.
* which structures have no name; they are called ``__unnamed_12ab`` and are put
  back where they are used.

The file is parsed when opened, a type is converted and checked when asked for.
"""

from __future__ import annotations

from dumpwalk.errors import FormatError
from dumpwalk.types.model import BASES, VOID, Array, Base, Enum, Field, Function, Pointer, Reference, Struct
from dumpwalk.types.spelling import HRESULT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from dumpwalk.types.model import Type

# A hundred times what the symbols of a kernel take, decompressed ten times.
_LIMIT = 1 << 28
_STEP = 1 << 20
# Types in types, and how many structures one may be made of when its unnamed parts are put in place.
_DEEPEST = 50
_MOST_FIELDS = 100_000
_WIDEST = 1 << 40
_UNNAMED = ("__unnamed", "__anonymous_", "<unnamed-", "<anonymous-", "<unnamed>")
# Base types that are more than their kind and size.
_BY_NAME = {
    "wchar": BASES["Wchar"],
    "wchar_t": BASES["Wchar"],
    "HRESULT": HRESULT,
}
_BY_KIND = {
    ("char", True, 1): BASES["Char"],
    ("char", False, 1): BASES["UChar"],
    **{("int", sign == "Int", size): BASES[f"{sign}{size}B"] for sign in ("Int", "Uint") for size in (1, 2, 4, 8, 16)},
    **{("float", sign, b.size): b for sign in (True, False) for b in map(BASES.__getitem__, ("Float", "Double"))},
    **{("float", sign, 10): BASES["Float10"] for sign in (True, False)},
    **{("bool", sign, 1): BASES["Bool"] for sign in (True, False)},
}
_MACHINES = {0x14C: "x86", 0x8664: "x64", 0xAA64: "arm64", 0x1C4: "arm"}  # IMAGE_FILE_MACHINE_*


def unpacked(data: bytes, where: str = "the file", limit: int = _LIMIT) -> bytes:
    """Return *data* decompressed if it begins as an xz, gzip or bzip2 file does, else as it is.

    :raises FormatError: when it is damaged, or more than *limit* bytes come out
    """
    import zlib

    unpacker: Any
    errors: tuple[type[Exception], ...]
    if data.startswith(b"\xfd7zXZ\0"):
        import lzma

        unpacker, errors = lzma.LZMADecompressor(memlimit=1 << 28), (lzma.LZMAError,)
    elif data.startswith(b"BZh"):
        import bz2

        unpacker, errors = bz2.BZ2Decompressor(), (OSError,)
    elif data.startswith(b"\x1f\x8b"):
        unpacker, errors = zlib.decompressobj(31), (zlib.error,)
    else:
        return data
    parts: list[bytes] = []
    size = 0
    try:
        while not unpacker.eof:
            part = unpacker.decompress(data, _STEP)
            # bz2 and lzma keep what is left of the input; zlib hands it back
            data = getattr(unpacker, "unconsumed_tail", b"")
            parts.append(part)
            size += len(part)
            if size > limit:
                raise FormatError(f"{where}: more than {limit >> 20} MiB when decompressed")
            if not part and not data and not unpacker.eof:
                raise FormatError(f"{where}: the compressed data end too early")
    except errors as error:
        raise FormatError(f"{where}: the compressed data are damaged ({error})") from error
    return b"".join(parts)


class IsfDatabase:
    """The types and symbols of an ISF file.

    :ivar guid: of the PDB they come from, 32 hex digits, ``""`` when the file doesn't say
    :ivar age: the PDB's, 0 when the file doesn't say
    :ivar machine: ``x86``, ``x64``, ``arm64``, ``""`` when the file doesn't say
    :ivar pdb: the PDB's name, ``ntkrnlmp.pdb``
    """

    def __init__(self, content: object, name: str = "isf") -> None:
        """:raises FormatError: when *content* is not what an ISF file holds."""
        self.name = name
        whole = _object(content, name)
        metadata = _object(whole.get("metadata"), f"{name}: metadata")
        version = metadata.get("format")
        if not isinstance(version, str) or version.partition(".")[0] not in ("4", "5", "6"):
            raise FormatError(f"{name}: metadata/format: {str(version)[:20]!r} is no ISF version we know (4 to 6)")
        parts = ("base_types", "user_types", "enums", "symbols")
        self._bases, self._user_types, self._enums, self._symbols = (
            _object(whole.get(part), f"{name}: {part}") for part in parts
        )
        pointer = self._bases.get("pointer", {"size": 8})
        self.pointer_size = _number(
            _object(pointer, f"{name}: base_types/pointer"), "size", f"{name}: base_types/pointer", 8
        )
        if self.pointer_size not in (4, 8):
            raise FormatError(f"{name}: base_types/pointer: pointers of {self.pointer_size} bytes")
        self._read_origin(metadata)
        self._found: dict[str, Struct | Enum] = {}
        self._weights: dict[str, int] = {}

    def _read_origin(self, metadata: dict[str, Any]) -> None:
        windows = metadata.get("windows")
        pdb = windows.get("pdb") if isinstance(windows, dict) else None
        pdb = pdb if isinstance(pdb, dict) else {}
        guid, age, machine = pdb.get("GUID"), pdb.get("age"), pdb.get("machine_type")
        digits = guid.replace("-", "").strip("{}").upper() if isinstance(guid, str) else ""
        self.guid = digits if len(digits) == 32 and set(digits) <= set("0123456789ABCDEF") else ""
        self.age = age if type(age) is int and 0 <= age < 1 << 32 else 0
        self.machine = _MACHINES.get(machine, "") if type(machine) is int else ""
        self.pdb = pdb["database"] if isinstance(pdb.get("database"), str) else ""

    def find(self, name: str) -> Struct | Enum | None:
        """Return the structure or enumeration called *name*, or ``None``.

        :raises FormatError: when the file describes it wrongly
        """
        if name not in self._user_types and name not in self._enums:
            return None
        return self._convert(name, ())

    def names(self) -> Iterable[str]:
        """Return the names of all structures and enumerations, sorted."""
        return sorted(n for n in self._user_types.keys() | self._enums.keys() if not n.startswith(_UNNAMED))

    def source(self, name: str) -> str:
        """Say where the type called *name* comes from."""
        return self.name

    def symbols(self) -> Iterator[tuple[str, int]]:
        """Yield the name and RVA of each symbol, as the file has them.

        :raises FormatError: when one has no address
        """
        for name, symbol in self._symbols.items():
            where = f"{self.name}: symbols/{name}"
            yield name, _number(_object(symbol, where), "address", where, (1 << 64) - 1)

    def _convert(self, name: str, within: tuple[str, ...]) -> Struct | Enum:
        if name in self._found:
            return self._found[name]
        if name in within or len(within) > _DEEPEST:
            raise FormatError(f"{self.name}: user_types/{within[0]}: it contains itself, or far too much ({name})")
        within = (*within, name)
        found = self._struct(name, within) if name in self._user_types else self._enum(name)
        self._found[name] = found
        return found

    def _enum(self, name: str) -> Enum:
        where = f"{self.name}: enums/{name}"
        enum = _object(self._enums[name], where)
        members: list[tuple[str, int]] = []
        for member, value in _object(enum.get("constants"), f"{where}/constants").items():
            if type(value) is not int or not -(1 << 63) <= value < 1 << 64:
                raise FormatError(f"{where}/constants/{member}: not a number")
            members.append((member, value))
        members.sort(key=lambda m: (m[1], m[0]))
        shown = "" if name.startswith(_UNNAMED) else name
        return Enum(shown, _number(enum, "size", where, 8), tuple(members))

    def _struct(self, name: str, within: tuple[str, ...]) -> Struct:
        where = f"{self.name}: user_types/{name}"
        struct = _object(self._user_types[name], where)
        kind = struct.get("kind")
        if kind not in ("struct", "union", "class"):
            raise FormatError(f"{where}: its kind is {str(kind)[:20]!r}")
        size = _number(struct, "size", where, _WIDEST)
        weight = 1
        fields: list[tuple[tuple[int, int, int, str], Field]] = []
        for field, described in _object(struct.get("fields"), f"{where}/fields").items():
            place = f"{where}/fields/{field}"
            described = _object(described, place)
            offset = _number(described, "offset", place, _WIDEST)
            form = _object(described.get("type"), f"{place}/type")
            bits = None
            if form.get("kind") == "bitfield":
                bits = (_number(form, "bit_position", place, 128), _number(form, "bit_length", place, 128))
                form = _object(form.get("type"), f"{place}/type/type")
            converted = self._type(form, place, within)
            length = self._size(converted, form)
            if bits and not sum(bits) <= 8 * max(length, 1):
                raise FormatError(f"{place}: bits {bits[0]} to {sum(bits)} of {length} bytes")
            while isinstance(form.get("subtype"), dict):
                form = form["subtype"]
            weight += 1 + self._weights.get(str(form.get("name")), 0)
            key = (offset, -length, -1 if bits is None else bits[0], field)
            fields.append((key, Field(field, offset, converted, bits)))
        if weight > _MOST_FIELDS:
            raise FormatError(f"{where}: it is made of more than {_MOST_FIELDS} fields")
        if name.startswith(_UNNAMED):
            self._weights[name] = weight
        fields.sort(key=lambda f: f[0])
        shown = "" if name.startswith(_UNNAMED) else name
        return Struct(shown, kind, size, tuple(_with_guesses([f for _, f in fields], [-k[1] for k, _ in fields])))

    def _size(self, type: Type, form: dict[str, Any]) -> int:
        """Return how many bytes *type* takes, 0 when that isn't known."""
        factor = 1
        while isinstance(type, Array):
            factor, type = factor * type.count, type.element
            form = form["subtype"]
        if isinstance(type, (Base, Pointer, Enum, Struct)):
            return factor * type.size
        name = str(form.get("name"))
        there = self._user_types.get(name) or self._enums.get(name)
        size = there.get("size") if isinstance(there, dict) else 0
        return factor * size if isinstance(size, int) else 0

    def _type(self, form: dict[str, Any], where: str, within: tuple[str, ...], depth: int = 0) -> Type:
        kind, name = form.get("kind"), form.get("name")
        if depth > _DEEPEST:
            raise FormatError(f"{where}: no type is nested so deeply")
        if kind == "function":
            return Function(None)
        if kind in ("pointer", "array"):
            inner = self._type(_object(form.get("subtype"), f"{where}/subtype"), where, within, depth + 1)
            if kind == "pointer":
                return Pointer(inner, self.pointer_size)
            return Array(inner, _number(form, "count", where, _WIDEST))
        if not isinstance(name, str):
            raise FormatError(f"{where}: a type of kind {str(kind)[:20]!r} without a name")
        if kind == "base":
            return self._base(name, where)
        if kind not in ("struct", "union", "class", "enum"):
            raise FormatError(f"{where}: no type is of kind {str(kind)[:20]!r}")
        if name.startswith(_UNNAMED) and (name in self._user_types or name in self._enums):
            return self._convert(name, within)
        return Reference(kind, name)

    def _base(self, name: str, where: str) -> Base:
        described = self._bases.get(name)
        if described is None:
            raise FormatError(f"{where}: the file has no base type {name!r}")
        place = f"{self.name}: base_types/{name}"
        described = _object(described, place)
        kind, size = described.get("kind"), _number(described, "size", place, 16)
        if kind == "void":
            return VOID
        if described.get("endian", "little") != "little" and size > 1:
            raise FormatError(f"{place}: Windows runs on no big-endian machine")
        if name in _BY_NAME and _BY_NAME[name].size == size:
            return _BY_NAME[name]
        found = _BY_KIND.get((str(kind), bool(described.get("signed")), size))
        if found is None:
            raise FormatError(f"{place}: a {str(kind)[:20]!r} of {size} bytes is no C type")
        return found


def _with_guesses(fields: list[Field], sizes: list[int]) -> list[Field]:
    """Mark the fields whose order at one offset the file does not tell; bit fields of one unit are in theirs."""
    found: list[Field] = []
    start = 0
    while start < len(fields):
        end = start
        while end < len(fields) and fields[end].offset == fields[start].offset:
            end += 1
        group = fields[start:end]
        known = len(group) == 1 or (
            len(set(sizes[start:end])) == 1
            and all(f.bits for f in group)
            and all(sum(a.bits or ()) <= (b.bits or (0,))[0] for a, b in zip(group, group[1:]))
        )
        found += group if known else [Field(f.name, f.offset, f.type, f.bits, "order") for f in group]
        start = end
    return found


def _object(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise FormatError(f"{where}: not a JSON object")
    return value


def _number(of: dict[str, Any], key: str, where: str, end: int) -> int:
    """Return the number *key*, which has to be from 0 up to *end*."""
    value = of.get(key)
    if type(value) is not int or not 0 <= value <= end:
        raise FormatError(f"{where}/{key}: {str(value)[:20]!r} can't be")
    return value


def is_isf(data: bytes) -> bool:
    """Say whether *data*, decompressed, begins as an ISF file does."""
    return data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


def database(data: bytes, name: str = "isf") -> IsfDatabase:
    """Return the types in the ISF file whose bytes, compressed or not, are *data*.

    :param name: what to call it in messages, and as the source of its types
    :raises FormatError: when it is not an ISF file, or a damaged one
    """
    import json

    try:
        content = json.loads(unpacked(data, name))
    except RecursionError as error:
        raise FormatError(f"{name}: the JSON is nested far too deeply") from error
    except ValueError as error:  # bad JSON, bad UTF-8, or numbers of thousands of digits
        raise FormatError(f"{name}: not JSON: {str(error)[:200]}") from error
    return IsfDatabase(content, name)
