"""`@workflow(static=True)`: all of it is known before anything runs (FK407)."""

from __future__ import annotations

import pytest

from flowkit import CheckFailed, From, repeat, result_of, step, workflow

seen: list[int] = []


@step
def load(number: int) -> int:
    seen.append(number)
    return number


@workflow
def twice(number: int) -> int:
    return load(load(number))


@workflow
def asking(number: int) -> int:
    return load(result_of(load(number)))


@pytest.fixture(autouse=True)
def nothing_seen():
    seen.clear()


def codes(call):
    with pytest.raises(CheckFailed) as failed:
        call()
    return [one.code for one in failed.value.diagnostics if one.code != "FK101"]


def test_what_is_known_runs():
    """Maps of steps, and workflows whose arguments are known, are."""

    @workflow(static=True)
    def report(numbers: list[int]) -> list[int]:
        return load.map([twice(number) for number in numbers])

    assert report([1, 2]) == [1, 2]
    assert report.start([3]).result() == [3]


@pytest.mark.parametrize("begin", ["call", "start", "graph"])
def test_a_result_that_the_body_asks_for_is_found_before_anything_runs(begin):
    flow = asking.with_options(static=True)
    assert codes(lambda: {"call": flow, "start": flow.start, "graph": flow.graph}[begin](1)) == ["FK407"]
    assert seen == []


def test_it_is_found_on_a_path_that_is_not_taken():
    @workflow(static=True)
    def report(number: int) -> int:
        if number > 3:
            return result_of(load(number))
        return load(number)

    assert codes(lambda: report(1)) == ["FK407"]
    assert codes(report.graph) == ["FK407"]


def test_it_is_found_in_what_is_called():
    @workflow(static=True)
    def report(number: int) -> int:
        return asking(number)

    with pytest.raises(CheckFailed) as failed:
        report(1)
    [finding] = failed.value.diagnostics
    assert finding.span.covered == "result_of(load(number))"
    assert finding.notes == ("`report` is declared `static=True`",)


def test_it_is_found_in_a_helper_when_that_asks():
    def helper(number):
        return result_of(load(number))

    @workflow(static=True)
    def report(number: int) -> int:
        return load(helper(number))

    assert codes(lambda: report(1)) == ["FK407"]
    assert seen == []


def test_a_workflow_that_is_given_a_result_is_found():
    @workflow(static=True)
    def report(number: int) -> int:
        return twice(number=load(number))

    assert codes(lambda: report(1)) == ["FK407"]


def test_a_workflow_that_is_given_an_input_is_not():
    """A look without arguments can't know what it will be."""

    @workflow(static=True)
    def report(number: int) -> int:
        return twice(number)

    assert report.graph().keys
    assert report(1) == 1


def test_maps_of_workflows_and_loops_are_found():
    @workflow(static=True)
    def mapping(numbers: list[int]) -> list[int]:
        return twice.map(numbers)

    @workflow(static=True)
    def looping(number: int) -> int:
        return repeat(load, number, until=lambda state: state > 3)

    @workflow(static=True)
    def rounds(number: int) -> int:
        return number if number > 3 else rounds(load(number))

    assert codes(lambda: mapping([1])) == ["FK407"]
    assert codes(lambda: looping(1)) == ["FK407"]
    assert codes(lambda: rounds(1)) == ["FK407"]


async def test_live_bodies_are_found():
    @workflow(static=True)
    async def report(number: int) -> int:
        return await load.submit(number)

    with pytest.raises(CheckFailed, match="FK407"):
        await report(1)
    assert codes(report.graph) == ["FK407"]


def test_what_signatures_declare_may_be_held_to_it():
    """A workflow that one of the steps declares has its arguments from outside, so its body is known."""

    @step
    def total(one: int = From(load), other: int = From(twice)) -> int:
        return one + other

    assert workflow.of(total, static=True)(1) == 2


def test_it_can_be_silenced():
    flow = asking.with_options(static=True, allow=("FK407",))
    assert flow(1) == 1


def test_a_workflow_that_does_not_say_so_may_do_all_of_this():
    assert asking(1) == 1
