"""What a synthetic dump is to hold: records that a spec's text is parsed into, or that code builds.

Addresses, sizes and register values are plain integers; a machine's width is
applied when they are written, so negative numbers are welcome. Fields carry
NT's own names (``KernelApcDisable``, ``UniqueProcessId``, ``rip``).
"""

from __future__ import annotations

from dumpwalk.errors import FormatError
from dumpwalk.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.synth.image_spec import Image

    # A number, or text for a character array such as ImageFileName.
    Fields = tuple[tuple[str, int | str], ...]

# DUMP_TYPE_* of the public dump headers and of what newer debuggers write.
KINDS = {
    "full": 1,
    "kernel": 2,
    "header": 3,
    "triage": 4,
    "bitmap-full": 5,
    "bitmap-kernel": 6,
    "automatic": 7,
    "range-kernel": 8,
    "range-user": 9,
    "range-complete": 10,
}


class SpecError(FormatError):
    """A spec that can't be written, and where in its text.

    :param line: counted from 1; 0 for a spec that was built in code
    :param column: counted from 1
    :param source: the text of that line
    :param path: the file that the text comes from, if any
    """

    def __init__(self, what: str, line: int = 0, column: int = 0, source: str = "", path: str = "") -> None:
        where = [path] if path else []
        if line:
            where.append(f"line {line}, column {column}")
        super().__init__(": ".join([*where, what]))
        self.what = what
        self.line = line
        self.column = column
        self.source = source
        self.excerpt = self._excerpt()

    def _excerpt(self) -> str:
        """Return the line and a caret under the column; nothing for a spec that was built in code."""
        text = self.source.replace("\t", " ")
        return f"{text}\n{' ' * (self.column - 1)}^" if self.line else ""


@record
class Module:
    """A loaded image. *name* is what places in the spec call it (``nt+15d580``); *path* goes into the dump."""

    name: str
    path: str
    base: int
    size: int
    timestamp: int
    checksum: int = 0


@record
class Unloaded:
    """An image that was unloaded. The writer cuts *name* to 12 characters, as the kernel does."""

    name: str
    start: int
    end: int


@record
class Structure:
    """An NT structure at *address* and those of its fields that are not what the writer would put there."""

    address: int
    fields: Fields = ()


@record
class Processor:
    """A ``_KPRCB``. The first one of a spec is the processor that stopped the machine.

    :param captured: it is among the data blocks, as in dumps of Windows 10 1803 and later
    """

    address: int
    fields: Fields = ()
    captured: bool = False


@record
class Stack:
    """The kernel stack from the stack pointer to its base; *words* are pointers at addresses in it."""

    start: int
    end: int
    words: tuple[tuple[int, tuple[int, ...]], ...] = ()


@record
class Fault:
    """The exception record of the header."""

    code: int
    address: int
    parameters: tuple[int, ...] = ()


@record
class Block:
    """Memory: bytes at an address.

    :param pid: in a memory image, in whose address space; 0 for the kernel's
    """

    address: int
    data: bytes
    pid: int = 0


@record
class Blob:
    """Secondary data: bytes that a driver's bug check callback tagged with a GUID (text form)."""

    guid: str
    data: bytes


@record
class Spec:
    """A dump to be written.

    :param kind: one of :data:`KINDS`; everything but ``triage`` is written as a header without pages
    :param machine: ``x64``, ``x86``, ``ARM64`` or ``ARM``
    :param build: chooses the structure layouts of a small dump, see :mod:`dumpwalk.synth.layouts`
    :param time: FILETIME, 100 ns since 1601
    :param uptime: 100 ns
    :param processor_count: ``NumberProcessors`` of the header
    :param pointers: ``KDDEBUGGER_DATA64`` field and value, plus ``KdDebuggerDataBlock`` (where that block
        itself is) and ``KdpDebuggerDataListHead``; ``PsLoadedModuleList``, ``PsActiveProcessHead`` and
        ``MmPfnDatabase`` also go into the header
    :param context: registers of the header's context
    :param contexts: further contexts, each a data block of its own
    :param trap_frames: ``_KTRAP_FRAME`` structures, on the stack where they lie in it, else data blocks
    :param lab: the build string at ``NtBuildLab``
    :param slack: zero bytes between the data blocks and the end marker; -1 is what Windows leaves, a few
    :param settings: raw header fields, written last, whatever they break
    :param cut: length to cut the file to; -1 for none
    :param image: what makes it a memory image; ``None`` for a small dump, or a header alone
    """

    kind: str
    machine: str
    build: int
    time: int = 0
    uptime: int = 0
    processor_count: int = 1
    bugcheck: int = 0
    parameters: tuple[int, ...] = ()
    directory_table_base: int = 0
    modules: tuple[Module, ...] = ()
    unloaded: tuple[Unloaded, ...] = ()
    pointers: tuple[tuple[str, int], ...] = ()
    processors: tuple[Processor, ...] = ()
    thread: Structure | None = None
    process: Structure | None = None
    stack: Stack | None = None
    context: Fields = ()
    contexts: tuple[Structure, ...] = ()
    trap_frames: tuple[Structure, ...] = ()
    exception: Fault | None = None
    blocks: tuple[Block, ...] = ()
    blobs: tuple[Blob, ...] = ()
    lab: str = ""
    slack: int = -1
    settings: tuple[tuple[str, int], ...] = ()
    cut: int = -1
    image: Image | None = None

    def pointer(self, name: str) -> int | None:
        """Return the pointer called *name*, or ``None`` when the spec gives none."""
        return next((value for key, value in self.pointers if key == name), None)
