"""Where the fields of a kernel's page-table entries are, taken from its ``_MMPTE_*`` types.

Which members there are decides, never a build number: the layouts of the L1TF
updates of 2018 were brought to old builds too.
"""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.memory.paging.software import PteFormat
from dumpwalk.types.model import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.paging.software import Bits, Piece
    from dumpwalk.types.model import TypeDatabase

# Prototype PTEs are 4-byte aligned and so are subsections, but on Windows XP, whose subsections are pool
# blocks: there a unit is 8 bytes (ReactOS mm.h, MmSubsectionPteToSubsection).
_PTE_UNIT, _POOL_UNIT = 2, 3
_LOW_BITS = 0x1000
# Kernel space of 32-bit Windows; Vista and 7 leave the highest bit out of a prototype PTE's address.
_KERNEL_32 = 0x80000000


def pte_format(types: TypeDatabase) -> PteFormat:
    """Return the format of page-table entries in the kernel that *types* are of.

    ``InvalidPteMask``, and the pools of Windows XP, are in the machine's memory and not in the types.

    :raises TypeInfoError: when a type or member is missing
    """
    view = {name: _View(types, f"_MMPTE_{name}") for name in _VIEWS}
    whole = types.find("_MMPTE")
    size = whole.size if isinstance(whole, Struct) else 0
    hard, software = view["HARDWARE"], view["SOFTWARE"]
    proto, subsection, transition = view["PROTOTYPE"], view["SUBSECTION"], view["TRANSITION"]
    if size not in (4, 8) or any(v.struct.size != size for v in view.values()):
        raise TypeInfoError(f"page-table entries of {types.name} have no size that one can have ({size} bytes)")
    which_pool = subsection.mask("WhichPool") if proto.has("WhichPool") else 0
    pieces = proto.pieces("ProtoAddress", _PTE_UNIT)
    found = PteFormat(
        size=size,
        address_bits=48 if types.pointer_size == 8 else 32,
        valid=hard.mask("Valid"),
        prototype=software.mask("Prototype"),
        transition=software.mask("Transition"),
        hard_pfn=hard.bits("PageFrameNumber"),
        transition_pfn=transition.bits("PageFrameNumber"),
        protection=software.bits("Protection"),
        page_file_low=software.bits("PageFileLow"),
        page_file_high=software.bits("PageFileHigh"),
        used_entries=software.bits("UsedPageTableEntries", needed=False),
        proto=pieces,
        proto_base=_KERNEL_32 if len(pieces) > 1 and not which_pool else 0,
        proto_protection=proto.bits("Protection", needed=False),
        subsection=subsection.pieces("SubsectionAddress", _POOL_UNIT if which_pool else _PTE_UNIT),
        subsection_protection=subsection.bits("Protection", needed=False),
        swizzle=software.mask("SwizzleBit") if software.has("SwizzleBit") else 0,
        which_pool=which_pool,
        arm=hard.has("NotLargePage"),
    )
    position, mask = found.protection
    if max(found.valid, found.prototype, found.transition, mask << position) >= _LOW_BITS:
        raise TypeInfoError(f"page-table entries of {types.name} say what they are above bit 11: not known here")
    return found


_VIEWS = ("HARDWARE", "PROTOTYPE", "SUBSECTION", "SOFTWARE", "TRANSITION")


class _View:
    """One of the structures that an entry can be read as."""

    def __init__(self, types: TypeDatabase, name: str) -> None:
        struct = types.find(name)
        if not isinstance(struct, Struct):
            raise TypeInfoError(f"no type {name} in {types.name}: what its page-table entries mean is not known")
        self.struct = struct
        self._where = f"{name} of {types.name}"
        self._bits = {f.name: f.bits for f in struct.fields if f.bits is not None and f.offset == 0}

    def has(self, name: str) -> bool:
        return name in self._bits

    def bits(self, name: str, *, needed: bool = True) -> Bits:
        found = self._bits.get(name)
        if found is None:
            if needed:
                raise TypeInfoError(f"no bits {name} in {self._where}")
            return 0, 0
        position, length = found
        if not 0 <= position < position + length <= 8 * self.struct.size:
            raise TypeInfoError(f"the bits {name} in {self._where} lie outside it")
        return position, (1 << length) - 1

    def mask(self, name: str) -> int:
        position, mask = self.bits(name)
        return mask << position

    def pieces(self, name: str, unit: int) -> tuple[Piece, ...]:
        """Return the pieces of an address: one, or a low and a high one in *unit* (a power of 2) bytes."""
        if self.has(name):
            return ((*self.bits(name), 0),)
        low, high = self.bits(f"{name}Low"), self.bits(f"{name}High")
        return (*low, unit), (*high, unit + low[1].bit_length())
