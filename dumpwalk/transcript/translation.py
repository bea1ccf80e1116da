"""Where virtual addresses lead, as ``!vtop`` prints it: the command's own record."""

from __future__ import annotations

import re

from dumpwalk.kernel.address_walk import VALID, Step, Walk
from dumpwalk.memory.address import Address, Hex
from dumpwalk.memory.paging.translation import LARGE
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.file_page_lines import FilePageLines
from dumpwalk.transcript.values import NOT_SHOWN, address, hexadecimal, of_text, optional, remark

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_A = r"([0-9a-f]{8}(?:`[0-9a-f]{8})?)"
_HEAD = re.compile(rf"{_A}: (\S.*?) page tables, root at ([0-9a-f]+)\Z")
_STEP = re.compile(r"(\S.*?)[ ]+at ([0-9a-f]+): ([0-9a-f]{8,16})(?:[ ]{2}(\S.*))?\Z")
_NOWHERE = re.compile(rf"{_A} leads nowhere: (\S.*)\Z")
_PHYSICAL = re.compile(rf"{_A} is at physical address ([0-9a-f]+), page ([0-9a-f]+) \((.+)\)\Z")
_NOT_THERE = re.compile(r"page ([0-9a-f]+) is not in the dump\Z")
_SIZES = {"4 KB": 0x1000, "2 MB": 0x200000, "4 MB": 0x400000, "1 GB": 1 << 30}
# The debugger's own words: of its documentation, and of x64.
_INDICES = re.compile(r"[ ]*(Pdi [0-9a-f]+ Pti [0-9a-f]+)\Z")
_PAGE = re.compile(r"[ ]*([0-9a-f]{8}) ([0-9a-f]{8,16}) pfn\(([0-9a-f]+)\)\Z")
_BEGINS = re.compile(r"[ ]*(Amd64|X86|Arm64|Arm)VtoP: Virt ([0-9a-f][0-9a-f`]{7,16}), pagedir ([0-9a-f][0-9a-f`]*)\Z")
_LEVEL = re.compile(
    r"[ ]*(?:Amd64|X86|Arm64|Arm)VtoP: (PML5E|PML4E|PDPE|PDE|PTE) ([0-9a-f][0-9a-f`]*)(?: - ([0-9a-f][0-9a-f`]*))?\Z"
)
_MAPPED = re.compile(r"[ ]*(?:Amd64|X86|Arm64|Arm)VtoP: (?:Large page mapped|Mapped) phys ([0-9a-f][0-9a-f`]*)\Z")
_LEADS = re.compile(
    r"[ ]*Virtual address ([0-9a-f][0-9a-f`]*) translates to physical address ([0-9a-f][0-9a-f`]*)\.?\Z"
)
_FAILS = re.compile(r"[ ]*((?:Amd64|X86|Arm64|Arm)VtoP: zero .*|Virtual address .* translation fails.*)\Z")


@record
class ListedWalk:
    """Where an address leads.

    :param machine: whose page tables they are, in the debugger's word, where that prints the way: ``Amd64``
    :param page: the number of the page, where the physical address is not printed or is not in that page
    :param indices: those into the tables, as old debuggers print them
    """

    walk: Walk
    machine: str
    page: Hex | None
    indices: str
    remarks: tuple[str, ...]


@kind(
    "translation", "vtop",
    opens=r"[ ]*(?:Pdi [0-9a-f]+ Pti [0-9a-f]+\Z|(?:Amd64|X86|Arm64|Arm)VtoP: Virt )", rank=12,
)  # fmt: skip
class TranslationReader(Reader):
    """Takes the way of one address."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._address: Address | None = None
        self._ours = False
        self._machine = self._indices = ""
        self._found: dict[str, Any] = {}
        self._steps: list[Step] = []
        self._page: Hex | None = None
        self._file = FilePageLines()
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if self._take_ours(line) or self._take_theirs(line):
            return True
        if self._address is not None and (said := remark(line)):
            self._remarks.append(said)
            return True
        return False

    def _take_ours(self, line: str) -> bool:
        if (found := _HEAD.match(line)) and self._address is None:
            self._address, self._ours = address(found[1]), True
            self._found = {"mode": found[2], "root": hexadecimal(found[3])}
        elif not self._ours:
            return False
        elif found := _NOWHERE.match(line):
            self._found |= {"physical": Absent(found[2]), "page_size": Hex(0), "in_dump": False}
        elif found := _PHYSICAL.match(line):
            size = found[4]
            if size not in _SIZES and not re.fullmatch(r"0x[0-9a-f]{1,16}", size):
                return False
            self._page = hexadecimal(found[3])
            number = Hex(_SIZES[size]) if size in _SIZES else hexadecimal(size)
            self._found |= {"physical": hexadecimal(found[2]), "page_size": number, "in_dump": True}
        elif (found := _NOT_THERE.match(line)) and self._page in (None, hexadecimal(found[1])):
            self._page, self._found["in_dump"] = hexadecimal(found[1]), False
        elif "physical" not in self._found and (found := _STEP.match(line)):
            meaning = found[4] or ""
            state = next((state for state in (VALID, LARGE) if meaning.startswith(f"{state},")), NOT_SHOWN)
            self._steps.append(Step(found[1], hexadecimal(found[2]), hexadecimal(found[3]), state, meaning))
        else:
            return self._file.take(line)
        return True

    def _take_theirs(self, line: str) -> bool:
        if (found := _INDICES.match(line)) and self._address is None and not self._indices:
            self._indices = found[1]
        elif self._indices and self._address is None and (found := _PAGE.match(line)):
            self._address, self._page = address(found[1]), hexadecimal(found[3])
        elif (found := _BEGINS.match(line)) and self._address is None:
            self._machine, self._found = found[1], {"root": hexadecimal(found[3])}
            self._address = address(found[2])
        elif self._address is None:
            return False
        elif found := _LEVEL.match(line):
            entry = optional(found[3])
            self._steps.append(
                Step(found[1], hexadecimal(found[2]), NOT_SHOWN if entry is None else entry, NOT_SHOWN, "")
            )
        elif found := _MAPPED.match(line) or _LEADS.match(line):
            self._found["physical"] = hexadecimal(found[found.re.groups])
        elif found := _FAILS.match(line):
            self._remarks.append(found[1])
        else:
            return False
        return True

    def record(self) -> ListedWalk | None:
        if self._address is None:
            return None
        steps, page, physical = tuple(self._steps), self._page, self._found.get("physical")
        walk = of_text(Walk, address=self._address, steps=steps, file_page=self._file.record(), **self._found)
        if isinstance(physical, Hex) and physical >> 12 == page:
            page = None
        return ListedWalk(walk, self._machine, page, self._indices, tuple(self._remarks))
