"""EXCEPTION_RECORD: which exception, where, and what it says of the access."""

from __future__ import annotations

from dumpwalk.memory.address import Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.address import Address
    from dumpwalk.memory.machine import Machine

# EXCEPTION_RECORD64 and EXCEPTION_RECORD32 of winnt.h: code, flags, next
# record, address, number of parameters, then 15 parameters.
_SIZES = {8: 0x98, 4: 0x50}
_MAXIMUM_PARAMETERS = 15

STATUS_ACCESS_VIOLATION = 0xC0000005
STATUS_IN_PAGE_ERROR = 0xC0000006
STATUS_BREAKPOINT = 0x80000003

# ExceptionInformation[0] of an access violation (EXCEPTION_RECORD, winnt.h documentation).
ACCESS = {0: "read", 1: "write", 8: "execute"}


@record
class ExceptionRecord:
    """An exception.

    :param source: where in the dump it was found
    :param ExceptionInformation: as many as NumberParameters says
    """

    source: str
    ExceptionCode: Hex
    ExceptionFlags: Hex
    ExceptionRecord: Address
    ExceptionAddress: Address
    NumberParameters: int
    ExceptionInformation: tuple[Hex, ...]

    @property
    def access(self) -> tuple[str, int | None] | None:
        """What an access violation or in-page error tried: ``("read", address)``.

        The address is ``None`` where the processor did not give one: a general
        protection fault (a non-canonical address, say) reports -1.
        """
        if self.ExceptionCode not in (STATUS_ACCESS_VIOLATION, STATUS_IN_PAGE_ERROR) or self.NumberParameters < 2:
            return None
        kind, address = self.ExceptionInformation[:2]
        all_ones = (1 << 64) - 1 if address > 0xFFFFFFFF else 0xFFFFFFFF
        return ACCESS.get(kind, f"access kind {kind}"), None if address == all_ones else int(address)


def exception_size(pointer_size: int) -> int:
    """Return the size of an EXCEPTION_RECORD in bytes."""
    return _SIZES[pointer_size]


def parse_exception(data: bytes, machine: Machine, source: str) -> ExceptionRecord | Absent:
    """Return the EXCEPTION_RECORD that *data* begins with.

    NumberParameters is 32 bits wide; what follows it up to the next pointer is
    whatever was on the stack. Parameters beyond that number are not there
    (in a dump header they hold the ``PAGE`` fill pattern).
    """
    width = machine.pointer_size
    if len(data) < _SIZES[width]:
        return Absent(f"the exception record is cut: {len(data):#x} of {_SIZES[width]:#x} bytes")

    def field(offset: int, size: int) -> int:
        return int.from_bytes(data[offset : offset + size], "little")

    code, count = field(0, 4), field(8 + 2 * width, 4)
    if code in (0, 0x45474150):  # never written: zero, or the text "PAGE"
        return Absent("the exception record is not filled in")
    if count > _MAXIMUM_PARAMETERS:
        return Absent(f"no exception record: it claims {count} parameters, where 15 is the most")
    first = 8 + 2 * width + (8 if width == 8 else 4)
    information = tuple(Hex(field(first + width * n, width)) for n in range(count))
    link, at = machine.address(field(8, width)), machine.address(field(8 + width, width))
    return ExceptionRecord(source, Hex(code), Hex(field(4, 4)), link, at, count, information)
