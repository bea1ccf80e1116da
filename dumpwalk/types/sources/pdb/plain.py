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

# LF_MEMBER with an offset below 0x8000, and the padding (LF_PAD1...) to the next member. A search would go on
# behind what it does not understand; so there the last alternative takes all the rest.
_FIELD = rb"\x0d\x15.......[\0-\x7f][^\0]*\0[\xf1-\xff]*"
_FIELDS = re.compile(_FIELD + b"|.+", re.DOTALL)
# What has only a type before its name and is no part of a layout (LF_STMEMBER, LF_METHOD, LF_NESTTYPE). The last
# is in most lists that clang writes, without a name where the type has none.
_NESTTYPE = b"\x10\x15"
_OTHERS = rb"(?:[\x0e-\x10]\x15......[^\0]*\0[\xf1-\xff]*)*"
_FIELDS_AMONG_OTHERS = re.compile(rb"%b(%b|.+)%b" % (_OTHERS, _FIELD, _OTHERS), re.DOTALL)
# LF_ENUMERATE with a value below 0x8000; of the rest, nothing is in the groups.
_ENUMERATORS = re.compile(rb"\x02\x15..(.[\0-\x7f])([^\0]*)\0[\xf1-\xff]*|.+", re.DOTALL)


def plain_fields(data: bytes) -> Sequence[bytes]:
    """Return the bytes of each field in a list, up to the next member; nothing when there is more in it.

    Static members, methods and nested types are left out: they are no part of a structure's layout.
    """
    if _NESTTYPE not in data:  # if it is, it may be part of something else: then this only takes longer
        found = _FIELDS.findall(data, 2)
        if not found or _is_field(found[-1]):
            return found
    found = _FIELDS_AMONG_OTHERS.findall(data, 2)
    return found if found and _is_field(found[-1]) else ()


def _is_field(found: bytes) -> bool:
    """Tell which of the two alternatives of :data:`_FIELDS` was *found*."""
    return found[:2] == b"\x0d\x15" and found[9:10] < b"\x80" and 0 in found[10:]


def plain_enumerators(data: bytes) -> Sequence[tuple[bytes, bytes]]:
    """Return the value and name of each member of a field list; nothing when there is more in it."""
    found = _ENUMERATORS.findall(data, 2)
    return found if found and found[-1][0] else ()
