"""IRPs of kernels of all generations, sound ones and damaged ones."""

from __future__ import annotations

import pytest
from io_world import GENERATIONS, Machine, machine

from dumpwalk.errors import ReadError
from dumpwalk.kernel.io_stack import flag_names, names
from dumpwalk.kernel.irp import Irp, irp
from dumpwalk.remarks import Absent
from dumpwalk.render.irp import layout

STACK = """\
driver "\\Driver\\example" module example
driver "\\Driver\\filter" module filter
device "\\Device\\Example0" of example as low
device of filter as high on low
file "\\x" as file on low
"""


def one(fields: str, kernel: tuple[str, str] = GENERATIONS[-2], through: str = "high, low") -> Irp:
    made = machine(f"{STACK}irp 344.348 IRP_MJ_READ as it through {through} file file {fields}\n", *kernel)
    return irp(made.target, made["it"])


@pytest.mark.parametrize("kernel", GENERATIONS, ids=lambda kernel: kernel[1])
def test_every_generation(kernel: tuple[str, str]) -> None:
    found = one("stack 3 Flags=43 Cancel=1 CancelIrql=2 CancelRoutine=example+1234 UserIosb=1230", kernel)
    width = 4 if kernel[0] == "x86" else 8

    assert (found.Type, found.StackCount, found.CurrentLocation, found.state) == (6, 3, 2, "active")
    assert found.flag_names == ("IRP_NOCACHE", "IRP_PAGING_IO", "IRP_INPUT_OPERATION")
    assert (found.Cancel, found.CancelIrql, found.UserIosb, found.RequestorMode) == (True, 2, 0x1230, 1)
    assert not isinstance(found.CancelRoutine, Absent)
    assert found.CancelRoutine.name == "example+0x1234"
    assert [(at.current, at.driver, at.major) for at in found.locations] == [
        (False, None, "IRP_MJ_CREATE"),
        (True, "\\Driver\\example", "IRP_MJ_READ"),
        (False, "\\Driver\\filter", "IRP_MJ_READ"),
    ]
    # IoSizeOfIrp: sizeof(IRP) + StackCount * sizeof(IO_STACK_LOCATION), by wdm.h of each architecture
    assert found.Size == {4: 0x70 + 3 * 0x24, 8: 0xD0 + 3 * 0x48}[width]
    assert (found.problems, found.completion) == ((), None)


# What an IRP of two stack locations says, its state, how many locations are shown, and what is remarked.
NUMBERS = (
    ("CurrentLocation=3", "not sent", 2, "but it points to"),
    ("CurrentLocation=4", "completed", 2, ""),
    ("CurrentLocation=0", "none left", 2, "below its lowest stack location"),
    ("CurrentLocation=5", "", 2, "CurrentLocation 5 is none of its 2"),
    ("CurrentLocation=0ff", "", 2, "CurrentLocation -1 is none of its 2"),
    ("StackCount=0 CurrentLocation=1", "not sent", 0, ""),
    ("StackCount=0ff", "", 0, "StackCount -1 is no number"),
    ("StackCount=7f", "active", 127, "Size 160 has no room for 127"),
    ("Size=0", "active", 2, "Size 0 has no room for 2"),
    ("Size=280", "active", 2, ""),
    ("Type=0", "active", 2, "Type is 0, an IRP's is 6: probably not an IRP now, or one that was freed"),
    ("Type=0 Size=0", "active", 0, "Type is 0"),
    ("Type=7", "active", 0, "Type is 7, an IRP's is 6: probably not an IRP"),
    ("Tail.Overlay.CurrentStackLocation=1000", "active", 2, "but it points to 00000000`00001000"),
)


@pytest.fixture(scope="module")
def odd() -> Machine:
    irps = (f"irp 344.348 IRP_MJ_READ as odd{n} through high, low {row[0]}\n" for n, row in enumerate(NUMBERS))
    return machine(STACK + "".join(irps))


@pytest.mark.parametrize("n", range(len(NUMBERS)), ids=[row[0] for row in NUMBERS])
def test_numbers_that_make_no_sense(n: int, odd: Machine) -> None:
    _, state, shown, problem = NUMBERS[n]
    found = irp(odd.target, odd[f"odd{n}"])

    assert found.state == state
    assert len(found.locations) == shown
    assert any(problem in str(said) for said in found.problems) if problem else not found.problems
    assert layout(found, True)


