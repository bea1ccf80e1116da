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

# Padding (LF_PAD1...) to the next member, and what has only a type before its name and is no part of a layout
# (LF_STMEMBER, LF_METHOD, LF_NESTTYPE).
_OTHERS = rb"(?:[\x0e-\x10]\x15......[^\0]*\0[\xf1-\xff]*)*"
# LF_MEMBER with an offset below 0x8000. A search would go on behind what it does not understand; so there
# the last alternative takes all the rest.
_FIELD = rb"\x0d\x15.......[\0-\x7f][^\0]*(?=\0)"
_FIELDS = re.compile(rb"%b(%b|.+)(?:\0[\xf1-\xff]*%b)?" % (_OTHERS, _FIELD, _OTHERS), re.DOTALL)
# LF_ENUMERATE with a value below 0x8000; of the rest, nothing is in the groups.
_ENUMERATORS = re.compile(rb"\x02\x15..(.[\0-\x7f])([^\0]*)\0[\xf1-\xff]*|.+", re.DOTALL)


def plain_fields(data: bytes) -> Sequence[bytes]:
    """Return the bytes of each field in a list, up to the NUL behind its name; nothing when there is more in it.

    Static members, methods and nested types are left out: they are no part of a structure's layout.
    """
    found = _FIELDS.findall(data, 2)
    return found if found and not data.endswith(found[-1]) else ()


def plain_enumerators(data: bytes) -> Sequence[tuple[bytes, bytes]]:
    """Return the value and name of each member of a field list; nothing when there is more in it."""
    found = _ENUMERATORS.findall(data, 2)
    return found if found and found[-1][0] else ()
