"""Pool: pages of blocks, damage in them, large allocations, special pool, segment heaps; and real listings."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import held, made

from dumpwalk.kernel.pool import Pool, pool
from dumpwalk.kernel.pool_large import LargePage, large_page
from dumpwalk.objects.sizes import offset_of
from dumpwalk.remarks import Absent
from dumpwalk.render.pool import layout
from dumpwalk.target import Target
from dumpwalk.target import open as open_target
from dumpwalk.types.store import Store

PAGE = 0xFFFFFA8001A3C000
# A profile of each layout of the header, and of each way that PoolType is written.
GENERATIONS = [
    *("nt/xpsp3-x86", "nt/2003sp2-x86", "nt/2003sp2-x64", "nt/vistasp2-x86", "nt/7601.24540-x64", "win7-x86-pae"),
    *("nt/9600.20625-x64", "nt/win10-10240-x86", "nt/win10-15063-x64", "nt/19041.3570-x64", "nt/22000.2538-x64"),
]


def tag_number(tag: str) -> int:
    return int.from_bytes(tag.encode("latin-1").ljust(4), "little")


def header(at: int, size: int, previous: int, kind: int, tag: str, *, unit: int = 16, protected: bool = False) -> str:
    number = tag_number(tag) | protected << 31
    sizes = f"PreviousSize={previous // unit:x} BlockSize={size // unit:x}"
    return f"struct _POOL_HEADER at {at:x} {sizes} PoolType={kind:x} PoolTag={number:x}\n"


def shown(found: Pool) -> list[str]:
    return [line.rstrip() for line in layout(found).splitlines()]


def holder(found: Pool) -> Any:
    return next(block for block in found.blocks if block.holds)


def find(target: Target, data: bytes) -> int:
    """Return where *data* is in the kernel's half of virtual memory."""
    memory: Any = target.memory
    for start, end in memory.runs():
        if start >> (8 * target.machine.pointer_size - 1):
            at = memory.read(start, end - start).find(data)
            if at >= 0:
                return int(start) + int(at)
    raise AssertionError


@pytest.mark.parametrize("profile", GENERATIONS)
@pytest.mark.parametrize("paged", [False, True])
def test_pages_of_every_generation(profile: str, paged: bool) -> None:
    """The blocks that synth wrote fill their page, and the one stated is found in it."""
    text = f'pool "Exmp" 40 {"paged " * paged}ascii "a pool block"\n'
    target = made(text, profile=profile)

    found = pool(target, find(target, b"a pool block") + 3)

    assert (found.found, found.problems) == ("page", ())
    block, unit = holder(found), 2 * target.machine.pointer_size
    assert (block.tag, block.size, block.allocated) == ("Exmp", 0x40 + unit, True)
    assert found.region == f"{block.pool} pool" == ("Paged pool" if paged else "Nonpaged pool")
    assert sum(one.size for one in found.blocks) == 0x1000


# -- damage


def test_damage_in_the_middle() -> None:
    """What is before and behind it is shown, and where it is is said in the debugger's words."""
    text = header(PAGE, 0x40, 0, 2, "Aaaa") + header(PAGE + 0x40, 0x80, 0x40, 2, "Bbbb")
    text += f'block {PAGE + 0xC0:x} ascii "overrun overrun overrun"\n'
    text += header(PAGE + 0x100, 0x100, 0x40, 3, "Cccc") + header(PAGE + 0x200, 0xE00, 0x100, 0, "Dddd")
    found = pool(made(text), PAGE + 0x108)

    assert [block.tag for block in found.blocks] == ["Aaaa", "Bbbb", "Cccc", "Dddd"]
    assert holder(found).tag == "Cccc"
    assert [problem.what for problem in found.problems] == [
        "Bad previous allocation size @fffffa8001a3c0c0, last size was 80",
        "[ fffffa8001a3c0c0 --> fffffa8001a3c100 (size = 0x40 bytes)]: Corrupt region",
    ]


