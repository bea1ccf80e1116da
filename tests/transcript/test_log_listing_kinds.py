"""What the kinds of extensions' listings make of their lines."""

from __future__ import annotations

from test_log_kinds import only

from dumpwalk.kernel.routine import Routine
from dumpwalk.memory.address import Address, Address32, Hex
from dumpwalk.memory.paging.software import Pte
from dumpwalk.remarks import Absent
from dumpwalk.transcript import parse
from dumpwalk.transcript.irp import ListedLocation
from dumpwalk.transcript.values import NOT_SHOWN, UNREADABLE


def test_resources() -> None:
    found = only(
        """\
0: kd> !locks
**** DUMP OF ALL RESOURCE OBJECTS ****
KD: Scanning for held locks...

Resource @ nt!Example (0xffff8b0352014a90)    Exclusively owned
    Contention Count = 12
    NumberOfExclusiveWaiters = 3
     Threads: ffff8b0351756040-01<*> ffff8b0351756043-02    *** Actual Thread ffff8b0351756040

     Threads Waiting On Exclusive Access:
              ffff8b03515d5040       ffff8b03515d5080
              ffff8b03515d50c0
27708 total locks, 1 locks currently held
""",
        "locks",
    ).record
    lock = found.resources[0]

    assert (lock.address, lock.name, lock.state) == (0xFFFF8B0352014A90, "nt!Example", "Exclusively owned")
    assert (lock.ContentionCount, lock.NumberOfExclusiveWaiters, lock.NumberOfSharedWaiters) == (12, 3, None)
    assert [(h.thread, h.count, h.owner, h.actual) for h in lock.holders] == [
        (0xFFFF8B0351756040, 1, True, None),
        (0xFFFF8B0351756043, 2, False, 0xFFFF8B0351756040),
    ]
    assert lock.exclusive_waiters == (0xFFFF8B03515D5040, 0xFFFF8B03515D5080, 0xFFFF8B03515D50C0)
    assert found.remarks[-1] == "27708 total locks, 1 locks currently held"


def test_resource_of_nt_4() -> None:
    found = only(
        """\
Resource @ fc664ee0                  // Here's the lock
 ActiveCount = 0001  Flags = IsOwnedExclusive ExclusiveWaiter
 NumberOfExclusiveWaiters = 0001
  Thread = ffaf5410, Count = 01                // the owner
""",
        "locks",
    ).record.resources[0]

    assert (found.ActiveCount, found.flags) == (1, ("IsOwnedExclusive", "ExclusiveWaiter"))
    assert (found.holders[0].thread, found.remarks) == (0xFFAF5410, ("Here's the lock", "the owner"))


def test_critical_sections() -> None:
    found = only(
        """\
0:000> !locks

CritSec ntdll!FastPebLock+0 at 77FC49E0
LockCount          NOT LOCKED
RecursionCount     1
OwningThread       c78
*** Locked

CritSec +24e750 at 24e750
LockCount          6
OwningThread       a9
Scanned 37 critical sections
""",
        "locks",
    ).record
    first, second = found.critical_sections

    assert (first.name, first.address, first.locked, first.OwningThread) == (
        "ntdll!FastPebLock+0", 0x77FC49E0, True, 0xC78,
    )  # fmt: skip
    assert (second.name, second.locked, dict(second.fields)["LockCount"]) == ("", False, "6")


def test_table() -> None:
    found = only(
        """\
0: kd> !mex.lt
Process  PID Thread             Id State        Time Reason
======= ==== ================ ==== ======= ========= ===========
cmd.exe 1164 ffffc509bf2e1080 1a28 Waiting 4m:42.656 UserRequest
cmd.exe 1164 ffffc509bdfa4040  9b0 Waiting    8s.593
""",
        "table",
    ).record

    assert found.columns == ("Process", "PID", "Thread", "Id", "State", "Time", "Reason")
    assert found.rows[1] == ("cmd.exe", "1164", "ffffc509bdfa4040", "9b0", "Waiting", "8s.593", "")


def test_an_underlined_title_is_no_table() -> None:
    log = parse("Solution:\n=========\nThe vulnerability can be patched.\n")

    assert [b.kind for b in log.blocks] == ["prose", "noise", "prose"]
    assert log.unparsed == ()