def test_not_an_irp() -> None:
    text = layout(one("Type=7"))

    assert text.splitlines()[0] == "IRP signature does not match, probably not an IRP"
    assert len(text.splitlines()) == 2


def test_a_part_of_another_request() -> None:
    """IRP_ASSOCIATED_IRP says that the union holds the master; else it is the buffer."""
    part = one("Flags=8 AssociatedIrp.SystemBuffer=ffffb80f`12001000")
    whole = one("Flags=10 AssociatedIrp.SystemBuffer=ffffb80f`12001000")

    assert (part.MasterIrp, part.SystemBuffer) == (0xFFFFB80F12001000, None)
    assert (whole.MasterIrp, whole.SystemBuffer) == (None, 0xFFFFB80F12001000)
    assert " Master Irp=ffffb80f12001000: " in layout(part)
    assert " System buffer=ffffb80f12001000: " in layout(whole)


def test_nothing_there() -> None:
    made = machine(STACK)

    with pytest.raises(ReadError, match="no _IRP: "):
        irp(made.target, 0x1234)


def test_pages_that_are_missing() -> None:
    """The IRP ends on a page whose neighbour is not in the dump: what is there is shown."""
    made = machine(f"{STACK}block ffffb80f`12100f80 pointers 6 zeros 78\n")
    found = irp(made.target, 0xFFFFB80F12100F80)
    text = layout(found, True)

    assert found.signature
    assert isinstance(found.Thread, Absent)
    assert "Tail.Overlay.Thread = ????????" in text
    assert "(Thread" in text or ", Thread" in text


def test_stack_locations_that_are_missing() -> None:
    """They have one reason for all, and take one line of remarks."""
    made = machine(STACK + "struct _IRP as it at ffffb80f`12100f30 Type=6 Size=238 StackCount=5 CurrentLocation=1\n")
    found = irp(made.target, made["it"])
    text = layout(found)

    assert len(found.locations) == 5
    assert text.count("[????, ????]") == 5
    assert sum(line.startswith("(locations") for line in text.splitlines()) == 1
    assert "and 61 more: no _IO_STACK_LOCATION" in text


def test_an_extension() -> None:
    """Windows 10 puts it behind the last stack location; before, the type has no such member."""
    assert layout(one("Tail.Overlay.IrpExtension=ffffb80f`12100000")).endswith(
        "\n\nIrp Extension present at 0xffffb80f12100000:"
    )
    assert one("", ("x64", "nt/7601.24540-x64")).IrpExtension is None


def test_devices_that_lead_nowhere() -> None:
    """A stack location whose device is not there, and one whose device has no driver."""
    there = "irp 344.348 IRP_MJ_READ as it at ffffb80f`12100100 through low\n"
    lost = machine(f"{STACK}{there}struct _IO_STACK_LOCATION at ffffb80f`121001d0 DeviceObject=dead0000\n")
    found = irp(lost.target, lost["it"])

    assert isinstance(found.locations[0].driver, Absent)
    assert "\t       ????" in layout(found)
    owned = machine(STACK.replace("as low", "as low DriverObject=0") + there)
    assert "has no driver" in str(irp(owned.target, owned["it"]).locations[0].driver)


def test_names_are_escaped() -> None:
    text = STACK.replace("module example\n", 'module example DriverName="\\Driver\\e\x1b[2J"\n')
    made = machine(text + "irp 344.348 IRP_MJ_READ as it through low\n")

    shown = layout(irp(made.target, made["it"]))

    assert "\\Driver\\e\\x1b[2J" in shown
    assert "\x1b" not in shown


def test_names_of_functions_and_flags() -> None:
    assert names(0x1B, 0) == ("IRP_MJ_PNP", "IRP_MN_START_DEVICE")
    assert names(0x16, 2) == ("IRP_MJ_POWER", "IRP_MN_SET_POWER")
    assert names(0xE, 5) == ("IRP_MJ_DEVICE_CONTROL", "")
    assert names(0x77, 0) == ("", "")
    assert flag_names("IRP_MJ_DIRECTORY_CONTROL", "IRP_MN_NOTIFY_CHANGE_DIRECTORY", 1) == ("SL_WATCH_TREE",)
    assert flag_names("IRP_MJ_DIRECTORY_CONTROL", "IRP_MN_QUERY_DIRECTORY", 3) == (
        "SL_RESTART_SCAN",
        "SL_RETURN_SINGLE_ENTRY",
    )
    assert flag_names("IRP_MJ_PNP", "", 0x81) == ("0x1", "0x80")
