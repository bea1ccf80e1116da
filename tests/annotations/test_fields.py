"""Bits, codes and wait reasons."""

from __future__ import annotations

import pytest

from dumpwalk.annotations.fields import CODES, FLAGS, field, structure
from dumpwalk.annotations.waits import REASONS, reason_name, wait_reason
from dumpwalk.kernel.constants import flags, name_of
from dumpwalk.transcript import parse
from dumpwalk.types.library import open_types
from dumpwalk.types.model import Enum


def test_every_table_is_there() -> None:
    for table in FLAGS.values():
        flags(table, 1)
    for table in CODES.values():
        name_of(table, 1)


def test_what_is_not_known_is_not_said() -> None:
    assert field("_FILE_OBJECT", "Flags", 0) is None
    assert field("_FILE_OBJECT", "Busy", 1) is None
    assert field("_IO_STACK_LOCATION", "MajorFunction", 0x77) is None
    assert wait_reason("WrNothing") is None
    assert all(len(said.split()) > 3 for said in REASONS.values())


def test_beside_their_blocks() -> None:
    log = parse(
        "0: kd> dt nt!_FILE_OBJECT 8750ef80\n   +0x000 Type             : 0n5\n   +0x02c Flags            : 0xc0012\n\n"
        "THREAD ffaf5410  Cid e7.e8  Teb: 7ffde000 Win32Thread: 00000000 WAIT: (WrResource) KernelMode Non-Alertable\n"
        "IRP List:\n    87305dc8: (0006,0100) Flags: 00000404  Mdl: 00000000\n"
    )

    assert [a.title for b in log.blocks for a in b.annotations] == [
        "Type 0x5: IO_TYPE_FILE",
        "Flags 0xc0012: FO_SYNCHRONOUS_IO | FO_WRITE_THROUGH | FO_HANDLE_CREATED | FO_FILE_FAST_IO_READ",
        "WrResource: an executive resource (ERESOURCE) is held by others; !locks shows the owner",
        "IRP 87305dc8: Flags 0x404: IRP_SYNCHRONOUS_API | IRP_CLOSE_OPERATION",
    ]


@pytest.mark.parametrize(
    ("place", "value", "title"),
    [
        ("_EXCEPTION_RECORD.ExceptionCode", -1073741819, "ExceptionCode c0000005 STATUS_ACCESS_VIOLATION"),
        ("_FILE_OBJECT.FinalStatus", -1073741790, "FinalStatus c0000022 STATUS_ACCESS_DENIED"),
        ("_ETHREAD.ExitStatus", 259, "ExitStatus 00000103 STATUS_PENDING"),
        ("_KTHREAD.WaitReason", 27, "WrResource: an executive resource (ERESOURCE) is held by others; !locks shows"),
        (
            "_POOL_HEADER.PoolTag",
            0x61436D4D,
            "_POOL_HEADER.PoolTag: pool tag MmCa: nt!mm, control area of mapped files",
        ),
        (
            "_POOL_HEADER.PoolTag",
            0xE1436D4D,
            "_POOL_HEADER.PoolTag: pool tag MmCa: nt!mm, control area of mapped files",
        ),
        (
            "_FLT_IO_PARAMETER_BLOCK.MajorFunction",
            0xFF,
            "MajorFunction 0xff: IRP_MJ_ACQUIRE_FOR_SECTION_SYNCHRONIZATION",
        ),
        ("_FLT_IO_PARAMETER_BLOCK.MajorFunction", 0x12, "MajorFunction 0x12: IRP_MJ_CLEANUP"),
        ("_FLT_IO_PARAMETER_BLOCK.IrpFlags", 0x404, "IrpFlags 0x404: IRP_SYNCHRONOUS_API | IRP_CLOSE_OPERATION"),
    ],
)
def test_what_a_field_stands_for(place: str, value: int, title: str) -> None:
    found = field(*place.split("."), value)

    assert found is not None
    assert found.title.startswith(title)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("_POOL_HEADER.PoolTag", 0x01020304),
        ("_POOL_HEADER.PoolTag", 0x71717171),
        ("_KTHREAD.WaitReason", 99),
        ("_ETHREAD.ExitStatus", 0),
        ("_FILE_OBJECT.FinalStatus", -5),
    ],
)
def test_a_field_that_stands_for_nothing_known(place: str, value: int) -> None:
    assert field(*place.split("."), value) is None


@pytest.mark.parametrize("profile", ["nt/7601.24540-x64", "nt/9600.19913-x64", "nt/22000.318-x64"])
def test_the_numbers_of_wait_reasons_are_those_of_the_kernels(profile: str) -> None:
    reasons = open_types(profile).find("_KWAIT_REASON")
    assert isinstance(reasons, Enum)

    for name, number in reasons.members:
        if name not in ("MaximumWaitReason", "WrSpare0"):  # the last only counts; Windows 8 renamed WrEventPair
            assert reason_name(number) == name


def test_several_fields_together() -> None:
    location = {"MajorFunction": 0x1B, "MinorFunction": 1, "Flags": 0}

    assert [a.title for a in structure("_IO_STACK_LOCATION", location)] == [
        "[1b, 1] IRP_MJ_PNP, IRP_MN_QUERY_REMOVE_DEVICE"
    ]
    assert list(structure("_IO_STACK_LOCATION", {"MajorFunction": 3, "MinorFunction": 0})) == []
    assert list(structure("_KTHREAD", {"KernelApcDisable": 0, "SpecialApcDisable": 0})) == []
    assert [a.title.partition(":")[0] for a in structure("_KTHREAD", {"KernelApcDisable": 0xFFFF})] == [
        "KernelApcDisable -1"
    ]
    assert list(structure("_SLIST_HEADER", {"HeaderType": 0})) == []
    assert list(structure("_FILE_OBJECT", {"Flags": 1})) == []