def test_process_tree() -> None:
    found = only(
        """\
0: kd> !tl -tree
  System Processes
     4    ffffc509b8884040 System
            820  ffffc509bc1e8300 svchost.exe (-p)
""",
        "process-tree",
    ).record

    assert [(p.depth, p.process_id, p.image, p.service) for p in found.processes] == [
        (5, 4, "System", ""),
        (12, 820, "svchost.exe", "-p"),
    ]


def test_words_and_what_they_point_to() -> None:
    found = only(
        """\
0: kd> !mex.dpx
0x000000000079d2d0 : 0x00000000007abc00 :  !da "example.test"
0x000000000079d2d8 : 0x00007ff893facdf4 :  ntdll!NtWaitForSingleObject+0x14
0xfffff8000d2dca90|+0x0018: 0xfffff8000d03e030 (Image ntkrnlmp.exe (.text)) -> sub     rsp,28h
""",
        "pointers",
    ).record.rows

    assert (found[0].address, found[0].value, found[0].command, found[0].text) == (
        0x79D2D0, 0x7ABC00, "da", "example.test",
    )  # fmt: skip
    assert found[1].place.symbol == "NtWaitForSingleObject"
    assert found[2].chain == ("0xfffff8000d03e030 (Image ntkrnlmp.exe (.text))", "sub     rsp,28h")


def test_managed_object() -> None:
    found = only(
        """\
0:000> !mex.DisplayObj 0x0000020da741c168
0x0000020da741c168 System.Web.HttpRequest
[statics]
  0000  _wr         : NULL
  0010  _httpMethod : 0000020da741be88  "POST" [4] (System.String)
  0018  _data       : 0000020da7421020 (System.Byte[]) [Length: 361]
""",
        "object-fields",
    ).record

    assert (found.type, found.fields[1].value) == ("System.Web.HttpRequest", '0000020da741be88  "POST" [4]')
    assert [(f.name, f.type, f.length, f.static) for f in found.fields] == [
        ("_wr", "", None, True),
        ("_httpMethod", "System.String", None, True),
        ("_data", "System.Byte[]", 361, True),
    ]


def test_unique_stacks() -> None:
    found = only(
        """\
0:000> !mex.us
2 threads [stats]: 0 7
    00007ff893fad3f4 ntdll!NtDelayExecution+0x14 --> Delaying the thread
    000000000040305f beacon+0x305f
""",
        "unique-stacks",
    ).record.stacks[0]

    assert (found.count, found.threads, found.frames[0].remark) == (2, "0 7", "Delaying the thread")
    assert found.frames[1].place.offset == 0x305F


def test_threads_of_winde() -> None:
    head = (
        "                                                          Cur  Bas   zContext      Kernel Time        "
        "User Time    Elapsed Ticks   Q-TSA   Thread    Wait                                      Waiting\n"
        "PROC Image Name       No.   Thread                   Id   Pri  Pri   Switches   d:hh:mm:ss.ttt   "
        "d:hh:mm:ss.ttt   d:hh:mm:ss.ttt  RrBLsrl   State  Reason  Notes        Waiting On             Function\n"
    )
    row = (
        "0DF4 svchost.exe        1   !t ffff988d`a10b1080    65b8    8    7          1                0           "
        "     0            5.562  --P----    Wait !pl      str->        !pl ffff988d`8e5bf080  nt!ExfAcq\n"
    )
    block = only(f"0: kd> !winde.calls\n\\\\\\\n >>>  Blocked Threads\n///\n{head}\n{row}", "winde")
    found = block.record.threads[0]

    assert block.record.title == "Blocked Threads"
    assert (found.process_id, found.image, found.address, found.thread_id) == (
        0xDF4, "svchost.exe", 0xFFFF988DA10B1080, 0x65B8,
    )  # fmt: skip
    assert (found.Priority, found.BasePriority, found.elapsed, found.queues) == (8, 7, "5.562", "--P----")
    assert (found.state, found.waiting_on, found.function) == ("Wait !pl", "!pl ffff988d`8e5bf080", "nt!ExfAcq")


