"""The lines of listings that no command here prints: locks, device nodes, memory use, words and what they lead to."""

from __future__ import annotations

from dumpwalk.record import replace
from dumpwalk.render.log_printed_frames import number, site
from dumpwalk.render.text import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Runs = Iterator[list[list[str]]]


def _lines(texts: Any) -> Runs:
    for text in texts:
        yield [[text]]


def _locks(found: Any) -> Runs:
    yield from _lines(found.remarks)
    for one in found.resources:
        yield from _resource(one)
    for section in found.critical_sections:
        forms = [f"{section.address:{form}}" for form in ("016x", "08x", "x")]
        yield [[f"CritSec {section.name or f'+{at[-8:]}'} at {at} {section.remark}"] for at in forms]
        for label, text in section.fields:
            yield [[f"{label} {text}"]]
        if section.OwningThread is not None:
            yield [[f"OwningThread {section.OwningThread:x}"]]
        if section.locked:
            yield [["*** Locked"]]
    yield from _lines(found.remarks)


def _resource(found: Any) -> Runs:
    remarks = ["", *(f" // {text}" for text in found.remarks)]
    places = [f"{found.name} (0x{plain(found.address)})"] if found.name else []
    places += [f"0x{plain(found.address)}", plain(found.address)]
    yield [[f"Resource @ {place} {found.state}{remark}"] for place in places for remark in remarks]
    if found.ActiveCount is not None:
        yield [[f"ActiveCount = {found.ActiveCount:04x} Flags = {' '.join(found.flags)}"]]
    counts = {
        "Contention Count": found.ContentionCount,
        "NumberOfSharedWaiters": found.NumberOfSharedWaiters,
        "NumberOfExclusiveWaiters": found.NumberOfExclusiveWaiters,
    }
    for label, count in counts.items():
        if count is not None:
            yield [[f"{label} = {count:{form}}{remark}"] for form in ("", "04") for remark in remarks]
    for holder in found.holders:
        yield [[f"Thread = {plain(holder.thread)}, Count = {holder.count:02}{remark}"] for remark in remarks]
    holders = [_holder(holder) for holder in found.holders]
    yield [[f"Threads: {rows[0]}", *rows[1:]] for rows in (_rows(holders, width) for width in (4, 3, 2, 1)) if rows]
    for words, waiters in (("Shared", found.shared_waiters), ("Exclusive", found.exclusive_waiters)):
        head, at = f"Threads Waiting On {words} Access:", [plain(waiter) for waiter in waiters]
        grouped = [_rows(at, width) for width in (4, 3, 2, 1)] if at else []
        yield [[f"{head} {rows[0]}", *rows[1:]] for rows in grouped] + [[head, *rows] for rows in grouped]


def _rows(words: list[str], width: int, between: str = " ") -> list[str]:
    return [between.join(words[at : at + width]) for at in range(0, len(words), width)]


def _holder(found: Any) -> str:
    actual = f" *** Actual Thread {plain(found.actual)}" if found.actual is not None else ""
    return f"{plain(found.thread)}-{found.count:02}{'<*>' if found.owner else ''}{actual}"


def _nodes(found: Any) -> Runs:
    if found.IopRootDeviceNode is not None:
        yield [[f"Dumping IopRootDeviceNode (= 0x{plain(found.IopRootDeviceNode)})"]]
    for node in found.nodes:
        yield from _node(node)
    yield from _resources(found.resources)


