"""What the kernel keeps of the machine: processors, the shared user page, the version and debugger data blocks."""

from __future__ import annotations

from dumpwalk.synth.image.processors import placed
from dumpwalk.synth.layouts import Layout, Machine
from dumpwalk.synth.spec import SpecError
from dumpwalk.synth.structures import DEBUGGER_DATA, debugger_data

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.synth.image.processes import Processes
    from dumpwalk.synth.image.structures import Layouts
    from dumpwalk.synth.image.tables import Mode
    from dumpwalk.synth.image.world import Thread, World
    from dumpwalk.synth.spec import Spec

SHARED_USER_DATA = {4: 0xFFDF0000, 8: 0xFFFFF78000000000}
_TICK = 156250
_TICK_MULTIPLIER = 0x0FA00000  # milliseconds a tick, with 24 bits behind the point
_VER_NT_WORKSTATION = 1
# MI_UNLOADED_DRIVERS: how many the kernel remembers.
_UNLOADED_SLOTS = 50
# MajorVersion and MinorVersion of the released Windows versions, from the build each begins with.
_VERSIONS = ((2600, 5, 1), (3790, 5, 2), (6000, 6, 0), (7600, 6, 1), (9200, 6, 2), (9600, 6, 3), (10240, 10, 0))
# KiWaitNever and KiWaitAlways of every image: secrets that are none.
_NEVER, _ALWAYS = 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F
# Length of KDDEBUGGER_DATA64 from the build on that it has it (it grew).
_SIZES = ((2600, 0x290), (3790, 0x318), (6001, 0x330), (7600, 0x340), (9200, 0x360), (14393, 0x368), (17763, 0x380))
# Offset* and Size* fields of KDDEBUGGER_DATA64: the structure and field that each says the offset of.
_OFFSETS = {
    "OffsetKThreadNextProcessor": ("_KTHREAD", "NextProcessor"),
    "OffsetKThreadTeb": ("_KTHREAD", "Teb"),
    "OffsetKThreadKernelStack": ("_KTHREAD", "KernelStack"),
    "OffsetKThreadInitialStack": ("_KTHREAD", "InitialStack"),
    "OffsetKThreadApcProcess": ("_KTHREAD", "ApcState.Process"),
    "OffsetKThreadState": ("_KTHREAD", "State"),
    "OffsetEprocessPeb": ("_EPROCESS", "Peb"),
    "OffsetEprocessParentCID": ("_EPROCESS", "InheritedFromUniqueProcessId"),
    "OffsetEprocessDirectoryTableBase": ("_EPROCESS", "Pcb.DirectoryTableBase"),
    "OffsetPrcbDpcRoutine": ("_KPRCB", "DpcRoutineActive"),
    "OffsetPrcbCurrentThread": ("_KPRCB", "CurrentThread"),
    "OffsetPrcbMhz": ("_KPRCB", "MHz"),
    "OffsetPrcbCpuType": ("_KPRCB", "CpuType"),
    "OffsetPrcbVendorString": ("_KPRCB", "VendorString"),
    "OffsetPrcbProcStateContext": ("_KPRCB", "ProcessorState.ContextFrame"),
    "OffsetPrcbProcStateSpecialReg": ("_KPRCB", "ProcessorState.SpecialRegisters"),
    "OffsetPrcbNumber": ("_KPRCB", "Number"),
    "OffsetPrcbContext": ("_KPRCB", "Context"),
    "OffsetPrcbIdleThread": ("_KPRCB", "IdleThread"),
    "OffsetPcrCurrentPrcb": ("_KPCR", "CurrentPrcb"),
    "OffsetKThreadStackLimit": ("_KTHREAD", "StackLimit"),
    "OffsetKThreadStackBase": ("_KTHREAD", "StackBase"),
    "OffsetKThreadQueueListEntry": ("_KTHREAD", "QueueListEntry"),
    "OffsetKThreadWaitReason": ("_KTHREAD", "WaitReason"),
    "OffsetEThreadIrpList": ("_ETHREAD", "IrpList"),
}
# Segment selectors, from the public GDT of x64 and x86 Windows.
_SELECTORS = {
    8: {"GdtR0Code": 0x10, "GdtR0Data": 0x18, "GdtR3Data": 0x28, "GdtR3Code": 0x30, "GdtTss": 0x40, "GdtR3Teb": 0x50},
    4: {"GdtR0Code": 8, "GdtR0Data": 0x10, "GdtR0Pcr": 0x30, "GdtR3Code": 0x18, "GdtR3Data": 0x20, "GdtTss": 0x28},
}


