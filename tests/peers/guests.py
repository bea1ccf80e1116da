"""Guests of a few hundred bytes: they switch paging on, read what they are told to read, and halt.

The programs are given as machine code so that nothing but QEMU is needed; the
assembly stands beside it. A guest's first 128 KB hold, from ``base`` on::

    7000  program              8000  addresses to read, 8 bytes each
    7800  what it is told     10000  answers, 16 bytes each: 1 if it faulted, what was read
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random

from emulator import Emulator
from random_tables import GB, SHAPES, Tables

PROGRAM, TOLD, ADDRESSES, ANSWERS, END = 0x7000, 0x7800, 0x8000, 0x10000, 0x20000
MOST = (ANSWERS - ADDRESSES) // 8
MB = 1 << 20

# The last 256 bytes below 4 GB, where an x86 processor begins, in 16-bit code.
_RESET = bytes.fromhex(
    "fa"  # ff00  cli
    "2e660f011618ff"  # lgdt [cs:0xff18]
    "0f20c00c010f22c0"  # mov eax, cr0; or al, 1; mov cr0, eax
    "66ea007000000800"  # jmp 8:0x7000
    "1f0020ffffff"  # ff18  31, 0xffffff20: limit and base of
    "9090"
    "0000000000000000"  # ff20  the empty segment,
    "ffff0000009bcf00"  # 08  32-bit code,
    "ffff00000093cf00"  # 10  data,
    "ffff0000009baf00"  # 18  64-bit code
).ljust(0xF0, b"\xf4") + bytes.fromhex("e90dff").ljust(16, b"\xf4")  # fff0  jmp 0xff00

_X86 = bytes.fromhex(
    "b8100000008ed88ec08ed0"  # 00  mov eax, 0x10; mov ds, eax; mov es, eax; mov ss, eax
    "bcf07f0000bd00780000"  # mov esp, 0x7ff0; mov ebp, 0x7800
    "0f0155300f015d38"  # lgdt [ebp+0x30]; lidt [ebp+0x38]
    "8b45080f22e08b45000f22d8"  # mov eax, [ebp+8]; mov cr4, eax; mov eax, [ebp]; mov cr3, eax
    "b9800000c08b451031d20f30"  # mov ecx, 0xc0000080; mov eax, [ebp+0x10]; xor edx, edx; wrmsr
    "8b45180f22c0ff6d20f4f4"  # mov eax, [ebp+0x18]; mov cr0, eax; jmp far [ebp+0x20]
    "be00800000bf000001008b4d28"  # 40  mov esi, 0x8000; mov edi, 0x10000; mov ecx, [ebp+0x28]
    "8b1e31d28b038b5b04"  # 4d  mov ebx, [esi]; xor edx, edx; mov eax, [ebx]; mov ebx, [ebx+4]
    "8917894708895f0c"  # 56  mov [edi], edx; mov [edi+8], eax; mov [edi+12], ebx
    "83c60883c7104975e6"  # add esi, 8; add edi, 16; dec ecx; jnz 4d
    "fe4d2c75d4f4"  # dec byte [ebp+0x2c]; jnz 40; hlt
).ljust(0x80, b"\xf4")
_X86 += bytes.fromhex(
    "83c404c7042456700000"  # 80  fault in 32-bit code: add esp, 4; mov dword [esp], 0x7056
    "ba01000000cf"  # mov edx, 1; iretd
).ljust(0x20, b"\xf4")
_X86 += bytes.fromhex(
    "be00800000bf00000100bd007800008b4d28"  # a0  as at 40, and mov ebp, 0x7800; mov ecx, [rbp+0x28]
    "488b1e31d2488b03"  # b2  mov rbx, [rsi]; xor edx, edx; mov rax, [rbx]
    "48891748894708"  # ba  mov [rdi], rdx; mov [rdi+8], rax
    "83c60883c710ffc975e7"  # add esi, 8; add edi, 16; dec ecx; jnz b2
    "fe4d2c75d0f4"  # dec byte [rbp+0x2c]; jnz a0; hlt
).ljust(0x40, b"\xf4")
_X86 += bytes.fromhex(
    "4883c40848c70424ba700000"  # e0  fault in 64-bit code: add rsp, 8; mov qword [rsp], 0x70ba
    "ba0100000048cf"  # mov edx, 1; iretq
)

_ARM64 = bytes.fromhex(
    "00400010"  # 00  adr x0, told
    "010840a9012018d5222018d5"  # ldp x1, x2, [x0]; msr ttbr0_el1, x1; msr ttbr1_el1, x2
    "010841a9412018d502a218d5"  # ldp x1, x2, [x0, #16]; msr tcr_el1, x1; msr mair_el1, x2
    "010842a902c018d5"  # ldp x1, x2, [x0, #32]; msr vbar_el1, x2
    "df3f03d5011018d5df3f03d5"  # isb; msr sctlr_el1, x1; isb
    "010843a9061c44a9"  # 30  ldp x1, x2, [x0, #48]; ldp x6, x7, [x0, #64]
    "238440f8040080d2650040f9"  # 38  ldr x3, [x1], #8; mov x4, #0; ldr x5, [x3]
    "441481a8c60400f161ffff54"  # 44  stp x4, x5, [x2], #16; subs x6, x6, #1; b.ne 38
    "e70400d1072400f9c7feffb5"  # sub x7, x7, #1; str x7, [x0, #72]; cbnz x7, 30
    "7f2003d500000014"  # wfi; b .
).ljust(0x200, b"\0")
_ARM64 += bytes.fromhex(
    "240080d208f2ff10284018d5e0039fd6"  # 200  fault: mov x4, #1; adr x8, 44; msr elr_el1, x8; eret
)

PE, PG, PSE, PAE, PGE, LA57 = 1, 1 << 31, 1 << 4, 1 << 5, 1 << 7, 1 << 12
LME, NXE = 1 << 8, 1 << 11
# CR4 and EFER
_X86_MODES = {
    "x86": (PSE | PGE, 0),
    "PAE": (PAE | PGE, NXE),
    "x64": (PAE | PGE, LME | NXE),
    "x64 with 5 levels": (PAE | PGE | LA57, LME | NXE),
}


class Guest:
    """A guest with random page tables.

    :ivar base: where its memory begins
    :ivar runs: ``(start, end, offset in the file)`` of memory that behaves as such
    :ivar register: what CR3 or TTBR0 holds
    """

    def __init__(self, mode: str, seed: int, directory: Path) -> None:
        random = Random(seed)
        self.mode = mode
        self.arm = mode == "ARM64"
        self.program = "qemu-system-aarch64" if self.arm else "qemu-system-x86_64"
        # QEMU puts a device tree into the first megabyte of an ARM64 machine.
        self.base = GB + 2 * MB if self.arm else 0
        # A PC with 16 MB below 4 GB and the rest above; the hole below 1 MB holds the display and the ROMs.
        low = [(0, 0xA0000, 0), (MB, 16 * MB, MB), (4 * GB, 4 * GB + 16 * MB, 16 * MB)]
        self.runs = [(GB + 2 * MB, GB + 32 * MB, 2 * MB)] if self.arm else low
        self.path = directory / "memory"
        self.directory = directory
        self._write_pattern()
        with self.path.open("r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 0)
        fixed = self.base + PROGRAM, self.base + END
        self.tables = Tables(random, SHAPES[mode], [(a, b) for a, b, _ in self.runs], self.write, fixed)
        flags = 0 if self.arm else random.getrandbits(2) << 3  # PWT and PCD
        self.register = self.tables.root | flags

    def _write_pattern(self) -> None:
        """Make each word of memory tell where it is."""
        import numpy as np

        self.path.write_bytes((np.arange(32 * MB // 8, dtype="<u8") * 8 ^ 0xA5A5 << 40).tobytes())

    def write(self, physical: int, data: bytes) -> None:
        offset = self._place(physical)
        self.memory[offset : offset + len(data)] = data

    def _place(self, physical: int) -> int:
        return next(offset + physical - start for start, end, offset in self.runs if start <= physical < end)

    @contextmanager
    def running(self, addresses: Sequence[int]) -> Iterator[Emulator]:
        """Let it read 8 bytes at each of *addresses*, at most :data:`MOST`, and halt."""
        assert len(addresses) <= MOST
        self.write(self.base + ANSWERS, bytes(END - ANSWERS))
        self.write(self.base + ADDRESSES, struct.pack(f"<{len(addresses)}Q", *addresses))
        with self._arm64(len(addresses)) if self.arm else self._x86(len(addresses)) as emulator:
            counter = self._place(self.base + TOLD) + (72 if self.arm else 0x2C)
            emulator.wait(lambda: not self.memory[counter])
            yield emulator

    def answers(self, count: int) -> list[int | None]:
        """Return what it read at each address, None where that was a fault."""
        words = struct.unpack_from(f"<{2 * count}Q", self.memory, self._place(self.base + ANSWERS))
        return [None if fault else word for fault, word in zip(words[::2], words[1::2])]

    def _x86(self, count: int) -> Emulator:
        cr4, efer = _X86_MODES[self.mode]
        wide = bool(efer & LME)
        handler = PROGRAM + (0xE0 if wide else 0x80)
        gate = struct.pack("<HHBBH", handler, 0x18 if wide else 8, 0, 0x8E, 0) + bytes(8 if wide else 0)
        told = struct.pack("<4Q", self.register, cr4, efer, PE | PG)
        told += struct.pack("<IH2x", PROGRAM + (0xA0 if wide else 0x40), 0x18 if wide else 8)
        # Twice: in the second round every Accessed bit is set already.
        told += struct.pack("<IB3x", count, 2)
        told += struct.pack("<HI2x", 31, TOLD + 0x40) + struct.pack("<HI2x", 15 * len(gate) - 1, TOLD + 0x80)
        self.write(PROGRAM, _X86)
        self.write(TOLD, told.ljust(0x40, b"\0") + _RESET[0x20:0x40].ljust(0x40, b"\0") + gate * 15)
        rom = self.directory / "rom"
        rom.write_bytes(_RESET.rjust(0x10000, b"\xf4"))
        return Emulator(self.program, f"pc,max-ram-below-4g={16 * MB}", "max", self.path, "-bios", str(rom))

    def _arm64(self, count: int) -> Emulator:
        # 4 KB granule, 47 bits for each half, 48 bits of physical address: T0SZ, T1SZ, TG1, IPS.
        control = 17 | 17 << 16 | 2 << 30 | 5 << 32
        # The second half of the root table is TTBR1's. All memory is ordinary; MMU on, caches on, RES1 bits.
        told = struct.pack("<4Q", self.register, self.register + 0x800, control, 0xFFFFFFFFFFFFFFFF)
        told += struct.pack("<2Q", 0x30D01805, self.base + PROGRAM)
        told += struct.pack("<4Q", self.base + ADDRESSES, self.base + ANSWERS, count, 2)
        self.write(self.base + PROGRAM, _ARM64)
        self.write(self.base + TOLD, told)
        start = f"loader,addr={self.base + PROGRAM},cpu-num=0"
        return Emulator(self.program, "virt", "max", self.path, "-device", start)
