"""Lines without what mails, pages and consoles did to them; nothing is lost and odd bytes are named."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dumpwalk import transcript
from dumpwalk.errors import FormatError
from dumpwalk.transcript.lines import Lines


def clean(text: str) -> list[str]:
    return list(Lines.of_text(text))


def of_bytes(data: bytes, tmp_path: Path) -> tuple[list[str], list[str]]:
    file = tmp_path / "log.txt"
    file.write_bytes(data)
    lines = Lines.of_file(str(file))
    return list(lines), [str(p) for p in lines.problems]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a\r\nb\r\n", ["a", "b"]),
        ("a\r\r\nb", ["a", "b"]),
        ("a\rb\r", ["a", "b"]),
        ("a\xa0b\u200bc", ["a bc"]),
        ("&gt;[ 3,0] &lt;x&gt; &nbsp;&amp;&#39;&bogus;", [">[ 3,0] <x>  &'&bogus;"]),
        ("a\tb", ["a       b"]),
        ("> 0: kd> k\n> nt!A\n", ["0: kd> k", "nt!A"]),
        ("> > 0: kd> k\n> > nt!A\n", ["0: kd> k", "nt!A"]),
        (">[ e, 0]   5  0\n [ 3,34]", [">[ e, 0]   5  0", " [ 3,34]"]),
        ("//   kd> .bugcheck\n//   Arguments 1\n", ["  kd> .bugcheck", "  Arguments 1"]),
        (" # Child-SP\n00 x", [" # Child-SP", "00 x"]),
        ("# a\n# b\n", ["a", "b"]),
        ("* a *\n* b *", ["* a *", "* b *"]),
        ("", []),
        ("\n\n", ["", ""]),
    ],
)
def test_cleaning(text: str, lines: list[str]) -> None:
    assert clean(text) == lines


def test_form_feeds_and_odd_separators_end_no_line() -> None:
    assert len(clean("a\x0bb\x0cc\x1cd\u2028e\x85f")) == 1


def test_encodings(tmp_path: Path) -> None:
    text = "0: kd> k\r\nnt!A\r\n"

    assert of_bytes(text.encode("utf-16"), tmp_path) == (["0: kd> k", "nt!A"], [])
    assert of_bytes(text.encode("utf-16-le"), tmp_path) == (["0: kd> k", "nt!A"], [])
    assert of_bytes(text.encode("utf-16-be").join([b"\xfe\xff", b""]), tmp_path) == (["0: kd> k", "nt!A"], [])
    assert of_bytes(text.encode("utf-8-sig"), tmp_path) == (["0: kd> k", "nt!A"], [])


def test_mixed_encodings_are_named(tmp_path: Path) -> None:
    lines, problems = of_bytes("é\n".encode() + b"\xe9\n" + b"ok\n", tmp_path)

    assert lines == ["é", "é", "ok"]
    assert problems == ["line 2: it is not UTF-8; read as Windows-1252"]


def test_bytes_that_are_no_text_are_named_once_too_often() -> None:
    lines = Lines.of_text("ok\n" + "\x00\x01\n" * 100)

    assert len(list(lines)) == 101
    assert [str(p) for p in lines.problems][:1] == ["line 2: it holds bytes that are no text"]
    assert len(lines.problems) == 17


def test_a_missing_file() -> None:
    with pytest.raises(FormatError, match=r"nowhere\.txt: No such file"):
        list(Lines.of_file("nowhere.txt"))


def test_pieces_and_wholes_read_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dumpwalk.transcript.lines._CHUNK", 1 << 16)  # a quarter of a megabyte has several pieces
    text = "0: kd> k\n" + "".join(f"{n:02x} nt!Function{n}\n" for n in range(200)) * 100
    file = tmp_path / "log.txt"
    file.write_text(text, "utf-8")

    whole, piecewise = transcript.parse(text), transcript.parse_file(str(file))

    assert whole.blocks == piecewise.blocks
    assert whole.lines == piecewise.lines == 20001


@given(st.text(alphabet="ab>/ #*;\n\r\t&;lt\xa0\x00é0: kd", max_size=200))
def test_as_many_lines_as_an_editor_counts(text: str) -> None:
    whole = text.replace("\r\r\n", "\n").replace("\r\n", "\n")
    if "\n" not in whole:
        whole = whole.replace("\r", "\n")
    whole = whole.removesuffix("\n") if text else text

    assert len(clean(text)) == (whole.count("\n") + 1 if text else 0)
