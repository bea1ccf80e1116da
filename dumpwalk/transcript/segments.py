"""Segment descriptors as ``dg`` prints them, and whole tables of them: the commands' own record."""

from __future__ import annotations

import re

from dumpwalk.kernel.descriptors import Descriptor, descriptor_of
from dumpwalk.kernel.gdt import DescriptorTable
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import NOT_SHOWN, address, hexadecimal, of_text, remark

_TITLE = re.compile(
    r"[ ]*(GDT|LDT)(?: of processor ([0-9a-f]+))? at ([0-9a-f]{8}(?:`?[0-9a-f]{8})?), limit 0x([0-9a-f]+)\Z"
)
_HEAD = re.compile(r"[ ]*(?:P Si Gr Pr Lo|Sel[ ]+Base[ ]+Limit[ ]+Type[ ]+l ze an es ng Flags|----[ ][- ]+)\Z")
# The ruling below the head of a column of addresses of a 64-bit machine.
_WIDEST = 17
_A = r"([0-9a-f]{8}(?:`[0-9a-f]{8})?)"
_ROW = re.compile(
    rf"[ ]*([0-9a-f]{{4}}) {_A} {_A} (\S.{{9}}) ([0-3]) (Bg|Nb) (Pg|By) (P |Np) (Lo|Nl) ([0-9a-f]{{8}})\Z"
)


@record
class ListedSegments:
    """Descriptors of one table, in the order of the text, with what is remarked on it."""

    table: DescriptorTable
    remarks: tuple[str, ...]


@kind(
    "segments", "dg", "gdt",
    opens=r"[ ]*(?:[GL]DT (?:of processor [0-9a-f]+ )?at [0-9a-f]{8}|P Si Gr Pr Lo\Z)", rank=12,
)  # fmt: skip
class SegmentsReader(Reader):
    """Takes the descriptors of one table."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._title: re.Match[str] | None = None
        self._rows: list[Descriptor] = []
        self._headed = False
        self._wide: bool | Absent = NOT_SHOWN
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if (found := _TITLE.match(line)) and not self._headed:
            if self._title is not None:
                return False
            self._title = found
        elif _HEAD.match(line):
            if self._rows:  # of another table
                return False
            self._headed = True
            if line.lstrip(" ")[:1] == "-":
                self._wide = "-" * _WIDEST in line
        elif self._headed and (found := _ROW.match(line)):
            self._wide = "`" in found[2]
            self._rows.append(_row(found))
        elif said := remark(line):
            self._remarks.append(said)
        else:
            return False
        return True

    def record(self) -> ListedSegments | None:
        if not (self._title or self._headed or self._remarks):
            return None
        shown: dict[str, object] = {}
        if self._title:
            name, processor, base, limit = self._title.groups()
            shown = {
                "processor": int(processor, 16) if processor else None, "base": address(base),
                "limit": hexadecimal(limit), "local": name == "LDT",
            }  # fmt: skip
        table = of_text(DescriptorTable, wide=self._wide, descriptors=tuple(self._rows), **shown)
        return ListedSegments(table, tuple(self._remarks))


def _row(found: re.Match[str]) -> Descriptor:
    wide = "`" in found[2]
    return descriptor_of(hexadecimal(found[1]), address(found[2]), hexadecimal(found[3]), int(found[10], 16), wide=wide)
