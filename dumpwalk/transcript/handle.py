"""Handles as ``!handle`` prints them: the command's own records, and those of user mode's debugger."""

from __future__ import annotations

import re

from dumpwalk.kernel.handle_entry import ATTRIBUTES
from dumpwalk.kernel.handle_listing import ID_TABLE, KERNEL_TABLE, PROCESS, Handle, Handles
from dumpwalk.kernel.handle_table import HandleEntry, HandleTable
from dumpwalk.memory.address import Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.kernel_object import ObjectLines, object_head
from dumpwalk.transcript.values import NOT_SHOWN, address, hexadecimal, integer, of_text, remark, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_TABLE = re.compile(
    r"[ ]*((?:Kernel )?New version of handle table|(?:Kernel h|H)andle table|PspCidTable) at ([0-9a-f]{8,16})"
    r" with ([0-9]+|\?+) [Ee]ntries in use\Z"
)
# What we call tables, by their titles; old debuggers have others.
_TITLES = {"Handle table": PROCESS, "Kernel handle table": KERNEL_TABLE, "PspCidTable": ID_TABLE}
_SEARCH = re.compile(r"[ ]*(Searching for (?:handles of type .*|Process with Cid == .*))\Z")
_ENTRY = re.compile(
    r"[ ]*([0-9a-f]{4,16}): Object: ([0-9a-f]{8,16})[ ]+GrantedAccess: ([0-9a-f]{1,8}|\?+)"
    r"((?: \((?:Protected|Inherit|Audit)\))*)(?:[ ]+Entry: ([0-9a-f]{8,16}))?\Z"
)
_FREE = re.compile(
    r"[ ]*([0-9a-f]{4,16}): free handle, Entry address ([0-9a-f]{8,16}), Next Entry ([0-9a-f]{8,16}|\?+)\Z"
)
_INVALID = re.compile(r"[ ]*(Invalid Handle: (?:0x([0-9a-f]{1,16})\Z)?.*|processor number [0-9]{1,4})\Z")
_USER = re.compile(r"[ ]*Handle ([0-9a-f]{1,16})\Z")
_FIELD = re.compile(r"[ ]+(Type|Attributes|GrantedAccess|HandleCount|PointerCount|Name)[ ]+(\S.*)\Z")
_ACCESS = re.compile(r"[ ]{4,}([A-Z]\w+(?:,[A-Z]\w+)*,?)\Z")
_SPECIFIC = re.compile(r"[ ]*Object [Ss]pecific [Ii]nformation\Z")
_INFORMATION = re.compile(r"[ ]{3,}(\S.*)\Z")
_SUM = re.compile(r"[ ]*([0-9]+ [Hh]andles?(?: of type \w+)?|Type[ ]+Count)\Z")
_COUNT = re.compile(r"([A-Z]\w+)[ ]+([0-9]+)\Z")


@record
class UserHandle:
    """A handle as the debugger of user mode shows it.

    :param access: the names of its rights
    :param information: the lines of its object's own information
    """

    handle: Hex
    fields: tuple[tuple[str, str], ...]
    access: tuple[str, ...]
    information: tuple[str, ...]


@record
class HandleList:
    """Handles.

    :param title: what the debugger calls the table, where that is not what we do
    :param counts: how many handles of each type there are, where that is printed
    """

    table: Handles
    title: str
    user: tuple[UserHandle, ...]
    counts: tuple[tuple[str, int], ...]
    remarks: tuple[str, ...]


class _User:
    def __init__(self, handle: str) -> None:
        self.handle = handle
        self.fields: list[tuple[str, str]] = []
        self.access: list[str] = []
        self.information: list[str] = []
        self.specific = False

    def take(self, line: str) -> bool:
        if _SPECIFIC.match(line):
            self.specific = True
        elif self.specific and (found := _INFORMATION.match(line)):
            self.information.append(found[1])
        elif found := _FIELD.match(line):
            self.fields.append((found[1], found[2]))
        elif self.fields and (found := _ACCESS.match(line)):
            self.access += [name for name in found[1].split(",") if name]
        else:
            return False
        return True

    def record(self) -> UserHandle:
        return UserHandle(hexadecimal(self.handle), tuple(self.fields), tuple(self.access), tuple(self.information))


