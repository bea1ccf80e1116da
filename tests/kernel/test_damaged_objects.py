"""Dumps whose objects are damaged anywhere: what is asked of them is answered, or refused."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dumpwalk.errors import Error
from dumpwalk.formats import open_dump
from dumpwalk.kernel.handle_listing import ALL, handles, ids, processes_asked
from dumpwalk.kernel.object_directory import find_object
from dumpwalk.kernel.object_record import object_info
from dumpwalk.kernel.object_type_list import object_type_list
from dumpwalk.remarks import Absent
from dumpwalk.render.handle import layout as handle_layout
from dumpwalk.render.object import layout as object_layout
from dumpwalk.target import Target

SAMPLES = Path(__file__).parents[2] / "samples"
DATA = {name: (SAMPLES / f"{name}.dmp").read_bytes() for name in ("objects_x64", "file_mapping_x86")}


def look_at(target: Target) -> None:
    """Ask for everything; each answer is laid out as text too."""
    object_type_list(target)
    for process in processes_asked(target, ALL)[0][:8]:
        handle_layout(handles(target, process, None))
        object_layout(object_info(target, process, 0x39, steps=True))
    handle_layout(ids(target, None))
    for path in ("\\", "\\Device", "\\GLOBAL??\\E:"):
        object_layout(object_info(target, find_object(target, path), 0x39, steps=True))


@pytest.mark.slow
@pytest.mark.parametrize("name", DATA)
@settings(max_examples=40)
@given(seed=st.data())
def test_damaged_pages(name: str, tmp_path_factory: pytest.TempPathFactory, seed: st.DataObject) -> None:
    data = bytearray(DATA[name])
    # Behind the headers and the bitmap are the pages. Pointers, lengths and counts are what breaks most.
    values = st.sampled_from((b"\0" * 8, b"\xff" * 8, (0x10).to_bytes(8, "little"), data[0x8010:0x8018]))
    for _ in range(seed.draw(st.integers(1, 40))):
        at = seed.draw(st.integers(0x4000 // 8, len(data) // 8 - 1)) * 8
        source = seed.draw(st.one_of(values, st.integers(0x4000 // 8, len(data) // 8 - 1).map(lambda n: n * 8)))
        data[at : at + 8] = data[source : source + 8] if isinstance(source, int) else source
    file = tmp_path_factory.mktemp("damaged") / "damaged.dmp"
    file.write_bytes(data)
    with contextlib.suppress(Error):  # anything else is a bug
        look_at(Target(open_dump(str(file))))


def test_undamaged() -> None:
    target = Target(open_dump(str(SAMPLES / "objects_x64.dmp")))
    look_at(target)

    assert not isinstance(target.dump.process, Absent)
