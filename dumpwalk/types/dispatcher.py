"""``DISPATCHER_HEADER``, with which everything begins that a thread can wait for: what its first byte says it is.

``Type`` has been that byte in all versions, and its values those of ``KOBJECTS`` (public symbols).
"""

from __future__ import annotations

from dumpwalk.errors import ReadError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.address import Address
    from dumpwalk.memory.segments import DumpMemory

PROCESS_OBJECT, THREAD_OBJECT = 3, 6
# The upper bit is a flag in some builds.
_TYPE = 0x7F


def is_of_type(type: int, wanted: int) -> bool:
    """Say whether *type*, a dispatcher header's first byte, is the type *wanted*."""
    return type & _TYPE == wanted


def is_dispatcher_object(memory: DumpMemory, address: Address, wanted: int) -> bool:
    """Say whether a dispatcher object of the type *wanted* lies at *address*; one that can't be read is none."""
    try:
        return is_of_type(memory.read(address, 1)[0], wanted)
    except ReadError:
        return False
