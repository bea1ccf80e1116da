"""Which of the known kernels a dump is of, or is most like: its profile.

A kernel is known exactly by where its variables lie, because any change of
its code moves some of them: the dump's header and its debugger data block
point to a dozen. All of them have to agree; kernels with different layouts
can share all but one. The GUID of its PDB, where the image is in the dump, says
the same at once; the image's time stamp and size are the third way. Any other
kernel gets the nearest one, and then its own debugger data block
corrects what it can (see :mod:`dumpwalk.types.anchors`).
"""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.types.debugger_offsets import OFFSETS, POINTERS, SIZES, offset_in
from dumpwalk.types.layouts import Struct, builds, released, structs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dumpwalk.formats import Dump
    from dumpwalk.types.debugger_offsets import Numbers
    from dumpwalk.types.layouts import Build

# The layouts of an architecture we have no types of resemble those of the one
# with pointers of the same size: they are compiled from the same sources.
KIN = {"ARM64": "x64", "ARM": "x86"}
# Agreeing symbol addresses that name a kernel; it takes all that can be checked.
ENOUGH_SYMBOLS = 3


@record
class Match:
    """How well a profile fits a dump.

    :param kind: ``exact`` or ``nearest``
    :param text: the same in words, with what it rests on
    :param symbols: how many symbol addresses agree
    :param symbols_checked: of how many that could be compared
    :param offsets: how many of the debugger data block's offsets and sizes agree with the layouts
    :param offsets_checked: of how many that could be compared
    :param disagree: the fields of the debugger data block that say something else
    :param builds: every known kernel that fits as well
    """

    kind: str
    text: str
    symbols: int
    symbols_checked: int
    offsets: int
    offsets_checked: int
    disagree: tuple[str, ...]
    builds: tuple[str, ...]

    def __str__(self) -> str:
        return self.text


@record
class Profile:
    """The layouts of a kernel.

    :param name: ``nt/19041.804-x64``
    :param machine: the architecture the layouts are of
    :param build: number of the build they are of
    :param structs: structures by name
    :param match: how well they fit the dump
    :param others: the same structures of further kernels that fit as well but differ in some of them, and of the
        nearest one on the other side of the dump's build; where these disagree, nothing is inferred
    :param symbols: offsets of symbols from the image base; none unless the match is exact
    """

    name: str
    machine: str
    build: int
    structs: Mapping[str, Struct]
    match: Match
    others: tuple[Mapping[str, Struct], ...] = ()
    symbols: Mapping[str, int] = {}

    @property
    def exact(self) -> bool:
        return self.match.kind == "exact"

    @property
    def doubt(self) -> str:
        """What is to be said beside an answer that rests on it, unless it is exact."""
        return f"types: this kernel is not known; these are of {self.name}: {self.match}"


@record
class Evidence:
    """What a dump says of its kernel.

    :param build: number of the build
    :param base: where the kernel's image begins, if that is known
    :param pointers: where symbols lie; the key has the names the symbol may have
    :param data: the debugger data block
    :param stamp: time stamp and size of the kernel's image, or ``()``
    :param pae: of an x86 kernel, whether it is the one with large physical addresses
    :param guid: GUID and age of the kernel's PDB, ``606FF669409B00F7FC8C61A9C1670129-1``; ``""`` when not known
    """

    machine: str
    build: int
    base: int | None
    pointers: Mapping[tuple[str, ...], int]
    data: Numbers | None
    stamp: tuple[int, ...]
    pae: bool | None = None
    guid: str = ""


def find_profile(dump: Dump, named: str = "") -> Profile | Absent:
    """Return the layouts that fit the kernel of *dump* best, or why there are none.

    :param named: a shipped profile that the user says it is, by name or alias; what names none is passed over
    """
    if dump.user_mode:
        return Absent("a user minidump is of a process, not of a kernel; --types NAME chooses types")
    try:
        seen = evidence(dump)
        build = _called(named) if named else None
        if build is not None:
            return _profile(seen, "exact", "exact (as the user says)", build, (build,))
        return choose(seen) if dump.shown_types is None else dump.shown_types.profile(seen)
    except TypeInfoError as error:
        return Absent(str(error))


def _called(name: str) -> Build | None:
    """Return the shipped kernel that has *name* or has it as an alias, ``None`` when none does."""
    from dumpwalk.types.store import Store

    store = Store.shipped()
    index = store.index(name)
    own = "" if index is None else store.info(index).name
    return next((b for b in builds() if b.name == own), None)


