"""The machine's clock: how long a tick is, how many there were, and what ticks are in time.

Threads and processes count clock ticks. A tick takes ``KeMaximumIncrement`` units of 100 ns, which the boot loader
measures: 156,250 on most machines, 156,001 on some.
"""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.kernel.shared_data import SharedData, shared_data
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.times import FileTime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.target import Target

# Hardware clocks tick every 0.5 to 16 ms; what lies far from that is no length of a tick.
_SHORTEST, _LONGEST = 1_000, 1_000_000
# TickCountMultiplier is in milliseconds, with 24 bits behind the point.
_UNITS_A_MILLISECOND = 10_000


@record
class Clock:
    """The clock of a machine.

    :param increment: length of a tick in units of 100 ns
    :param source: what says so
    :param ticks: how many there were, cut to 32 bits where only those are known
    :param time: the moment of the dump
    """

    increment: int | Absent
    source: str
    ticks: int | Absent
    time: FileTime | Absent

    def duration(self, ticks: int | Absent) -> int | Absent:
        """Return how long *ticks* take in units of 100 ns."""
        if isinstance(ticks, Absent) or isinstance(self.increment, Absent):
            return ticks if isinstance(ticks, Absent) else self.increment
        return ticks * self.increment

    def since(self, tick: int | Absent) -> int | Absent:
        """Return how many ticks there were since *tick*, a count of 32 bits that may have run over."""
        if isinstance(tick, Absent) or isinstance(self.ticks, Absent):
            return tick if isinstance(tick, Absent) else self.ticks
        return (self.ticks - tick) & 0xFFFFFFFF


def clock(target: Target) -> Clock:
    """Return the clock of *target*; what is not known of it is absent. It is looked for once."""
    return target.once("clock", _clock)


def _clock(target: Target) -> Clock:
    shared = shared_data(target)
    increment, source = _increment(target, shared)
    ticks = shared if isinstance(shared, Absent) else shared.TickCount
    stated = target.dump.header.SystemTime
    time = shared.SystemTime if isinstance(shared, SharedData) and isinstance(stated, Absent) else stated
    return Clock(increment, source, ticks, time)


def _increment(target: Target, shared: SharedData | Absent) -> tuple[int | Absent, str]:
    """Return ``KeMaximumIncrement`` and who said it.

    Times are counted in the longest increment that the clock can be set to, not in the present one
    (``KeTimeIncrement``), so the present one is only asked where nobody says the longest.
    """
    for source, address in _variables(target):
        try:
            value = target.read_int(address, 4)
        except ReadError:
            continue
        if _SHORTEST <= value <= _LONGEST:
            return value, source
    if isinstance(shared, Absent):
        return shared, ""
    multiplier = shared.TickCountMultiplier
    if isinstance(multiplier, Absent):
        return multiplier, ""
    # Rounded, because the multiplier was cut: 0x0f99a027 is 156,000.99.
    value = (multiplier * _UNITS_A_MILLISECOND + (1 << 23)) >> 24
    if not _SHORTEST <= value <= _LONGEST:
        return Absent(f"TickCountMultiplier {multiplier} makes no sense"), ""
    return value, "TickCountMultiplier"


def _variables(target: Target) -> list[tuple[str, int]]:
    data = target.dump.debugger_data
    longest = target.address_of("KeMaximumIncrement")
    present = None if isinstance(data, Absent) else data.get("KeTimeIncrement")
    out = [("nt!KeMaximumIncrement", int(longest))] if longest else []
    return out + ([("KDBG.KeTimeIncrement", int(present))] if present else [])
