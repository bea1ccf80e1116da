"""``!analyze -v``: the bug check, keys and values, and the blocks between them."""

from __future__ import annotations

import re

from dumpwalk.annotations import Annotation
from dumpwalk.annotations.codes import codes_in
from dumpwalk.annotations.conditions import with_fact
from dumpwalk.annotations.stacks import annotate
from dumpwalk.bugchecks import BugCheck
from dumpwalk.bugchecks.table import find_code
from dumpwalk.memory.address import Hex
from dumpwalk.record import record, replace
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.bugcheck import crashed, explained, short_form, stuck_thread
from dumpwalk.transcript.exception import ExceptionReader, ListedException
from dumpwalk.transcript.fitting_bugcheck import decoded, decodings, fitting, is_own
from dumpwalk.transcript.prompt import prompted
from dumpwalk.transcript.registers import Registers, RegistersReader
from dumpwalk.transcript.stack import Stack, StackReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.annotations.conditions import Situation

_BANNER = re.compile(r"[ ]*\*[ ]+(?:(?:Bugcheck|Exception|Error) Analysis[ ]*)?\*\Z")
_NAME = re.compile(r"[ ]*([A-Z][A-Z0-9_]{4,63}) \(([0-9a-f]{1,8})\)\Z")
_ARG = re.compile(r"[ ]*Arg([1-4]): ([0-9a-fA-F`]{1,17}),?(?:[ ]+(.*))?\Z")
# This program says what parameters would mean that were not given.
_NOT_GIVEN = re.compile(r"Arg([1-4]): (\S.*)\Z")
_ITEM = re.compile(
    r"[ ]{0,12}((?!NOTE\b|WARNING\b|ERROR\b|DBGHELP|SYMSRV)"
    r"[A-Z][A-Z0-9_]{2,63}|Followup|Probably caused by)[ ]*:(?:[ ]+(.*))?\Z"
)
_PAIR = re.compile(r"[ ]*(Key  ?|Value):(?:[ ]+|\Z)(.*)\Z")
# A report names the place behind an address; it stands with the parameter, too.
_PLACED = re.compile(r"([0-9a-f`]{8,17}) \([^()\s]+\+0x[0-9a-f]+\)")
_NESTED = re.compile(r"[ ]{4,}(?:[A-Z][a-z]{1,12}|ID):[ ]+\S|[ ]{12}[A-Z_]{5,}\Z")
_HEADINGS = re.compile(r"[ ]*(?:Arguments:|(?:## )?Debugging Details:|-{3,})\Z")
_OPENS = (
    r"[ ]*(?:[A-Z][A-Z0-9_]{4,63} \([0-9a-f]{1,8}\)\Z|\*[ ]+(?:Bugcheck|Exception) Analysis|Debugging Details:"
    r"|(?:FAULTING_IP|REFERENCED_ADDRESS|MM_INTERNAL_CODE|DEFAULT_BUCKET_ID|BUGCHECK_STR|PROCESS_NAME|LAST_CONTROL_TRANSFER|FOLLOWUP_IP"
    r"|SYMBOL_NAME|MODULE_NAME|IMAGE_NAME|STACK_COMMAND|FAILURE_BUCKET_ID|BUCKET_ID|EXCEPTION_CODE|ERROR_CODE|DUMP_CLASS"
    r"|KEY_VALUES_STRING|BUGCHECK_CODE|BUGCHECK_P1|FAULTING_MODULE|CONTEXT|TRAP_FRAME|EXCEPTION_RECORD|READ_ADDRESS"
    r"|WRITE_ADDRESS|CURRENT_IRQL|APPLICATION_VERIFIER_FLAGS|DEBUG_FLR_IMAGE_TIMESTAMP|EXCEPTION_CODE_STR)[ ]*:"
    r"|Key  ?:[ ]|Arg1: |Probably caused by[ ]*:|Followup:[ ])"
)


@record
class Argument:
    """A parameter as ``!analyze`` explains it; *value* is ``None`` where none is given."""

    value: Hex | None
    text: str


@record
class Item:
    """A key and what stands behind it, line by line."""

    key: str
    values: tuple[str, ...]


