"""``dt -b`` and ``-r1`` against listings that debuggers printed of kernels whose types we know.

Each number of a listing is put where it was read from, and the text that comes
out again is compared letter by letter.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dumpwalk.commands.dt import show
from dumpwalk.memory.address import address_class
from dumpwalk.memory.segments import Segment, SegmentedMemory
from dumpwalk.objects.sizes import size_of
from dumpwalk.render.dt import layout
from dumpwalk.render.dt_request import request_of
from dumpwalk.types.model import Array, Pointer, Reference, Struct
from dumpwalk.types.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.types.model import TypeDatabase

ROW = re.compile(r"( +)\+0x([0-9a-f]+) (\S+) +: (?:\[\d+\] )?(0x[0-9a-f`]+|\d+|\(null\))?")


def read_from(lines: list[str], types: TypeDatabase, name: str, address: int) -> dict[int, int]:
    """Return the bytes that a listing of the structure at *address* was made of, by their addresses."""
    found: dict[int, int] = {}
    top = types.find(name)
    assert isinstance(top, Struct)
    path = [(address, top)]
    for line in lines:
        match = ROW.match(line)
        assert match, line
        del path[len(match[1]) // 3 :]
        base, struct = path[-1]
        field = next(f for f in struct.fields if f.name == match[3])
        place, value = base + int(match[2], 16), 0
        type = field.type.element if isinstance(field.type, Array) else field.type
        if match[4] and field.bits is None:
            value = 0 if match[4] == "(null)" else int(match[4].replace("`", ""), 0)
            data = value.to_bytes(size_of(type, types) or 0, "little")
            found |= {place + n: byte for n, byte in enumerate(data)}
        target = type.target if isinstance(type, Pointer) else type
        inner = types.find(target.name) if isinstance(target, Reference) else target
        if isinstance(inner, Struct):
            path.append((value if isinstance(type, Pointer) else place, inner))
    return found


@pytest.mark.parametrize(
    ("log", "profile"),
    [
        ("h0mbre-2020-04-22-hevd-pool-overflow-32bi-dt-nt-object-type-85053520-b-483.txt", "nt/win7sp1-24000-pae-x86"),
        ("insight-kernel-security-check-failure-0x13-dt-nt-rtl-balanced-node-ffff-390.txt", "nt/19041.804-x64"),
    ],
)
def test_a_real_listing(log: str, profile: str, real_data: Path) -> None:
    lines = (real_data / "logs" / "dt" / log).read_text("utf-8").rstrip("\n").split("\n")
    types = Store.shipped().open(profile)
    words = lines[0].partition("dt ")[2].split()
    held = read_from(lines[1:], types, words[0].removeprefix("nt!"), int(words[1], 16))
    for buffer, text in re.findall(r"(0x[0-9a-f`]+)  \"(\w+)\"", "\n".join(lines)):
        held |= {int(buffer.replace("`", ""), 16) + n: byte for n, byte in enumerate(text.encode("utf-16-le"))}
    address = address_class(types.pointer_size)
    memory = SegmentedMemory(Segment(address(a), memoryview(bytes([b]))) for a, b in held.items())

    assert layout(show(memory, types, request_of(words))).split("\n") == lines[1:]


@pytest.mark.real
def test_no_listing_of_the_other_options_is_known(real_data: Path) -> None:
    """-v and -c of a structure rest on Microsoft's page alone; should the logs ever hold one, it has to be compared."""
    asked = set()
    for log in (real_data / "logs").rglob("*.txt"):
        for command in re.findall(r"> ?dt\s+(.+)", log.read_text("utf-8", "replace")):
            asked |= set(re.findall(r"(?:^|\s)-([a-z0-9]+)", command.partition("()")[0]))

    assert {letter for word in asked for letter in word if letter in "bcv"} == {"b"}