@pytest.mark.parametrize(
    ("damaged", "what"),
    [
        (header(PAGE + 0x40, 0, 0x40, 2, "Zero"), "Bad allocation size @fffffa8001a3c040, zero is invalid"),
        (header(PAGE + 0x40, 0xFF0, 0x40, 2, "Long"), "Bad allocation size @fffffa8001a3c040, too large"),
        (
            header(PAGE + 0x40, 0x40, 0x30, 2, "Back"),
            "Bad previous allocation size @fffffa8001a3c040, last size was 40",
        ),
    ],
)
def test_damaged_sizes_end_the_chain(damaged: str, what: str) -> None:
    found = pool(made(header(PAGE, 0x40, 0, 2, "Good") + damaged), PAGE + 0x10)

    assert [block.tag for block in found.blocks] == ["Good"]
    assert found.problems[0].what == what


@settings(max_examples=30)
@given(st.binary(min_size=1, max_size=0x100), st.integers(0, 0xFFF))
def test_any_page_ends(data: bytes, offset: int) -> None:
    """Whatever a page holds, the walk ends, stays in it, and no two blocks overlap."""
    found = pool(held(PAGE, (data * 0x1000)[:0x1000]), PAGE + offset)

    assert all(PAGE <= block.address < PAGE + 0x1000 for block in found.blocks)
    if found.found == "page":
        ends = [int(block.address) + block.size for block in found.blocks]
        assert ends == sorted(ends)
        assert ends[-1] <= PAGE + 0x1000


