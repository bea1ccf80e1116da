"""``dumpwalk dt``: a type, or a structure in memory, as WinDbg prints it."""

from __future__ import annotations

from dumpwalk.arguments import argument, option
from dumpwalk.commands import command
from dumpwalk.errors import TypeInfoError, UsageError
from dumpwalk.memory.address import Hex
from dumpwalk.objects import space_of
from dumpwalk.objects.sizes import size_of
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem
from dumpwalk.render.dt import MOST_ROWS, UNLIMITED, DtAnswer, Options, Selected, answered, layout, listing, walk_list
from dumpwalk.types.model import Array, Base, Enum, Struct
from dumpwalk.types.sources.dt_text import DtListing
from dumpwalk.types.spelling import from_dt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dumpwalk.memory.segments import Memory
    from dumpwalk.objects import Space
    from dumpwalk.target import Target
    from dumpwalk.types.model import Type, TypeDatabase

_MOST_ELEMENTS = 100_000
_RULE = "-" * 45
# C's names for the base types, which symbols keep as typedefs (winnt.h, basetsd.h) and a type database does not.
_TYPEDEFS = {
    **dict.fromkeys(("CHAR", "CCHAR"), "Char"),
    **dict.fromkeys(("UCHAR", "BYTE", "BOOLEAN"), "UChar"),
    "WCHAR": "Wchar",
    "SHORT": "Int2B",
    **dict.fromkeys(("USHORT", "WORD"), "Uint2B"),
    **dict.fromkeys(("LONG", "INT", "NTSTATUS", "HRESULT", "BOOL"), "Int4B"),
    **dict.fromkeys(("ULONG", "UINT", "DWORD"), "Uint4B"),
    **dict.fromkeys(("LONGLONG", "LONG64"), "Int8B"),
    **dict.fromkeys(("ULONGLONG", "ULONG64", "DWORD64", "QWORD"), "Uint8B"),
}


@record
class Request:
    """What the words of a ``dt`` ask for.

    :param name: of the type, with its module if that was said; may be a pattern, or ``NAME[count]``
    :param prefix: ``-y``: the name is only the beginning
    :param link: the member behind ``-l``, which points to the next structure of a list
    :param size: ``-s``: only types of that size
    :param many: list what matches, with ``-e`` or ``-t``
    :param physical: ``-p``: the address is a physical one
    """

    name: str
    address: int | None
    options: Options
    prefix: bool = False
    link: str = ""
    size: int | None = None
    many: bool = False
    physical: bool = False


