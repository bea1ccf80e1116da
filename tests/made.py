"""Whole machines for tests: a spec's text as a target, and targets of a few bytes."""

from __future__ import annotations

from typing import Any

from fakes import fake_target
from images import opened, spec_of

from dumpwalk.kernel.names import DumpNames
from dumpwalk.memory.chain import linked_list
from dumpwalk.memory.segments import Segment, SegmentedMemory
from dumpwalk.objects.sizes import offset_of
from dumpwalk.target import Target
from dumpwalk.types.store import Store

# A profile of each form of the tree, of the flags, and of each size of a pointer.
GENERATIONS = [
    *("nt/xpsp3-x86", "nt/2003sp2-x86", "nt/2003sp2-x64", "nt/vistasp2-x86", "win7-x86-pae", "nt/7601.24540-x64"),
    *("nt/win8-x86", "nt/win8-x64", "nt/9600.20625-x64", "nt/win10-10240-x86", "nt/win10-15063-x64"),
    *("nt/17763.379-x64", "nt/18362.30-x64", "nt/19041.3570-x64", "nt/22000.2538-x64", "nt/win10-19041-x86"),
]
# A process that has two files mapped and two pieces of memory of its own.
MAPPED = r"""
process 344 "notepad.exe"
thread 344.348
file "\Windows\System32\notepad.exe" as program
file "\Users\Public\notes.txt" as notes
section program image as code valid 0 then valid 0 subsection 1-6
section notes data as text valid 0 transition 1 subsection 2
view 344 of code at 71230000 commit 2
view 344 of text at 400000
private 344 at 10000 size 10000 protection 6 commit 3
private 344 at 7ffd0000 size 1000 protection 1 commit -1 u.VadFlags.NoChange=1
"""


def made(text: str, kind: str = "full", profile: str = "nt/7601.24540-x64") -> Target:
    """Return the machine that *text* states."""
    return opened(spec_of(profile, text, kind))


def process_of(target: Target, name: str = "notepad.exe") -> int:
    """Return the process called *name*, found in the list of active ones."""
    head = DumpNames(target).symbol("nt!PsActiveProcessHead")
    assert head is not None
    at = offset_of(target.types, "_EPROCESS", "ActiveProcessLinks")
    for link in linked_list(target.memory, target.machine, head).addresses:
        text = target.object("_EPROCESS", link - at).ImageFileName
        if text.str_().startswith(name):
            return link - at
    raise AssertionError


def patch(target: Target, address: int, data: bytes) -> Target:
    """Return *target*, in whose memory *data* stands at *address* from now on."""
    inner = target.memory

    class Memory:
        def read(self, at: int, size: int) -> bytes:
            return self._patched(at, inner.read(target.address(at), size))

        def read_some(self, at: int, size: int) -> bytes:
            return self._patched(at, inner.read_some(target.address(at), size))

        def _patched(self, at: int, found: bytes) -> bytes:
            out = bytearray(found)
            for n, byte in enumerate(data):
                if at <= address + n < at + len(out):
                    out[address + n - at] = byte
            return bytes(out)

        def __getattr__(self, name: str) -> Any:
            return getattr(inner, name)

    target.memory = Memory()  # type: ignore[assignment]
    return target


def held(address: int, data: bytes, profile: str = "nt/7601.24540-x64") -> Target:
    """Return a machine that has these bytes at *address* and no more, with the types of *profile*."""
    types = Store.shipped().open(profile)
    target = fake_target("x64" if types.pointer_size == 8 else "x86", ContextRecord=b"")
    target.memory = SegmentedMemory([Segment(address, memoryview(data))])
    target._types = types
    return target
