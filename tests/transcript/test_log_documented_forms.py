"""Forms of listings that documentation shows and reports hardly do: old debuggers', and those of rare options."""

from __future__ import annotations

import pytest
from test_log_kinds import only

from dumpwalk.kernel.handle_table import HandleEntry
from dumpwalk.memory.address import Hex
from dumpwalk.transcript import parse
from dumpwalk.transcript.values import NOT_SHOWN, address


def test_interrupts_of_old_debuggers() -> None:
    found = only(
        """\
kd> !idt

Dumping IDT:

31:8070a1c2 hal!HalpTimer31
61:8621f3a4 example!ExampleIsr (KINTERRUPT 8621f368)

                 other!OtherIsr (KINTERRUPT 8630b210)
""",
        "idt",
    ).record
    first, second = found.table.entries

    assert (first.vector, first.gate.offset, first.handler) == (0x31, 0x8070A1C2, "hal!HalpTimer31")
    assert [(i.routine, i.address) for i in second.interrupts] == [
        ("example!ExampleIsr", 0x8621F368),
        ("other!OtherIsr", 0x8630B210),
    ]


def test_symbols_with_their_sizes() -> None:
    found = only(
        """\
0:000> x /v /f example!*start*
prv func   00007ff6`1a2b3c40  1f8 example!start (int, char **)
pub global 00007ff6`1a2c0010    0 example!started = <no type information>
global 805bd7b0   a8 example!Table = unsigned char *[42]
Type information missing error for start_again
""",
        "symbols",
    ).record
    first, second, third = found.symbols

    assert (first.visibility, first.kind, first.size, first.place.symbol) == ("prv", "func", 0x1F8, "start")
    assert (second.visibility, second.kind, second.size) == ("pub", "global", 0)
    assert (third.visibility, third.kind, third.address, third.value) == (
        "",
        "global",
        0x805BD7B0,
        "unsigned char *[42]",
    )
    assert found.remarks == ("Type information missing error for start_again",)


@pytest.mark.parametrize(
    ("option", "rows", "addresses", "names"),
    [
        ("/0", "00b51410\n00b513d0\n", [0xB51410, 0xB513D0], ["", ""]),
        ("/1", "Example!AddOne\nExample!AddTwo\n", [None, None], ["AddOne", "AddTwo"]),
    ],
)
def test_symbols_of_one_column(option: str, rows: str, addresses: list[int | None], names: list[str]) -> None:
    found = only(f"0:000> x {option} Example!Add*\n{rows}", "symbols").record

    assert [s.address for s in found.symbols] == addresses
    assert [s.place.symbol for s in found.symbols] == names


def test_symbols_and_types_of_a_pattern() -> None:
    names = only("0:000> dt example!M*\n010029b8  example!my_count\n          example!MYTYPE\n", "dt").record
    sized = only(
        """\
0:001> dt -s 2 -v example!*
Enumerating symbols matching example!*, Size = 0x2
Address   Size Symbol
           002 example!SHORT
           002 example!u_short
00427a34   002 example!ships
""",
        "dt",
    ).record

    assert names.listings[0].names == ("example!my_count", "example!MYTYPE")
    assert [(s.address, s.size, s.name) for s in names.symbols] == [(0x10029B8, None, "example!my_count")]
    assert [(s.address, s.size, s.name) for s in sized.symbols] == [
        (None, 2, "example!SHORT"),
        (None, 2, "example!u_short"),
        (0x427A34, 2, "example!ships"),
    ]
    assert sized.listings[0].names == ("example!SHORT", "example!u_short", "example!ships")


