"""What the readers of the rarer kernel commands make of their lines; the listings are those of the documentation."""

from __future__ import annotations

import pytest
from test_log_kinds import only

from dumpwalk.kernel.cache_map import Vacb
from dumpwalk.kernel.code_address import CodeAddress
from dumpwalk.kernel.descriptors import Gate
from dumpwalk.kernel.device_object import Attachment
from dumpwalk.kernel.file_page import FilePage
from dumpwalk.kernel.pool_tags import PoolTag
from dumpwalk.kernel.slist import Slist, SlistEntry, SlistHeader
from dumpwalk.memory.address import Address, Address32, Hex
from dumpwalk.remarks import Absent
from dumpwalk.transcript.values import NOT_SHOWN, UNREADABLE


def test_volume() -> None:
    found = only(
        "kd> !vpb 80e15c30\nVpb at 0x80e15c30\nFlags: 0x1 mounted \nDeviceObject: 0x80de5020\n"
        "RealDevice:   0x80e15cb8\nRefCount: 14\nVolume Label:           MY-DISK-C\n",
        "vpb",
    ).record

    assert (found.vpb.address, found.vpb.Flags, found.vpb.flag_names) == (0x80E15C30, 1, ("VPB_MOUNTED",))
    assert (found.vpb.DeviceObject, found.vpb.RealDevice) == (0x80DE5020, 0x80E15CB8)
    assert (found.vpb.ReferenceCount, found.vpb.VolumeLabel, found.words) == (14, "MY-DISK-C", "mounted")
    assert isinstance(found.vpb.SerialNumber, Absent)


def test_shared_data_of_windows_xp() -> None:
    found = only(
        "kd> !kuser\n_KUSER_SHARED_DATA at 7ffe0000\nTickCount:    fa00000 * 00482006 (0:20:30:56.093)\n"
        "TimeZone Id: 2\nImageNumber Range: [14c .. 14c]\nCrypto Exponent: 0\nSystemRoot: 'F:\\WINDOWS'\n",
        "shared-data",
    ).record.shared

    assert (found.address, found.TickCountMultiplier, found.TickCount) == (0x7FFE0000, 0xFA00000, 0x482006)
    assert (found.ImageNumberLow, found.ImageNumberHigh, found.CryptoExponent) == (0x14C, 0x14C, 0)
    assert (found.TimeZoneId, found.NtSystemRoot) == (2, "F:\\WINDOWS")
    assert (found.NtMajorVersion, found.NtBuildNumber, found.Cookie) == (NOT_SHOWN, NOT_SHOWN, NOT_SHOWN)


def test_interlocked_list() -> None:
    found = only(
        "0:000> !slist ListHead\nSLIST HEADER:\n   +0x000 Alignment          : a000a002643e8\n"
        "   +0x000 Next               : 2643e8\n   +0x004 Depth              : a\n   +0x006 Sequence           : a\n\n"
        "SLIST CONTENTS:\n002643e8  002642c0 0000000a 6e676953 72757461\n"
        "00260f80  00000000 00000001 6e676953 72757461\n",
        "slist",
    ).record

    assert found.list == Slist(
        header=SlistHeader(
            NOT_SHOWN, "x86", Hex(0xA000A002643E8), None, Address32(0x2643E8), 10, Hex(10), "Sequence", 16
        ),
        entries=(
            SlistEntry(Address32(0x2643E8), (Hex(0x2642C0), Hex(0xA), Hex(0x6E676953), Hex(0x72757461))),
            SlistEntry(Address32(0x260F80), (Hex(0), Hex(1), Hex(0x6E676953), Hex(0x72757461))),
        ),
        window=NOT_SHOWN,
        problems=(),
    )
    assert found.offsets == {"Alignment": 0, "Next": 0, "Depth": 4, "Sequence": 6}


