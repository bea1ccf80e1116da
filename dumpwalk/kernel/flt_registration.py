"""``FLT_OPERATION_REGISTRATION``: the requests that a minifilter wants to see.

The array has no length: an entry whose ``MajorFunction`` is ``IRP_MJ_OPERATION_END`` ends it. Where a driver forgot
that entry the Filter Manager goes on into whatever lies behind, and tells nobody: registering succeeds, the
``InstanceSetup`` callback is called, and no instance is attached. So the walk here goes on for as long as entries make
sense, and says where they stop to.

Layout, codes and flags are those of fltKernel.h. The kernel's types do not have the structure: it is Filter Manager's.
"""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.kernel.constants import name_of
from dumpwalk.kernel.pitfalls import told
from dumpwalk.kernel.routine import Routine, routine
from dumpwalk.memory.address import Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target

IRP_MJ_OPERATION_END = 0x80
# UCHAR MajorFunction; ULONG Flags; then three pointers: PreOperation, PostOperation, Reserved1.
_FLAGS, _POINTERS = 4, 8
# FLTFL_OPERATION_REGISTRATION_*
FLAGS = {
    0x1: "FLTFL_OPERATION_REGISTRATION_SKIP_PAGING_IO",
    0x2: "FLTFL_OPERATION_REGISTRATION_SKIP_CACHED_IO",
    0x4: "FLTFL_OPERATION_REGISTRATION_SKIP_NON_DASD_IO",
    0x8: "FLTFL_OPERATION_REGISTRATION_SKIP_NON_CACHED_NON_PAGING_IO",
}
# There are 28 major functions of the I/O manager and 20 of the Filter Manager; more entries are none.
MOST_OPERATIONS = 64


@record
class Operation:
    """One entry of the array.

    :param major: name of ``MajorFunction``
    :param flag_names: the bits of ``Flags``
    """

    address: Address | Absent
    MajorFunction: Hex
    major: str
    Flags: Hex
    flag_names: tuple[str, ...]
    PreOperation: Routine | Absent
    PostOperation: Routine | Absent
    Reserved1: Address | Absent

    @property
    def callbacks(self) -> tuple[tuple[str, Routine], ...]:
        """The callbacks that are set, by name."""
        both = (("PreOperation", self.PreOperation), ("PostOperation", self.PostOperation))
        return tuple((name, found) for name, found in both if isinstance(found, Routine) and found.address)


@record
class FltRegistration:
    """An array of ``FLT_OPERATION_REGISTRATION``.

    :param module: the image that it lies in; ``""`` when it lies in none
    :param operations: up to the end, or to where entries make no sense any more
    :param terminated: an ``IRP_MJ_OPERATION_END`` ends it
    """

    address: Address
    module: str
    entry_size: int | Absent
    operations: tuple[Operation, ...]
    terminated: bool
    problems: tuple[Problem, ...]


def flt_registration(target: Target, address: int) -> FltRegistration:
    """Return the array of operations at *address*."""
    width = target.machine.pointer_size
    size = _POINTERS + 3 * width
    place = target.address(address)
    image = target.modules.find(place)
    operations: list[Operation] = []
    problems: list[Problem] = []
    seen: set[int] = set()
    terminated = False
    end = ""
    while not terminated and not end:
        at = target.address(address + len(operations) * size)
        try:
            major = target.read_int(at, 1)
            terminated = major == IRP_MJ_OPERATION_END
            # What stands in the rest of the last entry means nothing, nor need it be there.
            if terminated:
                break
            data = target.memory.read(at, size)
        except ReadError as error:
            end = f"what follows can't be read: {error.reason}"
            break
        operation = _operation(target, at, data, width)
        end = _nonsense(operation, data)
        if not end and len(operations) >= MOST_OPERATIONS:
            end = f"there are more than {MOST_OPERATIONS} entries"
        if not end:
            operations.append(operation)
            problems += _doubts(operation, major in seen, image.name if image else "")
            seen.add(major)
    if not terminated:
        problems.append(_unterminated(target, place, size, len(operations), end))
    return FltRegistration(place, image.name if image else "", size, tuple(operations), terminated, tuple(problems))


def _operation(target: Target, at: Address, data: bytes, width: int) -> Operation:
    flags = int.from_bytes(data[_FLAGS:_POINTERS], "little")
    pre, post, reserved = (
        int.from_bytes(data[start : start + width], "little") for start in range(_POINTERS, len(data), width)
    )
    return Operation(
        at,
        Hex(data[0]),
        major_name(data[0]),
        Hex(flags),
        flag_names(flags),
        routine(target, pre),
        routine(target, post),
        target.address(reserved),
    )


def major_name(code: int) -> str:
    """Return the name of a major function, of the I/O manager's or of the Filter Manager's own; ``""`` for none."""
    return name_of("irp_major", code) or name_of("irp_major_filter_manager", code) or ""


def flag_names(flags: int) -> tuple[str, ...]:
    """Return the names of the bits of ``Flags``, of 32 bits; a bit without a name as a hexadecimal number."""
    return tuple(FLAGS.get(1 << bit, f"{1 << bit:#x}") for bit in range(32) if flags >> bit & 1)


def _nonsense(operation: Operation, data: bytes) -> str:
    """Return why an entry can be none; ``""`` when it makes sense."""
    if not operation.major:
        return f"{int(operation.MajorFunction):#x} is no major function"
    if any(data[1:_FLAGS]):
        return "there are bits between MajorFunction and Flags"
    if operation.Flags & ~sum(FLAGS):
        return f"Flags {int(operation.Flags):#x} are none"
    if not operation.callbacks:
        return "there is no callback"
    for name, callback in operation.callbacks:
        if not callback.name:
            return f"{name} {callback.address} lies in no loaded image"
    return ""


def _doubts(operation: Operation, again: bool, module: str) -> list[Problem]:
    """Return what is odd about an entry that makes sense."""
    found = []
    if again:
        found.append(Problem(operation.major, "it is registered more than once"))
    if operation.Reserved1:
        found.append(Problem(operation.major, f"Reserved1 is {operation.Reserved1}, not null"))
    for name, callback in operation.callbacks:
        if module and callback.module != module:
            found.append(Problem(operation.major, f"{name} lies in {callback.module}, the array in {module}"))
    return found


def _unterminated(target: Target, place: Address, size: int, count: int, why: str) -> Problem:
    at = target.address(place + count * size)
    if not count:
        return Problem(f"entry at {at}", f"{why}: probably no array of FLT_OPERATION_REGISTRATION")
    return Problem(f"entry at {at}", told("operation-end", "problem", why=why))
