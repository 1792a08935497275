"""The codec's stated policies, one by one, and what people are told when a value is refused."""

# ruff: noqa: DTZ001 - naive datetimes are values too

import dataclasses
import enum
import itertools
import json
import math
import sys
import typing
from collections import OrderedDict, deque, namedtuple
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from pathlib import Path, PurePath, PurePosixPath
from typing import (
    Annotated,
    Any,
    ClassVar,
    Final,
    ForwardRef,
    Generic,
    Literal,
    NamedTuple,
    NewType,
    NotRequired,
    Protocol,
    Required,
    TypedDict,
    TypeVar,
)
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs
import pytest
import typing_extensions

from flowkit import Outcome
from flowkit.errors import EncodingError, PolicyError, StepError
from flowkit.stores.codec import Codec, decode, dumps, encode, loads, to_json
from flowkit.stores.failures import raised

PARIS = ZoneInfo("Europe/Paris")

T = TypeVar("T")
Number = TypeVar("Number", int, str)
Dated = TypeVar("Dated", bound=date)


class Color(enum.Enum):
    RED = "red"
    GREEN = 2
    BLUE = (0, 0, 255)
    CRIMSON = "red"  # noqa: PIE796 - an alias


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Mood(enum.StrEnum):
    """Each is called what the other is worth."""

    GOOD = "BAD"
    BAD = "GOOD"


class Access(enum.Flag):
    READ = 1
    WRITE = 2


@attrs.frozen
class User:
    name: str
    tags: list[str] = attrs.Factory(list)


@attrs.frozen
class Admin(User):
    level: int = 0


@attrs.frozen
class Post:
    user: User
    likes: int = 0


@attrs.frozen(slots=False)
class Account:
    _owner: str
    seen: int = attrs.field(init=False, default=0)
    closed: date | None = attrs.field(default=None, kw_only=True)
    kind: ClassVar[str] = "account"


@dataclasses.dataclass(frozen=True)
class Point:
    x: int
    y: int = 0


@dataclasses.dataclass
class Sum:
    parts: list[int]
    total: int = dataclasses.field(init=False)

    def __post_init__(self):
        self.total = sum(self.parts)


@attrs.define
class Box(Generic[T]):
    item: T


@attrs.define
class Labelled(Box[int], Generic[T]):
    """Its `T` is another than that of its base."""

    label: T


@attrs.define
class Tree:
    value: int
    children: "list[Tree]" = attrs.Factory(list)


@attrs.define
class Left:
    child: "Left | Right | Leaf"


@attrs.define
class Right:
    child: "Left | Right | Leaf"


@attrs.define
class Leaf:
    number: int


class Place(NamedTuple):
    name: str
    height: float = 0.0


class Twin(NamedTuple, Generic[T]):
    one: T
    other: T


class Options(TypedDict):
    depth: int
    name: NotRequired[str]


class Loose(TypedDict, Generic[T], total=False):
    wanted: Required[T]
    spare: "NotRequired[T]"
    free: T


UserId = NewType("UserId", int)


def returned(value, annotation):
    """The value, out and back as text."""
    return loads(dumps(value, annotation), annotation)


def refusal(action, *arguments):
    with pytest.raises(EncodingError) as caught:
        action(*arguments)
    return caught.value


# How it is written


@pytest.mark.parametrize(
    ("value", "annotation", "data"),
    [
        (None, None, None),
        (True, bool, True),
        (5, int, 5),
        (0.5, float, 0.5),
        ("é", str, "é"),
        (b"\x00\xff", bytes, "AP8="),
        (Decimal("1.50"), Decimal, "1.50"),
        (UUID(int=1), UUID, "00000000-0000-0000-0000-000000000001"),
        (Path("a") / "b", Path, "a/b"),
        (PurePosixPath("a"), PurePosixPath, "a"),
        (date(2026, 11, 20), date, "2026-11-20"),
        (time(8, 30), time, "08:30:00"),
        (datetime(2026, 11, 20, 8, 30), datetime, "2026-11-20T08:30:00"),
        (datetime(2026, 11, 20, tzinfo=UTC), datetime, "2026-11-20T00:00:00+00:00"),
        (datetime(2026, 11, 20, tzinfo=PARIS), datetime, "2026-11-20T00:00:00+01:00[Europe/Paris]"),
        (timedelta(days=1, hours=2, microseconds=5), timedelta, "1d2h5us"),
        (-timedelta(seconds=90), timedelta, "-1m30s"),
        (timedelta(), timedelta, "0s"),
        (Color.BLUE, Color, "BLUE"),
        (Level.HIGH, Level, "HIGH"),
        (Mood.GOOD, Mood, "GOOD"),
        (Access.READ | Access.WRITE, Access, 3),
        ("a", Literal["a", 1], "a"),
        (Color.RED, Literal[Color.RED], "RED"),
        ((1, "a"), tuple[int, str], [1, "a"]),
        ((), tuple[()], []),
        ((1, 2, 3), tuple[int, ...], [1, 2, 3]),
        ({3, 1, 2}, set[int], [1, 2, 3]),
        ({"b": 1, "a": 2}, dict[str, int], {"b": 1, "a": 2}),
        ({Color.RED: 1}, dict[Color, int], {"RED": 1}),
        ({1: "a"}, dict[int, str], [[1, "a"]]),
        (Point(1, 2), Point, {"x": 1, "y": 2}),
        (Post(User("ada", ["a"])), Post, {"user": {"name": "ada", "tags": ["a"]}, "likes": 0}),
        (Account("ada"), Account, {"_owner": "ada", "seen": 0, "closed": None}),
        (Place("top", 2.5), Place, {"name": "top", "height": 2.5}),
        (Twin(1, 2), Twin[int], {"one": 1, "other": 2}),
        ({"depth": 1}, Options, {"depth": 1}),
        (5, UserId, 5),
        (5, Annotated[int, ["anything"]], 5),
        (5, Final[int], 5),
        ([1], typing.List[int], [1]),  # noqa: UP006 - the old spelling is an annotation too
        ([1, None], list, [1, None]),
        ({"a": [1]}, Any, {"a": [1]}),
        ({"a": [1]}, object, {"a": [1]}),
        ([1], Sequence[int], [1]),
        ({"a": 1}, Mapping[str, int], {"a": 1}),
    ],
    ids=repr,
)
def test_form(value, annotation, data):
    assert encode(value, annotation) == data
    back = returned(value, annotation)
    assert back == value
    assert type(back) is type(value)


