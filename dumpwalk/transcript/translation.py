"""Where virtual addresses lead, as ``!vtop`` prints it."""

from __future__ import annotations

import re

from dumpwalk.kernel.file_page import FilePage
from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.file_page_lines import FilePageLines
from dumpwalk.transcript.values import address, hexadecimal, optional, remark

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
class ListedStep:
    """An entry on the way; *value* is ``None`` and *meaning* empty where the debugger prints neither."""

    level: str
    address: Hex
    value: Hex | None
    meaning: str


@record
class ListedWalk:
    """Where an address leads.

    :param mode: of paging, as printed
    :param root: physical address of the root table
    :param physical: ``None`` where the page alone is printed
    :param page: its number
    :param page_size: where it is printed
    :param in_dump: the text does not say that the page is missing
    :param indices: those into the tables, as old debuggers print them
    """

    address: Address
    mode: str
    root: Hex | None
    steps: tuple[ListedStep, ...]
    physical: Hex | Absent | None
    page: Hex | None
    page_size: Hex | None
    in_dump: bool
    indices: str
    file_page: FilePage | None
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
        self._mode = self._indices = ""
        self._root: Hex | None = None
        self._steps: list[ListedStep] = []
        self._physical: Hex | Absent | None = None
        self._page: Hex | None = None
        self._size: Hex | None = None
        self._there = True
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
            self._address, self._mode, self._root = address(found[1]), found[2], hexadecimal(found[3])
        elif self._address is None or not self._mode:
            return False
        elif found := _NOWHERE.match(line):
            self._physical, self._there = Absent(found[2]), False
        elif found := _PHYSICAL.match(line):
            self._physical, self._page = hexadecimal(found[2]), hexadecimal(found[3])
            size = found[4]
            if size not in _SIZES and not re.fullmatch(r"0x[0-9a-f]{1,16}", size):
                return False
            self._size = Hex(_SIZES[size]) if size in _SIZES else hexadecimal(size)
        elif _NOT_THERE.match(line):
            self._there = False
        elif self._physical is None and (found := _STEP.match(line)):
            step = ListedStep(found[1], hexadecimal(found[2]), hexadecimal(found[3]), found[4] or "")
            self._steps.append(step)
        else:
            return self._file.take(line)
        return True

    def _take_theirs(self, line: str) -> bool:
        if (found := _INDICES.match(line)) and self._address is None and not self._indices:
            self._indices = found[1]
        elif self._indices and self._address is None and (found := _PAGE.match(line)):
            self._address, self._page = address(found[1]), hexadecimal(found[3])
        elif (found := _BEGINS.match(line)) and self._address is None:
            self._mode, self._root = found[1], hexadecimal(found[3])
            self._address = address(found[2])
        elif self._address is None:
            return False
        elif found := _LEVEL.match(line):
            self._steps.append(ListedStep(found[1], hexadecimal(found[2]), optional(found[3]), ""))
        elif found := _MAPPED.match(line):
            self._physical = hexadecimal(found[1])
        elif found := _LEADS.match(line):
            self._physical = hexadecimal(found[2])
        elif found := _FAILS.match(line):
            self._remarks.append(found[1])
        else:
            return False
        return True

    def record(self) -> ListedWalk | None:
        if self._address is None:
            return None
        return ListedWalk(
            self._address, self._mode, self._root, tuple(self._steps), self._physical, self._page, self._size,
            self._there, self._indices, self._file.record(), tuple(self._remarks),
        )  # fmt: skip
