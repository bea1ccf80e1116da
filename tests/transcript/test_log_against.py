"""How values of a text are compared with those of a dump; whether a text can be of a dump; what hostile texts do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dumpwalk.memory.address import Address, Address32, Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.render.as_json import document
from dumpwalk.render.log import layout
from dumpwalk.target import Target, open
from dumpwalk.transcript import KINDS, parse
from dumpwalk.transcript.against import COMPARISONS, NOT_COMPARED
from dumpwalk.transcript.against.named import LOW_HALF, statement, values
from dumpwalk.transcript.against.whole import compare_log, compare_text

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture(scope="module")
def dumps() -> dict[str, Target]:
    names = ("apc_index_mismatch", "device_stack", "exiting_process", "memory_manager", "processor_x86", "arm64")
    return {name: open(str(SAMPLES / f"{name}.dmp")) for name in names}


@pytest.mark.parametrize(
    ("said", "held", "width", "verdict", "note"),
    [
        (7, 7, 8, "equal", ""),
        (7, 8, 8, "different", ""),
        (Hex(0xFFFF), -1, 8, "equal", ""),
        (Hex(0xFFFFFFFF), -1, 8, "equal", ""),
        (-1, Hex(0xFFFFFFFF), 8, "equal", ""),
        (Hex(0xFFFE), -1, 8, "different", ""),
        (Hex(0x1FFFF), -1, 8, "different", ""),
        (Address(0xFFFFFFFF8750EF80), Address32(0x8750EF80), 4, "equal", ""),
        (Address(0xFFFFFFFF0750EF80), Address32(0x0750EF80), 4, "different", ""),
        (Address(0x18750EF80), Address32(0x8750EF80), 4, "different", ""),
        (Address32(0x7FFAB000), Address(0x0000_00C4_7FFA_B000), 8, "equal", LOW_HALF),
        (Address32(0x7FFAB001), Address(0x0000_00C4_7FFA_B000), 8, "different", ""),
        (Hex(0x7FFAB000), Hex(0xC47FFAB000), 8, "different", ""),
        ("EXPLORER.EXE", "explorer.exe", 8, "equal", ""),
        ("explorer.exe ", "explorer.exe", 8, "equal", ""),
        ("explores.exe", "explorer.exe", 8, "different", ""),
        (True, False, 8, "different", ""),
        (5, Absent("page 12 is not in the dump"), 8, "absent", ""),
        (5, None, 8, "absent", ""),
    ],
)
def test_one_value(said: Any, held: Any, width: int, verdict: str, note: str) -> None:
    found = statement("x", said, held, width)

    assert found is not None
    assert (found.verdict, found.note) == (verdict, note)


@pytest.mark.parametrize("said", [None, "", "????", (), {}, Absent("the debugger could not read it")])
def test_what_is_not_shown_says_nothing(said: Any) -> None:
    assert statement("x", said, 5) is None


@record
class _Held:
    Flags: Hex
    Names: tuple[str, ...]
    Later: Hex | None = None


def test_a_record_by_the_names_of_its_fields() -> None:
    said = {"Flags": Hex(2), "Names": ("a", "c", "d"), "Later": Hex(1), "Gone": Hex(3)}
    found = [(s.what, s.verdict) for s in values("thing", said, _Held(Hex(2), ("a", "b")))]

    assert found == [
        ("thing Flags", "equal"),
        ("thing Names 1", "equal"),
        ("thing Names 2", "different"),
        ("thing Names 3", "different"),
        ("thing Later", "absent"),
        ("thing Gone", "absent"),
    ]


def test_each_comparison_is_of_a_kind_there_is() -> None:
    assert set(COMPARISONS.load()) <= set(KINDS.load())
    assert len(COMPARISONS.load()) >= 43


def test_a_kind_without_a_comparison_says_so(dumps: dict[str, Target]) -> None:
    text = "0: kd> !vm\nPhysical Memory:  65536 (   262144 Kb)\n"
    log = compare_log(dumps["device_stack"], parse(text))

    assert log.blocks[0].against is not None
    assert log.blocks[0].against.not_compared == NOT_COMPARED
    assert (log.against.compared, log.against.equal) == (0, 0)


@pytest.mark.parametrize(
    ("text", "same", "words"),
    [
        ("kd> lm\nfffff804`7ba00000 fffff804`7ca46000   nt (pdb symbols)\n", True, ""),
        (
            "kd> lm\nfffff804`7ba01000 fffff804`7ca47000   nt (pdb symbols)\n",
            False,
            "the kernel is at fffff804`7ba01000",
        ),
        ("kd> lm\nfffff804`7b901000 fffff804`7b909000   exbus (no symbols)\n", False, "exbus is at fffff804`7b901000"),
        ("kd> .bugcheck\nBugcheck code 000000E2\nArguments 0 0 0 0\n", True, ""),
        ("kd> .bugcheck\nBugcheck code 0000000A\nArguments 0 0 0 0\n", False, "another crash: the bug check is a in"),
        ("kd> .bugcheck\nBugcheck code 000000E2\nArguments 1 0 0 0\n", False, "the bug check is e2 1 0 0 0 in"),
        ("kd> vertarget\nWindows 10 Kernel Version 22000 MP (8 procs) Free x64\n", False, "the build is 22000 in"),
        (
            "kd> vertarget\nDebug session time: Tue Mar  5 16:20:00.000 2024 (UTC + 1:00)\n"
            "System Uptime: 0 days 4:07:12.000\n",
            True,
            "",
        ),
        (
            "kd> vertarget\nDebug session time: Tue Mar  5 15:20:00.000 2024 (UTC + 1:00)\n"
            "System Uptime: 0 days 1:07:12.000\n",
            False,
            "began at 2024-03-05T13:12:48",
        ),
        ("kd> dd 0 L1\n00000000  ????????\n", None, ""),
    ],
)
def test_whether_it_is_of_the_dump(dumps: dict[str, Target], text: str, same: bool | None, words: str) -> None:
    found = compare_log(dumps["device_stack"], parse(text))

    assert found.against.same is same
    assert words in "".join(found.against.doubts)
    assert bool(found.against.doubts) == (same is False)
    assert all(doubt in layout(found) for doubt in found.against.doubts)


def test_a_row_of_another_build_names_the_offset(dumps: dict[str, Target]) -> None:
    at = dumps["device_stack"].dump.process
    text = f"kd> dt nt!_EPROCESS {at}\n   +0x111 UniqueProcessId  : 0x00000000`00000004 Void\n   +0x222 NoSuch : 5\n"
    found = compare_log(dumps["device_stack"], parse(text)).blocks[0].against

    assert found is not None
    assert [(s.what.partition(" ffff")[0], s.verdict) for s in found.statements] == [
        ("offset of _EPROCESS", "different"), ("_EPROCESS", "equal"), ("_EPROCESS", "absent"),
    ]  # fmt: skip


@pytest.mark.parametrize("sample", ["device_stack", "exiting_process"])
@pytest.mark.parametrize(
    "text",
    [
        "kd> !irp ffffffffffffffff\nIrp is active with 4 stacks 2 is current (= 0xffffffffffffffff)\n",
        "kd> !irp\nIrp is active with 127 stacks 99 is current (= 0x00000000)\n",
        "kd> !irp poi(poi(poi(0)))\nIrp is active with 4 stacks\n",
        "kd> !ca 0\nControlArea @ 00000000\n  Segment ffffffff  Flink 00000000  Blink 00000000\n",
        "kd> dt nt!_EPROCESS ffffffffffffffff\n   +0x000 Pcb : _KPROCESS\n      +0x000 Header : 5\n   +0x2e0 X : 5\n",
        "kd> dt nt!_KTHREAD 0\n   +0x000 WaitBlock : [4]\n    [99999999999999] 5\n    [] 5\n    [-1] 5\n",
        "kd> dt nt!_LIST_ENTRY 0\n" + "".join(f"{' ' * n}+0x000 Flink : 0x1 _LIST_ENTRY\n" for n in range(3, 200)),
        "kd> !handle\nHandle table at ffffffff with 1 entries in use\n"
        "fffffffc: Object: ffffffff  GrantedAccess: 1 Entry: ffffffff\n",
        "kd> !pool ffffffff\nPool page ffffffff region is Paged pool\n"
        "*ffffffff size: 1 previous size: 1 (Allocated) *Irp\n",
        "kd> !vad 0\nVAD level start end commit\nffffffff (99) 0 fffff 0 Private READWRITE\n",
        "kd> !pfn ffffffffff\n    PFN FFFFFFFFFF at address FFFFFFFFFFFFFFFF\n",
        "kd> !idt\nDumping IDT: ffffffff\n\nff: ffffffff nt!X\n",
        "kd> !pcr 99\nKPCR for Processor 99 at ffffffff:\n    Major 1 Minor 1\n",
        "kd> !apc\nKAPC @ ffffffff\n  Type 12\n  KernelRoutine zz\n",
        "kd> !pte ffffffffffffffff\n    VA ffffffffffffffff\nPXE at FFFFFFFFFFFFFFFF\ncontains 0000000000000000\n",
        "kd> .trap ffffffff\neax=00000000 ebx=00000000\n",
        "kd> .cxr ffffffffffffffff\nrax=0000000000000000 rbx=0000000000000000\n",
        "kd> .exr ffffffffffffffff\nExceptionAddress: ffffffffffffffff\n   ExceptionCode: ffffffff\n"
        "NumberParameters: 99\n",
        "kd> ? @$proc+poi(@$thread)\nEvaluate expression: 0 = 00000000`00000000\n",
        f"kd> ? {'(' * 900}1\nEvaluate expression: 0 = 00000000`00000000\n",
        "kd> k\nChild-SP RetAddr Call Site\nffffffff`ffffffff 00000000`00000000 nt!\x1b[2J+0x1\n"
        "00000000`00000000 ffffffff`ffffffff nt!x+0xffffffffffffffff\n",
        "kd> vertarget\nWindows 10 Kernel Version 99999999999999999999 MP (99999999999999999999 procs) Free x64\n"
        "Kernel base = 0x PsLoadedModuleList = zz\nDebug session time: Xxx Yyy 99 99:99:99.x 99999 (UTC)\n"
        "System Uptime: 9999999999999999999999 days 0:0:0\n",
        "kd> !thread\nTHREAD ffffffff  Cid ffffffffffffffffffff.0  Teb: 0 Win32Thread: 0 WAIT: (Executive)\n",
        "kd> !process\nPROCESS ffffffff  SessionId: x  Cid: zz    Peb: 1\n"
        "    VadRoot 0 Vads 99999999999999999999999999 Clone\n",
        'kd> da ffffffff\nffffffff  "\x1b]0;x\x07"\n',
        "kd> !vtop ffffffffffffffff\nffffffff`ffffffff: x64 page tables, root at ffffffffffffffff\n"
        "PXE at ffffffffffffffff: ffffffffffffffff  valid\nffffffff`ffffffff leads nowhere: \x1b[2J\n",
        "Amd64VtoP: Virt ffffffff`ffffffff, pagedir ffffffffffffffff\nAmd64VtoP: PML4E ffffffffffffffff\n",
        "kd> !ptov ffffffff\nX86PtoV: pagedir ffffffff\nffffffff ffffffff\n0 0\n",
        "kd> ptov 0\nx64 page tables, root at 0\nno valid entry maps page ffffffff\n",
        "kd> !vpb ffffffffffffffff\nVpb at 0xffffffffffffffff\nFlags: 0x1 mounted\nRefCount: 9999999\n",
        "kd> fltreg 0\nFLT_OPERATION_REGISTRATION at ffffffff in \x1b[2J: 99999999 operations\n"
        "[ff] X Flags ffffffff\n     PreOperation  ffffffff\tx!y\n",
        "kd> gdt\nGDT of processor ffffffff at ffffffff, limit 0xffffffff\n"
        "Sel    Base     Limit     Type    l ze an es ng Flags\n"
        "ffff ffffffff ffffffff Code RE Ac 3 Bg Pg P  Nl ffffffff\n",
        "kd> ssdt -w\nx at ffffffff: 99999999 services in the table at ffffffff (given)\n\n"
        "   #  Address   Args  Routine\n"
        "ffff  ffffffff     ?  \x1b[2J\n",
        "kd> !slist ffffffffffffffff\nSLIST HEADER:\n   +0x000 Alignment          : ffffffffffffffff\n\n"
        "SLIST CONTENTS:\nffffffffffffffff  ffffffff ffffffff\n",
        "kd> !slist 0 \x1b[2J\nSLIST HEADER:\n   +0x000 Alignment          : 0\n\nSLIST CONTENTS:\nffffffff\n",
        "kd> objtypes\nObTypeIndexTable: ffffffff  ObHeaderCookie: ffff  (x)\n\n"
        "Index Address  Tag   Objects  Handles     Peak Peak H.  Name\n"
        "    2 ffffffff ObjT       16        0       16        0  \x1b[2J\n",
        "kd> !fileobj ffffffffffffffff\n\x1b[2J\n\nDevice Object: 0xffffffffffffffff   \\Driver\\x\n",
        "kd> !kuser\n_KUSER_SHARED_DATA at 7ffe0000\nTickCount:    ffffffff * ffffffffffffffff (0:0)\n",
        "kd> !dpcs\nCPU Type      KDPC       Function\n 999999999: Normal  : 0xffffffff 0xffffffff x!\x1b[2J\n",
        "kd> !ready\nProcessor 999999999: Ready Threads at priority 999999999\n"
        "THREAD ffffffff Cid ffffffff.ffffffff Teb: ffffffff Win32Thread: 0 READY\n",
        "kd> !stacks\nProc.Thread  .Thread  ThreadState  Blocker\n  [ffffffff \x1b[2J]\n"
        "ffffffff.ffffff  ffffffff  ffffffff Blocked    x!y+0x1\n",
        "kd> !telescope 0\n0xffffffffffffffff|+0x0000: 0xffffffff (x) -> y\n0xffffffffffffffff : 0xffffffff : x!y\n",
        "kd> !us\n1 thread [stats]: 0\n    ffffffffffffffff x!\x1b[2J+0xffffffffffffffff\n",
        "kd> !process\nPROCESS ffffffff  Cid: 4\n    ElapsedTime   999999999 Days 999999999:00:00.000\n"
        "    UserTime   999999999:99:99.9999999\n    VirtualSize   99999999999999999999999 Mb\n",
    ],
)
def test_hostile_texts(dumps: dict[str, Target], sample: str, text: str) -> None:
    found = compare_text(dumps[sample], text)
    shown = layout(found)

    assert "\x1b" not in shown
    assert document(found)


_PIECES = st.sampled_from(
    [
        *(
            "kd> !irp 863c1758\n",
            "Irp is active with 4 stacks 2 is current (= 0x863c1758)\n",
            "kd> !thread\n",
            "kd> k\n",
        ),
        *("THREAD 870788e8  Cid 1100.0f5c  Teb: 7ffab000 Win32Thread: 00000000 WAIT: (DelayExecution) KernelMode\n",),
        *("    86d29460  SynchronizationEvent\n", "IRP List:\n", "a86bfa50 82ad269d nt!KiSwapContext+0x26\n"),
        *(
            "kd> dt nt!_EPROCESS 8514a030\n",
            "   +0x000 Pcb : _KPROCESS\n",
            "      +0x000 Header : _DISPATCHER_HEADER\n",
        ),
        *('   +0x16c ImageFileName : [15] "x"\n', "    [00] 0x5\n", "kd> !pool 863c1758\n", "kd> db 863c1758\n"),
        *("863c1758  00 01 02 03-?? 05  ......\n", "kd> !vad\n", "kd> lm\n", "82a3b000 82e4d000   nt (pdb symbols)\n"),
        *(
            "ControlArea @ 863c1758\n",
            "  Segment 8514a030 Flink 00000000 Blink 00000000\n",
            "Subsection 1 @ 863c17a8\n",
        ),
        *("Object: 8514a030  Type: (86000ec8) Process\n", "    ObjectHeader: 8514a018 (new version)\n", "\n"),
        *("    HandleCount: 1  PointerCount: 2\n", "KAPC @ 87079200\n", "  KernelRoutine   82cb81c0 nt+0x27d1c0\n"),
    ]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(_PIECES, st.text(max_size=40)), max_size=12), st.sampled_from(["exiting_process", "arm64"]))
def test_any_text(dumps: dict[str, Target], pieces: list[str], sample: str) -> None:
    found = compare_text(dumps[sample], "".join(pieces))
    sums = [(b.against.equal, b.against.different, b.against.absent) for b in found.blocks if b.against]

    assert (found.against.equal, found.against.different, found.against.absent) == tuple(
        map(sum, zip((0, 0, 0), *sums))
    )
    assert layout(found).isprintable() or "\n" in layout(found)
