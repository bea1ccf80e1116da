"""What a thread's wait reason (KWAIT_REASON of wdm.h, as ``!thread`` prints it) says of the wait."""

from __future__ import annotations

from dumpwalk.annotations import Annotation

# In the order of their numbers.
REASONS = {
    "Executive": "kernel code waits for an object of its own: an event, a mutex, an I/O request",
    "FreePage": "the memory manager waits for a free page",
    "PageIn": "a page is being read in",
    "PoolAllocation": "a pool allocation has to wait",
    "DelayExecution": "the thread sleeps for a stated time",
    "Suspended": "the thread was suspended, and waits to be resumed",
    "UserRequest": "a user-mode program waits for an object through a system service",
    "WrExecutive": "kernel code waits for an object of its own",
    "WrFreePage": "the memory manager has no free page to give; look at memory pressure",
    "WrPageIn": "a page is being read in, by this thread or another one",
    "WrPoolAllocation": "a pool allocation has to wait",
    "WrDelayExecution": "the thread sleeps for a stated time",
    "WrSuspended": "the thread was suspended, and waits to be resumed",
    "WrUserRequest": "a thread with windows waits for a message or an object",
    "WrEventPair": "an old form of local procedure call waits",
    "WrQueue": "the thread waits for work: a worker that is idle, or a thread at a completion port",
    "WrLpcReceive": "a server waits for a local procedure call",
    "WrLpcReply": "a client waits for the answer to a local procedure call; look at the server",
    "WrVirtualMemory": "a change of memory has to wait",
    "WrPageOut": "a page is being written out",
    "WrRendezvous": "processors wait for each other",
    "WrKeyedEvent": "a lock or condition variable of user mode is waited for",
    "WrTerminated": "the thread has ended, and waits to be cleaned up",
    "WrProcessInSwap": "the process is being swapped in",
    "WrCpuRateControl": "a job's share of the processor is used up",
    "WrCalloutStack": "a second kernel stack is being set up",
    "WrKernel": "the kernel itself waits",
    "WrResource": "an executive resource (ERESOURCE) is held by others; !locks shows the owner",
    "WrPushLock": "a push lock is held by others; it does not record its owner",
    "WrMutex": "a mutex is held by another thread",
    "WrQuantumEnd": "the time slice ended, and another thread was chosen",
    "WrDispatchInt": "a dispatch interrupt made the thread give way",
    "WrPreempted": "a thread of higher priority took the processor",
    "WrYieldExecution": "the thread gave way by itself",
    "WrFastMutex": "a fast mutex is held by another thread; its Owner says which",
    "WrGuardedMutex": "a guarded mutex is held by another thread; its Owner says which",
    "WrRundown": "rundown protection is waited for: users of an object have to leave it first",
    "WrAlertByThreadId": "the thread waits for another one to alert it: a critical section or condition variable",
    "WrDeferredPreempt": "a pre-emption was put off",
    "WrPhysicalFault": "a physical page is being brought in",
    "WrIoRing": "the thread waits for completions of an I/O ring",
}
_names: list[str] = list(REASONS)


def reason_name(number: int) -> str:
    """Return the name of a wait reason's number, as ``_KTHREAD.WaitReason`` holds it; ``""`` for one without.

    >>> reason_name(27), reason_name(99)
    ('WrResource', '')
    """
    return _names[number] if 0 <= number < len(_names) else ""


def wait_reason(reason: str) -> Annotation | None:
    """Return what *reason* says, ``None`` for one that is not known."""
    said = REASONS.get(reason)
    return Annotation("wait reason", reason, f"{reason}: {said}", "") if said else None
