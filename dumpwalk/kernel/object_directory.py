"""Object directories: what is in one, what a path leads to, what the path of an object is.

A directory has 37 chains of entries; the hash of a name says in which of them it is. Names are compared without
regard to case, and each chain is looked at: how the hash is made differs between kernels.
"""

from __future__ import annotations

from dumpwalk.errors import FormatError, TypeInfoError, UsageError
from dumpwalk.kernel.object_header import name_info, object_name, type_name
from dumpwalk.kernel.variables import pointer_in
from dumpwalk.memory.chain import single_list
from dumpwalk.objects.members import pointer
from dumpwalk.objects.sizes import offset_of
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target

_MOST_BUCKETS = 256  # 37 in every kernel
_MOST_ENTRIES = 1 << 16
_DEEPEST = 64


@record
class DirectoryEntry:
    """An object in a directory.

    :param hash: the number of the chain it is in
    :param object: where it is
    """

    hash: int
    object: Address
    type: str | Absent
    name: str | Absent


@record
class Directory:
    """What an ``_OBJECT_DIRECTORY`` holds."""

    address: Address
    entries: tuple[DirectoryEntry, ...]
    problems: tuple[Problem, ...]


def directory(target: Target, address: int) -> Directory:
    """Return what the ``_OBJECT_DIRECTORY`` at *address* holds, chain by chain.

    :raises TypeInfoError: when the types of this kernel are not known
    """
    here = target.address(address)
    where = f"_OBJECT_DIRECTORY {here}"
    buckets = target.object("_OBJECT_DIRECTORY", here).HashBuckets
    link = offset_of(target.types, "_OBJECT_DIRECTORY_ENTRY", "ChainLink")
    out: list[DirectoryEntry] = []
    problems: list[Problem] = []
    seen: set[int] = set()
    for number in range(min(len(buckets), _MOST_BUCKETS)):
        first = buckets[number]
        if isinstance(first, Absent):
            problems.append(Problem(where, f"HashBuckets[{number}]: {first.reason}"))
            continue
        chain = single_list(target.memory, target.machine, int(first), link, _MOST_ENTRIES - len(out))
        problems += [Problem(f"{where} HashBuckets[{number}]", text) for text in chain.problems]
        for at in chain.addresses:
            if at in seen:
                problems.append(Problem(f"{where} HashBuckets[{number}]", f"{target.address(at)} is in another chain"))
                break
            seen.add(at)
            object = pointer(target.object("_OBJECT_DIRECTORY_ENTRY", at), "Object")
            if isinstance(object, Absent):
                problems.append(Problem(f"_OBJECT_DIRECTORY_ENTRY {target.address(at)}", object.reason))
                continue
            name = object_name(target, object)
            what = Absent("an object in a directory, and it has no name") if name is None else name
            out.append(DirectoryEntry(number, object, type_name(target, object), what))
    return Directory(here, tuple(out), tuple(problems))


def root_directory(target: Target) -> Address | Absent:
    """Return the address of the root of all names, ``\\``, or why it is not known."""
    return pointer_in(target, "ObpRootDirectoryObject")


def find_object(target: Target, path: str) -> Address:
    """Return the object that *path*, ``\\Device\\Harddisk0``, leads to from the root; symbolic links are not followed.

    :raises UsageError: when there is none, naming the nearest
    :raises TypeInfoError: when the root is not known
    :raises FormatError: when the root is null
    """
    root = root_directory(target)
    if isinstance(root, Absent):
        raise TypeInfoError(f"{path}: {root.reason}")
    if not root:
        raise FormatError(f"{path}: ObpRootDirectoryObject is null")
    at, done = root, ""
    for name in filter(None, path.split("\\")):
        kind = type_name(target, at)
        if kind != "Directory" and not (isinstance(kind, Absent) and at == root):
            what = f"its type is not known: {kind.reason}" if isinstance(kind, Absent) else f"a {kind}, no Directory"
            raise UsageError(f"{path}: {done or 'the root'} is {what}")
        found = directory(target, at)
        names = {entry.name.lower(): entry for entry in reversed(found.entries) if isinstance(entry.name, str)}
        if name.lower() not in names:
            raise UsageError(f"{path}: no {name} in {done or chr(92)}{_hint(name, names)}{_unread(found)}")
        at = names[name.lower()].object
        done = f"{done}\\{names[name.lower()].name}"
    return at


def _hint(name: str, names: dict[str, DirectoryEntry]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name.lower(), list(names), 1)
    return f"; did you mean {names[close[0]].name}?" if close else ""


def _unread(found: Directory) -> str:
    return f" (not all of it can be read: {found.problems[0]})" if found.problems else ""


def full_path(target: Target, address: int) -> str | Absent | None:
    """Return the path of a named object from the root, ``\\Device\\Null``; ``None`` for an object without a name."""
    parts: list[str] = []
    seen: set[int] = set()
    at = target.address(address)
    while True:
        if int(at) in seen or len(parts) >= _DEEPEST:
            return Absent("the directories above it lead in a circle")
        seen.add(int(at))
        info = name_info(target, at)
        if info is None:
            return None if not parts else Absent(f"the directory {at} has no name")
        name: str | Absent = info if isinstance(info, Absent) else info.Name.str_()
        above = info if isinstance(info, Absent) else pointer(info, "Directory")
        if isinstance(name, Absent):
            return name
        if isinstance(above, Absent):
            return above
        if not above:  # the root's own name is the separator
            return "\\" + "\\".join(reversed(parts)) if name == "\\" else "\\".join([name, *reversed(parts)])
        parts.append(name)
        at = above
