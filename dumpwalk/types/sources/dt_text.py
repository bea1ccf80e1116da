"""Listings that ``dt`` printed and somebody pasted, read back into rows.

A listing is read line by line (``grammars/dt.lark`` is the grammar of a line),
because pasted text is cut, wrapped in comments and mixed with remarks. What
nests is told by the indentation. :mod:`dumpwalk.types.sources.dt_types` makes
types of the rows.
"""

from __future__ import annotations

from dumpwalk.memory.address import Hex
from dumpwalk.record import record
from dumpwalk.types.sources.dt_meaning import integer, meaning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lark import Lark, Token

    from dumpwalk.memory.address import Address
    from dumpwalk.types.sources.dt_types import ListedTypes

_LONGEST_LINE = 4096
_MOST_LINES = 1_000_000
_DEEPEST = 64
# What a type without members may be printed as, by the grammar's terminals.
_ALONE = frozenset((
    *("TYPE_NAME", "COUNT", "POINTER", "FUNCTION", "HEX", "PLAIN", "SIGNED", "BINARY", "REAL", "NULL", "GUID"),
    *("UNREADABLE", "CHARACTER", "ENUM", "STRING", "CALL"),
))  # fmt: skip


@record
class DtRow:
    """A row of a listing.

    :param name: the field's; an element's index as printed, ``[00]``
    :param offset: in bytes from the beginning of the structure the row belongs to; ``None`` where none is printed
    :param text: what stands behind the colon, character by character
    :param depth: how many structures of the listing it is nested in
    :param kind: ``field``, ``static`` (the offset is its address), ``element`` of a field that is an array,
        ``item`` of an array that was asked for, ``enumerator``, or ``value`` of a type without members
    :param type: its type as ``dt`` spells it; ``""`` where the row does not say
    :param value: what the text says: a number, a string, two links, an
        :class:`~dumpwalk.remarks.Absent`; ``None`` when it says no more than the type
    :param guessed: what of it is not knowledge, as :class:`~dumpwalk.types.model.Field` says it
    """

    name: str
    offset: Hex | None
    text: str
    depth: int = 0
    kind: str = "field"
    type: str = ""
    value: Any = None
    guessed: str = ""


@record
class DtSymbol:
    """A name that a pattern matched, where the row says more than the name.

    :param address: of a variable or function; ``None`` for a type
    :param size: in bytes, which ``-v`` prints
    """

    name: str
    address: Address | None
    size: Hex | None


@record
class DtListing:
    """What one ``dt`` printed.

    :param type: name of the type, without the module; ``""`` when the text does not say
    :param module: where it was found, ``nt``; ``""`` when not said
    :param address: where the structure lies; ``None`` for a type alone, or when it is an expression of symbols
    :param size: of the structure in bytes, which only ``-v`` prints
    :param names: types that a pattern matched, ``nt!_OBJECT_HEADER_*``
    :param width: how far the names are padded: 16, or the longest field asked for
    :param heading: the lines above the rows
    :param source: where the type comes from
    """

    type: str
    module: str = ""
    address: Address | None = None
    size: Hex | None = None
    rows: tuple[DtRow, ...] = ()
    names: tuple[str, ...] = ()
    width: int = 16
    heading: tuple[str, ...] = ()
    source: str = ""


@record
class Pasted:
    """The listings in a text, and the lines of it that are none of ``dt``'s."""

    listings: tuple[DtListing, ...]
    ignored: tuple[str, ...]


class Draft:
    """A listing while it is being read; each row with the names of the terminals behind its colon."""

    def __init__(self, type: str = "", module: str = "", address: Address | None = None) -> None:
        self.type, self.module, self.address = type, module, address
        self.size: Hex | None = None
        self.kind = ""
        self.rows: list[tuple[DtRow, tuple[str, ...]]] = []
        self.names: list[str] = []
        self.symbols: list[DtSymbol] = []
        self.heading: list[str] = []
        # Positions of rows, and what authors or mex wrote behind them.
        self.remarks: list[tuple[int, str]] = []
        self.width = 16
        self._indents: list[int] = []

    def depth(self, indent: int, element: bool) -> int:
        """Return how deep a row with that many blanks before it is nested, and remember it for the next rows."""
        if element:
            return max(0, sum(1 for i in self._indents if i <= indent) - 1)
        indents = self._indents
        if not indents or indents[-1] != indent:
            while indents and indents[-1] > indent:
                indents.pop()
            if (not indents or indents[-1] < indent) and len(indents) < _DEEPEST:
                indents.append(indent)
        return len(indents) - 1

    def listing(self) -> DtListing:
        """Return what was read."""
        type, module = self.type, self.module
        if self.rows and len(self.names) == 1:  # of -y: which type the beginning of a name stands for
            module, _, type = self.names[0].partition("!")
        return DtListing(
            type,
            module,
            self.address,
            self.size,
            tuple(row for row, _ in self.rows),
            tuple(self.names),
            self.width,
            tuple(self.heading),
        )


