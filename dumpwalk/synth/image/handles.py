"""Handle tables of every generation: entries encoded as the layouts say, in pages, under pages of pointers."""

from __future__ import annotations

from dumpwalk.synth.image.frames import PAGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from dumpwalk.synth.image.pool import Pool

# A handle is four times the index of its entry.
_STEP = 4
# Before Windows 8 a bit of the access says that the handle is protected from being closed.
_PROTECT_CLOSE = 0x02000000


class HandleTables:
    """Writes handle tables into *pool*.

    :param counted: the tables of Windows 8 and later say how many handles they have
    """

    def __init__(self, pool: Pool, counted: bool = False) -> None:
        self.counted = counted
        self.pool = pool
        self.structures = pool.structures
        self.layouts = pool.layouts
        self.entry = self.layouts.size("_HANDLE_TABLE_ENTRY")

    def encode(self, target: int, access: int, attributes: int = 0) -> bytes:
        """Return an entry that leads to *target*, an object's header (the object itself in ``PspCidTable``).

        :param attributes: 1 protected from being closed, 2 inherited, 4 its closing is audited
        """
        name, data = "_HANDLE_TABLE_ENTRY", bytearray(self.entry)
        if self.layouts.has(name, "ObjectPointerBits"):
            bits = self.layouts.place(name, "ObjectPointerBits").bits or (0, 0)
            # The lowest bits of an address are the alignment of pool blocks.
            shift = 4 if self.layouts.pointer_size == 8 else 3
            pointer = target >> shift & (1 << bits[1]) - 1
            # An entry that is not locked counts references that may be taken without one.
            values = {"ObjectPointerBits": pointer, "GrantedAccessBits": access, "Unlocked": 1}
            if self.layouts.has(name, "ProtectFromClose"):
                values |= {"Attributes": attributes >> 1, "ProtectFromClose": attributes & 1}
            else:
                values["Attributes"] = attributes
        else:
            # Bit 0 is the lock, which is free when it is set.
            protected = _PROTECT_CLOSE if attributes & 1 else 0
            values = {"Object": target | 1 | attributes & 6, "GrantedAccess": access | protected}
        known = [(path, value) for path, value in values.items() if self.layouts.has(name, path)]
        self.layouts.encode(name, known, data)
        return bytes(data)

    def put(self, address: int, entries: Mapping[int, tuple[int, int, int]], pid: int = 0, process: int = 0) -> None:
        """Write the ``_HANDLE_TABLE`` at *address*.

        :param entries: handle -> what the entry leads to, the access granted, and attributes
        """
        per_leaf = PAGE // self.entry
        leaves: dict[int, int] = {0: self._page()}
        for handle, (target, access, attributes) in entries.items():
            leaf, index = divmod(handle // _STEP, per_leaf)
            if leaf not in leaves:
                leaves[leaf] = self._page()
            self.structures.arena.write(leaves[leaf] + index * self.entry, self.encode(target, access, attributes))
        code, level = leaves[0], 0
        pages, per_page = leaves, PAGE // self.layouts.pointer_size
        while max(pages) > 0:
            above: dict[int, int] = {}
            for number, page in pages.items():
                upper, index = divmod(number, per_page)
                if upper not in above:
                    above[upper] = self._page()
                self.structures.pointer(above[upper] + index * self.layouts.pointer_size, page)
            pages, level = above, level + 1
            code = pages[0]
        values = {
            "TableCode": code | level,
            "UniqueProcessId": pid,
            "QuotaProcess": process,
            "HandleCount": len(entries),
            "NextHandleNeedingPool": (max(leaves) + 1) * per_leaf * _STEP,
        }
        if self.counted:
            values["FreeLists[0].HandleCount"] = len(entries)
        self.structures.put_known("_HANDLE_TABLE", address, values)

    def _page(self) -> int:
        page = self.pool.pages(1)
        self.structures.arena.clear(page, PAGE)
        return page
