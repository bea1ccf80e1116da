"""A processor's control region and control block, as ``!pcr`` and ``!prcb`` lay them out.

The layouts are those of real listings and of Microsoft's documentation. On x64
WinDbg prints zeros for SelfPcr, Irql, IDT, GDT and TSS, as its documentation
warns; here they have the values that the region holds. What x64 has no field
for (IRR, IDR, InterruptMode) is zero here too.
"""

from __future__ import annotations

from dumpwalk.memory.address import Address
from dumpwalk.remarks import Absent
from dumpwalk.render.remarks import remark_lines
from dumpwalk.render.text import plain, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.dpc_queue import QueuedDpc
    from dumpwalk.kernel.pcr import ProcessorControlBlock, ProcessorControlRegion

_TIB = {
    "ExceptionList": "NtTib.ExceptionList",
    "StackBase": "NtTib.StackBase",
    "StackLimit": "NtTib.StackLimit",
    "SubSystemTib": "NtTib.SubSystemTib",
    "Version": "NtTib.Version",
    "ArbitraryUserPointer": "NtTib.UserPointer",
    "Self": "NtTib.SelfTib",
}
_STATE = ("SelfPcr", "Prcb", "Irql", "IRR", "IDR", "InterruptMode", "IDT", "GDT", "TSS")
_THREADS = ("CurrentThread", "NextThread", "IdleThread")
_LABEL = 19


def region_layout(region: ProcessorControlRegion) -> str:
    """Return a control region as ``!pcr`` prints it."""
    width = len(plain(region.address))

    def row(label: str, value: int | Absent | None) -> str:
        return f"\t{label:>{_LABEL}}: {plain(Address(0) if value is None else value, width)[-width:]}"

    lines = [
        f"KPCR for Processor {region.processor:x} at {plain(region.address)}:",
        f"    Major {_number(region.MajorVersion)} Minor {_number(region.MinorVersion)}",
        *(row(label, getattr(region.NtTib, name)) for name, label in _TIB.items()),
        "",
        *(row(name, getattr(region, name)) for name in _STATE),
        "",
        *(row(name, getattr(region, name)) for name in _THREADS),
        "",
        *_queue(region.DpcQueue, width),
        *remark_lines(region),
    ]
    return "\n".join(lines)


def _number(value: int | Absent) -> str:
    return "????" if isinstance(value, Absent) else str(value)


def _queue(queue: tuple[QueuedDpc, ...] | Absent, width: int) -> list[str]:
    label = f"\t{'DpcQueue':>{_LABEL - 1}}:"
    if isinstance(queue, Absent):
        return [f"{label}  ????"]
    rows = []
    for dpc in queue:
        which = f"[{dpc.queue}] " if dpc.queue else ""
        routine = "????" if isinstance(dpc.DeferredRoutine, Absent) else f"0x{plain(dpc.DeferredRoutine)}"
        rows.append(f"0x{plain(dpc.address)} {routine} {which}{printable(dpc.routine)}".rstrip())
    return [f"{label if not n else chr(9) + ' ' * _LABEL}  {row}" for n, row in enumerate(rows)] or [label]


def block_layout(block: ProcessorControlBlock) -> str:
    """Return a control block as ``!prcb`` prints it; with processor groups where the kernel has them."""

    def hexadecimal(value: int | Absent) -> str:
        return "????" if isinstance(value, Absent) else f"{value:08x}"

    lines = [f"PRCB for Processor {block.processor:x} at {plain(block.address)}:"]
    if block.DebuggerSavedIRQL is not None:
        lines.append(f"Current IRQL -- {_number(block.DebuggerSavedIRQL)}")
    threads = ((name, getattr(block, f"{name}Thread")) for name in ("Current", "Next", "Idle"))
    lines.append("Threads--  " + " ".join(f"{name} {plain(value)}" for name, value in threads))
    if block.Group is not None and block.GroupIndex is not None:
        group = f"({_number(block.Group)}, {_number(block.GroupIndex)})"
        member = plain(block.SetMember)
        lines.append(f"Processor Index {_number(block.Number)} Number {group} GroupSetMember {member}")
    else:
        lines.append(f"Number {_number(block.Number)} SetMember {hexadecimal(block.SetMember)}")
    lines += [
        f"Interrupt Count -- {hexadecimal(block.InterruptCount)}",
        f"Times -- Dpc    {hexadecimal(block.DpcTime)} Interrupt {hexadecimal(block.InterruptTime)}",
        f"         Kernel {hexadecimal(block.KernelTime)} User      {hexadecimal(block.UserTime)}",
        *remark_lines(block),
    ]
    return "\n".join(lines)
