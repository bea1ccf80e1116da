"""What I/O requests in text ask for: functions and flags by name where only their numbers are printed."""

from __future__ import annotations

from dumpwalk.annotations import Annotation
from dumpwalk.annotations.pitfalls import remark
from dumpwalk.bugchecks.ntstatus import nt_status
from dumpwalk.kernel.io_stack import MINORS_FROM_0, PENDING, flag_names, names
from dumpwalk.kernel.irp_completion import results_of, results_told
from dumpwalk.kernel.pitfalls import told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.address import Hex
    from dumpwalk.remarks import Absent

# Requests that the power and the Plug and Play manager and WMI make have no thread from the start.
_THREADLESS = ("IRP_MJ_POWER", "IRP_MJ_PNP", "IRP_MJ_SYSTEM_CONTROL")
_BUFFERED = 0x10


def location(major: int, minor: int, bits: int, place: str, printed: bool = False) -> Annotation | None:
    """Return what a stack location asks for, in names; ``None`` where there is nothing that is not printed.

    :param bits: ``Flags``
    :param place: the driver, to say which location it is
    :param printed: the names of the functions are

    >>> location(0x1B, 1, 0, "disk").title, location(3, 0, 4, "").title
    ('disk: [1b, 1] IRP_MJ_PNP, IRP_MN_QUERY_REMOVE_DEVICE', '[3, 0] IRP_MJ_READ, Flags 0x4: SL_WRITE_THROUGH')
    """
    called, minor_called = names(major, minor)
    if not minor and called not in MINORS_FROM_0:
        minor_called = ""
    said = "" if printed else ", ".join(part for part in (called, minor_called) if part)
    shown = flag_names(called, minor_called, bits)
    if any(name.startswith("SL_") for name in shown):
        said = ", ".join(part for part in (said, f"Flags {bits:#x}: {' | '.join(shown)}") if part)
    front = f"{place}: " if place else ""
    return Annotation("irp", called, f"{front}[{major:x}, {minor:x}] {said}", "") if said else None


def function(major: int, place: str) -> Annotation | None:
    """Return the name of a major function of which a text prints the number."""
    called, _ = names(major, 0)
    return Annotation("irp", called, f"{place} {major:#x}: {called}", "") if called else None


def results(status: int, information: int, bits: int, pending: bool) -> Annotation | None:
    """Return what becomes of a request's results where they do not reach its caller as anybody expects.

    :param status: ``IoStatus.Status``
    :param bits: ``Flags``
    """
    called = nt_status(status) or f"{status:08x}"
    shown = f"{information:x}" if information else ""
    lines = results_told(results_of(status, bits, pending), called, shown, bool(bits & _BUFFERED)) if status else []
    return remark("user-iosb", "; ".join(lines)) if lines else None


def without_thread(major: str) -> Annotation | None:
    """Return what it means that nobody's thread waits for a request, of which *major* is asked."""
    return None if major in _THREADLESS or not major else remark("thread-exit", told("thread-exit", "orphan"))


def made_pending(control: Hex | Absent) -> bool:
    """Say whether ``Control`` of a stack location has SL_PENDING_RETURNED; what can't be read has not."""
    return isinstance(control, int) and bool(control & PENDING)
