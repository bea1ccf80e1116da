"""``types``: the types there are, one of them, how it changed, and in and out of files."""

from __future__ import annotations

from dumpwalk.arguments import argument, flag, option
from dumpwalk.commands import command
from dumpwalk.errors import TypeInfoError, UsageError
from dumpwalk.memory.address import Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from dumpwalk.types.diff import Difference
    from dumpwalk.types.model import Enum, Field, Struct, Type, TypeDatabase
    from dumpwalk.types.store import ProfileInfo

_SPELLINGS = ("dt", "c", "json", "isf")


@record
class Listed:
    """A profile: the types and key symbols of one build of one module.

    :param aliases: names that stand for it as well
    :param build: of Windows; 0 where it isn't known, as are *timestamp* and *size*
    :param guid: GUID and age of the PDB, as symbol servers write them
    :param timestamp: of the image file, and *size* its size in memory
    :param file: the user's file that it is in, ``""`` when it ships with dumpwalk
    """

    name: str
    aliases: tuple[str, ...]
    build: int
    revision: int
    architecture: str
    guid: str
    timestamp: Hex
    size: Hex
    types: int
    symbols: int
    source: str
    file: str


@record
class Profiles:
    """All profiles."""

    profiles: tuple[Listed, ...]
    problems: tuple[Problem, ...]


@record
class Member:
    """A field, or an enumerator (no offset, and its value).

    :param type: as ``dt`` spells it
    :param bits: position and length of a bit field
    :param guessed: what of it is a guess: ``order``, ``sign``, ``type``
    :param members: of a structure without a name
    """

    name: str
    offset: Hex | Absent
    type: str
    bits: tuple[int, int] | None
    value: int | None
    guessed: str
    members: tuple[Member, ...]


@record
class Shown:
    """A type, or a profile when *name* is ``""``.

    :param types: the names of all types, of a profile
    :param listing: as ``dt`` prints it
    :param remarks: what of it is a guess
    """

    profile: str
    name: str
    kind: str
    size: Hex
    source: str
    members: tuple[Member, ...]
    types: tuple[str, ...]
    listing: str
    remarks: tuple[str, ...] = ()


@record
class Imported:
    """A profile that was imported; what could not be is among the problems."""

    name: str
    file: str
    source: str
    types: int
    symbols: int
    problems: tuple[Problem, ...]


@record
class Exported:
    """Types written out.

    :param file: where to, ``""`` for the answer itself
    :param text: what was written, ``""`` when into a file
    :param remarks: what of it is a guess that the spelling has no word for
    """

    profile: str
    spelling: str
    file: str
    text: str
    size: int
    remarks: tuple[str, ...] = ()


@record
class Compared:
    """A type in two builds, as :mod:`dumpwalk.types.diff` has it; *whole* when the unchanged is shown too."""

    difference: Difference
    whole: bool


def _list(words: tuple[str, ...], options: dict[str, Any]) -> Profiles:
    from dumpwalk.types.library import profiles

    patterns = [w.lower() for w in words]
    found: list[Listed] = []
    problems: list[Problem] = []
    for info, file in profiles():
        if isinstance(info, TypeInfoError):
            problems.append(Problem(file, str(info)))
        elif not patterns or any(p in name.lower() for p in patterns for name in (info.name, *info.aliases)):
            found.append(_listed(info, file))
    return Profiles(tuple(found), tuple(problems))


def _listed(info: ProfileInfo, file: str) -> Listed:
    return Listed(
        info.name,
        info.aliases,
        info.build,
        info.revision,
        info.architecture,
        info.guid,
        Hex(info.timestamp),
        Hex(info.size),
        info.types,
        info.symbols,
        info.source,
        file,
    )


def _show(words: tuple[str, ...], options: dict[str, Any]) -> Shown:
    from dumpwalk.objects.sizes import size_of
    from dumpwalk.render.guesses import in_types
    from dumpwalk.types.export_dt import listing
    from dumpwalk.types.model import Enum, Struct
    from dumpwalk.types.naming import find_typedef
    from dumpwalk.types.spelling import dt_spelling

    if not 1 <= len(words) <= 2:
        raise UsageError("types show NAME [TYPE]: which profile or file, and which type of it?")
    types = _open(words[0], options)
    if len(words) == 1:
        names = tuple(types.names())
        return Shown(types.name, "", "profile", Hex(len(names)), "", (), names, "")
    name = words[1].rpartition("!")[2]
    found = types.find(name)
    if found is None:
        meant = find_typedef(types, name)
        if isinstance(meant, (Struct, Enum)):
            found, name = meant, meant.name
        elif meant is not None:
            size = Hex(size_of(meant, types) or 0)
            return Shown(types.name, name, "typedef", size, types.name, (), (), dt_spelling(meant).rstrip())
    if found is None:
        raise TypeInfoError(f"{types.name} has no type {name}{_suggestion(name, types.names())}")
    kind = getattr(found, "kind", "enum")
    shown = "\n".join(listing(found))
    return Shown(
        types.name, name, kind, Hex(found.size), types.source(name), _members(found), (), shown, in_types([found])
    )


