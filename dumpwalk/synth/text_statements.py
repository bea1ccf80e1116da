"""The statements of a small dump's spec, parsed into records; a memory image has more of them."""

from __future__ import annotations

from dumpwalk.synth.contexts import CONTEXTS, TRAP_FRAMES
from dumpwalk.synth.layouts import layout
from dumpwalk.synth.spec import (
    Blob,
    Block,
    Fault,
    Module,
    Processor,
    Spec,
    SpecError,
    Stack,
    Structure,
    Unloaded,
)
from dumpwalk.synth.structures import DEBUGGER_DATA, field, pointer_bytes
from dumpwalk.synth.triage_file import settable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lark import Token, Tree

    from dumpwalk.synth.layouts import Layout, Table
    from dumpwalk.synth.spec import Fields

# KTHREAD_STATE
STATES = ("Initialized", "Ready", "Running", "Standby", "Terminated", "Waiting", "Transition", "DeferredReady")
# Statements that a spec has at most one of.
_ONCE: tuple[str, ...] = (
    *("dump", "build", "time", "uptime", "processors", "bugcheck", "directory", "lab", "thread", "process"),
    *("stack", "context", "exception", "slack", "cut"),
    *("profile", "paging", "cookie", "encoded", "mask", "memory"),
    *("object_manager", "kernel_exports"),
)

_MOST_ZEROS = 0x1000000


def line_of(text: str, number: int) -> str:
    """Return a line of *text* by its number, counted from 1."""
    lines = text.split("\n")
    return lines[number - 1].rstrip("\r") if 0 < number <= len(lines) else ""