def parse(text: str) -> Pasted:
    """Return the listings in *text*. Nothing in it is an error; what fits nowhere is among the ignored lines."""
    drafts, ignored = read(text)
    return Pasted(tuple(d.listing() for d in drafts), tuple(ignored))


def read(text: str) -> tuple[list[Draft], list[str]]:
    """Return the listings in *text* as drafts, and the lines that belong to none."""
    reader = LineReader()
    ignored = [line for line in plain_lines(text) if line.strip() and not reader.take_line(line)]
    return reader.complete(), ignored


def plain_lines(text: str) -> list[str]:
    """Return the lines of *text* without what pages and mails do to them.

    That is U+00A0 for blanks, HTML entities, tabs, and a comment sign or
    quotation mark before a row.
    """
    import html
    import re

    if "&" in text:
        text = re.sub(
            r"&(?:lt|gt|amp|quot|nbsp|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});", lambda m: html.unescape(m[0]), text
        )
    lines = text.replace("\xa0", " ").splitlines()[:_MOST_LINES]
    wrapper = re.compile(r"^\s*(?://+|>+|[*;#])[ \t]?(?=[ \t]*(?:[+=](?:0x)?[0-9a-f]|\[[0-9]|[0-9]*:? ?l?kd>))")
    return [wrapper.sub("", line.expandtabs(), count=1) for line in lines]


_loaded: list[Lark] = []


def _parser() -> Lark:
    if not _loaded:
        from dumpwalk.resources import load_grammar

        _loaded.append(load_grammar("dt"))
    return _loaded[0]


