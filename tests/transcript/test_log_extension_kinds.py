"""What the kinds of further extensions' listings make of their lines: those of USB, of mex, of the scheduler."""

from __future__ import annotations

from test_log_kinds import only
from test_log_splitting import assert_nothing_lost

from dumpwalk.transcript import parse


def test_usb_lists_and_links() -> None:
    found = only(
        """\
0: kd> !usbkd.usbhcdext ffffe00001ca11a0

HC Flavor 1000  FDO ffffe00001ca1050
dt USBPORT!_FDO_EXTENSION ffffe00001ca15a0

DeviceHandleDeletedList: !usblist ffffe00001ca23c8, DL [Empty]
Pending IRP's: 0, Transfers: 0 (Periodic(0), Async(0))

## Pending Requests

[001] dt USBPORT!_USB_IOREQUEST_CONTEXT ffffe00001ca1450 Tag: AddD Obj: ffffe00001ca11a0
""",
        "usb",
    ).record
    first, requests = found.sections
    deleted = first.rows[2]

    assert [r.text for r in first.rows[:2]] == [
        "HC Flavor 1000  FDO ffffe00001ca1050",
        "dt USBPORT!_FDO_EXTENSION ffffe00001ca15a0",
    ]
    assert (deleted.label, deleted.text) == ("DeviceHandleDeletedList", "!usblist ffffe00001ca23c8, DL [Empty]")
    assert [(link.command, link.address) for link in deleted.links] == [("!usblist", 0xFFFFE00001CA23C8)]
    assert (requests.title, requests.rows[0].number) == ("Pending Requests", "001")
    assert requests.rows[0].links[0].command == "dt USBPORT!_USB_IOREQUEST_CONTEXT"


def test_usb_state_machines() -> None:
    found = only(
        """\
0: kd> !usbkd.usbhubext ffffe000023201a0

## PNP STATE HISTORY (latest at bottom)

##     EVENT                           STATE                                   NEXT

01. Ev_SYSTEM_POWER                 FDO_WaitPnpStop                         FDO_WaitPnpStop

## TX HISTORY

## EVENT, STATE, NEXT (latest at bottom)

[01]    (23)Ev_TX_Icsq, (0)TX_Undefined, (1)TX_InQueue
""",
        "usb",
    ).record.sections

    assert [s.title for s in found] == ["PNP STATE HISTORY (latest at bottom)", "TX HISTORY"]
    assert (found[0].events[0].number, found[0].events[0].event) == ("01", "Ev_SYSTEM_POWER")
    assert (found[1].events[0].state, found[1].events[0].next) == ("(0)TX_Undefined", "(1)TX_InQueue")


def values(line: str) -> list[tuple[str, object]]:
    """Return the values that a row of a USB listing says, or the heading of a section."""
    (section,) = only(f"0: kd> !usbkd.usbhcdext ffffe00001ca11a0\n{line}\n", "usb").record.sections
    return [(v.label, v.value) for v in (section.rows[0].values if section.rows else section.values)]


def test_usb_values() -> None:
    assert values("Device Address: 0x01, ep 0x81 Bulk In Flags: 00000041 dt _USB_ENDPOINT_FLAGS ffffe000026dc990") == [
        ("Device Address", 1), ("ep", 0x81), ("", "Bulk In"), ("Flags", 0x41),
    ]  # fmt: skip
    assert values("    [0] dt _X 0x868d73a4 VA 0x868e0000 -- Owner 0x86801690 Tag: dvh+ PendingFlag(0) Size 4096") == [
        ("VA", 0x868E0000), ("Owner", 0x86801690), ("Tag", "dvh+"), ("PendingFlag", 0), ("Size", 4096),
    ]  # fmt: skip
    assert values("        InLen: 4096, OutLen: 0 Status: USBD_STATUS_PENDING (0x40000000)") == [
        ("InLen", 4096), ("OutLen", 0), ("Status", "USBD_STATUS_PENDING"), ("USBD_STATUS_PENDING", 0x40000000),
    ]  # fmt: skip
    assert values("    : sysaddr: 0000000000000000 len 0x00001000(4096) phys 00000000'ded90000") == [
        ("sysaddr", 0), ("len", 0x1000), ("len", 4096), ("phys", 0xDED90000),
    ]  # fmt: skip
    assert values("2)!ehci_info ffffe00001ca11a0 PCI: VendorId 8086 DeviceId 293c RevisionId 0002") == [
        ("VendorId", 0x8086), ("DeviceId", 0x293C), ("RevisionId", 2),
    ]  # fmt: skip


