"""What files and registry keys are called, and names that lie."""

from __future__ import annotations

import pytest
from object_worlds import machine

from dumpwalk.kernel.object_names import own_name
from dumpwalk.remarks import Absent

KEY, BODY = 0xFFFFB80F45670060, 0xFFFFB80F45680000
NAMES = ("REGISTRY", "MACHINE", "Software")


def keys(parent_of_first: int = 0, last: str = "53 00 f6 00", compressed: int = 0, length: int = 4) -> str:
    """Return statements for a key three keys below the root; its own name is given as bytes."""
    lines = [f'object "" Key as key at {KEY:x} KeyControlBlock={BODY + 0x3000:x}']
    for number, name in enumerate((*NAMES, "")):
        block, control = BODY + 0x1000 * number + 0x800, BODY + 0x1000 * number
        above = BODY + 0x1000 * (number - 1) if number else parent_of_first
        lines.append(f"struct _CM_KEY_CONTROL_BLOCK at {control:x} ParentKcb={above:x} NameBlock={block:x}")
        size = len(name) or length
        lines.append(
            f"struct _CM_NAME_CONTROL_BLOCK at {block:x} Compressed={1 if name else compressed} NameLength={size:x}"
        )
        lines.append(f'block {block + 0x1A:x} ascii "{name}"' if name else f"block {block + 0x1A:x} bytes {last}")
    return "\n".join(lines)


def test_a_key() -> None:
    """Names are a byte a character where that is enough."""
    target = machine("nt/19041.3570-x64", keys())

    assert own_name(target, KEY, "Key") == ("\\REGISTRY\\MACHINE\\Software\\S\u00f6", None)


@pytest.mark.parametrize(
    ("statements", "reason"),
    [
        (keys(parent_of_first=BODY + 0x3000), "circle"),
        (keys(length=0x8000), "has 0x8000 bytes"),
        (keys() + f"\nblock {BODY + 0x2050:x} pointers 0", "has no name"),
        (keys() + f"\nblock {BODY + 0x2050:x} pointers ffff800000000000", "not"),
        (keys() + f"\nblock {KEY + 8:x} pointers ffff800000000000", ""),
    ],
)
def test_lying_keys(statements: str, reason: str) -> None:
    found, _ = own_name(machine("nt/19041.3570-x64", statements), KEY, "Key")

    assert isinstance(found, Absent)
    assert reason in found.reason


def test_a_kernel_whose_types_have_no_keys() -> None:
    found, _ = own_name(machine("nt/vistasp2-x86", 'object "" Key at 86345008'), 0x86345008, "Key")

    assert isinstance(found, Absent)
    assert "do not say how key control blocks" in found.reason


def test_a_file() -> None:
    spec = f'file "\\a\\b.txt" at {KEY:x}'
    found = machine("nt/19041.3570-x64", spec)

    assert own_name(found, KEY, "File") == ("\\a\\b.txt", "HarddiskVolume1")
    assert own_name(found, KEY, "Event") == (None, None)


def test_a_file_on_no_device() -> None:
    spec = f'file "\\a" at {KEY:x} DeviceObject=0 FileName.Length=0'

    assert own_name(machine("nt/19041.3570-x64", spec), KEY, "File") == (None, None)
