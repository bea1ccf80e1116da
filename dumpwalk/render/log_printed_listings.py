"""The lines that a debugger prints of memory, registers, code, of ``dt`` and of bug checks."""

from __future__ import annotations

from dumpwalk.memory.address import Address
from dumpwalk.remarks import Absent
from dumpwalk.render.log_printed_frames import CODE, instruction, site

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from dumpwalk.transcript.memory import MemoryRow

    Runs = Iterator[list[list[str]]]

_ROWS32 = (("eax", "ebx", "ecx", "edx", "esi", "edi"), ("eip", "esp", "ebp"))
_ROWS64 = (
    ("rax", "rbx", "rcx"),
    ("rdx", "rsi", "rdi"),
    ("rip", "rsp", "rbp"),
    ("r8", "r9", "r10"),
    ("r11", "r12", "r13"),
    ("r14", "r15"),
)
_SEGMENTS = ("cs", "ss", "ds", "es", "fs", "gs")


def memory_row(row: MemoryRow) -> str:
    """Return a line of memory as the command prints it that shows units of this size."""
    if not row.values:
        return f'{row.address}  "{row.text}"'
    digits = ["?" * 2 * row.unit if isinstance(v, Absent) else f"{v:0{2 * row.unit}x}" for v in row.values]
    if row.unit == 1:
        text = "-".join(" ".join(half) for half in (digits[:8], digits[8:]) if half)
        return f"{row.address}  {text:47}  {row.text}"
    values = " ".join(digits)
    place = f" {site(row.place)}" if row.place is not None else ""
    return f"{row.address}  {values}{place}" + (f"  {row.text}" if row.text else "")


def registers(found: Any) -> Runs:
    """Yield registers, with the place and the instruction below them."""
    if found.error_code is not None:
        yield [[f"ErrCode = {found.error_code:08x}"]]
    values = {name: None if isinstance(v, Absent) else int(v) for name, v in found.registers.items()}
    wide = "rax" in values or "rip" in values
    flags = f"iopl={found.iopl}         {found.flags}" if found.iopl is not None else ""
    for row in _ROWS64 if wide else _ROWS32:
        text = " ".join(f"{n:>3}={values[n]:0{16 if wide else 8}x}" for n in row if values.get(n) is not None)
        yield [[f"{text} {flags}".rstrip() if row[0] == "eip" and flags else text]]
    if wide and flags:
        yield [[flags]]
    if "vip" in values:
        yield [[f"vip={values['vip']}    vif={values['vif']}"]]
    segments = "  ".join(f"{n}={values[n]:04x}" for n in _SEGMENTS if values.get(n) is not None)
    if values.get("efl") is not None:
        yield [[f"{segments}             efl={values['efl']:08x}"]]
    if found.widths is not None:
        yield [[_probed(n, name, found.widths[name], values[name]) for n, name in enumerate(found.widths)]]
    if found.place is not None:
        yield [[f"{site(found.place)}:"]]
    if found.instruction is not None:
        yield [[instruction(found.instruction, width)] for width in CODE]
    if found.widths is None:
        known = {"efl", "vip", "vif", *_SEGMENTS, *(name for row in (*_ROWS32, *_ROWS64) for name in row)}
        for name in values.keys() - known:
            if values[name] is not None:
                yield [[f"{name}={values[name]:0{width}x}"] for width in (8, 16)]


def _probed(number: int, name: str, width: int, value: int | None) -> str:
    """Return a register as a JTAG probe's program prints it."""
    return f"({number}) {name} (/{width})" + (f": 0x{value:0{width // 4}X}" if value is not None else "")


def memory(found: Any) -> Runs:
    """Yield the rows of memory."""
    if found.label:
        yield [[found.label], [f"{found.label}:"]]
    sign = "#" if found.physical else ""
    rows = [sign + memory_row(row) for row in found.rows]
    yield [rows, [row.replace("  ", " ", 1) for row in rows]]


def code(found: Any) -> Runs:
    """Yield a disassembly."""
    for block in found.blocks:
        label = [f"{site(block.label)}:"] if block.label is not None else []
        yield [label + [instruction(i, width) for i in block.instructions] for width in CODE]


def structures(found: Any) -> Runs:
    """Yield the listings of ``dt`` and the values of ``??``."""
    remarks = {(r.listing, r.row): r.text for r in found.remarks}
    for at, listing in enumerate(found.listings):
        for line in listing.heading:
            yield [[line]]
        rows = [dt_row(row, listing.width, remarks.get((at, n), "")) for n, row in enumerate(listing.rows)]
        tight = [dt_row(row, 0, remarks.get((at, n), "")) for n, row in enumerate(listing.rows)]
        yield [rows, tight, [line.replace("+0x", "+", 1) for line in rows]]
        yield [list(listing.names)]
    for value in found.values:
        digits = f"{int(value.value):#x}"
        yield [[f"{value.type} {text} {value.text}".rstrip()] for text in (digits, f"0n{int(value.value)}")]


def dt_row(row: Any, width: int, remark: str = "") -> str:
    """Return a row of ``dt`` with its names padded to *width*, and what somebody wrote behind it."""
    said = f"{row.text.rstrip()} {remark}".strip()
    indent = "   " * (row.depth + 1)
    if row.kind in ("element", "item"):
        return f"{indent} {row.name} {said}"
    if row.kind == "enumerator":
        return f"{indent}{row.name} = {said}"
    if row.kind == "static":
        return f"{indent}={Address(row.offset)} {row.name:{width}} : {said}"
    place = f"+0x{row.offset:03x} " if row.offset is not None else ""
    return f"{indent}{place}{row.name:{width}} : {said}"


def bugcheck(found: Any) -> Runs:
    """Yield a bug check, as ``.bugcheck``, the debugger's break and the blue screen have it."""
    given = [p.value for p in found.parameters]
    yield [[f"Bugcheck code {found.raw_code:08x}"]]
    yield [["Arguments " + " ".join(f"{v:0{width}x}" for v in given)] for width in (8, 16)]
    yield [[f"BugCheck {found.raw_code:x}, {{{', '.join(f'{v:x}' for v in given)}}}"]]
    yield [
        [f"*** STOP: 0x{found.raw_code:08x} ({gap.join(f'0x{v:0{width}x}' for v in given)})"]
        for width in (8, 16)
        for gap in (",", ", ")
    ]
    yield [[f"*** Fatal System Error: 0x{found.raw_code:08x}"]]
    yield [[f"({','.join(f'0x{v:0{width}x}' for v in given)})"] for width in (8, 16)]
