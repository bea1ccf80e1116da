"""Dump formats: each module of this package knows one.

A format is a function from a file's bytes to a :class:`Dump`, registered with
the test that recognises it. Opening reads headers and tables only.
"""

from __future__ import annotations

import os

from dumpwalk.errors import FormatError, UsageError
from dumpwalk.record import record
from dumpwalk.registry import Registry
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dumpwalk.formats.crashed_processor import Crashed
    from dumpwalk.formats.debugger_data import DebuggerData
    from dumpwalk.formats.header import Header
    from dumpwalk.formats.images import Image
    from dumpwalk.formats.register_listing import RegisterListing
    from dumpwalk.formats.secondary import Blob
    from dumpwalk.formats.triage import TriageHeader
    from dumpwalk.memory.address import Address, Hex
    from dumpwalk.memory.machine import Machine
    from dumpwalk.memory.physical import PhysicalMemory
    from dumpwalk.memory.segments import DumpMemory
    from dumpwalk.remarks import Problem
    from dumpwalk.symbols.codeview import PdbReference
    from dumpwalk.symbols.modules import Modules, UnloadedModule
    from dumpwalk.types.agreement import ShownTypes
    from dumpwalk.types.model import TypeDatabase
    from dumpwalk.types.profiles import Profile

    # Opens content that is of no format, or says with None that it is nothing to it either.
    Otherwise = Callable[[str, memoryview], "Dump | None"]

_NOT_PHYSICAL = Absent("this dump holds pieces of virtual memory, no physical pages")
_NOT_TRIAGE = Absent("not a triage dump")


@record
class Section:
    """A stretch of a dump file: what it holds, and which address that had in the machine."""

    offset: Hex
    size: Hex
    what: str
    address: Address | Absent


@record
class Contents:
    """What the machine's own memory says of it, as far as the file holds that.

    :param modules: loaded images, in load order
    :param thread: address of the thread that the dump was taken of
    :param process: address of that thread's process
    :param processor: address of its processor's ``_KPRCB``
    :param missing: what the file does not hold
    :param problems: what is damaged
    :param kernel_pdb: the CodeView record of the kernel's image, which names its build exactly
    """

    modules: Modules
    unloaded: tuple[UnloadedModule, ...]
    debugger_data: DebuggerData | Absent
    thread: Address | Absent
    process: Address | Absent
    processor: Address | Absent
    missing: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    kernel_pdb: PdbReference | None = None


def no_contents(why: Absent) -> Contents:
    """Return the contents of a dump whose memory says nothing, and why."""
    from dumpwalk.symbols.modules import Modules

    return Contents(Modules(()), (), why, why, why, why)


