"""What ``lm v``, ``lm 1m`` and the forms of ``lm`` with other columns print of any images is read back as that."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import strategies as st
from record_strategies import ABSENT, Strategy, names, paths, places, record_of
from round_trips import Case, each, replaced, run
from shown import Shown

from dumpwalk.commands import lm
from dumpwalk.kernel.module_list import ImageDetails, ListedModule, ModuleList
from dumpwalk.memory.address import Hex
from dumpwalk.remarks import Absent
from dumpwalk.render.modules import _FLAGS as FILE_FLAGS
from dumpwalk.render.modules import _STRINGS as STRINGS
from dumpwalk.render.modules import stamp
from dumpwalk.render.text import printable
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


def printed(answer: lm.LmAnswer) -> list[dict[str, Any]]:
    """Return what the text shows of each module, unloaded ones included."""
    out = []
    for listed in answer.list.modules:
        module, details = listed.module, listed.details
        own: dict[str, Any] = {
            "name": module.name, "start": module.base, "end": module.end, "image": plain(module.image),
            "path": plain(module.path), "timestamp": module.timestamp, "checksum": module.checksum,
            "size": module.size, "reproducible": details is not None and details.reproducible is True,
        }  # fmt: skip
        if details is not None and isinstance(details.version, Absent):
            own["why"] = plain(details.version.reason)
        elif details is not None:
            version = details.version
            strings = {n: plain(t) for n, t in version.strings.items() if n in STRINGS and plain(t)}
            numbers = {n: getattr(version, n) for n in version._fields_ if n != "strings"}
            known = int(version.flags) & int(version.flags_mask)
            words = [word for bit, word in FILE_FLAGS.items() if known & bit]
            own |= {**numbers, "strings": strings, "words": words}
        out.append(own)
    for gone in answer.list.unloaded:
        out.append({"name": gone.name, "start": gone.start, "end": gone.end, "size": gone.size})
    return out


def read(found: Any) -> list[dict[str, Any]]:
    """Return the same of what was read: the texts of the details taken apart."""
    return [_of(one) for one in found.modules]


def _of(listed: Any) -> dict[str, Any]:
    out: dict[str, Any] = {"name": listed.name, "start": listed.start, "end": listed.end}
    given = dict(listed.details)

    assert len(given) == len(listed.details)
    out["size"] = int(given.pop("ImageSize"), 16)
    if listed.unloaded:
        assert given == {"Timestamp": "unavailable (00000000)", "Checksum": "00000000"}
        return out
    assert given.pop("Loaded symbol image file") == given["Image name"]
    built = given.pop("Image was built with", None)
    stamp = given.pop("Timestamp")
    assert built in (None, "/Brepro flag.")
    assert stamp.endswith("not a timestamp)") == (built is not None)
    digits = re.search(r"\(([0-9A-F]{8})\)\Z|\A([0-9A-F]{8}) ", stamp)
    assert digits is not None
    out |= {
        "image": given.pop("Image name"), "path": given.pop("Image path"), "reproducible": built is not None,
        "timestamp": int(digits[1] or digits[2], 16), "checksum": int(given.pop("CheckSum"), 16),
    }  # fmt: skip
    if "version" in given:
        return {**out, "why": given.pop("version")}
    if not given:
        return out
    for name in ("file_version", "product_version"):
        out[name] = tuple(map(int, given.pop(name.capitalize().replace("_", " ")).split(".")))
    flags = re.fullmatch(r"([0-9A-F]+) \(Mask ([0-9A-F]+)\)((?: \w+)*)", given.pop("File flags"))
    kind = re.fullmatch(r"([0-9A-F]+)\.([0-9A-F]+) [\w ]+", given.pop("File type"))
    assert flags is not None
    assert kind is not None
    out |= {"flags": int(flags[1], 16), "flags_mask": int(flags[2], 16), "words": flags[3].split()}
    out |= {"file_type": int(kind[1], 16), "file_subtype": int(kind[2], 16)}
    out["file_os"] = int(given.pop("File OS").split()[0], 16)
    out["file_date"] = tuple(int(half, 16) for half in given.pop("File date").split("."))
    pairs = given.pop("Translations").split()
    out["translations"] = tuple((int(a, 16), int(b, 16)) for a, _, b in (pair.partition(".") for pair in pairs))
    return {**out, "strings": given}


def case(command: str, options: tuple[str, ...]) -> Case:
    return Case(
        command, "modules", images(options), lm.layout, Shown(hidden={"": "compared as a whole"}), least=0,
        found=lambda found: {"remarks": found.remarks}, same=lambda found, answer: (read(found), printed(answer)),
    )  # fmt: skip


def rows(answer: lm.LmAnswer) -> list[tuple[str, str, str, str]]:
    """Return the columns behind the addresses of each module."""
    out, columns = [], answer.options
    for one in answer.list.modules:
        module = one.module
        file = [printable(module.path)] if "f" in columns else [f"{plain(module.image):12}"] if "n" in columns else []
        text = " ".join([*file, *([stamp(module.timestamp)] if "t" in columns else [])]).strip()
        out.append((module.name, "", "", text))
    return out


def rows_case(command: str, options: tuple[str, ...]) -> Case:
    return Case(
        command, "modules", images(options), lm.layout, Shown(hidden={"": "compared as a whole"}), least=0,
        found=lambda found: {"remarks": found.remarks}, same=lambda found, answer: (
            [(m.name, m.flags, m.symbols, m.path) for m in found.modules if not m.unloaded], rows(answer)),
    )  # fmt: skip


NAMES_ALONE = Case(
    "lm 1m", "modules", images(("1m",)), lm.layout, Shown(hidden={"": "compared as a whole"}), least=0,
    found=lambda found: {}, same=lambda found, answer: (
        (found.modules, found.names), ((), tuple(m.module.name for m in answer.list.modules))),
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
