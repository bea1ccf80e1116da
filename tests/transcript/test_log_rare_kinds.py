"""What the kinds of rarer extensions' listings make of their lines."""

from __future__ import annotations

from test_log_kinds import only

from dumpwalk.transcript import parse


def test_deadlock() -> None:
    found = only(
        """\
0: kd> !deadlock 3
issue: 00001001 97dd800c 86858ce0 00000000
Deadlock detected (2 locks in 2 threads):
#
Thread 0: TERMINATED took locks in the following order:
Lock A =     97dd800c (MyTestDriver!AlphaLock+0x00000000) - Type 'Spinlock'.
    Node:    8685acd8
    Stack:   97dd65b7 MyTestDriver!Worker+0x00000027
             820c4b4d nt!IovCallDriver+0x000002cc
Thread 1: c4ae2040 (ThreadEntry = 86833a08) took locks in the following order:
Lock B =     97dd8008 (MyTestDriver!BravoLock+0x00000000) - Type 'Spinlock'.
    Stack:   << Current stack trace - use kb to display it >>
""",
        "deadlock",
    ).record
    first, second = found.locks

    assert (found.lock_count, found.issue[0]) == (2, 0x1001)
    assert [(t.number, t.address) for t in found.threads] == [(0, None), (1, 0xC4AE2040)]
    assert (first.letter, first.thread, first.node, first.frames[1][1].symbol) == ("A", 0, 0x8685ACD8, "IovCallDriver")
    assert (second.place.symbol, second.frames, second.remark[:2]) == ("BravoLock", (), "<<")


def test_queued_locks() -> None:
    found = only(
        """\
0: kd> !qlocks
Key: O = Owner, 1-n = Wait order, blank = not owned/waiting, C = Corrupt
                       Processor Number
    Lock Name         0  1  2  3
KE   - Dispatcher
MM   - PFN            O  1
""",
        "queued-locks",
    ).record

    assert found.processors == (0, 1, 2, 3)
    assert [(lock.name, lock.processors) for lock in found.locks] == [("Dispatcher", {}), ("PFN", {0: "O", 1: "1"})]


def test_headers_of_an_image() -> None:
    found = only(
        """\
0: kd> !dh -f HTTP
File Type: EXECUTABLE IMAGE
FILE HEADER VALUES
    8664 machine (X64)
43E8008A time date stamp Tue Feb  7 07:36:02 2006
      22 characteristics
            Executable
            App can handle >2gb addresses
OPTIONAL HEADER VALUES
   14.20 linker version
    87D90 [      A0] address [size] of Import Directory
""",
        "image-headers",
    ).record

    assert [(f.label, f.value) for f in found.fields] == [
        ("machine", 0x8664),
        ("time date stamp", 0x43E8008A),
        ("characteristics", 0x22),
        ("linker version", None),
    ]
    assert found.fields[2].names == ("Executable", "App can handle >2gb addresses")
    assert (found.directories[0].name, found.directories[0].size) == ("Import Directory", 0xA0)


def test_verifier() -> None:
    found = only(
        """\
kd> !verifier 3 MyDriver.sys
Verify Flags Level 0x000209bb
    [X] (0x00000001) Special pool
    [ ] (0x00000400) IRP logging
  Current nonpaged pool allocations      0x3 for 00001058 bytes
  MODULE: 0x84226b28 MyDriver.sys (Loaded)
      Current Pool Allocations: ( 0x00000003 / 0x00000000 )
      Address     Length      Tag   Caller
      ----------  ----------  ----  ----------
      0x982a8fe0  0x00000020  VMdl  0x9a3bf6ac  MyDriver!DeviceControlDispatch
Pool block 982a8fe0, Size 00000020, Thread 9c158bc0
81b250cd nt!IovAllocateMdl+0x3d
""",
        "verifier",
    ).record

    assert [(f.enabled, f.flag) for f in found.flags] == [(True, 1), (False, 0x400)]
    assert [c.values for c in found.counts] == [(3, 0x1058), (3, 0)]
    assert (found.allocations[0].tag, found.allocations[0].caller) == ("VMdl", 0x9A3BF6AC)
    assert (found.allocations[1].thread, len(found.allocations[1].frames)) == (0x9C158BC0, 1)


def test_configuration_of_a_pci_device() -> None:
    found = only(
        """\
kd> !pci 100 1 9 0
00: 9004    ;VendorID=9004
04: 0117    ;Command=SERREnable,MemWriteEnable,BusInitiate,MemSpaceEnable,IOSpac
eEnable
40: 00001580,00000001
""",
        "pci",
    ).record

    assert (found.fields[0].value, found.fields[1].meaning[-13:]) == (0x9004, "IOSpaceEnable")
    assert found.words == ((0x40, (0x1580, 1)),)


def test_power_action() -> None:
    found = only(
        """\
3: kd> !poaction
PopAction: fffff801332f3fe0
  State..........: 0 - Idle
  Irp minor......: ??
Allocated power irps (PopIrpList - fffff801332f44f0)
  IRP: ffffe00013d07420 (set/D3,), PDO: ffffe00012daf840, CURRENT: ffffe00012dd5040
Irp worker threads (PopIrpThreadList - fffff801332f3100)
  THREAD: ffffe0000ef5e040 (static), IRP: ffffe00013d07420, DEVICE: ffffe00012dd5040
""",
        "power-action",
    ).record

    assert found.fields == (("State", "0 - Idle"), ("Irp minor", "??"))
    assert (found.irps[0].request, found.irps[0].current) == ("set/D3,", 0xFFFFE00012DD5040)
    assert found.threads[0].irp == found.irps[0].address


