"""APCs of processes and threads as ``!apc`` lists them."""

from __future__ import annotations

import re

from dumpwalk.kernel.apc_state import Apc
from dumpwalk.kernel.code_address import CodeAddress
from dumpwalk.memory.address import Address
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import NOT_SHOWN, UNREADABLE, address, pointer, remark, text_or_absent, value

_N, _D, _A = r"(-?[0-9a-f]{1,16}|\?{4})", r"(-?[0-9]{1,9}|\?{4})", r"([0-9a-f]{1,16}|\?{4})"
_TITLE = re.compile(r"[ ]*(\*\*\* Enumerating APCs in .*)\Z")
_PROCESS = re.compile(r"[ ]*Process ([0-9a-f]{8,16}) (\S.*)\Z")
_THREAD = re.compile(r"[ ]*Thread ([0-9a-f]{8,16})\b[ ]*(.*)\Z")
_INDEX = re.compile(rf"ApcStateIndex {_N}(?: KernelApcDisable {_D} SpecialApcDisable {_D})?")
_STATE = re.compile(
    rf"[ ]*(\w*ApcState): Process {_A} KernelApcInProgress {_N} KernelApcPending {_N} UserApcPending {_N}\Z"
)
_LIST = re.compile(rf"ApcStateIndex {_N} ApcListHead ([0-9a-f]{{8,16}}) \[(\w+)\]( SavedApcState)?\Z")
_APC = re.compile(r"[ ]*KAPC @ ([0-9a-f]{8,16})\Z")
_FIELD = re.compile(
    r"[ ]*(Type|Thread|KernelRoutine|RundownRoutine|NormalRoutine|NormalContext|SystemArgument[12]|ApcStateIndex"
    r"|ApcMode|Inserted|ApcListHead\[\w+\]|ApcStateIndex \w+)[ ]{1,}(\S.*)\Z"
)
_TYPE = re.compile(rf"{_N} \((.*)\)\Z")
_VALUE = re.compile(r"[0-9a-f][0-9a-f`]{0,16}\Z|\?{4,16}\Z")


@record
class ListedApc:
    """A KAPC: its fields, name and text.

    :param owner: the thread or process it stands below
    :param apc: the same as the command's own record, where all of it is printed
    """

    address: Address
    owner: Address | None
    fields: tuple[tuple[str, str], ...]
    apc: Apc | None = None


@record
class ListedApcList:
    """A list of APCs that is not empty.

    :param mode: ``KERNEL`` or ``USER``
    :param saved: it is one of ``SavedApcState``
    """

    head: Address
    mode: str
    saved: bool
    apcs: tuple[ListedApc, ...]


@record
class ListedApcState:
    """An APC state of a thread."""

    name: str
    Process: Address | Absent
    KernelApcInProgress: bool | Absent
    KernelApcPending: bool | Absent
    UserApcPending: bool | Absent


@record
class ListedThreadApcs:
    """What is printed of a thread; *KernelApcDisable* and *SpecialApcDisable* are ``None`` where they are not."""

    thread: Address
    ApcStateIndex: int | Absent | None
    KernelApcDisable: int | Absent | None
    SpecialApcDisable: int | Absent | None
    states: tuple[ListedApcState, ...]
    lists: tuple[ListedApcList, ...]


@record
class ApcListing:
    """APCs.

    :param processes: address and image of each process that was looked at
    :param threads: address of each line about a thread, and what stands behind it
    :param details: the threads, with their states and lists
    """

    title: str
    processes: tuple[tuple[Address, str], ...]
    threads: tuple[tuple[Address, str], ...]
    apcs: tuple[ListedApc, ...]
    remarks: tuple[str, ...]
    details: tuple[ListedThreadApcs, ...] = ()


class _Thread:
    """A thread while its lines are read."""

    def __init__(self, at: Address, rest: str) -> None:
        self.at = at
        self.numbers: list[int | Absent | None] = [None, None, None]
        self.states: list[ListedApcState] = []
        self.lists: list[tuple[str, str, bool, int]] = []
        if found := _INDEX.match(rest):
            index, *disabled = found.groups()
            self.numbers = [_number(index, 16), *(_number(text, 10) for text in disabled)]

    def state(self, found: re.Match[str]) -> None:
        name, process, *flags = found.groups()
        self.states.append(ListedApcState(name, pointer(process), *map(_flag, flags)))


