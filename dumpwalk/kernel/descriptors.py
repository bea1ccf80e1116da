"""Descriptors of x86 and x64 processors: segments, system segments and gates, out of their bytes.

Layouts and names of the types: Intel SDM volume 3A, sections 3.4.5 (segment
descriptors, figure 3-8), 3.5 (system descriptors, table 3-2), 6.11 (gates of
32-bit machines, figure 6-2), 6.14.1 (gates with 16 bytes, figure 6-8) and
8.2.3 (descriptor of a task-state segment in 64-bit mode, figure 8-4).
"""

from __future__ import annotations

from dumpwalk.memory.address import Address, Hex, address_class
from dumpwalk.record import record
from dumpwalk.remarks import Absent

# Table 3-2 of the manual, by the four bits of the type. Those without a name are reserved.
SYSTEM_TYPES = {
    0x1: "16-bit TSS (available)",
    0x2: "LDT",
    0x3: "16-bit TSS (busy)",
    0x4: "16-bit call gate",
    0x5: "task gate",
    0x6: "16-bit interrupt gate",
    0x7: "16-bit trap gate",
    0x9: "TSS (available)",
    0xB: "TSS (busy)",
    0xC: "call gate",
    0xE: "interrupt gate",
    0xF: "trap gate",
}
TASK_GATE = 0x5
_GATES = (0x4, 0x5, 0x6, 0x7, 0xC, 0xE, 0xF)
# System descriptors that have 16 bytes in a table of a 64-bit machine: LDT, TSS, call gate.
_WIDE = (0x2, 0x9, 0xB, 0xC)
_INTERRUPTS = (0x6, 0x7, 0xE, 0xF)


@record
class Gate:
    """A gate: an entry of the IDT, or a call or task gate in another table.

    :param offset: where it leads; 0 for a task gate, which leads to a task
    :param selector: of the code segment, or of the task-state segment
    :param type: four bits, see :data:`SYSTEM_TYPES`
    :param kind: the same in words, ``reserved`` for a type that is none
    :param dpl: from which privilege level on software may use it
    :param ist: which stack of the task-state segment a 64-bit processor switches to; 0 for none
    """

    offset: Address
    selector: Hex | Absent
    type: Hex | Absent
    kind: str
    dpl: int | Absent
    present: bool | Absent
    ist: int | Absent

    @property
    def leads_to_task(self) -> bool:
        """Whether the processor switches to another task through it."""
        return self.type == TASK_GATE

    @property
    def is_interrupt(self) -> bool:
        """Whether an IDT may hold it as a way to a handler."""
        return self.type in _INTERRUPTS


@record
class Descriptor:
    """An entry of a GDT or LDT.

    :param selector: which one, without a table or a privilege level in its low bits
    :param base: where the segment begins
    :param limit: the last byte in it, scaled by the granularity
    :param type: the four bits of the type
    :param system: it is a system descriptor, not a code or data segment
    :param kind: what it is in words: ``code``, ``data``, or the system type
    :param big: D/B, the default size of operands is 32 bits
    :param pages: G, the limit counts pages
    :param long: L, 64-bit code
    :param available: the bit that is left to software
    :param flags: the twelve bits of type, S, DPL, P, AVL, L, D/B and G, as ``dg`` shows them
    :param size: bytes of the descriptor, 16 for system descriptors of a 64-bit machine
    :param gate: what it says when it is a call or task gate; else ``None``
    """

    selector: Hex
    base: Address
    limit: Hex
    type: Hex
    system: bool
    kind: str
    dpl: int
    present: bool
    big: bool
    pages: bool
    long: bool
    available: bool
    flags: Hex
    size: int
    gate: Gate | None


