"""Register listings: what each debugger prints, contradictions, rubbish; and images that are opened with them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from images import file_of
from processor_worlds import machine

from dumpwalk.errors import FormatError, UsageError
from dumpwalk.expression import evaluate
from dumpwalk.formats.register_listing import parse_register_listing, read_register_listing
from dumpwalk.kernel.names import DumpNames
from dumpwalk.kernel.processor_tables import GDT, IDT, table_register
from dumpwalk.memory.virtual import VirtualMemory
from dumpwalk.target import Target
from dumpwalk.target import open as open_target

OPENOCD = """\
(0) eax (/32): 0x00000000
(8) eip (/32): 0xC10093C5
(16) st0 (/32)
(32) cr0 (/32): 0x8005003B
(34) cr3 (/32): 0x0C4F9000
(35) cr4 (/32): 0x00100030
(42) idtbase (/32): 0xFFFBA000
(43) idtlimit (/32): 0x000007FF
(45) gdtbase (/32): 0xC14B8000
(46) gdtlimit (/32): 0x000000FF
"""
WINDBG = """\
0: kd> r
rax=0000000000000001 rbx=fffff8047ba00000 rcx=0000000000000001
rip=fffff8004e14e4c0 rsp=ffffc6816b407a38 rbp=ffffc6816b407c00
 r8=0000000000000000  r9=000000000000ffff r10=ffffc6816b407b80
