"""File objects as ``!fileobj`` prints them."""

from __future__ import annotations

import re

from dumpwalk.kernel.cache_map import SharedCacheMap, Vacb
from dumpwalk.kernel.constants import flags
from dumpwalk.kernel.file_object import FileObject, SectionObjectPointers
from dumpwalk.memory.address import Address
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import (
    NOT_SHOWN,
    UNREADABLE,
    address,
    asked,
    of_text,
    pointer,
    remark,
    text_or_absent,
    value,
    words,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_A = r"(?:0x)?([0-9a-f]{8,16}|\?{4})"
_POINTER = re.compile(rf"[ ]*(Related File Object|Device Object|Vpb|Private Cache Map): {_A}(?:[ ]+(\S.*))?\Z")
_CONTEXTS = re.compile(rf"[ ]*FsContext: {_A}[ ]+FsContext2: {_A}\Z")
_BARE = re.compile(r"[ ]*(Vpb is NULL|Event signalled|Event \?{4}|Delete pending|Lock operation|Cache Data:)\Z")
_BUSY = re.compile(r"[ ]*(File Object is currently busy and has [0-9]{1,9} waiters\.)\Z")
_ACCESS = re.compile(r"[ ]*Access:((?: \w+)*)\Z")
_FLAGS = re.compile(r"[ ]*Flags:[ ]+(?:0x([0-9a-f]+)|\?{4})\Z")
_FLAG = re.compile(r"[ ]+((?:[A-Z]\w*)(?: \w+)*|0x[0-9a-f]+)\Z")
_QUEUE = re.compile(r"[ ]*IRPs queued to File Object:\Z")
_QUEUED = re.compile(r"[ ]+([0-9a-f]{8,16})(?:[ ]+(\\\S.*))?\Z")
_COUNT = re.compile(r"[ ]*([0-9]+) queued\.\Z")
_OFFSET = re.compile(r"[ ]*CurrentByteOffset: ([0-9a-f]+|\?{4})\Z")
_SECTIONS = re.compile(rf"[ ]*Section Object Pointers: {_A}\Z")
_SHARED = re.compile(
    rf"[ ]*Shared Cache Map: {_A}(?:[ ]+File Offset: ([0-9a-f]+|\?{{4}})"
    r"(?: in VACB number ([0-9a-f]+)|( \(not mapped into the cache\)))?)?\Z"
)
_VIEW = re.compile(rf"[ ]*(Vacb|Your data is at): {_A}\Z")
_AREAS = re.compile(rf"[ ]*Control areas: data {_A}, image {_A}\Z")

_MEMBERS = ("Related File Object", "Device Object", "Vpb", "Private Cache Map")
_AREA_MEMBERS = (("DataSectionObject", "data area"), ("ImageSectionObject", "image area"))
# What lines without a value say.
_BARE_LINES: dict[str, dict[str, Any]] = {
    "Vpb is NULL": {"Vpb": Address(0)},
    "Event signalled": {"event_signalled": True},
    "Event ????": {"event_signalled": UNREADABLE},
    "Delete pending": {"DeletePending": True},
    "Lock operation": {"LockOperation": True},
    "Cache Data:": {},
}


@record
class ListedFile:
    """A FILE_OBJECT as text shows it.

    :param words: what the debugger calls its flags: ``Synchronous IO``
    :param irp_drivers: the drivers of the IRPs that are queued to it, where they are printed
    :param queued: how many IRPs are said to be queued
    """

    file: FileObject
    words: tuple[str, ...]
    irp_drivers: tuple[str, ...]
    queued: int | None
    remarks: tuple[str, ...]


@kind("file-object", "fileobj", opens=r"[ ]*Device Object: 0x[0-9a-f]{8,16}[ ]{3}\\", rank=12)
class FileObjectReader(Reader):
    """Takes one file object."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._name = self._driver = ""
        self._pointers: dict[str, Address | Absent] = {}
        self._found: dict[str, Any] = {}
        self._words: list[str] = []
        self._irps: list[tuple[Address, str]] = []
        self._queued: int | None = None
        self._shared: re.Match[str] | None = None
        self._part = ""
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if not line:
            return False
        if self._first(line) or self._rest(line) or self._cached(line):
            return True
        if said := remark(line):
            self._remarks.append(said)
            return True
        if self._pointers and (busy := _BUSY.match(line)):
            self._remarks.append(busy[1])
            return True
        # The name is the first line, and may look like anything.
        if self.command and not (self._name or self._pointers or self._found or self._part):
            self._name = line
            return True
        return False

    def _first(self, line: str) -> bool:
        """Take a line of the file, its device and its flags."""
        if found := _POINTER.match(line):
            name = found[1]
            if name in self._pointers or (found[3] and name != "Device Object"):
                return False
            self._pointers[name] = pointer(found[2])
            self._driver = found[3] or self._driver
        elif found := _BARE.match(line):
            self._found |= _BARE_LINES[found[1]]
            self._part = self._part or "said"
        elif found := _ACCESS.match(line):
            self._found["access"] = words(found[1])
        elif found := _FLAGS.match(line):
            self._found["Flags"], self._part = value(found[1] or "?"), "flags"
        elif self._part == "flags" and (found := _FLAG.match(line)):
            self._words.append(found[1])
        else:
            return False
        return True

    def _rest(self, line: str) -> bool:
        """Take a line of what is queued to the file, and where in it one is."""
        if _QUEUE.match(line):
            self._part = "irps"
        elif self._part == "irps" and (found := _QUEUED.match(line)):
            self._irps.append((address(found[1]), found[2] or ""))
        elif self._part == "irps" and (found := _COUNT.match(line)):
            self._queued, self._part = int(found[1]), "queued"
        elif found := _CONTEXTS.match(line):
            self._part = "contexts"
            self._found |= {"FsContext": pointer(found[1]), "FsContext2": pointer(found[2])}
        elif found := _OFFSET.match(line):
            self._found["CurrentByteOffset"] = value(found[1])
        else:
            return False
        return True

    def _cached(self, line: str) -> bool:
        """Take a line of the cache and the sections."""
        if found := _SECTIONS.match(line):
            self._found["SectionObjectPointer"] = pointer(found[1])
        elif (found := _SHARED.match(line)) and self._shared is None:
            self._shared = found
        elif (found := _VIEW.match(line)) and self._shared is not None and self._shared[2] and not self._shared[4]:
            self._pointers[found[1]] = pointer(found[2])
        elif found := _AREAS.match(line):
            self._pointers |= {"data area": pointer(found[1]), "image area": pointer(found[2])}
        else:
            return False
        return True

    def record(self) -> ListedFile | None:
        at, found = self._pointers, self._found
        if not (self._name or at or found):
            return None
        members: dict[str, Any] = {name.replace(" ", ""): place for name, place in at.items() if name in _MEMBERS}
        if "Device Object" in at:
            none = None if at["Device Object"] == 0 else NOT_SHOWN
            members["driver"] = text_or_absent(self._driver) if self._driver else none
        file = of_text(
            FileObject,
            address=NOT_SHOWN if self.more else asked(self.command, "fileobj"),
            FileName=text_or_absent(self._name) if self._name or self.command else NOT_SHOWN,
            flag_names=flags("file_object_flags", found.get("Flags", NOT_SHOWN)),
            irps=tuple(irp for irp, _ in self._irps),
            sections=self._sections(),
            cache=self._cache(),
            **(found | members),
        )
        drivers = tuple(driver for _, driver in self._irps if driver)
        return ListedFile(file, tuple(self._words), drivers, self._queued, tuple(self._remarks))

    def _sections(self) -> SectionObjectPointers | None:
        at = self._pointers
        place = self._found.get("SectionObjectPointer", NOT_SHOWN)
        shown = {name: at[area] for name, area in _AREA_MEMBERS if area in at}
        if self._shared is not None:
            shown["SharedCacheMap"] = pointer(self._shared[1])
        if not place and not shown:
            return None
        return of_text(SectionObjectPointers, address=place, **shown)

    def _cache(self) -> SharedCacheMap | None:
        if self._shared is None or not self._shared[2]:
            return None
        place, offset, number, unmapped = self._shared.groups()
        return of_text(
            SharedCacheMap,
            address=pointer(place),
            file_offset=value(offset),
            vacb=None if unmapped else self._view(int(number, 16) if number else NOT_SHOWN),
        )

    def _view(self, number: int | Absent) -> Vacb | Absent:
        """Return the view of the cache; what is said instead of one."""
        where, data = (self._pointers.get(name, NOT_SHOWN) for name in ("Vacb", "Your data is at"))
        if isinstance(number, Absent) and isinstance(where, Absent) and isinstance(data, Absent):
            return where
        return of_text(Vacb, number=number, address=where, data=data)
