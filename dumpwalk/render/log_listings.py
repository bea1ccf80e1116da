"""What listings of extensions in a pasted text show, in a few words."""

from __future__ import annotations

from dumpwalk.remarks import Absent
from dumpwalk.render.text import counted, plain
from dumpwalk.transcript.values import UNREADABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


_LONGEST = 60  # characters of a command line


def _locks(found: Any) -> str:
    said = [counted(len(found.resources), "resource")] if found.resources else []
    locked = sum(section.locked for section in found.critical_sections)
    if found.critical_sections:
        said.append(f"{counted(len(found.critical_sections), 'critical section')}, {locked} of them locked")
    return ", ".join(said)


def _irp(found: Any) -> str:
    irp, state = found.irp, found.state
    current = next((location for location in irp.locations if location.current), None)
    if current is None:
        return state or counted(len(irp.locations), "stack location")
    number = current.MajorFunction
    function = current.major or (f"function {number:x}" if not isinstance(number, Absent) else "")
    driver = "????" if isinstance(current.driver, Absent) else current.driver or "no driver"
    return f"{state}, {function} at {driver}".lstrip(", ")


def _device(found: Any) -> str:
    device, driver = found.device, _word(found.device.driver)
    return f"{plain(device.address)} {_word(device.name)}".rstrip() + (f" of {driver}" if driver else "")


def _driver(found: Any) -> str:
    at = found.driver.address
    return " ".join(filter(None, ("" if isinstance(at, Absent) else plain(at), _word(found.driver.name))))


def _word(text: str | Absent | None) -> str:
    """Return a name; nothing for one that the text does not show."""
    return "????" if text == UNREADABLE else "" if isinstance(text, Absent) else text or ""


def _stack(found: Any) -> str:
    return " above ".join(str(device.driver) for device in found.stack.devices if not isinstance(device.driver, Absent))


def _objects(found: Any) -> str:
    named = [f"{_word(o.type_name) or 'no object'} {_word(o.name)}".rstrip() for o in found.objects[:3]]
    more = len(found.objects) - 3
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")


def _handles(found: Any) -> str:
    return counted(len(found.table.handles) + len(found.user), "handle")


def _pool(found: Any) -> str:
    blocks = found.pool.blocks if found.pool is not None else found.blocks
    marked = next((block for block in blocks if block.holds), None)
    if marked is not None:
        state = "allocated" if marked.allocated else "free"
        return f"{marked.tag.strip()} at {plain(marked.address)}, {int(marked.size):#x} bytes, {state}"
    return counted(len(blocks), "block") if blocks else counted(len(found.used), "tag")


def _area(found: Any) -> str:
    named = [f"{plain(a.area.address)} {a.words or _word(a.area.file_name)}".rstrip() for a in found.areas[:3]]
    return ", ".join(named) + (f" and {len(found.areas) - 3} more" if len(found.areas) > 3 else "")


def _entries(found: Any) -> str:
    at = f"of {plain(found.page.address)}" if found.page.address is not None else ""
    return f"{counted(len(found.page.entries), 'entry').replace('entrys', 'entries')} {at}".rstrip()


def _winde(found: Any) -> str:
    count = counted(len(found.threads), "thread") if found.threads else counted(len(found.processes), "row")
    return f"{found.title}: {count}" if found.title else count


def _report(found: Any) -> str:
    rows = ", ".join(text for name, text in found.rows if name in ("Machine", "Windows", "PROCESS", "THREAD"))
    return "; ".join(filter(None, (found.verdict, rows, ", ".join(found.headings))))


