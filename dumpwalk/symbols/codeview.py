"""CodeView records (``RSDS``): which PDB belongs to a loaded image."""

from __future__ import annotations

from dumpwalk.memory.address import Address
from dumpwalk.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.memory.segments import DumpMemory
    from dumpwalk.symbols.modules import Modules

_HEADER = 24  # "RSDS", GUID, age; then the PDB's path, NUL-terminated
_LONGEST_PATH = 260
_IMAGE_HEADERS = 0x1000
_MOST_DEBUG_ENTRIES = 16
_CODEVIEW = 2  # IMAGE_DEBUG_TYPE_CODEVIEW of winnt.h


@record
class PdbReference:
    """The PDB that an image was built with.

    :param symbol_key: where a symbol store keeps it: ``name/<GUID><age>/name``
    """

    module: str
    name: str
    guid: str
    age: int
    address: Address
    symbol_key: str


def pdb_references(memory: DumpMemory, modules: Modules) -> Iterator[PdbReference]:
    """Yield the CodeView records that *memory* holds of *modules*, one a module.

    A record counts only when it lies in a loaded image: the same bytes occur
    in pool too (section caches, other processes' images), where they say
    nothing of the module that the pool neighbours would suggest.
    """
    seen: set[str] = set()
    for start, end in memory.runs():
        data = memory.read_some(start, end - start)
        at = data.find(b"RSDS")
        while at >= 0:
            address = start + at
            module = modules.find(address)
            if module is not None and module.name not in seen:
                found = _parse(data[at : at + _HEADER + _LONGEST_PATH], module.name, Address(address))
                if found is not None:
                    seen.add(module.name)
                    yield found
            at = data.find(b"RSDS", at + 4)


def pdb_references_of_images(memory: DumpMemory, modules: Modules) -> Iterator[PdbReference]:
    """Yield the CodeView records that the debug directories of *modules* lead to, as far as they are in *memory*.

    For memory that is too large to be searched. PE format specification: the
    debug directory is the seventh data directory, behind 0x60 bytes of a
    32-bit optional header and 0x70 of a 64-bit one; an entry has 28 bytes,
    its type at 0xc, the size of its data at 0x10 and their RVA at 0x14.
    """
    seen: set[str] = set()
    for module in modules.modules:
        head = memory.read_some(module.base, _IMAGE_HEADERS)
        optional = int.from_bytes(head[0x3C:0x40], "little") + 24
        directory = optional + (0x70 if head[optional : optional + 2] == b"\x0b\x02" else 0x60) + 6 * 8
        rva, size = (int.from_bytes(head[at : at + 4], "little") for at in (directory, directory + 4))
        if head[:2] != b"MZ" or not rva or module.name in seen:
            continue
        table = memory.read_some(module.base + rva, min(size, _MOST_DEBUG_ENTRIES * 28))
        for at in range(0, len(table) - 27, 28):
            kind, length, data_rva = (int.from_bytes(table[i : i + 4], "little") for i in (at + 12, at + 16, at + 20))
            if kind != _CODEVIEW or not data_rva:
                continue
            address = Address(module.base + data_rva)
            data = memory.read_some(address, min(length, _HEADER + _LONGEST_PATH))
            found = _parse(data, module.name, address) if data[:4] == b"RSDS" else None
            if found is not None:
                seen.add(module.name)
                yield found
                break


def _parse(data: bytes, module: str, address: Address) -> PdbReference | None:
    path, end, _ = data[_HEADER:].partition(b"\0")
    age = int.from_bytes(data[20:24], "little")
    name = path.decode("utf-8", "replace").replace("/", "\\").rpartition("\\")[2]
    if not end or not name.lower().endswith(".pdb") or not 0 < age < 0x10000:
        return None
    first, second, third = (int.from_bytes(data[a:b], "little") for a, b in ((4, 8), (8, 10), (10, 12)))
    rest = data[12:20].hex()
    guid = f"{first:08x}-{second:04x}-{third:04x}-{rest[:4]}-{rest[4:]}"
    key = f"{name}/{guid.replace('-', '').upper()}{age:x}/{name}"
    return PdbReference(module, name, guid, age, address, key)
