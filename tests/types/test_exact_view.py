"""An exact view answers what a view answers that reads field by field."""

from __future__ import annotations

from fakes import BY_NAME, parse
from hypothesis import given
from hypothesis import strategies as st

from dumpwalk.memory.segments import Segment, SegmentedMemory
from dumpwalk.remarks import Absent
from dumpwalk.types.anchors import Layout
from dumpwalk.types.exact_view import ExactLayout, ExactView
from dumpwalk.types.profiles import Match, Profile
from dumpwalk.types.view import View

TEXT = "_X,20;Word,0,4;Low,4,1,0,3;High,4,1,3,5;Pointer,8,8;Cid,10,10;Cid.A,10,8;Outside,1c,8;Before,ffffffffffff,4"
PATHS = ("Word", "Low", "High", "Pointer", "Cid.A", "Outside", "Before", "Nowhere")
AT = 0xFFFFA00000001000
X64 = BY_NAME["x64"]


def layout() -> Layout:
    match = Match("exact", "exact", 0, 0, 0, 0, (), ())
    return Layout("_X", Profile("nt/1-x64", "x64", 1, {"_X": parse(TEXT)}, match), None, X64)


@given(st.binary(max_size=0x40), st.lists(st.sampled_from(PATHS), max_size=9), st.booleans())
def test_the_same_answers(data: bytes, paths: list[str], signed: bool) -> None:
    memory = SegmentedMemory([Segment(AT, memoryview(data))])
    slow, fast = View(memory, X64, layout(), AT), ExactView(memory, ExactLayout(layout(), X64), AT)
    answers = [
        [getattr(view, kind)(path) for path in paths for kind in ("hex", "pointer", "data")]
        + [view.int(path, signed=signed) for path in paths]
        for view in (slow, fast)
    ]

    for one, other in zip(*answers):
        assert isinstance(one, Absent) == isinstance(other, Absent)
        assert isinstance(one, Absent) or (one == other and type(one) is type(other))
    assert slow.sources == fast.sources
    assert slow.source == fast.source
    assert [slow.trust(p) for p in PATHS] == [fast.trust(p) for p in PATHS]
    assert [slow.has(p) for p in PATHS] == [fast.has(p) for p in PATHS]
