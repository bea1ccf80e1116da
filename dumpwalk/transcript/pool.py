"""Pool as ``!pool``, ``!poolval``, ``!poolfind`` and ``!poolused`` print it."""

from __future__ import annotations

import re

from dumpwalk.annotations.pool import MOST_TAGS, tag_owners
from dumpwalk.kernel.pool_tags import PoolTag
from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import UNREADABLE, address, hexadecimal, optional, remark

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.annotations import Annotation
    from dumpwalk.annotations.conditions import Situation

_HEAD = re.compile(r"[ ]*Pool page ([0-9a-f]{8,16}) region is (\S.*)\Z")
_BLOCK = re.compile(
    r"[ ]*(\*)?[ ]?([0-9a-f]{8,16}) size:[ ]+([0-9a-f]+) previous size:[ ]+([0-9a-f]+)[ ]+\((Allocated|Free *)\)"
    r"[ ]*(?![ ])(?(1)\*?)(.{0,4}?)(?:[ ]*\((Protected)\))?(?:[ ]?Process: ([0-9a-f]{8,16}))?(?: \((Protected)\))?\Z"
)
_LARGE = re.compile(
    r"[ ]*\*[ ]?([0-9a-f]{8,16}) : large page allocation, Tag is (.{1,4}?)( \(Protected\))?, "
    r"size is 0x([0-9a-f]+) bytes\Z"
)
_SPECIAL = re.compile(r"[ ]*\*[ ]?([0-9a-f]{8,16}) size:[ ]+([0-9a-f]+) data: ([0-9a-f]{8,16}) \((\w+)\) \*(.{0,4})\Z")
_TAG = re.compile(r"[ ]+(Pooltag (.{1,4}) :(?: (?!Binary : )(.*?))??(?:,? Binary : (\S.*))?|Owning component :.*)\Z")
_WORDS = re.compile(r"[ ]+([0-9a-f]{8,16})[ ]{2}([0-9a-f]{8}(?: [0-9a-f]{8}){0,3})\Z")
_REMARK = re.compile(
    r"[ ]*([0-9a-f]{8,16} is not (?:a valid|valid) .*"
    r"|[0-9a-f]{8,16} doesn't look like a valid small pool allocation, checking to see"
    r"|if the entire page is actually part of a large page allocation\.\.\."
    r"|Address [0-9a-f]{8,16} (?:could not be read\..*|does not belong to any pool)"
    r"|Validating Pool headers for pool page: .*|Pool page \[ [0-9a-f]+ \] is \w+\.|Analyzing linked list\.\.\."
    r"|\[ [0-9a-f]+ (?:--> [0-9a-f]+ .*)?\]: .*|Scanning for single bit errors\.\.\.|None found"
    r"|Bad (?:previous )?allocation size .*|\*{3} An error .*|Scanning large pool allocation table for Tag: .*"
    r"|Searching \w+ pool \(.*|\.\.\.terminating - searched pool to .*)\Z"
)
_SORTED = re.compile(r"[ ]*(Sorting by .*)\Z")
_USED_HEAD = re.compile(r"[ ]*(?:Pool Used:|NonPaged[ ]+Paged|Tag[ ]+Allocs[ ]+Used[ ]+Allocs[ ]+Used)\Z")
_TOTAL = re.compile(r"[ ]*TOTAL[ ]+([0-9]{1,12})[ ]+([0-9]{1,12})[ ]+([0-9]{1,12})[ ]+([0-9]{1,12})\Z")
_USED = re.compile(r"[ ]*(\S{1,4}|\S[ \S]{1,3}?)[ ]+([0-9]+)[ ]+([0-9]+)[ ]+([0-9]+)[ ]+([0-9]+)[ ]*(.*)\Z")


@record
class ListedBlock:
    """A block of pool.

    :param tag: up to four characters; the debugger prints a dot for what is not printable
    :param holds: it is marked as the one that holds the address
    :param words: what it begins with, where that is printed
    """

    address: Address
    size: Hex
    previous_size: Hex
    allocated: bool
    tag: str
    protected: bool
    process: Address | None
    holds: bool
    words: tuple[Hex, ...] | Absent


@record
class LargeAllocation:
    """An allocation of whole pages; *data* and *pool* are those of special pool, which prints no size in pages."""

    address: Address
    size: Hex
    tag: str
    protected: bool
    data: Address | None
    pool: str


@record
class TagUse:
    """How much of the pool has a tag, in bytes."""

    tag: str
    nonpaged_allocations: int
    nonpaged_bytes: int
    paged_allocations: int
    paged_bytes: int
    description: str


