"""Names of Win32 errors and HRESULTs. The witnesses are lines that Windows and debuggers printed."""

from __future__ import annotations

import pytest

from dumpwalk import resources
from dumpwalk.bugchecks.ntstatus import code_name, exception_code, status_value
from dumpwalk.bugchecks.win32_errors import hresult, win32_error


@pytest.mark.parametrize(
    ("number", "name"),
    [
        # "System error 1450 has occurred", "error 126", as net.exe and loaders print them
        (1450, "ERROR_NO_SYSTEM_RESOURCES"),
        (126, "ERROR_MOD_NOT_FOUND"),
        (10061, "WSAECONNREFUSED"),
        (0, None),
        (-1, None),
        (0x10000, None),
        (65000, None),
    ],
)
def test_win32(number: int, name: str | None) -> None:
    assert win32_error(number) == name


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (0x80004005, "80004005 E_FAIL"),
        (0x80070005, "80070005 E_ACCESSDENIED"),
        (0x80070002, "80070002 HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND)"),
        (0x8007FFFF, None),
        (0xD0000022, "d0000022 HRESULT_FROM_NT(STATUS_ACCESS_DENIED)"),
        (0x00000001, None),
        (0x1_80004005, None),
        (0x8048DC9F, None),
    ],
)
def test_hresult(number: int, name: str | None) -> None:
    assert hresult(number) == name


def test_both_ways_to_a_name_agree() -> None:
    codes = [
        int(line[2:10], 16)
        for line in resources.read("dumpwalk.bugchecks", "ntstatus.txt").decode().splitlines()
        if line.startswith("0x")
    ]

    assert len(codes) > 1500
    for code in (*codes, 0xE06D7363, 0xC0FFEE00, 0x80123456):
        assert code_name(code) == exception_code(code)
    for name, value in (
        ("STATUS_WAIT_0", 0),
        ("STATUS_SUCCESS", 0),
        ("STILL_ACTIVE", 0x103),
        ("STATUS_PENDING", 0x103),
    ):
        assert status_value(name) == value
