"""Which shipped kernels have the structures that a text lists, as far as it lists them.

A listing shows names of members with their offsets, and of bit fields which bits they are. A kernel whose structures
have all of them there agrees; how the types of the members are spelled, and members that the text leaves out, decide
among those that do. What no shipped kernel knows, a driver's own structures, says nothing.
"""

from __future__ import annotations

from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.types.layouts import builds, structs
from dumpwalk.types.model import Struct
from dumpwalk.types.profiles import KIN, Match, Profile, choose
from dumpwalk.types.sources.dt_types import ListedTypes, tree
from dumpwalk.types.spelling import dt_spelling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dumpwalk.types.layouts import Build
    from dumpwalk.types.profiles import Evidence
    from dumpwalk.types.sources.dt_text import Draft
    from dumpwalk.types.sources.dt_types import Node

# Of so many structures, and members of each, it is asked whether kernels have them.
_MOST_STRUCTURES = 1000
_MOST_MEMBERS = 5000
_DEEPEST = 32
# What debuggers call the kernel's module; no name is said where it was found without one.
_KERNEL = ("", "nt", "ntkrnlmp", "ntoskrnl", "ntkrnlpa", "ntkrpamp")


class _Shown:
    """What a text shows of a structure.

    :ivar members: how the type is spelled (``""`` where it is not), by the member's name, offset and bits
    """

    def __init__(self) -> None:
        self.size = 0
        self.members: dict[tuple[str, int, tuple[int, int] | None], str] = {}

    def add(self, nodes: Iterable[Node]) -> None:
        """Add the rows of one listing."""
        for node in nodes:
            row = node.row
            if row.kind != "field" or row.offset is None or len(self.members) >= _MOST_MEMBERS:
                continue
            bits = None
            if node.shape[-1:] == ("BITS",):
                words = row.type.replace(",", "").split()
                bits = int(words[1]), int(words[2])
            spelled = "" if bits else _plain(row.type)
            key = (row.name, int(row.offset), bits)
            self.members[key] = self.members.get(key) or spelled

    def held_against(self, struct: Struct) -> _Fit:
        """Say how well *struct* fits."""
        if self.size and self.size != struct.size:
            return _Fit(f"{struct.name} has {struct.size:#x} bytes, the text says {self.size:#x}", 0, 0)
        there = {(f.name, f.offset): f for f in struct.fields}
        alike = 0
        for (name, offset, bits), spelled in self.members.items():
            field = there.get((name, offset))
            if field is not None and bits and field.bits != bits:
                return _Fit(f"its bit field {struct.name}.{name} has other bits than the text says", 0, 0)
            if field is None:
                where = next((f"at {f.offset:#x}" for f in struct.fields if f.name == name), "nowhere")
                return _Fit(f"it has {struct.name}.{name} {where}, the text says {offset:#x}", 0, 0)
            alike += bool(spelled) and spelled == _plain(dt_spelling(field.type))
        return _Fit("", alike, len(there) - len({(name, offset) for name, offset, _ in self.members}))


@record
class _Fit:
    """How a structure of a kernel fits what a text shows of it.

    :param against: what contradicts it, or ``""``
    :param alike: how many of its members have the very type
    :param more: how many members it has that the text does not show
    """

    against: str
    alike: int
    more: int


