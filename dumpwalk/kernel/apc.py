"""APC disable counts of a thread."""

from __future__ import annotations

from dumpwalk.record import record


@record
class CombinedApcDisable:
    """``_KTHREAD.CombinedApcDisable``: two signed 16-bit counts in one 32-bit field.

    Both start at 0. Disabling subtracts one and enabling adds one, so a
    negative count says that APCs are disabled, and a positive one that they
    were enabled more often than disabled.

    :param SpecialApcDisable: high half: guarded regions (``KeEnterGuardedRegion``), which hold off all APCs
    :param KernelApcDisable: low half: critical regions (``KeEnterCriticalRegion``), which hold off normal kernel APCs
    """

    SpecialApcDisable: int
    KernelApcDisable: int


def split(value: int) -> CombinedApcDisable:
    """Return the two counts in *value*, the field as an unsigned number.

    The kernel's public symbols declare ``KernelApcDisable`` and
    ``SpecialApcDisable`` as ``Int2B`` at offsets 0 and 2 of the union.
    Windows XP has only a 32-bit ``KernelApcDisable``.

    >>> split(0xFFFF)
    CombinedApcDisable(SpecialApcDisable=0, KernelApcDisable=-1)
    """
    return CombinedApcDisable(_signed16(value >> 16), _signed16(value))


def held_off(counts: dict[str, int]) -> str:
    """Return what the halves of ``CombinedApcDisable`` say, by their names; ``""`` where they are all 0.

    Windows XP has one number for both kinds. What each holds off is in Microsoft's page "Critical Regions and Guarded
    Regions"; a mutex counts as a critical region, as in the words on bug check 1.

    >>> held_off({"KernelApcDisable": 1, "SpecialApcDisable": 0})
    'KernelApcDisable 1, SpecialApcDisable 0: APCs were enabled more often than disabled'
    """
    if not any(counts.values()):
        return ""
    if max(counts.values()) > 0:
        said = "APCs were enabled more often than disabled"
    elif counts.get("SpecialApcDisable", 0) < 0:
        said = "no APCs are delivered, special kernel APCs neither (KeEnterGuardedRegion, a guarded mutex)"
    else:
        said = "normal kernel APCs and user APCs are held off (KeEnterCriticalRegion, FsRtlEnterFileSystem, a mutex)"
    return f"{', '.join(f'{name} {count}' for name, count in counts.items())}: {said}"


def _signed16(value: int) -> int:
    return (value & 0xFFFF ^ 0x8000) - 0x8000
