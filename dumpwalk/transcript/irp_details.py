"""The fields of an IRP that ``!irp ADDRESS 1`` prints, one in a line, as members of the kernel's record."""

from __future__ import annotations

import re

from dumpwalk.bugchecks.ntstatus import nt_status
from dumpwalk.kernel.constants import flags
from dumpwalk.kernel.irp import IoStatus, signed
from dumpwalk.kernel.routine import Routine
from dumpwalk.memory.address import Hex
from dumpwalk.remarks import Absent
from dumpwalk.transcript.values import NOT_SHOWN, UNREADABLE, pointer, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    # The name of a field, its value, and what stands behind that.
    Row = tuple[str, Hex | Absent, str]

_FIELD = re.compile(r"(&?[A-Z]\w+(?:\.\w+)*) = ((?:0x)?[0-9a-f?]+)(?: - ([0-9a-f?]+))?(?:[ ]{2}(.*))?\Z")
_LINKS = ("ThreadListEntry", "ListEntry")
_HALF = 0xFFFFFFFF


def _char(text: str) -> int | Absent:
    """Return a CHAR, which is printed as a byte."""
    found = _number(text)
    return found if isinstance(found, Absent) or found > 0xFF else signed(found)


def _number(text: str) -> int | Absent:
    found = value(text)
    return found if isinstance(found, Absent) else int(found)


def _truth(text: str) -> bool | Absent:
    found = value(text)
    return found if isinstance(found, Absent) else bool(found)


# What fields are called, and which members of the record they are; how their text is read.
_MEMBERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "Flags": ("Flags", value),
    "ThreadListEntry.Flink": ("ThreadListEntry.Flink", pointer),
    "ThreadListEntry.Blink": ("ThreadListEntry.Blink", pointer),
    "IoStatus.Status": ("IoStatus.Status", value),
    "IoStatus.Information": ("IoStatus.Information", value),
    "RequestorMode": ("RequestorMode", _char),
    "Cancel": ("Cancel", _truth),
    "CancelIrql": ("CancelIrql", _number),
    "ApcEnvironment": ("ApcEnvironment", _char),
    "UserIosb": ("UserIosb", pointer),
    "UserEvent": ("UserEvent", pointer),
    "Overlay.AsynchronousParameters.UserApcRoutine": ("UserApcRoutine", pointer),
    "Overlay.AsynchronousParameters.UserApcContext": ("UserApcContext", pointer),
    "CancelRoutine": ("CancelRoutine", pointer),
    "UserBuffer": ("UserBuffer", pointer),
    "&Tail.Overlay.DeviceQueueEntry": ("DeviceQueueEntry", pointer),
    "Tail.Overlay.Thread": ("Thread", pointer),
    "Tail.Overlay.AuxiliaryBuffer": ("AuxiliaryBuffer", pointer),
    "Tail.Overlay.ListEntry.Flink": ("ListEntry.Flink", pointer),
    "Tail.Overlay.ListEntry.Blink": ("ListEntry.Blink", pointer),
    "Tail.Overlay.CurrentStackLocation": ("CurrentStackLocation", pointer),
    "Tail.Overlay.OriginalFileObject": ("OriginalFileObject", pointer),
    "Tail.CompletionKey": ("CompletionKey", pointer),
    "Tail.Apc": ("CompletionKey", pointer),
}
_LAST = "Tail.Apc"  # of a union: the pointer that it begins with is the completion key


class Details:
    """Takes the lines with fields."""

    def __init__(self) -> None:
        self._lines: list[tuple[str, str, str, str]] = []

    def take(self, line: str) -> bool:
        found = _FIELD.match(line)
        if found is None:
            return False
        self._lines.append((found[1], found[2], found[3] or "", found[4] or ""))
        return True

    def members(self, shown: dict[str, Any]) -> tuple[dict[str, Any], tuple[Row, ...]]:
        """Return the members of the record that are printed, and the rows of which it does not say all.

        :param shown: members that are printed elsewhere
        """
        found = dict(shown)
        rest: list[Row] = []
        names: dict[str, str] = {}
        for name, text, low, behind in sorted(self._lines, key=lambda row: row[0] == _LAST):
            if low:
                rest += _size(found, name, text, low, behind)
                continue
            member, read = _MEMBERS.get(name, ("", value))
            told = read(text)
            if member and found.setdefault(member, told) == told and _is_whole(told, value(text)):
                if member == "CancelRoutine" and behind and not isinstance(told, Absent):
                    names.setdefault(member, behind)
                if behind in ("", names[member] if member in names else _words(member, told)):
                    continue
            rest.append((name, value(text), behind))
        return _grouped(found, names), tuple(rest)


def _size(found: dict[str, Any], name: str, high: str, low: str, behind: str) -> list[Row]:
    """Take a number that is printed in two halves; return what of it the record does not say."""
    halves = [value(high), value(low)]
    first, second = halves
    if name == "Overlay.AllocationSize" and "AllocationSize" not in found and not behind:
        if isinstance(first, Hex) and isinstance(second, Hex) and max(first, second) <= _HALF:
            found["AllocationSize"] = Hex(first << 32 | second)
            return []
        if isinstance(first, Absent) and isinstance(second, Absent):
            found["AllocationSize"] = UNREADABLE
            return []
    return [(f"{name}.{part}Part", half, behind) for part, half in zip(("High", "Low"), halves)]


def _is_whole(told: Any, printed: Hex | Absent) -> bool:
    """Say whether a value that is no longer the number that was printed still says all of it."""
    if isinstance(told, Absent) or isinstance(printed, Absent):
        return True
    return bool(told == printed or (told < 0 and told == signed(printed)))


def _words(member: str, told: Any) -> str:
    """Return what this program prints behind a value: names of its bits, of a status."""
    if isinstance(told, Absent):
        return ""
    if member == "Flags":
        return ", ".join(flags("irp_flags", told))
    return (nt_status(told) or "").partition(" ")[2] if member == "IoStatus.Status" else ""


def _grouped(found: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Return members as the record has them."""
    pairs = {name: tuple(found.pop(f"{name}.{end}", NOT_SHOWN) for end in ("Flink", "Blink")) for name in _LINKS}
    status = IoStatus(*(found.pop(f"IoStatus.{name}", NOT_SHOWN) for name in ("Status", "Information")))
    cancel = found.get("CancelRoutine", NOT_SHOWN)
    if not isinstance(cancel, Absent):
        found["CancelRoutine"] = Routine(cancel, names.get("CancelRoutine", ""))
    return {**found, **pairs, "IoStatus": status, "flag_names": flags("irp_flags", found.get("Flags", NOT_SHOWN))}
