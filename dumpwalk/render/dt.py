"""``dt`` as WinDbg prints it: the rows of a structure, and their columns.

Options are those of Microsoft's page on ``dt``. Of ``-b`` the page says that
pointers in the original structure are expanded; no listing shows that, all
print the bare address, and so does this. Of ``-v`` with structures and of
``-c`` there are no listings: they rest on that page alone.
"""

from __future__ import annotations

from dumpwalk.memory.address import Address, Hex
from dumpwalk.objects import Object, at, read_at
from dumpwalk.objects.sizes import offset_of, size_of
from dumpwalk.record import record, replace
from dumpwalk.remarks import Absent, Problem
from dumpwalk.render.dt_values import Shown, Values, pointer, sized, spelled, type_text
from dumpwalk.render.guesses import in_listings
from dumpwalk.render.remarks import problem_lines
from dumpwalk.render.text import printable
from dumpwalk.types.model import Array, Enum, Pointer, Reference, Struct
from dumpwalk.types.sources.dt_text import DtListing, DtRow

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dumpwalk.objects import Space
    from dumpwalk.types.model import Field, Type

# A structure that takes more is damaged or hostile; -r of a whole kernel structure is a tenth of it.
MOST_ROWS = 100_000
_MOST_LINKS = 100_000
_DEEPEST = 32
UNLIMITED = _DEEPEST  # the depth of an -r without a number
_WIDTH = 16
_RULE = "-" * 45


@record
class Selected:
    """A field that was asked for.

    :param parts: what the names begin with, level by level: ``u.`` is ``("u", "")``
    :param prefix: the first part is the beginning of a name too, as with ``-y``
    :param index: the element of an array to show; ``None`` for what ``-a`` says
    :param elements: how many elements to show, 0 for all, -1 for none
    :param words: how it was written; its length counts for the width of the column
    """

    parts: tuple[str, ...]
    prefix: bool = False
    index: int | None = None
    elements: int = -1
    words: str = ""


@record
class Options:
    """How to show a type.

    :param depth: levels of ``-r``; 0 for none
    :param blocks: ``-b``: substructures in full
    :param verbose: ``-v``: sizes
    :param offsets: not ``-o``
    :param indented: not ``-i``
    :param compact: ``-c``: on one line
    :param elements: ``-a``: how many elements of each array, 0 for all, -1 for none
    :param fields: the fields to show; none for all
    """

    depth: int = 0
    blocks: bool = False
    verbose: bool = False
    offsets: bool = True
    indented: bool = True
    compact: bool = False
    elements: int = -1
    fields: tuple[Selected, ...] = ()

    @property
    def width(self) -> int:
        """How far names are padded: the longest field asked for, if there is one."""
        return max([len(s.words) for s in self.fields if s.words != "."], default=0) or _WIDTH


@record
class DtAnswer:
    """What ``dt`` shows: one listing, or one for each element of an array or a list.

    :param indented: not ``-i``
    :param compact: ``-c``
    :param remarks: what of it is not knowledge; said beside the text, which stays WinDbg's
    """

    listings: tuple[DtListing, ...]
    problems: tuple[Problem, ...] = ()
    indented: bool = True
    compact: bool = False
    remarks: tuple[str, ...] = ()


