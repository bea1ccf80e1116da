"""Call stacks: ``k`` in all its forms, STACK_TEXT, and the stacks of gdb and Xcode."""

from __future__ import annotations

import re

from dumpwalk.annotations import Annotation
from dumpwalk.annotations.pitfalls import in_stack
from dumpwalk.annotations.stacks import annotate
from dumpwalk.annotations.subsystems import path
from dumpwalk.bugchecks.table import find
from dumpwalk.memory.address import Address, Address32
from dumpwalk.record import record, replace
from dumpwalk.transcript import Reader, gdb, kind
from dumpwalk.transcript.frame import Frame, columns32, columns64, frame, with_place, wrapped
from dumpwalk.transcript.prompt import word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from dumpwalk.annotations.conditions import Situation

_HEADER = re.compile(
    r"[ ]*(?:STACK_TEXT:[ ]*(?:\(candidates: .*)?"
    r"|(?:Call stack:[ ]*)?(?:#[ ]*)?(?:Arch[ ]+)?(?:Memory[ ]+)?(?:ChildEBP|Child-SP|RetAddr|FramePtr|Call Site)\b.*"
    r"|(?:Stack trace|Call Stack|Call stack):?[ ]*)\Z"
)
# The columns of this program's reports: where each frame is, not where it returns to. Below a scanned stack's title
# stands what scanned frames are.
_INSTRUCTIONS = re.compile(r"[ ]*# Child-SP[ ]+Instruction[ ]+Call Site\Z")
_CANDIDATES = "among them, in this order; others are left over from calls that have returned.)"
# .  0  id: 570.574   Suspend: 1 Teb 7ffde000 Unfrozen
_THREAD = re.compile(
    r"[ ]*(?:[.#][ ]*)?([0-9]{1,5})[ ]+[iI]d: ([0-9a-f]+)\.([0-9a-f]+)[ ]+Suspend: (-?[0-9a-f]+)[ ]+"
    r"Teb:? ([0-9a-f`]+)(.*)"
)
_OPENS = (
    r"[ ]*(?:[0-9a-fA-F]{2,3}[ ]+[\S]|#[0-9]|[0-9a-fA-F]{8}[`0-9a-fA-F]{0,9}[ ]|\(Inline"
    r"|[A-Za-z_<][\w.$:~-]*(?:[!+]| at )"
    r"|#?[ ]*(?:Memory[ ]|Arch[ ]|ChildEBP|Child-SP|RetAddr|FramePtr|Call [Ss])|STACK_TEXT|[.# ]*[0-9]+[ ]+[iI]d: )"
)
# The wrapped rest of a line: an offset, or the end of a name and an offset.
# What a page of little width left of an offset: 0x1f behind a plus, f behind +0x1, x2f9 behind +0.
_REST_OF_OFFSET = re.compile(r"(?:0x[0-9a-f]{1,4}|x[0-9a-f]{1,4}|[0-9a-f]{1,3})\Z")
_TAIL = re.compile(r"[ ]*(\w*\+0x[0-9a-f]+(?:[ ].*)?)\Z")

# Of processes with code for more than one kind of processor: 01 ARM64EC 00000000`0014e900 ...
_ARCHITECTURE = re.compile(r"[ ]*([0-9a-f]{2,3})[ ]+(AMD64|ARM64EC|ARM64|ARM|X86|CHPE)[ ]+(?=[0-9a-f(])")

# The frames of a crash itself: what stands in front of KeBugCheckEx is its own work.
_CRASH_WITHIN = 6
_LARGEST_CACHE = 4096
_known: dict[tuple[object, ...], tuple[Annotation, ...]] = {}


@record
class UserThread:
    """The line above a user-mode stack: which thread it is."""

    number: int
    process_id: int
    thread_id: int
    suspend_count: int
    teb: Address
    state: str


@record
class Stack:
    """A call stack as text shows it.

    :param system: ``windows``, ``linux`` (gdb's form) or ``macos`` (Xcode's)
    :param thread: the thread, where a line above the stack says it
    :param frames: the innermost first
    :param candidates: frames are values on the stack that can be return addresses, as reports of this program say
    """

    system: str
    thread: UserThread | None
    frames: tuple[Frame, ...]
    candidates: bool = False


def _confirms(line: str, following: str) -> bool:
    if _HEADER.match(line) or _THREAD.match(line):
        return True
    if gdb.begins(line):
        return gdb.frame(line) is not None or ("(" in line and not gdb.complete(line))
    if gdb.xcode(line):
        return gdb.xcode(following) is not None
    found = frame(line)
    if found is None or line.endswith(":"):
        return False
    place = found.place
    if found.return_address is None:  # names alone: only several make a stack
        after = frame(following)
        numbered = found.number is not None
        return after is not None and after.return_address is None and (after.number is not None) == numbered
    if found.args or found.number is not None:
        return bool(place.module or place.address is not None)
    if not place.module and " " in place.symbol:
        return False  # the row of a table: an address, a number and words
    return bool(place.symbol) and "  " not in line.strip().partition("!")[0].replace("     ", " ")


