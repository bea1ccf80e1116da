"""Addresses and other numbers that are read in hexadecimal."""

from __future__ import annotations


class Hex(int):
    """A number people read in hexadecimal: a flag word, a 64-bit value, a size.

    It is a hex string in JSON, where a number above 2**53 would lose its low bits.

    >>> print(Hex(255))
    0xff
    """

    __slots__ = ()

    def __str__(self) -> str:
        return hex(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({int(self):#x})"

    def __format__(self, spec: str) -> str:
        return format(int(self), spec) if spec else str(self)


class Address(Hex):
    """An address of a 64-bit machine.

    >>> print(Address(0xFFFFF80002A5C000), Address(0))
    fffff800`02a5c000 00000000`00000000
    >>> Address(0x1000)
    Address(0x1000)
    """

    __slots__ = ()

    def __str__(self) -> str:
        return f"{int(self) >> 32:08x}`{int(self) & 0xFFFFFFFF:08x}"


class Address32(Address):
    """An address of a 32-bit machine; cut to 32 bits, because a 64-bit structure holds it sign-extended.

    >>> print(Address32(0xFFFFFFFF8750EF80))
    8750ef80
    """

    __slots__ = ()

    def __new__(cls, value: int = 0) -> Address32:
        return super().__new__(cls, value & 0xFFFFFFFF)

    def __str__(self) -> str:
        return f"{int(self):08x}"


def address_class(pointer_size: int) -> type[Address]:
    """Return the class for addresses of a machine whose pointers have *pointer_size* bytes, 4 or 8."""
    return Address32 if pointer_size == 4 else Address