def _open(name: str, options: dict[str, Any]) -> TypeDatabase:
    from dumpwalk.types.library import open_types

    return open_types(name, 4 if options["x86"] else 8)


def _suggestion(name: str, names: Iterable[str]) -> str:
    from difflib import get_close_matches

    bare = {n.strip("_").lower(): n for n in names}
    close = get_close_matches(name.strip("_").lower(), list(bare), 1)
    return f"; did you mean {bare[close[0]]}?" if close else ""


def _members(type: Struct | Enum) -> tuple[Member, ...]:
    from dumpwalk.types.model import Enum

    if isinstance(type, Enum):
        none = Absent("an enumerator has a value, not an offset")
        return tuple(Member(name, none, "", None, value, "", ()) for name, value in type.members)
    return tuple(map(_member, type.fields))


def _member(field: Field) -> Member:
    from dumpwalk.types.model import Array, Enum, Pointer, Struct
    from dumpwalk.types.spelling import dt_spelling

    inner = field.type
    while isinstance(inner, (Pointer, Array)):
        inner = inner.target if isinstance(inner, Pointer) else inner.element
    members = _members(inner) if isinstance(inner, (Struct, Enum)) and not inner.name else ()
    return Member(field.name, Hex(field.offset), dt_spelling(field.type), field.bits, None, field.guessed, members)


def _import(words: tuple[str, ...], options: dict[str, Any]) -> Imported:
    from dumpwalk.types.cache import keep
    from dumpwalk.types.importing import imported
    from dumpwalk.types.library import open_file

    if len(words) != 1:
        raise UsageError("types import FILE [--as NAME]: one file")
    types = open_file(words[0], 4 if options["x86"] else 8)
    content, problems = imported(types, words[0], options["format"] or "")
    path = keep(content)
    return Imported(content.name, path, content.source, len(content.types), content.symbols_count, problems)


