"""Objects of the Object Manager: types, headers with their cookie, and the optional headers before them."""

from __future__ import annotations

from dumpwalk.synth.spec import SpecError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from dumpwalk.synth.image.kernel import Kernel
    from dumpwalk.synth.image.pool import Pool

# Object types, from index 2 on (0 and 1 are no types), the variable that points to each, and its pool tag. The
# indexes are those of no build: a reader has to look at the names.
TYPES = (
    ("Type", "ObpTypeObjectType", "ObjT"),
    ("Directory", "ObpDirectoryObjectType", "Dire"),
    ("SymbolicLink", "ObpSymbolicLinkObjectType", "Symb"),
    ("Token", "SeTokenObjectType", "Toke"),
    ("Job", "PsJobType", "Job "),
    ("Process", "PsProcessType", "Proc"),
    ("Thread", "PsThreadType", "Thre"),
    ("Event", "ExEventObjectType", "Even"),
    ("Mutant", "ExMutantObjectType", "Muta"),
    ("Semaphore", "ExSemaphoreObjectType", "Sema"),
    ("Timer", "ExTimerObjectType", "Time"),
    ("File", "IoFileObjectType", "File"),
    ("Section", "MmSectionObjectType", "Sect"),
    ("Key", "CmKeyObjectType", "Key "),
    ("Device", "IoDeviceObjectType", "Devi"),
    ("Driver", "IoDriverObjectType", "Driv"),
)
# Optional headers by their bit in InfoMask (Windows 7 and later); the lowest one is nearest to the header.
_OPTIONAL = ("CREATOR", "NAME", "HANDLE", "QUOTA", "PROCESS", "AUDIT", "EXTENDED", "PADDING")
_CREATOR, _NAME, _QUOTA = 1, 2, 8
# Flags of headers before Windows 7: the creator's header is there.
_FLAG_CREATOR = 4
# The second entry of ObTypeIndexTable, which is no type.
_MARKER = 0xBAD0B0B0


