"""Virtual address descriptors: what each says of a stretch of a process's addresses.

It is private memory or a view of a section. A view leads to the control area of its section, and that to the file.
"""

from __future__ import annotations

from dumpwalk.errors import ReadError, TypeInfoError
from dumpwalk.kernel import vad_members as members
from dumpwalk.kernel.file_object import file_name
from dumpwalk.memory.address import Hex
from dumpwalk.objects.members import fast_reference, hexadecimal, pointer
from dumpwalk.objects.sizes import size_of
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.types.model import Enum, Reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target

# MI_VAD_TYPE, for kernels whose types lack it (public symbols of Windows Vista).
TYPES = (
    *("VadNone", "VadDevicePhysicalMemory", "VadImageMap", "VadAwe", "VadWriteWatch", "VadLargePages"),
    *("VadRotatePhysical", "VadLargePageSection"),
)
# What !vad has for them behind Private or Mapped, nothing for VadNone; only Exe is in a listing.
TYPE_WORDS = {
    "VadImageMap": "Exe",
    "VadDevicePhysicalMemory": "Phys",
    "VadAwe": "AWE",
    "VadWriteWatch": "WrtWatch",
    "VadLargePages": "LargePag",
    "VadRotatePhysical": "Rotate",
    "VadLargePageSection": "LargePagSec",
}
_XP_TYPES = ("VadDevicePhysicalMemory", "VadImageMap", "VadAwe", "VadWriteWatch", "VadLargePages")
# MM_PROTECTION_MASK: three bits of access, two of what else.
_ACCESS = (
    *("NO_ACCESS", "READONLY", "EXECUTE", "EXECUTE_READ"),
    *("READWRITE", "WRITECOPY", "EXECUTE_READWRITE", "EXECUTE_WRITECOPY"),
)
_MODIFIERS = ("", " NOCACHE", " GUARD", " WRITECOMBINE")


@record
class Vad:
    """One VAD.

    :param level: how far below the root of its tree; ``None`` for one that was looked at by itself
    :param StartingVpn: number of the first page
    :param EndingVpn: number of the last page
    :param CommitCharge: pages; -1 where all its bits are set
    :param VadType: ``VadNone``, ``VadImageMap``, ... (``MI_VAD_TYPE``)
    :param private: it is private memory, not a view
    :param protection: in words, ``EXECUTE_WRITECOPY``
    :param ControlArea: of the section that is viewed; ``None`` for private memory
    :param file: the file's path on its volume; ``None`` for memory without a file
    :param shared_commit: pages that a section without a file has committed; ``None`` for others
    """

    address: Address
    level: int | None
    StartingVpn: Hex | Absent
    EndingVpn: Hex | Absent
    CommitCharge: int | Absent
    VadType: str | Absent
    private: bool | Absent
    Protection: Hex | Absent
    protection: str
    ControlArea: Address | Absent | None = None
    FirstPrototypePte: Address | Absent | None = None
    LastContiguousPte: Address | Absent | None = None
    file: str | Absent | None = None
    shared_commit: Hex | Absent | None = None


def protection_words(protection: int) -> str:
    """Return the name of a protection as ``!vad`` writes it.

    >>> protection_words(4), protection_words(0x18), protection_words(0x1C)
    ('READWRITE', 'NO_ACCESS', 'READWRITE WRITECOMBINE')
    """
    modifier = _MODIFIERS[protection >> 3 & 3] if protection & 7 else ""
    return _ACCESS[protection & 7] + modifier


