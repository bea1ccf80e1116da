"""Pool as ``!pool``, ``!poolval``, ``!poolfind`` and ``!poolused`` print it: the command's own records."""

from __future__ import annotations

import re

from dumpwalk.annotations.pool import MOST_TAGS, tag_owners
from dumpwalk.kernel.pool import Pool
from dumpwalk.kernel.pool_header import PAGE, PoolBlock
from dumpwalk.kernel.pool_large import LargePage, SpecialPage
from dumpwalk.kernel.pool_tags import PoolTag
from dumpwalk.memory.address import Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.prompt import word
from dumpwalk.transcript.values import NOT_SHOWN, UNREADABLE, address, hexadecimal, of_text, remark

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

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
_SPECIAL = re.compile(
    r"[ ]*\*[ ]?([0-9a-f]{8,16}) size:[ ]+([0-9a-f]+) data: ([0-9a-f]{8,16}) \((\w+(?: \w+)?)\) \*(.{0,4})\Z"
)
_TAG = re.compile(r"[ ]+(Pooltag (.{1,4}) :(?: (?!Binary : )(.*?))??(?:,? Binary : (\S.*))?|Owning component :.*)\Z")
_WORDS = re.compile(r"[ ]+([0-9a-f]{8,16})[ ]{2}([0-9a-f]{8}(?: [0-9a-f]{8}){0,3})\Z")
# Where an address was looked for in vain.
_SEARCHED = re.compile(
    r"[ ]*([0-9a-f]{8,16} is not (?:a valid|valid) .*|Unable to read large (?:session )?pool table.*"
    r"|[0-9a-f]{8,16} doesn't look like a valid small pool allocation, checking to see"
    r"|if the entire page is actually part of a large page allocation\.\.\."
    r"|Address [0-9a-f]{8,16} (?:could not be read\..*|does not belong to any pool)"
    r"|Bad (?:previous )?allocation size .*)\Z"
)
_NOWHERE = "does not belong to any pool"
_REMARK = re.compile(
    r"[ ]*(Validating Pool headers for pool page: .*|Pool page \[ [0-9a-f]+ \] is \w+\.|Analyzing linked list\.\.\."
    r"|\[ [0-9a-f]+ (?:--> [0-9a-f]+ .*)?\]: .*|Scanning for single bit errors\.\.\.|None found"
    r"|\*{3} An error .*|Scanning large pool allocation table for Tag: .*"
    r"|Searching \w+ pool \(.*|\.\.\.terminating - searched pool to .*)\Z"
)
_SORTED = re.compile(r"[ ]*(Sorting by .*)\Z")
_USED_HEAD = re.compile(r"[ ]*(?:Pool Used:|NonPaged[ ]+Paged|Tag[ ]+Allocs[ ]+Used[ ]+Allocs[ ]+Used)\Z")
_TOTAL = re.compile(r"[ ]*TOTAL[ ]+([0-9]{1,12})[ ]+([0-9]{1,12})[ ]+([0-9]{1,12})[ ]+([0-9]{1,12})\Z")
_USED = re.compile(r"[ ]*(\S{1,4}|\S[ \S]{1,3}?)[ ]+([0-9]+)[ ]+([0-9]+)[ ]+([0-9]+)[ ]+([0-9]+)[ ]*(.*)\Z")


