"""A small machine with page tables, for tests of dumps that hold physical pages.

Nothing of the readers is used: the page tables are built here, the structures
by :mod:`dumpwalk.synth`, whose tables are its own.
"""

from __future__ import annotations

from dumpwalk.synth import Processor, Spec, Structure
from dumpwalk.synth.layouts import layout
from dumpwalk.synth.structures import debugger_data, process, processor, thread

PAGE = 0x1000
# name -> machine, build, index bits from the root down, bytes of an entry, what a table or page entry has set,
# and the lowest kernel address
MODES = {
    "x64": ("x64", 19041, (9, 9, 9, 9), 8, 0x63, 0xFFFFF80000000000),
    "LA57": ("x64", 19041, (9, 9, 9, 9, 9), 8, 0x63, 0xFFFFF80000000000),
    "ARM64": ("ARM64", 22000, (9, 9, 9, 9), 8, 0x703, 0xFFFFF80000000000),
    "PAE": ("x86", 7601, (2, 9, 9), 8, 0x63, 0x82000000),
    "x86": ("x86", 7601, (10, 10), 4, 0x63, 0x82000000),
}
STAMP, CHECKSUM = 0x5F3A9C21, 0xA5B3C


class Machine:
    """Memory that can be written at virtual addresses; pages are given out as they are needed, with holes between.

    :ivar pages: page number -> bytes
    """

    def __init__(self, mode: str) -> None:
        self.name, self.build, self.bits, self.entry, self.flags, self.kernel = MODES[mode]
        self.width = 4 if self.name == "x86" else 8
        self.pages: dict[int, bytearray] = {}
        self._next = 0x21
        self._mapped: dict[int, int] = {}
        self.root = self._page() * PAGE

    def _page(self) -> int:
        number = self._next
        self._next += 1 if number % 5 else 4  # holes, so that pages do not lie as their numbers do
        self.pages[number] = bytearray(PAGE)
        return number

    def page_of(self, address: int) -> int:
        """Return the number of the page that *address* is mapped to, mapping it if need be."""
        number = self._mapped.get(address // PAGE)
        if number is None:
            number = self._mapped[address // PAGE] = self._page()
            self.map(address, number)
        return number

    def map(self, address: int, page: int) -> None:
        """Let the tables lead from *address* to *page*."""
        table, shift = self.root // PAGE, 12 + sum(self.bits)
        for level, bits in enumerate(self.bits):
            shift -= bits
            at = (address >> shift & (1 << bits) - 1) * self.entry
            last = level == len(self.bits) - 1
            found = int.from_bytes(self.pages[table][at : at + self.entry], "little")
            if last or not found:
                # The four entries of a PAE root have no bits but the valid one.
                flags = 1 if bits == 2 else self.flags
                following = page if last else self._page()
                found = following * PAGE | flags
                self.pages[table][at : at + self.entry] = found.to_bytes(self.entry, "little")
            table = found >> 12 & 0xFFFFFFFFF

    def write(self, address: int, data: bytes) -> None:
        """Write *data* at the virtual *address*."""
        while data:
            at = address % PAGE
            piece = data[: PAGE - at]
            self.pages[self.page_of(address)][at : at + len(piece)] = piece
            address += len(piece)
            data = data[len(piece) :]

    def pointer(self, value: int) -> bytes:
        return (value & (1 << 8 * self.width) - 1).to_bytes(self.width, "little")

    def string(self, where: int, text: str) -> bytes:
        """Write *text* at *where* and return the UNICODE_STRING of it."""
        raw = text.encode("utf-16-le")
        self.write(where, raw + b"\0\0")
        head = len(raw).to_bytes(2, "little") + (len(raw) + 2).to_bytes(2, "little")
        return head.ljust(self.width, b"\0") + self.pointer(where)


class World:
    """A machine that crashed on its second processor.

    :ivar spec: for the writers; its kind is to be set
    :ivar modules: name and base of each image
    """

    def __init__(self, mode: str, kind: str = "full", processors: int = 2) -> None:
        m = self.machine = Machine(mode)
        k = m.kernel
        self.modules = (("ntoskrnl.exe", k), ("hal.dll", k + 0x800000), ("example.sys", k + 0x900000))
        self.threads = [k + 0x1000000 + 0x2000 * n for n in range(processors)]
        self.prcbs = [k + 0x1100000 + 0x10000 * n for n in range(processors)]
        self.process = k + 0x1200080
        self.stack = (k + 0x1300000, k + 0x1306000)
        head, block, array = k + 0x10000, k + 0x11000, k + 0x12000
        settings: tuple[tuple[str, int], ...] = ()
        pointers: list[tuple[str, int]] = [
            ("KdDebuggerDataBlock", block),
            ("PsLoadedModuleList", head),
            ("PsActiveProcessHead", k + 0x13000),
            ("KiProcessorBlock", array),
            ("MmUnloadedDrivers", k + 0x14000),
            ("MmLastUnloadedDriver", k + 0x14010),
            ("NtBuildLab", k + 0x15000),
        ]
        if m.name == "x86":
            pointers.append(("PaeEnabled", int(mode == "PAE")))
            settings = (("PaeEnabled", int(mode == "PAE")),)
        if mode == "LA57":
            pointers.append(("PaeEnabled", 1 | 5 << 2))
        sp = self.stack[1] - 0x400
        self.spec = Spec(
            kind,
            m.name,
            m.build,
            time=0x01D707F23DBB3399,
            processor_count=processors,
            bugcheck=0xE2,
            directory_table_base=m.root,
            pointers=tuple(pointers),
            processors=tuple(Processor(a) for a in self.prcbs),
            thread=Structure(self.threads[-1]),
            process=Structure(self.process, (("ImageFileName", "example.exe"), ("UniqueProcessId", 0x1588))),
            context=(({"x64": "rsp", "x86": "esp", "ARM64": "sp"}[m.name], sp),),
            settings=settings,
        )
        shape = layout(m.name, m.build)
        m.write(block, debugger_data(self.spec, shape))
        for n, (prcb, owned) in enumerate(zip(self.prcbs, self.threads)):
            m.write(prcb, processor(self.spec, shape, self.spec.processors[n], b"\0" * 0x4D0))
            offset, size = shape.processor["CurrentThread"]
            m.write(prcb + offset, m.pointer(owned)[:size])
            top = self.stack[1] if owned == self.threads[-1] else k + 0x1406000
            fields = (("InitialStack", top), ("StackLimit", top - 0x6000), ("StackBase", top))
            known = tuple((name, value & (1 << 8 * m.width) - 1) for name, value in fields if name in shape.thread)
            m.write(owned, thread(self.spec, shape, Structure(owned, known)))
            m.write(array + n * m.width, m.pointer(prcb))
        assert self.spec.process is not None
        m.write(self.process, process(self.spec, shape, self.spec.process))
        m.write(self.stack[0], b"\x11" * 0x6000)
        m.write(k + 0x15000, b"19041.1.amd64fre.vb_release\0")
        self._modules(head)
        self._unloaded()

    @property
    def pages(self) -> dict[int, bytes]:
        return {number: bytes(page) for number, page in self.machine.pages.items()}

    def _modules(self, head: int) -> None:
        """Write KLDR_DATA_TABLE_ENTRY structures, and the header of each image but the last one's."""
        m, w = self.machine, self.machine.width
        entries = [self.machine.kernel + 0x20000 + 0x100 * n for n in range(len(self.modules))]
        ring = [head, *entries, head]
        for previous, here, following in zip([entries[-1], *ring], ring[:-1], ring[1:]):
            m.write(here, m.pointer(following) + m.pointer(previous))
        base_at, size_at, path_at, name_at = (0x30, 0x40, 0x48, 0x58) if w == 8 else (0x18, 0x20, 0x24, 0x2C)
        for n, (entry, (name, base)) in enumerate(zip(entries, self.modules)):
            m.write(entry + base_at, m.pointer(base))
            m.write(entry + size_at, (0x40000).to_bytes(4, "little"))
            m.write(entry + path_at, m.string(m.kernel + 0x30000 + 0x200 * n, f"\\SystemRoot\\system32\\{name}"))
            m.write(entry + name_at, m.string(m.kernel + 0x31000 + 0x200 * n, name))
            if n < len(self.modules) - 1:
                m.write(base, self._image())

    @staticmethod
    def _image() -> bytes:
        head = bytearray(0x200)
        head[:2], head[0x3C] = b"MZ", 0x80
        head[0x80:0x84] = b"PE\0\0"
        head[0x88:0x8C], head[0xD8:0xDC] = STAMP.to_bytes(4, "little"), CHECKSUM.to_bytes(4, "little")
        return bytes(head)

    def _unloaded(self) -> None:
        """Write a ring of 50 entries of which three are used; the next one to be used is the second."""
        m, w = self.machine, self.machine.width
        array = m.kernel + 0x40000
        m.write(m.kernel + 0x14000, m.pointer(array))
        m.write(m.kernel + 0x14010, (1).to_bytes(4, "little"))
        size = 0x28 if w == 8 else 0x18
        m.write(array, bytes(50 * size))
        for slot, name in ((0, "newest.sys"), (49, "older_and_longer_than_12.sys"), (48, "oldest.sys")):
            start = m.kernel + 0xA00000 + slot * 0x10000
            text = m.string(m.kernel + 0x41000 + slot * 0x40, name)
            m.write(array + slot * size, text + m.pointer(start) + m.pointer(start + 0x8000))