def version(build: int) -> tuple[int, int]:
    """Return major and minor version of Windows by its build."""
    return next(((a, b) for first, a, b in reversed(_VERSIONS) if build >= first), (5, 0))


def encode(data: bytes, never: int, always: int, flag: int) -> bytes:
    """Return a debugger data block as the memory of a running kernel has it.

    Each word is turned, swapped and mixed with two secrets and an address, as Volatility 2's ``win8_kdbg`` undoes it.

    :param never: ``KiWaitNever``
    :param always: ``KiWaitAlways``
    :param flag: the address of ``KdpDataBlockEncoded``
    """
    out, turn = b"", never & 0x3F
    for at in range(0, len(data), 8):
        word = int.from_bytes(data[at : at + 8].ljust(8, b"\0"), "little") ^ always
        word = int.from_bytes(word.to_bytes(8, "little"), "big") ^ flag
        out += (((word >> turn | word << (64 - turn)) & (1 << 64) - 1) ^ never).to_bytes(8, "little")
    return out


def block_size(build: int) -> int:
    """Return the length of ``KDDEBUGGER_DATA64`` in a build."""
    return next((size for first, size in reversed(_SIZES) if build >= first), _SIZES[0][1])


def debugger_layout(layouts: Layouts, machine: Machine, build: int, mode: Mode) -> Layout:
    """Return what :func:`dumpwalk.synth.structures.debugger_data` needs of a profile."""
    pcr, prcb = _pcr(layouts)
    values = {
        name: layouts.offset(*place)
        for name, place in _OFFSETS.items()
        if layouts.has(place[0]) and layouts.has(*place)
    }
    for name, of in (
        ("SizeEProcess", "_EPROCESS"),
        ("SizePrcb", "_KPRCB"),
        ("SizeEThread", "_ETHREAD"),
        ("SizePcr", "_KPCR"),
    ):
        if layouts.has(of):
            values[name] = layouts.size(of)
    if pcr:
        values |= {
            "OffsetPcrSelfPcr": layouts.offset("_KPCR", pcr),
            "OffsetPcrContainedPrcb": layouts.offset("_KPCR", prcb),
        }
    values |= _SELECTORS[machine.pointer_size]
    size = block_size(build)
    values = {name: value for name, value in values.items() if sum(DEBUGGER_DATA[name]) <= size}
    return Layout(machine, build, size, paging_word(mode), values, {}, {}, {}, machine.name != "x64")


def paging_word(mode: Mode) -> int:
    """Return what the debugger data block says of *mode*.

    wdbgexts.h: PaeEnabled in bit 0 (x64 kernels set it too), PagingLevels in bits 2 to 5, which only those give
    that may have more than one number of them.
    """
    if mode.name in ("x86", "PAE"):
        return int(mode.name == "PAE")
    return {"ARM64": 4 << 2, "LA57": 1 | 5 << 2}.get(mode.name, 1)


def _pcr(layouts: Layouts) -> tuple[str, str]:
    """Return what the fields of ``_KPCR`` are called that point to itself and hold the ``_KPRCB``."""
    if not layouts.has("_KPCR"):
        return "", ""
    return ("Self", "Prcb") if layouts.has("_KPCR", "Self") else ("SelfPcr", "PrcbData")