def test_text_is_ascii_and_compact():
    assert dumps({"é": [1, "\n"]}) == '{"\\u00e9":[1,"\\n"]}'


@pytest.mark.parametrize("annotation", [Sequence[int], Collection[int]])
def test_abstract_collection_keeps_its_concrete_type(annotation):
    assert returned([1, 2], annotation) == [1, 2]
    assert returned((1, 2), annotation) == (1, 2)
    assert loads("[1, 2]", annotation) == [1, 2]


def test_abstract_set_keeps_its_concrete_type():
    assert returned({1}, AbstractSet[int]) == {1}
    assert type(returned(frozenset({1}), AbstractSet[int])) is frozenset
    assert type(loads("[1]", AbstractSet[int])) is set


# Classes


def test_fields_outside_the_constructor_come_back():
    account = Account("ada")
    object.__setattr__(account, "seen", 7)
    assert returned(account, Account) == account


def test_fields_that_were_never_set_stay_unset():
    @attrs.define
    class Late:
        ready: int = attrs.field(init=False)

    assert not hasattr(returned(Late(), Late), "ready")
    unset = User.__new__(User)
    assert refusal(encode, unset, User).path == "$.name"


def test_generic_classes_are_filled_in():
    assert encode(Box(Point(1)), Box[Point]) == {"item": {"x": 1, "y": 0}}
    assert refusal(encode, Box("a"), Box[int]).path == "$.item"
    assert returned(Box(Box(1)), Box[Box[int]]) == Box(Box(1))
    assert encode(Box([1]), Box) == {"item": [1]}


def test_generic_base_keeps_its_own_variables():
    assert returned(Labelled(1, "a"), Labelled[str]) == Labelled(1, "a")
    assert refusal(encode, Labelled("a", "a"), Labelled[str]).path == "$.item"


def test_type_variables_stand_for_what_they_may_be():
    assert encode("a", Number) == "a"
    assert encode(date(2026, 1, 1), Dated) == "2026-01-01"
    assert encode([1], T) == [1]
    assert encode(Path("a"), typing_extensions.TypeVar("P", default=Path)) == "a"
    refusal(encode, 1.5, Number)


def test_class_that_names_itself():
    tree = Tree(1, [Tree(2, [Tree(3)]), Tree(4)])
    assert returned(tree, Tree) == tree
    tree.children[0].children[0].value = "three"
    assert refusal(encode, tree, Tree).path == "$.children[0].children[0].value"


def test_class_made_in_a_function_may_name_itself():
    @dataclasses.dataclass
    class Chain:
        next: "Chain | None" = None

    assert returned(Chain(Chain()), Chain) == Chain(Chain())


def test_annotations_that_cannot_be_resolved_are_named():
    @attrs.define
    class Lost:
        field: "Nowhere"  # noqa: F821 - that is the point

    error = refusal(encode, Lost(1), Lost)
    assert "Nowhere" in str(error)
    assert "top level" in str(error)


def test_named_tuples_without_annotations_hold_json():
    pair = namedtuple("pair", ["a", "b"], defaults=[2])  # noqa: PYI024 - these are met as well
    assert returned(pair(1), pair) == pair(1)
    assert loads('{"a": 1}', pair) == pair(1, 2)


def test_typed_dict_keeps_its_order_and_its_optional_keys():
    assert list(returned({"name": "a", "depth": 1}, Options)) == ["name", "depth"]
    assert returned({"wanted": 1}, Loose[int]) == {"wanted": 1}
    assert returned({"wanted": 1, "spare": 2, "free": 3}, Loose[int]) == {"wanted": 1, "spare": 2, "free": 3}
    assert refusal(encode, {"spare": 1}, Loose[int]).path == "$.wanted"
    assert refusal(encode, {"wanted": 1, "free": "a"}, Loose[int]).path == "$.free"
    assert refusal(encode, {"depth": 1, "nome": "a"}, Options).path == "$.nome"


def test_typed_dict_with_the_codecs_own_mark_is_refused():
    marked = TypedDict("marked", {"$type": str})
    assert "$type" in str(refusal(encode, {"$type": "a"}, marked))


def test_dataclass_made_from_what_it_does_not_keep_is_refused():
    @dataclasses.dataclass
    class Scaled:
        size: int
        scale: dataclasses.InitVar[int]

        def __post_init__(self, scale):
            self.size *= scale

    assert "InitVar" in str(refusal(encode, Scaled(1, 2), Scaled))


def test_class_that_holds_more_than_its_fields_is_refused():
    @dataclasses.dataclass
    class Named(list):
        name: str

    assert "no JSON form for `Named`" in str(refusal(encode, Named("a"), Named))


# Classes that run code of their own


def test_derived_fields_come_back():
    assert returned(Sum([1, 2]), Sum) == Sum([1, 2])


