"""Device nodes of the Plug and Play manager as ``!devnode`` prints them: the kernel's record, with their resources."""

from __future__ import annotations

import re

from dumpwalk.kernel.device_stack import DeviceNode
from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import address, cells, hexadecimal, of_text, words

_HEAD = re.compile(
    r"([ ]*)DevNode 0x([0-9a-f]{8,16}) for PDO 0x([0-9a-f]{8,16})(?: at level (0x[0-9a-f]{1,8}|0))?[ ]*…?\Z"
)
_CELL = re.compile(
    r"[ ]*(Parent|Sibling|Child|InterfaceType|Bus Number|TargetDeviceNotify List - f|b) (0x[0-9a-f]{1,16}|0{8,16})[ ]*"
)
_NOTIFY = {"TargetDeviceNotify List - f": "TargetDeviceNotify.Flink", "b": "TargetDeviceNotify.Blink"}
_TEXT = re.compile(r"[ ]*(InstancePath|ServiceName|UpperFilters|LowerFilters) is \"(.*)\"\Z")
_STATE = re.compile(r"[ ]*(State|Previous State|StateHistory\[[0-9]+\]|Problem|Failure Status) =(?: |\Z)(.*)\Z")
_STATE_NUMBER = re.compile(r"(\w+) \((0x[0-9a-f]{1,8})\)\Z")
_FLAGS = re.compile(r"[ ]*((?:User|Capability)?Flags) \((?:0x)?([0-9a-f]{4,8})\)(?:[ ]+(?![ -])|\Z)(.*)\Z")
_MORE = re.compile(r"[ ]{10,}((?:DNF|DNUF)_[A-Z_]+(?:, *[A-Z][A-Z0-9_]+)*,?)\Z")
_UNKNOWN = re.compile(r"[ ]+Unknown flags (0x[0-9a-f]{1,8})\Z")
_LIST = re.compile(
    r"[ ]*(CmResourceList|BootResourcesList|IoResList|TranslatedResourceList) at (0x[0-9a-f]{8,16})"
    r"[ ]*:?[ ]*(.*)\Z"
)
_RESERVED = re.compile(r"[ ]*(Reserved Values = \{.*\}|Alternative [0-9]+ \(Version [0-9.]+\))\Z")
_DESCRIPTOR = re.compile(r"[ ]*(Entry|(?:Preferred |Alternative )?Descriptor) ([0-9]+) - (\S.*)\Z")
_DETAIL = re.compile(
    r"[ ]*((?:Flags \([0-9a-fx]+\) -|Range starts at 0x|Level 0x|Data(?: - \{|:)|0x[0-9a-f]+ byte range"
    r"|[0-9a-fx]+ - 0x[0-9a-f]+|ing \([0-9]\)).*)\Z"
)
_ROOT = re.compile(r"[ ]*Dumping IopRootDeviceNode \(= (0x[0-9a-f]{8,16})\)\Z")
_REMARK = re.compile(r"[ ]*\((.*)\)\Z")


@record
class ResourceDescriptor:
    """A resource.

    :param place: what it is in: ``Entry``, ``Preferred Descriptor``, ``Descriptor``
    :param alternative: the alternative of an IoResList that it belongs to, as printed
    :param what: its type and who else may use it
    :param details: the lines below: flags, range, level and vector
    """

    place: str
    number: int
    alternative: str
    what: str
    details: tuple[str, ...]


@record
class ResourceList:
    """A list of resources; *where* is the bus, as printed."""

    name: str
    address: Address
    where: str
    remarks: tuple[str, ...]
    descriptors: tuple[ResourceDescriptor, ...]


@record
class ListedNode:
    """A device node, with what of it is printed.

    :param depth: blanks in front: it is the child of the last one above that has fewer
    :param State: the number of ``node.state``; ``None`` where it does not stand behind the name
    :param filters: ``UpperFilters`` and ``LowerFilters``, where they are printed
    :param values: other numbers, by the debugger's names
    :param states: ``Previous State`` and the history, in order
    :param flags: each word of flags: its name, value and the names of its bits
    """

    node: DeviceNode
    PhysicalDeviceObject: Address
    level: Hex | None
    depth: int
    State: Hex | None
    filters: dict[str, str]
    values: dict[str, Hex]
    states: tuple[tuple[str, str], ...]
    flags: tuple[tuple[str, Hex, tuple[str, ...]], ...]
    resources: tuple[ResourceList, ...]
    remarks: tuple[str, ...]


