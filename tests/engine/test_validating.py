"""`validate=True`: arguments and results of a step are held to their annotations."""

from __future__ import annotations

import pickle
from typing import Any

import attrs
import pytest

from flowkit import Engine, Outcome, StepOptions, ValidationError, outcome, step, workflow

LONG = 20.0


@attrs.frozen
class Order:
    id: int
    items: list[str]


@step
def anything(value: object) -> Any:
    return value


@step(validate=True)
def count(order: Order, *extra: int, **more: str) -> int:
    return len(order.items)


@step(validate=True)
def ids(orders: list[Order]) -> list[int]:
    return [order.id for order in orders]


@pytest.fixture(params=["called", "started", "inline"])
def result(request):
    def run(flow, *args):
        if request.param == "started":
            return flow.start(*args).result(timeout=LONG)
        if request.param == "inline":
            with Engine(executor="inline"):
                return flow(*args)
        return flow(*args)

    return run


def test_what_fits_goes_through(result):
    @workflow
    def counted(order: Order) -> int:
        return count(anything(order), 1, 2, more="a")

    assert result(counted, Order(1, ["a"])) == 1


BAD = {
    "a part of it": (
        Order(1, ["a", 2]),
        (),
        {},
        r"argument `order` of `count` doesn't fit: `\$\.items\[1\]` is an `int`, 2",
    ),
    "another class": (
        {},
        (),
        {},
        r"argument `order` of `count` doesn't fit: `\$` is a `dict`, where `Order` is declared",
    ),
    "one of several": (
        Order(1, []),
        (1, "2"),
        {},
        r"argument `extra\[1\]` of `count` doesn't fit: `\$` is a `str`, '2'",
    ),
    "one of the named": (Order(1, []), (), {"more": 3}, r"argument `more` of `count` doesn't fit: `\$` is an `int`, 3"),
}


@pytest.mark.parametrize(("order", "extra", "more", "message"), BAD.values(), ids=BAD)
def test_an_argument_that_doesnt_fit_fails_the_step_before_it_runs(result, order, extra, more, message):
    @workflow
    def counted() -> int:
        given = {name: anything(value) for name, value in more.items()}
        return count(anything(order), *[anything(one) for one in extra], **given)

    with pytest.raises(ValidationError, match=message):
        result(counted)


@pytest.mark.covers("M63")
@pytest.mark.covers("M19")
def test_a_result_that_doesnt_fit_fails_the_step(result):
    @workflow
    def listed() -> list[int]:
        return ids(anything([Order(1, []), Order("2", [])]))

    with pytest.raises(ValidationError, match=r"argument `orders` of `ids` doesn't fit: `\$\[1\]\.id` is a `str`"):
        result(listed)

    @step(validate=True)
    def wrong() -> list[int]:
        return [1, None]

    @workflow
    def made() -> list[int]:
        return wrong()

    with pytest.raises(ValidationError, match=r"the result of `wrong` doesn't fit: `\$\[1\]` is None, where `int`"):
        result(made)


def test_async_steps_and_methods_are_held_to_theirs(result):
    class Shop:
        @step(validate=True)
        async def price(self, name: str) -> float:
            return "free"

    @workflow
    def priced(name: object) -> float:
        return Shop().price(anything(name))

    with pytest.raises(ValidationError, match=r"the result of `Shop\.price` doesn't fit"):
        result(priced, "tea")
    with pytest.raises(ValidationError, match=r"argument `name` of `Shop\.price` doesn't fit"):
        result(priced, 3)


def test_it_is_a_failure_like_any_other(result):
    tried = []

    @step(validate=True, retries=2)
    def unsteady(x: int) -> int:
        tried.append(x)
        return x if len(tried) == 3 else "?"

    @workflow
    def steady() -> list[object]:
        return [unsteady(1), outcome(ids(anything([3])))]

    value, how = result(steady)
    assert value == 1
    assert isinstance(how, Outcome)
    assert isinstance(how.error, ValidationError)
    assert how.error.path == "$[0]"


def test_all_steps_of_a_workflow_can_be_held_to_their_annotations(result):
    @step
    def same(x: int) -> int:
        return x

    @workflow(defaults=StepOptions(validate=True))
    def held() -> int:
        return same(anything("1"))

    with pytest.raises(ValidationError, match="argument `x` of `same`"):
        result(held)


def test_outside_of_a_run_a_step_is_the_function_it_was():
    assert count(Order(1, ["a", 2])) == 2


def test_the_error_pickles():
    error = ValidationError("the result of `wrong` doesn't fit", "$[1]")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.path) == (str(error), error.path)
