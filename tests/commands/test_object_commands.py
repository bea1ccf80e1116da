"""The commands object, handle and objtypes: arguments, damage, hostile names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from images import file_of

from dumpwalk.cli import main

SAMPLES = Path(__file__).parents[2] / "samples"
HEAD = "dump full x64\nprofile nt/19041.3570-x64\nobject-manager\nthread 4.8 State=Running\n"


def run(capsys: pytest.CaptureFixture[str], *words: str, sample: str = "objects_x64", status: int = 0) -> str:
    found = main(["-z", str(SAMPLES / f"{sample}.dmp"), *words])
    out = capsys.readouterr()

    assert found == status, out
    return out.out + out.err


def made(text: str) -> str:
    return file_of(HEAD + text)


@pytest.mark.parametrize(
    "words", [("object", "@$proc", "1"), ("!object", "@$proc", "1"), ("object", "poi(nt!PsInitialSystemProcess)", "1")]
)
def test_addresses_are_expressions(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert "Process\n    ObjectHeader: ffffb80f1200a010 (new version)\n" in run(capsys, *words)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("object", "\\Nothing"), "no Nothing in \\"),
        (("object", "0"), "of which type?"),
        (("object", "0", "Evnt"), "no object type Evnt; there are"),
        (("handle", "1", "2", "3", "4", "5"), "one word too many: '5'"),
        (("handle", "0", "3", "9990"), "no process 9990"),
        (("handle", "0", "3", "344", "file"), "no object type file; there are Device, Directory"),
        (("object", "@$proc", "zz"), "zz"),
    ],
)
def test_words_that_make_no_sense(words: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-z", str(SAMPLES / "objects_x64.dmp"), *words]) == 2
    assert message in capsys.readouterr().err


def test_they_need_a_dump(capsys: pytest.CaptureFixture[str]) -> None:
    for name in (("object", "1"), ("handle",), ("objtypes",)):
        assert main([*name]) == 2
    assert "-z FILE" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [("0", "3", "344"), ("-1", "3", "344"), ("0xffffffff", "3", "0x344"), ("0", "3", "ffffb80f`1200b040")]
)
def test_all_handles_of_a_process(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    text = run(capsys, "handle", *words)

    assert [line[:5] for line in text.splitlines() if ": Object:" in line] == [
        "0004:",
        "0008:",
        "000c:",
        "0010:",
        "0404:",
    ]


def test_flags(capsys: pytest.CaptureFixture[str]) -> None:
    plain = run(capsys, "handle", "8", "1", "344")
    free = run(capsys, "handle", "0", "4", "344")

    assert "ObjectHeader" not in plain
    assert free.count("free handle, Entry address") == 512 - 5
    assert "Kernel handle table at" in run(capsys, "handle", "4", "13", "344")
    # A kernel handle says so itself, and ffffffff`80000004 is the one that 4 is in the kernel's table.
    assert "0004: Object: ffffb80f1200b040" in run(capsys, "handle", "ffffffff`80000004", "1", "344")


def test_a_handle_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    text = run(capsys, "handle", "4d0f29e0", "3", "344", status=1)

    assert "Invalid Handle: 0x4d0f29e0" in text
    assert "(handle 4d0f29e0: the table has no room for the handle 0x4d0f29e0)" in text.replace(
        "0x4d0f29e0:", "4d0f29e0:"
    )


def test_a_process_that_has_ended(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["-z", made('process 344 "gone.exe" ObjectTable=0\n'), "handle", "0", "3", "344"])
    text = capsys.readouterr().out

    assert status == 1
    assert "ObjectTable: 00000000  HandleCount:   0." in text
    assert "(table: it has no handle table: it has ended)" in text


def test_hostile_names(capsys: pytest.CaptureFixture[str]) -> None:
    r"""ESC [2J clears a terminal, U+202E turns what follows around, a line feed makes a line of its own."""
    event = 0xFFFFB80F45670060
    text = f'object "\\B\\evil" Event as evil at {event:x}\nprocess 344 "x" as x\nhandle 344 4 to evil\n'
    text += "block ffffb80f45680000 bytes 1b 00 5b 00 32 00 4a 00 2e 20 0a 00\n"
    text += "struct _OBJECT_HEADER_NAME_INFO at ffffb80f45670010 Name.Length=c Name.Buffer=ffffb80f45680000\n"
    file = made(text)
    for words in (("object", f"{event:x}"), ("object", r"\B"), ("handle", "4", "3", "344"), ("object", "0", "Event")):
        main(["-z", file, *words])
        out = capsys.readouterr().out

        assert r"Name: \x1b[2J\u202e\n" in out or r"Event         \x1b[2J\u202e\n" in out
        assert "\x1b" not in out
        assert "\u202e" not in out


def test_a_hostile_word_is_repeated_printably(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-z", str(SAMPLES / "objects_x64.dmp"), "handle", "0", "3", "344", "\x1b[2J"]) == 2
    assert capsys.readouterr().err.startswith("dumpwalk: no object type \\x1b[2J; there are Device, ")


def test_a_type_without_objects(capsys: pytest.CaptureFixture[str]) -> None:
    text = run(capsys, "object", "0", "Device", sample="apc_index_mismatch_full")

    assert text == "no object of that type was found\n"


def test_explain_without_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    text = run(capsys, "object", "8750ef80", "-v", sample="file_mapping_x86")

    assert "        type = 86000a58\n        (worked out from" in text


def test_explain_a_pointer(capsys: pytest.CaptureFixture[str]) -> None:
    """Windows XP: there is nothing to work out."""
    file = file_of('dump full x86\nprofile nt/xpsp3-x86\nobject-manager\nobject "\\x" Event at 86345068\n')
    status = main(["-z", file, "object", "86345068", "-v"])
    text = capsys.readouterr().out

    assert status == 0
    assert text.splitlines()[1] == "    ObjectHeader: 86345050"
    assert "        pointer at 86345058 = " in text


def test_nothing_is_known_of_a_small_dump(capsys: pytest.CaptureFixture[str]) -> None:
    """It has the thread, and nothing of what stands before it."""
    text = run(capsys, "object", "@$thread", sample="apc_index_mismatch", status=1)

    assert text.startswith("ffffc5006e6da080: Not a valid object (ObjectType invalid)\n(type, type_name: ")
    assert "(object types: no type of objects could be found)" in run(
        capsys, "objtypes", sample="apc_index_mismatch", status=1
    )
    run(capsys, "handle", sample="apc_index_mismatch", status=1)


def test_a_wrong_cookie_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    file = made("symbol ObHeaderCookie 55 size 4\n")
    for words in (("object", "@$proc"), ("handle", "0", "3", "4"), ("objtypes",)):
        assert main(["-z", file, *words]) == 1
        assert "(object types: by symbols (cookie 0x55) " in capsys.readouterr().out


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(run(capsys, "handle", "8", "3", "344", "--json"))
    (table,) = document["tables"]
    (handle,) = table["handles"]

    assert handle["entry"] == {
        "handle": "0x8",
        "entry": "0xffffb80f1201b020",
        "object": "0xffffb80f1200bca0",
        "GrantedAccess": "0x1f0003",
        "Attributes": 2,
        "next_free": None,
    }
    assert (handle["object"]["type_name"], handle["object"]["name"]) == ("Event", "example_ready")


def test_types_before_7(capsys: pytest.CaptureFixture[str]) -> None:
    """They are in the list of the type Type, which the debugger data block leads to."""
    file = file_of("dump full x64\nprofile nt/vistasp2-x64\nobject-manager\n")
    status = main(["-z", file, "objtypes"])
    text = capsys.readouterr().out

    assert status == 0
    assert text.startswith("Index Address          Tag ")
    assert len(text.splitlines()) == 17
