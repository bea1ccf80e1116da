"""The fields of structures, by the bytes of their member records.

Of a kernel's fields, every second one is in another structure as well: the
same name, type and offset. Such a field is made once, and found again by a
lookup that runs no line of Python.
"""

from __future__ import annotations

from dumpwalk.types.sources.pdb.plain import plain_fields
from dumpwalk.types.sources.pdb.rows import SHALLOW, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from dumpwalk.types.model import Field, Type


class Fields(dict[bytes, "Field"]):
    """Makes the fields of plain member lists.

    :param plain: types that need no second look, by the bytes of their index
    :param make: makes any type of these bytes: the type, its depth and weight, its bits, what is guessed
    """

    def __init__(
        self,
        plain: dict[bytes, Type],
        make: Callable[[bytes], tuple[Type, int, int, tuple[int, int] | None, str]],
    ) -> None:
        super().__init__()
        self._plain = plain
        self._make = make
        self._names: dict[bytes, str] = {}
        self._deepest, self._weight = SHALLOW, 0

    def of(self, data: bytes) -> tuple[tuple[Field, ...], int, int]:
        """Return the fields in a member list, with the depth and weight of their types; nothing if it is not plain."""
        around = self._deepest, self._weight  # of the structure in which this one, that has no name, is
        self._deepest, self._weight = SHALLOW, 0
        found = tuple(map(self.__getitem__, plain_fields(data)))
        made = found, self._deepest, self._weight
        self._deepest, self._weight = around
        return made

    def __missing__(self, raw: bytes) -> Field:
        raw_type, raw_name = raw[4:8], raw[10:]  # with the padding, which is the same for the same name
        name = self._names.get(raw_name)
        if name is None:
            text = raw_name[: raw_name.index(0)]
            name = self._names[raw_name] = text.decode("utf-8", "backslashreplace")
        type_ = self._plain.get(raw_type)
        if type_ is not None:
            made = self[raw] = field(name, raw[8] | raw[9] << 8, type_, None, "")
            return made
        type_, depth, weight, bits, guessed = self._make(raw_type)
        made = field(name, raw[8] | raw[9] << 8, type_, bits, guessed)
        if weight or depth > SHALLOW:  # to be counted each time
            self._deepest, self._weight = max(self._deepest, depth), self._weight + weight
        else:
            self[raw] = made
        return made
