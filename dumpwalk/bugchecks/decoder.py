"""Turns a bug check code and its four parameters into what they mean."""

from __future__ import annotations

from dumpwalk.bugchecks import BUGCHECKS, BugCheck, Machinery, Parameter
from dumpwalk.bugchecks.condition import ELSE, holds, place
from dumpwalk.bugchecks.kinds import ADDRESSES, decoded
from dumpwalk.bugchecks.ntstatus import nt_status
from dumpwalk.bugchecks.table import Entry, Field, find
from dumpwalk.memory.address import Address, Address32, Hex
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dumpwalk.bugchecks import Specialist
    from dumpwalk.bugchecks.table import Row, Table

# ntstatus.h: bits 30-31 severity, 29 customer, 28 reserved. Bug check codes borrow the layout.
CUSTOMER = 0x20000000
MINIDUMP = 0x10000000

UNDECIDED = "The parameters don't say which of these it is:"
NOTES = {
    "rare": "This bug check is rarely seen.",
    "live dump only": "This code names a live dump: Windows took it and went on running.",
}


def decoded_bugcheck(code: int, parameters: Sequence[int], machinery: Machinery) -> BugCheck:
    """Return what bug check *code* means; see :func:`dumpwalk.bugchecks.decode`."""
    code &= 0xFFFFFFFF
    machine = machinery.machine
    mask = 0xFFFFFFFF if machine and machine.pointer_size == 4 else 0xFFFFFFFFFFFFFFFF
    given = tuple(p & mask for p in parameters[:4])
    named, entry, sentences = _look_up(code)
    if entry is None:
        return _unknown(code, given, named, sentences, machinery)
    fields, found, cases = _documented(entry, given)
    wide = _address_class((v for n, v in enumerate(given, 1) if n in fields and fields[n].kind in ADDRESSES), machinery)
    sentences += [NOTES[note] for note in (named or entry).notes]
    bugcheck = BugCheck(
        Hex(entry.code),
        Hex(code),
        (named or entry).name,
        _words(entry.meaning) or Absent("Microsoft documents no more than the name of this code"),
        tuple(_parameter(fields.get(n), n, given, cases, wide, machinery) for n in (1, 2, 3, 4)),
        (*sentences, *found),
        _words(cases[max(cases)]) if cases else "",
    )
    specialist = _specialist(entry.name) if given else None
    return _with_fault(specialist(bugcheck, machinery) if specialist else bugcheck)


def _look_up(code: int) -> tuple[Entry | None, Entry | None, list[str]]:
    """Return the entry with the name of *code*, the one with its parameters, and what to say about the code.

    A code may have bit 28 set on top of another one: Windows marked codes so in
    minidumps. Some marked codes are documented with a name of their own
    (``..._M``); and codes such as DEADDEAD have the bit of their own right.
    """
    named = find(code)
    if named is not None and named.same_as != code:
        return named, find(named.same_as), []
    if (named is not None and named.meaning) or not code & MINIDUMP:
        return named, named, []
    plain = find(code & ~MINIDUMP)
    if plain is None:
        return named, named, []
    base = find(plain.same_as) or plain
    return named or plain, base, [f"It is {base.code:#x} with bit 28 set, which marks codes in minidumps."]


def _unknown(
    code: int, given: tuple[int, ...], named: Entry | None, sentences: list[str], machinery: Machinery
) -> BugCheck:
    if code == 0:
        reason = "code 0 is no bug check: nothing crashed, the dump was taken of a running system"
    elif code & CUSTOMER:
        reason = (
            "not one of Microsoft's codes: bit 29 marks it as defined by somebody else, usually the driver that used it"
        )
    else:
        reason = "no public documentation or header names this code"
    spelled = code.to_bytes(4, "little")  # as it lies in memory
    if all(0x20 < b < 0x7F for b in spelled):
        sentences.append(f"Its bytes spell {spelled.decode('ascii')!r}: tools that write dumps sign them so.")
    if code >= 0x80000000 and (status := nt_status(code)):
        sentences.append(f"As an NTSTATUS the code is {status}.")
    parameters = tuple(_parameter(None, n, given, {}, Address, machinery) for n in (1, 2, 3, 4))
    return BugCheck(Hex(code), Hex(code), Absent(reason), Absent(reason), parameters, tuple(sentences))


