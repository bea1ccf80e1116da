"""``!fileobj``, ``!vpb`` and ``fltreg``: file objects, volumes, and what minifilters register."""

from __future__ import annotations

from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import Statement, compares
from dumpwalk.transcript.against.asked import address_asked
from dumpwalk.transcript.against.marked import like
from dumpwalk.transcript.against.named import elements, nth, silent, statement, values
from dumpwalk.transcript.against.places import routines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from dumpwalk.target import Target
    from dumpwalk.transcript.file_object import ListedCacheMap, ListedFile
    from dumpwalk.transcript.filter_operations import ListedRegistration
    from dumpwalk.transcript.volume import ListedVpb

_APART = ("driver", "access", "flag_names", "irps", "irp_drivers", "cache", "remarks")


@compares("file-object")
def file(target: Target, said: ListedFile, command: str) -> Iterator[Statement | None]:
    """Compare a file object, which the command names."""
    from dumpwalk.kernel.file_object import file_object

    place = address_asked(target, command)
    if isinstance(place, Absent):
        yield statement("file object", said.FileName or said.DeviceObject, place)
        return
    held = file_object(target, place)
    what, width = f"file object {place}", target.machine.pointer_size
    # A structure that is none has nothing of this either, which `Type` says.
    yield from values(what, said, held, skip=_APART, pointer_size=width)
    driver = held.driver if held.driver is not None else Absent("the device has no driver")
    yield statement(f"{what} driver", said.driver, driver)
    yield from _words(f"{what} access", said.access, held.access)
    yield from _words(f"{what} flag", said.flag_names, held.flag_names)
    yield from elements(f"{what} IRP", said.irps, held.irps, width)
    if said.cache is not None:
        yield from _cache(f"{what} cache", said.cache, held.cache, width)


def _words(what: str, said: tuple[str, ...], held: tuple[str, ...]) -> Iterator[Statement | None]:
    for word in said:
        if not word.startswith("0x"):  # bits that the debugger has no word for, which are in the flags
            yield statement(f"{what} {word}", like(True, word), word in held)


def _cache(what: str, said: ListedCacheMap, held: Any, width: int) -> Iterator[Statement | None]:
    if held is None:
        held = Absent("the file is not in the cache")
    yield statement(f"{what} address", said.address, getattr(held, "address", held), width)
    yield statement(f"{what} file offset", said.file_offset, getattr(held, "file_offset", held))
    view = held if isinstance(held, Absent) else held.vacb
    if not said.mapped:
        unmapped = view if isinstance(view, Absent) else view is None
        yield statement(f"{what} is unmapped there", like(True, said.file_offset), unmapped)
    if said.vacb is not None and not isinstance(said.vacb, Absent):
        there = Absent("no view of the cache holds the offset") if view is None else view
        yield from values(f"{what} view", said.vacb, there, pointer_size=width)


@compares("vpb")
def volume(target: Target, said: ListedVpb, command: str) -> Iterator[Statement | None]:
    """Compare a volume parameter block."""
    from dumpwalk.kernel.vpb import vpb

    held = vpb(target, said.vpb.address)
    skip = ("address", "flag_names", "problems")
    what = f"VPB {target.address(said.vpb.address)}"
    yield from values(what, said.vpb, held, skip=skip, pointer_size=target.machine.pointer_size)


@compares("filter")
def registration(target: Target, said: ListedRegistration, command: str) -> Iterator[Statement | None]:
    """Compare what a minifilter registers."""
    from dumpwalk.kernel.flt_registration import flt_registration

    listed = said.registration
    held = flt_registration(target, listed.address)
    what = f"registration {target.address(listed.address)}"
    yield statement(f"{what} module", listed.module, held.module)
    yield statement(f"{what} operations", said.count, len(held.operations))
    for number, operation in enumerate(listed.operations):
        there: Any = nth(held.operations, number, held.problems)
        where = f"{what} operation {number + 1}"
        if isinstance(there, (str, Absent)):
            yield statement(where, operation.major, there)
            continue
        for name in ("MajorFunction", "Flags"):
            yield statement(f"{where} {name}", getattr(operation, name), getattr(there, name))
        for name in ("PreOperation", "PostOperation"):
            called = getattr(operation, name)
            if not silent(called):
                yield from routines(target, f"{where} {name}", called, getattr(there, name))
    if listed.terminated:
        yield statement(f"{what} has an end", like(True, listed.address), held.terminated)
