"""Whole worlds in a few lines, for tests: a target made of stated bytes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from dumpwalk.memory.machine import MACHINES, Machine
from dumpwalk.memory.segments import Segment, SegmentedMemory
from dumpwalk.remarks import Absent
from dumpwalk.symbols.modules import Module, Modules, module
from dumpwalk.target import Target
from dumpwalk.types.layouts import Field, Struct

BY_NAME = {m.name: m for m in MACHINES.values()}


def fake_module(machine: Machine, name: str, base: int, size: int) -> Module:
    """Return a module of that name; the rest of it is of no matter."""
    return module(rf"\SystemRoot\System32\drivers\{name}.sys", machine.address(base), size, 0x5F000000, 0x1234)


# Pointers in a dump's header that say where the kernel has something; 0 says nothing.
NOTHING = dict.fromkeys(
    ("PsLoadedModuleList", "PsActiveProcessHead", "KdDebuggerDataBlock", "PfnDataBase", "PaeEnabled", "MinorVersion"), 0
)


def fake_target(
    architecture: str = "x64",
    memory: dict[int, bytes] | None = None,
    modules: dict[str, tuple[int, int]] | None = None,
    **header: Any,
) -> Target:
    """Return a target whose dump holds *memory* (address -> bytes) and *modules* (name -> base, size)."""
    machine = BY_NAME[architecture]
    held = SegmentedMemory(Segment(a, memoryview(b)) for a, b in (memory or {}).items())
    loaded = Modules(fake_module(machine, name, *place) for name, place in (modules or {}).items())
    dump = SimpleNamespace(
        path="fake.dmp",
        format="fake",
        memory=held,
        modules=loaded,
        header=SimpleNamespace(**{**NOTHING, "machine": machine, "pointer_size": machine.pointer_size, **header}),
        debugger_data=Absent("a fake has none"),
        contents=SimpleNamespace(kernel_pdb=None),
        registers={},
        shown_types=None,
        remarks=(),
    )
    target = Target(cast("Any", dump))
    target._profile = Absent("a fake has none")
    return target


def parse(text: str) -> Struct:
    """Return the structure that *text* describes in short, numbers in hexadecimal: ``_X,8;Member,0,4;Bits,4,4,b,5``."""
    head, *rows = text.split(";")
    name, size = head.split(",")
    fields = []
    for row in rows:
        path, *numbers = row.split(",")
        offset, width, *bits = (int(n, 16) for n in numbers)
        fields.append(Field(path, offset, width, (bits[0], bits[1]) if bits else (0, 0)))
    return Struct(name, int(size, 16), tuple(fields))