class LineReader:
    """Takes the lines of listings in order and says which listing each belongs to."""

    def __init__(self) -> None:
        # A command that only prints such records needs no expressions.
        from dumpwalk.types.sources.dt_command import command_target, number
        from dumpwalk.types.sources.dt_rows import may_be_of_dt, usual_row

        self.drafts: list[Draft] = [Draft()]
        self._target, self._number = command_target, number
        self._usual_row = usual_row
        self._may_be_of_dt = may_be_of_dt

    @property
    def draft(self) -> Draft:
        return self.drafts[-1]

    def take_line(self, line: str) -> bool:
        """Take a line, and say whether it is one of ``dt``'s."""
        if len(line) > _LONGEST_LINE:
            return False
        row = self._usual_row(line)
        if row is None:
            return self._may_be_of_dt(line) and self._parse(line)
        indent, offset, name, width, text, shape, type, value = row
        draft = self.drafts[-1]
        if width > len(name):
            draft.width = width
        depth = draft.depth(indent, False)
        draft.rows.append((DtRow(name, Hex(offset), text, depth, "field", type, value), shape))
        return True

    def _parse(self, line: str) -> bool:
        from lark import UnexpectedInput

        try:
            statement: Any = _parser().parse(line).children[0]
        except UnexpectedInput:
            return False
        getattr(self, f"_{statement.data}")(statement.children, line)
        return True

    def take_value(self, line: str) -> bool:
        """Take what stands for a type without members: its value alone, or its name; and say whether *line* is that."""
        if self.draft.rows or len(line) > _LONGEST_LINE:
            return False
        from lark import UnexpectedInput

        as_element = f"[0] {line}"
        try:
            statement: Any = _parser().parse(as_element).children[0]
        except UnexpectedInput:
            return False
        tokens = statement.children[1:]
        if statement.data != "element" or not tokens or any(t.type not in _ALONE for t in tokens):
            return False
        if tokens[0].type == "TYPE_NAME" and str(tokens[0]) != self.draft.type:
            return False  # prose has words, too
        self._add("", None, tokens, as_element, 0, "value")
        return True

    def complete(self) -> list[Draft]:
        """Return the listings that hold something."""
        return [d for d in self.drafts if d.rows or d.names or d.size]

    def begin(self, words: str) -> None:
        """Begin the listing that a command prints."""
        self.drafts.append(Draft(*self._target(words)))

    _begin = begin

    def _renew(self) -> None:
        """Begin a listing of the same type, unless nothing was listed yet."""
        if self.draft.rows:
            self.drafts.append(Draft(self.draft.type, self.draft.module))

    def _prompt(self, tokens: list[Token], line: str) -> None:
        self._begin(str(tokens[1]) if len(tokens) > 1 else "")

    def _title(self, tokens: list[Token], line: str) -> None:
        if self.draft.rows or not self.draft.type:  # mex repeats the command below the prompt
            self._begin(str(tokens[0]))
        self.draft.heading.append(line.strip())

    def _row(self, tokens: list[Token], line: str) -> None:
        place, name, *rest = tokens
        sign = place.index("+")
        offset = Hex(int(place[sign + 1 :].removeprefix("0x"), 16))
        gap = line.find(":", name.end_pos or 0) - (name.start_pos or 0) - 1
        if gap > len(name):
            self.draft.width = gap
        self._add(str(name), offset, rest, line, self.draft.depth(sign, False), "field")

    def _static(self, tokens: list[Token], line: str) -> None:
        place, name, *rest = tokens
        sign = place.index("=")
        offset = Hex(int(place[sign + 1 :].replace("`", "").replace("'", ""), 16))
        self._add(str(name), offset, rest, line, self.draft.depth(sign, False), "static")

    def _bare(self, tokens: list[Token], line: str) -> None:
        label = str(tokens[0]).rstrip(": ")
        indent = len(label) - len(label.lstrip())
        self._add(label.strip(), None, tokens[1:], line, self.draft.depth(indent, False), "field")

    def _element(self, tokens: list[Token], line: str) -> None:
        index, *rest = tokens
        if rest and rest[0].type == "PLACE":  # a whole listing for each element
            self._renew()
            self.draft.address = self._number(str(rest[0]))
            self.draft.heading.append(line)
            return
        indent = len(index) - len(index.lstrip())
        kind = "element" if indent or (self.draft.rows and self.draft.rows[-1][0].kind != "item") else "item"
        self._add(index.strip(), None, rest, line, self.draft.depth(indent, True), kind)

    def _enumerator(self, tokens: list[Token], line: str) -> None:
        name, value = str(tokens[0]).rstrip("= "), tokens[1]
        text = str(value)
        self._remark(tokens[2:])
        self.draft.rows.append((DtRow(name.strip(), None, text, 0, "enumerator", "", integer(text)), (value.type,)))

    def _add(self, name: str, offset: Hex | None, rest: list[Token], line: str, depth: int, kind: str) -> None:
        tokens = [t for t in rest if t.type != "REMARK"]
        text = line[tokens[0].start_pos : tokens[-1].end_pos].strip() if tokens else ""
        blank = " " if text and line.endswith(" ") and len(tokens) == len(rest) else ""
        shape = tuple(t.type for t in tokens)
        type, value = meaning(tokens)
        self._remark(rest)
        self.draft.rows.append((DtRow(name, offset, text + blank, depth, kind, type, value), shape))

    def _remark(self, tokens: list[Token]) -> None:
        """Keep what stands behind the value of the row that is added next."""
        text = " ".join(str(t).strip() for t in tokens if t.type == "REMARK")
        if text:
            self.draft.remarks.append((len(self.draft.rows), text))

    def _chain(self, tokens: list[Token], line: str) -> None:
        self._renew()
        self.draft.address = self._number(line.rpartition(" ")[2])
        self.draft.heading.append(line)

    def _sized(self, tokens: list[Token], line: str) -> None:
        words = str(tokens[0])
        self._renew()
        self.draft.heading.append(line)
        kind_and_name, _, rest = words.partition(", ")
        self.draft.type = kind_and_name.partition(" ")[2]
        if rest.endswith("bytes"):
            self.draft.kind = kind_and_name.partition(" ")[0]
            self.draft.size = Hex(int(rest.split()[-2], 16))

    def _cast(self, tokens: list[Token], line: str) -> None:
        self._renew()
        self.draft.heading.append(line)
        self.draft.type = str(tokens[1])
        if len(tokens) > 2:
            self.draft.address = self._number(str(tokens[-1]))

    def _type_name(self, tokens: list[Token], line: str) -> None:
        module, _, name = str(tokens[0]).strip().partition("!")
        if self.draft.names and line[:1] != " ":  # what a prefix meant, and below it the type
            self._begin("")
        if line.startswith("        "):
            self.draft.names.append(f"{module}!{name}")
            return
        self._renew()
        self.draft.type, self.draft.module = name, module
        self.draft.heading.append(line)

    def _symbol(self, tokens: list[Token], line: str) -> None:
        *columns, name = (str(t).strip() for t in tokens)
        at = columns.pop(0) if columns and len(columns[0]) >= 8 else ""
        self.draft.names.append(name)
        self.draft.symbols.append(
            DtSymbol(name, self._number(at) if at else None, Hex(int(columns[0], 16)) if columns else None)
        )

    def _enumeration(self, tokens: list[Token], line: str) -> None:
        self.draft.heading.append(line.strip())

    def _local(self, tokens: list[Token], line: str) -> None:
        self._renew()
        self.draft.type = str(tokens[-1])
        self.draft.heading.append(line)

    def _whole(self, tokens: list[Token], line: str) -> None:
        self.draft.heading.append(line)

    def _gap(self, tokens: list[Token], line: str) -> None:
        """Rows were left out here; the listing goes on behind."""

    _rule = _gap


def database(text: str, name: str = "pasted dt listings") -> ListedTypes:
    """Return the types that the listings in *text* show; see :mod:`dumpwalk.types.sources.dt_types`."""
    from dumpwalk.types.sources.dt_types import ListedTypes

    return ListedTypes(text, name)
