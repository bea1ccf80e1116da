"""User minidumps (``MDMP``): a process, as ``MiniDumpWriteDump`` saw it, without its kernel.

Layouts: ``minidumpapiset.h`` of the public SDK. Header, directory and system
information are read here: the ``minidump`` library, which reads the lists,
gives up at the ARM64 that Windows states and at streams that it does not know.
"""

from __future__ import annotations

from dumpwalk.errors import FormatError
from dumpwalk.formats import FORMATS, Dump, Format, Section
from dumpwalk.memory.address import Hex
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MAGIC = b"MDMP"
_MOST_STREAMS = 1024
_MOST_SHOWN = 16
THREADS, MODULES, MEMORY, EXCEPTION, SYSTEM, MEMORY_64 = 3, 4, 5, 6, 7, 9
# MINIDUMP_STREAM_TYPE
_NAMES = {
    **{3: "threads", 4: "modules", 5: "memory", 6: "exception", 7: "system", 8: "threads (extended)", 9: "memory"},
    **{10: "comment", 11: "comment", 12: "handles", 13: "function tables", 14: "unloaded modules", 15: "process"},
    **{16: "memory map", 17: "thread times", 18: "handle operations", 19: "tokens", 21: "system memory"},
    **{22: "process counters", 24: "thread names"},
}
# PROCESSOR_ARCHITECTURE_* to IMAGE_FILE_MACHINE_* and pointer size.
_MACHINES = {0: (0x014C, 4), 5: (0x01C4, 4), 6: (0x0200, 8), 9: (0x8664, 8), 12: (0xAA64, 8)}


def _open(path: str, data: memoryview) -> Dump:
    """Open the minidump *data*.

    :raises FormatError: when its directory is cut off
    """
    from dumpwalk.formats import Contents
    from dumpwalk.formats.header import blank_header
    from dumpwalk.formats.user_minidump_lists import Lists
    from dumpwalk.memory.machine import machine
    from dumpwalk.memory.segments import SegmentedMemory
    from dumpwalk.symbols.modules import Modules
    from dumpwalk.times import FileTime

    head, entry = _structs()
    if len(data) < head.sizeof():
        raise FormatError(f"{path}: cut inside its header, which has {head.sizeof():#x} bytes")
    header = head.parse(bytes(data[: head.sizeof()]))
    streams: dict[int, tuple[int, int]] = {}
    problems: list[Problem] = []
    sections = []
    for index in range(min(header.NumberOfStreams, _MOST_STREAMS)):
        at = header.StreamDirectoryRva + index * entry.sizeof()
        if at + entry.sizeof() > len(data):
            problems.append(
                Problem("directory", f"{header.NumberOfStreams - index} of its entries are not in the file")
            )
            break
        found = entry.parse(bytes(data[at : at + entry.sizeof()]))
        if found.StreamType and found.DataSize:
            streams.setdefault(found.StreamType, (found.Rva, found.DataSize))
            what = _NAMES.get(found.StreamType, f"stream {found.StreamType:#x}")
            sections.append(Section(Hex(found.Rva), Hex(found.DataSize), what, Absent("not a virtual address")))
    system = _system(data, streams)
    if system is None:
        raise FormatError(f"{path}: a user minidump without system information: it was cut or never finished")
    kind = machine(*_MACHINES.get(system.ProcessorArchitecture, (system.ProcessorArchitecture, 8)))
    lists = Lists(data, streams, kind, problems)
    exception = lists.exception()
    why = Absent("a user minidump holds no kernel structures")
    return Dump(
        path=path,
        format="MDMP",
        size=len(data),
        header=blank_header(
            kind,
            build=system.BuildNumber & 0xFFFF,
            processors=system.NumberOfProcessors,
            ProductType=system.ProductType,
            SystemTime=FileTime((header.TimeDateStamp + 11644473600) * 10_000_000),
            Exception=exception.record,
            ContextRecord=exception.context,
        ),
        memory=SegmentedMemory(lists.segments()),
        contents=Contents(Modules(lists.modules()), (), why, why, why, why),
        sections=tuple(sorted(sections, key=lambda s: s.offset)),
        missing=tuple(lists.missing),
        problems=tuple(problems),
        found=(_threads(lists.threads, exception.thread),),
        user_mode=True,
    )


def _threads(threads: list[int], crashed: int | None) -> str:
    named = [f"{n:x}{' (exception)' if n == crashed else ''}" for n in threads[:_MOST_SHOWN]]
    more = f" and {len(threads) - _MOST_SHOWN} more" if len(threads) > _MOST_SHOWN else ""
    return f"{len(threads)} thread{'s' * (len(threads) != 1)}: {', '.join(named)}{more}"


def _system(data: memoryview, streams: dict[int, tuple[int, int]]) -> Any:
    """Return MINIDUMP_SYSTEM_INFO as far as it is wanted, ``None`` when it is not there."""
    from construct import Int8ul, Int16ul, Int32ul, Padding, Struct

    layout = Struct(
        "ProcessorArchitecture" / Int16ul,
        Padding(4),
        "NumberOfProcessors" / Int8ul,
        "ProductType" / Int8ul,
        "MajorVersion" / Int32ul,
        "MinorVersion" / Int32ul,
        "BuildNumber" / Int32ul,
    )
    at, size = streams.get(SYSTEM, (0, 0))
    raw = bytes(data[at : at + layout.sizeof()])
    return layout.parse(raw) if size and len(raw) == layout.sizeof() else None


def _structs() -> tuple[Any, Any]:
    from construct import Bytes, Int32ul, Int64ul, Struct

    return (
        Struct(
            "Signature" / Bytes(4),
            "Version" / Int32ul,
            "NumberOfStreams" / Int32ul,
            "StreamDirectoryRva" / Int32ul,
            "CheckSum" / Int32ul,
            "TimeDateStamp" / Int32ul,
            "Flags" / Int64ul,
        ),
        Struct("StreamType" / Int32ul, "DataSize" / Int32ul, "Rva" / Int32ul),
    )


FORMATS.add("MDMP")(Format(lambda data: data[:4] == _MAGIC, _open))
