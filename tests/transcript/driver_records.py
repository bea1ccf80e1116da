"""Drivers and stacks of devices as ``drvobj`` and ``devstack`` print them: records, and what is read of their text."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from record_strategies import ABSENT, PLACES, Strategy, names, paths, places, record_of
from round_trips import AT_FOOT, NOT_PRINTED, beside, replaced, there
from shown import Shown

from dumpwalk.kernel.constants import name_of
from dumpwalk.kernel.device_stack import DeviceStack, StackedDevice
from dumpwalk.kernel.driver import DriverObject, FastIo
from dumpwalk.kernel.routine import Routine
from dumpwalk.render.driver import DEVICES, DISPATCH

DRIVERS = st.one_of(paths(), ABSENT)
OF_DEVICES = st.one_of(st.none(), DRIVERS)
MAJORS = tuple((code, name_of("irp_major", code)) for code in range(0x1C))
NOTE = "IRP_MJ_READ leads to example"
FAST_IO = ("FastIoRead", "MdlReadComplete", "AcquireForModWrite", "PrepareMdlWrite", "FastIoDeviceControl")


# The stack of a device.


def stacks(wide: bool) -> Strategy:
    names_of_devices = st.one_of(paths(), st.none(), ABSENT)
    device = record_of(StackedDevice, wide, {"address": places(wide), "driver": OF_DEVICES, "name": names_of_devices})
    given = {
        "devices": st.lists(device, min_size=1, max_size=4, unique_by=lambda d: d.address).map(tuple),
        "DeviceNode.address": places(wide), "DeviceNode.InstancePath": st.one_of(names(), ABSENT),
        "DeviceNode.ServiceName": st.one_of(names(), ABSENT),
    }  # fmt: skip
    return st.tuples(record_of(DeviceStack, wide, given), st.integers(0, 3)).map(lambda pair: _stack(*pair))


def _stack(found: DeviceStack, asked: int) -> Any:
    asked %= len(found.devices)
    own = tuple(replaced(device, asked=n == asked) for n, device in enumerate(found.devices))
    return replaced(found, devices=own, asked=own[asked].address)


STACK_SHOWN = Shown(hidden={"DeviceNode.state": NOT_PRINTED, "problems": AT_FOOT}, forms={"DeviceNode": there})


# A driver.


def drivers(wide: bool) -> Strategy:
    routine = record_of(Routine, wide, {"name": PLACES})
    # The layout leaves the offset in an entry point's name out.
    entry = st.one_of(record_of(Routine, wide, {"name": PLACES.map(lambda name: name.partition("+")[0])}), ABSENT)
    fast = st.lists(st.tuples(st.sampled_from(FAST_IO), routine), unique_by=lambda pair: pair[0], max_size=4)
    given = {
        "address": places(wide), "name": DRIVERS,
        **dict.fromkeys(("DriverInit", "DriverStartIo", "DriverUnload", "AddDevice"), entry),
        "devices": st.lists(places(wide), max_size=9).map(tuple), "extensions[].address": places(wide),
        "dispatch[].routine": st.one_of(routine, ABSENT), "dispatch[].code": st.sampled_from(MAJORS),
        "fast_io": fast.map(lambda pairs: tuple(FastIo(name, found) for name, found in pairs)),
        "notes": st.lists(st.just(NOTE), max_size=1).map(tuple),
    }  # fmt: skip
    return record_of(DriverObject, wide, given).map(_driver)


def _driver(found: DriverObject) -> Any:
    dispatch = tuple(replaced(d, code=d.code[0], major=d.code[1]) for d in found.dispatch)  # type: ignore[index]
    return replaced(found, dispatch=dispatch)


driver_view = beside("driver")
_OF_DEVICES = ("extensions", "devices")
_OF_DISPATCH = ("DriverInit", "DriverStartIo", "DriverUnload", "AddDevice", "dispatch", "fast_io")


def driver_shown(flags: int) -> Shown:
    """Return what the text of a driver shows with these flags."""
    left = _OF_DEVICES * (not flags & DEVICES) + _OF_DISPATCH * (not flags & DISPATCH)
    return Shown(
        hidden={
            **dict.fromkeys(("Type", "Size", "Flags", "flag_names", "DriverStart", "DriverSize"), NOT_PRINTED),
            **dict.fromkeys(("DriverSection", "module", "FastIoDispatch", "dispatch[].owner"), NOT_PRINTED),
            "problems": AT_FOOT, "notes": AT_FOOT, **dict.fromkeys(left, "with another flag"),
        },
    )  # fmt: skip
