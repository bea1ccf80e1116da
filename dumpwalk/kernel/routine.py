"""Addresses of functions in structures, with what is known of each: its name and the image it lies in."""

from __future__ import annotations

from dumpwalk.objects.members import pointer
from dumpwalk.record import record
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.address import Address
    from dumpwalk.objects import Object
    from dumpwalk.target import Target


@record
class Routine:
    """A function that a structure points to.

    :param address: 0 for none
    :param name: ``nt!IopInvalidDeviceRequest``, ``example+0x1234``; ``""`` when it lies in no loaded image
    """

    address: Address
    name: str

    @property
    def module(self) -> str:
        """What WinDbg calls the image it lies in; ``""`` when it lies in none."""
        return self.name.partition("!")[0].partition("+")[0]


def routine(target: Target, address: int) -> Routine:
    """Return the function at *address*."""
    return Routine(target.address(address), (target.name(address) or "") if address else "")


def routine_in(target: Target, object: Object | Absent, *paths: str) -> Routine | Absent:
    """Return the function that a member points to; see :func:`dumpwalk.objects.members.member`."""
    address = pointer(object, *paths)
    return address if isinstance(address, Absent) else routine(target, address)
