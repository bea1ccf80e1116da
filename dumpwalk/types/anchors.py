"""Where the fields of a structure lie in one dump, and how far that is to be trusted.

A profile that fits exactly says it. One that is only near doesn't: fields were
inserted and removed between it and the dump's kernel. But the dump's debugger
data block gives the offsets of some fields, and these are anchors. Between two
anchors that moved by the same distance a field moved by it too. Between
anchors that moved differently either distance is possible, and a field is
believed only where its content confirms it; then it is an anchor itself.
"""

from __future__ import annotations

from dumpwalk.memory.address import Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.types.debugger_offsets import OFFSETS, SIZES, offset_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.machine import Machine
    from dumpwalk.types.debugger_offsets import Numbers
    from dumpwalk.types.layouts import Field, Struct
    from dumpwalk.types.profiles import Profile

# How far a place is to be trusted, best first.
EXACT = "exact"
KDBG = "kdbg"
INFERRED = "inferred"
CONFIRMED = "guessed and confirmed"
GUESSED = "guessed"
TRUSTS = (EXACT, KDBG, INFERRED, CONFIRMED, GUESSED)

# Members at offset 0 that only gather others: an anchor in one of them does not fix all of it.
_WRAPPERS = ("Tcb", "Pcb")
# What a processor block of one architecture shares with those of others. The
# rest of it (registers, CPU identification) is the architecture's own.
_PRCB_OF_ALL = ("CurrentThread", "NextThread", "IdleThread", "Number")


@record
class Place:
    """Where a field lies.

    :param size: bytes of the field, or of the integer that holds a bit field
    :param bits: position and length in that integer, ``(0, 0)`` for all of it
    :param trust: one of :data:`TRUSTS`; a guessed place is one of several possible ones
    """

    offset: Hex
    size: int
    bits: tuple[int, int]
    trust: str


@record
class _Anchor:
    """A stretch of a structure, in the profile's offsets, that is known to have moved by *shift*."""

    start: int
    end: int
    shift: int
    trust: str


