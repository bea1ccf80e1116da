"""The header that every kernel crash dump begins with: DUMP_HEADER32 or DUMP_HEADER64."""

from __future__ import annotations

from dumpwalk.errors import FormatError
from dumpwalk.formats.header_layout import SIZES, header_struct
from dumpwalk.memory.address import Address, Hex
from dumpwalk.memory.machine import Machine, machine
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem
from dumpwalk.times import FileTime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NOT_SET = Absent("not set")
# ntiodump.h: the kernel fills the whole header with this before it writes the fields it knows.
_PAGE = b"PAGE"
_PAGE_ULONG = int.from_bytes(_PAGE, "little")
_PAGE_ULONG64 = int.from_bytes(_PAGE * 2, "little")
# Windows supports up to 2048 logical processors (Microsoft Learn, "Processor Groups").
MAXIMUM_PROCESSORS = 2048


@record
class PhysicalRun:
    """A stretch of physical pages, in page numbers."""

    BasePage: Hex
    PageCount: Hex


@record
class PhysicalMemory:
    """PHYSICAL_MEMORY_DESCRIPTOR: the physical memory of the machine."""

    NumberOfRuns: int
    NumberOfPages: Hex
    Run: tuple[PhysicalRun, ...]


@record
class Header:
    """DUMP_HEADER32 or DUMP_HEADER64. What the kernel left unset is ``Absent("not set")``.

    :param PaeEnabled: 32-bit headers only
    :param Exception: EXCEPTION_RECORD as it stands in the file
    :param ContextRecord: the whole room for a CONTEXT, of which the machine's own fills a part
    :param RequiredDumpSpace: what the kernel reserved; neither the size of the file nor a bound for it
    :param SystemUpTime: in units of 100 ns
    :param SecondaryDataState: says nothing of whether there is secondary data
    """

    machine: Machine
    Signature: str
    ValidDump: str
    MajorVersion: Hex
    MinorVersion: int
    DirectoryTableBase: Hex
    PfnDataBase: Address
    PsLoadedModuleList: Address
    PsActiveProcessHead: Address
    MachineImageType: Hex
    NumberProcessors: int
    BugCheckCode: Hex
    BugCheckParameters: tuple[Hex, ...]
    VersionUser: str | Absent
    PaeEnabled: int | Absent
    KdDebuggerDataBlock: Address | Absent
    PhysicalMemoryBlock: PhysicalMemory | Absent
    ContextRecord: bytes
    Exception: bytes
    DumpType: Hex
    RequiredDumpSpace: Hex | Absent
    SystemTime: FileTime | Absent
    Comment: str | Absent
    SystemUpTime: Hex | Absent
    MiniDumpFields: Hex | Absent
    SecondaryDataState: Hex | Absent
    ProductType: int | Absent
    SuiteMask: Hex | Absent
    WriterStatus: Hex | Absent
    KdSecondaryVersion: int | Absent
    Attributes: Hex | Absent
    BootId: int | Absent

    @property
    def pointer_size(self) -> int:
        """Bytes in a pointer of the machine."""
        return self.machine.pointer_size


def read_header(path: str, data: memoryview, pointer_size: int) -> tuple[Header, list[Problem]]:
    """Return the header that *data* begins with, and what is wrong with it.

    :raises FormatError: when *data* is shorter than the header
    """
    from construct import ConstructError

    size = SIZES[pointer_size]
    if len(data) < size:
        raise FormatError(f"{path}: cut inside its header, which has {size:#x} bytes; the file has {len(data):#x}")
    try:
        raw: Any = header_struct(pointer_size).parse(bytes(data[:size]))
    except ConstructError as error:
        raise FormatError(f"{path}: the dump header can't be read ({error})") from error
    problems: list[Problem] = []
    kind = machine(raw.MachineImageType, pointer_size)
    header = Header(
        machine=kind,
        Signature=_text(raw.Signature),
        ValidDump=_text(raw.ValidDump),
        MajorVersion=Hex(raw.MajorVersion),
        MinorVersion=raw.MinorVersion,
        DirectoryTableBase=Hex(raw.DirectoryTableBase),
        PfnDataBase=kind.address(raw.PfnDataBase),
        PsLoadedModuleList=kind.address(raw.PsLoadedModuleList),
        PsActiveProcessHead=kind.address(raw.PsActiveProcessHead),
        MachineImageType=Hex(raw.MachineImageType),
        NumberProcessors=raw.NumberProcessors,
        BugCheckCode=Hex(raw.BugCheckCode),
        BugCheckParameters=tuple(map(Hex, raw.BugCheckParameters)),
        VersionUser=_string(raw.VersionUser),
        PaeEnabled=_byte(raw.PaeEnabled, 0) if pointer_size == 4 else Absent("not in a 64-bit header"),
        KdDebuggerDataBlock=_pointer(raw.KdDebuggerDataBlock, kind),
        PhysicalMemoryBlock=_physical_memory(raw.PhysicalMemoryBlock, pointer_size, problems),
        ContextRecord=raw.ContextRecord,
        Exception=raw.Exception,
        DumpType=Hex(raw.DumpType),
        RequiredDumpSpace=_hex(raw.RequiredDumpSpace, wide=True),
        SystemTime=NOT_SET if raw.SystemTime in (0, _PAGE_ULONG64) else FileTime(raw.SystemTime),
        Comment=_string(raw.Comment),
        SystemUpTime=_hex(raw.SystemUpTime, wide=True),
        MiniDumpFields=_hex(raw.MiniDumpFields),
        SecondaryDataState=_hex(raw.SecondaryDataState),
        ProductType=NOT_SET if raw.ProductType == _PAGE_ULONG else raw.ProductType,
        SuiteMask=_hex(raw.SuiteMask),
        WriterStatus=_hex(raw.WriterStatus),
        KdSecondaryVersion=_byte(raw.KdSecondaryVersion, 1),
        Attributes=_hex(raw.Attributes),
        BootId=NOT_SET if raw.BootId == _PAGE_ULONG else raw.BootId,
    )
    _check(header, problems)
    return header, problems


