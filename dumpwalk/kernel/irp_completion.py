"""What the I/O manager does with the results of a request when its last driver has completed it.

Two things of it surprise driver writers. The caller's ``UserIosb`` stays as it was when a request fails at once, so
``Information`` of such a failure reaches nobody; and of a buffered request the system buffer is copied back even for a
warning such as ``STATUS_BUFFER_OVERFLOW``, as long as the status is no error. The rule: ``IoStatus`` is not written
back when ``NT_ERROR(Status)`` is true and the request is synchronous or was never marked pending (a kernel developer's
published post on the special kernel APC that completes requests). What makes one synchronous is in the documentation of
``IoIsOperationSynchronous``.
"""

from __future__ import annotations

from dumpwalk.kernel.pitfalls import told
from dumpwalk.objects.members import integer
from dumpwalk.record import record
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.target import Target

_PITFALL = "user-iosb"
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


@record
class Completion:
    """What becomes of the results in an IRP.

    :param synchronous: its caller waits in the I/O manager
    :param pending: it was marked pending
    :param copied: ``IoStatus`` is written to ``UserIosb``
    :param buffer_copied: ``Information`` bytes are copied from ``SystemBuffer`` to ``UserBuffer``
    """

    synchronous: bool
    pending: bool
    copied: bool
    buffer_copied: bool


def completion(
    target: Target,
    status: int | Absent,
    flags: int | Absent,
    pending: bool | Absent,
    user_iosb: int | Absent,
    file: int | Absent,
) -> Completion | None:
    """Return what becomes of the results in an IRP; ``None`` where there are none yet, or nobody waits for them.

    :param status: ``IoStatus.Status``
    :param flags: ``Flags``
    :param pending: it was marked pending
    :param user_iosb: ``UserIosb``
    :param file: ``Tail.Overlay.OriginalFileObject``
    """
    if isinstance(status, Absent) or isinstance(flags, Absent) or isinstance(pending, Absent):
        return None
    if not status or not user_iosb:
        return None
    return results_of(status, flags, pending, bool(flags & _SYNCHRONOUS) or _opened_synchronous(target, file))


def results_of(status: int, flags: int, pending: bool, synchronous: bool | None = None) -> Completion:
    """Return what becomes of the results in an IRP whose fields are known.

    :param flags: ``Flags``
    :param synchronous: its caller waits in the I/O manager; by default that is what *flags* say
    """
    if synchronous is None:
        synchronous = bool(flags & _SYNCHRONOUS)
    copied = is_copied(status, synchronous=synchronous, pending=pending)
    buffer = not is_error(status) and flags & _BUFFERED and flags & _INPUT
    return Completion(synchronous, pending, copied, bool(buffer))


def _opened_synchronous(target: Target, file: int | Absent) -> bool:
    """Say whether a file was opened for synchronous I/O; one that can't be read is taken for one that was not."""
    if isinstance(file, Absent) or not file:
        return False
    flags = integer(target.object("_FILE_OBJECT", file), "Flags")
    return not isinstance(flags, Absent) and bool(flags & _SYNCHRONOUS_FILE)


def results_told(results: Completion, status: str, information: str, buffered: bool) -> list[str]:
    """Return what becomes of a request's results, in words; nothing where they reach its caller as anybody expects.

    :param status: its ``IoStatus.Status`` with its name
    :param information: its ``IoStatus.Information``; ``""`` for none
    :param buffered: ``IRP_BUFFERED_IO`` is set
    """
    if not results.copied:
        why = told(_PITFALL, "synchronous" if results.synchronous else "not-pending")
        lines = [told(_PITFALL, "lost", status=status, why=why)]
        return lines + [told(_PITFALL, "value-lost", information=information)] * bool(information and not buffered)
    if information and results.buffer_copied:
        return [told(_PITFALL, "copied", status=status, information=information)]
    return []
