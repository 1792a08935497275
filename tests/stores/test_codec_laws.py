"""The laws of the codec, over types and values drawn together."""

# ruff: noqa: UP007, UP045 - annotations are put together from what was drawn, and `None | None` isn't one

import dataclasses
import enum
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path, PureWindowsPath
from typing import Any, Generic, Literal, NamedTuple, NewType, NotRequired, Optional, TypedDict, TypeVar, Union
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs
from hypothesis import given
from hypothesis import strategies as st

from flowkit.errors import EncodingError
from flowkit.stores.codec import Codec, decode, dumps, encode, loads, to_json

PARIS = ZoneInfo("Europe/Paris")

T = TypeVar("T")
U = TypeVar("U")


class Color(enum.Enum):
    RED = "red"
    GREEN = 2
    BLUE = (0, 0, 255)


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Access(enum.Flag):
    READ = 1
    WRITE = 2
    HUGE = 2**70


class Mood(enum.StrEnum):
    GOOD = "bad"
    BAD = "good"


@attrs.frozen
class User:
    name: str
    tags: list[str] = attrs.Factory(list)


@dataclasses.dataclass(frozen=True)
class Point:
    x: int
    y: int = 0


@dataclasses.dataclass(frozen=True)
class Vector:
    x: int
    y: int = 0


@attrs.frozen
class Box(Generic[T]):
    item: T


@dataclasses.dataclass(frozen=True)
class Pair(Generic[T, U]):
    left: T
    right: U


@attrs.define
class Tree:
    value: int
    children: "list[Tree]" = attrs.Factory(list)


class Place(NamedTuple):
    name: str
    height: float = 0.0


class Options(TypedDict):
    depth: int
    name: NotRequired[str]


UserId = NewType("UserId", int)


@st.composite
def moments(draw):
    zones = st.none() | st.sampled_from([UTC, PARIS, ZoneInfo("America/New_York"), timezone(timedelta(minutes=-90))])
    return draw(st.datetimes(timezones=zones))


# Types and their values, drawn together


@attrs.frozen
class Typed:
    annotation: Any
    values: st.SearchStrategy
    hashable: bool = True


LEAVES = [
    Typed(None, st.none()),
    Typed(bool, st.booleans()),
    Typed(int, st.integers() | st.integers(2**63 - 2, 2**63 + 2) | st.integers(-(2**63) - 2, -(2**63) + 2)),
    Typed(float, st.floats()),
    Typed(str, st.text() | st.sampled_from(["$type", "$int", "\x00", "1", "null"])),
    Typed(bytes, st.binary()),
    Typed(Decimal, st.decimals(allow_nan=False) | st.just(Decimal("1E+5"))),
    Typed(UUID, st.uuids()),
    Typed(date, st.dates()),
    Typed(datetime, moments()),
    Typed(time, st.times()),
    Typed(timedelta, st.timedeltas()),
    Typed(Path, st.sampled_from([Path(), Path("a/b"), Path("/"), Path("é")])),
    Typed(PureWindowsPath, st.sampled_from([PureWindowsPath("c:/a"), PureWindowsPath("b")])),
    Typed(Color, st.sampled_from(Color)),
    Typed(Level, st.sampled_from(Level)),
    Typed(Mood, st.sampled_from(Mood)),
    Typed(Access, st.sampled_from([Access(0), *Access, Access.READ | Access.WRITE])),
    Typed(Literal["a", 1, True, Color.RED], st.sampled_from(["a", 1, True, Color.RED])),
    Typed(UserId, st.integers()),
    Typed(Point, st.builds(Point, st.integers(), st.integers())),
    Typed(Vector, st.builds(Vector, st.integers())),
    Typed(User, st.builds(User, st.text(), st.lists(st.text(), max_size=2)), hashable=False),
    Typed(Place, st.builds(Place, st.text(), st.floats())),
    Typed(Options, st.fixed_dictionaries({"depth": st.integers()}, optional={"name": st.text()}), hashable=False),
    Typed(Tree, st.builds(Tree, st.integers(), st.lists(st.builds(Tree, st.integers()), max_size=2)), hashable=False),
]


def lists_of(values):
    return st.lists(values, max_size=3)


def containers_of(item):
    yield Typed(list[item.annotation], lists_of(item.values), hashable=False)
    yield Typed(tuple[item.annotation, ...], lists_of(item.values).map(tuple), item.hashable)
    yield Typed(Sequence[item.annotation], lists_of(item.values) | lists_of(item.values).map(tuple), hashable=False)
    yield Typed(Optional[item.annotation], st.none() | item.values, item.hashable)
    yield Typed(dict[str, item.annotation], st.dictionaries(st.text(), item.values, max_size=3), hashable=False)
    yield Typed(Box[item.annotation], st.builds(Box, item.values), item.hashable)
    if item.hashable:
        yield Typed(set[item.annotation], lists_of(item.values).map(set), hashable=False)
        yield Typed(frozenset[item.annotation], lists_of(item.values).map(frozenset))


