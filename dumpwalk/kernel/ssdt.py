"""The system service tables: which routine serves each system call, and whose it is.

A descriptor (``KSERVICE_TABLE_DESCRIPTOR``: Base, Count, Limit, Number) says
where a table is, how many services it has, and where the sizes of their
arguments are. On x86 a table holds pointers. On x64 it holds numbers of four
bytes that say how far the routine lies from the table, in the upper 28 bits,
and how many arguments are on the stack, in the lower 4; what of early x64
kernels is written about tables differs (pointers; distances that are not
shifted). So each reading is tried, and the one is taken by which most services
lie in modules. Sources: published analyses of ``KiSystemServiceRepeat``; the
shifted form as Volatility reads it and listings of `dd nt!KiServiceTable` show it.
"""

from __future__ import annotations

from dumpwalk.errors import ReadError, TypeInfoError, UsageError
from dumpwalk.kernel.pcr import control_block
from dumpwalk.kernel.processor import processor_blocks
from dumpwalk.memory.address import Address, Hex
from dumpwalk.objects.members import pointer
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from dumpwalk.memory.segments import DumpMemory
    from dumpwalk.target import Target

# A service's number has twelve bits; the two above say which table.
MOST_SERVICES = 0x1000
# Services by which the reading of a table is chosen.
_TRIED = 256
_WINDOW_MANAGER = ("win32k", "win32kbase", "win32kfull", "win32ksgd", "win32kext", "win32knt")
_SESSION = "the window manager's table is in session space, which only processes with windows map"


@record
class Service:
    """A system service.

    :param number: as programs ask for it; those of the window manager begin at 1000
    :param entry: what the table holds
    :param name: the routine, as ``nt!NtClose``, ``win32k+0x1234``; ``""`` in no module
    :param module: whose routine it is; ``""`` in no module
    :param stack_arguments: how many arguments are on the stack: on x86 all, on x64 those behind the fourth;
        absent where nothing says it
    :param hooked: the routine is not one of the module whose table this is
    """

    number: Hex
    entry: Hex | Absent
    address: Address
    name: str
    module: str
    stack_arguments: int | Absent
    hooked: bool


@record
class ServiceTable:
    """A system service table.

    :param descriptor: where its descriptor is
    :param name: what that is called, ``nt!KeServiceDescriptorTable`` where a symbol or a thread says so
    :param Base: where the table is
    :param Limit: how many services it has
    :param Number: where the sizes of the arguments are
    :param form: how its entries are read: ``pointers``, ``offsets``, ``offsets, not shifted``
    :param process: the process whose page tables it was read through, where those of the dump do not map it
    """

    descriptor: Address
    name: str
    Base: Address
    Limit: Hex
    Number: Address | Absent
    form: str
    services: tuple[Service, ...]
    problems: tuple[Problem, ...]
    process: Address | None = None