def test_interlocked_list_of_structures() -> None:
    found = only(
        "0:000> !slist ListHead _PROGRAM_ITEM 0\nSLIST HEADER:\n +0x000 Alignment          : a000a002643e8\n"
        " +0x004 Depth              : a\n\nSLIST CONTENTS:\n002643e8\n   +0x000 ItemEntry        : _SINGLE_LIST_ENTRY\n"
        '   +0x004 Signature        : 0xa\n   +0x008 Description      : [260]  "Signature is: 10"\n002642c0\n'
        "   +0x000 ItemEntry        : _SINGLE_LIST_ENTRY\n   +0x004 Signature        : 9\n",
        "slist",
    ).record

    assert [entry.address for entry in found.list.entries] == [0x2643E8, 0x2642C0]
    assert [(one.type, one.address, len(one.rows)) for one in found.listings] == [
        ("_PROGRAM_ITEM", 0x2643E8, 3), ("_PROGRAM_ITEM", 0x2642C0, 2),
    ]  # fmt: skip


def test_translation_of_x86() -> None:
    found = only("kd> !vtop 98fd 12f980\nPdi 0 Pti 12f\n0012f980 09de9000 pfn(09de9)\n", "translation").record

    assert (found.walk.address, found.indices, found.page) == (Address32(0x12F980), "Pdi 0 Pti 12f", 0x9DE9)
    assert (found.walk.physical, found.walk.root, found.walk.in_dump) == (NOT_SHOWN,) * 3


def test_virtual_addresses() -> None:
    block = only(
        "3: kd> !ptov 187000\nAmd64PtoV: pagedir 187000\n00000001`034fb000 1d0000\na757c000 1d1000\n...\n"
        "2ed6f000 fffff680`00001000\n",
        "virtual-addresses",
    )
    found = block.record

    assert (found.mode, found.root, block.noise) == ("Amd64", 0x187000, (5,))
    assert [(m.physical, m.address) for m in found.mappings] == [
        (0x1034FB000, Address(0x1D0000)), (0xA757C000, Address(0x1D1000)), (0x2ED6F000, Address(0xFFFFF68000001000)),
    ]  # fmt: skip


def test_file_object() -> None:
    found = only(
        "0: kd> !fileobj 8750ef80\n\n\nDevice Object: 0x879c9030   \\Driver\\volmgr\nVpb is NULL\n"
        "Access: Read SharedRead \n\n"
        "Flags:  0x40002\n\tSynchronous IO\n\tHandle Created\n\nIRPs queued to File Object:\n\t87aa4008   \\Driver\\X\n"
        "1 queued.\n\nFsContext: 0x87bdde68\tFsContext2: 0x00000000\nCurrentByteOffset: 0\n",
        "file-object",
    ).record

    file = found.file
    assert (file.address, file.FileName, file.DeviceObject) == (0x8750EF80, "", 0x879C9030)
    assert (file.driver, file.Vpb, file.access, file.Flags) == (
        "\\Driver\\volmgr", 0, ("Read", "SharedRead"), 0x40002,
    )  # fmt: skip
    assert file.flag_names == ("FO_SYNCHRONOUS_IO", "FO_HANDLE_CREATED")
    assert found.words == ("Synchronous IO", "Handle Created")
    assert (file.irps, found.irp_drivers, found.queued, file.FsContext2) == ((0x87AA4008,), ("\\Driver\\X",), 1, 0)
    assert (file.sections, file.cache, file.CurrentByteOffset) == (None, None, Hex(0))
    assert (file.RelatedFileObject, file.DeletePending, file.event_signalled) == (NOT_SHOWN,) * 3


def test_the_cache_of_a_file() -> None:
    found = only(
        "0: kd> !fileobj poi(esp)\n\\a.txt\n\nDevice Object: 0x879c9030   ????\nVpb: 0x879c9a10\nEvent ????\n\n"
        "Cache Data:\n  Section Object Pointers: 87bddea8\n"
        "  Shared Cache Map: 869acea0         File Offset: 11000 in VACB number 0\n"
        "  Vacb: 868a1ca8\n  Your data is at: ????\n",
        "file-object",
    ).record.file

    assert (found.address, found.FileName, found.driver) == (NOT_SHOWN, "\\a.txt", UNREADABLE)
    assert (found.Flags, found.event_signalled, found.SectionObjectPointer) == (NOT_SHOWN, UNREADABLE, 0x87BDDEA8)
    assert (found.sections.address, found.sections.SharedCacheMap) == (0x87BDDEA8, 0x869ACEA0)
    assert found.sections.DataSectionObject == NOT_SHOWN
    assert (found.cache.address, found.cache.file_offset, found.cache.FileSize) == (0x869ACEA0, 0x11000, NOT_SHOWN)
    assert found.cache.vacb == Vacb(0, Address32(0x868A1CA8), NOT_SHOWN, UNREADABLE)