def listing(
    space: Space,
    type: Type,
    address: int | None,
    options: Options,
    module: str = "",
    names: Callable[[int], str] | None = None,
) -> DtListing:
    """Return what ``dt`` shows of *type*, with values when it lies at an *address*.

    :param module: where the type was found, when the user did not say; it is said in the heading
    :param names: says what is at the address of a function, ``nt!IopInvalidDeviceRequest+0``, or ``""``
    """
    found = space.types.find(type.name) if isinstance(type, Reference) else type
    place = None if address is None else space.address(address)
    heading = [f"{module}!{type.name}"] if module and isinstance(type, (Reference, Struct, Enum)) else []
    if found is None:
        return DtListing(spelled(type, space.types), heading=tuple(heading), address=place)
    name = spelled(found, space.types)
    source = space.types.source(found.name) if isinstance(found, (Struct, Enum)) and found.name else ""
    if isinstance(found, Enum) and place is None:
        members = tuple(DtRow(n, None, f"0n{v}", 0, "enumerator", "", v) for n, v in found.members)
        return DtListing(name, "", None, Hex(found.size), members, (), _WIDTH, tuple(heading), source)
    if options.verbose and isinstance(found, (Struct, Enum)):
        heading.append(sized(found, space.types))
    lister = _Lister(space, options, names)
    size = size_of(found, space.types)
    rows = lister.top(found, place)
    if place is not None and isinstance(found, Struct) and not options.fields:
        whole = at(space, found, place)
        content = lister.values.content(whole).text if isinstance(whole, Object) else ""
        heading += [f" {content}"] if content else []
    known = None if size is None else Hex(size)
    return DtListing(name, module, place, known, tuple(rows), (), options.width, tuple(heading), source)


