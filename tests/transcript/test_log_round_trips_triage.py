"""What ``triage`` prints of any report is read back as that report: its own parts, and those that debuggers print."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from record_strategies import ABSENT, PLACES, Strategy, addresses, names, numbers, places, record_of
from round_trips import as_read, replaced
from shown import blocks_back
from thread_records import ID, REASONS, STATES, frames

from dumpwalk.bugchecks import decode
from dumpwalk.commands.triage import layout
from dumpwalk.kernel.code_address import IN_NO_MODULE
from dumpwalk.kernel.context import Context
from dumpwalk.kernel.exception import STATUS_ACCESS_VIOLATION, ExceptionRecord
from dumpwalk.kernel.process import Protection
from dumpwalk.kernel.process_details import ProcessDetails
from dumpwalk.kernel.thread import Cid, Thread
from dumpwalk.kernel.trap_frame import TrapFrame
from dumpwalk.memory.address import Address, Address32, Hex
from dumpwalk.record import fields
from dumpwalk.remarks import Absent
from dumpwalk.render.log_records import place
from dumpwalk.render.text import printable
from dumpwalk.symbols.modules import Module, UnloadedModule
from dumpwalk.times import interval
from dumpwalk.transcript.triage_report import ReportedModule
from dumpwalk.transcript.values import NOT_SHOWN, UNREADABLE, of_text
from dumpwalk.triage import Faulting, Report
from dumpwalk.unwind.frames import SCAN

REGISTERS = {
    "x64": (*("rax rbx rcx rdx rsi rdi rip rsp rbp r8 r9 r10 r11 r12 r13 r14 r15".split()), "EFlags"),
    "x86": (*("eax ebx ecx edx esi edi eip esp ebp".split()), "EFlags"),
    "ARM64": (*(f"x{n}" for n in range(29)), "fp", "lr", "sp", "pc", "Cpsr"),
    "ARM": (*(f"r{n}" for n in range(13)), "sp", "lr", "pc", "Cpsr"),
}
SEGMENTS = ("cs", "ss", "ds", "es", "fs", "gs")
MACHINES = {True: ("x64", "ARM64"), False: ("x86", "ARM")}
SOURCES = st.sampled_from(["dump header", "bug check parameter 3: the exception's"])
NOTHING = Faulting(*[Absent("nothing crashed")] * 4)
SENTENCES = st.sampled_from(["physical memory: a small memory dump holds none", "page 1a2b: not there (or damaged)"])


def contexts(machine: str, wide: bool) -> Strategy:
    word, flags = st.integers(0, (1 << (64 if wide else 32)) - 1).map(Hex), st.integers(0, 0xFFFFFFFF).map(Hex)
    wanted = {name: flags if name in ("EFlags", "Cpsr") else word for name in REGISTERS[machine]}
    if machine in ("x64", "x86"):
        wanted |= dict.fromkeys(SEGMENTS, st.integers(0, 0xFFFF).map(Hex))
    given = {"machine": st.just(machine), "source": SOURCES, "registers": st.fixed_dictionaries(wanted)}
    return record_of(Context, wide, given)


def modules(wide: bool) -> Strategy:
    address = Address if wide else Address32
    # A name that is longer than its column moves what is behind it: then it is known by having no blank in it.
    name = st.one_of(names().filter(lambda n: len(printable(n)) <= 16), st.just("averyveryverylongname"))
    made = record_of(Module, wide, {"name": name, "base": places(wide), "size": st.integers(0, 0xFFFFFF).map(Hex)})
    return made.map(
        lambda m: replaced(m, size=Hex(min(m.size, address(-1 & ((1 << (64 if wide else 32)) - 1)) - m.base)))
    )


def unloaded(wide: bool) -> Strategy:
    # Whether a name is cut a dump always says.
    made = record_of(UnloadedModule, wide, {"start": places(wide), "end": places(wide), "truncated": st.booleans()})
    return made.map(
        lambda m: replaced(m, start=min(m.start, m.end), end=max(m.start, m.end), size=Hex(abs(m.end - m.start)))
    )


def trap_frames(wide: bool) -> Strategy:
    known = ("Rax", "Rcx", "R8", "Rbp") if wide else ("Eax", "Ecx", "Ebp")
    registers = st.dictionaries(st.sampled_from(known), numbers(wide), min_size=1)
    flags = st.integers(0, 0xFFFFFFFF).map(Hex)
    return record_of(TrapFrame, wide, {"source": SOURCES, "registers": registers, "EFlags": flags})


def exceptions(wide: bool) -> Strategy:
    code = st.sampled_from([STATUS_ACCESS_VIOLATION, 0x80000003, 0x12345678]).map(Hex)
    given = {
        "source": st.just("bug check parameter 1"), "ExceptionCode": code, "NumberParameters": st.just(0),
        "ExceptionFlags": numbers(False), "ExceptionInformation[]": numbers(wide), "ExceptionAddress": places(wide),
    }  # fmt: skip
    return record_of(ExceptionRecord, wide, given).map(
        lambda found: replaced(found, NumberParameters=len(found.ExceptionInformation))
    )


def reports(wide: bool) -> Strategy:
    def of_machine(machine: str) -> Strategy:
        code = st.one_of(ABSENT, st.just("nt!KiIdleLoop"), st.just("a (b)+0x4"))
        protection = st.builds(
            Protection, st.integers(0, 255).map(Hex), st.sampled_from(["PsProtectedTypeProtected", "3"]),
            st.sampled_from(["PsProtectedSignerWinTcb", "9"]),
        )  # fmt: skip
        given = {
            "file": st.sampled_from(["a.dmp", "C:\\a b\\x.dmp", "/tmp/Ünï.dmp"]), "architecture": st.just(machine),
            "verdict": st.sampled_from(["MANUALLY_INITIATED_CRASH (e2), in process x", "no bug check: taken live"]),
            "bugcheck": st.sampled_from([decode(0), decode(0xE2, (0, 0, 0, 0))]), "context": contexts(machine, wide),
            "exception": exceptions(wide), "trap_frame": st.one_of(ABSENT, trap_frames(wide)),
            "process.address": places(wide), "process.UniqueProcessId": ID, "process.InheritedFromUniqueProcessId": ID,
            "process.fields": st.just(()), "process.Protection": st.one_of(ABSENT, protection),
            "thread.address": places(wide),
            "thread.fields": st.just(()), "thread.Cid.UniqueProcess": ID, "thread.Cid.UniqueThread": ID,
            "thread.State": st.one_of(st.sampled_from(STATES), ABSENT), "thread.NextProcessor": st.integers(0, 255),
            "thread.WaitReason": st.one_of(st.sampled_from(REASONS), ABSENT), "thread.Win32StartAddress.where": code,
            "thread.WaitMode": st.one_of(st.sampled_from(["KernelMode", "UserMode"]), ABSENT),
            "stack": frames(wide), "modules[]": modules(wide), "unloaded_modules[]": unloaded(wide),
            "missing[]": SENTENCES, "secondary_data[].guid": st.uuids().map(str), "secondary_data[].owner": st.one_of(
                ABSENT, st.just("crashdmp!CRASHDUMP_GUID_ID")),
            "secondary_data[].size": st.integers(0, 1 << 40).map(Hex), "running[].thread": places(wide),
            "running[].processor": st.one_of(ABSENT, st.integers(0, 2047)),
            "running[].site": st.one_of(ABSENT, PLACES.filter(bool)), "running[].instruction": addresses(wide),
            "faulting": st.just(NOTHING), "uptime_seconds": st.one_of(ABSENT, st.floats(0, 1e6)),
            "sources": st.fixed_dictionaries({"types": names()}, optional={"found": st.just("the kernel " * 20 + ".")}),
        }  # fmt: skip
        return record_of(Report, wide, given)

    return st.sampled_from(MACHINES[wide]).flatmap(of_machine)


# What is read of a report: its own parts lie in several blocks, between those of the other kinds.


def own_parts(blocks: list[Any]) -> dict[str, Any]:
    """Return what is read of the report's own parts, by the names of the report's fields."""
    out: dict[str, Any] = {"rows": dict(row for one in blocks for row in one.rows)}
    [out["verdict"]] = [(one.file, one.verdict) for one in blocks if one.verdict]
    out["trap_frame"] = next((one.trap_frame for one in blocks if one.trap_frame is not None), None)
    lists = ("headings", "running", "missing", "problems", "modules", "unloaded_modules", "secondary_data")
    return out | {name: tuple(item for one in blocks for item in getattr(one, name)) for name in lists}


def plain(value: Any) -> Any:
    """Return a value in one form: what is absent without its reason, names as they are printed."""
    if isinstance(value, Absent):
        return "????"
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    return printable(value) if isinstance(value, str) else value


def rows_of(report: Report) -> dict[str, tuple[Any, ...]]:
    """Return what is printed of the machine, row by row: the fields that are in it."""
    up = report.uptime_seconds
    since = f", uptime {up}" if isinstance(up, Absent) else f", up {interval(round(up * 1e7))}"
    processors = f"{report.processors} processor" if report.processors else "unknown number of processors"
    return {
        "Machine": (report.architecture, processors), "Time": (report.system_time, since),
        "Windows": (f"build {report.build or 'unknown'}", report.build_lab or "", report.product_type or ""),
        "Dump": (report.dump_type, report.format), "Types": (report.sources["types"],),
        "Found": (report.sources.get("found", ""),),
    }  # fmt: skip


def check_own_parts(report: Report, found: dict[str, Any]) -> None:
    rows, trap = found["rows"], report.trap_frame
    for name, wanted in rows_of(report).items():
        assert [v for v in wanted if printable(str(v)) not in rows.get(name, "")] == []
    assert found["verdict"] == (printable(report.file), printable(report.verdict))
    assert (plain(report.missing), plain(tuple(map(str, report.problems)))) == (found["missing"], found["problems"])
    assert found["modules"] == tuple(
        ReportedModule(printable(m.name), m.base, m.end, printable(m.symbol_key)) for m in report.modules
    )
    assert found["unloaded_modules"] == tuple(replaced(m, name=printable(m.name)) for m in report.unloaded_modules)
    assert [(b.guid, b.size, plain(b.owner)) for b in found["secondary_data"]] == [
        (b.guid, b.size, plain(b.owner)) for b in report.secondary_data
    ]
    if isinstance(trap, Absent):
        assert found["trap_frame"] is None
    else:
        registers = {name.lower(): value for name, value in trap.registers.items()}
        assert plain_trap(found["trap_frame"]) == plain_trap(replaced(trap, registers=registers))
    known = [r for r in report.running if not isinstance(r.thread, Absent)]
    busy = [r for r in known if r.idle is not True] if len(known) > 1 else []
    assert [(plain(r.processor), r.thread) for r in found["running"]] == [(plain(r.processor), r.thread) for r in busy]
    assert [(plain(r.instruction), plain(r.site)) for r in found["running"]] == [
        (plain(r.instruction), plain(r.site)) for r in busy
    ]


def plain_trap(trap: Any) -> tuple[Any, ...]:
    return tuple(plain(getattr(trap, name)) for name in trap._fields_)


def value_of(text: str, base: int = 16) -> Any:
    """Return the number that a text is, or question marks where its reason stands behind them."""
    return "????" if text[:4] == "????" else int(text, base)


def decimal(text: str) -> Any:
    return value_of(text, 10)


PROCESS_HIDDEN = ("Token", "Session", "Wow64Process", "CreateTime", "ExitTime", "source", "fields", "problems")


def process_as_read(own: Any) -> Any:
    """Return a process as a report says it, with the reasons of what is not there; how it is protected, where it is."""
    protected = not isinstance(own.Protection, Absent) and own.Protection.Level
    hidden = PROCESS_HIDDEN if protected else (*PROCESS_HIDDEN, "Protection")
    why = {n: getattr(own, n) for n in fields(own) if n not in hidden and isinstance(getattr(own, n), Absent)}
    for name in {"Peb", "ObjectTable"} & why.keys():
        why[name] = without_backtick(why[name])
    return replaced(as_read(own, hidden), **why)


def without_backtick(address: Any) -> Any:
    """Return an address as a report shows it: without its backtick, in the reason why it is not there too."""
    return Absent(address.reason.replace("`", "")) if isinstance(address, Absent) else address


def thread_as_read(own: Any) -> Any:
    """Return the record that the report's lines on a thread are; what is not there stands with its reason."""
    waits = own.State == "Waiting"
    runs = own.State == "Running" and not isinstance(own.NextProcessor, Absent)
    start = own.Win32StartAddress
    if not isinstance(start, Absent):
        start = replaced(start, where=IN_NO_MODULE if isinstance(start.where, Absent) else printable(start.where))
    # Whether it is attached at all is not known where the process is not.
    there = own.ApcStateProcess if own.attached is True else NOT_SHOWN
    attached = without_backtick(there) if own.attached is True and isinstance(there, Absent) else own.attached
    shown = {name: getattr(own, name) for name in THREAD_SHOWN}
    shown |= {
        name: without_backtick(shown[name]) for name in ("Teb", "Process", "InitialStack", "StackBase", "StackLimit")
    }
    shown |= {"WaitReason": own.WaitReason, "WaitMode": own.WaitMode} if waits else {}
    shown |= {"NextProcessor": own.NextProcessor} if runs else {}
    cid = Cid(*(UNREADABLE if isinstance(i, Absent) else i for i in (own.Cid.UniqueProcess, own.Cid.UniqueThread)))
    return of_text(
        Thread, Cid=cid, Win32StartAddress=start, attached=attached,
        ApcStateProcess=NOT_SHOWN if isinstance(there, Absent) else there, **shown,
    )  # fmt: skip


