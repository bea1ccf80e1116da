"""``dumpwalk pool``: the pool around an address, as WinDbg's ``!pool`` prints it."""

from __future__ import annotations

from dumpwalk.arguments import argument
from dumpwalk.commands import command
from dumpwalk.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.pool import Pool
    from dumpwalk.target import Target

# Bits of the second argument (Microsoft's documentation of !pool).
_CONTENTS, _ALONE, _NOT_DESCRIBED = 1, 2, 0x80000000


@record
class PoolAnswer:
    """The pool around an address.

    :param flags: how it is to be shown
    """

    pool: Pool
    flags: int = 0


def layout(answer: PoolAnswer) -> str:
    """Return the blocks in ``!pool``'s columns."""
    from dumpwalk.render.pool import layout as rows

    return rows(answer.pool, bool(answer.flags & _ALONE), not answer.flags & _NOT_DESCRIBED)


def _partial(answer: PoolAnswer) -> bool:
    return bool(answer.pool.problems)


@command(
    "pool",
    argument("address", "an address in pool"),
    argument("flags", "1 with contents, 2 this block alone, 80000000 no descriptions; they add up", many="?"),
    text=layout,
    partial=_partial,
    needs_dump=True,
)
def pool(target: Target, address: str | int, flags: str | int | None = None) -> PoolAnswer:
    """Show the blocks of a page of pool, with the one that holds the address marked.

    Finds large allocations and special pool, too. Where the chain of headers
    is damaged, says where, and shows the blocks before and behind.
    """
    from dumpwalk.expression import quantity
    from dumpwalk.kernel.names import DumpNames, resolve
    from dumpwalk.kernel.pool import pool as look

    bits = flags if isinstance(flags, int) else quantity(flags, DumpNames(target)) if flags else 0
    return PoolAnswer(look(target, resolve(target, address), contents=bool(bits & _CONTENTS)), bits)
