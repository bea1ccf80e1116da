"""Columns stay apart and names are escaped, whatever a dump holds."""

from __future__ import annotations

from dumpwalk.commands import lm
from dumpwalk.commands.gdt import GdtAnswer
from dumpwalk.commands.gdt import layout as gdt_layout
from dumpwalk.kernel.descriptors import descriptor
from dumpwalk.kernel.gdt import DescriptorTable
from dumpwalk.kernel.module_list import ListedModule, ModuleList
from dumpwalk.kernel.object_type_list import ObjectType, ObjectTypeList
from dumpwalk.kernel.pfn import Pfn
from dumpwalk.kernel.slist import PopWindow
from dumpwalk.kernel.vad import Vad
from dumpwalk.kernel.vad_detail import VadDetail
from dumpwalk.memory.address import Address, Hex
from dumpwalk.remarks import Absent
from dumpwalk.render.pfn import layout as pfn_layout
from dumpwalk.render.slist import window_line
from dumpwalk.render.vad import detail_text
from dumpwalk.symbols.modules import Module

AT = Address(0xFFFFB80F12340000)
GONE = Absent("not in the dump")


def test_a_color_that_is_not_there_leaves_a_blank_before_the_priority() -> None:
    page = Pfn(
        Hex(1),
        AT,
        Hex(0),
        Hex(0),
        AT,
        Hex(1),
        GONE,
        Hex(0),
        Hex(0),
        Hex(0),
        "Cached",
        Hex(5),
        "Active",
        "",
        (),
        None,
        (),
    )

    assert "color ???? Priority 5" in pfn_layout(page)


def test_links_of_a_vad_stand_apart_from_their_labels() -> None:
    vad = Vad(AT, None, Hex(1), Hex(2), 0, "VadNone", False, Hex(1), "READONLY", AT, AT, AT)
    text = detail_text(VadDetail(vad, (AT, AT), AT, Hex(0), (), (), True))

    assert "Secured.Flink ffffb80f12340000  Blink ffffb80f12340000  Banked/Extend: ffffb80f12340000" in text


def test_a_gate_of_8_bytes_has_the_columns_of_its_table() -> None:
    gate = descriptor(bytes.fromhex("00d21000008ea782"), 0x50, wide=True)
    table = DescriptorTable(0, AT, Hex(0x7F), False, "", True, (gate,), ())

    assert "0050 00000000`82a7d200 00000000`00000010 Int Gate32 " in gdt_layout(GdtAnswer((table,)))
    assert gate.available is False  # the bit is one of the gate's offset


def test_a_symbol_at_an_instruction_pointer_is_escaped() -> None:
    line = window_line(PopWindow(AT, "nt!\x1b[2J", AT, AT, AT, False))

    assert "(nt!\\x1b[2J)" in line


def test_where_symbols_came_from_is_escaped() -> None:
    module = Module("a", "a.sys", "", AT, Hex(0x1000), Hex(0), Hex(0), "")
    listed = ModuleList((ListedModule(module, "pdb symbols", "/tmp\x1b[2J/a.pdb", "", None),), (), ())

    assert lm.layout(lm.LmAnswer(listed, (), True)).endswith("/tmp\\x1b[2J/a.pdb")


def test_types_whose_addresses_are_not_there_have_their_columns() -> None:
    from dumpwalk.commands.objtypes import layout

    one = ObjectType(1, GONE, "Event", "Even", 1, 2, 3, 4)
    head, row = layout(ObjectTypeList(None, (one,))).split("\n")[:2]

    assert head.index("Tag") == row.index("Even")
