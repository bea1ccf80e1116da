"""What the commands about pool, page frames, VADs and interlocked lists print of any record is read back as that."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st
from record_strategies import ABSENT, COUNTS, Strategy, names, numbers, paths, places, record_of
from round_trips import AT_FOOT, NOT_PRINTED, Case, as_read, beside, each, replaced, run, shown_of
from shown import Shown

from dumpwalk.commands import pfn, pool, slist, vad
from dumpwalk.kernel.pfn import _FLAGS as PFN_FLAGS
from dumpwalk.kernel.pfn import Pfn
from dumpwalk.kernel.pool import Pool
from dumpwalk.kernel.pool_tags import PoolTag
from dumpwalk.kernel.slist import SEQUENCE_BITS, PopWindow, Slist
from dumpwalk.kernel.vad import TYPE_WORDS, Vad, protection_words
from dumpwalk.kernel.vad_detail import VadDetail
from dumpwalk.kernel.vad_tree import VadTree
from dumpwalk.memory.address import Hex
from dumpwalk.remarks import Absent
from dumpwalk.render.pool import shown as shown_tag
from dumpwalk.render.slist import explanation
from dumpwalk.transcript.values import NOT_SHOWN, UNREADABLE

SMALL = st.integers(0, 0xFFFF).map(Hex)


# Pool.


TAGS = st.one_of(
    st.text(st.characters(max_codepoint=0xFF), min_size=4, max_size=4), st.sampled_from(["Vad ", "    ", " a b"])
)
_WHAT = st.one_of(names(), st.just(""))


def pools(wide: bool) -> Strategy:
    size = st.integers(0, 0x1000).map(Hex)
    words = st.one_of(st.none(), ABSENT, st.lists(numbers(False), min_size=1, max_size=8).map(tuple))
    tag = record_of(PoolTag, wide, {"tag": TAGS, "description": _WHAT, "binary": _WHAT})
    given = {
        "*.address": places(wide).map(lambda at: at.__class__(at & ~0xFFF)), "*.size": size, "*.previous_size": size,
        "*.tag": TAGS, "blocks[].words": words,
        "large.size": numbers(wide), "special.data": places(wide), "searched": SEARCHED, "address": places(wide),
        "blocks[].process": st.one_of(st.none(), places(wide)), "tag": st.one_of(st.none(), tag),
        "special.paged": st.booleans(), "region": st.one_of(st.sampled_from(["Paged pool", "Nonpaged pool"]), ABSENT),
    }  # fmt: skip
    return record_of(Pool, wide, given).map(lambda found: pool.PoolAnswer(_pool(found), 1))


def _pool(found: Pool) -> Any:
    """Return pool in which one thing at most holds the address, whose tag is the one that is explained."""
    special = None if found.large else found.special
    holder = None if found.large or special else next((n for n, b in enumerate(found.blocks) if b.holds), None)
    blocks = tuple(replaced(b, holds=n == holder) for n, b in enumerate(found.blocks))
    tag = found.large or special or (None if holder is None else blocks[holder])
    known = replaced(found.tag, tag=tag.tag) if tag and found.tag else None
    return replaced(found, special=special, blocks=blocks, tag=known)


SEARCHED = st.lists(st.sampled_from([
    "fffffa8001a3c000 is not a valid large pool allocation, checking large session pool...",
    "Unable to read large session pool table (the tables of sessions are not looked at)",
    "fffffa8001a3c000 is not valid pool. Checking for freed (or corrupt) pool",
    "Address fffffa8001a3c000 could not be read. It may be a freed, invalid or paged out page",
    "Bad allocation size @fffffa8001a3c000, zero is invalid",
    "Address fffffa8001a3c070 does not belong to any pool",
]), max_size=3, unique=True).map(tuple)  # fmt: skip


def _tagged(found: Any) -> Any:
    """Return a record with its tag as it is printed: dots for what is none, and no blanks but behind it."""
    tag = shown_tag(found.tag).strip() if found else ""
    return found and replaced(found, tag=tag.ljust(4) if tag else "")


def pool_as_printed(answer: pool.PoolAnswer) -> Any:
    """Return pool with its tags as they are printed, and what that says of where it was found."""
    found = answer.pool
    parts = {name: _tagged(getattr(found, name)) for name in ("large", "special", "tag")}
    parts["large"] = found.large and replaced(parts["large"], pool=NOT_SHOWN)
    nowhere = any(said.endswith("does not belong to any pool") for said in found.searched)
    where: Any = "large" if found.large else "special" if found.special else "" if nowhere else NOT_SHOWN
    blocks = (replaced(b, pool=NOT_SHOWN if b.allocated else "", PoolType=NOT_SHOWN) for b in found.blocks)
    place = {"page": type(found.address)(found.address & ~0xFFF), "found": where}
    return replaced(found, blocks=tuple(map(_tagged, blocks)), problems=(), **place, **parts)


def pool_as_read(printed: Any) -> Any:
    found = as_read(printed, ("problems",), none=["blocks[].words"])
    return replaced(found, region=Absent("Unknown")) if found.region is UNREADABLE else found


POOL = Case(
    "!pool X 1", "pool", pools, pool.layout,
    Shown(beside={"owner": "what is said of a tag that is not known"}),
    of=pool_as_printed, found=beside("pool"),
    same=lambda found, answer: (found.pool, pool_as_read(pool_as_printed(answer))),
)  # fmt: skip


# A page frame.


def frames(wide: bool) -> Strategy:
    letters = st.lists(st.sampled_from(PFN_FLAGS), unique=True).map(lambda own: tuple(f for f in PFN_FLAGS if f in own))
    given = {
        "number": numbers(False), "address": places(wide), "ReferenceCount": st.one_of(SMALL, ABSENT),
        "color": st.one_of(st.none(), ABSENT, st.integers(0, 0x3F).map(Hex)), "flags": letters,
        "used_entries": st.one_of(st.none(), ABSENT, SMALL),
        "Priority": st.one_of(st.none(), ABSENT, st.integers(0, 7).map(Hex)),
        "cache": st.one_of(st.sampled_from(["Cached", "NonCached", "WriteComb", "NotMapped"]), ABSENT),
        "state": st.one_of(st.sampled_from(["Zeroed", "Free", "Standby", "ModNoWrite", "Active"]), ABSENT),
    }  # fmt: skip
    return record_of(Pfn, wide, given).map(
        lambda found: replaced(found, flags="".join(f[0] for f in found.flags), words=tuple(f[1] for f in found.flags))
    )


def frame_as_printed(found: Pfn) -> Any:
    """Return the frame without what its kernel does not keep, nor letters behind a state that is not known."""
    if found.Priority is None:
        found = replaced(found, used_entries=None, cache=None)
    return replaced(found, flags="") if isinstance(found.state, Absent) else found


PFN = Case(
    "!pfn X", "pfn", frames, pfn.layout,
    Shown(hidden={"confirmed": NOT_PRINTED, "problems": AT_FOOT}), of=frame_as_printed, found=beside("pfn"),
    same=lambda found, frame: (found.pfn, as_read(frame_as_printed(frame), ("confirmed", "problems"), none=())),
)  # fmt: skip


# VADs.

_VPN = st.one_of(st.integers(0, (1 << 52) - 1).map(Hex), ABSENT)
VAD_GIVEN = {
    "StartingVpn": _VPN, "EndingVpn": _VPN, "CommitCharge": st.one_of(st.integers(-1, 1 << 31), ABSENT),
    "VadType": st.one_of(st.sampled_from(["VadNone", *TYPE_WORDS, "VadEnclave", "VadType 9"]), ABSENT),
    "protection": st.one_of(st.integers(0, 31).map(protection_words), st.just("????")),
    "file": st.one_of(st.none(), ABSENT, paths()), "shared_commit": st.one_of(st.none(), ABSENT, SMALL),
    "level": st.integers(0, 200),
}  # fmt: skip


def trees(wide: bool) -> Strategy:
    given = {f"vads[].{name}": strategy for name, strategy in VAD_GIVEN.items()}
    few = st.integers(0, 0xFFFF)
    more = {"vads[].address": places(wide), "average_level": few, "maximum_depth": few, "private_commit": COUNTS}
    return record_of(VadTree, wide, {**given, **more}).map(lambda tree: vad.VadAnswer(tree, None))


_OF_VIEWS = ("ControlArea", "FirstPrototypePte", "LastContiguousPte")


def _file_as_printed(one: Vad) -> Any:
    """Return a VAD with one thing at most in the place of a file."""
    if one.shared_commit is not None:
        return replaced(one, file=None)
    return replaced(one, **({"file": NOT_SHOWN, "shared_commit": NOT_SHOWN} if one.file is None else {}))


def _row_as_printed(one: Vad) -> Any:
    """Return a VAD without its type where it is not known whether it is a view."""
    one = _file_as_printed(one)
    if isinstance(one.private, Absent) or isinstance(one.VadType, Absent):
        one = replaced(one, VadType=Absent("????"), private=Absent("????"))
    return one


def _said_of_views(one: Vad) -> Any:
    """Return a VAD as its row is read: private memory has nothing of a view, and no row says more of one."""
    one = replaced(one, **dict.fromkeys(_OF_VIEWS, None if one.private is True else NOT_SHOWN))
    return replaced(one, file=None, shared_commit=None) if one.private is True and one.file is NOT_SHOWN else one


def tree_as_printed(answer: vad.VadAnswer) -> Any:
    assert answer.tree is not None
    return replaced(answer.tree, vads=tuple(map(_row_as_printed, answer.tree.vads)))


def tree_as_read(answer: vad.VadAnswer) -> Any:
    tree = tree_as_printed(answer)
    rows = tuple(map(_said_of_views, tree.vads))
    said = [f"vads[].{name}" for name in (*_OF_VIEWS, "file", "shared_commit")]
    return as_read(replaced(tree, vads=rows), ("process", "root", "vads[].Protection", "problems"), none=said)


VAD_TREE = Case(
    "!vad", "vad", trees, vad.layout,
    Shown(
        hidden={
            "process": NOT_PRINTED, "root": NOT_PRINTED, "problems": AT_FOOT,
            "vads[].Protection": "a number for the words that are printed",
            **{f"vads[].{name}": NOT_PRINTED for name in _OF_VIEWS},
        },
        beside={"count": "how many VADs there are"},
    ),
    of=tree_as_printed, found=beside("tree"), same=lambda found, answer: (found.tree, tree_as_read(answer)),
)  # fmt: skip


def details(wide: bool) -> Strategy:
    given = {f"vad.{name}": strategy for name, strategy in VAD_GIVEN.items()}
    flags = st.lists(st.sampled_from(["Teb", "NoChange", "PageSize64K", "Lock"]), unique=True, max_size=3).map(tuple)
    flags2 = st.lists(st.sampled_from(["SecNoChange", "Large", "ReadOnly"]), unique=True, max_size=3).map(tuple)
    more = {"vad.address": places(wide), "flags": flags, "flags2": flags2, "old": st.booleans()}
    return record_of(VadDetail, wide, {**given, **more}).map(lambda found: vad.VadAnswer(None, _typed(found)))


def _typed(found: VadDetail) -> Any:
    """Return a VAD in full with its type in front of its flags."""
    type = found.vad.VadType
    named = not isinstance(type, Absent) and type in TYPE_WORDS
    return replaced(found, flags=(type.removeprefix("Vad"), *found.flags)) if named else found


def detail_as_printed(answer: vad.VadAnswer) -> Any:
    """Return a VAD in full with nothing of a view's lines where it is private memory."""
    found = answer.detail
    assert found is not None
    one = _file_as_printed(found.vad)
    if one.VadType not in TYPE_WORDS:
        one = replaced(one, VadType=NOT_SHOWN)
    if one.private is not False:
        one = replaced(one, FirstPrototypePte=NOT_SHOWN, LastContiguousPte=NOT_SHOWN)
        hidden = dict.fromkeys(("FileOffset", "extended", "old"), NOT_SHOWN)
        return replaced(found, vad=one, secured=(NOT_SHOWN, NOT_SHOWN), **hidden)
    unread = {n: Absent("none") for n in ("FirstPrototypePte", "LastContiguousPte") if getattr(one, n) is None}
    offset = Absent("none") if found.FileOffset is None else found.FileOffset
    return replaced(found, vad=replaced(one, **unread), FileOffset=offset)


