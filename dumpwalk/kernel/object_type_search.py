"""Object types and the cookie, worked out from objects themselves where neither symbols nor code say where they are.

Each object type is an object too, in a pool block with the tag ``ObjT``, and holds its own index and name. In its
header stands the index of the type ``Type``, mixed with the cookie where the kernel has one: so each such header
votes for a cookie. A small dump may hold hardly any object type, but a few dozen other objects by chance; those vote
by their pool tags. Windows Vista and before need none of this: there the header points to the type.
"""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.kernel.object_optional import optional_sizes
from dumpwalk.objects.sizes import offset_of, size_of
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.types.model import Reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target

# The types that every kernel since Windows 7 creates first, in this order: ObInitSystem its own three, then the
# security subsystem one, then the process subsystem three. The table's first two entries are none.
FIRST = {"Type": 2, "Directory": 3, "SymbolicLink": 4, "Token": 5, "Job": 6, "Process": 7, "Thread": 8}
# Pool tags of objects (_OBJECT_TYPE.Key), as pooltag.txt of the public debugging tools lists them.
TAGS = {
    **{b"ObjT": "Type", b"Dire": "Directory", b"Symb": "SymbolicLink", b"Toke": "Token", b"Job ": "Job"},
    **{b"Proc": "Process", b"Thre": "Thread", b"Even": "Event", b"Muta": "Mutant", b"Sema": "Semaphore"},
    **{b"File": "File", b"Sect": "Section", b"Key ": "Key", b"Devi": "Device", b"Driv": "Driver"},
    **{b"IoCo": "IoCompletion", b"ALPC": "ALPC Port"},
}
_NOT_HERE = Absent("the type itself is not in the dump")
_DELETED = 1  # the index of an object that was deleted
_TAG_AT = 4  # in _POOL_HEADER of every machine: what comes before has 4 bytes together
_PROTECTED = 0x80  # in a tag's last character, before Windows 8
_BLOCK = 0x300  # bytes of a block that are looked at
_MOST_PIECES = 64 << 20  # bytes of a dump without pages that are searched
_MOST_BLOCKS = 1 << 16
_MOST_TAGS = 1 << 18  # what has a tag in the right place, whether or not an object is behind it
_MOST_TYPES = 0x100  # the index is a byte
_MOST_REFERENCES = {4: 1 << 28, 8: 1 << 40}


@record
class FoundTypes:
    """What a search found.

    :param by_index: address and name of each type that is in the dump, by its index
    :param cookie: ``None`` when the headers hold the index as it is
    :param headers: how many headers say so
    :param kinds: of how many types those objects are
    """

    by_index: dict[int, tuple[Address | Absent, str | Absent]]
    cookie: int | None
    headers: int
    kinds: int


@record
class _Found:
    """A pool block that holds an object: its type by the tag, the header, and what follows the header."""

    kind: str
    header: int
    data: bytes


def search(target: Target) -> FoundTypes | Absent:
    """Search the dump's pool blocks for objects, and work out types and cookie.

    :raises TypeInfoError: when the types of this kernel are not known
    """
    types: dict[int, tuple[Address | Absent, str | Absent]] = {}
    found: list[_Found] = []
    wanted = _MOST_TYPES
    for block in _objects(target):
        found.append(block)
        if block.kind == "Type":
            index, address, name = _type_of(target, block)
            if index > 1 and (index not in types or isinstance(types[index][1], Absent)):
                types[index] = address, name
            if name == "Type":  # it says how many there are
                wanted = _number(target, block, "_OBJECT_TYPE", "TotalNumberOfObjects") or wanted
        if len(found) >= _MOST_BLOCKS or sum(not isinstance(name, Absent) for _, name in types.values()) >= wanted:
            break
    found += _known(target)
    if not found:
        return Absent("no object that says so is in the dump")
    indexes = FIRST | {name: index for index, (_, name) in types.items() if isinstance(name, str)}
    cookie, headers, kinds = _vote(target, found, indexes)
    if not headers:
        return Absent("the objects in the dump do not agree on a cookie")
    for index, kind in _by_tags(target, found, cookie):
        types.setdefault(index, (_NOT_HERE, kind))
    return FoundTypes(first_types(cookie).by_index | types, cookie, headers, kinds)


def first_types(cookie: int | None) -> FoundTypes:
    """Return the types that every kernel has under the same index, none of which is in the dump."""
    return FoundTypes({index: (_NOT_HERE, name) for name, index in FIRST.items()}, cookie, 0, 0)


def _known(target: Target) -> list[_Found]:
    """Return the headers of the dump's process and thread, as far as they are in the dump."""
    body, size = (offset_of(target.types, "_OBJECT_HEADER", "Body"), 2 * _BLOCK)
    out = []
    for object, kind in ((target.dump.process, "Process"), (target.dump.thread, "Thread")):
        if not isinstance(object, Absent):
            header = target.address(object - body)
            data = target.memory.read_some(header, size)
            if len(data) > body:
                out.append(_Found(kind, int(header), data))
    return out


def _by_tags(target: Target, found: list[_Found], cookie: int | None) -> Iterator[tuple[int, str]]:
    """Yield index and name of the types whose objects' pool tag says the name, where most of those agree."""
    counts: dict[str, dict[int, int]] = {}
    for block in found:
        raw = _number(target, block, "_OBJECT_HEADER", "TypeIndex", body=False)
        index = raw if cookie is None else raw ^ block.header >> 8 & 0xFF ^ cookie
        of_kind = counts.setdefault(block.kind, {})
        of_kind[index] = of_kind.get(index, 0) + 1
    for kind, of_kind in counts.items():
        index = max(of_kind, key=lambda index: of_kind[index])
        if index > _DELETED and 2 * of_kind[index] > sum(of_kind.values()):
            yield index, kind