def evidence(dump: Dump) -> Evidence:
    """Return what *dump* says of its kernel."""
    header = dump.header
    data = None if isinstance(dump.debugger_data, Absent) else dump.debugger_data
    pointers: dict[tuple[str, ...], int] = {}
    for symbol, value in (
        ("PsLoadedModuleList", header.PsLoadedModuleList),
        ("PsActiveProcessHead", header.PsActiveProcessHead),
        ("KdDebuggerDataBlock", header.KdDebuggerDataBlock),
        ("MmPfnDatabase", header.PfnDataBase),
    ):
        if not isinstance(value, Absent) and value:
            pointers[(symbol,)] = int(value)
    base: int | None = None
    if data is not None:
        base = data.get("KernBase") or None
        for field, names in POINTERS.items():
            pointer = data.get(field)
            if pointer:
                pointers.setdefault(names, int(pointer))
    kernel = dump.modules.kernel
    stamped = kernel.timestamp if kernel else 0
    stamp = (0 if isinstance(stamped, Absent) else int(stamped), int(kernel.size)) if kernel else ()
    base = int(kernel.base) if kernel else base
    pae = None if isinstance(header.PaeEnabled, Absent) else bool(header.PaeEnabled)
    pdb = dump.contents.kernel_pdb
    guid = pdb.key if pdb else ""
    return Evidence(header.machine.name, header.MinorVersion, base, pointers, data, stamp, pae, guid)


def choose(seen: Evidence) -> Profile | Absent:
    """Return the profile of the kernel that *seen* speaks of, or of the nearest one.

    :raises TypeInfoError: when the shipped layouts can't be read
    """
    if not (seen.build or seen.stamp or seen.guid or seen.pointers):
        return Absent("nothing here says which kernel it is; --types NAME does")
    machine = KIN.get(seen.machine, seen.machine)
    known = [b for b in builds() if b.machine == machine]
    if not known:
        return Absent(f"dumpwalk has no type layouts of {seen.machine} kernels")
    if machine == seen.machine:
        built = [b for b in known if seen.guid and b.guid == seen.guid]
        if built:
            return _profile(seen, "exact", "exact (GUID and age of the kernel's PDB agree)", built[0], built)
        same = [b for b in known if b.stamp and b.stamp == seen.stamp and not (seen.guid and b.guid)]
        # One of another GUID is not the kernel, however alike; some have no GUID that is known.
        fitting = [b for b in known if not (seen.guid and b.guid) and _all_agree(symbols_agree(seen, b))]
        if fitting and len({b.layouts for b in fitting}) > 1:
            fitting = [b for b in same if b in fitting] or fitting
        if fitting and len({b.layouts for b in fitting}) == 1:
            build = next((b for b in same if b in fitting), fitting[-1])
            count, _ = symbols_agree(seen, build)
            return _profile(seen, "exact", f"exact ({count} symbol addresses agree)", build, fitting)
        # A time stamp alone is believed unless the symbols or the debugger data contradict it.
        stamped = [b for b in same if symbols_agree(seen, b)[1] < ENOUGH_SYMBOLS and not offsets_agree(seen, b)[2]]
        if stamped and not fitting:
            return _profile(seen, "exact", "exact (time stamp and size of the image agree)", stamped[0], stamped)
        if fitting:
            count, _ = symbols_agree(seen, fitting[-1])
            text = f"{_nearest_words(seen, fitting[-1])}, one of {len(fitting)} kernels "
            text += f"that {count} symbol addresses agree with"
            return _profile(seen, "nearest", text, fitting[-1], fitting)
    return _nearest(seen, known)


def _nearest(seen: Evidence, known: Sequence[Build]) -> Profile:
    distance = min(abs(b.number - seen.build) for b in known)
    number = next(b.number for b in known if abs(b.number - seen.build) == distance)
    near = [b for b in known if b.number == number]
    version = released(seen.machine, *seen.stamp) if seen.stamp else None
    candidates = _best(seen, near)
    if seen.pae is not None:  # both kernels have the same debugger data, and different page-table entries
        candidates = [b for b in candidates if ("pae" in b.name) == seen.pae] or candidates
    said = ""
    if version:
        said = f"the kernel is {version[0]}.{version[1]}"
        if version[0] == number and near[0].machine == seen.machine:
            before = [b for b in candidates if b.revision <= version[1]][-1:]
            after = [b for b in candidates if b.revision > version[1]][:1]
            candidates = before + after
            if len({b.layouts for b in candidates}) == 1 < len(candidates):
                said += (
                    f", between {number}.{before[0].revision} and {number}.{after[0].revision} with the same layouts"
                )
            candidates.sort(key=lambda b: -abs(b.revision - version[1]))
    build = candidates[-1]
    return _profile(seen, "nearest", _nearest_words(seen, build), build, candidates, said, _across(seen, known, number))


