"""Bug checks decoded: any code, any parameters, and the cases that need code."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dumpwalk.bugchecks import BugCheck, decode, table
from dumpwalk.memory.address import Address, Address32, Hex
from dumpwalk.memory.machine import MACHINES
from dumpwalk.remarks import Absent
from dumpwalk.render.bugcheck import layout

X86, X64, ARM64 = MACHINES[0x014C], MACHINES[0x8664], MACHINES[0xAA64]
ONES = 0xFFFFFFFFFFFFFFFF


def located(address: int) -> str | None:
    return f"driver+{address - 0xFFFFF80010000000:#x}" if 0 <= address - 0xFFFFF80010000000 < 0x10000 else None


def sound(bugcheck: BugCheck) -> None:
    """What holds of every answer."""
    assert len(bugcheck.parameters) == 4
    assert bugcheck.name or isinstance(bugcheck.name, Absent)
    assert all(p.meaning and p.kind for p in bugcheck.parameters)
    assert all(isinstance(p.value, (Hex, Absent)) for p in bugcheck.parameters)
    assert "\n" not in "".join(bugcheck.explanation)
    assert max(map(len, layout(bugcheck).splitlines())) <= 120


@pytest.mark.parametrize("code", table.codes(), ids=hex)
def test_every_code_decodes(code: int) -> None:
    entry = table.find(code)
    assert entry is not None
    for parameters, machine in (((), None), ((0,) * 4, X64), ((ONES,) * 4, ARM64), ((ONES,) * 4, X86), ((1,), None)):
        bugcheck = decode(code, parameters, machine, 19041)

        sound(bugcheck)
        assert bugcheck.raw_code == code
        assert bugcheck.name == entry.name


@pytest.mark.parametrize("code", [c for c in table.codes() if getattr(table.find(c), "tables", ())], ids=hex)
def test_every_case_is_found_by_its_selector(code: int) -> None:
    entry = table.find(code)
    assert entry is not None
    for found in entry.tables:
        for row in found.rows:
            parameters = [0, 0, 0, 0]
            for term in f"{found.condition} {row.condition.replace('value', found.value or 'p1')}".split():
                left, _, right = term.partition("=")
                if left[:1] == "p" and left[1:2].isdigit():
                    parameters[int(left[1]) - 1] = int(right.split(",")[0].partition("-")[0], 16)
            bugcheck = decode(code, parameters, X64)

            sound(bugcheck)
            if row.condition.startswith("p"):
                said = " ".join(bugcheck.explanation).lower()
                assert row.meaning.split(" ")[0].lower() in said


@given(
    st.integers(0, 0xFFFFFFFF) | st.sampled_from(table.codes()),
    st.lists(st.integers(0, ONES) | st.integers(0, 0x20), max_size=4),
    st.sampled_from([None, *MACHINES.values()]),
    st.none() | st.integers(0, 30000),
)
def test_anything_decodes(code: int, parameters: list[int], machine: object, build: int | None) -> None:
    sound(decode(code, parameters, machine, build, located))  # type: ignore[arg-type]


def test_a_fault_is_told_in_one_sentence() -> None:
    bugcheck = decode(0xD1, (8, 2, 1, 0xFFFFF80010001234), X64, 19041, located)

    assert [p.kind for p in bugcheck.parameters] == ["address", "irql", "access", "instruction"]
    assert [p.decoded for p in bugcheck.parameters] == [
        "null pointer plus 0x8",
        "DISPATCH_LEVEL",
        "write",
        "driver+0x1234",
    ]
    assert bugcheck.explanation == (
        "The instruction at fffff800`10001234 (driver+0x1234) wrote to 00000000`00000008 (null pointer plus 0x8) "
        "at IRQL 2 (DISPATCH_LEVEL).",
    )


def test_addresses_have_the_width_of_the_machine() -> None:
    wide = decode(0xA, (0, 2, 0, 0xFFFFF80010001234), X64).parameters
    narrow = decode(0xA, (0, 2, 0, 0xFFFFFFFF80512345), X86).parameters
    guessed = decode(0xA, (0, 2, 0, 0x80512345)).parameters

    assert [type(p.value) for p in wide] == [Address, Hex, Hex, Address]
    assert [type(p.value) for p in narrow] == [Address32, Hex, Hex, Address32]
    assert narrow[3].value == 0x80512345
    assert guessed == narrow


@pytest.mark.parametrize(
    ("code", "name", "base"),
    [
        (0x1000007E, "SYSTEM_THREAD_EXCEPTION_NOT_HANDLED_M", 0x7E),
        (0x1000008E, "KERNEL_MODE_EXCEPTION_NOT_HANDLED_M", 0x8E),
        (0x100000EA, "THREAD_STUCK_IN_DEVICE_DRIVER_M", 0xEA),
        (0x10000050, "PAGE_FAULT_IN_NONPAGED_AREA_M", 0x50),
        (0x100000D1, "DRIVER_IRQL_NOT_LESS_OR_EQUAL", 0xD1),
        (0xC0000218, "STATUS_CANNOT_LOAD_REGISTRY_FILE", 0xC0000218),
        (0xD000021A, "WINLOGON_FATAL_ERROR", 0xC000021A),
        (0xDEADDEAD, "MANUALLY_INITIATED_CRASH1", 0xDEADDEAD),
    ],
)
def test_bit_28(code: int, name: str, base: int) -> None:
    bugcheck = decode(code, (0xC0000005, 1, 2, 3))

    assert (bugcheck.code, bugcheck.raw_code, bugcheck.name) == (base, code, name)
    assert any("bit 28" in s for s in bugcheck.explanation) is (code in (0x10000050, 0x100000D1, 0xD000021A))


def test_same_as_supplies_the_parameters() -> None:
    assert decode(0x1000007E, (0xC0000005, 1, 2, 3)).parameters == decode(0x7E, (0xC0000005, 1, 2, 3)).parameters


@pytest.mark.parametrize(
    ("code", "reason", "sentence"),
    [
        (0, "code 0 is no bug check", None),
        (0xA0000001, "bit 29", None),
        (0x22222222, "bit 29", None),
        (0x0BADC0DE, "no public documentation", None),
        (0x5454414D, "no public documentation", "'MATT'"),
        (0xC0000005, "no public documentation", "STATUS_ACCESS_VIOLATION"),
    ],
)
def test_unknown_codes(code: int, reason: str, sentence: str | None) -> None:
    bugcheck = decode(code, (1, 2, 3, 4))

    assert bugcheck.code == bugcheck.raw_code == code
    assert isinstance(bugcheck.name, Absent)
    assert reason in bugcheck.name.reason
    assert [p.value for p in bugcheck.parameters] == [1, 2, 3, 4]
    assert sentence is None or sentence in " ".join(bugcheck.explanation)


def test_a_code_with_only_a_name_says_so() -> None:
    bugcheck = decode(0x83, (1, 2, 3, 4))

    assert bugcheck.name == "OFS_FILE_SYSTEM"
    assert isinstance(bugcheck.meaning, Absent)
    assert {p.meaning for p in bugcheck.parameters} == {"not documented"}


def test_missing_parameters_are_absent_not_zero() -> None:
    bugcheck = decode(0x9F, (3,))

    assert bugcheck.parameters[0].value == 3
    assert [p.value for p in bugcheck.parameters[1:]] == [Absent("not given")] * 3
    assert bugcheck.parameters[3].meaning == "blocked IRP"


def test_without_parameters_the_cases_are_listed() -> None:
    bugcheck = decode(0x9F)

    assert all(p.value == Absent("not given") for p in bugcheck.parameters)
    assert any(s.startswith("parameter 1=0x3: a device object has sat on a power IRP") for s in bugcheck.explanation)
    assert decode(0x50).parameters[1].decoded == (
        "0x0 read, 0x2 write (x86/x64 since 1507), 0x10 execute (x86/x64 since 1507), 0x1 write (older, ARM), "
        "0x8 execute (ARM)"
    )


def test_a_case_that_nobody_documented() -> None:
    bugcheck = decode(0x9F, (0x77, 1, 2, 3))

    assert bugcheck.explanation == ("No documented case has parameter 1 = 0x77.",)
    assert bugcheck.parameters[1].meaning == "depends on parameter 1"
    assert bugcheck.headline == ""


def test_variants_by_the_parameters() -> None:
    def meanings(code: int, *parameters: int) -> list[str]:
        return [p.meaning for p in decode(code, parameters, X64).parameters]

    assert meanings(0x7A, 0xFFFFF6FC40000000, 0xC000000E, 0x12345, 0xFFFFF88000001000)[0] == "address of the PTE"
    assert meanings(0x7A, 4, 0, 0xFFFFFA8000001000, 0xFFFFF88000001000)[2] == "InPageSupport structure"
    assert meanings(0x7A, 1, 0xC000009D, 0, 0xFFFFF88000001000)[3] == "address that could not be paged in"
    assert meanings(0x77, 0xC000000E, 0xC000000E, 0, 0)[1] == "I/O status code"
    assert meanings(0x77, 1, 0, 0, 0)[3] == "address of the signature on the kernel stack"
    assert meanings(0x12B, 0xFFFFF88000001000, 5, 0, 0)[1] == "page frame number"
    assert meanings(0x12B, 3, 0x80, 0xFFFFF88000001000, 0xFFFFF88000002000)[3] == "target buffer"


def test_a_table_in_a_table() -> None:
    bugcheck = decode(0xFE, (8, 6, 10, 0), X64)

    assert bugcheck.parameters[2].decoded == "port-change machine not idle"
    assert decode(0x122, (6, 0xC0000001, 1, 4)).parameters[3].decoded == "PCI Express"
    assert decode(0x1F2, (0x1000, 8, 0xFFFFF80010000010, 0x1FA)).parameters[3].decoded == "whole cell invalid"
    assert decode(0xA5, (0x11, 7, 0, 0)).explanation[-1] == "Table checksum wrong."


def test_statuses_and_tags_are_named() -> None:
    assert decode(0x7A, (ONES - 7, 0xFFFFFFFFC000009C, 5, 6), X64).parameters[1].decoded == (
        "c000009c STATUS_DEVICE_DATA_ERROR"
    )
    assert decode(0xC2, (0xA, 0xFFFFFA8000001000, 0x20676154, 0x656E6F4E), X64).parameters[2].decoded == "'Tag '"
    assert decode(0xC8, (0x20001, 0, 0, 0)).parameters[0].decoded == (
        "IRQL was 2 (DISPATCH_LEVEL), expected 0 (PASSIVE_LEVEL); unique value 0x1"
    )
    assert decode(0x24, (0x1904FB, 0, 0, 0)).parameters[0].decoded == "source file 0x19, line 1275"
    assert decode(0x27, (0xBAAD0073, 0, 0, 0)).parameters[0].decoded == "exception filter, line 115"
    assert decode(0x20, (0, 0xFFFE, 0, 0)).parameters[1].decoded == ("-2: APCs were disabled 2 times more than enabled")


@pytest.mark.parametrize(
    ("access", "machine", "build", "said"),
    [
        (2, None, None, "write (x86/x64 since 1507)"),
        (2, X64, 19041, "write"),
        (0x10, X64, 10240, "execute"),
        (1, X64, 9600, "write"),
        (8, ARM64, 22000, "execute"),
        (1, X86, 2600, "write"),
        (8, X86, 7601, "execute"),
        (0x11, X64, 19041, "execute, forbidden by the page's protection"),
        (0x11, None, None, "execute, forbidden by the page's protection (x86/x64 since 1507)"),
        (0, None, None, "read"),
        (0x40, None, None, "not a documented value"),
        (8, None, None, "execute (older, ARM)"),
        (2, X64, 9600, "write, though not documented for this build"),
        (2, X64, None, "write (x86/x64 since 1507)"),
        (0x40, X64, 19041, "not a documented value"),
    ],
)
def test_access_of_page_fault_in_nonpaged_area(access: int, machine: object, build: int | None, said: str) -> None:
    bugcheck = decode(0x50, (0xFFFFF80020000000, access, 0, 2), machine, build)  # type: ignore[arg-type]

    verb = {"read": "read", "write": "wrote to", "execute": "executed", "not": "touched"}

    assert bugcheck.parameters[1].decoded == said
    assert bugcheck.explanation[-1].startswith(f"Something {verb[said.replace(',', '').split(' ')[0]]} ")


def test_fault_kind_of_page_fault_in_nonpaged_area_was_reserved_once() -> None:
    def fault(value: int, build: int | None) -> str | None:
        return decode(0x50, (0xFFFFF80020000000, 0, 0, value), X64, build).parameters[3].decoded

    assert fault(0, 7601) == fault(0, None) == "PTE of a freed page; reserved before Windows 10"
    assert fault(0, 19041) == "PTE of a freed page"
    assert fault(2, 7601) == "no active page table entry"


def test_an_access_violation_has_an_address() -> None:
    fault = decode(0x1E, (0xFFFFFFFFC0000005, 0xFFFFF80010000010, 1, 0x18), X64, 19041, located)
    protection = decode(0x1E, (0xFFFFFFFFC0000005, 0xFFFFF80010000010, 0, ONES), X64, 19041, located)
    breakpoint_ = decode(0x1E, (0xFFFFFFFF80000003, 0xFFFFF80010000010, 0, 0), X64)

    assert [p.kind for p in fault.parameters] == ["exception_code", "instruction", "access", "address"]
    assert fault.explanation[-1].startswith("The instruction at fffff800`10000010 (driver+0x10) wrote to")
    assert "general protection fault" in (protection.parameters[3].decoded or "")
    assert breakpoint_.parameters[3].kind == "exception_parameter"
    assert (breakpoint_.parameters[0].decoded or "").startswith("80000003 STATUS_BREAKPOINT")


def test_fast_fail_codes_go_beyond_the_documented_ones() -> None:
    listed = decode(0x139, (3, 0, 0, 0))
    header = decode(0x139, (64, 0, 0, 0))

    assert listed.parameters[0].decoded == (
        "FAST_FAIL_CORRUPT_LIST_ENTRY: LIST_ENTRY damaged (double remove, use after free)"
    )
    assert header.parameters[0].decoded == "FAST_FAIL_GUARD_ICALL_CHECK_FAILURE_XFG"
    assert header.explanation == ()
    assert decode(0x139, (0x1234, 0, 0, 0)).parameters[0].decoded is None


def test_machine_check_status() -> None:
    # Made after the bit layout in Intel's manual: VAL, UC, EN, PCC; compound code 0000_1000_1000_0001 (memory read).
    bugcheck = decode(0x124, (0, 0xFFFFE00012345028, 0xB2000000, 0x00010091), X64)
    arm = decode(0x124, (0, 0xFFFFE00012345028, 0xB2000000, 0x00010091), ARM64)

    assert (
        "MCi_STATUS is b200000000010091: valid; uncorrected; processor context is corrupt; "
        "error code 0x91: memory controller error (read), channel 1."
    ) in bugcheck.explanation
    assert not any("MCi_STATUS is" in s for s in arm.explanation)
    assert any("Pentium" in s for s in decode(0x9C, (4, 0, 0xB2000000, 0x151), X86).explanation)


def test_one_flipped_bit_in_a_page_table_entry() -> None:
    flipped = decode(0x1A, (0x41792, 0xFFFFF68000001000, 0x2000, 0), X64)
    garbage = decode(0x1A, (0x41792, 0xFFFFF68000001000, 0x2011, 0x80000000), X64)

    assert flipped.explanation[-1].startswith("Only bit 13 of it is set")
    assert garbage.explanation[-1] == "The page table entry holds 8000000000002011."


def test_a_violation_in_a_live_dump_is_one_of_0xc4() -> None:
    live = decode(0x1C4, (0x20004, 0xFFFFF80010000000, 0, 0), X64)
    other = decode(0x1C4, (0x77777777, 1, 2, 3), X64)

    assert live.parameters == decode(0xC4, (0x20004, 0xFFFFF80010000000, 0, 0), X64).parameters
    assert live.headline == "DDI rule IrqlExAllocatePool violated"
    assert other.parameters[1].meaning == "depends on parameter 1"


def test_what_ended_is_a_process_or_a_thread() -> None:
    def kinds(code: int, *parameters: int) -> list[str]:
        return [p.kind for p in decode(code, parameters, X64).parameters[:2]]

    assert kinds(0xF4, 3, 0xFFFFE00012345080, 0, 0)[1] == "process"
    assert kinds(0xF4, 6, 0xFFFFE00012345080, 0, 0)[1] == "thread"
    assert kinds(0xF4, 5, 0xFFFFE00012345080, 0, 0)[1] == "object"
    assert kinds(0xEF, 0xFFFFE00012345080, 0, 0, 0)[0] == "process"
    assert kinds(0xEF, 0xFFFFE00012345080, 1, 0, 0)[0] == "thread"


def test_layout_is_that_of_analyze() -> None:
    text = layout(decode(0xEF, (0xFFFFE00012345080, 0, 0, 0), X64)).splitlines()

    assert text[0] == "CRITICAL_PROCESS_DIED (ef)"
    assert text[2] == "Arguments:"
    assert text[3] == "Arg1: ffffe00012345080, process object"
    assert text[4:6] == ["Arg2: 0000000000000000, what ended", "    process"]


def test_layout_of_a_32_bit_machine() -> None:
    text = layout(decode(0xA, (0x1C, 2, 0, 0x80512345), X86)).splitlines()

    assert text[3] == "Arg1: 0000001c, address that could not be accessed"