@record
class PoolListing:
    """Pool as text shows it.

    :param asked: the address, and the region it lies in
    :param description: what the tag of the marked block stands for, and *tag* the same in its parts
    :param total: of all tags, where that is printed
    :param remarks: where it was looked for, and what is wrong
    """

    asked: Address | None
    region: str
    blocks: tuple[ListedBlock, ...]
    large: LargeAllocation | None
    description: str
    used: tuple[TagUse, ...]
    remarks: tuple[str, ...]
    tag: PoolTag | None = None
    total: TagUse | None = None


@kind(
    "pool",
    *("pool", "poolval", "poolfind", "poolused"),
    opens=r"[ ]*(?:Pool page [0-9a-f]{8,16} region is|\*?[ ]?[0-9a-f]{8,16} size:[ ]+[0-9a-f]+ previous size:)",
    rank=12,
)
class PoolReader(Reader):
    """Takes the blocks of one page, or the use of each tag."""

    patience = 2

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._head: tuple[str, str] = ("", "")
        self._blocks: list[tuple[re.Match[str], list[Hex]]] = []
        self._unread: set[int] = set()
        self._tag: PoolTag | None = None
        self._large: LargeAllocation | None = None
        self._description = ""
        self._used: list[TagUse] = []
        self._using = False
        self._total: TagUse | None = None
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if found := _BLOCK.match(line):
            self._blocks.append((found, []))
        elif self._using and (found := _USED.match(line)):
            nonpaged, nonpaged_bytes, paged, paged_bytes = (int(found[n]) for n in (2, 3, 4, 5))
            self._used.append(TagUse(found[1], nonpaged, nonpaged_bytes, paged, paged_bytes, found[6]))
        elif self._using and (found := _TOTAL.match(line)):
            self._total = TagUse("TOTAL", int(found[1]), int(found[2]), int(found[3]), int(found[4]), "")
        elif (found := _HEAD.match(line)) and not self._head[0]:
            self._head = found[1], found[2]
        elif (found := _TAG.match(line)) and not self._description:
            self._description = found[1]
            if found[2]:
                self._tag = PoolTag(found[2].strip(), found[4] or "", found[3] or "")
        elif self._blocks and line == "    ????":
            self._unread.add(len(self._blocks) - 1)
        elif self._blocks and (found := _WORDS.match(line)):
            self._blocks[-1][1].extend(hexadecimal(word) for word in found[2].split())
        elif found := _LARGE.match(line):
            self._large = LargeAllocation(
                address(found[1]), hexadecimal(found[4]), found[2].strip(), bool(found[3]), None, ""
            )
        elif found := _SPECIAL.match(line):
            size, data = hexadecimal(found[2]), address(found[3])
            self._large = LargeAllocation(address(found[1]), size, found[5].strip(), False, data, found[4])
        elif self.command and _USED_HEAD.match(line):
            self._using = True
        elif (found := _REMARK.match(line)) and (self.command or self._head[0]):
            self._remarks.append(found[1])
        elif self.command and (found := _SORTED.match(line)):
            self._remarks.append(found[1].strip())
        elif said := remark(line):
            self._remarks.append(said)
        else:
            return False
        return True

    def annotations(self, situation: Situation) -> tuple[Annotation, ...]:
        """Say whose the marked block is and the one in front of it, and who uses most of the pool."""
        tags = [self._large.tag] if self._large is not None else []
        for n, (found, _) in enumerate(self._blocks):
            if found[1]:
                tags += [self._blocks[m][0][6] for m in (n, n - 1) if m >= 0]
        used = sorted(self._used, key=lambda u: u.nonpaged_bytes + u.paged_bytes, reverse=True)
        return tag_owners((*tags, *(u.tag for u in used[:MOST_TAGS] if not u.description)))

    def record(self) -> PoolListing | None:
        if not (self._head[0] or self._blocks or self._used or self._large or self._remarks):
            return None
        return PoolListing(
            address(self._head[0]) if self._head[0] else None, self._head[1],
            tuple(
                _block(found, UNREADABLE if n in self._unread else tuple(words))
                for n, (found, words) in enumerate(self._blocks)
            ),
            self._large, self._description, tuple(self._used), tuple(self._remarks), self._tag,
            self._total,
        )  # fmt: skip


def _block(found: re.Match[str], words: tuple[Hex, ...] | Absent) -> ListedBlock:
    process = optional(found[8])
    return ListedBlock(
        address(found[2]), hexadecimal(found[3]), hexadecimal(found[4]), found[5] == "Allocated",
        found[6].strip(), bool(found[7] or found[9]), None if process is None else address(found[8]), bool(found[1]),
        words,
    )  # fmt: skip
