"""The lines that debuggers print of their own objects, of traces and of managed code, of the records of such text."""

from __future__ import annotations

from dumpwalk.render.log_printed_frames import site
from dumpwalk.render.text import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Runs = Iterator[list[list[str]]]


def _tree(found: Any) -> Runs:
    errors = list(found.errors)
    for row in found.rows:
        place = "" if row.offset is None else f"[+0x{row.offset:03x}"
        if row.bits is not None:
            place += f" ({row.bits[1]:2}:{row.bits[0]:2})"
        head = f"{place}] {row.name}" if place else row.name
        type = f" [Type: {row.type}]" if row.type else ""
        yield [[f"{head} : {row.value}{type}"], [f"{head}{type}"], [f"{head} : {row.value}"], [f"{head} {row.value}"]]
    if found.columns:
        yield [[f"= {' = '.join(found.columns)} ="]]
    for cells in found.cells:
        yield [[f"= {' - '.join(cells)} ="]]
    yield from ([[text]] for text in errors)


def _operations(found: Any) -> Runs:
    if found.process is not None:
        yield [[f"Process 0x{plain(found.process)}"]]
    if found.ObjectTable is not None:
        yield [[f"ObjectTable 0x{plain(found.ObjectTable)}"]]
    for one in found.operations:
        said = f"0x{one.handle:x} - {one.operation}"
        yield [[f"Handle {said}:"], [f"Handle = {said}:"], [f"Handle {said}"], [f"Handle = {said}"]]
        if one.thread_id is not None:
            ids = one.thread_id, one.process_id or 0
            forms = [[f"0x{number:{form}}" for number in ids] for form in ("x", "08x", "016x")]
            yield [[f"Thread ID = {thread}, Process ID = {process}"] for thread, process in forms]
        for at, place in one.frames:
            yield [[f"0x{plain(at)}: {site(place)}"]]
    for text in found.remarks:
        yield [[text]]


def _regions(found: Any) -> Runs:
    for one in found.regions:
        yield [[f"Usage: {one.usage}"]]
        for label, address in (("Base Address", one.BaseAddress), ("End Address", one.EndAddress)):
            if address is not None:
                yield _labelled(label, plain(address))
        if one.RegionSize is not None:
            yield [form for width in (8, 16) for form in _labelled("Region Size", f"{one.RegionSize:0{width}x}")]
        for label in ("State", "Protect", "AllocationProtect", "Type"):
            value = getattr(one, label)
            if value is not None:
                yield _labelled(label.replace("nP", "n P"), f"{value.value:08x} {value.name}")
        for label, text in one.fields:
            yield [[f"{label}: {text}"]]


def _labelled(label: str, text: str) -> list[list[str]]:
    """Return a label and a value, with blanks in the label and without."""
    return [[f"{said}: {text}"] for said in (label, label.replace(" ", ""))]


def _stacks(found: Any) -> Runs:
    for one in found.stacks:
        word = "thread" if one.count == 1 else "threads"
        yield [[f"{one.count} {said} [stats]: {one.threads}"] for said in (word, "threads")]
        for frame in one.frames:
            remark = f" --> {frame.remark}" if frame.remark else ""
            at = plain(frame.address)
            yield [[f"{at} {place}{remark}"] for place in (site(frame.place), f"{frame.address:#x}")]
    for text in found.remarks:
        yield [[text]]


def _managed(found: Any) -> Runs:
    if found.address is not None:
        yield [[f"0x{plain(found.address)} {found.type}"]]
    yield [[found.remark]]
    yield [["[statics]"]]
    for one in found.fields:
        value = f" : {one.value}" if one.value else ""
        typed = f" ({one.type})" if one.type else ""
        length = "" if one.length is None else f" [Length: {one.length}]"
        yield [[f"{one.offset:04x} {one.name}{value}{typed}{length}"]]
    for one in found.bytes:
        values = [f"{value:02X}" for value in one.values]
        texts = (" ".join(values), f"{' '.join(values[: len(values) // 2])}  {' '.join(values[len(values) // 2 :])}")
        yield [[f"{one.offset:08X} {text} {one.text}"] for text in texts]


