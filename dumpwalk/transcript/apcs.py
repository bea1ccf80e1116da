"""APCs of processes and threads as ``!apc`` lists them: the command's own records."""

from __future__ import annotations

import re

from dumpwalk.kernel.apc_state import Apc, ApcList, ApcState, ProcessApcs, ThreadApcs
from dumpwalk.kernel.code_address import CodeAddress
from dumpwalk.memory.address import Address
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import (
    NOT_SHOWN,
    UNREADABLE,
    address,
    integer,
    of_text,
    pointer,
    remark,
    text_or_absent,
    value,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_N, _D, _A = r"(-?[0-9a-f]{1,16}|\?{4})", r"(-?[0-9]{1,9}|\?{4})", r"([0-9a-f]{1,16}|\?{4})"
_FLAG = r"([01]|\?{4})"
_TITLE = re.compile(r"[ ]*(\*\*\* Enumerating APCs in .*)\Z")
_PROCESS = re.compile(r"[ ]*Process ([0-9a-f]{8,16}) (\S.*)\Z")
_THREAD = re.compile(r"[ ]*Thread ([0-9a-f]{8,16})\b[ ]*(.*)\Z")
# What stands behind a thread: what is disabled, or one of its lists.
_STATE_OF = re.compile(
    rf"ApcStateIndex {_N}(?: KernelApcDisable {_D} SpecialApcDisable {_D}"
    r"| ApcListHead(?: ([0-9a-f]{8,16}) ?)?\[(\w+)\]( SavedApcState)?)?\Z"
)
_STATE = re.compile(
    rf"[ ]*(\w*ApcState): Process {_A} KernelApcInProgress {_FLAG} KernelApcPending {_FLAG} UserApcPending {_FLAG}\Z"
)
_APC = re.compile(r"[ ]*KAPC @ ([0-9a-f]{8,16})\Z")
_FIELD = re.compile(
    r"[ ]*(Type|Thread|KernelRoutine|RundownRoutine|NormalRoutine|NormalContext|SystemArgument[12]|ApcStateIndex"
    r"|ApcMode|Inserted|ApcListHead\[\w+\]|ApcStateIndex \w+)[ ]{1,}(\S.*)\Z"
)
_TYPE = re.compile(rf"{_N}(?: \((.*)\))?\Z")
_ROUTINE = re.compile(r"([0-9a-f]{1,16}|\?{4})(?: (\S.*))?\Z")
_POINTER = re.compile(rf"{_A}\Z")
_NUMBER = re.compile(r"([0-9a-f]{1,8}|\?{4})\Z")
_TRUTH = re.compile(rf"{_FLAG}\Z")


@record
class ApcListing:
    """APCs, with what else is printed.

    :param processes: each process that was looked at, with its threads
    :param threads: those that stand below no process; of each its lists that hold something
    :param apcs: those that stand below no thread
    :param others: what is printed of an APC or a thread in a form of its own: whose it is, name and text
    """

    title: str
    processes: tuple[ProcessApcs, ...]
    threads: tuple[ThreadApcs, ...]
    apcs: tuple[Apc, ...]
    others: tuple[tuple[Address, str, str], ...]
    remarks: tuple[str, ...]

    @property
    def every_thread(self) -> tuple[ThreadApcs, ...]:
        """All threads, below a process or not."""
        return (*(thread for process in self.processes for thread in process.threads), *self.threads)

    @property
    def every_apc(self) -> tuple[Apc, ...]:
        """All APCs, below a thread or not."""
        states = (state for thread in self.every_thread for state in thread.states)
        return (*(apc for state in states for listed in state.lists for apc in listed.apcs), *self.apcs)


class _Thread:
    """A thread while its lines are read."""

    def __init__(self, at: Address) -> None:
        self.at = at
        self.shown: dict[str, object] = {}
        self.states: dict[str, _State] = {}

    def is_other_than(self, shown: dict[str, object]) -> bool:
        """Say whether of the thread something else was printed before."""
        return any(self.shown.get(name, value) != value for name, value in shown.items())

    def state(self, name: str) -> _State:
        return self.states.setdefault(name, _State())

    def record(self) -> ThreadApcs:
        states = tuple(state.record(name) for name, state in self.states.items())
        return of_text(ThreadApcs, thread=self.at, states=states, **self.shown)


class _State:
    """An APC state while its lines are read."""

    def __init__(self) -> None:
        self.shown: dict[str, object] = {}
        self.lists: list[tuple[Address | Absent, str, list[_Apc]]] = []

    def open(self, head: Address | Absent, mode: str) -> list[_Apc]:
        """Begin a list; return where its APCs go."""
        self.lists.append((head, mode, []))
        return self.lists[-1][-1]

    def record(self, name: str) -> ApcState:
        lists = tuple(ApcList(head, mode, tuple(apc.record() for apc in apcs)) for head, mode, apcs in self.lists)
        return of_text(ApcState, name=name, lists=lists, **self.shown)


class _Apc:
    """An APC while its lines are read."""

    def __init__(self, at: Address) -> None:
        self.at = at
        self.shown: dict[str, object] = {}

    def take(self, name: str, text: str) -> bool:
        """Keep a member; ``False`` where the text is of no form that it has, or another one stands above."""
        if name not in _FORMS or name in self.shown:
            return False
        pattern, read = _FORMS[name]
        found = pattern.match(text)
        if found is not None:
            self.shown[name] = read(found)
            if found.re is _TYPE and found[2]:
                self.shown["kind"] = text_or_absent(found[2])
        return found is not None

    def record(self) -> Apc:
        return of_text(Apc, address=self.at, **self.shown)


@kind("apc", "apc", opens=r"[ ]*(?:\*\*\* Enumerating APCs in|KAPC @ [0-9a-f]{8})", rank=12)
class ApcReader(Reader):
    """Takes processes, threads and APCs."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._title = ""
        self._processes: list[tuple[Address, str, list[_Thread]]] = []
        self._threads: list[_Thread] = []
        self._apcs: list[_Apc] = []
        # Where the next lines belong to.
        self._own = self._threads
        self._list = self._apcs
        self._thread: _Thread | None = None
        self._apc: _Apc | None = None
        self._others: list[tuple[Address, str, str]] = []
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if found := _APC.match(line):
            self._begin(_Apc(address(found[1])))
        elif self._thread and (found := _STATE.match(line)):
            return _keep(self._thread.state(found[1]), *found.groups()[1:])
        elif self._apc and _is_field(line) and (found := _FIELD.match(line)):
            if not self._apc.take(found[1], found[2]):
                self._others.append((self._apc.at, found[1], found[2]))
        elif found := _PROCESS.match(line):
            self._own, self._list, self._thread, self._apc = [], self._apcs, None, None
            self._processes.append((address(found[1]), found[2], self._own))
        elif found := _THREAD.match(line):
            self._heading(address(found[1]), found[2])
        elif not self._title and (found := _TITLE.match(line)):
            self._title = found[1]
        elif said := remark(line):
            self._remarks.append(said)
        else:
            return False
        return True

    def _begin(self, apc: _Apc) -> None:
        if self._thread is not None and self._list is self._apcs:
            self._list = self._thread.state("").open(NOT_SHOWN, "")
        self._list.append(apc)
        self._apc = apc

    def _heading(self, at: Address, text: str) -> None:
        found = _STATE_OF.match(text)
        index, kernel, special, head, mode, saved = found.groups() if found else (None,) * 6
        shown: dict[str, object] = {}
        if index is not None:
            shown["ApcStateIndex"] = integer(index, 16)
        if kernel is not None and special is not None:
            shown |= {"KernelApcDisable": integer(kernel), "SpecialApcDisable": integer(special)}
        thread, self._apc = self._thread, None
        if thread is None or thread.at != at or thread.is_other_than(shown):
            thread = self._thread = _Thread(at)
            self._own.append(thread)
            self._list = self._apcs
        thread.shown |= shown
        if found is None and text:
            self._others.append((at, "", text))
        if mode is not None:
            state = thread.state("SavedApcState" if saved else "ApcState")
            self._list = state.open(address(head) if head else NOT_SHOWN, mode.lower())

    def record(self) -> ApcListing | None:
        if not (self._title or self._processes or self._threads or self._apcs):
            return None
        return ApcListing(
            self._title,
            tuple(
                ProcessApcs(at, text_or_absent(image), tuple(thread.record() for thread in threads))
                for at, image, threads in self._processes
            ),
            tuple(thread.record() for thread in self._threads),
            tuple(apc.record() for apc in self._apcs),
            tuple(self._others),
            tuple(self._remarks),
        )


def _keep(state: _State, process: str, *flags: str) -> bool:
    """Keep what a line says of a state; ``False`` where one said it before."""
    names = ("KernelApcInProgress", "KernelApcPending", "UserApcPending")
    known = bool(state.shown)
    if not known:
        state.shown = {"Process": pointer(process), **dict(zip(names, map(_truth, flags)))}
    return not known


def _is_field(line: str) -> bool:
    """Say whether *line* is no heading of another thread, which begins as the field of that name does."""
    return "ApcStateIndex " not in line or line.lstrip().startswith("ApcStateIndex ")


def _routine(found: re.Match[str]) -> CodeAddress | Absent | None:
    at, where = found.groups()
    if where is None and (at == "0" or "?" in at):
        return None if at == "0" else UNREADABLE
    return CodeAddress(address(at), where or NOT_SHOWN)


def _pointer(found: re.Match[str]) -> Address | Absent:
    return pointer(found[1])


def _integer(found: re.Match[str]) -> int | Absent:
    return integer(found[1], 16)


def _truth(text: str) -> bool | Absent:
    return UNREADABLE if "?" in text else text != "0"


# How the text of each member is read.
_FORMS: dict[str, tuple[re.Pattern[str], Callable[[re.Match[str]], Any]]] = {
    "Type": (_TYPE, lambda found: value(found[1])),
    **dict.fromkeys(("KernelRoutine", "RundownRoutine", "NormalRoutine"), (_ROUTINE, _routine)),
    **dict.fromkeys(("Thread", "NormalContext", "SystemArgument1", "SystemArgument2"), (_POINTER, _pointer)),
    **dict.fromkeys(("ApcStateIndex", "ApcMode"), (_NUMBER, _integer)),
    "Inserted": (_TRUTH, lambda found: _truth(found[1])),
}
