"""The dump that a text stands for."""

from __future__ import annotations

from contextlib import suppress

from dumpwalk.errors import Error
from dumpwalk.formats import Contents, Dump
from dumpwalk.formats.header import blank_header
from dumpwalk.remarks import Absent, Problem
from dumpwalk.transcript.as_target.collect import MOST_ROWS
from dumpwalk.transcript.as_target.memory import TextMemory
from dumpwalk.types.agreement import ShownTypes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.transcript.as_target.collect import Collected
    from dumpwalk.transcript.as_target.memory import Shown
    from dumpwalk.types.model import TypeDatabase

_NO_DATA = Absent("pasted text has no debugger data block")
_NOT_SAID = Absent("the text does not say")
_NO_PAGES = Absent("pasted text shows pieces of virtual memory, no physical pages")


class TextDump(Dump):
    """What a text says of its machine.

    :param found: what the text shows
    :param problems: what is wrong with its lines
    """

    no_modules = "the text lists no modules: a listing of `lm` in it would say where they are"

    def __init__(self, path: str, size: int, found: Collected, problems: tuple[Problem, ...]) -> None:
        said = found.said
        machine, who = said.machine(found.pointer_size)
        self._shown = TextMemory(machine, self._memory)
        thread, process = (_NOT_SAID if at is None else machine.address(at) for at in (said.thread, said.process))
        listings = len(found.listings) + found.memory_listings
        super().__init__(
            path=path,
            format="debugger log",
            size=size,
            header=blank_header(machine, build=said.build, processors=said.processors, **said.header(machine)),
            memory=self._shown,
            contents=Contents(said.loaded(machine), said.unloaded(machine), _NO_DATA, thread, process, _NOT_SAID),
            physical=_NO_PAGES,
            missing=("all memory but what the text lists",),
            problems=problems,
            found=(
                f"{machine.name}: by {who}",
                f"memory: by {listings} listing{'s' if listings > 1 else ''} in the text",
            ),
        )
        self.registers = said.registers
        self.shown_types = ShownTypes([draft for draft, _ in found.listings], machine.pointer_size)
        self._found = found

    @property
    def dump_type(self) -> str:
        """What kind of dump it is, in words."""
        return "pasted text"

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is odd about the text's lines, and where it contradicts itself."""
        left = self._found.left_out
        cut = Problem(f"line {left}", f"its structures are left out: {MOST_ROWS} rows of such are kept at most")
        return (*super().problems, *self._shown.problems, *([cut] if left else []))

    @property
    def remarks(self) -> tuple[str, ...]:
        """Where the text contradicts itself, once its memory was looked at."""
        return tuple(map(str, self._shown.problems)) if self._shown.looked_at else ()

    def _memory(self) -> Shown:
        """Return all memory that the text shows: how wide the members of structures are, their types say."""
        from dumpwalk.target import Target
        from dumpwalk.transcript.as_target.values import Placer

        if self.kernel_types is None:
            Target(self)
        assert self.shown_types is not None
        assert self.kernel_types is not None
        found = self._found
        types: list[TypeDatabase] = [self.shown_types.types]
        with suppress(Error):  # none of a kernel, or none that the user named: who asks for types is told
            types.insert(0, self.kernel_types())
        placer = Placer(types, self.machine.pointer_size, found.shown)
        for draft, lines in found.listings:
            found.shown.cut()
            placer.place(draft, lines)
        found.shown.in_order()
        return found.shown
