"""Values held to annotations, through and through."""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, NewType, Protocol, TypedDict, TypeVar, runtime_checkable

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowkit.checks.conforming import misfit

T = TypeVar("T")
UserId = NewType("UserId", int)


@attrs.frozen
class Tag:
    name: str
    weight: float = 1.0


@dataclass
class User:
    id: int
    tags: list[Tag]
    boss: User | None = None


class Point(NamedTuple):
    x: int
    y: int


class Row(TypedDict, total=False):
    key: str
    values: list[int]


class Colour(enum.Enum):
    RED = 1


class Quacks(Protocol):
    def quack(self) -> None: ...


@runtime_checkable
class Closes(Protocol):
    def close(self) -> None: ...


FITS = [
    (1, int),
    (True, int),
    (1, float),
    (1.5, complex),
    (None, None),
    ("a", str | None),
    (None, str | None),
    ([1, 2], list[int]),
    ([], list[int]),
    ((1, "a"), tuple[int, str]),
    ((), tuple[()]),
    ((1, 2, 3), tuple[int, ...]),
    ({"a": [1]}, dict[str, list[int]]),
    ({"a": [1]}, Mapping[str, Sequence[int]]),
    ({1, 2}, set[int]),
    (frozenset({1}), frozenset[int]),
    (deque([1]), deque[int]),
    ("abc", Sequence[str]),
    (User(1, [Tag("a")], User(2, [])), User),
    (Point(1, 2), Point),
    ({"key": "a"}, Row),
    (Colour.RED, Colour),
    (Colour.RED, Literal[Colour.RED]),
    (3, UserId),
    (3, Annotated[int, "small"]),
    (object(), Any),
    (object(), object),
    (object(), T),
    ([object()], list[T]),
    (object(), Quacks),
    (open, Callable[[str], Any]),
    (int, type[int]),
    (iter([1, "a"]), Iterable[int]),
    (Path("a"), Path),
    (Decimal(1), Decimal),
    (object(), "SomethingElse"),
    ([1, "a", None], list),
]


@pytest.mark.parametrize(
    ("value", "hint"),
    FITS,
    ids=[f"{type(value).__name__} {number} {hint}" for number, (value, hint) in enumerate(FITS)],
)
def test_what_is_as_declared_fits(value, hint):
    assert misfit(value, hint) is None


MISFITS = [
    ("a", int, "`$` is a `str`, 'a', where `int` is declared"),
    (1.5, int, "`$` is a `float`, 1.5, where `int` is declared"),
    (None, int, "`$` is None, where `int` is declared"),
    (1, None, "`$` is an `int`, 1, where `None` is declared"),
    ([1, "2"], list[int], "`$[1]` is a `str`, '2', where `int` is declared"),
    ((1, 2), tuple[int, str], "`$[1]` is an `int`, 2, where `str` is declared"),
    ((1, 2), tuple[int, int, int], "`$` is a `tuple`, where `tuple[int, int, int]` is declared"),
    ((1,), tuple[()], "`$` is a `tuple`, where `tuple` is declared"),
    ((1, "a"), tuple[int, ...], "`$[1]` is a `str`, 'a', where `int` is declared"),
    ([1], tuple[int, ...], "`$` is a `list`, where `tuple[int, ...]` is declared"),
    ({"a": ["b"]}, dict[str, list[int]], "`$['a'][0]` is a `str`, 'b', where `int` is declared"),
    ({1: "b"}, dict[str, str], "`${1}` is an `int`, 1, where `str` is declared"),
    (1.5, int | str, "`$` is a `float`, 1.5, where `int | str` is declared"),
    (["a"], list[int] | None, "`$[0]` is a `str`, 'a', where `int` is declared"),
    ("blue", Literal["red", "green"], "`$` is a `str`, 'blue', where `Literal['red', 'green']` is declared"),
    (1, Literal[True], "`$` is an `int`, 1, where `Literal[True]` is declared"),
    (User(1, [Tag("a"), Tag("b", "heavy")]), User, "`$.tags[1].weight` is a `str`, 'heavy', where `float` is declared"),
    (User(1, [], User("2", [])), User, "`$.boss.id` is a `str`, '2', where `int` is declared"),
    (Point(1, "2"), Point, "`$.y` is a `str`, '2', where `int` is declared"),
    ({"key": 1}, Row, "`$.key` is an `int`, 1, where `str` is declared"),
    ([], Row, "`$` is a `list`, where `Row` is declared"),
    ("3", UserId, "`$` is a `str`, '3', where `int` is declared"),
    (3, Callable[[], None], "`$` is an `int`, 3, where `Callable[[], None]` is declared"),
    (object(), Closes, "`$` is an `object`, where `Closes` is declared"),
]


@pytest.mark.parametrize(("value", "hint", "told"), MISFITS, ids=[told for *_, told in MISFITS])
def test_the_part_that_is_something_else_is_told_with_its_place(value, hint, told):
    assert str(misfit(value, hint)) == told


def test_the_thousandth_item_is_looked_at_too():
    found = misfit([0] * 1_000 + ["x"], list[int])
    assert found is not None
    assert found.path == "$[1000]"


def test_iterators_arent_used_up():
    numbers = iter([1, 2])
    assert misfit(numbers, Iterable[str]) is None
    assert list(numbers) == [1, 2]


def test_what_holds_itself_ends():
    endless: list[Any] = []
    endless.append(endless)
    assert misfit(endless, list[Any]) is None
    user = User(1, [])
    user.boss = user
    assert misfit(user, User) is None


HINTS = st.recursive(
    st.sampled_from([int, str, bool, float, bytes, type(None), Decimal, Tag, Point]),
    lambda inner: st.one_of(
        inner.map(lambda hint: list[hint]),
        inner.map(lambda hint: hint | None),
        st.tuples(inner, inner).map(lambda pair: tuple[pair]),
        inner.map(lambda hint: dict[str, hint]),
        st.tuples(inner, inner).map(lambda pair: pair[0] | pair[1]),
    ),
    max_leaves=4,
)


@given(HINTS.flatmap(lambda hint: st.tuples(st.just(hint), st.from_type(hint))))
def test_whatever_is_made_for_an_annotation_fits_it(drawn):
    hint, value = drawn
    assert misfit(value, hint) is None
