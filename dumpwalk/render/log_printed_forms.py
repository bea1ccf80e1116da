"""The lines that a debugger prints of the records in a pasted text, in each form that its versions have had.

A record does not say which version it was. So every function here yields
*runs*, lines that stand one below the other, each run in one or more forms.
The forms are those of real listings.
"""

from __future__ import annotations

from dumpwalk.memory.address import Address32
from dumpwalk.record import replace
from dumpwalk.render import log_printed_frames as frames
from dumpwalk.render import log_printed_listings as listings
from dumpwalk.render.log_printed_debugger import DEBUGGER
from dumpwalk.render.log_printed_frames import site
from dumpwalk.render.log_printed_modules import modules
from dumpwalk.render.log_printed_tables import TABLES
from dumpwalk.render.log_printed_threads import thread
from dumpwalk.render.log_printed_walks import WALKS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Runs = Iterator[list[list[str]]]


def runs(record: object) -> Runs:
    """Yield what is printed of *record*; nothing for one that has no layout here."""
    function = _FORMS.get(type(record).__name__)
    if function is not None:
        yield from function(record)


def _analysis(found: Any) -> Runs:
    empty = f"*{'':77}*"
    yield [[empty, f"*{'':24}{title:<53}*", empty] for title in ("Bugcheck Analysis", "Exception Analysis")]
    if found.name and found.bugcheck is not None:
        yield [[f"{found.name} ({found.bugcheck.raw_code:x})"]]
    yield [list(found.description)]
    yield [["Arguments:"]]
    for n, argument in enumerate(found.arguments, 1):
        if argument.value is None:
            yield [[f"Arg{n}: {argument.text}"]]
            continue
        yield [[f"Arg{n}: {argument.value:0{width}x}, {argument.text}".rstrip(" ")] for width in (8, 16)] + [
            [f"Arg{n}: {argument.value:0{width}x}"] for width in (8, 16)
        ]
    yield [["Debugging Details:", "------------------"]]
    yield [["---"]]
    stacks, registers = iter(found.stacks), iter(found.registers)
    for item in found.items:
        yield _item(item.key, list(item.values))
        if item.key == "STACK_TEXT" and (stack := next(stacks, None)) is not None:
            yield from frames.frames(stack.frames)
        if item.key in ("TRAP_FRAME", "CONTEXT") and (context := next(registers, None)) is not None:
            yield from listings.registers(context)
        if item.key == "KEY_VALUES_STRING":
            for key, value in found.pairs:
                yield [[f"    Key  : {key}", f"    Value: {value}"]]
    yield [["---------"]]
    for exception in found.exceptions:
        yield from _exception(exception)


def _item(key: str, values: list[str]) -> list[list[str]]:
    """Return a key and its values: the first beside it, in some versions below."""
    first, rest = "".join(values[:1]), values[1:]
    beside = [[f"{key}:{gap}{first}", *rest] for gap in ("  ", " ", "     ")]
    return [*beside, [f"{key} : {first}", *rest], [f"{key}:", *values]]


def _exception(found: Any) -> Runs:
    r = found.record
    places = [f" ({site(found.place)})" if found.place is not None else ""]
    if found.place is not None and found.place.offset is not None:
        bare = replace(found.place, offset=None)
        places += [f" ({site(bare)}+0x{found.place.offset:0{digits}x})" for digits in (8, 16)]
    said = f" ({found.description})" if found.description else ""
    yield [[f"ExceptionAddress: {r.ExceptionAddress}{place}"] for place in places]
    yield [[f"   ExceptionCode: {r.ExceptionCode:08x}{said}", f"  ExceptionFlags: {r.ExceptionFlags:08x}"]]
    wide = not isinstance(r.ExceptionAddress, Address32)
    parameters = [f"   Parameter[{n}]: {p:0{16 if wide else 8}x}" for n, p in enumerate(r.ExceptionInformation)]
    yield [[f"Chained Record: {r.ExceptionRecord}"]]
    yield [[f"NumberParameters: {r.NumberParameters:0{digits}x}", *parameters] for digits in (1, 8)]
    for remark in found.remarks:
        yield [[remark]]


_FORMS: dict[str, Callable[[Any], Runs]] = {
    **WALKS,
    **TABLES,
    **DEBUGGER,
    "Stack": frames.stack,
    "ListedThread": thread,
    "Analysis": _analysis,
    "ListedException": _exception,
    "Registers": listings.registers,
    "MemoryListing": listings.memory,
    "Code": listings.code,
    "ModuleListing": modules,
    "Structures": listings.structures,
    "BugCheck": listings.bugcheck,
}