@kind("apc", "apc", opens=r"[ ]*(?:\*\*\* Enumerating APCs in|KAPC @ [0-9a-f]{8})", rank=12)
class ApcReader(Reader):
    """Takes processes, threads and APCs."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._title = ""
        self._processes: list[tuple[Address, str]] = []
        self._threads: list[tuple[Address, str]] = []
        self._apcs: list[tuple[Address, Address | None, list[tuple[str, str]]]] = []
        self._owner: Address | None = None
        self._details: list[_Thread] = []
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if found := _APC.match(line):
            self._apcs.append((address(found[1]), self._owner, []))
        elif self._details and (found := _STATE.match(line)):
            self._details[-1].state(found)
        elif self._apcs and _is_field(line) and (found := _FIELD.match(line)):
            self._apcs[-1][2].append((found[1], found[2]))
        elif found := _PROCESS.match(line):
            self._owner = address(found[1])
            self._processes.append((self._owner, found[2]))
        elif found := _THREAD.match(line):
            self._owner = address(found[1])
            self._threads.append((self._owner, found[2]))
            self._thread(self._owner, found[2])
        elif not self._title and (found := _TITLE.match(line)):
            self._title = found[1]
        elif said := remark(line):
            self._remarks.append(said)
        else:
            return False
        return True

    def _thread(self, at: Address, rest: str) -> None:
        if not self._details or self._details[-1].at != at:
            self._details.append(_Thread(at, rest))
        if found := _LIST.match(rest):
            self._details[-1].lists.append((found[2], found[3], bool(found[4]), len(self._apcs)))

    def record(self) -> ApcListing | None:
        if not (self._title or self._processes or self._threads or self._apcs):
            return None
        apcs = tuple(ListedApc(at, owner, tuple(fields), _apc(at, dict(fields))) for at, owner, fields in self._apcs)
        starts = [start for thread in self._details for _, _, _, start in thread.lists] + [len(apcs)]
        details = []
        for thread in self._details:
            lists = []
            for head, mode, saved, start in thread.lists:
                end = next((at for at in starts if at > start), len(apcs))
                lists.append(ListedApcList(address(head), mode, saved, apcs[start:end]))
            index, kernel, special = thread.numbers
            states = tuple(thread.states)
            details.append(ListedThreadApcs(thread.at, index, kernel, special, states, tuple(lists)))
        return ApcListing(
            self._title, tuple(self._processes), tuple(self._threads), apcs, tuple(self._remarks), tuple(details)
        )


_ROUTINES = ("KernelRoutine", "RundownRoutine", "NormalRoutine")
_VALUES = ("Thread", "NormalContext", "SystemArgument1", "SystemArgument2", "ApcStateIndex", "ApcMode", "Inserted")


def _apc(at: Address, texts: dict[str, str]) -> Apc | None:
    """Return the command's record of an APC, ``None`` where a field of it is not printed, or is no number."""
    type = _TYPE.match(texts.get("Type", ""))
    numbers = [texts.get(name, "").partition(" ")[0] for name in _ROUTINES] + [texts.get(name, "") for name in _VALUES]
    if type is None or not all(map(_VALUE.match, numbers)):
        return None
    kernel, rundown, normal = (_routine(texts[name]) for name in _ROUTINES)
    context, first, second = (pointer(texts[n]) for n in ("NormalContext", "SystemArgument1", "SystemArgument2"))
    index, mode = (value(texts[name]) for name in ("ApcStateIndex", "ApcMode"))
    return Apc(
        at, value(type[1]), text_or_absent(type[2]), pointer(texts["Thread"]), kernel, rundown, normal, context, first,
        second, index, mode, _flag(texts["Inserted"]),
    )  # fmt: skip


def _is_field(line: str) -> bool:
    """Say whether *line* is no heading of another thread, which begins as the field of that name does."""
    return "ApcStateIndex " not in line or line.lstrip().startswith("ApcStateIndex ")


def _routine(text: str) -> CodeAddress | Absent | None:
    at, _, where = text.partition(" ")
    if at == "0" or "?" in at:
        return None if at == "0" else UNREADABLE
    return CodeAddress(address(at), where or NOT_SHOWN)


def _number(text: str | None, base: int) -> int | Absent | None:
    return None if text is None else UNREADABLE if "?" in text else int(text, base)


def _flag(text: str) -> bool | Absent:
    return UNREADABLE if "?" in text else text != "0"