class Layout:
    """A structure as it is in one dump.

    :ivar name: ``_ETHREAD``
    :ivar size: its size; the dump's own word on it if there is one, else the profile's, else 0
    """

    def __init__(self, name: str, profile: Profile | Absent, data: Numbers | None, machine: Machine) -> None:
        self.name = name
        self.exact = not isinstance(profile, Absent) and profile.exact
        self.foreign = isinstance(profile, Absent) or profile.machine != machine.name
        self.structs: tuple[Struct, ...] = ()
        self.source = f"no profile: {profile.reason}" if isinstance(profile, Absent) else profile.name
        if not isinstance(profile, Absent):
            self.structs = tuple(s[name] for s in (profile.structs, *profile.others) if name in s)
        said = (data.get(SIZES[name]) if data is not None and name in SIZES else 0) or 0
        profiled = self.structs[0].size if self.structs else 0
        self.size = profiled if self.exact else said or profiled
        self._end_known = bool(said)
        self._fixed: dict[str, Place] = {}
        self._fields = {id(s): {f.name: f for f in s.fields} for s in self.structs}
        self._moved: dict[int, list[_Anchor]] = {}
        self._places: dict[str, tuple[Place, ...]] = {}
        self._same_build = False
        if data is not None:
            for entry in OFFSETS:
                offset = offset_in(data, entry) if entry.struct == name else 0
                if offset and (not self.size or offset < self.size):
                    size, bits = self._shape(entry.path) or (entry.size or machine.pointer_size, (0, 0))
                    self._fixed[entry.path] = Place(Hex(offset), size, bits, KDBG)

    def fresh(self) -> Layout:
        """Return this layout for another structure: what content confirms in one says nothing about the next."""
        twin = Layout.__new__(Layout)
        twin.__dict__.update(self.__dict__)
        twin._fixed, twin._moved = dict(self._fixed), dict(self._moved)
        return twin

    def same_build(self) -> None:
        """Note that the profile is of the dump's own build.

        The debugger data of kernels before Windows Vista gives no offsets. Service packs of one build moved little,
        so where nothing speaks against it the profile's places are inferred, and checked as such.
        """
        self._same_build = not self.foreign and not self._fixed and len(self.structs) > 0

    def _shape(self, path: str) -> tuple[int, tuple[int, int]] | None:
        field = self._find(self.structs[0], path) if self.structs and not self.foreign else None
        return (field.size, field.bits) if field else None

    def places(self, path: str) -> tuple[Place, ...]:
        """Return where the field *path* may lie: one place that can be relied on, or guesses, nearest first.

        :return: ``()`` when nothing is known of it
        """
        found = self._places.get(path)
        if found is None:
            found = self._places[path] = self._look_for(path)
        return found

    def _look_for(self, path: str) -> tuple[Place, ...]:
        if self.exact:
            field = self._find(self.structs[0], path) if self.structs else None
            return (Place(Hex(field.offset), field.size, field.bits, EXACT),) if field else ()
        if path in self._fixed:
            return (self._fixed[path],)
        if self._same_build and not self._fixed:
            field = self._find(self.structs[0], path)
            return (Place(Hex(field.offset), field.size, field.bits, INFERRED),) if field else ()
        found: list[Place] = []
        without = False
        for struct in self.structs:
            places = self._places_by(struct, path)
            without = without or not places
            found += [p for p in places if p not in found]
        if len(found) == 1 and not without:
            return (found[0],)
        by_offset: dict[tuple[int, tuple[int, int]], Place] = {}
        for place in found:
            by_offset.setdefault((place.offset, place.bits), Place(place.offset, place.size, place.bits, GUESSED))
        return tuple(by_offset.values())

    def confirm(self, path: str, place: Place) -> None:
        """Note that the content of the field *path* shows it to lie at *place*; its neighbours may go by it."""
        self._fixed.setdefault(path, Place(place.offset, place.size, place.bits, CONFIRMED))
        self._moved, self._places = {}, {}

    def why_not(self, path: str) -> str:
        """Return why the field *path* has no place."""
        if not self.structs:
            return f"{path} is not among the offsets in the debugger data ({self.source})"
        if all(self._find(s, path) is None for s in self.structs):
            return f"{self.name} of {self.source} has no {path}"
        if self.foreign and self.name == "_KPRCB" and path not in _PRCB_OF_ALL:
            return f"{path} is another architecture's, and the debugger data does not locate it"
        return f"where {path} lies in this kernel's {self.name} is not known"

    def _find(self, struct: Struct, path: str) -> Field | None:
        return self._fields[id(struct)].get(path)

    def _anchors(self, struct: Struct) -> list[_Anchor]:
        """Return what is known to have moved, and how far, by its place in *struct*."""
        if id(struct) in self._moved:
            return self._moved[id(struct)]
        anchors = [_Anchor(0, 0, 0, INFERRED)]
        if self._end_known:
            anchors.append(_Anchor(struct.size, struct.size, self.size - struct.size, INFERRED))
        for path, place in self._fixed.items():
            field = self._find(struct, path)
            if field is None:
                continue
            whole = field
            parent = path.rpartition(".")[0]
            # A structure within the structure is rigid: one field of it fixes all of it.
            if parent and parent not in _WRAPPERS:
                whole = self._find(struct, parent) or field
            trust = INFERRED if place.trust == KDBG else place.trust
            anchors.append(_Anchor(whole.offset, whole.offset + whole.size, place.offset - field.offset, trust))
        self._moved[id(struct)] = sorted(anchors, key=lambda a: (a.start, a.end))
        return self._moved[id(struct)]

    def _places_by(self, struct: Struct, path: str) -> list[Place]:
        """Return where *path* of *struct*, the profile's, may have moved to."""
        field = self._find(struct, path)
        if field is None or (self.foreign and self.name == "_KPRCB" and path not in _PRCB_OF_ALL):
            return []
        start, end = field.offset, field.offset + field.size
        anchors = self._anchors(struct)
        for a in anchors:  # it lies within an anchor, or an anchor within it
            if a.start < a.end and ((a.start <= start and end <= a.end) or (start <= a.start and a.end <= end)):
                return [Place(Hex(start + a.shift), field.size, field.bits, a.trust)] if start + a.shift >= 0 else []
        left = [a for a in anchors if a.end <= start][-1]
        right = next((a for a in anchors if a.start >= end), None)
        if right is not None and left.shift == right.shift:
            trust = TRUSTS[max(TRUSTS.index(left.trust), TRUSTS.index(right.trust))]
            return [Place(Hex(start + left.shift), field.size, field.bits, trust)]
        nearest = [(start - left.end, left.shift)] + ([(right.start - end, right.shift)] if right else [])
        touching = [n for n in nearest if n[0] == 0]
        # What follows an anchor without a gap most likely still does; it needs its check all the same.
        nearest = touching if len(touching) == 1 else nearest
        return [
            Place(Hex(start + shift), field.size, field.bits, GUESSED)
            for _, shift in sorted(nearest)
            if left.end + left.shift <= start + shift and (not right or end + shift <= right.start + right.shift)
        ]
