"""``dumpwalk drvobj``: a driver object, as WinDbg's ``!drvobj`` prints it."""

from __future__ import annotations

from dumpwalk.arguments import argument
from dumpwalk.commands import command
from dumpwalk.errors import ReadError
from dumpwalk.record import record
from dumpwalk.remarks import Problem
from dumpwalk.render.remarks import is_partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.device_stack import DeviceStack
    from dumpwalk.kernel.driver import DriverObject
    from dumpwalk.target import Target

_STACKS = 4
# A driver has a handful of devices; of one that claims to have thousands the first stacks will do.
_MOST_STACKS = 256


@record
class DriverAnswer:
    """A driver.

    :param flags: what its text shows: 1 devices, 2 functions, 4 the stacks of the devices
    :param stacks: of its devices, with flag 4
    :param problems: what of the stacks is left out
    """

    driver: DriverObject
    flags: int
    stacks: tuple[DeviceStack, ...]
    problems: tuple[Problem, ...]


def layout(answer: DriverAnswer) -> str:
    """Return the driver in ``!drvobj``'s layout."""
    from dumpwalk.render.driver import driver_layout
    from dumpwalk.render.remarks import problem_lines

    text = driver_layout(answer.driver, answer.flags, answer.stacks)
    return "\n".join([text, *problem_lines(answer.problems)])


@command(
    "drvobj",
    argument("driver", "a driver object: its address, an expression, or \\Driver\\NAME"),
    argument("flags", "the sum of 1: its devices (as without), 2: its functions, 4: stacks of its devices", many="?"),
    text=layout,
    partial=is_partial,
    needs_dump=True,
)
def drvobj(driver: str | int, flags: str | int | None = None, *, target: Target) -> DriverAnswer:
    """Show a driver object: its devices, and the functions that it handles requests with.

    Functions outside the driver's own image are remarked upon: a port or class
    driver's are usual, a hook's are not.
    """
    from dumpwalk.expression import quantity
    from dumpwalk.kernel.device_stack import device_stack
    from dumpwalk.kernel.driver import driver_object
    from dumpwalk.kernel.io_names import driver_at

    bits = 1 if flags is None else flags if isinstance(flags, int) else quantity(flags)
    found = driver_object(target, driver_at(target, driver))
    devices = found.devices[:_MOST_STACKS] if bits & _STACKS else ()
    stacks = []
    problems = []
    for device in devices:
        try:
            stacks.append(device_stack(target, device))
        except ReadError as error:
            problems.append(Problem("stacks", str(error)))
    if bits & _STACKS and len(found.devices) > len(devices):
        problems.append(Problem("stacks", f"only those of the first {len(devices)} of {len(found.devices):,} devices"))
    return DriverAnswer(found, bits, tuple(stacks), tuple(problems))
