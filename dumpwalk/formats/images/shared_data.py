"""KUSER_SHARED_DATA: the page that each Windows maps at one address, and that says which Windows it is.

Its layout has not moved from Windows 2000 on for what is read here (ntddk.h,
``KUSER_SHARED_DATA``; checked there by ``C_ASSERT`` lines).
"""

from __future__ import annotations

from dumpwalk.record import record
from dumpwalk.times import FileTime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.segments import DumpMemory

# The kernel's view of it (ntddk.h, KI_USER_SHARED_DATA).
ADDRESS = {4: 0xFFDF0000, 8: 0xFFFFF78000000000}
_SIZE = 0x3C4
_VERSIONS = {(5, 0), (5, 1), (5, 2), (6, 0), (6, 1), (6, 2), (6, 3), (10, 0)}
_MAXIMUM_PROCESSORS = 2048
_LONGEST_ROOT = 260


@record
class SharedData:
    """What the page says.

    :param build: ``NtBuildNumber``, 0 before Windows 10, which has none there
    :param time: ``SystemTime``; ``None`` when it was being written
    :param uptime: ``InterruptTime`` in units of 100 ns; ``None`` when it was being written
    :param processors: ``ActiveProcessorCount``, 0 where it says nothing plausible
    :param product: ``NtProductType``
    :param root: ``NtSystemRoot``
    """

    version: tuple[int, int]
    build: int
    time: FileTime | None
    uptime: int | None
    processors: int
    product: int
    root: str

    def __str__(self) -> str:
        return f"Windows {self.version[0]}.{self.version[1]}{f' build {self.build}' if self.build else ''}"


def shared_data(memory: DumpMemory, pointer_size: int) -> SharedData | None:
    """Return what the page says; ``None`` when it is not there, or what is there can't be it."""
    page = memory.read_some(ADDRESS[pointer_size], _SIZE)
    if len(page) < _SIZE:
        return None

    def number(offset: int) -> int:
        return int.from_bytes(page[offset : offset + 4], "little")

    def time(offset: int) -> int | None:  # KSYSTEM_TIME: its halves are only to be read when both high parts agree
        low, high, check = number(offset), number(offset + 4), number(offset + 8)
        return low | high << 32 if high == check else None

    version = number(0x26C), number(0x270)
    root = page[0x30 : 0x30 + 2 * _LONGEST_ROOT].decode("utf-16-le", "replace").partition("\0")[0]
    if version not in _VERSIONS or root[1:3] != ":\\" or not root[:1].isalpha():
        return None
    build = number(0x260) & 0xFFFF if version[0] >= 10 else 0
    processors = number(0x3C0) if version >= (6, 1) else 0
    if not 0 < processors <= _MAXIMUM_PROCESSORS:
        processors = 0
    stamp = time(0x14)
    when = None if stamp is None else FileTime(stamp)
    return SharedData(version, build, when, time(0x08), processors, number(0x264), root)
