"""Where the members of a VAD are, by the kernels' types: the one place that knows what they were called when.

The tree of a process's virtual address descriptors is an AVL tree of ``_MMVAD`` in all versions. Its root and its
links have had four forms since Windows XP: a plain pointer with ``LeftChild`` and ``RightChild``; a table whose
``BalancedRoot`` is the root's parent (Server 2003 to 7), an ``_MM_AVL_TABLE`` of ``_MMVAD_SHORT`` cores (8), and an
``_RTL_AVL_TREE`` (8.1 and later). Paths to the same thing are given newest first.
"""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.objects.sizes import offset_of, size_of
from dumpwalk.types.model import Reference, Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.types.model import Type, TypeDatabase

# An AVL tree of all pages that a process can have is less than 1.44 * 36 deep.
DEEPEST = 64

ROOTS = ("VadRoot.Root", "VadRoot.BalancedRoot.RightChild", "VadRoot")
LEFT = ("Core.VadNode.Left", "Core.VadNode.LeftChild", "LeftChild")
RIGHT = ("Core.VadNode.Right", "Core.VadNode.RightChild", "RightChild")
START, END = ("Core.StartingVpn", "StartingVpn"), ("Core.EndingVpn", "EndingVpn")
START_HIGH, END_HIGH = ("Core.StartingVpnHigh",), ("Core.EndingVpnHigh",)
PRIVATE = ("Core.u.VadFlags.PrivateMemory", "u.VadFlags.PrivateMemory")
TYPE = ("Core.u.VadFlags.VadType", "u.VadFlags.VadType")
PROTECTION = ("Core.u.VadFlags.Protection", "u.VadFlags.Protection")
# What Windows XP had in place of VadType.
XP_TYPES = ("PhysicalMapping", "ImageMap", "UserPhysicalPages", "WriteWatch", "LargePages")
# For five-level page tables.
START_HIGHER, END_HIGHER = ("Core.u5.StartingVpnHigher",), ("Core.u5.EndingVpnHigher",)
# Since Windows 8 the charge is beside the flags.
COMMIT = ("Core.u1.VadFlags1.CommitCharge", "u.VadFlags.CommitCharge")
COMMIT_HIGH = ("Core.CommitChargeHigh",)
SUBSECTION, CONTROL_AREA = ("Subsection",), ("ControlArea",)
FIRST_PTE, LAST_PTE = ("FirstPrototypePte",), ("LastContiguousPte",)


def first_path(types: TypeDatabase, type: str, paths: tuple[str, ...], *, needed: bool = True) -> str:
    """Return the first of *paths* that *type* has; ``""`` when it has none and none is *needed*.

    :raises TypeInfoError: when one is needed
    """
    for path in paths:
        try:
            offset_of(types, type, path)
        except TypeInfoError:
            continue
        return path
    if needed:
        raise TypeInfoError(f"no member {paths[0]} in {type} of {types.name}")
    return ""


class Number:
    """A member that is a number: where it is in the bytes of its structure.

    :ivar end: how many bytes have to be there to read it
    """

    __slots__ = ("_mask", "_offset", "_shift", "end")

    def __init__(self, offset: int, size: int, bits: tuple[int, int] | None) -> None:
        self._offset = offset
        self._shift, width = bits or (0, 8 * size)
        self._mask = (1 << width) - 1
        self.end = offset + size

    def of(self, data: bytes) -> int:
        """Return its value; *data* has at least ``end`` bytes."""
        return int.from_bytes(data[self._offset : self.end], "little") >> self._shift & self._mask

    @property
    def most(self) -> int:
        """The largest value it can have."""
        return self._mask


def number(types: TypeDatabase, type: str, paths: tuple[str, ...]) -> Number | None:
    """Return where the first of *paths* that *type* has is in its bytes, ``None`` when it has none of them."""
    path = first_path(types, type, paths, needed=False)
    if not path:
        return None
    offset, bits = 0, None
    at: Type | None = Reference("struct", type)
    for name in path.split("."):
        found = types.find(at.name) if isinstance(at, Reference) else at
        field = next(field for field in found.fields if field.name == name) if isinstance(found, Struct) else None
        if field is None:
            return None
        offset, at, bits = offset + field.offset, field.type, field.bits
    return Number(offset, size_of(at, types) or types.pointer_size, bits)