class Dump:
    """What a dump file says of its machine, whatever the format.

    :ivar format: name of the format, ``PAGEDU64`` or ``PAGEDUMP``
    :ivar size: length of the file in bytes
    :ivar header: the dump header; a format without one gives what it knows in its place
        (:func:`~dumpwalk.formats.header.blank_header`)
    :ivar memory: the virtual memory that the file holds
    :ivar physical: the physical memory that it holds
    :ivar sections: what lies where in the file, by offset
    :ivar triage: the header of a small memory dump
    :ivar secondary: the secondary data blobs, in file order

    :param contents: what the machine's memory says, or a function that reads it; it is called when
        that is asked for, so that opening reads headers only
    :param missing: what the file does not hold, or what is not read from it yet
    :param problems: what is damaged
    :ivar found: how it was found out what the file does not say by itself
    :ivar profile: gives the layouts of its kernel; a target sets it, which knows what the user says of them
    :ivar kernel_types: gives the types to see it with; a target sets it
    :ivar user_mode: it is of a process; nothing in it is a kernel's
    :ivar registers: what a register listing beside the file gives, by their names in small letters
    :ivar shown_types: the types that the file itself shows, as pasted text does; ``None`` for what holds memory alone
    :cvar no_modules: what is said where it lists none and does not say why
    """

    no_modules = "the dump lists no modules"

    def __init__(
        self,
        *,
        path: str,
        format: str,
        size: int,
        header: Header,
        memory: DumpMemory,
        contents: Contents | Callable[[], Contents],
        physical: PhysicalMemory | Absent = _NOT_PHYSICAL,
        sections: tuple[Section, ...] = (),
        triage: TriageHeader | Absent = _NOT_TRIAGE,
        secondary: tuple[Blob, ...] = (),
        missing: tuple[str, ...] = (),
        problems: tuple[Problem, ...] = (),
        found: tuple[str, ...] = (),
        user_mode: bool = False,
    ) -> None:
        self.path = path
        self.format = format
        self.size = size
        self.header = header
        self.memory = memory
        self.physical = physical
        self.sections = sections
        self.triage = triage
        self.secondary = secondary
        self.found = found
        self.user_mode = user_mode
        self.registers: Mapping[str, int] = {}
        self.shown_types: ShownTypes | None = None
        self._contents = contents
        self._crashed: Crashed | None = None
        self.profile: Callable[[], Profile | Absent] | None = None
        self.kernel_types: Callable[[], TypeDatabase] | None = None
        self._missing = missing
        self._problems = problems

    @property
    def contents(self) -> Contents:
        """What the machine's memory says; read once, when it is asked for."""
        if callable(self._contents):
            self._contents = self._contents()
        return self._contents

    @property
    def dump_type(self) -> str:
        """What kind of dump it is, in words."""
        from dumpwalk.formats.header_names import dump_type_name

        if self.user_mode:
            return "user minidump"
        return dump_type_name(self.header.DumpType) if self.header.Signature else "memory image"

    @property
    def machine(self) -> Machine:
        """The architecture."""
        return self.header.machine

    @property
    def modules(self) -> Modules:
        """Loaded images, in load order."""
        return self.contents.modules

    @property
    def unloaded(self) -> tuple[UnloadedModule, ...]:
        """Images that were unloaded lately."""
        return self.contents.unloaded

    @property
    def debugger_data(self) -> DebuggerData | Absent:
        """The ``KDDEBUGGER_DATA64`` block."""
        return self.contents.debugger_data

    @property
    def thread(self) -> Address | Absent:
        """Address of the thread that the dump was taken of."""
        return self.crashed.thread

    @property
    def process(self) -> Address | Absent:
        """Address of that thread's process."""
        return self.crashed.process

    @property
    def processor(self) -> Address | Absent:
        """Address of its processor's ``_KPRCB``."""
        return self.crashed.processor

    @property
    def crashed(self) -> Crashed:
        """Where the dump was taken: by the debugger data, or, where that locates nothing, by the kernel's types."""
        if self._crashed is None:
            from dumpwalk.formats.crashed_processor import Crashed

            held = self.contents
            self._crashed = Crashed(held.processor, held.thread, held.process)
            if isinstance(held.thread, Absent) and not isinstance(held.debugger_data, Absent):
                from dumpwalk.formats.crashed_by_types import crashed_by_types

                self._crashed = crashed_by_types(self, self._crashed)
        return self._crashed

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is to be said beside each answer that was read from it."""
        return ()

    @property
    def missing(self) -> tuple[str, ...]:
        """What the file does not hold, or what is not read from it yet."""
        note = self.crashed.note
        return (*self._missing, *self.contents.missing, *((f"processor: {note}",) if note else ()))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is damaged."""
        return (*self._problems, *self.contents.problems)


@record
class Format:
    """How to recognise a format by the first bytes of a file, and how to open it.

    :param open: gives a dump, or, of a file that holds physical pages and says little of the
        machine, where these are
    """

    recognises: Callable[[memoryview], bool]
    open: Callable[[str, memoryview], Dump | Image]


FORMATS: Registry[Format] = Registry(__name__)
# Files called so are physical memory from address 0 on when nothing in them says otherwise.
RAW_EXTENSIONS = (".raw", ".mem", ".img", ".vmem", ".dd")
# gzip (RFC 1952), xz, zip, zstd (RFC 8878).
_PACKED = (b"\x1f\x8b\x08", b"\xfd7zXZ\0", b"PK\x03\x04", b"PK\x05\x06", b"\x28\xb5\x2f\xfd")