class _Lister:
    """Makes the rows of one listing."""

    def __init__(self, space: Space, options: Options, names: Callable[[int], str] | None) -> None:
        self.space = space
        self.options = options
        self.values = Values(space, verbose=options.verbose, blocks=options.blocks, names=names)
        self.rows: list[DtRow] = []

    def top(self, type: Type, address: Address | None) -> list[DtRow]:
        if isinstance(type, Struct):
            whole = None if address is None else at(self.space, type, address)
            self._members(type, whole if isinstance(whole, Object) else None, 0, self.options.fields, (type.name,))
        elif address is not None and isinstance(type, Array):
            self._elements(type, address, 0, max(self.options.elements, 0), "item")
        elif address is not None:
            self._row("", None, self.values.at(type, address), 0, "value", type)
        else:
            self._row("", None, Shown(spelled(type, self.space.types)), 0, "value", type)
        return self.rows

    def _row(
        self, name: str, offset: int | None, shown: Shown, depth: int, kind: str, type: Type, guessed: str = ""
    ) -> None:
        place = Hex(offset) if offset is not None and self.options.offsets else None
        said = spelled(type, self.space.types).strip()
        self.rows.append(DtRow(name, place, shown.text, depth, kind, said, shown.value, guessed))

    def _members(
        self, struct: Struct, whole: Object | None, depth: int, selected: tuple[Selected, ...], path: tuple[str, ...]
    ) -> None:
        for field in struct.fields:
            chosen = [s for s in selected if _matches(s, field.name)]
            if (selected and not chosen) or len(self.rows) >= MOST_ROWS:
                continue
            self._member(field, whole, depth, tuple(chosen), path)

    def _member(
        self, field: Field, whole: Object | None, depth: int, chosen: tuple[Selected, ...], path: tuple[str, ...]
    ) -> None:
        deeper = tuple(_next(s) for s in chosen if len(s.parts) > 1)
        inner = self._structure(field.type, pointers=bool(deeper) or self.options.depth > depth)
        by_name = bool(deeper) and inner is not None  # shown by its members alone
        elements = max([s.elements for s in chosen], default=self.options.elements)
        index = next((s.index for s in chosen if s.index is not None), None)
        array = isinstance(field.type, Array) and field.bits is None and whole is not None
        if array and (index is not None or elements >= 0 or (self.options.blocks and inner is not None)):
            self._array(field, whole, depth, index, max(elements, 0), deeper, path)
            return
        if by_name and not isinstance(field.type, Pointer):
            shown = self.values.field(whole, field, named=False) if whole else Shown("")
            shown = Shown(f" {shown.text}" if shown.text else "", shown.value)
        elif whole is not None:
            shown = self.values.field(whole, field)
        else:
            options = self.options
            shown = Shown(type_text(field, self.space.types, verbose=options.verbose, blocks=options.blocks))
        self._row(field.name, field.offset, shown, depth, "field", field.type, field.guessed)
        if inner is None or field.bits is not None or depth >= _DEEPEST:
            return
        again = self.options.depth == UNLIMITED and inner.name and inner.name in path
        if by_name or self.options.blocks or (self.options.depth > depth and not again):
            target = self._target(field, whole) if whole is not None else None
            if whole is None or target is not None:
                self._members(inner, target, depth + 1, deeper, (*path, inner.name))

    def _structure(self, type: Type, *, pointers: bool) -> Struct | None:
        """Return the structure that *type* is, or consists of, or points to."""
        for _ in range(_DEEPEST):
            if isinstance(type, Array):
                type, pointers = type.element, False
            elif isinstance(type, Pointer) and pointers and not self.options.blocks:
                type, pointers = type.target, False
            else:
                break
        found = self.space.types.find(type.name) if isinstance(type, Reference) else type
        return found if isinstance(found, Struct) else None

    def _target(self, field: Field, whole: Object) -> Object | None:
        """Return the structure that *field* is or points to; of an array, that of its first element."""
        value = read_at(self.space, whole, field.offset, field.type, None)
        for _ in range(_DEEPEST):
            if not isinstance(value, Object) or isinstance(value.type_, Struct):
                break
            if value.pointer_ == 0 or (isinstance(value.type_, Array) and not value.type_.count):
                return None
            value = value.element_(0)
        return value if isinstance(value, Object) and isinstance(value.type_, Struct) else None

    def _array(
        self,
        field: Field,
        whole: Object | None,
        depth: int,
        index: int | None,
        count: int,
        deeper: tuple[Selected, ...],
        path: tuple[str, ...],
    ) -> None:
        """Show the elements of an array, each on a line of its own, or one of them."""
        type = field.type
        if not isinstance(type, Array) or whole is None:
            return
        size = size_of(type.element, self.space.types) or 0
        start = whole.address_ + field.offset
        if index is None:
            self._row(field.name, field.offset, Shown(""), depth, "field", type, field.guessed)
            self._elements(type, start, depth, count, "element", deeper, path)
            return
        place = self.space.address(start + index * size)
        inner = self._structure(type.element, pointers=True)
        expanded = inner is not None and bool(deeper)
        shown = Shown("") if expanded else self.values.at(type.element, place)
        self._row(
            field.name, field.offset, Shown(f"[{index}] {shown.text}", shown.value), depth, "field", type, field.guessed
        )
        element = at(self.space, type.element, place)
        if expanded and inner is not None and isinstance(element, Object):
            target = element.deref_() if element.pointer_ else element
            self._members(inner, target, depth + 1, deeper, (*path, inner.name))

    def _elements(
        self,
        type: Array,
        start: int,
        depth: int,
        count: int,
        kind: str,
        deeper: tuple[Selected, ...] = (),
        path: tuple[str, ...] = (),
    ) -> None:
        size = size_of(type.element, self.space.types) or 0
        inner = self._structure(type.element, pointers=False)
        open = inner is not None and (self.options.blocks or bool(deeper) or self.options.depth > depth)
        for i in range(min(count, type.count) if count else type.count):
            if len(self.rows) >= MOST_ROWS or (i and not size):
                break
            place = self.space.address(start + i * size)
            shown = Shown("") if open else self.values.at(type.element, place)
            label = f"[{i:02}]" if kind == "element" else f"[{i}]"
            self._row(label, None, shown, depth, kind, type.element)
            element = at(self.space, type.element, place)
            if open and inner is not None and isinstance(element, Object) and depth < _DEEPEST:
                self._members(inner, element, depth + 1, deeper, (*path, inner.name))


def _matches(selected: Selected, name: str) -> bool:
    first = selected.parts[0]
    if not first or len(selected.parts) > 1 or selected.prefix:
        return name.lower().startswith(first.lower())
    if "*" in first or "?" in first or "[" in first:
        from fnmatch import fnmatchcase

        return fnmatchcase(name.lower(), first.lower())
    return name.lower() == first.lower()


