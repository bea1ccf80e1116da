"""Numbers and flags as the debugger's I/O commands write them."""

from __future__ import annotations

from dumpwalk.remarks import Absent
from dumpwalk.render.text import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# A line has two flags; the ones below stand where the first of them does.
_FLAGS_IN_LINE, _INDENT = 2, " " * 22


def pointer(value: int | Absent | None) -> str:
    """Return a pointer without a backtick, in eight digits at least, on 64-bit machines too.

    >>> from dumpwalk.memory.address import Address
    >>> pointer(Address(0)), pointer(Address(0xFFFFC08BE50A72B0)), pointer(None)
    ('00000000', 'ffffc08be50a72b0', '00000000')
    """
    return word(0 if value is None else value)


def word(value: int | Absent, digits: int = 8) -> str:
    """Return a number in so many hexadecimal digits, ``????`` when it is absent.

    >>> word(0x3040), word(Absent("not there"))
    ('00003040', '????????')
    """
    return "?" * digits if isinstance(value, Absent) else f"{value & (1 << 64) - 1:0{digits}x}"


def c_hexadecimal(value: int | Absent) -> str:
    """Return a number as C's ``%#010x`` does, which gives 0 no prefix.

    >>> c_hexadecimal(0x800), c_hexadecimal(0)
    ('0x00000800', '0000000000')
    """
    return "??????????" if isinstance(value, Absent) else f"0x{value:08x}" if value else "0" * 10


def flag_line(title: str, value: int | Absent, names: Sequence[str]) -> str:
    """Return a line with flags and their names, two in a line; bits without a name stand on the last one.

    >>> print(flag_line("Flags", 0x1040, ["DO_DEVICE_HAS_NAME", "DO_BUS_ENUMERATED_DEVICE"]))
    Flags (0x00001040)  DO_DEVICE_HAS_NAME, DO_BUS_ENUMERATED_DEVICE
    """
    known = [name for name in names if not name.startswith("0x")]
    unknown = sum(int(name, 16) for name in names if name.startswith("0x"))
    lines = [", ".join(known[at : at + _FLAGS_IN_LINE]) for at in range(0, len(known), _FLAGS_IN_LINE)]
    out = (", \n" + _INDENT).join(lines)
    if unknown:
        out += ("\n" + _INDENT if known else "") + f"Unknown flags 0x{unknown:08x}"
    return f"{title} ({c_hexadecimal(value)})  {out}"


def name(text: str | Absent | None) -> str:
    """Return a name out of the dump, ``????`` for one that can't be read, nothing for none."""
    return "????" if isinstance(text, Absent) else printable(text or "")