@pytest.mark.parametrize(
    ("behind", "vacb"),
    [(" (not mapped into the cache)", None), ("\n  Vacb: ????", UNREADABLE), ("", NOT_SHOWN)],
)
def test_a_file_without_a_view(behind: str, vacb: object) -> None:
    found = only(
        "Device Object: 0x879c9030   \\Driver\\volmgr\n  Section Object Pointers: 87bddea8\n"
        f"  Shared Cache Map: 869acea0         File Offset: 11000{behind}\n",
        "file-object",
    ).record.file

    assert (found.FileName, found.cache.vacb) == (NOT_SHOWN, vacb)


# Lines that were misread, or left, until every record was printed and read back.


def test_flags_of_a_device_in_more_than_one_line() -> None:
    found = only(
        "0: kd> !devobj 80e15cb8\nDevice object (80e15cb8) is for:\n A \\Driver\\B DriverObject 80e4e248\n"
        "Characteristics (0x00000907)  FILE_REMOVABLE_MEDIA, FILE_READ_ONLY_DEVICE, \n"
        "                      FILE_FLOPPY_DISKETTE, FILE_DEVICE_SECURE_OPEN\n"
        "                      Unknown flags 0x00000800\nAttachedTo (Lower) ????????\nDevice queue is not busy.\n",
        "device",
    ).record

    known = ("FILE_REMOVABLE_MEDIA", "FILE_READ_ONLY_DEVICE", "FILE_FLOPPY_DISKETTE", "FILE_DEVICE_SECURE_OPEN")
    assert found.characteristic_words == (*known, "0x800")
    assert found.device.characteristic_names == (*known, "FILE_CHARACTERISTIC_PNP_DEVICE")
    assert found.device.AttachedTo == UNREADABLE


def test_a_driver_whose_name_ends_in_digits_or_has_blanks() -> None:
    found = only(
        "0: kd> !devstack 80e15cb8\n  !DevObj   !DrvObj            !DevExt   ObjectName\n"
        "  80e15cb8  \\ffffb80f12345678  80e15d70  \n> 80e15cc8  \\Driver\\A b       80e15d80  \\Device\\X\n",
        "devstack",
    ).record.stack

    assert [(d.driver, d.DeviceExtension, d.name) for d in found.devices] == [
        ("\\ffffb80f12345678", 0x80E15D70, None), ("\\Driver\\A b", 0x80E15D80, "\\Device\\X"),
    ]  # fmt: skip


def test_the_file_page_below_entries() -> None:
    found = only(
        "0: kd> !pte 1f3000\n" + " " * 43 + "VA 00000000001f3000\nPXE at FFFFF6FB7DBED000\ncontains 00000000001CC067\n"
        "pfn 1cc       ---DA--UWEV\n\n"
        "Prototype PTE ffffb80f12341a18 (said by the VAD) contains b80f323413900480: subsection\n"
        "    page 3 of subsection ffffb80f12341390, control area ffffb80f12341310 (data)\n"
        "    file \\a, b\\report.txt, offset 3000, file object ffffb80f12340b00\n",
        "pte",
    ).record

    assert found.page.file_page == FilePage(
        Address(0xFFFFB80F12341A18), "the VAD", Hex(0xB80F323413900480), "subsection", Address(0xFFFFB80F12341390), 3,
        Address(0xFFFFB80F12341310), "data", Address(0xFFFFB80F12340B00), "\\a, b\\report.txt", Hex(0x3000),
    )  # fmt: skip


