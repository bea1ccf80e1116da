"""Volume parameter blocks."""

from __future__ import annotations

import pytest
from io_world import GENERATIONS, PLACES, machine

from dumpwalk.errors import ReadError
from dumpwalk.kernel.vpb import vpb
from dumpwalk.remarks import Absent
from dumpwalk.render.device import vpb_layout

SPEC = """\
struct _VPB as it at {HERE} Type=a Size=60 Flags=5 DeviceObject=1000 RealDevice=2000 SerialNumber=5e4a10c3
  ReferenceCount=3 {more}
"""


@pytest.mark.parametrize("kernel", GENERATIONS, ids=lambda kernel: kernel[1])
def test_every_generation(kernel: tuple[str, str]) -> None:
    label = int(PLACES[kernel[0]]["HERE"].replace("`", ""), 16) + {"x86": 0x18, "x64": 0x20}[kernel[0]]
    text = SPEC.replace("{more}", "VolumeLabelLength=8") + f'block {label:x} unicode "DATAX"\n'
    made = machine(text, *kernel)
    found = vpb(made.target, made["it"])

    assert (found.VolumeLabel, found.SerialNumber, found.ReferenceCount) == ("DATA", 0x5E4A10C3, 3)
    assert found.flag_names == ("VPB_MOUNTED", "VPB_PERSISTENT")
    assert (found.DeviceObject, found.RealDevice, found.problems) == (0x1000, 0x2000, ())
    assert "Flags: 0x5 mounted persistent " in vpb_layout(found)


def test_damaged() -> None:
    made = machine(SPEC.replace("{more}", "Type=3 VolumeLabelLength=0ffff Flags=0ffff"))
    found = vpb(made.target, made["it"])

    assert [str(problem).partition(": ")[2] for problem in found.problems] == [
        "Type is 3, a VPB's is a: probably not a VPB",
        "VolumeLabelLength ffff is more than a label can have",
    ]
    assert found.flag_names[-1] == "0x8000"
    assert isinstance(found.VolumeLabel, str)
    assert len(found.VolumeLabel) <= 32
    with pytest.raises(ReadError, match="no _VPB"):
        vpb(made.target, 0x1230)


def test_a_label_that_is_not_there() -> None:
    made = machine("block ffffb80f`12100ff0 bytes 0a006000 0500 0800 pointers 1000\n")

    found = vpb(made.target, 0xFFFFB80F12100FF0)

    assert isinstance(found.VolumeLabel, Absent)
    assert "Volume Label:           ????" in vpb_layout(found)
