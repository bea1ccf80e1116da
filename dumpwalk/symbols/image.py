"""Images (PE files) as they lie in memory: whose they are, and which PDB belongs to them.

Of an image in memory any page may be missing, so each part is read by itself.
Offsets: PE format specification ("Optional Header", "Debug Directory"),
``VS_FIXEDFILEINFO`` of verrsrc.h.
"""

from __future__ import annotations

from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.symbols.codeview import parse_rsds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.segments import DumpMemory
    from dumpwalk.symbols.codeview import PdbReference

_PE32, _PE32_PLUS = 0x10B, 0x20B  # IMAGE_OPTIONAL_HEADER.Magic
_EXPORT, _RESOURCE, _DEBUG = 0, 2, 6  # IMAGE_DIRECTORY_ENTRY_*
_MOST_DIRECTORIES = 16  # IMAGE_NUMBEROF_DIRECTORY_ENTRIES
_CODEVIEW = 2  # IMAGE_DEBUG_TYPE_CODEVIEW
_MOST_DEBUG_ENTRIES = 32
_MOST_RESOURCES = 1 << 18
_LONGEST_NAME = 260
_FIXED_FILE_INFO = b"\xbd\x04\xef\xfe\x00\x00\x01\x00"  # dwSignature and dwStrucVersion


@record
class LoadedImage:
    """An image in memory.

    :param machine: ``IMAGE_FILE_MACHINE_*``
    :param size: ``SizeOfImage``
    :param name: what its export directory calls it, ``""`` when that can't be read
    :param pdb: its CodeView record, ``None`` when that can't be read
    :param resources: RVA and size of its resources, among which the version is
    """

    base: Hex
    machine: int
    size: Hex
    timestamp: Hex
    checksum: Hex
    name: str
    pdb: PdbReference | None
    resources: tuple[int, int]


@record
class ImageHeaders:
    """What the headers of an image in memory say.

    :param machine: ``IMAGE_FILE_MACHINE_*``
    :param size: ``SizeOfImage``
    :param directories: RVA and size of each data directory
    """

    machine: int
    size: int
    timestamp: int
    checksum: int
    directories: tuple[tuple[int, int], ...]

    def directory(self, index: int) -> tuple[int, int]:
        """Return RVA and size of a data directory; zeros where the image has none of that number."""
        return self.directories[index] if index < len(self.directories) else (0, 0)


def headers_at(memory: DumpMemory, base: int) -> ImageHeaders | None:
    """Return the headers of the image that begins at *base*; ``None`` when none does, or they are not all there."""
    head = memory.read_some(base, 0x1000)
    at = int.from_bytes(head[0x3C:0x40], "little")
    if head[:2] != b"MZ" or not 0x40 <= at <= 0xE00 or head[at : at + 4] != b"PE\0\0":
        return None

    def number(offset: int, size: int = 4) -> int:
        return int.from_bytes(head[at + offset : at + offset + size], "little")

    if len(head) < at + 0x5C:
        return None
    first = {_PE32: 0x78, _PE32_PLUS: 0x88}.get(number(0x18, 2), 0)  # what comes before is the same in both
    count = min(number(first - 4), _MOST_DIRECTORIES) if first else 0
    directories = tuple((number(o), number(o + 4)) for o in range(first, first + 8 * count, 8))
    return ImageHeaders(number(4, 2), number(0x50), number(8), number(0x58), directories)


def image_at(memory: DumpMemory, base: int, module: str = "") -> LoadedImage | None:
    """Return the image that begins at *base*; ``None`` when none does.

    :param module: what it is called, for its CodeView record
    """
    head = headers_at(memory, base)
    if head is None:
        return None
    return LoadedImage(
        Hex(base),
        head.machine,
        Hex(head.size),
        Hex(head.timestamp),
        Hex(head.checksum),
        _export_name(memory, base, *head.directory(_EXPORT)),
        _pdb(memory, base, module, *head.directory(_DEBUG)),
        head.directory(_RESOURCE),
    )


def _export_name(memory: DumpMemory, base: int, rva: int, size: int) -> str:
    head = memory.read_some(base + rva, 16) if rva and size else b""
    if len(head) < 16:
        return ""
    raw = memory.read_some(base + int.from_bytes(head[12:], "little"), _LONGEST_NAME)
    name, end, _ = raw.partition(b"\0")
    return name.decode("latin-1") if end else ""


def _pdb(memory: DumpMemory, base: int, module: str, rva: int, size: int) -> PdbReference | None:
    table = memory.read_some(base + rva, min(size, _MOST_DEBUG_ENTRIES * 28)) if rva else b""
    for start in range(0, len(table) - 27, 28):
        kind, length, place = (int.from_bytes(table[start + o : start + o + 4], "little") for o in (12, 16, 20))
        if kind == _CODEVIEW and place:
            address = base + place
            found = parse_rsds(memory.read_some(address, min(length, 24 + _LONGEST_NAME)), module, Address(address))
            if found is not None:
                return found
    return None


def file_version(memory: DumpMemory, image: LoadedImage) -> tuple[int, ...]:
    """Return the four numbers of the file version of *image*; ``()`` when they can't be read."""
    rva, size = image.resources
    data = memory.read_some(image.base + rva, min(size, _MOST_RESOURCES)) if rva else b""
    at = data.find(_FIXED_FILE_INFO)
    if at < 0 or at + 16 > len(data):
        return ()
    high, low = (int.from_bytes(data[at + o : at + o + 4], "little") for o in (8, 12))
    return high >> 16, high & 0xFFFF, low >> 16, low & 0xFFFF
