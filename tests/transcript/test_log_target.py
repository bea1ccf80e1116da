"""Pasted text as a target: what its listings show can be read, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from schemas import assert_promised

import dumpwalk
from dumpwalk.cli import main
from dumpwalk.errors import FormatError, ReadError, UsageError
from dumpwalk.kernel.section import control_area
from dumpwalk.remarks import Absent
from dumpwalk.transcript.as_target import is_text

if TYPE_CHECKING:
    from dumpwalk.target import Target

SAMPLES = Path(__file__).parents[2] / "samples"
SAMPLE = str(SAMPLES / "pasted_structures.txt")
IMAGE = str(SAMPLES / "chrysanthemum.dmp")


@pytest.fixture
def pasted(tmp_path: Path) -> Any:
    """A function that opens a text."""

    def opened(text: str | bytes, **how: Any) -> Target:
        path = tmp_path / "pasted.txt"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return dumpwalk.open(str(path), **how)

    return opened


def run(capsys: pytest.CaptureFixture[str], file: str, *words: str) -> tuple[int, str, str]:
    status = main(["-z", file, *words])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def answers_of(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[Any, Any]:
    """Return the JSON of a command on the text and on the image that it was printed of."""
    return tuple(json.loads(run(capsys, file, *words, "--json")[1]) for file in (SAMPLE, IMAGE))  # type: ignore[return-value]


def differences(text: Any, image: Any, where: str = "") -> list[str]:
    """Return where two answers differ, but for what the text does not hold."""
    if isinstance(text, dict) and "absent" in text and "the text does not hold it" in text["absent"]:
        return []
    if isinstance(text, dict) and isinstance(image, dict) and text.keys() == image.keys():
        return [d for key in text for d in differences(text[key], image[key], f"{where}.{key}")]
    if isinstance(text, list) and isinstance(image, list) and len(text) == len(image):
        return [d for n, (a, b) in enumerate(zip(text, image)) for d in differences(a, b, f"{where}[{n}]")]
    return [] if text == image else [where]


# What is worked out of a member that the text lacks.
DERIVED = {
    ".areas[0].segment.flag_names",
    ".areas[0].segment.DefaultProtectionMask",
    ".areas[0].subsections[0].protection_name",
}


@pytest.mark.parametrize("words", [("ca", "863c1758"), ("fileobj", "8750ef80"), ("ca", "--file", "8750ef80")])
def test_the_text_says_what_the_image_says(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    text, image = answers_of(capsys, *words)

    assert set(differences(text, image)) <= DERIVED


@pytest.mark.parametrize(
    ("type", "address"),
    [
        ("_FILE_OBJECT", "0x8750ef80"),
        ("_UNICODE_STRING", "8750efb0"),
        ("_SECTION_OBJECT_POINTERS", "0x87bddea8"),
        ("_CONTROL_AREA", "0x863c1758"),
        ("_SUBSECTION", "0x863c1758+0x50"),
        ("_SEGMENT", "0xaeb311a8"),
    ],
)
def test_dt_prints_it_again(type: str, address: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The sample was printed from the image, so both print the same, and the sample has it word for word."""
    out, of_image = (run(capsys, f, "dt", f"nt!{type}", address)[1].partition("\n\n")[0] for f in (SAMPLE, IMAGE))
    pasted = Path(SAMPLE).read_text("utf-8")

    assert out == of_image
    assert "\n".join(line.rstrip() for line in out.splitlines()) in pasted


def test_the_answer_says_whose_types_it_rests_on(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, SAMPLE, "ca", "863c1758")
    _, dt_out, dt_err = run(capsys, SAMPLE, "dt", "_SEGMENT", "aeb311a8")

    said = "types: this kernel is not known; these are of nt/win7sp1-17514-pae-x86: "
    said += "agrees with the 6 structures that the text lists"
    assert status == 1
    assert err == f"dumpwalk: {said}\n"
    assert "(areas[0].segment.flags: aeb311b0: the text does not hold it (line 78 shows SegmentFlags: " in out
    assert said in dt_out  # dt says it itself
    assert dt_err == ""


def test_info_and_triage_of_a_text(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, SAMPLE, "info")
    verdict, report, _ = run(capsys, SAMPLE, "triage")

    assert status == 0
    assert f"{SAMPLE}: debugger log, pasted text, x86" in out
    assert "Found: memory: by 8 listings in the text" in out
    assert "Current thread     (the text does not say)" in out
    assert verdict == 0 or "nt/win7sp1-17514-pae-x86: agrees with the 6 structures" in report
    assert "no bug check was found" in report