def test_usb_values_of_headings_and_texts() -> None:
    assert values("## Referene List: Head(ffffe000020f9668)") == [("Head", 0xFFFFE000020F9668)]
    assert values("Trap Regs: Event, Port, Event (ffffe000023204d0)")[0] == ("Trap Regs", "Event, Port")
    assert values("     HUB_DISARM:- no ww irp pending (HUB_WAKESTATE_DISARMED)") == [
        ("HUB_DISARM", "no ww irp pending (HUB_WAKESTATE_DISARMED)")
    ]
    assert values("Power caps (0 = not reported)") == [("0", "not reported")]
    assert values("    [000]!usbtx ffffe0000653401c State: (7)TX_Mapped_inMp") == [("State", "(7)TX_Mapped_inMp")]


def test_an_eight_digit_number_of_usb_may_be_decimal() -> None:
    assert values("Elapsed 25481267, Flags 00000041, Sig:4f444648") == [
        ("Elapsed", "25481267"), ("Flags", 0x41), ("Sig", 0x4F444648),
    ]  # fmt: skip


def test_usb_state_machines_that_say_how_long() -> None:
    (section,) = only(
        "0: kd> !usbkd.usbhcdpow ffffe00001ca11a0\n"
        "[04] FdoPwrEv_SyncUsb2_Complete         FdoPwr_D0_WaitSyncUsb2             FdoPwr_WaitSx    dt:50 ms\n",
        "usb",
    ).record.sections

    assert (section.events[0].event, section.events[0].milliseconds) == ("FdoPwrEv_SyncUsb2_Complete", 50)


def test_sentences_below_a_listing_of_usb_are_none_of_its_rows() -> None:
    log = assert_nothing_lost(
        "0: kd> !usbkd.usbhubext ffffe000023201a0\nFDO ffffe00002320050 PDO ffffe0000213c050 HubNumber# 3\n"
        "\nIt resets the port 3 times before it gives up.\n\n  and so on and on\n"
    )

    assert (log.blocks[0].kind, len(log.blocks[0].record.sections[0].rows)) == ("usb", 1)


def test_a_listing_of_usb_ends_where_another_begins() -> None:
    log = assert_nothing_lost(
        "0: kd> !usbkd.usbhcdlog ffffe00001ca11a0\n\nLOG@: ffffe00001ca11b8\n>LOG mask = 3ff idx = fff68e95 (295)\n"
        "*LOG: ffffe000020192a0  LOGSTART: ffffe00002014000 *LOGEND: ffffe0000201bfe0 # 1\n"
        "[ 000] ffffe000020192a0 xSt0 ffffe00001ca1b88 0000000000000006 0000000000000001\n"
        "0: kd> dt nt!_MDL 1\n0: kd> !usblist ffffe000026dc970, EP\nlist: ffffe000026dc970 EP\n0: kd> k\n"
    )

    assert [b.kind for b in log.blocks] == ["usb", "ring-log", "dt", "usb", "stack"]
    assert log.blocks[0].record.sections[0].rows[0].label == "LOG@"


