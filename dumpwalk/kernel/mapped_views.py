"""Where a section is mapped: the views in a control area's list, each a VAD of a process or a view of the system's.

Windows 7 has the list in ``ViewList``; since 8 it is ``ListHead``, which is a link of Mm's own lists while there is
no view. Each view is linked by its ``ViewLinks``, and what it is of shows in what leads back to the control area.
"""

from __future__ import annotations

from dumpwalk.memory.chain import linked_list
from dumpwalk.objects.members import has, hexadecimal, integer, member, pointer
from dumpwalk.objects.sizes import offset_of
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem
from dumpwalk.types.model import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.kernel.section import ControlArea
    from dumpwalk.memory.address import Address, Hex
    from dumpwalk.target import Target
    from dumpwalk.types.model import TypeDatabase

_MOST_VIEWS = 4096
# Kinds of view are told by the low bits of VadsProcess where it has any.
_KIND_BITS = 7


@record
class MappedView:
    """One view.

    :param kind: ``VAD``, ``system`` (an ``_MMVIEW``) or ``unknown``
    :param address: of the structure; of the link alone where it is unknown
    :param start: first address of the view; :attr:`end` is the last. A system view has :attr:`entry` instead
    :param entry: ``_MMVIEW.Entry``: the address, and the size in its low bits
    """

    kind: str
    address: Address
    start: Address | Absent | None
    end: Address | Absent | None
    entry: Hex | Absent | None
    process: Address | Absent | None
    image: str | Absent | None
    pid: Hex | Absent | None


def mapped_views(target: Target, area: ControlArea) -> tuple[tuple[MappedView, ...], tuple[Problem, ...]]:
    """Return the views of *area*, and what is wrong with the list of them.

    :raises TypeInfoError: when the types of this kernel are not known
    """
    where = f"_CONTROL_AREA {area.address:x}"
    types, object = target.types, target.object("_CONTROL_AREA", area.address)
    if not _offset(types, "_MMVAD"):
        return (), (Problem(where, "this build keeps no list of views: they are in each process's VADs"),)
    name = next((name for name in ("ViewList", "ListHead") if has(object, name)), "")
    first = pointer(object, f"{name}.Flink") if name else Absent("this build has no list of views")
    if isinstance(first, Absent):
        return (), (Problem(where, f"views: {first.reason}"),)
    head = area.address + offset_of(types, "_CONTROL_AREA", name)
    if not first or first == head or (name == "ListHead" and not area.NumberOfMappedViews):
        return (), ()
    chain = linked_list(target.memory, target.machine, head, _MOST_VIEWS)
    problems = [Problem(f"{where} {name}", what) for what in chain.problems]
    views = tuple(_view(target, area, target.address(link)) for link in chain.addresses)
    return views, tuple(problems)


def _offset(types: TypeDatabase, type: str) -> int:
    """Return where ``ViewLinks`` is in *type*; 0 when it has none."""
    found = types.find(type)
    fields = found.fields if isinstance(found, Struct) else ()
    return next((field.offset for field in fields if field.name == "ViewLinks"), 0)


def _view(target: Target, area: ControlArea, link: Address) -> MappedView:
    vad = target.object("_MMVAD", link - _offset(target.types, "_MMVAD"))
    if pointer(member(vad, "Subsection"), "ControlArea") == area.address:
        return _of_process(target, vad)
    offset = _offset(target.types, "_MMVIEW")
    if offset:
        view = target.object("_MMVIEW", link - offset)
        theirs = pointer(view, "u1.ControlArea", "ControlArea")
        if not isinstance(theirs, Absent) and theirs & ~_KIND_BITS == area.address:
            entry = hexadecimal(view, "Entry")
            return MappedView("system", target.address(view.address_), None, None, entry, None, None, None)
    return MappedView("unknown", link, None, None, None, None, None, None)


def _of_process(target: Target, vad: Any) -> MappedView:
    start, end = (_pages(vad, name) for name in ("StartingVpn", "EndingVpn"))
    process = integer(vad, "VadsProcess")
    if isinstance(process, Absent):
        image: str | Absent = process
        pid: Hex | Absent = process
    else:
        process = target.address(process & ~_KIND_BITS)
        owner = target.object("_EPROCESS", process)
        image, pid = owner.ImageFileName.str_(), hexadecimal(owner, "UniqueProcessId")
    return MappedView(
        "VAD",
        target.address(vad.address_),
        start if isinstance(start, Absent) else target.address(start << 12),
        end if isinstance(end, Absent) else target.address((end << 12) + 0xFFF),
        None,
        process if isinstance(process, Absent) else target.address(process),
        image,
        pid,
    )


def _pages(vad: Any, name: str) -> int | Absent:
    low = integer(vad, f"Core.{name}", name)
    high = integer(vad, f"Core.{name}High")
    return low if isinstance(low, Absent) else low | (0 if isinstance(high, Absent) else high) << 32
