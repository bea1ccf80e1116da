"""Whom a thread acts for: its impersonation token, in three generations."""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.memory.address import Address
from dumpwalk.objects.members import integer, pointer
from dumpwalk.record import record
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.views import AnyView
    from dumpwalk.target import Target

# SECURITY_IMPERSONATION_LEVEL (winnt.h)
LEVELS = ("Anonymous", "Identification", "Impersonation", "Delegation")
# _PS_CLIENT_SECURITY_CONTEXT (public symbols): the level in the two lowest bits, EffectiveOnly in the next.
_LEVEL, _FLAGS = 3, 7


@record
class Impersonation:
    """The token a thread uses instead of its process's."""

    Token: Address | Absent
    ImpersonationLevel: str | Absent


def impersonation(target: Target, view: AnyView) -> Impersonation | Absent | None:
    """Return whom the thread in *view* acts for; ``None`` when it does not impersonate."""
    active = view.int("ActiveImpersonationInfo")
    if isinstance(active, Absent):
        return active
    if not active:
        return None
    if view.has("ClientSecurity.ImpersonationData"):  # since Windows Vista
        value = view.int("ClientSecurity.ImpersonationData")
        if isinstance(value, Absent):
            return value
        return Impersonation(target.address(value & ~_FLAGS), LEVELS[value & _LEVEL])
    place = view.pointer("ImpersonationInfo")
    if isinstance(place, Absent):
        return place
    try:
        info = target.object("_PS_IMPERSONATION_INFORMATION", place)
    except TypeInfoError as error:
        return Absent(str(error))
    level = integer(info, "ImpersonationLevel")
    if not isinstance(level, Absent):
        number = int(level)
        name = LEVELS[number] if 0 <= number < len(LEVELS) else Absent(f"{number} is no level of impersonation")
        return Impersonation(pointer(info, "Token"), name)
    return Impersonation(pointer(info, "Token"), level)
