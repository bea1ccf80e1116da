"""The place in code that a line of a stack, a pointer or a disassembly names, with what is noted behind it."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record


@record
class Site:
    """A place in code as text names it.

    :param module: what the debugger calls the module; ``""`` where there is none
    :param symbol: the name in it, with arguments, templates and blanks as printed
    :param offset: from the symbol, or from the module's base where no symbol is named; ``None`` without one
    :param address: where no name is printed, the bare address
    :param parameters: the list in brackets that some commands print behind the name
    :param source: the source file, and its line
    :param notes: further remarks in brackets: ``FPO: [1,145,4]``, ``CONV: stdcall``, ``TrapFrame @ a03aba2c``;
        and what an author wrote behind it
    :param trap_frame: the address that such a remark gives
    """

    module: str
    symbol: str
    offset: Hex | None
    address: Address | None = None
    parameters: str = ""
    source: str = ""
    line: int | None = None
    notes: tuple[str, ...] = ()
    trap_frame: Address | None = None


_OFFSET = re.compile(r"(?s)(.*?)\+(?:0x)?([0-9a-fA-F]{1,16})\Z")
_NOTE = re.compile(
    r"[ ]+\(((?:FPO|CONV|TrapFrame|Inline|!devobj|BP|Unloaded|EBP|No |perf|PERF|\[|T|Uses)[^()]*"
    r"|[0-9a-f`]{8,17}|Pending.*)\)\Z"
)
_TRAP = re.compile(r"TrapFrame @ ([0-9a-f`]{8,17})")
_BARE = re.compile(r"(?:0x|\+0x|\+)([0-9a-fA-F`]{1,17})\Z")

_LARGEST_CACHE = 1 << 15
_seen: dict[str, Site] = {}


def site(text: str) -> Site:
    """Return the place that *text* names. Stacks repeat themselves, so what was read lately is kept.

    >>> site("nt!KiSwapContext+0x26 (FPO: [Uses EBP] [0,0,4])")
    Site(module='nt', symbol='KiSwapContext', offset=Hex(0x26), address=None, parameters='', source='', line=None, \
notes=('FPO: [Uses EBP] [0,0,4]',), trap_frame=None)
    """
    found = _seen.get(text)
    if found is None:
        if len(_seen) >= _LARGEST_CACHE:
            _seen.clear()
        found = _seen[text] = _plain(text) or _site(text)
    return found


def _plain(text: str) -> Site | None:
    """Return the place of the usual form, ``module!symbol+0x12`` and perhaps notes; ``None`` for any other form."""
    name, _, remark = text.partition(" ")
    notes = _notes(remark) if remark else ((), None)
    if notes is None or "(" in name or name[:1] in "0+" or name[-1:] == "]":
        return None
    head, plus, digits = name.rpartition("+0x")
    offset = None
    if plus:
        try:
            offset = Hex(digits, 16)
        except ValueError:
            return None
        name = head
    elif "+" in name:
        return None
    module, bang, symbol = name.partition("!")
    if not bang:
        module, symbol = (name, "") if offset is not None else ("", name)
    return Site(module, symbol, offset, None, "", "", None, *notes)


_known_notes: dict[str, tuple[tuple[str, ...], Address | None] | None] = {"": ((), None)}


def _notes(text: str) -> tuple[tuple[str, ...], Address | None] | None:
    """Return the notes that *text* consists of; ``None`` when there is something else in it."""
    if text in _known_notes:
        return _known_notes[text]
    found: tuple[tuple[str, ...], Address | None] | None = None
    rest = " " + text.strip()
    notes: list[str] = []
    while rest.endswith(")") and len(notes) < 8 and (note := _NOTE.search(rest[-256:])):
        notes.insert(0, note[1])
        rest = rest[: len(rest) - (note.end() - note.start())]
    if not rest.strip():
        trap = next((Address(t[1].replace("`", ""), 16) for n in notes if (t := _TRAP.search(n))), None)
        found = tuple(notes), trap
    if len(_known_notes) < _LARGEST_CACHE:
        _known_notes[text] = found
    return found


def _site(text: str) -> Site:
    rest, remark = _remark(text.strip())
    source, line = "", None
    if rest.endswith("]"):
        rest, source, line = _source(rest)
    notes: list[str] = []
    while rest.endswith(")") and len(notes) < 8 and (note := _NOTE.search(rest[-256:])):
        notes.insert(0, note[1])
        rest = rest[: len(rest) - (note.end() - note.start())]
    notes += [remark] * bool(remark)
    trap = next((Address(int(t[1].replace("`", ""), 16)) for n in notes if (t := _TRAP.search(n))), None)
    if (bare := _BARE.match(rest)) and bare[1] != "`":
        return Site("", "", None, Address(int(bare[1].replace("`", ""), 16)), "", source, line, tuple(notes), trap)
    offset = None
    if found := _OFFSET.match(rest):
        rest, offset = found[1], Hex(int(found[2], 16))
    rest, parameters = _parameters(rest)
    module, bang, symbol = rest.partition("!")
    if not bang:
        module, symbol = (rest, "") if offset is not None else ("", rest)
    return Site(module.strip(), symbol.strip(), offset, None, parameters, source, line, tuple(notes), trap)


def _remark(text: str) -> tuple[str, str]:
    """Part a place from what the author of a page wrote behind it."""
    for sign in (" // ", " <-"):
        at = text.find(sign)
        if at > 0:
            return text[:at].rstrip(), text[at:].strip()
    return text, ""


def _source(text: str) -> tuple[str, str, int | None]:
    """Part ``symbol [file @ 12]`` into what it consists of; some copies double the bracket."""
    at = text.rfind(" @ ")
    start = text.rfind(" [", 0, at) if at > 0 else -1
    digits = text[at + 3 : -1].partition("+")[0].strip()
    if start < 0 or not digits.isdecimal() or len(digits) > 9:
        return text, "", None
    return text[:start].rstrip(), text[start + 2 : at].lstrip("["), int(digits)


def _parameters(text: str) -> tuple[str, str]:
    """Part a function's name from its parameters: the first bracket that is no operator's or template's."""
    if not text.endswith(")"):
        return text, ""
    start = text.find("(")
    if text[:start].endswith("operator"):
        start = text.find("(", start + 2)
    if start <= 0 or text.count("<", 0, start) > text.count(">", 0, start):
        return text, ""
    return text[:start].rstrip(), text[start:]