def test_derived_field_that_was_changed_comes_back_as_it_is():
    changed = Sum([1, 2])
    changed.total = 7
    assert returned(changed, Sum).total == 7


def test_converter_that_leaves_alone_what_it_made_is_fine():
    @attrs.define
    class Trimmed:
        text: str = attrs.field(converter=str.strip)

    assert returned(Trimmed(" a "), Trimmed) == Trimmed("a")
    assert loads('{"text": " a "}', Trimmed) == Trimmed("a")


def test_converter_that_would_change_the_value_is_refused():
    @attrs.define
    class Grown:
        size: int = attrs.field(converter=lambda size: size + 1)

    error = refusal(encode, {"all": [Grown(1)]}, dict[str, list[Grown]])
    assert error.path == "$.all[0].size"
    assert "converters" in str(error)


def test_value_that_its_own_validator_refuses_is_refused_at_once():
    @attrs.frozen
    class Positive:
        number: int = attrs.field(validator=attrs.validators.gt(0))

    broken = Positive(1)
    object.__setattr__(broken, "number", -1)
    error = refusal(encode, [broken], list[Positive])
    assert error.path == "$[0]"
    assert isinstance(error.__cause__, ValueError)
    assert "can't be made again" in str(error)


def test_deep_values_of_such_classes_take_linear_time():
    """Each level is made once more, not once more for each level above it."""
    made = 0

    @attrs.define
    class Link:
        next: "Link | None" = None

        def __attrs_post_init__(self):
            nonlocal made
            made += 1

    chain = None
    for _ in range(50):
        chain = Link(chain)
    encode(chain, Link)
    assert made == 100


def test_plain_subclass_with_a_constructor_of_its_own_is_tried():
    class Upper(Point):
        def __init__(self, name: str):
            super().__init__(len(name))

    assert "can't be made again" in str(refusal(encode, Upper("abc"), Upper))


# Policies: hard values


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_infinities(value):
    assert returned(value, float) == value
    assert returned([value, 1], list[float | int]) == [value, 1]
    assert "float" in str(refusal(encode, [value], Any))


def test_nan():
    assert dumps(math.nan, float) == '{"$float":"NaN"}'
    assert math.isnan(returned(math.nan, float))
    assert "float" in str(refusal(encode, {"a": math.nan}, Any))
    assert len(returned({float("nan"), float("nan")}, set[float])) == 2


def test_negative_zero():
    assert math.copysign(1, returned(-0.0, float)) == -1
    assert math.copysign(1, returned(-0.0, Any)) == -1


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 10**5000], ids=["above", "below", "unspeakable"])
def test_integers_beyond_64_bits(value):
    assert returned(value, int) == value
    assert returned(value, int | str | float) == value
    assert returned({value: value}, dict[int, int]) == {value: value}
    assert "64 bits" in str(refusal(encode, value, Any))


def test_integers_within_64_bits_are_numbers():
    assert encode([2**63 - 1, -(2**63)], list[int]) == [2**63 - 1, -(2**63)]
    assert returned([2**63 - 1, -(2**63)], Any) == [2**63 - 1, -(2**63)]


def test_nul_in_text():
    assert dumps("a\x00b", str) == '"a\\u0000b"'
    assert returned({"\x00": "\x00"}, dict[str, str]) == {"\x00": "\x00"}


@pytest.mark.parametrize(
    ("value", "annotation", "path"),
    [
        ("ab\ud800", str, "$"),
        (["\udcff"], Any, "$[0]"),
        ({"\ud800": 1}, dict[str, int], '$["\\ud800"]'),
        ({"\ud800": 1}, Any, '$["\\ud800"]'),
        (Path("\udcff"), Path, "$"),
    ],
    ids=ascii,
)
def test_lone_surrogates(value, annotation, path):
    error = refusal(encode, value, annotation)
    assert error.path == path
    assert "surrogate" in str(error)


def test_lone_surrogates_are_not_read_either():
    refusal(loads, '"\\ud800"', str)
    refusal(loads, '"\\ud800"', Any)
    refusal(loads, '"\\ud800"', Path)


def test_integer_keys():
    assert encode({1: "a", -1: "b"}, dict[int, str]) == [[1, "a"], [-1, "b"]]
    assert encode({1: "a", "b": "c"}, dict[int | str, str]) == [[1, "a"], ["b", "c"]]
    assert refusal(encode, {"a": {1: 2}}, Any).path == "$.a[1]"
    assert refusal(encode, {True: 1}, dict[int, int]).path == "$[True]"


def test_keys_of_many_types():
    for key, annotation in [(b"a", bytes), (date(2026, 1, 1), date), ((1, "a"), tuple[int, str]), (None, None)]:
        assert returned({key: 1}, dict[annotation, int]) == {key: 1}
    assert returned({Place("a"): 1}, dict[Place, int]) == {Place("a"): 1}


def test_keys_that_begin_with_the_codecs_mark():
    assert encode({"$type": 1}, dict[str, int]) == [["$type", 1]]
    assert returned({"$int": 1, "a": 2}, dict[str, int] | User) == {"$int": 1, "a": 2}
    assert returned({"$float": "NaN"}, Any) == {"$float": "NaN"}


def test_tuples():
    assert type(returned((1,), tuple[int, ...])) is tuple
    assert refusal(encode, {"a": (1,)}, Any).path == "$.a"
    refusal(encode, [1], tuple[int, ...])
    refusal(encode, (1,), list[int])
    refusal(encode, (1, 2, 3), tuple[int, int])
    refusal(encode, Place("a"), tuple[str, float])
    assert "length" in str(refusal(encode, (1,), tuple[int, *tuple[str, ...]]))


