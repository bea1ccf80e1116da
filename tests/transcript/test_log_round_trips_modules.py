"""What ``lm``, ``bugcheck``, ``sizeof`` and ``dt`` print is read back as that."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from record_strategies import Strategy, names, paths, places, record_of
from round_trips import NOT_PRINTED, Case, as_read, each, replaced, run
from shown import Shown, read_back

from dumpwalk.bugchecks import decode
from dumpwalk.bugchecks.table import find_code
from dumpwalk.bugchecks.table import names as bugcheck_names
from dumpwalk.commands import lm, sizeof
from dumpwalk.kernel.module_list import ModuleList
from dumpwalk.memory.address import Hex
from dumpwalk.memory.machine import MACHINES, Machine
from dumpwalk.render.bugcheck import layout as bugcheck_layout

MODULE_NAMES = st.from_regex(r"[A-Za-z_][\w.-]{0,20}", fullmatch=True)


def modules(columns: tuple[str, ...]) -> Any:
    def of(wide: bool) -> Strategy:
        given = {
            "modules[].module.name": MODULE_NAMES, "modules[].module.base": places(wide),
            "modules[].module.size": st.integers(0, 0xFFFF).map(Hex), "modules[].module.image": names(" "),
            "modules[].module.path": st.one_of(paths(), st.just("")),
            "modules[].flags": st.sampled_from(["", "C", "T", "#"]),
            "modules[].symbols": st.sampled_from(["deferred", "pdb symbols", "export symbols", "no symbols"]),
            "modules[].symbol_file": st.one_of(st.just(""), paths()), "modules[].details": st.none(),
            "modules[].module.timestamp": st.integers(0, 0xFFFFFFFF).map(Hex),
            "unloaded[].name": st.from_regex(r"[A-Za-z]\w{0,11}\.sys", fullmatch=True),
            "unloaded[].start": places(wide), "unloaded[].end": places(wide),
            "missing": st.lists(st.just("modules: those of user memory are nowhere"), max_size=1).map(tuple),
        }  # fmt: skip
        own = record_of(ModuleList, wide, given).filter(lambda found: found.modules)
        return own.map(lambda found: lm.LmAnswer(_modules(found), columns, wide))

    return of


def _modules(found: ModuleList) -> Any:
    """Return modules that end within the machine's addresses, and unloaded ones of the size that their ends say."""
    low = tuple(
        replaced(m, module=replaced(m.module, base=m.module.base.__class__(m.module.base & ~0xFFFF)))
        for m in found.modules
    )
    gone = tuple(replaced(m, size=Hex(max(0, m.end - m.start))) for m in found.unloaded)
    return replaced(found, modules=low, unloaded=gone)


# What no row has a place for; and what only some have, in place of one another.
HIDDEN = {
    "modules[].module.checksum": "v prints it", "modules[].module.symbol_key": NOT_PRINTED,
    "unloaded[].truncated": NOT_PRINTED,
}  # fmt: skip
SYMBOLS = ("modules[].symbols", "modules[].symbol_file", "modules[].flags")
COLUMNS = {"i": "image", "n": "image", "f": "path", "t": "timestamp"}


def not_in(columns: tuple[str, ...]) -> list[str]:
    """Return the members of modules for which there is no column."""
    shown = {COLUMNS[letter] for letter in columns}
    return [f"modules[].module.{name}" for name in set(COLUMNS.values()) - shown]


def lm_case(command: str, columns: tuple[str, ...]) -> Case:
    hidden = (*HIDDEN, *not_in(columns), *(SYMBOLS if columns else ()))
    return Case(
        command, "modules", modules(columns), lm.layout, Shown(hidden={"": "compared as a whole"}), least=0,
        found=beside_list, same=lambda found, answer: (found.list, as_read(answer.list, hidden)),
    )  # fmt: skip


def beside_list(found: Any) -> dict[str, Any]:
    """Return what was read beside the kernel's record; what the dump lacks stands at the foot as remarks do."""
    texts = tuple(of_one for of_one in (*found.texts, *found.unloaded_texts) if of_one)
    return {"texts": texts, "names": found.names, "remarks": (*found.list.missing, *found.remarks)}


CASES = [lm_case("lm", ()), lm_case("lmf", ("f",)), lm_case("lmt", ("t",))]


@each(CASES)
def test_what_was_printed_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 25)


@pytest.mark.slow
@each(CASES)
def test_what_was_printed_of_many_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 60)


@given(st.sampled_from(bugcheck_names()), st.lists(st.integers(0, 2**64 - 1), min_size=4, max_size=4))
@settings(max_examples=50)
def test_bug_checks_are_the_same(name: str, parameters: list[int]) -> None:
    code = find_code(name)
    assert code is not None
    expected = decode(code, parameters)

    assert read_back("!analyze -v", bugcheck_layout(expected), "analyze").bugcheck == expected


# Those whose parameters mean something else on another machine or build, and one whose words look like a number.
PARTICULAR = (
    *("APC_INDEX_MISMATCH", "PAGE_FAULT_IN_NONPAGED_AREA", "IRQL_NOT_LESS_OR_EQUAL", "KERNEL_APC_PENDING_DURING_EXIT"),
    *("IRQL_UNEXPECTED_VALUE", "CRITICAL_OBJECT_TERMINATION", "WINSOCK_DETECTED_HUNG_CLOSESOCKET_LIVEDUMP"),
)
VALUES = st.one_of(st.integers(0, 0x20), st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1))


@given(
    st.one_of(st.sampled_from(PARTICULAR), st.sampled_from(bugcheck_names())), st.lists(VALUES, max_size=4),
    st.sampled_from([None, *MACHINES.values()]), st.sampled_from([None, 2600, 6001, 7601, 10240, 19041, 26100]),
)  # fmt: skip
@settings(max_examples=40)
def test_bug_checks_of_a_machine_and_a_build(
    name: str, parameters: list[int], machine: Machine | None, build: int | None
) -> None:
    code = find_code(name)
    assert code is not None
    expected = decode(code, parameters, machine, build)

    assert read_back("!analyze -v", bugcheck_layout(expected), "analyze").bugcheck == expected


@pytest.mark.slow
def test_every_bug_check_is_the_same() -> None:
    for name in bugcheck_names():
        expected = decode(find_code(name) or 0, [0x1000, 2, 3, 4])

        assert read_back("!analyze -v", bugcheck_layout(expected), "analyze").bugcheck == expected


@given(st.integers(0, 2**32 - 1).map(Hex))
@settings(max_examples=25)
def test_sizes(size: Hex) -> None:
    text = sizeof.layout(sizeof.Size("_CONTROL_AREA", size, 8, "a profile"))
    [value] = read_back("?? sizeof(nt!_CONTROL_AREA)", text, "dt").values

    assert (value.value, value.type) == (size, text.rpartition(" ")[0])
