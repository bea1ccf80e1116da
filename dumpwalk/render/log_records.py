"""What a block of a pasted text shows: its record in a few words, and in a few lines."""

from __future__ import annotations

from dumpwalk.bugchecks import BugCheck
from dumpwalk.kernel.thread_states import state_word
from dumpwalk.remarks import Absent
from dumpwalk.render.bugcheck import heading
from dumpwalk.render.log_listings import SUMMARIES as LISTINGS
from dumpwalk.render.log_printed_threads import waited_for
from dumpwalk.render.text import counted, plain
from dumpwalk.transcript.values import NOT_SHOWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from dumpwalk.transcript.frame import Frame
    from dumpwalk.transcript.site import Site

_MOST_FRAMES = 64


def summary(record: Any) -> str:
    """Return a record in a few words; ``""`` for one that nothing is known to say of."""
    function = _SUMMARIES.get(type(record).__name__)
    return function(record) if function else ""


def lines_of(record: Any) -> list[str]:
    """Return a record in lines: the frames of a stack, the place of registers; ``[]`` where the summary says enough."""
    function = _LINES.get(type(record).__name__)
    return function(record) if function else []


def place(site: Site) -> str:
    """Return a place in code as the debugger prints it."""
    name = f"{site.module}!{site.symbol}" if site.module and site.symbol else site.module or site.symbol
    if not name:
        name = plain(site.address) if site.address is not None else ", ".join(site.notes)
    offset = f"+{site.offset}" if site.offset is not None else ""
    source = f" [{site.source} @ {site.line}]" if site.source else ""
    return f"{name}{offset}{source}"


def _frame(position: int, frame: Frame) -> str:
    number = frame.number if frame.number is not None else position
    inline = " (inline)" if frame.inline else ""
    trap = f" (trap frame {plain(frame.place.trap_frame)})" if frame.place.trap_frame is not None else ""
    return f"{number:02x} {place(frame.place)}{inline}{trap}"


def _stack_lines(stack: Any) -> list[str]:
    lines = [_frame(n, frame) for n, frame in enumerate(stack.frames[:_MOST_FRAMES])]
    more = len(stack.frames) - _MOST_FRAMES
    return [*lines, f"(and {counted(more, 'frame')} more)"] if more > 0 else lines


def _stack(stack: Any) -> str:
    system = "" if stack.system == "windows" else f", {stack.system}"
    thread = f" of thread {stack.thread.thread_id:x}" if stack.thread else ""
    return f"{counted(len(stack.frames), 'frame')}{thread}{system}"


def _thread(found: Any) -> str:
    own = found.details.thread
    state = "????" if isinstance(own.State, Absent) and own.State is not NOT_SHOWN else state_word(own.State or "")
    reason = f" ({own.WaitReason})" if own.WaitReason else ""
    frames = f", {counted(len(found.stack.frames), 'frame')}" if found.stack is not None else ""
    process, thread = (plain(i) for i in (own.Cid.UniqueProcess, own.Cid.UniqueThread))
    return f"{plain(own.address)} {process}.{thread} {state}{reason}{frames}"


def _thread_lines(found: Any) -> list[str]:
    details = found.details
    own = details.thread
    lines = [f"process {plain(own.Process)} {details.process_name or ''}".rstrip()] if own.Process else []
    if own.attached:
        lines.append(f"attached to {plain(own.ApcStateProcess)} {details.attached_name or ''}".rstrip())
    words = found.wait_words or [""] * len(details.waits)
    lines += [f"waits for {plain(w.address)} {waited_for(w, said)}".rstrip() for w, said in zip(details.waits, words)]
    lines += [f"IRP {plain(irp.address)}" for irp in details.irps]
    return lines + (_stack_lines(found.stack) if found.stack is not None else [])


def _processes(found: Any) -> str:
    named = ", ".join(p.image for p in found.processes[:4] if p.image)
    more = ", ..." if len(found.processes) > 4 else ""
    return f"{counted(len(found.processes), 'process').replace('processs', 'processes')}: {named}{more}"