def test_sets_are_in_the_same_order_each_time():
    items = [frozenset({1, 2}), frozenset({3}), frozenset()]
    for order in itertools.permutations(items):
        assert dumps(set(order), set[frozenset[int]]) == "[[1,2],[3],[]]"
    assert encode({10, 9, 1}, set[int]) == [1, 9, 10]
    assert encode({"b", 2, "a", 1}, set[int | str]) == ["a", "b", 1, 2]


def test_naive_datetimes_stay_naive():
    assert returned(datetime(2026, 1, 1), datetime).tzinfo is None


def test_datetimes_keep_their_offset():
    there = datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=5, minutes=30), "named"))
    assert returned(there, datetime).utcoffset() == timedelta(hours=5, minutes=30)


def test_datetimes_keep_their_zone_and_fold():
    for fold in (0, 1):
        back = returned(datetime(2026, 10, 25, 2, 30, tzinfo=PARIS, fold=fold), datetime)
        assert (back.tzinfo, back.fold) == (PARIS, fold)
    assert returned(datetime(2026, 1, 1, fold=1), datetime).fold == 1
    assert returned(time(2, 30, tzinfo=PARIS, fold=1), time).tzinfo is PARIS


def test_offset_that_contradicts_the_zone_is_refused():
    assert "Europe/Paris" in str(refusal(loads, '"2026-01-01T00:00:00+02:00[Europe/Paris]"', datetime))


@pytest.mark.parametrize("zone", ["Nowhere/Land", "../../etc/passwd", "Europe", "/etc/passwd"])
def test_zone_that_is_not_known_is_refused(zone):
    refusal(decode, f"2026-01-01T00:00:00+01:00[{zone}]", datetime)


def test_time_zones_of_other_classes_are_refused():
    class Odd(tzinfo):
        def utcoffset(self, _moment):
            return timedelta(hours=1)

    assert "zoneinfo.ZoneInfo" in str(refusal(encode, datetime(2026, 1, 1, tzinfo=Odd()), datetime))


@pytest.mark.parametrize("value", [timedelta.min, timedelta.max, timedelta.resolution, -timedelta.resolution])
def test_lengths_of_time_are_exact(value):
    assert returned(value, timedelta) == value


@pytest.mark.parametrize(
    ("value", "annotation"),
    [
        (True, int),
        (1, bool),
        (True, float),
        (1.0, int),
        (5, str),
        ("5", int),
        (True, Literal[1]),
        (1, Literal[True]),
        (1.0, Literal[1]),
        (Level.LOW, int),
        (Mood.GOOD, str),
        (1, Level),
        ("red", Color),
        (datetime(2026, 1, 1), date),
        (date(2026, 1, 1), datetime),
        (bytearray(b"a"), bytes),
        ([1], set[int]),
        ({1}, frozenset[int]),
        (OrderedDict(a=1), dict[str, int]),
        (None, int),
        (0, None),
        ("a", Path),
        (Path("a"), PurePath),
        (1, Decimal),
        (True, int | str),
        ("a", Sequence[str]),
        (Point(1), User),
    ],
    ids=repr,
)
def test_value_of_another_type_is_refused(value, annotation):
    """Nothing is taken for something else, not even where Python says they are equal."""
    refusal(encode, value, annotation)
    refusal(encode, [value], list[annotation])


def test_subclass_is_refused_and_told_what_to_write():
    assert "annotate it `User | Admin`" in str(refusal(encode, Admin("root"), User))
    assert returned([Admin("root"), User("ada")], list[User | Admin]) == [Admin("root"), User("ada")]


@pytest.mark.parametrize(
    "annotation",
    [complex, deque[int], Callable[[], int], type[int], bytearray, range, Protocol],
    ids=str,
)
def test_types_nobody_taught_it_are_refused(annotation):
    error = refusal(encode, 1j, annotation)
    assert "register" in str(error)
    refusal(decode, 1, annotation)


def test_what_can_be_gone_through_once_is_refused():
    assert "make it a list" in str(refusal(encode, iter([1]), Iterator[int]))


def test_exceptions_are_values_like_others():
    failed = Outcome("failed", error=ValueError("a"), reason="r")
    again = decode(encode(failed, Outcome[int]), Outcome[int])
    assert (type(again.error), str(again.error), again.reason) == (ValueError, "a", "r")
    assert returned(Outcome("succeeded", 3), Outcome[int]).value == 3


def test_an_exception_of_its_annotation_comes_back_as_that_or_is_refused():
    """What is known while it is written may not be known where it is read."""

    class Broken(Exception):
        pass

    class Worse(Broken):
        pass

    raised(Worse())
    assert type(decode(encode(Broken("a"), Broken), Broken)) is Broken
    assert "annotate it `Broken | Worse`" in str(refusal(encode, Worse("a"), Broken))
    assert type(decode(encode(Worse("a"), Broken | Worse), Broken | Worse)) is Worse
    assert type(decode(encode(FileNotFoundError(2, "a"), OSError), OSError)) is FileNotFoundError
    refusal(encode, ValueError(), OSError)
    refusal(decode, {"module": "a", "name": "b"}, OSError)
    unknown = decode({"module": "a", "name": "b", "text": "t"}, Exception)
    assert (type(unknown), str(unknown)) == (StepError, "a.b: t")


@pytest.mark.parametrize("annotation", ["int", list["int"], ForwardRef("int")], ids=str)
def test_annotation_that_is_still_text_is_refused(annotation):
    assert "get_type_hints" in str(refusal(encode, 1, annotation))


@pytest.mark.parametrize("annotation", [5, [int], Literal[[1]]], ids=str)
def test_annotation_that_is_no_type_is_refused(annotation):
    refusal(encode, 1, annotation)


