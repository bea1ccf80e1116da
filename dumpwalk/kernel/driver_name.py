"""Which driver a device is of, by its name."""

from __future__ import annotations

from dumpwalk.kernel.object_header import object_name
from dumpwalk.objects.members import pointer
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.target import Target


def driver_name(target: Target, device: int) -> str | Absent | None:
    r"""Return the name of the driver whose device object is at *device*, ``\Driver\disk``; ``None`` for no device.

    :raises TypeInfoError: when the types of this kernel are not known
    """
    if not device:
        return None
    driver = pointer(target.object("_DEVICE_OBJECT", device), "DriverObject")
    if isinstance(driver, Absent):
        return driver
    if not driver:
        return Absent(f"device {target.address(device)} has no driver")
    name: str | Absent = target.object("_DRIVER_OBJECT", driver).DriverName.str_()
    if not name:  # the object's own name is then the only one
        return object_name(target, driver) or name
    return name