def _next(selected: Selected) -> Selected:
    return Selected(selected.parts[1:], words=selected.words)


def answered(listings: list[DtListing], problems: list[Problem], options: Options) -> DtAnswer:
    """Return what was listed, with a problem where rows had to be left out."""
    if any(len(one.rows) >= MOST_ROWS for one in listings):
        problems.append(Problem("dt", f"there are more than {MOST_ROWS} rows; the rest is left out"))
    return DtAnswer(tuple(listings), tuple(problems), options.indented, options.compact, in_listings(listings))


def walk_list(
    space: Space,
    type: str,
    path: str,
    address: int,
    options: Options,
    names: Callable[[int], str] | None = None,
) -> DtAnswer:
    """Return a listing for each structure of a linked list, beginning with the one at *address*.

    :param path: the member that points to the next, ``ActiveProcessLinks.Flink``
    :raises TypeInfoError: when there is no such type or member
    """
    holder, _, _ = path.rpartition(".")
    link = space.plan(Reference("struct", type))
    listings: list[DtListing] = []
    problems: list[Problem] = []
    seen: set[int] = set()
    place = space.address(address)
    while int(place) not in seen and place:
        if len(seen) >= _MOST_LINKS:
            problems.append(Problem(path, f"the list has more than {_MOST_LINKS} elements"))
            break
        seen.add(int(place))
        shown = listing(space, link.type, place, options, names=names)
        title = f"{path} at {pointer(place, space.types.pointer_size)}"
        listings.append(replace(shown, heading=(title, _RULE, *shown.heading)))
        following = link.object(place).member_(path)
        if isinstance(following, Absent):
            problems.append(Problem(f"{path} at {place}", following.reason))
            break
        if not isinstance(following, Object) or following.pointer_ is None:
            problems.append(Problem(path, "is no pointer"))
            break
        place = following.pointer_
        target = following.type_.target if isinstance(following.type_, Pointer) else None
        whole = isinstance(target, (Reference, Struct)) and target.name == type
        if place and holder and not whole:
            place = space.address(place - offset_of(space.types, type, holder))
    return answered(listings, problems, options)


def layout(answer: DtAnswer) -> str:
    """Return the answer as WinDbg prints it."""
    blocks = ["\n".join(lines(one, answer.indented, answer.compact)) for one in answer.listings]
    return "\n\n".join([*blocks, *problem_lines(answer.problems)])


def lines(listing: DtListing, indented: bool = True, compact: bool = False) -> Iterator[str]:
    """Yield the lines of one listing. Names are as hostile as the file they come from."""
    yield from map(printable, listing.heading)
    yield from (f"          {printable(name)}" for name in listing.names)
    if compact and listing.rows and all(row.kind == "field" for row in listing.rows):
        yield "   " + " ".join(printable(_line(row, 0, False).strip()) for row in listing.rows)
        return
    for row in listing.rows:
        yield printable(_line(row, listing.width, indented))


def _line(row: DtRow, width: int, indented: bool) -> str:
    blanks = " " * (3 * (row.depth + 1)) if indented else ""
    if row.kind == "enumerator":
        return f"{blanks}{row.name} = {row.text}"
    if row.kind == "value":
        return row.text
    if row.kind == "item":
        return f"{row.name} {row.text}"
    if row.kind == "element":
        return f"{blanks} {row.name} {row.text}" if row.text else f"{blanks} {row.name}"
    place = "" if row.offset is None else f"+0x{row.offset:03x} "
    if row.kind == "static" and row.offset is not None:
        place = f"={pointer(row.offset, 8 if row.offset >> 32 else 4).removeprefix('0x')} "
    return f"{blanks}{place}{row.name:{width}} : {row.text}" if row.text else f"{blanks}{place}{row.name:{width}} :"
