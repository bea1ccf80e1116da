"""Whether a text is of the machine, and of the boot, that a dump is of: by where modules are, build and bug check."""

from __future__ import annotations

from dumpwalk.bugchecks import BugCheck
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.times import FileTime
from dumpwalk.transcript.against.places import module_called
from dumpwalk.transcript.against.version import build_of, kernel_bases, session_time, uptime
from dumpwalk.transcript.analyze import Analysis
from dumpwalk.transcript.modules import ModuleListing
from dumpwalk.transcript.version import Version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.target import Target
    from dumpwalk.transcript import Log

_MINIDUMP = 0x10000000
# Between two moments of one boot the clock may have been set; by more than that it rarely is.
_CLOCK = 60 * 10_000_000
KERNEL, BUILD, BUG_CHECK, MODULES, BOOT = "the kernel", "the build", "the bug check", "modules", "the start"


@record
class Evidence:
    """Something that a text and a dump of the same moment have in common.

    :param of: what it is
    :param said: in the text, and *held* in the dump
    :param line: of the block that says it
    """

    of: str
    said: str
    held: str
    line: int

    @property
    def agrees(self) -> bool:
        return self.said == self.held


def evidence_in(target: Target, log: Log) -> tuple[int, tuple[Evidence, ...]]:
    """Return how much in *log* says that it is of the dump's machine and boot, and what speaks against that."""
    agreeing = 0
    against: dict[str, Evidence] = {}
    for block in log.blocks:
        for found in _of_block(target, block.record, block.first_line):
            if found.agrees:
                agreeing += 1
            else:
                against.setdefault(found.of, found)
    return agreeing, tuple(against.values())


def doubts(against: tuple[Evidence, ...]) -> tuple[str, ...]:
    """Return what speaks against it in words; the strongest alone is said of a machine's boot.

    >>> doubts((Evidence(KERNEL, "fffff800`02a5c000", "fffff804`7bc00000", 3),))
    ('the text seems to be of another machine or boot: the kernel is at fffff800`02a5c000 in the text (line 3), at \
fffff804`7bc00000 in the dump',)
    """
    out = []
    for found in against:
        if found.of in (KERNEL, MODULES):
            name = found.of if found.of == KERNEL else found.said.partition(" ")[0]
            said, held = found.said.rpartition(" ")[2], found.held.rpartition(" ")[2]
            out.append(
                f"the text seems to be of another machine or boot: {name} is at {said} in the text (line {found.line}),"
                f" at {held} in the dump"
            )
        elif found.of == BOOT:
            out.append(
                f"the text seems to be of another machine or boot: that of the text (line {found.line}) began at"
                f" {found.said}, the dump's at {found.held}"
            )
        else:
            what = "machine" if found.of == BUILD else "crash"
            out.append(
                f"the text seems to be of another {what}: {found.of} is {found.said} in the text (line {found.line}),"
                f" {found.held} in the dump"
            )
    return tuple(out[:2])


def _of_block(target: Target, said: object, line: int) -> Iterator[Evidence]:
    if isinstance(said, Version):
        yield from _of_version(target, said, line)
    elif isinstance(said, ModuleListing):
        yield from _of_modules(target, said, line)
    elif isinstance(said, BugCheck):
        yield from _of_crash(target, said, line)
    elif isinstance(said, Analysis) and said.bugcheck is not None:
        yield from _of_crash(target, said.bugcheck, line)


def _of_version(target: Target, said: Version, line: int) -> Iterator[Evidence]:
    build, kernel = build_of(said.system), target.modules.kernel
    # A kernel of 10240 is one; what the free and the checked kernel call MinorVersion is the same.
    if build is not None and target.dump.header.MinorVersion:
        yield Evidence(BUILD, str(build), str(target.dump.header.MinorVersion), line)
    for label, text in said.fields:
        base = kernel_bases(text)[0] if label == "Kernel base" else None
        if base is not None and kernel is not None:
            yield Evidence(KERNEL, str(target.address(base)), str(kernel.base), line)
    yield from _of_start(target, dict(said.fields), line)


def _of_start(target: Target, fields: dict[str, str], line: int) -> Iterator[Evidence]:
    """Yield when the machine was started: by the clock and by how long it has run, of whatever moment both are."""
    now, up = session_time(fields.get("Debug session time", "")), uptime(fields.get("System Uptime", ""))
    time, ran = target.dump.header.SystemTime, target.dump.header.SystemUpTime
    if now is None or up is None or isinstance(time, Absent) or isinstance(ran, Absent):
        return
    said, held = FileTime(now - up), FileTime(time - ran)
    near = abs(said - held) <= _CLOCK
    yield Evidence(BOOT, _second(said), _second(said if near else held), line)


def _second(time: FileTime) -> str:
    return str(time).partition(".")[0]


def _of_modules(target: Target, said: ModuleListing, line: int) -> Iterator[Evidence]:
    """Yield the kernel's place, else that of the first other module that both have."""
    pairs = [
        (listed.module, module)
        for listed in said.list.modules
        if (module := module_called(target, listed.module.name)) is not None
    ]
    pairs.sort(key=lambda pair: pair[1] is not target.modules.kernel)
    for listed, module in pairs[:1]:
        if module is target.modules.kernel:
            yield Evidence(KERNEL, str(target.address(listed.base)), str(module.base), line)
        else:
            place = target.address(listed.base)
            yield Evidence(MODULES, f"{listed.name} {place}", f"{listed.name} {module.base}", line)


def _of_crash(target: Target, said: BugCheck, line: int) -> Iterator[Evidence]:
    header = target.dump.header
    if not header.BugCheckCode:
        return  # taken of a running machine, or no crash dump
    code = f"{said.raw_code & ~_MINIDUMP:x}"
    held = f"{header.BugCheckCode & ~_MINIDUMP:x}"
    given = [int(p.value) for p in said.parameters if p.given is not None and isinstance(p.value, int)]
    if given and len(given) == 4 and code == held:
        numbers = (
            [f"{target.address(n):x}" for n in given],
            [f"{target.address(n):x}" for n in header.BugCheckParameters],
        )
        yield Evidence(BUG_CHECK, " ".join([code, *numbers[0]]), " ".join([held, *numbers[1]]), line)
    else:
        yield Evidence(BUG_CHECK, code, held, line)
