"""What a value says, by the kind of parameter it is."""

from __future__ import annotations

from dumpwalk.bugchecks.ntstatus import exception_code, nt_status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from dumpwalk.bugchecks import Machinery

CODE = frozenset(("instruction", "routine"))
# Kinds whose values are virtual addresses; they print as such.
ADDRESSES = CODE | frozenset(
    (
        "address",
        "context_record",
        "device_object",
        "driver_object",
        "exception_record",
        "file_object",
        "irp",
        "mdl",
        "module_base",
        "object",
        "pointer",
        "pool_block",
        "prcb",
        "process",
        "resource",
        "string",
        "thread",
        "trap_frame",
        "whea_error_record",
        "work_item",
    )
)

# wdm.h: PASSIVE_LEVEL, APC_LEVEL and DISPATCH_LEVEL are the same everywhere; what is above differs.
_LOW_IRQLS = ("PASSIVE_LEVEL", "APC_LEVEL", "DISPATCH_LEVEL")
_HIGH_IRQLS = {
    4: {27: "PROFILE_LEVEL", 28: "CLOCK_LEVEL", 29: "IPI_LEVEL", 30: "POWER_LEVEL", 31: "HIGH_LEVEL"},
    8: {12: "SYNCH_LEVEL", 13: "CLOCK_LEVEL", 14: "IPI_LEVEL", 15: "HIGH_LEVEL"},
}


def decoded(kind: str, value: int, values: tuple[tuple[str, str], ...], machinery: Machinery) -> str | None:
    """Return what *value* says as a parameter of *kind*; ``None`` when there is nothing to say.

    :param values: the values that are documented for the parameter
    """
    for number, text in values:
        if number.startswith("0x") and int(number, 16) == value:
            return text
    decoder = _DECODERS.get(kind)
    return decoder(value, values, machinery) if decoder else None


def low_or_odd(value: int, machinery: Machinery) -> str | None:
    """Say what is wrong with *value* as an address of kernel memory, if that can be seen from it."""
    if value < 0x10000:
        return f"null pointer plus {value:#x}" if value else "null pointer"
    wide = machinery.machine.pointer_size == 8 if machinery.machine else value > 0xFFFFFFFF
    if not wide:
        return "user-mode address" if value < 0x80000000 else None
    # 57-bit addresses (5-level paging) are canonical when their top 8 bits agree.
    if 0x0100_0000_0000_0000 <= value < 0xFF00_0000_0000_0000:
        return "not canonical: no such address can exist"
    return "user-mode address" if value < 0x0100_0000_0000_0000 else None


def irql(value: int, machinery: Machinery) -> str | None:
    """Return the name of an IRQL."""
    if value < len(_LOW_IRQLS):
        return _LOW_IRQLS[value]
    if value == 0xFF:  # not an IRQL: seen where the fault came with the interrupt flag off
        return "interrupts were disabled"
    if machinery.machine is None:
        return "above DISPATCH_LEVEL" if value < 32 else None
    names = _HIGH_IRQLS[machinery.machine.pointer_size]
    highest = max(names)
    if value > highest:
        return None
    return names.get(value, "a device's interrupt level")


def pool_tag(value: int) -> str | None:
    """Return the four characters of a pool tag; a protected tag's top bit is passed over.

    >>> pool_tag(0x20676154)
    "'Tag '"
    """
    return _characters(value & ~0x80000000 & 0xFFFFFFFF, 4)


def _characters(value: int, size: int) -> str | None:
    raw = value.to_bytes(8, "little")[:size].rstrip(b"\0") if value >> 8 * size == 0 else b""
    return f"'{raw.decode('ascii')}'" if raw and all(0x20 <= b < 0x7F for b in raw) else None


def _access(value: int, values: tuple[tuple[str, str], ...], _: Machinery) -> str:
    return "not a documented value"


def _address(value: int, _: tuple[tuple[str, str], ...], machinery: Machinery) -> str | None:
    return machinery.locate(value) or low_or_odd(value, machinery)


def _code(value: int, _: tuple[tuple[str, str], ...], machinery: Machinery) -> str | None:
    return (machinery.locate(value) or low_or_odd(value, machinery)) if value else None


def _irqls(value: int, _: tuple[tuple[str, str], ...], machinery: Machinery) -> str:
    current, expected, unique = value >> 16 & 0xFF, value >> 8 & 0xFF, value & 0xFF
    names = [f"{v}{f' ({name})' if (name := irql(v, machinery)) else ''}" for v in (current, expected)]
    return f"IRQL was {names[0]}, expected {names[1]}; unique value {unique:#x}"


def _source_line(value: int, values: tuple[tuple[str, str], ...], _: Machinery) -> str:
    high, line = value & 0xFFFF0000, value & 0xFFFF
    part = next((text for number, text in values if int(number, 16) == high), f"source file {high >> 16:#x}")
    return f"{part}, line {line}"


def _apc_disable(value: int, _: tuple[tuple[str, str], ...], __: Machinery) -> str | None:
    bits = 16 if value <= 0xFFFF else 32 if value <= 0xFFFFFFFF else 64
    signed = (value ^ 1 << bits - 1) - (1 << bits - 1)
    if -0x8000 <= signed < 0:
        return f"{signed}: APCs were disabled {-signed} time{'s' * (signed != -1)} more than enabled"
    return f"{signed}: APCs were enabled too often" if 0 < signed < 0x8000 else None


_DECODERS: dict[str, Callable[[int, tuple[tuple[str, str], ...], Machinery], str | None]] = {
    "access": _access,
    "address": _address,
    "apc_disable": _apc_disable,
    "apc_state_index": lambda v, _, __: {0: "in its own process", 1: "attached to another process"}.get(v),
    "device_object": lambda v, _, m: m.locate(v),
    "driver_object": lambda v, _, m: m.locate(v),
    "exception_code": lambda v, _, __: exception_code(v),
    "instruction": _code,
    "irql": lambda v, _, m: irql(v, m),
    "irqls": _irqls,
    "pointer": lambda v, _, m: m.locate(v),
    "pool_tag": lambda v, _, __: pool_tag(v),
    "routine": _code,
    "source_line": _source_line,
    "status": lambda v, _, __: nt_status(v),
    "text4": lambda v, _, __: _characters(v, 4),
    "text8": lambda v, _, __: _characters(v, 8),
}
