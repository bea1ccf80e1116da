"""What a ``dt`` on a pasted command line asks for, as far as that can be told without its debugger."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address

_BEHIND = re.compile(r"//.*|->.*|\(\)\s*Recursive.*")
_COMMAND = re.compile(r"\s*(?:!mex\.d?dt|!ddt|dt)(?![a-z])\s*(.*)")
_LOOSE_SIGN = re.compile(r"\s*([+-])\s+(?=[0-9a-f])")
_OPTION_WITH_VALUE = re.compile(r"(^|\s)-[ls]\s+\S+")
_WORD = re.compile(r"\([^()]*\)|\S+")
_NAME = re.compile(r"[A-Za-z_$<][\w:!$~<>,@*.-]*(?:\[[0-9]+\])?$")
_SUM = re.compile(r"(?:0x)?[0-9a-fA-F]{1,16}(?:[+-](?:0x)?[0-9a-fA-F]{1,16})*")
_SUMMAND = re.compile(r"([+-]?)(?:0x)?([0-9a-fA-F]+)")


def command_target(words: str) -> tuple[str, str, Address | None]:
    """Return type, module and address that a ``dt`` command line asks for, as far as they can be told.

    >>> command_target("dt nt!_SUBSECTION 0x863c1758+0x50")
    ('_SUBSECTION', 'nt', Address(0x863c17a8))
    """
    words = " ".join(words.split())  # or a line of blanks would take the patterns below quadratic time
    words = _BEHIND.sub("", words)
    found = _COMMAND.match(words)
    if not found:
        return "", "", None
    name, address = "", None
    rest = _LOOSE_SIGN.sub(r"\1", found[1])
    rest = _OPTION_WITH_VALUE.sub(" ", rest)
    for word in _WORD.findall(rest):
        if word.startswith("-"):
            continue
        value = number(word)
        if value is not None:
            address = address if address is not None else value
        elif not name and _NAME.match(word):
            name = word
    module, bang, plain = name.partition("[")[0].rpartition("!")
    return plain, module if bang else "", address


def number(text: str) -> Address | None:
    """Return the sum of hexadecimal numbers that *text* is; ``None`` when it is anything else."""
    bare = text.strip().strip("()").replace("`", "").replace("'", "").replace(" ", "")
    if not _SUM.fullmatch(bare):
        return None
    total = 0
    for sign, digits in _SUMMAND.findall(bare):
        total += -int(digits, 16) if sign == "-" else int(digits, 16)
    return Address(total & 0xFFFFFFFFFFFFFFFF)
