"""A process's virtual address descriptors: all of them, in order, and the one that covers an address.

They are a tree that is ordered by address. It is walked without believing it.
"""

from __future__ import annotations

from dumpwalk.errors import FormatError
from dumpwalk.kernel import vad_members as members
from dumpwalk.kernel.vad import Vad, Vads
from dumpwalk.objects.members import integer, pointer
from dumpwalk.record import record, replace
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target

# A process may have that many; real ones have hundreds to some ten thousands.
_MOST = 1 << 18


@record
class VadTree:
    """The VADs of a process, or of a tree, in the order of their addresses.

    :param process: whose they are; ``None`` for a tree that was given by its root
    :param average_level: rounded up
    :param private_commit: what all of them have committed, in pages
    """

    process: Address | Absent | None
    root: Address | Absent
    vads: tuple[Vad, ...]
    average_level: int | Absent
    maximum_depth: int | Absent
    private_commit: int | Absent
    problems: tuple[Problem, ...]


def vad_tree(target: Target, root: int, process: int | None = None) -> VadTree:
    """Return the VADs of the tree whose root is at *root*; loops and what is out of order become problems.

    :param process: whose they are
    :raises TypeInfoError: when the types of this kernel are not known
    """
    reader = Vads(target)
    out: list[Vad] = []
    problems: list[Problem] = []
    seen: set[int] = set()
    waiting: list[tuple[Vad, int, int]] = []
    at, level = root, 0
    while waiting or at:
        if not at:
            vad, level, at = waiting.pop()
            out.append(vad)
            level += 1
            continue
        at = int(target.address(at))
        if at in seen or level > members.DEEPEST:
            what = "is in it twice: it runs in a circle" if at in seen else "is deeper in it than any VAD can be"
            problems.append(Problem("VAD tree", f"{target.address(at)} {what}"))
            at = 0
            continue
        if len(seen) >= _MOST:
            problems.append(Problem("VAD tree", f"it has more than {_MOST:,} VADs; the rest is left out"))
            break
        seen.add(at)
        vad, left, right = reader.read(at, level)
        waiting.append((vad, level, right))
        at, level = left, level + 1
    problems += _out_of_order(out)
    levels = [vad.level or 0 for vad in out]
    average = -(-sum(levels) // len(levels)) if levels else 0
    commit = sum(vad.CommitCharge for vad in out if not isinstance(vad.CommitCharge, Absent) and vad.CommitCharge > 0)
    whose = None if process is None else target.address(process)
    where = target.address(root)
    return VadTree(whose, where, tuple(out), average, max(levels, default=0), commit, tuple(problems))


def _out_of_order(vads: list[Vad]) -> list[Problem]:
    """Return a problem for each VAD that ends before it begins, or begins before the one before it ends."""
    out = []
    last, before = -1, None
    for vad in vads:
        start, end = vad.StartingVpn, vad.EndingVpn
        if isinstance(start, Absent) or isinstance(end, Absent):
            continue
        where = f"VAD at {vad.address}"
        if start > end:
            out.append(Problem(where, f"it ends with page {end:x}, before it begins with {start:x}"))
        elif start <= last and before is not None:
            out.append(Problem(where, f"it begins with page {start:x}, where that at {before.address} has not ended"))
        if end >= last:
            last, before = end, vad
    return out


def root_of(target: Target, process: int) -> Address | Absent:
    """Return the root of the VADs of the ``_EPROCESS`` at *process*, 0 for none.

    :raises TypeInfoError: when the types of this kernel are not known
    """
    return pointer(target.object("_EPROCESS", process), *members.ROOTS)


def process_vads(target: Target, process: int) -> VadTree:
    """Return the VADs of the ``_EPROCESS`` at *process*.

    :raises TypeInfoError: when the types of this kernel are not known
    :raises FormatError: when the process is not in the dump
    """
    root = root_of(target, process)
    if isinstance(root, Absent):
        raise FormatError(f"the VADs of the process at {target.address(process)}: {root.reason}")
    tree = vad_tree(target, root, process)
    said = vad_count(target, process)
    if isinstance(said, Absent) or said == len(tree.vads):
        return tree
    what = f"the process has {said:,} VADs by its own count, and {len(tree.vads):,} are in the tree"
    return replace(tree, problems=(*tree.problems, Problem("VAD tree", what)))


def vad_count(target: Target, process: int) -> int | Absent:
    """Return how many VADs a process has by its own count."""
    paths = ("VadCount", "VadRoot.NumberGenericTableElements", "NumberOfVads")
    return integer(target.object("_EPROCESS", process), *paths)


def vad_of(target: Target, root: int, address: int) -> Vad | None:
    """Return the VAD of the tree at *root* that covers *address*, ``None`` when none does.

    :raises TypeInfoError: when the types of this kernel are not known
    """
    reader = Vads(target)
    at, page = root, address >> 12
    for _ in range(members.DEEPEST):
        if not at:
            break
        vad, left, right = reader.read(at)
        if isinstance(vad.StartingVpn, Absent) or isinstance(vad.EndingVpn, Absent):
            break
        if vad.StartingVpn <= page <= vad.EndingVpn:
            return vad
        at = left if page < vad.StartingVpn else right
    return None