def _export(words: tuple[str, ...], options: dict[str, Any]) -> Exported:
    if not words:
        raise UsageError("types export PROFILE [TYPE...] --as dt|c|json|isf: which profile or file?")
    from dumpwalk.types.merge import typedefs_of

    spelling = options["format"] or "dt"
    if spelling not in _SPELLINGS:
        raise UsageError(f"--as {spelling}: one of {', '.join(_SPELLINGS)}")
    types = _open(words[0], options)
    names = [w.rpartition("!")[2] for w in words[1:]] or list(types.names())
    typedefs = typedefs_of(types) if len(words) == 1 else {}
    if spelling == "c":
        from dumpwalk.types.export_c import to_c

        text = to_c(types, names, typedefs)
    elif spelling == "dt":
        from dumpwalk.types.export_dt import to_dt

        text = to_dt(types, names)
    else:
        text = _machine_readable(types, names, spelling, typedefs, whole=len(words) == 1)
    size = len(text.encode(errors="backslashreplace"))
    remarks = () if spelling == "json" else _doubts(types, names)
    if typedefs and spelling in ("dt", "isf"):
        remarks = (*remarks, f"the {len(typedefs)} typedefs are left out: {spelling} has no place for them")
    if options["output"] is None:
        return Exported(types.name, spelling, "", text, size, remarks)
    try:
        with open(options["output"], "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text.rstrip("\n") + "\n")
    except OSError as error:
        raise UsageError(f"{options['output']}: {error.strerror or error}") from error
    return Exported(types.name, spelling, options["output"], "", size, remarks)


def _doubts(types: TypeDatabase, names: list[str]) -> tuple[str, ...]:
    from dumpwalk.render.guesses import in_types

    return in_types(types.find(name) for name in names)


def _machine_readable(
    types: TypeDatabase, names: list[str], spelling: str, typedefs: dict[str, Type], *, whole: bool
) -> str:
    from dumpwalk.types.export import to_isf, to_json
    from dumpwalk.types.importing import origin, symbols_of

    symbols = symbols_of(types) if whole else {}
    if spelling == "json":
        return to_json(types, names, symbols.items(), typedefs)
    found = origin(types)
    return to_isf(
        types, names, symbols.items(), guid=found.guid, age=found.age, pdb=found.pdb, machine=found.architecture
    )


def _diff(words: tuple[str, ...], options: dict[str, Any]) -> Compared:
    from dumpwalk.types.diff import compare

    if len(words) != 3:
        raise UsageError("types diff A B TYPE: two profiles or files, and a type")
    before, after = (_open(word, options) for word in words[:2])
    return Compared(compare(before, after, words[2].rpartition("!")[2]), not options["changed"])


_VERBS: dict[str, Callable[[tuple[str, ...], dict[str, Any]], Any]] = {
    "list": _list,
    "show": _show,
    "import": _import,
    "export": _export,
    "diff": _diff,
}


def _text(answer: Profiles | Shown | Imported | Exported | Compared) -> str:
    from dumpwalk.render.text import printable

    if isinstance(answer, Profiles):
        return "\n".join([_table(answer.profiles), *(printable(f"Problem: {p}") for p in answer.problems)])
    if isinstance(answer, Compared):
        from dumpwalk.render.difference import layout

        return layout(answer.difference, answer.whole)
    if isinstance(answer, Exported):
        if answer.file:
            return printable(f"{answer.file}: {answer.profile} as {answer.spelling}, {answer.size:,} bytes")
        return _printable_lines(answer.text.rstrip("\n"))
    if isinstance(answer, Imported):
        said = (
            f"{answer.name}: {answer.types:,} types and {answer.symbols:,} symbols of {answer.source}, in {answer.file}"
        )
        return "\n".join([printable(said), *(printable(f"Problem: {p}") for p in answer.problems)])
    if not answer.name:
        return "\n".join(map(printable, (f"{answer.profile}: {len(answer.types):,} types", *answer.types)))
    return _printable_lines(f"{answer.listing}\n({answer.profile}: {answer.source})")


def _printable_lines(text: str) -> str:
    from dumpwalk.render.text import printable

    return "\n".join(map(printable, text.split("\n")))


def _table(listed: tuple[Listed, ...]) -> str:
    from dumpwalk.render.text import printable

    head = ("name", "architecture", "timestamp", "size", "types", "symbols", "guid", "source")
    rows = [
        (p.name, p.architecture, f"{p.timestamp:08x}", f"{p.size:x}", f"{p.types}", f"{p.symbols}", p.guid, p.source)
        for p in listed
    ]
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    right = {"size", "types", "symbols"}
    lines = [
        "  ".join(f"{v:>{w}}" if name in right else f"{v:{w}}" for v, w, name in zip(row, widths, head)).rstrip()
        for row in [head, *rows]
    ]
    return "\n".join([*map(printable, lines), f"{len(listed)} profiles"])


@command(
    "types",
    argument("verb", "list, show, import, export or diff"),
    argument("words", "what it takes: see above", many="*"),
    option("--as", "--format", value="NAME", help="export: dt, c, json or isf; import: the profile's name"),
    option("-o", "--output", value="OUT", help="export: the file to write"),
    flag("--changed", help="diff: leave out what is the same in both"),
    flag("--x86", help="C declarations are for a 32-bit machine"),
    text=_text,
)
def types(
    verb: str, words: tuple[str, ...], format: str | None, output: str | None, changed: bool, x86: bool
) -> Profiles | Shown | Imported | Exported | Compared:
    """Show, compare, import and export the types of Windows builds.

    types list [PART...]                    all profiles, or those with a part of this name
    types show PROFILE [TYPE]               a type, or the names of all
    types diff A B TYPE [--changed]         how a type changed from one build to another
    types export PROFILE [TYPE...] --as dt|c|json|isf [-o OUT]
    types import FILE [--as NAME]           a PDB, an ISF file, C declarations, pasted dt listings

    A PROFILE is a name or alias that `types list` shows, or a file of the kinds
    that can be imported; with commas between them several are put together, the
    first having the last word.
    """
    run = _VERBS.get(verb)
    if run is None:
        raise UsageError(f"types {verb}: one of {', '.join(_VERBS)}")
    answer: Profiles | Shown | Imported | Exported | Compared = run(
        words, {"format": format, "output": output, "changed": changed, "x86": x86}
    )
    return answer
