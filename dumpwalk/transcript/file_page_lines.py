"""The page of a file that this program's ``pte`` and ``vtop`` name below the entries: the commands' own record."""

from __future__ import annotations

import re

from dumpwalk.kernel.file_page import GIVEN, FilePage
from dumpwalk.remarks import Absent
from dumpwalk.transcript.values import NOT_SHOWN, UNREADABLE, pointer, value

_A = r"([0-9a-f]{8,16}|\?{4})"
_FIRST = re.compile(r"[ ]*Prototype PTE ([0-9a-f]{8,16})(?: \(said by (.*?)\))? contains ([0-9a-f]+|\?{4}): (\S.*)\Z")
_WHERE = re.compile(rf"[ ]*page ([0-9a-f]+) of subsection {_A}, control area {_A}(?: \((.*)\))?\Z")
_NOWHERE = re.compile(r"[ ]*subsection \?{4} \((.*)\)\Z")
_NO_FILE = re.compile(r"[ ]*no file is behind it: the page file backs it\Z")
_FILE = re.compile(rf"[ ]*file (\S.*), offset ([0-9a-f]+|\?{{4}}), file object {_A}\Z")


class FilePageLines:
    """Takes the lines about one page."""

    def __init__(self) -> None:
        self._first: re.Match[str] | None = None
        self._found: dict[str, object] = {}

    def take(self, line: str) -> bool:
        """Take *line* if it is one of these."""
        if self._first is None:
            self._first = _FIRST.match(line) if "Prototype PTE " in line[:16] else None
            return self._first is not None
        if found := _WHERE.match(line):
            return self._once(
                index=int(found[1][:16], 16), subsection=pointer(found[2]), control_area=pointer(found[3]),
                kind=found[4] or "",
            )  # fmt: skip
        if found := _NOWHERE.match(line):
            return self._once(index=None, subsection=Absent(found[1]))
        if _NO_FILE.match(line):
            return self._once(file=None, file_name=None, file_offset=None)
        if found := _FILE.match(line):
            name = {"????": UNREADABLE, "(no name)": ""}.get(found[1], found[1])
            return self._once(file=pointer(found[3]), file_name=name, file_offset=value(found[2]))
        return False

    def _once(self, **fields: object) -> bool:
        if next(iter(fields)) in self._found:
            return False
        self._found |= fields
        return True

    def record(self) -> FilePage | None:
        """Return what was taken."""
        if self._first is None:
            return None
        at, source, number, state = self._first.groups()
        rest: dict[str, object] = {
            "subsection": NOT_SHOWN, "index": None, "control_area": NOT_SHOWN, "kind": "", "file": NOT_SHOWN,
            "file_name": NOT_SHOWN, "file_offset": NOT_SHOWN,
        }  # fmt: skip
        rest |= self._found
        return FilePage(pointer(at), source or GIVEN, value(number), state, **rest)  # type: ignore[arg-type]