def _node(found: Any) -> Runs:
    own, values = found.node, found.values
    head = f"DevNode 0x{plain(own.address)} for PDO 0x{plain(found.PhysicalDeviceObject)}"
    levels = [""] if found.level is None else [f" at level {found.level:#x}", f" at level {found.level:x}"]
    yield [[f"{head}{level}"] for level in levels]
    digits = len(plain(own.address))
    beside = [_pointer(values.get(name), digits) for name in ("Parent", "Sibling", "Child")]
    yield [["  ".join(f"{name} {at}" for name, at in zip(("Parent", "Sibling", "Child"), beside))]]
    bus = (number(values.get(name, 0), "#x") for name in ("InterfaceType", "Bus Number"))
    yield [[" ".join(f"{name} {value}" for name, value in zip(("InterfaceType", "Bus Number"), bus))]]
    for label, text in (("InstancePath", own.InstancePath), ("ServiceName", own.ServiceName), *found.filters.items()):
        yield [[f'{label} is "{text}"']]
    links = [_pointer(values.get(f"TargetDeviceNotify.{name}"), digits) for name in ("Flink", "Blink")]
    yield [[f"TargetDeviceNotify List - f {links[0]} b {links[1]}"]]
    if found.State is not None:
        yield [[f"State = {own.state} ({found.State:#x})"]]
    for label, state in found.states:
        yield [[f"{label} = {state}"]]
    for label, bits, names in found.flags:
        for width in (1, 2, 3, 4):
            rows = [*(f"{row}," for row in _rows(list(names), width, ", "))]
            yield [[f"{label} (0x{bits:08x}) {''.join(rows[:1])}", *rows[1:-1], *(row[:-1] for row in rows[-1:])]]
    yield from _lines(found.remarks)
    yield from _resources(found.resources)


def _pointer(value: Any, digits: int) -> str:
    return "0000000000" if not value else f"0x{int(value):0{digits}x}"


def _resources(found: Any) -> Runs:
    for one in found:
        yield [[f"{one.name} at 0x{plain(one.address)}{colon}{one.where}"] for colon in (" : ", " ", ": ")]
        yield from _lines(one.remarks)
        for descriptor in one.descriptors:
            yield [[f"{descriptor.place} {descriptor.number} - {descriptor.what}"]]
            yield from _lines(descriptor.details)


def _memory(found: Any) -> Runs:
    for remark in found.remarks:
        yield [[remark]]
    for file in found.page_files:
        yield [[f"Page File: {file.name}"], ["No Name for Paging File"]]
        sizes = list(file.sizes.items())
        for (one, size), (other, more) in zip(sizes[::2], sizes[1::2]):
            yield [[f"{one}: {size}{kb} {other}: {more}{kb}"] for kb in ("Kb", " Kb")]
    numbers = dict(found.sessions)
    for count in found.counts:
        if count.session in numbers:
            yield [[f"Session ID {count.session} @ {plain(numbers.pop(count.session))}:"]]
        if count.pages is None:
            yield [[f"{count.name}: {count.kilobytes} Kb"], [f"{count.name}: {count.kilobytes}Kb"]]
            continue
        for size in (f"{count.kilobytes} Kb", f"{count.kilobytes} Mb"):
            yield [[f"{count.name}: {count.pages} ({gap}{size})"] for gap in (" ", "")]
    yield [["Control Valid Standby Dirty Shared Locked PageTables name"]]
    for area in found.control_areas:
        at = "--------" if area.address is None else plain(area.address)
        yield [[f"{at} {' '.join(map(str, area.kilobytes))} {area.name}"]]
    yield [["Pid ImageName Commit SharedCommit Debt"]]
    for one in found.processes:
        yield [[f"{one.process_id:x} {one.image} {one.commit} Kb {one.shared_commit} Kb {one.debt} Kb"]]


def _pointers(found: Any) -> Runs:
    for row in found.rows:
        at, value = (f"0x{int(part):016x}" for part in (row.address, row.value))
        if row.chain:
            offset = "" if row.offset is None else f"{row.offset:04x}"
            yield [[f"{at}|+0x{offset}: {' -> '.join(row.chain)}"]]
            continue
        said = f'!{row.command} "{row.text}"' if row.command else site(row.place) if row.place is not None else ""
        yield [[f"{at} : {value} : {said}"]]
    if found.expression:
        yield [[f"@$telescope({found.expression})"]]


def _tree(found: Any) -> Runs:
    yield [[found.title]]
    for one in found.processes:
        service = f" ({one.service})" if one.service else ""
        yield [[f"{one.process_id} {plain(one.address)} {one.image}{service}"]]


