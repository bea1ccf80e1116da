"""Bit fields of Mm's section structures, by the names that the types of the kernel at hand give them."""

from __future__ import annotations

from dumpwalk.memory.address import Hex
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.objects import Object

# The order in which !ca names the bits of _MMSECTION_FLAGS: that of Windows XP's structure, wherever a bit has gone
# since ("File WasPurged Accessed" is of Windows 7, where Accessed is the lower bit).
_ORDER = (
    *("BeingDeleted", "BeingCreated", "BeingPurged", "NoModifiedWriting", "FailAllIo", "Image", "Based", "File"),
    *("Networked", "NoCache", "PhysicalMemory", "CopyOnWrite", "Reserve", "Commit", "FloppyMedia", "WasPurged"),
    *("UserReference", "GlobalMemory", "DeleteOnClose", "FilePointerNull", "DebugSymbolsLoaded"),
    *("SetMappedFileIoComplete", "CollidedFlush", "NoChange", "HadUserReference", "ImageMappedInSystemSpace"),
    *("UserWritable", "Accessed", "GlobalOnlyPerSession", "Rom", "WriteCombined"),
)
# Bits of _MMSUBSECTION_FLAGS for which !ca has words below a subsection.
SUBSECTION_WORDS = {"SubsectionAccessed": "Accessed", "ReadOnly": "ReadOnly", "CopyOnWrite": "CopyOnWrite"}
_NOTHING = ("spare", "filler", "unused", "reserved")


def bits(flags: Object | Absent) -> tuple[Hex | Absent, tuple[str, ...], dict[str, int]]:
    """Return what is in a structure of bit fields.

    :return: the structure as one number; the names of its single bits that are set; and all its fields
    """
    if isinstance(flags, Absent):
        return flags, (), {}
    raw = flags.bytes_()
    if isinstance(raw, Absent):
        return raw, (), {}
    value = int.from_bytes(raw, "little")
    fields: dict[str, int] = {}
    names: list[str] = []
    for field in getattr(flags.plan_.type, "fields", ()):
        if field.bits is None:
            continue
        position, length = field.bits
        number = value >> 8 * field.offset + position & (1 << length) - 1
        fields[field.name] = number
        if length == 1 and number and not field.name.lower().startswith(_NOTHING):
            names.append(field.name)
    return Hex(value), tuple(names), fields


def section_flags(flags: Object | Absent) -> tuple[Hex | Absent, tuple[str, ...], dict[str, int]]:
    """Return the same of a ``_MMSECTION_FLAGS``, its names in the order in which ``!ca`` prints them."""
    value, names, fields = bits(flags)
    places = {name: place for place, name in enumerate(_ORDER)}
    return value, tuple(sorted(names, key=lambda name: places.get(name, len(_ORDER)))), fields
