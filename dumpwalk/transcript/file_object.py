"""File objects as ``!fileobj`` prints them."""

from __future__ import annotations

import re

from dumpwalk.kernel.file_object import SectionObjectPointers
from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import NOT_SHOWN, UNREADABLE, pointer, remark, text_or_absent, value, words

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
_VACB = re.compile(rf"[ ]*Vacb: {_A}\Z")
_DATA = re.compile(rf"[ ]*Your data is at: {_A}\Z")
_AREAS = re.compile(rf"[ ]*Control areas: data {_A}, image {_A}\Z")


@record
class ListedVacb:
    """A view of the cache."""

    number: int | None
    address: Address | Absent
    data: Address | Absent | None


@record
class ListedCacheMap:
    """What the cache manager keeps of a file.

    :param vacb: the view that holds the current offset; ``None`` where none is printed
    :param mapped: the text says that no view holds it when this is false
    """

    address: Address | Absent
    file_offset: Hex | Absent
    vacb: ListedVacb | Absent | None
    mapped: bool


@record
class ListedFile:
    """A FILE_OBJECT as text shows it; its address is in the command alone.

    :param FileName: ``""`` where none is printed
    :param flag_names: the debugger's words, as the names of the bits
    :param event_signalled: ``None`` where nothing is said of its event; so of the two below
    :param irps: addresses of those that are queued to it
    :param irp_drivers: their drivers, where they are printed
    """

    FileName: str | Absent
    RelatedFileObject: Address | Absent | None
    DeviceObject: Address | Absent | None
    driver: str
    Vpb: Address | Absent | None
    FsContext: Address | Absent | None
    FsContext2: Address | Absent | None
    SectionObjectPointer: Address | Absent | None
    PrivateCacheMap: Address | Absent | None
    LockOperation: bool | None
    DeletePending: bool | None
    access: tuple[str, ...]
    Flags: Hex | Absent | None
    flag_names: tuple[str, ...]
    CurrentByteOffset: Hex | Absent | None
    event_signalled: bool | Absent | None
    irps: tuple[Address | Absent, ...]
    irp_drivers: tuple[str, ...]
    sections: SectionObjectPointers | None
    cache: ListedCacheMap | None
    remarks: tuple[str, ...]


@kind("file-object", "fileobj", opens=r"[ ]*Device Object: 0x[0-9a-f]{8,16}[ ]{3}\\", rank=12)
class FileObjectReader(Reader):
    """Takes one file object."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._name = ""
        self._pointers: dict[str, Address | Absent] = {}
        self._driver = ""
        self._said: set[str] = set()
        self._access: tuple[str, ...] = ()
        self._flags: Hex | Absent | None = None
        self._names: list[str] = []
        self._irps: list[tuple[Address | Absent, str]] = []
        self._offset: Hex | Absent | None = None
        self._shared: re.Match[str] | None = None
        self._part = ""
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if not line:
            return False
        if self._first(line) or self._rest(line):
            return True
        if said := remark(line):
            self._remarks.append(said)
            return True
        if self._pointers and (busy := _BUSY.match(line)):
            self._remarks.append(busy[1])
            return True
        # The name is the first line, and may look like anything.
        if self.command and not (self._name or self._pointers or self._said or self._part):
            self._name = line
            return True
        return False

    def _first(self, line: str) -> bool:
        """Take a line of the file, its device and its flags."""
        if found := _POINTER.match(line):
            if found[1] in self._pointers:
                return False
            self._pointers[found[1]] = pointer(found[2])
            if found[1] == "Device Object":
                self._driver = found[3] or ""
            elif found[3]:
                return False
        elif found := _BARE.match(line):
            self._said.add(found[1])
        elif found := _ACCESS.match(line):
            self._access = words(found[1])
        elif found := _FLAGS.match(line):
            self._flags, self._part = value(found[1] or "?"), "flags"
        elif self._part == "flags" and (found := _FLAG.match(line)):
            self._names.append(_flag_name(found[1]))
        else:
            return False
        return True

    def _rest(self, line: str) -> bool:
        """Take a line of what is queued to the file, and of the cache."""
        if _QUEUE.match(line):
            self._part = "irps"
        elif self._part == "irps" and (found := _QUEUED.match(line)):
            self._irps.append((pointer(found[1]), found[2] or ""))
        elif self._part == "irps" and _COUNT.match(line):
            self._part = "queued"
        elif found := _CONTEXTS.match(line):
            self._part = "contexts"
            self._pointers |= {"FsContext": pointer(found[1]), "FsContext2": pointer(found[2])}
        elif found := _OFFSET.match(line):
            self._offset = value(found[1])
        elif found := _SECTIONS.match(line):
            self._pointers["Section Object Pointers"] = pointer(found[1])
        elif (found := _SHARED.match(line)) and self._shared is None:
            self._shared = found
        elif found := _VACB.match(line):
            self._pointers["Vacb"] = pointer(found[1])
        elif found := _DATA.match(line):
            self._pointers["data"] = pointer(found[1])
        elif found := _AREAS.match(line):
            self._pointers |= {"data area": pointer(found[1]), "image area": pointer(found[2])}
        else:
            return False
        return True

    def record(self) -> ListedFile | None:
        at = self._pointers
        if not (self._name or at):
            return None
        null = Address(0) if "Vpb is NULL" in self._said else None
        event = True if "Event signalled" in self._said else UNREADABLE if "Event ????" in self._said else None
        return ListedFile(
            text_or_absent(self._name), at.get("Related File Object"), at.get("Device Object"), self._driver,
            at.get("Vpb", null), at.get("FsContext"), at.get("FsContext2"), at.get("Section Object Pointers"),
            at.get("Private Cache Map"), "Lock operation" in self._said or None, "Delete pending" in self._said or None,
            self._access, self._flags, tuple(self._names), self._offset, event, tuple(irp for irp, _ in self._irps),
            tuple(driver for _, driver in self._irps if driver), self._sections(), self._cache(), tuple(self._remarks),
        )  # fmt: skip

    def _sections(self) -> SectionObjectPointers | None:
        at = self._pointers
        place = at.get("Section Object Pointers")
        if place is None or isinstance(place, Absent):
            return None
        shared = pointer(self._shared[1]) if self._shared else NOT_SHOWN
        return SectionObjectPointers(place, at.get("data area", NOT_SHOWN), shared, at.get("image area", NOT_SHOWN))

    def _cache(self) -> ListedCacheMap | None:
        if self._shared is None or not self._shared[2]:
            return None
        place, offset, number, unmapped = self._shared.groups()
        where = self._pointers.get("Vacb")
        view: ListedVacb | Absent | None = None
        if number or (where is not None and not isinstance(where, Absent)):
            data = self._pointers.get("data")
            view = ListedVacb(int(number, 16) if number else None, NOT_SHOWN if where is None else where, data)
        elif where is not None:
            view = UNREADABLE
        return ListedCacheMap(pointer(place), value(offset), view, not unmapped)


def _flag_name(text: str) -> str:
    """Return the name of a flag's bit for the debugger's word, ``FO_SYNCHRONOUS_IO`` for ``Synchronous IO``."""
    return text if text.startswith("0x") else f"FO_{text.upper().replace(' ', '_')}"