def test_device_node_with_resources() -> None:
    found = only(
        """\
kd> !devnode ff0cfe88 6
DevNode 0xff0cfe88 for PDO 0xff0cf030 at level 0x3
  Parent 0xff0d1348   Sibling 0000000000   Child 0xff0c84a8
  InstancePath is "PCIIDE\\IDEChannel\\1&1"
  Flags (0x6000120b)  DNF_PROCESSED, DNF_STARTED,
                      DNF_ENUMERATED
                      Unknown flags 0x40000000
  State = DeviceNodeStarted (0x308)
  CmResourceList at 0xe12321c8  Version 0.0  Interface 0x1  Bus #0
    Entry 0 - Port (0x1) Device Exclusive (0x1)
      Flags (0x01) - PORT_MEMORY PORT_IO
      Range starts at 0x170 for 0x8 bytes
""",
        "device-node",
    ).record.nodes[0]

    assert (found.level, found.PhysicalDeviceObject, found.values["Child"]) == (3, 0xFF0CF030, 0xFF0C84A8)
    assert found.flags == (("Flags", 0x6000120B, ("DNF_PROCESSED", "DNF_STARTED", "DNF_ENUMERATED")),)
    assert (found.node.state, found.State, found.states) == ("DeviceNodeStarted", 0x308, ())
    assert (found.node.address, found.node.InstancePath) == (0xFF0CFE88, "PCIIDE\\IDEChannel\\1&1")
    assert found.node.ServiceName == NOT_SHOWN
    assert found.resources[0].descriptors[0].details[1] == "Range starts at 0x170 for 0x8 bytes"


def test_irp_of_old_debuggers() -> None:
    found = only(
        """\
kd> !irp 81183468
Irp is active with 2 stacks 2 is current (= 0x811834fc)
 No Mdl Thread 00000000:  Irp stack trace.
     cmd  flg cl Device   File     Completion-Context
 [  0, 0]   0  0 00000000 00000000 00000000-00000000

                        Args: 00000000 00000000 00000000 00000000
>[ 16, 2]   0 e1 8145f470 00000000 8047f744-814187a8 Success Error Cancel pending
               \\Driver\\E100B    ntoskrnl!PopCompleteSystemPowerIrp
                        Args: 00000000 00000000 00000002 00000002
""",
        "irp",
    ).record
    irp = found.irp
    current = irp.locations[1]

    assert (irp.address, irp.StackCount, irp.CurrentLocation, irp.state) == (0x81183468, 2, 2, "active")
    assert (irp.MdlAddress, irp.SystemBuffer, irp.Flags, len(irp.locations)) == (0, NOT_SHOWN, NOT_SHOWN, 2)
    assert (current.current, current.MajorFunction, current.MinorFunction, current.Control) == (True, 0x16, 2, 0xE1)
    assert (current.number, current.major, current.minor) == (2, "IRP_MJ_POWER", "IRP_MN_SET_POWER")
    assert (current.driver, current.CompletionRoutine) == (
        "\\Driver\\E100B", Routine(Address32(0x8047F744), "ntoskrnl!PopCompleteSystemPowerIrp"),
    )  # fmt: skip
    assert (current.DeviceObject, irp.locations[0].driver) == (Address32(0x8145F470), None)
    assert found.words[1] == ListedLocation((), ("Success", "Error", "Cancel", "pending"), ())