@record
class NodeList:
    """Device nodes in the order of the text.

    :param IopRootDeviceNode: the root, where it is named
    :param resources: lists of no node, as ``!cmreslist`` prints one
    """

    IopRootDeviceNode: Address | None
    nodes: tuple[ListedNode, ...]
    resources: tuple[ResourceList, ...] = ()


class _Node:
    def __init__(self, head: re.Match[str] | None) -> None:
        self.head = head
        self.texts: dict[str, str] = {}
        self.filters: dict[str, str] = {}
        self.number: Hex | None = None
        self.values: dict[str, Hex] = {}
        self.states: list[tuple[str, str]] = []
        self.flags: list[tuple[str, Hex, list[str]]] = []
        self.lists: list[tuple[re.Match[str], list[str], list[tuple[re.Match[str], str, list[str]]]]] = []
        self.remarks: list[str] = []

    def take(self, line: str) -> bool:
        if found := _TEXT.match(line):
            (self.filters if "Filters" in found[1] else self.texts)[found[1]] = found[2]
        elif (found := _STATE.match(line)) and found[1] == "State" and "state" not in self.texts:
            split = _STATE_NUMBER.match(found[2])
            self.texts["state"] = split[1] if split else found[2]
            self.number = hexadecimal(split[2]) if split else None
        elif found:
            self.states.append((found[1], found[2]))
        elif found := _LIST.match(line):
            self.lists.append((found, [], []))
        elif self.lists:
            return self._resource(line)
        elif found := _FLAGS.match(line):
            self.flags.append((found[1], hexadecimal(found[2]), list(words(found[3]))))
        elif self.flags and (found := _MORE.match(line)):
            self.flags[-1][2].extend(words(found[1]))
        elif self.flags and (found := _UNKNOWN.match(line)):
            self.remarks.append(f"Unknown flags {found[1]}")
        elif numbers := cells(_CELL, line):
            self.values |= {_NOTIFY.get(key, key): hexadecimal(text) for key, text in numbers}
        elif found := _REMARK.match(line):
            self.remarks.append(found[1])
        else:
            return False
        return True

    def _resource(self, line: str) -> bool:
        _, remarks, descriptors = self.lists[-1]
        if found := _DESCRIPTOR.match(line):
            descriptors.append((found, next((r for r in reversed(remarks) if r[:1] == "A"), ""), []))
        elif found := _RESERVED.match(line):
            remarks.append(found[1])
        elif descriptors and (found := _DETAIL.match(line)):
            descriptors[-1][2].append(found[1])
        else:
            return False
        return True

    def resources(self) -> tuple[ResourceList, ...]:
        """Return its lists of resources."""
        return tuple(_list(*one) for one in self.lists)

    def record(self) -> ListedNode:
        assert self.head is not None
        indent, at, device, level = self.head.groups()
        return ListedNode(
            of_text(DeviceNode, address=address(at), **self.texts),
            address(device), hexadecimal(level) if level else None, len(indent),
            self.number, self.filters, self.values, tuple(self.states),
            tuple((name, bits, tuple(names)) for name, bits, names in self.flags),
            self.resources(), tuple(self.remarks),
        )  # fmt: skip


def _list(head: re.Match[str], remarks: list[str], found: list[tuple[re.Match[str], str, list[str]]]) -> ResourceList:
    descriptors = tuple(ResourceDescriptor(d[1], int(d[2]), a, d[3], tuple(lines)) for d, a, lines in found)
    return ResourceList(head[1], address(head[2]), head[3], tuple(remarks), descriptors)


@kind("device-node", "devnode", "cmreslist", opens=r"[ ]*DevNode 0x[0-9a-f]{8,16} for PDO", rank=10)
class NodeReader(Reader):
    """Takes nodes one after another."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._root: Address | None = None
        self._nodes: list[_Node] = []
        self._alone = _Node(None)

    def take(self, line: str, number: int) -> bool:
        if found := _HEAD.match(line):
            self._nodes.append(_Node(found))
            return True
        if not self._nodes and (found := _ROOT.match(line)):
            self._root = address(found[1])
            return True
        if not self._nodes and self.command and (self._alone.lists or _LIST.match(line)):
            return self._alone.take(line)
        return bool(self._nodes) and self._nodes[-1].take(line)

    def record(self) -> NodeList | None:
        if not self._nodes and not self._alone.lists:
            return None
        return NodeList(self._root, tuple(node.record() for node in self._nodes), self._alone.resources())
