"""Drivers as ``!drvobj`` lays them out, and what a minifilter registers for.

The tabs before names are the debugger's. Of the parts that flag 4 adds, and of the fast I/O functions, no listing was
at hand; the titles are those that others quote.
"""

from __future__ import annotations

from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.render.device import stack_lines
from dumpwalk.render.io_numbers import name, pointer, word
from dumpwalk.render.remarks import remark_lines
from dumpwalk.render.text import counted, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dumpwalk.kernel.device_stack import DeviceStack
    from dumpwalk.kernel.driver import DriverObject
    from dumpwalk.kernel.flt_registration import FltRegistration
    from dumpwalk.kernel.routine import Routine

DEVICES, DISPATCH, STACKS = 1, 2, 4
# How many addresses of devices a line has, in characters.
_LINE = 72


@record
class _Shown:
    """What the remarks at the foot are about, by the names that JSON has for it."""

    driver: DriverObject
    stacks: tuple[DeviceStack, ...]


def driver_layout(found: DriverObject, flags: int = DEVICES, stacks: Sequence[DeviceStack] = ()) -> str:
    """Return a driver as text.

    :param flags: 1 for its devices, 2 for its functions, 4 for the stacks of its devices
    :param stacks: of its devices
    """
    lines = [f"Driver object ({pointer(found.address)}) is for:", f" {name(found.name)}"]
    if flags & DEVICES:
        lines.append("Driver Extension List: (id , addr)")
        lines += [f"({pointer(one.id)} {pointer(one.address)})  " for one in found.extensions]
        lines += ["", "Device Object list:", *_addresses(found.devices)]
    if flags & DISPATCH:
        lines += ["", *_functions(found)] if flags & DEVICES else _functions(found)
    if flags & STACKS:
        lines += ["", "Device Object stacks:"]
        for stack in stacks:
            lines += ["", f"!devstack {pointer(stack.asked)} :", *stack_lines(stack)]
        lines += ["", f"Processed {len(stacks)} device objects."]
    notes = [f"({printable(note)})" for note in found.notes] if flags & DISPATCH else []
    return "\n".join([*lines, *notes, *remark_lines(_Shown(found, tuple(stacks)))])


def _addresses(devices: Sequence[int]) -> list[str]:
    shown = [pointer(device) for device in devices]
    if not shown:
        return []
    each = max(1, _LINE // (len(shown[0]) + 2))
    return ["  ".join(shown[at : at + each]) for at in range(0, len(shown), each)]


def _function(routine: Routine | Absent) -> str:
    if isinstance(routine, Absent):
        return "????????"
    return f"{pointer(routine.address)}\t{printable(routine.name)}".rstrip("\t")


def _entry(routine: Routine | Absent) -> str:
    """Return an entry point of a driver, whose name the debugger writes without an offset."""
    return _function(routine).partition("+")[0]


def _functions(found: DriverObject) -> list[str]:
    lines = [
        f"DriverEntry:   {_entry(found.DriverInit)}",
        f"DriverStartIo: {_entry(found.DriverStartIo)}",
        f"DriverUnload:  {_entry(found.DriverUnload)}",
        f"AddDevice:     {_entry(found.AddDevice)}",
        "",
        "Dispatch routines:",
    ]
    lines += [f"[{entry.code:02x}] {entry.major:<35}{_function(entry.routine)}" for entry in found.dispatch]
    if found.fast_io:
        lines += ["", "Fast I/O routines:"]
        lines += [f"{one.member:<40}{_function(one.routine)}" for one in found.fast_io]
    return lines


def registration_layout(found: FltRegistration) -> str:
    """Return what a minifilter registers for as text: an entry a line, its callbacks below."""
    where = f" in {printable(found.module)}" if found.module else ""
    lines = [
        f"FLT_OPERATION_REGISTRATION at {pointer(found.address)}{where}: {counted(len(found.operations), 'operation')}"
    ]
    for operation in found.operations:
        flags = f"  {', '.join(operation.flag_names)}" if operation.flag_names else ""
        lines.append(
            f"[{operation.MajorFunction:02x}] {operation.major:<43} Flags {word(operation.Flags)}{flags}".rstrip()
        )
        lines.append(f"     PreOperation  {_function(operation.PreOperation)}")
        lines.append(f"     PostOperation {_function(operation.PostOperation)}")
    if found.terminated:
        lines.append("[80] IRP_MJ_OPERATION_END")
    return "\n".join([*lines, *remark_lines(found)])
