"""Bits, codes and wait reasons."""

from __future__ import annotations

from dumpwalk.annotations.fields import CODES, FLAGS, field
from dumpwalk.annotations.waits import REASONS, wait_reason
from dumpwalk.kernel.constants import flags, name_of
from dumpwalk.transcript import parse


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
