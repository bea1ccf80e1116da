"""Requests of ASP.NET as mex's ``!aspxpagesext`` lists them."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import address

_COLUMNS = re.compile(
    r"[ ]*Address[ ]+Completed[ ]+Timeout[ ]+Time \(secs\)[ ]+ThreadId[ ]+ReturnCode[ ]+Verb[ ]+Url\Z"
)
_ROW = re.compile(
    r"[ ]*([0-9a-f]{8,16})[ ]+(yes|no)[ ]+([0-9]+)(?:[ ]+([0-9.]+))??(?:[ ]+([0-9]{1,4}))??[ ]+([0-9]{3})"
    r"[ ]+([A-Z]{3,8})[ ]+(\S.*)\Z"
)
_REMARK = re.compile(r"[ ]*([0-9]+ contexts found \([0-9]+ displayed\)\.|AS == .*|SL == .*)\Z")


@record
class WebRequest:
    """A request: its HttpContext, whether it is done, its time limit in seconds, what was answered, and what was asked.

    :param seconds: how long it has taken, as printed; ``""`` for nothing
    """

    address: Address
    completed: bool
    timeout: int
    seconds: str
    thread: str
    status: int
    verb: str
    url: str


@record
class RequestList:
    """Requests."""

    requests: tuple[WebRequest, ...]
    remarks: tuple[str, ...]


@kind("requests", *("aspxpagesext", "aspxpages"), opens=r"[ ]*Address[ ]+Completed[ ]+Timeout", rank=40)
class RequestsReader(Reader):
    """Takes requests."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._rows: list[WebRequest] = []
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if found := _ROW.match(line):
            at, done, timeout, seconds, thread, status, verb, url = found.groups()
            self._rows.append(
                WebRequest(
                    address(at), done == "yes", int(timeout), seconds or "", thread or "", int(status), verb, url
                )
            )
        elif self._rows and (found := _REMARK.match(line)):
            self._remarks.append(found[1].strip())
        else:
            return _COLUMNS.match(line) is not None
        return True

    def record(self) -> RequestList | None:
        return RequestList(tuple(self._rows), tuple(self._remarks)) if self._rows else None
