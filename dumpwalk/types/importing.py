"""Types from a file, made ready for the store: a name, an origin, its symbols."""

from __future__ import annotations

import os

from dumpwalk.errors import FormatError, UsageError
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem
from dumpwalk.types.merge import typedefs_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.types.model import Enum, Struct, TypeDatabase
    from dumpwalk.types.store_writer import ProfileContent

_MOST_PROBLEMS = 20
# A store has 32 bits for each.
_OFFSETS = 1 << 32
_MOST_SYMBOLS = 1 << 20


@record
class Origin:
    """What a database says of the image its types are of; ``""`` and 0 where it says nothing.

    :param guid: of its PDB, 32 hex digits
    :param pdb: the PDB's name
    """

    guid: str = ""
    age: int = 0
    pdb: str = ""
    architecture: str = ""


def origin(types: TypeDatabase) -> Origin:
    """Return what *types* say of their image."""
    info: Any = getattr(types, "info", None)
    if hasattr(info, "architecture") and hasattr(info, "guid"):  # a profile out of a store
        guid, _, age = info.guid.rpartition("-") if "-" in info.guid else (info.guid[:32], "", info.guid[32:])
        module = info.name.partition("/")[0]
        source = info.source.lower()
        pdb = "ntkrnlmp.pdb" if module == "nt" else source if source.endswith(".pdb") else f"{module}.pdb"
        return Origin(guid, int(age, 16) if age else 0, pdb, info.architecture)
    guid = getattr(types, "guid", "")
    pdb = getattr(types, "pdb", "") or (types.name if guid else "")
    return Origin(guid, getattr(types, "age", 0), pdb, getattr(types, "machine", "").lower())


def symbols_of(types: TypeDatabase) -> dict[str, int]:
    """Return the names and RVAs of the symbols that *types* come with; of two of one name the first.

    :raises FormatError: when they are damaged
    """
    found: dict[str, int] = {}
    places: Any = getattr(types, "symbol_places", None)
    if places is not None:  # a PDB says no more of each than is needed here
        for name, rva in places():
            if not isinstance(rva, Absent) and 0 <= rva < _OFFSETS and len(found) < _MOST_SYMBOLS:
                found.setdefault(name, rva)
        return found
    symbols: Any = getattr(types, "symbols", None)
    for each in symbols() if callable(symbols) else symbols.items() if hasattr(symbols, "items") else ():
        name, rva = each if isinstance(each, tuple) else (each.name, each.rva)
        if not isinstance(rva, Absent) and 0 <= rva < _OFFSETS and len(found) < _MOST_SYMBOLS:
            found.setdefault(name, int(rva))
    return found or dict(getattr(types, "key_symbols", dict)())


def imported(types: TypeDatabase, path: str, name: str = "") -> tuple[ProfileContent, tuple[Problem, ...]]:
    """Return *types*, read from the file at *path*, as a profile for the store, and what had to be left out.

    :param name: what to call it; ``""`` makes a name of the PDB's, or the file's, and the GUID
    :raises FormatError: when there is nothing in it
    :raises UsageError: when it can't be called so
    """
    from dumpwalk.types.store_writer import ProfileContent
    from dumpwalk.types.uncollected import Uncollected

    with Uncollected():
        found, notes, problems = _all(types)
        where = origin(types)
        try:
            symbols = symbols_of(types)
        except FormatError as error:
            symbols, problems = {}, [*problems, Problem("symbols", str(error))]
        try:
            meant = typedefs_of(types)
        except FormatError as error:
            meant, problems = {}, [*problems, Problem("typedefs", str(error))]
    if not found:
        raise FormatError(f"{path}: there are no types in it")
    file = os.path.basename(path)
    guid = f"{where.guid}-{where.age:X}" if where.guid else ""
    stem = (where.pdb or file).partition(".")[0]
    name = name or (f"{stem}/{guid}" if guid else stem)
    if not name.isprintable() or "," in name or not name.strip():
        raise UsageError(f"--as {name!r}: a profile's name is printable, and has no comma")
    content = ProfileContent(
        name=name,
        aliases=tuple(a for a in dict.fromkeys((guid,)) if a and a.lower() != name.lower()),
        build=0,
        revision=0,
        architecture=where.architecture or ("x64" if types.pointer_size == 8 else "x86"),
        pointer_size=types.pointer_size,
        guid=guid,
        timestamp=0,
        size=0,
        source=file,
        types=found,
        keys=symbols,
        notes=notes,
        symbols_count=len(symbols),
        typedefs={n: t for n, t in meant.items() if n not in found},
    )
    problems += getattr(types, "skipped", ())
    if len(problems) > _MOST_PROBLEMS:
        problems = [*problems[:_MOST_PROBLEMS], Problem(file, f"{len(problems) - _MOST_PROBLEMS} more problems")]
    return content, tuple(problems)


def _all(types: TypeDatabase) -> tuple[dict[str, Struct | Enum], dict[str, str], list[Problem]]:
    """Return all types, where those come from that don't come from the file as a whole, and what is damaged."""
    found: dict[str, Struct | Enum] = {}
    notes: dict[str, str] = {}
    problems: list[Problem] = []
    every = getattr(types, "types", None)
    if every is not None:  # a PDB reads all at once much faster
        return {t.name: t for t in every()}, notes, problems
    for name in types.names():
        try:
            type = types.find(name)
        except FormatError as error:
            problems.append(Problem(name, str(error)))
            continue
        if type is None:
            continue
        found[name] = type
        source = types.source(name)
        if source and source != types.name:
            notes[name] = source
    return found, notes, problems
