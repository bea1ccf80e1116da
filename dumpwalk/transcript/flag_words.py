"""Names of flags that stand behind their number: beside the record only where they are not ours."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def other_words(printed: Sequence[str], ours: Sequence[str]) -> tuple[str, ...]:
    """Return the names that a text has for a number's bits where it calls them otherwise than we do; else nothing.

    :param printed: bits without a name as hexadecimal numbers, each of its own or all as one
    :param ours: the names that follow from the number

    >>> other_words(["DOE_DEFAULT_SD_PRESENT", "0x60"], ["DOE_DEFAULT_SD_PRESENT", "0x20", "0x40"])
    ()
    >>> other_words(["DOE_MADE_UP"], ["DOE_DEFAULT_SD_PRESENT"])
    ('DOE_MADE_UP',)
    """
    unknown = sum(int(name, 16) for name in ours if name[:2] == "0x")
    whole = [*(name for name in ours if name[:2] != "0x"), *([f"{unknown:#x}"] if unknown else [])]
    return () if list(printed) in ([], list(ours), whole) else tuple(printed)
