"""``vertarget``: which system, where its kernel is, when it was looked at, and how long it had run."""

from __future__ import annotations

from dumpwalk.kernel.build_lab import build_lab
from dumpwalk.memory.address import Address
from dumpwalk.remarks import Absent
from dumpwalk.times import FileTime, interval
from dumpwalk.transcript.against import Statement, compares
from dumpwalk.transcript.against.marked import like
from dumpwalk.transcript.against.named import statement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.target import Target
    from dumpwalk.transcript.version import Version

_MACHINES = {"x64": "x64", "AMD64": "x64", "x86": "x86", "ARM64": "ARM64", "ARM": "ARM", "AArch64": "ARM64"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@compares("version")
def version(target: Target, said: Version, command: str) -> Iterator[Statement | None]:
    """Compare what is said of the system and the moment."""
    header = target.dump.header
    yield from _system(target, said.system)
    for label, text in said.fields:
        if label == "Built by":
            yield statement("build string", text, build_lab(target))
        elif label == "Kernel base":
            base, loaded = (like(address, text) for address in kernel_bases(text))
            kernel = target.modules.kernel
            yield statement(
                "kernel base", base, Absent("the kernel is not in its list") if kernel is None else kernel.base,
                target.machine.pointer_size,
            )  # fmt: skip
            head = header.PsLoadedModuleList
            unset = Absent("the file does not say it")
            yield statement("PsLoadedModuleList", loaded, head or unset, target.machine.pointer_size)
        elif label == "System Uptime":
            time = header.SystemUpTime
            yield statement(
                "system uptime", like(text.strip(), text), time if isinstance(time, Absent) else interval(time)
            )
        elif label == "Debug session time":
            yield _moment(text, header.SystemTime)


def kernel_bases(text: str) -> tuple[Address | None, Address | None]:
    """Return the numbers of ``0xfffff800`9827e000 PsLoadedModuleList = 0xfffff800`98584140``."""
    found = []
    for word in (text.partition(" ")[0], text.rpartition("=")[2].strip()):
        digits = word.replace("`", "").removeprefix("0x")
        known = 0 < len(digits) <= 16 and set(digits.lower()) <= set("0123456789abcdef")
        found.append(Address(digits, 16) if known else None)
    return found[0], found[1]


def build_of(system: str) -> int | None:
    """Return the build number of the line that names Windows.

    >>> build_of("Windows 7 Kernel Version 7600 MP (1 procs) Free x86 compatible")
    7600
    """
    words = system.partition("Version ")[2].split()
    return int(words[0]) if words and words[0].isascii() and words[0].isdecimal() and len(words[0]) < 9 else None


def _system(target: Target, system: str) -> Iterator[Statement | None]:
    header = target.dump.header
    yield statement("build", like(build_of(system), system), header.MinorVersion or Absent("the file does not say it"))
    count = system.partition("(")[2].partition(" procs)")[0]
    if count.isascii() and count.isdecimal() and len(count) < 9:
        held = header.NumberProcessors or Absent("the file does not say it")
        yield statement("processors", like(int(count), system), held)
    word = next((word for word in system.split() if word in _MACHINES), None)
    yield statement("machine", like(_MACHINES[word], system) if word else None, target.machine.name)


def _moment(text: str, held: FileTime | Absent) -> Statement | None:
    """Compare the local time that the debugger prints, ``Thu Aug 30 19:15:12.068 2018 (UTC - 5:00)``."""
    said = session_time(text)
    if said is None:
        return None
    if isinstance(held, Absent):
        return statement("time of the dump", like(str(said), text), held)
    # Milliseconds are printed.
    return statement("time of the dump", like(str(said), text), str(FileTime(int(held) // 10_000 * 10_000)))


def session_time(text: str) -> FileTime | None:
    """Return the moment that the debugger prints as local time with its distance from UTC.

    >>> print(session_time("Thu Aug 30 19:15:12.068 2018 (UTC - 5:00)"))
    2018-08-31T00:15:12.068000Z
    """
    from datetime import datetime, timedelta

    words = text.replace("(", " ").replace(")", " ").split()
    try:
        month, day, clock, year = words[1:5]
        hours, minutes, seconds = clock.split(":")
        at = datetime(int(year), _MONTHS.index(month) + 1, int(day), int(hours), int(minutes))
        at += timedelta(milliseconds=round(float(seconds) * 1000))
        zone = words[words.index("UTC") + 1 :]
        sign = -1 if zone[0].startswith("-") else 1
        shift_hours, _, shift_minutes = zone[-1].lstrip("+-").partition(":")
        at -= sign * timedelta(hours=int(shift_hours), minutes=int(shift_minutes or 0))
        return FileTime((at - datetime(1601, 1, 1)) // timedelta(microseconds=1) * 10)
    except (ValueError, IndexError, OverflowError):
        return None  # another form, as old debuggers have


def uptime(text: str) -> int | None:
    """Return how long ``0 days 3:07:12.000`` is, in units of 100 ns.

    >>> uptime("0 days 3:07:12.000"), uptime("not available")
    (112320000000, None)
    """
    days, _, clock = text.strip().partition(" days ")
    try:
        hours, minutes, seconds = clock.split(":")
        found = (int(days) * 24 + int(hours)) * 3600 + int(minutes) * 60
        return found * 10_000_000 + round(float(seconds) * 1000) * 10_000
    except (ValueError, OverflowError):
        return None
