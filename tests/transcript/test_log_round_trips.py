"""What a debugger would print of a record is read back as that record."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dumpwalk.memory.address import Address, Address32, Hex
from dumpwalk.transcript import parse
from dumpwalk.transcript.frame import Frame
from dumpwalk.transcript.memory import UNREADABLE, MemoryRow
from dumpwalk.transcript.site import Site

WIDE = st.integers(0, 2**64 - 1)
NARROW = st.integers(0, 2**32 - 1)
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,30}", fullmatch=True)
SYMBOLS = st.one_of(
    NAMES,
    st.from_regex(r"[A-Za-z_]\w{0,9}(::[A-Za-z_]\w{0,9}){1,3}", fullmatch=True),
    st.from_regex(r"[A-Za-z_]\w{0,9}<[a-z]{1,5}(, [a-z]{1,5} \*)?>::[a-z]{1,9}", fullmatch=True),
    st.sampled_from(["?? ::FNODOBFM::`string'", "_RtlMoveMemory@12", "operator()"]),
)
SOURCES = st.one_of(
    st.none(), st.tuples(st.from_regex(r"[a-z]:(\\[\w .]{1,9}){1,4}\.c", fullmatch=True), st.integers(1, 99999))
)


@st.composite
def places(draw: st.DrawFn, notes: bool) -> Site:
    source = draw(SOURCES)
    offset = draw(st.one_of(st.none(), st.integers(0, 0xFFFFFF)))
    said = (
        draw(st.sampled_from([(), ("FPO: [Non-Fpo]",), ("FPO: [Uses EBP] [0,0,4]",), ("CONV: stdcall",)]))
        if notes
        else ()
    )
    return Site(
        draw(NAMES), draw(SYMBOLS), None if offset is None else Hex(offset), None, "",
        source[0] if source else "", source[1] if source else None, said,
    )  # fmt: skip


def wide(value: int) -> str:
    return f"{value >> 32:08x}`{value & 0xFFFFFFFF:08x}"


def place(site: Site) -> str:
    offset = f"+{site.offset}" if site.offset is not None else ""
    notes = "".join(f" ({n})" for n in site.notes)
    source = f" [{site.source} @ {site.line}]" if site.source else ""
    return f"{site.module}!{site.symbol}{offset}{notes}{source}"


@given(st.lists(st.tuples(WIDE, WIDE, st.tuples(WIDE, WIDE, WIDE, WIDE), places(False)), min_size=1, max_size=6))
def test_kv_of_x64(values: list[tuple[int, int, tuple[int, ...], Site]]) -> None:
    frames = tuple(
        Frame(n, Address(sp), Address(ret), tuple(Hex(a) for a in args), None, at)
        for n, (sp, ret, args, at) in enumerate(values)
    )
    lines = [
        f"{f.number:02x} {wide(f.child_sp)} {wide(f.return_address)}     : "  # type: ignore[arg-type]
        f"{' '.join(wide(a) for a in f.args)} : {place(f.place)}"
        for f in frames
    ]
    log = parse(
        "\n".join(["0: kd> kv", " # Child-SP          RetAddr               : Args to Child : Call Site", *lines])
    )

    assert [b.kind for b in log.blocks] == ["stack"]
    assert log.blocks[0].record.frames == frames


@given(st.lists(st.tuples(NARROW, NARROW, st.tuples(NARROW, NARROW, NARROW), places(True)), min_size=1, max_size=6))
def test_kb_of_x86(values: list[tuple[int, int, tuple[int, ...], Site]]) -> None:
    frames = tuple(
        Frame(None, Address32(sp), Address32(ret), tuple(Hex(a) for a in args), None, at)
        for sp, ret, args, at in values
    )
    lines = [f"{f.child_sp} {f.return_address} {' '.join(f'{a:08x}' for a in f.args)} {place(f.place)}" for f in frames]
    log = parse("\n".join(["kd> kb", "ChildEBP RetAddr  Args to Child", *lines]))

    assert log.blocks[0].record.frames == frames


@given(st.lists(st.lists(st.one_of(st.none(), NARROW), min_size=1, max_size=4), min_size=1, max_size=8), NARROW)
def test_dd(rows: list[list[int | None]], start: int) -> None:
    expected = tuple(
        MemoryRow(Address32(start + 16 * n), 4, tuple(UNREADABLE if v is None else Hex(v) for v in row))
        for n, row in enumerate(rows)
    )
    lines = [
        f"{row.address}  {' '.join('????????' if v is UNREADABLE else f'{v:08x}' for v in row.values)}"
        for row in expected
    ]

    assert parse("\n".join(["0: kd> dd 0", *lines])).blocks[0].record.rows == expected


@given(st.lists(st.binary(min_size=1, max_size=16), min_size=1, max_size=8), WIDE)
def test_db(rows: list[bytes], start: int) -> None:
    lines = []
    for n, row in enumerate(rows):
        halves = "-".join(" ".join(f"{b:02x}" for b in half) for half in (row[:8], row[8:]) if half)
        text = "".join(chr(b) if 0x20 <= b < 0x7F else "." for b in row)
        lines.append(f"{Address((start + 16 * n) & (2**64 - 1))}  {halves:47}  {text}")
    found = parse("\n".join(["0: kd> db 0", *lines])).blocks[0].record.rows

    assert [bytes(r.values) for r in found] == rows