class _Words:
    """Takes the words of a ``dt`` one after another; an option may stand anywhere and holds for what follows."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)
        self.flags: set[str] = set()
        self.link, self.size, self.depth, self.elements = "", None, 0, -1  # type: tuple[str, int | None, int, int]
        self.name, self.prefix, self.address = "", False, ""
        self.fields: list[Selected] = []
        self._next_is_name = self._next_is_prefix = False
        self._next_elements = -1

    def request(self) -> Request:
        while self.words:
            word = self.words.pop(0)
            if word[:1] == "-" and word[1:2].isalpha():
                self._letters(word)
            elif self._next_is_name or self._next_is_prefix or not self._number(word):
                self._take_name(word)
        if self._next_elements >= 0:
            self.elements = self._next_elements
        if not self.name:
            raise UsageError("dt needs the name of a type: dt nt!_FILE_OBJECT 0x8750ef80")
        options = Options(
            self.depth,
            "b" in self.flags,
            bool(self.flags & {"v", "d"}),
            "o" not in self.flags,
            "i" not in self.flags,
            "c" in self.flags,
            self.elements,
            tuple(self.fields),
        )
        address = _sum(self.address) if self.address else None
        many = bool(self.flags & {"e", "t"}) or self.size is not None
        return Request(self.name, address, options, self.prefix, self.link, self.size, many, "p" in self.flags)

    def _letters(self, word: str) -> None:
        """Take ``-r2``, ``-ca10``, ``-yoi``: letters, two of which may have digits behind them."""
        at = 1
        while at < len(word):
            letter = word[at]
            at += 1
            end = at
            while end < len(word) and word[end].isdigit():
                end += 1
            digits, at = word[at:end], end
            if letter not in "abcdeilnoprstvy" or (digits and letter not in "ar"):
                raise UsageError(f"dt knows no option -{letter}{digits} (in {word})")
            if letter == "r":
                self.depth = min(int(digits), UNLIMITED) if digits else UNLIMITED
            elif letter == "a":
                self._next_elements = int(digits) if digits else 0
            elif letter == "n":
                self._next_is_name = True
            elif letter == "y":
                self._next_is_prefix = True
            elif letter in "ls":
                if at < len(word) or not self.words:
                    raise UsageError(f"-{letter} needs a value: {'LIST' if letter == 'l' else 'SIZE'}")
                value = self.words.pop(0)
                if letter == "l":
                    self.link = value
                else:
                    self.size = _sum(value)
            else:
                self.flags.add(letter)

    def _number(self, word: str) -> bool:
        """Take *word* if it is an address or a part of a sum."""
        if self.address and (word[0] in "+-" or self.address[-1] in "+-"):
            self.address += word
        elif not self.address and _is_number(word.strip("()").partition("+")[0].partition("-")[0]):
            self.address = word
        elif word[:1] in "@(" or word.startswith("poi("):
            raise UsageError(f"{word}: registers and expressions of symbols are not known here; give the address")
        else:
            return False
        return True

    def _take_name(self, word: str) -> None:
        prefix, self._next_is_name, self._next_is_prefix = self._next_is_prefix, False, False
        elements, self._next_elements = self._next_elements, -1
        if not self.name:
            if word == ".":
                raise UsageError(". for the type asked for before works in the debugger only; name the type")
            self.name, self.prefix, self.elements = word, prefix, max(self.elements, elements)
            return
        bare, index = _subscript(word)
        self.fields.append(Selected(tuple(bare.split(".")), prefix, index, elements, word))


def _subscript(word: str) -> tuple[str, int | None]:
    """Return *word* without its subscript, and that. A subscript is decimal whatever the radix."""
    bare, open, rest = word.partition("[")
    number, close, after = rest.partition("]")
    if open and close and number.isascii() and number.isdecimal() and len(number) < 10:
        return bare + after, int(number)
    return word, None


def _is_number(text: str) -> bool:
    digits = text.replace("`", "").lower().removeprefix("0x").removeprefix("0n")
    return bool(digits) and all(c in "0123456789abcdef" for c in digits)


def _sum(text: str) -> int:
    """Return the sum that *text* is: ``0x863c1758+0x50``.

    :raises UsageError: when it is anything else
    """
    from dumpwalk.arguments import number

    total = 0
    for part in text.replace(" ", "").strip("()").replace("-", "+-").split("+"):
        try:
            total += -number(part[1:]) if part.startswith("-") else number(part) if part else 0
        except ValueError as error:
            raise UsageError(f"{text}: {error}") from None
    return total


def request_of(words: Sequence[str]) -> Request:
    """Return what the words of a ``dt`` command ask for.

    :raises UsageError: when they make no sense
    """
    return _Words(words).request()


class NoMemory:
    """The memory of types alone."""

    def read(self, address: int, size: int) -> bytes:
        """Say that there is none.

        :raises UsageError: always
        """
        raise UsageError("values need a dump: -z FILE")


def find_type(types: TypeDatabase, name: str) -> Type:
    """Return the type called *name*: ``nt!_EPROCESS``, ``ULONG``, ``Ptr64 Void``, or an array of one, ``CHAR[8]``.

    :raises TypeInfoError: when there is none
    """
    bare, count = _subscript(name.rpartition("!")[2])
    found: Type | None = types.find(bare) or types.find(f"_{bare}")
    if found is None:
        lower = bare.lower()
        found = next((types.find(n) for n in types.names() if n.lower() == lower), None)
    if found is None and (bare in _TYPEDEFS or " " in bare or bare[-1:] == "B"):
        from dumpwalk.errors import FormatError

        try:
            found = from_dt(_TYPEDEFS.get(bare, bare), types.pointer_size)
        except FormatError as error:
            raise TypeInfoError(str(error)) from error
    if found is None:
        from difflib import get_close_matches

        close = get_close_matches(bare, list(types.names()), 1)
        raise TypeInfoError(f"no type {bare} in {types.name}{f'; did you mean {close[0]}?' if close else ''}")
    return found if count is None else Array(found, count)


def module_of(types: TypeDatabase) -> str:
    """Return the module that types are of: ``driver`` of ``driver/1.0`` and ``driver.pdb``, else ``nt``."""
    module, slash, _ = types.name.partition("/")
    if not slash and module.lower().endswith((".h", ".pdb", ".pd_")):
        module, slash, _ = module.rpartition(".")
    return module if slash and module.isidentifier() else "nt"


def show(memory: Memory, types: TypeDatabase, request: Request, names: Callable[[int], str] | None = None) -> DtAnswer:
    """Return what ``dt`` shows for a request.

    :param names: says what is at the address of a function, ``nt!IopInvalidDeviceRequest+0``, or ``""``
    :raises TypeInfoError: when there is no such type
    """
    space = space_of(memory, types)
    options = request.options
    pattern = any(c in request.name for c in "*?")
    listings: list[DtListing] = []
    name = request.name
    if pattern or request.prefix or request.many:
        matched = _matching(types, request, pattern)
        listings.append(matched)
        if pattern or request.many:
            return DtAnswer(tuple(listings))
        name = matched.names[0].split()[-1]
    type = find_type(types, name)
    if request.link:
        if request.address is None or not isinstance(type, Struct):
            raise UsageError("-l needs the address of the list's first structure")
        return walk_list(space, type.name, request.link, request.address, options, names)
    module = "" if "!" in request.name or request.prefix else module_of(types)
    if isinstance(type, Base):
        module = ""
    if options.elements > 0 and not options.fields and not isinstance(type, Array) and request.address is not None:
        type = Array(type, min(options.elements, _MOST_ELEMENTS))
    if isinstance(type, Array) and request.address is not None and _is_struct(type, types):
        listings += _array(space, type, request.address, options, names)
    else:
        listings.append(listing(space, type, request.address, options, module, names))
    return answered(listings, [], options)


def _is_struct(type: Array, types: TypeDatabase) -> bool:
    element = type.element
    return isinstance(element, Struct) and size_of(element, types) is not None


def _array(
    space: Space, type: Array, address: int, options: Options, names: Callable[[int], str] | None
) -> list[DtListing]:
    """Return a listing for each structure of an array."""
    found = []
    size = size_of(type.element, space.types) or 0
    rows = 0
    for i in range(min(type.count, _MOST_ELEMENTS) if size else 1):
        place = space.address(address + i * size)
        shown = listing(space, type.element, place, options, names=names)
        heading = (f"[{i}] @ {place} ", _RULE, *shown.heading)
        found.append(shown.__replace__(heading=heading))  # type: ignore[attr-defined]
        rows += len(shown.rows) + 1
        if rows >= MOST_ROWS:
            break
    return found


def _matching(types: TypeDatabase, request: Request, pattern: bool) -> DtListing:
    """Return the names of the types that a pattern or a prefix matches."""
    from fnmatch import fnmatchcase

    bare = request.name.rpartition("!")[2].lower()
    module = request.name.partition("!")[0] if "!" in request.name else module_of(types)
    wanted = bare if pattern else bare + "*" if request.prefix else bare
    names = []
    for name in types.names():
        if not fnmatchcase(name.lower(), wanted):
            continue
        found = types.find(name) if request.size is not None or request.options.verbose else None
        size = found.size if isinstance(found, (Struct, Enum)) else 0
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
        if request.address is not None:
            raise UsageError("values need a dump: -z FILE")
        return show(NoMemory(), types_of(None, types), request)
    memory = _physical(target) if request.physical else target.memory
    shown = show(memory, types_of(target, types), request, _names(target))
    return shown if types is not None else _with_doubt(shown, target)


def _physical(target: Target) -> Memory:
    """Return the memory that ``-p`` reads.

    :raises UsageError: when the dump holds no physical pages
    """
    if isinstance(target.physical, Absent):
        raise UsageError(f"-p: {target.physical.reason}")
    return target.physical


def _with_doubt(answer: DtAnswer, target: Target) -> DtAnswer:
    """Return *answer* with a remark where the kernel is not known exactly: a guess must not look like knowledge."""
    profile = target.profile
    if isinstance(profile, Absent) or profile.exact:
        return answer
    problem = Problem("types", f"this kernel is not known; these are of {profile.name}: {profile.match}")
    return DtAnswer(answer.listings, (*answer.problems, problem), answer.indented, answer.compact)


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


def _names(target: Target) -> Callable[[int], str]:
    def name(address: int) -> str:
        found = target.symbol(address)
        return f"nt!{found[0]}+{found[1]:x}" if found else ""

    return name