def test_part_that_no_codec_knows_is_named():
    @attrs.define
    class Wave:
        amplitude: list[complex]

    assert refusal(encode, [Wave([])], list[Wave]).path == "$[0].amplitude[*]"
    assert refusal(decode, [], list[dict[str, complex]]).path == "$[*][*]"


def test_literals_that_look_alike_are_refused():
    refusal(encode, "RED", Literal["RED", Color.RED])
    refusal(encode, 2**64, Literal[2**64])


def test_unnamed_enum_member_is_refused():
    class Any9(enum.Enum):
        ONE = 1

        @classmethod
        def _missing_(cls, value):
            member = object.__new__(cls)
            member._name_, member._value_ = f"N{value}", value
            return member

    assert "no name" in str(refusal(encode, Any9(9), Any9))


# Recursion and depth


def test_value_that_contains_itself_is_refused():
    knot = {"a": []}
    knot["a"].append(knot)
    error = refusal(encode, knot)
    assert error.path == "$.a[0]"
    assert "contains itself" in str(error)
    tree = Tree(1)
    tree.children.append(tree)
    assert refusal(encode, tree, Tree).path == "$.children[0]"
    refusal(decode, knot, Any)
    refusal(to_json, knot)


def test_value_may_hold_the_same_thing_twice():
    twice = [1]
    assert encode([twice, twice], list[list[int]]) == [[1], [1]]
    assert encode(((), ((),)), tuple[tuple[()], tuple[tuple[()]]]) == [[], [[]]]


def nested(depth):
    value = []
    for _ in range(depth - 1):
        value = [value]
    return value


def test_depth_has_a_limit_that_is_a_setting():
    assert returned(nested(200), Any) == nested(200)
    assert "200 levels" in str(refusal(encode, nested(201)))
    assert Codec(max_depth=3).encode(nested(3)) == nested(3)
    refusal(Codec(max_depth=3).encode, nested(4))
    refusal(Codec(max_depth=3).decode, nested(4), Any)
    with pytest.raises(PolicyError, match="max_depth"):
        Codec(max_depth=0)


def test_depth_is_the_same_through_classes_and_unions():
    """What goes in comes out: reading needs no more of Python's stack than the limit leaves."""

    @attrs.define
    class Chain:
        next: "Chain | User | list[Chain] | None" = None

    chain = None
    for _ in range(200):
        chain = Chain(chain)
    assert returned(chain, Chain | User) == chain
    assert "200 levels" in str(refusal(encode, Chain(chain), Chain))


def test_refused_depth_leaves_nothing_behind():
    """After a refusal the same containers can be encoded again."""
    small = Codec(max_depth=3)
    inner = nested(2)
    refusal(small.encode, [[inner]])
    assert small.encode([inner]) == [inner]


def test_deeper_than_pythons_stack_is_refused_too():
    deep = nested(5_000)
    codec = Codec(max_depth=100_000)
    assert "stack" in str(refusal(codec.encode, deep))
    assert "stack" in str(refusal(codec.loads, "[" * 50_000, Any))
    assert codec.encode([1]) == [1]
    # Taken apart by hand: letting go of it all at once would be deep as well.
    while deep:
        deep = deep[0]


def test_path_of_a_deep_place_is_shortened():
    assert len(refusal(encode, nested(300)).path) < 100


# Unions


@pytest.mark.parametrize(
    ("value", "annotation", "data"),
    [
        (1, int | str, 1),
        ("a", int | str, "a"),
        (1, int | float, 1),
        (1.0, int | float, 1.0),
        (1, float | int, 1),
        (1, float, {"$int": "0x1"}),
        (-1, float | None, {"$int": "-0x1"}),
        (1, float | str, {"$type": "float", "$value": {"$int": "0x1"}}),
        ([1, 0.5], list[float], [{"$int": "0x1"}, 0.5]),
        (None, Point | None, None),
        (Point(1), Point | None, {"x": 1, "y": 0}),
        ([1], list[int] | dict[str, int], [1]),
        ("a", str | datetime, "a"),
        (date(2026, 1, 1), str | date, {"$type": "date", "$value": "2026-01-01"}),
        (User("a"), User | Point, {"$type": "User", "name": "a", "tags": []}),
        ({"a": 1}, User | dict[str, int], {"a": 1}),
        ({1}, list[int] | set[int], {"$type": "set[int]", "$value": [1]}),
        (["a"], list[int] | list[str], {"$type": "list[str]", "$value": ["a"]}),
        ("a", Literal["a"] | str, "a"),  # noqa: PYI051
        (2**64, int | Point, {"$int": "0x10000000000000000"}),
        (5, UserId | int | None, 5),
    ],
    ids=repr,
)
def test_union(value, annotation, data):
    """A tag is there only where another member might look the same."""
    assert encode(value, annotation) == data
    back = returned(value, annotation)
    assert (back, type(back)) == (value, type(value))


def test_union_with_any_is_any():
    assert encode([1], Any | None) == [1]
    refusal(encode, Point(1), Any | Point)


def test_members_of_one_name_are_told_apart_by_module():
    other = dataclasses.make_dataclass("Point", [("z", int)])
    other.__module__ = "elsewhere"
    encoded = encode([Point(1), other(2)], list[Point | other])
    assert encoded[1]["$type"] == "elsewhere.Point"
    namesake = dataclasses.make_dataclass("Point", [("z", int)])
    namesake.__module__ = Point.__module__
    assert "rename" in str(refusal(encode, Point(1), Point | namesake))


def test_untagged_data_is_taken_where_one_member_fits():
    assert loads('{"x": 1}', User | Point) == Point(1)
    assert loads('"2026-01-01"', int | date | UUID) == date(2026, 1, 1)
    assert loads("5", float | None) == 5.0
    assert loads("[]", list[int] | list[str]) == []


