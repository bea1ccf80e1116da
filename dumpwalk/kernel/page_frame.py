"""``_MMPFN``: what Mm keeps of each page that is in memory; here, which prototype PTE it belongs to."""

from __future__ import annotations

from dumpwalk.errors import AbsentError, ReadError, TypeInfoError
from dumpwalk.kernel.names import DumpNames
from dumpwalk.memory.address import Hex
from dumpwalk.objects.members import boolean, hexadecimal, integer
from dumpwalk.objects.sizes import size_of
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.types.model import Reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target

# The bit went from u3.e1 into u4.
PROTOTYPE_PTE = ("u4.PrototypePte", "u3.e1.PrototypePte")


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
    try:
        frame = entry_of(target, pfn)
    except (TypeInfoError, ReadError, AbsentError) as error:
        return Absent(str(error))
    pte = integer(frame, "PteAddress")
    return PageFrame(
        Hex(pfn),
        frame.address_,
        pte if isinstance(pte, Absent) else target.address(pte & ~3),  # since Windows 7 bit 0 is a lock
        hexadecimal(frame, "OriginalPte.u.Long"),
        boolean(frame, *PROTOTYPE_PTE),
    )


def entry_of(target: Target, pfn: int) -> Any:
    """Return the ``_MMPFN`` of the page *pfn*.

    :raises TypeInfoError: when the types of this kernel are not known, or where the database is
    :raises ReadError: when the pointer to it is not in the dump
    :raises AbsentError: when there is no database
    """
    size = size_of(Reference("struct", "_MMPFN"), target.types)
    if not size:
        raise TypeInfoError(f"no type _MMPFN in {target.types.name}")
    return target.object("_MMPFN", database(target) + pfn * size)


def database(target: Target) -> Address:
    """Return where the page frame database begins.

    :raises TypeInfoError: when neither the dump nor symbols say where ``nt!MmPfnDatabase`` is
    :raises ReadError: when it is not in the dump
    :raises AbsentError: when it is null
    """
    place = DumpNames(target).symbol("nt!MmPfnDatabase")
    if place is None:
        raise TypeInfoError("nt!MmPfnDatabase: where it is, neither the dump nor symbols say")
    try:
        base = target.read_pointer(place)
    except ReadError as error:
        what = f"{error.reason}, so where the page frame database begins (MmPfnDatabase) is not known"
        raise ReadError(error.address, error.size, what) from error
    if not base:
        raise AbsentError(f"nt!MmPfnDatabase, at {target.address(place)}, is null: there is no page frame database")
    return base