class MachineData:
    """Places what belongs to the machine as a whole."""

    def __init__(self, world: World, processes: Processes, layout: Layout, context: bytes) -> None:
        self.world = world
        self.processes = processes
        self.layout = layout
        self.context = context
        self.regions: list[int] = []
        self.blocks: list[int] = []

    def processors(self) -> None:
        """Place a ``_KPCR`` for each processor; the first one runs the spec's running thread."""
        world, layouts = self.world, self.world.layouts
        pcr_self, inside = _pcr(layouts)
        table = world.kernel.symbol("KiProcessorBlock", 0x100)
        world.kernel.set("KeNumberProcessors", world.spec.processor_count, 4)
        for number in range(world.spec.processor_count):
            size = layouts.size("_KPCR")
            address = placed(world.image.items, number) or world.pool.pages(-(-size // 0x1000))
            world.arena.clear(address, size)
            prcb = address + layouts.offset("_KPCR", inside)
            self.regions.append(address)
            self.blocks.append(prcb)
            version_block = world.kernel.symbol("KdVersionBlock", 0x28)
            fields = {pcr_self: address, "CurrentPrcb": prcb, "KdVersionBlock": version_block, "MajorVersion": 1}
            world.structures.put_known("_KPCR", address, fields | {"MinorVersion": 1})
            if layouts.has("_KPCR", "Prcb") and inside != "Prcb":
                world.structures.put("_KPCR", address, {"Prcb": prcb})
            self._prcb(prcb, number)
            world.structures.pointer(table + number * layouts.pointer_size, prcb)

    def _prcb(self, prcb: int, number: int) -> None:
        world, layouts = self.world, self.world.layouts
        idle = self.processes.idle_thread
        running = self.running() if number == 0 else None
        process = running.process if running else None
        wide = layouts.pointer_size == 8
        # PAE or 64-bit (bit 5), global pages (bit 7), five levels (bit 12): SDM volume 3A section 2.5
        cr4 = (0x80 if world.arena.mode.name == "x86" else 0xA0) | (0x1000 if world.arena.mode.name == "LA57" else 0)
        space = process.space if process else world.arena.system
        world.structures.put_known(
            "_KPRCB",
            prcb,
            {
                "MajorVersion": 1,
                "MinorVersion": 1,
                "Number": number,
                "CurrentThread": running.address if running else idle,
                "IdleThread": idle,
                "MHz": 3000,
                "CpuType": 6,
                "CpuID": 1,
                "VendorString": "GenuineIntel",
                "ProcessorState.SpecialRegisters.Cr0": 0x80050033 if wide else 0x80010031,
                "ProcessorState.SpecialRegisters.Cr3": space.root,
                "ProcessorState.SpecialRegisters.Cr4": cr4,
            },
        )
        if self.layout.context_in_processor:
            at = prcb + layouts.offset("_KPRCB", "ProcessorState.ContextFrame")
        else:
            at = world.pool.allocate(len(self.context), "Ctxt")
        if number == 0:
            world.arena.write(at, self.context)
            world.structures.put_known("_KPRCB", prcb, {"Context": at})

    def running(self) -> Thread | None:
        """Return the thread that the first processor runs: the first one whose state says so."""
        from dumpwalk.synth.image.processes import RUNNING

        world = self.world
        for process in world.processes.values():
            for thread in process.threads:
                if world.structures.get("_ETHREAD", thread.address, "Tcb.State") == RUNNING:
                    return thread
        return None

    def shared_data(self) -> None:
        """Place ``KUSER_SHARED_DATA``."""
        spec, world = self.world.spec, self.world
        major, minor = version(spec.build)
        ticks = spec.uptime // _TICK
        time = {"LowPart": spec.time & 0xFFFFFFFF, "High1Time": spec.time >> 32, "High2Time": spec.time >> 32}
        up = {"LowPart": spec.uptime & 0xFFFFFFFF, "High1Time": spec.uptime >> 32, "High2Time": spec.uptime >> 32}
        fields: dict[str, int | str | bytes] = {
            "TickCountMultiplier": _TICK_MULTIPLIER,
            **{f"InterruptTime.{part}": value for part, value in up.items()},
            **{f"SystemTime.{part}": value for part, value in time.items()},
            "NtSystemRoot": "C:\\Windows",
            "NtBuildNumber": spec.build,
            "NtProductType": _VER_NT_WORKSTATION,
            "ProductTypeIsValid": 1,
            "NtMajorVersion": major,
            "NtMinorVersion": minor,
            "ImageNumberLow": world.kernel.image.machine_type,
            "ImageNumberHigh": world.kernel.image.machine_type,
            "TickCountQuad": ticks,
            "TickCount.LowPart": ticks & 0xFFFFFFFF,
        }
        world.structures.put_known("_KUSER_SHARED_DATA", SHARED_USER_DATA[world.layouts.pointer_size], fields)

    def variables(self) -> None:
        """Write the variables that say what system this is."""
        world, spec = self.world, self.world.spec
        kernel = world.kernel
        kernel.set("NtBuildNumber", 0xF0000000 | spec.build, 4)
        lab = spec.lab or f"{spec.build}.{kernel.info.revision}"
        world.arena.write(kernel.symbol("NtBuildLab", 0x80), lab.encode("ascii", "replace") + b"\0")
        if kernel.known("MmPteBase"):
            kernel.set("MmPteBase", world.arena.system.pte_base())

    def unloaded(self) -> None:
        """Place ``MmUnloadedDrivers``, the ring of images unloaded lately, if the spec states any, the last one first.

        :raises SpecError: when there are more than the ring has room for
        """
        world, unloaded = self.world, self.world.spec.unloaded
        if len(unloaded) > _UNLOADED_SLOTS:
            raise SpecError(f"the kernel remembers {_UNLOADED_SLOTS} unloaded drivers, not {len(unloaded)}")
        if not unloaded:
            return
        # UNLOADED_DRIVERS: UNICODE_STRING Name, StartAddress, EndAddress, LARGE_INTEGER CurrentTime
        width = world.layouts.pointer_size
        size = 4 * width + 8
        array = world.pool.allocate(_UNLOADED_SLOTS * size, "MmDT")
        world.arena.write(array, bytes(_UNLOADED_SLOTS * size))
        for at, driver in zip(range(array, array + _UNLOADED_SLOTS * size, size), reversed(unloaded)):
            world.structures.string(at, driver.name)
            world.structures.pointer(at + 2 * width, driver.start)
            world.structures.pointer(at + 3 * width, driver.end)
            world.arena.write(at + 4 * width, world.spec.time.to_bytes(8, "little"))
        world.kernel.set("MmUnloadedDrivers", array)
        world.kernel.set("MmLastUnloadedDriver", len(unloaded), 4)

    def debugger_data(self, spec: Spec) -> None:
        """Place ``KdVersionBlock`` and the debugger data block, encoded if the spec says so."""
        world, kernel = self.world, self.world.kernel
        data = debugger_data(spec, self.layout)
        block, head = kernel.symbol("KdDebuggerDataBlock", 0x400), kernel.symbol("KdpDebuggerDataListHead", 0x10)
        encoded = world.image.encoded and world.layouts.pointer_size == 8
        if encoded:
            kernel.set("KiWaitNever", _NEVER, 8)
            kernel.set("KiWaitAlways", _ALWAYS, 8)
            kernel.set("KdpDataBlockEncoded", 1, 1)
            data = encode(data, _NEVER, _ALWAYS, kernel.symbol("KdpDataBlockEncoded"))
        world.arena.write(block, data)
        if not encoded:
            world.structures.list(head, [block])
        if world.layouts.has("_DBGKD_GET_VERSION64"):
            wide = world.layouts.pointer_size == 8
            fields = {
                "MajorVersion": 0xF,
                "MinorVersion": spec.build,
                "ProtocolVersion": 6,
                "Flags": 7 if wide else 3,  # DBGKD_VERS_FLAG_MP | _DATA | _PTR64
                "MachineType": kernel.image.machine_type,
                "MaxPacketType": 12,
                "KernBase": spec.modules[0].base if wide else spec.modules[0].base | 0xFFFFFFFF00000000,
                "PsLoadedModuleList": kernel.symbol("PsLoadedModuleList") | (0 if wide else 0xFFFFFFFF00000000),
                "DebuggerDataList": head | (0 if wide else 0xFFFFFFFF00000000),
            }
            world.structures.put_known("_DBGKD_GET_VERSION64", kernel.symbol("KdVersionBlock", 0x28), fields)

    def pointers(self) -> tuple[tuple[str, int], ...]:
        """Return the pointers of the debugger data block whose variables the kernel has, and where the block is."""
        known = {
            name: self.world.kernel.known(name) for name in DEBUGGER_DATA if not name.startswith(("Offset", "Size"))
        }
        known["KiBugcheckData"] = self.world.kernel.known("KiBugCheckData")
        known |= {name: self.world.kernel.symbol(name, 0x400) for name in ("KdDebuggerDataBlock",)}
        known["KdpDebuggerDataListHead"] = self.world.kernel.symbol("KdpDebuggerDataListHead", 16)
        if self.world.kernel.known("MmPteBase"):
            known["PteBase"] = self.world.arena.system.pte_base()
        wide = {name for name, (_, size) in DEBUGGER_DATA.items() if size == 8}
        names = wide | {"KdDebuggerDataBlock", "KdpDebuggerDataListHead"}
        return tuple((name, value) for name, value in known.items() if value is not None and name in names)
