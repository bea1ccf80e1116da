"""Machines whose processors have descriptor tables, in kernels of several generations."""

from __future__ import annotations

from images import spec_of

# One kernel a way that leads from a gate to an interrupt object, a kind of DPC queue, a place of the tables.
X64 = (
    *("nt/2003sp2-x64", "nt/vistasp2-x64", "nt/7601.24540-x64", "nt/win8-x64", "nt/9600.20625-x64"),
    *("nt/win10-10240-x64", "nt/14393.4583-x64", "nt/19041.3570-x64", "nt/22000.1455-x64"),
)
X86 = (
    *("nt/xpsp3-x86", "nt/2003sp2-x86", "nt/vistasp2-x86", "nt/win7sp1-x86", "nt/win7sp1-17514-pae-x86"),
    *("nt/win8-x86", "nt/win81u1-x86", "nt/win10-10240-x86", "nt/win10-19041-x86"),
)
GENERATIONS = X64 + X86
MODULES = {8: ("fffff804`7b800000", "fffff804`7b900000"), 4: ("8b200000", "9a1c2000")}


def machine(profile: str, statements: str = "", *, kind: str = "full", processors: int = 1) -> str:
    """Return the spec of a machine with the modules ``ndis`` and ``example``, and descriptor tables."""
    ndis, example = MODULES[8 if profile.endswith("x64") else 4]
    text = f"""\
time 2024-02-01T09:00:00Z
uptime 0:20:00
processors {processors}
module ndis \\SystemRoot\\system32\\drivers\\ndis.sys {ndis} size b7000 timestamp 4ce788a9
module example \\SystemRoot\\system32\\drivers\\example.sys {example} size 9000 timestamp 4dd3c2f0 checksum 8e21
thread 4.8 State=Running
descriptor-tables
{statements}
"""
    return spec_of(profile, text, kind)