def test_regions() -> None:
    found = only(
        """\
0:000> !vadump
BaseAddress:       000002854f100000
RegionSize:        0000000000017000
State:             00001000  MEM_COMMIT
Protect:           00000010  PAGE_EXECUTE

BaseAddress:       000002854f18c000
RegionSize:        0000000000004000
State:             00002000  MEM_RESERVE
""",
        "regions",
    ).record.regions

    assert [(r.BaseAddress, r.RegionSize, r.State.name) for r in found] == [
        (0x2854F100000, 0x17000, "MEM_COMMIT"),
        (0x2854F18C000, 0x4000, "MEM_RESERVE"),
    ]
    assert (found[0].Protect.value, found[1].Protect) == (0x10, None)


def test_region_of_an_address() -> None:
    (found,) = only(
        """\
1: kd> !address fffff803712e5000

Usage:                  Module
Base Address:           fffff803`712e0000
End Address:            fffff803`712e8000
Region Size:            00000000`00008000
VA Type:                BootLoaded
Module name:            TestDriver.sys
""",
        "regions",
    ).record.regions

    assert (found.usage, found.BaseAddress, found.EndAddress) == ("Module", 0xFFFFF803712E0000, 0xFFFFF803712E8000)
    assert found.fields == (("VA Type", "BootLoaded"), ("Module name", "TestDriver.sys"))


def test_timers() -> None:
    (table,) = only(
        """\
   lkd> !timer
   Dump system timers
   Interrupt time: 61876995 000003df [ 4/ 5/2010 18:58:09.189]
   List Timer    Interrupt Low/High     Fire Time              DPC/thread
   PROCESSOR 0 (nt!_KTIMER_TABLE fffff80001bfd080)
     5 fffffa8003099810   627684ac 000003df [ 4/ 5/2010 18:58:10.756]
   NDIS!ndisMTimerObjectDpc (DPC @ fffffa8003099850)
    13 fffffa8003027278   272dde78 000004cf [ 4/ 6/2010 23:34:30.510]  NDIS!ndisMWakeUpDpcX
   (DPC @ fffffa80030272b8)
       fffffa8003029278   272e0588 000004cf [ 4/ 6/2010 23:34:30.511]  NDIS!ndisMWakeUpDpcX (DPC @ fffffa80030292b8)
    16 fffffa8006096c20   6c1613a6 000003df [ 4/ 5/2010 18:58:26.901]  thread
   fffffa8006096b60
""",
        "timers",
    ).record.tables

    assert (table.processor, table.type, table.address) == (0, "nt!_KTIMER_TABLE", 0xFFFFF80001BFD080)
    assert [(t.list, t.due, t.function and t.function.symbol, t.dpc, t.thread) for t in table.timers] == [
        (5, 0x3DF627684AC, "ndisMTimerObjectDpc", 0xFFFFFA8003099850, None),
        (13, 0x4CF272DDE78, "ndisMWakeUpDpcX", 0xFFFFFA80030272B8, None),
        (13, 0x4CF272E0588, "ndisMWakeUpDpcX", 0xFFFFFA80030292B8, None),
        (16, 0x3DF6C1613A6, None, None, 0xFFFFFA8006096B60),
    ]


def test_dpcs() -> None:
    found = only(
        "3: kd> !dpcs\nCPU Type      KDPC       Function\n"
        " 0: Threaded: 0xfffff8035f5ac3d8 0xfffff80363f27d70 nt!KiDpcWatchdog\n",
        "dpcs",
    ).record.dpcs

    assert [(d.processor, d.type, d.address, d.function.symbol) for d in found] == [
        (0, "Threaded", 0xFFFFF8035F5AC3D8, "KiDpcWatchdog"),
    ]


def test_ready_threads() -> None:
    found = only(
        """\
lkd> !ready
Processor 0: No threads in READY state
Processor 1: Ready Threads at priority 10
THREAD 857c0030 Cid 04c8.0378 Teb: 7ffdf000 Win32Thread: fef7f8c0 READY
""",
        "ready",
    ).record.queues

    assert [(q.processor, q.priority, len(q.threads)) for q in found] == [(0, None, 0), (1, 10, 1)]
    assert (found[1].threads[0].address, found[1].threads[0].thread_id) == (0x857C0030, 0x378)


