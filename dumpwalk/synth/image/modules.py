"""Loaded modules, drivers and their devices."""

from __future__ import annotations

from dumpwalk.synth.image.kernel import Image, headers
from dumpwalk.synth.spec import SpecError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.synth.image.world import World
    from dumpwalk.synth.image_spec import DeviceItem, DriverItem, FileItem
    from dumpwalk.synth.spec import Module

# IO_TYPE_* of wdm.h; FILE_DEVICE_UNKNOWN and FILE_DEVICE_DISK
_DEVICE, _DRIVER = 3, 4
_UNKNOWN, _DISK = 0x22, 7
# DO_DEVICE_INITIALIZING is cleared; DO_BUFFERED_IO is set
_BUFFERED = 4
_MAJORS = 28
VOLUME = "HarddiskVolume1"


class Modules:
    """Places modules, drivers and devices."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.layouts = world.layouts
        self.entries: dict[str, int] = {}
        self.devices: dict[int, int] = {}
        self._directories: dict[str, int] = {}
        # Kernels name the entry differently; the fields that matter are the same.
        self.entry = next(n for n in ("_KLDR_DATA_TABLE_ENTRY", "_LDR_DATA_TABLE_ENTRY") if self.layouts.has(n))

    def load(self) -> None:
        """Place every module of the spec in ``PsLoadedModuleList``, with the headers of its image."""
        world = self.world
        for module in world.spec.modules:
            if module.base != world.kernel.base:
                image = Image(world.spec.machine, module.base, module.size, module.timestamp, module.checksum)
                world.arena.write(module.base, headers(image))
            self.entries[module.name] = self._entry(module)
        head = world.kernel.symbol("PsLoadedModuleList", 16)
        at = self.layouts.offset(self.entry, "InLoadOrderLinks")
        world.structures.list(head, [entry + at for entry in self.entries.values()])

    def _entry(self, module: Module) -> int:
        world = self.world
        address = world.allocate(self.entry, "MmLd")
        name = module.path.rpartition("\\")[2]
        fields: dict[str, int | str | bytes] = {
            "DllBase": module.base,
            "SizeOfImage": module.size,
            "EntryPoint": module.base + 0x1000,
            "FullDllName": module.path,
            # The kernel's own file may be called otherwise; in the list it is this.
            "BaseDllName": "ntoskrnl.exe" if module.base == world.kernel.base else name,
            # LDRP_ENTRY_PROCESSED | LDRP_SYSTEM_MAPPED
            "Flags": 0x01004000,
            "LoadCount": 1,
            "CheckSum": module.checksum,
            "TimeDateStamp": module.timestamp,
        }
        world.structures.put_known(self.entry, address, fields)
        return address

    def directory(self, path: str, address: int = 0) -> int:
        """Return the address of the object directory *path*: ``\\Driver``.

        :param address: where it is to be when it is new; 0 leaves that to the pool
        """
        found = self._directories.get(path)
        if found is None:
            world = self.world
            size = self.layouts.size("_OBJECT_DIRECTORY") if self.layouts.has("_OBJECT_DIRECTORY") else 0x150
            parent = self.directory(path.rpartition("\\")[0] or "\\") if path != "\\" else 0
            name = path.rpartition("\\")[2] or "\\"
            found = world.objects.create("Directory", size, name, address, parent)
            self._directories[path] = found
            if path == "\\":
                world.kernel.set("ObpRootDirectoryObject", found)
        return found

    def driver(self, item: DriverItem) -> None:
        """Place a driver."""
        world = self.world
        parent, _, leaf = item.name.rpartition("\\")
        if not parent or not leaf:
            raise SpecError(f"a driver is called \\Driver\\NAME or \\FileSystem\\NAME, not {item.name}")
        size = self.layouts.size("_DRIVER_OBJECT")
        extension = self.layouts.size("_DRIVER_EXTENSION") if self.layouts.has("_DRIVER_EXTENSION") else 0
        address = world.objects.create("Driver", size + extension, leaf, item.address, self.directory(parent))
        fields: dict[str, int | str | bytes] = {"Type": _DRIVER, "Size": size, "DriverName": item.name}
        module = next((m for m in world.spec.modules if m.name == item.module), None)
        if module:
            fields |= {
                "DriverStart": module.base,
                "DriverSize": module.size,
                "DriverSection": self.entries[module.name],
                "DriverInit": module.base + 0x1000,
            }
            entry = module.base + 0x1000
        else:
            # What IopInvalidDeviceRequest is to a driver that handles nothing
            entry = world.kernel.base + 0x1000
        fields |= {f"MajorFunction[{n}]": entry for n in range(_MAJORS)}
        if extension:
            fields["DriverExtension"] = address + size
            world.structures.put_known("_DRIVER_EXTENSION", address + size, {"DriverObject": address})
        world.structures.put("_DRIVER_OBJECT", address, fields)
        # Drivers are called like their modules more often than not.
        world.placed(item.label or f"_DRIVER_OBJECT {leaf}", "_DRIVER_OBJECT", address, item.fields)

    def device(self, item: DeviceItem) -> None:
        """Place a device, first in its driver's list, on top of the one it is attached to."""
        world, put = self.world, self.world.structures.put_known
        driver = world.find(item.driver, "_DRIVER_OBJECT")
        leaf = item.name.rpartition("\\")[2]
        size = self.layouts.size("_DEVICE_OBJECT")
        parent = self.directory(item.name.rpartition("\\")[0] or "\\Device") if leaf else 0
        address = world.objects.create("Device", size, leaf, item.address, parent)
        below = world.find(item.on, "_DEVICE_OBJECT") if item.on else 0
        depth = world.structures.get("_DEVICE_OBJECT", below, "StackSize") if below else 0
        disk = leaf.startswith("HarddiskVolume")
        put(
            "_DEVICE_OBJECT",
            address,
            {
                "Type": _DEVICE,
                "Size": size,
                "ReferenceCount": 1,
                "DriverObject": driver,
                "Flags": _BUFFERED,
                "DeviceType": _DISK if disk else _UNKNOWN,
                "StackSize": depth + 1,
                "NextDevice": world.structures.get("_DRIVER_OBJECT", driver, "DeviceObject"),
            },
        )
        put("_DRIVER_OBJECT", driver, {"DeviceObject": address})
        if below:
            put("_DEVICE_OBJECT", below, {"AttachedDevice": address})
        for path in ("Queue.ListEntry", "DeviceQueue.DeviceListHead"):
            if self.layouts.has("_DEVICE_OBJECT", path):
                world.structures.list(address + self.layouts.offset("_DEVICE_OBJECT", path), ())
        world.placed(item.label or leaf, "_DEVICE_OBJECT", address, item.fields)

    def volume(self, files: list[FileItem]) -> None:
        """Place the volume of files whose device is not stated, if there are any."""
        from dumpwalk.synth.image_spec import DeviceItem, DriverItem

        if VOLUME not in self.world.labels and any(not f.device for f in files):
            if "_DRIVER_OBJECT volmgr" not in self.world.labels:
                self.driver(DriverItem("\\Driver\\volmgr"))
            self.device(DeviceItem("volmgr", f"\\Device\\{VOLUME}"))
