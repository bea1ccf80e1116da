"""``KUSER_SHARED_DATA`` in the words of ``!kuser``, and below them what that leaves out."""

from __future__ import annotations

from dumpwalk.kernel.constants import name_of
from dumpwalk.remarks import Absent
from dumpwalk.render.durations import day_time
from dumpwalk.render.remarks import remark_lines
from dumpwalk.render.text import plain, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.shared_data import SharedData

# Where every process has the page, on all machines (ntddk.h, MM_SHARED_USER_DATA_VA): !kuser names this place.
_IN_PROCESSES = 0x7FFE0000


def layout(shared: SharedData) -> str:
    """Return the page in ``!kuser``'s layout."""
    wide = shared.address >> 32 != 0
    ticks = plain(shared.TickCount, 16 if wide else 8)
    root = "????" if isinstance(shared.NtSystemRoot, Absent) else printable(shared.NtSystemRoot)
    lines = [
        f"_KUSER_SHARED_DATA at {_IN_PROCESSES:0{16 if wide else 8}x}",
        f"TickCount:    {plain(shared.TickCountMultiplier)} * {ticks} ({day_time(shared.uptime)})",
        f"TimeZone Id: {_number(shared.TimeZoneId)}",
        f"ImageNumber Range: [{plain(shared.ImageNumberLow)} .. {plain(shared.ImageNumberHigh)}]",
    ]
    if shared.CryptoExponent is not None:
        lines.append(f"Crypto Exponent: {_number(shared.CryptoExponent)}")
    lines += [f"SystemRoot: '{root}'", "", f"Kernel address: {plain(shared.address)}", _version(shared)]
    lines.append(f"System time: {shared.SystemTime}   bias {_bias(shared.TimeZoneBias)}")
    lines.append(f"KdDebuggerEnabled: {plain(shared.KdDebuggerEnabled)}   SafeBootMode: {_number(shared.SafeBootMode)}")
    remarks = remark_lines(shared)
    return "\n".join([*lines, *([""] if remarks else []), *remarks])


def _number(value: int | Absent) -> str:
    return "????" if isinstance(value, Absent) else str(value)


def _version(shared: SharedData) -> str:
    build = "" if shared.NtBuildNumber is None else f" build {_number(shared.NtBuildNumber)}"
    kind = shared.NtProductType
    product = "" if isinstance(kind, Absent) else name_of("product_type", kind) or ""
    return f"Version: {_number(shared.NtMajorVersion)}.{_number(shared.NtMinorVersion)}{build}   {product}".rstrip()


def _bias(units: int | Absent) -> str:
    """Return what local time lacks to UTC, in hours and minutes."""
    if isinstance(units, Absent):
        return "????"
    minutes = abs(units) // 600_000_000
    return f"{'-' if units < 0 else ''}{minutes // 60}:{minutes % 60:02}"
