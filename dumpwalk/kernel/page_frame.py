"""``_MMPFN``: what Mm keeps of each page that is in memory; here, which prototype PTE it belongs to."""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.memory.address import Hex
from dumpwalk.objects.members import integer
from dumpwalk.objects.sizes import size_of
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.types.model import Reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target

_VARIABLE = "MmPfnDatabase"


@record
class PageFrame:
    """The entry of one page in the page frame database.

    :param PteAddress: of the PTE that holds it: a prototype PTE where :attr:`PrototypePte` is set
    :param OriginalPte: what that PTE is to be when the page is taken away
    """

    pfn: Hex
    address: Address
    PteAddress: Address | Absent
    OriginalPte: Hex | Absent
    PrototypePte: bool | Absent


def page_frame(target: Target, pfn: int) -> PageFrame | Absent:
    """Return the page frame database's entry of page *pfn*, or why it can't be had.

    :raises TypeInfoError: when the types of this kernel are not known
    """
    size = size_of(Reference("struct", "_MMPFN"), target.types)
    if not size:
        return Absent(f"no type _MMPFN in {target.types.name}")
    data = target.dump.debugger_data
    place = (0 if isinstance(data, Absent) else data.get(_VARIABLE)) or target.address_of(_VARIABLE)
    if not place:
        return Absent(f"neither the debugger data block nor a symbol says where {_VARIABLE} is")
    try:
        base = target.read_pointer(place)
    except ReadError as error:
        return Absent(f"{_VARIABLE}: {error}")
    at = target.address(base + pfn * size)
    frame = target.object("_MMPFN", at)
    pte = integer(frame, "PteAddress")
    original = integer(frame, "OriginalPte.u.Long")
    # The bit went from u3.e1 into u4. Since Windows 7 bit 0 of the address is a lock.
    held = integer(frame, "u4.PrototypePte", "u3.e1.PrototypePte")
    return PageFrame(
        Hex(pfn),
        at,
        pte if isinstance(pte, Absent) else target.address(pte & ~3),
        original if isinstance(original, Absent) else Hex(original),
        held if isinstance(held, Absent) else bool(held),
    )
