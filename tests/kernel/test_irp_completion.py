"""When the I/O manager writes the results of a request back to its caller."""

from __future__ import annotations

from itertools import product

import pytest
from io_world import Machine, machine

from dumpwalk.kernel.irp import irp
from dumpwalk.kernel.irp_completion import is_copied, is_error
from dumpwalk.render.irp import notes

SUCCESS, INFORMATION, OVERFLOW, INVALID = 0, 0x40000000, 0x80000005, 0xC0000010
DRIVER = 'driver "\\Driver\\example" module example\ndevice "\\Device\\Example0" of example as low\n'
ONE = """\
file "\\x" as file{n} on low Flags={file}
irp 344.348 IRP_MJ_READ as it{n} at {at:x} through low file file{n} {fields}
struct _IO_STACK_LOCATION at {location:x} Control={control}
"""


def test_errors() -> None:
    assert [is_error(status) for status in (SUCCESS, INFORMATION, OVERFLOW, INVALID)] == [False, False, False, True]


@pytest.mark.parametrize("status", [SUCCESS, INFORMATION, OVERFLOW, INVALID])
def test_the_rule(status: int) -> None:
    """It is not copied if it is an error, and the request is synchronous or was not made pending."""
    for synchronous, pending in product((False, True), repeat=2):
        withheld = status == INVALID and (synchronous or not pending)

        assert is_copied(status, synchronous=synchronous, pending=pending) is not withheld


FAILED = "IoStatus.Status=c0000010 UserIosb=1000"
WARNED = "IoStatus.Status=80000005 UserIosb=1000 IoStatus.Information=20"


# What an IRP says, the flags of its file, Control of its stack location, and what is said of it.
REQUESTS = (
    (FAILED, 0, 0, "c0000010 STATUS_INVALID_DEVICE_REQUEST is an error and the request was never marked pending"),
    (f"{FAILED} PendingReturned=1", 0, 0, ""),
    # Not yet complete, but the highest driver said that it is pending
    (FAILED, 0, 1, ""),
    (f"{FAILED} PendingReturned=1 Flags=4", 0, 0, "the request is synchronous"),
    # FO_SYNCHRONOUS_IO
    (f"{FAILED} PendingReturned=1", 2, 0, "the request is synchronous"),
    (f"{FAILED} IoStatus.Information=20", 0, 0, "so Information 20 is lost"),
    (f"{FAILED} IoStatus.Information=20 Flags=10", 0, 0, "IoStatus will not be copied"),
    (WARNED, 0, 0, ""),
    (f"{WARNED} Flags=50", 0, 0, "Information 20 says how many bytes are copied from SystemBuffer to UserBuffer"),
    ("IoStatus.Status=c0000010", 0, 0, ""),
    ("UserIosb=1000", 0, 0, ""),
)


@pytest.fixture(scope="module")
def requests() -> Machine:
    text = DRIVER
    for n, (fields, file, control, _) in enumerate(REQUESTS):
        at = 0xFFFFB80F12100100 + 0x200 * n
        text += ONE.format(n=n, at=at, location=at + 0xD0, fields=fields, file=file, control=control)
    return machine(text)


@pytest.mark.parametrize("n", range(len(REQUESTS)))
def test_what_is_said_of_a_request(n: int, requests: Machine) -> None:
    said = REQUESTS[n][-1]

    text = "\n".join(notes(irp(requests.target, requests[f"it{n}"])))

    assert said in text if said else text == ""
    assert ("is lost" in text) is (said.endswith("is lost"))
