"""Volatility 3 finds the same VADs, large allocations and pool blocks in an image as dumpwalk does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from made import process_of
from test_volatility import PDBS, Volatility, volatility_on

from dumpwalk.kernel.pool import pool
from dumpwalk.kernel.pool_large import LargePage, large_page
from dumpwalk.kernel.vad_tree import process_vads
from dumpwalk.objects.sizes import size_of
from dumpwalk.remarks import Absent
from dumpwalk.target import Target
from dumpwalk.target import open as open_target
from dumpwalk.types.model import Reference
from dumpwalk.types.store import Store

pytestmark = [pytest.mark.peer, pytest.mark.slow]

# winnt.h: NOACCESS, READONLY, EXECUTE, EXECUTE_READ, READWRITE, WRITECOPY, EXECUTE_READWRITE, EXECUTE_WRITECOPY
PAGE = (1, 2, 0x10, 0x20, 4, 8, 0x40, 0x80)
# What the scanner calls what it finds, and the tag of its block.
TAGS = {"_EPROCESS": "Proc", "_ETHREAD": "Thre", "_FILE_OBJECT": "File", "_LDR_DATA_TABLE_ENTRY": "MmLd"}
TABLE = 0xFFFFFA8001A40000
SPEC = f"""\
memory 400000
process 1588 "notepad.exe"
thread 1588.5ec State=Running
file "\\Windows\\notepad.exe" as program
file "\\Users\\Public\\notes.txt" as notes
section program image as code valid 0 then valid 0 subsection 1-6
section notes data as text valid 0 transition 1 subsection 2
view 1588 of code at 7ff712340000 commit 2
view 1588 of text at 400000
private 1588 at 10000 size 10000 protection 6 commit 3
private 1588 at 7ffe0000 size 1000 protection 1
pool "Exmp" 40 ascii "hello"
struct _POOL_TRACKER_BIG_PAGES at {TABLE:x} Va=fffffa8002000000 Key=65626441 NumberOfBytes=4018
struct _POOL_TRACKER_BIG_PAGES at {TABLE + 0x18:x} Va=fffff8a002400000 Key=74536d4d PoolType=1 NumberOfBytes=2000
symbol PoolBigPageTable {TABLE:x}
symbol PoolBigPageTableSize 2
"""


class Both:
    """Volatility 3 and dumpwalk on one image."""

    def __init__(self, volatility: Volatility) -> None:
        self.volatility = volatility
        self.target: Target = open_target(str(volatility.image))

    def __call__(self, plugin: str, *options: str) -> list[dict[str, Any]]:
        return self.volatility(plugin, *options)


@pytest.fixture(scope="module", params=list(PDBS))
def both(request: pytest.FixtureRequest, real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Both:
    build = request.param
    types = Store.shipped().open(f"nt/{build}-x64")
    row = size_of(Reference("struct", "_POOL_TRACKER_BIG_PAGES"), types)
    protections = types.symbols.find("MmProtectToValue")
    assert row is not None
    assert protections is not None
    # Volatility takes the meaning of protections from the kernel's own table: PAGE_* by MM_PROTECT.
    values = "".join((v | more).to_bytes(4, "little").hex() for more in (0, 0x200, 0x100, 0x400) for v in PAGE)
    spec = SPEC.replace(f"{TABLE + 0x18:x}", f"{TABLE + row:x}")
    spec += f"block {0xFFFFF8047BA00000 + protections:x} bytes {values}\n"
    return Both(volatility_on("full", real_data, tmp_path_factory.mktemp("vol"), build, spec))


def flat(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return *rows* and what hangs below them."""
    return [row for one in rows for row in (one, *flat(one.get("__children") or []))]


def test_vads(both: Both) -> None:
    theirs = {
        (
            row["Offset"] | 0xFFFF << 48,
            row["Start VPN"] >> 12,
            row["End VPN"] >> 12,
            row["Protection"].replace("PAGE_", ""),
            row["CommitCharge"],
            bool(row["PrivateMemory"]),
            row["File"] if row["File"] not in ("N/A", "Disabled") else None,
        )
        for row in flat(both("windows.vadinfo", "--pid", str(0x1588)))
    }
    ours = set()
    for vad in process_vads(both.target, process_of(both.target)).vads:
        assert not isinstance(vad.StartingVpn, Absent)
        ours.add(
            (
                int(vad.address),
                vad.StartingVpn,
                vad.EndingVpn,
                vad.protection,
                vad.CommitCharge,
                vad.private,
                vad.file,
            )
        )

    assert len(ours) == 4
    assert theirs == ours


def test_tree_of_vads(both: Both) -> None:
    """The same addresses in the same order, by vadwalk."""
    theirs = [row["Offset"] | 0xFFFF << 48 for row in flat(both("windows.vadwalk", "--pid", str(0x1588)))]
    ours = [int(vad.address) for vad in process_vads(both.target, process_of(both.target)).vads]

    assert sorted(theirs) == sorted(ours)


def test_large_allocations(both: Both) -> None:
    rows = [row for row in both("windows.bigpools") if row["Tag"].strip()]
    theirs = {(row["Allocation"] | 0xFFFF << 48, row["Tag"], int(str(row["NumberOfBytes"]), 0)) for row in rows}
    ours = set()
    for address in (0xFFFFFA8002000123, 0xFFFFF8A002401FFF):
        found = large_page(both.target, address)
        assert isinstance(found, LargePage)
        ours.add((int(found.address), found.tag, int(found.size)))

    assert ours == theirs


def test_pool_blocks(both: Both) -> None:
    """What its scanner finds in virtual memory (it looks into physical memory before Windows 10) has the tag of it."""
    found = set()
    for row in both("windows.poolscanner"):
        name = row["Tag"].rpartition("!")[2]
        if name not in TAGS or not row["Layer"].startswith("layer_name"):
            continue
        (tag,) = (b.tag for b in pool(both.target, row["Offset"] | 0xFFFF << 48).blocks if b.holds)
        assert tag == TAGS[name]
        found.add(tag)

    old = both.target.types.find("_MMADDRESS_NODE") is not None or both.target.types.find("_MMPFNENTRY") is not None
    assert found == (set() if old else set(TAGS.values()))
