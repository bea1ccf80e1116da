"""The triage report as text: what crashed first, the lists last."""

from __future__ import annotations

from dumpwalk.bugchecks.ntstatus import nt_status
from dumpwalk.kernel.exception import STATUS_BREAKPOINT
from dumpwalk.remarks import Absent
from dumpwalk.render.bugcheck import layout as bugcheck_layout
from dumpwalk.render.bugcheck import wrap
from dumpwalk.render.process import process_lines, thread_lines
from dumpwalk.render.registers import registers
from dumpwalk.render.text import counted, indent, printable
from dumpwalk.render.thread import frame_site
from dumpwalk.times import interval
from dumpwalk.unwind.frames import SCAN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.kernel.exception import ExceptionRecord
    from dumpwalk.symbols.modules import Module
    from dumpwalk.triage import Report


# As `.exr` words them.
_ACCESSES = {"read": "read from", "write": "write to", "execute": "execute non-executable"}
# Machines with addresses of 32 bits.
_NARROW = ("x86", "ARM")


def layout(report: Report) -> str:
    """Return *report* as text: paragraphs under WinDbg's own headings."""
    paragraphs = [printable(f"{report.file}: {report.verdict}"), *filter(None, _paragraphs(report))]
    return "\n\n".join(paragraphs)


def _paragraphs(report: Report) -> Iterator[str]:
    if report.bugcheck.code:
        yield bugcheck_layout(report.bugcheck, 4 if report.architecture in _NARROW else 8)
    yield _machine(report)
    yield _faulting(report)
    yield _exception(report)
    yield _context(report)
    yield _trap_frame(report)
    yield _thread(report)
    yield _running(report)
    yield _stack(report)
    yield _listed("NOT IN THIS DUMP", report.missing)
    yield _listed("PROBLEMS", [str(p) for p in report.problems])
    yield _modules(report)
    yield _unloaded(report)
    yield _secondary(report)


def _machine(report: Report) -> str:
    lab = f" ({report.build_lab})" if report.build_lab else ""
    product = f", {report.product_type}" if report.product_type else ""
    uptime = report.uptime_seconds
    up = f", up {interval(round(uptime * 1e7))}" if not isinstance(uptime, Absent) else f", uptime {uptime}"
    processors = counted(report.processors, "processor") if report.processors else "unknown number of processors"
    rows = [
        ("Machine", f"{report.architecture}, {processors}"),
        ("Windows", f"build {report.build or 'unknown'}{lab}{product}"),
        ("Time", f"{report.system_time}{up}"),
        ("Dump", f"{report.dump_type}, {report.format}"),
        ("Types", report.sources["types"]),
    ]
    lines = [f"{head:8} {printable(text)}" for head, text in rows]
    if "found" in report.sources:
        lines += wrap(printable(report.sources["found"]), indent=" " * 9, first=f"{'Found':8} ")
    return "\n".join(lines)


def _faulting(report: Report) -> str:
    faulting = report.faulting
    rows = []
    if not isinstance(faulting.instruction_address, Absent):
        site = f" ({faulting.module}+{faulting.offset})" if faulting.module else " (in no loaded module)"
        rows.append(("FAULTING_IP", f"{faulting.instruction_address}{site}"))
    if not isinstance(faulting.address, Absent):
        rows.append(("REFERENCED_ADDRESS", str(faulting.address)))
    module = next((m for m in report.modules if m.name == faulting.module), None)
    if module is not None:
        rows += [("MODULE_NAME", module.name), ("IMAGE_NAME", module.image), ("SYMBOL_KEY", module.symbol_key)]
        pdb = next((p for p in report.pdbs if p.module == module.name), None)
        rows += [("PDB_KEY", pdb.symbol_key)] if pdb else []
    return "\n".join(f"{head + ':':20} {printable(text)}" for head, text in rows)


def _exception(report: Report) -> str:
    exception = report.exception
    if isinstance(exception, Absent):
        return f"EXCEPTION_RECORD: {exception}" if report.bugcheck.code else ""
    if exception.ExceptionCode == STATUS_BREAKPOINT and exception.source == "dump header" and report.bugcheck.code:
        return ""  # the breakpoint of the bug check itself: says nothing
    return f"EXCEPTION_RECORD ({exception.source}):\n{exception_record(exception, report.modules)}"


