"""Memory of small Windows machines, page by page, from offsets stated here and nowhere else."""

from __future__ import annotations

import struct
from collections.abc import Callable
from uuid import UUID

PAGE = 0x1000
KERNEL = {8: 0xFFFFF800_41C00000, 4: 0x82A00000}
SHARED = {8: 0xFFFFF780_00000000, 4: 0xFFDF0000}
SIZE = 0x1046000
STAMP = 0xE5369842
# ntkrnlmp.pdb of 10.0.19041.3570, and where some of its symbols are.
GUID = "606FF669409B00F7FC8C61A9C1670129-1"
HEAD, CHECK = 0xC1E090, 0xC2B4A0
Write = Callable[[int, bytes], None]


class World:
    """Physical pages under construction: tables, and pages mapped through them.

    :param mode: ``x64``, ``PAE``, ``x86`` or ``ARM64``
    :param self_map: whether the tables refer to themselves
    """

    def __init__(self, mode: str = "x64", root: int = 0x1AD000, slot: int = 0x1ED, *, self_map: bool = True) -> None:
        self.mode, self.root, self.slot = mode, root, slot
        self.width = 4 if mode in ("x86", "PAE") else 8
        self.entry = 4 if mode == "x86" else 8
        self.pages: dict[int, bytearray] = {}
        self._next = root + PAGE
        if mode == "PAE":
            self._next = root + 5 * PAGE  # the root, then the four page directories
            for i in range(4):
                directory = root + (i + 1) * PAGE
                self.write(root + 8 * i, struct.pack("<Q", directory | 1))
                if self_map:
                    self.write(root + 4 * PAGE + 8 * i, struct.pack("<Q", directory | 0x63))
        elif self_map:
            index = {"x86": 0x300}.get(mode, slot)
            self.write(root + index * self.entry, (root | 0x63).to_bytes(self.entry, "little"))

    def write(self, physical: int, data: bytes) -> None:
        """Put *data* at a physical address; all of it lies in one page."""
        page = self.pages.setdefault(physical >> 12, bytearray(PAGE))
        page[physical % PAGE : physical % PAGE + len(data)] = data

    def _number(self, physical: int) -> int:
        page = self.pages.get(physical >> 12, bytes(PAGE))
        return int.from_bytes(page[physical % PAGE : physical % PAGE + self.entry], "little")

    def put(self, address: int, data: bytes) -> None:
        """Put *data* at a virtual address; pages and tables are made as they are needed."""
        while data:
            room = PAGE - address % PAGE
            self.write(self._place(address), data[:room])
            address, data = address + room, data[room:]

    def _place(self, address: int) -> int:
        shifts = {"x86": ((22, 10), (12, 10)), "PAE": ((30, 2), (21, 9), (12, 9))}.get(
            self.mode, ((39, 9), (30, 9), (21, 9), (12, 9))
        )
        base = self.root
        for shift, bits in shifts:
            at = base + (address >> shift & (1 << bits) - 1) * self.entry
            entry = self._number(at)
            if not entry & 1:
                entry = self._next | 0x63
                self._next += PAGE
                self.pages.setdefault(entry >> 12, bytearray(PAGE))
                self.write(at, entry.to_bytes(self.entry, "little"))
            base = entry & 0xFFFFFFFFFF000
        return base + address % PAGE

    def done(self) -> dict[int, bytes]:
        """Return the pages by number."""
        return {number: bytes(page) for number, page in self.pages.items()}


def shared_page(major: int = 10, minor: int = 0, build: int = 19041) -> bytes:
    """Return the beginning of KUSER_SHARED_DATA."""
    page = bytearray(0x3C4)
    page[0x08:0x14] = struct.pack("<III", 0x80000000, 2, 2)
    page[0x14:0x20] = struct.pack("<III", 0x3DBB3399, 0x01D707F2, 0x01D707F2)
    page[0x30:0x44] = "C:\\Windows".encode("utf-16-le")
    page[0x260:0x268] = struct.pack("<II", build, 1)
    page[0x26C:0x274] = struct.pack("<II", major, minor)
    page[0x3C0:0x3C4] = struct.pack("<I", 4)
    return bytes(page)


