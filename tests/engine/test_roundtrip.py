"""Results that go through their JSON though nobody keeps them."""

from __future__ import annotations

import attrs
import pytest

from flowkit import EncodingError, Engine, Fallback, current, step, workflow


@attrs.frozen
class Order:
    id: int
    items: tuple[str, ...]


@step
def load(n: int) -> Order:
    return Order(n, ("mug", "pen"))


given = ["a"]


@step
def hold() -> list[str]:
    return given


@step
def pair() -> object:
    return (1, 2)


@step
def same(order: Order) -> Order:
    return order


@workflow
def held() -> list[str]:
    return hold()


@workflow
def unfit() -> object:
    return pair()


@workflow
def passing(n: int) -> Order:
    return same(load(n))


def test_others_get_another_value_than_the_step_has_given():
    """So what the step, or whoever else holds that, does to it afterwards is nobody's business."""
    with Engine(executor="inline"):
        assert held() is given
    with Engine(executor="inline", roundtrip=True):
        assert held() == given
        assert held() is not given


def test_what_comes_back_is_of_the_annotated_type():
    with Engine(roundtrip=True):
        assert passing(3) == Order(3, ("mug", "pen"))


@pytest.mark.parametrize("start", [unfit, lambda: unfit.start().result()])
def test_a_result_that_could_not_be_kept_is_its_steps_failure(start):
    with Engine(roundtrip=True), pytest.raises(EncodingError, match="say in the annotation what it is") as caught:
        start()
    assert any("what `pair` gave couldn't be kept" in note for note in caught.value.__notes__)


def test_what_stands_in_for_a_failure_goes_through_as_well():
    @step(on_failure=Fallback(call=lambda error: {1, 2}))
    def fails() -> set[int]:
        raise ValueError(current().step)

    @workflow
    def falling() -> set[int]:
        return fails()

    with Engine(roundtrip=True):
        assert falling() == {1, 2}
