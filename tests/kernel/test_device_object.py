"""Device objects and their stacks: every generation, queues, and links that lie."""

from __future__ import annotations

import pytest
from io_world import GENERATIONS, Machine, machine

from dumpwalk.errors import ReadError, UsageError
from dumpwalk.kernel.device_object import device_object
from dumpwalk.kernel.device_stack import device_stack
from dumpwalk.kernel.io_names import device_at, driver_at
from dumpwalk.remarks import Absent
from dumpwalk.render.device import device_layout, stack_layout

# Three devices on top of each other, with what IoAttachDevice leaves in their extensions.
STACK = """\
driver "\\Driver\\example" module example
driver "\\Driver\\filter" module filter
device "\\Device\\0000003a" of example as low Flags=1040 DeviceObjectExtension=e0+0 {low}
device "\\Device\\Example0" of example as middle on low DeviceObjectExtension=e1+0 Characteristics=100 {middle}
device of filter as high on middle DeviceObjectExtension=e2+0 {high}
struct _DEVOBJ_EXTENSION as e0 at {HERE} DeviceObject=low+0 ExtensionFlags=810
struct _DEVOBJ_EXTENSION as e1 at {HERE}80 DeviceObject=middle+0 AttachedTo=low+0 {e1}
struct _DEVOBJ_EXTENSION as e2 at {HERE}100 DeviceObject=high+0 AttachedTo=middle+0 {e2}
"""


def stack(kernel: tuple[str, str] = GENERATIONS[-2], **fields: str) -> Machine:
    here = {"x64": 0xFFFFB80F12100000, "x86": 0x86100000}[kernel[0]]
    text = STACK.replace("{HERE}100", f"{here + 0x100:x}").replace("{HERE}80", f"{here + 0x80:x}")
    for name in ("low", "middle", "high", "e1", "e2"):
        text = text.replace("{" + name + "}", fields.get(name, ""))
    return machine(text + fields.get("more", ""), *kernel)


@pytest.mark.parametrize("kernel", GENERATIONS, ids=lambda kernel: kernel[1])
def test_every_generation(kernel: tuple[str, str]) -> None:
    made = stack(kernel)
    found = device_object(made.target, made["middle"])
    whole = device_stack(made.target, made["middle"])

    assert (found.name, found.driver, found.ReferenceCount) == ("Example0", "\\Driver\\example", 1)
    assert (found.device_type, found.flag_names) == ("FILE_DEVICE_UNKNOWN", ("DO_BUFFERED_IO",))
    assert found.characteristic_names == ("FILE_DEVICE_SECURE_OPEN",)
    assert found.busy is False
    assert found.AttachedDevice is not None
    assert found.AttachedTo is not None
    assert not isinstance(found.AttachedDevice, Absent)
    assert not isinstance(found.AttachedTo, Absent)
    assert (found.AttachedDevice.address, found.AttachedDevice.driver) == (made["high"], "\\Driver\\filter")
    assert (found.AttachedTo.address, found.AttachedTo.driver) == (made["low"], "\\Driver\\example")
    assert [device.address for device in whole.devices] == [made["high"], made["middle"], made["low"]]
    assert [device.asked for device in whole.devices] == [False, True, False]
    assert [device.name for device in whole.devices] == [None, "Example0", "0000003a"]
    assert found.problems == whole.problems == ()
    assert device_object(made.target, made["low"]).extension_flag_names == (
        "DOE_START_PENDING",
        "DOE_DEFAULT_SD_PRESENT",
    )


@pytest.mark.parametrize("asked", ["low", "middle", "high"])
def test_the_whole_stack_is_found_from_any_device(asked: str) -> None:
    made = stack()
    found = device_stack(made.target, made[asked])

    assert [device.address for device in found.devices] == [made["high"], made["middle"], made["low"]]
    assert stack_layout(found).count("\n> ") == 1


@pytest.mark.parametrize(
    ("fields", "devices", "problem"),
    [
        ({"high": "AttachedDevice=low+0"}, 3, "where it was before"),
        ({"high": "AttachedDevice=high+0"}, 3, "leads to itself"),
        ({"high": "AttachedDevice=dead0000"}, 4, "can't be read"),
        ({"e1": "AttachedTo=high+0"}, 2, "where it was before"),
        ({"e1": "AttachedTo=middle+0"}, 2, "leads to itself"),
        ({"e1": "AttachedTo=0"}, 2, ""),
        ({"e2": "AttachedTo=low+0"}, 3, "it is attached to"),
        ({"low": "AttachedDevice=high+0"}, 3, "says that it is"),
        ({"middle": "DeviceObjectExtension=dead0000"}, 2, "can't be read"),
    ],
)
def test_links_that_lie(fields: dict[str, str], devices: int, problem: str) -> None:
    made = stack(**fields)
    found = device_stack(made.target, made["middle"])

    assert len(found.devices) == devices
    assert len({device.address for device in found.devices}) == devices
    assert problem in str(found.problems) if problem else not found.problems
    assert stack_layout(found)