def test_a_protection_of_two_words() -> None:
    found = only(
        "0: kd> !vad\nVAD     level      start      end    commit\n"
        "ffffb80f12340b00 ( 0)       1f0      1ff         1 Private      READWRITE WRITECOMBINE\n\n"
        "Total VADs:     1  average level:    1  maximum depth: 1\nTotal private commit: 0x1 pages (4 KB)\n",
        "vad",
    ).record

    tree = found.tree

    assert (tree.vads[0].protection, tree.vads[0].file) == ("READWRITE WRITECOMBINE", None)
    assert (found.count, tree.average_level, tree.maximum_depth, tree.private_commit) == (1, 1, 1, 1)


def test_question_marks_stand_for_their_own_column() -> None:
    found = only(
        "0: kd> !pfn 1\n    PFN 00000001 at address FFFFFA8000000030\n"
        "    flink       ????  blink / share count ????  pteaddress ????\n"
        "    reference count ????    used entry count  ????      Cached    color ???? Priority 5\n",
        "pfn",
    ).record.pfn

    assert found.cache == "Cached"
    assert all(getattr(found, n) == UNREADABLE for n in ("flink", "blink", "PteAddress", "used_entries", "color"))


def test_what_of_a_thread_is_not_there() -> None:
    found = only(
        "0: kd> !thread\nTHREAD ffffb80f12340080  Cid ????.0108  Teb: ???? Win32Thread: ???? WAIT: (????) ???? ????\n"
        "IRP List:\n    ffffb80f12340b00: (????,????) Flags: ????  Mdl: ????\nNot impersonating\n"
        "Owning Process            ????       Image:         ????\nAttached Process          ????\n"
        "ThreadName                io worker\n",
        "thread",
    ).record

    details, own = found.details, found.details.thread
    assert [own.Cid.UniqueProcess, own.Teb, details.Win32Thread, own.Process, own.attached] == [UNREADABLE] * 5
    assert [own.WaitReason, own.WaitMode, details.Alertable, details.process_name] == [UNREADABLE] * 4
    assert (own.Cid.UniqueThread, own.State, own.ApcStateProcess) == (0x108, "Waiting", NOT_SHOWN)
    assert (details.irps[0].Flags, details.name) == (UNREADABLE, "io worker")


def test_gates_that_lead_nowhere_or_have_a_stack_that_is_not_there() -> None:
    found = only(
        "0: kd> !idt -a\nDumping IDT: fffff8047b000000\n\n00:\tfffff8047ba10000 nt!`a b'::f\tStack = ????\n"
        "01:\t0000000000000000 (not present)\n",
        "idt",
    ).record.table

    assert found.base == 0xFFFFF8047B000000
    assert (found.entries[0].handler, found.entries[0].stack) == ("nt!`a b'::f", UNREADABLE)
    assert (found.entries[0].gate.offset, found.entries[0].gate.present) == (0xFFFFF8047BA10000, NOT_SHOWN)
    assert (found.entries[1].handler, found.entries[1].stack, found.entries[1].used) == ("", None, False)
    assert (found.entries[1].gate.present, found.entries[1].gate.type) == (False, NOT_SHOWN)


def test_gates_to_a_task_and_to_routines_of_drivers() -> None:
    found = only(
        "kd> !idt\nDumping IDT:\n02:\tTask Selector = 0x0058\n"
        "31:\t82a91dd8 i8042prt!I8042KeyboardInterruptService (KINTERRUPT 82a91d80)\n"
        "\t\t 8a1c3f30 (KINTERRUPT 82a91c80)\n",
        "idt",
    ).record.table
    task, driver = found.entries

    assert (found.base, task.used, task.stack, driver.used, driver.stack) == (NOT_SHOWN, True, None, True, NOT_SHOWN)
    assert task.gate == Gate(Address32(0), Hex(0x58), Hex(5), "task gate", NOT_SHOWN, True, 0)
    assert [(i.address, i.routine, i.ServiceRoutine) for i in driver.interrupts] == [
        (0x82A91D80, "i8042prt!I8042KeyboardInterruptService", NOT_SHOWN), (0x82A91C80, "", 0x8A1C3F30),
    ]  # fmt: skip


