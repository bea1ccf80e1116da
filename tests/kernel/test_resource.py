"""Resources of the executive: who holds them, in the forms that the structure has had."""

from __future__ import annotations

import pytest
from images import opened, spec_of

from dumpwalk.kernel.resource import Owner, is_owned_exclusively, owners
from dumpwalk.remarks import Absent
from dumpwalk.target import Target

BASE = {"x86": 0x86200000, "x64": 0xFFFFFA8001B00000}


def machine(profile: str, text: str) -> Target:
    """Return a machine with what *text* says at its base, ``{0}``, in a table ``{1}``, and in its second entry."""
    base, entry = BASE[profile[-3:]], 16 if profile.endswith("x64") else 8
    places = [f"{place >> 32:08x}`{place & 0xFFFFFFFF:08x}" for place in (base, base + 0x100, base + 0x100 + entry)]
    return opened(spec_of(profile, text.format(*places, thread=f"{base + 0x5000:x}", owner=f"{base + 0x6003:x}")))


@pytest.mark.parametrize("profile", ["nt/xpsp3-x86", "nt/2003sp2-x64"])
def test_two_owners_stand_in_old_structures(profile: str) -> None:
    text = """\
struct _ERESOURCE at {0} Flag=80 OwnerThreads[0].OwnerThread={thread} OwnerThreads[0].OwnerCount=2
  OwnerThreads[1].OwnerThread=1234 OwnerThreads[1].OwnerCount=1
"""
    base, target = BASE[profile[-3:]], machine(profile, text)

    assert is_owned_exclusively(target, base) is True
    assert owners(target, base) == (Owner(target.address(base + 0x5000), 2), Owner(target.address(0x1234), 1))


@pytest.mark.parametrize("profile", ["nt/vistasp2-x64", "nt/win7sp1-x86", "nt/win81u1-x64", "nt/19041.3570-x64"])
def test_others_share_it_in_a_table(profile: str) -> None:
    text = """\
struct _ERESOURCE at {0} OwnerEntry.OwnerThread={thread} OwnerEntry.OwnerCount=1 OwnerTable={1}
struct _OWNER_ENTRY at {1} TableSize=3
struct _OWNER_ENTRY at {2} OwnerThread={owner} OwnerCount=7
"""
    base, target = BASE[profile[-3:]], machine(profile, text)
    found = owners(target, base)

    assert is_owned_exclusively(target, base) is False
    assert not isinstance(found, Absent)
    assert [owner.OwnerThread for owner in found] == [base + 0x5000, base + 0x6003]
    assert [owner.OwnerCount for owner in found] == [1, 7]
    assert found[1].thread == base + 0x6000


def test_a_table_of_unlikely_size_is_not_walked() -> None:
    text = "struct _ERESOURCE at {0} OwnerTable={1}\nstruct _OWNER_ENTRY at {1} TableSize=7fffffff\n"
    found = owners(machine("nt/19041.3570-x64", text), BASE["x64"])

    assert isinstance(found, Absent)
    assert "2147483647 entries" in found.reason


def test_a_table_that_is_not_there() -> None:
    text = "struct _ERESOURCE at {0} OwnerTable=fffffa8009999000\n"
    found = owners(machine("nt/19041.3570-x64", text), BASE["x64"])

    assert isinstance(found, Absent)
