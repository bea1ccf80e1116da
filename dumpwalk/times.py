"""Windows times: FILETIME and intervals, both in units of 100 ns; the seconds of time stamps in words."""

from __future__ import annotations


class FileTime(int):
    """A FILETIME: 100 ns units since 1601-01-01 UTC. Prints as ISO 8601, to the microsecond.

    >>> print(FileTime(0x01D707F23DBB3399))
    2021-02-21T01:38:22.987765Z
    >>> print(FileTime(2**64 - 1))  # the calendar ends before it
    0xffffffffffffffff
    """

    __slots__ = ()

    def __str__(self) -> str:
        from datetime import datetime, timedelta

        try:
            moment = datetime(1601, 1, 1) + timedelta(microseconds=int(self) // 10)
        except OverflowError:
            return hex(self)
        return moment.isoformat(timespec="microseconds") + "Z"


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def calendar(seconds: int) -> str:
    """Return so many *seconds* since 1970 as debuggers write a time, in UTC.

    >>> calendar(0x655244FD)
    'Mon Nov 13 15:47:09 2023'
    """
    from time import gmtime

    t = gmtime(seconds)
    clock = f"{t.tm_hour:02}:{t.tm_min:02}:{t.tm_sec:02}"
    return f"{_DAYS[t.tm_wday]} {_MONTHS[t.tm_mon - 1]} {t.tm_mday:2} {clock} {t.tm_year}"


def interval(units: int) -> str:
    """Return *units* of 100 ns as WinDbg's ``System Uptime`` prints them.

    >>> interval(37470697), interval(1728000000000)
    ('0 days 0:00:03.747', '2 days 0:00:00.000')
    """
    milliseconds = units // 10_000
    seconds, milliseconds = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"{days} days {hours}:{minutes:02}:{seconds:02}.{milliseconds:03}"
