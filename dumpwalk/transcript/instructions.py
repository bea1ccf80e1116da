"""Instructions as ``u``, ``uf`` and the last line of ``r`` print them."""

from __future__ import annotations

import re

from dumpwalk.annotations.pitfalls import at_place
from dumpwalk.memory.address import Address, Address32
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.site import Site, site

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.annotations import Annotation
    from dumpwalk.annotations.conditions import Situation

# So many labels of a disassembly are looked at.
_MOST_LABELS = 64
_LINE = re.compile(
    r"[ ]*(?:([0-9]{1,6})[ ]+)?([0-9a-fA-F]{8}(?:`?[0-9a-fA-F]{8})?)[ ]+(?:((?:[0-9a-f?]{2}){1,16})[ ]+)?"
    r"(?![0-9a-f]{2}[ -][0-9a-f]{2}[ -])"  # bytes of a dump, not mnemonics
    r"([a-z][a-z0-9.]{1,12}\b.*|\?{3}.*)\Z"
)
_LABEL = re.compile(r"[ ]*([A-Za-z_]\S.*?)(?:[ ]\[([^\]]+) @ ([0-9]+)\])?:\Z")
_FLOW = re.compile(r"[ ]*(?:Branch|No prior disassembly possible|Flow analysis was incomplete.*)\Z")
_OPERAND = re.compile(r"(?<![ ])[ ]{2,}([a-z]{2}:[0-9a-f:`]+=\S+|\{\S+\}|\[br=\d\])")


@record
class Instruction:
    """An instruction.

    :param code: its bytes as printed; ``""`` where only the text is
    :param text: mnemonic and operands
    :param effective: what the debugger read at the operand's address: ``ds:0023:00000004=????????``
    :param line: the source line, which ``uf`` prints in front
    """

    address: Address
    code: str
    text: str
    effective: str = ""
    line: int | None = None


@record
class CodeBlock:
    """Instructions below a label."""

    label: Site | None
    instructions: tuple[Instruction, ...]


@record
class Code:
    """A disassembly."""

    blocks: tuple[CodeBlock, ...]


def instruction(line: str) -> Instruction | None:
    """Return the instruction that *line* is, ``None`` when it is none."""
    found = _LINE.match(line)
    if found is None or (not found[3] and not found[1]):
        return None
    digits = found[2].replace("`", "")
    address = (Address if len(digits) > 8 else Address32)(int(digits, 16))
    text, effective = found[4].rstrip(), ""
    if part := _OPERAND.search(text):
        text, effective = text[: part.start()], text[part.start() :].strip()
    number = int(found[1]) if found[1] else None
    return Instruction(address, found[3] or "", " ".join(text.split(None, 1)), effective, number)


def label(line: str) -> Site | None:
    """Return the place that a label of a disassembly names."""
    if not line.endswith(":") or len(line) > 512:
        return None
    found = _LABEL.match(line)
    if (
        not found
        or (" " in found[1] and "`" not in found[1] and "<" not in found[1])
        or "!" not in found[1] + "!" * ("+0x" in found[1])
    ):
        return None
    text = found[1] + (f" [{found[2]} @ {found[3]}]" if found[2] else "")
    return site(text)


def _confirms(line: str, following: str) -> bool:
    if instruction(line) is not None:
        return True
    return label(line) is not None and instruction(following) is not None


@kind(
    "code",
    *("u", "uf", "ub", "ur", "ux", "up"),
    opens=r"[ ]*(?:[0-9]{1,6}[ ]+)?[0-9a-fA-F]{8}[`0-9a-fA-F]{0,9}[ ]+[0-9a-f?]{2,32}[ ]+[a-z?]"
    r"|[ ]*[A-Za-z_][\w.]*[!+]\S.*:\Z",
    confirms=_confirms,
    rank=45,
)
class CodeReader(Reader):
    """Takes instructions and the labels above them."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self.blocks: list[tuple[Site | None, list[Instruction]]] = []

    def take(self, line: str, number: int) -> bool:
        found = instruction(line)
        if found is not None:
            if not self.blocks:
                self.blocks.append((None, []))
            self.blocks[-1][1].append(found)
            return True
        place = label(line)
        if place is not None:
            self.blocks.append((place, []))
            return True
        return bool(self.blocks) and _FLOW.match(line) is not None

    def annotations(self, situation: Situation) -> tuple[Annotation, ...]:
        """Return what the functions shown are known for, each thing once."""
        places = [place for place, _ in self.blocks[:_MOST_LABELS] if place is not None]
        found = (remark for place in places for remark in at_place(place.module, place.symbol))
        return tuple({remark.name: remark for remark in found}.values())

    def record(self) -> Code | None:
        return Code(tuple(CodeBlock(place, tuple(found)) for place, found in self.blocks)) if self.blocks else None
