"""What specs say of processors: mistakes in them, and what is left as it was where they say nothing."""

from __future__ import annotations

import pytest
from processor_worlds import machine

from dumpwalk.synth import parse, write
from dumpwalk.synth.processor_items import DpcItem, GateItem, InterruptItem, RegionItem, ServiceItem
from dumpwalk.synth.spec import SpecError

X64, X86 = "nt/19041.3570-x64", "nt/win7sp1-x86"


def test_statements() -> None:
    text = "gate 2e to nt!KiPageFault dpl 3 ist 2\ninterrupt b4 to ndis+10 example+20 at ffffb80f`1f400000\n"
    text += "dpc 1 example+1500 threaded at ffffb80f`1f400728\npcr 1 at ffffa001`00000000 Irql=2\n"
    image = parse(machine(X64, text + "service 1000 nt!NtClose arguments 3")).image

    assert image is not None
    items = [i for i in image.items if isinstance(i, (GateItem, InterruptItem, DpcItem, RegionItem, ServiceItem))]
    assert items == [
        GateItem(0x2E, "nt!KiPageFault", 3, 2),
        InterruptItem(0xB4, (0xFFFFF8047B800010, 0xFFFFF8047B900020), 0xFFFFB80F1F400000),
        DpcItem(1, 0xFFFFF8047B901500, True, 0xFFFFB80F1F400728),
        RegionItem(1, 0xFFFFA00100000000, (("Irql", 2),)),
        ServiceItem(0x1000, "nt!NtClose", 3),
    ]


@pytest.mark.parametrize(
    ("profile", "text", "said"),
    [
        (X64, "gate 21 to nt!NoSuchRoutine", "no symbol nt!NoSuchRoutine"),
        (X64, "gate 100 to example+1", "no interrupt 100"),
        (X64, "interrupt 100 to example+1", "no interrupt 100"),
        (X64, "pcr 1 Irql=2", "no processor 1"),
        (X64, "prcb 7 MHz=1", "no processor 7"),
        (X64, "pcr 0 NoSuchField=2", "_KPCR has no field 'NoSuchField'"),
        (X64, "service 1 nt!NtClose", "without a gap"),
        (X64, "service 0 7fff`00000000", "too far from its table"),
        (X86, "gate 21 to nt!KiTrap00", "no symbol nt!KiTrap00"),
    ],
)
def test_mistakes(profile: str, text: str, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        write(machine(profile, text))


def test_gates_need_tables() -> None:
    with pytest.raises(SpecError, match="need `descriptor-tables`"):
        write(machine(X64, "gate 21 to example+1").replace("descriptor-tables\n", ""))
    with pytest.raises(SpecError, match="name its profile"):
        write("dump full x64\npaging x64\ndescriptor-tables\n")