def _nearest_words(seen: Evidence, build: Build) -> str:
    """Return ``nearest (22000.2538)``, and whose where that is another architecture's."""
    of = f" of {build.machine}" if build.machine != seen.machine else ""
    return f"nearest ({build.name.partition('/')[2].rpartition('-')[0]}{of})"


def _best(seen: Evidence, of: Sequence[Build]) -> list[Build]:
    """Return those that most of the debugger data's offsets agree with."""
    scores = {layouts: offsets_agree(seen, b)[0] for layouts, b in {b.layouts: b for b in of}.items()}
    return [b for b in of if scores[b.layouts] == max(scores.values())]


def _across(seen: Evidence, known: Sequence[Build], number: int) -> list[Build]:
    """Return the nearest kernel on the other side of the dump's build number than *number* is, if there is one.

    What lies alike in the one before and the one after lies so in between; what
    does not can't be inferred from either.
    """
    beyond = [b for b in known if (b.number - seen.build) * (number - seen.build) < 0]
    if not beyond:
        return []
    distance = min(abs(b.number - seen.build) for b in beyond)
    return _best(seen, [b for b in beyond if abs(b.number - seen.build) == distance])[-1:]


def _profile(
    seen: Evidence,
    kind: str,
    text: str,
    build: Build,
    fitting: Sequence[Build],
    said: str = "",
    doubts: Sequence[Build] = (),
) -> Profile:
    agree, checked, disagree = offsets_agree(seen, build)
    if checked:
        text += f", checked on {checked} fields"
        if disagree and kind == "exact":
            text += (
                f", {len(disagree)} of which say otherwise ({', '.join(disagree[:3])}{', ...' * (len(disagree) > 3)})"
            )
        elif disagree:
            text += f": {agree} agree, the others are at the dump's own offsets"
    else:
        text += ", not checked: the dump has no debugger data to check it on"
    text += f"; {said}" if said else ""
    match = Match(kind, text, *symbols_agree(seen, build), agree, checked, disagree, tuple(b.name for b in fitting))
    others = {b.layouts: b for b in (*fitting, *doubts) if b.layouts != build.layouts}
    return Profile(
        build.name,
        build.machine,
        build.number,
        structs(build),
        match,
        () if kind == "exact" else tuple(structs(b) for b in others.values()),
        build.symbols if kind == "exact" else {},
    )


def _all_agree(counts: tuple[int, int]) -> bool:
    return counts[0] == counts[1] >= ENOUGH_SYMBOLS


def symbols_agree(seen: Evidence, build: Build) -> tuple[int, int]:
    """Return how many symbols lie where *build* has them, and how many could be compared."""
    base = seen.base
    if base is None:  # no module list: let the first symbol say where the image would begin
        first = seen.pointers.get(("PsLoadedModuleList",))
        if first is None or "PsLoadedModuleList" not in build.symbols:
            return 0, 0
        base = first - build.symbols["PsLoadedModuleList"]
        if base % 0x1000:
            return 0, 0
    agree = checked = 0
    for names, address in seen.pointers.items():
        offsets = [build.symbols[n] for n in names if n in build.symbols]
        checked += bool(offsets)
        agree += address - base in offsets
    return agree, checked


def offsets_agree(seen: Evidence, build: Build) -> tuple[int, int, tuple[str, ...]]:
    """Return how many of the debugger data's offsets *build* agrees with, of how many, and which are others."""
    if seen.data is None:
        return 0, 0, ()
    agree, disagree = 0, []
    types = structs(build)
    for struct, name in SIZES.items():
        size = seen.data.get(name)
        if size and struct in types:
            agree += size == types[struct].size
            disagree += [name] * (size != types[struct].size)
    for entry in OFFSETS:
        offset = offset_in(seen.data, entry)
        field = types[entry.struct].find(entry.path) if entry.struct in types else None
        if offset and field:
            agree += offset == field.offset
            disagree += [entry.name] * (offset != field.offset)
    return agree, agree + len(disagree), tuple(disagree)
