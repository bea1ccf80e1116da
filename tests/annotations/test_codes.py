"""Codes that a text mentions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dumpwalk.annotations.codes import codes_in, may_mention, remarks_in
from dumpwalk.kernel.pitfalls import pitfalls


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("fails with ( C0000005 ) error", ["c0000005 STATUS_ACCESS_VIOLATION"]),
        ("0xc0000022, again 0xC0000022", ["c0000022 STATUS_ACCESS_DENIED"]),
        ("APC_INDEX_MISMATCH (1)", ["APC_INDEX_MISMATCH (1)"]),
        ("at c0000005`00000000 and 12c0000005", []),
        ("80000003", ["80000003 STATUS_BREAKPOINT"]),
        ("SOME_OTHER_NAME (5)", []),
        ("returns STATUS_PENDING.", ["00000103 STATUS_PENDING"]),
        (
            "STATUS_ACCESS_DENIED (0xC0000022), STATUS_PENDING",
            ["c0000022 STATUS_ACCESS_DENIED", "00000103 STATUS_PENDING"],
        ),
        ("STATUS_NO_SUCH_NAME", []),
        ("0x80070005", ["80070005 E_ACCESSDENIED"]),
        ("hr=80070002", ["80070002 HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND)"]),
        ("0xd0000022", ["d0000022 HRESULT_FROM_NT(STATUS_ACCESS_DENIED)"]),
        ("80070005 is in the loader", []),
        ("GetLastError() returned 5, so", ["Win32 error 5 ERROR_ACCESS_DENIED"]),
        ("LastErrorValue: (Win32) 0x7e (126) - not found", ["Win32 error 126 ERROR_MOD_NOT_FOUND"]),
        ("System error 1450 has occurred.", ["Win32 error 1450 ERROR_NO_SYSTEM_RESOURCES"]),
        ("error 5", []),
        ("Win32 error 5.1", []),
        ("Win32 error 65000", []),
        ("MajorFunction = 0x12", ["MajorFunction 0x12: IRP_MJ_CLEANUP"]),
        ("major function 0xe.", ["major function 0xe: IRP_MJ_DEVICE_CONTROL"]),
        ("MajorFunction 0x77", []),
        ("", []),
    ],
)
def test_codes(text: str, titles: list[str]) -> None:
    assert [a.title for a in codes_in(text)] == titles


def test_a_name_that_contradicts_its_number() -> None:
    (found,) = codes_in("fails with STATUS_ACCESS_DENIED ( C0000005 ) error")

    assert found.title == "c0000005 STATUS_ACCESS_VIOLATION"
    assert found.text == "STATUS_ACCESS_DENIED, which the text names, is c0000022"
    assert next(iter(codes_in("STATUS_ACCESS_VIOLATION (c0000005)"))).text == "invalid memory access"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("the thread is in WrLpcReply", ["WrLpcReply"]),
        ("WrNothing, Write, Wr", []),
        ("Pooltag Ntfx", ["Ntfx"]),
        ('the pool tag is "MmCa"', ["MmCa"]),
        ("the pool tag that we saw", []),
        ("Pooltag Qzqz", []),
        ("ExInterlockedPopEntrySList is safe", ["slist-aba"]),
        ("FltGetFileNameInformationUnsafe() faults", ["unsafe-name-query"]),
        ("PsGetCurrentProcess() in IRP_MJ_CLEANUP", ["kernel-handle-close"]),
        ("PsGetCurrentProcess() in IRP_MJ_CREATE", []),
        ("the array lacks IRP_MJ_OPERATION_END", ["operation-end"]),
        ("IopDisassociateThreadIrp was called", ["thread-exit"]),
        ("a BeingDeleted control area", ["control-area-deletion"]),
    ],
)
def test_what_a_line_mentions(text: str, names: list[str]) -> None:
    assert [a.name for a in remarks_in(text, 3)] == names
    assert all(a.line == 3 for a in remarks_in(text, 3))
    assert may_mention(text) or not names


@given(st.text(alphabet="0x8cCdDSTAUpool tagWrIRP_MJ=:'\"()hr Eero5", max_size=80))
def test_nothing_is_missed_by_the_first_look(text: str) -> None:
    assert may_mention(text) or not list(remarks_in(text))


def test_each_word_of_a_pitfall_has_a_sign() -> None:
    for pitfall in pitfalls().values():
        for words in pitfall.mentions:
            assert may_mention(" ".join(words))