def gate(raw: bytes, *, wide: bool) -> Gate:
    """Return the gate that *raw* begins with: 16 bytes of a 64-bit machine (*wide*), else 8.

    A missing end counts as zeros.

    >>> str(gate(bytes.fromhex("00d2 0800 008e a782"), wide=False).offset)
    '82a7d200'
    """
    raw = raw.ljust(16, b"\0")
    low, selector, attributes, middle = (int.from_bytes(raw[at : at + 2], "little") for at in (0, 2, 4, 6))
    type = attributes >> 8 & 0xF
    system = not attributes >> 12 & 1
    offset = low | middle << 16 | (int.from_bytes(raw[8:12], "little") << 32 if wide else 0)
    if system and type == TASK_GATE:
        offset = 0
    return Gate(
        offset=address_class(8 if wide else 4)(offset),
        selector=Hex(selector),
        type=Hex(type),
        kind=SYSTEM_TYPES.get(type, "reserved") if system else "reserved",
        dpl=attributes >> 13 & 3,
        present=bool(attributes >> 15),
        ist=attributes & 7 if wide and type in _INTERRUPTS else 0,  # a call gate has none
    )


def descriptor(raw: bytes, selector: int, *, wide: bool) -> Descriptor:
    """Return the descriptor of *selector* that *raw* begins with.

    :param raw: 8 bytes, 16 where the table of a 64-bit machine (*wide*) has them; a missing end counts as zeros
    """
    raw = raw.ljust(16, b"\0")
    low = int.from_bytes(raw[:8], "little")
    system, type = not low >> 44 & 1, low >> 40 & 0xF
    large = wide and system and type in _WIDE
    base = low >> 16 & 0xFFFFFF | low >> 56 << 24
    limit = low & 0xFFFF | (low >> 48 & 0xF) << 16
    pages = bool(low >> 55 & 1)
    if large:
        base |= int.from_bytes(raw[8:12], "little") << 32
    if pages:
        limit = limit << 12 | 0xFFF
    inner = gate(raw, wide=large) if system and type in _GATES else None
    if inner is not None:
        base, limit = 0, 0
    kind = SYSTEM_TYPES.get(type, "reserved") if system else "code" if type & 8 else "data"
    return Descriptor(
        selector=Hex(selector & ~7),
        base=address_class(8 if wide else 4)(base),
        limit=Hex(limit),
        type=Hex(type),
        system=system,
        kind=kind,
        dpl=low >> 45 & 3,
        present=bool(low >> 47 & 1),
        big=inner is None and bool(low >> 54 & 1),
        pages=inner is None and pages,
        long=inner is None and bool(low >> 53 & 1),
        available=inner is None and bool(low >> 52 & 1),
        flags=Hex(low >> 40 & 0xFF | (0 if inner else low >> 52 & 0xF) << 8),
        size=16 if large else 8,
        gate=inner,
    )


def descriptor_of(selector: int, base: Address, limit: int, flags: int, *, wide: bool) -> Descriptor:
    """Return the descriptor that a row of ``dg`` shows.

    :param base: of a gate, where it leads
    :param limit: of a gate, the selector that it leads through
    :param flags: the twelve bits that the row ends with
    :param wide: it is one of a 64-bit machine
    """
    type, system = flags & 0xF, not flags >> 4 & 1
    kind = SYSTEM_TYPES.get(type, "reserved") if system else "code" if type & 8 else "data"
    dpl, present = flags >> 5 & 3, bool(flags >> 7 & 1)
    inner = Gate(base, Hex(limit), Hex(type), kind, dpl, present, 0) if system and type in _GATES else None
    return Descriptor(
        selector=Hex(selector),
        base=base if inner is None else base.__class__(0),
        limit=Hex(limit if inner is None else 0),
        type=Hex(type),
        system=system,
        kind=kind,
        dpl=dpl,
        present=present,
        big=bool(flags >> 10 & 1),
        pages=bool(flags >> 11 & 1),
        long=bool(flags >> 9 & 1),
        available=bool(flags >> 8 & 1),
        flags=Hex(flags),
        size=16 if wide and system and type in _WIDE else 8,
        gate=inner,
    )
