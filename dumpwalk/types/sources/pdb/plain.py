"""Member lists of the ordinary kind, taken apart by regular expressions.

Nearly all lists hold only fields, or only enumerators, with small numbers.
These are found three times as fast as :func:`~dumpwalk.types.sources.pdb.leaves.members`
finds them, which is for all others. Importing ``re`` takes longer than reading
one type does, so this is for who reads all.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# LF_MEMBER and LF_ENUMERATE with a number below 0x8000, and what else has only a type before its name
# (LF_STMEMBER, LF_METHOD, LF_NESTTYPE); then the name, and padding (LF_PAD1...) to the next. A search would
# go on behind what it does not understand; so the last alternative takes all the rest, and then the last
# match has nothing in it.
_FIELD = re.compile(rb"(?:\x0d\x15..(....)(.[\0-\x7f])|[\x0e-\x10]\x15......)([^\0]*)\0[\xf1-\xff]*|.+", re.DOTALL)
_ENUMERATOR = re.compile(rb"\x02\x15..(.[\0-\x7f])([^\0]*)\0[\xf1-\xff]*|.+", re.DOTALL)


def fields(data: bytes) -> Sequence[tuple[bytes, bytes, bytes]]:
    """Return the type index, offset and name of each field in a list; nothing when there are other members in it.

    Static members, methods and nested types have no type index here: they are no part of a structure's layout.
    """
    found = _FIELD.findall(data, 2)
    return found if found and any(found[-1]) else ()


def enumerators(data: bytes) -> Sequence[tuple[bytes, bytes]]:
    """Return the value and name of each member of a field list; nothing when there is more in it."""
    found = _ENUMERATOR.findall(data, 2)
    return found if found and found[-1][0] else ()
