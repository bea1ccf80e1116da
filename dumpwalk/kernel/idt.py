"""The interrupt descriptor table: where each vector leads, and whose routine serves it."""

from __future__ import annotations

from dumpwalk.errors import ReadError, UsageError
from dumpwalk.kernel.descriptors import Gate, gate
from dumpwalk.kernel.interrupt_object import Interrupt, InterruptObjects
from dumpwalk.kernel.pcr import block_view, region_view
from dumpwalk.kernel.processor_tables import IDT
from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.processor_tables import TableRegister
    from dumpwalk.target import Target
    from dumpwalk.types.view import View

# A processor knows 256 vectors, whatever the limit of its table.
VECTORS = 256
_TOO_LARGE = 0x1000
# KTSS64.Ist: the stack pointers 1 to 7 of the task-state segment (Intel SDM volume 3A, figure 8-11).
_IST = 0x1C
# Where gates lead that no driver has connected: a thunk a vector, each as long as this.
_THUNKS = ("KiIsrThunk", "KiIsrThunkShadow")
_THUNK = 8
# Without symbols such thunks show in that this many gates lead into one row of equal steps, 8 to 16 bytes each
# (an x86 kernel's are a push and a jump).
_ROW = 32
_STEPS = range(8, 17)
_UNEXPECTED = ("KiUnexpectedInterrupt", "KxUnexpectedInterrupt", "KiIsrThunk", "KiStartUnexpectedRange")


@record
class IdtEntry:
    """A vector.

    :param handler: what the gate leads to, as ``nt!KiPageFault``; ``""`` when that is in no module
    :param stack: the stack that the gate switches to; ``None`` for no switch
    :param interrupts: whose routines serve it; none for a processor's exception
    :param used: it leads to more than the kernel's routine for interrupts that nobody expects
    """

    vector: Hex
    gate: Gate
    handler: str
    stack: Address | Absent | None
    interrupts: tuple[Interrupt, ...]
    used: bool | Absent


@record
class InterruptTable:
    """An interrupt descriptor table.

    :param processor: which processor's; ``None`` where only a register listing says where it is
    :param source: who says where it is
    :param entries: by vector; only the one that was asked for, if one was
    """

    processor: int | Absent | None
    base: Address | Absent
    limit: Hex | Absent
    source: str
    entries: tuple[IdtEntry, ...]
    problems: tuple[Problem, ...]


def interrupt_table(target: Target, table: TableRegister, vector: int | None = None) -> InterruptTable:
    """Return what is in the interrupt descriptor table *table*.

    :param vector: only this one
    :raises UsageError: when there is no such vector
    """
    return _Reader(target, table).read(vector)


