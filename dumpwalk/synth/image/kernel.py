"""The kernel's own image: its headers with the identity of its PDB file, and its variables where symbols say."""

from __future__ import annotations

import struct

from dumpwalk.record import record
from dumpwalk.synth.spec import SpecError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.synth.image.structures import Structures
    from dumpwalk.synth.spec import Module
    from dumpwalk.types.store import StoredTypes

_PE_AT, _RSDS_AT, _HEADERS = 0x80, 0x400, 0x1000
# Where variables are put whose place the profile does not know: behind everything else in the image.
_OWN = 0x8000
MACHINE_TYPES = {"x64": 0x8664, "x86": 0x14C, "ARM64": 0xAA64}


@record
class Image:
    """A PE image's identity.

    :param base: where it is loaded
    :param size: ``SizeOfImage``
    :param pdb: name of its PDB file; ``""`` for none
    :param guid: GUID and age as symbol servers write them: ``606FF669409B00F7FC8C61A9C1670129-1``
    """

    machine: str
    base: int
    size: int
    timestamp: int = 0
    checksum: int = 0
    pdb: str = ""
    guid: str = ""
    data_at: int = _HEADERS

    @property
    def machine_type(self) -> int:
        """``IMAGE_FILE_MACHINE_*`` of the PE specification."""
        return MACHINE_TYPES[self.machine]


def headers(image: Image) -> bytes:
    """Return the headers of a PE image, its debug directory and CodeView record among them.

    Layout: PE format specification (IMAGE_DOS_HEADER, IMAGE_NT_HEADERS, IMAGE_SECTION_HEADER,
    IMAGE_DEBUG_DIRECTORY); the RSDS record as LLVM's CodeView documentation gives it.
    """
    wide = image.machine != "x86"
    data = bytearray(0x800)
    data[:2] = b"MZ"
    struct.pack_into("<I", data, 0x3C, _PE_AT)
    optional = 0xF0 if wide else 0xE0
    # EXECUTABLE_IMAGE | LARGE_ADDRESS_AWARE, or 32BIT_MACHINE
    struct.pack_into(
        "<4sHHIIIHH",
        *(data, _PE_AT, b"PE\0\0", MACHINE_TYPES[image.machine], 2, image.timestamp, 0, 0),
        *(optional, 0x22 if wide else 0x102),
    )
    at = _PE_AT + 24
    entry = image.data_at if image.size > image.data_at else _HEADERS
    struct.pack_into("<HBBIIIII", data, at, 0x20B if wide else 0x10B, 14, 0, 0x1000, 0x1000, 0, entry, 0x1000)
    if wide:
        struct.pack_into("<Q", data, at + 24, image.base)
    else:
        struct.pack_into("<II", data, at + 24, _HEADERS, image.base)
    # Alignments, versions of system, image and subsystem (10.0), SizeOfImage, SizeOfHeaders, CheckSum, subsystem NATIVE
    struct.pack_into("<II6HI", data, at + 32, 0x1000, 0x200, 10, 0, 10, 0, 10, 0, 0)
    struct.pack_into("<IIIHH", data, at + 56, image.size, 0x800, image.checksum, 1, 0)
    struct.pack_into("<I", data, at + (108 if wide else 92), 16)
    directories = at + (112 if wide else 96)
    if image.guid:
        record = _codeview(image)
        struct.pack_into("<II", data, directories + 6 * 8, _RSDS_AT, 28)
        # IMAGE_DEBUG_TYPE_CODEVIEW
        struct.pack_into(
            "<IIHHIIII",
            *(data, _RSDS_AT, 0, image.timestamp, 0, 0, 2, len(record), _RSDS_AT + 28, _RSDS_AT + 28),
        )
        data[_RSDS_AT + 28 : _RSDS_AT + 28 + len(record)] = record
    table = at + optional
    # CNT_CODE | EXECUTE | READ, and CNT_INITIALIZED_DATA | READ | WRITE
    middle = min(max(image.data_at, 2 * _HEADERS), image.size)
    sections = ((b".text", _HEADERS, middle, 0x68000020), (b".data", middle, image.size, 0xC8000040))
    for name, start, end, flags in sections:
        fields = (name, max(end - start, 0), start, max(end - start, 0), start, 0, 0, 0, 0, flags)
        struct.pack_into("<8sIIIIIIHHI", data, table, *fields)
        table += 40
    return bytes(data)


def _codeview(image: Image) -> bytes:
    guid, _, age = image.guid.partition("-")
    head, middle = bytes.fromhex(guid[:16]), bytes.fromhex(guid[16:])
    first, second, third = struct.unpack(">IHH", head)
    return (
        (b"RSDS" + struct.pack("<IHH", first, second, third) + middle + struct.pack("<I", int(age, 16)))
        + image.pdb.encode("ascii")
        + b"\0"
    )


class Kernel:
    """The kernel image at *base* and its variables.

    :param stated: what a spec says of it; else it is what its profile says

    :ivar size: of the image in memory
    """

    def __init__(
        self, structures: Structures, types: StoredTypes, machine: str, base: int, stated: Module | None = None
    ) -> None:
        self.structures = structures
        self.arena = structures.arena
        self.base = base
        self.info = types.info
        self._symbols = types.symbols
        self._own: dict[str, int] = {}
        self.size = (stated.size if stated else 0) or self.info.size or _least(types)
        self._next = self.size - _OWN
        pae = machine == "x86" and structures.layouts.size("_MMPTE") == 8
        pdb = "ntkrpamp.pdb" if pae else "ntkrnlmp.pdb"
        data = min((a for a in map(self._symbols.find, ("KdDebuggerDataBlock", "PsActiveProcessHead")) if a), default=0)
        stamp = (stated.timestamp, stated.checksum) if stated else (self.info.timestamp, 0)
        image = Image(
            *(machine, base, self.size, *stamp, pdb, self.info.guid),
            data & -0x1000 if data else _HEADERS,
        )
        self.image = image
        self.arena.write(base, headers(image))

    def known(self, name: str) -> int | None:
        """Return the address of the variable *name* if the profile has its symbol, or it was placed before."""
        offset = self._symbols.find(name)
        if offset is not None:
            return self.base + offset
        return self._own.get(name)

    def symbol(self, name: str, size: int = 8) -> int:
        """Return the address of the variable *name*; one not known gets *size* bytes of its own."""
        found = self.known(name)
        if found is not None:
            return found
        if self._next + size > self.size:
            raise SpecError("the kernel has no room for more variables")
        found = self._own[name] = self.base + self._next
        self._next += -(-size // 16) * 16
        return found

    def set(self, name: str, value: int, size: int | None = None) -> None:
        """Give the variable *name* a value: a pointer, or *size* bytes."""
        size = size or self.structures.layouts.pointer_size
        self.arena.write(self.symbol(name, size), (value & (1 << 8 * size) - 1).to_bytes(size, "little"))


def _least(types: StoredTypes) -> int:
    """Return a size for a kernel whose own is not known: one with room for every variable, and for those of ours."""
    last = max((offset for _, offset in types.symbols.items()), default=0x200000)
    return -(-last // 0x10000) * 0x10000 + 0x10000
