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

    @property
    def key(self) -> str:
        """GUID and age as names of type profiles write them: ``606FF669409B00F7FC8C61A9C1670129-1``."""
        return f"{self.guid.replace('-', '').upper()}-{self.age:X}"


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
                found = parse_rsds(data[at : at + _HEADER + _LONGEST_PATH], module.name, Address(address))
                if found is not None:
                    seen.add(module.name)
                    yield found
            at = data.find(b"RSDS", at + 4)


def parse_rsds(data: bytes, module: str, address: Address) -> PdbReference | None:
    """Return the record that *data* begins with; ``None`` when it is none.

    :param module: what the image is called that the record is of
    :param address: where the record is
    """
    if data[:4] != b"RSDS":
        return None
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
