"""Registers that somebody pasted out of a debugger: OpenOCD, WinDbg, gdb, QEMU's monitor, ``rdmsr``.

A value is known by the name before it, whatever stands around them. Forms::

    (34) cr3 (/32): 0x0C4F9000                  OpenOCD `reg`
    rax=0000000000000001 rbx=fffff8047ba00000   WinDbg `r`; `r gdtr` gives gdtr= and gdtl=
    cr3            0x1aa000            [ ... ]  gdb `info registers`
    CR0=80050033 CR2=0 CR3=001aa000 CR4=000006b8, GDT=     fffff80000b94000 0000007f
                                                QEMU `info registers`
    msr[c0000080] = 00000000`00000d01           WinDbg `rdmsr`
"""

from __future__ import annotations

from dumpwalk.errors import FormatError, UsageError
from dumpwalk.memory.paging.modes import LA57, PAE, X64, X86
from dumpwalk.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from re import Pattern

    from dumpwalk.memory.paging.modes import Mode

_LARGEST = 1 << 20
_LONGEST_LINE = 4096
_PARTS_32 = ("ax", "bx", "cx", "dx", "si", "di", "bp", "sp", "ip")
_SEGMENTS = ("cs", "ds", "es", "fs", "gs", "ss", "tr", "ldtr")
_CONTROL = tuple(f"cr{n}" for n in (0, 2, 3, 4, 8)) + tuple(f"dr{n}" for n in (0, 1, 2, 3, 6, 7))
_TABLES = ("gdtbase", "gdtlimit", "idtbase", "idtlimit")
_WIDE_ONLY = frozenset((*(f"r{n}" for n in _PARTS_32), *(f"r{n}" for n in range(8, 16))))
_NARROW_ONLY = frozenset(f"e{n}" for n in _PARTS_32)
NAMES = frozenset(
    (
        *(f"e{n}" for n in _PARTS_32),
        *_WIDE_ONLY,
        *_SEGMENTS,
        *_CONTROL,
        *_TABLES,
        *(f"{segment}{part}" for segment in (*_SEGMENTS, "tss", "ld") for part in ("base", "limit", "ar")),
        *("eflags", "rflags", "efer"),
    )
)
# Names that mean the same.
_ALIASES = {
    "efl": "eflags",
    "rfl": "eflags",
    "rflags": "eflags",
    "gdtr": "gdtbase",
    "gdtl": "gdtlimit",
    "idtr": "idtbase",
    "idtl": "idtlimit",
    "ldt": "ldtr",
    "gdtr.base": "gdtbase",
    "gdtr.limit": "gdtlimit",
    "idtr.base": "idtbase",
    "idtr.limit": "idtlimit",
    "fs_base": "fsbase",
    "gs_base": "gsbase",
}
# Model-specific registers by number (Intel SDM volume 4): IA32_EFER, IA32_FS_BASE, IA32_GS_BASE.
_MSRS = {0xC0000080: "efer", 0xC0000100: "fsbase", 0xC0000101: "gsbase"}
# Intel SDM volume 3A, section 2.5, and 2.2.1 for EFER.
_PE, _PG = 1 << 0, 1 << 31
_CR4_PAE, _CR4_LA57 = 1 << 5, 1 << 12
_LME, _LMA = 1 << 8, 1 << 10


@record
class RegisterListing:
    """Registers of a processor.

    :param values: by their names in small letters; those of tables are ``gdtbase``, ``gdtlimit`` and so on
    :param modes: the paging modes that they leave open, the likeliest first; none when nothing tells the mode
    :param said: how the mode was told from them, in words
    """

    values: dict[str, int]
    modes: tuple[Mode, ...]
    said: str

    @property
    def root(self) -> int | None:
        """What CR3 held."""
        return self.values.get("cr3")


def read_register_listing(path: str) -> RegisterListing:
    """Return the registers that the file at *path* lists.

    :raises FormatError: when it can't be read
    :raises UsageError: when it is no listing of registers, or contradicts itself
    """
    try:
        with open(path, "rb") as file:
            raw = file.read(_LARGEST + 1)
    except OSError as error:
        raise FormatError(f"{path}: {error.strerror or error}") from error
    except ValueError as error:  # a NUL in the path
        raise FormatError(f"{path}: {error}") from error
    if len(raw) > _LARGEST:
        raise UsageError(f"--registers {path}: no listing of registers has more than 1 MB")
    wide = raw[:2] in (b"\xff\xfe", b"\xfe\xff")  # what PowerShell's > writes
    text = raw.decode("utf-16" if wide else "utf-8", "replace")
    try:
        return parse_register_listing(text)
    except UsageError as error:
        raise UsageError(f"--registers {path}: {error}") from error


def parse_register_listing(text: str) -> RegisterListing:
    """Return the registers that *text* lists; of several processors the first one's.

    :raises UsageError: when it lists none, or contradicts itself
    """
    values: dict[str, int] = {}
    for name, value, number in _found(text):
        if values.setdefault(name, value) != value:
            raise UsageError(f"{name} is {values[name]:x} first and {value:x} in line {number}; give one processor's")
    if not values:
        raise UsageError("no line of it gives a register a value, such as `cr3=1aa000`")
    modes, said = _modes(values)
    return RegisterListing(values, modes, said)


