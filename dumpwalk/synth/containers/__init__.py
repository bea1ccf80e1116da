"""Files that physical memory is kept in: each module of this package writes one kind, or a family of kinds.

A writer is a function from a spec and the physical pages it describes to the
bytes of a file, registered under the names that a spec's first line may give.
"""

from __future__ import annotations

from dumpwalk.registry import Registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    from dumpwalk.synth.spec import Spec

    # Page number -> the 4096 bytes of the page. Pages that are not in it were not in the machine, or not dumped.
    Pages: TypeAlias = Mapping[int, bytes]
    Writer: TypeAlias = Callable[[Spec, Pages], bytes]

WRITERS: Registry[Writer] = Registry(__name__)
