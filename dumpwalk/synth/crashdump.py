"""DUMP_HEADER32 and DUMP_HEADER64, as Windows leaves them: "PAGE" wherever nothing was set.

Layout: the public dump header structures (DUMP_HEADER32/64), and what is set
and unset in them as decoded from real dumps of 8.1, 17134 (ARM), 19041 and
22000 (ARM64).
"""

from __future__ import annotations

from dumpwalk.synth.layouts import table
from dumpwalk.synth.spec import KINDS, Fault, SpecError
from dumpwalk.synth.structures import put

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.synth.layouts import Layout
    from dumpwalk.synth.spec import Spec

HEADER_64 = table("""
MajorVersion 8 4
MinorVersion c 4
DirectoryTableBase 10 8
PfnDataBase 18 8
PsLoadedModuleList 20 8
PsActiveProcessHead 28 8
MachineImageType 30 4
NumberProcessors 34 4
BugCheckCode 38 4
BugCheckParameter1 40 8
BugCheckParameter2 48 8
BugCheckParameter3 50 8
BugCheckParameter4 58 8
KdDebuggerDataBlock 80 8
DumpType f98 4
RequiredDumpSpace fa0 8
SystemTime fa8 8
SystemUpTime 1030 8
MiniDumpFields 1038 4
SecondaryDataState 103c 4
ProductType 1040 4
SuiteMask 1044 4
WriterStatus 1048 4
KdSecondaryVersion 104d 1
Attributes 1050 4
BootId 1054 4
""")

HEADER_32 = table("""
MajorVersion 8 4
MinorVersion c 4
DirectoryTableBase 10 4
PfnDataBase 14 4
PsLoadedModuleList 18 4
PsActiveProcessHead 1c 4
MachineImageType 20 4
NumberProcessors 24 4
BugCheckCode 28 4
BugCheckParameter1 2c 4
BugCheckParameter2 30 4
BugCheckParameter3 34 4
BugCheckParameter4 38 4
PaeEnabled 5c 1
KdSecondaryVersion 5d 1
KdDebuggerDataBlock 60 4
Attributes 8a0 4
BootId 8a4 4
DumpType f88 4
MiniDumpFields f8c 4
SecondaryDataState f90 4
ProductType f94 4
SuiteMask f98 4
WriterStatus f9c 4
RequiredDumpSpace fa0 8
SystemUpTime fb8 8
SystemTime fc0 8
""")

CONTEXT_OFFSET = {4: 0x320, 8: 0x348}
_CONTEXT_SIZE = {4: 1200, 8: 3000}
EXCEPTION_OFFSET = {4: 0x7D0, 8: 0xF00}

_FREE_BUILD = 0xF  # MajorVersion of a release kernel; a checked one has 0xC
_WORKSTATION = 1  # VER_NT_WORKSTATION
_SUITE = 0x110  # VER_SUITE_TERMINAL | VER_SUITE_SINGLEUSERTS
_BREAKPOINT = 0x80000003  # STATUS_BREAKPOINT: what KeBugCheckEx puts into the header


def header(spec: Spec, layout: Layout, context: bytes) -> bytearray:
    """Return the header; *context* goes into its ContextRecord.

    ``RequiredDumpSpace`` and ``MiniDumpFields`` are for the caller to set.

    :raises SpecError: when a value of the spec does not fit into its field
    """
    wide = layout.machine.pointer_size == 8
    fields = HEADER_64 if wide else HEADER_32
    data = bytearray(b"PAGE" * (0x2000 if wide else 0x1000))[: 0x2000 if wide else 0x1000]
    data[4:8] = b"DU64" if wide else b"DUMP"
    if len(spec.parameters) > 4:
        raise SpecError(f"a bug check has 4 parameters, not {len(spec.parameters)}")
    parameters = (*spec.parameters, 0, 0, 0, 0)[:4]
    values: dict[str, int] = {
        "MajorVersion": _FREE_BUILD,
        "MinorVersion": spec.build,
        "DirectoryTableBase": spec.directory_table_base,
        "PfnDataBase": spec.pointer("MmPfnDatabase") or 0,
        "PsLoadedModuleList": spec.pointer("PsLoadedModuleList") or 0,
        "PsActiveProcessHead": spec.pointer("PsActiveProcessHead") or 0,
        "MachineImageType": layout.machine.image_type,
        "NumberProcessors": spec.processor_count,
        "BugCheckCode": spec.bugcheck,
        **{f"BugCheckParameter{n}": value for n, value in enumerate(parameters, 1)},
        "KdDebuggerDataBlock": spec.pointer("KdDebuggerDataBlock") or 0,
        "DumpType": KINDS[spec.kind],
        "SystemTime": spec.time,
        "SystemUpTime": spec.uptime,
        "ProductType": _WORKSTATION,
        "SuiteMask": _SUITE,
        "WriterStatus": 0,
        "KdSecondaryVersion": 0,
    }
    if not wide:
        values["PaeEnabled"] = layout.pae & 1
    put(data, fields, tuple(values.items()), "the dump header")
    at, room = CONTEXT_OFFSET[8 if wide else 4], _CONTEXT_SIZE[8 if wide else 4]
    data[at : at + room] = context.ljust(room, b"\0")
    record = _exception(spec, wide, context)
    at = EXCEPTION_OFFSET[8 if wide else 4]
    data[at : at + len(record)] = record
    return data


def _exception(spec: Spec, wide: bool, context: bytes) -> bytes:
    """Return EXCEPTION_RECORD32/64; what it leaves unset is "PAGE"."""
    size = 8 if wide else 4
    at = {"x64": 0xF8, "x86": 0xB8, "ARM64": 0x108, "ARM": 0x40}[spec.machine]
    here = int.from_bytes(context[at : at + size], "little")
    fault = spec.exception or Fault(_BREAKPOINT, here)
    # The header of a 64-bit record is 0x20 bytes, of which the last 4 are alignment.
    fields = table("Code 0 4\nFlags 4 4") | {
        "Record": (8, size),
        "Address": (8 + size, size),
        "NumberParameters": (8 + 2 * size, 4),
        **{f"Parameter{n}": ((0x20 if wide else 0x14) + n * size, size) for n in range(15)},
    }
    if len(fault.parameters) > 15:
        raise SpecError(f"an exception record has room for 15 parameters, not {len(fault.parameters)}")
    data = bytearray(b"PAGE" * ((0x98 if wide else 0x50) // 4))
    values = {
        "Code": fault.code,
        "Flags": int(spec.exception is None),  # EXCEPTION_NONCONTINUABLE on the bug check's own breakpoint
        "Record": 0,
        "Address": fault.address,
        "NumberParameters": len(fault.parameters),
        **{f"Parameter{n}": value for n, value in enumerate(fault.parameters)},
    }
    put(data, fields, tuple(values.items()), "the exception record")
    return bytes(data)