def test_untagged_data_that_fits_two_members_is_refused():
    twin = dataclasses.make_dataclass("Twin", [("x", int)])
    error = refusal(loads, '{"x": 1}', twin | Point)
    assert '{"$type": "Point", ...}' in str(error)


def test_guessing_takes_no_longer_than_it_should():
    """Untagged data many levels deep is refused at once, not after trying all combinations."""
    data = {"number": 1}
    assert decode({"$type": "Left", "child": data}, Left | Right) == Left(Leaf(1))
    for _ in range(100):
        data = {"child": data}
    assert "say which" in str(refusal(decode, data, Left | Right))


def test_data_that_fits_no_member_says_why():
    error = refusal(loads, '{"y": 1}', User | Point)
    assert "User" in str(error)
    assert "Point" in str(error)
    assert refusal(loads, '[{"name": 5}]', list[User] | None).path == "$[0].name"
    assert refusal(encode, [1, "a"], list[int] | set[int] | None).path == "$[1]"
    assert "list[bool]: " in str(refusal(encode, [1, "a"], list[int] | list[bool]))


def test_tag_chooses_among_the_members_only():
    error = refusal(loads, '{"$type": "Pont", "x": 1}', User | Point)
    assert "did you mean `Point`?" in str(error)
    refusal(loads, '{"$type": ["Point"]}', User | Point)


# Aliases

ALIASES = """
type Json = None | bool | int | float | str | list[Json] | dict[str, Json]
type Couple[A] = tuple[A, A]
type Endless = Endless
@attrs.define
class Cell[A]:
    item: "A"
"""


@pytest.mark.skipif(sys.version_info < (3, 12), reason="`type X = ...` came with Python 3.12")
def test_type_aliases():
    names = {"attrs": attrs, "__name__": __name__}
    exec(ALIASES, names)
    value = [1, {"a": [None, 1.5, "x", True]}]
    assert returned(value, names["Json"]) == value
    assert refusal(encode, [{"a": 1j}], names["Json"]).path == "$[0].a"
    assert returned((1, 2), names["Couple"][int]) == (1, 2)
    refusal(encode, (1, "a"), names["Couple"][int])
    refusal(encode, 1, names["Endless"])
    assert returned(nested(200), names["Json"]) == nested(200)
    # Lists of pairs, which might be dicts: both are tried on the outermost level only.
    pairs = "\ud800"
    for _ in range(90):
        pairs = [["a", pairs]]
    assert "surrogate" in str(refusal(decode, pairs, names["Json"]))
    cell = names["Cell"](names["Cell"](1))
    assert returned(cell, names["Cell"][names["Cell"][int]]) == cell
    assert refusal(encode, cell, names["Cell"][int]).path == "$.item"


# What people write


@pytest.mark.parametrize(
    ("text", "annotation", "value"),
    [
        ("5", float, 5.0),
        ('"red"', Color, Color.RED),
        ("2", Color, Color.GREEN),
        ('"CRIMSON"', Color, Color.RED),
        ('"BAD"', Mood, Mood.BAD),
        ('"READ"', Access, Access.READ),
        ('"1h 30m"', timedelta, timedelta(minutes=90)),
        ("90", timedelta, timedelta(seconds=90)),
        ("0.5", timedelta, timedelta(milliseconds=500)),
        ('"2026-11-20T08:30Z"', datetime, datetime(2026, 11, 20, 8, 30, tzinfo=UTC)),
        ('"2026-11-20"', datetime, datetime(2026, 11, 20)),
        ('"2026-11-20T08:30[Europe/Paris]"', datetime, datetime(2026, 11, 20, 8, 30, tzinfo=PARIS)),
        ('"20261120"', date, date(2026, 11, 20)),
        ("12", Decimal, Decimal(12)),
        ('"{12345678-1234-5678-1234-567812345678}"', UUID, UUID("12345678-1234-5678-1234-567812345678")),
        ('{"1": "a"}', dict[int, str], {1: "a"}),
        ('{"a": 1}', dict[Path, int], {Path("a"): 1}),
        ('["top", 2]', Place, Place("top", 2.0)),
        ('["top"]', Place, Place("top")),
        ('{"name": "ada"}', User, User("ada")),
        ("123456789012345678901234567890", int, 123456789012345678901234567890),
        ("[2, 1]", set[int], {1, 2}),
        ('{"a": 1}', dict, {"a": 1}),
    ],
)
def test_people_may_write(text, annotation, value):
    back = loads(text, annotation)
    assert (back, type(back)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "annotation", "path", "words"),
    [
        ('"5"', int, "$", 'expected a whole number, found text "5"'),
        ("5.0", int, "$", "expected a whole number, found the number 5.0"),
        ("true", int, "$", "expected a whole number, found true"),
        ("5", str, "$", "expected text, found the number 5"),
        ("1", bool, "$", "expected true or false, found the number 1"),
        ("0", None, "$", "expected null, found the number 0"),
        ("null", int, "$", "found null"),
        ("[]", int, "$", "found a list"),
        ("{}", list[int], "$", "expected a list (for a `list[int]`), found an object"),
        ("5", dict[str, int], "$", "expected an object, or a list of [key, value] pairs"),
        ('[["a", 1], ["b"]]', dict[str, int], "$[1]", "expected a pair"),
        ('[["a", 1], [2, 2]]', dict[str, int], "$[1][0]", "expected text"),
        ('[["a", 1], ["b", "x"]]', dict[str, int], "$[1][1]", "expected a whole number"),
        ('[["a", 1], ["a", 2]]', dict[str, int], "$[1][0]", "already"),
        ('[[["a"], 1]]', dict, "$[0][0]", "can't be in a set, or be a key"),
        ('{"one": 1}', dict[int, int], "$.one", "expected a whole number"),
        ("[1, 2, 1]", set[int], "$[2]", "already"),
        ("[[1]]", set[list[int]], "$", "can't be in a set"),
        ("[1]", tuple[int, int], "$", "expected 2 items"),
        ("1e999", float, "$", "a number that a float can hold"),
        ("9007199254740993", float, "$", "a number that a float can hold"),
        ('{"$float": "nan"}', float, "$", "found an object"),
        ('{"$int": "ten"}', int, "$", "found an object"),
        ('"rad"', Color, "$", 'expected "RED", "GREEN", "BLUE" or "CRIMSON" (for a `Color`), found text "rad"'),
        ('"rad"', Color, "$", "did you mean `RED`?"),
        ("8", Access, "$", "the bits of `Access`"),
        ('"a "', Literal["a", "b"], "$", "expected one of `Literal['a', 'b']`"),
        ("1", Literal[True], "$", "expected one of"),
        ("[]", Literal["a"], "$", "expected one of"),
        ('"soon"', datetime, "$", "expected a date and time such as"),
        ('"2026-13-01"', date, "$", "expected a date such as"),
        ('"[x"', time, "$", "expected a time such as"),
        ('"1 fortnight"', timedelta, "$", "expected a length of time"),
        ("true", timedelta, "$", "expected a length of time"),
        ("1e300", timedelta, "$", "expected a length of time"),
        ('"ten"', Decimal, "$", "expected a decimal number"),
        ("1.5", Decimal, "$", "expected a decimal number"),
        ('"123"', UUID, "$", "expected a UUID"),
        ('"a"', bytes, "$", "expected bytes as base64 text"),
        ("5", Path, "$", "expected a path as text"),
        ("[]", User, "$", "expected an object (for an `User`), found a list"),
        ('["a", 1, 2]', Place, "$", "expected an object"),
        ("{}", User, "$.name", "an `User` needs this, and it is missing"),
        ('{"user": {"name": "ada", "tags": ["a", 5]}}', Post, "$.user.tags[1]", "expected text"),
        ('{"user": {"nme": "ada"}}', Post, "$.user.nme", "did you mean `name`?"),
        ('{"a b": {}}', dict[str, User], '$["a b"].name', "missing"),
    ],
)
def test_people_are_told(text, annotation, path, words):
    error = refusal(loads, text, annotation)
    assert error.path == path
    assert words in str(error)


