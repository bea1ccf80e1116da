"""What is in some blobs of secondary data: registered ranges, ACPI tables, CPUID leaves.

Decoded from real dumps (builds 9600, 19041, 22000); nothing of it is
documented. Each decoder takes the bytes of a blob and stops with a Problem
where they stop making sense.
"""

from __future__ import annotations

import struct

from dumpwalk.memory.address import Hex
from dumpwalk.record import record
from dumpwalk.remarks import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.address import Address
    from dumpwalk.memory.machine import Machine

TRIAGEDUMP_DATA = "2b4ae195-a64d-4f04-8ede-7e4f981bd42a"
ACPI_TABLES = "e83b40d2-b0a0-4842-abea-71c9e3463dd1"
CPUID_LEAVES = "d03dc06f-d88e-44c5-ba2a-fae035172d19"


@record
class Range:
    """A stretch of virtual memory. The dump need not hold it: the kernel skips what is not resident."""

    address: Address
    size: Hex


@record
class Component:
    """A component and the memory it registered for the dump."""

    name: str
    ranges: tuple[Range, ...]


@record
class AcpiTable:
    """The beginning of an ACPI table (ACPI specification, "System Description Table Header").

    :param Length: of the table in the machine
    :param offset: where its bytes begin in the blob
    :param stored: how many there are
    """

    Signature: str
    Length: Hex
    Revision: int
    OEMID: str
    OEMTableID: str
    offset: Hex
    stored: Hex


@record
class CpuidLeaf:
    """A CPUID leaf as it was seen twice: EAX, EBX, ECX, EDX. Under Hyper-V the first has the hypervisor bit."""

    leaf: Hex
    subleaf: Hex
    first: tuple[Hex, ...]
    second: tuple[Hex, ...]


def triagedump_data(raw: bytes, machine: Machine) -> tuple[tuple[Component, ...], tuple[Problem, ...]]:
    """Return who registered which memory (``KeInitializeTriageDumpDataArray`` and the kernel's own).

    Records are packed: {ULONG ranges; ULONG name length; {ULONG64 address, size} ranges[]; char name[]}.
    """
    out: list[Component] = []
    at = 0
    while at + 8 <= len(raw):
        count, length = struct.unpack_from("<II", raw, at)
        end = at + 8 + 16 * count + length
        if end > len(raw):
            what = f"the record at {at:#x} claims {count} ranges and a name of {length} bytes"
            return tuple(out), (Problem("registered triage data", f"{what}; there are {len(raw) - at} bytes"),)
        ranges = struct.iter_unpack("<QQ", raw[at + 8 : end - length])
        name = raw[end - length : end].partition(b"\0")[0].decode("utf-8", "replace")
        out.append(Component(name, tuple(Range(machine.address(a), Hex(s)) for a, s in ranges)))
        at = end
    return tuple(out), _leftover("registered triage data", len(raw) - at)


_ACPI_HEADER = struct.Struct("<4s I B x 6s 8s 12x")
# Tables of byte code are cut to their header (ACPI specification, "DSDT", "SSDT", "PSDT").
_BYTE_CODE = ("DSDT", "SSDT", "PSDT")
# How much of the others is kept behind the header is one number for the whole blob,
# which it does not state: 0x10, 0x20 and 0x4c were seen, the last two on the same build.
_KEPT = range(0, 0x200, 4)
_LARGEST_ACPI = 0x10000  # a bound for damaged blobs; real ones have 0x250 to 0x6a1 bytes


def acpi_tables(raw: bytes) -> tuple[tuple[AcpiTable, ...], tuple[Problem, ...]]:
    """Return the tables. They are cut, so ``Length`` does not lead to the next one.

    Where they are cut is found by trying: only the right place makes all that follows a table.
    """
    attempts = [_acpi_tables(raw[:_LARGEST_ACPI], kept) for kept in _KEPT]
    return min(attempts, key=lambda attempt: (len(attempt[1]), -len(attempt[0])))


def _acpi_tables(raw: bytes, kept: int) -> tuple[tuple[AcpiTable, ...], tuple[Problem, ...]]:
    out: list[AcpiTable] = []
    at = 0
    while at + _ACPI_HEADER.size <= len(raw):
        signature, length, revision, oem, oem_table = _ACPI_HEADER.unpack_from(raw, at)
        name = signature.decode("latin-1")
        if not (name.isascii() and name.isalnum()) or length < _ACPI_HEADER.size:
            return tuple(out), (Problem("ACPI tables", f"what is at {at:#x} is no table"),)
        stored = _ACPI_HEADER.size if name in _BYTE_CODE else min(length, _ACPI_HEADER.size + kept)
        out.append(AcpiTable(name, Hex(length), revision, _padded(oem), _padded(oem_table), Hex(at), Hex(stored)))
        at += stored
    return tuple(out), _leftover("ACPI tables", len(raw) - at)


def _padded(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("latin-1").rstrip()


_LEAF = struct.Struct("<10I")


def cpuid_leaves(raw: bytes) -> tuple[tuple[CpuidLeaf, ...], tuple[Problem, ...]]:
    """Return the leaves, of 40 bytes each: subleaf, leaf and twice four registers."""
    whole = len(raw) // _LEAF.size * _LEAF.size
    leaves = []
    for subleaf, leaf, *registers in _LEAF.iter_unpack(raw[:whole]):
        values = tuple(map(Hex, registers))
        leaves.append(CpuidLeaf(Hex(leaf), Hex(subleaf), values[:4], values[4:]))
    return tuple(leaves), _leftover("CPUID leaves", len(raw) - whole)


def _leftover(where: str, count: int) -> tuple[Problem, ...]:
    return (Problem(where, f"{count} bytes at the end belong to no record"),) if count else ()
