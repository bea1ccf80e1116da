"""A pasted text as a target: what its listings show becomes memory and types, as far as it goes.

What ``dt``, ``??`` and the memory commands printed is memory (``values``, ``memory``); the layouts that ``dt`` shows
are types; what ``vertarget``, ``lm``, ``!thread``, ``r`` and ``.bugcheck`` say takes the place of a dump's header
(``machine``). Nothing is made up: what the text does not show can't be read.
"""

from __future__ import annotations

from dumpwalk.errors import FormatError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.formats import Dump

# What of a file is looked at to tell whether it is text, and how much of that may be control characters.
_SAMPLE = 4096
_CONTROLS = frozenset((*range(9), *range(14, 27), *range(28, 32), 127))
_MOST_CONTROLS = 64
_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CHUNK = 1 << 20


def is_text(data: bytes | memoryview) -> bool:
    r"""Say whether a file that begins with *data* is text, in UTF-8, Windows-1252 or UTF-16.

    >>> is_text(b"0: kd> dd 863c1758\r\n"), is_text(b"MZ\x90\0\3\0\0\0"), is_text("kd> dd".encode("utf-16"))
    (True, False, True)
    """
    sample = bytes(data[:_SAMPLE])
    if sample[:2] in _MARKS:
        return True
    odd = sum(b in _CONTROLS for b in sample)
    if sample[1::2].count(0) > len(sample) // 3 and not sample[0::2].count(0):  # UTF-16 without a mark
        return odd == sample[1::2].count(0)
    return 0 not in sample and odd * _MOST_CONTROLS <= len(sample)


def open_text(path: str, data: memoryview) -> Dump | None:
    """Return the dump that the text *data* stands for, ``None`` when it is no text.

    :raises FormatError: when no listing in it shows memory
    """
    if not is_text(data):
        return None
    from dumpwalk.transcript.as_target.collect import collected
    from dumpwalk.transcript.as_target.dump import TextDump

    found, lines = collected(bytes(data[at : at + _CHUNK]) for at in range(0, len(data), _CHUNK))
    if not found.shown.runs and all(draft.address is None for draft, _ in found.listings):
        raise FormatError(f"{path}: pasted text; no listing in it shows memory; try `dumpwalk log`")
    return TextDump(path, len(data), found, tuple(lines.problems))
