"""The words for the numbers in a dump header: dump types, machines, products, flag words.

Sources: ntiodump.h and wdbgexts.h (dump types, minidump fields), winnt.h
(machines, products, suites); the meanings of MajorVersion are those of
``vertarget``.
"""

from __future__ import annotations

from dumpwalk.remarks import Absent

# ntiodump.h, DUMP_TYPE_*; the last three are what `.dump /k`, `/ka` and `/f` write since Windows 10.
DUMP_TYPES = {
    1: "full",
    2: "kernel summary",
    3: "header only",
    4: "triage (small memory dump)",
    5: "bitmap full",
    6: "bitmap kernel",
    7: "automatic",
    8: "kernel memory ranges",
    9: "kernel and user memory ranges",
    0xA: "complete memory ranges",
}

_UNSET = int.from_bytes(b"PAGE", "little")

# winnt.h, IMAGE_FILE_MACHINE_*.
MACHINE_TYPES = {0x014C: "I386", 0x01C4: "ARMNT", 0x0200: "IA64", 0x8664: "AMD64", 0xAA64: "ARM64"}

# winnt.h, VER_NT_*.
PRODUCT_TYPES = {1: "VER_NT_WORKSTATION", 2: "VER_NT_DOMAIN_CONTROLLER", 3: "VER_NT_SERVER"}

# winnt.h, VER_SUITE_*.
SUITES = {
    0x00001: "SMALLBUSINESS",
    0x00002: "ENTERPRISE",
    0x00004: "BACKOFFICE",
    0x00008: "COMMUNICATIONS",
    0x00010: "TERMINAL",
    0x00020: "SMALLBUSINESS_RESTRICTED",
    0x00040: "EMBEDDEDNT",
    0x00080: "DATACENTER",
    0x00100: "SINGLEUSERTS",
    0x00200: "PERSONAL",
    0x00400: "BLADE",
    0x00800: "EMBEDDED_RESTRICTED",
    0x01000: "SECURITY_APPLIANCE",
    0x02000: "STORAGE_SERVER",
    0x04000: "COMPUTE_SERVER",
    0x08000: "WH_SERVER",
    0x20000: "MULTIUSERTS",
}

# ntiodump.h, TRIAGE_DUMP_*.
MINIDUMP_FIELDS = {
    0x001: "CONTEXT",
    0x002: "EXCEPTION",
    0x004: "PRCB",
    0x008: "PROCESS",
    0x010: "THREAD",
    0x020: "STACK",
    0x040: "DRIVER_LIST",
    0x080: "BROKEN_DRIVER",
    0x100: "MMINFO",
    0x200: "DATAPAGE",
    0x400: "DEBUGGER_DATA",
    0x800: "DATA_BLOCKS",
}


def dump_type_name(value: int) -> str:
    """Return what kind of dump ``DumpType`` *value* says it is.

    >>> dump_type_name(4), dump_type_name(77)
    ('triage (small memory dump)', 'unknown dump type 0x4d')
    """
    if value == _UNSET:  # as systems before Windows 2000 left it, which knew one kind
        return "full (DumpType is not set)"
    return DUMP_TYPES.get(value) or f"unknown dump type {int(value):#x}"


def machine_type_name(value: int) -> str:
    """Return the ``IMAGE_FILE_MACHINE_`` name of *value*, without the prefix."""
    return MACHINE_TYPES.get(value) or f"unknown machine {int(value):#x}"


def product_type_name(value: int | Absent) -> str | Absent:
    """Return the ``VER_NT_*`` name of *value*; what is absent stays so."""
    if isinstance(value, Absent):
        return value
    return PRODUCT_TYPES.get(value) or f"unknown product {int(value):#x}"


def build_kind(major_version: int) -> str:
    """Return what ``MajorVersion`` says of the kernel: a free (retail) or a checked (debug) build."""
    return {0xF: "free build", 0xC: "checked build"}.get(major_version, "unknown build kind")


def flag_names(value: int | Absent, names: dict[int, str]) -> tuple[str, ...] | Absent:
    """Return the names of the bits set in *value*; bits without a name as one hexadecimal number at the end.

    >>> flag_names(0x80000110, SUITES)
    ('TERMINAL', 'SINGLEUSERTS', '0x80000000')
    """
    if isinstance(value, Absent):
        return value
    found = [name for bit, name in names.items() if value & bit]
    rest = value & ~sum(names)
    return tuple(found + [f"{rest:#x}"] * bool(rest))
