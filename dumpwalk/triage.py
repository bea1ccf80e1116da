"""The verdict on a dump: everything below asked in the right order."""

from __future__ import annotations

from dumpwalk.bugchecks import decode
from dumpwalk.bugchecks.ntstatus import exception_code
from dumpwalk.formats.header_names import product_type_name
from dumpwalk.kernel.build_lab import build_lab
from dumpwalk.kernel.context import context_size, parse_context
from dumpwalk.kernel.exception import STATUS_BREAKPOINT, exception_size, parse_exception
from dumpwalk.kernel.process import process
from dumpwalk.kernel.processor import processors
from dumpwalk.kernel.thread import thread
from dumpwalk.kernel.trap_frame import trap_frame, trap_frame_of
from dumpwalk.memory.address import Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem
from dumpwalk.symbols.codeview import pdb_references
from dumpwalk.symbols.image import image_at
from dumpwalk.unwind.frames import LARGEST_STACK, SCAN, call_stack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.bugchecks import BugCheck
    from dumpwalk.formats.secondary import Blob
    from dumpwalk.kernel.context import Context
    from dumpwalk.kernel.exception import ExceptionRecord
    from dumpwalk.kernel.process import Process
    from dumpwalk.kernel.thread import Thread
    from dumpwalk.kernel.trap_frame import TrapFrame
    from dumpwalk.memory.address import Address
    from dumpwalk.symbols.codeview import PdbReference
    from dumpwalk.symbols.modules import Module, UnloadedModule
    from dumpwalk.target import Target
    from dumpwalk.times import FileTime
    from dumpwalk.unwind.frames import Frame

# More than any _KTRAP_FRAME takes.
_ROOM_FOR_A_TRAP_FRAME = 0x400
# Most crashes in these are somebody else's doing.
_NOT_DRIVERS = ("nt", "hal")


@record
class Faulting:
    """Where it went wrong.

    :param address: the address that was referenced
    :param instruction_address: the instruction that referenced it, or that failed
    :param module: the module that the instruction lies in
    """

    address: Address | Absent
    instruction_address: Address | Absent
    module: str | Absent
    offset: Hex | Absent


@record
class Running:
    """What a processor was doing.

    :param idle: it ran its idle thread
    :param site: where it stood, as ``module+0xoffset``
    """

    processor: int | Absent
    prcb: Address
    thread: Address | Absent
    idle: bool | Absent
    instruction: Address | Absent
    site: str | Absent


@record
class Report:
    """What a dump says of the crash. The fields are those of ``triage --json``; docs/json.md explains each."""

    file: str
    verdict: str
    format: str
    dump_type: str
    architecture: str
    build: int
    build_lab: str | Absent
    system_time: FileTime | Absent
    uptime_seconds: float | Absent
    processors: int
    product_type: str | Absent
    bugcheck: BugCheck
    exception: ExceptionRecord | Absent
    context: Context | Absent
    trap_frame: TrapFrame | Absent
    process: Process | Absent
    thread: Thread | Absent
    running: tuple[Running, ...]
    faulting: Faulting
    stack: tuple[Frame, ...]
    modules: tuple[Module, ...]
    unloaded_modules: tuple[UnloadedModule, ...]
    pdbs: tuple[PdbReference, ...]
    secondary_data: tuple[Blob, ...]
    missing: tuple[str, ...]
    problems: tuple[Problem, ...]
    sources: dict[str, str]


def triage(target: Target) -> Report:
    """Return the report on *target*. What can't be read is absent from it, with the reason; nothing is raised."""
    dump, header = target.dump, target.dump.header
    bugcheck = decode(
        header.BugCheckCode,
        header.BugCheckParameters,
        machine=target.machine,
        build=header.MinorVersion,
        locate=target.name,
    )
    exception = _exception(target, bugcheck)
    context = _context(target, bugcheck)
    crashed = thread(target, dump.thread) if not isinstance(dump.thread, Absent) else dump.thread
    owner = process(target, dump.process) if not isinstance(dump.process, Absent) else dump.process
    faulting = _faulting(target, bugcheck, exception)
    limits = None if isinstance(context, Absent) else _stack_limits(target, context, crashed)
    trap = _trap_frame(target, bugcheck, faulting, context, limits)
    stack: tuple[Frame, ...] = ()
    if not isinstance(context, Absent):
        stack = tuple(call_stack(target, context, limits, None if isinstance(trap, Absent) else trap))
    return Report(
        file=dump.path,
        verdict=_verdict(target, bugcheck, faulting, exception, owner, stack),
        format=dump.format,
        dump_type=dump.dump_type,
        architecture=target.machine.name,
        build=header.MinorVersion,
        build_lab=build_lab(target),
        system_time=header.SystemTime,
        uptime_seconds=header.SystemUpTime if isinstance(header.SystemUpTime, Absent) else header.SystemUpTime / 1e7,
        processors=header.NumberProcessors,
        product_type=product_type_name(header.ProductType),
        bugcheck=bugcheck,
        exception=exception,
        context=context,
        trap_frame=trap,
        process=owner,
        thread=crashed,
        running=tuple(_running(target)),
        faulting=faulting,
        stack=stack,
        modules=dump.modules.modules,
        unloaded_modules=dump.unloaded,
        pdbs=tuple(_pdbs(target)),
        secondary_data=dump.secondary,
        missing=dump.missing,
        problems=dump.problems,
        sources=_sources(target, exception, context, stack),
    )


