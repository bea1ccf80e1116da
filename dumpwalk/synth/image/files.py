"""File objects, and what the memory manager keeps of a file: control area, segment, subsections, prototype PTEs."""

from __future__ import annotations

from dumpwalk.errors import UsageError
from dumpwalk.synth import ptes
from dumpwalk.synth.image.frames import PAGE
from dumpwalk.synth.image.modules import VOLUME
from dumpwalk.synth.image.pfn import Frame
from dumpwalk.synth.spec import SpecError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.synth.image.world import World
    from dumpwalk.synth.image_spec import FileItem, Pages, SectionItem

# IO_TYPE_FILE; FO_HANDLE_CREATED | FO_CACHE_SUPPORTED | FO_SYNCHRONOUS_IO
_FILE, _FLAGS = 5, 0x40042
# MM_PROTECT: how pages of data and of images may be used
_READWRITE, _EXECUTE_WRITECOPY = 4, 7
# What the counter in the low bits of a fast reference says at most, a little used up.
_FAST_REFERENCES = 5
# Sectors of an image file; those of a data file are pages.
_SECTOR = 0x200
_MOST_PTES = 0x10000


class Files:
    """Places file objects and their sections."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.layouts = world.layouts
        self.pte_size = self.layouts.size("_MMPTE") if self.layouts.has("_MMPTE") else self.layouts.pointer_size
        self._paths: dict[int, str] = {}
        mask = world.image.invalid_pte_mask
        self.mask = mask if self.layouts.has("_MMPTE_SOFTWARE", "SwizzleBit") and self.pte_size == 8 else 0
        # Pages of files that are in memory, by page number.
        self.frames: dict[int, Frame] = {}
        # XP and 2003 count from a base that is a variable of theirs.
        self.subsection_base = world.pool_at if self.layouts.has("_MMPTE_SUBSECTION", "WhichPool") else 0
        if self.subsection_base:
            world.kernel.set("MmSubsectionBase", self.subsection_base)
        self._mask()

    def _mask(self) -> None:
        """Tell the kernel what it mixes into entries that are not valid, where it has a place for that."""
        world, name = self.world, "_MI_SYSTEM_INFORMATION"
        state = world.kernel.known("MiState")
        if self.mask and state and self.layouts.has(name, "Hardware.InvalidPteMask"):
            world.structures.put(name, state, {"Hardware.InvalidPteMask": self.mask})
        elif self.mask and world.kernel.known("MiInvalidPteMask"):
            world.kernel.set("MiInvalidPteMask", self.mask)
        else:
            self.mask = 0

    def file(self, item: FileItem) -> None:
        """Place a file object, and its ``_SECTION_OBJECT_POINTERS``."""
        world, size = self.world, self.layouts.size("_FILE_OBJECT")
        address = world.objects.create("File", size, address=item.address)
        stated = dict(item.fields).get("SectionObjectPointer")
        if stated is None:
            pointers = world.allocate("_SECTION_OBJECT_POINTERS", "MmSo")
        else:
            pointers = int(world.resolve(stated))
            world.arena.clear(pointers, self.layouts.size("_SECTION_OBJECT_POINTERS"))
        put = world.structures.put_known
        put(
            "_FILE_OBJECT",
            address,
            {
                "Type": _FILE,
                "Size": size,
                "DeviceObject": world.find(item.device or VOLUME, "_DEVICE_OBJECT"),
                "SectionObjectPointer": pointers,
                "ReadAccess": 1,
                "SharedRead": 1,
                "Flags": _FLAGS,
                "FileName": item.path,
                # NotificationEvent and SynchronizationEvent, each the size of a _KEVENT in longs
                "Lock.Header.Type": 1,
                "Event.Header.Type": 0,
            },
        )
        for path in ("Lock.Header.WaitListHead", "Event.Header.WaitListHead", "IrpList"):
            if self.layouts.has("_FILE_OBJECT", path):
                world.structures.list(address + self.layouts.offset("_FILE_OBJECT", path), ())
        self._paths[address] = item.path
        world.placed(item.label, "_FILE_OBJECT", address, item.fields)

    def section(self, item: SectionItem) -> None:
        """Place the control area of a file with all that hangs on it.

        :raises SpecError: when the states of its pages leave a gap or overlap
        """
        world, layouts = self.world, self.layouts
        file = world.find(item.file, "_FILE_OBJECT")
        counts = [_count(parts) for parts in item.subsections]
        # Those of a file that is mapped as data are longer: views wait for their dereference there.
        longer = not item.image and layouts.has("_MSUBSECTION")
        size, step = layouts.size("_CONTROL_AREA"), layouts.size("_MSUBSECTION" if longer else "_SUBSECTION")
        total = size + len(counts) * step
        area = item.address or world.pool.allocate(total, "MmCi" if item.image else "MmCa")
        if item.address:
            world.pool.place(area, total, "MmCi" if item.image else "MmCa")
        world.arena.clear(area, total)
        segment = item.segment or world.allocate("_SEGMENT", "MmSm", paged=True)
        ptes = item.ptes or world.pool.allocate(sum(counts) * self.pte_size, "MmSt", paged=True)
        resident, here = 0, ptes
        for number, (parts, count) in enumerate(zip(item.subsections, counts)):
            address = area + size + number * step
            after = address + step if number + 1 < len(counts) else 0
            self._subsection(item, area, address, after, here, count, sum(counts[:number]))
            for part in parts:
                resident += self._ptes(item, file, address, here, part)
            here += count * self.pte_size
        world.arena.clear(segment, layouts.size("_SEGMENT"))
        self._area(item, file, area, segment, resident)
        fields = {
            "ControlArea": area,
            "TotalNumberOfPtes": sum(counts),
            "SizeOfSegment": sum(counts) * PAGE,
            "PrototypePte": ptes,
        }
        world.structures.put_known("_SEGMENT", segment, fields)
        pointers = world.structures.get("_FILE_OBJECT", file, "SectionObjectPointer")
        which = "ImageSectionObject" if item.image else "DataSectionObject"
        world.structures.put("_SECTION_OBJECT_POINTERS", pointers, {which: area})
        world.placed(item.label, "_CONTROL_AREA", area, item.fields)

    def _area(self, item: SectionItem, file: int, area: int, segment: int, resident: int) -> None:
        world, layouts = self.world, self.layouts
        # Since Vista a fast reference; a plain pointer before.
        fast = getattr(layouts.place("_CONTROL_AREA", "FilePointer").type, "name", "") == "_EX_FAST_REF"
        world.structures.put_known(
            "_CONTROL_AREA",
            area,
            {
                "Segment": segment,
                "NumberOfSectionReferences": 1,
                "NumberOfPfnReferences": resident,
                "NumberOfUserReferences": 1,
                "u.Flags.File": 1,
                "u.Flags.Image": int(item.image),
                "FilePointer": file | (_FAST_REFERENCES if fast else 0),
            },
        )
        for path in ("ListHead", "DereferenceList", "ViewList"):
            if layouts.has("_CONTROL_AREA", path):
                world.structures.list(area + layouts.offset("_CONTROL_AREA", path), ())

    def _subsection(
        self, item: SectionItem, area: int, address: int, after: int, ptes: int, count: int, first: int
    ) -> None:
        unit = PAGE // _SECTOR if item.image else 1
        protection = _EXECUTE_WRITECOPY if item.image else _READWRITE
        fields = {
            "ControlArea": area,
            "SubsectionBase": ptes,
            "NextSubsection": after,
            "PtesInSubsection": count,
            "StartingSector": first * unit,
            "NumberOfFullSectors": count * unit,
            "u.SubsectionFlags.Protection": protection,
        }
        self.world.structures.put_known("_SUBSECTION", address, fields)

    def _ptes(self, item: SectionItem, file: int, subsection: int, base: int, part: Pages) -> int:
        """Write the prototype PTEs of *part*; return how many of them hold a page."""
        world, protection = self.world, _EXECUTE_WRITECOPY if item.image else _READWRITE
        original = self.subsection_pte(subsection, protection)
        resident = 0
        for number in range(part.first, part.last + 1):
            at = base + number * self.pte_size
            if part.state in ("valid", "transition"):
                frame = self._page(file, item.image, number, part.dropped)
                self.frames[frame] = Frame(at, original, part.state == "valid")
                entry = (
                    self.valid_pte(frame, item.image)
                    if part.state == "valid"
                    else self.transition_pte(frame, protection)
                )
                resident += 1
            elif part.state == "subsection":
                entry = original
            elif part.state == "pagefile":
                entry = self.pagefile_pte(0x1000 + number, protection)
            else:
                entry = self.demand_zero_pte(protection) if part.state == "demand-zero" else 0
            world.arena.write(at, entry.to_bytes(self.pte_size, "little"))
        return resident

    def _page(self, file: int, image: bool, number: int, dropped: bool) -> int:
        frames = self.world.arena.frames
        if dropped:
            return frames.skip()
        frame = frames.take()
        kind = "image" if image else "data"
        frames.write(frame * PAGE, f"{self._paths[file]}, {kind}, page {number:x}".encode("latin-1", "replace"))
        return frame

    def _entry(self, view: str, **fields: int) -> int:
        """Return an entry written as ``_MMPTE_`` + *view*; fields that it lacks are left out.

        :raises SpecError: when these types have no such structure, or a value does not fit
        """
        types = self.layouts.types
        self.layouts.struct(f"_MMPTE_{view}")
        places = ptes.bits(types, view)
        try:
            value = ptes.entry(types, view, **{name: number for name, number in fields.items() if name in places})
        except UsageError as error:
            raise SpecError(str(error)) from error
        return value if view == "HARDWARE" else ptes.swizzled(types, value, self.mask)

    def valid_pte(self, frame: int, image: bool) -> int:
        """Return a prototype PTE that holds the page *frame*."""
        fields = {"CopyOnWrite": int(image), "NoExecute": int(not image)}
        return self._entry("HARDWARE", Valid=1, Accessed=1, Dirty=1, PageFrameNumber=frame, **fields)

    def transition_pte(self, frame: int, protection: int) -> int:
        """Return a PTE whose page *frame* is on the standby or modified list."""
        return self._entry("TRANSITION", Transition=1, Protection=protection, PageFrameNumber=frame)

    def subsection_pte(self, address: int, protection: int) -> int:
        """Return a prototype PTE whose page is in the file of the ``_SUBSECTION`` at *address*."""
        base = self.subsection_base
        # Windows XP has room for a distance of 2^24 units of eight bytes.
        if base and (address % 8 or not 0 <= address - base < 1 << 27):
            raise SpecError(f"a subsection of this kernel can't be at {address:x}: {base:x} is its base")
        pools = (0, base, 1 << 32) if base else None
        fields = ptes.address_fields(self.layouts.types, "SUBSECTION", address, pools)
        return self._entry("SUBSECTION", Prototype=1, Protection=protection, **fields)

    def pagefile_pte(self, offset: int, protection: int) -> int:
        """Return a PTE whose page is page *offset* of the first page file."""
        return self._entry("SOFTWARE", Protection=protection, PageFileHigh=offset)

    def demand_zero_pte(self, protection: int) -> int:
        """Return a PTE whose page is to be made of zeros."""
        return self._entry("SOFTWARE", Protection=protection)


def _count(parts: tuple[Pages, ...]) -> int:
    """Return how many prototype PTEs *parts* are.

    :raises SpecError: when they leave a gap or overlap
    """
    at = 0
    for part in sorted(parts, key=lambda part: part.first):
        if part.first != at or part.last < part.first:
            raise SpecError(f"pages {part.first:x}-{part.last:x} ({part.state}) do not go on where {at:x} pages ended")
        at = part.last + 1
    if not 0 < at <= _MOST_PTES:
        raise SpecError(f"a subsection has 1 to {_MOST_PTES:#x} pages, not {at:#x}")
    return at
