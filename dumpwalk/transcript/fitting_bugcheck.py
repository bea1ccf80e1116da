"""Which decoding of a bug check a text is, where this program printed it.

What parameters mean depends on the machine and on the build, and the text says neither. So of the decodings that there
are, the one is taken whose words are printed; a text in anybody else's words has that of an unknown machine.
"""

from __future__ import annotations

from functools import lru_cache

from dumpwalk.bugchecks import BugCheck, decode
from dumpwalk.memory.address import Address32
from dumpwalk.memory.machine import MACHINES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# None of them known, and one build of each stretch in which parameters mean the same: Windows XP, 7, 10.
_BUILDS = (None, 2600, 7601, 19041)


@lru_cache(maxsize=256)
def decoded(code: int, parameters: tuple[int, ...]) -> BugCheck:
    """Return what a bug check means. A block asks several times, and logs repeat themselves."""
    return decode(code, parameters)


@lru_cache(maxsize=16)
def decodings(code: int, parameters: tuple[int, ...]) -> tuple[BugCheck, ...]:
    """Return the different decodings of a bug check, that of an unknown machine first."""
    found = [decode(code, parameters, m, build) for m in (None, *MACHINES.values()) for build in _BUILDS]
    return tuple(one for n, one in enumerate(found) if one not in found[:n])


def is_own(bugcheck: BugCheck, texts: Sequence[str]) -> bool:
    """Say whether *texts*, those of its parameters, are in this program's words."""
    return len(texts) == 4 and all(_begins(text, p.meaning) for text, p in zip(texts, bugcheck.parameters))


def fitting(code: int, parameters: tuple[int, ...], texts: Sequence[str], digits: int, said: Sequence[str]) -> BugCheck:
    """Return the decoding of a bug check that has the words of the text.

    :param texts: what stands behind each parameter
    :param digits: how many a parameter is printed with
    :param said: the lines below the parameters
    """
    found = decoded(code, parameters)
    if not is_own(found, texts):
        return found
    return max(decodings(code, parameters), key=lambda one: _alike(one, texts, digits, said))


def _alike(bugcheck: BugCheck, texts: Sequence[str], digits: int, said: Sequence[str]) -> int:
    count = sum(text.split() == f"{p.meaning} {p.decoded or ''}".split() for text, p in zip(texts, bugcheck.parameters))
    count += sum(any(line in text for text in bugcheck.explanation) for line in said)
    narrow = any(isinstance(p.value, Address32) for p in bugcheck.parameters)
    return 4 * count + (digits == (8 if narrow else 16))


def _begins(text: str, meaning: str) -> bool:
    words = meaning.split()
    return text.split()[: len(words)] == words
