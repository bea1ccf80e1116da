"""Stacks of threads: what they saved on their stack when they stopped running, and the registers of running ones."""

from __future__ import annotations

import pytest
from process_machines import machine

from dumpwalk.kernel.processes import find_thread
from dumpwalk.kernel.thread import thread
from dumpwalk.remarks import Absent
from dumpwalk.target import Target
from dumpwalk.unwind.frames import CONTEXT, FRAME_POINTER, SCAN, Frame
from dumpwalk.unwind.thread_stack import thread_stack

X64, X86 = "nt/19041.3570-x64", "nt/win7sp1-17514-pae-x86"
STACK = (
    "KernelStack=ffffa8000000fc00 InitialStack=ffffa8000000ffb0 StackBase=ffffa80000010000 StackLimit=ffffa8000000a000"
)
STACK_32 = "KernelStack=a800fc00 InitialStack=a800ffd0 StackBase=a8010000 StackLimit=a800d000"


def stack(profile: str, fields: str, more: str = "") -> tuple[Target, tuple[Frame, ...] | Absent]:
    target = machine(profile, f'process 344 "a"\nthread 344.348 {fields}\n{more}')
    address = find_thread(target, 0x348)
    assert address is not None
    return target, thread_stack(target, thread(target, address))


def test_a_waiting_thread_of_x64() -> None:
    words = ["0"] * 20
    words[7], words[15] = "nt+3f9d26", "nt+20a8d7"  # Return of the switch frame; a return address further up
    target, found = stack(X64, STACK, f"block ffffa8000000fc00 pointers {' '.join(words)}")
    base = target.modules.modules[0].base

    assert not isinstance(found, Absent)
    # WinDbg's listings have the first Child-SP 0x40 above `Current`, at the end of the switch frame.
    assert [(f.child_sp, f.instruction - base, f.trust) for f in found] == [
        (0xFFFFA8000000FC40, 0x3F9D26, CONTEXT),
        (0xFFFFA8000000FC80, 0x20A8D7, SCAN),
    ]


def test_a_switch_frame_that_leads_nowhere() -> None:
    _, found = stack(X64, STACK, "block ffffa8000000fc00 pointers 1 2 3 4 5 6 7 8 nt+20a8d7 0")

    assert not isinstance(found, Absent)
    assert [(int(f.child_sp), f.trust) for f in found] == [(0xFFFFA8000000FC48, SCAN)]


def test_a_waiting_thread_of_x86() -> None:
    words = "0 0 nt+1000 a800fd00 1 2 3 nt+2000"
    _, found = stack(X86, STACK_32, f"block a800fc00 pointers {words}\nblock a800fd00 pointers 0 nt+3000")

    assert not isinstance(found, Absent)
    assert [(int(f.child_sp), int(f.offset), f.trust, f.number) for f in found] == [
        (0xA800FC18, 0x1000, CONTEXT, 0),
        (0xA800FD00, 0x2000, FRAME_POINTER, 1),
        (0xA800FD08, 0x3000, FRAME_POINTER, 2),
    ]


@pytest.mark.parametrize(
    ("profile", "fields", "reason"),
    [
        (X64, "KernelStack=ffffdead00000000", "its stack at"),
        (X64, "KernelStack=0", "it has no kernel stack"),
        (X86, STACK_32, "its stack at"),
        (X64, "State=Running", "it runs, and its registers are not in the dump"),
    ],
)
def test_no_stack(profile: str, fields: str, reason: str) -> None:
    _, found = stack(profile, fields)

    assert isinstance(found, Absent)
    assert reason in found.reason


def test_a_running_thread_has_the_headers_registers() -> None:
    target, found = stack(X64, f"State=Running {STACK}", "context rip=nt+1234 rsp=ffffa8000000f000 efl=46")

    assert not isinstance(found, Absent)
    assert (found[0].instruction, found[0].trust) == (target.modules.modules[0].base + 0x1234, CONTEXT)
