"""What every part of an image shares while it is built: memory, layouts, the kernel, and what labels name."""

from __future__ import annotations

from dumpwalk.synth.image.objects import Objects
from dumpwalk.synth.image.pool import Pool
from dumpwalk.synth.image.structures import Structures
from dumpwalk.synth.image_spec import Ref
from dumpwalk.synth.spec import SpecError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.synth.image.arena import Arena
    from dumpwalk.synth.image.kernel import Kernel
    from dumpwalk.synth.image.structures import Layouts, Value
    from dumpwalk.synth.image.tables import Tables
    from dumpwalk.synth.image_spec import Assignments, Image
    from dumpwalk.synth.spec import Spec


class Thread:
    """A thread that was placed: where it is, and its pending IRPs."""

    def __init__(self, address: int, process: Process, tid: int) -> None:
        self.address = address
        self.process = process
        self.tid = tid
        self.irps: list[int] = []


class Process:
    """A process that was placed: where it is, its page tables, threads and handles."""

    def __init__(self, address: int, pid: int, space: Tables) -> None:
        self.address = address
        self.pid = pid
        self.space = space
        self.threads: list[Thread] = []
        self.handles: dict[int, tuple[int, int, int]] = {}


class World:
    """An image that is being built.

    :ivar labels: addresses by label
    :ivar kinds: by label, the structure that is there
    """

    def __init__(self, spec: Spec, image: Image, kernel: Kernel, pool_at: int) -> None:
        self.spec = spec
        self.image = image
        self.kernel = kernel
        self.arena: Arena = kernel.arena
        self.structures: Structures = kernel.structures
        self.layouts: Layouts = self.structures.layouts
        self.pool_at = pool_at
        self.pool = Pool(self.structures, pool_at)
        self.structures.allocate = lambda size: self.pool.allocate(size, "Strg", paged=True)
        self.objects = Objects(kernel, self.pool, image.cookie, image.object_manager, dict(image.type_addresses))
        self.labels: dict[str, int] = {module.name: module.base for module in spec.modules}
        self.kinds: dict[str, str] = {}
        self.processes: dict[int, Process] = {}
        self._later: list[tuple[str, int, Assignments]] = []

    def placed(self, label: str, kind: str, address: int, fields: Assignments = ()) -> None:
        """Remember that *label* names the structure *kind* at *address*; *fields* are written when all else is.

        :raises SpecError: when the label is taken
        """
        if label:
            if label in self.labels:
                raise SpecError(f"{label!r} names something already")
            self.labels[label] = address
            self.kinds[label] = kind
        if fields:
            self._later.append((kind, address, fields))

    def resolve(self, value: int | str | Ref) -> Value:
        """Return *value*, or the address that it refers to.

        :raises SpecError: when nothing has that label
        """
        if isinstance(value, Ref):
            return self.find(value.label) + value.offset
        return value

    def find(self, label: str, kind: str = "") -> int:
        """Return the address of what *label* names.

        :param kind: the structure that it has to be; ``""`` for any
        :raises SpecError: when there is no such label, or it names something else
        """
        if kind and self.kinds.get(label) != kind and self.kinds.get(f"{kind} {label}") == kind:
            label = f"{kind} {label}"
        if label not in self.labels:
            raise SpecError(f"nothing is called {label!r}; there are {', '.join(self.labels) or 'no labels'}")
        if kind and self.kinds.get(label) != kind:
            raise SpecError(f"{label!r} is no {kind} but {self.kinds.get(label, 'a module')}")
        return self.labels[label]

    def process(self, pid: int) -> Process:
        """Return the process *pid*.

        :raises SpecError: when there is none
        """
        if pid not in self.processes:
            raise SpecError(f"there is no process {pid:x}; there are {', '.join(f'{p:x}' for p in self.processes)}")
        return self.processes[pid]

    def thread(self, pid: int, tid: int) -> Thread:
        """Return the thread *tid* of the process *pid*.

        :raises SpecError: when there is none
        """
        for thread in self.process(pid).threads:
            if thread.tid == tid:
                return thread
        raise SpecError(f"process {pid:x} has no thread {tid:x}")

    def write_later(self) -> None:
        """Write the fields that the spec states."""
        for kind, address, fields in self._later:
            self.structures.put(kind, address, [(path, self.resolve(value)) for path, value in fields])

    def allocate(self, name: str, tag: str, paged: bool = False) -> int:
        """Return the address of a zeroed structure *name* in the pool."""
        size = self.layouts.size(name)
        address = self.pool.allocate(size, tag, paged)
        self.arena.clear(address, size)
        return address
