"""0x1 APC_INDEX_MISMATCH, and the counts it is about."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dumpwalk.bugchecks import decode
from dumpwalk.kernel.apc import CombinedApcDisable, split
from dumpwalk.memory.machine import MACHINES

X86, X64 = MACHINES[0x014C], MACHINES[0x8664]


@pytest.mark.parametrize(
    ("value", "special", "kernel"),
    [(0x0000FFFF, 0, -1), (0xFFFE0000, -2, 0), (0x00010001, 1, 1), (0, 0, 0), (0x80007FFF, -32768, 32767)],
)
def test_split(value: int, special: int, kernel: int) -> None:
    assert split(value) == CombinedApcDisable(SpecialApcDisable=special, KernelApcDisable=kernel)


@given(st.integers(-0x8000, 0x7FFF), st.integers(-0x8000, 0x7FFF))
def test_split_undoes_joining(special: int, kernel: int) -> None:
    assert split((special & 0xFFFF) << 16 | kernel & 0xFFFF) == CombinedApcDisable(special, kernel)


# Parameters of crashes that people reported in public.
@pytest.mark.parametrize(
    ("parameters", "kernel"),
    [
        ((0xFFFFF8014FB5B530, 0, 0xFFFF, 0), -1),
        ((0x00007FFD130AD194, 0, 0xFFFF, 0xFFFF8707E8C3EB80), -1),
        ((0x00007FFA91982ED4, 0, 1, 0xFFFFBE891B85F4C0), 1),
        ((0x00007FFEB44461B4, 0, 0xFFFF, 0xFFFFC6816B407B80), -1),
    ],
)
def test_reported_crashes(parameters: tuple[int, ...], kernel: int) -> None:
    bugcheck = decode(1, parameters, X64, 19041)
    site, _, counts, call = (p.decoded or "" for p in bugcheck.parameters)

    assert counts == f"SpecialApcDisable 0, KernelApcDisable {kernel}"
    assert bugcheck.headline == f"KernelApcDisable is {kernel}"
    assert bugcheck.explanation[0].startswith(f"KernelApcDisable is {kernel}: ")
    assert ("FsRtlEnterFileSystem" in bugcheck.explanation[0]) is (kernel < 0)
    assert ("FsRtlExitFileSystem" in bugcheck.explanation[0]) is (kernel > 0)
    assert ("user-mode" in site) is (parameters[0] < 1 << 47)
    for reading in ("0 system call", "1 worker routine", "kernel"):
        assert reading in call
    assert ("as here" in call) is (parameters[3] > 1)


@pytest.mark.parametrize(
    ("index", "counts", "words"),
    [
        (0, 0xFFFE0000, "all APCs were disabled 2 times"),
        (0, 0x00010000, "KeLeaveGuardedRegion, or released"),
        (1, 0, "KeStackAttachProcess without KeUnstackDetachProcess"),
        (0, 0, "don't show what was unbalanced"),
    ],
)
def test_sentences(index: int, counts: int, words: str) -> None:
    assert words in " ".join(decode(1, (0xFFFFF80010000000, index, counts, 0), X64).explanation)


def test_both_counts_are_told() -> None:
    bugcheck = decode(1, (0xFFFFF80010000000, 1, 0xFFFF0001, 1), X64)

    assert bugcheck.headline == "KernelApcDisable is 1, SpecialApcDisable is -1, still attached to another process"
    assert [s.split(" ")[0] for s in bugcheck.explanation] == [
        "KernelApcDisable",
        "SpecialApcDisable",
        "ApcStateIndex",
        "The",
    ]
    assert (bugcheck.parameters[3].decoded or "").startswith("worker routine;")


def test_windows_xp_has_one_32_bit_count() -> None:
    xp = decode(1, (0x80581234, 0, 0xFFFFFFFF, 0), X86, 2600)
    unknown = decode(1, (0x80581234, 0, 0xFFFFFFFF, 0), X86)
    seven = decode(1, (0x80581234, 0, 0xFFFFFFFF, 0), X86, 7601)

    assert xp.headline == "KernelApcDisable is -1"
    assert "Windows XP" in unknown.explanation[-1]
    assert seven.headline == "KernelApcDisable is -1, SpecialApcDisable is -1"
    assert not any("Windows XP" in s for s in seven.explanation)
