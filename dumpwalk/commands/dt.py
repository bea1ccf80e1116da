"""``dumpwalk dt``: a type, or a structure in memory, as WinDbg prints it."""

from __future__ import annotations

from dumpwalk.arguments import argument, option
from dumpwalk.commands import command
from dumpwalk.errors import AbsentError, TypeInfoError, UsageError
from dumpwalk.expression import evaluate
from dumpwalk.memory.address import Hex
from dumpwalk.objects import space_of
from dumpwalk.objects.sizes import size_of
from dumpwalk.record import replace
from dumpwalk.remarks import Absent, Problem
from dumpwalk.render.dt import MOST_ROWS, DtAnswer, Options, answered, layout, listing, walk_list
from dumpwalk.render.dt_request import Request, request_of
from dumpwalk.types.merge import typedefs_of
from dumpwalk.types.model import Array, Base, Struct
from dumpwalk.types.naming import find_type, module_of
from dumpwalk.types.sources.dt_text import DtListing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dumpwalk.expression import Names
    from dumpwalk.memory.address import Address
    from dumpwalk.memory.segments import Memory
    from dumpwalk.objects import Space
    from dumpwalk.target import Target
    from dumpwalk.types.model import TypeDatabase

_MOST_ELEMENTS = 100_000
# Behind so many of which nothing is there, an array has no more to show.
_MOST_MISSING = 1_000
_RULE = "-" * 45


class NoMemory:
    """The memory of types alone."""

    def read(self, address: int, size: int) -> bytes:
        """Say that there is none.

        :raises UsageError: always
        """
        raise UsageError("values need a dump: -z FILE")


def show(
    memory: Memory,
    types: TypeDatabase,
    request: Request,
    names: Callable[[int], str] | None = None,
    known: Names | None = None,
) -> DtAnswer:
    """Return what ``dt`` shows for a request.

    :param names: says what is at the address of a function, ``nt!IopInvalidDeviceRequest+0``, or ``""``
    :param known: what the names in the address stand for
    :raises TypeInfoError: when there is no such type, or no such symbol
    :raises UsageError: when the address makes no sense
    :raises ReadError: when it has to be read from memory that is not there
    """
    address = evaluate(request.address, known) if request.address else None
    space = space_of(memory, types)
    options = request.options
    pattern = any(c in request.name for c in "*?")
    listings: list[DtListing] = []
    problems: list[Problem] = []
    name = request.name
    if pattern or request.prefix or request.many:
        matched = _matching(types, request, pattern)
        listings.append(matched)
        if pattern or request.many:
            return DtAnswer(tuple(listings))
        name = matched.names[0].split()[-1]
    type = find_type(types, name)
    if request.link:
        if address is None or not isinstance(type, Struct):
            raise UsageError("-l needs the address of the list's first structure")
        return walk_list(space, type.name, request.link, address, options, names)
    module = "" if "!" in request.name or request.prefix else module_of(types)
    if isinstance(type, Base):
        module = ""
    if options.elements > 0 and not options.fields and not isinstance(type, Array) and address is not None:
        type = Array(type, options.elements)
    if isinstance(type, Array) and address is not None and _is_struct(type, types):
        listings += _array(space, type, address, options, names, problems)
    else:
        listings.append(listing(space, type, address, options, module, names))
    return answered(listings, problems, options)


def _is_struct(type: Array, types: TypeDatabase) -> bool:
    element = type.element
    return isinstance(element, Struct) and size_of(element, types) is not None


def _array(
    space: Space,
    type: Array,
    address: int,
    options: Options,
    names: Callable[[int], str] | None,
    problems: list[Problem],
) -> list[DtListing]:
    """Return a listing for each structure of an array; *problems* gets why there are not all."""
    found: list[DtListing] = []
    size = size_of(type.element, space.types) or 0
    rows = missing = 0
    for i in range(type.count if size else min(type.count, 1)):
        if rows >= MOST_ROWS or i >= _MOST_ELEMENTS:
            problems.append(Problem("dt", f"there are more than {i} elements; the rest is left out"))
            break
        if missing >= _MOST_MISSING:
            problems.append(Problem("dt", f"of {missing} elements nothing is in the dump; the rest is left out"))
            break
        place = space.address(address + i * size)
        shown = listing(space, type.element, place, options, names=names)
        heading = (f"[{i}] @ {place} ", _RULE, *shown.heading)
        found.append(replace(shown, heading=heading))
        rows += len(shown.rows) + 1
        missing = missing + 1 if all(isinstance(r.value, Absent) for r in shown.rows) else 0
    return found


