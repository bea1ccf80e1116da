"""``lm``: modules by their names, where they are loaded, and what their images say of themselves."""

from __future__ import annotations

from dumpwalk.memory.address import Hex
from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import Statement, compares
from dumpwalk.transcript.against.marked import like
from dumpwalk.transcript.against.named import statement, values
from dumpwalk.transcript.against.places import module_called

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.kernel.module_list import ListedModule
    from dumpwalk.symbols.modules import Module, UnloadedModule
    from dumpwalk.target import Target
    from dumpwalk.transcript.modules import ModuleListing, Texts


@compares("modules")
def modules(target: Target, said: ModuleListing, command: str) -> Iterator[Statement | None]:
    """Compare modules."""
    for listed, texts in zip(said.list.modules, said.texts):
        yield from _loaded(target, listed, texts)
    for gone in said.list.unloaded:
        yield from _unloaded(target, gone)


def _loaded(target: Target, listed: ListedModule, texts: Texts) -> Iterator[Statement | None]:
    width, said = target.machine.pointer_size, listed.module
    held = target.once("modules by base", _by_base).get(int(target.address(said.base)))
    named = module_called(target, said.name)
    what = f"module {said.name}"
    if held is None or (named is not None and named is not held):
        held = named
    if held is None:
        kernels = target.dump.user_mode or target.address(said.base) >> (8 * width - 1)
        why = "no module of that name is loaded" if kernels else "modules of user mode are in no list of the dump"
        yield statement(what, said.base, Absent(why))
        return
    yield statement(f"{what} start", said.base, held.base, width)
    end = like(said.base.__class__(said.end), said.base)  # it stands on the same line
    yield statement(f"{what} end", end, target.address(held.end), width)
    yield statement(f"{what} name", said.name, said.name if named is held else held.name)
    yield from values(what, said, held, skip=("name", "base", "size", "path"), pointer_size=width)
    # The debugger prints the name where it knows no path.
    yield statement(f"{what} path", said.path, held.path if "\\" in said.path else held.image)
    for label, text in texts:
        if label == "ImageSize" and text.isalnum():  # not what the row says
            yield statement(f"{what} {label}", like(Hex(int(text, 16)), text) if _is_number(text) else None, held.size)
    yield from _image(target, what, listed, held)


def _is_number(text: str) -> bool:
    return 0 < len(text) <= 16 and set(text.lower()) <= set("0123456789abcdef")


def _by_base(target: Target) -> dict[int, Module]:
    return {int(module.base): module for module in reversed(target.modules.modules)}


def _image(target: Target, what: str, listed: ListedModule, held: Module) -> Iterator[Statement | None]:
    """Compare what an image says of itself, as far as the dump holds it."""
    from dumpwalk.kernel.module_list import image_details

    if listed.details is None:
        return
    there, version = image_details(target, held), listed.details.version
    yield statement(f"{what} reproducible", listed.details.reproducible, there.reproducible)
    if isinstance(version, Absent):
        return
    if isinstance(there.version, Absent):
        yield statement(f"{what} file_version", version.file_version, there.version)
        return
    yield from values(what, version, there.version)


def _unloaded(target: Target, said: UnloadedModule) -> Iterator[Statement | None]:
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
