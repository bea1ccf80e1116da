"""What a command prints of a sample is read back as the record that its walk makes: equal but for what is not shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from process_records import with_cut_times
from shown import read_back

from dumpwalk.commands import ca, handle, object, pfn, pool, process, pte, ptov, vad, vtop
from dumpwalk.opening import open
from dumpwalk.record import fields, replace
from dumpwalk.remarks import Absent
from dumpwalk.transcript.values import NOT_SHOWN

SAMPLES = Path(__file__).parents[2] / "samples"


def differing(found: Any, made: Any, path: str = "") -> list[str]:
    """Return where records are not equal, but for what a text does not show and what could not be read."""
    if found is NOT_SHOWN or (isinstance(found, Absent) and isinstance(made, Absent)):
        return []
    if fields(found) and type(found) is type(made):
        # Problems are remarks at the foot of a text.
        names = [name for name in fields(found) if name != "problems"]
        return [one for n in names for one in differing(getattr(found, n), getattr(made, n), f"{path}.{n}")]
    if isinstance(found, tuple) and isinstance(made, tuple) and len(found) == len(made):
        return [one for n, (a, b) in enumerate(zip(found, made)) for one in differing(a, b, f"{path}[{n}]")]
    return [] if type(found) is type(made) and found == made else [f"{path}: {found!r}, not {made!r}"]


def _process(answer: Any) -> Any:
    """Return a process with its times as whole as they are printed, and without how its structure was read."""
    [found] = answer.processes
    return with_cut_times(replace(found, process=replace(found.process, source="", fields=())))


Made = Callable[[Any], Any]
# Sample and command, how it is asked and laid out, the kind of its text, the record that was read and the one made.
CASES: list[tuple[str, str, Made, Made, str, Made, Made]] = [
    ("memory_manager", "pfn 1c1", lambda t: pfn.pfn(t, "1c1"), pfn.layout, "pfn", lambda r: r.pfn, lambda a: a),
    ("memory_manager", "vad", vad.vad, vad.layout, "vad", lambda r: r.tree, lambda a: a.tree),
    *(
        ("memory_manager", f"vad {at} 1", lambda t, at=at: vad.vad(t, at, 1), vad.layout, "vad", lambda r: r.detail,
         lambda a: a.detail)
        for at in ("0`ff2b1000", "ffffb80f`120169d0")
    ),
    *(
        ("memory_manager", f"pool {at} 1", lambda t, at=at: pool.pool(t, at, "1"), pool.layout, "pool",
         lambda r: r.pool, lambda a: a.pool)
        for at in ("fffffa80`01a3c070", "fffffa80`02001234", "fffffa80`01a3c1d0")
    ),
    *(
        (sample, f"pte {at}", lambda t, at=at: pte.pte(at, target=t), pte.layout, "pte", lambda r: r.page,
         lambda a: a.pages[0])
        for sample, at in (
            ("file_mapping_x64", "nt!PsActiveProcessHead"), ("paging_x64", "ffffa000`90001000"),
            ("paging_x64", "ffffa000`40000010"), ("paging_pae", "90002000"), ("paging_x86", "8f000010"),
            ("file_views", "1f3000"), ("paging_arm64", "ffffa000`90002000"),
        )
    ),
    *(
        (sample, f"vtop {at}", lambda t, at=at: vtop.vtop([at], target=t), vtop.layout, "translation",
         lambda r: r.walk, lambda a: a)
        for sample, at in (("file_mapping_x64", "nt!PsActiveProcessHead+8"), ("file_views", "1f2345"),
                           ("paging_pae", "8f000010"))
    ),
    *(
        (sample, f"object {at} {flags} -v", lambda t, at=at, flags=flags: object.object(at, flags, True, target=t),
         object.layout, "object", lambda r: r.objects[0], lambda a: a.objects[0])
        for sample, at, flags in (
            ("objects_x64", "\\Device", "39"), ("objects_x64", "\\GLOBAL??\\E:", "39"), ("objects_x64", "@$proc", "31"),
            ("objects_x64", "@$proc+40", "9"), ("chrysanthemum", "8750ef80", "39"),
        )
    ),
    *(
        ("objects_x64", f"handle {words}", lambda t, words=words: handle.handle(words.split(), t), handle.layout,
         "handle", lambda r: r.table, lambda a: a.tables[0])
        for words in ("348 20", "0 27", "9998 20")
    ),
    *(
        (sample, f"process {at} 1", lambda t, at=at: process.process(t, [at, "1"]), process.layout, "process",
         lambda r: r.processes[0].details, _process)
        for sample, at in (("exiting_process", "1100"), ("memory_manager", "@$proc"))
    ),
    ("file_mapping_x64", "ptov 1ab000", lambda t: ptov.ptov("1ab000", target=t), ptov.layout, "virtual-addresses",
     lambda r: r.found, lambda a: a),
    *(
        (sample, f"ca {at} {flags}", lambda t, at=at, flags=flags: ca.ca([at, flags], target=t), ca.layout,
         "control-area", lambda r: tuple(a.area for a in r.areas), lambda a: a.areas)
        for sample, at, flags in (
            ("chrysanthemum", "863c1758", "3"), ("file_views", "ffffb80f`12341310", "3"),
            ("file_views", "ffffb80f`12341810", "3"), ("file_views", "0", "3"),
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("sample", "command", "ask", "layout", "kind", "read", "made"), CASES, ids=[f"{c[0]}-{c[1]}" for c in CASES]
)
def test_a_text_is_the_walks_record(
    sample: str, command: str, ask: Made, layout: Made, kind: str, read: Made, made: Made
) -> None:
    answer = ask(open(str(SAMPLES / f"{sample}.dmp")))
    found = read(read_back(f"!{command}", layout(answer), kind))

    assert found is not None
    assert differing(found, made(answer)) == []
