"""Remarks beside blocks: what conditions a text supplies, whose a tag is, what requests ask for, pitfalls."""

from __future__ import annotations

import json

import pytest

from dumpwalk.annotations import Annotation
from dumpwalk.render.as_json import document as as_json
from dumpwalk.render.log import MarkdownLog, layout
from dumpwalk.transcript import Log, parse


def remarks(text: str, kind: str = "") -> list[Annotation]:
    return [a for block in parse(text).blocks for a in block.annotations if kind in ("", a.kind)]


def rules(text: str) -> list[str]:
    return [a.name for a in remarks(text, "stack rule")]


# The code of a crash


ZEROS = " ".join(["00000000`00000000"] * 4)
STOPPED = (
    "0: kd> kb\nRetAddr           : Args to Child                                                      : Call Site\n"
    "fffff800`02cd0069 : {args} fffff800`02ccc9f5 00000000`00000000 : nt!KeBugCheckEx\n"
    f"fffff800`02cd0410 : {ZEROS} : nt!KiBugCheckDispatch+0x69\n"
    f"fffff800`02cd0411 : {ZEROS} : nt!KiFastFailDispatch+0xd0\n"
    f"fffff800`02cd0412 : {ZEROS} : nt!KiRaiseSecurityCheckFailure+0xf3\n"
)
FAST_FAIL = STOPPED.format(args="00000000`00000139 00000000`00000003")


def test_the_first_argument_of_the_crash_is_its_code() -> None:
    found = next(a for a in remarks(FAST_FAIL) if a.name == "bugcheck-fastfail")

    assert found.deduced == ("the first argument of KeBugCheckEx is 139",)


@pytest.mark.parametrize("args", ["00000000`0000000a 00000000`00000003", "fffff800`00000139 00000000`00000003"])
def test_another_code_or_none_is_another_crash(args: str) -> None:
    assert "bugcheck-fastfail" not in rules(STOPPED.format(args=args))


def test_what_the_text_says_needs_no_deduction() -> None:
    text = "kd> .bugcheck\nBugcheck code 00000139\nArguments 3 0 0 0\n" + FAST_FAIL

    found = next(a for a in remarks(text) if a.name == "bugcheck-fastfail")

    assert found.deduced == ()


def test_later_stacks_are_of_the_same_machine() -> None:
    names = [line.partition(" : nt!")[2] for line in FAST_FAIL.splitlines() if "nt!" in line]
    text = FAST_FAIL + "\n0: kd> kc\n" + "\n".join(f"nt!{name.partition('+')[0]}" for name in names) + "\n"

    assert rules(text).count("bugcheck-fastfail") == 2


# What runs

SPINS = "{0} nt!KxWaitForSpinLockAndAcquire+0x2f\n{1} nt!KeAcquireSpinLockRaiseToDpc+0x87\n{2} EvilFlt!Take+0x12\n"
NUMBERS = ("00", "01", "02")


def test_the_threads_of_running_run() -> None:
    spins = SPINS.format(*NUMBERS)

    assert "spinlock-spin" in rules(f"0: kd> !running -ti\n{spins}")
    assert "spinlock-spin" not in rules(f"0: kd> k\n{spins}")


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        ("nt!KeBugCheckEx", "a thread that calls KeBugCheckEx runs"),
        ("nt!KiFreezeTargetExecution", "KiFreezeTargetExecution stops the processor that the thread ran on"),
    ],
)
def test_frames_prove_that_a_thread_ran(frame: str, why: str) -> None:
    text = f"00 {frame}+0x1\n01 nt!KeAccumulateTicks+0x2\n" + SPINS.format("02", "03", "04")

    found = next(a for a in remarks(f"0: kd> k\n{text}") if a.name == "spinlock-spin")

    assert found.deduced == (why,)


# Where it was interrupted

TRAP = (
    "eax=00000000 ebx=00000000 ecx=82b5a2c0 edx=00010001 esi=00000000 edi=00000000\n"
    "eip=82a8de02 esp=a86bfa50 ebp=a86bfa88 iopl=0         nv up ei pl zr na pe nc\n"
    "nt!ExpInterlockedPopEntrySListFault:\n82a8de02 8b18            mov     ebx,dword ptr [eax]\n"
)
POPS = (
    "ChildEBP RetAddr\na86bfa50 82ad269d nt!ExpInterlockedPopEntrySListFault\na86bfa88 82ad14f7 nt!ExAllocatePool+0x1\n"
)