def _vote(target: Target, found: list[_Found], indexes: dict[str, int]) -> tuple[int | None, int, int]:
    """Return the cookie that most headers agree on (``None``: they hold plain indexes), how many, of how many types."""
    votes: dict[int | None, list[str]] = {}
    for block in found:
        index = indexes.get(block.kind)
        if index is None:
            continue
        raw = _number(target, block, "_OBJECT_HEADER", "TypeIndex", body=False)
        votes.setdefault(raw ^ block.header >> 8 & 0xFF ^ index, []).append(block.kind)
        if raw == index:
            votes.setdefault(None, []).append(block.kind)
    # A plain index is the simpler reading where both fit.
    best = max(votes, key=lambda cookie: (len(votes[cookie]), cookie is None), default=None)
    if best not in votes or (len(votes[best]) < 2 and len(found) > 2):
        return None, 0, 0
    return best, len(votes[best]), len(set(votes[best]))


def _number(target: Target, block: _Found, type: str, member: str, *, body: bool = True) -> int:
    """Return the number in a member of a structure of *block*, its object or its header; 0 where it is cut off."""
    at = offset_of(target.types, type, member)
    if body:
        at += offset_of(target.types, "_OBJECT_HEADER", "Body")
    field = next(f for f in target.types.find(type).fields if f.name == member)  # type: ignore[union-attr]
    size = size_of(field.type, target.types) or 0
    return int.from_bytes(block.data[at : at + size], "little") if at + size <= len(block.data) else 0


def _type_of(target: Target, block: _Found) -> tuple[int, Address | Absent, str | Absent]:
    """Return index, address and name of the object type in *block*."""
    address = target.address(block.header + offset_of(target.types, "_OBJECT_HEADER", "Body"))
    name = target.object("_OBJECT_TYPE", address).Name.str_()
    index = _number(target, block, "_OBJECT_TYPE", "Index")
    return index, address, name if not isinstance(name, str) or is_type_name(name) else Absent("its name is none")


def is_type_name(name: str) -> bool:
    """Say whether *name* may be an object type's: those are a few printable characters."""
    return 0 < len(name) <= 64 and name.isprintable() and name.isascii()


def _objects(target: Target) -> Iterator[_Found]:
    """Yield the objects in pool blocks whose tag is an object's."""
    sizes = optional_sizes(target)
    mask_at = offset_of(target.types, "_OBJECT_HEADER", "InfoMask")
    pool = size_of(Reference("struct", "_POOL_HEADER"), target.types) or 2 * target.machine.pointer_size
    step = target.machine.pointer_size
    blocks = _in_pieces(target) if isinstance(target.physical, Absent) else _in_pages(target)
    for count, (tag, address, data) in enumerate(blocks):
        if count >= _MOST_TAGS:
            return
        # The header is where its own mask says that everything before it fits exactly.
        for at in range(pool, min(pool + sum(s for _, s in sizes.values()), len(data) - mask_at - 1) + 1, step):
            mask = data[at + mask_at]
            before = -(-sum(size for bit, (_, size) in sizes.items() if mask & bit) // step) * step
            count = int.from_bytes(data[at : at + step], "little")
            # What an optional header begins with, a pointer or a zero, is no count of references.
            if before != at - pool or not 0 < count < _MOST_REFERENCES[step]:
                continue
            header = address(data, at)
            if header:
                yield _Found(TAGS[tag], header, data[at:])
                break


def _in_pages(target: Target) -> Iterator[tuple[bytes, _Place, bytes]]:
    """Yield the object types in a dump of physical pages; each says where it is in virtual memory."""
    from dumpwalk.memory.scan import find_tags

    physical, memory = target.physical, target.memory
    if isinstance(physical, Absent):
        return
    width = target.machine.pointer_size
    body = offset_of(target.types, "_OBJECT_HEADER", "Body")
    list_at = body + offset_of(target.types, "_OBJECT_TYPE", "TypeList")
    tags = (b"ObjT", bytes([*b"Obj", ord("T") | _PROTECTED]))

    def place(start: int) -> _Place:
        def header(data: bytes, at: int) -> int:
            # The link behind the list's head points back to it; so does an empty head itself.
            link = int.from_bytes(data[at + list_at : at + list_at + width], "little")
            try:
                back = target.read_pointer(link + width)
            except ReadError:
                return 0
            found = target.address(int(back) - list_at)
            there = getattr(memory, "find", lambda _: -1)(found)
            return int(found) if there == start + at else 0

        return header

    for starts, _ in find_tags(physical, tags, 2 * width):
        for start in map(int, starts):
            yield b"ObjT", place(start), physical.read_some(start, min(_BLOCK, 0x1000 - start % 0x1000))


def _in_pieces(target: Target) -> Iterator[tuple[bytes, _Place, bytes]]:
    """Yield the objects in a dump that holds pieces of virtual memory."""
    align, left = 2 * target.machine.pointer_size, _MOST_PIECES
    tags = {known: tag for tag in TAGS for known in (tag, tag[:3] + bytes([tag[3] | _PROTECTED]))}

    def place(start: int) -> _Place:
        return lambda _, at: start + at

    for start, end in target.memory.runs():
        data = target.memory.read_some(target.address(start), min(end - start, left))
        left -= len(data)
        for at in range(-start % align, len(data) - _TAG_AT - 4, align):
            tag = tags.get(data[at + _TAG_AT : at + _TAG_AT + 4])
            if tag is not None:
                yield tag, place(start + at), data[at : at + _BLOCK]
        if left <= 0:
            return


if TYPE_CHECKING:
    from collections.abc import Callable

    # Where the header that begins at an offset into the block's bytes is; 0 where that can't be told.
    _Place = Callable[[bytes, int], int]
