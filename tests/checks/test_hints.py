"""Which annotated types fit which, and how a type is written."""

# Old spellings of hints are spellings that people use.
# ruff: noqa: PYI061, UP006, UP007, UP045

import collections
import collections.abc as abc
import io
import os
import subprocess
import sys
import typing
from collections.abc import Callable
from pathlib import Path
from typing import (
    Annotated,
    Any,
    ForwardRef,
    Generic,
    Literal,
    LiteralString,
    NamedTuple,
    Never,
    NewType,
    NoReturn,
    Optional,
    Protocol,
    TypedDict,
    TypeVar,
    Union,
    runtime_checkable,
)

import pytest
from beartype.vale import Is

from flowkit.checks.hints import accepts, fits, show
from flowkit.graph import Outcome

T = TypeVar("T")
UserId = NewType("UserId", int)
OrderId = NewType("OrderId", int)


class Box(Generic[T]):
    pass


class SmallBox(Box[T]):
    pass


class Animal:
    pass


class Dog(Animal):
    pass


class Movie(TypedDict):
    title: str


class Named(Protocol):
    name: str


@runtime_checkable
class Closable(Protocol):
    def close(self) -> None: ...


class Point(NamedTuple):
    x: int
    y: int


FITTING = [
    (int, int),
    (bool, int),
    (int, float),
    (int, complex),
    (float, complex),
    (Dog, Animal),
    (Animal, object),
    (Any, int),
    (int, Any),
    (Never, int),
    (NoReturn, int),
    (None, type(None)),
    (type(None), Optional[int]),
    (int, int | str),
    (int | str, str | int | None),
    (Union[int, bool], float),
    (list[int], list[float]),
    (list[Dog], abc.Sequence[Animal]),
    (list[int], list),
    (list, list[int]),
    (list[Any], list[int]),
    (dict[str, Any], dict[str, list[int]]),
    (dict[str, list], dict[str, list[int]]),
    (dict[str, int], abc.Mapping[str, float]),
    (dict[str, int], abc.Iterable[str]),
    (collections.defaultdict[str, int], dict[str, int]),
    (str, abc.Sequence[str]),
    (bytes, abc.Iterable[int]),
    (range, abc.Sequence[int]),
    (typing.List[int], list[int]),
    (set[int], abc.Collection[int]),
    (abc.Generator[int, None, None], abc.Iterable[int]),
    (tuple[int, int], tuple[float, ...]),
    (tuple[int, ...], tuple[int, int]),
    (tuple[int, ...], abc.Sequence[int]),
    (tuple[int, bool], abc.Sequence[int]),
    (tuple[int, str], tuple[float, str]),
    (tuple, tuple[int, str]),
    (Point, tuple[int, int]),
    (Literal["a"], str),
    (Literal["a"], Literal["a", "b"]),
    (None, Literal[None]),
    (LiteralString, str),
    (UserId, int),
    (UserId, float),
    (UserId, UserId),
    (Annotated[int, "metres"], int),
    (int, Annotated[int, ["unhashable"]]),
    (list[int], list[Annotated[int, "metres"]]),
    (T, int),
    (int, T),
    (list[T], list[int]),
    (Box, Box[int]),
    (Box[bool], Box[int]),
    (SmallBox[int], Box),
    (Movie, dict[str, Any]),
    (dict[str, str], Movie),
    (Animal, Named),
    (io.TextIOWrapper, typing.TextIO),
    (io.BytesIO, typing.IO[bytes]),
    (Path, os.PathLike[str]),
    (int, "Unknown"),
    (list[ForwardRef("Unknown")], list[int]),
    (type[Dog], type[Animal]),
    (Callable[[Any], int], Callable[[int], int]),
    (Callable[[int], int], Callable),
    (Outcome[int], Outcome[float]),
    (Outcome, Outcome[int]),
]
MISFITTING = [
    (str, int),
    (float, int),
    (Animal, Dog),
    (object, int),
    (int, None),
    (None, int),
    (int | None, int),
    (int | str, int),
    (list[str], list[int]),
    (list[str], abc.Iterable[float]),
    (list[int], dict[str, int]),
    (list[list[str]], list[list[int]]),
    (dict[str, str], abc.Mapping[str, int]),
    (set[int], list[int]),
    (tuple[int, str], tuple[int, int]),
    (tuple[int], tuple[int, int]),
    (tuple[int, str], abc.Sequence[int]),
    (str, Literal["a"]),
    (Literal["c"], Literal["a", "b"]),
    (int, UserId),
    (UserId, OrderId),
    (Annotated[int, "metres"], str),
    (Box[str], Box[int]),
    (int, Closable),
    (Outcome[int], int),
    (Outcome[str], Outcome[int]),
    (int, Callable[[int], int]),
    (str, type[Dog]),
    (bytes, list[int]),
]