def blank_header(
    kind: Machine, *, build: int = 0, directory_table_base: int = 0, processors: int = 0, **known: object
) -> Header:
    """Return the header of a machine whose file has none: no bug check, and nothing set but what is given.

    :param known: further fields by their names
    """
    nothing = Absent("the file has no dump header")
    nowhere = kind.address(0)
    values: dict[str, Any] = dict.fromkeys(Header.__annotations__, nothing)
    values |= dict.fromkeys(("PfnDataBase", "PsLoadedModuleList", "PsActiveProcessHead"), nowhere)
    values |= dict.fromkeys(("MajorVersion", "BugCheckCode", "DumpType"), Hex(0))
    values |= {
        "machine": kind,
        "Signature": "",
        "ValidDump": "",
        "MinorVersion": build,
        "DirectoryTableBase": Hex(directory_table_base),
        "MachineImageType": Hex(kind.image_type),
        "NumberProcessors": processors,
        "BugCheckParameters": (Hex(0),) * 4,
        "ContextRecord": b"",
        "Exception": b"",
        **known,
    }
    return Header(**values)


def _check(header: Header, problems: list[Problem]) -> None:
    if header.machine.name.startswith("unknown"):
        what = f"MachineImageType {header.MachineImageType} is no machine with {header.pointer_size * 8}-bit dumps"
        problems.append(Problem("header", what))
    if not 0 < header.NumberProcessors <= MAXIMUM_PROCESSORS:
        problems.append(Problem("header", f"NumberProcessors is {header.NumberProcessors}"))
    if header.MajorVersion not in (0xF, 0xC):
        problems.append(Problem("header", f"MajorVersion is {header.MajorVersion}, where 0xf or 0xc stands"))


def _text(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("latin-1")


def _string(raw: bytes) -> str | Absent:
    return NOT_SET if raw[:4] == _PAGE else _text(raw)


def _hex(value: int, *, wide: bool = False) -> Hex | Absent:
    return NOT_SET if value == (_PAGE_ULONG64 if wide else _PAGE_ULONG) else Hex(value)


def _byte(value: int, position: int) -> int | Absent:
    """Return a one-byte field; *position* is its place in the ``PAGE`` it was filled with."""
    return NOT_SET if value == _PAGE[position] else value


def _pointer(value: int, kind: Machine) -> Address | Absent:
    unset = _PAGE_ULONG64 if kind.pointer_size == 8 else _PAGE_ULONG
    return NOT_SET if value == unset else kind.address(value)


def _physical_memory(raw: bytes, width: int, problems: list[Problem]) -> PhysicalMemory | Absent:
    if raw[:4] == _PAGE:
        return NOT_SET

    def number(offset: int, size: int) -> int:
        return int.from_bytes(raw[offset : offset + size], "little")

    count, first = number(0, 4), 2 * width
    room = (len(raw) - first) // (2 * width)
    if count > room:
        what = f"NumberOfRuns is {count}; the header has room for {room}"
        problems.append(Problem("PhysicalMemoryBlock", what))
        return Absent(what)
    runs = tuple(
        PhysicalRun(Hex(number(at, width)), Hex(number(at + width, width)))
        for at in range(first, first + count * 2 * width, 2 * width)
    )
    return PhysicalMemory(count, Hex(number(width, width)), runs)
