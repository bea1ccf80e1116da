"""Instructions as ``u``, ``uf`` and the last line of ``r`` print them."""

from __future__ import annotations

import re

from dumpwalk.annotations.pitfalls import at_place
from dumpwalk.memory.address import Address, Address32
from dumpwalk.record import record, replace
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
    r"(?![0-9a-f]{2}[ -][0-9a-f]{2}[ -]|[0-9a-f]{8})"  # bytes of a dump or columns of a stack, not mnemonics
    r"([a-z][a-z0-9.]{1,12}\b(?!!).*|\?{3}.*)\Z"
)
_LABEL = re.compile(r"[ ]*([A-Za-z_]\S.*?)(?:[ ]\[([^\]]+) @ ([0-9]+)\])?(?:[ ]\[(inlined in [^ ].*)\])?:\Z")
_FLOW = re.compile(r"[ ]*(?:Branch|No prior disassembly possible|Flow analysis was incomplete.*)\Z")
_OPERAND = re.compile(r"(?<![ ])[ ]{2,}([a-z]{2}:[0-9a-f:`]+=\S+|\{\S+\}|\[br=\d\])")


# uf /c prints the function and, in pairs of lines, from where it calls what.
_FUNCTION = re.compile(r"([A-Za-z_]\w*!\S+) \(([0-9a-f]{8}(?:`?[0-9a-f]{8})?)\)\Z")
_CALLER = re.compile(r"[ ]{2}([A-Za-z_]\w*!\S+) \(([0-9a-f]{8}(?:`?[0-9a-f]{8})?)\):\Z")
_CALLEE = re.compile(
    r"[ ]{4}(?:call to (\S.*?)(?<![ ]) \(([0-9a-f]{8}(?:`?[0-9a-f]{8})?)\)|unresolvable call: (\S.*))\Z"
)


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
class Call:
    """A call that ``uf /c`` lists.

    :param callee: what it calls; ``None`` where the debugger can't tell, and *text* is the instruction
    """

    place: Site
    address: Address
    callee: Site | None
    callee_address: Address | None
    text: str


@record
class Code:
    """A disassembly, or the calls in one.

    :param function: whose calls they are, and its *address*
    """

    blocks: tuple[CodeBlock, ...]
    function: Site | None = None
    address: Address | None = None
    calls: tuple[Call, ...] = ()


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
    place = site(text)
    return place if found[4] is None else replace(place, notes=(*place.notes, found[4]))


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
        self._lists_calls = "/c" in command
        self._function: tuple[Site, Address] | None = None
        self._caller: tuple[Site, Address] | None = None
        self._calls: list[Call] = []

    def take(self, line: str, number: int) -> bool:
        if self._lists_calls and self._call(line):
            return True
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

    def _call(self, line: str) -> bool:
        if self._function is None and (found := _FUNCTION.match(line)):
            self._function = site(found[1]), _address(found[2])
        elif found := _CALLER.match(line):
            self._caller = site(found[1]), _address(found[2])
        elif self._caller is not None and (found := _CALLEE.match(line)):
            name, at, text = found.groups()
            place, caller = self._caller
            callee = site(name) if name else None
            self._calls.append(Call(place, caller, callee, _address(at) if at else None, text or ""))
        else:
            return False
        return True

    def record(self) -> Code | None:
        if not self.blocks and self._function is None and not self._calls:
            return None
        blocks = tuple(CodeBlock(place, tuple(found)) for place, found in self.blocks)
        function, at = self._function or (None, None)
        return Code(blocks, function, at, tuple(self._calls))


def _address(digits: str) -> Address:
    plain = digits.replace("`", "")
    return (Address if len(plain) > 8 else Address32)(int(plain, 16))