def _found(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield name, value and line number of each register."""
    import re  # a listing is read once, and by nobody who is in a hurry

    number = r"(?:0x)?([0-9a-fA-F]{1,16}|[0-9a-fA-F]{8}`[0-9a-fA-F]{8})(?![0-9a-zA-Z`.])"
    table = re.compile(rf"\s*(GDT|IDT)\s*=\s+{number}\s+{number}", re.I)
    segment = re.compile(rf"\s*([CDEFGS]S|TR|LDT)\s*=\s*([0-9a-fA-F]{{4}})\s+{number}\s+{number}\s+{number}", re.I)
    msr = re.compile(rf"\s*(?:rdmsr\s+|msr\[)(?:0x)?([0-9a-fA-F]{{1,8}})\]?\s*[=:]?\s+{number}", re.I)
    # OpenOCD's and gdb's forms take a whole line; names with `=` or `:` may stand in any number on one.
    openocd = re.compile(rf"\s*(?:\(\d+\)\s*)?([a-z][a-z0-9_.]*)\s*\(/\d+\)\s*:\s*{number}", re.I)
    gdb = re.compile(rf"\s*([a-z][a-z0-9_.]*)\s+0x{number}(?:\s|$)", re.I)
    pairs = re.compile(rf"(?<![\w.])([a-z][a-z0-9_.]*)\s*[=:]\s*{number}", re.I)
    processors = 0
    for place, line in enumerate(text.split("\n"), 1):
        line = line[:_LONGEST_LINE].replace("\u00a0", " ")
        if re.match(r"\s*CPU#\d+\s*$", line):
            processors += 1
            if processors > 1:
                return
        for name, value in _in_line(line, table, segment, msr, openocd, gdb, pairs):
            yield name, value, place


def _in_line(
    line: str,
    table: Pattern[str],
    segment: Pattern[str],
    msr: Pattern[str],
    openocd: Pattern[str],
    gdb: Pattern[str],
    pairs: Pattern[str],
) -> Iterator[tuple[str, int]]:
    found = table.match(line)
    if found:
        which = found[1].lower()
        yield f"{which}base", _number(found[2])
        yield f"{which}limit", _number(found[3])
        return
    found = segment.match(line)
    if found:
        which = _ALIASES.get(found[1].lower(), found[1].lower())
        yield which, _number(found[2])
        yield f"{'ld' if which == 'ldtr' else which}base", _number(found[3])
        yield f"{'ld' if which == 'ldtr' else which}limit", _number(found[4])
        return
    found = msr.match(line)
    if found:
        name = _MSRS.get(_number(found[1]))
        if name:
            yield name, _number(found[2])
        return
    found = openocd.match(line) or gdb.match(line)
    for name, text in [(found[1], found[2])] if found else pairs.findall(line):
        name = _ALIASES.get(name.lower(), name.lower())
        if name in NAMES:
            yield name, _number(text)


def _number(text: str) -> int:
    return int(text.replace("`", ""), 16)


def _modes(values: dict[str, int]) -> tuple[tuple[Mode, ...], str]:
    """Return the paging modes that the registers leave open, and how that is told.

    :raises UsageError: when they contradict each other, or paging was off
    """
    cr0, cr4, efer = (values.get(name) for name in ("cr0", "cr4", "efer"))
    if cr0 is not None and not cr0 & _PG:
        raise UsageError(f"paging was off (CR0 is {cr0:x}): that processor had no page tables")
    if cr0 is not None and not cr0 & _PE:
        raise UsageError(f"CR0 is {cr0:x}, with paging and without protected mode: no processor is in that state")
    wide = bool(_WIDE_ONLY & set(values))
    long = wide if efer is None else bool(efer & (_LMA | _LME))
    if efer is not None and cr0 is not None and bool(efer & _LMA) != bool(efer & _LME):
        raise UsageError(f"EFER is {efer:x}, where LME and LMA differ though paging is on")
    if cr4 is None:
        if efer is None and not wide:
            return ((PAE, X86), "names of 32-bit registers") if _NARROW_ONLY & set(values) else ((), "")
        if efer is None:
            return (X64, LA57), "names of 64-bit registers"
        return ((X64, LA57), f"EFER {efer:x}") if long else ((PAE, X86), f"EFER {efer:x}")
    said = f"CR4 {cr4:x}" + (f", EFER {efer:x}" if efer is not None else "")
    if not cr4 & _CR4_PAE:
        if efer is not None and long:
            raise UsageError(f"EFER is {efer:x} (64-bit mode), but CR4 is {cr4:x}, without the PAE that it takes")
        return (X86,), said
    if efer is None and wide:
        return ((LA57,) if cr4 & _CR4_LA57 else (X64, PAE)), f"{said}, names of 64-bit registers"
    if not long:
        return (PAE,), said
    return ((LA57,) if cr4 & _CR4_LA57 else (X64,)), said