def test_irp_with_its_fields() -> None:
    found = only(
        """\
kd> !irp poi(esp+4) 1
Irp is active with 3 stacks 3 is current (= 0x831f4b00)
 No Mdl: Master Irp=82b020d8: Thread 8c622118:  Irp is completed.  Pending has been returned
Flags = 00000060
ThreadListEntry.Flink = 831f4a10
IoStatus.Status = c0000010  an author's remark
RequestorMode = ff
Cancel = 01
Overlay.AllocationSize = 00000001 - 00000010
CancelRoutine = 842511e0  partmgr!PmCancel
UserBuffer = ????????
Tail.Overlay.Thread = 8c622118
Tail.Overlay.CurrentStackLocation = 831f4b24
Tail.Apc = 00000007
Tail.Overlay.Unheard = 00000005
>[IRP_MJ_READ(3), IRP_MN_NORMAL(0)]
            1 e1 828517a8 00000000 842511e0-00000000 Success Error Cancel pending
               \\Driver\\disk     (IopUnloadSafeCompletion)
                        Flags: SL_OTHER
""",
        "irp",
    ).record
    irp = found.irp

    assert (irp.address, irp.MasterIrp, irp.SystemBuffer, irp.Thread) == (NOT_SHOWN, 0x82B020D8, None, 0x8C622118)
    assert (irp.Flags, irp.flag_names) == (0x60, ("IRP_DEALLOCATE_BUFFER", "IRP_INPUT_OPERATION"))
    assert (irp.ThreadListEntry, irp.ListEntry) == ((0x831F4A10, NOT_SHOWN), (NOT_SHOWN, NOT_SHOWN))
    assert (irp.RequestorMode, irp.Cancel, irp.AllocationSize) == (-1, True, 0x1_0000_0010)
    assert (irp.CancelRoutine, irp.UserBuffer, irp.UserEvent) == (
        Routine(Address32(0x842511E0), "partmgr!PmCancel"), UNREADABLE, NOT_SHOWN,
    )  # fmt: skip
    assert (irp.CurrentStackLocation, irp.CompletionKey, irp.IoStatus.Information) == (0x831F4B00, 7, NOT_SHOWN)
    assert found.fields == (
        ("IoStatus.Status", 0xC0000010, "an author's remark"), ("Tail.Overlay.CurrentStackLocation", 0x831F4B24, ""),
        ("Tail.Overlay.Unheard", 5, ""),
    )  # fmt: skip
    # The locations below the current one were left out.
    assert [(at.number, at.CompletionRoutine.name) for at in irp.locations] == [(3, "nt!IopUnloadSafeCompletion")]
    assert found.words[0].flag_words == ("SL_OTHER",)
    assert found.remarks == ("Irp is completed.", "Pending has been returned")


def test_what_is_no_irp() -> None:
    found = only(
        "kd> !irp 81183468\nIRP signature does not match, probably not an IRP\nFlags = 00000001\n", "irp"
    ).record

    assert (found.irp.address, found.irp.signature, found.irp.Flags, found.state) == (0x81183468, False, 1, "")
    assert found.remarks == ("IRP signature does not match, probably not an IRP",)


def test_only_the_first_irp_of_a_command_is_at_its_address() -> None:
    text = "Irp is active with 1 stacks 1 is current (= 0x811834fc)\n No Mdl Thread 00000000:  Irp stack trace.\n"

    found, two = parse(f"kd> !irp 81183468\n{text}{text}"), parse(f"kd> !irp 81183468;!irp 81184468\n{text}{text}")

    assert [b.record.irp.address for b in found.blocks] == [0x81183468, NOT_SHOWN]
    assert [b.record.irp.address for b in two.blocks] == [NOT_SHOWN, NOT_SHOWN]


def test_handles_of_user_mode() -> None:
    found = only(
        """\
0:000> !handle 0 f mutant
Handle 00000000000000b0
  Type         \tMutant
  GrantedAccess\t0x1f0001:
         Delete,ReadControl
         QueryState
  Name         \t\\BaseNamedObjects\\NewMutex
  Object specific information
    Mutex is Owned
    Mutant Owner 2dd8.23a0
1 handles of type Mutant
""",
        "handle",
    ).record.user[0]

    assert (found.handle, dict(found.fields)["Type"]) == (0xB0, "Mutant")
    assert found.access == ("Delete", "ReadControl", "QueryState")
    assert found.information == ("Mutex is Owned", "Mutant Owner 2dd8.23a0")


def test_handle_operations() -> None:
    found = only(
        """\
kd> !htrace 7CC
Process 0x81400300
ObjectTable 0xE10CCF60

Handle 0x7CC - CLOSE:
0x8018FCB9: ntoskrnl!ExDestroyHandle+0x103
0x801E1D12: ntoskrnl!ObpCloseHandleTableEntry+0xE4

Parsed 0x6 stack traces.
""",
        "handle-trace",
    ).record

    assert (found.process, found.ObjectTable) == (0x81400300, 0xE10CCF60)
    assert (found.operations[0].handle, found.operations[0].operation) == (0x7CC, "CLOSE")
    assert found.operations[0].frames[1][1].symbol == "ObpCloseHandleTableEntry"


