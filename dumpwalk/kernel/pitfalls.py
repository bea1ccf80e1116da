"""Well-known pitfalls in words, ``pitfalls.txt``: one place for commands on dumps and for remarks on pasted text."""

from __future__ import annotations

from dumpwalk import resources
from dumpwalk.record import record


@record
class Pitfall:
    """What many run into.

    :param severity: ``info``, ``low``, ``medium``, ``high`` or ``critical``
    :param mentions: words that stand in one line of a text that names it; one of these is enough
    :param frames: from the innermost outwards; for each the patterns ``module!function`` that fit it
    :param places: such patterns of a single place in code
    :param unless: rules about stacks that say the same
    :param sentences: what it is (``text``), and what is said of single cases
    :param next: what to look at next
    """

    name: str
    title: str
    severity: str
    mentions: tuple[tuple[str, ...], ...]
    frames: tuple[tuple[str, ...], ...]
    places: tuple[str, ...]
    unless: tuple[str, ...]
    sentences: dict[str, str]
    next: tuple[str, ...]


# Keys that are no sentences; each may stand several times.
_KEYS = ("pitfall", "title", "severity", "mention", "frames", "places", "unless", "next")
_loaded: dict[str, Pitfall] = {}


def pitfalls() -> dict[str, Pitfall]:
    """Return all pitfalls by name, read when first asked for."""
    if not _loaded:
        text = resources.read("dumpwalk.kernel", "pitfalls.txt").decode("utf-8")
        _loaded.update((p.name, p) for p in map(_pitfall, text.split("\n\n")[1:]))
    return _loaded


def told(name: str, key: str = "text", **values: object) -> str:
    """Return a sentence of the pitfall *name*.

    :param values: what stands for the names in braces that are no other sentences
    :raises KeyError: when there is no such pitfall, sentence or value

    >>> told("slist-aba", "repeats", bits=9, times=512)
    'A sequence number of 9 bits repeats after 512 operations (ABA).'
    """
    sentences = pitfalls()[name].sentences
    text = sentences[key]
    for other, said in sentences.items():
        text = text.replace(f"{{{other}}}", said)
    return text.format_map(values)


def _pitfall(paragraph: str) -> Pitfall:
    lines = [line.partition(": ")[::2] for line in paragraph.strip().split("\n")]
    keys: dict[str, list[str]] = {key: [text for k, text in lines if k == key] for key in _KEYS}
    return Pitfall(
        keys["pitfall"][0],
        keys["title"][0],
        keys["severity"][0],
        tuple(tuple(text.split(" & ")) for text in keys["mention"]),
        tuple(tuple(item.split("|")) for text in keys["frames"] for item in text.split(" > ")),
        tuple(pattern for text in keys["places"] for pattern in text.split("|")),
        tuple(keys["unless"]),
        {key: text for key, text in lines if key not in _KEYS},
        tuple(keys["next"]),
    )
