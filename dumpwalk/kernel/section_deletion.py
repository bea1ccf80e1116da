"""Whether a control area is being deleted, who waits for it, and what is safe meanwhile.

The rules are those that a driver developer published in September 2016 ("FileObjects and SectionObjectPointer in
Windows"): whoever may destroy a control area takes Mm's lock, looks into ``_SECTION_OBJECT_POINTERS``, and where
``BeingDeleted`` is set waits for the event that ``WaitingForDeletion`` points to.
"""

from __future__ import annotations

from dumpwalk.memory.chain import single_list
from dumpwalk.objects.members import has, integer, member, pointer
from dumpwalk.objects.sizes import offset_of
from dumpwalk.record import record
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from dumpwalk.objects import Object
    from dumpwalk.target import Target

_STATES = {
    "BeingDeleted": "being deleted",
    "AttemptingDelete": "being deleted if nobody needs it",
    "BeingCreated": "being created",
    "BeingPurged": "being purged",
}
# Since Windows Vista a list of blocks on the waiters' stacks, linked by their first member.
_BLOCKS = ("_MI_CONTROL_AREA_WAIT_BLOCK", "_MI_SECTION_CREATION_GATE")
_MOST_WAITERS = 4096


@record
class Deletion:
    """The state of a control area's deletion.

    :param state: ``stable``, ``being deleted``, ``being created``, ``being purged``; ``unknown`` without the flags
    :param waiters: how many wait until it is over
    """

    state: str
    waiters: int | Absent


def deletion(target: Target, area: Object, fields: dict[str, int]) -> Deletion:
    """Return the state of the deletion of *area*, a ``_CONTROL_AREA`` whose flags are *fields*.

    :param fields: the flags by name; none where they can't be read
    """
    state = state_of(fields)
    waiting = pointer(area, "WaitList", "WaitingForDeletion")
    if isinstance(waiting, Absent):
        return Deletion(state, waiting)
    if not waiting:
        return Deletion(state, 0)
    block = member(area, "WaitList", "WaitingForDeletion").deref_()
    if has(block, "RefCount"):  # Windows XP's and 2003's _EVENT_COUNTER
        return Deletion(state, integer(block, "RefCount"))
    link = next((offset_of(target.types, name, "Next") for name in _BLOCKS if target.types.find(name)), 0)
    chain = single_list(target.memory, target.machine, waiting, link, _MOST_WAITERS)
    if chain.problems:
        return Deletion(state, Absent(f"at least {len(chain.addresses)}: {chain.problems[0]}"))
    return Deletion(state, len(chain.addresses))


def state_of(fields: Mapping[str, int]) -> str:
    """Return the state that the flags of a control area say it is in.

    >>> state_of({"File": 1, "BeingDeleted": 1}), state_of({"File": 1}), state_of({})
    ('being deleted', 'stable', 'unknown')
    """
    return next((words for name, words in _STATES.items() if fields.get(name)), "stable" if fields else "unknown")
