"""``!fileobj``, ``!vpb`` and ``fltreg``: file objects, volumes, and what minifilters register."""

from __future__ import annotations

from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import Statement, compares
from dumpwalk.transcript.against.asked import place_of
from dumpwalk.transcript.against.marked import like
from dumpwalk.transcript.against.named import nth, silent, statement, values
from dumpwalk.transcript.against.places import routines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from dumpwalk.target import Target
    from dumpwalk.transcript.file_object import ListedFile
    from dumpwalk.transcript.filter_operations import ListedRegistration
    from dumpwalk.transcript.volume import ListedVpb

_PARTS = ("sections", "cache")


@compares("file-object")
def file(target: Target, said: ListedFile, command: str) -> Iterator[Statement | None]:
    """Compare a file object."""
    from dumpwalk.kernel.file_object import file_object

    place = place_of(target, said.file.address, command, "fileobj")
    if isinstance(place, Absent):
        yield statement("file object", said.file.DeviceObject, place)
        return
    what, width = f"file object {place}", target.machine.pointer_size
    held = file_object(target, place)
    yield from values(what, said.file, held, skip=("address", "flag_names", *_PARTS), pointer_size=width)
    for word in said.words:
        if not word.startswith("0x"):  # bits that the debugger has no word for, which are in the flags
            name = f"FO_{word.upper().replace(' ', '_')}"
            yield statement(f"{what} flag {name}", like(True, word), name in held.flag_names)
    for name in _PARTS:
        part, there = getattr(said.file, name), getattr(held, name)
        if part is not None and there is None:
            yield statement(f"{what} {name}", part.address, "none", width)
        elif part is not None:
            yield from values(f"{what} {name}", part, there, pointer_size=width)


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
