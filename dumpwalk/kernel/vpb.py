"""``_VPB``: which file system has a volume mounted, as ``!vpb`` shows it."""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.kernel.constants import flags
from dumpwalk.kernel.structures import structure, wrong_type
from dumpwalk.memory.address import Hex
from dumpwalk.objects.members import hexadecimal, integer, pointer
from dumpwalk.objects.sizes import offset_of
from dumpwalk.objects.strings import decode
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target

IO_TYPE_VPB = 10  # wdm.h
_LONGEST_LABEL = 64  # WCHAR VolumeLabel[32]


@record
class Vpb:
    """A volume parameter block.

    :param flag_names: the bits of ``Flags``
    :param DeviceObject: the file system's device for the volume
    :param RealDevice: the volume's own device
    """

    address: Address
    Type: int | Absent
    Size: Hex | Absent
    Flags: Hex | Absent
    flag_names: tuple[str, ...]
    DeviceObject: Address | Absent
    RealDevice: Address | Absent
    SerialNumber: Hex | Absent
    ReferenceCount: int | Absent
    VolumeLabel: str | Absent
    problems: tuple[Problem, ...]


def vpb(target: Target, address: int) -> Vpb:
    """Return the volume parameter block at *address*.

    :raises ReadError: when the dump holds nothing of it
    :raises TypeInfoError: when the types of this kernel are not known
    """
    at = structure(target, "_VPB", address)
    place = target.address(address)
    type, bits = integer(at, "Type"), hexadecimal(at, "Flags")
    problems = wrong_type(f"VPB {place}", type, IO_TYPE_VPB, "a VPB")
    length = integer(at, "VolumeLabelLength")
    if not isinstance(length, Absent) and length > _LONGEST_LABEL:
        problems.append(Problem(f"VPB {place}", f"VolumeLabelLength {length:x} is more than a label can have"))
        length = _LONGEST_LABEL
    return Vpb(
        place,
        type,
        hexadecimal(at, "Size"),
        bits,
        flags("vpb_flags", bits),
        pointer(at, "DeviceObject"),
        pointer(at, "RealDevice"),
        hexadecimal(at, "SerialNumber"),
        integer(at, "ReferenceCount"),
        length if isinstance(length, Absent) else _label(target, place, length),
        tuple(problems),
    )


def _label(target: Target, address: int, length: int) -> str | Absent:
    """Return the volume label, whose length is in bytes and which no zero has to end."""
    start = target.address(address + offset_of(target.types, "_VPB", "VolumeLabel"))
    try:
        return decode(target.memory.read(start, length), 2) if length else ""
    except ReadError as error:
        return Absent(str(error))