@kind(
    "handle",
    "handle",
    opens=(
        r"[ ]*(?:(?:(?:Kernel )?New version of h|Kernel h|H)andle table at [0-9a-f]{8}|PspCidTable at [0-9a-f]{8}"
        r"|[0-9a-f]{4,16}: (?:Object: [0-9a-f]{8,16}[ ]+GrantedAccess|free handle, Entry)|Invalid Handle: )"
    ),
    rank=11,
)
class HandleReader(Reader):
    """Takes the handles of one table."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._table: re.Match[str] | None = None
        self._handles: list[tuple[re.Match[str], ObjectLines | None]] = []
        self._user: list[_User] = []
        self._counts: list[tuple[str, int]] = []
        self._summed = False
        self._invalid: dict[str, Hex] = {}
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if found := _ENTRY.match(line) or _FREE.match(line):
            self._handles.append((found, None))
        elif self._handles and (begun := object_head(line)) is not None:
            self._handles[-1] = (self._handles[-1][0], begun)
        elif self._handles and (lines := self._handles[-1][1]) is not None and lines.take(line):
            pass
        elif found := _USER.match(line):
            self._user.append(_User(found[1]))
        elif self._user and self._user[-1].take(line):
            pass
        elif found := _TABLE.match(line):
            if self._table is not None:
                return False
            self._table = found
        elif (found := _SUM.match(line)) and self._user:
            self._summed = True
            self._remarks += [found[1]] if found[1][:1].isdecimal() else []
        elif self._summed and (found := _COUNT.match(line)):
            self._counts.append((found[1], int(found[2])))
        elif found := _INVALID.match(line):
            self._remarks.append(found[1])
            if found[2]:
                self._invalid[found[1]] = hexadecimal(found[2])
        elif found := _SEARCH.match(line):
            self._remarks.append(found[1])
        elif said := remark(line):
            self._remarks.append(said)
        else:
            return False
        return True

    def record(self) -> HandleList | None:
        if self._table is None and not self._handles and not self._user and not self._remarks:
            return None
        name, at, entries = self._table.groups() if self._table else ("", "", "")
        kind = _kind(name)
        shown: dict[str, Any] = {"kind": kind, "owner": None} if kind == ID_TABLE else {"kind": kind}
        if at:
            count = integer(entries)
            shown["table"] = of_text(HandleTable, address=address(at), HandleCount=count)
        remarks = tuple(self._remarks)
        if len(self._invalid) == 1 and not self._handles:  # that there is no handle says that it is none
            [(text, shown["handle"])] = self._invalid.items()
            remarks = tuple(said for said in remarks if said != text)
        handles = tuple(_handle(found, lines) for found, lines in self._handles)
        found = of_text(Handles, handles=handles, **shown)
        title = "" if name in ("", *_TITLES) else name
        return HandleList(found, title, tuple(u.record() for u in self._user), tuple(self._counts), remarks)


def _kind(title: str) -> str:
    """Return what we call a table with that title."""
    if not title:
        return ""
    return _TITLES.get(title) or (KERNEL_TABLE if title.startswith("Kernel") else PROCESS)


def _handle(found: re.Match[str], lines: ObjectLines | None) -> Handle:
    if found.re is _FREE:
        return Handle(HandleEntry(hexadecimal(found[1]), address(found[2]), None, None, 0, value(found[3])))
    bits = sum(bit for name, bit in ATTRIBUTES.items() if f"({name})" in found[4])
    at = address(found[5]) if found[5] else NOT_SHOWN
    entry = HandleEntry(hexadecimal(found[1]), at, address(found[2]), value(found[3]), bits)
    return Handle(entry, lines.record() if lines else None)
