"""``info``: what a dump file is and what it holds, section by section."""

from __future__ import annotations

from dumpwalk.arguments import argument
from dumpwalk.commands import command
from dumpwalk.errors import Error, UsageError
from dumpwalk.memory.address import Hex
from dumpwalk.opening import open_dump
from dumpwalk.record import fields, record
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from dumpwalk.formats import Dump, Section
    from dumpwalk.formats.debugger_data import DebuggerData
    from dumpwalk.formats.header import Header
    from dumpwalk.formats.secondary import Blob
    from dumpwalk.formats.triage import TriageHeader
    from dumpwalk.memory.address import Address
    from dumpwalk.remarks import Problem
    from dumpwalk.symbols.modules import UnloadedModule

# Of the header these are shown by other commands, which decode them.
_RAW = ("machine", "ContextRecord", "Exception")


@record
class Info:
    """What a file says of itself.

    :param header: the fields of the dump header, but for the context and the exception record
    :param meanings: what the numbers of the header mean, by field
    :param found: how it was found out what the file does not say by itself
    :param memory_kind: whether the file holds ``virtual`` or ``physical`` memory
    :param memory_ranges: in how many stretches
    :param memory_bytes: and how many bytes these have together
    """

    file: str
    format: str
    size: Hex
    dump_type: str
    architecture: str
    header: dict[str, Any]
    meanings: dict[str, Any]
    triage_header: TriageHeader | Absent
    sections: tuple[Section, ...]
    secondary_data: tuple[Blob, ...]
    debugger_data: DebuggerData | Absent
    thread: Address | Absent
    process: Address | Absent
    processor: Address | Absent
    module_count: int
    unloaded_modules: tuple[UnloadedModule, ...]
    memory_kind: str
    memory_ranges: int
    memory_bytes: Hex
    missing: tuple[str, ...]
    problems: tuple[Problem, ...]
    found: tuple[str, ...] = ()


def describe(dump: Dump) -> Info:
    """Return what *dump* says of itself."""
    header = dump.header
    kind, ranges, held = _memory(dump)
    meanings = _meanings(header)
    return Info(
        file=dump.path,
        format=dump.format,
        size=Hex(dump.size),
        dump_type=dump.dump_type,
        architecture=header.machine.name,
        header={name: getattr(header, name) for name in fields(header) if name not in _RAW},
        meanings=meanings,
        triage_header=dump.triage,
        sections=dump.sections,
        secondary_data=dump.secondary,
        debugger_data=dump.debugger_data,
        thread=dump.thread,
        process=dump.process,
        processor=dump.processor,
        module_count=len(dump.modules.modules),
        unloaded_modules=dump.unloaded,
        memory_kind=kind,
        memory_ranges=ranges,
        memory_bytes=Hex(held),
        missing=dump.missing,
        problems=dump.problems,
        found=dump.found,
    )


def _memory(dump: Dump) -> tuple[str, int, int]:
    """Return which memory the file holds, in how many stretches, and how many bytes of it.

    Page tables map more than anybody can count; where there are any, the pages themselves count.
    """
    if not isinstance(dump.physical, Absent):
        return "physical", *dump.physical.extent()
    runs = list(dump.memory.runs())
    return "virtual", len(runs), sum(end - start for start, end in runs)


def _meanings(header: Header) -> dict[str, Any]:
    from dumpwalk.formats import header_names as names
    from dumpwalk.times import interval

    uptime = header.SystemUpTime
    kinds: dict[str, Any] = {
        "MajorVersion": names.build_kind(header.MajorVersion),
        "DumpType": names.dump_type_name(header.DumpType),
    }
    if not header.Signature:  # a memory image has no header that could say these
        kinds = dict.fromkeys(kinds, Absent("the file has no dump header"))
    return {
        **kinds,
        "MachineImageType": names.machine_type_name(header.MachineImageType),
        "SystemUpTime": uptime if isinstance(uptime, Absent) else interval(uptime),
        "MiniDumpFields": names.flag_names(header.MiniDumpFields, names.MINIDUMP_FIELDS),
        "ProductType": names.product_type_name(header.ProductType),
        "SuiteMask": names.flag_names(header.SuiteMask, names.SUITES),
    }