def test_handles_of_old_debuggers() -> None:
    log = parse(
        """\
kd> !handle 0 4
processor number 0
PROCESS 80559800  SessionId: 0  Cid: 0000    Peb: 00000000  ParentCid: 0000
    DirBase: 00039000  ObjectTable: e1000d60  TableSize: 380.
    Image: Idle

New version of handle table at e1002000 with 380 Entries in use
0000: free handle, Entry address e1002000, Next Entry fffffffe
0004: Object: 80ed5238  GrantedAccess: 001f0fff
0168: Object: ffb6c748  GrantedAccess: 00000003 (Protected)
"""
    )
    assert [b.kind for b in log.blocks] == ["handle", "process", "handle"]
    assert [b.unparsed for b in log.blocks] == [(), (), ()]
    found = log.blocks[2].record

    assert log.blocks[0].record.remarks == ("processor number 0",)
    table = found.table
    assert (found.title, table.kind) == ("New version of handle table", "handle table")
    assert (table.table.address, table.table.HandleCount, table.owner) == (0xE1002000, 380, NOT_SHOWN)
    assert [one.entry for one in table.handles] == [
        HandleEntry(Hex(0), address("e1002000"), None, None, 0, Hex(0xFFFFFFFE)),
        HandleEntry(Hex(4), NOT_SHOWN, address("80ed5238"), Hex(0x1F0FFF)),
        HandleEntry(Hex(0x168), NOT_SHOWN, address("ffb6c748"), Hex(3), 1),
    ]


def test_handles_that_are_none() -> None:
    one = only("0: kd> !handle 4d0f29e0\nInvalid Handle: 0x4d0f29e0\n", "handle").record
    two = only("0: kd> !handle 8;!handle c\nInvalid Handle: 0x8\nInvalid Handle: 0xc\n", "handle").record

    assert (one.table.handle, one.table.handles, one.remarks) == (0x4D0F29E0, (), ())
    assert (two.table.handle, two.remarks) == (NOT_SHOWN, ("Invalid Handle: 0x8", "Invalid Handle: 0xc"))


def test_a_user_handle_of_old_debuggers() -> None:
    found = only(
        """\
0:000> !handle 8 f
Handle 8
  Type          Event
  Name          <none>
  Object Specific Information
    Event Type Auto Reset
    Event is Waiting
""",
        "handle",
    ).record

    assert found.user[0].information == ("Event Type Auto Reset", "Event is Waiting")


def test_a_driver_of_old_debuggers() -> None:
    found = only(
        "kd> !drvobj 809d5550   //  display the driver object\nDriver object is for:\n\\Driver\\example\n"
        "Device Object list:\n809d50d0\n",
        "driver",
    ).record

    driver = found.driver
    assert (driver.address, driver.name, driver.devices) == (NOT_SHOWN, "\\Driver\\example", (0x809D50D0,))


def test_entries_behind_their_address() -> None:
    found = only(
        """\
kd> !pte 80154a10
80154A10  - PDE at C0300800        PTE at C0200550
          contains 0003B163      contains 00154121
        pfn 3b G-DA--KWV    pfn 154 G--A--KRV
""",
        "pte",
    ).record.page

    assert found.address == 0x80154A10
    assert [(e.level, e.address, e.meaning.pfn) for e in found.entries] == [
        ("PDE", 0xC0300800, 0x3B),
        ("PTE", 0xC0200550, 0x154),
    ]


def test_the_address_of_an_entry() -> None:
    found = only("kd> !pte2va 9230\n000800000248c000\n", "pte").record.page

    assert (found.address, found.entries) == (0x800000248C000, ())


def test_a_place_inside_of_an_inlined_function() -> None:
    log = parse(
        """\
0: kd> .cxr ffffe301c8db2900
rax=0000000000000010 rbx=0000000000000000 rcx=0000000000000000
rip=fffff8002b7f8933 rsp=ffffdc0e9ee66810 rbp=ffffcb81511c3010
iopl=0         nv up ei pl zr na po nc
example!RemoveHead+0xd [inlined in example!Signal+0x3f]:
fffff800`2b7f8933 48395808        cmp     qword ptr [rax+8],rbx ds:002b:00000000`00000018=????????????????
0: kd> u
example!RemoveHead+0xd [C:\\src\\list.h @ 12] [inlined in example!Signal+0x3f [C:\\src\\signal.c @ 340]]:
fffff800`2b7f8933 48395808        cmp     qword ptr [rax+8],rbx
"""
    )
    registers, code = (b.record for b in log.blocks)

    assert [b.unparsed for b in log.blocks] == [(), ()]
    assert (registers.place.symbol, registers.place.offset) == ("RemoveHead", 0xD)
    assert registers.place.notes == ("inlined in example!Signal+0x3f",)
    label = code.blocks[0].label
    assert (label.source, label.line, label.notes) == (
        "C:\\src\\list.h",
        12,
        ("inlined in example!Signal+0x3f [C:\\src\\signal.c @ 340]",),
    )


