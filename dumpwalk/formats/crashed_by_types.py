"""Which processor a dump of Windows XP or 2003 was taken on: their debugger data block states no offsets.

Windows Vista was the first whose block says where a thread or a process lies in other structures (wdbgexts.h), so the
kernel's types have to say it. Unless these are exactly the kernel's, what is found must be a thread and a process.
"""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.formats.crashed_processor import Crashed, crashed_processor
from dumpwalk.remarks import Absent
from dumpwalk.types.debugger_offsets import OFFSETS
from dumpwalk.types.dispatcher import PROCESS_OBJECT, THREAD_OBJECT, is_dispatcher_object
from dumpwalk.types.layouts import builds, structs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from dumpwalk.formats import Dump
    from dumpwalk.formats.header import Header
    from dumpwalk.types.debugger_offsets import Numbers
    from dumpwalk.types.layouts import Struct

_STACK_POINTERS = {"x64": (0x98, 8), "x86": (0xC4, 4)}  # Rsp and Esp of CONTEXT (winnt.h)


class _Offsets:
    """The debugger data block, with the offsets that it lacks taken from types."""

    def __init__(self, data: Numbers, types: Mapping[str, Struct]) -> None:
        self._data = data
        self._types = types
        self._names = {entry.name: entry for entry in OFFSETS}

    def get(self, name: str) -> int | None:
        """Return the field called *name*."""
        stated = self._data.get(name)
        entry = self._names.get(name)
        if stated or entry is None or entry.struct not in self._types:
            return stated
        field = self._types[entry.struct].find(entry.path)
        return field.offset if field else None


def with_offsets(data: Numbers, header: Header) -> Numbers:
    """Return *data* with the offsets of its build's types, where it states none and such types are known.

    For small dumps: which kernel they are of can't be asked before their memory is put together.
    """
    if data.get("OffsetPrcbCurrentThread"):
        return data
    try:
        build = next((b for b in builds() if (b.machine, b.number) == (header.machine.name, header.MinorVersion)), None)
        return data if build is None else _Offsets(data, structs(build))
    except TypeInfoError:
        return data


def crashed_by_types(dump: Dump, without: Crashed) -> Crashed:
    """Return where *dump* was taken, by the layouts of its kernel.

    :param without: what is known without them; it is the answer where they do not help
    """
    from dumpwalk.types.profiles import find_profile

    data = dump.contents.debugger_data
    if isinstance(data, Absent) or dump.user_mode or data.get("OffsetPrcbCurrentThread"):
        return without
    profile = dump.profile() if dump.profile is not None else find_profile(dump)
    if isinstance(profile, Absent) or profile.machine != dump.machine.name:
        return without
    stated = dump.header.NumberProcessors
    processors = 0 if isinstance(stated, Absent) else int(stated)
    found = crashed_processor(
        dump.memory, dump.machine, _Offsets(data, profile.structs), processors, _stack_pointer(dump)
    )
    for place, kind, what in ((found.thread, THREAD_OBJECT, "thread"), (found.process, PROCESS_OBJECT, "process")):
        if not isinstance(place, Absent) and not is_dispatcher_object(dump.memory, place, kind):
            why = Absent(f"what {profile.name} takes for the {what}, at {place}, is none")
            return Crashed(found.processor, why, why)
    return found


def _stack_pointer(dump: Dump) -> int | Absent:
    """Return the stack pointer that the dump was taken with, as its header has it."""
    offset, size = _STACK_POINTERS.get(dump.machine.name, (0, 0))
    raw = dump.header.ContextRecord[offset : offset + size]
    value = int.from_bytes(raw, "little")
    return value if value >> (8 * size - 1) & 1 and size else Absent("the header holds no kernel's stack pointer")