def open_dump(
    path: str,
    *,
    raw: bool = False,
    dtb: int | None = None,
    registers: str = "",
    otherwise: Otherwise | None = None,
) -> Dump:
    """Open the dump file at *path*: headers and tables are read, memory when it is asked for.

    :param raw: it is a raw image: physical memory from address 0 on, and nothing else
    :param dtb: physical address of the root of the page tables to use, instead of what the file says
    :param registers: a file that lists the registers of a processor of that machine: they say which page tables it
        used, and in which mode, and have their values in expressions
    :param otherwise: is given path and content of a file that is of no format, before it is refused
    :raises FormatError: when the file can't be read, is no dump, or not one that can be used
    :raises UsageError: when *dtb* is given and the file holds no physical pages, or *registers* are of another machine
    """
    listing = None
    if registers:
        from dumpwalk.formats.register_listing import read_register_listing

        listing = read_register_listing(registers)
    data = _map(path)
    name = path
    found: tuple[str, ...] = ()
    if bytes(data[:6]).startswith(_PACKED):
        from dumpwalk.formats.images.packed import unpacked

        data, name, found = unpacked(path, data)
    format = None if raw else _format_of(data)
    opened = format.open(path, data) if format else None
    called_raw = raw or name.lower().endswith(RAW_EXTENSIONS)
    if opened is None and otherwise is not None and not called_raw:
        opened = otherwise(path, data)
    if opened is None:
        if not called_raw:
            raise FormatError(f"{path}: {_what_it_looks_like(data)}")
        from dumpwalk.formats.images.raw import open_raw

        opened = open_raw(name, data)
    return _complete(path, opened, dtb, found, listing)


def _format_of(data: memoryview) -> Format | None:
    """Return the format that *data* is of, if any. Most files are crash dumps: the others' modules can wait."""
    __import__(f"{__name__}.crashdump")
    found = next((f for f in FORMATS.entries.values() if f.recognises(data)), None)
    return found or next((f for f in FORMATS.load().values() if f.recognises(data)), None)


def _complete(
    path: str, opened: Dump | Image, dtb: int | None, found: tuple[str, ...], listing: RegisterListing | None
) -> Dump:
    """Return *opened* as a dump that looks through the page tables at *dtb* or of *listing*, if that is given."""
    if not isinstance(opened, Dump):
        from dumpwalk.formats.images.open_image import open_image

        opened = open_image(path, opened, dtb, listing)
    else:
        if listing is not None:
            from dumpwalk.formats.listed_registers import look_through

            found = (*found, *look_through(opened, listing, choose=dtb is None))
        if dtb is not None:
            from dumpwalk.memory.virtual import VirtualMemory

            if not isinstance(opened.memory, VirtualMemory):
                raise UsageError(f"{path}: {opened.dump_type} has no page tables that --dtb could choose from")
            opened.memory = opened.memory.with_root(dtb)
    if listing is not None:
        opened.registers = listing.values
    opened.found = (*found, *opened.found)
    return opened


def _map(path: str) -> memoryview:
    """Return the file's bytes, mapped, not read.

    :raises FormatError: when it is not there, is not a regular file, or can't be read
    """
    import mmap
    import stat

    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            raise FormatError(f"{path}: it is a directory; name a dump file in it")
        if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for its other end
            raise FormatError(f"{path}: it is not a regular file, so it can't be mapped into memory")
        with open(path, "rb") as file:
            if not os.fstat(file.fileno()).st_size:
                raise FormatError(f"{path}: the file is empty")
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except OSError as error:
        raise FormatError(f"{path}: {error.strerror or error}") from error
    except ValueError as error:  # a NUL in the path; a file that shrank between the calls
        raise FormatError(f"{path}: {error}") from error


def _what_it_looks_like(data: memoryview) -> str:
    head = bytes(data[:8])
    if not any(bytes(data[:4096])):
        what = "it begins with zeros, so the dump was never written or its pages were lost"
    elif head.startswith(_PACKED):
        return "packed twice; unpack it once by hand"
    else:
        what = f"it begins with {head.hex(' ')}, where PAGEDU64 or PAGEDUMP stands in one"
    return f"not a crash dump: {what}; --raw takes it for a raw memory image"