def test_a_frame_with_a_number_is_no_instruction() -> None:
    found = only("06 03eaffac f71d9263 example!Worker::Select+0x22a\n", "stack").record

    assert (found.frames[0].number, found.frames[0].child_sp) == (6, 0x3EAFFAC)


def test_the_sum_of_locks_behind_a_thread() -> None:
    log = parse(
        """\
kd> !locks -v 80d8b0b0
Resource @ 0x80d8b0b0    Shared 1 owning threads
     Threads: 80ed0023-01<*> *** Actual Thread 80ed0020
     THREAD 80ed0020  Cid 4.2c  Teb: 00000000 Win32Thread: 00000000 RUNNING on processor 0
     Not impersonating
1 total locks, 1 locks currently held
"""
    )

    assert [b.kind for b in log.blocks] == ["locks", "thread", "locks"]
    assert log.blocks[2].record.remarks == ("1 total locks, 1 locks currently held",)
    assert log.unparsed == ()


def test_the_use_of_memory_of_newer_debuggers() -> None:
    found = only(
        """\
kd> !memusage
loading PFN database
             Zeroed:      218 (     872 kb)
Scanning PFN database - (100% complete)

  Usage Summary (in Kb):
Control       Valid Standby Dirty Shared Locked PageTables  name
ffffaf0fb369f010   204    956     0    32   204     0  mapped_file( example.dll )
""",
        "memory-use",
    ).record
    alone = only(
        "Control       Valid Standby Dirty Shared Locked PageTables  name\n"
        "ffffaf0fb369f010   204    956     0    32   204     0  mapped_file( example.dll )\n",
        "memory-use",
    )

    assert "Scanning PFN database - (100% complete)" in found.remarks
    assert found.control_areas[0].kilobytes == (204, 956, 0, 32, 204, 0)
    assert alone.record.control_areas == found.control_areas


def test_methods_and_pointers_of_debugger_objects() -> None:
    log = parse(
        """\
0:000> dx @$curprocess.Example
@$curprocess.Example
    SetPosition      [Moves to the given position.]
    Threads          [5]
    Lifetime         : [2C8:0, 16EC:98A]
0:000> dx &greeting
&greeting                 : 0xddf800 [Type: std::array<wchar_t,50> *]
    [+0x000] _Elems           : "x" [Type: wchar_t [50]]
0:000> dx -r2 list.Where(t => t.Type == "Exception").First()
list.Where(t => t.Type == "Exception").First()                 : one
    Code             : 0x80000003
"""
    )
    tree, pointer, query = (b.record for b in log.blocks)

    assert [b.unparsed for b in log.blocks] == [(), (), ()]
    assert [(r.name, r.value) for r in tree.rows[1:]] == [
        ("SetPosition", "[Moves to the given position.]"),
        ("Threads", "[5]"),
        ("Lifetime", "[2C8:0, 16EC:98A]"),
    ]
    assert (pointer.rows[0].name, pointer.rows[0].type) == ("&greeting", "std::array<wchar_t,50> *")
    assert (query.rows[0].name, query.rows[0].value) == ('list.Where(t => t.Type == "Exception").First()', "one")


def test_a_command_ends_an_analysis() -> None:
    log = parse(
        """\
1: kd> !analyze -v
BUGCODE_USB_DRIVER (fe)
USB Driver bugcheck, first parameter is USB bugcheck code.
1: kd> .bugcheck
Bugcheck code 000000FE
Arguments 0 0 0 0
"""
    )

    assert [(b.kind, b.command) for b in log.blocks] == [("analyze", "!analyze -v"), ("bugcheck", ".bugcheck")]


