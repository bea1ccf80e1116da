"""What the labels of ``!process`` say, as members of the command's own record."""

from __future__ import annotations

import re

from dumpwalk.kernel.process import Process, Protection
from dumpwalk.kernel.process_details import ProcessDetails, Statistics
from dumpwalk.kernel.thread_details import Times
from dumpwalk.memory.address import Address, Address32, Hex
from dumpwalk.remarks import Absent
from dumpwalk.transcript.values import NOT_SHOWN, UNREADABLE, address, cells, interval, of_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_PROTECTION = re.compile(r"0x([0-9a-f]{1,2}) \((\w+), (\w+)\)\Z")
_VADS = re.compile(
    r"[ ]*((?:VadRoot|Clone)(?=[ ]+(?:[0-9a-f]{1,16}|\?{4,8})(?:[ ]|\Z))"
    r"|(?:Vads|Private|Modified|Locked)(?=[ ]+(?:[0-9]{1,20}|\?{4})\.?(?:[ ]|\Z)))[ ]+([0-9a-f]+|\?+)\.?[ ]*"
)
_N = r"([0-9]{1,20}|\?{4})"
_SIZES = re.compile(rf"\({_N}, {_N}, {_N}\)(?:[ ]+(\S.*))?\Z")
_PAGE_KB = 4
_NARROW, _WIDE = 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF
_DIGITS = 20  # of the largest number of 64 bits in decimal
_LONGEST = len("0x0123456789abcdef")


def _number(text: str) -> Hex | Absent:
    found = _hexadecimal(text)
    return NOT_SHOWN if found is None else Hex(found)


def _pointer(text: str) -> Address | Absent:
    found = _hexadecimal(text)
    return NOT_SHOWN if found is None else Address(found)


def _hexadecimal(text: str) -> int | None:
    digits = text.replace("`", "", 1) if "`" in text else text
    if len(digits) > _LONGEST or not digits.isalnum() or not digits.isascii():
        return None
    try:
        found = int(digits, 16)
    except ValueError:
        return None
    return found if found <= _WIDE else None


def _count(text: str) -> int | Absent:
    digits = text[1:] if text[:1] == "-" else text
    return int(text) if digits.isdecimal() and digits.isascii() and len(digits) <= _DIGITS else NOT_SHOWN


def _session(text: str) -> int | Absent | None:
    return None if text == "none" else _count(text)


def _handles(text: str) -> int | Absent:
    return UNREADABLE if text == "<Data Not Accessible>" else _count(text.removesuffix("."))


def _time(text: str) -> int | Absent:
    found = interval(text) if "." in text else None  # without a fraction it does not say how exact it is
    return NOT_SHOWN if found is None else found


def _protection(text: str) -> Protection | Absent:
    found = _PROTECTION.match(text)
    return Protection(Hex(int(found[1], 16)), found[2], found[3]) if found else NOT_SHOWN


def _text(text: str) -> str:
    return text


def _rounded(text: str) -> Absent:
    return NOT_SHOWN


