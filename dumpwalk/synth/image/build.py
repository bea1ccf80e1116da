"""A spec as the physical pages of a machine, and what a dump's header says of it."""

from __future__ import annotations

from dumpwalk.record import fields, record
from dumpwalk.synth.contexts import context
from dumpwalk.synth.image import irps, processors
from dumpwalk.synth.image.arena import Arena
from dumpwalk.synth.image.exports import exports
from dumpwalk.synth.image.files import Files
from dumpwalk.synth.image.frames import PAGE
from dumpwalk.synth.image.kernel import Kernel
from dumpwalk.synth.image.machine import MachineData, block_size, debugger_layout, paging_word
from dumpwalk.synth.image.modules import Modules
from dumpwalk.synth.image.namespace import Namespace
from dumpwalk.synth.image.pfn import database
from dumpwalk.synth.image.processes import Processes
from dumpwalk.synth.image.structures import Layouts, Structures
from dumpwalk.synth.image.tables import MODES
from dumpwalk.synth.image.vads import Vads
from dumpwalk.synth.image.world import World
from dumpwalk.synth.image_spec import (
    DeviceItem,
    DriverItem,
    EntryItem,
    FileItem,
    HandleItem,
    IrpItem,
    LinkItem,
    MapItem,
    ObjectItem,
    PoolItem,
    ProcessItem,
    Ref,
    SectionItem,
    StructItem,
    SymbolItem,
    ThreadItem,
    VadItem,
)
from dumpwalk.synth.layouts import MACHINES, Layout
from dumpwalk.synth.spec import Module, Spec, SpecError
from dumpwalk.synth.structures import debugger_data

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from dumpwalk.synth.image.tables import Mode, Tables
    from dumpwalk.synth.image_spec import Image
    from dumpwalk.types.store import StoredTypes


@record
class Usual:
    """Where a machine's kernel has things when the spec does not say.

    :param root: page number of the first page table, as real machines have it
    """

    mode: str
    kernel: int
    pool: int
    root: int


USUAL = {
    "x64": Usual("x64", 0xFFFFF8047BA00000, 0xFFFFB80F12000000, 0x1AA),
    "x86": Usual("PAE", 0x82A00000, 0x86000000, 0x185),
    "ARM64": Usual("ARM64", 0xFFFFF80211A00000, 0xFFFFB80F12000000, 0x1AA),
}
# The self map's entry of kernels that have MmPteBase, and choose one when they start.
_CHOSEN_SELF_MAP = 0x1FB
# Where Windows up to 8 has its nonpaged pool.
_POOL_OF_8 = 0xFFFFFA8012000000


def _is_narrow(layouts: Layouts) -> bool:
    """Say whether addresses in handles have 45 bits (Windows 8 x64, whose kernel is in the highest 8 TB)."""
    name, path = "_HANDLE_TABLE_ENTRY", "ObjectPointerBits"
    bits = layouts.place(name, path).bits if layouts.has(name, path) else None
    return bits is not None and layouts.pointer_size == 8 and bits[1] < 44


def profile(name: str) -> StoredTypes:
    """Return the layouts and symbols of the kernel called *name*.

    :raises SpecError: when there are none
    """
    from dumpwalk.errors import TypeInfoError
    from dumpwalk.types.store import Store

    try:
        return Store.shipped().open(name)
    except TypeInfoError as error:
        raise SpecError(str(error)) from None


