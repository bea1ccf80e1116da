"""Structure layouts of NT kernels, read from the file that ships with dumpwalk.

``typeinfo/layouts.json`` holds each distinct layout once, as text: the name
and size of a structure and its fields with their dotted paths, offsets and
sizes. A build is a list of layouts plus the addresses of a few symbols. Only
the layouts that are asked for are taken apart. ``typeinfo/kernels.json``
knows the versions of released kernels by time stamp and image size. Both are
made by ``scripts/build_layouts.py``, which names their sources.
"""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


@record
class Field:
    """A field of a structure.

    :param name: its dotted path: ``Tcb.ApcState.Process``
    :param size: bytes; of the integer that holds it, when it is a bit field
    :param bits: position and length in that integer, ``(0, 0)`` for all of it
    """

    name: str
    offset: int
    size: int
    bits: tuple[int, int] = (0, 0)


@record
class Struct:
    """A structure: its size and the fields of it that are known."""

    name: str
    size: int
    fields: tuple[Field, ...]

    def find(self, path: str) -> Field | None:
        """Return the field whose dotted path is *path*, if the structure has it."""
        return next((f for f in self.fields if f.name == path), None)


@record
class Build:
    """A kernel whose layouts are known.

    :param name: ``nt/19041.804-x64``
    :param machine: ``x64`` or ``x86``
    :param number: the build, 19041
    :param revision: the last part of its version, 804
    :param layouts: which layouts it has; builds with equal ones can't be told apart by them
    :param symbols: offsets of symbols from the image base
    :param stamp: time stamp and size of its image file, or ``()``
    """

    name: str
    machine: str
    number: int
    revision: int
    layouts: tuple[int, ...]
    symbols: Mapping[str, int]
    stamp: tuple[int, ...]


# A thread begins with its _KTHREAD, a process with its _KPROCESS: the fields of both are one structure to us.
_FIRST_MEMBER = {"_ETHREAD": ("Tcb", "_KTHREAD"), "_EPROCESS": ("Pcb", "_KPROCESS")}

_shipped: dict[str, Any] = {}


def _load(name: str) -> Any:
    if name not in _shipped:
        import json

        from dumpwalk.resources import read

        try:
            _shipped[name] = json.loads(read("dumpwalk.typeinfo", name))
        except (OSError, ValueError) as error:
            raise TypeInfoError(f"the type layouts that ship with dumpwalk can't be read: {error}") from error
        if _shipped[name].get("format") != 1:
            del _shipped[name]
            raise TypeInfoError(f"typeinfo/{name} is of another version of dumpwalk")
    return _shipped[name]


def builds() -> tuple[Build, ...]:
    """Return the kernels whose layouts are known, oldest first.

    :raises TypeInfoError: when the shipped file can't be read
    """
    data = _load("layouts.json")
    if "_builds" not in data:
        names = data["symbols"]
        data["_builds"] = tuple(
            Build(
                name,
                name.rpartition("-")[2],
                number,
                revision,
                tuple(layouts),
                dict(zip(names, symbols)) if symbols else {},
                tuple(stamp),
            )
            for name, number, revision, layouts, symbols, stamp in data["builds"]
        )
    found: tuple[Build, ...] = data["_builds"]
    return found


def structs(build: Build) -> dict[str, Struct]:
    """Return the structures of *build* by name; ``_ETHREAD`` has its ``_KTHREAD``'s fields as ``Tcb.*``.

    :raises TypeInfoError: when the shipped file can't be read
    """
    data = _load("layouts.json")
    parsed = data.setdefault("_parsed", {})
    for number in build.layouts:
        if number not in parsed:
            parsed[number] = parse(data["layouts"][number])
    found: dict[str, Struct] = {parsed[number].name: parsed[number] for number in build.layouts}
    for outer, (member, inner) in _FIRST_MEMBER.items():
        if outer in found and inner in found:
            moved = tuple(Field(f"{member}.{f.name}", f.offset, f.size, f.bits) for f in found[inner].fields)
            found[outer] = Struct(outer, found[outer].size, moved + found[outer].fields)
    return found


def parse(text: str) -> Struct:
    """Return the structure that *text* describes, in the form the shipped file has.

    >>> parse("_CLIENT_ID,8;UniqueProcess,0,4;UniqueThread,4,4").find("UniqueThread")
    Field(name='UniqueThread', offset=4, size=4, bits=(0, 0))
    """
    head, *rows = text.split(";")
    name, size = head.split(",")
    fields = []
    for row in rows:
        path, *numbers = row.split(",")
        offset, width, *bits = (int(n, 16) for n in numbers)
        fields.append(Field(path, offset, width, (bits[0], bits[1]) if bits else (0, 0)))
    return Struct(name, int(size, 16), tuple(fields))


def enumeration(name: str, build: int) -> tuple[str, ...]:
    """Return the members of an enumeration as kernels of *build* number them from 0.

    :param name: ``KTHREAD_STATE``, ``KWAIT_REASON``, ``PS_PROTECTED_TYPE`` or ``PS_PROTECTED_SIGNER``
    :return: ``()`` when the build has no such enumeration
    """
    members = ""
    for first, names in _load("layouts.json")["enums"][name]:
        if first <= build:
            members = names
    return tuple(members.split())


def released(machine: str, stamp: int, size: int) -> tuple[int, int] | None:
    """Return build and revision of the released kernel whose image has this time stamp and size.

    :param machine: ``x64`` or ``ARM64``
    """
    text = _load("kernels.json").get(machine, "")
    key = f" {stamp:08x}{size:x}="
    start = text.find(key)
    if start < 0:
        return None
    build, _, revision = text[start + len(key) : text.index(" ", start + 1)].partition(".")
    return int(build), int(revision)