class Vads:
    """Reads VADs of one target; where their members are is found once.

    :raises TypeInfoError: when the types of this kernel are not known, or lack a VAD
    """

    def __init__(self, target: Target) -> None:
        types = target.types
        self.target = target

        def at(paths: tuple[str, ...]) -> members.Number | None:
            return members.number(types, "_MMVAD", paths)

        def surely(paths: tuple[str, ...]) -> members.Number:
            found = at(paths)
            if found is None:
                raise TypeInfoError(f"no member {paths[0]} in _MMVAD of {types.name}")
            return found

        self.size = size_of(Reference("struct", "_MMVAD"), types) or 0
        self._left, self._right = surely(members.LEFT), surely(members.RIGHT)
        self._start = (surely(members.START), at(members.START_HIGH), at(members.START_HIGHER))
        self._end = (surely(members.END), at(members.END_HIGH), at(members.END_HIGHER))
        self._commit = (surely(members.COMMIT), at(members.COMMIT_HIGH), None)
        self._type, self._protection = at(members.TYPE), surely(members.PROTECTION)
        self._private = surely(members.PRIVATE)
        self._area, self._subsection = at(members.CONTROL_AREA), at(members.SUBSECTION)
        self._first_pte, self._last_pte = at(members.FIRST_PTE), at(members.LAST_PTE)
        self._xp_types = [at((f"u.VadFlags.{name}",)) for name in members.XP_TYPES]
        self._least = max(part.end for part in (*self._start, *self._end, *self._commit, self._protection) if part)
        names = types.find("_MI_VAD_TYPE")
        self._type_names = {n: name for name, n in names.members} if isinstance(names, Enum) else dict(enumerate(TYPES))
        # By control area: a file's name, what else is to be said of it.
        self._files: dict[int, tuple[str | Absent | None, Hex | Absent | None]] = {}

    def read(self, address: int, level: int | None = None) -> tuple[Vad, int, int]:
        """Return the VAD at *address*, and where its left and right children are, 0 for none."""
        target = self.target
        place = target.address(address)
        # One of private memory is shorter, and may be the last thing in what the dump holds.
        data = target.memory.read_some(place, self.size)
        if len(data) < self._least:
            try:
                target.memory.read(place, self._least)
                why = Absent("it is cut")
            except ReadError as error:
                why = Absent(str(error))
            return Vad(place, level, why, why, why, why, why, why, "????"), 0, 0
        private, protection = bool(self._private.of(data)), self._protection.of(data)
        commit = _joined(self._commit, data, 31)
        if self._commit[0].of(data) == self._commit[0].most:
            commit = -1
        vad = Vad(
            place,
            level,
            Hex(_joined(self._start, data)),
            Hex(_joined(self._end, data)),
            commit,
            self._kind(data),
            private,
            Hex(protection),
            protection_words(protection),
            **({} if private else self._view(data)),
        )
        return vad, self._left.of(data), self._right.of(data)

    def _kind(self, data: bytes) -> str:
        if self._type is not None:
            number = self._type.of(data)
            return self._type_names.get(number, f"VadType {number}")
        flags = zip(self._xp_types, _XP_TYPES)
        return next((name for flag, name in flags if flag is not None and flag.of(data)), TYPES[0])

    def _view(self, data: bytes) -> dict[str, Any]:
        """Return what is known of a view: control area, prototype PTEs, and the file."""
        cut = Absent("the VAD is cut")

        def found(number: members.Number | None) -> Address | Absent:
            if number is None or number.end > len(data):
                return cut
            return self.target.address(number.of(data))

        if self._subsection is not None:
            subsection = found(self._subsection)
            area: Address | Absent = subsection
            if not isinstance(subsection, Absent):
                area = self.target.address(0)
                if subsection:
                    area = pointer(self.target.object("_SUBSECTION", subsection), "ControlArea")
        else:
            area = found(self._area)
        file, shared = self._of_area(area)
        return {
            "ControlArea": area,
            "FirstPrototypePte": found(self._first_pte),
            "LastContiguousPte": found(self._last_pte),
            "file": file,
            "shared_commit": shared,
        }

    def _of_area(self, area: Address | Absent) -> tuple[str | Absent | None, Hex | Absent | None]:
        """Return the name of the file that a control area is of, and without one what its section has committed."""
        if isinstance(area, Absent):
            return area, None
        if not area:  # a view of physical memory has none
            return None, None
        if area not in self._files:
            control = self.target.object("_CONTROL_AREA", area)
            file = fast_reference(control, "FilePointer")
            if isinstance(file, Absent):
                self._files[area] = file, None
            elif file:
                self._files[area] = file_name(self.target, file), None
            else:
                self._files[area] = None, hexadecimal(control, "Segment.NumberOfCommittedPages")
        return self._files[area]


def _joined(
    parts: tuple[members.Number, members.Number | None, members.Number | None], data: bytes, at: int = 32
) -> int:
    """Return a number whose higher bits are elsewhere.

    :param at: which bit the second part begins with; the third follows eight bits above
    """
    value = parts[0].of(data)
    for part, shift in zip(parts[1:], (at, at + 8)):
        if part is not None and part.end <= len(data):
            value |= part.of(data) << shift
    return value
