"""Driver objects: devices, extensions, functions, and what of them is somebody else's."""

from __future__ import annotations

import pytest
from io_world import GENERATIONS, Machine, machine

from dumpwalk.errors import ReadError
from dumpwalk.kernel.driver import DriverObject, driver_object
from dumpwalk.remarks import Absent
from dumpwalk.render.driver import driver_layout

SPEC = """\
driver "\\Driver\\example" module example Flags=12 DriverUnload=example+2000 {driver}
device "\\Device\\Example0" of example as first {first}
device "\\Device\\Example1" of example as second
"""


def made(kernel: tuple[str, str] = GENERATIONS[-2], more: str = "", **fields: str) -> Machine:
    text = SPEC
    for name in ("driver", "first"):
        text = text.replace("{" + name + "}", fields.get(name, ""))
    return machine(text + more, *kernel)


def found(world: Machine) -> DriverObject:
    return driver_object(world.target, world.driver("example"))


@pytest.mark.parametrize("kernel", GENERATIONS, ids=lambda kernel: kernel[1])
def test_every_generation(kernel: tuple[str, str]) -> None:
    world = made(kernel)
    driver = found(world)

    assert (driver.Type, driver.name, driver.module) == (4, "\\Driver\\example", "example")
    assert driver.flag_names == ("DRVO_LEGACY_DRIVER", "DRVO_INITIALIZED")
    assert driver.devices == (world["second"], world["first"])
    assert [entry.code for entry in driver.dispatch] == list(range(28))
    assert {entry.owner for entry in driver.dispatch} == {"driver"}
    assert not isinstance(driver.DriverUnload, Absent)
    assert driver.DriverUnload.name == "example+0x2000"
    assert driver.notes == driver.problems == ()


def test_functions_of_others() -> None:
    world = made(
        driver="MajorFunction[3]=filter+1000 MajorFunction[4]=nt+342d60 MajorFunction[5]=12345678 MajorFunction[6]=0",
    )
    driver = found(world)
    text = driver_layout(driver, 2)

    assert [entry.owner for entry in driver.dispatch[2:7]] == ["driver", "other", "nt", "none", "none"]
    assert [str(problem) for problem in driver.problems] == [
        "IRP_MJ_QUERY_INFORMATION: its function is 00000000`12345678, in no loaded image",
        "IRP_MJ_SET_INFORMATION: its function is null",
    ]
    assert driver.notes == (
        "IRP_MJ_READ: handled outside the driver's image, by filter: a port or class driver, or a hook",
    )
    assert "[04] IRP_MJ_WRITE                       fffff8047bd42d60\tnt!IopInvalidDeviceRequest\n" in text
    assert "[06] IRP_MJ_SET_INFORMATION             00000000\n" in text
    assert text.endswith("(IRP_MJ_SET_INFORMATION: its function is null)")
    assert "Dispatch routines" not in driver_layout(driver, 1)


@pytest.mark.parametrize(
    ("link", "count", "problem"),
    [
        ("NextDevice=first+0", 2, "leads to itself"),
        ("NextDevice=second+0", 2, "where it was before"),
        ("NextDevice=dead0000", 3, "can't be read"),
    ],
)
def test_a_list_of_devices_that_does_not_end(link: str, count: int, problem: str) -> None:
    driver = found(made(first=link))

    assert len(driver.devices) == count
    assert problem in str(driver.problems)
    assert driver_layout(driver, 1).count("Device Object list:") == 1


def test_extensions() -> None:
    """IoAllocateDriverObjectExtension: the header is two pointers, the driver's data is behind it."""
    more = (
        "struct _DRIVER_EXTENSION as extension at ffffb80f`12100000 AddDevice=example+3000\n"
        "  ClientDriverExtension=one+0\n"
        "struct _IO_CLIENT_EXTENSION as one at ffffb80f`12100100 NextExtension=two+0 ClientIdentificationAddress=77\n"
        "struct _IO_CLIENT_EXTENSION as two at ffffb80f`12100200 NextExtension={end} ClientIdentificationAddress=78\n"
    )
    driver = found(made(more=more.replace("{end}", "0"), driver="DriverExtension=extension+0"))
    looped = found(made(more=more.replace("{end}", "one+0"), driver="DriverExtension=extension+0"))

    assert [(one.id, one.address) for one in driver.extensions] == [
        (0x77, 0xFFFFB80F12100110),
        (0x78, 0xFFFFB80F12100210),
    ]
    assert "(00000077 ffffb80f12100110)" in driver_layout(driver, 1)
    assert "AddDevice:     fffff8047b903000\texample" in driver_layout(driver, 2)
    assert len(looped.extensions) == 2
    assert "where it was before" in str(looped.problems)


def test_fast_io() -> None:
    """Of what is set only what lies inside SizeOfFastIoDispatch is meant."""
    more = (
        "struct _FAST_IO_DISPATCH as fast at ffffb80f`12100000 SizeOfFastIoDispatch=18\n"
        "  FastIoCheckIfPossible=0 FastIoRead=example+1500 FastIoWrite=example+1600\n"
    )
    driver = found(made(more=more, driver="FastIoDispatch=fast+0"))

    assert [(one.member, one.routine.name) for one in driver.fast_io] == [("FastIoRead", "example+0x1500")]
    assert "Fast I/O routines:\nFastIoRead " in driver_layout(driver, 2)


def test_damaged() -> None:
    world = made(
        driver='Type=3 DriverStart=0 DriverExtension=0 DeviceObject=0 FastIoDispatch=dead0000 DriverName="a\x1bb"',
    )
    driver = found(world)
    text = driver_layout(driver, 7)

    assert "Type is 3, a driver object's is 4" in str(driver.problems[0])
    assert (driver.devices, driver.extensions, driver.fast_io, driver.module) == ((), (), (), "")
    assert "a\\x1bb" in text
    assert "\x1b" not in text
    with pytest.raises(ReadError, match="no _DRIVER_OBJECT"):
        driver_object(world.target, 0x1230)