class ShownTypes:
    """The types that a text shows in listings of ``dt``: a source of types, and what tells whose they are.

    :ivar types: the types as the listings have them
    """

    def __init__(self, drafts: list[Draft], pointer_size: int) -> None:
        self.types = ListedTypes.of_drafts(drafts, "the dt listings of the text", pointer_size)
        self._shown: dict[str, _Shown] = {}
        for draft in drafts:
            if draft.module.lower() in _KERNEL:
                self._take(draft.type, tree(draft), int(draft.size or 0))

    def _take(self, name: str, nodes: list[Node], size: int = 0, depth: int = 0) -> None:
        if name and (name in self._shown or len(self._shown) < _MOST_STRUCTURES):
            shown = self._shown.setdefault(name, _Shown())
            shown.size = size or shown.size
            shown.add(nodes)
        for node in nodes:
            if node.below and depth < _DEEPEST:
                self._take(node.row.type.rpartition(" ")[2], node.below, 0, depth + 1)

    def profile(self, seen: Evidence) -> Profile | Absent:
        """Return the profile of the kernel that the text speaks of, or why none is known.

        A time stamp of its image says it exactly; else the structures do, and the build number among those that fit.

        :param seen: what else the text says of it
        :raises TypeInfoError: when the shipped layouts can't be read
        """
        known = [b for b in builds() if b.machine == KIN.get(seen.machine, seen.machine)]
        said = choose(seen)
        if isinstance(said, Profile) and said.exact:
            return said
        fits = self._fits(known)
        if not any(fit.agreeing or fit.against for fit in fits):
            return said
        best = [f for f in fits if not f.against]
        if not best:
            near = max(reversed(fits), key=lambda f: f.agreeing)
            return Absent(
                f"no kernel that is known has all structures as the text lists them (of {near.build.name}: "
                f"{near.against}); --types NAME insists"
            )
        top = max(f.rank for f in best)
        best = [f for f in best if f.rank == top]
        if seen.build:
            distance = min(abs(f.build.number - seen.build) for f in best)
            best = [f for f in best if abs(f.build.number - seen.build) == distance]
        fewest = min(f.more for f in best)
        best = [f for f in best if f.more == fewest]
        chosen = best[-1]
        text = f"agrees with {_structures(chosen.agreeing)} that the text lists"
        others = {b.layouts: b for b in (f.build for f in best) if b.layouts != chosen.build.layouts}
        if others:
            text += f", one of {len(best)} that do"
        if seen.build and chosen.build.number != seen.build:
            text += f"; the text says build {seen.build}"
        build = chosen.build
        match = Match("nearest", text, 0, 0, 0, 0, (), tuple(f.build.name for f in best))
        return Profile(
            build.name, build.machine, build.number, structs(build), match, tuple(structs(b) for b in others.values())
        )

    def _fits(self, known: Sequence[Build]) -> list[_KernelFit]:
        """Return how each of the kernels fits. Equal definitions, which most of them share, are looked at once."""
        from dumpwalk.types.store import Store

        store = Store.shipped()
        numbers = {number: shown for name, shown in self._shown.items() if (number := store.number(name)) is not None}
        seen: dict[tuple[int, int], _Fit] = {}
        done: dict[tuple[int, int], tuple[int, int, int, str]] = {}
        fits = []
        for build in known:
            if build.types not in done:
                table = store.table(*build.types) if numbers else {}
                agreeing = alike = more = 0
                against = ""
                for number, shown in numbers.items():
                    index = table.get(number)
                    if index is None or not shown.members:
                        continue
                    if (number, index) not in seen:
                        found = store.definition(index)[0]
                        seen[number, index] = (
                            shown.held_against(found)
                            if isinstance(found, Struct)
                            else _Fit(f"{found.name} is an enumeration", 0, 0)
                        )
                    fit = seen[number, index]
                    against = against or fit.against
                    agreeing, alike, more = agreeing + (not fit.against), alike + fit.alike, more + fit.more
                done[build.types] = agreeing, alike, more, against
            fits.append(_KernelFit(build, *done[build.types]))
        return fits


@record
class _KernelFit:
    """How the structures of a kernel fit: of how many structures it has what the text shows, and see :class:`_Fit`."""

    build: Build
    agreeing: int
    alike: int
    more: int
    against: str

    @property
    def rank(self) -> tuple[int, int]:
        return self.agreeing, self.alike


def _structures(count: int) -> str:
    return "the structure" if count == 1 else f"the {count} structures"


def _plain(spelled: str) -> str:
    """Return a type's spelling so that rows of values and of types compare: ``Ptr _X`` for ``Ptr32 to _X``."""
    return " ".join(spelled.replace("Ptr32", "Ptr").replace("Ptr64", "Ptr").replace("Ptr to ", "Ptr ").split())