def test_another_thread_is_no_field_of_the_apc_above() -> None:
    found = only(
        "0: kd> !apc\n*** Enumerating APCs in all processes\nProcess ffffb80f12340000 a.exe\n"
        "    Thread ffffb80f12341000 ApcStateIndex 0 ApcListHead ffffb80f12341098 [KERNEL]\n"
        "        KAPC @ ffffb80f12342000\n          Type            12 (user)\n"
        "    Thread ffffb80f12343000 ApcStateIndex 0 ApcListHead ffffb80f12343098 [USER]\n"
        "        KAPC @ ffffb80f12344000\n          Type            12 (user)\n",
        "apc",
    ).record
    [process] = found.processes

    assert (process.address, process.ImageFileName) == (0xFFFFB80F12340000, "a.exe")
    assert [(t.thread, [(one.mode, one.apcs[0].address) for one in t.states[0].lists]) for t in process.threads] == [
        (0xFFFFB80F12341000, [("kernel", 0xFFFFB80F12342000)]), (0xFFFFB80F12343000, [("user", 0xFFFFB80F12344000)]),
    ]  # fmt: skip
    assert (found.threads, found.apcs, found.others) == ((), (), ())


def test_segments_of_no_table() -> None:
    found = only(
        "0: kd> dg 10\n                                                    P Si Gr Pr Lo\n"
        "Sel        Base              Limit          Type    l ze an es ng Flags\n"
        "---- ----------------- ----------------- ---------- - -- -- -- -- --------\n"
        "0010 00000000`00000000 00000000`00000000 Code RE Ac 0 Nb By P  Lo 0000029b\n",
        "segments",
    ).record.table

    assert (found.base, found.limit, found.local, found.processor) == (NOT_SHOWN,) * 4
    assert (found.wide, [(one.selector, one.kind, one.long) for one in found.descriptors]) == (
        True, [(0x10, "code", True)],
    )  # fmt: skip


def test_apcs_whose_fields_say_something_else() -> None:
    found = only(
        "kd> !apc\nThread 863c1758 ApcStateIndex 0 ApcListHead[Kernel]\nKAPC @ 863c1900\n  Type           12\n"
        "  KernelRoutine  82cb81c0 nt!KiSuspendNop+0x0\n  RundownRoutine somewhere\n  Inserted       5\n",
        "apc",
    ).record
    [thread] = found.threads
    [listed] = thread.states[0].lists

    assert (thread.thread, thread.ApcStateIndex, thread.KernelApcDisable) == (0x863C1758, 0, NOT_SHOWN)
    assert (listed.head, listed.mode) == (NOT_SHOWN, "kernel")
    assert (listed.apcs[0].Type, listed.apcs[0].kind, listed.apcs[0].Inserted) == (0x12, NOT_SHOWN, NOT_SHOWN)
    assert listed.apcs[0].KernelRoutine == CodeAddress(Address32(0x82CB81C0), "nt!KiSuspendNop+0x0")
    assert found.others == ((0x863C1900, "RundownRoutine", "somewhere"), (0x863C1900, "Inserted", "5"))
    assert found.every_apc == listed.apcs


def test_pool_that_nobody_has_and_words_that_are_not_there() -> None:
    found = only(
        "0: kd> !pool X 1\nPool page 82c09960 region is Paged pool\nAddress 82c09960 does not belong to any pool\n"
        "*82c09960 size:   20 previous size:   10  (Allocated) *Vad  Process: 82c00000 (Protected)\n"
        "\t\tPooltag Vad  : VADs, Binary : nt!mm\n    ????\n\n",
        "pool",
    ).record
    pool = found.pool
    block = pool.blocks[0]

    assert (block.tag, block.process, block.protected, block.words) == ("Vad ", 0x82C00000, True, UNREADABLE)
    assert (pool.tag, pool.found, found.remarks) == (PoolTag("Vad ", "nt!mm", "VADs"), "", ())
    assert pool.searched == ("Address 82c09960 does not belong to any pool",)


# What a text calls otherwise than we do stands beside the kernel's record; what it does not show is said.


