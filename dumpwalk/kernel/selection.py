"""Which process or thread an argument means: nothing or -1 the current one, a number an identifier or an address."""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError, UsageError
from dumpwalk.kernel.names import resolve
from dumpwalk.kernel.processes import find_process, not_found
from dumpwalk.memory.address import Address
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.target import Target

CURRENT = "-1"


def is_identifier(target: Target, value: int) -> bool:
    """Say whether *value* is a process identifier and no address: the kernel's half begins far above those."""
    return value < 1 << (8 * target.machine.pointer_size - 1)


def current_process(target: Target) -> Address:
    """Return the process that the dump was taken in.

    :raises TypeInfoError: when the dump does not say
    """
    found = target.dump.process
    if isinstance(found, Absent):
        raise TypeInfoError(f"which process is the current one is not known: {found.reason}; name one")
    return found


def chosen_process(target: Target, expression: str | int | None) -> Address:
    """Return the process that *expression* means: an address or an identifier; the current one when there is none.

    :raises TypeInfoError: when the dump does not say which the current one is, or a name is not known
    :raises UsageError: when it makes no sense, or no active process has that identifier
    :raises ReadError: when it has to be read from memory that is not there
    """
    if expression is None or expression == CURRENT:
        return current_process(target)
    value = resolve(target, expression)
    if not is_identifier(target, value):
        return value
    found = find_process(target, value)
    if found is None:
        raise UsageError(not_found(target, f"process {value:x}", f"there is no process {value:x}"))
    return found


def chosen_thread(target: Target, expression: str | None) -> Address:
    """Return the thread that *expression* means, the current one when there is none.

    :raises TypeInfoError: when the dump does not say which the current one is, or a name is not known
    :raises UsageError: when it makes no sense
    :raises ReadError: when it has to be read from memory that is not there
    """
    if expression is not None and expression != CURRENT:
        return resolve(target, expression)
    found = target.dump.thread
    if isinstance(found, Absent):
        raise TypeInfoError(f"which thread is the current one is not known: {found.reason}; name one")
    return found
