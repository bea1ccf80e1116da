"""Records: small frozen classes that say what something means.

A record is a frozen dataclass to whoever looks at it: ``==`` by value, a
``repr`` that shows the fields, and :func:`dataclasses.fields`,
:func:`dataclasses.asdict` and :func:`dataclasses.replace` all work. It is not
made by :mod:`dataclasses`, because importing that module (``inspect``, ``ast``
and thirty more) takes longer than starting Python and running a command.

>>> @record
... class Point:
...     x: int
...     y: int = 0
>>> Point(1), Point(1) == Point(1, 0), Point(1) == (1, 0)
(Point(x=1, y=0), True, False)
>>> Point(1).x = 2
Traceback (most recent call last):
    ...
AttributeError: Point is frozen: x can't be set
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from typing_extensions import dataclass_transform

    T = TypeVar("T")
else:

    def dataclass_transform(**_: object):  # type: ignore[no-untyped-def]
        return lambda function: function


# From this record of a class on its constructor is a compiled one.
_WORTH_COMPILING = 64


class _DataclassFields:
    """``__dataclass_fields__``, built by :mod:`dataclasses` when somebody asks."""

    def __get__(self, instance: object, owner: type) -> dict[str, Any]:
        import dataclasses

        record: Any = owner
        twin: Any = dataclasses.make_dataclass(
            owner.__name__,
            [
                (n, record.__annotations__[n], dataclasses.field(default=record._defaults_.get(n, dataclasses.MISSING)))
                for n in record._fields_
            ],
            frozen=True,
        )
        found: dict[str, Any] = twin.__dataclass_fields__
        return found


class _Signature:
    """``__signature__`` for :mod:`inspect`: the fields, whether or not the constructor is compiled yet."""

    def __get__(self, instance: object, owner: type) -> Any:
        import inspect

        signature = inspect.signature(_maker(owner))
        return signature.replace(parameters=list(signature.parameters.values())[1:])


def _repr(self: Any) -> str:
    return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self._fields_)})"


def _values(self: Any) -> tuple[Any, ...]:
    return tuple([getattr(self, name) for name in self._fields_])


def _eq(self: Any, other: object) -> Any:
    return _values(self) == _values(other) if type(other) is type(self) else NotImplemented


def _hash(self: Any) -> int:
    return hash((type(self), _values(self)))


def _replace(self: Any, **changes: Any) -> Any:
    return type(self)(**dict(zip(self._fields_, _values(self))) | changes)


def _reduce(self: Any) -> tuple[type, tuple[Any, ...]]:
    return type(self), _values(self)


def _frozen(self: Any, name: str, value: object = None) -> None:
    raise AttributeError(f"{type(self).__name__} is frozen: {name} can't be set")


def _maker(cls: Any) -> Callable[..., Any]:
    """Compile ``__new__``: four times as fast as the general way, but it takes as long as eighty records.

    The record is filled while it is of a class with the same slots that lets them be set, which Python does fast.
    """
    defaults = cls._defaults_
    parameters = "".join(f", {n}=_default_{n}" if n in defaults else f", {n}" for n in cls._fields_)
    body = "".join(f"\n  _self.{n} = {n}" for n in cls._fields_)
    scope: dict[str, Any] = {f"_default_{n}": value for n, value in defaults.items()}
    scope["_open"] = type(cls.__name__, (), {"__slots__": cls._fields_})
    exec(f"def __new__(_cls{parameters}):\n  _self = _open(){body}\n  _self.__class__ = _cls\n  return _self", scope)
    new: Callable[..., Any] = scope["__new__"]
    return new


@dataclass_transform(frozen_default=True)
def record(cls: type[T]) -> type[T]:
    """Make *cls* a record: its annotated names, in order, are its fields.

    A default is a class attribute as in a dataclass, and must be immutable.
    Records are not subclassed, and have slots in place of a dictionary: a
    hostile dump can make us hold ten thousands.
    """
    names = tuple(cls.__annotations__)
    given = [n in cls.__dict__ for n in names]
    if given != sorted(given):
        raise TypeError(f"{cls.__name__}: a field without a default follows one with a default")

    defaults = {n: cls.__dict__[n] for n in names if n in cls.__dict__}
    made = 0

    def first_init(self: Any, *values: Any, **named: Any) -> None:
        nonlocal made
        made += 1
        given = {**dict(zip(names, values)), **named}
        full = {**defaults, **given}
        right = len(given) == len(values) + len(named) and full.keys() == set(names)
        if right:
            for name in names:
                object.__setattr__(self, name, full[name])
        if (not right or made >= _WORTH_COMPILING) and "__init__" in slotted.__dict__:
            setattr(slotted, "__new__", staticmethod(_maker(slotted)))  # noqa: B010 - mypy: an assignment is unsound
            del slotted.__init__
        if not right:
            slotted(*values, **named)  # to word the complaint

    own = {n: v for n, v in cls.__dict__.items() if n not in (*names, "__dict__", "__weakref__", "__hash__")}
    members = {
        "__repr__": _repr,
        "__replace__": _replace,  # for copy.replace
        "__reduce__": _reduce,
        **own,
        "__init__": first_init,
        "__eq__": _eq,
        "__hash__": _hash,
        "__setattr__": _frozen,
        "__delattr__": _frozen,
        "__slots__": names,
        "__match_args__": names,
        "__dataclass_fields__": _DataclassFields(),
        "__signature__": _Signature(),
        "_fields_": names,
        "_defaults_": defaults,
    }
    slotted: type[T] = type(cls.__name__, cls.__bases__, members)
    return slotted


def replace(record: T, **changes: Any) -> T:
    """Return a record that has other values of some fields.

    :raises TypeError: when it has no field of a name
    """
    changed: T = _replace(record, **changes)
    return changed


def fields(value: Any) -> tuple[str, ...]:
    """Return the field names of a record or record class; ``()`` for anything else."""
    names: tuple[str, ...] = getattr(value, "_fields_", ())
    return names
