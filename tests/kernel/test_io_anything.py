"""Whatever is taken for an IRP, a device, a driver or a VPB: there is an answer, and its text is printable."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import dumpwalk
from dumpwalk.errors import ReadError
from dumpwalk.kernel.device_object import device_object
from dumpwalk.kernel.device_stack import device_stack
from dumpwalk.kernel.driver import driver_object
from dumpwalk.kernel.flt_registration import flt_registration
from dumpwalk.kernel.irp import irp
from dumpwalk.kernel.vpb import vpb
from dumpwalk.render.as_json import document
from dumpwalk.render.device import device_layout, stack_layout, vpb_layout
from dumpwalk.render.driver import driver_layout, registration_layout
from dumpwalk.render.irp import layout

SAMPLES = Path(__file__).parents[2] / "samples"
READERS: dict[str, tuple[Callable[..., Any], Callable[..., str]]] = {
    "irp": (irp, lambda found: layout(found, True)),
    "devobj": (device_object, device_layout),
    "devstack": (device_stack, stack_layout),
    "drvobj": (driver_object, lambda found: driver_layout(found, 3)),
    "vpb": (vpb, vpb_layout),
    "fltreg": (flt_registration, registration_layout),
}


@pytest.fixture(scope="module", params=["device_stack", "file_mapping_x86"])
def sample(request: pytest.FixtureRequest) -> tuple[dumpwalk.Target, int]:
    """A machine and where its pool begins."""
    target = dumpwalk.open(str(SAMPLES / f"{request.param}.dmp"))
    return target, 0xFFFFB80F12000000 if target.machine.pointer_size == 8 else 0x86000000


@pytest.mark.parametrize("name", READERS)
@given(offset=st.integers(0, 0x13FFF))
@example(offset=120)  # the state of what is no device node is negative
def test_anything(name: str, sample: tuple[dumpwalk.Target, int], offset: int) -> None:
    target, pool = sample
    read, show = READERS[name]
    try:
        found = read(target, pool + offset)
    except ReadError:
        return
    text = show(found)

    assert text.replace("\n", "").replace("\t", "").isprintable()
    assert '"-0x' not in document(found)
    assert len(text) < 1 << 20
