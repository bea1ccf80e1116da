"""One kind of text, printed of any record and read back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shown import Shown, assert_shown, read_back

from dumpwalk.record import fields
from dumpwalk.remarks import Absent

AT_FOOT = "among the remarks at the foot"
NOT_PRINTED = "the layout has no place for it"
IN_COMMAND = "it is in the command alone"


def replaced(record: Any, **values: Any) -> Any:
    """Return a record with other values."""
    return record.__replace__(**values)


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