def test_refusal_of_a_constructor_is_passed_on():
    @attrs.frozen
    class Positive:
        number: int = attrs.field()

        @number.validator
        def _check(self, _attribute, value):
            if value <= 0:
                raise ValueError(f"{value} isn't positive")

    error = refusal(loads, '[{"number": -1}]', list[Positive])
    assert error.path == "$[0]"
    assert "ValueError: -1 isn't positive" in str(error)
    assert isinstance(error.__cause__, ValueError)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "isn't JSON"),
        ("[1,\n 2", "line 2, column 3"),
        ("NaN", '{"$float": "NaN"}'),
        ("[-Infinity]", '{"$float": "-Infinity"}'),
        ('{"a": {"b": 1, "b": 2}}', 'the key "b" is there twice'),
        ("9" * 5000, "4300 digits"),
        (b"\xff\xfe\xfa", "isn't JSON"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_text_that_is_not_json_is_refused(text, words):
    assert words in str(refusal(loads, text, Any))


def test_data_that_is_not_json_is_refused():
    refusal(decode, {1: 2}, Any)
    refusal(decode, (1,), Any)
    refusal(decode, (1,), list[int])
    refusal(decode, math.nan, float)
    refusal(decode, Point(1), Point)


def test_error_is_a_value_error_with_a_path():
    error = refusal(encode, Post(User("ada", ["a", "b", "c", 4])), Post)
    assert isinstance(error, ValueError)
    assert error.path == "$.user.tags[3]"
    assert str(error).startswith("`$.user.tags[3]`: this is an `int` where the annotation says `str`")


def test_refused_value_is_not_shown():
    """It may be a secret; its type says enough."""
    assert "hunter2" not in str(refusal(encode, {"password": "hunter2"}, dict[str, int]))


# Safety


def test_reading_imports_nothing():
    loads('{"name": "ada"}', User)
    before = set(sys.modules)
    refusal(loads, '{"$type": "antigravity.Fly"}', User | Point)
    refusal(loads, '{"$type": "antigravity", "$value": 1}', User | int)
    assert loads('{"$type": "antigravity"}', Any) == {"$type": "antigravity"}
    assert set(sys.modules) == before


def test_what_comes_out_shares_nothing_with_what_went_in():
    value = {"a": [1]}
    data = encode(value)
    value["a"].append(2)
    assert data == {"a": [1]}
    back = decode(data, Any)
    data["a"].append(3)
    assert back == {"a": [1]}


def test_threads_do_not_see_one_another():
    codec = Codec()
    shared = [[Tree(number, [Tree(0)]) for number in range(20)]] * 3

    with ThreadPoolExecutor(8) as pool:
        texts = set(pool.map(lambda _: codec.dumps(shared, list[list[Tree]]), range(64)))

    assert len(texts) == 1


# Codecs of one's own


class Temperature:
    def __init__(self, kelvin: float):
        self.kelvin = kelvin

    def __eq__(self, other):
        return isinstance(other, Temperature) and self.kelvin == other.kelvin

    __hash__ = None


@pytest.fixture
def thermal():
    codec = Codec()
    codec.register(
        Temperature, encode=lambda value: {"kelvin": value.kelvin}, decode=lambda data: Temperature(data["kelvin"])
    )
    return codec


def test_registered_codec_is_used_wherever_the_class_is_named(thermal):
    value = {"a": [Temperature(1.5), None]}
    annotation = dict[str, list[Temperature | None]]
    assert thermal.encode(value, annotation) == {"a": [{"kelvin": 1.5}, None]}
    assert thermal.loads(thermal.dumps(value, annotation), annotation) == value
    assert thermal.encode([Temperature(1.5), User("ada")], list[Temperature | User])[0] == {
        "$type": "Temperature",
        "kelvin": 1.5,
    }
    assert thermal.to_json([Temperature(1.5)]) == [{"kelvin": 1.5}]


def test_registered_codec_goes_before_flowkits_own():
    codec = Codec()
    assert codec.encode(Point(1, 2), Point) == {"x": 1, "y": 2}
    codec.register(Point, encode=lambda point: [point.x, point.y], decode=lambda data: Point(*data))
    assert codec.encode(Point(1, 2), Point) == [1, 2]
    assert codec.decode([1, 2], Point) == Point(1, 2)


def test_registered_codec_stands_for_a_generic_class_too():
    codec = Codec()
    codec.register(deque, encode=list, decode=deque)
    assert codec.decode(codec.encode(deque([1]), deque[int]), deque[int]) == deque([1])


def test_registered_codec_of_a_base_may_keep_subclasses():
    codec = Codec()
    classes = {"User": User, "Admin": Admin}
    codec.register(
        User,
        encode=lambda user: {"class": type(user).__name__, "name": user.name},
        decode=lambda data: classes[data["class"]](data["name"]),
    )
    assert codec.decode(codec.encode(Admin("root"), User), User) == Admin("root")


@pytest.mark.parametrize(
    ("write", "read", "words"),
    [
        (lambda value: {1, 2}, Temperature, "isn't JSON"),
        (lambda value: {"$kelvin": 1}, Temperature, "beginning with $"),
        (lambda value: 1 / 0, Temperature, "ZeroDivisionError"),
        (lambda value: 1, lambda data: data, "made an `int`"),
        (lambda value: 1, lambda data: data["a"], "TypeError"),
        (lambda value: value.kelvin, lambda data: Temperature(data + 1), "codec"),
    ],
)
def test_registered_codec_that_does_not_work_is_found_at_once(write, read, words):
    codec = Codec()
    codec.register(Temperature, encode=write, decode=read)
    error = refusal(codec.encode, {"a": Temperature(1.0)}, dict[str, Temperature])
    assert error.path == "$.a"
    assert words in str(error)


def test_registered_codec_may_use_the_codec(thermal):
    @attrs.define
    class Weather:
        inside: Temperature
        outside: Temperature

    class Report:
        def __init__(self, weather):
            self.weather = weather

    thermal.register(
        Report,
        encode=lambda report: thermal.encode(report.weather, Weather),
        decode=lambda data: Report(thermal.decode(data, Weather)),
    )
    report = thermal.loads(thermal.dumps(Report(Weather(Temperature(1.0), Temperature(2.0))), Report), Report)
    assert report.weather == Weather(Temperature(1.0), Temperature(2.0))
    error = refusal(thermal.encode, [Report(Weather(Temperature(1.0), None))], list[Report])
    assert error.path == "$[0]"
    assert "$.outside" in str(error)


def test_only_classes_can_be_registered():
    with pytest.raises(PolicyError, match="class"):
        Codec().register(5, encode=str, decode=int)


# For people to look at


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ((1, {2, 1}, frozenset()), [1, [1, 2], []]),
        (User("ada"), {"name": "ada", "tags": []}),
        (Admin("root"), {"name": "root", "tags": [], "level": 0}),
        (Sum([1]), {"parts": [1], "total": 1}),
        (Place("top"), {"name": "top", "height": 0.0}),
        ({"when": datetime(2026, 1, 1, tzinfo=UTC)}, {"when": "2026-01-01T00:00:00+00:00"}),
        (timedelta(minutes=90), "1h30m"),
        (Path("a"), "a"),
        (UUID(int=0), "00000000-0000-0000-0000-000000000000"),
        (Decimal("1.50"), "1.50"),
        (b"a", "YQ=="),
        (bytearray(b"a"), "YQ=="),
        ([Color.RED, Color.GREEN, Color.BLUE, Level.LOW, Mood.GOOD], ["red", 2, "BLUE", 1, "BAD"]),
        ([math.nan, math.inf, -math.inf], ["NaN", "inf", "-inf"]),
        ("a\udcff", "a\\udcff"),
        ({1: "a", None: "b", date(2026, 1, 1): "c"}, {"1": "a", "null": "b", "2026-01-01": "c"}),
        ({1: "a", "1": "b"}, [[1, "a"], ["1", "b"]]),
        ({(1, 2): "a"}, [[[1, 2], "a"]]),
        (OrderedDict(a=deque([1])), {"a": [1]}),
        (range(3), [0, 1, 2]),
        ([None, True, 5, 0.5], [None, True, 5, 0.5]),
        (2**64, 2**64),
        ({"error": ValueError("no")}, {"error": "ValueError: no"}),
    ],
    ids=ascii,
)
def test_shown(value, shown):
    assert to_json(value) == shown
    json.dumps(to_json(value), allow_nan=False)


def test_number_too_long_to_spell_is_shown_in_hexadecimal():
    assert to_json(10**5000).startswith("0x")


def test_what_has_no_form_is_named():
    error = refusal(to_json, {"a": [User(open)]})
    assert error.path == "$.a[0].name"
    assert "builtin_function_or_method" in str(error)
