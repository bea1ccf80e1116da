"""One kind of text, printed of any record and read back."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shown import Shown, assert_shown, read_back

from dumpwalk.record import fields
from dumpwalk.remarks import Absent
from dumpwalk.render.text import printable
from dumpwalk.transcript.values import NOT_SHOWN, UNREADABLE, of_text

AT_FOOT = "among the remarks at the foot"
NOT_PRINTED = "the layout has no place for it"
IN_COMMAND = "it is in the command alone"


def replaced(record: Any, **values: Any) -> Any:
    """Return a record with other values."""
    return record.__replace__(**values)


def shown_of(value: Any, *hidden: str) -> Any:
    """Return a command's record as its text has it, what is wrong with the structure aside: see :func:`as_read`."""
    return as_read(_without_problems(value), hidden)


def _without_problems(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_without_problems, value))
    if isinstance(value, Absent) or not fields(value):
        return value
    own = {n: () if n == "problems" else _without_problems(getattr(value, n)) for n in fields(value)}
    return type(value)(**own)


def there(value: Any) -> Any:
    """Return a value where the layout prints nothing of one that is absent."""
    return None if isinstance(value, Absent) else value


def not_null(value: Any) -> Any:
    """Return a value where the layout prints nothing of 0."""
    return value if isinstance(value, Absent) or value else None


def set_and_there(value: Any) -> Any:
    """Return a value where the layout prints nothing of 0 and of one that is absent."""
    return not_null(there(value))


def beside(inner: str) -> Callable[[Any], dict[str, Any]]:
    """Return what lays a record that stands in another one, as *inner*, out with the fields of that."""

    def view(found: Any) -> dict[str, Any]:
        whole = {name: getattr(found, name) for name in fields(found) if name != inner}
        own = getattr(found, inner)
        return whole | {name: getattr(own, name) for name in fields(own) if name != "problems"}

    return view


def equal(inner: str, of: Callable[[Any], Any] = lambda record: record) -> Callable[[Any, Any], tuple[Any, Any]]:
    """Return what holds the kernel's own record, which stands in what was read as *inner*, against the printed one.

    They are equal but for what the text does not show, and that is ``NOT_SHOWN``, or empty: which members that may
    be, a case's ``shown`` says. What could not be read is ``UNREADABLE``.
    """
    return lambda found, record: (getattr(found, inner), _as_read(of(record), getattr(found, inner)))


def _as_read(printed: Any, got: Any) -> Any:
    if got is NOT_SHOWN or (isinstance(got, (str, tuple)) and not got):
        return got
    if isinstance(printed, Absent):
        return UNREADABLE
    if isinstance(printed, str):
        return printable(printed)
    if isinstance(printed, tuple) and isinstance(got, tuple) and len(got) == len(printed):
        return tuple(map(_as_read, printed, got))
    if fields(printed) and type(got) is type(printed):
        return type(got)(**{name: _as_read(getattr(printed, name), getattr(got, name)) for name in fields(printed)})
    return printed


def as_read(record: Any, hidden: Collection[str], path: str = "", none: Collection[str] | None = None) -> Any:
    """Return a record as a text says it: equal, but for the members at *hidden*, which are NOT_SHOWN.

    What is absent the debugger could not read; names are as they are printed.

    :param none: if given, paths of members of which the text says that there is none; of all others that are ``None``
        where something may be absent it says nothing
    """
    if path in hidden:
        return NOT_SHOWN
    if isinstance(record, Absent):
        return record if record is NOT_SHOWN else UNREADABLE
    if isinstance(record, str):
        return printable(record)
    if isinstance(record, tuple):
        return tuple(as_read(item, hidden, f"{path}[]", none) for item in record)
    if not fields(record):
        return record
    paths = {name: f"{path}.{name}" if path else name for name in fields(record)}
    kinds = type(record).__annotations__
    silent = {
        name
        for name, at in paths.items()
        if none is not None and getattr(record, name) is None and "Absent" in kinds[name] and at not in none
    }
    shown = {
        name: as_read(getattr(record, name), hidden, at, none)
        for name, at in paths.items()
        if at not in hidden and name not in silent
    }
    bare = {name: NOT_SHOWN for name, at in paths.items() if at in hidden and kinds[name] in ("Address", "int", "bool")}
    return of_text(type(record), **shown, **bare)


@dataclass(frozen=True)
class Case:
    """A command whose text is read back.

    :param command: as it is typed
    :param kind: of the block that its text is
    :param records: strategy for what it prints, of 64-bit machines or of 32-bit ones
    :param layout: its layout
    :param shown: what the text shows of it
    :param of: the part of what is printed that *shown* is about
    :param found: the part of what is read that *shown* is about, laid out as it needs it
    :param least: so many values are compared at least
    :param same: of what was read and what was printed, what is equal as a whole: the command's own records
    """

    command: str
    kind: str
    records: Callable[[bool], st.SearchStrategy[Any]]
    layout: Callable[[Any], str]
    shown: Shown = field(default_factory=Shown)
    of: Callable[[Any], Any] = lambda record: record
    found: Callable[[Any], Any] = lambda found: found
    least: int = 1
    widths: tuple[bool, ...] = (True, False)
    same: Callable[[Any, Any], tuple[Any, Any]] = lambda found, record: ((), ())

    def check(self, record: Any) -> Any:
        """Print *record*, read the text back, and hold what was read against it."""
        text = self.layout(record)
        found = read_back(self.command, text, self.kind)

        assert assert_shown(self.of(record), self.found(found), self.shown, text) >= self.least
        ours, theirs = self.same(found, record)
        assert ours == theirs
        return found


