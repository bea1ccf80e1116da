"""Real listings of ``!object`` and ``!handle``, reproduced from machines that hold the values they show.

Left aside: blanks at the ends of lines. The addresses of types, objects, tables and entries, the counts, and the fields
of processes (but where one's page tables lie that are walked) are stated; everything else is found by walking.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from images import file_of, opened

from dumpwalk.cli import main

WINDOWS_10 = "dump full x64\nprofile nt/19041.3570-x64\nobject-manager\nthread 4.8 State=Running\n"
WINDOWS_8 = "dump full x64\nprofile nt/win8-x64\nobject-manager\nthread 4.8 State=Running\n"
WINDOWS_81 = "dump full x64\nprofile nt/9600.20625-x64\nobject-manager\nthread 4.8 State=Running\n"
WINDOWS_7 = "dump full x64\nprofile nt/7601.24540-x64\nobject-manager\nthread 4.8 State=Running\n"
WINDOWS_XP = "dump full x86\nprofile nt/xpsp3-x86\nobject-manager\nthread 4.8 State=Running\n"


def show(spec: str, capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    """Return what the program prints of the machine in *spec*, line by line."""
    main(["-z", file_of(spec), *words])
    return lines(capsys.readouterr().out)


def lines(text: str) -> list[str]:
    """Return the lines of a listing without prompts and the blanks that were around them."""
    out = [line.rstrip() for line in text.splitlines() if "kd> " not in line and not line.startswith("kd>")]
    while out and not out[0]:
        out.pop(0)
    while out and not out[-1]:
        out.pop()
    return out


DOCS = (
    WINDOWS_10 + 'object-type "Device" at ffffe0083b87df20\nobject-type "Directory" at ffffe0083b768690\n'
    'object-type "SymbolicLink" at ffffe0083b769450\n'
    'object "\\Device" Directory at ffffc00b074166a0\nobject "\\Filters" Directory at ffffc00b07481d00\n'
    "struct _OBJECT_HEADER at ffffc00b07481cd0 PointerCount=3\n"
    'object "\\Device\\USBPDO-8" Device at ffffe0083b85d060\n'
    "struct _OBJECT_HEADER at ffffe0083b85d030 PointerCount=6\n"
    'link "\\Device\\Ip6" to "\\Device\\Tdx" at ffffc00b07628fb0\n'
    'object "\\Filters\\FltMgrMsg" Device at ffffe0083c5f56e0\n'
    'object "\\Filters\\FltMgr" Device at ffffe0083c5f5060\n'
    # The listing's root is elsewhere: its address is that of the directory that \Filters is in.
    "block ffffc00b07481cb0 pointers ffffc00b07481eb0\n"
)
OBJECTS = {
    "wdd-object-object-ffffe0083b85d060-0x0-98": (DOCS, "ffffe0083b85d060", "0x0"),
    "wdd-object-object-ffffe0083b85d060-0x1-106": (DOCS, "ffffe0083b85d060", "0x1"),
    "wdd-object-object-ffffc00b07628fb0-0x1-147": (DOCS, "ffffc00b07628fb0", "0x1"),
    "edb-36392-object-fffffa804aac7b00-615": (
        WINDOWS_7 + 'object-type "Device" at fffffa804900af30\nobject "\\Device" Directory at fffff8a000010060\n'
        'object "\\Device\\Nal" Device at fffffa804aac7b00\nstruct _OBJECT_HEADER at fffffa804aac7ad0 PointerCount=2\n',
        "fffffa804aac7b00",
    ),
    "5h4rrk-windows-objects-object-ffff938cd7e86080-813": (
        WINDOWS_10 + 'object-type "Process" at ffff938cd7eabbc0\nprocess 344 "x.exe" at ffff938cd7e86080\n'
        "struct _OBJECT_HEADER at ffff938cd7e86050 HandleCount=4 PointerCount=0n131200\n",
        "ffff938cd7e86080",
    ),
    "insight-invalid-io-boost-state-0x13c-recur-object-ffff8b0351756040-489": (
        WINDOWS_10 + 'object-type "Thread" at ffff8b034a0b6220\nthread 4.c at ffff8b0351756040\n'
        "struct _OBJECT_HEADER at ffff8b0351756010 HandleCount=0 PointerCount=0\n",
        "ffff8b0351756040",
    ),
    "insight-kernel-auto-boost-invalid-lock-rel-object-ffff9101457f2040-472": (
        WINDOWS_10 + 'object-type "Thread" at ffff91013dcea900\nthread 4.c at ffff9101457f2040\n',
        "ffff9101457f2040",
    ),
    "insight-resource-not-owned-0xe3-thread-rel-object-ffffb587def9dc80-570": (
        WINDOWS_10 + "struct _EPROCESS at ffffb587def9dc40\n",
        "ffffb587def9dc80",
    ),
    "graveyard-tools-windbgscripts-object-driver-lsi-sas3i-98": (
        WINDOWS_10.replace("19041.3570", "14393.4583") + 'object-type "Driver" at ffff9c87e3999dc0\n'
        'object "\\Driver" Directory at ffffc3869983d0f0\ndriver "\\Driver\\LSI_SAS3i" at ffff9c87e56372b0\n'
        "struct _OBJECT_HEADER at ffff9c87e5637280 PointerCount=0n22\n",
        r"\Driver\LSI_SAS3i",
    ),
    "graveyard-tools-windbgscripts-object-driver-megasas-48": (
        WINDOWS_81 + 'object-type "Driver" at ffffe000ec772c60\nobject "\\Driver" Directory at ffffc000948cdb40\n'
        'driver "\\Driver\\megasas" at ffffe000ec7deb90\nstruct _OBJECT_HEADER at ffffe000ec7deb60 PointerCount=0n10\n',
        r"\driver\megasas",
    ),
    "wdd-debugging-a-failed-driver-unload-object-81a578c0-28": (
        WINDOWS_XP + 'object-type "Device" at 81bd0e70\nobject "\\Device" Directory at e1001208\n'
        'object "\\Device\\Serial0" Device at 81a578c0\nstruct _OBJECT_HEADER at 81a578a8 PointerCount=3\n',
        "81a578c0",
    ),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_object(name: str, real_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec, *words = OBJECTS[name]
    listing = lines((real_data / "logs/object" / f"{name}.txt").read_text("utf-8"))
    shown = show(spec, capsys, "object", *words)

    assert shown[: len(listing)] == listing
    assert all(not line or line.startswith("(") for line in shown[len(listing) :])


def documented(real_data: Path, page: str, first: str) -> list[str]:
    """Return the listing on a page of Microsoft's documentation that begins behind the line *first*."""
    text = (real_data.parent / "reference/windbg-docs" / page).read_text("utf-8")
    return lines(text.partition(f"{first}\n")[2].partition("```")[0].partition("\n0: kd>")[0])