def build(spec: Spec) -> tuple[Spec, Mapping[int, bytes]]:
    """Return the physical pages of the machine that *spec* describes, and the spec with what they imply filled in.

    That is the build, the root of the page tables, the kernel's module and where its variables are.

    :raises SpecError: when something in it can't be placed
    """
    image = spec.image
    if image is None:
        raise SpecError("the spec says nothing of a memory image")
    usual = USUAL.get(spec.machine)
    if usual is None:
        raise SpecError(f"memory images are of {', '.join(USUAL)}, not {spec.machine}")
    types = profile(image.profile) if image.profile else None
    if types is not None and types.pointer_size != MACHINES[spec.machine].pointer_size:
        raise SpecError(f"{types.name} is no profile of {spec.machine}")
    if types is not None and _is_narrow(Layouts(types)):
        usual = Usual(usual.mode, usual.kernel, _POOL_OF_8, usual.root)
    arena = _arena(spec, image, usual, types)
    if types is None:
        spec = _changed(spec, directory_table_base=arena.system.root)
        _bare(spec, image, arena)
    else:
        spec = _populated(spec, image, arena, types, usual)
    if spec.machine == "x86":
        # A field of the dump header, which only crash dumps have.
        spec = _changed(spec, settings=(("PaeEnabled", int(arena.mode.name == "PAE")), *spec.settings))
    arena.finish()
    if image.memory:
        last = -(-image.memory // PAGE) - 1
        if last < max(arena.frames.pages) or last >> 40:
            raise SpecError(f"{image.memory:#x} bytes of memory are not what the image needs")
        arena.frames.write(last * PAGE, bytes(PAGE))
    return spec, {number: bytes(page) for number, page in sorted(arena.frames.pages.items())}


def _changed(spec: Spec, **values: Any) -> Spec:
    return Spec(**({name: getattr(spec, name) for name in fields(spec)} | values))


def paging(spec: Spec, image: Image, types: StoredTypes | None) -> tuple[Mode, int | None]:
    """Return the paging mode of *image*, and the root's entry that maps the tables where that is not the usual one.

    :raises SpecError: when there is no such mode, or not on that machine
    """
    name = image.paging or USUAL[spec.machine].mode
    if types is not None and not image.paging and spec.machine == "x86":
        name = "x86" if Layouts(types).size("_MMPTE") == 4 else "PAE"
    if name not in MODES:
        raise SpecError(f"no paging mode {name!r}; there are {', '.join(MODES)}")
    mode = MODES[name]
    if (mode.width == 32) != (spec.machine == "x86") or (mode.name == "ARM64") != (spec.machine == "ARM64"):
        raise SpecError(f"{name} page tables are not for {spec.machine}")
    chosen = types is not None and types.symbols.find("MmPteBase") is not None
    return mode, _CHOSEN_SELF_MAP if chosen else None


def _arena(spec: Spec, image: Image, usual: Usual, types: StoredTypes | None) -> Arena:
    mode, self_map = paging(spec, image, types)
    return Arena(mode, usual.pool, spec.directory_table_base // PAGE or usual.root, self_map)


def _bare(spec: Spec, image: Image, arena: Arena) -> None:
    """Write an image without a kernel: page tables, bytes, and the debugger data block if the spec says where it is."""
    for item in image.items:
        if not isinstance(item, (MapItem, EntryItem)):
            raise SpecError("only page tables and blocks can be written without a profile")
        _table_item(item, arena.system, arena)
    block = spec.pointer("KdDebuggerDataBlock")
    if block is not None:
        machine, size = MACHINES[spec.machine], block_size(spec.build)
        shape = Layout(machine, spec.build, size, paging_word(arena.mode), {}, {}, {}, {}, False)
        arena.write(block, debugger_data(spec, shape))
    _contents(spec, arena)


def _contents(spec: Spec, arena: Arena, world: World | None = None) -> None:
    """Write what the spec states as bytes: blocks, the stack's words, contexts and trap frames.

    :param world: whose processes have blocks of their own; the kernel's half is the same in all of them
    """
    from dumpwalk.synth.contexts import trap_frame

    size = MACHINES[spec.machine].pointer_size
    for block in spec.blocks:
        kernels = arena.canonical(block.address) >> (arena.mode.width - 1)
        space = world.process(block.pid).space if world and block.pid else None
        arena.write(block.address, block.data, None if kernels else space)
    if spec.stack:
        arena.clear(spec.stack.start, spec.stack.end - spec.stack.start)
        for address, words in spec.stack.words:
            arena.write(address, b"".join((w & (1 << 8 * size) - 1).to_bytes(size, "little") for w in words))
    for frame in spec.trap_frames:
        arena.write(frame.address, trap_frame(spec.machine, frame.fields))
    for further in spec.contexts:
        arena.write(further.address, context(spec.machine, further.fields))


def _table_item(item: MapItem | EntryItem, tables: Tables, arena: Arena) -> None:
    if isinstance(item, MapItem):
        tables.map(arena.canonical(item.address), item.page, item.size)
    else:
        tables.unmap(arena.canonical(item.address), item.value)


def _populated(spec: Spec, image: Image, arena: Arena, types: StoredTypes, usual: Usual) -> Spec:
    """Write an image with a kernel in it; return the spec with what that implies."""
    layouts = Layouts(types)
    stated = next((m for m in spec.modules if m.name == "nt"), None)
    base = stated.base if stated else usual.kernel
    kernel = Kernel(Structures(arena, layouts), types, spec.machine, base, stated)
    if stated is None:
        path = "\\SystemRoot\\system32\\ntoskrnl.exe"
        modules = (Module("nt", path, base, kernel.size, kernel.info.timestamp), *spec.modules)
    else:
        modules = (stated, *(m for m in spec.modules if m is not stated))
    number = spec.build or kernel.info.build
    spec = _changed(spec, build=number, modules=modules, directory_table_base=arena.system.root)
    world = World(spec, image, kernel, usual.pool)
    processes = Processes(world)
    layout = debugger_layout(layouts, MACHINES[spec.machine], number, arena.mode)
    machine = MachineData(world, processes, layout, context(spec.machine, spec.context))
    machine.variables()
    _items(world, processes)
    processes.finish()
    world.write_later()
    machine.processors()
    processors.fill(world, machine.regions, machine.blocks)
    machine.shared_data()
    machine.unloaded()
    _contents(spec, arena, world)
    stated_pointers = dict(spec.pointers)
    for name, value in machine.pointers():
        stated_pointers.setdefault(name, value)
    spec = _changed(spec, pointers=tuple(stated_pointers.items()))
    machine.debugger_data(spec)
    world.objects.finish()
    world.pool.finish()
    return spec


def _items(world: World, processes: Processes) -> None:
    """Place the items of the image: what others refer to comes first."""
    items = world.image.items
    modules, files = Modules(world), Files(world)
    namespace = Namespace(world, modules)
    modules.load()
    namespace.directories(items)
    processes.idle()
    stated = {item.pid for item in items if isinstance(item, ProcessItem)}
    threads = [item for item in items if isinstance(item, ThreadItem)]
    if 4 not in stated:
        processes.process(ProcessItem(4, "System"))
    if all(thread.pid != 4 for thread in threads):
        threads.insert(0, ThreadItem(4, 8))
    for item in items:
        if isinstance(item, ProcessItem):
            if item.pid in world.processes:
                raise SpecError(f"there is a process {item.pid:x} already")
            processes.process(item)
    for thread in threads:
        processes.thread(thread)
    for item in items:
        if isinstance(item, DriverItem):
            modules.driver(item)
    modules.volume([item for item in items if isinstance(item, FileItem)])
    for item in items:
        if isinstance(item, DeviceItem):
            modules.device(item)
    for item in items:
        if isinstance(item, FileItem):
            files.file(item)
    for item in items:
        _item(world, files, namespace, item)
    Vads(world, files).place([item for item in items if isinstance(item, VadItem)])
    if world.image.object_manager:
        namespace.types()
        namespace.finish()
    if world.image.exports:
        exports(world)
    database(world, files.frames)


def _item(world: World, files: Files, namespace: Namespace, item: object) -> None:
    if isinstance(item, SectionItem):
        files.section(item)
    elif isinstance(item, IrpItem):
        irps.irp(world, item)
    elif isinstance(item, ObjectItem):
        namespace.object(item)
    elif isinstance(item, LinkItem):
        namespace.link(item)
    elif isinstance(item, HandleItem):
        irps.handle(world, item)
    elif isinstance(item, PoolItem):
        irps.pool(world, item)
    elif isinstance(item, StructItem):
        world.layouts.struct(item.type)
        world.arena.clear(item.address, world.layouts.size(item.type))
        world.placed(item.label, item.type, item.address, item.fields)
    elif isinstance(item, (MapItem, EntryItem)):
        tables = world.process(item.pid).space if item.pid else world.arena.system
        _table_item(item, tables, world.arena)
    elif isinstance(item, SymbolItem):
        value = world.resolve(item.value) if isinstance(item.value, Ref) else item.value
        world.kernel.set(item.name, int(value), item.size or None)
