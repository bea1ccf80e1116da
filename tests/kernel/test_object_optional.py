"""Optional headers: distances by the mask, bit 0x40 in its three meanings, the old offsets."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from object_worlds import machine

import dumpwalk
from dumpwalk.kernel.object_header import header_of, object_name
from dumpwalk.kernel.object_optional import check_distances, distance, optional_headers, optional_sizes
from dumpwalk.remarks import Absent
from dumpwalk.target import Target

SAMPLES = Path(__file__).parents[2] / "samples"


def sample(name: str = "file_mapping_x64") -> Target:
    return dumpwalk.open(str(SAMPLES / f"{name}.dmp"))


@pytest.mark.parametrize(
    ("name", "mask", "distances"),
    [
        ("file_mapping_x64", 0x0E, {2: 0x20, 4: 0x30, 8: 0x50}),
        ("file_mapping_x64", 0x4C, {4: 0x10, 8: 0x30, 0x40: 0x40}),
        ("file_mapping_x86", 0x0E, {2: 0x10, 4: 0x18, 8: 0x28}),
    ],
)
def test_published_vectors(name: str, mask: int, distances: dict[int, int]) -> None:
    """As Rekall and Volatility 3 work them out."""
    target = sample(name)

    assert {bit: distance(target, mask, bit) for bit in distances} == distances
    assert distance(target, mask, 1) == 0


@pytest.mark.parametrize(
    ("profile", "kinds"),
    [
        ("nt/7601.24540-x64", {0x10: ("PROCESS", 0x10)}),
        ("nt/9600.20625-x64", {0x20: ("AUDIT", 0x10), 0x40: ("PADDING", 4)}),
        ("nt/win10-10240-x64", {0x40: ("HANDLE_REVOCATION", 0x20), 0x80: ("PADDING", 4)}),
        ("nt/win10-10240-x86", {0x40: ("HANDLE_REVOCATION", 0x10), 0x80: ("PADDING", 4)}),
        ("nt/19041.3570-x64", {0x40: ("EXTENDED", 0x10), 0x80: ("PADDING", 4)}),
    ],
)
def test_what_the_high_bits_mean(profile: str, kinds: dict[int, tuple[str, int]]) -> None:
    found = optional_sizes(machine(profile))

    assert {bit: found[bit] for bit in kinds} == kinds
    assert max(found) == max(kinds)


def test_a_mask_that_the_kernel_reads_otherwise() -> None:
    """The kernel's own table wins no argument, but is heard."""
    target = sample()
    table = int(target.address_of("ObpInfoMaskToOffset") or 0)
    event = 0xFFFFB80F45670060
    spec = f'object "\\ready" Event at {event:x}'
    good = machine("nt/19041.3570-x64", spec)
    assert check_distances(good, header_of(good, event)) is None
    bad = machine("nt/19041.3570-x64", f"{spec}\nblock {table + 2:x} bytes 40")
    problem = check_distances(bad, header_of(bad, event))

    assert problem is not None
    assert "ObpInfoMaskToOffset says 0x40, the types say 0x20" in problem.what


@pytest.mark.parametrize("profile", ["nt/xpsp3-x86", "nt/vistasp2-x64"])
def test_offsets_of_old_headers(profile: str) -> None:
    """A type has its creator's header and its name."""
    from dumpwalk.kernel.variables import pointer_in

    target = machine(profile)
    type = pointer_in(target, "ObpTypeObjectType")
    assert not isinstance(type, Absent)
    found = optional_headers(target, header_of(target, type))

    assert not isinstance(found, Absent)
    assert [one.kind for one in found] == ["CreatorInfo", "NameInfo"]
    assert object_name(target, type) == "Type"


@given(mask=st.integers(0, 255))
def test_headers_lie_below_each_other(mask: int) -> None:
    """Whatever the mask is, each header ends where the one above it begins."""
    target = sample()
    sizes = optional_sizes(target)
    present = [bit for bit in sizes if mask & bit]
    ends = [distance(target, mask, bit) - sizes[bit][1] for bit in present]

    assert ends == [0, *(distance(target, mask, bit) for bit in present)][: len(ends)]


def test_a_header_that_is_not_in_the_dump() -> None:
    target = sample()

    assert isinstance(optional_headers(target, header_of(target, 0xFFFF800000001000)), Absent)
    assert isinstance(object_name(target, 0xFFFF800000001000), Absent)
