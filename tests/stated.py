"""Structures in memory in a few lines, for tests: each value at the place that the types give its member."""

from __future__ import annotations

from typing import Any

from fakes import fake_target

from dumpwalk.objects.sizes import size_of
from dumpwalk.remarks import Absent
from dumpwalk.target import Target
from dumpwalk.types.model import Reference, Struct
from dumpwalk.types.store import Store

PAGE = 0x1000


class Stated:
    """Bytes at addresses of a kernel whose types are known.

    :param types: a profile's name, or types themselves
    """

    def __init__(self, types: Any) -> None:
        self.types: Any = Store.shipped().open(types) if isinstance(types, str) else types
        self.pages: dict[int, bytearray] = {}

    def write(self, address: int, data: bytes) -> None:
        for n, byte in enumerate(data):
            self.pages.setdefault((address + n) // PAGE, bytearray(PAGE))[(address + n) % PAGE] = byte

    def read(self, address: int, size: int) -> int:
        return int.from_bytes(
            bytes(self.pages[(address + n) // PAGE][(address + n) % PAGE] for n in range(size)), "little"
        )

    def place(self, type: str, path: str) -> tuple[int, int, tuple[int, int] | None]:
        """Return offset, size and bits of a member."""
        at: Any = self.types.find(type)
        offset = 0
        field = None
        for name in path.split("."):
            at = self.types.find(at.name) if isinstance(at, Reference) else at
            assert isinstance(at, Struct), path
            field = next(f for f in at.fields if f.name == name)
            offset, at = offset + field.offset, field.type
        assert field is not None
        return offset, size_of(field.type, self.types) or 0, field.bits

    def put(self, type: str, address: int, fields: dict[str, int | str] | None = None, **more: int) -> int:
        """Place a structure of zeros but for its *fields*; return where it ends."""
        size = size_of(Reference("struct", type), self.types) or 0
        self.write(address, bytes(size))
        for path, value in {**(fields or {}), **more}.items():
            self.set(type, address, path, value)
        return address + size

    def set(self, type: str, address: int, path: str, value: int | str) -> None:
        if isinstance(value, str):
            value, text = address + 0x8000 & ~0xF, value.encode("utf-16-le")
            self.write(value, text)
            self.set(type, address, f"{path}.Length", len(text))
            self.set(type, address, f"{path}.MaximumLength", len(text))
            path += ".Buffer"
        offset, size, bits = self.place(type, path)
        if bits is not None:
            old = self.read(address + offset, size)
            mask = (1 << bits[1]) - 1
            value = old & ~(mask << bits[0]) | (value & mask) << bits[0]
        self.write(address + offset, (value & (1 << 8 * size) - 1).to_bytes(size, "little"))

    def target(self) -> Target:
        """Return a target whose dump holds all that."""
        machine = "x64" if self.types.pointer_size == 8 else "x86"
        target = fake_target(machine, {number * PAGE: bytes(page) for number, page in self.pages.items()})
        target._types = self.types
        target.dump.physical = Absent("a fake has none")  # type: ignore[misc]
        return target
