"""Places in code that a text names, held against the modules and symbols that a dump is known to have."""

from __future__ import annotations

from dumpwalk.kernel.routine import Routine
from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import ABSENT, DIFFERENT, EQUAL, Statement
from dumpwalk.transcript.against.marked import bare, like
from dumpwalk.transcript.against.named import statement
from dumpwalk.transcript.site import site

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.symbols.modules import Module
    from dumpwalk.target import Target
    from dumpwalk.transcript.site import Site

_MOST_KNOWN = 1 << 15


def module_called(target: Target, name: str) -> Module | None:
    """Return the loaded module that a debugger calls *name*: by that, or by its file's name."""
    return target.once("modules by name", _by_name).get(name.casefold())


def _by_name(target: Target) -> dict[str, Module]:
    found: dict[str, Module] = {}
    for module in target.modules.modules:
        for called in (module.name, module.image, module.image.rpartition(".")[0]):
            found.setdefault(called.casefold(), module)
    return found


def name_of(place: Site) -> str:
    """Return a place as the debugger writes it.

    >>> name_of(site("nt!KiSwapContext+0x26 (FPO: [0,0,4])"))
    'nt!KiSwapContext+0x26'
    """
    name = f"{place.module}!{place.symbol}" if place.module and place.symbol else place.module or place.symbol
    return f"{name}+{place.offset}" if place.offset else name


def site_in(text: str) -> Site:
    """Return the place that *text* names, which stands where the text does."""
    return like(site(bare(text)), text)


def located(target: Target, what: str, address: int, place: Site) -> Statement | None:
    """Hold the name that a text gives *address* against what the dump says of it; ``None`` when it gives none.

    Only of the kernel, and only where that is known exactly, symbols are known. Of others' the module is compared.
    """
    if not place.module:
        return None
    origin, place = place, bare(place)
    said = name_of(place)
    known = target.kept.setdefault("places in code", {})
    if len(known) >= _MOST_KNOWN:
        known.clear()
    if (address, said) not in known:  # stacks repeat themselves
        known[address, said] = _located(target, address, place, said)
    found: Statement = known[address, said]
    return Statement(what + found.what, like(found.said, origin), found.held, found.verdict)


def _located(target: Target, address: int, place: Site, said: str) -> Statement:
    """Compare the name of a place; *what* of the statement is what is to be added to that."""
    what, module = "", module_called(target, place.module)
    if module is None:
        return Statement(what, said, Absent(f"no module {place.module} is loaded"), ABSENT)
    held = target.name(address) or f"{target.address(address)}, in no module"
    start = int(module.base) if not place.symbol else None
    if place.symbol and module is target.modules.kernel and "!" in held:  # its symbols are known
        found = target.address_of(place.symbol)
        if found is None:
            return Statement(what, said, Absent(f"no symbol {place.symbol} is known; {held} is there"), ABSENT)
        start = int(found)
    if start is not None:
        same = target.address(start + (place.offset or 0)) == target.address(address)
        return Statement(what, said, held, EQUAL if same else DIFFERENT)
    inside = target.modules.find(address)
    there = inside.name if inside is not None else held
    return Statement(", module", module.name, there, EQUAL if inside is module else DIFFERENT)


def routines(target: Target, what: str, said: Routine | Absent | None, held: object) -> Iterator[Statement]:
    """Yield what a text says of a function in a structure: its address, and its name.

    :param held: the dump's :class:`~dumpwalk.kernel.routine.Routine`, or address, or why there is none
    """
    if not isinstance(said, Routine):
        return
    address = held.address if isinstance(held, Routine) else held
    found = statement(what, said.address, address, target.machine.pointer_size)
    if found is not None:
        yield found
    if said.name and said.address and not isinstance(address, Absent):
        named = located(target, f"{what} name", int(said.address), site_in(said.name))
        if named is not None:
            yield named