def _version(found: Any) -> Runs:
    yield [[found.system]]
    for label, text in found.fields:
        yield [[f"{label}{gap}{text}"] for gap in (": ", " = ", " : ", " ", ":")]


def _symbols(found: Any) -> Runs:
    for one in found.symbols:
        at = "" if one.address is None else plain(one.address)
        words = " ".join(word for word in (one.visibility, one.kind, one.type) if word)
        size = "" if one.size is None else f" {one.size:x}"
        value = f" = {one.value}" if one.value else ""
        bare, taken = replace(one.place, parameters=""), one.place.parameters
        for name in (site(one.place), *([f"{site(bare)} {taken}"] if taken else [])):
            yield [
                [f"{at} {name}{value}"],
                [f"{at} {words} {name}{value}"],
                [f"{at} {one.visibility} {one.kind}{size} {name}"],
                [f"({at}) {name}"],
            ]
    yield [[f"({site(place)})"] for place in found.exact] or []
    for text in found.remarks:
        yield [[text], [f"({text})"]]


def _blocked(found: Any) -> Runs:
    for heads in ("Proc.Thread .Thread ThreadState Blocker", "Proc.Thread .Thread Ticks ThreadState Blocker"):
        yield [[heads]]
    images: list[str] = []
    for one in found.threads:
        if one.process not in images:
            images.append(one.process)
            at = f"{plain(one.process_address)} " if one.process_address else ""
            yield [[f"[{at}{one.process}]"]]
        ids, ticks = f"{one.process_id:x}.{one.thread_id:06x}", "" if one.ticks is None else f"{one.ticks:07x} "
        frames = [site(place) for place in one.frames] or [""]
        yield [[f"{ids} {plain(one.address)} {ticks}{one.state} {frames[0]}", *frames[1:]]]
    if found.processed is not None:
        yield [[f"Threads Processed: {found.processed}"]]


def _running(found: Any) -> Runs:
    for label, mask in (("System", found.active), ("Idle", found.idle)):
        if mask is not None:
            yield [
                [f"{label} Processors: ({mask:016x})"],
                [f"{label} Processors {mask:x} (affinity mask)"],
                [f"{label} Processors {mask:x}"],
            ]
    yield [["Prcbs Current (pri) Next (pri) Idle"], ["Prcb Current Next"], ["Prcbs Current Next"]]
    for one in found.processors:
        parts = [str(int(one.number)), plain(one.prcb), plain(one.CurrentThread)]
        parts += [] if one.priority is None else [f"({one.priority:2})".replace("( ", "( ")]
        if one.NextThread is not None:
            parts += [plain(one.NextThread)] + ([] if one.next_priority is None else [f"({one.next_priority:2})"])
        parts += [] if one.IdleThread is None else [plain(one.IdleThread)]
        yield [[" ".join([*parts, one.locks])]]
    for text in found.remarks:
        yield [[text]]


def _ready(found: Any) -> Runs:
    for queue in found.queues:
        yield [[f"Processor {queue.processor}: Ready Threads at priority {queue.priority}"]]
        for one in queue.threads:
            head = f"THREAD {plain(one.address)} Cid {one.process_id:04x}.{one.thread_id:04x} Teb: {plain(one.teb)}"
            behind = "" if one.processor is None else f" on processor {one.processor:x}"
            yield [[f"{head} Win32Thread: {plain(one.win32_thread)} {one.state}{behind}"]]


def _maps(found: Any) -> Runs:
    for one in found.mappings:
        for width in (8, 12, 16):
            place = f"{int(one.start):0{width}x}-{int(one.end):0{width}x}"
            yield [[f"{place} {one.permissions} {one.offset:08x} {one.device} {one.inode} {one.path}"]]


TABLES: dict[str, Callable[[Any], Runs]] = {
    "Locks": _locks,
    "MemoryUse": _memory,
    "NodeList": _nodes,
    "PointerListing": _pointers,
    "ProcessTree": _tree,
    "Version": _version,
    "SymbolList": _symbols,
    "BlockedThreads": _blocked,
    "Running": _running,
    "ReadyQueues": _ready,
    "Mappings": _maps,
}
