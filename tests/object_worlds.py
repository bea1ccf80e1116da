"""Machines with everything that the object manager keeps, of every generation of its structures."""

from __future__ import annotations

from images import opened, spec_of

from dumpwalk.target import Target

# Generations of _OBJECT_HEADER, _HANDLE_TABLE_ENTRY and their neighbours; those with a build number have symbols.
PROFILES = (
    *("nt/xpsp3-x86", "nt/2003sp2-x64", "nt/vistasp2-x86", "nt/vistasp2-x64"),
    *("nt/win7sp1-x86", "nt/win7sp1-17514-pae-x86", "nt/7601.24540-x64"),
    *("nt/win8-x86", "nt/win8-x64", "nt/win81u1-x86", "nt/9600.20625-x64"),
    *("nt/win10-10240-x86", "nt/win10-10240-x64", "nt/win10-15063-x64", "nt/win10-19041-x86"),
    *("nt/19041.3570-x64", "nt/22000.2538-x64"),
)
# The types that synthetic machines have, by their index.
TYPES = (
    *("Type", "Directory", "SymbolicLink", "Token", "Job", "Process", "Thread", "Event", "Mutant", "Semaphore"),
    *("Timer", "File", "Section", "Key", "Device", "Driver"),
)
OBJECTS = r"""
process 344 "notepad.exe" as notepad
process 1588 "second.exe" parent 344
thread 344.348 as main State=Running
thread 1588.158c
driver "\Driver\example"
device "\Device\Example" of example
link "\GLOBAL??\E:" to "\Device\Example" drive 5
object "\BaseNamedObjects\ready" Event as ready
object "" Semaphore as limit
file "\Users\Public\notes.txt" as notes
handle 4 4 to notepad access 1fffff
handle 344 4 to notes access 120089 attributes 4
handle 344 8 to ready access 1f0003 attributes 2
handle 344 c to main access 1fffff attributes 1
handle 344 2004 to limit access 100000 attributes 7
"""
HANDLES = [
    (4, "File", 0x120089, 4),
    (8, "Event", 0x1F0003, 2),
    (0xC, "Thread", 0x1FFFFF, 1),
    (0x2004, "Semaphore", 0x100000, 7),
]


def machine(profile: str, extra: str = "", objects: str = OBJECTS, cookie: int = 0xB7) -> Target:
    """Return a full dump of a machine with *objects*.

    :param extra: further statements
    """
    return opened(spec_of(profile, f"cookie {cookie:x}\nobject-manager\n{objects}\n{extra}\n"))