def _structures(found: Any) -> str:
    names = [f"{v.type} {v.value}" for v in found.values[:3]]
    for listing in found.listings[:3]:
        module = f"{listing.module}!" if listing.module else ""
        at = f" at {listing.address:x}" if listing.address is not None else ""
        names.append(f"{module}{listing.type or 'structure'}{at} ({counted(len(listing.rows), 'row')})")
    more = len(found.listings) - 3
    return ", ".join(names) + (f" and {more} more" if more > 0 else "")


def _analysis(found: Any) -> str:
    return heading(found.bugcheck) if found.bugcheck is not None else counted(len(found.items), "key")


def _analysis_lines(found: Any) -> list[str]:
    wanted = ("PROCESS_NAME", "IMAGE_NAME", "SYMBOL_NAME", "FAILURE_BUCKET_ID")
    lines = [f"{item.key}: {item.values[0]}" for item in found.items if item.key in wanted and item.values]
    for registers in found.registers:
        lines += _register_lines(registers)
    for stack in found.stacks:
        lines += _stack_lines(stack)
    return lines


def _bugcheck(found: BugCheck) -> str:
    given = [f"{p.value:x}" for p in found.parameters if not isinstance(p.value, Absent)]
    return f"{heading(found)} {' '.join(given)}".rstrip()


def _register_lines(found: Any) -> list[str]:
    lines = [place(found.place)] if found.place is not None else []
    if found.instruction is not None:
        effective = f"  {found.instruction.effective}" if found.instruction.effective else ""
        lines.append(f"{plain(found.instruction.address)} {found.instruction.text}{effective}")
    return lines


def _exception(found: Any) -> str:
    where = f" at {place(found.place)}" if found.place is not None else f" at {plain(found.record.ExceptionAddress)}"
    return f"{found.record.ExceptionCode:08x} {found.description}".rstrip() + where


def _memory(found: Any) -> str:
    size = sum(max(len(row.values) * row.unit, len(row.text) * (not row.values)) for row in found.rows)
    return f"{counted(len(found.rows), 'row')} from {plain(found.rows[0].address)}, {size:#x} bytes"


def _modules(found: Any) -> str:
    names = [*(m.module.name for m in found.list.modules), *(m.name for m in found.list.unloaded), *found.names]
    return f"{counted(len(names), 'module')}: {', '.join(names[:4])}" + (", ..." if len(names) > 4 else "")


def _code(found: Any) -> str:
    first = next((block.label for block in found.blocks if block.label is not None), None)
    count = sum(len(block.instructions) for block in found.blocks)
    return counted(count, "instruction") + (f" of {place(first)}" if first is not None else "")


_SUMMARIES: dict[str, Callable[[Any], str]] = {
    "Stack": _stack,
    "Structures": _structures,
    "Analysis": _analysis,
    "BugCheck": _bugcheck,
    "Registers": lambda r: counted(len(r.registers), "register"),
    "ListedException": _exception,
    "MemoryListing": _memory,
    "ListedThread": _thread,
    "ProcessList": _processes,
    "Event": lambda e: f"{e.text} ({e.code:08x})" if e.code is not None else e.text,
    "Mappings": lambda m: counted(len(m.mappings), "mapping"),
    "Evaluation": lambda e: f"{e.value} = {e.bits}",
    "Output": lambda o: counted(len(o.fields), "field"),
    "Version": lambda v: v.system,
    "SymbolList": lambda s: counted(len(s.symbols), "symbol"),
    "Variables": lambda v: counted(len(v.variables), "variable"),
    "DxTree": lambda d: counted(len(d.rows) + len(d.cells), "row"),
    "ModuleListing": _modules,
    "Code": _code,
    **LISTINGS,
}
_LINES: dict[str, Callable[[Any], list[str]]] = {
    "Stack": _stack_lines,
    "ListedThread": _thread_lines,
    "Analysis": _analysis_lines,
    "Registers": _register_lines,
}