def test_chain_of_exception_handlers() -> None:
    found = only(
        """\
0:000> !exchain
0018eaa4: ntdll!LdrRemoveLoadAsDataTable+d64 (779cb46d)
0032e7cc: 45454545
Invalid exception stack at 41414141
""",
        "exception-chain",
    ).record

    assert [(h.address, h.handler) for h in found.handlers] == [(0x18EAA4, 0x779CB46D), (0x32E7CC, 0x45454545)]
    assert (found.handlers[0].place.offset, found.handlers[1].place) == (0xD64, None)
    assert found.remark == "Invalid exception stack at 41414141"


def test_breakpoints() -> None:
    found = only(
        """\
6: kd> bl
     0 e Disable Clear  fffff807`0e699390     0001 (0001) nt!NtAllocateVirtualMemory
     1 e 00000060 r 1 0001 (0001)
""",
        "breakpoints",
    ).record.breakpoints

    assert (found[0].address, found[0].place.symbol) == (0xFFFFF8070E699390, "NtAllocateVirtualMemory")
    assert (found[1].access, found[1].size, found[1].passes) == ("r", 1, (1, 1))


def test_error_report() -> None:
    found = only(
        "EventType=APPCRASH\nSig[0].Name=Application Name\nSig[0].Value=a.exe\nUI[2]=C:\\a.exe\n", "error-report"
    )

    assert found.record.signature == {"Application Name": "a.exe"}
    assert found.record.fields[-1] == ("UI[2]", "C:\\a.exe")


def test_ring_log() -> None:
    found = only(
        """\
0: kd> !usbhcdlog ffffe00001ca11a0
>LOG mask = 3ff idx = fff68e95 (295)
*LOG: ffffe000020192a0  LOGSTART: ffffe00002014000 *LOGEND: ffffe0000201bfe0 # 4
[ 000] ffffe000020192a0 xSt0 ffffe00001ca1b88 0000000000000006 0000000000000001
""",
        "ring-log",
    ).record

    assert (found.start, found.count, found.mask) == (0xFFFFE00002014000, 4, 0x3FF)
    assert (found.entries[0].tag, found.entries[0].words[1]) == ("xSt0", 6)


def test_debugging_information() -> None:
    found = only(
        """\
0:000> !die -r2
0xc: DW_TAG_compile_unit [^^^]
    DW_AT_language          0x21
    DW_AT_ranges
        [0x11e9 - 0x134a)
    0x2a: DW_TAG_namespace [^^^]
        DW_AT_name              'std'
""",
        "dwarf",
    ).record.entries

    assert [(e.offset, e.depth, e.tag) for e in found] == [
        (0xC, 0, "DW_TAG_compile_unit"),
        (0x2A, 4, "DW_TAG_namespace"),
    ]
    assert (found[0].ranges, found[1].attributes) == (((0x11E9, 0x134A),), (("DW_AT_name", "'std'"),))


def test_registers_of_a_host_controller() -> None:
    found = only(
        """\
*(ehci)HC_OPERATIONAL_REGISTER ffffd000228bf020
    USBCMD 00010001
    .HostControllerRun: 1
    PortSC[0] 00001000
        PortPower x1
""",
        "device-registers",
    ).record

    assert [(r.name, r.value, r.bits) for r in found.registers] == [
        ("USBCMD", 0x10001, {"HostControllerRun": 1}),
        ("PortSC[0]", 0x1000, {"PortPower": 1}),
    ]


def test_imports_and_requests() -> None:
    imports = only("0:000> !mex.imports\nbeacon imports KERNEL32.dll!CloseHandle\n", "imports").record
    requests = only(
        """\
0:000> !mex.AspxPagesExt
 Address          Completed Timeout Time (secs) ThreadId ReturnCode Verb Url
 0000029c3935afb0       yes     110                             200 GET  /a.aspx?b=1
1 contexts found (1 displayed).
""",
        "requests",
    ).record.requests

    assert (imports.image, imports.imports) == ("beacon", (("KERNEL32.dll", "CloseHandle"),))
    assert [(r.completed, r.timeout, r.seconds, r.status, r.verb, r.url) for r in requests] == [
        (True, 110, "", 200, "GET", "/a.aspx?b=1"),
    ]


def test_trace_of_calls() -> None:
    found = only(
        """\
0:000> wt
Tracing MyModule!myFunction to return address 00401137
   105     0 [  0] MyModule!myFunction
     9     2 [  1]   MyModule!printf
112379 instructions were executed in 112378 events (0 from other threads)
Function Name                               Invocations MinInst MaxInst AvgInst
MyModule!ILT+1265(__RTC_CheckEsp)                     1       2       3       4
Calls  System Call
   23  ntdll!KiFastSystemCall
""",
        "trace",
    ).record

    assert [(r.own, r.called, r.depth) for r in found.rows] == [(105, 0, 0), (9, 2, 1)]
    assert (found.functions[0].invocations, found.functions[0].average) == (1, 4)
    assert found.system_calls[0][1] == 23


def test_work_queues() -> None:
    log = parse(
        "kd> !exqueue\n**** Critical WorkQueue ( Threads: 5/512, Concurrency: 0/1 )\n"
        "THREAD 852115d8  Cid 0004.0018  Teb: 00000000 Win32Thread: 00000000 WAIT\n"
        "**** Delayed WorkQueue( current = 0 maximum = 2 )\n"
    )

    assert [b.kind for b in log.blocks] == ["work-queue", "thread", "work-queue"]
    assert (log.blocks[0].record.threads, log.blocks[2].record.concurrency) == ((5, 512), (0, 2))
