"""``db``, ``dd``, ``dq``, ``dps``, ``da`` and their like: memory, unit by unit; and the bytes of instructions."""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.memory.address import Hex
from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import ABSENT, DIFFERENT, EQUAL, Statement, compares
from dumpwalk.transcript.against.named import statement
from dumpwalk.transcript.against.places import located, site_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.target import Target
    from dumpwalk.transcript.instructions import Code, Instruction
    from dumpwalk.transcript.memory import MemoryListing, MemoryRow
    from dumpwalk.transcript.pointers import PointerListing

_HEXADECIMAL = set("0123456789abcdefABCDEF")


@compares("memory")
def memory(target: Target, said: MemoryListing, command: str) -> Iterator[Statement | None]:
    """Compare rows of memory."""
    physical = command.startswith("!")  # !db and its like
    word = command.lstrip("!").split(maxsplit=1)[0] if command.strip("! ") else ""
    if said.label and said.rows and not physical:
        yield located(target, "label", int(said.rows[0].address), site_in(said.label))
    for row in said.rows:
        if row.values:
            yield from _row(target, row, physical)
        else:
            yield _text(target, row, word, physical)
        if row.place is not None and len(row.values) == 1 and not isinstance(row.values[0], Absent):
            yield located(target, f"name of what is at {row.address}", int(row.values[0]), row.place)


def _read(target: Target, address: int, size: int, physical: bool) -> bytes | Absent:
    source = target.physical if physical else target.memory
    if isinstance(source, Absent):
        return source
    try:
        return bytes(source.read(target.address(address), size))
    except ReadError as error:
        return Absent(str(error))


def _row(target: Target, row: MemoryRow, physical: bool) -> Iterator[Statement]:
    """Yield one statement for a row that is as the dump has it; else one for each unit that is not."""
    unit = row.unit
    shown = [(at, value) for at, value in enumerate(row.values) if not isinstance(value, Absent)]
    if not shown:
        return
    whole = _read(target, row.address, len(row.values) * unit, physical)
    found: list[Statement] = []
    missing: list[Statement] = []
    for at, value in shown:
        place = target.address(row.address + at * unit)
        own = slice(at * unit, (at + 1) * unit)
        part = whole[own] if isinstance(whole, bytes) else _read(target, place, unit, physical)
        if isinstance(part, Absent):
            missing.append(Statement(f"memory at {place}", value, part, ABSENT))
            continue
        held = Hex(int.from_bytes(part, "little"))
        if held != value:
            found.append(Statement(f"memory at {place}", value, held, DIFFERENT))
    yield from found
    yield from missing[:1]  # the rest of the row is on the same page
    if not found and not missing:
        said = " ".join(f"{value:0{2 * unit}x}" for _, value in shown)
        yield Statement(f"memory at {row.address}", said, said, EQUAL)


def _text(target: Target, row: MemoryRow, word: str, physical: bool) -> Statement | None:
    """Compare characters; those that can't be printed stand as dots."""
    if not row.text:
        return None
    units = (2,) if word == "du" else (1,) if word == "da" else (1, 2)
    what = f"text at {row.address}"
    held: str | Absent = Absent("")
    for unit in units:
        data = _read(target, row.address, unit * len(row.text), physical)
        if isinstance(data, Absent):
            held = held if isinstance(held, str) else data
            continue
        held = data.decode("utf-16-le" if unit == 2 else "latin-1", "replace")
        held = held.partition("\0")[0]
        if len(held) == len(row.text) and all(_same(a, b) for a, b in zip(row.text, held)):
            return Statement(what, row.text, row.text, EQUAL)
    return Statement(what, row.text, held, ABSENT if isinstance(held, Absent) else DIFFERENT)


def _same(said: str, held: str) -> bool:
    return said == held or (said == "." and not (held.isascii() and held.isprintable())) or not said.isascii()


@compares("pointers")
def pointers(target: Target, said: PointerListing, command: str) -> Iterator[Statement | None]:
    """Compare words of memory, and what they lead to where that is a place in code."""
    width = target.machine.pointer_size
    for row in said.rows:
        yield statement(f"memory at {target.address(row.address)}", row.value, _word(target, row.address, width), width)
        if row.place is not None:
            yield located(target, f"name of what is at {row.address}", int(row.value), row.place)


def _word(target: Target, address: int, width: int) -> Hex | Absent:
    data = _read(target, address, width, False)
    return data if isinstance(data, Absent) else Hex(int.from_bytes(data, "little"))


@compares("code")
def code(target: Target, said: Code, command: str) -> Iterator[Statement | None]:
    """Compare instructions, by their bytes."""
    for block in said.blocks:
        if block.label is not None and block.instructions:
            yield located(target, "label", int(block.instructions[0].address), block.label)
        for instruction in block.instructions:
            yield instruction_bytes(target, instruction)


def instruction_bytes(target: Target, said: Instruction) -> Statement | None:
    """Hold the bytes that a disassembly prints of an instruction against the dump's."""
    digits, mnemonic = said.code, said.text.partition(" ")[0]
    if not digits or len(digits) % 2 or not set(digits) <= _HEXADECIMAL:
        return None
    if len(mnemonic) >= 8 and set(mnemonic) <= _HEXADECIMAL:
        return None  # words of memory that look like an instruction
    held = _read(target, said.address, len(digits) // 2, False)
    if isinstance(held, Absent):
        return Statement(f"code at {said.address}", digits, held, ABSENT)
    # Instructions of one length are printed as the number that they are.
    there = (held[::-1] if target.machine.name.startswith("ARM") else held).hex()
    same = there == digits.lower()
    return Statement(f"code at {said.address}", digits, there, EQUAL if same else DIFFERENT)
