"""What several blocks of a text show together: worker threads that are all busy, a thread that hogs a processor.

One stack proves neither. That no worker is free shows where a text lists all threads of a queue (``!exqueue``) or of
System (``!process 4``) with their stacks; that a thread uses up a processor, where it runs and has had far more time
than all others that are listed, or where the crash's parameters name it.
"""

from __future__ import annotations

from dumpwalk.annotations.conditions import Situation
from dumpwalk.annotations.stacks import annotate
from dumpwalk.record import replace
from dumpwalk.remarks import Absent
from dumpwalk.transcript.bugcheck import stuck_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.annotations import Annotation
    from dumpwalk.kernel.thread_details import Times
    from dumpwalk.transcript import Block
    from dumpwalk.transcript.thread import ListedThread

# The frame above ExpWorkerThread of a worker that waits for work.
_IDLE = ("KeRemoveQueue", "KeRemovePriQueue")
_WORKER = "ExpWorkerThread"
# System has more workers than that; a list of fewer is somebody's choice of threads.
_FEWEST_WORKERS = 4
# A thread has far more time than others when it has ten times as much as the next of at least three, and a second.
_TIMES, _FEWEST_OTHERS, _SHORTEST = 10, 3, 1.0
# More processors than any machine has groups for.
_MOST_RUNNING = 256
_MOST_SAID = 64
_MOST_SEEN = 1 << 16
_SECOND = 10_000_000  # units of 100 ns


class _Workers:
    """The threads below a heading: those of one work queue, or those of System."""

    def __init__(self, line: int, queue: str, expected: int | None) -> None:
        self.line, self.queue, self.expected = line, queue, expected
        self.busy = self.others = 0
        self.frames: tuple[tuple[str, str], ...] = ()

    def add(self, thread: ListedThread) -> None:
        names = [name for _, name in _sites(thread)]
        if _WORKER not in names:
            # Of a thread without frames nothing is known; a thread of System that is no worker does not count.
            self.others += 1 if self.queue or not names else 0
            return
        above = names[names.index(_WORKER) - 1] if names[0] != _WORKER else ""
        if above.startswith(_IDLE) or thread.details.thread.WaitReason == "WrQueue":
            self.others += 1
        else:
            self.busy += 1
            self.frames = self.frames or tuple(_sites(thread))

    def exhausted(self) -> str:
        """Say how it shows that no worker is free; ``""`` where it does not."""
        if self.others or not self.busy or (self.expected is not None and self.busy != self.expected):
            return ""
        if self.queue:
            return f"all {self.busy} threads of the {self.queue} queue are at work, none waits for any"
        if self.busy < _FEWEST_WORKERS:
            return ""
        return f"all {self.busy} workers among the threads of System that the text lists are at work"


class Together:
    """Looks at the blocks of a text one after another."""

    def __init__(self) -> None:
        self._workers: _Workers | None = None
        self._stuck: int | None = None
        self._times: dict[int, float] = {}  # the two largest, by thread
        self._seen: set[int] = set()
        self._running: list[tuple[int, int, float, tuple[tuple[str, str], ...]]] = []
        self._said = 0

    def add(self, block: Block) -> Iterator[Annotation]:
        """Look at one more block, and yield what is known with it."""
        kind = block.kind
        if kind == "thread":
            if block.record is not None:
                self._thread(block.record, block.first_line)
            return
        if kind == "noise":
            return
        if self._workers is not None:
            yield from self._end_of_list()
        if block.record is None:
            return
        if kind == "work-queue":
            threads = block.record.threads
            self._workers = _Workers(block.first_line, block.record.name, threads[0] if threads else None)
        elif kind == "process" and block.record.processes and block.record.processes[-1].image == "System":
            self._workers = _Workers(block.first_line, "", None)
        elif kind in ("bugcheck", "analyze"):
            found = stuck_thread(block.record if kind == "bugcheck" else block.record.bugcheck)
            self._stuck = self._stuck if found is None else found

    def end(self) -> Iterator[Annotation]:
        """Yield what is known when the text has ended."""
        yield from self._end_of_list()
        for address, line, used, frames in self._running:
            why = self._hog(address, used)
            if why:
                known = Situation(state="RUNNING", facts=("processor-hog",))
                yield from self._remark("driver-stuck-dispatch", frames, known, line, why)

    def _end_of_list(self) -> Iterator[Annotation]:
        workers, self._workers = self._workers, None
        why = workers.exhausted() if workers is not None else ""
        if workers is not None and why:
            known = Situation(facts=("workers-exhausted",))
            yield from self._remark("worker-exhaustion", workers.frames, known, workers.line, why)

    def _thread(self, thread: ListedThread, line: int) -> None:
        if self._workers is not None:
            self._workers.add(thread)
        own = thread.details.thread
        if not own.Cid.UniqueProcess:  # the idle process's threads have all the time that nobody wants
            return
        address, used = int(own.address), _used(thread.details.times)
        if used is not None:
            if len(self._seen) < _MOST_SEEN:
                self._seen.add(address)
            self._times[address] = max(used, self._times.get(address, 0.0))
            if len(self._times) > 2:
                del self._times[min(self._times, key=self._times.__getitem__)]
        if own.State == "Running" and thread.stack is not None and len(self._running) < _MOST_RUNNING:
            self._running.append((address, line, used or 0.0, tuple(_sites(thread))))

    def _hog(self, address: int, used: float) -> str:
        if address == self._stuck:
            return "parameter 1 of THREAD_STUCK_IN_DEVICE_DRIVER is this thread"
        others = max((time for thread, time in self._times.items() if thread != address), default=0.0)
        if used < _SHORTEST or len(self._seen) <= _FEWEST_OTHERS or used < _TIMES * others:
            return ""
        rest = f"none of the {len(self._seen) - 1} others that are listed has used more than {others:.3f} s"
        return f"it runs, and has used {used:.3f} s of processor time; {rest}"

    def _remark(
        self, rule: str, frames: tuple[tuple[str, str], ...], known: Situation, line: int, why: str
    ) -> Iterator[Annotation]:
        for said in annotate(frames, known):
            if said.name == rule and self._said < _MOST_SAID:
                self._said += 1
                yield replace(said, line=line, deduced=(why,))


def _sites(thread: ListedThread) -> list[tuple[str, str]]:
    return [frame.name for frame in thread.stack.frames] if thread.stack is not None else []


def _used(times: Times) -> float | None:
    """Return how many seconds of processor time the text says that a thread has had."""
    known = [time for time in (times.UserTime, times.KernelTime) if not isinstance(time, Absent)]
    return sum(known) / _SECOND if known else None
