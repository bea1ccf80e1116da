"""Addresses of code, with the names that symbols and modules give them."""

from __future__ import annotations

from dumpwalk.memory.address import Address
from dumpwalk.record import record
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.target import Target

IN_NO_MODULE = Absent("in no loaded module")


@record
class CodeAddress:
    """An address of code, and the module it lies in.

    :param where: ``nt+0x225870``; absent when it lies in no loaded module
    """

    address: Address
    where: str | Absent


def code_address(target: Target, address: int) -> CodeAddress:
    """Return *address* with its name; names that were asked for are kept."""
    known = target.kept.setdefault("code", {})
    found: CodeAddress | None = known.get(address)
    if found is None:
        value = target.address(address)
        found = known[address] = CodeAddress(value, target.name(value) or IN_NO_MODULE)
    return found
