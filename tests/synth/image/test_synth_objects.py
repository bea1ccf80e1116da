"""What synthetic machines keep of objects, against what others say of real ones."""

from __future__ import annotations

import pytest

from dumpwalk.synth import SpecError, parse
from dumpwalk.synth.image.namespace import name_hash
from dumpwalk.synth.image_spec import HandleItem, LinkItem, ObjectItem, Ref

HEAD = "dump full x64\nprofile nt/19041.3570-x64\n"


def test_statements() -> None:
    spec = parse(
        HEAD + 'object-manager\nkernel-exports\nobject-type "Event" at ffffb80f`12300000\nobject-type "Key" at 10\n'
        'object "\\A\\ready" Event as ready at 20 size 40 Header.Type=1\nobject "" Token size 100\n'
        'link "\\??\\E:" to "\\Device\\Example" as drive drive 5\nhandle 4 8 to ready access 3 attributes 6\n'
    )
    image = spec.image

    assert image is not None
    assert (image.object_manager, image.exports) == (True, True)
    assert image.type_addresses == (("Event", 0xFFFFB80F12300000), ("Key", 0x10))
    assert image.items == (
        ObjectItem("\\A\\ready", "Event", "ready", 0x20, 0x40, (("Header.Type", 1),)),
        ObjectItem("", "Token", size=0x100),
        LinkItem("\\??\\E:", "\\Device\\Example", "drive", drive=5),
        HandleItem(4, 8, "ready", 3, 6),
    )
    assert Ref("ready") == Ref("ready", 0)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ('object "\\x" Token', "how large a Token is is not known; say size"),
        ('object "\\x" Event Nonsense=1', "_KEVENT has no field 'Nonsense'"),
        ("object-manager\nobject-manager", "object_manager is stated twice"),
        ('object "x" Event', "begins with a backslash"),
        ('object "\\x" Nonsense size 10', "no object type 'Nonsense'"),
        ('process 8 "a" as a\nhandle 8 4 to a attributes 8', "three bits"),
    ],
)
def test_statements_that_make_no_sense(statement: str, message: str) -> None:
    from dumpwalk.synth import write

    with pytest.raises(SpecError, match=message):
        write(f"{HEAD}{statement}\n")


@pytest.mark.parametrize(
    ("name", "chain"),
    [
        *(("00000044", 0), ("00000030", 0), ("NDMP2", 0), ("NTPNP_PCI0002", 0)),
        *(("FltMgrMsg", 19), ("FltMgr", 21)),
    ],
)
def test_chains_of_a_real_machine(name: str, chain: int) -> None:
    """Windows 10 x64, as the documentation of !object lists \\Device and \\Filters."""
    assert name_hash(name, wide=True) % 37 == chain
    assert name_hash(name.lower(), wide=True) == name_hash(name, wide=True)
