"""Modules by name, path, address and half of memory; what their images say."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fakes import fake_target
from images import opened
from processor_worlds import machine

from dumpwalk.cli import main
from dumpwalk.commands.lm import parse
from dumpwalk.errors import AbsentError, UsageError
from dumpwalk.formats import Dump
from dumpwalk.kernel.module_list import ModuleList, modules_matching
from dumpwalk.memory.address import Address, Hex
from dumpwalk.render.modules import layout, stamp
from dumpwalk.symbols.modules import UnloadedModule
from dumpwalk.target import Target
from dumpwalk.target import open as open_target

SAMPLES = Path(__file__).parents[2] / "samples"
LOADED = {
    "sysaudio": (0xFFFFF80000010000, 0x1000),
    "srv": (0xFFFFF80000020000, 0x1000),
    "NTFS": (0xFFFFF80000030000, 0x1000),
    "user": (0x7FF000000000, 0x1000),
}


def world(*gone: str) -> Target:
    target = fake_target("x64", {}, LOADED)
    dump: Any = target.dump
    dump.unloaded = tuple(
        UnloadedModule(name, Address(0xFFFFF80001000000), Address(0xFFFFF80001002000), Hex(0x2000), False)
        for name in gone
    )
    dump.missing = ()
    return target


def names(found: ModuleList) -> list[str]:
    return [m.module.name for m in found.modules] + [m.name for m in found.unloaded]


def test_patterns() -> None:
    target = world("swmidi.sys", "Sfloppy.SYS", "other.sys")

    assert names(modules_matching(target, name="s*")) == ["sysaudio", "srv", "swmidi.sys", "Sfloppy.SYS"]
    assert names(modules_matching(target, name="ntfs")) == ["NTFS"]
    assert names(modules_matching(target, name="s?v")) == ["srv"]
    assert names(modules_matching(target, name="[ns]*", unloaded=False)) == ["sysaudio", "srv", "NTFS"]
    assert names(modules_matching(target, path="*drivers*srv*")) == ["srv"]
    assert names(modules_matching(target, name="nothing")) == []


def test_addresses_and_halves() -> None:
    target = world("swmidi.sys")

    assert names(modules_matching(target, address=0xFFFFF80000020FFF)) == ["srv"]
    assert names(modules_matching(target, address=0xFFFFF80001000010)) == ["swmidi.sys"]
    assert names(modules_matching(target, kernel=False)) == ["user"]
    assert names(modules_matching(target, user=False)) == ["sysaudio", "srv", "NTFS", "swmidi.sys"]


def test_order() -> None:
    assert names(modules_matching(world(), by_name=True)) == ["NTFS", "srv", "sysaudio", "user"]
    assert names(modules_matching(world())) == ["user", "sysaudio", "srv", "NTFS"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("vm", "nt"), (("v",), {"name": "nt"})),
        (("-vm", "DcsCliCtrl"), (("v",), {"name": "DcsCliCtrl"})),
        (("v", "mccScanw"), (("v",), {"name": "ccScanw"})),
        (("v", "m", "ccScanW"), (("v",), {"name": "ccScanW"})),
        (("m", "tabletaudiosample", "v"), (("v",), {"name": "tabletaudiosample"})),
        (("Dvm", "AcxHdAudio"), (("D", "v"), {"name": "AcxHdAudio"})),
        (("sm",), (("sm",), {})),
        (("1m", "m", "s*"), (("1m",), {"name": "s*"})),
        (("a", "nt", "+", "1234"), ((), {"address": "nt + 1234"})),
        (("M", "*drivers*", "k"), (("k",), {"path": "*drivers*"})),
        ((), ((), {})),
    ],
)
def test_options_as_the_listings_have_them(words: tuple[str, ...], expected: object) -> None:
    assert parse(words) == expected


@pytest.mark.parametrize(
    ("words", "said"), [(("m",), "m needs a pattern"), (("a",), "a needs an address"), (("x",), "no option 'x'")]
)
def test_options_that_make_no_sense(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse(words)


def test_symbols_are_the_exact_kernels() -> None:
    exact = modules_matching(opened(machine("nt/19041.3570-x64")))
    near = modules_matching(opened(machine("nt/win7sp1-x86")))

    assert [(m.module.name, m.symbols, m.symbol_file) for m in exact.modules if m.symbols != "no symbols"] == [
        ("nt", "pdb symbols", "nt/19041.3570-x64")
    ]
    assert {m.symbols for m in near.modules} == {"no symbols"}


def test_a_reproducible_build() -> None:
    """An entry of type 16 in the debug directory; the listing of AcxHdAudio shows how that is printed."""
    base = 0xFFFFF8047B990000
    headers = f"block {base + 0xB8 + 0x80:x} bytes 00030000 1c000000"  # the debug directory: at 300, one entry
    entry = f"block {base + 0x300:x} zeros c bytes 10000000"
    module = f"module acx \\SystemRoot\\acx.sys {base:x} size 88000 timestamp 08294233 checksum 87dd6"
    target = opened(machine("nt/19041.3570-x64", f"{module}\n{headers}\n{entry}"))
    found = modules_matching(target, name="acx", details=True)

    (listed,) = found.modules
    assert listed.details is not None
    assert listed.details.reproducible is True
    lines = layout(found, verbose=True).splitlines()
    assert lines[5:9] == [
        "    Image was built with /Brepro flag.",
        "    Timestamp:        08294233 (This is a reproducible build file hash, not a timestamp)",
        "    CheckSum:         00087DD6",
        "    ImageSize:        00088000",
    ]


def test_stamps() -> None:
    assert stamp(0x559DA7A0) == "Wed Jul  8 22:43:44 2015 (559DA7A0)"
    assert stamp(0xFFFFFFFF) == "Sun Feb  7 06:28:15 2106 (FFFFFFFF)"


def test_names_are_made_safe() -> None:
    target = world("\x1b[2Jgone.sys")

    assert "\x1b" not in layout(modules_matching(target), verbose=True)


def test_a_dump_that_lists_none() -> None:
    """Nothing is printed of nothing; where the dump says why, that is the answer, and a partial one."""
    target = fake_target("x64", {}, {})
    dump: Any = target.dump
    dump.unloaded, dump.missing, dump.no_modules = (), ("memory: some is not there",), Dump.no_modules

    with pytest.raises(AbsentError, match=r"^the dump lists no modules$"):
        modules_matching(target)
    dump.missing = ("modules: nothing says where PsLoadedModuleList is",)
    found = modules_matching(target)
    assert (found.modules, found.unloaded, found.missing) == ((), (), dump.missing)
    assert layout(found).splitlines()[1:] == ["(modules: nothing says where PsLoadedModuleList is)"]


def test_a_list_that_can_not_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "damaged.dmp"
    raw = bytearray((SAMPLES / "apc_index_mismatch_full.dmp").read_bytes())
    raw[0x20:0x28] = (0xFFFFF80012345670).to_bytes(8, "little")  # PsLoadedModuleList
    raw[0x80:0x88] = bytes(8)  # KdDebuggerDataBlock
    path.write_bytes(raw)
    status = main(["-z", str(path), "lm"])
    out = capsys.readouterr().out

    assert status == 1
    assert out.splitlines()[-1].startswith("(modules: PsLoadedModuleList at fffff800`12345670: ")


def test_unloaded_index_that_lies() -> None:
    gone = "unloaded a.sys fffff804`7b7f0000 fffff804`7b7f8000"
    target = opened(machine("nt/19041.3570-x64", f"{gone}\nblock nt+c2a790 bytes ffffff7f"))

    assert names(modules_matching(target, name="a")) == ["a.sys"]
    assert "MmLastUnloadedDriver" in str(target.dump.problems)


def test_a_real_dump(real_dumps: Path) -> None:
    target = open_target(str(real_dumps / "triage_x64.dmp"))
    found = modules_matching(target, details=True)

    assert len(found.modules) == len(target.modules.modules)
    assert [m.module.base for m in found.modules] == sorted(m.base for m in target.modules.modules)
    assert [m.symbol_file for m in found.modules if m.symbol_file] == ["nt/19041.804-x64"]
    assert SimpleNamespace(**{m.name: m for m in target.modules.modules}).nt
