"""DUMP_HEADER32 and DUMP_HEADER64, byte by byte, for construct.

Sources: ntiodump.h, kdmp-parser and Volatility 3 for the layout; BootId and
the Attributes word behind the comment were decoded from real dumps of builds
17134 (32-bit) and 22000 (64-bit). Everything the kernel does not fill in is
left as the text ``PAGE``.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SIZES = {4: 0x1000, 8: 0x2000}
_cache: dict[int, Any] = {}


def header_struct(pointer_size: int) -> Any:
    """Return the construct ``Struct`` of the header of a machine whose pointers have *pointer_size* bytes."""
    if pointer_size not in _cache:
        _cache[pointer_size] = _header64() if pointer_size == 8 else _header32()
    return _cache[pointer_size]


def _header64() -> Any:
    from construct import Array, Bytes, Int8ul, Int32ul, Int64ul, Padding, Struct

    return Struct(
        "Signature" / Bytes(4),
        "ValidDump" / Bytes(4),
        "MajorVersion" / Int32ul,
        "MinorVersion" / Int32ul,
        "DirectoryTableBase" / Int64ul,
        "PfnDataBase" / Int64ul,
        "PsLoadedModuleList" / Int64ul,
        "PsActiveProcessHead" / Int64ul,
        "MachineImageType" / Int32ul,  # 0x30
        "NumberProcessors" / Int32ul,
        "BugCheckCode" / Int32ul,
        Padding(4),
        "BugCheckParameters" / Array(4, Int64ul),  # 0x40
        "VersionUser" / Bytes(0x20),
        "KdDebuggerDataBlock" / Int64ul,  # 0x80
        "PhysicalMemoryBlock" / Bytes(0x2C0),
        "ContextRecord" / Bytes(0xBB8),  # 0x348
        "Exception" / Bytes(0x98),  # 0xf00
        "DumpType" / Int32ul,  # 0xf98
        Padding(4),
        "RequiredDumpSpace" / Int64ul,
        "SystemTime" / Int64ul,
        "Comment" / Bytes(0x80),  # 0xfb0
        "SystemUpTime" / Int64ul,  # 0x1030
        "MiniDumpFields" / Int32ul,
        "SecondaryDataState" / Int32ul,
        "ProductType" / Int32ul,  # 0x1040
        "SuiteMask" / Int32ul,
        "WriterStatus" / Int32ul,
        "Unused1" / Int8ul,
        "KdSecondaryVersion" / Int8ul,
        "Unused2" / Bytes(2),
        "Attributes" / Int32ul,  # 0x1050
        "BootId" / Int32ul,
        Padding(0x2000 - 0x1058),
    )


def _header32() -> Any:
    from construct import Array, Bytes, Int8ul, Int32ul, Int64ul, Padding, Struct

    return Struct(
        "Signature" / Bytes(4),
        "ValidDump" / Bytes(4),
        "MajorVersion" / Int32ul,
        "MinorVersion" / Int32ul,
        "DirectoryTableBase" / Int32ul,  # 0x10
        "PfnDataBase" / Int32ul,
        "PsLoadedModuleList" / Int32ul,
        "PsActiveProcessHead" / Int32ul,
        "MachineImageType" / Int32ul,  # 0x20
        "NumberProcessors" / Int32ul,
        "BugCheckCode" / Int32ul,
        "BugCheckParameters" / Array(4, Int32ul),  # 0x2c
        "VersionUser" / Bytes(0x20),
        "PaeEnabled" / Int8ul,  # 0x5c
        "KdSecondaryVersion" / Int8ul,
        "VersionUser2" / Bytes(2),
        "KdDebuggerDataBlock" / Int32ul,  # 0x60
        "PhysicalMemoryBlock" / Bytes(0x2BC),
        "ContextRecord" / Bytes(0x4B0),  # 0x320
        "Exception" / Bytes(0x50),  # 0x7d0
        "Comment" / Bytes(0x80),  # 0x820
        "Attributes" / Int32ul,  # 0x8a0
        "BootId" / Int32ul,
        Padding(0xF88 - 0x8A8),
        "DumpType" / Int32ul,  # 0xf88
        "MiniDumpFields" / Int32ul,
        "SecondaryDataState" / Int32ul,
        "ProductType" / Int32ul,
        "SuiteMask" / Int32ul,
        "WriterStatus" / Int32ul,
        "RequiredDumpSpace" / Int64ul,  # 0xfa0
        Padding(0x10),
        "SystemUpTime" / Int64ul,  # 0xfb8
        "SystemTime" / Int64ul,
        Padding(0x1000 - 0xFC8),
    )
