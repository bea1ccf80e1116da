"""What follows the header of a crash dump: each module of this package knows one or a few values of ``DumpType``.

An opener is a function from the file to a :class:`~dumpwalk.formats.Dump`,
registered under the values that it reads, in hexadecimal.
"""

from __future__ import annotations

from dumpwalk.registry import Registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from dumpwalk.formats import Dump
    from dumpwalk.formats.header import Header
    from dumpwalk.remarks import Problem

    # The path, the format's name, the bytes, the header, and what is wrong so far.
    Opener: TypeAlias = Callable[[str, str, memoryview, Header, list[Problem]], Dump]

DUMP_TYPES: Registry[Opener] = Registry(__name__)
