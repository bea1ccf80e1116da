"""``KUSER_SHARED_DATA``: what the kernel tells every process of the machine: version, time, ticks.

It lies at one address in each Windows (ntddk.h, ``KI_USER_SHARED_DATA``); its members are found by the types.
"""

from __future__ import annotations

from dumpwalk.errors import ReadError, TypeInfoError
from dumpwalk.memory.address import Address, Hex
from dumpwalk.objects.members import hexadecimal, integer, member, optional
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.times import FileTime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.target import Target

# The kernel's view of the page (ntddk.h, KI_USER_SHARED_DATA), by the size of a pointer.
ADDRESSES = {4: 0xFFDF0000, 8: 0xFFFFF78000000000}


@record
class SharedData:
    """``KUSER_SHARED_DATA``. Names are NT's.

    :param TickCountMultiplier: milliseconds a tick, with 24 bits behind the point
    :param InterruptTime: how long the machine has run, in units of 100 ns
    :param TimeZoneBias: what is subtracted from UTC for local time, in units of 100 ns
    :param NtBuildNumber: ``None`` before Windows 10, whose page has none
    :param CryptoExponent: ``None`` where this build has none
    :param ImageNumberLow: the lowest machine type whose images run here; *ImageNumberHigh* the highest
    :param TickCount: clock ticks since the machine started
    :param KdDebuggerEnabled: bit 0: the kernel debugger is enabled; bit 1: one was there
    """

    address: Address
    NtMajorVersion: int | Absent
    NtMinorVersion: int | Absent
    NtBuildNumber: int | Absent | None
    NtProductType: int | Absent
    NtSystemRoot: str | Absent
    SystemTime: FileTime | Absent
    TimeZoneBias: int | Absent
    InterruptTime: int | Absent
    TickCount: int | Absent
    TickCountMultiplier: Hex | Absent
    KdDebuggerEnabled: Hex | Absent
    SafeBootMode: int | Absent
    SuiteMask: Hex | Absent
    NumberOfPhysicalPages: int | Absent
    ActiveProcessorCount: int | Absent
    Cookie: Hex | Absent
    TimeZoneId: int | Absent
    ImageNumberLow: Hex | Absent
    ImageNumberHigh: Hex | Absent
    CryptoExponent: int | Absent | None

    @property
    def uptime(self) -> int | Absent:
        """How long the machine has run, in units of 100 ns: ticks times their length."""
        if isinstance(self.TickCount, Absent) or isinstance(self.TickCountMultiplier, Absent):
            return self.TickCount if isinstance(self.TickCount, Absent) else Absent("TickCountMultiplier is absent")
        return (self.TickCount * self.TickCountMultiplier >> 24) * 10_000


def shared_data(target: Target) -> SharedData | Absent:
    """Return what the page that all processes share says, or why it can't be had."""
    try:
        return read_shared_data(target)
    except (TypeInfoError, ReadError) as error:
        return Absent(f"KUSER_SHARED_DATA: {error}")


def read_shared_data(target: Target) -> SharedData:
    """Return what the page that all processes share says.

    :raises ReadError: when it is not in the dump
    :raises TypeInfoError: when the types of this kernel are not known
    """
    place = target.address(ADDRESSES[target.machine.pointer_size])
    target.memory.read(place, 4)
    shared = target.object("_KUSER_SHARED_DATA", place)
    system = _system_time(shared, "SystemTime")
    ticks = _system_time(shared, "TickCount")
    if not ticks:  # the count that Windows XP keeps
        low = integer(shared, "TickCountLow")
        ticks = low if not isinstance(low, Absent) and low else ticks
    return SharedData(
        address=place,
        NtMajorVersion=integer(shared, "NtMajorVersion"),
        NtMinorVersion=integer(shared, "NtMinorVersion"),
        NtBuildNumber=optional(integer, shared, "NtBuildNumber"),
        NtProductType=integer(shared, "NtProductType"),
        NtSystemRoot=_text(member(shared, "NtSystemRoot")),
        SystemTime=system if isinstance(system, Absent) else FileTime(system),
        TimeZoneBias=_system_time(shared, "TimeZoneBias"),
        InterruptTime=_system_time(shared, "InterruptTime"),
        TickCount=ticks,
        TickCountMultiplier=hexadecimal(shared, "TickCountMultiplier"),
        KdDebuggerEnabled=hexadecimal(shared, "KdDebuggerEnabled"),
        SafeBootMode=integer(shared, "SafeBootMode"),
        SuiteMask=hexadecimal(shared, "SuiteMask"),
        NumberOfPhysicalPages=integer(shared, "NumberOfPhysicalPages"),
        ActiveProcessorCount=integer(shared, "ActiveProcessorCount"),
        Cookie=hexadecimal(shared, "Cookie"),
        TimeZoneId=integer(shared, "TimeZoneId"),
        ImageNumberLow=hexadecimal(shared, "ImageNumberLow"),
        ImageNumberHigh=hexadecimal(shared, "ImageNumberHigh"),
        CryptoExponent=optional(integer, shared, "CryptoExponent"),
    )


def _text(array: Any) -> str | Absent:
    """Return the text in an array of WCHARs, which old kernels' types call numbers."""
    data = array if isinstance(array, Absent) else array.bytes_()
    return data if isinstance(data, Absent) else data.decode("utf-16-le", "replace").partition("\0")[0]


def _system_time(shared: Any, name: str) -> int | Absent:
    """Return a ``KSYSTEM_TIME``: its halves belong together only where both copies of the high one agree."""
    time = member(shared, name)
    parts = [integer(time, path) for path in ("LowPart", "High1Time", "High2Time")]
    for part in parts:
        if isinstance(part, Absent):
            return part
    low, high, check = (int(part) for part in parts if not isinstance(part, Absent))
    if high != check:
        return Absent(f"{name} was being written when the dump was taken")
    return (low & 0xFFFFFFFF) | high << 32  # the high half is signed: time zones have a sign
