"""Notes of ELF cores that hold a processor's registers: what CR3 was."""

from __future__ import annotations

from dumpwalk.formats.images import Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_PROCESSORS = 64
# Name and type of the note, the offset of CR3 in it, and who writes it. QEMU: struct QEMUCPUState of
# target/i386/arch_dump.c (version 1). VirtualBox: struct DBGFCORECPU of dbgfcorefmt.h, NT_VBOXCPU.
_CR3 = {
    (b"QEMU", 0): (0x1A0, "QEMU"),
    (b"VBCPU", 0xB01): (0x130, "VirtualBox"),
}


def roots_in_notes(notes: bytes) -> Iterator[Root]:
    """Yield what CR3 held, by processor, each value once."""
    seen: set[int] = set()
    counts: dict[str, int] = {}
    for name, kind, data in _notes(notes):
        if (name, kind) not in _CR3:
            continue
        offset, writer = _CR3[name, kind]
        processor = counts[writer] = counts.get(writer, -1) + 1
        value = int.from_bytes(data[offset : offset + 8], "little")
        if len(data) >= offset + 8 and value and value not in seen and processor < _MOST_PROCESSORS:
            seen.add(value)
            yield Root(value, f"CR3 of processor {processor} in the {writer} notes")


def _notes(notes: bytes) -> Iterator[tuple[bytes, int, bytes]]:
    """Yield name, type and content of each note (System V ABI: all parts are padded to 4 bytes)."""
    at = 0
    while at + 12 <= len(notes):
        name_size, size, kind = (int.from_bytes(notes[at + o : at + o + 4], "little") for o in (0, 4, 8))
        name_at = at + 12
        data_at = name_at + (name_size + 3 & ~3)
        yield notes[name_at : name_at + name_size].rstrip(b"\0"), kind, notes[data_at : data_at + size]
        at = data_at + (size + 3 & ~3)