def test_blocked_threads() -> None:
    first, second = only(
        """\
kd> !stacks 2
Proc.Thread  .Thread  ThreadState  Blocker
                                     [System]
   4.000008  827d0030  Blocked    ntoskrnl!KiSwapThread+0xc5
                                  ntoskrnl!KeWaitForMultipleObjects+0x2b4
                                  +0x3f3f3f3f
   4.000010  827d0430  Blocked    ntoskrnl!KiSwapThread+0xc5
""",
        "blocked-threads",
    ).record.threads

    assert (first.process, first.process_id, first.thread_id, first.address) == ("System", 4, 8, 0x827D0030)
    assert [f.symbol for f in first.frames] == ["KiSwapThread", "KeWaitForMultipleObjects", ""]
    assert (second.state, len(second.frames)) == ("Blocked", 1)


def test_processors() -> None:
    found = only(
        """\
0: kd> !cpuinfo
CP  F/M/S Manufacturer  MHz PRCB Signature    MSR 8B Signature Features ArchitectureClass
 0  6,158,13 GenuineIntel 3600 000000b800000000                   3d1b3fff 0
                      Cached Update Signature 000000b800000000
""",
        "processors",
    ).record
    (processor,) = found.processors

    assert (processor.family, processor.model, processor.stepping, processor.MHz) == (6, 158, 13, 3600)
    assert (processor.signature, processor.msr_signature, processor.features) == (0xB800000000, None, 0x3D1B3FFF)
    assert found.signatures == {"Cached Update Signature": 0xB800000000}


def test_processors_that_share_a_core() -> None:
    found = only(
        """\
0: kd> !smt
SMT Summary:

KeActiveProcessors:
**-------------------------------------------------------------- (0000000000000003)
 No PRCB             SMT Set                                                                             APIC Id
  1 ffffd7018a9dc180 **-------------------------------------------------------------- (0000000000000003) 0x00000001

Maximum cores per physical processor:   2
""",
        "smt",
    ).record

    assert found.sets == {"KeActiveProcessors": 3}
    assert (found.processors[0].prcb, found.processors[0].apic_id) == (0xFFFFD7018A9DC180, 1)
    assert found.most == {"Maximum cores per physical processor": 2}


def test_masks_and_model_registers() -> None:
    text = "0: kd> rm\nRegister output mask is a:\n       2 - Integer state (64-bit)\n       8 - Segment registers\n"
    mask = only(text, "register-mask").record
    register = only("5: kd> rdmsr c0000101\nmsr[c0000101] = ffffc900`5f90a000\n", "msr").record

    assert (mask.mask, mask.bits[1]) == (10, (8, "Segment registers"))
    assert (register.register, register.value) == (0xC0000101, 0xFFFFC9005F90A000)


def test_system_page_table_entries() -> None:
    counts = only(
        "0: kd> !sysptes\nSystem PTE Information\nTotal System Ptes 307168\nstarting PTE: c0200000\n"
        "free blocks: 32 total free: 3856 largest free block: 542\n\nKernel Stack PTE Information\n"
        "starting PTE: c0300000\n",
        "system-ptes",
    ).record
    mapped = only(
        "0: kd> !sysptes 4\n\n0x2c47 System PTEs allocated to mapping locked pages\n\n"
        "VA       MDL     PageCount  Caller/CallersCaller\n"
        "eb1bee64 edac5000      200 VIDEOPRT!pVideoPortGetDeviceBase+0x118/VIDEOPRT!VideoPortMapMemory+0x45\n",
        "system-ptes",
    ).record

    assert [(r.total, r.start, r.free_blocks, r.total_free, r.largest_free) for r in counts.ranges] == [
        (307168, 0xC0200000, 32, 3856, 542),
        (None, 0xC0300000, None, None, None),
    ]
    assert (mapped.locked, mapped.mappings[0].pages) == (0x2C47, 0x200)
    assert (mapped.mappings[0].caller.offset, mapped.mappings[0].callers_caller.symbol) == (0x118, "VideoPortMapMemory")


