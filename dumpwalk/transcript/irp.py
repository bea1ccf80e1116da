"""IRPs as ``!irp`` prints them, in the layouts before and since Windows 8's debugger."""

from __future__ import annotations

import re

from dumpwalk.annotations.conditions import in_system
from dumpwalk.annotations.fields import field
from dumpwalk.annotations.pitfalls import remark as remark_on
from dumpwalk.annotations.requests import location, made_pending, results, without_thread
from dumpwalk.kernel.io_stack import names
from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import UNREADABLE, address, pointer, remark, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.annotations import Annotation
    from dumpwalk.annotations.conditions import Situation

_IN_SYSTEM = "kernel-handle-close"
_A = r"(?:[0-9a-f]{8,16}|\?{4,8})"
_HEAD = re.compile(
    r"[ ]*Irp is (?:from zone and )?(active|completed\.?)"
    r"(?: with (-?[0-9]+|\?\?) stacks?(?: (-?[0-9]+|\?\?) is current)?)?"
    r"(?: \(= ?0x([0-9a-f?]{8,16})\))?[ ]*(.*)\Z"
)
_SUMMARY = re.compile(
    rf"[ ]*(?:No Mdl|Mdl ?= ?({_A})):?[ ]*(?:(No System Buffer|(?:System buffer|Master Irp) ?= ?{_A}):?[ ]*)?"
    rf"Thread ({_A}):[ ]*(?:Irp stack trace\.|Irp is completed\.)[ ]*(.*)\Z"
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
_FLAGS = re.compile(r"[ ]*Flags: (SL_\w+(?:, \w+)*)\Z")
_FIELD = re.compile(r"(&?[A-Z]\w+(?:\.\w+)*) = ((?:0x)?[0-9a-f?]+)(?: - ([0-9a-f?]+))?(?:[ ]{2}(.*))?\Z")
_EXTENSION = re.compile(r"[ ]*Irp Extension present at 0x([0-9a-f]{8,16}):?\Z")
_FAILURE = re.compile(r"[ ]*(IRP signature does not match, probably not an IRP)\Z")


@record
class ListedLocation:
    """An IO_STACK_LOCATION as text shows it.

    :param major: the name of the function, ``""`` where only its number is printed or it is none
    :param control_words: of *Control*: when the completion routine is called, and whether the IRP is pending
    :param driver: of the device, with the name of the completion routine behind it in *routine*
    """

    current: bool
    MajorFunction: Hex | Absent
    major: str
    MinorFunction: Hex | Absent
    minor: str
    Flags: Hex | Absent
    Control: Hex | Absent
    control_words: tuple[str, ...]
    DeviceObject: Address | Absent
    FileObject: Address | Absent
    CompletionRoutine: Address | Absent
    Context: Address | Absent
    driver: str
    routine: str
    arguments: tuple[Hex | Absent, ...]
    flag_names: tuple[str, ...]


@record
class ListedIrp:
    """An IRP as text shows it; its address is in the command alone.

    :param state: ``active``, ``completed``, ``""`` where there is no first line
    :param buffer: which buffer it has, as printed
    :param fields: what is printed with detail: the member's name, its value, and what stands behind
    """

    state: str
    StackCount: int | Absent | None
    CurrentLocation: int | Absent | None
    CurrentStackLocation: Address | Absent | None
    MdlAddress: Address | Absent | None
    buffer: str
    Thread: Address | Absent | None
    fields: tuple[tuple[str, Hex | Absent, str], ...]
    locations: tuple[ListedLocation, ...]
    IrpExtension: Address | None
    remarks: tuple[str, ...]


class _Location:
    def __init__(self, mark: str, major: tuple[str, str], minor: tuple[str, str]) -> None:
        self.current = bool(mark)
        self.major, self.minor = major, minor
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
        elif (found := _DRIVER.match(line)) and not self.driver:
            self.driver, self.routine = found[1], found[2] or ""
        elif (found := _ROUTINE.match(line)) and not self.routine:
            self.routine = found[1]
        elif found := _FLAGS.match(line):
            self.flags = tuple(found[1].split(", "))
        else:
            return False
        return True

    def record(self) -> ListedLocation:
        flags, control, device, file, routine, context, names = self.row or ("?",) * 6 + ("",)
        return ListedLocation(
            self.current, value(self.major[1]), self.major[0], value(self.minor[1]), self.minor[0], value(flags),
            value(control), tuple(names.split()), pointer(device), pointer(file), pointer(routine), pointer(context),
            self.driver, self.routine, self.arguments, self.flags,
        )  # fmt: skip


@kind("irp", "irp", opens=r"[ ]*Irp is (?:from zone and )?(?:active|completed)", rank=10)
class IrpReader(Reader):
    """Takes one IRP."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._head: re.Match[str] | None = None
        self._summary: re.Match[str] | None = None
        self._fields: list[tuple[str, Hex | Absent, str]] = []
        self._locations: list[_Location] = []
        self._extension = ""
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if self._head is None:
            self._head = _HEAD.match(line)
            return self._head is not None or self._failed(line)
        if self._summary is None and (found := _SUMMARY.match(line)):
            self._summary = found
        elif found := _OLD.match(line):
            self._locations.append(_Location(found[1], ("", found[2]), ("", found[3])))
            self._locations[-1].row = found.groups()[3:]
        elif found := _NEW.match(line):
            major, minor = ((_name(found[n]), found[n + 1] or "?") for n in (2, 4))
            self._locations.append(_Location(found[1], major, minor))
        elif (self._locations and self._locations[-1].take(line)) or _COLUMNS.match(line):
            pass
        elif found := _FIELD.match(line):
            self._field(found)
        elif found := _EXTENSION.match(line):
            self._extension = found[1]
        elif said := remark(line):
            self._remarks.append(said)
        else:
            return False
        return True

    def _failed(self, line: str) -> bool:
        """Take the lines of what is no IRP: the fields that detail shows, and what is said at the foot."""
        if (found := _FAILURE.match(line)) and not self._remarks:
            self._remarks.append(found[1])
        elif self._remarks and (found := _FIELD.match(line)):
            self._field(found)
        elif self._remarks and (said := remark(line)):
            self._remarks.append(said)
        else:
            return False
        return True

    def annotations(self, situation: Situation) -> tuple[Annotation, ...]:
        found = self.record()
        if found is None:
            return ()
        said = annotated(found)
        known = isinstance(found.Thread, int) and in_system(int(found.Thread)) in situation.facts
        return (*said, remark_on(_IN_SYSTEM)) if known and _current_function(found) == "IRP_MJ_CLEANUP" else said

    def _field(self, found: re.Match[str]) -> None:
        name, number, low, behind = found.groups()
        if low is not None:  # Overlay.AllocationSize = high - low
            self._fields.append((f"{name}.HighPart", value(number), ""))
            self._fields.append((f"{name}.LowPart", value(low), ""))
        else:
            self._fields.append((name, value(number), behind or ""))

    def record(self) -> ListedIrp | None:
        if self._head is None and not self._remarks:
            return None
        state, count, current, at, rest = self._head.groups() if self._head else ("", None, None, None, "")
        mdl, buffer, thread, more = self._summary.groups() if self._summary else (None, None, None, "")
        zone = "from zone" if self._head and "from zone" in self._head[0][:24] else ""
        said = [text for text in (zone, rest, more) if text]
        return ListedIrp(
            state.rstrip("."), _decimal(count), _decimal(current), pointer(at) if at else None,
            pointer(mdl) if mdl else None, buffer or "", pointer(thread) if thread else None, tuple(self._fields),
            tuple(location.record() for location in self._locations),
            address(self._extension) if self._extension else None, (*said, *self._remarks),
        )  # fmt: skip


def annotated(irp: ListedIrp) -> tuple[Annotation, ...]:
    """Return what an IRP's functions and flags are called, and what becomes of its results."""
    out: list[Annotation | None] = []
    for place in irp.locations:
        major, minor, bits = place.MajorFunction, place.MinorFunction, place.Flags
        if isinstance(major, Absent) or not (major or minor or place.current or place.FileObject):
            continue  # function 0 without a file is no create, but a location that nobody has filled in
        printed = bool(place.major) or bool(place.flag_names)
        out.append(location(int(major), _or_zero(minor), _or_zero(bits), place.driver, printed))
    current = next((p for p in irp.locations if p.current), None)
    known = {name: int(number) for name, number, _ in irp.fields if isinstance(number, int)}
    if known.get("Flags"):
        out.append(field("_IRP", "Flags", known["Flags"]))
    if known.get("UserIosb") and "IoStatus.Status" in known:
        pending = current is not None and made_pending(irp.locations[-1].Control)
        out.append(
            results(known["IoStatus.Status"], known.get("IoStatus.Information", 0), known.get("Flags", 0), pending)
        )
    if irp.state == "active" and irp.Thread == 0 and current is not None:
        out.append(without_thread(_current_function(irp)))
    return tuple(a for a in out if a is not None)


def _current_function(irp: ListedIrp) -> str:
    """Return what the driver that has the IRP is asked for; ``""`` where that is not known."""
    current = next((p for p in irp.locations if p.current), None)
    if current is None or isinstance(current.MajorFunction, Absent):
        return ""
    return current.major or names(current.MajorFunction, 0)[0]


def _or_zero(number: Hex | Absent) -> int:
    return 0 if isinstance(number, Absent) else int(number)


def _decimal(text: str | None) -> int | Absent | None:
    return None if not text else UNREADABLE if "?" in text else int(text)


def _name(text: str | None) -> str:
    return "" if text in (None, "N/A") else str(text)