def test_a_trap_frame_says_what_was_interrupted() -> None:
    shown = f"kd> .trap a86bf9f0\n{TRAP}kd> kb\n{POPS}"

    assert "slist-restart" in rules(shown)
    assert "slist-restart" not in rules(f"kd> kb\n{POPS}")
    assert "slist-restart" not in rules(f"kd> r\n{TRAP}kd> kb\n{POPS}")


def test_so_does_one_in_an_analysis() -> None:
    analysis = "kd> !analyze -v\nKERNEL_MODE_EXCEPTION (8e)\n\nTRAP_FRAME:  a86bf9f0 -- (.trap 0xffffffffa86bf9f0)\n"
    stack = "\nSTACK_TEXT:  \na86bfa10 82ad1111 nt!KiTrap0E+0x2cf\n" + POPS.partition("\n")[2]

    assert "slist-restart" in rules(analysis + TRAP + stack)
    assert "slist-restart" not in rules(analysis + stack)


# Control areas

AREA = (
    "0: kd> !ca 863c1758\n\nControlArea  @ 863c1758\n"
    "  Segment      aeb311a8  Flink      00000000  Blink        00000000\n"
    "  Section Ref                 1  Pfn Ref                  40  Mapped Views                1\n"
    "  User Ref                    0  WaitForDel         {wait}  Flush Count                 0\n"
    "  File Object  8750ef80  ModWriteCount             0  System Views                0\n"
    "  WritableRefs                0\n  Flags ({flags}) {names}\n\n"
)
WAITS = (
    "0: kd> kc\nnt!KiSwapContext\nnt!KiSwapThread\nnt!KiCommitThreadWait\nnt!KeWaitForGate\n"
    "nt!MiCheckPurgeAndUpMapCount\nnt!MmFlushImageSection\n"
)


@pytest.mark.parametrize(
    ("wait", "flags", "names", "said"),
    [
        ("86a3a898", "81", "BeingDeleted File", "u.Flags.BeingDeleted is set: MiCleanSection is taking it apart"),
        ("       0", "81", "BeingDeleted File", "how many wait is not known (WaitingForDeletion 0)"),
        ("86a3a898", "80", "File", "WaitingForDeletion is not null"),
    ],
)
def test_a_control_area_that_is_being_deleted(wait: str, flags: str, names: str, said: str) -> None:
    area = AREA.format(wait=wait, flags=flags, names=names)

    (found,) = remarks(area, "pitfall")

    assert found.name == "control-area-deletion"
    assert said in found.text
    assert "section-being-deleted" in rules(area + WAITS)


def test_a_control_area_at_rest() -> None:
    area = AREA.format(wait="       0", flags="80", names="File")

    assert remarks(area, "pitfall") == []
    assert "section-being-deleted" not in rules(area + WAITS)


@pytest.mark.parametrize(
    "listing",
    [
        "dt nt!_CONTROL_AREA 863c1758\n   +0x000 Segment          : 0xaeb311a8 _SEGMENT\n"
        "   +0x030 WaitingForDeletion : 0x86a3a898 _MI_SECTION_CREATION_GATE\n",
        "dt nt!_MMSECTION_FLAGS 863c1774\n   +0x000 BeingDeleted     : 0y1\n   +0x000 BeingCreated     : 0y0\n",
    ],
)
def test_the_same_from_dt(listing: str) -> None:
    text = f"0: kd> {listing}\n"

    assert [a.name for a in remarks(text, "pitfall")] == ["control-area-deletion"]
    assert "section-being-deleted" in rules(text + WAITS)


# Requests

OLD_IRP = (
    "0: kd> !irp 831f4a00\nIrp is active with 3 stacks 2 is current (= 0x831f4b00)\n Mdl = 82b020d8 Thread {thread}:  "
    "Irp stack trace.\n     cmd  flg cl Device   File     Completion-Context\n"
    " [  0, 0]   0  0 00000000 00000000 00000000-00000000\n\n\t\t\tArgs: 00000000 00000000 00000000 00000000\n"
    ">[{function}]  {flags} e1 828517a8 00000000 842511e0-00000000 Success Error Cancel pending\n"
    "\t       \\Driver\\disk\tpartmgr!PmReadWriteCompletion\n\t\t\tArgs: 00007000 00000000 fe084e00 00000004\n"
)


