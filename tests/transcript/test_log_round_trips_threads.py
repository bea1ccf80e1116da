"""What ``thread`` prints of any thread is read back as that thread, with each sum of flags."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from process_records import assert_process, processes
from round_trips import Case, beside, each, replaced, run
from shown import Shown, blocks_back
from thread_records import remarks_of, thread_as_read, thread_pair, threads

from dumpwalk.commands import thread
from dumpwalk.kernel.process_details import ProcessDetails


def thread_case(flags: int) -> Case:
    return Case(
        f"!thread X {flags:x}", "thread",
        lambda wide: threads(wide).map(lambda found: thread.ThreadAnswer(flags, found, None)), thread.layout,
        Shown(beside={"fields": "the width of a null pointer, where there is no CallbackDepth"}),
        of=lambda answer: thread_as_read(answer.thread, flags), found=beside("details"), least=5,
        same=lambda found, answer: same_thread(found, answer.thread, flags),
    )  # fmt: skip


def same_thread(found: Any, details: Any, flags: int) -> tuple[Any, Any]:
    """Return pairs that are equal: the whole record, and what is said in brackets."""
    read, said = thread_pair(found, details, flags)
    return (read, remarks_of(details, flags) - set(found.remarks)), (said, set())


CASES = [thread_case(flags) for flags in (0, 2, 4, 6)]


@each(CASES)
def test_what_was_printed_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 20)


@pytest.mark.slow
@each(CASES)
def test_what_was_printed_of_many_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 60)


@pytest.mark.parametrize("wide", [True, False], ids=["x64", "x86"])
def test_a_thread_with_its_process(wide: bool) -> None:
    @settings(max_examples=10, suppress_health_check=list(HealthCheck))
    @given(processes(wide), threads(wide), st.sampled_from([0, 6]))
    def check(own: ProcessDetails, details: Any, flags: int) -> None:
        own = replaced(own, statistics=None)
        blocks = blocks_back("!thread -p X", thread.layout(thread.ThreadAnswer(flags, details, own)))

        assert [block.kind for block in blocks] == ["process", "thread"]
        assert_process(blocks[0].record.processes[0], own)
        read, said = same_thread(blocks[1].record, details, flags)
        assert read == said

    check()
