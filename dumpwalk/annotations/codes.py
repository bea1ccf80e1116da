"""Codes that a text mentions, decoded where they stand: NTSTATUS, HRESULT, Win32, bug checks, functions of requests."""

from __future__ import annotations

from dumpwalk.annotations import Annotation
from dumpwalk.annotations.pitfalls import mentioned
from dumpwalk.annotations.pool import tags_in
from dumpwalk.annotations.requests import function
from dumpwalk.annotations.waits import wait_reason
from dumpwalk.bugchecks.ntstatus import code_name, status_meaning, status_value
from dumpwalk.bugchecks.table import find, find_code
from dumpwalk.bugchecks.win32_errors import hresult, win32_error
from dumpwalk.record import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

_patterns: list[re.Pattern[str]] = []
# A number that is an NTSTATUS of error or warning severity, alone or with 0x; a bug check's name with its code.
_STATUS = r"(?<![0-9a-zA-Z`])(?:0x)?((?:[cC]0|80)[0-9a-fA-F]{6})(?![0-9a-zA-Z`])"
_BUGCHECK = r"\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?: \((?:0x)?([0-9a-fA-F]{1,8})\))?"
# An HRESULT is only taken for one where 0x or a word says so: addresses of 32-bit kernels look the same.
_HRESULT = (
    r"(?:(?<![\w`])0x|\b(?:hr|HRESULT|hresult|[Ee]rror(?: code)?)[ :=]{1,3}(?:0x)?)([89dD][0-9a-fA-F]{7})(?![\w`])"
)
# Win32 error 5; GetLastError() = 0x5; LastErrorValue: (Win32) 0x5; system error 1450 has occurred
_WIN32 = (
    r"(?:\b[Ww]in32(?: [Ee]rror)?(?: [Cc]ode)?\)?|GetLastError(?:\(\))?(?: returns| returned| is)?"
    r"|\b[Ss]ystem error)[ :=]{1,3}(?:(0x[0-9a-fA-F]{1,4})|(?:0n)?([0-9]{1,5}))(?![\w`]|\.\w)"
)
_FUNCTION = (
    r"\b(IRP_MJ|Major ?Function|major function)(?: code)?[ :=]{1,3}(?:0x([0-9a-fA-F]{1,2})|([0-9]{1,2}))(?![\w`]|\.\w)"
)
_REASON = r"\b(Wr[A-Z][A-Za-z]{2,20})\b"
# What a status value, or the name of a bug check, a status or a function has in it, or a function's number.
_MAY_HOLD = r"(?:[cC]0|80)[0-9a-fA-F]{6}|0x[89dD][0-9a-fA-F]{7}|[A-Z]_[A-Z]|unction[ :=]{1,3}0x"

_may_hold: list[re.Pattern[str]] = []


def may_mention(line: str) -> bool:
    """Say whether a line of prose may have something in it that can be explained; it costs next to nothing.

    Of the words of pitfalls each has one of these signs in it; a test holds them against each other.
    """
    if ("_" in line or "0" in line) and (_may_hold or _compiled())[0].search(line):
        return True
    return (
        "rror" in line  # Win32 error, GetLastError
        or "ool" in line  # pool tag
        or "Wr" in line
        or "Get" in line
        or "Thread" in line
        or "Delet" in line
        or "Iosb" in line
        or "PopE" in line
    )


def _compiled() -> list[re.Pattern[str]]:
    import re

    _may_hold.append(re.compile(_MAY_HOLD))
    return _may_hold


def codes_in(text: str, line: int | None = None) -> Iterator[Annotation]:
    """Yield what the codes in *text* mean, each once.

    >>> [a.title for a in codes_in("fails with STATUS_ACCESS_DENIED ( C0000005 ) error")]
    ['c0000005 STATUS_ACCESS_VIOLATION']
    """
    import re

    if not _patterns:
        _patterns.extend(map(re.compile, (_STATUS, _BUGCHECK, _HRESULT, _WIN32, _FUNCTION, _REASON)))
    said: set[int] = set()
    contradicts = _only_name(text)
    for found in _patterns[0].finditer(text):
        code = int(found[1], 16)
        name = code_name(code)
        if name and code not in said:
            said.add(code)
            meaning = _contradicted(contradicts, code, said) or status_meaning(code)
            yield Annotation("status", f"{code:08x}", name, meaning, line=line)
    yield from _others(text, line, said)
    for found in _patterns[1].finditer(text):
        if found[1].startswith("STATUS_"):
            yield from _named(found[1], line, said)
            continue
        code_of = find_code(found[1])
        if code_of is None or code_of in said:
            continue
        said.add(code_of)
        entry = find(code_of)
        yield Annotation("bug check", found[1], f"{found[1]} ({code_of:x})", entry.meaning if entry else "", line=line)


def remarks_in(text: str, line: int | None = None) -> Iterator[Annotation]:
    """Yield all that is known of what a line of prose mentions: codes, wait reasons, pool tags, pitfalls."""
    yield from codes_in(text, line)
    if "Wr" in text:
        for found in _patterns[5].finditer(text):
            said = wait_reason(found[1])
            if said is not None:
                yield replace(said, line=line)
    if "ool" in text:
        yield from tags_in(text, line)
    yield from mentioned(text, line)


def _others(text: str, line: int | None, said: set[int]) -> Iterator[Annotation]:
    for found in _patterns[2].finditer(text):
        code = int(found[1], 16)
        name = hresult(code)
        if name and code not in said:
            said.add(code)
            yield Annotation("status", f"{code:08x}", name, "", line=line)
    for found in _patterns[3].finditer(text) if "rror" in text or "in32" in text else ():
        code = int(found[1], 16) if found[1] else int(found[2])
        name = win32_error(code)
        if name:
            yield Annotation("status", f"win32 {code}", f"Win32 error {code} {name}", "", line=line)
    for found in _patterns[4].finditer(text) if "unction" in text or "IRP_MJ" in text else ():
        called = function(int(found[2], 16), found[1])
        if called is not None:
            yield replace(called, line=line)


def _named(name: str, line: int | None, said: set[int]) -> Iterator[Annotation]:
    value = status_value(name)
    if value is not None and value not in said:
        said.add(value)
        yield Annotation("status", f"{value:08x}", f"{value:08x} {name}", status_meaning(value), line=line)


def _only_name(text: str) -> tuple[str, int] | None:
    """Return the status that a text names, and its value, if it names one alone."""
    names = [found[1] for found in _patterns[1].finditer(text) if found[1].startswith("STATUS_")]
    value = status_value(names[0]) if len(names) == 1 else None
    return None if value is None else (names[0], value)


def _contradicted(named: tuple[str, int] | None, code: int, said: set[int]) -> str:
    """Say so when the only status that the text names is another one than its number."""
    if named is None or named[1] == code:
        return ""
    said.add(named[1])
    return f"{named[0]}, which the text names, is {named[1]:08x}"