def _documented(entry: Entry, given: tuple[int, ...]) -> tuple[dict[int, Field], list[str], dict[int, str]]:
    """Return the parameters as documented for the values *given*, sentences, and what single values mean."""
    fields = {f.number: f for f in entry.fields}
    sentences: list[str] = []
    cases: dict[int, str] = {}
    if given:
        matching = [v for v in entry.variants if holds(v.condition, given)]
        for variant in matching or [v for v in entry.variants if v.condition == ELSE]:
            fields.update((f.number, f) for f in variant.fields)
            sentences.append(f"Parameters as documented for: {_words(variant.words)}.")
            break
    else:
        sentences += [line for v in entry.variants for line in _variant_lines(v.words, v.fields)]
    tables = sorted(entry.tables, key=lambda t: bool(t.value))  # those that only name values come last
    if not given:
        sentences += [_row_line(t, row) for t in tables for row in t.rows]
    applied = [bool(given) and holds(t.condition, given) and _apply(t, given, fields, cases, sentences) for t in tables]
    selectors = sorted({n for t in entry.tables for r in t.rows for n in _selected_by(r.condition)})
    for n in selectors:
        fields.setdefault(n, Field(n, "", "which case it is", ()))
    if given and applied and not any(applied) and selectors:
        shown = ", ".join(f"{given[n - 1]:#x}" for n in selectors if n <= len(given))
        sentences.append(f"No documented case has parameter {' and '.join(map(str, selectors))} = {shown}.")
    if selectors and not any(applied):
        for n in {1, 2, 3, 4} - set(fields):
            fields[n] = Field(n, "depends", f"depends on parameter {selectors[0]}", ())
    elif any(applied) or entry.variants:
        for n in {1, 2, 3, 4} - set(fields):
            fields[n] = Field(n, "reserved", "reserved, or not documented", ())
    return fields, sentences, cases


def _selected_by(condition: str) -> list[int]:
    return [int(term[1]) for term in condition.split() if term[0] == "p"]


def _apply(
    table: Table, given: tuple[int, ...], fields: dict[int, Field], cases: dict[int, str], sentences: list[str]
) -> bool:
    """Add to *fields* what the row of *table* says that applies, and return whether there is one."""
    if table.value:
        return _name_values(table, given, fields, cases)
    matching = [r for r in table.rows if r.condition and holds(r.condition, given)]
    most = max((len(r.condition.split()) for r in matching), default=0)
    rows = [r for r in matching if len(r.condition.split()) == most] or [r for r in table.rows if r.condition == ELSE]
    if not rows and (unsorted := [r for r in table.rows if not r.condition]):
        if UNDECIDED not in sentences:
            sentences.append(UNDECIDED)
        sentences += [_row_line(table, row) for row in unsorted]
        rows = unsorted
    else:
        for row in rows:
            sentences.append(sentence(row.meaning) + (f" Severity: {row.severity}." if row.severity else ""))
            cases.update((n, row.meaning) for n in _selected_by(row.condition))
    for n in (1, 2, 3, 4):
        labels = {f.meaning: f for r in rows for f in r.fields if f.number == n and not _is_number(f.meaning)}
        kinds = {f.kind for f in labels.values()}
        if len(labels) == 1:
            fields[n] = next(iter(labels.values()))
        elif labels:
            fields[n] = Field(n, kinds.pop() if len(kinds) == 1 else "", ", or ".join(labels), ())
    return bool(rows)


def _is_number(label: str) -> bool:
    """Return whether a label is only the value itself, which says less than no label."""
    return label.isdigit() or label.startswith("0x") or label.startswith("reserved")


def _name_values(table: Table, given: tuple[int, ...], fields: dict[int, Field], cases: dict[int, str]) -> bool:
    """Name a value by the row of *table* that lists it, and return whether there is one."""
    named = [f.number for f in fields.values() if f.kind == table.value]
    listed = table.value.startswith(("p1", "p2", "p3", "p4"))
    numbers = named or ([int(table.value[1])] if listed else [])
    done = False
    for n in numbers:
        value = place(f"p{n}" if named else table.value, given)
        for row in table.rows:
            if value is not None and holds(row.condition, given, value):
                cases[n] = row.meaning
                done = True
    return done


def sentence(text: str) -> str:
    """Return *text* as a sentence; words in mixed or upper case keep their case.

    >>> sentence("pool freed twice"), sentence("MmFree on a bad address")
    ('Pool freed twice.', 'MmFree on a bad address.')
    """
    text = _words(text)
    first = text.split(" ", 1)[0]
    return (text[:1].upper() + text[1:] if first.islower() else text) + "." * (not text.endswith("."))


