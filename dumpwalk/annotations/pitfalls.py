"""Which well-known pitfalls a text shows: by words in its prose, by the frames of a stack, by a place in code."""

from __future__ import annotations

from dumpwalk.annotations import Annotation
from dumpwalk.annotations.stack_rules import matcher
from dumpwalk.annotations.stacks import plain
from dumpwalk.kernel.pitfalls import Pitfall, pitfalls, told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    Fits = Callable[[str, str], bool]

_stacks: list[tuple[Pitfall, tuple[tuple[Fits, ...], ...]]] = []
_places: list[tuple[Pitfall, tuple[Fits, ...]]] = []
_LARGEST_CACHE = 4096
_seen: dict[tuple[str, str], tuple[Annotation, ...]] = {}


def remark(name: str, text: str = "", line: int | None = None) -> Annotation:
    """Return the pitfall *name* as an annotation.

    :param text: what to say of the case at hand, instead of what is true of any
    """
    found = pitfalls()[name]
    return Annotation("pitfall", name, found.title, sentence(text or told(name)), found.next, found.severity, line)


def sentence(text: str) -> str:
    """Return *text*, which commands print as a note in brackets, as a sentence.

    >>> sentence("the thread is attached"), sentence("IoStatus is lost.")
    ('The thread is attached.', 'IoStatus is lost.')
    """
    first = text.split(" ", 1)[0]
    start = text[:1].upper() if first.islower() else text[:1]
    return f"{start}{text[1:]}" + ("" if text.endswith((".", ":")) else ".")


def mentioned(line: str, number: int | None = None) -> Iterator[Annotation]:
    """Yield the pitfalls that a line of prose mentions.

    >>> [a.name for a in mentioned("Irp->UserIosb is not written")]
    ['user-iosb']
    """
    for pitfall in pitfalls().values():
        if any(all(word in line for word in mention) for mention in pitfall.mentions):
            text = told(pitfall.name, "mentioned") if "mentioned" in pitfall.sentences else ""
            yield remark(pitfall.name, text, number)


def in_stack(frames: Sequence[tuple[str, str]], rules: Collection[str]) -> Iterator[Annotation]:
    """Yield the pitfalls that a stack shows.

    :param frames: module and function of each frame, the innermost first
    :param rules: names of the rules that fit the stack: what they say is not said again
    """
    if not _stacks:
        _stacks.extend(
            (p, tuple(tuple(matcher(pattern) for pattern in item) for item in p.frames))
            for p in pitfalls().values()
            if p.frames
        )
    functions = [function for _, function in frames]
    sites: list[tuple[str, str]] = []
    for pitfall, items in _stacks:
        first = pitfall.frames[0][0].partition("!")[2]
        # The first frame of each is a function's whole name, which few stacks have in them.
        if not any(first in function for function in functions) or any(rule in rules for rule in pitfall.unless):
            continue
        sites = sites or [plain(module, function) for module, function in frames]
        at = iter(sites)
        if all(any(any(fits(*site) for fits in item) for site in at) for item in items):
            yield remark(pitfall.name)


def at_place(module: str, function: str) -> tuple[Annotation, ...]:
    """Return the pitfalls that a place in code is known for. A log has the same places again and again."""
    found = _seen.get((module, function))
    if found is None:
        if not _places:
            _places.extend((p, tuple(matcher(each) for each in p.places)) for p in pitfalls().values() if p.places)
        if len(_seen) >= _LARGEST_CACHE:
            _seen.clear()
        site = plain(module, function)
        fitting = (pitfall.name for pitfall, patterns in _places if any(fits(*site) for fits in patterns))
        found = _seen[module, function] = tuple(remark(name) for name in fitting)
    return found
