"""Segment descriptors, as ``dg`` lays them out.

Microsoft's documentation of the command shows no listing, and none was at hand
to compare the columns and the names of types with.
Of a gate, Base is where it leads, and Limit the selector it leads through.
"""

from __future__ import annotations

from dumpwalk.memory.address import Address, Address32
from dumpwalk.remarks import Absent
from dumpwalk.render.remarks import remark_lines
from dumpwalk.render.text import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.descriptors import Descriptor
    from dumpwalk.kernel.gdt import DescriptorTable
    from dumpwalk.memory.address import Hex

_HEADS = {
    8: (
        "                                                    P Si Gr Pr Lo",
        "Sel        Base              Limit          Type    l ze an es ng Flags",
        "---- ----------------- ----------------- ---------- - -- -- -- -- --------",
    ),
    4: (
        "                                  P Si Gr Pr Lo",
        "Sel    Base     Limit     Type    l ze an es ng Flags",
        "---- -------- -------- ---------- - -- -- -- -- --------",
    ),
}
_SYSTEM = {
    0x1: "TSS16 Avl",
    0x2: "LDT",
    0x3: "TSS16 Busy",
    0x4: "CallGate16",
    0x5: "Task Gate",
    0x6: "Int Gate16",
    0x7: "TrapGate16",
    0x9: "TSS32 Avl",
    0xB: "TSS32 Busy",
    0xC: "CallGate32",
    0xE: "Int Gate32",
    0xF: "TrapGate32",
}


def layout(table: DescriptorTable, *, place: bool = False) -> str:
    """Return the descriptors as text.

    :param place: it is all of the table: say where that is, which ``dg`` does not, and leave out empty descriptors
    """
    lines = list(_HEADS[8 if table.wide else 4])
    if place:
        which = "" if table.processor is None else f" of processor {plain(table.processor)}"
        lines.insert(0, f"{'LDT' if table.local else 'GDT'}{which} at {table.base}, limit {table.limit}")
    rows = (_row(d, bool(table.wide)) for d in table.descriptors if d.flags or d.base or d.limit or not place)
    return "\n".join([*lines, *rows, *remark_lines(table)])


def _row(found: Descriptor, wide: bool) -> str:
    base: Address = found.base
    limit: Hex | Absent = found.limit
    if found.gate is not None:
        base, limit = found.gate.offset, found.gate.selector
    # A gate of 8 bytes leads to an address of 32 bits, in the table of a 64-bit machine too.
    kind = Address if wide else Address32
    base, edge = kind(base), limit if isinstance(limit, Absent) else kind(limit)
    size, grain = "Bg" if found.big else "Nb", "Pg" if found.pages else "By"
    present, long = "P " if found.present else "Np", "Lo" if found.long else "Nl"
    flags = f"{int(found.flags):08x}"
    return (
        f"{int(found.selector):04x} {base} {edge} {_type(found):10} {found.dpl} {size} {grain} {present} {long} {flags}"
    )


def _type(found: Descriptor) -> str:
    """Return the type in ten characters."""
    bits = int(found.type)
    if found.system:
        return _SYSTEM.get(bits, "<Reserved>")
    accessed = " Ac" if bits & 1 else ""
    if bits & 8:
        return ("Code " + ("RE" if bits & 2 else "EO") + ("C" if bits & 4 else "") + accessed)[:10]
    return ("Data " + ("RW" if bits & 2 else "RO") + ("E" if bits & 4 else "") + accessed)[:10]