class _Reader:
    """Reads one table."""

    def __init__(self, target: Target, table: TableRegister) -> None:
        self.target = target
        self.table = table
        self.wide = target.machine.pointer_size == 8
        self.size = 16 if self.wide else 8
        self.problems: list[Problem] = []
        self.block: View | None = None
        if not isinstance(table.prcb, Absent):
            self.block = block_view(target, table.prcb)
        self.objects = InterruptObjects(target, self.block)
        found = (target.address_of(name) for name in _THUNKS)
        self.thunks = tuple(range(start, start + VECTORS * _THUNK) for start in found if start)
        self.row: tuple[int, int] | None = None

    def read(self, vector: int | None) -> InterruptTable:
        """Return the table, or one vector of it."""
        count = min((int(self.table.limit) + 1) // self.size, VECTORS)
        if self.table.limit >= _TOO_LARGE:
            what = f"its limit is {self.table.limit}; a processor uses the first {VECTORS} gates"
            self.problems.append(Problem(IDT, what))
        if vector is not None and not 0 <= vector < count:
            raise UsageError(f"there is no vector {vector:x}: the table ends with {count - 1:x}")
        if vector is None and not self.thunks:
            self.row = _row(_offsets(self.target, self.table.base, count, self.size))
        wanted = range(count) if vector is None else range(vector, vector + 1)
        start = self.table.base + wanted.start * self.size
        raw = self.target.memory.read_some(start, len(wanted) * self.size)
        if len(raw) < len(wanted) * self.size:
            self._cut(self.target.address(start + len(raw)))
        whole = range(0, len(raw) - self.size + 1, self.size)
        entries = tuple(self._entry(v, raw[at : at + self.size]) for v, at in zip(wanted, whole))
        self.problems += [Problem("interrupt objects", text) for text in dict.fromkeys(self.objects.problems)]
        return InterruptTable(
            self.table.processor, self.table.base, self.table.limit, self.table.source, entries, tuple(self.problems)
        )

    def _cut(self, address: Address) -> None:
        try:
            self.target.memory.read(address, 1)
        except ReadError as error:
            self.problems.append(Problem(IDT, f"it can't be read to its end: {error}"))

    def _entry(self, vector: int, raw: bytes) -> IdtEntry:
        found = gate(raw, wide=self.wide)
        leads = found.present is True and found.is_interrupt
        handler = (self.target.name(found.offset) or "") if leads else ""
        interrupts = self.objects.serving(vector, found.offset) if leads else ()
        where = f"vector {vector:02x}"
        if found.present and not found.is_interrupt and not found.leads_to_task:
            self.problems.append(Problem(where, f"its type is {found.type}, which no gate of an IDT has"))
        if leads and self.target.modules.modules:
            if not handler and not (interrupts and self.objects.hold_code):
                self.problems.append(Problem(where, f"it leads to {found.offset}, outside of every module"))
            for interrupt in interrupts:
                routine = interrupt.ServiceRoutine
                if not interrupt.routine and not isinstance(routine, Absent):
                    what = f"the routine of interrupt {interrupt.address} is at {routine}, outside of every module"
                    self.problems.append(Problem(where, what))
        return IdtEntry(
            vector=Hex(vector),
            gate=found,
            handler=handler,
            stack=self._stack(found.ist) if leads and found.ist and not isinstance(found.ist, Absent) else None,
            interrupts=interrupts,
            used=bool(interrupts)
            or found.leads_to_task
            or (leads and not self._unexpected(vector, found.offset, handler)),
        )

    def _unexpected(self, vector: int, offset: int, handler: str) -> bool:
        """Say whether a gate leads to where all vectors lead that nobody has connected."""
        if any(offset in thunks for thunks in self.thunks):
            return True
        if self.row is not None and offset == self.row[0] + vector * self.row[1] and handler.startswith("nt"):
            return True
        return handler.rpartition("!")[2].startswith(_UNEXPECTED)

    def _stack(self, ist: int) -> Address | Absent:
        """Return the stack number *ist* of the processor's task-state segment."""
        if self.block is None:
            return Absent("the task-state segment is not known")
        region = region_view(self.target, self.block.address)
        tss = region if isinstance(region, Absent) else region.pointer("TssBase")
        if isinstance(tss, Absent):
            return tss
        try:
            return self.target.read_pointer(tss + _IST + 8 * ist)
        except ReadError as error:
            return Absent(str(error))


def _offsets(target: Target, base: int, count: int, size: int) -> list[int]:
    """Return where the gates of a table lead, by vector."""
    raw = target.memory.read_some(target.address(base), count * size)
    return [int(gate(raw[at : at + size], wide=size == 16).offset) for at in range(0, len(raw) - size + 1, size)]


def _row(offsets: list[int]) -> tuple[int, int] | None:
    """Return start and step of the row that most gates lead into; ``None`` when there is none of any length."""
    best, found = 0, None
    for step in _STEPS:
        counts: dict[int, int] = {}
        for vector, offset in enumerate(offsets):
            counts[offset - vector * step] = counts.get(offset - vector * step, 0) + 1
        start = max(counts, key=lambda at: counts[at], default=0)
        if counts.get(start, 0) > best:
            best, found = counts[start], (start, step)
    return found if best >= _ROW else None
