"""``dumpwalk vad``: what a process has mapped where, as WinDbg's ``!vad`` prints it."""

from __future__ import annotations

from dumpwalk.arguments import argument, option
from dumpwalk.commands import command
from dumpwalk.errors import FormatError, TypeInfoError, UsageError
from dumpwalk.record import record
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.vad_detail import VadDetail
    from dumpwalk.kernel.vad_tree import VadTree
    from dumpwalk.target import Target


@record
class VadAnswer:
    """A tree of VADs, or one of them in full; the other is ``None``."""

    tree: VadTree | None
    detail: VadDetail | None


def layout(answer: VadAnswer) -> str:
    """Return the VADs in ``!vad``'s columns."""
    from dumpwalk.render.vad import detail_text, tree_text

    if answer.detail is not None:
        return detail_text(answer.detail)
    return tree_text(answer.tree) if answer.tree is not None else ""


def _partial(answer: VadAnswer) -> bool:
    from dumpwalk.render.remarks import is_partial

    return is_partial(answer.tree) or is_partial(answer.detail)


@command(
    "vad",
    argument("address", "root of a tree, a VAD, a process, or an address of the process; 0: its tree", many="?"),
    argument("flag", "1: this VAD alone, in full", many="?"),
    option("--process", value="PROCESS", help="the process to look at, instead of the current one: ID or address"),
    text=layout,
    partial=_partial,
    needs_dump=True,
)
def vad(
    target: Target,
    address: str | int | None = None,
    flag: str | int | None = None,
    process: str | int | None = None,
) -> VadAnswer:
    """Show the virtual address descriptors of a process, or one of them.

    Without an address, or with 0, those of the current process, or of
    --process; with the root of a tree or a process, those of it. An address
    of user mode is looked up in the process's tree.
    """
    from dumpwalk.expression import quantity
    from dumpwalk.kernel.names import DumpNames, resolve
    from dumpwalk.kernel.object_header import type_name
    from dumpwalk.kernel.vad_detail import vad_detail
    from dumpwalk.kernel.vad_tree import process_vads, root_of, vad_of, vad_tree

    whole = not (flag if isinstance(flag, int) else quantity(flag, DumpNames(target)) if flag else 0)
    place = target.address(0) if address is None else resolve(target, address)
    if place and _is_kernels(target, place):
        if type_name(target, place) == "Process":
            return VadAnswer(process_vads(target, place), None)
        if whole:
            return VadAnswer(vad_tree(target, place), None)
        return VadAnswer(None, vad_detail(target, place))
    whose = _process(target, process)
    if not place:
        return VadAnswer(process_vads(target, whose), None)
    root = root_of(target, whose)
    if isinstance(root, Absent):
        raise FormatError(f"the VADs of the process at {target.address(whose)}: {root.reason}")
    found = vad_of(target, root, place)
    if found is None:
        raise UsageError(f"no VAD of the process at {target.address(whose)} covers {place}")
    return VadAnswer(None, vad_detail(target, found.address))


def _is_kernels(target: Target, address: int) -> bool:
    return bool(address >> (8 * target.machine.pointer_size - 1))


def _process(target: Target, process: str | int | None) -> int:
    """Return the process that is meant.

    :raises TypeInfoError: when none is named and the dump does not say which is current
    :raises UsageError: when there is none of that ID
    """
    from dumpwalk.kernel.selection import chosen_process

    if process is not None:
        return chosen_process(target, process)
    current = target.dump.process
    if isinstance(current, Absent):
        raise TypeInfoError(f"which process? --process PROCESS; the current one is not known: {current.reason}")
    return current