@pytest.mark.parametrize("prompt", ["1:0:011> ", "||1:1:017> ", "||0:0: kd> "])
def test_prompts_of_several_targets(prompt: str) -> None:
    log = parse(f"{prompt}? 1a\nEvaluate expression: 26 = 0000001a\n")

    assert (log.blocks[0].kind, log.blocks[0].command) == ("evaluation", "? 1a")


def test_processors_that_run() -> None:
    log = parse(
        """\
0: kd> !running -it

System Processors:  (0000000000000003)
  Idle Processors:  (0000000000000002)

       Prcbs             Current         (pri) Next            (pri) Idle
  0    fffff80002c4de80  fffffa8003f9a060 ( 8) fffffa8004a1b060 (11) fffff80002c5bcc0  .O..............

Child-SP          RetAddr           Call Site
fffff880`02fd6a10 fffff800`02a5c000 nt!KiIdleLoop+0x14

  1    fffff880009e8180  fffff880009f2fc0 ( 0)                       fffff880009f2fc0  ................
"""
    )
    first, stack, second = log.blocks

    assert [b.kind for b in log.blocks] == ["running", "stack", "running"]
    assert log.unparsed == ()
    assert not any(b.unparsed for b in log.blocks)
    assert (first.record.active, first.record.idle) == (Hex(3), Hex(2))
    one = first.record.processors[0]
    assert (one.number, one.prcb, one.CurrentThread, one.priority) == (0, 0xFFFFF80002C4DE80, 0xFFFFFA8003F9A060, 8)
    assert (one.NextThread, one.next_priority, one.IdleThread, one.locks) == (
        0xFFFFFA8004A1B060,
        11,
        0xFFFFF80002C5BCC0,
        ".O..............",
    )
    other = second.record.processors[0]
    assert (other.number, other.NextThread, other.next_priority, other.priority) == (1, None, None, 0)
    assert stack.command == "!running -it"


def test_processors_of_old_debuggers() -> None:
    found = only(
        """\
0: kd> !running

System Processors 3 (affinity mask)
 Idle Processors 1
All processors idle.

     Prcb              Current           Next
  0  e0000000818f8000  e0000000818f9e50  e0000000866f12f0  ................
 1  ffdff120  805495a0            .O..............
""",
        "running",
    ).record
    first, second = found.processors

    assert (found.active, found.idle, found.remarks) == (3, 1, ("All processors idle.",))
    assert (first.prcb, first.CurrentThread, first.NextThread) == (
        0xE0000000818F8000,
        0xE0000000818F9E50,
        0xE0000000866F12F0,
    )
    assert (second.number, second.NextThread, second.IdleThread, second.locks) == (1, None, None, ".O..............")


@pytest.mark.parametrize(
    "text",
    [
        "k[b|p|P|v] [c] [n] [f] [L] [M] [FrameCount]\n",
        '!address [-f:F1,F2,...] {[-o:{csv | tsv | 1}] | [-c:"Command"]}\n',
        "!process [/s Session] [/m Module] [Process [Flags]]\n",
        "dt [-DisplayOpts] [-SearchOpts] [module!]Name [[-SearchOpts] Field] [Address] [-l List]\n",
        "dt [module!]Name\ndd [Options] [Range]\n",
        "!pte VirtualAddress\n!pte PTE\n!pte LiteralAddress 1\n",
        "x [Options] Module!Symbol\nln Address\n",
        "!running [-i] [-t]\n",
    ],
)
def test_syntax_makes_no_records(text: str) -> None:
    log = parse(text)

    assert [b.record for b in log.blocks if b.kind != "prose" and b.record is not None] == []


def test_frames_with_an_architecture() -> None:
    found = only(
        """\
0:000> k
 # Arch Child-SP          RetAddr               Call Site
00 AMD64 00000000`0014e8f8 00007ff9`1a2b3c4d     example!Wait+0x14
01 ARM64EC 00000000`0014e900 00007ff9`1a2b3c4e     example!main+0x8e
""",
        "stack",
    ).record

    assert [(f.number, f.child_sp, f.place.symbol, f.place.notes) for f in found.frames] == [
        (0, 0x14E8F8, "Wait", ("AMD64",)),
        (1, 0x14E900, "main", ("ARM64EC",)),
    ]


