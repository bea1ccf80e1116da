"""What stands in place of a value, and what is said beside one."""

from __future__ import annotations

from dumpwalk.record import record


@record
class Absent:
    """A value that can't be had, and why.

    It is false, prints as WinDbg's ``????`` plus the reason, and is
    ``{"absent": reason}`` in JSON.

    >>> print(Absent("not in the dump"))
    ???? (not in the dump)
    """

    reason: str

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return f"???? ({self.reason})"

    def __format__(self, spec: str) -> str:
        return str(self)  # whatever the value itself would have been formatted as


@record
class Problem:
    """A remark that something in the dump is damaged or contradicts itself.

    *where* names the structure or section, *what* says what is wrong with it;
    an answer with problems is a partial answer.
    """

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"