def _layout(info: Info) -> str:
    from dumpwalk.render.text import printable

    parts = [
        f"{printable(info.file)}: {printable(info.format)}, {info.dump_type}, {info.architecture}, {info.size} bytes",
        _header_text(info),
    ]
    if not isinstance(info.triage_header, Absent):
        parts.append(
            "Triage header:\n" + _pairs({n: getattr(info.triage_header, n) for n in fields(info.triage_header)})
        )
    if info.sections:
        parts.append("Sections:\n" + _table(("offset", "size", "what", "address"), map(_section_row, info.sections)))
    if info.secondary_data:
        columns = ("index", "offset", "size", "GUID", "owner", "content")
        parts.append("Secondary data:\n" + _table(columns, map(_blob_row, info.secondary_data)))
    parts.append(
        _pairs(
            {
                "Current thread": info.thread,
                "Current process": info.process,
                "Current processor": info.processor,
                "Debugger data": _debugger_data_text(info),
                "Modules": f"{info.module_count} loaded, {len(info.unloaded_modules)} unloaded",
                "Memory": _memory_text(info),
            }
        )
    )
    parts += [f"Found: {printable(text)}" for text in info.found]
    parts += [f"Missing: {printable(text)}" for text in info.missing]
    parts += [f"Problem: {printable(str(problem))}" for problem in info.problems]
    return "\n\n".join(parts)


def _memory_text(info: Info) -> str:
    from dumpwalk.render.text import counted

    if info.memory_kind == "physical":
        pages = counted(info.memory_bytes // 0x1000, "physical page")
        return f"{pages} ({info.memory_bytes} bytes) in {counted(info.memory_ranges, 'run')}"
    return f"{info.memory_bytes} bytes in {counted(info.memory_ranges, 'range')}"


def _debugger_data_text(info: Info) -> str | Absent:
    data = info.debugger_data
    if isinstance(data, Absent):
        return data
    place = "at an address that is not known" if isinstance(data.address, Absent) else f"at {data.address}"
    return f"{data.size} bytes {place}, {'encoded (KiWaitNever, KiWaitAlways)' if data.encoded else 'in clear'}"


def _header_text(info: Info) -> str:
    from dumpwalk.render.text import counted

    if not info.header["Signature"]:  # there is no header; what is known was found in the memory
        shown = {n: v for n, v in info.header.items() if v}
        if "BugCheckCode" not in shown:
            del shown["BugCheckParameters"]
        if not shown:
            return "Machine: unknown"
    else:
        shown = dict(info.header)
    for name, meaning in info.meanings.items():
        if not isinstance(meaning, Absent) and name in shown:
            text = " ".join(meaning) if isinstance(meaning, tuple) else meaning
            shown[name] = f"{shown[name]} ({text or 'none'})"
    if "BugCheckParameters" in shown:
        shown["BugCheckParameters"] = " ".join(map(str, info.header["BugCheckParameters"]))
    physical = info.header["PhysicalMemoryBlock"]
    if not isinstance(physical, Absent):
        runs = counted(physical.NumberOfRuns, "run")
        shown["PhysicalMemoryBlock"] = f"{counted(physical.NumberOfPages, 'page')} in {runs}"
        for index, run in enumerate(physical.Run):
            shown[f"  Run[{index}]"] = f"BasePage {run.BasePage} PageCount {run.PageCount}"
    return ("Header:\n" if info.header["Signature"] else "Machine:\n") + _pairs(shown)


def _pairs(values: dict[str, Any]) -> str:
    from dumpwalk.render.text import printable

    width = max(map(len, values))
    lines = []
    for name, value in values.items():
        text = f"({value.reason})" if isinstance(value, Absent) else printable(str(value))
        lines.append(f"  {name:{width}}  {text}")
    return "\n".join(lines)


def _section_row(section: Section) -> tuple[str, ...]:
    address = "" if isinstance(section.address, Absent) else str(section.address)
    return str(section.offset), str(section.size), section.what, address


def _blob_row(blob: Blob) -> tuple[str, ...]:
    known = ["" if isinstance(text, Absent) else text for text in (blob.owner, blob.description)]
    return str(blob.index), str(blob.offset), str(blob.size), blob.guid, *known


def _table(columns: tuple[str, ...], rows: Any) -> str:
    from tabulate import tabulate

    from dumpwalk.render.text import indent

    right = [name in ("index", "offset", "size") for name in columns]
    table = tabulate(
        list(rows), columns, tablefmt="plain", disable_numparse=True, colalign=["right" if r else "left" for r in right]
    )
    return indent("\n".join(line.rstrip() for line in table.split("\n")), "  ")


def _partial(info: Info) -> bool:
    unknown = info.memory_kind == "physical" and not info.header["MachineImageType"]
    return bool(info.problems) or unknown


@command(
    "info",
    argument("files", "dumps and memory images", many="*"),
    text=_layout,
    partial=_partial,
    many=True,
    opens=True,
)
def info(
    files: tuple[str, ...], raw: bool = False, dtb: int | None = None, registers: str = ""
) -> Iterator[Info | Error]:
    """Say what a dump file is and what it holds.

    Prints the dump header in NT's names, the triage header, what lies where
    in the file, the secondary data, and everything that is damaged.
    """
    if not files:
        raise UsageError("FILES is missing: which dump?")
    for path in files:
        try:
            yield describe(open_dump(path, raw=raw, dtb=dtb, registers=registers))
        except Error as error:
            error.file = path
            yield error