@record
class Analysis:
    """What ``!analyze`` printed.

    :param bugcheck: the bug check, decoded from its code and parameters; ``None`` where the text has none
    :param name: its name as printed
    :param description: what the debugger says of it
    :param items: all keys in order, those too whose values are among the records below
    :param pairs: the keys and values of KEY_VALUES_STRING
    :param registers: the blocks of registers below TRAP_FRAME and CONTEXT
    """

    bugcheck: BugCheck | None
    name: str
    description: tuple[str, ...]
    arguments: tuple[Argument, ...]
    items: tuple[Item, ...]
    pairs: tuple[tuple[str, str], ...]
    stacks: tuple[Stack, ...]
    registers: tuple[Registers, ...]
    exceptions: tuple[ListedException, ...]


# The key above a block of its own kind.
_INSIDE: dict[str, type[Reader]] = {
    "STACK_TEXT": StackReader,
    "TRAP_FRAME": RegistersReader,
    "CONTEXT": RegistersReader,
    "EXCEPTION_RECORD": ExceptionReader,
}


@kind("analyze", "analyze", opens=_OPENS, rank=25)
class AnalyzeReader(Reader):
    """Takes an analysis; the readers of other kinds take what is theirs of it."""

    patience = 12

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._name = ""
        self._code: int | None = None
        self._description: list[str] = []
        self._arguments: list[list[str]] = []
        self._explained: list[str] = []
        self._items: list[tuple[str, list[str], int]] = []
        self._pairs: list[list[str]] = []
        self._inside: list[Reader] = []
        self._inner: Reader | None = None
        self._part = ""
        self._last = 0

    def take(self, line: str, number: int) -> bool:
        taken = self._take(line, number)
        if taken:
            self._last = number
        return taken

    def _take(self, line: str, number: int) -> bool:
        if found := _ITEM.match(line):
            if self._ended(found[1]) or _is_of_a_report(found):
                return False
            return self._item(found[1], found[2] or "", number)
        if self._inner is not None and self._inner.take(line, number):
            return True
        if not line:
            return False
        if found := _NAME.match(line):
            return self._named(found)
        if self._code is None and (short := short_form(line)):
            self._code, parameters = short
            self._arguments = [[f"{p:x}", ""] for p in parameters]
            return True
        if (found := _NOT_GIVEN.match(line)) and self._is_meaning(int(found[1]), found[2]):
            self._arguments.append(["", found[2]])
            self._part = "argument"
            return True
        if found := _ARG.match(line):
            if len(self._arguments) >= 4:
                return False
            self._arguments.append([found[2], found[3] or ""])
            self._part = "argument"
            return True
        if _BANNER.match(line):
            return not self._items
        if _HEADINGS.match(line):
            self._part = "" if not line.lstrip().startswith("-") or not self._items else "end"
            return True
        if found := _PAIR.match(line):
            if found[1].startswith("Key"):
                self._pairs.append([found[2], ""])
            elif self._pairs:
                self._pairs[-1][1] = found[2]
            return bool(self._pairs)
        return self._more(line, number)

    def _ended(self, key: str) -> bool:
        """Say whether *key* begins another analysis: one ends with a rule, and has a stack once."""
        return (self._part == "end" and key != "Followup") or (
            key == "STACK_TEXT" and any(k == key for k, _, _ in self._items)
        )

    def _named(self, found: re.Match[str]) -> bool:
        if self._name or self._items:
            return False
        self._name, self._code = found[1], int(found[2], 16)
        self._part = "description"
        return True

    def _item(self, key: str, value: str, number: int) -> bool:
        self._items.append((key, [value] if value else [], number))
        self._part = "item"
        reader = _INSIDE.get(key)
        self._inner = reader("") if reader else None
        if self._inner is not None:
            self._inside.append(self._inner)
        return True

    def _more(self, line: str, number: int) -> bool:
        """Take a line that goes on with what stands above it."""
        if prompted(line) is not None:
            return False
        near = number - self._last <= 1
        if self._part == "description" and (near or not self._arguments):
            self._description.append(line.strip())
            return True
        if self._part == "argument" and near and self._arguments:
            self._arguments[-1][1] += " " + line.strip()
            return True
        if self._part in ("argument", "explained") and self._is_explanation(line.strip()):
            self._part = "explained"
            self._explained.append(line.strip())
            return True
        nested = _NESTED.match(line) is not None  # the parts of PROBLEM_CLASSES stand apart
        if self._part == "item" and self._inner is None and (near or nested) and len(self._items[-1][1]) < 4096:
            self._items[-1][1].append(line.strip())
            return True
        return False

    def _is_explanation(self, line: str) -> bool:
        """Say whether *line* is of what this program prints below the arguments, which is in the decoded bug check."""
        found = self._bugcheck()
        if found is None:
            return False
        texts = [text for _, text in self._arguments]
        every = decodings(int(found.raw_code), tuple(self._parameters())) if is_own(found, texts) else (found,)
        line = _PLACED.sub(r"\1", line)
        return any(line in text for one in every for text in one.explanation)

    def _is_meaning(self, number: int, text: str) -> bool:
        """Say whether *text* is how this program begins to say what a parameter means that was not given."""
        if self._code is None or number != len(self._arguments) + 1:
            return False
        meaning = decoded(self._code, tuple(self._parameters())).parameters[number - 1].meaning
        return meaning.startswith(text)

    def _parameters(self) -> list[int]:
        return [int(digits.replace("`", "") or "0", 16) for digits, _ in self._arguments if digits]

    def _bugcheck(self) -> BugCheck | None:
        code = self._code
        parameters = self._parameters()
        values = {key: values[0] for key, values, _ in self._items if values}
        if code is None and "BUGCHECK_CODE" in values:
            code = _number(values["BUGCHECK_CODE"])
            parameters = [p for n in "1234" if (p := _number(values.get(f"BUGCHECK_P{n}", ""))) is not None]
        if code is None and "BUGCHECK_STR" in values and values["BUGCHECK_STR"].startswith("0x"):
            code = _number(values["BUGCHECK_STR"].partition("_")[0])
        if code is None and self._name:
            code = find_code(self._name)
        if code is None:
            return None
        texts = [text for _, text in self._arguments]
        digits = max((len(given) for given, _ in self._arguments), default=0)
        return fitting(code, tuple(parameters), texts, digits, self._explained)

    def record(self) -> Analysis | None:
        if not (self._name or self._items or self._arguments or self._pairs or self._code is not None):
            return None
        inside = [r.record() for r in self._inside]
        return Analysis(
            self._bugcheck(),
            self._name,
            tuple(self._description),
            tuple(
                Argument(Hex(int(v.replace("`", "") or "0", 16)) if v else None, text) for v, text in self._arguments
            ),
            tuple(Item(key, tuple(values)) for key, values, _ in self._items),
            tuple((key, value) for key, value in self._pairs),
            tuple(r for r in inside if isinstance(r, Stack)),
            tuple(r for r in inside if isinstance(r, Registers)),
            tuple(r for r in inside if isinstance(r, ListedException)),
        )

    def annotations(self, situation: Situation) -> tuple[Annotation, ...]:
        found = self._bugcheck()
        out: list[Annotation] = []
        if found is not None:
            situation = crashed(situation, int(found.code))
            out += explained(found)
        stacks = [r for r in self._inside if isinstance(r, StackReader) and r.frames]
        of_thread = self._thread_of_the_stack(situation, found)
        for reader in stacks:
            out += reader.annotations(of_thread)
        if not stacks and found is not None:
            out += annotate((), situation)
        for key, values, number in self._items:
            if key in ("ERROR_CODE", "EXCEPTION_CODE", "EXCEPTION_PARAMETER1", "EXCEPTION_CODE_STR"):
                out += [a for v in values[:1] for a in codes_in(v, number) if a.name not in {b.name for b in out}]
        return tuple(out)

    def _thread_of_the_stack(self, situation: Situation, found: BugCheck | None) -> Situation:
        """Return what is known of the thread whose stack is in the analysis: where it was interrupted, why it runs."""
        place = next((r.place for r in self._inside if isinstance(r, RegistersReader) and r.place is not None), None)
        if place is not None:
            said = f"{place.module}!{place.symbol}"
            situation = replace(situation, interrupted=said)
        thread = next((values[0] for key, values, _ in self._items if key == "FAULTING_THREAD" and values), "")
        stuck = stuck_thread(found)
        if stuck is not None and _number(thread) == stuck:
            situation = replace(with_fact(situation, "processor-hog"), state="RUNNING")
        return situation

    def situation(self, before: Situation) -> Situation:
        found = self._bugcheck()
        return before if found is None else crashed(before, int(found.code))


def _is_of_a_report(found: re.Match[str]) -> bool:
    """Say whether an item is the trap frame of a report of this program, whose lines below it are its own."""
    return found[1] == "TRAP_FRAME" and (found[2] or "").endswith((", from user mode", ", from the kernel"))


def _number(text: str) -> int | None:
    try:
        return int(text.split()[0].replace("`", ""), 16) if text.strip() else None
    except ValueError:
        return None
