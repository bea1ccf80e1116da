"""Reports of Windows Error Reporting: lines of ``Name=value``, as a ``Report.wer`` has them."""

from __future__ import annotations

import re

from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind

_ROW = re.compile(r"[ ]*([A-Za-z][A-Za-z0-9]*(?:\[[0-9]+\])?(?:\.[A-Za-z]+)?)=(.*)\Z")


@record
class ErrorReport:
    """A report.

    :param fields: name and text, in order
    :param signature: the named values of ``Sig[n].Name`` and ``Sig[n].Value``
    """

    fields: tuple[tuple[str, str], ...]
    signature: dict[str, str]


@kind("error-report", opens=r"[ ]*EventType=[A-Za-z]", rank=60)
class ErrorReportReader(Reader):
    """Takes lines of a name and a value."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._fields: list[tuple[str, str]] = []

    def take(self, line: str, number: int) -> bool:
        found = _ROW.match(line) if len(line) < 4096 else None
        if found is None:
            return False
        self._fields.append((found[1], found[2]))
        return True

    def record(self) -> ErrorReport | None:
        if not self._fields:
            return None
        known = dict(self._fields)
        names = {key: text for key, text in self._fields if key.endswith("].Name")}
        signature = {text: known.get(f"{key.removesuffix('.Name')}.Value", "") for key, text in names.items()}
        return ErrorReport(tuple(self._fields), signature)