def _pdbs(target: Target) -> Iterator[PdbReference]:
    """Yield the CodeView records of loaded images: by their headers where there are page tables, else by looking."""
    if isinstance(target.dump.physical, Absent):
        yield from pdb_references(target.memory, target.modules)
        return
    for module in target.modules.modules:
        image = image_at(target.memory, module.base, module.name)
        if image is not None and image.pdb is not None:
            yield image.pdb


def _parameters(bugcheck: BugCheck, kind: str) -> list[tuple[int, int]]:
    """Return ``(number, value)`` of the parameters of *kind*, numbered from 1."""
    return [(n, p.given) for n, p in enumerate(bugcheck.parameters, 1) if p.kind == kind and p.given is not None]


def _exception(target: Target, bugcheck: BugCheck) -> ExceptionRecord | Absent:
    """Return the exception that led to the bug check.

    The header's record is not it when the bug check was raised by
    ``KeBugCheckEx``: then it shows the breakpoint that the bug check itself
    stopped at, while a parameter points to the real one.
    """
    size = exception_size(target.machine.pointer_size)
    for number, address in _parameters(bugcheck, "exception_record"):
        data = target.memory.read_some(target.address(address), size)
        found = parse_exception(data, target.machine, f"bug check parameter {number}")
        if not isinstance(found, Absent):
            return found
    source = "exception stream" if target.dump.user_mode else "dump header"
    return parse_exception(target.dump.header.Exception, target.machine, source)


def _context(target: Target, bugcheck: BugCheck) -> Context | Absent:
    """Return the registers to look at: the exception's where the dump has them, else those of the bug check.

    The header's CONTEXT and exception record need not belong together: for
    0x7E on x64 the header holds the *exception's* registers beside the *bug
    check's* breakpoint. So the source says which moment a CONTEXT shows.
    """
    size = context_size(target.machine)
    where = "the minidump's exception or first thread" if target.dump.user_mode else "dump header"
    header = parse_context(target.dump.header.ContextRecord, target.machine, where)
    for number, address in _parameters(bugcheck, "context_record"):
        data = target.memory.read_some(target.address(address), size)
        found = parse_context(data, target.machine, f"bug check parameter {number}: the exception's")
        if isinstance(found, Absent):
            continue
        if not isinstance(header, Absent) and header.registers == found.registers:
            source = f"dump header, equal to bug check parameter {number}: the exception's"
            return parse_context(target.dump.header.ContextRecord, target.machine, source)
        return found
    return header


def _faulting(target: Target, bugcheck: BugCheck, exception: ExceptionRecord | Absent) -> Faulting:
    nothing = "the bug check names none" if bugcheck.code else "nothing crashed"
    instruction: Address | Absent = Absent(nothing)
    address: Address | Absent = Absent(nothing)
    own_breakpoint = True
    if not isinstance(exception, Absent):
        own_breakpoint = exception.ExceptionCode == STATUS_BREAKPOINT and exception.source == "dump header"
    if not isinstance(exception, Absent) and not own_breakpoint:
        instruction = exception.ExceptionAddress
        if exception.access and exception.access[1] is not None:
            address = target.address(exception.access[1])
    for _, value in _parameters(bugcheck, "instruction")[:1]:
        instruction = target.address(value)
    for _, value in _parameters(bugcheck, "address")[:1]:
        address = target.address(value)
    module = None if isinstance(instruction, Absent) else target.modules.find(instruction)
    if module is None or isinstance(instruction, Absent):
        reason = nothing if isinstance(instruction, Absent) else "the address lies in no loaded module"
        return Faulting(address, instruction, Absent(reason), Absent(reason))
    return Faulting(address, instruction, module.name, Hex(instruction - module.base))


def _running(target: Target) -> Iterator[Running]:
    """Yield what each processor was doing, as far as the dump holds its block and its registers."""
    size = context_size(target.machine)
    for cpu in processors(target):
        instruction: Address | Absent = Absent("its registers are not in the dump")
        site: str | Absent = Absent("its registers are not in the dump")
        for place in (cpu.Context, cpu.ContextFrame):
            data = b"" if isinstance(place, Absent) or not place else target.memory.read_some(place, size)
            context = parse_context(data, target.machine, "KPRCB")
            if not isinstance(context, Absent):
                instruction = context.pc
                site = target.name(context.pc) or Absent("in no loaded module")
                break
        yield Running(cpu.Number, cpu.address, cpu.CurrentThread, cpu.idle, instruction, site)


def _stack_limits(target: Target, context: Context, crashed: Thread | Absent) -> tuple[int, int] | None:
    """Return the stretch of stack memory that *context* stands on, as far as the dump holds it.

    Above InitialStack, where the thread's first frame ended, there are no frames.
    """
    held = len(target.memory.read_some(target.address(context.sp), LARGEST_STACK))
    end = context.sp + held
    if not isinstance(crashed, Absent) and not isinstance(crashed.InitialStack, Absent):
        end = min(end, crashed.InitialStack) if context.sp < crashed.InitialStack else end
    return (context.sp, end) if held else None


