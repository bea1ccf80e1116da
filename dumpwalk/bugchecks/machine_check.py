"""``IA32_MCi_STATUS``, the register in which an x86 or x64 processor reports a machine check.

Source: Intel Software Developer's Manual, volume 3B, "Machine-Check
Architecture": the register's flags, and the simple and compound error codes in
its low 16 bits. AMD's processors use the same flags and codes.
"""

from __future__ import annotations

_FLAGS = (
    (62, "other errors were lost"),
    (61, "uncorrected"),
    (57, "processor context is corrupt"),
)
_SIMPLE = {
    0x0000: "no error",
    0x0001: "unclassified error",
    0x0002: "parity error in the microcode ROM",
    0x0003: "external error",
    0x0004: "functional redundancy check error",
    0x0005: "internal parity error",
    0x0400: "internal timer error",
    0x0E0B: "I/O error",
}
_LEVEL = ("level 0", "level 1", "level 2", "generic level")
_MEMORY = {0: "generic", 1: "read", 2: "write", 3: "address or command", 4: "scrubbing"}


def describe(status: int) -> str:
    """Return what *status*, the 64 bits of the register, says.

    >>> describe(0xB200000000100E0B)
    'valid; uncorrected; processor context is corrupt; error code 0xe0b: I/O error'
    """
    valid = "valid" if status >> 63 & 1 else "not marked valid"
    flags = [text for bit, text in _FLAGS if status >> bit & 1]
    code = status & 0xFFFF
    return "; ".join([valid, *flags, f"error code {code:#x}: {_error(code)}"])


def _error(code: int) -> str:
    if code in _SIMPLE:
        return _SIMPLE[code]
    code &= ~0x1000  # the filtering bit of compound codes
    level = _LEVEL[code & 3]
    if code >> 11 == 1:
        return f"bus or interconnect error, {level}"
    if code >> 8 == 1:
        return f"cache error, {level}"
    if code >> 7 == 1:
        kind = _MEMORY.get(code >> 4 & 7, "reserved")
        channel = code & 0xF
        return f"memory controller error ({kind}), " + ("channel unknown" if channel == 0xF else f"channel {channel}")
    if code >> 4 == 1:
        return f"TLB error, {level}"
    if code >> 2 == 3:
        return f"cache error, {level}"
    if code >> 10 == 1:
        return "internal error, unclassified"
    return "not an architectural error code"
