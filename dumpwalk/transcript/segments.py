"""Segment descriptors as ``dg`` prints them, and whole tables of them: the command's own records."""

from __future__ import annotations

import re

from dumpwalk.kernel.descriptors import Descriptor, descriptor_of
from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import address, hexadecimal, remark

_TITLE = re.compile(
    r"[ ]*(GDT|LDT)(?: of processor ([0-9a-f]+))? at ([0-9a-f]{8}(?:`?[0-9a-f]{8})?), limit 0x([0-9a-f]+)\Z"
)
_HEAD = re.compile(r"[ ]*(?:P Si Gr Pr Lo|Sel[ ]+Base[ ]+Limit[ ]+Type[ ]+l ze an es ng Flags|----[ ][- ]+)\Z")
_A = r"([0-9a-f]{8}(?:`[0-9a-f]{8})?)"
_ROW = re.compile(
    rf"[ ]*([0-9a-f]{{4}}) {_A} {_A} (\S.{{9}}) ([0-3]) (Bg|Nb) (Pg|By) (P |Np) (Lo|Nl) ([0-9a-f]{{8}})\Z"
)


@record
class SegmentListing:
    """Descriptors in the order of the text.

    :param local: it is an LDT; ``None`` where the text does not say which table they are of
    :param base: of the table, and *limit*; only where it is printed as a whole
    """

    processor: Hex | None
    base: Address | None
    limit: Hex | None
    local: bool | None
    descriptors: tuple[Descriptor, ...]
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
        elif self._headed and (found := _ROW.match(line)):
            self._rows.append(_row(found))
        elif said := remark(line):
            self._remarks.append(said)
        else:
            return False
        return True

    def record(self) -> SegmentListing | None:
        if not (self._title or self._headed or self._remarks):
            return None
        local, processor, base, limit = self._title.groups() if self._title else (None, None, None, None)
        return SegmentListing(
            hexadecimal(processor) if processor else None,
            address(base) if base else None,
            hexadecimal(limit) if limit else None,
            local == "LDT" if local else None,
            tuple(self._rows),
            tuple(self._remarks),
        )


def _row(found: re.Match[str]) -> Descriptor:
    wide = "`" in found[2]
    return descriptor_of(hexadecimal(found[1]), address(found[2]), hexadecimal(found[3]), int(found[10], 16), wide=wide)