@pytest.mark.parametrize(
    ("function", "flags", "title"),
    [
        ("  3, 0", " 0", r"\Driver\disk: [3, 0] IRP_MJ_READ"),
        ("  3, 0", " 4", r"\Driver\disk: [3, 0] IRP_MJ_READ, Flags 0x4: SL_WRITE_THROUGH"),
        (" 1b, 1", " 0", r"\Driver\disk: [1b, 1] IRP_MJ_PNP, IRP_MN_QUERY_REMOVE_DEVICE"),
        (" 16, 2", " 0", r"\Driver\disk: [16, 2] IRP_MJ_POWER, IRP_MN_SET_POWER"),
        ("  c, 2", " 1", r"\Driver\disk: [c, 2] IRP_MJ_DIRECTORY_CONTROL, IRP_MN_NOTIFY_CHANGE_DIRECTORY, "
         "Flags 0x1: SL_WATCH_TREE"),
        (" 12, 0", " 0", r"\Driver\disk: [12, 0] IRP_MJ_CLEANUP"),
    ],
)  # fmt: skip
def test_functions_and_flags_by_number(function: str, flags: str, title: str) -> None:
    text = OLD_IRP.format(thread="8c622118", function=function, flags=flags)

    assert [a.title for a in remarks(text, "irp")] == [title]


def test_a_function_without_a_name_is_not_named() -> None:
    assert remarks(OLD_IRP.format(thread="8c622118", function=" 77, 0", flags=" 0"), "irp") == []


def test_names_that_are_printed_are_not_said_again() -> None:
    text = (
        "0: kd> !irp ac598dc8\nIrp is active with 2 stacks 1 is current (= 0xac598e38)\n"
        " No Mdl: No System Buffer: Thread 8d1c7bc0:  Irp stack trace.\n"
        "     cmd  flg cl Device   File     Completion-Context\n>[IRP_MJ_READ(3), N/A(0)]\n"
        "            5 e1 8a6434d8 ac598d40 853220cb-a89682d8 Success Error Cancel pending\n"
        "\t       \\FileSystem\\Npfs\tfltmgr!FltpPassThroughCompletion\n"
    )

    assert [a.title for a in remarks(text, "irp")] == [
        r"\FileSystem\Npfs: [3, 0] Flags 0x5: SL_KEY_SPECIFIED | SL_WRITE_THROUGH"
    ]


def test_a_request_without_a_thread_has_outlived_it() -> None:
    def pitfalls(thread: str, function: str) -> list[str]:
        return [a.name for a in remarks(OLD_IRP.format(thread=thread, function=function, flags=" 0"), "pitfall")]

    assert pitfalls("00000000", "  3, 0") == ["thread-exit"]
    assert pitfalls("8c622118", "  3, 0") == []
    # Power requests have none from the start
    assert pitfalls("00000000", " 16, 2") == []


ATTACHED = (
    "THREAD 8c622118  Cid 1588.05ec  Teb: 7ffde000 Win32Thread: 00000000 WAIT: (WrResource) KernelMode Non-Alertable\n"
    "    8514eb70  SynchronizationEvent\nOwning Process            8514a030       Image:         {owner}\n"
    "Attached Process          85100020       Image:         {attached}\n\n"
)


@pytest.mark.parametrize(
    ("owner", "attached", "function", "thread", "said"),
    [
        ("editor.exe", "System", " 12, 0", "8c622118", ["kernel-handle-close"]),
        ("editor.exe", "System", "  3, 0", "8c622118", []),
        ("editor.exe", "System", " 12, 0", "8c622400", []),
        ("editor.exe", "other.exe", " 12, 0", "8c622118", []),
        ("System", "System", " 12, 0", "8c622118", []),
    ],
)
def test_a_cleanup_that_runs_in_system(owner: str, attached: str, function: str, thread: str, said: list[str]) -> None:
    shown = ATTACHED.format(owner=owner, attached=attached)

    found = remarks(shown + OLD_IRP.format(thread=thread, function=function, flags=" 0"), "pitfall")

    assert [a.name for a in found] == said
    assert all("PsGetCurrentProcess returns System, in a driver's IRP_MJ_CLEANUP too" in a.text for a in found)


DETAILS = (
    "0: kd> !irp 831f4a00 1\nIrp is active with 1 stacks 1 is current (= 0x831f4a70)\n"
    " No Mdl: No System Buffer: Thread 8d1c7bc0:  Irp stack trace.\nFlags = {flags}\n"
    "IoStatus.Status = {status}\nIoStatus.Information = 00000020\nUserIosb = {iosb}\n"
    "     cmd  flg cl Device   File     Completion-Context\n>[IRP_MJ_DEVICE_CONTROL(e), N/A(0)]\n"
    "            0 {control} 8a6434d8 ac598d40 00000000-00000000\n\t       \\Driver\\evil\n"
)


