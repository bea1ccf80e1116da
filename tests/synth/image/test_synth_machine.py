"""The debugger data block, structures and lists of a machine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from images import file_of

from dumpwalk import target
from dumpwalk.synth import SpecError, parse, write
from dumpwalk.synth.image.arena import Arena
from dumpwalk.synth.image.build import build, profile
from dumpwalk.synth.image.machine import encode, version
from dumpwalk.synth.image.structures import Layouts, Structures
from dumpwalk.synth.image.tables import MODES

NEVER, ALWAYS, FLAG = 0x0123456789ABCD2B, 0xFEDCBA9876543210, 0xFFFFF80002C3D110
TYPES = "nt/19041.3570-x64"


def structures() -> Structures:
    """Return structures in an empty arena."""
    return Structures(Arena(MODES["x64"], 0xFFFFB80000000000, 0x100), Layouts(profile(TYPES)))


def test_a_published_word_is_encoded_as_it_was():
    """Size 0x380 and the tag KDBG, by the formula of Volatility 2's win8_kdbg."""
    assert encode(0x000003804742444B.to_bytes(8, "little"), NEVER, ALWAYS, FLAG).hex() == "165c7f34260a00c7"


def test_an_image_of_a_running_machine_has_no_plain_block():
    spec, pages = build(parse(f"dump raw x64\nprofile {TYPES}\ndebugger-data encoded\n"))
    plain, clear = build(parse(f"dump raw x64\nprofile {TYPES}\n"))

    assert not any(b"KDBG" in page for page in pages.values())
    assert any(b"KDBG" in page for page in clear.values())
    assert spec.pointer("KdDebuggerDataBlock") == plain.pointer("KdDebuggerDataBlock") == 0xFFFFF8047C600B20


def test_versions_of_released_builds():
    assert [version(b) for b in (2600, 3790, 6002, 7601, 9200, 9600, 19041)] == [
        *((5, 1), (5, 2), (6, 0), (6, 1), (6, 2), (6, 3), (10, 0)),
    ]


@given(
    st.sampled_from(
        [
            ("_MMPTE_TRANSITION", "PageFrameNumber", 36),
            ("_HANDLE_TABLE_ENTRY", "GrantedAccessBits", 25),
            ("_KTHREAD", "KernelApcDisable", 16),
            ("_EPROCESS", "Pcb.DirectoryTableBase", 64),
            ("_IRP", "Tail.Overlay.CurrentStackLocation", 64),
            ("_DEVICE_OBJECT", "Queue.Wcb.DeviceRoutine", 64),
            ("_DRIVER_OBJECT", "MajorFunction[27]", 64),
        ]
    ),
    st.data(),
)
def test_a_field_holds_what_was_put_and_its_neighbours_keep_theirs(place: tuple[str, str, int], data: st.DataObject):
    name, path, bits = place
    value = data.draw(st.integers(0, (1 << bits) - 1))
    world, address = structures(), 0xFFFFB80000001FF8  # over the end of a page
    size = world.layouts.size(name)
    world.arena.write(address, b"\xff" * size)
    world.put(name, address, {path: value})
    old = (1 << 8 * size) - 1
    now = int.from_bytes(world.arena.read(address, size), "little")
    where = world.layouts.place(name, path)
    shift = 8 * where.offset + (where.bits[0] if where.bits else 0)

    assert world.get(name, address, path) == value
    assert now == old ^ ((1 << bits) - 1 << shift) | value << shift


@pytest.mark.parametrize(
    ("name", "values", "what"),
    [
        ("_FILE_OBJECT", {"Typ": 1}, "_FILE_OBJECT has no field 'Typ'; did you mean Type"),
        ("_FILE_OBJECT", {"Type": 1 << 16}, "does not fit into 16 bits"),
        ("_FILE_OBJECT", {"Lock": 1}, "24 bytes, which no number fills"),
        ("_EPROCESS", {"ImageFileName": "a name that is too long"}, "holds 15 bytes, not 23"),
        ("_DRIVER_OBJECT", {"MajorFunction[28]": 0}, "there is no element"),
        ("_MMPTE_TRANSITION", {"Protection": 32}, "does not fit into 5 bits"),
        ("_NOTHING", {"A": 0}, "has no structure _NOTHING"),
    ],
)
def test_what_a_structure_can_not_hold(name: str, values: dict[str, int | str], what: str):
    with pytest.raises(SpecError) as caught:
        structures().put(name, 0xFFFFB80000000000, values)

    assert what in str(caught.value)


def test_a_list_goes_around_both_ways():
    world, links = structures(), [0xFFFFB80000001000 + n * 0x40 for n in range(4)]
    world.list(links[0], links[1:])
    at, seen = links[0], []
    for _ in links:
        at = world.get("_LIST_ENTRY", at, "Flink")
        seen.append(at)

    assert seen == [*links[1:], links[0]]
    assert [world.get("_LIST_ENTRY", link, "Blink") for link in links] == [links[-1], *links[:-1]]


def test_blocks_of_a_pool_page_can_be_walked():
    spec, pages = build(parse(f'dump raw x64\nprofile {TYPES}\npool "Exmp" 40 as mine\n'))
    found = []
    for page in pages.values():
        at, previous, tags = 0, 0, []
        while at < 0x1000 and page[at + 2] and page[at] == previous:
            tags.append(page[at + 4 : at + 8])
            previous = page[at + 2]
            at += previous * 16
        if at == 0x1000:
            found += tags

    assert spec.build == 19041
    assert {b"Exmp", b"Proc", b"Thre", b"Dire", b"ObjT", b"MmLd", b"Free"} - {b"Dire"} <= set(found)


@pytest.mark.parametrize(
    ("machine", "name", "at"),
    [
        ("x64", "nt/19041.3570-x64", 0xFFFFB80F22345000),
        ("x86", "nt/win7sp1-17514-pae-x86", 0x87500000),
        ("x86", "nt/win7sp1-x86", 0x87500000),
    ],
)
def test_a_block_of_a_process_is_in_its_address_space_alone(machine: str, name: str, at: int):
    """At the same address two processes have what is theirs; the System process has nothing there."""
    places = {0x344: at, 0x350: at + 0x2000}
    lines = [f"dump full {machine}", f"profile {name}"]
    for pid, place in places.items():
        lines += [f'process {pid:x} "{pid:x}.exe" at {place:x}', f'block 401000 in {pid:x} ascii "{pid:x}!"']
    opened = target.open(file_of("\n".join(lines)), types=name)

    found = {}
    for pid, place in places.items():
        root = int(opened.object("nt!_EPROCESS", place).Pcb.DirectoryTableBase)
        found[pid] = opened.memory.with_root(root).read_some(0x401000, 4)  # type: ignore[attr-defined]

    assert found == {0x344: b"344!", 0x350: b"350!"}
    assert opened.memory.read_some(0x401000, 4) == b""


def test_a_block_of_a_process_that_is_not_there_is_refused():
    with pytest.raises(SpecError, match="there is no process 344"):
        write('dump full x64\nprofile nt/19041.3570-x64\nblock 401000 in 344 ascii "x"\n')