def test_pool_page() -> None:
    found = only(
        """\
kd> !pool 85246430
Pool page 85246430 region is Nonpaged pool
 85246160 size:   68 previous size:   48  (Allocated)  NpFn Process: 8507a030
 85246370 size:   b8 previous size:   68  (Free)       .PZH
*85246428 size:  200 previous size:   b8  (Allocated) *Hack (Protected)
\t\tOwning component : Unknown (update pooltag.txt)
""",
        "pool",
    ).record
    owner, found = found.owner, found.pool

    assert (owner, found.region, found.page) == (
        "Owning component : Unknown (update pooltag.txt)", "Nonpaged pool", 0x85246000,
    )  # fmt: skip
    assert [(b.address, b.size, b.allocated, b.tag, b.holds) for b in found.blocks] == [
        (0x85246160, 0x68, True, "NpFn", False),
        (0x85246370, 0xB8, False, ".PZH", False),
        (0x85246428, 0x200, True, "Hack", True),
    ]
    assert (found.blocks[0].process, found.blocks[2].protected) == (0x8507A030, True)


def test_use_of_memory() -> None:
    found = only(
        """\
0: kd> !vm 1
Page File: \\??\\C:\\pagefile.sys
  Current:  15728640 Kb  Free Space:  15632316 Kb
Physical Memory:          2037490 (    8149960 Kb)
Session ID 1 @ fffff88002dfa000:
Paged Pool Usage:     3060 Kb
""",
        "memory-use",
    ).record

    assert found.page_files[0].sizes == {"Current": 15728640, "Free Space": 15632316}
    assert [(c.name, c.session, c.pages, c.kilobytes) for c in found.counts] == [
        ("Physical Memory", None, 2037490, 8149960),
        ("Paged Pool Usage", 1, None, 3060),
    ]


def test_page_table_entries_that_could_not_be_read() -> None:
    found = only(
        """\
0: kd> !pte ffffe5068d8a4000
                                           VA ffffe5068d8a4000
PXE at FFFFBEDF6FB7DE50    PPE at FFFFBEDF6FBCA0D0    PDE at FFFFBEDF7941A360    PTE at FFFFBEF28346C520
contains 0A00000107400863  contains 0A00000005DC8863  contains 1A0000025754A863  contains 00003E9800000000
pfn 107400    ---DA--KWEV  pfn 5dc8      ---DA--KWEV  pfn 25754a    ---DA--KWEV  not valid
                                                                                  Page has been freed
""",
        "pte",
    ).record

    assert [(e.level, e.value, e.state, e.meaning) for e in found.page.entries[2:]] == [
        ("PDE", 0x1A0000025754A863, "valid", Pte("valid", Hex(0x1A0000025754A863), Hex(0x25754A))),
        ("PTE", 0x3E9800000000, "freed", Pte("freed", Hex(0x3E9800000000))),
    ]
    assert (found.details, found.page.entry_size) == ((), 8)


def test_verdict_of_exploitable() -> None:
    found = only(
        """\
!exploitable 1.6.0.0
Executing Processor Architecture is x86
Exception Faulting Address: 0x4
Basic Block:
    44175083 push dword ptr [ecx+4]
       Tainted Input operands: 'ecx'
Exception Hash (Major/Minor): 0xd8abe4f2.0x3a6d64a1

 Hash Usage : Stack Trace:
Major+Minor : OGL!GdipGetImageThumbnail+0x1118e
Minor       : gfx+0x147d74
Exploitability Classification: PROBABLY_NOT_EXPLOITABLE
""",
        "exploitable",
    ).record

    assert (found.classification, found.major, found.minor) == ("PROBABLY_NOT_EXPLOITABLE", 0xD8ABE4F2, 0x3A6D64A1)
    assert (found.instructions[0].address, found.instructions[0].tainted) == (Address32(0x44175083), ("ecx",))
    assert [usage for usage, _ in found.frames] == ["Major+Minor", "Minor"]


def test_question_marks_are_said_to_be_unreadable() -> None:
    found = only(
        """\
Device object (ffffb80f1200be50) is for:
 ExDisk0 ???? DriverObject ????????
Current Irp ???????? RefCount 14 Type 00000007 Flags 00002050
Device queue is ????.
""",
        "device",
    ).record.device

    assert isinstance(found.DriverObject, Absent)
    assert isinstance(found.CurrentIrp, Absent)
    assert (found.ReferenceCount, found.busy, found.address) == (14, UNREADABLE, Address(0xFFFFB80F1200BE50))
