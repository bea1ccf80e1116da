"""What Microsoft documents of each bug check, read one paragraph at a time out of ``bugchecks.txt``."""

from __future__ import annotations

from dumpwalk import resources
from dumpwalk.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


@record
class Field:
    """A parameter as documented.

    :param number: 1 to 4
    :param kind: what to do with its value; ``""`` for just a number
    :param values: documented values, as ``("0x1", "write")``; some are named, not numbered
    """

    number: int
    kind: str
    meaning: str
    values: tuple[tuple[str, str], ...]


@record
class Row:
    """What one value of a selecting parameter means, and the other parameters then.

    :param lines: what stands below the row; read when asked for, as one bug check has hundreds of rows
    """

    condition: str
    meaning: str
    lines: tuple[str, ...]

    @property
    def severity(self) -> str:
        """The severity that the documentation gives the case, or ``""``."""
        return next((line.partition(": ")[2] for line in self.lines if line.startswith("    severity: ")), "")

    @property
    def fields(self) -> tuple[Field, ...]:
        """The parameters in this case."""
        return _fields([line[4:] for line in self.lines])


@record
class Table:
    """Rows, one of which applies. *words* is how the documentation says which.

    :param value: whose values the rows list: ``p3``, ``p4&0xff``, or parameters of a kind; ``""`` when rows
        have conditions
    """

    condition: str
    value: str
    words: str
    rows: tuple[Row, ...]


@record
class Variant:
    """The parameters' meanings under a condition."""

    condition: str
    words: str
    fields: tuple[Field, ...]


@record
class Entry:
    """A bug check as documented.

    :param meaning: ``""`` when Microsoft has no page for it
    :param same_as: the code whose parameters these are, or the code itself
    :param notes: ``rare``, ``live dump only``
    """

    code: int
    name: str
    alias: str
    meaning: str
    same_as: int
    notes: tuple[str, ...]
    fields: tuple[Field, ...]
    variants: tuple[Variant, ...]
    tables: tuple[Table, ...]


FIELDS = ("p1", "p2", "p3", "p4")

_data: list[bytes] = []


def data() -> bytes:
    """Return the table's bytes, read when first asked for."""
    if not _data:
        _data.append(resources.read("dumpwalk.bugchecks", "bugchecks.txt"))
    return _data[0]


def find(code: int) -> Entry | None:
    """Return what is documented of bug check *code*."""
    text = data()
    start = text.find(b"\n0x%08X " % code)
    return _parse(text[start + 1 : text.index(b"\n\n", start)].decode("utf-8")) if start >= 0 else None


def find_code(name: str) -> int | None:
    """Return the code of the bug check called *name*, in whatever case.

    >>> hex(find_code("apc_index_mismatch")), find_code("NO_SUCH_THING")
    ('0x1', None)
    """
    text = data()
    word = name.strip().upper()
    if not word.isidentifier() or not word.isascii():
        return None
    end = text.find(b" %s\n" % word.encode())
    while end >= 0:  # "0x00000001 NAME" or "alias: NAME", and not the end of some sentence
        start = text.rfind(b"\n", 0, end) + 1
        if text.startswith(b"0x", start):
            return int(text[start:end], 16)
        if text[start:end] == b"alias:":
            return int(text[text.rfind(b"\n\n", 0, start) + 2 :][:10], 16)
        end = text.find(b" %s\n" % word.encode(), end + 1)
    return None


def codes() -> tuple[int, ...]:
    """Return every code of the table, in order."""
    return tuple(int(p[:10], 16) for p in data().split(b"\n\n")[1:] if p.startswith(b"0x"))


def names() -> tuple[str, ...]:
    """Return every name of the table, aliases left out."""
    return tuple(p[11:].partition(b"\n")[0].decode("ascii") for p in data().split(b"\n\n")[1:] if p.startswith(b"0x"))


def _parse(paragraph: str) -> Entry:
    heading, *lines = paragraph.split("\n")
    code = int(heading[:10], 16)
    values: dict[str, str] = {}
    notes: list[str] = []
    fields: list[str] = []
    variants: list[Variant] = []
    tables: list[Table] = []
    for key, text, below in _blocks(lines):
        word, _, condition = key.partition(" ")
        if word in FIELDS:
            fields += [f"{key}: {text}", *below]
        elif word == "when":
            variants.append(Variant(condition, text, _fields([line[2:] for line in below])))
        elif word == "table":
            tables.append(_table(condition, text, below))
        elif word == "note":
            notes.append(text)
        else:
            values[key] = text
    return Entry(
        code,
        heading[11:],
        values.get("alias", ""),
        values.get("meaning", ""),
        int(values.get("same as", heading[:10]), 16),
        tuple(notes),
        _fields(fields),
        tuple(variants),
        tuple(tables),
    )


def _blocks(lines: list[str]) -> Iterator[tuple[str, str, list[str]]]:
    """Yield each line that is not indented, as key and text, with the indented lines below it."""
    starts = [n for n, line in enumerate(lines) if not line.startswith(" ")]
    for start, end in zip(starts, [*starts[1:], len(lines)]):
        key, _, text = lines[start].partition(":")
        yield key, text[1:], lines[start + 1 : end]


def _fields(lines: list[str]) -> tuple[Field, ...]:
    found = []
    for key, text, below in _blocks(lines):
        name, _, kind = key.partition(" ")
        if name in FIELDS:
            values = [line.strip().partition(": ") for line in below]
            found.append(Field(int(name[1]), kind, text, tuple((value, text) for value, _, text in values)))
    return tuple(found)


def _table(condition: str, words: str, lines: list[str]) -> Table:
    terms = condition.split()
    value = next((t[6:] for t in terms if t.startswith("value=")), "")
    rows = [
        Row(key.partition(" ")[2], meaning, tuple(f"  {line}" for line in below))
        for key, meaning, below in _blocks([line[2:] for line in lines])
    ]
    return Table(" ".join(t for t in terms if not t.startswith("value=")), value, words, tuple(rows))