def service_table(target: Target, *, window_manager: bool = False, at: int | None = None) -> ServiceTable:
    """Return the kernel's service table, or the window manager's.

    :param at: address of the descriptors, where the dump's symbols do not say it
    :raises UsageError: when the machine has no such table
    :raises TypeInfoError: when it is not known where they are
    :raises ReadError: when the descriptor is not in the dump
    """
    if target.machine.name not in ("x86", "x64"):
        raise UsageError(f"the service tables of {target.machine.name} kernels are not known here")
    place, name = _descriptors(target, window_manager) if at is None else (target.address(at), "given")
    width = target.machine.pointer_size
    if window_manager:
        place = target.address(place + 4 * width)
    base, limit, number = (target.read_pointer(place + slot * width) for slot in (0, 2, 3))
    problems: list[Problem] = []
    if not base:
        raise UsageError(f"the descriptor at {place} describes no table" + (f" ({_SESSION})" if window_manager else ""))
    count = int(limit) & 0xFFFFFFFF
    if count > MOST_SERVICES:
        problems.append(Problem(name, f"Limit is {count:x}; no table has more than {MOST_SERVICES:x} services"))
        count = MOST_SERVICES
    if not window_manager:
        problems += _not_its_own(target, name, base, count)
    memory: DumpMemory = target.memory
    process = None
    if window_manager and not memory.read_some(base, 1):
        from dumpwalk.kernel.session_space import space_with

        found = space_with(target, base)
        if found is not None:
            memory, process = found
    form, read = _form(target, memory, base, count)
    size = 8 if form == "pointers" and width == 8 else 4
    raw = memory.read_some(base, count * size)
    if len(raw) // size < count:
        problems.append(Problem(name, _cut(target, target.address(base + len(raw)), len(raw) // size, window_manager)))
    sizes = memory.read_some(number, count) if width == 4 and number else b""
    services = []
    owners = _WINDOW_MANAGER if window_manager else ("nt",)
    for index in range(len(raw) // size):
        value = int.from_bytes(raw[index * size : (index + 1) * size], "little")
        address = target.address(read(value))
        module = target.modules.find(address)
        owner = module.name if module else ""
        services.append(
            Service(
                number=Hex(index + (MOST_SERVICES if window_manager else 0)),
                entry=Hex(value),
                address=address,
                name=target.name(address) or "",
                module=owner,
                stack_arguments=_arguments(form, value, sizes, index),
                hooked=bool(target.modules.modules) and owner.lower() not in owners,
            )
        )
    return ServiceTable(place, name, base, Hex(count), number, form, tuple(services), tuple(problems), process)


def _descriptors(target: Target, window_manager: bool) -> tuple[Address, str]:
    """Return where the descriptors are, and what they are called."""
    symbol = "KeServiceDescriptorTableShadow" if window_manager else "KeServiceDescriptorTable"
    found = target.address_of(symbol)
    if found is not None:
        return found, f"nt!{symbol}"
    thread = target.dump.thread
    if isinstance(thread, Absent) and processor_blocks(target):
        thread = control_block(target).CurrentThread
    if not isinstance(thread, Absent):
        # On x86 each thread points to the table that it uses; a thread without windows to the first one.
        own = pointer(target.object("_KTHREAD", thread), "ServiceTable")
        if not isinstance(own, Absent) and own:
            return own, "_KTHREAD.ServiceTable"
    raise TypeInfoError(f"nothing says where {symbol} is: the kernel is not known exactly; --table ADDRESS says it")


def _not_its_own(target: Target, name: str, base: Address, count: int) -> list[Problem]:
    """Return what contradicts the kernel's own symbols: a table that was put in place of it."""
    out = []
    own, limit = target.address_of("KiServiceTable"), target.address_of("KiServiceLimit")
    if own is not None and own != base:
        out.append(Problem(name, f"Base is {base}, not nt!KiServiceTable at {own}: another table is in its place"))
    if limit is not None:
        try:
            stated = target.read_int(limit, 4)
        except ReadError:  # then nothing contradicts it
            return out
        if stated != count:
            out.append(Problem(name, f"Limit is {count:x}, but nt!KiServiceLimit is {stated:x}"))
    return out


def _form(target: Target, memory: DumpMemory, base: Address, count: int) -> tuple[str, Callable[[int], int]]:
    """Return how the entries of the table at *base* are to be read: its name, and the reading."""
    if target.machine.pointer_size == 4:
        return "pointers", lambda value: value
    forms: tuple[tuple[str, int, Callable[[int], int]], ...] = (
        ("offsets", 4, lambda value: base + (_signed(value) >> 4)),
        ("offsets, not shifted", 4, lambda value: base + (_signed(value) & ~0xF)),
        ("pointers", 8, lambda value: value & ~0xF),
    )
    raw = memory.read_some(base, min(count, _TRIED) * 8)

    def fits(size: int, read: Callable[[int], int]) -> float:
        tried = min(count, len(raw) // size, _TRIED)
        values = (int.from_bytes(raw[n * size : (n + 1) * size], "little") for n in range(tried))
        return sum(target.modules.find(read(value)) is not None for value in values) / max(tried, 1)

    # Of readings that are as good the first one is taken.
    name, _, read = max(forms, key=lambda form: fits(form[1], form[2]))
    return name, read


def _signed(value: int) -> int:
    return value - (1 << 32) if value >> 31 else value


def _arguments(form: str, value: int, sizes: bytes, index: int) -> int | Absent:
    if form != "pointers":
        return value & 0xF
    if index < len(sizes):
        return sizes[index] // 4  # KiArgumentTable holds bytes
    return Absent("the sizes of the arguments are not in the dump, or not known of this kind of table")


def _cut(target: Target, address: Address, count: int, window_manager: bool) -> str:
    try:
        target.memory.read(address, 1)
        why = "not all of it is there"
    except ReadError as error:
        why = str(error)
    return f"the table can be read up to service {count:x}: {why}" + (f" ({_SESSION})" if window_manager else "")
