"""The page that the kernel shares with all processes, as ``!kuser`` prints it: the command's own record."""

from __future__ import annotations

import re

from dumpwalk.kernel.constants import name_of
from dumpwalk.kernel.shared_data import SharedData
from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.times import FileTime
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import NOT_SHOWN, UNREADABLE, address, integer, of_text, remark, text_or_absent, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_N = r"(-?[0-9]+|\?{4})"
_HEAD = re.compile(r"[ ]*_KUSER_SHARED_DATA at ([0-9a-f]{8,16})\Z")
# What stands on a line, and the members whose values the groups are; (h) is a number printed in hexadecimal.
_LINES: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (
        re.compile(r"[ ]*TickCount:[ ]+([0-9a-f]+|\?{4}) \* ([0-9a-f]+|\?{4}) \((?:[0-9:.]+|\?{4})\)\Z"),
        ("TickCountMultiplier (h)", "TickCount (h)"),
    ),
    (re.compile(rf"[ ]*TimeZone Id: {_N}\Z"), ("TimeZoneId",)),
    (
        re.compile(r"[ ]*ImageNumber Range: \[([0-9a-f]+|\?{4}) \.\. ([0-9a-f]+|\?{4})\]\Z"),
        ("ImageNumberLow (h)", "ImageNumberHigh (h)"),
    ),
    (re.compile(rf"[ ]*Crypto Exponent: {_N}\Z"), ("CryptoExponent",)),
    (re.compile(r"[ ]*SystemRoot: '(.*)'\Z"), ("NtSystemRoot (text)",)),
    (
        re.compile(rf"Version: {_N}\.{_N}(?: build {_N})?(?:[ ]+(VER_NT_(?:WORKSTATION|DOMAIN_CONTROLLER|SERVER)))?\Z"),
        ("NtMajorVersion", "NtMinorVersion", "NtBuildNumber", "NtProductType (name)"),
    ),
    (
        re.compile(r"System time: (\S+Z|0x[0-9a-f]+|\?{4})(?: \(.*\))?[ ]{3}bias (-?[0-9]+:[0-9]{2}|\?{4})\Z"),
        ("SystemTime (time)", "TimeZoneBias (clock)"),
    ),
    (
        re.compile(rf"KdDebuggerEnabled: ([0-9a-f]+|\?{{4}})[ ]{{3}}SafeBootMode: {_N}\Z"),
        ("KdDebuggerEnabled (h)", "SafeBootMode"),
    ),
)
_KERNEL = re.compile(r"Kernel address: ([0-9a-f]{8,16})\Z")
_LACKING = {"NtMajorVersion": "NtBuildNumber", "NtSystemRoot": "CryptoExponent"}
_PRODUCTS = (1, 2, 3)
_MINUTE = 600_000_000


@record
class ListedSharedData:
    """The page, with what of it is printed.

    :param seen_at: where processes have it, or what place the debugger names
    """

    shared: SharedData
    seen_at: Address
    remarks: tuple[str, ...]


@kind("shared-data", "kuser", opens=r"[ ]*_KUSER_SHARED_DATA at [0-9a-f]{8,16}\Z", rank=12)
class SharedDataReader(Reader):
    """Takes one page."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._head = self._kernel = ""
        self._found: dict[str, object] = {}
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if not self._head:
            found = _HEAD.match(line)
            self._head = found[1] if found else ""
            return bool(found)
        for pattern, members in _LINES:
            found = pattern.match(line)
            if found is None:
                continue
            name = members[0].partition(" ")[0]
            if name in self._found:
                return False
            for member, text in zip(members, found.groups()):
                if text is not None:
                    name, _, form = member.partition(" ")
                    self._found[name] = _FORMS[form](text)
            return True
        if (found := _KERNEL.match(line)) and not self._kernel:
            self._kernel = found[1]
        elif said := remark(line):
            self._remarks.append(said)
        else:
            return False
        return True

    def record(self) -> ListedSharedData | None:
        if not self._head:
            return None
        # What stands between lines that are there, and is not, the kernel's page does not have.
        lacking = {name: None for line, name in _LACKING.items() if line in self._found}
        shared = of_text(SharedData, address=address(self._kernel or self._head), **lacking | self._found)
        return ListedSharedData(shared, address(self._head), tuple(self._remarks))


def _time(text: str) -> FileTime | Absent:
    if "?" in text:
        return UNREADABLE
    if text.startswith("0x"):
        return FileTime(text, 16)
    from datetime import datetime, timedelta

    try:
        since = datetime.fromisoformat(text[:-1]) - datetime(1601, 1, 1)
    except ValueError:
        return UNREADABLE
    return FileTime(since // timedelta(microseconds=1) * 10)


def _clock(text: str) -> int | Absent:
    """Return hours and minutes in units of 100 ns."""
    if "?" in text:
        return UNREADABLE
    hours, _, minutes = text.removeprefix("-").partition(":")
    return (-1 if text[:1] == "-" else 1) * (int(hours[:12]) * 60 + int(minutes)) * _MINUTE


def _product(text: str) -> int | Absent:
    return next((number for number in _PRODUCTS if name_of("product_type", number) == text), NOT_SHOWN)


def _hexadecimal(text: str) -> Hex | Absent:
    return value(text)


_FORMS: dict[str, Callable[[str], object]] = {
    "": integer, "(h)": _hexadecimal, "(text)": text_or_absent, "(time)": _time, "(clock)": _clock, "(name)": _product,
}  # fmt: skip