def exception_record(exception: ExceptionRecord, modules: tuple[Module, ...] = ()) -> str:
    """Return *exception* in the layout of WinDbg's ``.exr``."""
    at = exception.ExceptionAddress
    module = next((m for m in modules if m.base <= at < m.end), None)
    site = f" ({module.name}+{at - module.base:#x})" if module else ""
    lines = [
        f"ExceptionAddress: {at}{printable(site)}",
        f"   ExceptionCode: {nt_status(exception.ExceptionCode) or f'{exception.ExceptionCode:08x}, not a known code'}",
        f"  ExceptionFlags: {exception.ExceptionFlags:08x}",
        f"NumberParameters: {exception.NumberParameters}",
    ]
    width = len(str(at).replace("`", ""))
    lines += [f"   Parameter[{n}]: {value:0{width}x}" for n, value in enumerate(exception.ExceptionInformation)]
    if exception.access:
        kind, address = exception.access
        where = "an address that the processor did not give" if address is None else f"address {address:0{width}x}"
        words = _ACCESSES.get(kind, kind) if address is not None or kind != "execute" else kind
        lines.append(f"Attempt to {words} {where}")
    return "\n".join(lines)


def _context(report: Report) -> str:
    context = report.context
    if isinstance(context, Absent):
        return f"CONTEXT: {context}"
    return f"CONTEXT ({context.source}):\n{registers(context)}"


def _trap_frame(report: Report) -> str:
    trap = report.trap_frame
    if isinstance(trap, Absent):
        return ""
    mode = "user mode" if trap.user else "the kernel"
    registers = " ".join(f"{name.lower()}={value}" for name, value in trap.registers.items())
    return (
        f"TRAP_FRAME: {trap.address} ({trap.source}), from {mode}\n"
        f"pc={trap.pc} sp={trap.sp} ErrCode={trap.ErrorCode} efl={trap.EFlags:08x}\n{registers}"
    )


def _thread(report: Report) -> str:
    thread, process = report.thread, report.process
    lines = [f"PROCESS {process}"] if isinstance(process, Absent) else process_lines(process)
    lines += [f"THREAD {thread}"] if isinstance(thread, Absent) else thread_lines(thread)
    return "\n".join(printable(line) for line in lines)


def _running(report: Report) -> str:
    """Return the processors that were not idle; the crashing one is among them."""
    known = [r for r in report.running if not isinstance(r.thread, Absent)]
    busy = [r for r in known if r.idle is not True]
    if len(known) < 2:
        return ""
    unknown = len(report.running) - len(known)
    others = f"{len(known) - len(busy)} were idle{f', {unknown} are not in the dump' if unknown else ''}"
    lines = [f"RUNNING ({len(busy)} of {len(report.running)} processors; {others}):"]
    lines += [printable(f"{r.processor!s:>3}  thread {r.thread}  {r.instruction} {r.site}") for r in busy]
    return "\n".join(lines)


def _stack(report: Report) -> str:
    if not report.stack:
        return ""
    scanned = any(frame.trust == SCAN for frame in report.stack)
    head = "STACK_TEXT:"
    if scanned:
        head += (
            " (candidates: values on the stack that can be return addresses. The true frames are\n"
            "among them, in this order; others are left over from calls that have returned.)"
        )
    width = len(str(report.stack[0].child_sp))
    lines = [head, f" # {'Child-SP':{width}} {'Instruction':{width}} Call Site"]
    lines += [f"{f.number:02x} {f.child_sp} {f.instruction} {frame_site(f)}" for f in report.stack]
    return "\n".join(lines)


def _listed(heading: str, lines: tuple[str, ...] | list[str]) -> str:
    return "\n".join([f"{heading}:", *(indent(printable(line)) for line in lines)]) if lines else ""


def _modules(report: Report) -> str:
    if not report.modules:
        return ""
    width = len(str(report.modules[0].base))
    lines = [f"MODULES ({len(report.modules)}, in load order):", f"{'start':{width}} {'end':{width}} name; symbol key"]
    for m in report.modules:
        lines.append(f"{m.base} {type(m.base)(m.end)} {printable(m.name):<16} {printable(m.symbol_key)}")
    return "\n".join(lines)


def _unloaded(report: Report) -> str:
    lines = [
        printable(f"{m.start} {m.end} {m.name}{' (name may be cut)' if m.truncated else ''}")
        for m in report.unloaded_modules
    ]
    return "\n".join([f"UNLOADED MODULES ({len(lines)}):", *lines]) if lines else ""


def _secondary(report: Report) -> str:
    lines = [printable(f"{b.guid} {b.size:>8x} {b.owner}") for b in report.secondary_data]
    return "\n".join([f"SECONDARY DATA ({counted(len(lines), 'blob')}):", *lines]) if lines else ""
