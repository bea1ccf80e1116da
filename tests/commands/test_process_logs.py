"""`process` and `thread` against listings that people published: of machines that hold their values, line by line.

What is not compared: call stacks (they need the code), directory bases (the machine has page tables of its own), names
of code (symbols of their machine), and the line of priorities where that debugger had words for it of its own.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from images import file_of
from process_listings import Machine

from dumpwalk.cli import main

# Listing, the kernel whose layouts are used, and what is asked for.
WINDOWS_10, EARLY_10, WINDOWS_7 = "nt/19041.3570-x64", "nt/win10-10240-x64", "nt/7601.24540-x64"
LISTINGS = [
    ("process/5h4rrk-dumpanalysis-process-ffffc509bf28b080-7-636", WINDOWS_10, ("process", "ffffc509bf28b080", "7")),
    ("process/insight-section-3-memory-process-0-1-winlogon-exe-65", WINDOWS_10, ("process", "0", "1", "winlogon.exe")),
    ("process/manual-m3-process0xf-1", WINDOWS_10, ("process", "0", "f", "Demo.exe")),
    ("process/ired-manipulating-activeprocesslinks-to-process-00001464-0-165", WINDOWS_10, ("process", "1464", "0")),
    ("process/ired-manipulating-activeprocesslinks-to-process-000009cc-0-158", WINDOWS_10, ("process", "9cc", "0")),
    ("process/nohuto-thread-addresses-process-0-0-cpustres-exe-31", WINDOWS_10, ("process", "0", "0", "CPUSTRES.exe")),
    ("process/nohuto-thread-addresses-process-0-4-cpustres-exe-41", WINDOWS_10, ("process", "0", "4", "CPUSTRES.exe")),
    ("process/nohuto-context-switching-process-f60-4-244", WINDOWS_10, ("process", "f60", "4")),
    ("process/5h4rrk-pe-parse-windbg2-process-0-0-msedge-exe-252", WINDOWS_10, ("process", "0", "0", "msedge.exe")),
    (
        "process/wdd-debug-universal-drivers-step-by-st-process-ffffe0007bbde900-1094",
        EARLY_10,
        ("process", "0", "f", "cmd.exe"),
    ),
    (
        "process/wdd-debug-universal-drivers-step-by-st-process-ffffe0008096c900-1125",
        EARLY_10,
        ("process", "ffffe0008096c900"),
    ),
    ("process/edb-36392-process-fffffa804d0f29e0-f-541", WINDOWS_7, ("process", "fffffa804d0f29e0", "f")),
    ("process/manual-m2-process-win7-1", "nt/win7sp1-x86", ("process", "0", "2", "foobar2000.exe")),
    ("thread/nohuto-thread-addresses-thread-ffffac819fb18080-82", WINDOWS_10, ("thread", "ffffac819fb18080")),
    ("thread/nohuto-thread-addresses-thread-t-1e10-60", WINDOWS_10, ("thread", "-t", "1e10")),
    ("thread/wdd-bug-check-0x1ab-unwind-on-invalid-thread-111", WINDOWS_10, ("thread", "-1")),
    ("thread/wdd-debug-universal-drivers-kernel-mod-thread-1632", EARLY_10, ("thread", "ffffe001d3a27040")),
]
# Where a listing stops being of the process: stacks, and what its author says.
_STACK = re.compile(r"\s*(Child-SP|ChildEBP|\.\.\.|//|Kernel stack not resident|$)")
_OURS = re.compile(
    r"\s*(Child-SP|ChildEBP|\(|[0-9a-f]{8}`[0-9a-f]{8} |[0-9a-f]{8} [0-9a-f]{8}|Kernel stack not resident|$)"
)


def comparable(line: str) -> list[str]:
    line = re.sub(r" //.*", "", line)
    line = re.sub(r"DirBase: \S+", "DirBase: #", line)
    line = re.sub(r"Win32 Start Address .*\((0x\w+)\)", r"Win32 Start Address \1", line)
    line = re.sub(r"Mdl: 0+$", "Mdl: 0", line)
    return line.split()


def lines(text: str, stop: re.Pattern[str]) -> list[list[str]]:
    out, skipping = [], False
    for line in text.splitlines():
        if re.match(r"\s*(PROCESS|THREAD) ", line):
            skipping = False
        if stop.match(line):
            skipping = skipping or (bool(line.strip()) and "resident" not in line)
        elif not skipping and not re.match(r"\d*: ?kd>|l?kd>|\*\*\*", line):
            out.append(comparable(line))
    return out


@pytest.mark.parametrize(("listing", "profile", "command"), LISTINGS, ids=[name for name, _, _ in LISTINGS])
def test_listing(
    listing: str,
    profile: str,
    command: tuple[str, ...],
    real_data: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = (real_data / "logs" / f"{listing}.txt").read_text("utf-8").replace("\xa0", " ")
    main(["--types", profile, "-z", file_of(Machine(text, profile).spec()), *command])
    theirs, ours = lines(text, _STACK), lines(capsys.readouterr().out, _OURS)
    # Later debuggers leave the decrement out.
    if not any("PriorityDecrement" in line or "UnusualBoost" in line for line in theirs):
        ours = [re.sub(r"PriorityDecrement \S+ ", "", " ".join(line)).split() for line in ours]

    assert ours[: len(theirs)] == theirs
