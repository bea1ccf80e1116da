"""What a machine's memory says of it: for every format that holds physical pages.

Everything follows from two addresses, those of the debugger data block and of
the list of loaded modules; the format's header knows them, or a scan found
them.
"""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.formats import Contents
from dumpwalk.formats.crashed_processor import crashed_processor
from dumpwalk.formats.debugger_data import OWNER_TAG, parse_debugger_data
from dumpwalk.formats.loaded_modules import loaded_modules, unloaded_modules
from dumpwalk.record import replace
from dumpwalk.remarks import Absent, Problem
from dumpwalk.symbols.modules import Modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from dumpwalk.formats.debugger_data import DebuggerData
    from dumpwalk.formats.encoded_debugger_data import Keys
    from dumpwalk.memory.address import Address
    from dumpwalk.memory.machine import Machine
    from dumpwalk.memory.segments import DumpMemory

# The block has 0x380 bytes in Windows 11 and grows with new releases.
_MOST_DEBUGGER_DATA = 0x1000
_NO_CONTEXT = Absent("the file holds no context")


def contents(
    memory: DumpMemory,
    machine: Machine,
    *,
    debugger_data_at: Address | Absent,
    modules_at: Address | Absent,
    processors: int = 0,
    stack_pointer: int | Absent = _NO_CONTEXT,
    keys: Callable[[], Keys | None] | None = None,
) -> Contents:
    """Return what *memory* says of the machine. What is not there is absent with its reason; nothing is raised.

    :param debugger_data_at: address of ``KdDebuggerDataBlock``
    :param modules_at: address of ``PsLoadedModuleList``; the debugger data block's word is taken where it is absent
        or 0
    :param processors: how many the machine has; 0 when that is not known
    :param stack_pointer: of the processor that the dump was taken on
    :param keys: tells where the variables are that encode the debugger data block of a running kernel; it is
        asked only when the block is not in clear
    """
    problems: list[Problem] = []
    missing: list[str] = []
    data = read_debugger_data(memory, machine, debugger_data_at, problems, keys)
    modules, unloaded = Modules(()), ()
    heads = _heads(machine, modules_at, data)
    if not heads:
        missing.append("modules: nothing says where PsLoadedModuleList is")
    unread = [f"PsLoadedModuleList at {why}" for head in heads if (why := _why_not(memory, head))]
    if unread and len(unread) == len(heads):
        missing.append(f"modules: {unread[0]}")
        heads = []
    for head in heads:
        found, headless = loaded_modules(memory, machine, head, problems)
        if found:
            modules = Modules(found)
            if headless:
                what = f"the headers of {headless} of {len(found)} images are not in the dump"
                missing.append(f"time stamps: {what}")
            break
    if isinstance(data, Absent):
        missing.append(f"debugger data: {data.reason}")
        where = Absent(f"no debugger data block tells where it is ({data.reason})")
        return Contents(modules, unloaded, data, where, where, where, tuple(missing), tuple(problems))
    crashed = crashed_processor(memory, machine, data, processors, stack_pointer)
    if crashed.note and not isinstance(crashed.thread, Absent):  # without offsets it is said by who asks the types
        missing.append(f"processor: {crashed.note}")
    return Contents(
        modules,
        unloaded_modules(memory, machine, data, problems),
        data,
        crashed.thread,
        crashed.process,
        crashed.processor,
        tuple(missing),
        tuple(problems),
    )


def read_debugger_data(
    memory: DumpMemory,
    machine: Machine,
    at: Address | Absent,
    problems: list[Problem],
    keys: Callable[[], Keys | None] | None = None,
) -> DebuggerData | Absent:
    """Return the debugger data block at *at*, decoded if *keys* tell how, or why there is none."""
    if isinstance(at, Absent) or not at:
        return Absent(f"nothing says where the debugger data block is ({at.reason if isinstance(at, Absent) else at})")
    raw = memory.read_some(at, _MOST_DEBUGGER_DATA)
    if not raw:
        return Absent(f"the block at {_why_not(memory, at)}")
    encoded = False
    known = keys() if keys is not None and raw[0x10:0x14] != OWNER_TAG else None
    if known is not None:
        from dumpwalk.formats.encoded_debugger_data import decoded_or_raw

        before = raw
        raw, why_not = decoded_or_raw(memory, raw, known)
        encoded = raw != before
        if why_not:
            problems.append(Problem("debugger data", why_not))
    data = parse_debugger_data(memoryview(raw), at, machine, problems)
    if encoded and not isinstance(data, Absent):
        return replace(data, encoded=True)
    return data


def _why_not(memory: DumpMemory, at: Address) -> str:
    """Return why there is nothing to read at *at*, and the address; empty when there is something."""
    try:
        memory.read(at, 1)
    except ReadError as error:
        return str(error)
    return ""


def _heads(machine: Machine, stated: Address | Absent, data: DebuggerData | Absent) -> list[Address]:
    """Return where the list of modules may begin, the likeliest first."""
    heads = [] if isinstance(stated, Absent) else [stated]
    if not isinstance(data, Absent):
        heads.append(machine.address(data.get("PsLoadedModuleList") or 0))
    return [head for head in dict.fromkeys(heads) if head]
