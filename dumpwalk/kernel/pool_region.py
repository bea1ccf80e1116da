"""Which part of the kernel's address space an address is in: nonpaged pool, paged pool, session space.

Windows 10 says it of each stretch that one entry of a table maps (``SystemVaType`` of ``MiState``), older kernels by
variables that the debugger data block points to.
"""

from __future__ import annotations

from dumpwalk.errors import ReadError, TypeInfoError
from dumpwalk.objects.sizes import offset_of
from dumpwalk.remarks import Absent
from dumpwalk.types.model import Array, Enum, Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.target import Target

SPECIAL = "Special pool"
# What !pool calls the kinds of _MI_SYSTEM_VA_TYPE that are pool.
_POOLS = {
    "MiVaNonPagedPool": "Nonpaged pool",
    "MiVaPagedPool": "Paged pool",
    "MiVaPagedProtoPool": "Paged pool",
    "MiVaSessionSpace": "Paged session pool",
    "MiVaSpecialPoolPaged": SPECIAL,
    "MiVaSpecialPoolNonPaged": SPECIAL,
    "MiVaSecureNonPagedPool": "Secure nonpaged pool",
}
# (first variable, last variable, name), by KDDEBUGGER_DATA64
_RANGES = (
    ("MmPagedPoolStart", "MmPagedPoolEnd", "Paged pool"),
    ("MmNonPagedPoolStart", "MmNonPagedPoolEnd", "Nonpaged pool"),
)
# What one entry maps: a page directory's on 32-bit machines with PAE, the root table's on 64-bit ones.
_SHIFT = {4: 21, 8: 39}


def region(target: Target, address: int) -> str | Absent:
    """Return what the kernel uses the addresses around *address* for, in ``!pool``'s words, or why that is not known.

    :raises TypeInfoError: when the types of this kernel are not known
    """
    kind = system_va_type(target, address)
    if not isinstance(kind, Absent):
        return _POOLS.get(kind) or Absent(f"the kernel uses these addresses for something else, {kind}")
    data = target.dump.debugger_data
    if isinstance(data, Absent):
        return kind
    for first, last, name in _RANGES:
        places = data.get(first), data.get(last)
        if not all(places):
            continue
        try:
            start, end = (target.read_pointer(place) for place in places if place)
        except ReadError:
            continue
        if start and start <= address <= end:
            return name
    return kind


def system_va_type(target: Target, address: int) -> str | Absent:
    """Return the kind of the system addresses around *address*, ``MiVaPagedPool``, or why it is not known."""
    try:
        offset = offset_of(target.types, "_MI_SYSTEM_INFORMATION", "Vs.SystemVaType")
    except TypeInfoError:
        return Absent("this kernel keeps no table of what system addresses are used for where it could be found")
    state = target.address_of("MiState")
    if state is None:
        return Absent("where nt!MiState is: the kernel is not known exactly")
    visible = target.types.find("_MI_VISIBLE_STATE")
    fields = visible.fields if isinstance(visible, Struct) else ()
    array = next((field.type for field in fields if field.name == "SystemVaType"), None)
    count = array.count if isinstance(array, Array) else 0
    width = target.machine.pointer_size
    index = (address >> _SHIFT[width]) - (1 << 8 * width - 1 >> _SHIFT[width]) if width == 4 else address >> 39 & 0xFF
    if not 0 <= index < count or not address >> (8 * width - 1):
        return Absent("it is no address of the kernel's half")
    try:
        value = target.read_int(state + offset + index, 1)
    except ReadError as error:
        return Absent(f"nt!MiState: {error}")
    names = target.types.find("_MI_SYSTEM_VA_TYPE")
    known = {number: name for name, number in names.members} if isinstance(names, Enum) else {}
    return known.get(value) or Absent(f"nt!MiState says {value} of these addresses, which has no name")
