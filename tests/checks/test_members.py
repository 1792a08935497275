"""What parts a type is known to have, and what is left open."""

import argparse
import dataclasses
import enum
import functools
from collections import abc, defaultdict
from types import ModuleType, SimpleNamespace
from typing import Annotated, Any, Generic, NamedTuple, NewType, TypedDict, TypeVar
from unittest.mock import Mock

import attrs
import pytest

from flowkit.checks.members import Absent, element, part
from flowkit.graph import Outcome

T = TypeVar("T")


@attrs.frozen
class Row:
    name: str
    sizes: list[int]
    parent: "Row | None" = None
    lost: "Nowhere" = None  # noqa: F821 - can't be resolved on purpose


@attrs.frozen
class Whole:
    name: str
    sizes: list[int]


@dataclasses.dataclass
class Data:
    count: int

    @property
    def double(self) -> int:
        return 2 * self.count

    @functools.cached_property
    def half(self) -> float:
        return self.count / 2

    @property
    def bare(self):
        return self.count

    def method(self) -> int:
        return self.count


class Point(NamedTuple):
    x: int
    y: str


class Movie(TypedDict):
    title: str
    year: int


class Plain:
    kind: str = "plain"

    def __init__(self):
        self.size = 1


class Slotted:
    __slots__ = ("size",)


class Open:
    def __getattr__(self, name):
        return name


class Filled:
    def __init__(self, **options):
        for name, value in options.items():
            setattr(self, name, value)


class Box(Generic[T]):
    inside: T


class Color(enum.Enum):
    RED = 1


class Keyed:
    def __getitem__(self, key: str) -> int:
        return 1


Wrapped = NewType("Wrapped", Whole)


@pytest.mark.parametrize(
    ("hint", "name", "expected"),
    [
        (Whole, "name", str),
        (Whole, "sizes", list[int]),
        (Row, "name", Any),  # a neighbour's annotation can't be resolved
        (Annotated[Whole, "note"], "name", str),
        (Wrapped, "name", str),
        (Whole | None, "name", str),
        (Whole | Data, "name", Any),
        (Data, "count", int),
        (Data, "double", int),
        (Data, "half", float),
        (Data, "bare", Any),
        (Data, "method", Any),
        (Point, "x", int),
        (Plain, "kind", str),
        (Plain, "size", Any),
        (Slotted, "size", Any),
        (Open, "whatever", Any),
        (Filled, "whatever", Any),
        (Box[int], "inside", T),
        (Color, "value", Any),
        (Outcome[int], "ok", bool),
        (Outcome[int], "error", BaseException | None),
        (argparse.Namespace, "whatever", Any),
        (SimpleNamespace, "whatever", Any),
        (ModuleType, "whatever", Any),
        (OSError, "whatever", Any),
        (type[Plain], "whatever", Any),
        (Mock, "whatever", Any),
        (Any, "whatever", Any),
        (object, "whatever", Any),
        (T, "whatever", Any),
        ("Unknown", "whatever", Any),
        (abc.Callable[[int], int], "whatever", Absent),
        (Whole, "nam", Absent),
        (Data, "cuont", Absent),
        (Point, "z", Absent),
        (Plain, "sise", Absent),
        (Slotted, "sise", Absent),
        (Movie, "title", Absent),
        (Whole | Data, "neither", Absent),
        (Outcome[int], "result", Absent),
        (str, "lenght", Absent),
        (list[int], "first", Absent),
        (None, "anything", Absent),
    ],
)
def test_attributes(hint, name, expected):
    found = part(hint, "attribute", name)
    assert isinstance(found, Absent) if expected is Absent else found == expected


@pytest.mark.parametrize(
    ("hint", "key", "expected"),
    [
        (list[int], 3, int),
        (list, 3, Any),
        (list[int], slice(1, 2), Any),
        (dict[str, int], "a", int),
        (defaultdict[str, int], "a", Any),
        (tuple[int, str], 1, str),
        (tuple[int, str], -1, str),
        (tuple[int, ...], 7, int),
        (tuple, 7, Any),
        (Point, 1, str),
        (Movie, "year", int),
        (Keyed, "a", Any),
        (abc.Mapping[str, int], "a", Any),
        (str, 0, Any),
        (Any, 0, Any),
        (tuple[int, str], 2, Absent),
        (tuple[int, str], -3, Absent),
        (Point, 2, Absent),
        (Movie, "yaer", Absent),
        (Whole, "name", Absent),
        (int, 0, Absent),
    ],
)
def test_items(hint, key, expected):
    found = part(hint, "item", key)
    assert isinstance(found, Absent) if expected is Absent else found == expected


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        (list[int], int),
        (list, Any),
        (abc.Iterable[str], str),
        (set[int], int),
        (tuple[int, ...], int),
        (tuple[int, str], int | str),
        (abc.Mapping[str, int], Any),
        (range, Any),
        (Keyed, Any),
        (Any, Any),
        (list[int] | None, Any),
        (dict[str, int], Absent),
        (str, Absent),
        (bytes, Absent),
        (int, Absent),
        (Whole, Absent),
    ],
)
def test_what_a_map_goes_through(hint, expected):
    found = element(hint)
    assert isinstance(found, Absent) if expected is Absent else found == expected
