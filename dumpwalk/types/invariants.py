"""What has to be true of a field's value: the checks that guessed places of fields are confirmed by."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from dumpwalk.memory.machine import Machine

# FILETIMEs of 2000-01-01 and 2100-01-01: nothing we read was created before or after.
EARLIEST, LATEST = 0x01BF53EB256D4000, 0x023F2A7B05C3C000
# Process and thread identifiers are handles: multiples of 4, and far below this.
LARGEST_ID = 0x10000000


def kernel_pointer(machine: Machine, *, null: bool = False) -> Callable[[int], bool]:
    """Return the check that a value is an aligned address in kernel space, or 0 where *null* says so."""
    # The kernel's half of a 57-bit address space (a 48-bit one lies in it); 32-bit kernels begin at
    # 2 GB or, by a boot option, 3 GB.
    lowest, limit = (0xFF00000000000000, 1 << 64) if machine.pointer_size == 8 else (0x80000000, 1 << 32)
    return lambda value: (lowest <= value < limit and value % machine.pointer_size == 0) or (null and not value)


def list_entry(machine: Machine) -> Callable[[bytes], bool]:
    """Return the check that bytes are a ``_LIST_ENTRY`` of kernel addresses."""
    size, good = machine.pointer_size, kernel_pointer(machine)

    def check(data: bytes) -> bool:
        pointers = (int.from_bytes(data[i : i + size], "little") for i in (0, size))
        return len(data) == 2 * size and all(good(p) for p in pointers)

    return check


def client_id(value: int) -> bool:
    """Say whether *value* can be a process or thread identifier."""
    return 0 <= value < LARGEST_ID and value % 4 == 0


def file_time(value: int) -> bool:
    """Say whether *value* is a FILETIME of this century."""
    return EARLIEST <= value <= LATEST


def at_most(limit: int, least: int = 0) -> Callable[[int], bool]:
    """Return the check that a value lies between *least* and *limit*, both included."""
    return lambda value: least <= value <= limit


def image_name(data: bytes) -> bool:
    """Say whether *data* is a printable name that is not empty, padded with zeros."""
    text, _, rest = data.partition(b"\0")
    return bool(text) and all(0x20 <= c < 0x7F for c in text) and not any(rest)