@pytest.mark.parametrize(
    ("flags", "status", "iosb", "control", "said"),
    [
        ("00000000", "c0000010", "0012f000", "0", "the request was never marked pending; so Information 20 is lost"),
        ("00000004", "c0000010", "0012f000", "1", "the request is synchronous; so Information 20 is lost"),
        ("00000050", "80000005", "0012f000", "0", "Information 20 says how many bytes are copied from SystemBuffer"),
        ("00000000", "c0000010", "0012f000", "1", ""),
        ("00000000", "80000005", "0012f000", "0", ""),
        ("00000000", "00000000", "0012f000", "0", ""),
        ("00000000", "c0000010", "00000000", "0", ""),
    ],
)
def test_what_becomes_of_results(flags: str, status: str, iosb: str, control: str, said: str) -> None:
    found = remarks(DETAILS.format(flags=flags, status=status, iosb=iosb, control=control), "pitfall")

    assert [a.name for a in found] == (["user-iosb"] if said else [])
    assert all(said in a.text for a in found)


# Pool

POOL = (
    "0: kd> !pool 863c1758\nPool page 863c1758 region is Nonpaged pool\n"
    " 863c1000 size:  718 previous size:    0  (Allocated)  Ntfx\n"
    "*863c1718 size:   90 previous size:  718  (Allocated) *MmCa\n"
    " 863c17a8 size:   40 previous size:   90  (Free)       Vad\n"
)


def test_the_marked_block_and_the_one_in_front_of_it() -> None:
    titles = [a.title for a in remarks(POOL, "pool tag")]

    assert titles[0] == "pool tag MmCa: nt!mm, control area of mapped files"
    assert titles[1].startswith("pool tag Ntfx: ntfs.sys")
    assert len(titles) == 2


def test_who_uses_most_of_the_pool() -> None:
    text = (
        "0: kd> !poolused\n   Sorting by Tag\n\n  Pool Used:\n            NonPaged            Paged\n"
        " Tag    Allocs     Used    Allocs     Used\n MmCa      100    14400         0        0\n"
        " Ntfx        0        0        10   999999\n Qzqz       10      100         0        0\n"
    )

    assert [a.name for a in remarks(text, "pool tag")] == ["Ntfx", "MmCa"]


def test_the_tag_in_the_parameters_of_a_crash() -> None:
    # Freed with another tag than allocated with: both are parameters.
    crash = "kd> .bugcheck\nBugcheck code 000000C2\nArguments 0000000a 863c1758 61436d4d 7866744e\n"

    assert [a.name for a in remarks(crash, "pool tag")] == ["MmCa", "Ntfx"]
    assert remarks(crash.replace("C2", "C5"), "pool tag") == []


# Pitfalls that a stack or a place in code shows

UNSAFE = (
    "evilfs!EvilQueryInformation\nfltmgr!FltpQueryInformationFile\nfltmgr!FltpGetFileNameInformation\n"
    "fltmgr!FltGetFileNameInformationUnsafe\nAcmeFlt!OnProcess\nnt!PspCallProcessNotifyRoutines\nnt!PspInsertThread\n"
)


def test_a_name_query_in_a_process_callback() -> None:
    (found,) = remarks(f"0: kd> kc\n{UNSAFE}", "pitfall")

    assert found.name == "unsafe-name-query"
    assert "a file object that this filter has seen" in found.text


def test_the_rule_says_it_better_where_it_fits() -> None:
    text = f"0: kd> kc\n{UNSAFE}nt!NtCreateUserProcess\n".replace("evilfs!EvilQ", "Ntfs!NtfsCommonQ")

    assert rules(text)[0] == "unsafe-name-query-notify"
    assert remarks(text, "pitfall") == []


def test_a_name_query_elsewhere() -> None:
    text = "0: kd> kc\n" + UNSAFE.replace("PspCallProcessNotifyRoutines", "X").replace("PspInsertThread", "Y")

    assert remarks(text, "pitfall") == []


def test_a_processor_in_the_pop() -> None:
    assert [a.name for a in remarks(f"kd> r\n{TRAP}", "pitfall")] == ["slist-aba"]
    assert remarks(f"kd> r\n{TRAP}".replace("ExpInterlockedPopEntrySListFault", "memcpy"), "pitfall") == []


def test_the_code_that_restarts_it() -> None:
    text = (
        "kd> uf KiCheckForSListAddress\nnt!KiCheckForSListAddress:\n"
        "82acbdf1 0fb7416c        movzx   eax,word ptr [ecx+6Ch]\n"
        "82acbdf5 8b5168          mov     edx,dword ptr [ecx+68h]\n"
    )

    (found,) = remarks(text, "pitfall")

    assert found.name == "slist-aba"
    assert "sets one from between them (both included) back to Resume" in found.text


