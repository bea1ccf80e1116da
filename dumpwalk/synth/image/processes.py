"""Processes and threads: linked in every list they are in, with page tables, stacks and handle tables."""

from __future__ import annotations

from dumpwalk.synth.image.handles import HandleTables
from dumpwalk.synth.image.world import Process, Thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.synth.image.world import World
    from dumpwalk.synth.image_spec import ProcessItem, ThreadItem

# KOBJECTS of the public headers: the first byte of a dispatcher header.
_PROCESS_OBJECT, _THREAD_OBJECT = 3, 6
# KTHREAD_STATE, KWAIT_REASON
RUNNING, _WAITING, _USER_REQUEST = 2, 5, 6
_SYSTEM = 4
_STACK_PAGES = 6
# A priority that nothing raised or lowered.
_NORMAL = 8


class Processes:
    """Places processes and threads; :meth:`finish` links them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.layouts = world.layouts
        self.tables = HandleTables(world.pool, world.image.object_manager)
        self.idle_process = self.idle_thread = 0

    def idle(self) -> None:
        """Place the idle process and its thread, which are in no list."""
        world, put = self.world, self.world.structures.put_known
        process = self.idle_process = world.allocate("_EPROCESS", "Proc")
        thread = self.idle_thread = world.allocate("_ETHREAD", "Thre")
        self._process_fields(process, Process(process, 0, world.arena.system), "Idle")
        self._thread_fields(thread, Thread(thread, Process(process, 0, world.arena.system), 0))
        put("_ETHREAD", thread, {"Tcb.State": RUNNING, "Tcb.Priority": 0, "Tcb.BasePriority": 0})
        self._lists(Process(process, 0, world.arena.system), [thread])
        world.kernel.set("PsIdleProcess", process)

    def process(self, item: ProcessItem) -> None:
        """Place a process."""
        world = self.world
        address = world.objects.create("Process", self.layouts.size("_EPROCESS"), address=item.address)
        space = world.arena.system if item.pid == _SYSTEM else world.arena.space()
        made = world.processes[item.pid] = Process(address, item.pid, space)
        self._process_fields(address, made, item.name)
        if item.pid != _SYSTEM:
            created = {"CreateTime": world.spec.time, "InheritedFromUniqueProcessId": item.parent or _SYSTEM}
            world.structures.put_known("_EPROCESS", address, created)
        world.placed(item.label, "_EPROCESS", address, item.fields)

    def _process_fields(self, address: int, process: Process, name: str) -> None:
        self.world.structures.put_known(
            "_EPROCESS",
            address,
            {
                "Pcb.Header.Type": _PROCESS_OBJECT,
                "Pcb.Header.Size": self.layouts.size("_KPROCESS") // 4 & 0xFF,
                "Pcb.BasePriority": _NORMAL,
                "UniqueProcessId": process.pid,
                "ImageFileName": name[: self.layouts.place("_EPROCESS", "ImageFileName").size - 1],
            },
        )
        # An array of two numbers in old kernels, the page of the hyperspace table being the second.
        place = self.layouts.place("_EPROCESS", "Pcb.DirectoryTableBase")
        size = min(place.size, self.layouts.pointer_size)
        self.world.arena.write(address + place.offset, process.space.root.to_bytes(size, "little"))

    def thread(self, item: ThreadItem) -> None:
        """Place a thread, its stack above it in the pool."""
        world = self.world
        process = world.process(item.pid)
        address = world.objects.create("Thread", self.layouts.size("_ETHREAD"), address=item.address)
        made = Thread(address, process, item.tid)
        process.threads.append(made)
        self._thread_fields(address, made)
        start = world.kernel.base + 0x1000 if item.pid == _SYSTEM else 0
        world.structures.put_known("_ETHREAD", address, {"StartAddress": start, "Win32StartAddress": start})
        world.placed(item.label, "_ETHREAD", address, item.fields)

    def _thread_fields(self, address: int, thread: Thread) -> None:
        world, pointer = self.world, self.layouts.pointer_size
        limit = world.pool.pages(_STACK_PAGES)
        world.arena.clear(limit, _STACK_PAGES * 0x1000)
        base = limit + _STACK_PAGES * 0x1000
        initial = base - (0x50 if pointer == 8 else 0x30)
        world.structures.put_known(
            "_ETHREAD",
            address,
            {
                "Tcb.Header.Type": _THREAD_OBJECT,
                "Tcb.Header.Size": self.layouts.size("_KTHREAD") // 4 & 0xFF,
                "Tcb.Process": thread.process.address,
                "ThreadsProcess": thread.process.address,
                "Tcb.ApcState.Process": thread.process.address,
                "Tcb.State": _WAITING,
                "Tcb.WaitReason": _USER_REQUEST,
                "Tcb.Priority": _NORMAL,
                "Tcb.BasePriority": _NORMAL,
                "Tcb.InitialStack": initial,
                "Tcb.StackBase": base,
                "Tcb.StackLimit": limit,
                "Tcb.KernelStack": initial - 0x200,
                "Cid.UniqueProcess": thread.process.pid,
                "Cid.UniqueThread": thread.tid,
                "CreateTime": world.spec.time,
            },
        )
        lists = ("Tcb.ApcState.ApcListHead[0]", "Tcb.ApcState.ApcListHead[1]", "Tcb.MutantListHead", "IrpList")
        for path in lists:
            if self.layouts.has("_ETHREAD", path):
                world.structures.list(address + self.layouts.offset("_ETHREAD", path), ())

    def _lists(self, process: Process, threads: list[int]) -> None:
        """Link *threads* in both lists of their process."""
        for head, link in (("ThreadListHead", "ThreadListEntry"), ("Pcb.ThreadListHead", "Tcb.ThreadListEntry")):
            if self.layouts.has("_EPROCESS", head) and self.layouts.has("_ETHREAD", link):
                at = self.layouts.offset("_ETHREAD", link)
                first = process.address + self.layouts.offset("_EPROCESS", head)
                self.world.structures.list(first, [t + at for t in threads])
        self.world.structures.put_known("_EPROCESS", process.address, {"ActiveThreads": len(threads)})

    def finish(self) -> None:
        """Link everything, and write the handle tables."""
        world, offset = self.world, self.layouts.offset
        processes = list(world.processes.values())
        ids: dict[int, tuple[int, int, int]] = {}
        for process in processes:
            self._lists(process, [t.address for t in process.threads])
            ids[process.pid] = (process.address, 0, 0)
            for thread in process.threads:
                ids[thread.tid] = (thread.address, 0, 0)
                link_at = offset("_IRP", "ThreadListEntry") if thread.irps else 0
                head = thread.address + offset("_ETHREAD", "IrpList")
                world.structures.list(head, [irp + link_at for irp in thread.irps])
        for variable, link in (
            ("PsActiveProcessHead", "ActiveProcessLinks"),
            ("MmProcessList", "MmProcessLinks"),
            ("KiProcessListHead", "Pcb.ProcessListEntry"),
        ):
            if self.layouts.has("_EPROCESS", link):
                at = offset("_EPROCESS", link)
                links = [process.address + at for process in processes]
                always = variable == "PsActiveProcessHead"
                first = world.kernel.symbol(variable, 16) if always else world.kernel.known(variable)
                # A list whose head the profile does not know goes around without it.
                world.structures.list(first or links[0], links if first else links[1:])
        if self.layouts.has("_HANDLE_TABLE"):
            self._handle_tables(processes, ids)

    def _handle_tables(self, processes: list[Process], ids: dict[int, tuple[int, int, int]]) -> None:
        world = self.world
        made = []
        for process in processes:
            table = world.allocate("_HANDLE_TABLE", "Obtb", paged=True)
            # The System process is nobody's quota.
            quota = process.address if process.pid != _SYSTEM else 0
            self.tables.put(table, process.handles, process.pid, quota)
            world.structures.put("_EPROCESS", process.address, {"ObjectTable": table})
            if process.pid == _SYSTEM and world.image.object_manager:
                world.kernel.set("ObpKernelHandleTable", table)
                if world.kernel.known("ExpFreeListCount"):
                    world.kernel.set("ExpFreeListCount", 1, 4)
            made.append(table + self.layouts.offset("_HANDLE_TABLE", "HandleTableList"))
        world.structures.list(world.kernel.symbol("HandleTableListHead", 16), made)
        table = world.allocate("_HANDLE_TABLE", "Obtb", paged=True)
        world.structures.list(table + self.layouts.offset("_HANDLE_TABLE", "HandleTableList"), ())
        # Since Windows 8 its entries lead to the objects themselves, as they did to begin with.
        self.tables.put(table, ids)
        world.kernel.set("PspCidTable", table)
        if 4 in world.processes:
            world.kernel.set("PsInitialSystemProcess", world.processes[4].address)
