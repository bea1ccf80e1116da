"""NTSTATUS values and bug checks that a text mentions, decoded where they stand."""

from __future__ import annotations

from dumpwalk.annotations import Annotation
from dumpwalk.bugchecks.ntstatus import exception_code, nt_status
from dumpwalk.bugchecks.table import find, find_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

_patterns: list[re.Pattern[str]] = []
# A number that is an NTSTATUS of error or warning severity, alone or with 0x; a bug check's name with its code.
_STATUS = r"(?<![0-9a-zA-Z`])(?:0x)?((?:[cC]0|80)[0-9a-fA-F]{6})(?![0-9a-zA-Z`])"
_BUGCHECK = r"\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?: \((?:0x)?([0-9a-fA-F]{1,8})\))?"


def codes_in(text: str, line: int | None = None) -> Iterator[Annotation]:
    """Yield what the codes in *text* mean, each once.

    >>> [a.title for a in codes_in("fails with STATUS_ACCESS_DENIED ( C0000005 ) error")]
    ['c0000005 STATUS_ACCESS_VIOLATION']
    """
    import re

    if not _patterns:
        _patterns.extend((re.compile(_STATUS), re.compile(_BUGCHECK)))
    said = set()
    for found in _patterns[0].finditer(text):
        code = int(found[1], 16)
        name = nt_status(code) or exception_code(code)
        if name and code not in said:
            said.add(code)
            yield Annotation("status", f"{code:08x}", name, "", line=line)
    for found in _patterns[1].finditer(text):
        code_of = find_code(found[1])
        if code_of is None or code_of in said:
            continue
        said.add(code_of)
        entry = find(code_of)
        yield Annotation("bug check", found[1], f"{found[1]} ({code_of:x})", entry.meaning if entry else "", line=line)
