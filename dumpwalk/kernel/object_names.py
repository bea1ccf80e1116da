"""What objects are called that the object manager has no name of: files, registry keys.

A file object holds the path that it was opened by, on its device; a key's name is put together of those of the keys
above it.
"""

from __future__ import annotations

from dumpwalk.kernel.object_header import object_name
from dumpwalk.objects.members import integer, pointer
from dumpwalk.objects.sizes import offset_of
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target

_MOST_KEYS = 512  # the registry has no key more than that deep
_LONGEST_KEY = 1024  # bytes of a key's own name
# _CM_NAME_CONTROL_BLOCK.Compressed: a byte a character
_COMPRESSED = 1


def own_name(target: Target, address: int, kind: str) -> tuple[str | Absent | None, str | Absent | None]:
    """Return what the object at *address* itself says that it is called, and the device that it is on.

    :param kind: the name of its type
    :return: ``None`` for what it does not say: most objects have neither
    """
    if kind == "File":
        return _file(target, address)
    if kind == "Key":
        return _key(target, address), None
    return None, None


def _file(target: Target, address: int) -> tuple[str | Absent | None, str | Absent | None]:
    file = target.object("_FILE_OBJECT", address)
    name: str | Absent = file.FileName.str_()
    device = pointer(file, "DeviceObject")
    on = object_name(target, device) if not isinstance(device, Absent) and device else None
    return name or None if isinstance(name, str) else name, on


def _key(target: Target, address: int) -> str | Absent | None:
    block = pointer(target.object("_CM_KEY_BODY", address), "KeyControlBlock")
    if target.types.find("_CM_KEY_CONTROL_BLOCK") is None or target.types.find("_CM_NAME_CONTROL_BLOCK") is None:
        return Absent("the types of this kernel do not say how key control blocks are laid out")
    names: list[str] = []
    seen: set[int] = set()
    while not isinstance(block, Absent) and block:
        if int(block) in seen or len(names) >= _MOST_KEYS:
            return Absent("the keys above it lead in a circle")
        seen.add(int(block))
        control = target.object("_CM_KEY_CONTROL_BLOCK", block)
        name = _name_block(target, pointer(control, "NameBlock"))
        if isinstance(name, Absent):
            return name
        names.append(name)
        block = pointer(control, "ParentKcb")
    if isinstance(block, Absent):
        return block
    return "".join(f"\\{name}" for name in reversed(names)) or None


def _name_block(target: Target, address: Address | Absent) -> str | Absent:
    if isinstance(address, Absent) or not address:
        return Absent("a key control block has no name") if not isinstance(address, Absent) else address
    block: Any = target.object("_CM_NAME_CONTROL_BLOCK", address)
    length = integer(block, "NameLength")
    compressed = integer(block, "Compressed")
    if isinstance(length, Absent):
        return length
    if isinstance(compressed, Absent):
        return compressed
    if length > _LONGEST_KEY:
        return Absent(f"a key's name has {length:#x} bytes")
    at = address + offset_of(target.types, "_CM_NAME_CONTROL_BLOCK", "Name")
    data = target.memory.read_some(target.address(at), length)
    if len(data) < length:
        return Absent("a key's name is not in the dump")
    return data.decode("latin-1") if compressed & _COMPRESSED else data.decode("utf-16-le", "replace")