class Statements:
    """The statements of one spec; each method named like a grammar rule takes one in."""

    layout: Layout

    def __init__(self, text: str, tree: Tree[Token]) -> None:
        self.text = text
        self.trees: list[Any] = list(tree.children)
        self.values: dict[str, Any] = {}
        self.modules: dict[str, int] = {}

    def spec(self) -> Spec:
        """Return the spec: modules first, because places refer to them."""
        first = self.first_of_each(("dump", "build"))
        kind, machine = map(str, first["dump"].children)
        build = int(first["build"].children[0])
        try:
            self.layout = layout(machine, build)
        except SpecError as error:
            raise self.error(first["build"].children[0], error.what) from None
        self.values |= {"kind": kind, "machine": machine, "build": build}
        for tree in sorted(self.trees, key=lambda tree: tree.data != "module"):
            taker: Callable[[Any], None] | None = getattr(self, str(tree.data), None)
            if taker is None:
                raise self.error(tree, "this belongs into memory images: name a `profile`, or a `paging` mode")
            taker(tree)
        return Spec(**self.values)

    def first_of_each(self, needed: tuple[str, ...]) -> dict[str, Any]:
        """Return the first statement of each name.

        :raises SpecError: when one of *needed* is missing, or one is stated twice that may be stated once
        """
        first: dict[str, Any] = {}
        for tree in self.trees:
            name = str(tree.data)
            if name in _ONCE and name in first:
                raise self.error(tree, f"{name} is stated twice")
            first.setdefault(name, tree)
        for name in needed:
            if name not in first:
                raise SpecError(f"the spec does not say `{name}`", 1, 1, line_of(self.text, 1))
        return first

    def error(self, node: Any, what: str) -> SpecError:
        """Return *what* as an error at *node*, a token or a tree."""
        where = getattr(node, "meta", node)
        return SpecError(what, where.line, where.column, line_of(self.text, where.line))

    def add(self, name: str, *values: Any) -> None:
        self.values[name] = (*self.values.get(name, ()), *values)

    def number(self, token: Any) -> int:
        """Return the value of a NUMBER or a PLACE."""
        text = str(token).replace("`", "")
        if token.type == "PLACE":
            name, _, offset = text.partition("+")
            if name not in self.modules:
                raise self.error(token, f"no module is called {name!r}; there are {', '.join(self.modules) or 'none'}")
            if not offset:
                raise self.error(token, f"{str(token)!r} is not a number")
            return self.modules[name] + int(offset, 16)
        sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text)
        base = {"0x": 16, "0n": 10, "0t": 8, "0y": 2}.get(digits[:2].lower())
        try:
            return sign * int(digits[2:] if base else digits, base or 16)
        except ValueError:
            raise self.error(token, f"{str(token)!r} is not a number") from None

    def word(self, token: Any) -> str:
        """Return a NAME, PATH or STRING without its quotes."""
        return str(token)[1:-1] if token.type == "STRING" else str(token)

    def fields(self, trees: Any, offsets: Table, what: str) -> Fields:
        """Return assignments to fields of the structure *what*; ``Cid=P.T`` is two of them.

        :raises SpecError: on a field that it does not have or that can't hold the value, where it stands
        """
        out: list[tuple[str, int | str]] = []
        for tree in trees:
            name, value = tree.children
            fields: dict[str, int | str]
            if value.type == "CID":
                process, _, thread = str(value).partition(".")
                fields = {f"{name}.UniqueProcess": int(process, 16), f"{name}.UniqueThread": int(thread, 16)}
            elif value.type == "STATE":
                fields = {str(name): STATES.index(str(value))}
            else:
                fields = {str(name): self.word(value) if value.type == "STRING" else self.number(value)}
            for key, number in fields.items():
                try:
                    field(offsets, key, number, what)
                except SpecError as error:
                    raise self.error(name, error.what) from None
                out.append((key, number))
        return tuple(out)

    def pieces(self, trees: Any) -> bytes:
        """Return the bytes that the pieces of a block or blob stand for."""
        return b"".join(self.piece(tree) for tree in trees)

    def piece(self, tree: Any) -> bytes:
        kind, tokens = str(tree.data), tree.children
        if kind == "bytes":
            return bytes.fromhex("".join(map(str, tokens)))
        if kind == "pointers":
            return b"".join(pointer_bytes(self.layout, self.number(token)) for token in tokens)
        if kind == "zeros":
            count = self.number(tokens[0])
            if not 0 <= count <= _MOST_ZEROS:
                raise self.error(tokens[0], "a block has 0 to 16 MB of zeros")
            return bytes(count)
        return self.word(tokens[0]).encode("utf-16-le" if kind == "unicode" else "latin-1", "replace")

    def dump(self, tree: Any) -> None:
        pass  # taken in by spec()

    build = dump

    def time(self, tree: Any) -> None:
        self.values["time"] = _filetime(str(tree.children[0]), lambda what: self.error(tree.children[0], what))

    def uptime(self, tree: Any) -> None:
        days, duration = tree.children
        self.values["uptime"] = int(days or 0) * 86400 * _SECOND + _interval(str(duration))

    def processors(self, tree: Any) -> None:
        self.values["processor_count"] = int(tree.children[0])

    def bugcheck(self, tree: Any) -> None:
        code, *parameters = (self.number(token) for token in tree.children)
        if len(parameters) > 4:
            raise self.error(tree.children[5], "a bug check has 4 parameters")
        self.values |= {"bugcheck": code, "parameters": tuple(parameters)}

    def directory(self, tree: Any) -> None:
        self.values["directory_table_base"] = self.number(tree.children[0])

    def lab(self, tree: Any) -> None:
        self.values["lab"] = self.word(tree.children[0])

    def module(self, tree: Any) -> None:
        name, path, base, size, timestamp, checksum = tree.children
        if str(name) in self.modules:
            raise self.error(name, f"a module is called {str(name)!r} already")
        self.modules[str(name)] = self.number(base)
        if size is None or timestamp is None:
            raise self.error(name, "a small dump says size and timestamp of a module")
        numbers = [
            self.number(base),
            self.number(size),
            self.number(timestamp),
            self.number(checksum) if checksum else 0,
        ]
        self.add("modules", Module(str(name), self.word(path), *numbers))

    def unloaded(self, tree: Any) -> None:
        name, start, end = tree.children
        self.add("unloaded", Unloaded(self.word(name), self.number(start), self.number(end)))

    def pointer(self, tree: Any) -> None:
        name, value = tree.children
        if str(name) not in (*DEBUGGER_DATA, "KdDebuggerDataBlock", "KdpDebuggerDataListHead"):
            raise self.error(name, f"KDDEBUGGER_DATA64 has no field {str(name)!r}")
        self.add("pointers", (str(name), self.number(value)))

    def processor(self, tree: Any) -> None:
        address, captured, *fields = tree.children
        values = self.fields(fields, self.layout.processor, "_KPRCB")
        self.add("processors", Processor(self.number(address), values, captured is not None))

    def thread(self, tree: Any) -> None:
        self.values["thread"] = self.structure(tree.children, self.layout.thread, "_ETHREAD")

    def process(self, tree: Any) -> None:
        self.values["process"] = self.structure(tree.children, self.layout.process, "_EPROCESS")

    def structure(self, children: Any, offsets: Table, what: str) -> Structure:
        return Structure(self.number(children[0]), self.fields(children[1:], offsets, what))

    def stack(self, tree: Any) -> None:
        start, end, *lines = tree.children
        words = tuple((self.label(line.children[0]), self.numbers(line.children[1:])) for line in lines)
        found = Stack(self.number(start), self.number(end), words)
        size = self.layout.machine.pointer_size
        for line, (address, values) in zip(lines, words):
            if not found.start <= address <= found.end - size * len(values):
                raise self.error(line, f"{len(values)} pointers at {address:x} are not on the stack stated")
        self.values["stack"] = found

    def label(self, token: Any) -> int:
        return int(str(token).rstrip(":").replace("`", "") or "0", 16)

    def numbers(self, tokens: Any) -> tuple[int, ...]:
        return tuple(self.number(token) for token in tokens)

    def context(self, tree: Any) -> None:
        self.values["context"] = self.fields(tree.children, CONTEXTS[self.layout.machine.name][1], "CONTEXT")

    def context_at(self, tree: Any) -> None:
        offsets = CONTEXTS[self.layout.machine.name][1]
        self.add("contexts", self.structure(tree.children, offsets, "CONTEXT"))

    def trap_frame(self, tree: Any) -> None:
        machine = self.layout.machine.name
        if machine not in TRAP_FRAMES:
            raise self.error(tree, f"trap frames of {machine} can't be written; only those of {', '.join(TRAP_FRAMES)}")
        self.add("trap_frames", self.structure(tree.children, TRAP_FRAMES[machine][1], "_KTRAP_FRAME"))

    def exception(self, tree: Any) -> None:
        code, address, *parameters = self.numbers(tree.children)
        self.values["exception"] = Fault(code, address, tuple(parameters))

    def block(self, tree: Any) -> None:
        address, *pieces = tree.children
        if pieces[0].data == "in":
            raise self.error(pieces[0], "a small dump has one address space")
        self.add("blocks", Block(self.number(address), self.pieces(pieces)))

    def blob(self, tree: Any) -> None:
        guid, *pieces = tree.children
        self.add("blobs", Blob(str(guid), self.pieces(pieces)))

    def set(self, tree: Any) -> None:
        offsets = settable(self.values["kind"], self.layout.machine.pointer_size)
        fields = self.fields(tree.children, offsets, "the dump")
        self.add("settings", *((name, value) for name, value in fields if isinstance(value, int)))

    def slack(self, tree: Any) -> None:
        self.values["slack"] = self.number(tree.children[0])

    def cut(self, tree: Any) -> None:
        self.values["cut"] = self.number(tree.children[0])


_SECOND = 10_000_000


def _interval(text: str) -> int:
    """Return ``H:MM:SS.fraction`` in units of 100 ns."""
    whole, _, fraction = text.partition(".")
    hours, minutes, seconds = map(int, whole.split(":"))
    return ((hours * 60 + minutes) * 60 + seconds) * _SECOND + int(fraction.ljust(7, "0"))


def _filetime(text: str, error: Callable[[str], SpecError]) -> int:
    """Return the ISO 8601 UTC time *text* as a FILETIME."""
    from datetime import date

    day, _, moment = text.rstrip("Z").partition("T")
    try:
        days = date(*map(int, day.split("-"))).toordinal() - date(1601, 1, 1).toordinal()
    except ValueError as problem:
        raise error(f"{text} is not a time: {problem}") from None
    if days < 0:
        raise error(f"{text} is before 1601, where FILETIME begins")
    return days * 86400 * _SECOND + _interval(moment)
