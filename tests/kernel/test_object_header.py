"""Object headers: type and name of objects in whole machines."""

from __future__ import annotations

from pathlib import Path

import pytest

import dumpwalk
from dumpwalk.kernel.object_header import object_name, type_name
from dumpwalk.remarks import Absent

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.mark.parametrize("sample", ["running_machine", "hung_driver", "file_mapping_x64"])
def test_types_through_the_cookie(sample: str) -> None:
    target = dumpwalk.open(str(SAMPLES / f"{sample}.dmp"))
    process, thread = target.dump.process, target.dump.thread

    assert not isinstance(process, Absent)
    assert not isinstance(thread, Absent)
    assert type_name(target, process) == "Process"
    assert type_name(target, thread) == "Thread"
    assert object_name(target, process) is None


def test_the_name_of_a_device() -> None:
    target = dumpwalk.open(str(SAMPLES / "file_mapping_x86.dmp"))

    assert object_name(target, 0x879C9030) == "HarddiskVolume2"