_UNKNOWN = "Unknown"
_PAGED: dict[str, bool | Absent] = {"Paged": True, "NonPaged": False}


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

    :param pool: around an address; ``None`` where blocks were looked for by their tag, or only counted
    :param blocks: which have a tag that was looked for, and such allocations of whole pages in *large*
    :param owner: what is said of the marked block's tag where that is not known
    :param kind: what sort of pool a page of special pool is of, where that is not paged or nonpaged alone
    :param total: of all tags, where that is printed
    :param remarks: where a tag was looked for, and what is wrong
    """

    pool: Pool | None
    blocks: tuple[PoolBlock, ...]
    large: tuple[LargePage, ...]
    owner: str
    kind: str
    used: tuple[TagUse, ...]
    remarks: tuple[str, ...]
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
        self._finding = word(command) == "poolfind"
        self._head: tuple[str, str] = ("", "")
        self._blocks: list[tuple[re.Match[str], list[Hex]]] = []
        self._unread: set[int] = set()
        self._tag: PoolTag | None = None
        self._owner = self._kind = ""
        self._large: list[LargePage] = []
        self._special: SpecialPage | None = None
        self._searched: list[str] = []
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
        elif (found := _TAG.match(line)) and not (self._tag or self._owner):
            if found[2]:
                self._tag = PoolTag(_four(found[2]), found[4] or "", found[3] or "")
            else:
                self._owner = found[1]
        elif self._blocks and line == "    ????":
            self._unread.add(len(self._blocks) - 1)
        elif self._blocks and (found := _WORDS.match(line)):
            self._blocks[-1][1].extend(hexadecimal(text) for text in found[2].split())
        elif (found := _LARGE.match(line)) and (self._finding or not self._large):
            size, tag = hexadecimal(found[4]), _four(found[2])
            self._large.append(LargePage(address(found[1]), size, tag, NOT_SHOWN, bool(found[3])))
        elif (found := _SPECIAL.match(line)) and self._special is None:
            self._kind = "" if found[4] in _PAGED else found[4]
            sort = _PAGED.get(found[4].partition(" ")[0], NOT_SHOWN)
            at, data = address(found[1]), address(found[3])
            self._special = SpecialPage(at, hexadecimal(found[2]), data, sort, _four(found[5]))
        elif self.command and _USED_HEAD.match(line):
            self._using = True
        else:
            return self._take_remark(line)
        return True

    def _take_remark(self, line: str) -> bool:
        if (found := _SEARCHED.match(line)) and (self.command or self._head[0]):
            self._searched.append(found[1])
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
        tags = [large.tag for large in (*self._large, self._special) if large is not None]
        for n, (found, _) in enumerate(self._blocks):
            if found[1]:
                tags += [self._blocks[m][0][6] for m in (n, n - 1) if m >= 0]
        used = sorted(self._used, key=lambda u: u.nonpaged_bytes + u.paged_bytes, reverse=True)
        return tag_owners((*tags, *(u.tag for u in used[:MOST_TAGS] if not u.description)))

    def record(self) -> PoolListing | None:
        rows = [
            _block(found, UNREADABLE if n in self._unread else tuple(words) or None)
            for n, (found, words) in enumerate(self._blocks)
        ]
        shown = self._head[0] or rows or self._large or self._special or self._searched
        if not (shown or self._used or self._remarks):
            return None
        rest = (self._owner, self._kind, tuple(self._used))
        if self._finding or not shown:
            remarks = (*self._searched, *self._remarks)
            return PoolListing(None, tuple(rows), tuple(self._large), *rest, remarks, self._total)
        return PoolListing(self._pool(rows), (), (), *rest, tuple(self._remarks), self._total)

    def _pool(self, rows: list[PoolBlock]) -> Pool:
        at, region = self._head
        place: dict[str, Any] = {}
        if at:
            where = address(at)
            place = {"address": where, "page": type(where)(where & -PAGE)}
            place["region"] = Absent(region) if region == _UNKNOWN else region
        if self._large or self._special:
            place["found"] = "large" if self._large else "special"
        elif any(text.endswith(_NOWHERE) for text in self._searched):
            place["found"] = ""
        large = self._large[0] if self._large else None
        return of_text(
            Pool, blocks=tuple(rows), large=large, special=self._special, tag=self._tag,
            searched=tuple(self._searched), **place,
        )  # fmt: skip


def _four(tag: str) -> str:
    """Return a tag with the blanks at its end that lines come without."""
    return tag.strip().ljust(4) if tag.strip() else ""


def _block(found: re.Match[str], words: tuple[Hex, ...] | Absent | None) -> PoolBlock:
    allocated = found[5] == "Allocated"
    return of_text(
        PoolBlock, address=address(found[2]), size=hexadecimal(found[3]), previous_size=hexadecimal(found[4]),
        allocated=allocated, tag=_four(found[6]), protected=bool(found[7] or found[9]),
        process=address(found[8]) if found[8] else None, holds=bool(found[1]), words=words,
        **({} if allocated else {"pool": ""}),
    )  # fmt: skip