def _matching(types: TypeDatabase, request: Request, pattern: bool) -> DtListing:
    """Return the names of the types that a pattern or a prefix matches."""
    from fnmatch import fnmatchcase

    bare = request.name.rpartition("!")[2].lower()
    module = request.name.partition("!")[0] if "!" in request.name else module_of(types)
    wanted = bare if pattern else bare + "*" if request.prefix else bare
    names = []
    meant = typedefs_of(types)
    for name in sorted({*types.names(), *meant}):
        if not fnmatchcase(name.lower(), wanted):
            continue
        found = types.find(name) if request.size is not None or request.options.verbose else None
        size = size_of(found or meant.get(name), types) or 0
        if request.size is None or size == request.size:
            names.append(f" {size:03x} {module}!{name}" if request.options.verbose else f"{module}!{name}")
    if not names:
        raise TypeInfoError(f"no type matches {request.name} in {types.name}")
    heading: tuple[str, ...] = ()
    if request.options.verbose:
        size_words = f", Size = {request.size:#x}" if request.size is not None else ""
        heading = (f"Enumerating symbols matching {module}!{wanted}{size_words}", "Address   Size Symbol")
    size_wanted = None if request.size is None else Hex(request.size)
    return DtListing(request.name, "", None, size_wanted, (), tuple(names), heading=heading)


def _partial(answer: DtAnswer) -> bool:
    return bool(answer.problems) or any(isinstance(r.value, Absent) for one in answer.listings for r in one.rows)


@command(
    "dt",
    argument("words", "[-options] TYPE [FIELD...] [ADDRESS], as in WinDbg", many="words"),
    option("--types", value="NAME", help="whose types to use: a profile, or a file that holds types"),
    text=layout,
    partial=_partial,
    target=True,
)
def dt(words: Sequence[str], target: Target | None = None, types: str | None = None) -> DtAnswer:
    """Show a type, or a structure in memory, as WinDbg does.

    Options are WinDbg's: -r[n] into substructures and behind pointers, -b all
    substructures, -v sizes, -a[n] each element of arrays, -o no offsets, -i no
    indentation, -c on one line, -y the next name is a prefix, -n the next word
    is a name, -l LIST walk a list, -e -t -s SIZE list types. A pattern lists
    types; FIELD. shows what is in the field.
    """
    request = request_of(words)
    if target is None:
        if request.address:
            raise UsageError("values need a dump: -z FILE")
        return show(NoMemory(), types_of(None, types), request)
    from dumpwalk.kernel.names import DumpNames

    known = types_of(target, types)
    memory = _physical(target) if request.physical else target.memory
    try:
        shown = show(memory, known, request, _names(target), DumpNames(target))
    except TypeInfoError:
        place = None if request.address else _place(target, request.name)
        if place is None:
            raise
        said = f"{request.name} is a symbol, at {place}; of what type is not known: dt TYPE {request.name}"
        raise TypeInfoError(said) from None
    return _with_doubt(shown, target, known, types is not None)


def _physical(target: Target) -> Memory:
    """Return the memory that ``-p`` reads.

    :raises AbsentError: when the dump holds no physical pages
    """
    if isinstance(target.physical, Absent):
        raise AbsentError(f"-p: {target.physical.reason}")
    return target.physical


def _with_doubt(answer: DtAnswer, target: Target, types: TypeDatabase, insisted: bool) -> DtAnswer:
    """Return *answer* with a remark where these are not the kernel's types: a guess must not look like knowledge."""
    problems, remarks = answer.problems, answer.remarks
    if insisted:
        from dumpwalk.types.importing import origin

        theirs = origin(types).architecture
        if theirs and target.machine.image_type and theirs.lower() != target.machine.name.lower():
            ours = target.machine.name
            doubt = f"{types.name} has the types of {theirs}, the dump is of {ours}: what is shown may lie elsewhere"
            remarks = (doubt, *remarks)
    else:
        profile = target.profile
        if isinstance(profile, Absent) or profile.exact:
            return answer
        where, _, said = profile.doubt.partition(": ")
        problems = (*problems, Problem(where, said))
    return DtAnswer(answer.listings, problems, answer.indented, answer.compact, remarks)


def types_of(target: Target | None, name: str | None) -> TypeDatabase:
    """Return the types called *name*, or the target's own.

    :raises UsageError: when there is neither
    :raises TypeInfoError: when there are no such types, or none fit the target
    """
    if name is not None:
        from dumpwalk.types.library import open_types

        return open_types(name, target.machine.pointer_size if target else 8)
    if target is None:
        raise UsageError("whose types? --types NAME, or -z FILE for a dump's own")
    return target.types


def _place(target: Target, name: str) -> Address | None:
    """Return where the symbol *name* lies, ``None`` when there is none."""
    from dumpwalk.kernel.names import DumpNames

    try:
        found = DumpNames(target).symbol(name) if "!" in name else None
    except TypeInfoError:
        return None
    return None if found is None else target.address(found)


def _names(target: Target) -> Callable[[int], str]:
    def name(address: int) -> str:
        found = target.symbol(address)
        return f"nt!{found[0]}+{found[1]:x}" if found else ""

    return name