SUMMARIES: dict[str, Callable[[Any], str]] = {
    "Locks": _locks,
    "ListedIrp": _irp,
    "ListedDevice": _device,
    "ListedDeviceStack": _stack,
    "ListedDriver": _driver,
    "NodeList": lambda n: counted(len(n.nodes), "device node"),
    "ObjectList": _objects,
    "HandleList": _handles,
    "TriageReport": _report,
    "HandleTrace": lambda t: counted(len(t.operations), "operation"),
    "PoolListing": _pool,
    "ControlAreaListing": _area,
    "EntryListing": _entries,
    "MemoryUse": lambda m: counted(len(m.counts) + len(m.control_areas), "count"),
    "ListedInterruptTable": lambda i: counted(len(i.table.entries), "vector"),
    "ListedProcessor": lambda p: f"processor {p.control.processor} at {plain(p.control.address)}",
    "VadListing": lambda v: (
        plain(v.detail.vad.address) if v.detail else counted(len(v.tree.vads) if v.tree else 0, "VAD")
    ),
    "ListedPfn": lambda p: f"page {int(p.pfn.number):x} {p.pfn.state or ''}".rstrip(),
    "Exploitability": lambda e: e.classification,
    "ApcListing": lambda a: (
        f"{counted(len(a.processes), 'process').replace('processs', 'processes')}, {counted(len(a.every_apc), 'APC')}"
    ),
    "Table": lambda t: counted(len(t.rows), "row"),
    "PointerListing": lambda p: counted(len(p.rows), "word"),
    "ManagedObject": lambda m: f"{m.type}: {counted(len(m.fields), 'field')}".lstrip(": "),
    "ProcessTree": lambda t: f"{len(t.processes)} processes",
    "UniqueStacks": lambda u: counted(len(u.stacks), "stack"),
    "WindeListing": _winde,
    "Deadlock": lambda d: f"{d.lock_count} locks in {d.thread_count} threads",
    "QueuedLocks": lambda q: counted(len(q.locks), "lock"),
    "WorkQueue": lambda w: w.name,
    "VerifierListing": lambda v: counted(len(v.allocations), "allocation"),
    "PowerAction": lambda p: counted(len(p.irps), "IRP"),
    "PciConfiguration": lambda p: counted(len(p.fields), "register"),
    "ImageHeaders": lambda i: counted(len(i.fields), "field"),
    "DwarfTree": lambda d: f"{len(d.entries)} entries",
    "ExceptionChain": lambda e: counted(len(e.handlers), "handler"),
    "BreakpointList": lambda b: counted(len(b.breakpoints), "breakpoint"),
    "Trace": lambda t: counted(len(t.rows), "row"),
    "RingLog": lambda r: f"{len(r.entries)} entries",
    "DeviceRegisters": lambda d: f"{d.structure} at {plain(d.address)}",
    "ErrorReport": lambda e: dict(e.fields).get("EventType", ""),
    "ImportList": lambda i: counted(len(i.imports), "import"),
    "UsbListing": lambda u: counted(sum(len(s.rows) + len(s.events) for s in u.sections), "row"),
    "RegionList": lambda r: counted(len(r.regions), "region"),
    "PolicyListing": lambda p: counted(len(p.rules), "rule"),
    "SystemData": lambda s: counted(len(s.nodes), "node"),
    "ReadyQueues": lambda r: counted(sum(len(q.threads) for q in r.queues), "thread"),
    "TimeTravel": lambda t: t.position,
    "FailureData": lambda f: counted(len(f.tags), "tag"),
    "MexThread": lambda t: f"{t.process} {t.thread_id:x} {t.state}".strip(),
    "ManagedModules": lambda m: counted(len(m.modules), "module"),
    "ManagedException": lambda e: e.type,
    "ProcessorList": lambda p: counted(len(p.processors), "processor"),
    "SmtSummary": lambda s: counted(len(s.processors), "processor"),
    "TimerListing": lambda t: counted(sum(len(table.timers) for table in t.tables), "timer"),
    "DpcListing": lambda d: counted(len(d.dpcs), "DPC"),
    "SystemPtes": lambda s: counted(len(s.ranges) + len(s.mappings), "range"),
    "RegisterMask": lambda r: f"{int(r.mask):x}",
    "ModelRegister": lambda m: f"{m.register} = {m.value}",
    "DiskSpace": lambda d: d.volume,
    "BlockedThreads": lambda b: counted(len(b.threads), "thread"),
    "VerifierStop": lambda v: f"{int(v.code):x} {v.text}",
    "ShellCommand": lambda s: s.command if len(s.command) <= _LONGEST else f"{s.command[:_LONGEST]}...",
    "RequestList": lambda r: counted(len(r.requests), "request"),
}
