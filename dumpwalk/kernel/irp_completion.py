"""What the I/O manager does with the results of a request when its last driver has completed it.

Two things of it surprise driver writers. The caller's ``UserIosb`` stays as it was when a request fails at once, so
``Information`` of such a failure reaches nobody; and of a buffered request the system buffer is copied back even for a
warning such as ``STATUS_BUFFER_OVERFLOW``, as long as the status is no error. The rule: ``IoStatus`` is not written
back when ``NT_ERROR(Status)`` is true and the request is synchronous or was never marked pending (a kernel developer's
published post on the special kernel APC that completes requests). What makes one synchronous is in the documentation of
``IoIsOperationSynchronous``.
"""

from __future__ import annotations

from dumpwalk.bugchecks.ntstatus import nt_status
from dumpwalk.objects.members import integer
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.target import Target

# IRP_SYNCHRONOUS_API, IRP_BUFFERED_IO, IRP_INPUT_OPERATION; FO_SYNCHRONOUS_IO (wdm.h)
_SYNCHRONOUS, _BUFFERED, _INPUT, _SYNCHRONOUS_FILE = 0x4, 0x10, 0x40, 0x2


def is_error(status: int) -> bool:
    """Say what ``NT_ERROR`` of ntdef.h says: the two highest bits of *status* are set."""
    return status >> 30 & 3 == 3


def is_copied(status: int, *, synchronous: bool, pending: bool) -> bool:
    """Say whether ``IoStatus`` is written to ``UserIosb``.

    :param synchronous: the caller waits in the I/O manager
    :param pending: it was marked pending, as ``PendingReturned`` says in the end

    >>> is_copied(0xC0000010, synchronous=False, pending=False), is_copied(0x80000005, synchronous=True, pending=False)
    (False, True)
    """
    return not is_error(status) or (pending and not synchronous)


def notes(
    target: Target,
    status: int | Absent,
    information: int | Absent,
    flags: int | Absent,
    pending: bool | Absent,
    user_iosb: int | Absent,
    file: int | Absent,
) -> tuple[str, ...]:
    """Return what will happen to the results in an IRP, where that is not what one would expect.

    :param status: ``IoStatus.Status``, and *information* ``IoStatus.Information``
    :param flags: ``Flags``
    :param pending: it was marked pending
    :param user_iosb: ``UserIosb``; nothing is said of a request without one
    :param file: ``Tail.Overlay.OriginalFileObject``
    """
    if isinstance(status, Absent) or isinstance(flags, Absent) or isinstance(pending, Absent):
        return ()
    if isinstance(user_iosb, Absent) or not user_iosb or not status:
        return ()
    synchronous = bool(flags & _SYNCHRONOUS) or _opened_synchronous(target, file)
    name = nt_status(status) or f"{status:08x}"
    found = []
    if not is_copied(status, synchronous=synchronous, pending=pending):
        why = "the request is synchronous" if synchronous else "the request was never marked pending"
        found.append(f"IoStatus will not be copied to UserIosb: {name} is an error and {why}")
        if information and not flags & _BUFFERED:
            kept = "a status that is no error, such as STATUS_BUFFER_OVERFLOW, keeps it"
            found.append(f"so Information {information:x} is lost; {kept}")
    elif information and not is_error(status) and flags & _BUFFERED and flags & _INPUT:
        found.append(
            f"{name} is no error: Information {information:x} says how many bytes are copied"
            " from SystemBuffer to UserBuffer"
        )
    return tuple(found)


def _opened_synchronous(target: Target, file: int | Absent) -> bool:
    """Say whether a file was opened for synchronous I/O; one that can't be read is taken for one that was not."""
    if isinstance(file, Absent) or not file:
        return False
    flags = integer(target.object("_FILE_OBJECT", file), "Flags")
    return not isinstance(flags, Absent) and bool(flags & _SYNCHRONOUS_FILE)