@pytest.mark.parametrize(
    ("first", "words"),
    [
        ("0: kd> !object ffffe0083b85d060 0x10", ("ffffe0083b85d060", "10")),
        ("0: kd> !object ffffc00b07481d00 0x1", ("ffffc00b07481d00", "1")),
        ("0: kd> !object ffffc00b07481d00 0x9", ("ffffc00b07481d00", "9")),
        ("0: kd> !object ffffc00b07628fb0 0x9", ("ffffc00b07628fb0",)),
    ],
)
def test_documentation(first: str, words: tuple[str, ...], real_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The chains that the two names are in follow from their hash alone."""
    listing = documented(real_data, "-object.md", first)

    assert len(listing) >= 2
    assert show(DOCS, capsys, "object", *words) == listing


def entry(header: int, access: int, attributes: int) -> str:
    """Return a handle table entry of Windows 8.1 and later as two words: Unlocked, Attributes at 17, bits at 20."""
    return f"{(header & 0xFFFFFFFFFFFF) >> 4 << 20 | attributes << 17 | 1:x} {access:x}"


HANDLES = {
    "insight-section-4-system-mechanism-handle-0n4-137": (
        WINDOWS_10 + 'directory-table-base 7d5000\nobject-type "Process" at ffffa604f24820c0\n'
        'process 4 "System" at ffffa604f24ec040 ObjectTable=ffff8000ab28ae80\n'
        "struct _OBJECT_HEADER at ffffa604f24ec010 HandleCount=4 PointerCount=0n131245\n"
        "struct _HANDLE_TABLE at ffff8000ab28ae80 TableCode=ffff8000ab2be000 FreeLists[0].HandleCount=0n3279\n"
        f"block ffff8000ab2be010 pointers {entry(0xFFFFA604F24EC010, 0x1FFFFF, 1)}\n",
        "0n4",
    ),
    "insight-section-4-system-mechanism-handle-0n496-155": (
        WINDOWS_10.replace("4.8 State=Running", "390.394 State=Running")
        + 'object-type "Event" at ffffa604f24ead20\nobject "" Event at ffffa604f6825060\n'
        'process 390 "lsass.exe" parent 2e0 at ffffa604f683b180 Peb=810b68e000 ObjectTable=ffff8000ada76080\n'
        "   Session=ffff8000ad000000\n"
        "struct _MM_SESSION_SPACE at ffff8000ad000000 SessionId=0\n"
        "struct _OBJECT_HEADER at ffffa604f6825030 HandleCount=1 PointerCount=1\n"
        "struct _HANDLE_TABLE at ffff8000ada76080 TableCode=ffff8000adccb000 FreeLists[0].HandleCount=0n1144\n"
        f"block ffff8000adccb7c0 pointers {entry(0xFFFFA604F6825030, 0x1F0003, 3)}\n",
        "0n496",
    ),
}


@pytest.mark.parametrize("name", HANDLES)
def test_handle(name: str, real_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec, *words = HANDLES[name]
    listing = lines((real_data / "logs/handle" / f"{name}.txt").read_text("utf-8"))

    if "Session=" in spec:  # its number is read through the process's page tables, which the image has elsewhere
        root = opened(spec).object("_EPROCESS", 0xFFFFA604F683B180).Pcb.DirectoryTableBase
        listing = [line.replace("DirBase: 86f7f000", f"DirBase: {int(root):08x}") for line in listing]

    assert show(spec, capsys, "handle", *words) == listing


def test_handles_of_a_type(real_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The documentation's excerpt, from Windows 8: 39 handles, of which one to a section is shown."""
    spec = (
        WINDOWS_8 + 'object-type "Section" at fffffa80035fef20\nobject "" Section at fffff8a000633f00 size 40\n'
        'process 138 "smss.exe" parent 4 at fffffa8004f48940 Peb=7f6639bf000 ObjectTable=fffff8a00066f700\n'
        "   Pcb.DirectoryTableBase=10cb74000\n"
        "struct _OBJECT_HEADER at fffff8a000633ed0 HandleCount=1 PointerCount=0n262144\n"
        "struct _HANDLE_TABLE at fffff8a00066f700 TableCode=fffff8a000670000 FreeLists[0].HandleCount=0n39\n"
        # Windows 8: Attributes at bit 20, the address from bit 23 on.
        f"block fffff8a000670100 pointers {0xFFFFF8A000633ED0 >> 4 << 23 & (1 << 64) - 1 | 2 << 20 | 1:x} 6\n"
    )
    text = (real_data.parent / "reference/windbg-docs/-handle.md").read_text("utf-8")
    listing = lines(text.partition("!handle 0 3 0 Section\n...\n")[2].partition("\n...")[0])
    shown = show(spec, capsys, "handle", "0", "3", "138", "Section")

    assert shown[0] == "Searching for handles of type Section"
    assert shown[2 : 2 + len(listing)] == listing


def test_the_name_of_a_file(real_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From notes of a book, which have lost their blanks, so those are not compared. Windows 7 x64."""
    spec = (
        WINDOWS_7 + 'directory-table-base 187000\nobject-type "File" at fffffa8000ca0360\n'
        'process 4 "System" at fffffa8000c819e0 ObjectTable=fffff8a000001830\n'
        'file "\\Windows\\System32\\LogFiles\\WMI\\RtBackup\\EtwRTEventLog-Application.etl" at fffffa8001d4f2a0\n'
        "struct _OBJECT_HEADER at fffffa8001d4f270 HandleCount=1 PointerCount=0n19\n"
        "struct _HANDLE_TABLE at fffff8a000001830 TableCode=fffff8a000003000 HandleCount=0n434\n"
        "block fffff8a000003120 pointers fffffa8001d4f271 0013008b\n"
    )
    listing = (real_data / "logs/process/lordnote-wi-chapter-03-system-mechanisms-873.txt").read_text("utf-8")
    shown = show(spec, capsys, "handle", "48")
    block = [line.split() for line in listing.partition("\n\n0048")[2].splitlines()]

    assert [line.split() for line in shown if line][-4:] == [["0048" + block[0][0], *block[0][1:]], *block[1:5]][-4:]
    assert any(line.split() == block[4] for line in shown)
