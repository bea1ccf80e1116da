"""Durations as ``!thread`` and ``!process`` print them: cut to milliseconds, never rounded."""

from __future__ import annotations

from dumpwalk.remarks import Absent

_MILLISECOND = 10_000


def clock_time(units: int | Absent) -> str:
    """Return *units* of 100 ns as hours, minutes, seconds; ``????`` for what is absent.

    >>> clock_time(16 * 156001), clock_time(36610620000)
    ('00:00:00.249', '01:01:01.062')
    """
    if isinstance(units, Absent):
        return "????"
    seconds, milliseconds = divmod(units // _MILLISECOND, 1000)
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}.{milliseconds:03}"


def old_time(units: int | Absent) -> str:
    """Return *units* of 100 ns as debuggers of NT 4 and Windows 2000 print them: milliseconds have four digits.

    >>> old_time(231530000)
    '0:00:23.0153'
    """
    if isinstance(units, Absent):
        return "????"
    hours, minutes, rest = clock_time(units).split(":")
    seconds, _, milliseconds = rest.partition(".")
    return f"{int(hours)}:{minutes}:{seconds}.0{milliseconds}"


def day_time(units: int | Absent) -> str:
    """Return *units* of 100 ns as days, hours, minutes, seconds.

    >>> day_time(675 * 156001)
    '0:00:00:10.530'
    """
    if isinstance(units, Absent):
        return "????"
    days, rest = divmod(units, 24 * 3600 * 1000 * _MILLISECOND)
    return f"{days}:{clock_time(rest)}"


def elapsed_time(units: int | Absent) -> str:
    """Return *units* of 100 ns as ``ElapsedTime`` has them, whole days in front.

    >>> elapsed_time(932944900000)
    '1 Day 01:54:54.490'
    """
    if isinstance(units, Absent):
        return "????"
    days, rest = divmod(units, 24 * 3600 * 1000 * _MILLISECOND)
    return f"{days} Day{'s' * (days != 1)} {clock_time(rest)}" if days else clock_time(rest)