def combinations_of(one, two):
    both = one.hashable and two.hashable
    yield Typed(tuple[one.annotation, two.annotation], st.tuples(one.values, two.values), both)
    yield Typed(Union[one.annotation, two.annotation], one.values | two.values, both)
    yield Typed(Pair[one.annotation, two.annotation], st.builds(Pair, one.values, two.values), both)
    if one.hashable:
        values = st.dictionaries(one.values, two.values, max_size=3)
        yield Typed(dict[one.annotation, two.annotation], values, hashable=False)


def larger(types):
    one = types.flatmap(lambda item: st.sampled_from(list(containers_of(item))))
    two = st.tuples(types, types).flatmap(lambda both: st.sampled_from(list(combinations_of(*both))))
    return one | two


types = st.recursive(st.sampled_from(LEAVES), larger, max_leaves=6)


@st.composite
def typed_values(draw):
    typed = draw(types)
    return typed.annotation, draw(typed.values)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["RED", "2026-11-20", "1h"]),
    lambda items: (
        lists_of(items)
        | st.dictionaries(st.text() | st.sampled_from(["$type", "$value", "$int", "x", "item"]), items, max_size=3)
    ),
    max_leaves=8,
)


def same(one, two):
    """Equal, of the same types all the way down, and in the same order where there is one."""
    if type(one) is not type(two):
        return False
    if isinstance(one, float):
        return repr(one) == repr(two)
    if isinstance(one, (datetime, time)):
        one_zone, two_zone = (getattr(moment.tzinfo, "key", moment.utcoffset()) for moment in (one, two))
        return one.isoformat() == two.isoformat() and one.fold == two.fold and one_zone == two_zone
    if isinstance(one, dict):
        return same(list(one.items()), list(two.items()))
    if isinstance(one, (list, tuple)):
        return len(one) == len(two) and all(map(same, one, two))
    if isinstance(one, (set, frozenset)):
        return len(one) == len(two) and all(any(same(a, b) for b in two) for a in one)
    if attrs.has(type(one)):
        return same(attrs.astuple(one, recurse=False), attrs.astuple(two, recurse=False))
    if dataclasses.is_dataclass(one):
        names = [field.name for field in dataclasses.fields(one)]
        return all(same(getattr(one, name), getattr(two, name)) for name in names)
    if isinstance(one, Decimal):
        return str(one) == str(two)
    return one == two


def returned(value, annotation):
    """The value, out and back as text."""
    return loads(dumps(value, annotation), annotation)


# Laws


@given(typed_values())
def test_a_value_of_its_type_comes_back(case):
    annotation, value = case
    assert same(returned(value, annotation), value)


@given(types, typed_values())
def test_a_value_of_any_type_comes_back_or_is_refused(typed, case):
    """An annotation that doesn't fit never bends a value: 1 doesn't become True, or 1.0, or "1"."""
    _, value = case
    try:
        text = dumps(value, typed.annotation)
    except EncodingError:
        return
    assert same(loads(text, typed.annotation), value)


@given(typed_values())
def test_a_value_without_annotation_comes_back_or_is_refused(case):
    _, value = case
    try:
        text = dumps(value)
    except EncodingError:
        return
    assert same(loads(text, Any), value)


@given(types, JSON)
def test_what_is_read_can_be_kept(typed, data):
    """Any JSON is read as a value that goes out and comes back, or refused; nothing else is ever raised."""
    try:
        value = decode(data, typed.annotation)
    except EncodingError:
        return
    assert same(returned(value, typed.annotation), value)


@given(typed_values())
def test_everything_kept_is_ascii_json_of_one_line(case):
    annotation, value = case
    text = dumps(value, annotation)
    assert text.isascii()
    assert text.isprintable()
    assert json.loads(text) == encode(value, annotation)


@given(typed_values())
def test_everything_that_can_be_kept_can_be_shown(case):
    _, value = case
    json.dumps(to_json(value), allow_nan=False)


@given(st.text() | st.binary())
def test_any_text_is_json_or_refused(text):
    try:
        loads(text, Any)
    except EncodingError:
        return
    json.loads(text)


@given(st.sets(st.integers() | st.text()))
def test_equal_sets_are_equal_text(items):
    backwards = {item for item in list(items)[::-1]}  # noqa: C416 - put in the other way round
    assert dumps(items, set[int | str]) == dumps(backwards, set[int | str])


@given(types, types, st.data())
def test_the_order_of_a_union_does_not_matter(one, two, data):
    value = data.draw(data.draw(st.sampled_from([one, two])).values)
    there, back = Union[one.annotation, two.annotation], Union[two.annotation, one.annotation]
    # Two codecs: what one has learned of a union it would use for the other way round as well.
    assert Codec().dumps(value, there) == Codec().dumps(value, back)
