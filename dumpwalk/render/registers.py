"""Registers in the layout of WinDbg's ``r``."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.context import Context

# Bits of EFLAGS and WinDbg's words for set and clear (Intel manual; WinDbg `r` documentation).
_EFLAGS = (
    (11, "ov", "nv"), (10, "dn", "up"), (9, "ei", "di"), (7, "ng", "pl"),
    (6, "zr", "nz"), (4, "ac", "na"), (2, "pe", "po"), (0, "cy", "nc"),
)  # fmt: skip


def registers(context: Context) -> str:
    """Return the registers of *context* as WinDbg prints them."""
    return {"x64": _x64, "x86": _x86, "ARM64": _arm64, "ARM": _arm}[context.machine](context)


def _grid(context: Context, rows: list[str], width: int) -> list[str]:
    return [" ".join(f"{name:>3}={context.registers[name]:0{width}x}" for name in row.split()).rstrip() for row in rows]


def _x64(context: Context) -> str:
    r = context.registers
    rows = ["rax rbx rcx", "rdx rsi rdi", "rip rsp rbp", "r8 r9 r10", "r11 r12 r13", "r14 r15"]
    lines = _grid(context, rows, 16)
    lines.append(f"iopl={r['EFlags'] >> 12 & 3:x}         {_flag_words(r['EFlags'])}")
    segments = "  ".join(f"{name}={r[name]:04x}" for name in ("cs", "ss", "ds", "es", "fs", "gs"))
    lines.append(f"{segments}             efl={r['EFlags']:08x}")
    return "\n".join(lines)


def _x86(context: Context) -> str:
    r = context.registers
    first = " ".join(f"{name}={r[name]:08x}" for name in ("eax", "ebx", "ecx", "edx", "esi", "edi"))
    second = " ".join(f"{name}={r[name]:08x}" for name in ("eip", "esp", "ebp"))
    segments = "  ".join(f"{name}={r[name]:04x}" for name in ("cs", "ss", "ds", "es", "fs", "gs"))
    return (
        f"{first}\n{second} iopl={r['EFlags'] >> 12 & 3:x}         {_flag_words(r['EFlags'])}\n"
        f"{segments}             efl={r['EFlags']:08x}"
    )


def _arm64(context: Context) -> str:
    names = [f"x{n}" for n in range(29)] + ["fp", "lr", "sp"]
    rows = [" ".join(names[n : n + 4]) for n in range(0, len(names), 4)]
    lines = [line.replace(" ", "  ").replace("   ", "  ") for line in _grid(context, rows, 16)]
    psr = context.registers["Cpsr"]
    return "\n".join([*lines, f" pc={context.registers['pc']:016x} psr={psr:08x} {_nzcv(psr)} EL{psr >> 2 & 3}"])


def _arm(context: Context) -> str:
    rows = ["r0 r1 r2 r3 r4 r5", "r6 r7 r8 r9 r10 r11", "r12"]
    psr = context.registers["Cpsr"]
    last = " ".join(f"{name:>3}={context.registers[name]:08x}" for name in ("sp", "lr", "pc"))
    return "\n".join(
        [*_grid(context, rows[:2], 8), f"{_grid(context, rows[2:], 8)[0]} {last} psr={psr:08x} {_nzcv(psr)}"]
    )


def _flag_words(eflags: int) -> str:
    return " ".join(on if eflags >> bit & 1 else off for bit, on, off in _EFLAGS)


def _nzcv(psr: int) -> str:
    return "".join(letter if psr >> bit & 1 else "-" for bit, letter in ((31, "N"), (30, "Z"), (29, "C"), (28, "V")))