THREAD_SHOWN = (
    *("address", "State", "Teb", "Process", "InitialStack", "StackBase", "StackLimit", "Priority", "BasePriority"),
    *("ContextSwitches", "KernelApcDisable", "SpecialApcDisable", "ApcStateIndex"),
)


def check_report(report: Report) -> None:
    blocks = blocks_back("!triage X", layout(report))
    of: dict[str, list[Any]] = {}
    for block in blocks:
        of.setdefault(block.kind, []).append(block.record)
    check_own_parts(report, own_parts(of.pop("triage")))
    rows = dict(row for block in blocks if block.kind == "triage" for row in block.record.rows)
    if isinstance(report.process, Absent):
        assert rows["PROCESS"] == str(report.process)
    else:
        [[one]] = [listed.processes for listed in of.pop("process")]
        assert one.details == of_text(ProcessDetails, process=process_as_read(report.process))
        assert one.fields == ()
    stacks = list(of.pop("stack", []))
    if isinstance(report.thread, Absent):
        assert rows["THREAD"] == str(report.thread)
    else:
        [one] = of.pop("thread")
        assert one.details.thread == thread_as_read(report.thread)
        stacks += [one.stack] * (one.stack is not None)
    check_stack(report, stacks)
    [registers] = of.pop("registers")
    check_registers(report.context, registers)
    [exception] = of.pop("exception")
    check_exception(report.exception, exception)
    analyses = of.pop("analyze", [])
    assert [a.bugcheck.code for a in analyses] == [report.bugcheck.code] * bool(report.bugcheck.code)
    assert of == {}


