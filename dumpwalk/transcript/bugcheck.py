"""Bug checks as ``.bugcheck``, the blue screen and the short form of ``!analyze`` print them."""

from __future__ import annotations

import re

from dumpwalk.annotations import Annotation
from dumpwalk.annotations.pool import tag_of, tag_owners
from dumpwalk.annotations.stacks import annotate
from dumpwalk.bugchecks import BugCheck
from dumpwalk.record import replace
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.fitting_bugcheck import decoded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.annotations.conditions import Situation

_CODE = re.compile(r"[ ]*Bugcheck code ([0-9a-fA-F]{1,8})\Z")
_ARGUMENTS = re.compile(r"[ ]*Arguments((?:[ ]+[0-9a-fA-F`]{1,17}){1,4})\Z")
# BugCheck 50, {b41c5d4c, 0, 805068e1, 0}; *** STOP: 0x0000000A (0x..., ...); *** Fatal System Error: 0x00000018
_ONE_LINE = re.compile(
    r"[ ]*(?:BugCheck ([0-9a-fA-F]{1,8}), \{([^}]*)\}|\*{3} ?STOP: (0x[0-9a-fA-F]{1,8}) ?\(([^)]*)\).*"
    r"|\*{3} Fatal System Error: (0x[0-9a-fA-F]{1,8}))\Z"
)
_FATAL = re.compile(r"[ ]*\(?((?:0x[0-9a-fA-F`]{8,17},?){4})\)?\Z")
_STUCK = 0xEA


@kind(
    "bugcheck",
    "bugcheck",
    opens=r"[ ]*(?:Bugcheck code [0-9a-fA-F]"
    r"|BugCheck [0-9a-fA-F]{1,8}, \{|\*{3} ?STOP: 0x|\*{3} Fatal System Error: 0x)",
    rank=10,
)
class BugcheckReader(Reader):
    """Takes a code and its parameters."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._code: int | None = None
        self._parameters: tuple[int, ...] = ()

    def take(self, line: str, number: int) -> bool:
        if self._code is None:
            if found := _CODE.match(line):
                self._code = int(found[1], 16)
                return True
            if found_short := short_form(line):
                self._code, self._parameters = found_short
                return True
            return False
        if not self._parameters and (found := _ARGUMENTS.match(line) or _FATAL.match(line)):
            self._parameters = _numbers(found[1].replace(",", " "))
            return True
        return False

    def record(self) -> BugCheck | None:
        return decoded(self._code, self._parameters) if self._code is not None else None

    def annotations(self, situation: Situation) -> tuple[Annotation, ...]:
        record = self.record()
        return () if record is None else (*explained(record), *annotate((), self.situation(situation)))

    def situation(self, before: Situation) -> Situation:
        return before if self._code is None else crashed(before, self._code)


def short_form(line: str) -> tuple[int, tuple[int, ...]] | None:
    """Return code and parameters of a bug check that stands on one line, ``None`` when *line* is no such line."""
    found = _ONE_LINE.match(line)
    if found is None:
        return None
    return int(found[1] or found[3] or found[5], 16), _numbers(found[2] or found[4] or "")


def crashed(before: Situation, code: int) -> Situation:
    """Return what is known of the machine once the code of its crash is."""
    return replace(before, bugcheck=code, bugcheck_by="")


def stuck_thread(bugcheck: BugCheck | None) -> int | None:
    """Return the thread that a THREAD_STUCK_IN_DEVICE_DRIVER names: it used up its processor inside a driver."""
    return bugcheck.parameters[0].given if bugcheck is not None and bugcheck.code == _STUCK else None


def explained(bugcheck: BugCheck) -> tuple[Annotation, ...]:
    """Return what a bug check says, as an annotation."""
    name = bugcheck.name if not isinstance(bugcheck.name, Absent) else f"{bugcheck.raw_code:x}"
    meaning = "" if isinstance(bugcheck.meaning, Absent) else bugcheck.meaning
    said = [f"Parameter {n}: {p.decoded}." for n, p in enumerate(bugcheck.parameters, 1) if p.given and p.decoded]
    text = " ".join([*said, *bugcheck.explanation])
    title = bugcheck.headline or meaning or name
    tags = [p.given for p in bugcheck.parameters if p.kind == "pool_tag" and p.given]
    return (Annotation("bug check", name, title, text, (), "critical"), *tag_owners(tag_of(tag) for tag in tags))


def _numbers(text: str) -> tuple[int, ...]:
    out = []
    for word in text.replace(",", " ").split()[:4]:
        try:
            out.append(int(word.replace("`", ""), 16) & 0xFFFFFFFFFFFFFFFF)
        except ValueError:
            return tuple(out)
    return tuple(out)