def _row_line(table: Table, row: Row) -> str:
    """Return a documented case on one line: what selects it, and what it means."""
    terms = [t for t in table.condition.split() if t != ELSE] + [t for t in row.condition.split() if t != ELSE]
    terms = [t.replace("value=", f"{table.value}=") for t in terms]
    fields = "; ".join(f"parameter {f.number}: {_words(f.meaning)}" for f in row.fields if not _is_number(f.meaning))
    text = f"{', '.join(terms)}{': ' if terms else '- '}{_words(row.meaning)}{f' ({fields})' if fields else ''}"
    return _words(text)


def _variant_lines(words: str, fields: Iterable[Field]) -> list[str]:
    return [f"When {_words(words)}:", *(f"parameter {f.number}: {_words(f.meaning)}" for f in fields)]


def _parameter(
    field: Field | None,
    number: int,
    given: tuple[int, ...],
    cases: dict[int, str],
    wide: type[Address],
    machinery: Machinery,
) -> Parameter:
    if field is None:
        field = Field(number, "", "not documented", ())
    kind = field.kind or "value"
    if field.meaning.isdigit():  # the documentation gives a constant instead of a meaning
        meaning = "reserved" if kind == "reserved" else "which case it is"
        field = Field(number, field.kind, meaning, field.values)
    if number > len(given):
        listed = ", ".join(f"{value} {text}" for value, text in field.values)
        return Parameter(Absent("not given"), _words(field.meaning), _words(listed) or None, kind)
    value = given[number - 1]
    said = cases.get(number) or decoded(kind, value, field.values, machinery)
    return Parameter(
        wide(value) if kind in ADDRESSES else Hex(value), _words(field.meaning), said and _words(said), kind
    )


def address_of(value: int, bugcheck: BugCheck, machinery: Machinery) -> Parameter:
    """Return *value* as a parameter that is the address a fault was about."""
    known = next((type(p.value) for p in bugcheck.parameters if isinstance(p.value, Address)), Address)
    said = decoded("address", value, (), machinery)
    return Parameter(known(value), "address referenced", said, "address")


def _address_class(addresses: Iterable[int], machinery: Machinery) -> type[Address]:
    """Return the class of the machine's *addresses*; where the machine is not known, what they look like."""
    if machinery.machine is not None:
        return type(machinery.machine.address(0))
    return Address32 if 0x80000000 <= max(addresses, default=0) <= 0xFFFFFFFF else Address


def _words(text: str) -> str:
    """Return a label of the table as it reads alone: parameters spelled out, no reference to a table.

    >>> _words("hub trap (p2 subcode)"), _words("kind of object; see sub-table")
    ('hub trap (parameter 2 subcode)', 'kind of object')
    """
    for pair in ("1/p2", "2/p3", "3/p4"):
        text = text.replace(f"p{pair}", f"parameters {pair[0]} and {pair[-1]}")
    text = text.removesuffix("; see sub-table").removesuffix(". See the table below")
    for number in "1234":
        text = text.replace(f"p{number}", f"parameter {number}")
    return text


def _with_fault(bugcheck: BugCheck) -> BugCheck:
    """Add the sentence that a fault's parameters make together: who did what to which address."""
    by_kind = {p.kind: p for p in bugcheck.parameters if p.given is not None}
    address, code, access, level = (by_kind.get(k) for k in ("address", "instruction", "access", "irql"))
    if address is None or (code is None and access is None):
        return bugcheck
    who = f"The instruction at {code.value}{_aside(code.decoded)}" if code is not None and code.given else "Something"
    verbs = {"read": "read", "write": "wrote to", "execute": "executed"}
    verb = verbs.get((access.decoded or "").partition(" ")[0].rstrip(",") if access else "", "touched")
    at = f" at IRQL {level.given}{_aside(level.decoded)}" if level is not None else ""
    return bugcheck.explained(f"{who} {verb} {address.value}{_aside(address.decoded)}{at}.")


def _aside(text: str | None) -> str:
    return f" ({text})" if text else ""


def _specialist(name: str) -> Specialist | None:
    """Return the function of the bug check *name*, importing only its own module."""
    key = name.lower()
    if key not in BUGCHECKS.entries and key.isidentifier():
        module = f"{BUGCHECKS.package}.{key}"
        try:
            __import__(module)
        except ModuleNotFoundError as error:
            if error.name != module:  # the module is there; something it needs is not
                raise
    return BUGCHECKS.entries.get(key)