def test_thread_of_mex() -> None:
    log = assert_nothing_lost(
        """\
0: kd> !t -t 6696
Process                    Thread                       CID       TEB              UserTime KernelTime ContextSwitches \
Wait Reason      Time State
cmd.exe (ffffc509bf28b080) ffffc509bf2e1080 (E|K|W|R|V) 1164.1a28 00000072ce65a000     16ms       47ms             674 \
UserRequest 4m:42.656 Waiting

WaitBlockList:
    Object           Type    Other Waiters Info
    ffffc509c1f6c080 Process             0 powershell.exe

Priority:
    Current Base Decrement ForegroundBoost IO Page
    9       8    0         0               0  5

# Child-SP         Return           Call Site
0 ffffc10f7221f0a0 fffff8071e2349c0 nt!KiSwapContext+0x76
1 ffffc10f7221f1e0 fffff8071e233eef nt!KiSwapThread+0x500
"""
    )
    thread = log.blocks[0].record

    assert [b.kind for b in log.blocks] == ["mex-thread", "stack"]
    assert (thread.process, thread.address, thread.process_id, thread.thread_id) == (
        "cmd.exe",
        0xFFFFC509BF2E1080,
        0x1164,
        0x1A28,
    )
    assert (thread.user_time, thread.context_switches, thread.wait_reason, thread.state) == (
        "16ms",
        674,
        "UserRequest",
        "Waiting",
    )
    assert [(o.address, o.type, o.other_waiters, o.info) for o in thread.objects] == [
        (0xFFFFC509C1F6C080, "Process", 0, "powershell.exe"),
    ]
    assert thread.priorities == {"Current": 9, "Base": 8, "Decrement": 0, "ForegroundBoost": 0, "IO": 0, "Page": 5}


def test_threads_of_mex_that_are_attached_or_of_user_mode() -> None:
    attached = only(
        """\
0: kd> !t fffff8071ed3fa00
Process                 AttachedProcess           Thread                       CID       UserTime KernelTime \
ContextSwitches Wait Reason          Time State
Idle (fffff8071ed3ca00) System (ffffc509b8884040) fffff8071ed3fa00 (E|K|W|R|V) 0.0              0 31m:12.906 \
         983471 WrCalloutStack 36m:35.453 Running on processor 0
""",
        "mex-thread",
    ).record
    user = only(
        "0:000> !mex.t 1\nDbgID ThreadID      User Kernel Create Time (UTC)\n"
        "1     23b4 (0n9140) 46ms   15ms 01/24/2024 04:18:12.031 PM\n",
        "mex-thread",
    ).record

    assert (attached.attached, attached.attached_address, attached.teb) == ("System", 0xFFFFC509B8884040, None)
    assert (attached.kernel_time, attached.state) == ("31m:12.906", "Running on processor 0")
    assert (user.number, user.thread_id, user.created) == (1, 0x23B4, "01/24/2024 04:18:12.031 PM")


def test_a_thread_of_mex_whose_numbers_differ() -> None:
    (block,) = parse(
        "0:000> !mex.t 1\nDbgID ThreadID      User Kernel Create Time (UTC)\n"
        "1     23b4 (0n9141) 46ms   15ms 01/24/2024 04:18:12.031 PM\n"
    ).blocks

    assert (block.record.thread_id, block.record.thread_id_decimal) == (0x23B4, 9141)


def test_count_below_a_table() -> None:
    found = only("0: kd> !lt 1\nProcess  PID\n======= ====\ncmd.exe 1164\n\nThread Count: 4\n", "table").record

    assert (found.rows, found.remarks) == ((("cmd.exe", "1164"),), ("Thread Count: 4",))


