"""Virtual address descriptors: what processes have mapped, in the tree that their kernel keeps of it."""

from __future__ import annotations

from dumpwalk.synth.image.frames import PAGE
from dumpwalk.synth.spec import SpecError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dumpwalk.synth.image.files import Files
    from dumpwalk.synth.image.world import Process, World
    from dumpwalk.synth.image_spec import VadItem

# MI_VAD_TYPE, MM_PROTECT, SECTION_INHERIT
_IMAGE_MAP = 2
_READWRITE, _EXECUTE_WRITECOPY = 4, 7
_VIEW_SHARE = 1
_MOST_PAGES = 1 << 40


class Vads:
    """Places the VADs of all processes; :meth:`place` makes a tree of each process's."""

    def __init__(self, world: World, files: Files) -> None:
        self.world, self.files = world, files
        self.layouts = world.layouts
        # Since Windows 8 a VAD begins with what a short one is.
        self.core = "Core." if self.layouts.has("_MMVAD", "Core") else ""

    def place(self, items: Sequence[VadItem]) -> None:
        """Place *items*.

        :raises SpecError: when two of them overlap, or one can't be where it is to be
        """
        by_process: dict[int, list[tuple[VadItem, int, int]]] = {}
        for item in items:
            start, end = self._extent(item)
            by_process.setdefault(item.pid, []).append((item, start, end))
        for pid, vads in by_process.items():
            process = self.world.process(pid)
            vads.sort(key=lambda vad: vad[1])
            for (_, _, end), (_, start, _) in zip(vads, vads[1:]):
                if start <= end:
                    raise SpecError(f"two VADs of process {pid:x} overlap at {start * PAGE:x}")
            placed = [self._vad(process, *vad) for vad in vads]
            self._tree(process, placed)

    def _extent(self, item: VadItem) -> tuple[int, int]:
        """Return the first and the last page of a VAD."""
        if item.start % PAGE or item.start >> (self.world.arena.mode.width - 1):
            raise SpecError(f"{item.start:x} is no page of user mode")
        pages = -(-item.size // PAGE)
        if item.section and not pages:
            segment = self.world.structures.get("_CONTROL_AREA", self._area(item), "Segment")
            pages = self.world.structures.get("_SEGMENT", segment, "TotalNumberOfPtes")
        if not 0 < pages < _MOST_PAGES:
            raise SpecError(f"a VAD of {pages:#x} pages can't be")
        return item.start // PAGE, item.start // PAGE + pages - 1

    def _area(self, item: VadItem) -> int:
        return self.world.find(item.section, "_CONTROL_AREA")

    def _vad(self, process: Process, item: VadItem, start: int, end: int) -> int:
        """Write one VAD; return where it is."""
        world = self.world
        name, tag = ("_MMVAD", "Vad ") if item.section else ("_MMVAD_SHORT", "VadS")
        core = self.core if item.section else ""
        address = item.address or world.allocate(name, tag)
        if item.address:
            world.pool.place(address, self.layouts.size(name), tag)
            world.arena.clear(address, self.layouts.size(name))
        area = self._area(item) if item.section else 0
        image = bool(area and world.structures.get("_CONTROL_AREA", area, "u.Flags.Image"))
        protection = item.protection
        if protection is None:
            protection = _EXECUTE_WRITECOPY if image else _READWRITE
        low = (1 << 8 * self.layouts.place(name, f"{core}StartingVpn").size) - 1
        fields: dict[str, int] = {
            "StartingVpn": start & low,
            "EndingVpn": end & low,
            "StartingVpnHigh": start >> 32,
            "EndingVpnHigh": end >> 32,
            "u.VadFlags.VadType": _IMAGE_MAP if image else 0,
            "u.VadFlags.ImageMap": int(image),
            "u.VadFlags.Protection": protection,
            "u.VadFlags.PrivateMemory": int(not area),
            "u.VadFlags.CommitCharge": item.commit,
            "u1.VadFlags1.CommitCharge": item.commit,
        }
        world.structures.put_known(name, address, {core + path: value for path, value in fields.items()})
        if area:
            self._view(process, address, area, start, end)
        world.placed(item.label, name, address, item.fields)
        return address

    def _view(self, process: Process, address: int, area: int, start: int, end: int) -> None:
        """Write what a view has beyond private memory, and map the pages of its section that are valid."""
        world, layouts = self.world, self.layouts
        segment = world.structures.get("_CONTROL_AREA", area, "Segment")
        ptes, size = world.structures.get("_SEGMENT", segment, "PrototypePte"), self.files.pte_size
        fields: Mapping[str, int] = {
            "ControlArea": area,
            "Subsection": area + layouts.size("_CONTROL_AREA"),
            "FirstPrototypePte": ptes,
            "LastContiguousPte": ptes + (end - start) * size,
            "u2.VadFlags2.Inherit": _VIEW_SHARE,
            "VadsProcess": process.address,
        }
        world.structures.put_known("_MMVAD", address, fields)
        if layouts.has("_MMVAD", "ViewLinks"):
            world.structures.list(address + layouts.offset("_MMVAD", "ViewLinks"), ())
        for frame, held in self.files.frames.items():
            number, rest = divmod(held.pte - ptes, size)
            if held.active and not rest and 0 <= number <= end - start:
                process.space.map((start + number) * PAGE, frame * PAGE, writable=False)

    def _tree(self, process: Process, vads: list[int]) -> None:
        """Link *vads*, which are in order, as a balanced tree below their process."""
        world, put = self.world, self.world.structures.put_known
        link: dict[str, tuple[str, ...]] = {
            "left": ("VadNode.Left", "VadNode.LeftChild", "LeftChild"),
            "right": ("VadNode.Right", "VadNode.RightChild", "RightChild"),
            "parent": ("VadNode.ParentValue", "VadNode.u1.Parent", "u1.Parent", "Parent"),
        }

        def build(low: int, high: int, parent: int) -> tuple[int, int]:
            """Link those from *low* to before *high*; return the topmost and how deep they go."""
            if low >= high:
                return 0, 0
            middle = (low + high) // 2
            here = vads[middle]
            left, below = build(low, middle, here)
            right, beside = build(middle + 1, high, here)
            values = {"left": left, "right": right, "parent": parent}
            put("_MMVAD_SHORT", here, {path: values[which] for which, paths in link.items() for path in paths})
            return here, 1 + max(below, beside)

        layouts, name = self.layouts, "_EPROCESS"
        sentinel = layouts.has(name, "VadRoot.BalancedRoot")
        head = process.address + layouts.offset(name, "VadRoot") if sentinel else 0
        root, depth = build(0, len(vads), head)
        where = next(p for p in ("VadRoot.Root", "VadRoot.BalancedRoot.RightChild", "VadRoot") if layouts.has(name, p))
        counts = {
            where: root,
            "VadCount": len(vads),
            "NumberOfVads": len(vads),
            "VadRoot.NumberGenericTableElements": len(vads),
            "VadRoot.DepthOfTree": depth,
        }
        world.structures.put_known(name, process.address, counts)
