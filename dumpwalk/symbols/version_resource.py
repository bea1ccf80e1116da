"""The version of an image in memory: ``VS_VERSIONINFO`` among its resources.

Layout: "Resource Directory" of the PE format specification; ``VS_VERSIONINFO``,
``StringFileInfo`` and ``VarFileInfo`` as Microsoft documents them; the numbers
of ``VS_FIXEDFILEINFO`` in verrsrc.h.
"""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.memory.address import Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.symbols.image import headers_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.memory.segments import DumpMemory

_RESOURCE = 2  # IMAGE_DIRECTORY_ENTRY_RESOURCE
_RT_VERSION = 16
_SIGNATURE = 0xFEEF04BD
_SUBDIRECTORY = 1 << 31
_MOST_ENTRIES = 4096
# Bytes of a version resource; real ones have some 800 to 3000.
_LARGEST = 0x4000
_MOST_STRINGS = 64
_HEADER = 6


@record
class VersionInfo:
    """What an image says of its version; a text may show some of the numbers alone.

    :param file_version: four numbers; likewise *product_version*
    :param flags: ``VS_FF_*``, those of *flags_mask* that count
    :param file_os: ``VOS_*``
    :param file_type: ``VFT_*``
    :param file_subtype: ``VFT2_*``
    :param file_date: high and low half
    :param translations: language and code page of each set of strings
    :param strings: ``CompanyName`` and the like, by name, of the first set
    """

    file_version: tuple[int, int, int, int] | Absent
    product_version: tuple[int, int, int, int] | Absent
    flags: Hex | Absent
    flags_mask: Hex | Absent
    file_os: Hex | Absent
    file_type: Hex | Absent
    file_subtype: Hex | Absent
    file_date: tuple[int, int] | Absent
    translations: tuple[tuple[int, int], ...]
    strings: dict[str, str]


def version_info(memory: DumpMemory, base: int) -> VersionInfo | Absent:
    """Return the version of the image that begins at *base*, or why it is not known."""
    head = headers_at(memory, base)
    if head is None:
        return Absent("its headers are not in the dump")
    rva, size = head.directory(_RESOURCE)
    if not rva or not size:
        return Absent("the image has no resources")
    if rva >= head.size:
        return Absent("its headers are damaged: the resources lie outside of the image")
    try:
        address = base.__class__  # so that errors print an address of the machine, where the caller gave one
        place = _find(memory, address(base + rva))
        if place is None:
            return Absent("its resources have no version among them")
        at, length = place
        raw = memory.read_some(address(base + at), min(length, _LARGEST))
        if not raw:
            memory.read(address(base + at), 1)
    except ReadError as error:
        return Absent(f"its resources are not in the dump ({error})")
    return parse_version(raw)


def _find(memory: DumpMemory, root: int) -> tuple[int, int] | None:
    """Return RVA and size of the first version resource of the directory at *root*.

    :raises ReadError: when a directory is not in the dump
    """
    offset, wanted = 0, _RT_VERSION
    for _ in range(3):  # type, name, language: the directory has three levels
        found = _entry(memory, root.__class__(root + offset), wanted)
        if found is None:
            return None
        wanted = -1
        if not found & _SUBDIRECTORY:
            raw = memory.read(root.__class__(root + found), 8)
            return int.from_bytes(raw[:4], "little"), int.from_bytes(raw[4:], "little")
        offset = found & ~_SUBDIRECTORY
    return None


def _entry(memory: DumpMemory, directory: int, identifier: int) -> int | None:
    """Return where the entry *identifier* of a directory leads; -1 for the first entry."""
    head = memory.read(directory, 16)
    named, numbered = int.from_bytes(head[12:14], "little"), int.from_bytes(head[14:16], "little")
    count = min(named + numbered, _MOST_ENTRIES)
    raw = memory.read_some(directory + 16, 8 * count)
    for at in range(0, len(raw) - 7, 8):
        if identifier < 0 or int.from_bytes(raw[at : at + 4], "little") == identifier:
            return int.from_bytes(raw[at + 4 : at + 8], "little")
    return None


@record
class _Block:
    """A node of the version's tree: its key, its value, and what lies below it."""

    key: str
    value: bytes
    children: bytes


def parse_version(raw: bytes) -> VersionInfo | Absent:
    """Return what the ``VS_VERSIONINFO`` *raw* says, or why it is none."""
    root = next(_blocks(raw), None)
    if root is None or root.key != "VS_VERSION_INFO":
        return Absent("its version resource is damaged")
    fixed = [int.from_bytes(root.value[at : at + 4], "little") for at in range(0, 52, 4)]
    if len(root.value) < 52 or fixed[0] != _SIGNATURE:
        return Absent("its version resource is damaged")
    strings: dict[str, str] = {}
    translations: list[tuple[int, int]] = []
    for part in _blocks(root.children):
        if part.key == "StringFileInfo" and not strings:
            table = next(_blocks(part.children), None)
            for string in _blocks(table.children if table else b""):
                strings.setdefault(string.key, _text(string.value))
        elif part.key == "VarFileInfo":
            for variable in _blocks(part.children):
                value = variable.value
                words = [int.from_bytes(value[at : at + 2], "little") for at in range(0, len(value) - 1, 2)]
                translations += zip(words[::2], words[1::2])
    return VersionInfo(
        file_version=_four(fixed[2], fixed[3]),
        product_version=_four(fixed[4], fixed[5]),
        flags=Hex(fixed[7]),
        flags_mask=Hex(fixed[6]),
        file_os=Hex(fixed[8]),
        file_type=Hex(fixed[9]),
        file_subtype=Hex(fixed[10]),
        file_date=(fixed[11], fixed[12]),
        translations=tuple(translations),
        strings=strings,
    )


def _four(high: int, low: int) -> tuple[int, int, int, int]:
    return high >> 16, high & 0xFFFF, low >> 16, low & 0xFFFF


def _blocks(raw: bytes) -> Iterator[_Block]:
    """Yield the nodes that *raw* is made of, one behind the other."""
    at = 0
    for _ in range(_MOST_STRINGS):
        length, value_length, kind = (int.from_bytes(raw[at + o : at + o + 2], "little") for o in (0, 2, 4))
        if length < _HEADER or at + _HEADER > len(raw):
            return
        node = raw[at : at + length]
        end = _HEADER
        while node[end : end + 2] not in (b"\0\0", b""):
            end += 2
        key = _text(node[_HEADER:end])
        value_at = (end + 2 + 3) & ~3
        size = value_length * 2 if kind == 1 else value_length  # text is counted in characters
        yield _Block(key, node[value_at : value_at + size], node[(value_at + size + 3) & ~3 :])
        at = (at + length + 3) & ~3


def _text(raw: bytes) -> str:
    return raw[: len(raw) & ~1].decode("utf-16-le", "replace").partition("\0")[0]