def test_bytes_of_a_managed_array() -> None:
    found = only(
        """\
0:000> !mex.DisplayObj 0x0000020da7421020
[raw] 0000020da7421020 System.Byte[] Length: 26
00000000   5F 5F 45 56 45 4E 54 54 41 52 47 45  54 3D 64 6F 77 6E 6C 6F 61 64 26 5F    __EVENTTARGE T=download&_
00000018   66 0A                                                                      f.
""",
        "object-fields",
    ).record

    assert (found.address, found.type, found.remark) == (0x20DA7421020, "System.Byte[]", "Length: 26")
    assert [(b.offset, len(b.values), b.text) for b in found.bytes] == [
        (0, 24, "__EVENTTARGE T=download&_"),
        (0x18, 2, "f."),
    ]


def test_managed_modules() -> None:
    found = only(
        """\
0:000> !wmodule
Address                      Module Version Company Name       Debug Mode Type Module Binary
00007ffc6fb30000                6.0.8.18111 Newtonsoft                No   CLR C:\\Json.ni.dll
0000026e79a90000                        0.0                           Yes  CLR C:\\Cil Core.dll

2 module(s) listed, 1339 skipped by the filters
""",
        "managed-modules",
    ).record

    assert [(m.address, m.version, m.company, m.debug, m.type, m.file) for m in found.modules] == [
        (0x7FFC6FB30000, "6.0.8.18111", "Newtonsoft", False, "CLR", "C:\\Json.ni.dll"),
        (0x26E79A90000, "0.0", "", True, "CLR", "C:\\Cil Core.dll"),
    ]
    assert (found.listed, found.skipped) == (2, 1339)


def test_managed_exception() -> None:
    found = only(
        """\
Unhandled Exception: System.AccessViolationException: Attempted to read or write protected memory.
   at System.String.wcslen(Char* ptr)
   at A.B`1.Run(Object o) in C:\\a b\\B.cs:line 12
""",
        "managed-exception",
    ).record

    assert (found.type, found.message[:9]) == ("System.AccessViolationException", "Attempted")
    assert [(f.method, f.parameters, f.source, f.line) for f in found.frames] == [
        ("System.String.wcslen", "(Char* ptr)", "", None),
        ("A.B`1.Run", "(Object o)", "C:\\a b\\B.cs", 12),
    ]


def test_time_travel() -> None:
    found = only(
        """\
0:001> !tt bm
Replaying - Currently at 1D1BEE:0 (  2.95%)
Setting position: 1C46AF:61
ModLoad: 00007fff`eb7d0000 00007fff`eb811000   C:\\windows\\system32\\adsldp.dll
""",
        "time-travel",
    ).record

    assert (found.position, found.passed) == ("1C46AF:61", (("1D1BEE:0", "2.95"),))
    assert (found.modules[0].start, found.modules[0].file[-10:]) == (0x7FFFEB7D0000, "adsldp.dll")


def test_data_of_failures_and_systems() -> None:
    tags = only(
        "kd> !dumpfa 1\nDataUsed 3b0\nType =        DEBUG_FLR_MARKER_BUCKET 00010016 - Size = 9\n", "failure-data"
    ).record
    nodes = only(
        "kd> !findxmldata -d MIDI\nNode DEVICE\n DESCRIPTION    : MPU-401 Device\n       SERVICE        : ms_mpu401\n",
        "system-data",
    ).record.nodes

    assert (tags.DataUsed, tags.tags[0].name, tags.tags[0].value) == (0x3B0, "DEBUG_FLR_MARKER_BUCKET", 0x10016)
    assert [(n.name, n.fields) for n in nodes] == [
        ("DEVICE", (("DESCRIPTION", "MPU-401 Device"), ("SERVICE", "ms_mpu401"))),
    ]


def test_stop_of_the_verifier() -> None:
    found = only(
        "VERIFIER STOP 00000008: pid 0xAA0: corrupted suffix pattern\n\n        00C81000 : Heap handle\n"
        "        00000100 : Block size\n#         00000000 :\n",
        "verifier-stop",
    ).record

    assert (found.code, found.process_id, found.text) == (8, 0xAA0, "corrupted suffix pattern")
    assert found.parameters == ((0xC81000, "Heap handle"), (0x100, "Block size"), (0, ""))


