"""``.bugcheck`` and ``!analyze``: code and parameters of the crash, and what an analysis says of code and process."""

from __future__ import annotations

from dumpwalk.memory.address import Address, Hex
from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import Statement, compares
from dumpwalk.transcript.against.fields_of_text import numbers_in
from dumpwalk.transcript.against.marked import bare, like
from dumpwalk.transcript.against.memory import instruction_bytes
from dumpwalk.transcript.against.named import nth, statement
from dumpwalk.transcript.against.places import located, module_called
from dumpwalk.transcript.against.registers import of_context, of_exception, of_trap
from dumpwalk.transcript.against.stacks import frames
from dumpwalk.transcript.against.threads import image_name
from dumpwalk.transcript.instructions import instruction
from dumpwalk.transcript.site import site

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.bugchecks import BugCheck
    from dumpwalk.target import Target
    from dumpwalk.transcript.analyze import Analysis, Item

# Windows sets this bit in the codes of some small dumps.
_MINIDUMP = 0x10000000
# Keys of an analysis that name an image, and one with the time stamp of the first that it names.
_CODE = ("FAULTING_IP", "FOLLOWUP_IP")
_IMAGES = ("MODULE_NAME", "IMAGE_NAME")
_STAMP = "DEBUG_FLR_IMAGE_TIMESTAMP"


@compares("bugcheck")
def bugcheck(target: Target, said: BugCheck, command: str) -> Iterator[Statement | None]:
    """Compare a bug check's code and parameters."""
    header = target.dump.header
    if not header.BugCheckCode and not header.Signature:
        yield statement("bug check", said.raw_code, Absent("the file has no dump header that would say it"))
        return
    held = header.BugCheckCode
    if not said.raw_code & _MINIDUMP:
        held = Hex(held & ~_MINIDUMP)
    yield statement("bug check", said.raw_code, held)
    width = target.machine.pointer_size
    for number, parameter in enumerate(said.parameters):
        if parameter.given is not None:
            there = nth(header.BugCheckParameters, number)
            yield statement(f"bug check parameter {number + 1}", parameter.value, there, width)


@compares("analyze")
def analysis(target: Target, said: Analysis, command: str) -> Iterator[Statement | None]:
    """Compare what an analysis says of the crash, and the blocks in it."""
    if said.bugcheck is not None:
        yield from bugcheck(target, said.bugcheck, command)
    places = {item.key: _place_in(item) for item in said.items if item.key in ("TRAP_FRAME", "CONTEXT")}
    for item in said.items:
        yield from _item(target, said, item)
    inside = [key for key in (item.key for item in said.items) if key in places]
    # A key may have no registers below it; which of several that is, is not known then.
    for key, registers in zip(inside, said.registers if len(inside) == len(said.registers) else ()):
        place = places[key]
        if place is None:
            continue
        where = target.address(place)
        yield from (of_trap if key == "TRAP_FRAME" else of_context)(target, registers, where)
    records = [_place_in(item) for item in said.items if item.key == "EXCEPTION_RECORD"]
    for exception, at in zip(said.exceptions, records if len(records) == len(said.exceptions) else ()):
        yield from of_exception(target, exception, None if at is None else Address(at))
    for stack in said.stacks:
        yield from frames(target, stack)


def _place_in(item: Item) -> int | None:
    """Return the address in ``TRAP_FRAME:  f0711bec -- (.trap 0xfffffffff0711bec)``."""
    words = item.values[0].split() if item.values else []
    digits = words[0].replace("`", "") if words else ""
    known = 8 <= len(digits) <= 16 and set(digits.lower()) <= set("0123456789abcdef")
    return int(digits, 16) if known else None


def _item(target: Target, said: Analysis, item: Item) -> Iterator[Statement | None]:
    value = like(item.values[0].strip(), item.values[0]) if item.values else ""
    if not value:
        return
    if item.key in _CODE:
        yield from _code(target, item)
    elif item.key == "PROCESS_NAME":
        yield image_name("PROCESS_NAME", value, _current_image(target))
    elif item.key == "FAULTING_MODULE":
        yield from _faulting_module(target, value)
    elif item.key in _IMAGES:
        module = module_called(target, value)
        held = module is not None and (module.name if item.key == "MODULE_NAME" else module.image)
        if held and value.casefold() in (module.name.casefold(), module.image.casefold()):  # type: ignore[union-attr]
            held = value
        yield statement(item.key, value, held or Absent(f"no module {value} is loaded"))
    elif item.key == _STAMP:
        names = (i.values[0].strip() for i in said.items if i.key in _IMAGES and i.values)
        module = next((found for name in names if (found := module_called(target, name)) is not None), None)
        stamp = dict(numbers_in(value, 16)).get("")
        missing = Absent("the image that it is of is not loaded")
        yield statement(item.key, stamp or None, missing if module is None else module.timestamp)


def _code(target: Target, item: Item) -> Iterator[Statement | None]:
    """Yield what the two lines below FAULTING_IP say: a place, and the instruction there."""
    for name, line in zip(item.values, item.values[1:]):
        found = like(instruction(bare(line)), line)
        if found is not None:
            yield instruction_bytes(target, found)
            place = like(site(bare(name).rstrip(":").replace("+", "+0x")), name)
            yield located(target, item.key, int(found.address), place)
            return


def _current_image(target: Target) -> str | Absent:
    from dumpwalk.kernel.process import process

    current = target.dump.process
    return current if isinstance(current, Absent) else process(target, current).ImageFileName


def _faulting_module(target: Target, value: str) -> Iterator[Statement | None]:
    digits, _, name = value.partition(" ")
    base = dict(numbers_in(like(digits, value), 16)).get("")
    module = module_called(target, name.strip()) if name.strip() else None
    if base is not None:
        held = Absent(f"no module {name.strip()} is loaded") if module is None else module.base
        yield statement("FAULTING_MODULE", like(target.address(base), value), held, target.machine.pointer_size)
