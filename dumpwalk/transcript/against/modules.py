"""``lm``: modules by their names, where they are loaded, and what their images say of themselves."""

from __future__ import annotations

from dumpwalk.memory.address import Hex
from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import Statement, compares
from dumpwalk.transcript.against.fields_of_text import numbers_in
from dumpwalk.transcript.against.marked import like
from dumpwalk.transcript.against.named import statement
from dumpwalk.transcript.against.places import module_called

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.symbols.modules import Module
    from dumpwalk.target import Target
    from dumpwalk.transcript.modules import ListedModule, ModuleList

# What `lmv` prints of an image, and what the dump's list of modules has of it.
_NUMBERS = {"ImageSize": "size", "CheckSum": "checksum"}
_TEXTS = {"Image name": "image", "Image path": "path"}


@compares("modules")
def modules(target: Target, said: ModuleList, command: str) -> Iterator[Statement | None]:
    """Compare modules."""
    for listed in said.modules:
        if listed.unloaded:
            yield from _unloaded(target, listed)
        else:
            yield from _loaded(target, listed)


def _loaded(target: Target, said: ListedModule) -> Iterator[Statement | None]:
    width = target.machine.pointer_size
    held = target.once("modules by base", _by_base).get(int(target.address(said.start)))
    named = module_called(target, said.name)
    what = f"module {said.name}"
    if held is None or (named is not None and named is not held):
        held = named
    if held is None:
        kernels = target.dump.user_mode or target.address(said.start) >> (8 * width - 1)
        why = "no module of that name is loaded" if kernels else "modules of user mode are in no list of the dump"
        yield statement(what, said.start, Absent(why))
        return
    yield statement(f"{what} start", said.start, held.base, width)
    yield statement(f"{what} end", said.end, target.address(held.end), width)
    yield statement(f"{what} name", said.name, said.name if named is held else held.name)
    for label, text in said.details:
        yield from _detail(what, label, text, held)


def _by_base(target: Target) -> dict[int, Module]:
    return {int(module.base): module for module in reversed(target.modules.modules)}


def _detail(what: str, label: str, text: str, held: Module) -> Iterator[Statement | None]:
    if label in _NUMBERS:
        value = dict(numbers_in(text, 16)).get("")
        yield statement(f"{what} {label}", value, getattr(held, _NUMBERS[label]))
    elif label in _TEXTS:
        there = getattr(held, _TEXTS[label])
        if label == "Image path" and "\\" not in text:  # the debugger prints the name where it knows no path
            there = held.image
        yield statement(f"{what} {label}", text, there)
    elif label == "Timestamp":
        digits = text.rpartition("(")[2].rstrip(")").strip()
        known = 0 < len(digits) <= 8 and set(digits.lower()) <= set("0123456789abcdef")
        yield statement(f"{what} {label}", like(Hex(digits, 16), text) if known else None, held.timestamp)


def _unloaded(target: Target, said: ListedModule) -> Iterator[Statement | None]:
    what, width = f"unloaded module {said.name}", target.machine.pointer_size
    held = next((m for m in target.dump.unloaded if m.start == target.address(said.start)), None)
    if held is None:
        yield statement(what, said.start, Absent("no module was unloaded there"))
        return
    yield statement(f"{what} start", said.start, held.start, width)
    yield statement(f"{what} end", said.end, held.end, width)
    # The kernel keeps 12 characters of the name.
    length = min(len(held.name), len(said.name), 12)
    yield statement(f"{what} name", like(said.name[:length], said.name), held.name[:length])
