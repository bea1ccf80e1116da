"""Frames as gdb prints them of a Linux kernel, and as Xcode does of macOS."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address
from dumpwalk.transcript.frame import Frame
from dumpwalk.transcript.site import Site

# #1  0xc10e4e31 in lookup_open (opened=0xce0f5ec8) at fs/namei.c:2641
_HEAD = re.compile(r"[ ]*#([0-9]{1,4})[ ]+(?:(0x[0-9a-f]+) in )?(.+)\Z")
_CALL = re.compile(r"((?:[^\s()]|[ ](?=[^\s()])|operator\(\))+?)[ ]?\((.*)\)(?: at (\S+?):([0-9]+)| from (\S+))?\Z")
_SIGNAL = "<signal handler called>"
# IOStorage::open at IOStorage.cpp:216
_XCODE = re.compile(r"[ ]*(?:[0-9]+[ ]+)?([A-Za-z_~]\w*(?:::[A-Za-z_~]\w*)+) at ([\w./+-]+\.\w{1,4}):([0-9]+)\Z")
_LONGEST_FRAME = 16384


def begins(line: str) -> bool:
    """Say whether a frame of gdb begins with *line*; its argument list may go on below."""
    return _HEAD.match(line) is not None


def complete(text: str) -> bool:
    """Say whether no bracket of a frame is open any more, and the source is there if ``at`` is."""
    return text.count("(") <= text.count(")") or len(text) > _LONGEST_FRAME


def frame(text: str) -> Frame | None:
    """Return the frame that *text* is, the lines of it joined by blanks.

    >>> frame("#2  0xc10e4e31 in lookup_open (opened=0xce0f5ec8, got_write=false) at fs/namei.c:2641").place.source
    'fs/namei.c'
    """
    found = _HEAD.match(text)
    if not found:
        return None
    number, address, rest = int(found[1]), found[2], found[3].strip()
    at = Address(int(address, 16)) if address else None
    if rest == _SIGNAL:
        return Frame(number, None, None, (), None, Site("", "", None, at, notes=(_SIGNAL,)))
    call = _CALL.match(rest)
    if not call:
        return None
    name = call[1]
    if name == "??":
        name = ""
    place = Site(call[5] or "", name, None, at, call[2], call[3] or "", int(call[4]) if call[4] else None)
    return Frame(number, None, None, (), None, place)


def xcode(line: str) -> Frame | None:
    """Return the frame that *line* is: a method and its place in the source."""
    found = _XCODE.match(line)
    if not found:
        return None
    return Frame(None, None, None, (), None, Site("", found[1], None, None, "", found[2], int(found[3])))