@pytest.mark.parametrize("words", ["info", "triage", "fileobj 8750ef80", "ca 863c1758 7", "object 8750ef80"])
def test_json_keeps_to_the_schemas(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert_promised(words.partition(" ")[0], json.loads(run(capsys, SAMPLE, *words.split(), "--json")[1]))


def test_python_reads_it_too() -> None:
    target = dumpwalk.open(SAMPLE)

    area = control_area(target, target.object("_FILE_OBJECT", 0x8750EF80).SectionObjectPointer.DataSectionObject)

    assert (area.kind, area.file_name) == ("data", r"\Sample Pictures\Chrysanthemum.jpg")
    assert isinstance(area.segment, dumpwalk.kernel.segment.Segment)
    assert area.segment.SizeOfSegment == 0x40000


# Memory


@pytest.mark.parametrize(
    ("command", "rows", "held"),
    [
        ("db", '80001000  de ad be ef 00-11 22 33  ........', "deadbeef00112233"),
        ("dw", "80001000  adde efbe", "deadbeef"),
        ("dd", "80001000  efbeadde 33221100", "deadbeef00112233"),
        ("dc", "80001000  efbeadde 33221100  ....3\"..", "deadbeef00112233"),
        ("dp", "80001000  efbeadde", "deadbeef"),
        ("dps", "80001000  efbeadde nt!KiFoo+0x12", "deadbeef"),
        ("da", '80001000  "ABCD"', "41424344"),
        ("du", '80001000  "AB\u00e9"', "41004200e900"),
    ],
)  # fmt: skip
def test_memory_listings(command: str, rows: str, held: str, pasted: Any) -> None:
    target = pasted(f"kd> {command} 80001000\n{rows}\n")

    assert target.memory.read(0x80001000, len(held) // 2).hex() == held
    assert list(target.memory.runs()) == [(0x80001000, 0x80001000 + len(held) // 2)]


def test_wide_listings_and_holes(pasted: Any) -> None:
    target = pasted(
        "0: kd> dq fffff800`02a5c000\nfffff800`02a5c000  00000001`00000002 ????????`????????\n"
        "fffff800`02a5c010  ffffffff`ffffffff 00000000`00000003\n"
    )

    assert target.machine.name == "x64"
    assert target.memory.read(0xFFFFF80002A5C000, 8).hex() == "0200000001000000"
    assert target.memory.read(0xFFFFF80002A5C010, 16).hex() == "ff" * 8 + "03" + "00" * 7
    with pytest.raises(ReadError, match="fffff800`02a5c008: the text does not hold it"):
        target.memory.read(target.address(0xFFFFF80002A5C000), 16)


def test_physical_memory_is_another_one(pasted: Any) -> None:
    text = "kd> dd 80001000\n80001000  11111111\nkd> !dd 1000\n#    1000 22222222 33333333 44444444 55555555\n"
    text += "kd> dd /p 80002000\n80002000  66666666\n"

    target = pasted(text)

    assert list(target.memory.runs()) == [(0x80001000, 0x80001004)]


def test_pairs_of_numbers_are_memory_only_below_a_command(pasted: Any) -> None:
    rows = "80001000  80002000\n80002000  80003000\n\n"

    target = pasted(f"These ranges are taken:\n{rows}kd> dp 80004000\n80004000  80005000\n")

    assert list(target.memory.runs()) == [(0x80004000, 0x80004004)]


def test_a_period_may_be_anything(pasted: Any) -> None:
    target = pasted('kd> da 80001000\n80001000  "a.b"\n')

    assert target.memory.read(0x80001000, 1) == b"a"
    assert target.memory.read(0x80001002, 1) == b"b"
    with pytest.raises(ReadError, match="line 2 shows a period, which may be any character"):
        target.memory.read(0x80001001, 1)


def test_what_stands_first_is_read_and_a_contradiction_names_both_lines(
    pasted: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = "kd> dd 80001000\n80001000  11111111 22222222\n80001008  33333333 44444444\n\n"
    text += "kd> dt nt!_LIST_ENTRY 80001008\n   +0x000 Flink : 0x33333333 _LIST_ENTRY\n"
    text += "   +0x004 Blink : 0x44440044 _LIST_ENTRY\n\nkd> db 80001000\n80001000  11 11 11 11 22\n"

    target = pasted(text)
    status, _, err = run(capsys, str(tmp_path / "pasted.txt"), "dt", "_LIST_ENTRY", "80001008")

    said = "line 7: it says 00 of 8000100d, line 3 says 44, which is read: it stands first"
    assert target.memory.read(0x80001000, 16).hex() == "11111111222222223333333344444444"
    assert [str(p) for p in target.dump.problems] == [said]
    assert status == 1
    assert f"dumpwalk: {said}\n" in err


def test_more_than_can_be_kept_is_left_out(pasted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dumpwalk.transcript.as_target.memory.MOST_BYTES", 20)
    rows = "".join(f"{0x80001000 + 16 * n:08x}  00000000 00000001 00000002 00000003\n" for n in range(4))

    target = pasted(f"kd> dd 80001000\n{rows}")

    assert list(target.memory.runs()) == [(0x80001000, 0x80001010)]
    assert str(target.dump.problems[0]).startswith("line 3: the memory that the text shows from here on is left out")


def test_more_structures_than_can_be_kept(pasted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dumpwalk.transcript.as_target.collect.MOST_ROWS", 2)
    text = "".join(
        f"kd> dt nt!_LIST_ENTRY {a:x}\n   +0x000 Flink : 0x80001000 _LIST_ENTRY\n\n" for a in (0x1000, 0x2000, 0x3000)
    )

    target = pasted(text)

    assert "line 8: its structures are left out" in str(target.dump.problems[0])


# Values of dt


def test_values_are_as_wide_as_their_types(pasted: Any) -> None:
    target = pasted(
        "0: kd> dt nt!_FILE_OBJECT 80001000\n   +0x000 Type : 0n5\n   +0x002 Size : 0n-128\n"
        "   +0x01c FinalStatus : 0n-5\n   +0x024 LockOperation : 0x41 'A'\n"
        "   +0x038 CurrentByteOffset : _LARGE_INTEGER 0x00000001`00000002\n"
        "   +0x074 IrpList : _LIST_ENTRY [ 0x1 - 0x2 ]\n"
    )

    assert target.memory.read(0x80001000, 4).hex() == "050080ff"
    assert target.memory.read(0x8000101C, 4).hex() == "fbffffff"
    assert target.memory.read(0x80001024, 1) == b"A"
    assert target.memory.read(0x80001038, 8).hex() == "0200000001000000"
    assert target.memory.read(0x80001074, 8).hex() == "0100000002000000"
    assert sum(end - start for start, end in target.memory.runs()) == 4 + 4 + 1 + 8 + 8


def test_bits_make_a_byte_only_when_all_are_there(pasted: Any) -> None:
    """In _MMPTE_SOFTWARE of Windows 7 (PAE) Protection has the bits 5 to 9, and those from 12 on are unused."""
    whole = pasted(
        "kd> dt nt!_MMPTE_SOFTWARE 80001000\n   +0x000 Valid : 0y0\n   +0x000 PageFileLow : 0y0010\n"
        "   +0x000 Protection : 0y10001 (0x11)\n   +0x000 Prototype : 0y0\n   +0x000 Transition : 0y1\n",
        types="nt/win7sp1-17514-pae-x86",
    )

    assert whole.memory.read(0x80001000, 1)[0] == 0b00100100
    assert list(whole.memory.runs()) == [(0x80001000, 0x80001001)]


def test_nested_structures_and_those_behind_pointers(pasted: Any) -> None:
    target = pasted(
        "kd> dt -r1 nt!_CONTROL_AREA 80001000\n   +0x000 Segment : 0x80002000 _SEGMENT\n"
        "      +0x000 ControlArea : 0x80001000 _CONTROL_AREA\n      +0x004 TotalNumberOfPtes : 0x40\n"
        "   +0x01c u : <unnamed-tag>\n      +0x000 LongFlags : 0x80\n"
        "      +0x000 Flags : _MMSECTION_FLAGS\n   +0x024 FilePointer : _EX_FAST_REF\n"
        "      +0x000 Object : 0x8750ef85 Void\n      +0x000 RefCnt : 0y101\n      +0x000 Value : 0x8750ef85\n"
    )

    area = control_area(target, 0x80001000)

    assert (area.kind, area.flag_names, area.FilePointer) == ("data", ("File",), 0x8750EF80)
    assert isinstance(area.segment, dumpwalk.kernel.segment.Segment)
    assert area.segment.TotalNumberOfPtes == 0x40


def test_a_control_area_whose_flags_are_not_shown(
    pasted: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What backs it, and whether it is being deleted, can't be told; that is said, and nothing is taken for granted."""
    text = Path(SAMPLE).read_text("utf-8").partition("0: kd> dd 863c1774")[0]

    target = pasted(text)
    area = control_area(target, 0x863C1758)
    _, out, _ = run(capsys, str(tmp_path / "pasted.txt"), "ca", "863c1758", "--explain")
    _, compact, _ = run(capsys, str(tmp_path / "pasted.txt"), "ca", "863c1758", "8")

    assert (area.kind, area.deletion.state, area.deletion.waiters) == ("unknown", "unknown", 0)
    assert "u and FilePointer can't be read, so what backs this section is not known." in " ".join(out.split())
    assert "Whether it is being deleted is not known, since u can't be read; 0 wait for it." in " ".join(out.split())
    assert "page file" not in out.partition("prototype PTEs")[0]
    assert compact.splitlines()[0].endswith("Views 1  unknown  ????")


def test_a_file_may_be_behind_it_as_data_or_as_an_image(
    pasted: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = Path(SAMPLE).read_text("utf-8").replace("863c1774  00000080", "80001000  00000080")
    text += "kd> dd 863c17bc l1\n863c17bc  00000000\n"

    area = control_area(pasted(text), 0x863C1758)
    _, out, _ = run(capsys, str(tmp_path / "pasted.txt"), "ca", "863c1758", "--explain")

    assert (area.kind, area.FilePointer) == ("unknown", 0x8750EF80)
    assert area.subsections[0].file_offset == Absent(
        "whether the section is an image, which counts in other sectors, is not known"
    )
    assert "FilePointer leads to 8750ef80; whether this is its data or image is not known." in " ".join(out.split())


def test_elements_of_arrays(pasted: Any) -> None:
    target = pasted(
        "0: kd> dt -a nt!_DRIVER_OBJECT 80001000 \n   +0x000 Type : 0n4\n"
        "   +0x02c DriverInit : 0x80003000     long  x!y+0\n"
        "   +0x038 MajorFunction : [28]\n    [00] 0x80004000     long  nt!IopInvalidDeviceRequest+0\n"
        "    [01] 0x80005000     long  nt!IopInvalidDeviceRequest+0\n"
    )

    assert target.memory.read(0x80001038, 8).hex() == "0040008000500080"


def test_names_of_processes_are_bytes_up_to_their_end(pasted: Any) -> None:
    target = pasted('kd> dt nt!_EPROCESS 80001000\n   +0x16c ImageFileName : [15]  "explorer.exe"\n')

    place = 0x8000116C
    assert target.profile.match.text.startswith("agrees with the structure")
    assert target.memory.read(place, 13) == b"explorer.exe\0"
    assert list(target.memory.runs()) == [(place, place + 13)]


def test_a_text_with_other_layouts_than_any_kernel_has_its_own(pasted: Any) -> None:
    """Addresses, links and characters say how wide they are; a number does not."""
    text = "kd> dt mydriver!_MY_DEVICE 80001000\n   +0x000 Next : 0x80002000 _MY_DEVICE\n   +0x004 Count : 0x40\n"
    text += "   +0x008 Name : 0x41 'A'\n   +0x00c Links : _LIST_ENTRY [ 0x80003000 - 0x80004000 ]\n   +0x014 End : 3\n"

    target = pasted(text)
    device = target.object("_MY_DEVICE", 0x80001000)

    assert target.profile == Absent("nothing here says which kernel it is; --types NAME does")
    assert target.remarks == (
        "types: nothing here says which kernel it is; --types NAME does; these are the text's own",
    )
    assert (int(device.Next), int(device.Name), int(device.Links.Blink)) == (0x80002000, 0x41, 0x80004000)
    assert device.Count == Absent(
        "80001004: the text does not hold it (line 3 shows Count: 0x40, a value of unknown width, there)"
    )


def test_a_command_that_needs_what_the_listing_lacks(
    pasted: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pasted("kd> dt nt!_FILE_OBJECT 80001000\n   +0x000 Type : 0n5\n   +0x777 Nowhere : 0x80002000 Void\n")

    status, out, err = run(capsys, str(tmp_path / "pasted.txt"), "fileobj", "80001000")

    assert (status, out) == (4, "")
    assert "_FILE_OBJECT has no member " in err
    assert "in the dt listings of the text; --types NAME brings other types" in err


def test_a_listing_of_the_types_says_how_wide_numbers_are(pasted: Any) -> None:
    text = "kd> dt mydriver!_MY\n   +0x000 A : Uint2B\n   +0x004 B : Int4B\n\n"
    text += "kd> dt mydriver!_MY 80001000\n   +0x000 A : 0x40\n   +0x004 B : 0n-2\n"

    target = pasted(text)

    assert list(target.memory.runs()) == [(0x80001000, 0x80001002), (0x80001004, 0x80001008)]
    assert (target.object("_MY", 0x80001000).A, target.object("_MY", 0x80001000).B) == (0x40, -2)


def test_somebodys_word_on_the_types_goes_first(pasted: Any) -> None:
    text = "kd> dt nt!_SEGMENT aeb311a8\n   +0x000 ControlArea : 0x863c1758 _CONTROL_AREA\n"
    text += "kd> dt x!_MINE 80001000\n   +0x000 Next : 0x80002000 _MINE\n"

    target = pasted(text, types="nt/win81u1-x86")

    assert target.profile.name == "nt/win81u1-x86"
    assert target.types.name == "nt/win81u1-x86"
    assert target.remarks == ()
    assert int(target.object("_SEGMENT", 0xAEB311A8).ControlArea) == 0x863C1758
    assert int(target.object("_MINE", 0x80001000).Next) == 0x80002000  # the text's own, which that kernel lacks


# The machine


def test_what_the_text_says_of_the_machine(pasted: Any) -> None:
    target = pasted(
        "0: kd> vertarget\nWindows 7 Kernel Version 7601 (Service Pack 1) MP (4 procs) Free x64\n"
        "Built by: 7601.17514.amd64fre.win7sp1_rtm.101119-1850\n"
        "Kernel base = 0xfffff800`02a5c000 PsLoadedModuleList = 0xfffff800`02ca1e90\n\n"
        "0: kd> lm\nstart             end                 module name\n"
        "fffff800`02a5c000 fffff800`03046000   nt         (pdb symbols)\n"
        "fffff880`01000000 fffff880`01010000   mydriver   (no symbols)\n\n"
        "Unloaded modules:\nfffff880`02000000 fffff880`02010000   gone.sys\n\n"
        "0: kd> .bugcheck\nBugcheck code 000000D1\n"
        "Arguments 00000000`00000008 00000000`00000002 0 fffff880`01001234\n\n"
        "0: kd> r\nrax=0000000000000001 rbx=0000000000000002 rcx=0000000000000003\n"
        "rip=fffff88001001234 rsp=fffff88002f0a000 rbp=0000000000000000\n"
        "iopl=0         nv up ei pl zr na po nc\n\n"
        "0: kd> !thread\nTHREAD fffffa8003a3c060  Cid 0004.0028  Teb: 0000000000000000 Win32Thread: 0000000000000000 "
        "RUNNING on processor 0\nOwning Process            fffffa8003a1b040       Image:         System\n\n"
        "0: kd> dq fffff880`02f0a000 l1\nfffff880`02f0a000  00000000`00000001\n"
    )
    header = target.dump.header

    assert (target.machine.name, header.MinorVersion, header.NumberProcessors) == ("x64", 7601, 4)
    assert (header.BugCheckCode, header.BugCheckParameters) == (0xD1, (8, 2, 0, 0xFFFFF88001001234))
    assert header.PsLoadedModuleList == 0xFFFFF80002CA1E90
    assert target.modules.locate(0xFFFFF88001001234) == "mydriver+0x1234"
    assert target.modules.kernel is not None
    assert [m.name for m in target.dump.unloaded] == ["gone.sys"]
    assert (target.dump.thread, target.process) == (0xFFFFFA8003A3C060, 0xFFFFFA8003A1B040)
    assert target.registers["rsp"] == 0xFFFFF88002F0A000
    assert target.profile.build == 7601
    assert header.SystemTime == Absent("the file has no dump header")


@pytest.mark.parametrize("words", [["lm"], ["lmv"], ["lm", "1m"], ["lm", "m", "nt"]])
def test_a_text_without_modules(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "pasted.txt"
    path.write_text("0: kd> dd 82a3b000\n82a3b000  00000001 00000002 00000003 00000004\n")
    status, out, err = run(capsys, str(path), *words)

    assert (status, out) == (3, "")
    assert err == "dumpwalk: the text lists no modules: a listing of `lm` in it would say where they are\n"


def test_modules_as_far_as_the_text_shows_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of `lm` names and places are known; that a time stamp is missing is not said of what the text does not show."""
    path = tmp_path / "pasted.txt"
    path.write_text(
        "0: kd> lm\nstart    end        module name\n82a3b000 82e4d000   nt         (pdb symbols)\n"
        "8a000000 8a010000   example    (no symbols)\n\n0: kd> lmvm example\nstart    end        module name\n"
        "8a000000 8a010000   example    (no symbols)\n    Image name: example.sys\n"
        "    Timestamp:        unavailable (00000000)\n    CheckSum:         00000000\n\n"
        "0: kd> dd 82a3b000\n82a3b000  00000001 00000002 00000003 00000004\n"
    )
    rows = run(capsys, str(path), "lm")[1].splitlines()[1:3]
    _, out, _ = run(capsys, str(path), "lmvm", "nt")
    document = json.loads(run(capsys, str(path), "lm", "--json")[1])
    stamps = [listed["module"]["timestamp"] for listed in document["list"]["modules"]]

    assert [row.split()[2:] for row in rows] == [["nt", "(no", "symbols)"], ["example", "T", "(no", "symbols)"]]
    assert "    Timestamp:        ????\n    CheckSum:         ????\n    ImageSize:        00412000\n" in out
    assert stamps == [{"absent": "the text does not show it"}, "0x0"]
    assert_promised("lm", document)


def test_triage_of_what_a_text_says(pasted: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pasted("kd> dd 80001000\n80001000  1\nBugCheck D1, {8, 2, 0, 80001234}\n80001000  11111111 22222222\n")

    status, out, _ = run(capsys, str(tmp_path / "pasted.txt"), "triage")

    assert status in (0, 1)
    assert "DRIVER_IRQL_NOT_LESS_OR_EQUAL" in out


def test_a_jtag_listing_is_of_no_debugger_of_windows(pasted: Any) -> None:
    text = "(8) eip (/32): 0x0000FFF0\n(32) cr0 (/32): 0x8005003B\n\n"

    target = pasted(text + "kd> dq fffff880`02f0a000 l1\nfffff880`02f0a000  00000000`00000001\n")

    assert target.registers == {}
    assert target.machine.name == "x64"


# What is no such text


def test_a_text_without_memory_says_what_to_do(pasted: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = f"{tmp_path / 'pasted.txt'}: pasted text; no listing in it shows memory; try `dumpwalk log`"

    with pytest.raises(FormatError) as error:
        pasted("Hello, what is this?\nkd> dt nt!_SEGMENT\n   +0x000 ControlArea : Ptr32 _CONTROL_AREA\n")

    assert str(error.value) == said
    assert run(capsys, str(tmp_path / "pasted.txt"), "ca", "1000") == (3, "", f"dumpwalk: {said}\n")


@pytest.mark.parametrize("content", [b"MZ\x90\0" * 64, b"\0" * 4096, b"PAGEDU63" + b"\1\2\3" * 99, b"kd> dd\0\1\2\3"])
def test_what_is_no_text_keeps_its_error(content: bytes, pasted: Any) -> None:
    with pytest.raises(FormatError, match="not a crash dump"):
        pasted(content)


def test_a_damaged_dump_keeps_its_error(pasted: Any) -> None:
    with pytest.raises(FormatError, match="cut inside its header"):
        pasted(b"PAGEDU64 is how a dump begins\nkd> dd 80001000\n80001000  11111111\n")


def test_options_of_images_make_no_sense(pasted: Any) -> None:
    text = "kd> dd 80001000\n80001000  11111111 22222222\n"

    with pytest.raises(UsageError, match="pasted text has no page tables that --dtb could choose from"):
        pasted(text, dtb=0x1000)
    assert pasted(text, raw=True).dump.shown_types is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_encodings(encoding: str, pasted: Any) -> None:
    text = "Grüße\r\nkd> dd 80001000\r\n80001000  11111111 22222222\r\n"

    assert pasted(text.encode(encoding)).memory.read(0x80001004, 4) == b'""""'


def test_text_is_told_by_its_beginning() -> None:
    assert is_text(b"")
    assert is_text(b"\x1b[31mred\x1b[0m " * 4 + b"plain " * 100)
    assert not is_text(bytes(range(256)))
