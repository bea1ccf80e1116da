"""Sections of hostile machines: whatever the structures hold, the commands end with an answer or a plain error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dumpwalk
from dumpwalk.commands import ca, fileobj, pte, vtop
from dumpwalk.errors import Error
from dumpwalk.memory.virtual import VirtualMemory
from dumpwalk.render.as_json import document

SAMPLE = Path(__file__).parents[2] / "samples" / "file_views.dmp"
# Pages of the file object, control areas, cache map, VADs, prototype PTEs, segments.
PAGES = (0x12340, 0x12341)
AREAS = (0xFFFFB80F12341310, 0xFFFFB80F12341610, 0xFFFFB80F12341810)
WORDS = st.one_of(
    st.sampled_from([0, 1, (1 << 64) - 1, 1 << 63, 0x7FFFFFFFFFFFFFFF, 0xFFFFFFFF, *AREAS, 0xFFFFB80F12341390]),
    st.sampled_from([0xFFFFB80F12341A00 + n for n in range(0, 64, 4)]),
    st.integers(0, (1 << 64) - 1),
)


@pytest.fixture(scope="module")
def places() -> list[int]:
    """Where in the file the pages are."""
    target = dumpwalk.open(str(SAMPLE))
    memory = target.memory
    assert isinstance(memory, VirtualMemory)
    return [memory.physical.place(memory.find(0xFFFFB80F00000000 + (page << 12))) for page in PAGES]


@pytest.mark.slow
@given(st.lists(st.tuples(st.integers(0, len(PAGES) - 1), st.integers(0, 0x1FF), WORDS), min_size=1, max_size=12))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_words(places: list[int], tmp_path: Path, damage: list[tuple[int, int, int]]) -> None:
    data = bytearray(SAMPLE.read_bytes())
    for page, word, value in damage:
        at = places[page] + word * 8
        data[at : at + 8] = value.to_bytes(8, "little")
    path = tmp_path / "damaged.dmp"
    path.write_bytes(data)
    target = dumpwalk.open(str(path))

    def ask(command: Any, *words: Any, **options: Any) -> None:
        module, run = command
        try:
            answer = run(*words, target=target, **options)
        except Error:
            return
        text = module.layout(answer)

        assert text.replace("\n", "").replace("\t", "").isprintable()
        assert document(answer)

    for area in AREAS:
        ask((ca, ca.ca), (area, 7), ptes=True, explain=True, extract=str(tmp_path / "out"), force=True)
    ask((ca, ca.ca), (0xFFFFB80F12340B00,), file=True, bar=True)
    ask((ca, ca.ca), (0, 8))
    ask((fileobj, fileobj.fileobj), 0xFFFFB80F12340B00)
    for address in ("1f0000", "1f1000", "1f2345", "401000", "ffffb80f12382345"):
        ask((vtop, vtop.vtop), [address])
    ask((pte, pte.pte), 0xFFFFB80F12341A10, 1, prototype=True)
