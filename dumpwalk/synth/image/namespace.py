"""Object directories that hold their objects, objects of any type, and symbolic links."""

from __future__ import annotations

from dumpwalk.synth.spec import SpecError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dumpwalk.synth.image.modules import Modules
    from dumpwalk.synth.image.world import World
    from dumpwalk.synth.image_spec import LinkItem, ObjectItem

# The structure that an object of a type is, for those that are one in all kernels.
STRUCTURES = {
    **{"Directory": "_OBJECT_DIRECTORY", "SymbolicLink": "_OBJECT_SYMBOLIC_LINK", "Event": "_KEVENT"},
    **{"Mutant": "_KMUTANT", "Semaphore": "_KSEMAPHORE", "Timer": "_KTIMER", "Device": "_DEVICE_OBJECT"},
    **{"Driver": "_DRIVER_OBJECT", "Key": "_CM_KEY_BODY"},
}
_WORD, _LONG = (1 << 64) - 1, (1 << 32) - 1
# A letter's case, in four characters at once.
_CASE = 0xFFDFFFDFFFDFFFDF


def name_hash(name: str, wide: bool) -> int:
    """Return the hash by which a directory's chain is chosen; the chain is its remainder by their number.

    On 64-bit kernels since Windows 7 four characters are taken at once: found so in a listing of Windows 10 by the
    chains that seven names are in. Older and 32-bit ones take one at a time, as ReactOS's ``obdir.c`` does.
    """
    value, rest = 0, name
    if wide:
        whole = len(name) // 4 * 4
        for at in range(0, whole, 4):
            four = int.from_bytes(name[at : at + 4].encode("utf-16-le"), "little") & _CASE
            value = value + (value << 1) + (value >> 1) + four & _WORD
        value, rest = value + (value >> 32) & _LONG, name[whole:]
    for character in rest.upper():
        value = value + (value << 1) + (value >> 1) + ord(character) & _LONG
    return value


class Namespace:
    """Places objects in directories."""

    def __init__(self, world: World, modules: Modules) -> None:
        self.world = world
        self.modules = modules
        self.layouts = world.layouts

    def directories(self, items: Iterable[object]) -> None:
        """Place the directories that the spec states, before anything that is in them."""
        from dumpwalk.synth.image_spec import ObjectItem

        for item in items:
            if isinstance(item, ObjectItem) and item.type == "Directory":
                address = self.modules.directory(item.path, item.address)
                self.world.placed(item.label, "_OBJECT_DIRECTORY", address, item.fields)

    def object(self, item: ObjectItem) -> None:
        """Place an object.

        :raises SpecError: when there is no such type, or its path is none
        """
        if item.type == "Directory":
            return
        structure = STRUCTURES.get(item.type, "")
        size = item.size or self.layouts.size(structure)
        self.world.placed(item.label, structure, self._create(item.path, item.type, size, item.address), item.fields)

    def link(self, item: LinkItem) -> None:
        """Place a symbolic link."""
        name = "_OBJECT_SYMBOLIC_LINK"
        address = self._create(item.path, "SymbolicLink", self.layouts.size(name), item.address)
        fields: dict[str, int | str | bytes] = {"CreationTime": self.world.spec.time, "LinkTarget": item.target}
        fields["DosDeviceDriveIndex"] = item.drive
        self.world.structures.put_known(name, address, fields)
        self.world.placed(item.label, name, address)

    def _create(self, path: str, kind: str, size: int, address: int) -> int:
        parent, mark, leaf = path.rpartition("\\")
        if path and not (mark and leaf):
            raise SpecError(f"an object's path begins with a backslash and ends with its name, not {path!r}")
        if kind not in self.world.objects.types:
            known = ", ".join(self.world.objects.types)
            raise SpecError(f"no object type {kind!r}; there are {known}")
        above = self.modules.directory(parent or "\\") if path else 0
        return self.world.objects.create(kind, size, leaf, address, above)

    def types(self) -> None:
        """Put the object types into their own directory."""
        above = self.modules.directory("\\ObjectTypes")
        objects = self.world.objects
        for _, address in objects.types.values():
            objects.rename(address, above)

    def finish(self) -> None:
        """Put each object that has a directory into it, those of one chain in the order they were made in."""
        world, entry = self.world, "_OBJECT_DIRECTORY_ENTRY"
        wide = self.layouts.pointer_size == 8 and self.layouts.has("_OBJECT_HEADER", "TypeIndex")
        buckets = self.layouts.place("_OBJECT_DIRECTORY", "HashBuckets")
        count = buckets.size // self.layouts.pointer_size
        ends: dict[tuple[int, int], int] = {}
        for directory, object, name in world.objects.named:
            value = name_hash(name, wide)
            key = directory, value % count
            at = world.allocate(entry, "ObDi", paged=True)
            world.structures.put_known(entry, at, {"Object": object, "HashValue": value})
            before = ends.get(key, directory + buckets.offset + key[1] * self.layouts.pointer_size)
            world.structures.pointer(before, at)
            ends[key] = at + self.layouts.offset(entry, "ChainLink")
