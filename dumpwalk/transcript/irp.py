"""IRPs as ``!irp`` prints them, in the layouts before and since Windows 8's debugger."""

from __future__ import annotations

import re

from dumpwalk.annotations.conditions import in_system
from dumpwalk.annotations.fields import field
from dumpwalk.annotations.pitfalls import remark as remark_on
from dumpwalk.annotations.requests import location, made_pending, results, without_thread
from dumpwalk.kernel.constants import flags as control_flags
from dumpwalk.kernel.io_stack import UNLOAD_SAFE, StackLocation, flag_names
from dumpwalk.kernel.io_stack import names as function_names
from dumpwalk.kernel.irp import Irp, state_of
from dumpwalk.kernel.routine import Routine
from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.irp_details import Details
from dumpwalk.transcript.values import (
    NOT_SHOWN,
    UNREADABLE,
    address,
    asked,
    integer,
    of_text,
    pointer,
    remark,
    text_or_absent,
    value,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.annotations import Annotation
    from dumpwalk.annotations.conditions import Situation
    from dumpwalk.transcript.irp_details import Row

_IN_SYSTEM = "kernel-handle-close"
_A = r"(?:[0-9a-f]{8,16}|\?{4,8})"
_HEAD = re.compile(
    r"[ ]*Irp is (?:from zone and )?(active|completed\.?)"
    r"(?: with (-?[0-9]+|\?\?) stacks?(?: (-?[0-9]+|\?\?) is current)?)?"
    r"(?: \(= ?0x([0-9a-f?]{8,16})\))?[ ]*(.*)\Z"
)
_SUMMARY = re.compile(
    rf"[ ]*(?:No Mdl|Mdl ?= ?({_A})):?[ ]*(?:(No System Buffer|(?:System buffer|Master Irp) ?= ?{_A}):?[ ]*)?"
    rf"Thread ({_A}):[ ]*(?:Irp stack trace\.|(Irp is completed\.))[ ]*(.*)\Z"
)
_COLUMNS = re.compile(r"[ ]*cmd[ ]+flg[ ]+cl[ ]+Device[ ]+File[ ]+Completion-Context\Z")
_REST = rf"({_A})[ ]+({_A})[ ]+({_A})-({_A})[ ]*((?:(?:Success|Error|Cancel|pending)[ ]*)*)\Z"
_OLD = re.compile(rf"[ ]*(>?)[ ]*\[[ ]*([0-9a-f]+),[ ]*([0-9a-f]+)\][ ]+([0-9a-f]+)[ ]+([0-9a-f]+)[ ]+{_REST}")
_NEW = re.compile(r"[ ]*(>?)[ ]*\[(?:(\w+|N/A)\(([0-9a-f]+)\)|\?{4}), (?:(\w+|N/A)\(([0-9a-f]+)\)|\?{4})\]\Z")
_SECOND = re.compile(rf"[ ]*([0-9a-f]+|\?\?)[ ]+([0-9a-f]+|\?\?)[ ]+{_REST}")
# Names of drivers and of functions may have blanks; that of a module has none.
_CALLED = r"(\([A-Z]\w+\)|[^ !+\\]+(?:!|\+0x)\S.*)"
_DRIVER = re.compile(rf"[ ]*(\\\S.*?|\?{{4}})(?:[ ]+{_CALLED})?\Z")
_ROUTINE = re.compile(rf"[ ]{{8,}}{_CALLED}\Z")
_ARGUMENTS = re.compile(r"[ ]*Args: ((?:0x)?[0-9a-f?]+(?:[ ]+(?:0x)?[0-9a-f?]+)*)\Z")
_FLAGS = re.compile(r"[ ]*Flags: ((?:SL_|0x)\w+(?:, \w+)*)\Z")
_EXTENSION = re.compile(r"[ ]*Irp Extension present at 0x([0-9a-f]{8,16}):?\Z")
_FAILURE = re.compile(r"[ ]*(IRP signature does not match, probably not an IRP)\Z")


@record
class ListedLocation:
    """What text shows of a stack location beside the kernel's record of it.

    :param names: of its two functions, as printed, with ``N/A`` for one without; ``()`` where their numbers stand alone
    :param control_words: of *Control*: when the completion routine is called, and whether the IRP is pending
    :param flag_words: the names of its flags where they are not those of the number
    """

    names: tuple[str, ...]
    control_words: tuple[str, ...]
    flag_words: tuple[str, ...]


@record
class ListedIrp:
    """An IRP as text shows it.

    :param state: the debugger's word: ``active``, ``completed``; ``""`` where it takes it for no IRP
    :param words: what is printed of each of its stack locations in words
    :param fields: what is printed with detail and the IRP does not say: a name, its value, and what stands behind
    """

    irp: Irp
    state: str
    words: tuple[ListedLocation, ...]
    fields: tuple[Row, ...]
    remarks: tuple[str, ...]


class _Location:
    def __init__(self, mark: str, major: str | None, minor: str | None, names: tuple[str, ...]) -> None:
        self.current = bool(mark)
        self.major, self.minor, self.names = major or "?", minor or "?", names
        self.row: tuple[str, ...] | None = None
        self.driver = self.routine = ""
        self.arguments: tuple[Hex | Absent, ...] = ()
        self.flags: tuple[str, ...] = ()

    def take(self, line: str) -> bool:
        if self.row is None:
            found = _SECOND.match(line)
            self.row = found.groups() if found else None
            return bool(found)
        if found := _ARGUMENTS.match(line):
            self.arguments = tuple(value(word) for word in found[1].split())
        elif (found := _DRIVER.match(line)) and not self.driver and self._may_call(found[2]):
            self.driver, self.routine = found[1], found[2] or ""
        elif (found := _ROUTINE.match(line)) and not self.routine and self._may_call(found[1]):
            self.routine = found[1]
        elif found := _FLAGS.match(line):
            self.flags = tuple(found[1].split(", "))
        else:
            return False
        return True

    def _may_call(self, routine: str | None) -> bool:
        """Say whether there can be a routine of that name: none has one whose address could not be read."""
        return not routine or self.row is None or "?" not in self.row[4]

    def location(self, number: int) -> StackLocation:
        """Return the kernel's record of it."""
        major, minor = value(self.major), value(self.minor)
        row: dict[str, Any] = {}
        if self.row is not None:
            bits, control, device, file, called, context, _ = self.row
            row = {"Flags": value(bits), "Control": value(control), "DeviceObject": pointer(device)}
            row |= {"FileObject": pointer(file), "CompletionRoutine": self._routine(called)}
            row |= {"Context": pointer(context), "driver": self._driver(row["DeviceObject"])}
        names = function_names(major, minor)
        flags, control = row.get("Flags", NOT_SHOWN), row.get("Control", NOT_SHOWN)
        return of_text(
            StackLocation, number=number, current=self.current, MajorFunction=major, major=names[0],
            MinorFunction=minor, minor=names[1], control_names=control_flags("io_stack_control", control),
            flag_names=() if isinstance(flags, Absent) else flag_names(*names, flags), arguments=self.arguments, **row,
        )  # fmt: skip

    def _routine(self, at: str) -> Routine | Absent:
        called = pointer(at)
        wrapper = self.routine == f"({UNLOAD_SAFE.rpartition('!')[2]})"
        return called if isinstance(called, Absent) else Routine(called, UNLOAD_SAFE if wrapper else self.routine)

    def _driver(self, device: Address | Absent) -> str | Absent | None:
        if not self.driver:
            return None if device == 0 else NOT_SHOWN
        return text_or_absent(self.driver)

    def words(self, location: StackLocation) -> ListedLocation:
        """Return what is printed in words, beside the kernel's record of it."""
        control = tuple(self.row[-1].split()) if self.row is not None else ()
        return ListedLocation(self.names, control, self.flags if self.flags != location.flag_names else ())


@kind("irp", "irp", opens=r"[ ]*Irp is (?:from zone and )?(?:active|completed)", rank=10)
class IrpReader(Reader):
    """Takes one IRP."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._head: re.Match[str] | None = None
        self._failure = False
        self._summary: re.Match[str] | None = None
        self._details = Details()
        self._locations: list[_Location] = []
        self._extension = ""
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if self._head is None and not self._failure:
            self._head = _HEAD.match(line)
            if self._head is None and (found := _FAILURE.match(line)):
                self._failure = True
                self._remarks.append(found[1])
            return self._failure or self._head is not None
        if self._summary is None and (found := _SUMMARY.match(line)):
            self._summary = found
        elif found := _OLD.match(line):
            self._locations.append(_Location(found[1], found[2], found[3], ()))
            self._locations[-1].row = found.groups()[3:]
        elif found := _NEW.match(line):
            self._locations.append(_Location(found[1], found[3], found[5], (found[2] or "", found[4] or "")))
        elif (self._locations and self._locations[-1].take(line)) or _COLUMNS.match(line) or self._details.take(line):
            pass
        elif found := _EXTENSION.match(line):
            self._extension = found[1]
        elif said := remark(line):
            self._remarks.append(said)
        else:
            return False
        return True

    def annotations(self, situation: Situation) -> tuple[Annotation, ...]:
        found = self.record()
        if found is None:
            return ()
        said, thread = annotated(found), found.irp.Thread
        known = isinstance(thread, int) and in_system(int(thread)) in situation.facts
        return (*said, remark_on(_IN_SYSTEM)) if known and _current_function(found) == "IRP_MJ_CLEANUP" else said

    def record(self) -> ListedIrp | None:
        if self._head is None and not self._failure:
            return None
        state, count, current, at, rest = self._head.groups() if self._head else ("", None, None, None, "")
        mdl, buffer, thread, *more = self._summary.groups() if self._summary else (None, None, None)
        shown: dict[str, Any] = {"Thread": pointer(thread)} if thread else {}
        if thread:
            shown["MdlAddress"] = pointer(mdl) if mdl else Address(0)
        if at:
            shown["CurrentStackLocation"] = pointer(at)
        members, fields = self._details.members(shown | _buffer(buffer or ""))
        counts = _decimal(count), _decimal(current)
        first = self._first(counts[1])
        locations = tuple(place.location(first + n) for n, place in enumerate(self._locations))
        irp = of_text(
            Irp,
            address=NOT_SHOWN if self.more else asked(self.command, "irp"),
            signature=False if self._failure else NOT_SHOWN,
            StackCount=counts[0],
            CurrentLocation=counts[1],
            state=state_of(*counts),
            locations=locations,
            IrpExtension=address(self._extension) if self._extension else None,
            **members,
        )
        words = tuple(place.words(found) for place, found in zip(self._locations, locations))
        zone = "from zone" if self._head and "from zone" in self._head[0][:24] else ""
        said = [text for text in (zone, rest, *more) if text]
        return ListedIrp(irp, state.rstrip("."), words, fields, (*said, *self._remarks))

    def _first(self, current: int | Absent) -> int:
        """Return the number of the first stack location: 1, but where a text has left those below it out."""
        at = next((n for n, place in enumerate(self._locations) if place.current), None)
        return 1 if at is None or isinstance(current, Absent) else max(1, current - at)


def _buffer(text: str) -> dict[str, Address | Absent | None]:
    """Return the members of the record that say which buffer an IRP has."""
    kind, _, at = text.replace(" ", "").partition("=")
    if not kind:
        return {}
    place = pointer(at) if at else Address(0)
    part = kind == "MasterIrp"
    return {"MasterIrp": place if part else None, "SystemBuffer": None if part else place}


def annotated(listed: ListedIrp) -> tuple[Annotation, ...]:
    """Return what an IRP's functions and flags are called, and what becomes of its results."""
    out: list[Annotation | None] = []
    irp = listed.irp
    for place, words in zip(irp.locations, listed.words):
        major, minor, bits = place.MajorFunction, place.MinorFunction, place.Flags
        if isinstance(major, Absent) or not (major or minor or place.current or place.FileObject):
            continue  # function 0 without a file is no create, but a location that nobody has filled in
        printed = words.names[:1] not in ((), ("",), ("N/A",))
        driver = "????" if place.driver is UNREADABLE else place.driver or ""
        out.append(location(int(major), _or_zero(minor), _or_zero(bits), str(driver), printed))
    current = next((p for p in irp.locations if p.current), None)
    if irp.Flags:
        out.append(field("_IRP", "Flags", _or_zero(irp.Flags)))
    status = irp.IoStatus.Status
    if irp.UserIosb and not isinstance(status, Absent):
        pending = current is not None and made_pending(irp.locations[-1].Control)
        out.append(results(int(status), _or_zero(irp.IoStatus.Information), _or_zero(irp.Flags), pending))
    if listed.state == "active" and irp.Thread == 0 and current is not None:
        out.append(without_thread(_current_function(listed)))
    return tuple(a for a in out if a is not None)


def _current_function(listed: ListedIrp) -> str:
    """Return what the driver that has the IRP is asked for; ``""`` where that is not known."""
    return next((place.major for place in listed.irp.locations if place.current), "")


def _or_zero(number: Hex | Absent) -> int:
    return 0 if isinstance(number, Absent) else int(number)


def _decimal(text: str | None) -> int | Absent:
    return integer(text) if text else NOT_SHOWN
