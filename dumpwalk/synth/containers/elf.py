"""ELF cores as QEMU writes them: a note of the registers for each processor, then the memory."""

from __future__ import annotations

import struct

from dumpwalk.synth.containers import WRITERS
from dumpwalk.synth.containers.raw import stretches

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.synth.containers import Pages
    from dumpwalk.synth.spec import Spec

_MACHINES = {"x64": 62, "x86": 3, "ARM64": 183, "ARM": 40}  # EM_*, System V ABI
_REGISTERS = "rax rbx rcx rdx rsi rdi rsp rbp r8 r9 r10 r11 r12 r13 r14 r15 rip eflags".split()
_MANY = 0xFFFF  # PN_XNUM


@WRITERS.add("elf")
def elf(spec: Spec, pages: Pages) -> bytes:
    """Return an ELF core, of 64 bits on 64-bit machines and where there is memory above 4 GB, else of 32."""
    wide = spec.machine in ("x64", "ARM64") or max(pages, default=0) >= 1 << 20
    parts = stretches(pages)
    notes = _note(b"QEMU", 0, _registers(spec)) if spec.machine in ("x64", "x86") else b""
    count = len(parts) + 1
    header_size, entry_size, section_size = (64, 56, 64) if wide else (52, 32, 40)
    many = count >= _MANY
    notes_at = header_size + count * entry_size + section_size * many
    at = notes_at + len(notes)
    at += -at % 4096
    table = [_entry(wide, 4, notes_at, 0, len(notes))]
    body = bytearray()
    for address, data in parts:
        table.append(_entry(wide, 1, at + len(body), address, len(data)))
        body += data
    # e_type ET_CORE, e_version 1; entry 0; program headers, then (only if there are many) one section header.
    sections_at = header_size + count * entry_size if many else 0
    head = b"\x7fELF" + bytes((2 if wide else 1, 1, 1)) + bytes(9)
    head += struct.pack("<HHI", 4, _MACHINES[spec.machine], 1)
    head += struct.pack("<QQQ" if wide else "<III", 0, header_size, sections_at)
    numbers = (0, header_size, entry_size, _MANY if many else count, section_size * many, int(many), 0)
    head += struct.pack("<IHHHHHH", *numbers)
    out = head + b"".join(table)
    if many:
        # sh_name, sh_type, sh_flags, sh_addr, sh_offset, sh_size, sh_link, sh_info, sh_addralign, sh_entsize
        out += struct.pack("<IIQQQQIIQQ" if wide else "<10I", 0, 0, 0, 0, 0, 0, 0, count, 0, 0)
    out += notes
    return out + bytes(at - len(out)) + bytes(body)


def _entry(wide: bool, kind: int, offset: int, address: int, size: int) -> bytes:
    if wide:
        return struct.pack("<IIQQQQQQ", kind, 0, offset, 0, address, size, size, 0)
    return struct.pack("<IIIIIIII", kind, offset, 0, address, size, size, 0, 0)


def _note(name: bytes, kind: int, data: bytes) -> bytes:
    head = struct.pack("<III", len(name) + 1, len(data), kind)
    return head + (name + b"\0").ljust(len(name) + 4 & ~3, b"\0") + data.ljust(len(data) + 3 & ~3, b"\0")


def _registers(spec: Spec) -> bytes:
    """Return QEMU's ``QEMUCPUState``: version, size, registers, ten segments of 24 bytes, CR0 to CR4, GS base."""
    context = dict(spec.context)
    values = [context.get(name, context.get("e" + name[1:], 0)) for name in _REGISTERS]
    numbers = [value & (1 << 64) - 1 for value in values if isinstance(value, int)]
    control = (0x80050033, 0, 0, spec.directory_table_base, 0x6F8)
    body = struct.pack("<18Q", *numbers) + bytes(240) + struct.pack("<5Q", *control) + bytes(8)
    return struct.pack("<II", 1, len(body) + 8) + body
