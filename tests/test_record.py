"""A record is a frozen dataclass to whoever looks at it."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import sys

import pytest

from dumpwalk.record import fields, record, replace


@record
class Point:
    """A record with a default."""

    x: int
    y: int = 0

    @property
    def sum(self) -> int:
        return self.x + self.y


@record
class Line:
    """A record of records."""

    start: Point
    ends: tuple[Point, ...] = ()


@record
class Nothing:
    """A record without fields."""


@record
class Named:
    """A record with its own words."""

    name: str

    def __str__(self) -> str:
        return f"<{self.name}>"

    def __repr__(self) -> str:
        return "Named!"


def test_fields_by_position_and_by_name() -> None:
    point = Point(1, y=2)

    assert (point.x, point.y, point.sum) == (1, 2, 3)
    assert Point(x=1) == Point(1, 0)


@pytest.mark.parametrize("arguments", [(), (1, 2, 3)])
def test_wrong_number_of_values(arguments: tuple[int, ...]) -> None:
    with pytest.raises(TypeError):
        Point(*arguments)


def test_unknown_name() -> None:
    with pytest.raises(TypeError, match="z"):
        Point(1, z=2)  # type: ignore[call-arg]


def test_equality_is_by_type_and_value() -> None:
    @record
    class Other:
        """A record of the same shape."""

        x: int
        y: int = 0

    assert Point(1) == Point(1)
    assert Point(1) != Point(2)
    assert Point(1) != Other(1)
    assert Point(1) != (1, 0)
    assert Nothing() == Nothing()


def test_hash_goes_with_equality() -> None:
    assert len({Point(1), Point(1, 0), Point(2), Nothing(), Nothing()}) == 3


def test_record_of_a_list_has_no_hash() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(Point([]))  # type: ignore[arg-type]


def test_repr_shows_the_fields() -> None:
    assert repr(Line(Point(1), (Point(2, 3),))) == "Line(start=Point(x=1, y=0), ends=(Point(x=2, y=3),))"
    assert repr(Nothing()) == "Nothing()"


def test_own_words_stay() -> None:
    assert (str(Named("a")), repr(Named("a"))) == ("<a>", "Named!")


def test_nothing_can_be_set_or_deleted() -> None:
    point = Point(1)

    with pytest.raises(AttributeError, match="Point is frozen: x"):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(AttributeError, match="Point is frozen: z"):
        point.z = 2  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="Point is frozen: x"):
        del point.x
    assert point == Point(1)


def test_match() -> None:
    match Line(Point(1, 2)):
        case Line(Point(x, y), ends):
            found = x, y, ends

    assert found == (1, 2, ())


def test_own_fields() -> None:
    assert fields(Point) == fields(Point(1)) == ("x", "y")
    assert fields(Nothing) == fields(17) == fields(dataclasses.make_dataclass("Data", ["x"])) == ()


def test_dataclasses_sees_a_dataclass() -> None:
    assert dataclasses.is_dataclass(Point)
    assert dataclasses.is_dataclass(Point(1))
    assert dataclasses.is_dataclass(Nothing())
    assert not dataclasses.is_dataclass(17)


@pytest.mark.parametrize("of", [Point, Point(1)])
def test_dataclasses_fields(of: object) -> None:
    x, y = dataclasses.fields(of)  # type: ignore[arg-type]

    assert (x.name, x.type, x.default, x.init) == ("x", "int", dataclasses.MISSING, True)
    assert (y.name, y.type, y.default, y.init) == ("y", "int", 0, True)
    assert dataclasses.fields(Nothing) == ()  # type: ignore[arg-type]


def test_dataclasses_asdict_and_astuple() -> None:
    line = Line(Point(1), (Point(2, 3), Point(4)))

    assert dataclasses.asdict(line) == {  # type: ignore[call-overload]
        "start": {"x": 1, "y": 0},
        "ends": ({"x": 2, "y": 3}, {"x": 4, "y": 0}),
    }
    assert dataclasses.astuple(line) == ((1, 0), ((2, 3), (4, 0)))  # type: ignore[call-overload]


def test_dataclasses_replace() -> None:
    line = Line(Point(1))

    assert dataclasses.replace(line, ends=(Point(2),)) == Line(Point(1), (Point(2),))  # type: ignore[type-var]
    assert dataclasses.replace(line) is not line  # type: ignore[type-var]
    with pytest.raises(TypeError):
        dataclasses.replace(line, middle=1)  # type: ignore[type-var]


def test_replace() -> None:
    point = Point(1)

    assert replace(point, y=5) == Point(1, 5)
    assert point == Point(1)
    with pytest.raises(TypeError):
        replace(point, z=1)


@pytest.mark.skipif(sys.version_info < (3, 13), reason="copy.replace came with 3.13")
def test_copy_replace() -> None:
    assert copy.replace(Point(1), y=5) == Point(1, 5)  # type: ignore[attr-defined, unused-ignore]


@pytest.mark.parametrize("value", [Point(1), Line(Point(1), (Point(2),)), Nothing(), Named("a")], ids=repr)
def test_copies_are_equal(value: object) -> None:
    assert copy.copy(value) == value
    assert copy.deepcopy(value) == value
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(value, protocol)) == value


def test_signature_is_that_of_the_fields() -> None:
    import inspect

    assert list(inspect.signature(Point).parameters) == ["x", "y"]


def test_default_after_default_only() -> None:
    with pytest.raises((SyntaxError, TypeError)):

        @record
        class Wrong:
            """A field without a default after one with a default."""

            x: int = 0
            y: int
