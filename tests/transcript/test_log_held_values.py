"""What a line says beside its values is in the record too: remarks of authors, widths, offsets, expressions."""

from __future__ import annotations

from typing import Any

from dumpwalk.transcript import parse


def record(text: str) -> Any:
    log = parse(text)

    assert [b.unparsed for b in log.blocks] == [()]
    return log.blocks[0].record


def test_remarks_behind_the_rows_of_dt() -> None:
    found = record(
        "kd> dt nt!_KTHREAD 852115d8\n   +0x000 Header           : _DISPATCHER_HEADER\n"
        "   +0x184 State            : 0x2 '' // Running\n   +0x188 Ptr              : 0x82d45468 Void  PoolTag: CcSc\n"
    )

    assert [(r.listing, r.row, r.text) for r in found.remarks] == [(0, 1, "// Running"), (0, 2, "PoolTag: CcSc")]
    assert found.listings[0].rows[1].text == "0x2 ''"


def test_titles_that_mex_repeats() -> None:
    found = record(
        "0: kd> !mex.ddt nt!_EX_PUSH_LOCK ffff9b847433ef70\n\n"
        "dt nt!_EX_PUSH_LOCK ffff9b847433ef70 () Recursive: [ -r1 -r2 -r ] Verbose Normal dt\n"
        "   +0x000 Locked           : 0y1\n"
    )

    assert found.listings[0].heading == (
        "dt nt!_EX_PUSH_LOCK ffff9b847433ef70 () Recursive: [ -r1 -r2 -r ] Verbose Normal dt",
    )


def test_remarks_and_rare_flags_of_registers() -> None:
    found = record(
        "kd> .trap b1178800\n"
        "eax=00000001 ebx=00000002 ecx=00000003 edx=00000000 esi=00000000 edi=00000000 << the loop's counter\n"
        "eip=8052036a esp=b1178710 ebp=b1178720 iopl=0     vif nv up ei pl nz ac pe nc  // here\n"
        "vip=1    vif=0\n"
    )

    assert found.remarks == ("<< the loop's counter", "// here")
    assert found.flags == "vif nv up ei pl nz ac pe nc"
    assert (found.registers["vip"], found.registers["vif"], found.registers["edi"]) == (1, 0, 0)
    assert found.widths is None


def test_widths_of_a_jtag_probe() -> None:
    found = record("(0) eax (/32): 0x00000001\n(1) ds (/16): 0x0000007B\n")

    assert found.widths == {"eax": 32, "ds": 16}


def test_offsets_of_a_telescope() -> None:
    found = record(
        "0: kd> !telescope @esp\n0x00d7ff44|+0x0000: 0x77dcb3a9 (ntdll.dll (.text)) -> jmp     ntdll!Ex+0x1\n"
        "0x00d7ff48|+0x0004: 0x1911c0a3 (Unknown)\n@$telescope(@esp)\n"
    )

    assert [row.offset for row in found.rows] == [0, 4]
    assert found.expression == "@esp"


def test_physical_addresses_are_marked() -> None:
    found = record("0: kd> !dq f2451000\n#f2451000 0a000000`86784867 0a000000`8606e867\n")

    assert found.physical
    assert not record("0: kd> dd f2451000\nf2451000  86784867 8606e867\n").physical


def test_the_entry_of_a_thread_in_a_deadlock_stays() -> None:
    found = record(
        "Deadlock detected (2 locks in 2 threads):\n\n"
        "Thread 1: c4ae2040 (ThreadEntry = 86833a08) took locks in the following order:\n\n"
        "Thread 1 = c4ae2040\n"
    )

    assert found.threads[0].entry == 0x86833A08
