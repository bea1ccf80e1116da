"""All that one VAD says of itself, as ``!vad ADDRESS 1`` shows it."""

from __future__ import annotations

from dumpwalk.kernel.vad import Vad, Vads
from dumpwalk.objects.members import has, hexadecimal, member, pointer
from dumpwalk.record import record
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.memory.address import Address, Hex
    from dumpwalk.target import Target

# Flags of the second word in !vad's order; LongVad and the secured ones went with Windows 8.
_FLAGS2 = (
    *("SecNoChange", "OneSecured", "MultipleSecured", "ReadOnly", "LongVad", "ExtendableFile"),
    *("Large", "TrimBehind", "CopyOnWrite", "NoValidationNeeded", "PrivateDemandZero"),
)
_FLAGS = (
    *("NoChange", "Teb", "PrivateFixup", "ManySubsections", "Enclave", "PageSize64K", "RfgControlStack"),
    *("Graphics", "ShadowStack", "HotPatchAllowed", "DeleteInProgress", "Lock", "LockContended"),
)
# SECTION_INHERIT: ViewShare is 1, ViewUnmap 2; the flag says which of the two.
_INHERIT = ("ViewUnmap", "ViewShare")


@record
class VadDetail:
    """One VAD in full.

    :param secured: ``Flink`` and ``Blink`` of what is secured in it; 0 where it has no place for that
    :param extended: what ``Banked`` or ``ExtendedInfo`` points to; 0 for nothing
    :param FileOffset: where in the file the view begins, as the VAD's flags say; ``None`` for private memory
    :param flags: names of the flags that are set, as they are before the protection
    :param flags2: names of those of the second word
    :param old: it has the members of kernels before Windows 8
    """

    vad: Vad
    secured: tuple[Address | Absent, Address | Absent]
    extended: Address | Absent
    FileOffset: Hex | Absent | None
    flags: tuple[str, ...]
    flags2: tuple[str, ...]
    old: bool | Absent


def vad_detail(target: Target, address: int) -> VadDetail:
    """Return the VAD at *address* in full.

    :raises TypeInfoError: when the types of this kernel are not known
    """
    vad = Vads(target).read(address)[0]
    found = target.object("_MMVAD", address)
    core = found.Core if has(found, "Core") else found
    flags = member(core, "u.VadFlags")
    names = [] if vad.VadType in ("VadNone",) or isinstance(vad.VadType, Absent) else [vad.VadType.removeprefix("Vad")]
    old = not has(found, "Core")
    nothing = target.address(0)
    if vad.private is not False:
        names += _set(flags, _FLAGS)
        return VadDetail(vad, (nothing, nothing), nothing, None, tuple(names), (), old)
    flags2 = member(found, "u2.VadFlags2")
    if not isinstance(flags2, Absent) and has(flags2, "Inherit"):
        inherit = hexadecimal(flags2, "Inherit")
        names += [] if isinstance(inherit, Absent) else [_INHERIT[bool(inherit)]]
    names += _set(flags, _FLAGS)
    secured, extended = _long(target, found, flags2)
    offset = hexadecimal(flags2, "FileOffset")
    return VadDetail(vad, secured, extended, offset, tuple(names), tuple(_set(flags2, _FLAGS2)), old)


def _set(flags: Any, names: tuple[str, ...]) -> list[str]:
    """Return those of *names* that are set in *flags*; what can't be read is not."""
    if isinstance(flags, Absent):
        return []
    return [name for name in names if has(flags, name) and flags.member_(name)]


def _long(target: Target, vad: Any, flags2: Any) -> tuple[tuple[Address | Absent, Address | Absent], Address | Absent]:
    """Return what is secured in a VAD, and its extension, which only long ones have before Windows 8."""
    nothing = target.address(0)
    if has(vad, "u4.ExtendedInfo"):
        return (nothing, nothing), pointer(vad, "u4.ExtendedInfo")
    is_long = not isinstance(flags2, Absent) and has(flags2, "LongVad") and bool(flags2.member_("LongVad"))
    if not is_long or target.types.find("_MMVAD_LONG") is None:
        return (nothing, nothing), nothing
    whole = target.object("_MMVAD_LONG", int(vad.address_))
    links = pointer(whole, "u3.List.Flink"), pointer(whole, "u3.List.Blink")
    return links, pointer(whole, "u4.Banked", "u4.ExtendedInfo")
