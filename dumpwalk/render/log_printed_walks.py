"""The lines that this program's commands print of the records that text and walks share, for a text's printing back.

What a text does not show such a layout prints as question marks: a line with some is not one of the text, and is kept.
"""

from __future__ import annotations

from dumpwalk.kernel.device_object import Attachment
from dumpwalk.kernel.pcr import ProcessorControlRegion
from dumpwalk.memory.address import Address
from dumpwalk.record import fields
from dumpwalk.remarks import Absent
from dumpwalk.render import log_printed_listings as listings
from dumpwalk.render.durations import old_time
from dumpwalk.render.log_printed_frames import number
from dumpwalk.render.text import plain
from dumpwalk.transcript.values import NOT_SHOWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    Runs = Iterator[list[list[str]]]


_OF_DEVICES = ("Vpb", "SecurityDescriptor", "Dope", "DeviceNode")


def _whole(*texts: str) -> list[list[str]]:
    """Return texts as the forms of one run."""
    return [text.split("\n") for text in texts]


def _known(record: Any, **otherwise: Any) -> Any:
    """Return a record of a machine that has not what the text does not show: layouts then leave that out.

    :param otherwise: what stands for members of which none is not ``None``
    """
    if isinstance(record, tuple):
        return tuple([_known(part, **otherwise) for part in record])
    if isinstance(record, Absent) or not fields(record):
        return record
    kinds = type(record).__annotations__
    values = {name: getattr(record, name) for name in fields(record)}
    for name, value in values.items():
        if value is not NOT_SHOWN:
            values[name] = _known(value, **otherwise)
        elif name in otherwise or kinds[name].endswith("None"):
            values[name] = otherwise.get(name)
    return type(record)(**values)


def _device(found: Any) -> Runs:
    from dumpwalk.render.device import device_layout

    own = _known(found.device, **dict.fromkeys(_OF_DEVICES, Address(0)), AttachedTo=None)
    yield _whole(device_layout(own))
    if not isinstance(own.DeviceObjectExtension, Absent):
        return
    yield [[f"DevExt {plain(own.DeviceExtension)} DevNode {plain(own.DeviceNode)}"]]
    _, _, counts, *_ = device_layout(own).split("\n")
    if isinstance(own.AttachedDevice, Attachment):
        yield [[f"{counts}AttachedDev {plain(own.AttachedDevice.address)}"]]


def _devices(found: Any) -> Runs:
    from dumpwalk.render.device import stack_layout

    yield _whole(stack_layout(found.stack))


def _driver(found: Any) -> Runs:
    from dumpwalk.render.driver import driver_layout

    yield _whole(driver_layout(found.driver, 7), driver_layout(found.driver))


def _registration(found: Any) -> Runs:
    from dumpwalk.render.driver import registration_layout

    yield _whole(registration_layout(found.registration))


def _irp(found: Any) -> Runs:
    from dumpwalk.render.irp import layout

    yield _whole(layout(found.irp), layout(found.irp, True))
    own = found.irp
    mdl, thread = (plain(getattr(own, name), 8) for name in ("MdlAddress", "Thread"))
    yield [[f"{said} Thread {thread}:  Irp stack trace."] for said in (f"Mdl = {mdl}", "No Mdl")]
    for location, words in zip(own.locations, found.words):
        yield from _old_location(location, words)


def _old_location(found: Any, words: Any) -> Runs:
    """Yield a location in the form before Windows 8, in which functions have no names."""
    routine = found.CompletionRoutine
    called = routine if isinstance(routine, Absent) else routine.address
    mark = ">" if found.current else ""
    codes = f"{number(found.MajorFunction, '3x')},{number(found.MinorFunction, '2x')}"
    pointers = " ".join(plain(at) for at in (found.DeviceObject, found.FileObject))
    row = f"{number(found.Flags, 'x')} {number(found.Control, 'x')} {pointers} {plain(called)}-{plain(found.Context)}"
    yield [[f"{mark}[{form}] {row} {' '.join(words.control_words)}"] for form in (codes, codes.replace(",", ", "))]


