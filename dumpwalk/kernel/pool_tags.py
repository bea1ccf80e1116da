"""Pool tags: who uses which, looked up in ``pool_tags.txt``."""

from __future__ import annotations

from dumpwalk import resources
from dumpwalk.record import record

_ANY = "?"


@record
class PoolTag:
    """What is known of a tag.

    :param binary: the driver, or the part of the kernel (``nt!mm``); ``""`` when that is not known
    :param description: what for; ``""`` when that is not known
    """

    tag: str
    binary: str
    description: str


_users: dict[str, str] = {}
_uses: dict[str, str] = {}


def pool_tag(tag: str) -> PoolTag | None:
    """Return what is known of *tag*, ``None`` for nothing.

    :param tag: four characters; upper and lower case are different

    >>> pool_tag("MmCa"), pool_tag("Acpz").binary, pool_tag("\\x01\\x02\\x03\\x04")
    (PoolTag(tag='MmCa', binary='nt!mm', description='control area of mapped files'), 'acpi.sys', None)
    """
    if not _users:
        _load()
    found = next((known for known in _patterns(tag) if known in _users or known in _uses), None)
    return None if found is None else PoolTag(tag, _users.get(found, ""), _uses.get(found, ""))


def _patterns(tag: str) -> tuple[str, ...]:
    """Return how the list may write *tag*: as it is, or with what stands for anything at its end."""
    return tag, tag[:3] + "*", tag[:3] + _ANY, tag[:2] + 2 * _ANY


def _load() -> None:
    text = resources.read("dumpwalk.kernel", "pool_tags.txt").decode("ascii")
    _, _, rest = text.partition("[binaries]\n")
    binaries, _, descriptions = rest.partition("[descriptions]\n")
    for row in binaries.split("\n"):
        user, _, tags = row.partition("\t")
        _users.update((tags[i : i + 4], user) for i in range(0, len(tags), 4))
    _uses.update((tag, use) for tag, _, use in (row.partition("\t") for row in descriptions.split("\n") if row))