def test_names_of_modules_and_a_reproducible_build() -> None:
    names = only("0: kd> lm1m ex*\nexample\nexample2\n", "modules").record
    verbose = only(
        """\
0: kd> lmDvmexample
start             end                 module name
fffff801`60a00000 fffff801`60a12000   example    (deferred)
    Image path: \\SystemRoot\\System32\\drivers\\example.sys
    Image was built with /Brepro flag.
    Timestamp:        5F1034AC (This is a reproducible build file hash, not a timestamp)
""",
        "modules",
    ).record

    assert (names.list.modules, names.names) == ((), ("example", "example2"))
    assert verbose.list.modules[0].details.reproducible is True
    assert verbose.list.modules[0].module.timestamp == 0x5F1034AC


def test_processes_by_what_they_commit() -> None:
    found = only(
        """\
0: kd> !vm
Committed pages:           698038 (    2792152 Kb)

  Pid ImageName                      Commit   SharedCommit           Debt

 1a2c some example.exe             123456 Kb       12345 Kb          0 Kb
   4 System                          140 Kb         256 Kb          1 Kb
""",
        "memory-use",
    ).record

    assert [(p.process_id, p.image, p.commit, p.shared_commit, p.debt) for p in found.processes] == [
        (0x1A2C, "some example.exe", 123456, 12345, 0),
        (4, "System", 140, 256, 1),
    ]


def test_how_many_threads_were_looked_at() -> None:
    found = only(
        """\
0: kd> !stacks 0
Proc.Thread  .Thread  Ticks   ThreadState Blocker
                            [ffffa60123456040 System]
   4.000018  ffffa60123789040 ffff1234 Blocked    nt!KiSwapContext+0x76

                            [ffffa60123999080 example.exe]

Threads Processed: 1234
""",
        "blocked-threads",
    ).record

    assert (len(found.threads), found.processed) == (1, 1234)
    assert found.processes == ((0xFFFFA60123456040, "System"), (0xFFFFA60123999080, "example.exe"))


def test_an_irp_of_a_zone() -> None:
    found = only(
        """\
0: kd> !irp 8a1b2c00
Irp is from zone and active with 2 stacks 3 is current (= 0x8a1b2c3d)
 Mdl=8a1b2c00: No System Buffer: Thread 8a1b2d00:  Irp is completed.
""",
        "irp",
    ).record

    assert (found.state, found.irp.StackCount, found.irp.MdlAddress) == ("active", 2, 0x8A1B2C00)
    assert found.remarks == ("from zone", "Irp is completed.")


def test_pool_that_may_be_large() -> None:
    found = only(
        """\
0: kd> !pool ffffa60123456800
Pool page ffffa60123456800 region is Nonpaged pool
ffffa60123456000 doesn't look like a valid small pool allocation, checking to see
if the entire page is actually part of a large page allocation...
ffffa60123456000 is not valid pool. Checking for freed (or corrupt) pool
""",
        "pool",
    ).record

    assert [text[:24] for text in found.pool.searched] == [
        "ffffa60123456000 doesn't",
        "if the entire page is ac",
        "ffffa60123456000 is not ",
    ]


def test_the_sum_of_pool_in_use() -> None:
    found = only(
        """\
0: kd> !poolused 2
 Sorting by NonPaged Pool Consumed

               NonPaged                  Paged
 Tag     Allocs         Used     Allocs         Used

 Thre      2345      5678901          0            0  Thread objects , Binary: nt!ps
 TOTAL   123456    123456789     234567    234567890
""",
        "pool",
    ).record

    assert [u.tag for u in found.used] == ["Thre"]
    assert (found.total.nonpaged_allocations, found.total.paged_bytes) == (123456, 234567890)