def test_a_device_on_nothing() -> None:
    made = stack(low="DriverObject=0 DeviceObjectExtension=0 Type=4")
    found = device_object(made.target, made["low"])

    assert "has no driver" in str(found.driver)
    assert (found.DeviceNode, found.AttachedTo, found.ExtensionFlags) == (None, None, None)
    assert "Type is 4, a device object's is 3" in str(found.problems[0])
    assert " 0000003a ???? DriverObject 00000000\n" in device_layout(found)
    with pytest.raises(ReadError, match="no _DEVICE_OBJECT"):
        device_object(made.target, 0x1230)


def test_the_extension_of_another_device() -> None:
    made = stack(e1="DeviceObject=high+0")

    assert "it is the extension of device" in str(device_object(made.target, made["middle"]).problems)


QUEUED = (
    "irp 344.348 IRP_MJ_READ as first through low {first}\nirp 344.348 IRP_MJ_READ as second through low {second}\n"
)
ENTRY = "Tail.Overlay.DeviceQueueEntry.DeviceListEntry"


def queue(last: str = "low+a8", back: str = "second+78") -> Machine:
    """Return a machine whose device has two requests in its queue; offsets are those of 19041."""
    first = f"{ENTRY}.Flink=second+78 {ENTRY}.Blink=low+a8"
    second = f"{ENTRY}.Flink={last} {ENTRY}.Blink=first+78"
    head = f"DeviceQueue.DeviceListHead.Flink=first+78 DeviceQueue.DeviceListHead.Blink={back} DeviceQueue.Busy=1"
    return stack(low=head, more=QUEUED.format(first=first, second=second))


def test_a_queue() -> None:
    made = queue()
    found = device_object(made.target, made["low"])

    assert (found.busy, found.queue, found.problems) == (True, (made["first"], made["second"]), ())
    assert device_layout(found).splitlines()[-3:] == [
        "Device queue is busy -- Queue:",
        f"  IRP {made['first']:x}",
        f"  IRP {made['second']:x}",
    ]


@pytest.mark.parametrize(
    ("last", "problem"),
    [
        ("first+78", "where it was before"),
        ("second+78", "leads to itself"),
        ("dead0000", "can't be read"),
        ("0", "null"),
    ],
)
def test_a_damaged_queue(last: str, problem: str) -> None:
    made = queue(last)
    found = device_object(made.target, made["low"])

    assert found.queue[:2] == (made["first"], made["second"])
    assert problem in str(found.problems)


def test_a_busy_queue_without_requests() -> None:
    made = stack(low="DeviceQueue.Busy=1")

    assert device_layout(device_object(made.target, made["low"])).endswith("Device queue is busy -- Queue empty.")


def test_a_node() -> None:
    node = 'struct _DEVICE_NODE as node at {HERE} InstancePath="ROOT\\X\\0000" ServiceName="\x1b[2Jx" State=308\n'
    node = node.replace("{HERE}", "ffffb80f`12100400")
    text = {"more": node, "e1": ""}
    made = stack(**text)
    given = stack(more=node + "struct _DEVOBJ_EXTENSION at ffffb80f`12100000 DeviceNode=node+0\n")

    found = device_stack(given.target, given["high"]).DeviceNode

    assert device_stack(made.target, made["high"]).DeviceNode is None
    assert found is not None
    assert not isinstance(found, Absent)
    assert (found.InstancePath, found.state) == ("ROOT\\X\\0000", "DeviceNodeStarted")
    assert '  ServiceName is "\\x1b[2Jx"' in stack_layout(device_stack(given.target, given["high"]))


def test_a_node_of_a_kernel_without_its_type() -> None:
    made = stack(
        GENERATIONS[0],
        more="struct _DEVOBJ_EXTENSION at 86100000 DeviceNode=80001234\n",
        low="ReferenceCount=3",
    )
    found = device_stack(made.target, made["low"]).DeviceNode

    assert found is not None
    assert not isinstance(found, Absent)
    assert (found.address, str(found.InstancePath)) == (0x80001234, "???? (no type _DEVICE_NODE in nt/xpsp3-x86)")


def test_names_are_told_from_addresses() -> None:
    made = stack()

    assert device_at(made.target, "ffffb80f`12001000") == 0xFFFFB80F12001000
    assert device_at(made.target, 0x1000) == 0x1000
    assert driver_at(made.target, "nt!PsActiveProcessHead+10") > 0xFFFF800000000000
    for said, path in (("Null", "\\Device\\Null"), ("\\Device\\KSENUM#1", "\\Device\\KSENUM#1")):
        with pytest.raises(UsageError) as error:
            device_at(made.target, said)
        assert str(error.value).startswith(path)
    with pytest.raises(UsageError, match=r"\\Driver\\disk: "):
        driver_at(made.target, "disk")
