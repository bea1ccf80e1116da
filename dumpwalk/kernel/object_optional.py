"""The optional headers of an object, which lie below its ``_OBJECT_HEADER``.

Up to Windows Vista the header says how far each is away. Since 7 a mask says which there are, and how far each is
away follows from the sizes of those between: a bit's header lies below those of all lower bits.
"""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.objects.members import has, integer
from dumpwalk.objects.sizes import size_of
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem
from dumpwalk.types.model import Reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target

CREATOR_INFO, NAME_INFO, HANDLE_INFO, QUOTA_INFO, PROCESS_INFO, AUDIT_INFO = 1, 2, 4, 8, 0x10, 0x20
# Bits of InfoMask; the lowest bit's header is nearest to the object's.
_LOW = ("CREATOR", "NAME", "HANDLE", "QUOTA", "PROCESS", "AUDIT")
_SHOWN = {"HANDLE_REVOCATION": "HandleRevocationInfo"}
# Windows XP to Vista: the member of the header that says how far below it each is.
_OFFSETS = (("NAME", "NameInfoOffset"), ("HANDLE", "HandleInfoOffset"), ("QUOTA", "QuotaInfoOffset"))
# _OBJECT_HEADER.Flags of those: OB_FLAG_CREATOR_INFO. No offset: it is always directly below.
_FLAG_CREATOR_INFO = 4


@record
class OptionalHeader:
    """One of an object's optional headers.

    :param kind: what ``!object`` calls it: ``NameInfo``
    :param type: ``_OBJECT_HEADER_NAME_INFO``
    """

    kind: str
    type: str
    address: Address


def header_type(kind: str) -> str:
    """Return the type of the optional header that ``!object`` calls so.

    >>> header_type("NameInfo"), header_type("HandleRevocationInfo")
    ('_OBJECT_HEADER_NAME_INFO', '_OBJECT_HEADER_HANDLE_REVOCATION_INFO')
    """
    words = "".join(f"_{letter}" if letter.isupper() else letter for letter in kind)
    return f"_OBJECT_HEADER{words.upper()}"


def optional_sizes(target: Target) -> dict[int, tuple[str, int]]:
    """Return by each bit of ``InfoMask`` which header it stands for (``NAME``), and its size in bytes.

    Bit 0x40 is padding in Windows 8 and 8.1, a revocation block in the first two releases of 10, and since then the
    extended header, with padding behind it. The types tell them apart.

    :raises TypeInfoError: when the types of this kernel are not known
    """
    return target.once("optional object headers", _sizes)


def _sizes(target: Target) -> dict[int, tuple[str, int]]:
    def size(kind: str) -> int:
        return size_of(Reference("struct", f"_OBJECT_HEADER_{kind}_INFO"), target.types) or 0

    kinds: tuple[str, ...] = (*_LOW, "PADDING")
    known = {kind: size(kind) for kind in (*_LOW, "PADDING", "EXTENDED", "HANDLE_REVOCATION")}
    if known["EXTENDED"]:
        kinds = (*_LOW, "EXTENDED", "PADDING")
    elif target.types.find("_OB_HANDLE_REVOCATION_BLOCK") is not None:
        kinds = (*_LOW, "HANDLE_REVOCATION", "PADDING")
        # OBJECT_HEADER_HANDLE_REVOCATION_INFO: a list entry, a pointer and padding; in no public symbols.
        known["HANDLE_REVOCATION"] = known["HANDLE_REVOCATION"] or 4 * target.machine.pointer_size
    return {1 << bit: (kind, known[kind]) for bit, kind in enumerate(kinds) if known[kind]}


def distance(target: Target, mask: int, bit: int) -> int:
    """Return how far below the header the optional header *bit* begins, by ``InfoMask``; 0 when *mask* has it not."""
    if not mask & bit:
        return 0
    return sum(size for one, (_, size) in optional_sizes(target).items() if one <= bit and mask & one)


def distances(target: Target, header: Any) -> dict[str, int] | Absent:
    """Return the optional headers that *header*, an ``_OBJECT_HEADER``, says there are, and how far below it.

    :return: by kind, ``{"NAME": 0x20}``, the nearest first
    """
    if has(header, "NameInfoOffset"):
        out = {}
        flags = integer(header, "Flags")
        creator = size_of(Reference("struct", "_OBJECT_HEADER_CREATOR_INFO"), target.types)
        if not isinstance(flags, Absent) and flags & _FLAG_CREATOR_INFO and creator:
            out["CREATOR"] = creator
        for kind, member in _OFFSETS:
            below = integer(header, member)
            if isinstance(below, Absent):
                return below
            if below:
                out[kind] = below
        return out
    mask = integer(header, "InfoMask")
    if isinstance(mask, Absent):
        return mask
    return {kind: distance(target, mask, bit) for bit, (kind, _) in optional_sizes(target).items() if mask & bit}


def optional_headers(target: Target, header: Any) -> tuple[OptionalHeader, ...] | Absent:
    """Return the optional headers of the object whose ``_OBJECT_HEADER`` *header* is, the nearest first."""
    found = distances(target, header)
    if isinstance(found, Absent):
        return found
    places = {_SHOWN.get(kind, f"{kind.title()}Info"): int(header.address_) - below for kind, below in found.items()}
    return tuple(OptionalHeader(kind, header_type(kind), target.address(at)) for kind, at in places.items())


def check_distances(target: Target, header: Any) -> Problem | None:
    """Compare what the types say of the optional headers with the kernel's own ``ObpInfoMaskToOffset``.

    :return: how they differ; ``None`` where they agree, or the table is not known or not in the dump
    """
    place = target.address_of("ObpInfoMaskToOffset")
    mask = integer(header, "InfoMask") if has(header, "InfoMask") else 0
    if place is None or isinstance(mask, Absent):
        return None
    for bit, (kind, _) in optional_sizes(target).items():
        if not mask & bit:
            continue
        try:
            said = target.read_int(place + (mask & (bit | bit - 1)), 1)
        except ReadError:
            return None
        ours = distance(target, mask, bit)
        if said != ours & 0xFF:
            what = f"ObpInfoMaskToOffset says {said:#x}, the types say {ours:#x}"
            return Problem(f"distance of the optional header {kind}", what)
    return None
