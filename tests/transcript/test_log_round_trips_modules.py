"""What ``lm``, ``bugcheck``, ``sizeof`` and ``dt`` print is read back as that."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from record_strategies import Strategy, names, paths, places, record_of
from round_trips import AT_FOOT, NOT_PRINTED, Case, each, replaced, run
from shown import Shown, read_back

from dumpwalk.bugchecks import decode
from dumpwalk.bugchecks.table import find_code
from dumpwalk.bugchecks.table import names as bugcheck_names
from dumpwalk.commands import lm, sizeof
from dumpwalk.kernel.module_list import ModuleList
from dumpwalk.memory.address import Hex
from dumpwalk.memory.machine import MACHINES, Machine
from dumpwalk.render.bugcheck import layout as bugcheck_layout
from dumpwalk.render.modules import stamp

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
            "missing": st.lists(st.just("no modules of user memory"), max_size=1).map(tuple),
        }  # fmt: skip
        own = record_of(ModuleList, wide, given).filter(lambda found: found.modules)
        return own.map(lambda found: lm.LmAnswer(_modules(found), columns, wide))

    return of


def _modules(found: ModuleList) -> Any:
    low = tuple(
        replaced(m, module=replaced(m.module, base=m.module.base.__class__(m.module.base & ~0xFFFF)))
        for m in found.modules
    )
    return replaced(found, modules=low)


def modules_as_printed(answer: lm.LmAnswer) -> Any:
    """Return each module as its row has it: what stands last in it is the symbols, the path or the time."""
    found, columns = answer.list, answer.options
    rows = []
    for one in found.modules:
        module = one.module
        last = one.symbol_file if not columns else module.path if "f" in columns else stamp(module.timestamp)
        rows.append(replaced(one, symbol_file=last, module=replaced(module, size=module.end)))
        if columns:
            rows[-1] = replaced(rows[-1], symbols="", flags="")
    return replaced(found, modules=tuple(rows))


def modules_view(found: Any) -> dict[str, Any]:
    own = tuple(
        {
            "module": {"name": m.name, "base": m.start, "size": m.end},
            "symbols": m.symbols, "flags": m.flags, "symbol_file": m.path,
        }
        for m in found.modules if not m.unloaded
    )  # fmt: skip
    gone = tuple({"name": m.name, "start": m.start, "end": m.end} for m in found.modules if m.unloaded)
    return {"modules": own, "unloaded": gone, "remarks": found.remarks}


def lm_case(command: str, columns: tuple[str, ...]) -> Case:
    hidden = {f"modules[].module.{n}": NOT_PRINTED for n in ("image", "path", "timestamp", "checksum", "symbol_key")}
    hidden |= {"unloaded[].size": "the end says it", "unloaded[].truncated": NOT_PRINTED, "missing": AT_FOOT}
    return Case(
        command, "modules", modules(columns), lm.layout, Shown(hidden=hidden), of=modules_as_printed, found=modules_view
    )


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