VAD = Case(
    "!vad X 1", "vad", details, vad.layout,
    same=lambda found, answer: (
        found.detail,
        as_read(
            detail_as_printed(answer), ("vad.Protection", "vad.level", "vad.private", "problems"),
            none=("vad.file", "vad.shared_commit"),
        ),
    ),
    shown=Shown(
        hidden={
            "vad.Protection": "a number for the words that are printed",
            "vad.level": NOT_PRINTED, "vad.private": "whether there are a view's lines",
        },
    ),
    of=detail_as_printed, found=beside("detail"),
)  # fmt: skip


# An interlocked list.


def lists(wide: bool) -> Strategy:
    given = {
        "header.address": places(wide), "header.form": st.sampled_from(["Header8", "HeaderX64"] if wide else ["x86"]),
        "header.Region": st.one_of(numbers(True), ABSENT) if wide else st.none(), "header.Alignment": numbers(True),
        "header.sequence_name": st.just("Sequence") if wide else st.sampled_from(["Sequence", "CpuId"]),
        "entries[].address": places(wide),
        "entries[].words": st.one_of(ABSENT, st.lists(numbers(False), min_size=4, max_size=4).map(tuple)),
        "window": st.one_of(ABSENT, record_of(PopWindow, wide, {"*.name": names()})),
    }  # fmt: skip
    found = record_of(Slist, wide, given).map(
        lambda one: replaced(one, header=replaced(one.header, sequence_bits=SEQUENCE_BITS[one.header.form]))
    )
    return st.tuples(found, st.booleans()).map(
        lambda made: slist.SlistAnswer(made[0], (), True, tuple(explanation(made[0])) if made[1] else ())
    )


def list_shown(found: Any, *others: str) -> Any:
    """Return a list as it is read: why no window is known is a remark; where a pop faults is said where it did."""
    window = found.window
    hidden = ["window"] if isinstance(window, Absent) else []
    if window and not (window.inside and window.fault == window.ip):
        hidden = ["window.fault"]
    return shown_of(found, "header.address", *hidden, *others)


SLIST = Case(
    "!slist X", "slist", lists, slist.layout,
    Shown(
        hidden={"list": "compared as a whole", "asked": "whether a window is spoken of"},
        beside={"list": "compared as a whole", "offsets": "as they are in the form's types"},
    ),
    same=lambda found, answer: (found.list, list_shown(answer.list)),
)  # fmt: skip

CASES = [POOL, PFN, VAD_TREE, VAD, SLIST]


@each(CASES)
def test_what_was_printed_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 25)


@pytest.mark.slow
@each(CASES)
def test_what_was_printed_of_many_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 60)