def _file(found: Any) -> Runs:
    from dumpwalk.render.file_object import layout

    yield _whole(layout(found.file))


def _vpb(found: Any) -> Runs:
    from dumpwalk.render.device import vpb_layout

    yield _whole(vpb_layout(found.vpb))


def _pfn(found: Any) -> Runs:
    from dumpwalk.render.pfn import layout

    yield _whole(layout(found.pfn))


def _vad(found: Any) -> Runs:
    from dumpwalk.render.vad import detail_text, row, tree_text

    if found.tree is not None:
        notes = dict(found.notes)
        yield _whole(tree_text(found.tree))
        for one in found.tree.vads:
            yield [[f"{row(one)} {notes.get(one.address, '')}"]]
    if found.detail is not None:
        yield _whole(detail_text(found.detail))


def _pool(found: Any) -> Runs:
    from dumpwalk.render.pool import block_line, layout

    if found.pool is not None:
        yield _whole(layout(found.pool), layout(found.pool, described=False))
    yield [[block_line(block) for block in found.blocks]]
    if found.used:
        yield [["Pool Used:", "NonPaged Paged", "Tag Allocs Used Allocs Used"]]
    for tag in (*found.used, *([found.total] if found.total is not None else [])):
        counts = (tag.nonpaged_allocations, tag.nonpaged_bytes, tag.paged_allocations, tag.paged_bytes)
        yield [[f"{tag.tag} {' '.join(map(str, counts))} {tag.description}"]]


def _entries(found: Any) -> Runs:
    from dumpwalk.render.pte import layout

    yield _whole(layout(found.page))


def _walk(found: Any) -> Runs:
    from dumpwalk.render.address_walk import layout

    yield _whole(layout(found.walk))


def _types(found: Any) -> Runs:
    from dumpwalk.render.object_types import layout

    yield _whole(layout(found.list))


def _slist(found: Any) -> Runs:
    from dumpwalk.render.slist import entry_lines, header_lines

    yield [header_lines(found.list.header)]
    yield [entry_lines(found.list)]
    yield [["SLIST CONTENTS:"]]
    for listing in found.listings:
        at = [plain(listing.address)] if listing.address is not None else []
        yield [[*at, *(listings.dt_row(row, width) for row in listing.rows)] for width in (listing.width, 0)]
    for text in found.explanation:
        yield [[text]]


def _table(found: Any) -> Runs:
    from dumpwalk.render.idt import layout

    yield _whole(layout(_known(found.table, present=True), everything=True))


def _processor(found: Any) -> Runs:
    from dumpwalk.render.pcr import block_layout, region_layout

    own = found.control
    yield _whole(region_layout(own) if isinstance(own, ProcessorControlRegion) else block_layout(own))


def _services(found: Any) -> Runs:
    from dumpwalk.render.ssdt import layout

    yield _whole(layout(found.table))


def _segments(found: Any) -> Runs:
    from dumpwalk.render.gdt import layout

    yield _whole(layout(found.table), layout(found.table, place=True))


def _calls(found: Any) -> Runs:
    from dumpwalk.render.apc import apc_lines

    yield [[found.title]]
    for process in found.processes:
        yield [[f"Process {plain(process.address)} {process.ImageFileName}"]]
    for one in found.apcs:
        yield [apc_lines(one)]


def _shared(found: Any) -> Runs:
    from dumpwalk.render.shared_data import layout

    yield _whole(layout(found.shared))