iopl=0         nv up ei ng nz na pe nc
cs=0010  ss=0018  ds=002b  es=002b  fs=0053  gs=002b             efl=00000286
0: kd> r cr3
cr3=00000000001aa002
0: kd> r gdtr,gdtl
gdtr=fffff80000b94000 gdtl=007f
0: kd> rdmsr c0000080
msr[c0000080] = 00000000`00000d01
"""
GDB = """\
rax            0x0                 0
rip            0xffffffff81000000  0xffffffff81000000 <startup_64>
eflags         0x246               [ IOPL=0 IF ZF PF ]
cs             0x10                16
fs_base        0x0                 0
cr0            0x80050033          [ PG AM WP NE ET MP PE ]
cr3            0x1aa000            [ PDBR=426 PCID=0 ]
cr4            0x16b0              [ LA57 ]
efer           0xd01               [ NXE LMA LME SCE ]
xmm0           {v4_float = {0x0, 0x0, 0x0, 0x0}, uint128 = 0x0}
"""
QEMU = """\
CPU#0
EAX=00000001 EBX=00000000 ECX=00000000 EDX=00000000
EIP=82a42ff0 EFL=00000246 [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=1
CS =0008 00000000 ffffffff 00cf9b00 DPL=0 CS32 [-RA]
LDT=0000 00000000 0000ffff 00008200 DPL=0 LDT
TR =0028 801e1000 000020ab 00008b00 DPL=0 TSS32-busy
GDT=     80b95000 000003ff
IDT=     80b95400 000007ff
CR0=8001003b CR2=00000000 CR3=00185000 CR4=000006d8
DR0=0000000000000000 DR1=0000000000000000
EFER=0000000000000000

CPU#1
EAX=00000005 CR3=00999000
"""


@pytest.mark.parametrize(
    ("text", "modes", "expected"),
    [
        (OPENOCD, ["PAE"], {"cr3": 0xC4F9000, "eip": 0xC10093C5, "gdtbase": 0xC14B8000, "idtlimit": 0x7FF}),
        (WINDBG, ["x64", "x64 with 5 levels"], {"cr3": 0x1AA002, "r9": 0xFFFF, "cs": 0x10, "gdtlimit": 0x7F}),
        (GDB, ["x64 with 5 levels"], {"cr3": 0x1AA000, "rip": 0xFFFFFFFF81000000, "eflags": 0x246, "fsbase": 0}),
        (QEMU, ["x86"], {"cr3": 0x185000, "eax": 1, "tr": 0x28, "gdtbase": 0x80B95000, "cslimit": 0xFFFFFFFF}),
    ],
    ids=["OpenOCD", "WinDbg", "gdb", "QEMU"],
)
def test_what_debuggers_print(text: str, modes: list[str], expected: dict[str, int]) -> None:
    found = parse_register_listing(text)

    assert [mode.name for mode in found.modes] == modes
    assert found.root == expected["cr3"]
    assert {name: found.values.get(name) for name in expected} == expected
    assert "st0" not in found.values
    assert "xmm0" not in found.values


def test_the_listing_of_a_post(real_data: Path) -> None:
    """An Intel Quark under Linux, by OpenOCD: 73 lines of it have values."""
    text = (real_data / "seed" / "000_05213417b4f651b7.txt").read_text("utf-8")

    found = parse_register_listing(text[text.index("(0) eax") : text.index("(0) eax") + 4000])

    assert [mode.name for mode in found.modes] == ["PAE"]
    assert found.root == 0x0C4F9000
    assert (found.values["gdtbase"], found.values["gdtlimit"]) == (0xC14B8000, 0xFF)
    assert len(found.values) > 50


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no line of it gives a register a value"),
        ("hello = 5\nzz=1", "no line of it gives a register a value"),
        ("cr3=1000\nCR3=2000", "cr3 is 1000 first and 2000 in line 2; give one processor's"),
        ("cr0=50033 cr3=1000", "paging was off"),
        ("cr0=80000000 cr3=1000", "without protected mode"),
        ("cr0=80050033 cr4=0 efer=d01", "without the PAE that it takes"),
        ("cr0=80050033 cr4=20 efer=901", "LME and LMA differ"),
    ],
)
def test_contradictions(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as error:
        parse_register_listing(text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "modes"),
    [
        ("cr3=1000", []),
        ("gdtbase=80000000", []),
        ("eip=80000000 cr3=1000", ["PAE", "x86"]),
        ("rip=80000000 cr3=1000", ["x64", "x64 with 5 levels"]),
        ("cr4=6f8 cr3=1000", ["PAE"]),
        ("cr4=10 cr3=1000", ["x86"]),
        ("cr4=20 rip=0", ["x64", "PAE"]),
        ("cr4=1020 rip=0", ["x64 with 5 levels"]),
        ("cr4=20 efer=800 rip=0", ["PAE"]),
        ("efer=d01", ["x64", "x64 with 5 levels"]),
    ],
)
def test_modes_that_are_left_open(text: str, modes: list[str]) -> None:
    assert [mode.name for mode in parse_register_listing(text).modes] == modes


@given(st.text(max_size=300))
def test_any_text(text: str) -> None:
    with suppress(UsageError):
        assert parse_register_listing(text).values


@given(
    st.dictionaries(
        st.sampled_from(["eax", "ebx", "cr2", "cs", "dr7", "gdtbase"]), st.integers(0, 0xFFFFFFFF), min_size=1
    )
)
def test_values_come_back_in_each_form(values: dict[str, int]) -> None:
    forms = (
        "\n".join(f"({n}) {name} (/32): 0x{v:08X}" for n, (name, v) in enumerate(values.items())),
        " ".join(f"{name}={v:08x}" for name, v in values.items()),
        "\n".join(f"{name:15}{v:#x}{'':10}{v}" for name, v in values.items()),
    )

    assert [parse_register_listing(form).values for form in forms] == [values] * 3


def test_rubbish_of_10_megabytes(tmp_path: Path) -> None:
    path = tmp_path / "rubbish"
    path.write_bytes(bytes(range(256)) * 40960)

    with pytest.raises(UsageError, match="has more than 1 MB"):
        read_register_listing(str(path))
    path.write_bytes((b"a=" * 100 + b"\n") * 5000)
    with pytest.raises(UsageError, match="no line of it"):
        read_register_listing(str(path))
    path.write_bytes(b"e" * (1 << 20))
    with pytest.raises(UsageError, match="no line of it"):
        read_register_listing(str(path))


def test_files_that_can_not_be_read(tmp_path: Path) -> None:
    for path in (str(tmp_path), str(tmp_path / "none"), "a\0b"):
        with pytest.raises(FormatError):
            read_register_listing(path)


def test_what_powershell_writes(tmp_path: Path) -> None:
    path = tmp_path / "registers.txt"
    path.write_bytes(OPENOCD.encode("utf-16"))

    assert read_register_listing(str(path)).root == 0x0C4F9000


# Images that are opened with one.

STATEMENTS = "gate 21 to example+1000"


def listing(target_root: int, **more: int) -> str:
    values = {"cr0": 0x80050033, "cr3": target_root, "cr4": 0x6A0, "efer": 0xD01, "rip": 0xFFFFF8047BA01000, **more}
    return "\n".join(f"{name}={value:x}" for name, value in values.items())


def opened(directory: Path, spec: str, registers: str = "") -> Target:
    """Return the target that *spec* makes, with a listing of *registers* where one is given."""
    path = directory / "registers.txt"
    path.write_text(registers)
    return open_target(file_of(spec), raw=spec.startswith("dump raw"), registers=str(path) if registers else "")


def test_a_raw_image(tmp_path: Path) -> None:
    spec = machine("nt/19041.3570-x64", STATEMENTS, kind="raw")
    plain = opened(tmp_path, spec)
    assert isinstance(plain.memory, VirtualMemory)

    target = opened(tmp_path, spec, registers=listing(plain.memory.root | 2))

    assert isinstance(target.memory, VirtualMemory)
    assert target.memory.root == plain.memory.root
    assert any("from CR3 of the register listing" in text for text in target.dump.found)
    assert evaluate("@rip - 1000", DumpNames(target)) == evaluate("nt", DumpNames(target))
    assert evaluate("@eip", DumpNames(target)) == 0x7BA01000
    assert evaluate("@$ip", DumpNames(target)) == 0xFFFFF8047BA01000


def test_the_listing_wins_over_what_would_be_found(tmp_path: Path) -> None:
    """Even where nothing in those page tables looks like Windows: somebody's word that they are the ones."""
    spec = machine("nt/19041.3570-x64", kind="raw")
    target = opened(tmp_path, spec, registers=listing(0x5000))

    assert isinstance(target.memory, VirtualMemory)
    assert target.memory.root == 0x5000
    assert "not confirmed by anything in it" in str(target.dump.found)


def test_tables_by_the_listing(tmp_path: Path) -> None:
    spec = machine("nt/19041.3570-x64", STATEMENTS)
    plain = opened(tmp_path, spec)
    gdt, idt = table_register(plain, GDT), table_register(plain, IDT)
    assert isinstance(plain.memory, VirtualMemory)
    known = listing(plain.memory.root, gdtbase=int(gdt.base), idtbase=int(idt.base), idtlimit=0x2F)

    target = opened(tmp_path, spec, registers=known)
    found = table_register(target, IDT)

    assert (found.base, found.limit, found.limit_known, found.source) == (idt.base, 0x2F, True, "register listing")
    assert found.processor == 0
    assert table_register(target, GDT).limit_known is False
    assert table_register(target, IDT, 0).source == "_KPCR"


@pytest.mark.parametrize(
    ("registers", "said"),
    [("cr0=80050033 cr3=185000 cr4=6f8 eax=1", "not of this machine"), ("cr3=1aa000 cr4=1020 rip=1", "5 levels")],
)
def test_registers_of_another_machine(registers: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said):
        opened(tmp_path, machine("nt/19041.3570-x64"), registers=registers)


def test_a_small_dump_takes_the_values_alone(tmp_path: Path) -> None:
    (tmp_path / "registers.txt").write_text("rip=1234 cr3=1000 cr4=6f8")
    sample = Path(__file__).parents[2] / "samples" / "apc_index_mismatch.dmp"

    target = open_target(str(sample), registers=str(tmp_path / "registers.txt"))

    assert evaluate("@rip", DumpNames(target)) == 0x1234
    assert evaluate("@rbp", DumpNames(target)) == 0xFFFFC6816B407C00  # the dump's own
    with pytest.raises(UsageError, match="no page tables that --dtb could choose from"):
        open_target(str(sample), registers=str(tmp_path / "registers.txt"), dtb=0x1000)
