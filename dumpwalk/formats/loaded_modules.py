"""Loaded and unloaded images, as the kernel's own lists in memory name them.

Nothing here needs types. A 64-bit and a 32-bit ``_KLDR_DATA_TABLE_ENTRY``
(``_LDR_DATA_TABLE_ENTRY`` before Windows 8) have had their first fields at
the same offsets in every kernel from XP to Windows 11; a test holds that
against all shipped types.
"""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.memory.address import Hex
from dumpwalk.memory.chain import linked_list
from dumpwalk.record import record
from dumpwalk.remarks import Problem
from dumpwalk.symbols.image import headers_at
from dumpwalk.symbols.modules import Module, UnloadedModule, module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.formats.debugger_data import DebuggerData
    from dumpwalk.memory.machine import Machine
    from dumpwalk.memory.segments import DumpMemory

# Windows machines have some 200 to 400 drivers.
MOST_MODULES = 8192
# Bytes of a path; a UNICODE_STRING could claim 64 KB for each of 8192 modules.
_LONGEST_PATH = 0x800
# MI_UNLOADED_DRIVERS: the kernel keeps the last 50.
_UNLOADED_SLOTS = 50


@record
class EntryLayout:
    """Where the fields of a loader entry are, for one size of pointers."""

    DllBase: int
    SizeOfImage: int
    FullDllName: int
    BaseDllName: int
    size: int


ENTRY = {8: EntryLayout(0x30, 0x40, 0x48, 0x58, 0x68), 4: EntryLayout(0x18, 0x20, 0x24, 0x2C, 0x34)}


@record
class UnloadedLayout:
    """The same of ``_UNLOADED_DRIVERS``; its Name comes first."""

    StartAddress: int
    EndAddress: int
    size: int


UNLOADED = {8: UnloadedLayout(0x10, 0x18, 0x28), 4: UnloadedLayout(0x8, 0xC, 0x18)}


def loaded_modules(
    memory: DumpMemory, machine: Machine, head: int, problems: list[Problem]
) -> tuple[tuple[Module, ...], int]:
    """Return the images on the list at *head* (``PsLoadedModuleList``), in load order.

    Time stamp and checksum are those of the image's own header; they are 0 where that is not in memory.

    :return: the images, and of how many the header is not in memory
    """
    chain = linked_list(memory, machine, head, MOST_MODULES)
    problems += [Problem("PsLoadedModuleList", text) for text in chain.problems]
    layout, width = ENTRY[machine.pointer_size], machine.pointer_size
    out: list[Module] = []
    headless = 0
    for link in chain.addresses:
        try:
            raw = memory.read(machine.address(link), layout.size)
        except ReadError as error:
            problems.append(Problem("PsLoadedModuleList", f"the entry at {machine.address(link)}: {error.reason}"))
            continue
        base = machine.address(_number(raw, layout.DllBase, width))
        if not base:
            problems.append(Problem("PsLoadedModuleList", f"the entry at {machine.address(link)} has no base address"))
            continue
        path = _string(memory, machine, raw, layout.FullDllName) or _string(memory, machine, raw, layout.BaseDllName)
        image = headers_at(memory, base)
        headless += image is None
        stamp = (image.timestamp, image.checksum) if image else (0, 0)
        path = path or f"Unknown_Module_{base}"
        out.append(module(path, base, _number(raw, layout.SizeOfImage, 4), *stamp))
    return tuple(out), headless


def unloaded_modules(
    memory: DumpMemory, machine: Machine, data: DebuggerData, problems: list[Problem]
) -> tuple[UnloadedModule, ...]:
    """Return the images unloaded lately, the last one first.

    ``MmUnloadedDrivers`` points to a ring of 50 entries, and
    ``MmLastUnloadedDriver`` is the index of the one that is filled next.
    """
    width, layout = machine.pointer_size, UNLOADED[machine.pointer_size]
    pointer, index = data.get("MmUnloadedDrivers"), data.get("MmLastUnloadedDriver")
    if not pointer or not index:
        return ()
    try:
        array = _number(memory.read(machine.address(pointer), width), 0, width)
        after = _number(memory.read(machine.address(index), 4), 0, 4)
        if not array:  # nothing was unloaded yet
            return ()
        raw = memory.read(machine.address(array), _UNLOADED_SLOTS * layout.size)
    except ReadError as error:
        problems.append(Problem("MmUnloadedDrivers", str(error)))
        return ()
    if after > _UNLOADED_SLOTS:
        problems.append(Problem("MmLastUnloadedDriver", f"it is {after}, of {_UNLOADED_SLOTS} entries"))
    out = []
    for n in range(_UNLOADED_SLOTS):
        at = (after - 1 - n) % _UNLOADED_SLOTS * layout.size
        entry = raw[at : at + layout.size]
        start, end = _number(entry, layout.StartAddress, width), _number(entry, layout.EndAddress, width)
        name = _string(memory, machine, entry, 0)
        if name or start:
            size = Hex(max(0, end - start))
            out.append(UnloadedModule(name, machine.address(start), machine.address(end), size, False))
    return tuple(out)


def _number(raw: bytes, offset: int, size: int) -> int:
    return int.from_bytes(raw[offset : offset + size], "little")


def _string(memory: DumpMemory, machine: Machine, raw: bytes, offset: int) -> str:
    """Return the UNICODE_STRING at *offset* of the structure *raw*, as far as it is in memory."""
    width = machine.pointer_size
    length = min(_number(raw, offset, 2), _LONGEST_PATH) & ~1
    buffer = _number(raw, offset + width, width)
    text = memory.read_some(machine.address(buffer), length) if buffer else b""
    return text.decode("utf-16-le", "replace").partition("\0")[0]