def _dwarf(found: Any) -> Runs:
    for one in found.entries:
        mark = f" [{one.mark}]" if one.mark else ""
        yield [[f"{one.offset:#x}: {one.tag}{mark}"]]
        for name, value in one.attributes:
            yield [[f"{name} {value}"]]
        for start, end in one.ranges:
            yield [[f"[{start:#x} - {end:#x})"]]


def _registers(found: Any) -> Runs:
    yield [[f"*({found.controller}){found.structure} {plain(found.address)}"]]
    for one in found.registers:
        yield [[f"{one.name} {one.value:08x}"]]
        for name, value in one.bits.items():
            yield [[f".{name}: {value:x}"], [f"{name} x{value:x}"]]


def _report(found: Any) -> Runs:
    for name, text in found.fields:
        yield [[f"{name}={text}"]]
    for at, (name, text) in enumerate(found.signature.items()):
        yield [[f"Sig[{at}].Name={name}", f"Sig[{at}].Value={text}"]]


def _verifier(found: Any) -> Runs:
    for text in (*found.titles, *found.options):
        yield [[text], [f"## {text}"]]
    for one in found.flags:
        yield [[f"[{'X' if one.enabled else ' '}] (0x{one.flag:08x}) {one.name}"]]
    for address, name, state in found.modules:
        at = plain(address)
        yield [[f"MODULE: 0x{at} {name} ({state})"]]
    for count in found.counts:
        yield from _count(count.name, [int(value) for value in count.values])
    for one in found.allocations:
        at, thread = plain(one.address), "" if one.thread is None else plain(one.thread)
        caller = "" if one.caller is None else plain(one.caller)
        place = site(one.place) if one.place is not None else ""
        yield [
            [f"Pool block {at}, Size {one.length:08x}, Thread {thread}"],
            [f"Pool block {at}, Size {one.length:016x}, Thread {thread}"],
            [f"0x{at} 0x{one.length:08x} {one.tag} 0x{caller} {place}"],
            [f"{at} 0x{one.length:08x} {one.tag} {caller}"],
        ]
        for where, name in one.frames:
            yield [[f"{plain(where)} {site(name)}"]]


def _count(name: str, values: list[int]) -> Runs:
    long = [f"0x{value:08x}" for value in values]
    yield [
        [f"{name}: ( {' / '.join(long)} )"],
        [f"{name}: {long[0]}"],
        [f"{name}: {values[0]:#x}"],
        [f"{name} {values[0]:#x}"],
        [f"{name} {values[0]:#x} for {values[-1]:08x} bytes"],
        [f"{name} {' '.join(f'{value:08x}' for value in values)}"],
    ]


def _exploitability(found: Any) -> Runs:
    yield [[f"!exploitable {found.version}"]]
    for text in (*found.target, *found.remarks):
        yield [[text]]
    for name, text in found.fields:
        yield [[f"{name}: {text}"], [f"{name}:{text}"]]
    yield [[f"Exploitability Classification: {found.classification}"]]
    if found.major is not None and found.minor is not None:
        yield [[f"Exception Hash (Major/Minor): 0x{found.major:08x}.0x{found.minor:08x}"]]
    yield [["Basic Block:"]]
    for one in found.instructions:
        yield [[f"{plain(one.address)} {one.text}"]]
        if one.tainted:
            names = ", ".join(f"'{name}'" for name in one.tainted)
            yield [[f"Tainted Input operands: {names}"], [f"Tainted Input Operands: {names}"]]
    yield [["Hash Usage : Stack Trace:"]]
    for use, place in found.frames:
        yield [[f"{use} : {site(place)}"]]


DEBUGGER: dict[str, Callable[[Any], Runs]] = {
    "DxTree": _tree,
    "HandleTrace": _operations,
    "RegionList": _regions,
    "UniqueStacks": _stacks,
    "ManagedObject": _managed,
    "DwarfTree": _dwarf,
    "DeviceRegisters": _registers,
    "ErrorReport": _report,
    "VerifierListing": _verifier,
    "Exploitability": _exploitability,
}
