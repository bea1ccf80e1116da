"""Prompts, and what was typed behind them."""

from __future__ import annotations

import re

# kd>, 0: kd>, lkd>, 0: kd:x86>, 0:000>, 0:000:x86>, knl>; copies of documents hold two in a row. A prompt of
# gdb, and that of a debugger inside a shell. ||1:0:011> is of the second of several targets.
_PROMPT = re.compile(
    r"[ ]*((?:(?:(?:[|]{2})?[0-9]{1,3}:(?=[0-9]{1,3}:[ 0-9]))?"
    r"(?:(?:[0-9]{1,4}: ?)?l?[kK]d(?::[a-z0-9]+)?>|[0-9]{1,4}:[0-9]{3}(?::[a-z0-9]+)?>)|knl>|dx>(?: |\Z)"
    r"|\(gdb\)|\(lldb\)|[0-9]{1,4}:[0-9]{3,4}:x86>)[ ]*)+(.*)"
)
# A command line that lost its prompt. Titles of sections and sentences also begin with these words,
# so each must be followed by what such a command takes.
_BARE = re.compile(
    r"[ ]*(!(?:analyze|thread|process|ca|irp|pte|pool|object|handle|locks|devobj|drvobj|devstack|devnode|stacks|vm"
    r"|memusage|apc|fileobj|vad|idt|running|pcr|prcb|irql|session|exchain|peb|teb|heap|error|lmi|address|mex\.\w+|ddt|cpuinfo|[wW]in[dD][eE]\.\w+)"
    r"(?:[ ]+[-0-9a-zA-Z_`!.]+){0,4}[ ]*|\.(?:bugcheck|trap|cxr|exr|ecxr|thread|process)(?:[ ]+[-/a-z0-9`]+)?[ ]*"
    r"|vertarget|~[0-9*]{0,3}[ ]*k[bcdfnpPvL]*|k[bcdfnpPvL]*[ ]+(?:L?[0-9a-f]{1,3})[ ]*"
    r"|dt[ ]+(?:[-/][a-z0-9]+[ ]+)*(?:\w+!)?_[A-Z][\w ./*-]*)\Z"
)
_BARE_STARTS = ("!", ".", "~", "k", "d", "v")
# A remark of the author behind a command: [..] in brackets, // in slashes, or parted by many blanks.
_REMARK = re.compile(r"[ ]+(?:\[[A-Z][^\]]*\]\Z|//(?: |\Z)|[ ]{8,})")
_WORD = re.compile(r"(?:~[0-9*.#]*[ ]*(?:s[ ]*;)?)?[ ]*(\?\??|[!.]?(?:mex\.)?[A-Za-z_|]+)")


def prompted(line: str) -> str | None:
    """Return the command behind a prompt, ``""`` when there is none; ``None`` when *line* shows no prompt.

    >>> prompted("0: kd> dt nt!_MDL"), prompted("kd> .bugcheck   [Lists bug check data.]"), prompted("nt!KeBugCheck")
    ('dt nt!_MDL', '.bugcheck', None)
    """
    if ">" not in line[:40] and "(" not in line[:4]:
        return None
    found = _PROMPT.match(line)
    return _without_remark(found[2]) if found else None


def bare(line: str) -> str | None:
    """Return the command that *line* is without any prompt, or ``None``."""
    if line.lstrip(" ")[:1] not in _BARE_STARTS:
        return None
    found = _BARE.match(line)
    return found[1].strip() if found else None


def word(command: str) -> str:
    """Return the word of *command* that says which one it is, in lower case where case does not count.

    >>> word("!mex.ddt nt!_MDL"), word("~*kb"), word("??sizeof(x)"), word("kP 5"), word("")
    ('ddt', 'kb', '??', 'kP', '')
    """
    found = _WORD.match(command)
    if not found:
        return ""
    name = found[1].removeprefix("!").removeprefix("mex.").removeprefix(".")
    return name if name[:1] == "k" else name.lower()


def _without_remark(command: str) -> str:
    text = command.strip()
    found = _REMARK.search(text)
    return text[: found.start()] if found else text