def _trap_frame(
    target: Target,
    bugcheck: BugCheck,
    faulting: Faulting,
    context: Context | Absent,
    limits: tuple[int, int] | None,
) -> TrapFrame | Absent:
    """Return the trap frame that the bug check is about: a parameter points to it, or it lies on the stack.

    A processor's fault leaves it right below the stack pointer that the
    exception's CONTEXT shows, or, when the CONTEXT is of the bug check itself,
    above it with the faulting instruction in it.
    """
    for number, address in _parameters(bugcheck, "trap_frame"):
        found = trap_frame(target, address, f"bug check parameter {number}")
        if not isinstance(found, Absent):
            return found
    if isinstance(context, Absent) or isinstance(faulting.instruction_address, Absent):
        return Absent("the bug check names none")
    low, high = limits or (context.sp, context.sp)
    if context.pc == faulting.instruction_address:
        low, high = context.sp - _ROOM_FOR_A_TRAP_FRAME, context.sp
    return trap_frame_of(
        target, faulting.instruction_address, low, high, "the stack: it holds the faulting instruction"
    )


def _verdict(
    target: Target,
    bugcheck: BugCheck,
    faulting: Faulting,
    exception: ExceptionRecord | Absent,
    owner: Process | Absent,
    stack: tuple[Frame, ...],
) -> str:
    """Return the one line that says what crashed."""
    if target.dump.user_mode:
        return _user_verdict(target, exception, faulting)
    if not bugcheck.code and not target.dump.header.Signature:
        return "no bug check was found in this memory image"
    if not bugcheck.code:
        return "no bug check: the dump was taken live, by a debugger or a tool"
    name = str(bugcheck.name) if bugcheck.name else "unknown bug check"
    verdict = f"{name} ({bugcheck.code:x})"
    if faulting.module:
        verdict += f" in {faulting.module}+{faulting.offset}"
    if not isinstance(exception, Absent) and exception.source != "dump header":
        access = exception.access
        if access is not None:
            where = "an address the processor did not give" if access[1] is None else str(faulting.address)
            verdict += f": {access[0]} of {where}"
    elif faulting.address:
        verdict += f": reference to {faulting.address}"
    if bugcheck.headline:
        verdict += f": {bugcheck.headline.partition(' (parameter')[0]}"
    image = owner.ImageFileName if not isinstance(owner, Absent) else None
    verdict += f", in process {image}" if image else ""
    if not faulting.module or faulting.module in _NOT_DRIVERS:
        driver = next((f for f in stack if f.module not in ("", *_NOT_DRIVERS)), None)
        if driver is not None:
            candidate = " (a candidate)" if driver.trust == SCAN else ""
            verdict += f"; first driver on the stack: {driver.module}{candidate}"
    return verdict


def _bugcheck_source(target: Target) -> str:
    if target.dump.user_mode:
        return "none: a process was dumped"
    return "dump header" if target.dump.header.Signature else "KiBugCheckData in its memory"


def _user_verdict(target: Target, exception: ExceptionRecord | Absent, faulting: Faulting) -> str:
    """Return the one line that says which exception ended a process."""
    if isinstance(exception, Absent):
        return "no exception: a process was dumped as it ran"
    name = exception_code(exception.ExceptionCode)
    verdict = f"{name.partition(' ')[2] if name else 'exception'} ({exception.ExceptionCode:08x})"
    verdict += f" in {faulting.module}+{faulting.offset}" if faulting.module else f" at {exception.ExceptionAddress}"
    access = exception.access
    if access is not None:
        where = "an address the processor did not give" if access[1] is None else str(target.address(access[1]))
        verdict += f": {access[0]} of {where}"
    program = target.modules.modules[0].image if target.modules.modules else None
    return verdict + (f", in process {program}" if program else "")


def _sources(
    target: Target, exception: ExceptionRecord | Absent, context: Context | Absent, stack: tuple[Frame, ...]
) -> dict[str, str]:
    """Return what each part of the report rests on."""
    profile = target.profile
    sources = {
        "bugcheck": _bugcheck_source(target),
        "types": f"none ({profile.reason})" if isinstance(profile, Absent) else f"{profile.name}: {profile.match}",
    }
    if not isinstance(exception, Absent):
        sources["exception"] = exception.source
    if not isinstance(context, Absent):
        sources["context"] = context.source
    if len(stack) > 1:
        scanned = stack[1].trust == SCAN
        sources["stack"] = "scan of the stack: candidates, not a call stack" if scanned else "chain of frame pointers"
    if len(target.modules.modules):
        listed = "PsLoadedModuleList"
        if isinstance(target.dump.physical, Absent):
            listed = "module list of the minidump" if target.dump.user_mode else "driver list of the triage dump"
        sources["modules"] = listed
    if target.dump.found:
        sources["found"] = "; ".join(target.dump.found)
    return sources