def test_a_file_object_that_is_busy() -> None:
    found = only(
        """\
0: kd> !fileobj ffffa60123222060

\\Windows\\example.dll

Device Object: 0xffffa60123777060   \\Driver\\volmgr
File Object is currently busy and has 2 waiters.
""",
        "file-object",
    ).record

    assert "File Object is currently busy and has 2 waiters." in found.remarks


def test_registers_that_are_no_integers() -> None:
    vector = only("0:000> r xmm0\nxmm0=0 0 0 1.875\n", "registers").record
    stack = only("0:000> rM 4\nst0= 0.000000000000000000000e+0000 (0:0000:0000000000000000)\n", "registers").record

    assert vector.printed == {"xmm0": "0 0 0 1.875"}
    assert stack.printed == {"st0": "0.000000000000000000000e+0000 (0:0000:0000000000000000)"}


def test_calls_of_a_function() -> None:
    found = only(
        """\
0: kd> uf /c example!Start
example!Start (fffff801`5b5f4210)
  example!Start+0x49 (fffff801`5b5f4259):
    call to example!Next (fffff801`5b5fa230)
  example!Start+0x50 (fffff801`5b5f4260):
    unresolvable call: call    qword ptr [rax+8]
""",
        "code",
    ).record
    first, second = found.calls

    assert (found.function.symbol, found.address) == ("Start", 0xFFFFF8015B5F4210)
    assert (first.place.offset, first.address, first.callee.symbol, first.callee_address) == (
        0x49,
        0xFFFFF8015B5F4259,
        "Next",
        0xFFFFF8015B5FA230,
    )
    assert (second.callee, second.text) == (None, "call    qword ptr [rax+8]")


def test_the_symbol_at_an_address() -> None:
    log = parse(
        """\
0: kd> ln fffff801`5b5f4210
Browse module
Set bu breakpoint

(fffff801`5b5f4210)   example!Start   |  (fffff801`5b5f4330)   example!Next
Exact matches:
    example!Start (<no parameter info>)
"""
    )
    found = log.blocks[0].record

    assert (log.blocks[0].unparsed, log.blocks[0].noise, log.unparsed) == ((), (2, 3), ())
    assert [s.place.symbol for s in found.symbols] == ["Start", "Next"]
    assert [(e.module, e.symbol) for e in found.exact] == [("example", "Start")]


def test_devices_on_a_bus() -> None:
    log = parse(
        """\
0: kd> !pci 2 ff
PCI Segment 0x1 Bus 0x54
01:0  14e4:16c7.10  Cmd[0146:.mb.ps]  Sts[02b0:c6...]  Ethernet Controller  SubID:103c:1321
02:1  8086:7010.00  Cmd[0005:i.b...]  Sts[0280:.....]  Device  IDE controller
      cf8:80006900  IntPin:0  IntLine:0  Rom:0  cis:0  cap:0
      IO[4]:fff1
      00000010:  70108086 02800005 01018000 00002000
PCI Bus 1
08:0  10b7:9050.00  Cmd[0107:imb..s]  Sts[0200:.....]  Device  Ethernet
"""
    )
    found = log.blocks[0].record

    assert (log.blocks[0].kind, log.blocks[0].unparsed, log.unparsed) == ("pci", (), ())
    first, second, third = found.functions
    assert (first.segment, first.bus, first.device, first.function) == (1, 0x54, 1, 0)
    assert (first.vendor_id, first.device_id, first.revision, first.command, first.status) == (
        0x14E4,
        0x16C7,
        0x10,
        0x146,
        0x2B0,
    )
    assert (first.description, second.device, second.function) == ("Ethernet Controller  SubID:103c:1321", 2, 1)
    assert second.details[:2] == ("cf8:80006900  IntPin:0  IntLine:0  Rom:0  cis:0  cap:0", "IO[4]:fff1")
    assert (third.segment, third.bus, third.vendor_id) == (None, 1, 0x10B7)