def run(case: Case, wide: bool, examples: int) -> None:
    """Check a case with so many records."""

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(case.records(wide))
    def check(record: Any) -> None:
        case.check(record)

    check()


def each(cases: list[Case]) -> pytest.MarkDecorator:
    """Return the parameters of a test of each case, with each width of addresses."""
    return pytest.mark.parametrize(
        ("case", "wide"),
        [(case, wide) for case in cases for wide in case.widths],
        ids=[f"{case.command}-{'x64' if wide else 'x86'}" for case in cases for wide in case.widths],
    )


# Which tests read back what each command prints, by its verb: names behind `test_log_round_trips_`. Those that print no
# listing of a debugger have the reason why there is no such test instead.
TESTED: dict[str, tuple[str, ...] | str] = {
    "apc": ("apc",), "bugcheck": ("modules",), "ca": ("ca", "ca_more"), "devobj": ("io",), "devstack": ("io",),
    "dg": ("processor",), "drvobj": ("drivers",), "dt": ("dt", "dt_forms"), "fileobj": ("io",), "fltreg": ("io",),
    "gdt": ("processor", "several"), "handle": ("handles",), "idt": ("processor", "several"), "irp": ("irp",),
    "kuser": ("processor",), "lm": ("modules", "lm_v"), "object": ("objects",), "objtypes": ("objects",),
    "pcr": ("processor",), "pfn": ("memory",), "pool": ("memory", "several"), "prcb": ("processor",),
    "process": ("processes",), "pte": ("paging", "several"), "ptov": ("paging",), "sizeof": ("modules",),
    "slist": ("memory", "slist"), "ssdt": ("processor",), "thread": ("threads",), "vad": ("memory",), "vpb": ("io",),
    "triage": ("triage",), "vtop": ("paging",),
    "info": "a report on files, which no debugger prints",
    "log": "what it prints is of pasted text itself; `printed` of a log has tests of its own",
    "synth": "it makes a dump and says so",
    "types": "layouts of types as C and reports on type information; what `dt` prints of types is read back",
}  # fmt: skip
CHOOSES = "it chooses what is looked at; the layout is the same"
# What else their arguments let them print: the tests that read it back, or why the text is that of the command alone.
OPTIONS: dict[str, dict[str, tuple[str, ...] | str]] = {
    "apc": {"words": ("apc",)},
    "bugcheck": {
        **dict.fromkeys(("code", "p1", "p2", "p3", "p4", "arch", "build"), ("modules",)),
    },
    "ca": {
        "words": ("ca", "ca_more"), "file": CHOOSES, "image": CHOOSES, "ptes": ("ca_more",), "bar": ("ca_more",),
        "explain": ("ca_more",), "extract": ("ca_more",), "force": "what is printed of the file is the same",
    },
    "devobj": {"device": CHOOSES},
    "devstack": {"device": CHOOSES},
    "dg": {"first": CHOOSES, "last": CHOOSES, "processor": CHOOSES},
    "drvobj": {"driver": CHOOSES, "flags": ("drivers",)},
    "dt": {"words": ("dt", "dt_forms"), "types": CHOOSES},
    "fileobj": {"address": CHOOSES},
    "fltreg": {"address": CHOOSES},
    "gdt": {"processor": CHOOSES, "each": ("several",)},
    "handle": {"words": ("handles",)},
    "idt": {"vector": ("several",), "a": ("processor", "several"), "processor": CHOOSES, "each": ("several",)},
    "irp": {"address": CHOOSES, "detail": ("irp",)},
    "kuser": {},
    "lm": {"words": ("modules", "lm_v")},
    "object": {"object": ("objects",), "flags": ("objects",), "explain": ("objects",)},
    "objtypes": {},
    "pcr": {"processor": CHOOSES},
    "pfn": {"page": CHOOSES},
    "pool": {"address": CHOOSES, "flags": ("memory", "several")},
    "prcb": {"processor": CHOOSES},
    "process": {"words": ("processes",)},
    "pte": {
        "address": CHOOSES, "end": ("paging", "several"), "value": ("paging",), "prototype": CHOOSES, "mask": CHOOSES,
        "types": CHOOSES,
    },
    "ptov": {"physical": CHOOSES, "page": CHOOSES, "dtb": CHOOSES},
    "sizeof": {"type": CHOOSES, "types": CHOOSES},
    "slist": {
        "address": CHOOSES, "symbol": ("slist",), "offset": ("slist",), "ip": ("memory",), "explain": ("memory",),
    },
    "ssdt": {"service": CHOOSES, "w": CHOOSES, "table": CHOOSES},
    "thread": {"words": ("threads",), "process": ("threads",), "tid": CHOOSES},
    "triage": {"files": CHOOSES, "types": CHOOSES},
    "vad": {"address": ("memory",), "flag": ("memory",), "process": CHOOSES},
    "vpb": {"address": CHOOSES},
    "vtop": {"words": CHOOSES, "dtb": CHOOSES},
}  # fmt: skip
