"""What the numbers in the fields of well-known structures stand for: bits, codes, states, tags, counts."""

from __future__ import annotations

from dumpwalk.annotations import Annotation
from dumpwalk.annotations.pitfalls import remark
from dumpwalk.annotations.pool import tag_of, tag_owner
from dumpwalk.annotations.requests import location
from dumpwalk.annotations.waits import reason_name, wait_reason
from dumpwalk.bugchecks.ntstatus import exception_code
from dumpwalk.kernel.apc import held_off, split
from dumpwalk.kernel.constants import flags, name_of
from dumpwalk.kernel.pitfalls import told
from dumpwalk.kernel.section_explained import deletion_told
from dumpwalk.kernel.slist import FEW_BITS
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Structure and field -> table of dumpwalk/kernel/constants.txt.
FLAGS = {
    ("_FILE_OBJECT", "Flags"): "file_object_flags",
    ("_DEVICE_OBJECT", "Flags"): "device_object_flags",
    ("_DEVICE_OBJECT", "Characteristics"): "device_characteristics",
    ("_DEVOBJ_EXTENSION", "ExtensionFlags"): "devobj_extension_flags",
    ("_DRIVER_OBJECT", "Flags"): "driver_object_flags",
    ("_IRP", "Flags"): "irp_flags",
    ("_IRP", "AllocationFlags"): "irp_allocation_flags",
    ("_IO_STACK_LOCATION", "Control"): "io_stack_control",
    ("_FLT_IO_PARAMETER_BLOCK", "IrpFlags"): "irp_flags",
    ("_VPB", "Flags"): "vpb_flags",
    ("_MDL", "MdlFlags"): "mdl_flags",
    ("_OBJECT_HEADER", "Flags"): "object_header_flags",
}
CODES = {
    ("_IO_STACK_LOCATION", "MajorFunction"): "irp_major",
    ("_FLT_IO_PARAMETER_BLOCK", "MajorFunction"): "irp_major",
    ("_DEVICE_OBJECT", "DeviceType"): "device_type",
    ("_FILE_OBJECT", "Type"): "io_object_type",
    ("_DEVICE_OBJECT", "Type"): "io_object_type",
    ("_DRIVER_OBJECT", "Type"): "io_object_type",
    ("_IRP", "Type"): "io_object_type",
    ("_VPB", "Type"): "io_object_type",
}
STATUS = frozenset(
    (
        ("_EXCEPTION_RECORD", "ExceptionCode"),
        ("_EXCEPTION_RECORD64", "ExceptionCode"),
        ("_EXCEPTION_RECORD32", "ExceptionCode"),
        ("_IO_STATUS_BLOCK", "Status"),
        ("_FILE_OBJECT", "FinalStatus"),
        ("_EPROCESS", "ExitStatus"),
        ("_EPROCESS", "LastThreadExitStatus"),
        ("_ETHREAD", "ExitStatus"),
        ("_ETHREAD", "LastExceptionCode"),
    )
)
TAGS = frozenset(
    (
        ("_POOL_HEADER", "PoolTag"),
        ("_POOL_TRACKER_TABLE", "Key"),
        ("_POOL_TRACKER_BIG_PAGES", "Key"),
        ("_GENERAL_LOOKASIDE", "Tag"),
        ("_GENERAL_LOOKASIDE_POOL", "Tag"),
    )
)
_COUNTS = ("KernelApcDisable", "SpecialApcDisable")
# Structures of which several fields say something together.
TOGETHER = frozenset(("_IO_STACK_LOCATION", "_KTHREAD", "_CONTROL_AREA", "_MMSECTION_FLAGS", "_SLIST_HEADER"))

_LOWEST = 0x100
_LARGEST_CACHE = 1024
_known: dict[int, str | None] = {}

# By structure: its fields of which something can be said alone; none where several say something together.
EXPLAINED: dict[str, set[str]] = {name: set() for name in TOGETHER}
for _structure, _field in (*FLAGS, *CODES, *STATUS, *TAGS, ("_KTHREAD", "WaitReason")):
    EXPLAINED.setdefault(_structure, set()).add(_field)