def test_a_deadlock_of_old_debuggers() -> None:
    summary = only(
        """\
0: kd> !deadlock

Deadlock detected (2 resources in 2 threads):

Thread 0: A B
Thread 1: B A

Where:
Thread 0 = 8d3ba030
Thread 1 = 8d15c030
Lock A =   bba2af30 Type 'Spinlock'
Lock B =   example!GlobalLock Type 'Spinlock'
""",
        "deadlock",
    ).record
    stacks = only(
        """\
0: kd> !deadlock 1

Deadlock detected (2 resources in 2 threads):

Thread 0 (8D14F750) took locks in the following order:

    Lock A -- b7906f30 (Spinlock)
    Stack:   example!Activate+0x63
             example!Open+0x2E1

    Lock B -- example!GlobalLock (Spinlock)
    Stack:   << Current stack >>
""",
        "deadlock",
    ).record

    assert [(t.number, t.address, t.order) for t in summary.threads] == [
        (0, 0x8D3BA030, ("A", "B")),
        (1, 0x8D15C030, ("B", "A")),
    ]
    assert [(k.letter, k.address, k.place and k.place.symbol, k.type) for k in summary.locks] == [
        ("A", 0xBBA2AF30, None, "Spinlock"),
        ("B", None, "GlobalLock", "Spinlock"),
    ]
    assert [t.address for t in stacks.threads] == [0x8D14F750]
    assert [place.symbol for _, place in stacks.locks[0].frames] == ["Activate", "Open"]
    assert (stacks.locks[1].place.symbol, stacks.locks[1].remark) == ("GlobalLock", "<< Current stack >>")


def test_what_driver_verifier_of_older_debuggers_keeps() -> None:
    found = only(
        """\
2: kd> !verifier 0xf

Verify Level 9bb ... enabled options are:
    Special pool
    All pool allocations checked on unload

Summary of All Verifier Statistics

Synch Executions                       0x3
Pool Allocations With NO TAG           0x0
Resource Allocations Failed Deliberately   0x0
Peak nonpaged pool allocations         0x10f for 00048E40 bytes

Driver Verification List

Entry     State           NonPagedPool   PagedPool   Module

fffffa8003b6f670 Loaded           000000a0       00000854    example.sys

Current Pool Allocations  00000002    00000013

PoolAddress  SizeInBytes    Tag       CallersAddress
fffff9800157efc0     0x0000003c     Exmp      fffff88002c62963
""",
        "verifier",
    ).record

    assert found.options == ("Special pool", "All pool allocations checked on unload")
    assert [(c.name, c.values) for c in found.counts] == [
        ("Synch Executions", (3,)),
        ("Pool Allocations With NO TAG", (0,)),
        ("Resource Allocations Failed Deliberately", (0,)),
        ("Peak nonpaged pool allocations", (0x10F, 0x48E40)),
        ("NonPagedPool", (0xA0,)),
        ("PagedPool", (0x854,)),
        ("Current Pool Allocations", (2, 0x13)),
    ]
    assert found.modules == ((0xFFFFFA8003B6F670, "example.sys", "Loaded"),)
    allocation = found.allocations[0]
    assert (allocation.address, allocation.length, allocation.tag, allocation.caller) == (
        0xFFFFF9800157EFC0,
        0x3C,
        "Exmp",
        0xFFFFF88002C62963,
    )


def test_members_whose_numbers_touch_their_names() -> None:
    found = only(
        "0:000> !address 75831234\nUsage:                  Image\nBase Address:           75831000\n"
        "State:                  00001000MEM_COMMIT\nProtect:                00000020PAGE_EXECUTE_READ\n",
        "regions",
    ).record.regions[0]

    assert (found.State.value, found.State.name, found.Protect.name) == (0x1000, "MEM_COMMIT", "PAGE_EXECUTE_READ")


def test_modules_of_a_process_are_no_stack() -> None:
    log = parse(
        """\
kd> !peb
PEB at 7ffdf000
    BeingDebugged:            No
            Base TimeStamp                     Module
        4ad00000 3d34633c Jul 16 11:17:32 2002 D:\\WINDOWS\\example.exe
        77f40000 3d346214 Jul 16 11:12:36 2002 D:\\WINDOWS\\ntdll.dll
"""
    )

    assert [b.kind for b in log.blocks] == ["command"]
