"""What a ``dt`` on a pasted command line asks for, as far as that can be told without its debugger."""

from __future__ import annotations

from dumpwalk.memory.address import Address


def command_target(words: str) -> tuple[str, str, Address | None]:
    """Return type, module and address that a ``dt`` command line asks for, as far as they can be told.

    >>> command_target("dt nt!_SUBSECTION 0x863c1758+0x50")
    ('_SUBSECTION', 'nt', Address(0x863c17a8))
    """
    import re

    words = " ".join(words.split())  # or a line of blanks would take the patterns below quadratic time
    words = re.sub(r"//.*|->.*|\(\)\s*Recursive.*", "", words)
    found = re.match(r"\s*(?:!mex\.d?dt|!ddt|dt)(?![a-z])\s*(.*)", words)
    if not found:
        return "", "", None
    name, address = "", None
    rest = re.sub(r"\s*([+-])\s+(?=[0-9a-f])", r"\1", found[1])
    rest = re.sub(r"(^|\s)-[ls]\s+\S+", " ", rest)
    for word in re.findall(r"\([^()]*\)|\S+", rest):
        if word.startswith("-"):
            continue
        value = number(word)
        if value is not None:
            address = address if address is not None else value
        elif not name and re.match(r"[A-Za-z_$<][\w:!$~<>,@*.-]*(?:\[[0-9]+\])?$", word):
            name = word
    module, bang, plain = name.partition("[")[0].rpartition("!")
    return plain, module if bang else "", address


def number(text: str) -> Address | None:
    """Return the sum of hexadecimal numbers that *text* is; ``None`` when it is anything else."""
    import re

    bare = text.strip().strip("()").replace("`", "").replace("'", "").replace(" ", "")
    if not re.fullmatch(r"(?:0x)?[0-9a-fA-F]{1,16}(?:[+-](?:0x)?[0-9a-fA-F]{1,16})*", bare):
        return None
    total = 0
    for sign, digits in re.findall(r"([+-]?)(?:0x)?([0-9a-fA-F]+)", bare):
        total += -int(digits, 16) if sign == "-" else int(digits, 16)
    return Address(total & 0xFFFFFFFFFFFFFFFF)