def test_the_device_above_as_old_debuggers_print_it() -> None:
    lines = (
        "kd> !devobj ff0ce870\nDevice object (ff0ce870) is for:\n NTPNP_PCI0002 \\Driver\\PCI DriverObject ff0ceef0\n"
        "Current Irp 00000000 RefCount 0 Type 00000022 Flags 00001040AttachedDev {}\nDevExt ff0ce928 DevNode ff0cde88\n"
    )
    found = only(lines.format("ff0cb9e0"), "device").record.device
    alone = only(lines.format("00000000"), "device").record.device

    assert found.AttachedDevice == Attachment(Address32(0xFF0CB9E0), NOT_SHOWN)
    assert (alone.AttachedDevice, alone.AttachedTo, alone.Vpb) == (None, NOT_SHOWN, NOT_SHOWN)
    assert (found.device_type, found.flag_names) == (
        "FILE_DEVICE_UNKNOWN",
        ("DO_DEVICE_HAS_NAME", "DO_BUS_ENUMERATED_DEVICE"),
    )


def test_major_functions_that_a_text_calls_otherwise() -> None:
    found = only(
        "kd> !drvobj X 2\nDriver object (80e15cb8) is for:\n \\Driver\\X\n\nDispatch routines:\n"
        "[03] IRP_MJ_READ                        80e15d70\tX+0x70\n"
        "[1b] IRP_MJ_PNP_POWER                   80e15d80\tX+0x80\n"
        "[1c] ???                                80e15d90\n",
        "driver",
    ).record

    assert [(d.code, d.major, d.routine.name, d.owner) for d in found.driver.dispatch] == [
        (3, "IRP_MJ_READ", "X+0x70", ""), (0x1B, "IRP_MJ_PNP", "X+0x80", ""), (0x1C, "", "", ""),
    ]  # fmt: skip
    assert found.majors == ((0x1B, "IRP_MJ_PNP_POWER"),)
    assert (found.driver.DriverInit, found.driver.devices) == (NOT_SHOWN, ())


def test_operations_whose_names_are_not_ours() -> None:
    found = only(
        "0: kd> !fltreg exscan+800\nFLT_OPERATION_REGISTRATION at fffff8047b940800 in exscan: 2 operations\n"
        "[03] IRP_MJ_READ                                 Flags 00000001  SKIP_PAGING_IO\n"
        "     PreOperation  fffff8047b941100\texscan+0x1100\n"
        "[04] IRP_MJ_WRITTEN                              Flags 00000011"
        "  FLTFL_OPERATION_REGISTRATION_SKIP_PAGING_IO, 0x10\n",
        "filter",
    ).record
    read, write = found.registration.operations

    assert (read.major, read.flag_names) == ("IRP_MJ_READ", ("FLTFL_OPERATION_REGISTRATION_SKIP_PAGING_IO",))
    assert (write.major, write.PreOperation, write.address) == ("IRP_MJ_WRITE", NOT_SHOWN, NOT_SHOWN)
    assert (found.majors, found.words) == (((2, "IRP_MJ_WRITTEN"),), ((1, ("SKIP_PAGING_IO",)),))


def test_a_stack_that_marks_no_device() -> None:
    found = only(
        "0: kd> !devstack 80e15cb8\n  !DevObj   !DrvObj            !DevExt   ObjectName\n"
        "  80e15cb8  \\Driver\\A          80e15d70  ????\n",
        "devstack",
    ).record.stack

    assert (found.asked, found.DeviceNode, found.devices[0].name) == (NOT_SHOWN, NOT_SHOWN, UNREADABLE)


def test_filters_of_a_device_node() -> None:
    (found,) = only(
        "kd> !devnode ff0cfe88\nDevNode 0xff0cfe88 for PDO 0xff0cf030\n"
        '  UpperFilters is "exscan"\n  State = 0x999\n  Previous State = DeviceNodeStarted (0x308)\n',
        "device-node",
    ).record.nodes

    assert (found.filters, found.node.state, found.State) == ({"UpperFilters": "exscan"}, "0x999", None)
    assert found.states == (("Previous State", "DeviceNodeStarted (0x308)"),)
