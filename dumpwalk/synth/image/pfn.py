"""The page frame database: what Mm keeps of each page of a file that is in memory."""

from __future__ import annotations

from dumpwalk.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from dumpwalk.synth.image.world import World

# MMLISTS: where a page is
_STANDBY, _ACTIVE = 2, 6
# How far behind the pool the database is: out of the way, below the same tables.
_BEHIND = 0x8000000


@record
class Frame:
    """A page of a file.

    :param pte: address of the prototype PTE that holds it
    :param original: what that PTE will be when the page is gone
    :param active: it is valid, not in transition
    """

    pte: int
    original: int
    active: bool


def database(world: World, frames: Mapping[int, Frame]) -> None:
    """Write an ``_MMPFN`` for each of *frames*, by page number, where ``MmPfnDatabase`` says."""
    if not frames or not world.layouts.has("_MMPFN"):
        return
    base, size = world.pool_at + _BEHIND, world.layouts.size("_MMPFN")
    world.kernel.set("MmPfnDatabase", base)
    world.arena.clear(base + min(frames) * size, (max(frames) - min(frames) + 1) * size)
    for number, frame in frames.items():
        holder = world.arena.system.find(frame.pte) or 0
        fields = {
            "PteAddress": frame.pte,
            "OriginalPte.u.Long": frame.original,
            "u2.ShareCount": int(frame.active),
            "u3.e1.PageLocation": _ACTIVE if frame.active else _STANDBY,
            "u3.e1.PrototypePte": 1,
            "u3.e2.ReferenceCount": int(frame.active),
            "u3.ReferenceCount": int(frame.active),
            "u4.PrototypePte": 1,
            "u4.PteFrame": holder >> 12,
        }
        world.structures.put_known("_MMPFN", base + number * size, fields)
