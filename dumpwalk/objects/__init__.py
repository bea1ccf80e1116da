"""Objects: a type at an address, read when it is asked for.

::

    file = object_(memory, types, "_FILE_OBJECT", 0x8750EF80)
    file.Size                                       # 128: numbers are numbers
    file.SectionObjectPointer.DataSectionObject     # a pointer's members are those of what it points to
    file.FileName.str_()

An object's own names end in ``_``, so that members never clash with them. A
member that the type lacks is an :exc:`AttributeError`; one that can't be read
is an :class:`~dumpwalk.remarks.Absent`, which is false.

``object`` says what an object can be asked, ``plan`` how a type is read, and
``space`` puts a memory and its types together.
"""

from __future__ import annotations

from dumpwalk.objects.enums import EnumValue
from dumpwalk.objects.object import Object
from dumpwalk.objects.plan import Plan
from dumpwalk.objects.space import Space, at, object_, read_at, space_of

__all__ = ["EnumValue", "Object", "Plan", "Space", "at", "object_", "read_at", "space_of"]