def field(structure: str, name: str, value: int) -> Annotation | None:
    """Return what a field's value stands for; ``None`` when that is not known.

    >>> field("_FILE_OBJECT", "Flags", 0xC0012).title
    'Flags 0xc0012: FO_SYNCHRONOUS_IO | FO_WRITE_THROUGH | FO_HANDLE_CREATED | FO_FILE_FAST_IO_READ'
    """
    place = f"{structure}.{name}"
    if (structure, name) in STATUS:
        # dt prints an NTSTATUS as a signed number; the lowest are numbers of objects in a wait, and stand in no field.
        said = None if 0 <= value < _LOWEST else _status(value & 0xFFFFFFFF)
        return Annotation("status", place, f"{name} {said}", "") if said else None
    if value <= 0:
        return None
    if (table := FLAGS.get((structure, name))) is not None:
        return Annotation("flags", place, f"{name} {value:#x}: {' | '.join(flags(table, value))}", "")
    if (structure, name) in TAGS:
        return tag_owner(tag_of(value), place=place)
    if place == "_KTHREAD.WaitReason":
        return wait_reason(reason_name(value))
    table = CODES.get((structure, name))
    code = name_of(table, value) if table is not None else None
    if code is None and structure == "_FLT_IO_PARAMETER_BLOCK" and table is not None:
        code = name_of("irp_major_filter_manager", value)
    return Annotation("flags", place, f"{name} {value:#x}: {code}", "") if code else None


def _status(value: int) -> str | None:
    """Return the name of a status; a log has the same ones again and again."""
    if value not in _known:
        if len(_known) >= _LARGEST_CACHE:
            _known.clear()
        _known[value] = exception_code(value)
    return _known[value]


def structure(type: str, values: Mapping[str, int]) -> Iterator[Annotation]:
    """Yield what several fields of one structure say together.

    :param values: its numbers by the names of their fields
    """
    if type == "_IO_STACK_LOCATION" and "MajorFunction" in values:
        minor, bits = values.get("MinorFunction", 0), values.get("Flags", 0)
        said = location(values["MajorFunction"], minor, bits, "") if minor > 0 or bits > 0 else None
        if said is not None:
            yield said
    elif type == "_KTHREAD":
        yield from _held_off(values)
    elif type in ("_CONTROL_AREA", "_MMSECTION_FLAGS"):
        said = deletion(values.get("BeingDeleted", 0) > 0, values.get("WaitingForDeletion"))
        if said is not None:
            yield said
    elif type == "_SLIST_HEADER" and values.get("HeaderType") == 0 and "Region" in values:
        yield remark("slist-aba", told("slist-aba", "few-bits", bits=FEW_BITS, times=1 << FEW_BITS))


def _held_off(values: Mapping[str, int]) -> Iterator[Annotation]:
    """Yield what the counts say that hold APCs off; ``dt`` prints them as signed or unsigned numbers."""
    counts = {name: (values[name] & 0xFFFF ^ 0x8000) - 0x8000 for name in _COUNTS if name in values}
    if "CombinedApcDisable" in values:
        both = split(values["CombinedApcDisable"])
        counts = {"KernelApcDisable": both.KernelApcDisable, "SpecialApcDisable": both.SpecialApcDisable}
    said = held_off(counts)
    if said:
        yield Annotation("flags", "_KTHREAD.CombinedApcDisable", said, "")


def deletion(being_deleted: bool, waiting: int | Absent | None) -> Annotation | None:
    """Return what it means for a control area that it is being deleted, or that somebody waits for that.

    :param waiting: ``WaitingForDeletion``
    """
    if not being_deleted and (isinstance(waiting, Absent) or not waiting):
        return None
    unknown = Absent("the text does not say how many wait")
    state = "being deleted" if being_deleted else "stable"
    return remark("control-area-deletion", deletion_told(state, unknown, waiting))
