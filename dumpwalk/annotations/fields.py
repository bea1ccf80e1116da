"""Names of the bits and codes in the fields of well-known structures."""

from __future__ import annotations

from dumpwalk.annotations import Annotation
from dumpwalk.kernel.constants import flags, name_of

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
    ("_VPB", "Flags"): "vpb_flags",
    ("_MDL", "MdlFlags"): "mdl_flags",
    ("_OBJECT_HEADER", "Flags"): "object_header_flags",
}
CODES = {
    ("_IO_STACK_LOCATION", "MajorFunction"): "irp_major",
    ("_DEVICE_OBJECT", "DeviceType"): "device_type",
    ("_FILE_OBJECT", "Type"): "io_object_type",
    ("_DEVICE_OBJECT", "Type"): "io_object_type",
    ("_DRIVER_OBJECT", "Type"): "io_object_type",
    ("_IRP", "Type"): "io_object_type",
    ("_VPB", "Type"): "io_object_type",
}

STRUCTURES = frozenset(structure for structure, _ in (*FLAGS, *CODES))


def field(structure: str, name: str, value: int) -> Annotation | None:
    """Return what a field's value stands for; ``None`` when that is not known.

    >>> field("_FILE_OBJECT", "Flags", 0xC0012).title
    'Flags 0xc0012: FO_SYNCHRONOUS_IO | FO_WRITE_THROUGH | FO_HANDLE_CREATED | FO_FILE_FAST_IO_READ'
    """
    if value <= 0:
        return None
    place = f"{structure}.{name}"
    if (table := FLAGS.get((structure, name))) is not None:
        return Annotation("flags", place, f"{name} {value:#x}: {' | '.join(flags(table, value))}", "")
    table = CODES.get((structure, name))
    code = name_of(table, value) if table is not None else None
    return Annotation("flags", place, f"{name} {value:#x}: {code}", "") if code else None
