"""``ObTypeIndexTable`` and ``ObHeaderCookie``, read out of the code of the exported ``ObGetObjectType``.

The function is a few instructions long on every kernel since Windows 7: it loads the index out of the header, since
10 mixes it with a byte of the header's address and the cookie, and loads the pointer. The instruction that refers to
a variable says where that is. Encodings: Intel SDM volume 2; the function as a kernel developer's published post
disassembles it (Windows 10 x64).
"""

from __future__ import annotations

from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.symbols.exports import export

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target

FUNCTION = "ObGetObjectType"
_LONGEST = 96  # bytes; the longest that is known has 43
_JMP, _RET, _RET_N = 0xE9, 0xC3, 0xC2


@record
class TypeCode:
    """What the code says.

    :param function: where it is
    :param table: ``ObTypeIndexTable``
    :param cookie: ``ObHeaderCookie``; ``None`` where the kernel has none
    """

    function: Address
    table: Address
    cookie: Address | None


def type_code(target: Target) -> TypeCode | Absent:
    """Return where the kernel's own code says that the table and the cookie are, or why that can't be read."""
    kernel = target.modules.kernel
    if kernel is None:
        return Absent("the dump does not say where the kernel lies")
    if target.machine.name not in ("x64", "x86"):
        return Absent(f"{FUNCTION} of {target.machine.name} kernels is not understood")
    at = export(target.memory, int(kernel.base), FUNCTION)
    if at is None:
        return Absent(f"the kernel's export table, or {FUNCTION} in it, can't be read")
    code = target.memory.read_some(at, _LONGEST)
    if code[:1] == bytes([_JMP]) and len(code) >= 5:  # the function was moved elsewhere
        at += 5 + int.from_bytes(code[1:5], "little", signed=True)
        code = target.memory.read_some(at, _LONGEST)
    table, cookie = (_x64 if target.machine.name == "x64" else _x86)(code, at)
    inside = range(int(kernel.base), int(kernel.end))
    if table not in inside or (cookie is not None and cookie not in inside):
        return Absent(f"the code of {FUNCTION} is not what it is known to be")
    return TypeCode(target.address(at), target.address(table), None if cookie is None else target.address(cookie))


def _x64(code: bytes, at: int) -> tuple[int, int | None]:
    """Return what ``lea r64, [rip+x]`` and ``movzx r32, byte ptr [rip+x]`` (or ``xor r8, ...``) refer to."""
    table, cookie = 0, None
    for here in range(len(code) - 6):
        if code[here] == _RET and table:
            break
        # ModRM: mod 0, r/m 5 is RIP-relative.
        if code[here] in (0x48, 0x4C) and code[here + 1] == 0x8D and code[here + 2] & 0xC7 == 5:
            table = at + here + 7 + _displacement(code, here + 3)
        elif code[here : here + 2] == b"\x0f\xb6" and code[here + 2] & 0xC7 == 5:
            cookie = at + here + 7 + _displacement(code, here + 3)
        elif code[here] == 0x32 and code[here + 1] & 0xC7 == 5:
            cookie = at + here + 6 + _displacement(code, here + 2)
    return table, cookie


def _x86(code: bytes, at: int) -> tuple[int, int | None]:
    """Return what ``mov r32, [r32*4+x]`` and ``movzx r32, byte ptr [x]`` (or ``xor r8, ...``) refer to."""
    table, cookie = 0, None
    for here in range(len(code) - 6):
        if code[here] in (_RET, _RET_N) and table:
            break
        # ModRM: mod 0, r/m 4 has a SIB byte; scale 4 and base 5 is index * 4 + displacement.
        if code[here] == 0x8B and code[here + 1] & 0xC7 == 4 and code[here + 2] & 0xC7 == 0x85:
            table = _displacement(code, here + 3) & 0xFFFFFFFF
        elif code[here : here + 2] == b"\x0f\xb6" and code[here + 2] & 0xC7 == 5:
            cookie = _displacement(code, here + 3) & 0xFFFFFFFF
        elif code[here] == 0x32 and code[here + 1] & 0xC7 == 5:
            cookie = _displacement(code, here + 2) & 0xFFFFFFFF
    return table, cookie


def _displacement(code: bytes, at: int) -> int:
    return int.from_bytes(code[at : at + 4], "little", signed=True)