_PROCESS, _DETAILS, _STATISTICS, _TIMES = range(4)
# Where a label's value is a member, and how it is printed.
_MEMBERS: dict[str, tuple[int, str, Callable[[str], Any]]] = {
    "Cid": (_PROCESS, "UniqueProcessId", _number),
    "Peb": (_PROCESS, "Peb", _pointer),
    "ParentCid": (_PROCESS, "InheritedFromUniqueProcessId", _number),
    "DirBase": (_PROCESS, "DirectoryTableBase", _number),
    "ObjectTable": (_PROCESS, "ObjectTable", _pointer),
    "ActiveThreads": (_PROCESS, "ActiveThreads", _count),
    "Protection": (_PROCESS, "Protection", _protection),
    "Token": (_PROCESS, "Token", _pointer),
    "ImageFileName": (_PROCESS, "ImageFileName", _text),
    "Image": (_DETAILS, "image_name", _text),
    "SessionId": (_DETAILS, "SessionId", _session),
    "HandleCount": (_DETAILS, "HandleCount", _handles),
    "DeviceMap": (_STATISTICS, "DeviceMap", _pointer),
    "ElapsedTime": (_STATISTICS, "elapsed", _time),
    "UserTime": (_TIMES, "UserTime", _time),
    "KernelTime": (_TIMES, "KernelTime", _time),
    "QuotaPoolUsage[PagedPool]": (_STATISTICS, "PagedPoolQuota", _count),
    "QuotaPoolUsage[NonPagedPool]": (_STATISTICS, "NonPagedPoolQuota", _count),
    "PeakWorkingSetSize": (_STATISTICS, "PeakWorkingSetSize", _count),
    "VirtualSize": (_STATISTICS, "VirtualSize", _rounded),
    "PeakVirtualSize": (_STATISTICS, "PeakVirtualSize", _rounded),
    "PageFaultCount": (_STATISTICS, "PageFaultCount", _count),
    "MemoryPriority": (_STATISTICS, "MemoryPriority", _text),
    "BasePriority": (_STATISTICS, "BasePriority", _count),
    "CommitCharge": (_STATISTICS, "CommitCharge", _count),
    "Job": (_STATISTICS, "Job", _pointer),
    "DebugPort": (_STATISTICS, "DebugPort", _pointer),
}
# The same of the line that begins with VadRoot.
_OF_VADS: dict[str, tuple[int, str, Callable[[str], Any]]] = {
    "VadRoot": (_STATISTICS, "VadRoot", _pointer),
    "Vads": (_STATISTICS, "Vads", _count),
    "Clone": (_STATISTICS, "CloneRoot", _pointer),
    "Private": (_STATISTICS, "NumberOfPrivatePages", _count),
    "Modified": (_STATISTICS, "ModifiedPageCount", _count),
    "Locked": (_STATISTICS, "NumberOfLockedPages", _count),
}
_WORKING_SET = ("WorkingSetSize", "MinimumWorkingSetSize", "MaximumWorkingSetSize")


class Members:
    """What is printed of one process.

    :param at: the digits of its address, ``""`` where the author left it out
    :ivar fields: what is no member, or not as it is printed
    """

    def __init__(self, at: str) -> None:
        self._narrow = len(at) <= 8
        own: dict[str, Any] = {"address": address(at) if at else NOT_SHOWN}
        self._found: tuple[dict[str, Any], ...] = (own, {}, {}, {})
        self.fields: list[tuple[str, str]] = []

    def add(self, label: str, text: str) -> None:
        """Take a label with its value, and with what an author put behind that."""
        member = _MEMBERS.get(label)
        if member is not None:
            if self._read(member, text):
                return
            word, _, rest = text.partition(" ")
            text = rest.lstrip() if rest and self._read(member, word) else text
        elif label == "VadRoot":
            numbers = cells(_VADS, f"{label} {text}") or []
            if numbers and len(dict(numbers)) == len(numbers) and self._read(_OF_VADS[label], numbers[0][1]):
                for name, digits in numbers[1:]:
                    self._read(_OF_VADS[name], digits)
                return
        elif label[:7] == "Working" and (found := _SIZES.match(text)):
            return self._sizes(label, found)
        self.fields.append((label, text))

    def _read(self, member: tuple[int, str, Callable[[str], Any]], text: str) -> bool:
        """Take a value if it is one of that member's, and the first."""
        group, name, read = member
        members = self._found[group]
        if name in members and members[name] is not NOT_SHOWN:
            return False
        value = read(text) if text[:4] != "????" else _absent(text)
        if self._narrow and type(value) is Address and value <= _NARROW:
            value = Address32(value)
        members[name] = value
        return value is not NOT_SHOWN

    def _sizes(self, label: str, found: re.Match[str]) -> None:
        pages, kilobytes = found.groups()[:3], found[4] or ""
        if _WORKING_SET[0] in self._found[_STATISTICS]:
            self.fields.append((label, found[0]))
            return
        for name, digits in zip(_WORKING_SET, pages):
            self._found[_STATISTICS][name] = UNREADABLE if "?" in digits else int(digits)
        inside = ", ".join("????" if "?" in digits else f"{int(digits) * _PAGE_KB}KB" for digits in pages)
        if kilobytes and kilobytes != f"({inside})":
            self.fields.append((label, kilobytes))

    def details(self) -> ProcessDetails:
        """Return the kernel's record."""
        own, details, statistics, times = self._found
        uses = of_text(Statistics, times=of_text(Times, **times), **statistics) if statistics or times else None
        return of_text(ProcessDetails, process=of_text(Process, **own), statistics=uses, **details)


def _absent(text: str) -> Absent:
    """Return what question marks stand for; in reports they stand with their reason."""
    if text.strip("?") == "":
        return UNREADABLE
    return Absent(text[6:-1]) if text[4:6] == " (" and text[-1] == ")" else NOT_SHOWN
