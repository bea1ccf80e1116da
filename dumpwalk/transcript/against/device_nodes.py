"""``!devnode``: nodes of the Plug and Play manager."""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import Statement, compares
from dumpwalk.transcript.against.named import statement, values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from dumpwalk.target import Target
    from dumpwalk.transcript.device_node import ListedNode, NodeList

# What the debugger calls otherwise than the kernel.
_NAMES = {"Bus Number": "BusNumber"}


@compares("device-node")
def nodes(target: Target, said: NodeList, command: str) -> Iterator[Statement | None]:
    """Compare device nodes; resources are lists of their own, which the dump is not asked about."""
    if said.IopRootDeviceNode is not None:
        from dumpwalk.kernel.variables import pointer_in

        root = pointer_in(target, "IopRootDeviceNode")
        yield statement("IopRootDeviceNode", said.IopRootDeviceNode, root, target.machine.pointer_size)
    for listed in said.nodes:
        yield from _node(target, listed)


def _node(target: Target, said: ListedNode) -> Iterator[Statement | None]:
    from dumpwalk.kernel.device_stack import device_node

    width = target.machine.pointer_size
    what = f"DevNode {target.address(said.node.address)}"
    yield from values(what, said.node, device_node(target, said.node.address), skip=("address",), pointer_size=width)
    there: Any
    try:
        there = target.object("_DEVICE_NODE", said.node.address)
    except TypeInfoError as error:
        there = Absent(str(error))
    numbers: dict[str, Any] = {"PhysicalDeviceObject": said.PhysicalDeviceObject, "Level": said.level}
    numbers |= {"State": said.State} | said.values | {name: bits for name, bits, _ in said.flags}
    yield from values(what, numbers, there, names=_NAMES, pointer_size=width)