def _processes(found: Any) -> Runs:
    from dumpwalk.render.process_details import process_lines

    yield [[found.title]]
    for one in found.processes:
        forms = [process_lines(_known(one.details), flags) for flags in (1, 0)]
        own, sizes = one.details.process, dict(one.fields)
        yield forms
        if "TableSize" in sizes:  # of old debuggers, in place of the count of handles
            at, session = plain(own.address), number(one.details.SessionId or 0)
            yield [[f"PROCESS {at} {said} {_identifiers(own)}"] for said in (f"SessionId: {session}", "")]
            place = f"ObjectTable: {plain(own.ObjectTable)}  TableSize: {sizes['TableSize']}"
            yield [[f"DirBase: {number(own.DirectoryTableBase, '08x')}  {place}"]]
        yield from _old_times(one.details.statistics)
        for label, text in one.fields:
            yield [[f"{label}{gap}{text}"] for gap in (" " * max(1, 34 - len(label)), " ")]


def _old_times(found: Any) -> Runs:
    """Yield times as debuggers of NT 4 and Windows 2000 print them."""
    if found is not None:
        named = (
            ("ElapsedTime", found.elapsed),
            ("UserTime", found.times.UserTime),
            ("KernelTime", found.times.KernelTime),
        )
        for name, time in named:
            yield [[f"{name} {old_time(time)}"]]


def _identifiers(own: Any) -> str:
    parent = number(own.InheritedFromUniqueProcessId, "04x")
    return f"Cid: {number(own.UniqueProcessId, '04x')}    Peb: {plain(own.Peb)}  ParentCid: {parent}"


def _objects(found: Any) -> Runs:
    from dumpwalk.render.object import layout

    for one in found.objects:
        yield _whole(layout(one))


def _handles(found: Any) -> Runs:
    from dumpwalk.render.handle import layout

    if found.table.handles or found.table.table is not None:
        yield _whole(layout(found.table))
    for one in found.user:
        yield [[f"Handle {one.handle:x}"], [f"Handle {one.handle:016x}"], [f"Handle {one.handle:08x}"]]
        for label, text in one.fields:
            yield [[f"{label} {text}"]]
        yield [[",".join(one.access)]]
        yield [["Object specific information"]]
        for text in one.information:
            yield [[text]]
    if found.counts:
        yield [["Type Count"]]
    for name, count in found.counts:
        yield [[f"{name} {count}"]]


def _areas(found: Any) -> Runs:
    from dumpwalk.render.section import compact, layout
    from dumpwalk.render.section_2000 import layout_2000

    for one in found.areas:
        yield _whole(layout(_known(one.area)), layout_2000(one.area, 3), compact(one.area))
        if one.segment_words:
            segment = one.area.segment
            yield [[f"Flags ({number(segment.flags, 'x')}) {' '.join((*segment.flag_names, *one.segment_words))}"]]


def _remarked(form: Callable[[Any], Runs]) -> Callable[[Any], Runs]:
    """Return *form* with the remarks below."""

    def lines(found: Any) -> Runs:
        yield from form(found)
        said: Iterable[str] = found.remarks
        for text in said:
            yield [[f"({text})"], [text]]

    return lines


WALKS: dict[str, Callable[[Any], Runs]] = {
    name: _remarked(form)
    for name, form in {
        "ListedDevice": _device,
        "ListedDeviceStack": _devices,
        "ListedDriver": _driver,
        "ListedRegistration": _registration,
        "ListedIrp": _irp,
        "ListedFile": _file,
        "ListedVpb": _vpb,
        "ListedPfn": _pfn,
        "VadListing": _vad,
        "PoolListing": _pool,
        "EntryListing": _entries,
        "ListedWalk": _walk,
        "ListedTypes": _types,
        "ListedSlist": _slist,
        "ListedInterruptTable": _table,
        "ListedProcessor": _processor,
        "ListedServiceTable": _services,
        "ListedSegments": _segments,
        "ApcListing": _calls,
        "ListedSharedData": _shared,
        "ProcessList": _processes,
        "ObjectList": _objects,
        "HandleList": _handles,
        "ControlAreaListing": _areas,
    }.items()
}