def numbered(pairs):
    """Different hints may be written alike, so a number tells them apart."""
    return [f"{number}: {show(given)} -> {show(wanted)}" for number, (given, wanted) in enumerate(pairs)]


PLAIN = list(dict.fromkeys(hint for pair in FITTING for hint in pair if not typing.get_origin(hint)))


@pytest.mark.parametrize(("given", "wanted"), FITTING, ids=numbered(FITTING))
def test_fits(given, wanted):
    assert fits(given, wanted)
    assert fits(given, wanted)  # from memory


@pytest.mark.parametrize(("given", "wanted"), MISFITTING, ids=numbered(MISFITTING))
def test_does_not_fit(given, wanted):
    assert not fits(given, wanted)
    assert not fits(given, wanted)


@pytest.mark.parametrize("hint", PLAIN, ids=repr)
def test_anything_fits_itself_any_and_object(hint):
    assert fits(hint, hint)
    assert fits(hint, Any)
    assert fits(hint, object)
    assert fits(Any, hint)


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (1, int),
        (1, float),
        (True, int),
        (1, int | None),
        (None, Optional[int]),
        (None, None),
        ("a", Literal["a", "b"]),
        ("a", abc.Iterable[str]),
        (1, UserId),
        (1, Annotated[int, "metres"]),
        (2, Annotated[int, Is[lambda number: number > 1]]),
        (1, T),
        (1, "Unknown"),
        (1, Named),
        ("a", LiteralString),
        (object(), int),  # not a scalar: isn't judged
        ([1], int),
        (1, abc.Hashable),
    ],
)
def test_accepts(value, hint):
    assert accepts(value, hint)


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("1", int),
        (1.5, int),
        (None, int),
        (b"a", str),
        (1, str | None),
        ("c", Literal["a", "b"]),
        (1, Literal[True]),
        ("1", UserId),
        ("a", Annotated[int, "metres"]),
        (1, Annotated[int, Is[lambda number: number > 1]]),
        (1, list[int]),
        (1, Animal),
        (1, abc.Callable[[int], int]),
        (1, Outcome[int]),
    ],
)
def test_refuses(value, hint):
    assert not accepts(value, hint)


@pytest.mark.parametrize(
    ("hint", "text"),
    [
        (int, "int"),
        (None, "None"),
        (type(None), "None"),
        (Dog, "Dog"),
        (list[Dog], "list[Dog]"),
        (Optional[int], "int | None"),
        (int | None, "int | None"),
        (dict[str, list[int | None]], "dict[str, list[int | None]]"),
        (tuple[int, ...], "tuple[int, ...]"),
        (Literal["a", 1], "Literal['a', 1]"),
        (Annotated[int, "metres"], "int"),
        (abc.Callable[[int], str], "Callable[[int], str]"),
        (abc.Callable[..., str], "Callable[..., str]"),
        (UserId, "UserId"),
        (T, "T"),
        (Any, "Any"),
        (Never, "Never"),
        (ForwardRef("Row"), "Row"),
        ("Row", "Row"),
        (Outcome[int], "Outcome[int]"),
        (typing.List[int], "list[int]"),
    ],
)
def test_a_type_is_shown_as_people_write_it(hint, text):
    assert show(hint) == text


def test_a_class_made_in_a_function_is_shown_by_its_own_name():
    class Local:
        class Inner:
            pass

    assert show(Local) == "Local"
    assert show(list[Local.Inner]) == "list[Local.Inner]"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="type aliases are statements from Python 3.12 on")
def test_type_aliases_are_what_they_stand_for():
    namespace = {}
    exec("type Rows = list[int]\ntype Tree = list[Tree] | int", namespace)
    assert fits(list[int], namespace["Rows"])
    assert not fits(namespace["Rows"], list[str])
    assert fits(namespace["Tree"], list[int])  # it never ends, so it isn't judged
    assert show(namespace["Rows"]) == "list[int]"


def test_beartype_is_imported_for_what_is_about_to_be_refused_only():
    """A sound workflow doesn't pay for it."""
    program = (
        "import sys, collections.abc as abc\n"
        "from flowkit.checks.hints import fits, accepts\n"
        "assert fits(list[bool], abc.Sequence[float]) and fits(int | None, float | None) and accepts(1, float)\n"
        "assert 'beartype' not in sys.modules\n"
        "assert not fits(list[str], list[int])\n"
        "assert 'beartype' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