def test_policy_of_a_sandbox() -> None:
    found = only(
        """\
!OP_NUMBER_AND_MATCH<Param1, 0x1>
OP_WSTRING_MATCH<Param0, "a, b>", Length(0x4), Offset(0x0), CASE_SENSITIVE>
OP_ACTION<ASK_BROKER>

OP_ACTION<DENY>
""",
        "policy",
    ).record.rules

    assert [[(o.negated, o.name) for o in rule] for rule in found] == [
        [(True, "OP_NUMBER_AND_MATCH"), (False, "OP_WSTRING_MATCH"), (False, "OP_ACTION")],
        [(False, "OP_ACTION")],
    ]
    assert found[0][1].parameters == ("Param0", '"a, b>"', "Length(0x4)", "Offset(0x0)", "CASE_SENSITIVE")


def test_room_on_a_disk() -> None:
    found = only(
        "kd> !diskspace c:\nChecking Free Space for c: ..........\n   Free Space 659.567871 MB (675397 KB)\n",
        "disk-space",
    ).record

    assert (found.volume, found.sizes) == ("c", {"Free Space": ("659.567871 MB", "675397 KB")})


def test_resources_of_no_node() -> None:
    (found,) = only(
        """\
kd> !cmreslist e11d8808

CmResourceList at 0xe11d8808  Version 0.0  Interface 0x1  Bus #0
  Entry 0 - Interrupt (0x2) Device Exclusive (0x1)
    Flags (0x01) - LATCHED
""",
        "device-node",
    ).record.resources

    assert (found.address, found.where) == (0xE11D8808, "Version 0.0  Interface 0x1  Bus #0")
    assert found.descriptors[0].details == ("Flags (0x01) - LATCHED",)


def test_what_authors_put_between_listings() -> None:
    page = only(
        "<html>\n<script language='vbscript'>\narg1=String(4, \"A\")\n'or more\ntarget.Load arg1\n</html>\n", "markup"
    )
    shell = only("C:\\ETAP 1410>etcp.exe AAAA\n", "shell").record

    assert page.record.lines[2:5] == ('arg1=String(4, "A")', "'or more", "target.Load arg1")
    assert (shell.directory, shell.command) == ("C:\\ETAP 1410", "etcp.exe AAAA")


def test_a_page_that_does_not_end_takes_nothing_else() -> None:
    log = assert_nothing_lost("<html>\n<b>\n\n0: kd> .bugcheck\nBugcheck code 0000000A\nArguments 1 2 0 4\n")

    assert [b.kind for b in log.blocks] == ["markup", "bugcheck"]


def test_offsets_and_flags_that_a_narrow_page_broke() -> None:
    stack = only(
        """\
kd> kb
ChildEBP RetAddr  Args to Child
f6413910 8048d8d5 ff0cf448 8048d8a4 f6413978 ntoskrnl!IopForAllChildDeviceNodes+
0x1f
f641395c 804f6f1b ff0d7c08 f6413978 8045c520 ntoskrnl!IopProcessStartDevices+0x1
f
f64139d0 804f5cc1 80088000 f6413aec 8045bba0 ntoskrnl!IopInitializeBootDrivers+0
x2f9
""",
        "stack",
    ).record
    registers = only(
        "kd> r\neax=9090912a ebx=e1297088 ecx=00000026\neip=80536c53 iopl=0         nv up ei pl nz ac pe\nnc\n",
        "registers",
    ).record

    assert [f.place.offset for f in stack.frames] == [0x1F, 0x1F, 0x2F9]
    assert stack.frames[0].place.symbol == "IopForAllChildDeviceNodes"
    assert registers.flags == "nv up ei pl nz ac pe nc"


def test_a_number_behind_a_blank_line_is_of_no_frame() -> None:
    log = parse("kd> k\nChildEBP RetAddr\nf6413910 8048d8d5 nt!A+0x1\nf6413920 8048d8d6 nt!B+0x1\n\n4\n")

    assert log.blocks[0].record.frames[1].place.offset == 1
    assert log.unparsed == (6,)
