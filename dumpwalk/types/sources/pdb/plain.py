"""Member lists of the ordinary kind, taken apart by regular expressions.

Nearly all lists hold only fields, or only enumerators, with small numbers.
These are found several times as fast as :func:`~dumpwalk.types.sources.pdb.leaves.members`
finds them, which is for all others. Importing ``re`` takes longer than reading
one type does, so this is for who reads all.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# LF_PAD3, LF_PAD2, LF_PAD1: each says how far it is to the next member.
_PADDING = rb"(?:\xf3\xf2\xf1|\xf2\xf1|\xf1|)"
# What has only a type before its name and is no part of a layout (LF_STMEMBER, LF_METHOD, LF_NESTTYPE); the last
# is in most lists that clang writes, without a name where the type has none.
_OTHERS = rb"(?:[\x0e-\x10]\x15......[^\0]*\0%b)*" % _PADDING
_OTHERS_FIRST = re.compile(_OTHERS, re.DOTALL)
# LF_MEMBER with an offset below 0x8000, with its padding. A search would go on behind what it does not understand;
# so there the last alternative takes all the rest, of which nothing is in the group.
_FIELD = rb"\x0d\x15.......[\0-\x7f][^\0]*\0" + _PADDING
_FIELDS = re.compile(rb"(%b)%b|.+" % (_FIELD, _OTHERS), re.DOTALL)
# LF_ENUMERATE with a value below 0x8000; of the rest, nothing is in the groups.
_ENUMERATORS = re.compile(rb"\x02\x15..(.[\0-\x7f])([^\0]*)\0%b|.+" % _PADDING, re.DOTALL)


def plain_fields(data: bytes) -> Sequence[bytes]:
    """Return the bytes of each field in a list, up to the next member; nothing when there is more in it.

    Static members, methods and nested types are left out: they are no part of a structure's layout.
    """
    start = 2
    if data[2:4] != b"\x0d\x15":
        first = _OTHERS_FIRST.match(data, 2)
        start = first.end() if first else 2
    found = _FIELDS.findall(data, start)
    return found if found and found[-1] else ()


def plain_enumerators(data: bytes) -> Sequence[tuple[bytes, bytes]]:
    """Return the value and name of each member of a field list; nothing when there is more in it."""
    found = _ENUMERATORS.findall(data, 2)
    return found if found and found[-1][0] else ()
