"""Structure layouts as the writer keeps them, one per build that a spec may name.

They are the writer's own: a reader that shared them could not be caught out
by what is written here.
"""

from __future__ import annotations

from dumpwalk.record import record
from dumpwalk.synth.spec import SpecError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    Table = Mapping[str, tuple[int, int]]


@record
class Machine:
    """What differs between architectures in a dump file.

    :param image_type: ``IMAGE_FILE_MACHINE_*`` of the PE specification
    """

    name: str
    image_type: int
    pointer_size: int


MACHINES = {
    m.name: m
    for m in (
        Machine("x64", 0x8664, 8),
        Machine("x86", 0x14C, 4),
        Machine("ARM64", 0xAA64, 8),
        Machine("ARM", 0x1C4, 4),
    )
}


@record
class Layout:
    """The structures of one build.

    :param debugger_data_size: length of ``KDDEBUGGER_DATA64`` (it grew with each version)
    :param pae: its ``PaeEnabled`` word; since Windows 10 bits 2..5 are the paging levels on ARM64
    :param debugger_data: its ``Offset*``, ``Size*`` and selector fields, by name
    :param context_in_processor: ``ProcessorState.ContextFrame`` holds the crash context (not on x64,
        where it is zero and ``KPRCB.Context`` points elsewhere)
    """

    machine: Machine
    build: int
    debugger_data_size: int
    pae: int
    debugger_data: Mapping[str, int]
    processor: Table
    process: Table
    thread: Table
    context_in_processor: bool

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Sizes of ``_KPRCB``, ``_EPROCESS`` and ``_ETHREAD``."""
        data = self.debugger_data
        return data["SizePrcb"], data["SizeEProcess"], data["SizeEThread"]


def table(text: str) -> dict[str, tuple[int, int]]:
    """Return the lines of *text*, ``field offset size``, as a table."""
    rows = (line.split() for line in text.splitlines() if line.strip())
    return {name: (int(offset, 16), int(size, 16)) for name, offset, size in rows}


def numbers(text: str) -> dict[str, int]:
    """Return ``Name=hex`` pairs as a table."""
    return {name: int(value, 16) for name, _, value in (word.partition("=") for word in text.split())}


def layout(machine: str, build: int, strict: bool = True) -> Layout:
    """Return the layouts of *build* on *machine*.

    :param strict: they have to be known; else what the headers of a dump need will do
    :raises SpecError: naming the builds there are
    """
    found = layouts().get((machine, build))
    if found is None and not strict and machine in MACHINES:
        return Layout(MACHINES[machine], build, 0, 1, {}, {}, {}, {}, machine != "x64")
    if found is None:
        known = ", ".join(f"{m} {b}" for m, b in layouts())
        raise SpecError(f"no structure layouts for {machine} build {build}; there are those of {known}")
    return found


def layouts() -> dict[tuple[str, int], Layout]:
    """Return every layout there is, by machine and build."""
    from dumpwalk.synth import builds_32, builds_64

    every = (
        builds_64.WINDOWS_10_14393_X64,
        builds_64.WINDOWS_10_19041_X64,
        builds_64.WINDOWS_11_22000_ARM64,
        builds_32.WINDOWS_7_7601_X86,
        builds_32.WINDOWS_10_17134_ARM,
    )
    return {(x.machine.name, x.build): x for x in every}
