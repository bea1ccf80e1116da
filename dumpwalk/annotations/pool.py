"""Whose a pool tag is, wherever a text names one."""

from __future__ import annotations

from dumpwalk.annotations import Annotation
from dumpwalk.kernel.pool_tags import pool_tag

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator

# Of so many tags in one listing the owner is named.
MOST_TAGS = 16
# Pooltag GDev : ...; pool tag 'MmCa'; PoolTag: Ntfx
_TAG = r"\b[Pp]ool ?[Tt]ag:? +(?:is )?(?:(['\"])(.{3,4})\1|([\w*?]{3,4})(?![\w-]))"
_pattern: list[re.Pattern[str]] = []


def tag_owner(tag: str, line: int | None = None, place: str = "") -> Annotation | None:
    """Return whose the blocks with *tag* are; ``None`` where that is not known.

    :param tag: four characters; blanks at its end may be missing
    :param place: where it stands, if that is to be said

    >>> tag_owner("MmCa").title
    'pool tag MmCa: nt!mm, control area of mapped files'
    """
    found = pool_tag(tag.ljust(4))
    if found is None or not (found.binary or found.description):
        return None
    said = ", ".join(part for part in (found.binary, found.description) if part)
    front = f"{place}: " if place else ""
    return Annotation("pool tag", tag, f"{front}pool tag {tag.rstrip()}: {said}", "", line=line)


def tag_of(value: int) -> str:
    """Return the characters of a tag as a number holds it, a protected one's highest bit passed over; ``""`` for none.

    >>> tag_of(0x61436D4D), tag_of(0xE3436D4D), tag_of(0x01020304)
    ('MmCa', 'MmCc', '')
    """
    raw = (value & ~0x80000000 & 0xFFFFFFFF).to_bytes(4, "little")
    return raw.decode("ascii") if all(0x20 <= byte < 0x7F for byte in raw) else ""


def tag_owners(tags: Iterable[str]) -> tuple[Annotation, ...]:
    """Return whose the blocks of several tags are, each once, in order."""
    found = (tag_owner(tag) for tag in list(dict.fromkeys(tags))[:MOST_TAGS])
    return tuple(a for a in found if a is not None)


def tags_in(text: str, line: int | None = None) -> Iterator[Annotation]:
    """Yield whose the tags are that a line of prose names as such."""
    import re

    if not _pattern:
        _pattern.append(re.compile(_TAG))
    for found in _pattern[0].finditer(text):
        tag = found[2] or found[3]
        # "the pool tag that it has": words of prose are no tags.
        said = None if found[3] and tag.islower() else tag_owner(tag, line)
        if said is not None:
            yield said