@kind(
    "stack",
    *(
        "k",
        "kb",
        "kc",
        "kd",
        "kf",
        "kn",
        "kp",
        "kP",
        "kv",
        "kL",
        "kl",
        "kbL",
        "kbn",
        "kvn",
        "kvL",
        "kvnL",
        "kpn",
        "knL",
    ),
    *("knl", "kpL", "kvl", "kbl", "bt", "backtrace", "where", "knf", "kfn", "kcn", "knv", "kPn", "kpnL", "knb"),
    opens=_OPENS,
    confirms=_confirms,
    rank=60,
)
class StackReader(Reader):
    """Takes frames of one form until they begin again."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self.frames: list[Frame] = []
        self.system = "windows"
        self.thread: UserThread | None = None
        self._headed = False
        self._instructions = False
        self._candidates = False
        self._columns: Callable[[str], Frame | None] | None = None
        self._form = ""
        self._text = ""  # of a frame that goes on on the next line
        self._last = ""
        self._crashes = False
        self._gap = 0  # so many frames stand above a blank line

    def take(self, line: str, number: int) -> bool:
        if self._text:
            return bool(line) and self._goes_on(line)
        if self._columns is not None:  # as nearly all lines of most logs
            found = self._columns(line)
            if found is not None:
                return self._add(found, "columns", line)
        if self._form in ("columns", "", "numbered"):
            found = frame(line)
            if found is None and (found := wrapped(line)) is not None:
                self._text = line
                return self._add(found, "columns", line)
            if found is not None:
                form = _form(found)
                if self._form in ("", form) or form in ("inline", "numbered") or self._form == "numbered":
                    return self._add(found, form, line)
        if self._form == "gdb" or (not self._form and gdb.begins(line)):
            return self._gdb(line)
        return self._other(line)

    def _add(self, found: Frame, form: str, line: str) -> bool:
        frames = self.frames
        if frames and found.number is not None:
            above = frames[-1].number
            if above is None or found.number <= above:
                return False  # another stack, or the row of another listing: frames have numbers all or none
        if form == "named" and line.endswith(":"):
            return False
        if not self._form or self._form == "numbered":
            self._form = "columns" if form == "inline" else form
            if form == "columns":
                self._columns = columns32 if isinstance(found.return_address, Address32) else columns64
        if line.endswith("(") and found.place.symbol.endswith("("):
            self._text = line  # kP: the parameters follow, one a line
        frames.append(found)
        return True

    def _goes_on(self, line: str) -> bool:
        if self._form == "gdb":
            if gdb.begins(line):
                self._text = ""
                return self._gdb(line)
            if not line.startswith(" "):
                self._text = ""
                return False
            self._text += " " + line.strip()
            found = gdb.frame(self._text)
            if found is not None:
                self.frames[-1] = found
                if gdb.complete(self._text):
                    self._text = ""
            return True
        kept, self._text = self._text, ""
        whole = frame(f"{kept} {line.strip()}")
        if whole is not None and not kept.endswith("("):
            self.frames[-1] = whole
            return True
        if not line.startswith(" "):
            return self.take(line, 0)
        if ")" not in line and len(kept) < 16384:
            self._text = f"{kept} {line.strip()}"
        elif whole is not None:
            self.frames[-1] = whole
        return True

    def _gdb(self, line: str) -> bool:
        if not gdb.begins(line):
            if self.frames and line.startswith("    at ") and not self.frames[-1].place.source:
                self._text = self._last
                return self._goes_on(line)
            return False
        found = gdb.frame(line)
        open_ended = not gdb.complete(line)
        if found is None and not open_ended:
            return False
        if found is None:
            found = gdb.frame(line.partition("(")[0] + "()") or frame("00 gdb!x")
        assert found is not None
        if self.frames and found.number == 0:
            return False
        self._form, self.system = "gdb", "linux"
        self._last = line
        self._text = line if open_ended else ""
        self.frames.append(found)
        return True

    def _other(self, line: str) -> bool:
        if not self.frames:
            if _HEADER.match(line):
                if self._headed and "STACK_TEXT" in line:
                    return False
                self._headed = True
                self._candidates = self._candidates or "(candidates: " in line
                self._instructions = _INSTRUCTIONS.match(line) is not None
                return True
            if self._candidates and line == _CANDIDATES:
                return True
            if found := _THREAD.match(line):
                if self.thread is not None:
                    return False
                process, thread, suspended = (int(found[n], 16) for n in (2, 3, 4))
                digits = found[5].replace("`", "") or "0"
                teb = (Address if len(digits) > 8 else Address32)(int(digits, 16))
                self.thread = UserThread(int(found[1]), process, thread, suspended, teb, found[6].strip())
                return True
        if self._form in ("", "columns") and (arch := _ARCHITECTURE.match(line)):
            found_frame = frame(f"{arch[1]} {line[arch.end() :]}")
            if found_frame is None or _form(found_frame) not in ("columns", "inline"):
                return False
            place = found_frame.place
            place = replace(place, notes=(arch[2], *place.notes))
            return self._add(replace(found_frame, place=place), "columns", line)
        if self._form in ("", "named"):
            found_frame = gdb.xcode(line) if not self._form else frame(line)
            if found_frame is not None:
                if not self._form:
                    self._form, self.system = "xcode", "macos"
                elif _form(found_frame) != "named" or line.endswith(":"):
                    return False
                self.frames.append(found_frame)
                return True
        if self._form == "xcode" and (found_frame := gdb.xcode(line)):
            self.frames.append(found_frame)
            return True
        return self._wrapped(line)

    def _wrapped(self, line: str) -> bool:
        """Take the rest of a frame that some mail program put on a line of its own."""
        if not line:
            self._gap = len(self.frames)
        if not self.frames or self._form != "columns" or len(line) > 256:
            return False
        last = self.frames[-1]
        place = last.place
        if place.offset is None and place.symbol and not place.source and (found := _TAIL.match(line)):
            self.frames[-1] = with_place(last, f"{place.module}!{place.symbol}{found[1]}")
            return True
        if len(self.frames) != self._gap and _REST_OF_OFFSET.match(line):
            printed = f"{place.module}!{place.symbol}" + (
                f"+{_cut_offset(place.offset, line)}" if place.offset is not None else ""
            )
            if "+" in printed:
                self.frames[-1] = with_place(last, printed + line)
                return True
        if not place.module and place.address is None and not place.symbol:
            rest = frame(line)
            if rest is not None and _form(rest) == "named":
                self.frames[-1] = with_place(last, line)
                return True
        return False

    def record(self) -> Stack | None:
        if not self.frames and self.thread is None:
            return None
        frames = map(_at_instruction, self.frames) if self._instructions else self.frames
        return Stack(self.system, self.thread, tuple(frames), self._candidates)

    def annotations(self, situation: Situation) -> tuple[Annotation, ...]:
        if not self.frames:
            return ()
        if situation.os != self.system:
            situation = replace(situation, os=self.system)
        if "running" in self.command and not situation.state and word(self.command) == "running":
            situation = replace(situation, state="RUNNING")
        self._crashes = any("KeBugCheckEx" in one.place.symbol for one in self.frames[:_CRASH_WITHIN])
        if self._crashes:
            situation = crashed_by(self.frames, situation)
        return annotated(self.frames, situation)

    def situation(self, before: Situation) -> Situation:
        return before if before.bugcheck is not None or not self._crashes else crashed_by(self.frames, before)


def crashed_by(frames: list[Frame], before: Situation) -> Situation:
    """Return what is known of the machine behind a stack: the first argument of KeBugCheckEx is the crash's code.

    Where compilers pass arguments in registers that column holds what the function saved, and KeBugCheckEx saves its.
    """
    for one in frames[:_CRASH_WITHIN]:
        if one.args and "KeBugCheckEx" in one.place.symbol and find(int(one.args[0])) is not None and one.args[0]:
            code = int(one.args[0])
            if before.bugcheck != code:
                by = f"the first argument of KeBugCheckEx is {code:x}"
                return replace(before, bugcheck=code, bugcheck_by=by)
    return before


def _at_instruction(found: Frame) -> Frame:
    """Return a frame whose second column is where it is: the address of its place."""
    place = replace(found.place, address=found.return_address)
    return replace(found, return_address=None, place=place)


def _cut_offset(offset: int, rest: str) -> str:
    """Return an offset as it was printed in front of *rest*."""
    return f"{offset:x}" if rest[0] == "x" else f"{offset:#x}"


def annotated(frames: list[Frame], situation: Situation) -> tuple[Annotation, ...]:
    """Return what the rules say of a stack, and the components it goes through. Logs repeat their stacks."""
    names = tuple([f.name for f in frames])
    traps = tuple([n for n, f in enumerate(frames) if f.place.trap_frame is not None])
    if situation.interrupted:
        traps += tuple([n - 1 for n, name in enumerate(names) if "!".join(name) == situation.interrupted])
    key = (names, traps, situation)
    found = _known.get(key)
    if found is None:
        if len(_known) >= _LARGEST_CACHE:
            _known.clear()
        found = annotate(names, situation, traps)
        if situation.os == "windows":
            found = (*found, *in_stack(names, {rule.name for rule in found}))
        steps = path(names) if situation.os == "windows" else ()
        if steps:
            found = (*found, Annotation("subsystems", "", " < ".join(steps[:12]), "What the stack goes through."))
        _known[key] = found
    return found


def _form(found: Frame) -> str:
    if found.return_address is not None:
        return "columns"
    if found.inline:
        return "inline"
    return "numbered" if found.number is not None else "named"
