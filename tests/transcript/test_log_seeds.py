"""The stacks of a kernel developer's posts: Windows, Linux and macOS; each gets the rule that says what it shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dumpwalk.annotations.stack_rules import index
from dumpwalk.render.log import layout
from dumpwalk.transcript import Block, Log, parse_file

FIRST = "000_05213417b4f651b7.txt"
SECOND = "001_04a7b77b7d14c116.txt"

# Line that a block begins at, and its most specific rule.
WINDOWS = {
    SECOND: {
        8: "tlb-flush-interrupted",
        24: "apc-index-mismatch",
        45: "kernel-handle-close-attached",
        63: "defender-open-scan",
        88: "defender-section-scan",
        137: "collided-page-fault",
        303: "last-file-dereference-lazy-writer",
        325: "process-handle-sweep",
        365: "probe-in-kernel-query",
        384: "thread-exit-waits-irps",
        416: "thread-exit-waits-siblings",
        458: "unsafe-name-query-notify",
        482: "object-callback-open",
        610: "wdf-pnp-boot",
    },
    FIRST: {
        86: "collided-page-fault",
        337: "last-file-dereference-lazy-writer",
        359: "process-handle-sweep",
        399: "probe-in-kernel-query",
        785: "thread-exit-waits-irps",
        817: "thread-exit-waits-siblings",
    },
    "003_772d1bd1dbd796c1.txt": {37: "collided-page-fault"},
    "002_d17d2a9bac177096.txt": {},
}
OTHERS = {
    321: "macos-iokit-hook",
    422: "linux-file-fault",
    437: "linux-exec-mmap",
    458: "linux-lookup",
    477: "linux-lookup",
    493: "linux-lookup",
    513: "linux-create",
    655: "linux-idle-switch",
    669: "linux-epoll-sleep",
    685: "linux-worker-idle",
    698: "linux-futex-wait",
}


def rules(block: Block) -> list[str]:
    return [a.name for a in block.annotations if a.kind == "stack rule"]


def first_rules(log: Log) -> dict[int, str]:
    return {block.first_line: rules(block)[0] for block in log.blocks if rules(block)}


@pytest.mark.parametrize("file", sorted(WINDOWS))
def test_every_stack_has_its_rule(file: str, real_data: Path) -> None:
    log = parse_file(str(real_data / "seed" / file))
    stacks = [b for b in log.blocks if b.kind == "stack"]

    assert first_rules(log) == WINDOWS[file] | (OTHERS if file == FIRST else {})
    assert [b.first_line for b in stacks if not rules(b)] == []


def test_what_a_rule_says(real_data: Path) -> None:
    log = parse_file(str(real_data / "seed" / "003_772d1bd1dbd796c1.txt"))
    rule = next(b for b in log.blocks if b.kind == "stack").annotations[0]

    assert rule.title == "Waits for another thread's page read (collided fault)"
    assert "already being read from its file by another thread" in rule.text
    assert "find the in-page support block" in rule.next[0].lower()


def test_the_listings_of_the_post_on_file_mappings(real_data: Path) -> None:
    log = parse_file(str(real_data / "seed" / FIRST))
    listings = [listing for b in log.blocks if b.kind == "dt" and b.record for listing in b.record.listings]
    area = next(x for x in listings if x.type == "_CONTROL_AREA")

    assert (area.module, area.address) == ("nt", 0x863C1758)
    assert {r.name: r.value for r in area.rows}["Segment"] == 0xAEB311A8
    assert [x.type for x in listings] == [
        "_FILE_OBJECT",
        "_SECTION_OBJECT_POINTERS",
        "_CONTROL_AREA",
        "_SUBSECTION",
        "_SEGMENT",
        "_MMPTE",
        "_MMPTE_PROTOTYPE",
    ]


def test_the_thread_that_closes_a_kernel_handle(real_data: Path) -> None:
    log = parse_file(str(real_data / "seed" / SECOND))
    thread = next(b for b in log.blocks if b.kind == "thread").record

    details = thread.details
    assert (details.thread.State, details.thread.WaitReason, details.attached_name) == (
        "Waiting",
        "WrResource",
        "System",
    )
    assert [irp.address for irp in details.irps] == [0xFFFFC5006E2BA140, 0xFFFFC50075B8AAE0]


def test_the_address_space_of_a_linux_process(real_data: Path) -> None:
    log = parse_file(str(real_data / "seed" / FIRST))
    found = next(b for b in log.blocks if b.kind == "maps").record.mappings

    assert len(found) == 9
    assert (found[0].start, found[0].permissions, found[0].inode, found[0].path) == (
        0x400000,
        "r-xp",
        27316285,
        "/bin/grep",
    )
    assert (found[-1].end, found[-1].path) == (0xFFFFFFFFFF601000, "[vsyscall]")


def test_registers_of_a_jtag_probe(real_data: Path) -> None:
    log = parse_file(str(real_data / "seed" / FIRST))
    found = next(b for b in log.blocks if b.kind == "registers").record.registers

    assert (found["cr3"], found["eip"], found["gdtbase"]) == (0x0C4F9000, 0xC10093C5, 0xC14B8000)
    assert not found["st0"]


# Each post by its heading: the rules of its stacks, and the pitfalls that its words mention.
POSTS = {
    "TLB flushing call on Windows": (["tlb-flush-interrupted"], []),
    "What a BSOD!": (["apc-index-mismatch"], []),
    "Current process when closing a kernel handle.": (["kernel-handle-close-attached"], ["kernel-handle-close"]),
    "Microsoft Security Essentials content scan": (["defender-open-scan", "defender-section-scan"], []),
    "Setting Irp->UserIosb for unsuccessful requests.": ([], ["user-iosb"]),
    "ExInterlockedPopEntrySList processing by scheduler.": ([], ["slist-aba"]),
    "Waiting for concurrent page fault completion": (["collided-page-fault"], []),
    "FileObjects and SectionObjectPointer in Windows.": ([], ["control-area-deletion"]),
    "Caching and file object reference in Windows.": (["last-file-dereference-lazy-writer"], []),
    "How handles are closed on process termination": (["process-handle-sweep"], []),
    "ZwQuerySystemInformation fails for": (["probe-in-kernel-query"], []),
    "What happens with outstanding IRPs": (["thread-exit-waits-irps", "thread-exit-waits-siblings"], ["thread-exit"]),
    "A case of successful registration of an incorrectly": ([], ["operation-end"]),
    "Unsafe use of FltGetFileNameInformationUnsafe": (["unsafe-name-query-notify"], ["unsafe-name-query"]),
    "When are object callbacks being called?": (["object-callback-open"], []),
    "IRP dispatching in WDF": (["wdf-pnp-boot"], []),
    "I/O Kit filtering by hooking technique.": (["macos-iokit-hook"], []),
    "Linux kernel stacks. Page fault processing.": (
        ["linux-file-fault", "linux-exec-mmap", "linux-lookup", "linux-lookup", "linux-lookup"],
        [],
    ),
    "Linux kernel stacks. Creating an inode.": (["linux-create"], []),
    "Debugging Linux kernel on Intel Quark X100 .": (
        ["linux-idle-switch", "linux-epoll-sleep", "linux-worker-idle", "linux-futex-wait"],
        [],
    ),
}
DATED = re.compile(r"\w+day, \w+ [0-9]{1,2}, [0-9]{4}$")


def posts(path: Path) -> dict[str, tuple[list[str], list[str]]]:
    """Return what is said of each post that has something to say of, by its heading in the table above."""
    lines = path.read_text("utf-8").splitlines()
    starts = [n for n, line in enumerate(lines, 1) if DATED.search(line)]
    log = parse_file(str(path))
    found: dict[str, tuple[list[str], list[str]]] = {}
    for start, end in zip(starts, [*starts[1:], len(lines) + 1], strict=True):
        heading = next(line for line in lines[start:] if line)
        shown = [rules(b)[0] for b in log.blocks if start < b.first_line < end and rules(b)]
        mentioned = [
            a.name for a in log.annotations if a.kind == "pitfall" and a.line is not None and start < a.line < end
        ]
        if shown or mentioned:
            found[next((known for known in POSTS if heading.startswith(known)), heading)] = shown, mentioned
    return found


def test_every_post_by_its_heading(real_data: Path) -> None:
    found: dict[str, tuple[list[str], list[str]]] = {}
    for file in WINDOWS:
        for heading, said in posts(real_data / "seed" / file).items():
            assert said == POSTS[heading]
            found[heading] = said

    assert set(found) == set(POSTS)


def test_every_rule_that_a_post_gave_rise_to(real_data: Path) -> None:
    shown = {rule for rules_of, _ in POSTS.values() for rule in rules_of}
    known = {rule.name: rule for rule, _, _ in index().rules}

    # Fifteen of Windows and nine of other systems; the post on interlocked lists shows code, and no stack.
    assert len({name for name in shown if known[name].os == "windows"} | {"slist-restart"}) == 15
    assert len({name for name in shown if known[name].os != "windows"}) == 9
    for name in (*shown, "slist-restart"):
        rule = known[name]
        assert len(rule.title) > 10
        assert len(rule.doing) > 30
        assert rule.next
    text = " ".join(layout(parse_file(str(real_data / "seed" / SECOND))).split())
    for name in WINDOWS[SECOND].values():
        for part in (known[name].title, known[name].doing, *known[name].next):
            assert part in text


def test_a_name_that_contradicts_its_number(real_data: Path) -> None:
    log = parse_file(str(real_data / "seed" / SECOND))

    (said,) = [a for a in log.annotations if a.line == 344]

    assert (said.title, said.text) == (
        "c0000005 STATUS_ACCESS_VIOLATION",
        "STATUS_ACCESS_DENIED, which the text names, is c0000022",
    )


def test_the_halves_of_the_apc_count(real_data: Path) -> None:
    log = parse_file(str(real_data / "seed" / SECOND))

    said = next(a for b in log.blocks if b.kind == "analyze" for a in b.annotations if a.kind == "bug check")

    assert "SpecialApcDisable 0, KernelApcDisable -1" in said.text
    assert "FsRtlEnterFileSystem" in said.text
