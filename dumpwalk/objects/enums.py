"""Values of enumerations: numbers that know their names."""

from __future__ import annotations

from dumpwalk.types.model import Enum


class EnumValue(int):
    """A value of an enumeration; its number, and the name where the enumeration has one for it.

    >>> value = EnumValue(1, Enum("_EVENT_TYPE", 4, (("NotificationEvent", 0), ("SynchronizationEvent", 1))))
    >>> print(value, value == 1, value.name)
    SynchronizationEvent True SynchronizationEvent
    """

    type: Enum

    def __new__(cls, value: int, type: Enum) -> EnumValue:
        self = super().__new__(cls, value)
        self.type = type
        return self

    @property
    def name(self) -> str:
        """The first name of the value in declaration order; ``""`` when it has none."""
        return next((name for name, value in self.type.members if value == self), "")

    def __str__(self) -> str:
        return self.name or str(int(self))

    def __repr__(self) -> str:
        return f"<{self.type.name or 'enum'} {int(self)} {self.name or '(no matching name)'}>"