class Objects:
    """The objects of a kernel.

    :param cookie: ``nt!ObHeaderCookie``; kernels without that variable don't use it
    :param listed: types keep the list of their objects that real ones do, and Windows 10 has a cookie even where the
        profile has no symbols
    :param places: where types are to be, by name
    :ivar named: directory, object and name of each object that is to be in a directory
    """

    def __init__(
        self,
        kernel: Kernel,
        pool: Pool,
        cookie: int,
        listed: bool = False,
        places: Mapping[str, int] | None = None,
    ) -> None:
        self.kernel = kernel
        self.pool = pool
        self.structures = kernel.structures
        self.layouts = self.structures.layouts
        self.listed = listed
        self.named: list[tuple[int, int, str]] = []
        # A type of 10 and later; which kernels have a cookie symbols say, where there are any.
        of_10 = listed and self.layouts.has("_OB_HANDLE_REVOCATION_BLOCK")
        if of_10:
            kernel.symbol("ObHeaderCookie", 4)
        self.mixed = kernel.known("ObHeaderCookie") is not None
        self.cookie = cookie & 0xFF if self.mixed else 0
        self._places = dict(places or {})
        self.types: dict[str, tuple[int, int]] = {}
        self.tags = {name: tag for name, _, tag in TYPES}
        self._made: dict[str, list[int]] = {}
        self._body = self.layouts.offset("_OBJECT_HEADER", "Body")
        self._indexed = self.layouts.has("_OBJECT_HEADER", "TypeIndex")
        # Before Windows 8 the last character of a protected object's tag has its highest bit set.
        self._protected = not self.layouts.has("_HANDLE_TABLE_ENTRY", "ObjectPointerBits")
        if self._indexed:
            self._offsets()
        self._types()

    def _size(self, bit: int) -> int:
        name = f"_OBJECT_HEADER_{_OPTIONAL[bit]}_INFO"
        return self.layouts.size(name) if self.layouts.has(name) else 0

    def _offsets(self) -> None:
        """Write ``ObpInfoMaskToOffset``: how far before the header the highest optional header of a mask is."""
        sizes = [self._size(bit) for bit in range(8)]
        known = max((bit for bit in range(8) if sizes[bit]), default=0) + 1
        table = bytes(sum(sizes[b] for b in range(known) if mask >> b & 1) & 0xFF for mask in range(1 << known))
        self.kernel.arena.write(self.kernel.symbol("ObpInfoMaskToOffset", len(table)), table)

    def _types(self) -> None:
        put, size = self.structures.put_known, self.layouts.size("_OBJECT_TYPE")
        if self.mixed:
            self.kernel.set("ObHeaderCookie", self.cookie, 4)
        table = self.kernel.symbol("ObTypeIndexTable", 0x200)
        pointer = self.layouts.pointer_size
        self.structures.pointer(table + pointer, _MARKER)
        # The type of types is its own; where it will be has to be known before it is made.
        for index, (name, _, _) in enumerate(TYPES, 2):
            self.types[name] = (index, 0)
        for index, (name, variable, _) in enumerate(TYPES, 2):
            address = self.create("Type", size, name, self._places.get(name, 0), creator=self.listed)
            self.types[name] = (index, address)
            key = int.from_bytes(self.tags[name].encode("ascii"), "little")
            put("_OBJECT_TYPE", address, {"Name": name, "Index": index, "Key": key, "TypeInfo.Length": 0x78})
            self.structures.list(address, ())
            self.structures.pointer(table + index * pointer, address)
            self.kernel.set(variable, address)
        first = self.types["Type"][1]
        put("_OBJECT_HEADER", self.header(first), {"Type": first})
        if self.listed:
            self._list_types()

    def _list_types(self) -> None:
        """Link the types in the list of the type ``Type``, through their creators' headers."""
        first, made = self.types["Type"][1], [address for _, address in self.types.values()]
        head = first + self.layouts.offset("_OBJECT_TYPE", "TypeList")
        size = self.layouts.size("_OBJECT_HEADER_CREATOR_INFO")
        self.structures.list(head, [self.header(address) - size for address in made])
        for address in made[1:]:
            self.structures.list(address + self.layouts.offset("_OBJECT_TYPE", "TypeList"), ())
        self.structures.put_known("_OBJECT_TYPE", first, {"TypeInfo.MaintainTypeList": 1})

    def rename(self, address: int, directory: int) -> None:
        """Put the named object at *address* into *directory*."""
        at = self.header(address) - self._size(0) - self._size(1)
        self.structures.put_known("_OBJECT_HEADER_NAME_INFO", at, {"Directory": directory})
        name = next(name for name, (_, place) in self.types.items() if place == address)
        self.named.append((directory, address, name))

    def create(
        self,
        kind: str,
        size: int,
        name: str = "",
        address: int = 0,
        directory: int = 0,
        quota: bool = False,
        creator: bool = False,
    ) -> int:
        """Return the address of a new object of *size* bytes with its headers.

        :param kind: the name of its type
        :param name: for a named object
        :param address: where it is to be; 0 leaves that to the pool
        """
        mask = (_NAME if name else 0) | (_QUOTA if quota else 0) | (_CREATOR if creator else 0)
        before = sum(self._size(bit) for bit in range(8) if mask >> bit & 1) + self._body
        total = before + size
        tag = self.tags.get(kind, kind[:4])
        if self._protected and kind in ("Process", "Thread", "File", "Driver", "Device", "Mutant", "SymbolicLink"):
            tag = tag[:3] + chr(ord(tag[3]) | 0x80)
        if address:
            self.pool.place(address - before, total, tag, self._is_paged(kind))
        else:
            address = self.pool.allocate(total, tag, self._is_paged(kind)) + before
        self.structures.arena.clear(address, size)
        header = address - self._body
        index, of = self.types[kind]
        put = self.structures.put_known
        put("_OBJECT_HEADER", header, {"PointerCount": 1, "HandleCount": 0, "InfoMask": mask})
        if self._indexed:
            coded = index ^ self.cookie ^ (header >> 8 & 0xFF if self.mixed else 0)
            put("_OBJECT_HEADER", header, {"TypeIndex": coded})
        else:
            put("_OBJECT_HEADER", header, {"Type": of})
            if creator:
                put("_OBJECT_HEADER", header, {"Flags": _FLAG_CREATOR})
        if name:
            at = header - sum(self._size(bit) for bit in range(2) if mask >> bit & 1)
            put("_OBJECT_HEADER_NAME_INFO", at, {"Name": name, "Directory": directory})
            put("_OBJECT_HEADER", header, {"NameInfoOffset": header - at})
        self._made.setdefault(kind, []).append(address)
        if directory:
            self.named.append((directory, address, name))
        return address

    def _is_paged(self, kind: str) -> bool:
        """Say whether objects of a type are in paged pool, ``TypeInfo.PoolType``."""
        return kind == "SymbolicLink" or (self.listed and kind in ("Directory", "Token", "Section", "Key"))

    def header(self, address: int) -> int:
        """Return the address of the header of the object at *address*."""
        return address - self._body

    def opened(self, address: int) -> None:
        """Count one more handle to the object at *address*."""
        for field in ("HandleCount", "PointerCount"):
            count = self.structures.get("_OBJECT_HEADER", self.header(address), field)
            self.structures.put("_OBJECT_HEADER", self.header(address), {field: count + 1})

    def finish(self) -> None:
        """Write how many objects there are of each type.

        :raises SpecError: never for a profile that has ``_OBJECT_TYPE``
        """
        for kind, made in self._made.items():
            known = self.types.get(kind)
            if known is None:
                raise SpecError(f"no object type {kind}")
            counts = {"TotalNumberOfObjects": len(made)}
            if self.listed:
                get = self.structures.get
                handles = sum(get("_OBJECT_HEADER", self.header(address), "HandleCount") for address in made)
                counts |= {"TotalNumberOfHandles": handles, "HighWaterNumberOfObjects": len(made)}
                counts["HighWaterNumberOfHandles"] = handles
            self.structures.put_known("_OBJECT_TYPE", known[1], counts)