def image_header(width: int = 8, machine: int = 0x8664, size: int = SIZE) -> bytes:
    """Return the first page of a PE file whose debug directory is at 0x1000 and whose resources are at 0x2000."""
    page = bytearray(PAGE)
    page[0:2], page[0x3C:0x40] = b"MZ", struct.pack("<I", 0xF8)
    page[0xF8:0x110] = b"PE\0\0" + struct.pack("<HHIIIHH", machine, 24, STAMP, 0, 0, 0xF0, 0x22)
    page[0x110:0x112] = b"\x0b\x02" if width == 8 else b"\x0b\x01"
    page[0xF8 + 0x50 : 0xF8 + 0x5C] = struct.pack("<III", size, 0x600, 0xA61B00)
    directories = 0xF8 + 0x18 + (0x70 if width == 8 else 0x60)
    page[directories - 4 : directories] = struct.pack("<I", 16)
    page[directories + 16 : directories + 24] = struct.pack("<II", 0x2000, 0x100)
    page[directories + 48 : directories + 56] = struct.pack("<II", 0x1000, 28)
    return bytes(page)


def debug_page(guid: str = GUID, pdb: str = "ntkrnlmp.pdb") -> bytes:
    """Return a page with a debug directory of one entry, and the CodeView record behind it."""
    digits, _, age = guid.partition("-")
    record = b"RSDS" + UUID(digits).bytes_le + struct.pack("<I", int(age, 16)) + pdb.encode() + b"\0"
    entry = struct.pack("<IIHHIIII", 0, STAMP, 0, 0, 2, len(record), 0x1100, 0)
    return entry.ljust(0x100, b"\0") + record


def version_page(*numbers: int) -> bytes:
    """Return resources that hold a VS_FIXEDFILEINFO."""
    a, b, c, d = numbers
    return bytes(0x20) + struct.pack("<IIIIII", 0xFEEF04BD, 0x10000, a << 16 | b, c << 16 | d, 0, 0) + bytes(0x40)


def windows(
    mode: str = "x64",
    *,
    shared: bytes = b"",
    stub: bool = False,
    guid: str = GUID,
    crash: bool = False,
    root: int = 0x1AD000,
    self_map: bool = True,
) -> World:
    """Return a machine with a kernel in it."""
    world = World(mode, root, self_map=self_map)
    machine = {"x64": 0x8664, "ARM64": 0xAA64}.get(mode, 0x14C)
    base = KERNEL[world.width]
    world.put(SHARED[world.width], shared or shared_page())
    world.put(base, image_header(world.width, machine))
    world.put(base + 0x1000, debug_page(guid))
    world.put(base + 0x2000, version_page(10, 0, 19041, 3570))
    if mode == "x64":
        world.put(base + HEAD, struct.pack("<QQ", base + HEAD, base + HEAD))
        if crash:
            world.put(base + CHECK, struct.pack("<5Q", 0xD1, 0x10, 2, 0, base + 0x5000))
    if stub:
        start = bytearray(0xA8)
        start[0:8] = bytes.fromhex("e94d060001000000")
        start[0x70:0x78], start[0xA0:0xA8] = struct.pack("<Q", base + 0x40), struct.pack("<Q", world.root)
        world.write(0x13000, bytes(start))
    return world


def debugger_data(kernel: int, *, process: int = 0x4D0, root: int = 0, size: int = 0x340) -> bytes:
    """Return a plain debugger data block.

    :param process: ``SizeEProcess``
    :param root: ``OffsetEprocessDirectoryTableBase``
    """
    block = bytearray(size)
    block[0x10:0x20] = struct.pack("<4sIQ", b"KDBG", size, kernel)
    if size >= 0x2B0:
        block[0x2A8:0x2AA], block[0x2AE:0x2B0] = struct.pack("<H", process), struct.pack("<H", root)
    return bytes(block)


def system_process(root: int, *, at: int, name: int) -> bytes:
    """Return the beginning of an ``_EPROCESS``.

    :param at: offset of ``DirectoryTableBase``
    :param name: offset of ``ImageFileName``
    """
    process = bytearray(name + 0x10)
    process[:4] = struct.pack("<HH", 3, 0x26)
    process[at : at + 8] = struct.pack("<Q", root)
    process[name : name + 6] = b"System"
    return bytes(process)