def test_a_header_with_nine_bits() -> None:
    text = (
        "0: kd> dt -r nt!_SLIST_HEADER fffffa80`01234560\n"
        "   +0x000 Alignment        : 0x1\n   +0x008 Region           : 2\n"
        "   +0x000 Header8          : <unnamed-tag>\n      +0x000 Depth            : 0y0000000000000001 (0x1)\n"
        "      +0x008 HeaderType       : 0y{}\n"
    )

    (found,) = remarks(text.format(0), "pitfall")

    assert "here has 9 bits, so that it is the same again after 512 operations" in found.text
    assert remarks(text.format(1), "pitfall") == []


# APC_INDEX_MISMATCH


@pytest.mark.parametrize(
    ("count", "halves", "who"),
    [
        ("0000ffff", "SpecialApcDisable 0, KernelApcDisable -1", "FsRtlEnterFileSystem"),
        ("00000001", "SpecialApcDisable 0, KernelApcDisable 1", "FsRtlExitFileSystem"),
        ("ffff0000", "SpecialApcDisable -1, KernelApcDisable 0", "KeEnterGuardedRegion"),
        ("fffeffff", "SpecialApcDisable -2, KernelApcDisable -1", "KeEnterGuardedRegion"),
    ],
)
def test_the_halves_of_the_count(count: str, halves: str, who: str) -> None:
    crash = f"kd> .bugcheck\nBugcheck code 00000001\nArguments 00007ffe`b44461b4 00000000 {count} 00000000\n"

    found = remarks(crash, "bug check")[0]

    assert halves in found.text
    assert who in found.text


def test_the_count_in_a_thread() -> None:
    text = (
        "0: kd> dt nt!_KTHREAD 863c1758\n   +0x084 KernelApcDisable : 0n-1\n   +0x086 SpecialApcDisable : 0n0\n"
        "   +0x084 CombinedApcDisable : 0xffff\n"
    )

    titles = [a.title for a in remarks(text, "flags")]

    assert titles == [
        "KernelApcDisable -1, SpecialApcDisable 0: normal kernel APCs and user APCs are held off "
        "(KeEnterCriticalRegion, FsRtlEnterFileSystem, a mutex)"
    ]


# Prose

PROSE = (
    "You can't rely on Irp->UserIosb here.\nIrp->UserIosb again, and PsGetCurrentProcess() alone.\n"
    "The thread waits: WrResource, as the WrResource says. A Write is none.\n"
    "Pooltag MmCa, or the pool tag 'MmCa', as any pool tag that is used.\n"
    "CoCreateInstance fails with 0x80070005; ReadFile with Win32 error 1450.\n"
    "It gets IRP_MJ = 0x12, then MajorFunction 0xe.\n"
)


def test_what_prose_mentions() -> None:
    log = parse(PROSE)

    assert [(a.line, a.kind, a.name) for a in log.annotations] == [
        (1, "pitfall", "user-iosb"),
        (3, "wait reason", "WrResource"),
        (4, "pool tag", "MmCa"),
        (5, "status", "80070005"),
        (5, "status", "win32 1450"),
        (6, "irp", "IRP_MJ_CLEANUP"),
        (6, "irp", "IRP_MJ_DEVICE_CONTROL"),
    ]
    assert [b.kind for b in log.blocks] == ["prose", "prose"]
    assert log.unparsed == (2, 5, 6)


def test_remarks_stand_in_every_form_of_output() -> None:
    log = parse(PROSE + "\n" + AREA.format(wait="86a3a898", flags="81", names="BeingDeleted File"))
    markdown = MarkdownLog(*[getattr(log, name) for name in Log.__match_args__])
    document = json.loads(as_json(log))

    text, marked = layout(log), layout(markdown)

    for form in (" ".join(text.split()), marked.replace("\\", "")):
        assert "Results of a request that fails may not reach its caller" in form
        assert "NT_ERROR(Status): the two highest bits are set" in form
        assert "A control area that is being deleted: who needs it waits" in form
        assert "pool tag MmCa: nt!mm, control area of mapped files" in form
    assert {a["kind"] for a in document["annotations"]} == {"pitfall", "wait reason", "pool tag", "status", "irp"}
    assert [a["name"] for b in document["blocks"] for a in b["annotations"]] == ["control-area-deletion"]
