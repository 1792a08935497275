"""Which objects can't be meant where they are given, and which are left alone."""

import io
import itertools
from collections.abc import Callable, Hashable, Iterable
from typing import Any, NewType, Protocol, TypeVar

import pytest

from flowkit import CheckFailed, Step, step, workflow
from flowkit.checks.objects import is_one_time, is_uncalled

T = TypeVar("T")


class Order:
    @step
    def weigh(self) -> int:
        return 1

    @step
    @classmethod
    def none(cls) -> int:
        return 0


class Weigher(Protocol):
    def __call__(self) -> int: ...


@step
def load() -> int:
    return 1


@workflow
def report() -> int:
    return load()


made = step(Order)
STEPS = {"step": load, "workflow": report, "method": Order().weigh, "classmethod": Order.none, "class": made}


@pytest.mark.parametrize("given", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize(
    "wanted", [int, str | None, list[int], dict[str, int], Order, NewType("Weight", int), None], ids=str
)
def test_a_step_stands_for_nothing_else_than_itself(given, wanted):
    assert is_uncalled(given, wanted)


@pytest.mark.parametrize("given", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize(
    "wanted", [Any, object, Callable, Callable[[], int], Callable[..., Any] | None, Weigher, Hashable, T], ids=str
)
def test_a_step_may_be_given_where_it_may_be_asked_for(given, wanted):
    assert not is_uncalled(given, wanted)


def test_a_step_may_be_given_where_a_step_is_asked_for():
    assert not is_uncalled(load, Step)
    assert not is_uncalled(load, Step[[], int])
    assert not is_uncalled(Order().weigh, Step[[], int] | None)


def test_a_class_that_is_a_step_may_be_given_as_a_class():
    assert not is_uncalled(made, type)
    assert not is_uncalled(made, type[Order])
    assert is_uncalled(load, type)


@pytest.mark.parametrize("given", [load.__wrapped__, int, Order(), Order, 1, [load]])
def test_what_is_no_step_is_not_looked_at(given):
    assert not is_uncalled(given, dict)


async def later():
    yield 1


ONE_TIME = [
    (x for x in []),
    later(),
    map(int, []),
    filter(None, []),
    zip(),
    enumerate([]),
    reversed([]),
    iter([]),
    iter({}.items()),
    itertools.chain([]),
    itertools.islice([], 1),
]


@pytest.mark.parametrize("given", ONE_TIME, ids=lambda given: type(given).__name__)
def test_what_is_used_up_by_going_through_it_is_known(given):
    assert is_one_time(given)


@pytest.mark.parametrize(
    "given",
    [[], (), {}, {}.items(), range(3), "text", 1, None, io.StringIO(), itertools.count(), itertools.repeat(1), load],
    ids=lambda given: type(given).__name__,
)
def test_what_can_be_gone_through_again_is_left_alone(given):
    """And so is what reads from elsewhere, or has no end: no list can stand for it."""
    assert not is_one_time(given)


@pytest.mark.parametrize("hint", [Iterable[int], Any, None])
def test_a_generator_is_refused_whatever_is_asked_for(hint):
    """Even by a step that goes through it once: what is called in it would not be recorded."""

    def total(numbers) -> int:
        return sum(numbers)

    if hint is not None:
        total.__annotations__["numbers"] = hint
    counted = step(total)

    @workflow
    def body() -> int:
        return counted(x for x in [1])

    with pytest.raises(CheckFailed, match="FK202"):
        body()


def test_a_generator_as_the_column_of_a_map_is_gone_through_while_recording():
    @step
    def double(number: int) -> int:
        return 2 * number

    @workflow
    def body() -> list[int]:
        return double.map(x for x in [1, 2])

    assert body() == [2, 4]
