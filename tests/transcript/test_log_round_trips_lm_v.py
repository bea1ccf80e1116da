"""What ``lm v``, ``lm 1m`` and the forms of ``lm`` with other columns print of any images is read back as that."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st
from record_strategies import ABSENT, Strategy, names, paths, places, record_of
from round_trips import NOT_PRINTED, Case, as_read, each, replaced, run
from shown import Shown
from test_log_round_trips_modules import SYMBOLS, beside_list, not_in

from dumpwalk.commands import lm
from dumpwalk.kernel.module_list import ImageDetails, ListedModule, ModuleList
from dumpwalk.memory.address import Hex
from dumpwalk.remarks import Absent
from dumpwalk.render.text import printable
from dumpwalk.symbols.modules import Module
from dumpwalk.symbols.version_names import STRINGS
from dumpwalk.symbols.version_resource import VersionInfo

NAMES = st.from_regex(r"[A-Za-z_][\w.-]{0,20}", fullmatch=True)
DWORD = st.one_of(st.integers(0, 9), st.integers(0, 0xFFFFFFFF)).map(Hex)
WORD = st.integers(0, 0xFFFF)
FOUR = st.tuples(WORD, WORD, WORD, WORD)


def versions(wide: bool) -> Strategy:
    given = {
        "file_version": FOUR, "product_version": FOUR, "file_date": st.tuples(DWORD, DWORD),
        "translations": st.lists(st.tuples(WORD, WORD), max_size=3).map(tuple),
        "strings": st.dictionaries(st.one_of(st.sampled_from(STRINGS), names()), st.one_of(names(), st.just(""))),
        "*.flags": DWORD, "*.flags_mask": DWORD, "*.file_os": DWORD, "*.file_type": DWORD, "*.file_subtype": DWORD,
    }  # fmt: skip
    return record_of(VersionInfo, wide, given)


def images(options: tuple[str, ...]) -> Any:
    def of(wide: bool) -> Strategy:
        details = record_of(ImageDetails, wide, {"pdb": st.none(), "version": st.one_of(versions(wide), ABSENT)})
        given = {
            "module.name": NAMES, "module.image": st.one_of(names(), st.just("")), "module.base": places(wide),
            "module.path": st.one_of(paths(), st.just("")), "module.size": DWORD, "module.timestamp": DWORD,
            "module.checksum": DWORD, "flags": st.sampled_from(["", "C", "T"]),
            "symbols": st.sampled_from(["pdb symbols", "no symbols"]), "symbol_file": st.one_of(st.just(""), paths()),
            "details": details if "v" in options else st.none(),
        }  # fmt: skip
        given = {
            "modules[]": record_of(ListedModule, wide, given).map(_low),
            "unloaded[].name": st.from_regex(r"[A-Za-z]\w{0,11}\.sys", fullmatch=True),
            "unloaded[].start": places(wide),
            "unloaded[].end": places(wide), "unloaded[].size": DWORD,
            "missing": st.lists(st.just("modules: not in the dump"), max_size=1).map(tuple),
        }  # fmt: skip
        found = record_of(ModuleList, wide, given).filter(lambda made: made.modules)
        return found.map(lambda made: lm.LmAnswer(made, options, wide))

    return of


def _low(listed: ListedModule) -> Any:
    """Return a module that ends within the machine's addresses."""
    module = listed.module
    top = module.base.__class__(module.base & ~0xFFFFFFFF if module.base >> 32 else 0x80000000)
    size = Hex(module.size if module.base >> 32 else module.size & 0x7FFFFFFF)
    return replaced(listed, module=replaced(module, base=top, size=size))


def plain(value: Any) -> Any:
    """Return a number as such, text as it is printed."""
    return printable(value).strip() if isinstance(value, str) else value


# What the layout prints of neither a module nor its image.
HIDDEN = {"modules[].module.symbol_key": NOT_PRINTED, "unloaded[].truncated": NOT_PRINTED}


def printed(answer: lm.LmAnswer) -> Any:
    """Return the kernel's record as its text has it: equal, but for what is hidden."""
    found = as_read(answer.list, HIDDEN)
    modules = [
        replaced(read, module=_stripped(read.module), details=_details(made.details))
        for read, made in zip(found.modules, answer.list.modules)
    ]
    return replaced(found, modules=tuple(modules))


def _stripped(module: Module) -> Any:
    return replaced(module, image=module.image.strip(), path=module.path.strip())


def _details(details: ImageDetails | None) -> Any:
    """Return what the text says of an image: that it is no reproducible build is not printed, nor are odd strings."""
    if details is None:
        return None
    version = details.version
    if isinstance(version, Absent):
        version = Absent(plain(version.reason))
    else:
        strings = {n: plain(t) for n, t in version.strings.items() if n in STRINGS and plain(t)}
        version = replaced(version, strings=strings)
    return replaced(details, reproducible=details.reproducible or None, version=version)


def texts(answer: lm.LmAnswer) -> tuple[Any, Any]:
    """Return what stands beside the record: the image as symbols' file; of unloaded modules what no list has."""
    gone = (("Timestamp", "unavailable (00000000)"), ("Checksum", "00000000"))
    return (
        tuple((("Loaded symbol image file", plain(m.module.image)),) for m in answer.list.modules),
        tuple(gone for _ in answer.list.unloaded),
    )


def case(command: str, options: tuple[str, ...]) -> Case:
    return Case(
        command, "modules", images(options), lm.layout, Shown(hidden={"": "compared as a whole"}), least=0,
        found=lambda found: beside_list(replaced(found, texts=(), unloaded_texts=())),
        same=lambda found, answer: (
            (found.list, (found.texts, found.unloaded_texts)), (printed(answer), texts(answer))),
    )  # fmt: skip


def rows_case(command: str, options: tuple[str, ...]) -> Case:
    hidden = (*HIDDEN, "modules[].module.checksum", *not_in(options), *SYMBOLS)

    def rows(answer: lm.LmAnswer) -> Any:
        found = as_read(answer.list, hidden)
        return replaced(
            found,
            modules=tuple(replaced(m, module=_stripped(m.module)) for m in found.modules),
            unloaded=tuple(replaced(m, size=Hex(max(0, m.end - m.start))) for m in found.unloaded),
        )

    return Case(
        command, "modules", images(options), lm.layout, Shown(hidden={"": "compared as a whole"}), least=0,
        found=beside_list, same=lambda found, answer: (found.list, rows(answer)),
    )  # fmt: skip


NAMES_ALONE = Case(
    "lm 1m", "modules", images(("1m",)), lm.layout, Shown(hidden={"": "compared as a whole"}), least=0,
    found=lambda found: {}, same=lambda found, answer: (
        (found.list.modules, found.names), ((), tuple(m.module.name for m in answer.list.modules))),
)  # fmt: skip
CASES = [
    case("lmv", ("v",)), case("lm v m x*", ("v",)), rows_case("lm n", ("n",)), rows_case("lm n t", ("n", "t")),
    rows_case("lmft", ("f", "t")), NAMES_ALONE,
]  # fmt: skip


@each(CASES)
def test_what_was_printed_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 25)


@pytest.mark.slow
@each(CASES)
def test_what_was_printed_of_many_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 60)
