"""``dt -b`` against the one listing of it that a debugger printed for a kernel we know, a late Windows 7 x86.

Each number of the listing is put where it was read from, and the text that
comes out again is compared letter by letter.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dumpwalk.commands.dt import show
from dumpwalk.memory.address import Address32
from dumpwalk.memory.segments import Segment, SegmentedMemory
from dumpwalk.objects.sizes import size_of
from dumpwalk.render.dt import layout
from dumpwalk.render.dt_request import request_of
from dumpwalk.types.model import Reference, Struct
from dumpwalk.types.store import Store

ROW = re.compile(r"( +)\+0x([0-9a-f]+) (\S+) +: (0x[0-9a-f]+|\d+|\(null\))?")
LOG = "h0mbre-2020-04-22-hevd-pool-overflow-32bi-dt-nt-object-type-85053520-b-483.txt"


def test_blocks_of_a_real_listing(real_data: Path) -> None:
    lines = (real_data / "logs" / "dt" / LOG).read_text("utf-8").rstrip("\n").split("\n")
    types = Store.shipped().open("nt/win7sp1-24000-pae-x86")
    words = lines[0].partition("dt ")[2].split()
    top = types.find("_OBJECT_TYPE")
    assert isinstance(top, Struct)
    data = bytearray(top.size)
    path: list[tuple[int, Struct]] = [(0, top)]
    for line in lines[1:]:
        match = ROW.match(line)
        assert match, line
        del path[len(match[1]) // 3 :]
        base, struct = path[-1]
        field = next(f for f in struct.fields if f.name == match[3])
        place = base + int(match[2], 16)
        if match[4] and field.bits is None:
            size = size_of(field.type, types) or 0
            data[place : place + size] = (0 if match[4] == "(null)" else int(match[4], 0)).to_bytes(size, "little")
        inner = types.find(field.type.name) if isinstance(field.type, Reference) else field.type
        if isinstance(inner, Struct):
            path.append((place, inner))
    held = {int(words[1], 16): bytes(data), 0x8BA06838: "Event".encode("utf-16-le") + b"\0\0"}
    memory = SegmentedMemory(Segment(Address32(a), memoryview(b)) for a, b in held.items())

    assert layout(show(memory, types, request_of(words))).split("\n") == lines[1:]


@pytest.mark.real
def test_no_listing_of_the_other_options_is_known(real_data: Path) -> None:
    """-v and -c of a structure rest on Microsoft's page alone; should the logs ever hold one, it has to be compared."""
    asked = set()
    for log in (real_data / "logs").rglob("*.txt"):
        for command in re.findall(r"> ?dt\s+(.+)", log.read_text("utf-8", "replace")):
            asked |= set(re.findall(r"(?:^|\s)-([a-z0-9]+)", command.partition("()")[0]))

    assert {letter for word in asked for letter in word if letter in "bcv"} == {"b"}