@given(st.lists(st.integers(1, 60), min_size=1, max_size=60), st.integers(0, 0xFFF), st.integers(0, 0xFF))
def test_one_changed_byte_is_found_or_harmless(sizes: list[int], place: int, value: int) -> None:
    """A chain with one byte changed is complete, or says where it is not."""
    data, at, previous = bytearray(0x1000), 0, 0
    for size in [*sizes, 0xFF]:
        size = min(size, (0x1000 - at) // 16)
        if not size:
            break
        data[at : at + 8] = bytes((previous, 0, size, 2)) + b"Exmp"
        at, previous = at + 16 * size, size
    data[place] = value

    found = pool(held(PAGE, bytes(data)), PAGE + 0x10)

    complete = found.found == "page" and sum(block.size for block in found.blocks) == 0x1000
    assert complete or found.problems or found.found in ("header", "special")


def test_a_page_that_is_not_there(real_data: Path) -> None:
    """As in a real listing; that sessions' tables are not there has another reason here."""
    log = real_data / "logs/pool/insight-driver-irql-not-less-or-equal-d1-f-pool-ffff80091002ac08-562.txt"
    wanted = log.read_text("utf-8").splitlines()[1:]
    found = pool(made("", profile="nt/19041.3570-x64"), 0xFFFF80091002AC08)
    # What is not in this image is where the table of large allocations is.
    lines = [line for line in shown(found) if not line.startswith("Unable to read large pool table")]

    assert lines[0].startswith("Pool page ffff80091002ac08 region is ")
    assert lines[1] == wanted[1]
    assert lines[2].startswith("Unable to read large session pool table (")
    assert lines[3:5] == wanted[3:5]
    assert len(found.problems) == 1


# -- real listings of pages

ROW = re.compile(r"([ *])([0-9a-f]{8,16}) size: +([0-9a-f]+) previous size: +([0-9a-f]+) +\((\w+) *\) +\*?(.{4})(.*)")


def stated(listing: str, unit: int, paged: int) -> str:
    """Return the spec of the page that *listing* shows: a header for each row."""
    text = ""
    for line in listing.splitlines():
        row = ROW.match(line)
        if row is None:
            continue
        at, size, previous = (int(row[n], 16) for n in (2, 3, 4))
        tag, rest = row[6].replace(".", "\x01"), row[7]
        process = re.search("Process: ([0-9a-f]+)", rest)
        kind = 0 if row[5] == "Free" else 2 | paged | (8 if process else 0)
        text += header(at, size, previous, kind, tag, unit=unit, protected="(Protected)" in rest)
        if process:
            text += f"block {at + size - 4:x} bytes {int(process[1], 16).to_bytes(4, 'little').hex()}\n"
    return text


def test_listing_of_windows_7_x86(real_data: Path) -> None:
    """24 blocks of nonpaged pool: free ones, protected ones, one on a process's quota. To the letter."""
    log = real_data / "logs/pool/h0mbre-2020-04-22-hevd-pool-overflow-32bi-pool-85246430-134.txt"
    listing = log.read_text("utf-8").split("\n", 1)[1]
    target = made(stated(listing, 8, 0), profile="nt/win7sp1-x86")

    found = pool(target, 0x85246430)

    assert shown(found) == [line.rstrip() for line in listing.splitlines()]
    assert found.found == "page"


def test_listing_of_session_pool(real_data: Path) -> None:
    """The page that moved the text moved its columns; what a tag is for is in other words here."""
    listing = (real_data / "logs/pool/edb-42749-pool-ff9ed130-43.txt").read_text("utf-8")
    rows = [line[2:] for line in listing.splitlines()[1:]]
    text = stated("\n".join(row if row[0] in " *" else f" {row}" for row in rows), 8, 0x21)
    found = pool(made(text, profile="nt/win7sp1-x86"), 0xFF9ED130)

    assert [line.split() for line in shown(found)[:3]] == [line.split() for line in listing.splitlines()[1:4]]
    assert shown(found)[3] == "\t\tPooltag GDev : Binary : win32k.sys"


def test_listing_of_the_documentation() -> None:
    """Microsoft's page on !pool shows the first blocks of a page of paged pool; it is marked and ends with the page."""
    listing = """\
 e1001000 size:   40 previous size:    0  (Allocated)  MmDT
 e1001040 size:   10 previous size:   40  (Free)       Mm
*e1001050 size:   10 previous size:   10  (Allocated) *ObDi
 e1001060 size:   10 previous size:   10  (Allocated)  ObDi
 e1001070 size:   10 previous size:   10  (Allocated)  Symt
 e1001080 size:   40 previous size:   10  (Allocated)  ObDm
 e10010c0 size:   10 previous size:   40  (Allocated)  ObDi
"""
    padded = "\n".join(line.ljust(60) for line in listing.splitlines())
    text = stated(padded + "\n e10010d0 size:  f30 previous size:   10  (Free)       Rest", 8, 0)
    # Windows XP's types, by which what is in use has its pool type plus one: 2 is paged pool.
    found = pool(made(text, profile="nt/xpsp3-x86"), 0xE1001050)
    rows = [line for line in shown(found) if " size: " in line]

    assert rows[:7] == listing.splitlines()
    assert found.region == "Paged pool"


# -- what is not in blocks

TABLE = 0xFFFFFA8001A40000
ROWS = f"""\
struct _POOL_TRACKER_BIG_PAGES at {TABLE:x} Va=fffffa8002000000 Key=65626441 PoolType=0 NumberOfBytes=4018
struct _POOL_TRACKER_BIG_PAGES at {TABLE + 0x18:x} Va=fffffa8002000001 Key=20202020 NumberOfBytes=8000
struct _POOL_TRACKER_BIG_PAGES at {TABLE + 0x30:x} Va=fffff8a002400000 Key=f4536d4d PoolType=1 NumberOfBytes=2000
symbol PoolBigPageTable {TABLE:x}
symbol PoolBigPageTableSize 3
"""


def test_large_allocations() -> None:
    target = made(ROWS)
    first, second = pool(target, 0xFFFFFA8002003FFF), pool(target, 0xFFFFF8A002401000)

    assert shown(first) == [
        "Pool page fffffa8002003fff region is Nonpaged pool",
        "*fffffa8002000000 : large page allocation, Tag is Adbe, size is 0x4018 bytes",
        "\t\tPooltag Adbe : Binary : win32k.sys",
    ]
    assert first.large == LargePage(target.address(0xFFFFFA8002000000), 0x4018, "Adbe", "Nonpaged", False)  # type: ignore[arg-type]
    assert second.large is not None
    assert (second.large.tag, second.large.pool, second.large.protected) == ("MmSt", "Paged", True)
    assert large_page(target, 0xFFFFFA8002005000) is None


def test_a_large_allocation_that_begins_like_a_block() -> None:
    """What the table of large allocations says weighs more than a header that leads to no other."""
    at = 0xFFFFFA8002000000
    found = pool(made(ROWS + header(at, 0x40, 0, 2, "Data")), at + 0x10)

    assert found.found == "large"


@pytest.mark.parametrize(
    ("table", "count"), [(0, 3), (TABLE, 1 << 40), (0xFFFFFA8001FFF000, 0x10000), (0x1000, 1), (TABLE, 0)]
)
def test_tables_that_lie(table: int, count: int) -> None:
    """A count of everything, a table that is not there, or not the kernel's: nothing is found, and it ends."""
    rows = "".join(line + "\n" for line in ROWS.splitlines() if line.startswith("struct"))
    target = made(f"{rows}symbol PoolBigPageTable {table:x}\nsymbol PoolBigPageTableSize {count:x}")
    found = large_page(target, 0xFFFFFA8009000000)

    assert found is None or isinstance(found, Absent)


@pytest.mark.parametrize("profile", [name for name in GENERATIONS if not name.endswith("x86")])
def test_large_allocations_of_other_generations(profile: str) -> None:
    """The table's rows have had five layouts; kernels without symbols don't say where it is."""
    types = Store.shipped().open(profile)
    if types.pointer_size == 4:
        pytest.skip("no symbols of 32-bit kernels are known")
    size = "NumberOfPages=5" if "2003" in profile else "NumberOfBytes=4018"
    text = f"struct _POOL_TRACKER_BIG_PAGES at {TABLE:x} Va=fffffa8002000000 Key=65626441 {size}\n"
    target = made(f"{text}symbol PoolBigPageTable {TABLE:x}\nsymbol PoolBigPageTableSize 1", profile=profile)
    found = large_page(target, 0xFFFFFA8002000800)

    if types.symbols.find("PoolBigPageTable") is None:
        assert isinstance(found, Absent)
    else:
        assert isinstance(found, LargePage)
        assert (found.tag, found.size) == ("Adbe", 0x5000 if "2003" in profile else 0x4018)


def test_special_pool() -> None:
    """The line for it is one of a real listing: `*fbffe000 size:  898 data: fbffe768 (Paged session) *Adbe`.

    Of which session it is is not known here.
    """
    text = f"block fbffe000 bytes 9888000041646265 {'bytes ' + '5a' * 0x760} zeros 898\n"
    found = pool(made(text, profile="nt/win7sp1-x86"), 0xFBFFE800)

    assert shown(found) == [
        "Pool page fbffe800 region is Special pool",
        "*fbffe000 size:  898 data: fbffe768 (Paged) *Adbe",
        "\t\tPooltag Adbe : Binary : win32k.sys",
    ]


# -- segment heaps

KEY = 0x1122334455667788


def chunk(at: int, size: int, previous: int, allocated: int) -> str:
    """Return the header of a chunk of variable size, mixed with the key and its address."""
    plain = (size // 16) << 16 | (previous // 16) << 32 | allocated << 48
    return f"block {at:x} bytes {(plain ^ KEY ^ at).to_bytes(8, 'little').hex()}\n"


def test_chunks_of_a_segment_heap(real_data: Path) -> None:
    """A real listing of such a page; what the tag is for is in other words here."""
    log = real_data / "logs/pool/insight-kernel-mode-heap-corruption-0x13a-pool-ffffe2809abee000-455.txt"
    listing = log.read_text("utf-8").splitlines()[1:]
    page = 0xFFFFE2809ABEE000
    text = chunk(page - 0x10, 0x880, 0, 1) + chunk(page + 0x870, 0x760, 0x880, 0) + chunk(page + 0xFD0, 0x40, 0x760, 0)
    text += header(page, 0x870, 0, 3, "MmSt") + f"block {page + 0x880:x} bytes 0000000001720122\n"
    types = Store.shipped().open("nt/19041.3570-x64")
    state = types.symbols.find("MiState")
    kernel = 0xFFFFF8047BA00000
    assert state is not None
    slot = state + offset_of(types, "_MI_SYSTEM_INFORMATION", "Vs.SystemVaType") + (page >> 39 & 0xFF)
    text += f"block {kernel + slot:x} bytes 06\nsymbol RtlpHpHeapGlobals {KEY:x}\n"

    found = pool(made(text, profile="nt/19041.3570-x64"), page)
    lines = shown(found)

    assert found.found == "segment heap"
    assert lines[:2] == [line.rstrip() for line in listing[:2]]
    assert lines[2] == "\t\tPooltag MmSt : prototype PTEs of mapped files, Binary : nt!mm"
    assert lines[3] == listing[3]


def test_a_block_alone_says_what_is_not_known() -> None:
    """Without a chunk around it (one of the low-fragmentation heap) its own header speaks, and is doubted."""
    at = 0xFFFFC08BDCEA7140
    text = "".join(header(at + n * 0x80, 0x80, 0, 2, "Even") for n in (-1, 0, 1))
    found = pool(made(text, profile="nt/19041.3570-x64"), at + 0x60)

    assert found.found == "header"
    assert [(block.tag, block.holds) for block in found.blocks] == [("Even", False), ("Even", True), ("Even", False)]
    assert "no chain of headers" in found.problems[0].what


def test_chunks_in_a_circle_end() -> None:
    page = 0xFFFFE2809ABEE000
    text = chunk(page, 0x20, 0xFFFF0, 1) + chunk(page + 0x20, 0x20, 0x20, 1)
    found = pool(made(f"{text}symbol RtlpHpHeapGlobals {KEY:x}\n", profile="nt/19041.3570-x64"), page + 8)

    assert found.found == "segment heap"
    assert len(found.blocks) == 2


@pytest.mark.parametrize(("name", "types"), [("triage_x64", ""), ("triage_arm64", "nt/22000.2538-x64")])
def test_blocks_in_real_small_dumps(name: str, types: str, real_dumps: Path) -> None:
    """Each object that was decoded by hand lies in a block with that tag, as far behind its header as was found."""
    target = open_target(str(real_dumps / f"{name}.dmp"), types=types)
    known = json.loads((real_dumps / f"expected/{name}.json").read_text("utf-8"))["object_headers"]["headers"]

    for one in known:
        block = holder(pool(target, int(one["body"], 16)))

        assert block.tag == one["pool_tag"]
        assert block.address < int(one["header"], 16) < block.address + block.size
    assert len(known) >= 6


# -- quota


PROCESS = 0xFFFFFA8001234560


def test_the_process_that_pays() -> None:
    """In the header on x64: as it is up to Windows 7, mixed with a cookie and the header's address since."""
    tail = f" ProcessBilled={PROCESS:x}"
    old = header(PAGE, 0x40, 0, 0xA, "Quot").rstrip() + tail + "\n" + header(PAGE + 0x40, 0xFC0, 0x40, 0, "Free")
    cookie = 0x1234567890ABCDEF
    mixed = PROCESS ^ cookie ^ PAGE
    new = old.replace(f"{PROCESS:x}", f"{mixed:x}") + f"symbol ExpPoolQuotaCookie {cookie:x}\n"

    for text, profile in ((old, "nt/7601.24540-x64"), (new, "nt/19041.3570-x64")):
        found = pool(made(text, profile=profile), PAGE + 0x10)

        assert holder(found).process == PROCESS
        assert shown(found)[1].endswith("*Quot Process: fffffa8001234560")


def test_what_is_no_process_is_not_shown() -> None:
    text = header(PAGE, 0x40, 0, 0xA, "Quot").rstrip() + " ProcessBilled=1234\n"
    text += header(PAGE + 0x40, 0xFC0, 0x40, 0, "Free")

    assert holder(pool(made(text), PAGE + 0x10)).process is None
