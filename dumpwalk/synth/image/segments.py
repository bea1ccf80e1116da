"""The global descriptor tables of Windows.

Selectors and what they select: the constants ``KGDT_*`` and ``KGDT64_*`` as
Microsoft's page on ``dg`` and the debugger data block name them. Bits: Intel
SDM volume 3A, section 3.4.5.
"""

from __future__ import annotations

import struct

_PCR_LIMIT, _TEB_LIMIT, _TSS_LIMIT = 0x1FFF, 0xFFF, 0x20AB
# Type, S, DPL and P in the low byte; AVL, L, D/B and G in the next digit.
_X64 = {0x10: (0x29B, 0), 0x18: (0x493, 0), 0x20: (0xCFB, 0xFFFFF), 0x28: (0xCF3, 0xFFFFF), 0x30: (0x2FB, 0)}
_X86 = {8: (0xC9B, 0xFFFFF), 0x10: (0xC93, 0xFFFFF), 0x18: (0xCFB, 0xFFFFF), 0x20: (0xCF3, 0xFFFFF)}
_SIZE = {True: 0x80, False: 0x400}


def segment(flags: int, base: int, limit: int) -> bytes:
    """Return a descriptor of 8 bytes; of *base* the low 32 bits."""
    low = limit & 0xFFFF | (base & 0xFFFF) << 16
    high = base >> 16 & 0xFF | (flags & 0xFF) << 8 | limit >> 16 << 16 | flags >> 8 << 20 | (base >> 24 & 0xFF) << 24
    return struct.pack("<II", low, high)


def gdt(wide: bool, region: int, tss: int) -> bytes:
    """Return the table of a processor.

    :param wide: it is a 64-bit machine's
    :param region: address of its ``_KPCR``
    :param tss: address of its task-state segment
    """
    table = bytearray(_SIZE[wide])

    def put(selector: int, raw: bytes) -> None:
        table[selector : selector + len(raw)] = raw

    for selector, (flags, limit) in (_X64 if wide else _X86).items():
        put(selector, segment(flags, 0, limit))
    if wide:
        put(0x40, segment(0x08B, tss, 0x67) + struct.pack("<Q", tss >> 32))
        put(0x50, segment(0x4F3, 0, 0x3C00))
        return bytes(table)
    put(0x28, segment(0x08B, tss, _TSS_LIMIT))
    put(0x30, segment(0xC93, region, 1))  # counted in pages: two of them
    put(0x38, segment(0x4F3, 0, _TEB_LIMIT))
    put(0x40, segment(0x0F2, 0x400, 0xFFFF))
    # The task-state segments of double faults and of non-maskable interrupts; they stand behind the first.
    put(0x50, segment(0x089, tss + 0x2000, 0x68))
    put(0x58, segment(0x089, tss + 0x2070, 0x68))
    return bytes(table)