def check_stack(report: Report, stacks: list[Any]) -> None:
    assert len(stacks) == bool(report.stack)
    for stack in stacks:
        assert stack.candidates == any(frame.trust == SCAN for frame in report.stack)
        assert [(f.number, f.child_sp, f.return_address, f.place.address) for f in stack.frames] == [
            (f.number, f.child_sp, None, f.instruction) for f in report.stack
        ]
        assert [place(f.place) for f in stack.frames] == [
            printable(f.site if f.module else f.site.replace("`", "")) for f in report.stack
        ]


def check_registers(context: Any, found: Any) -> None:
    names = {"EFlags": "efl", "Cpsr": "psr"}
    read = {name: int(value) for name, value in found.registers.items()}

    assert read == {names.get(name, name): int(value) for name, value in context.registers.items()}
    assert found.flags


def check_exception(exception: Any, found: Any) -> None:
    own = found.record

    assert (own.ExceptionCode, own.ExceptionFlags) == (exception.ExceptionCode, exception.ExceptionFlags)
    assert (own.ExceptionAddress, own.NumberParameters) == (exception.ExceptionAddress, exception.NumberParameters)
    assert own.ExceptionInformation == exception.ExceptionInformation


def run(wide: bool, examples: int) -> None:
    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(reports(wide))
    def check(report: Report) -> None:
        check_report(report)

    check()


@pytest.mark.parametrize("wide", [True, False], ids=["x64", "x86"])
def test_what_was_printed_is_read_back(wide: bool) -> None:
    run(wide, 6)


@pytest.mark.slow
@pytest.mark.parametrize("wide", [True, False], ids=["x64", "x86"])
def test_what_was_printed_of_many_is_read_back(wide: bool) -> None:
    run(wide, 60)
