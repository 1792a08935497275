"""Calling a workflow: what it returns, and what it raises."""

from __future__ import annotations

import gc
import threading
import time

import attrs
import pytest

from flowkit import (
    CheckFailed,
    Engine,
    Fallback,
    MisuseError,
    Outcome,
    Retry,
    RunNotFound,
    Skipped,
    current,
    outcome,
    step,
    unmapped,
    workflow,
)


@step
def inc(x: int) -> int:
    return x + 1


@step
def add(a: int, b: int) -> int:
    return a + b


@step
def total(numbers: list[int]) -> int:
    return sum(numbers)


@step
def fail(text: str) -> int:
    raise ValueError(text)


@step
def describe(end: Outcome[int]) -> str:
    return f"{end.status}: {end.error or end.value_or(-1)}"


def test_a_workflow_returns_what_its_body_returns():
    @workflow
    def sums(x: int) -> int:
        return add(inc(x), inc(inc(x)))

    assert sums(1) == 5


@pytest.mark.covers("M4")
@pytest.mark.parametrize(("args", "kwargs"), [((), {}), ((1,), {"y": 2}), ((1,), {"x": 1}), ((1, 2), {})])
def test_arguments_that_dont_fit_are_refused_before_anything_runs(args, kwargs):
    ran = []

    @step
    def note(x: int) -> int:
        ran.append(x)
        return x

    @workflow
    def noting(x: int) -> int:
        return note(x)

    for way in (noting, noting.start):
        with pytest.raises(TypeError, match=r"argument"):
            way(*args, **kwargs)
    assert ran == []


def test_a_value_that_isnt_a_result_is_returned_as_it_is():
    @workflow
    def plain(x: int) -> dict[str, int]:
        return {"x": x}

    assert plain(3) == {"x": 3}


@pytest.mark.covers("M60")
def test_results_inside_what_is_returned_are_filled_in():
    @attrs.frozen
    class Pair:
        left: int
        right: list[int]

    @workflow
    def pair(x: int) -> dict[str, object]:
        return {"pair": Pair(inc(x), [inc(x), 7]), "set": {inc(x)}, "tuple": (inc(x), "text")}

    assert pair(1) == {"pair": Pair(2, [2, 7]), "set": {2}, "tuple": (2, "text")}


@pytest.mark.covers("M60")
def test_parts_of_a_result_can_be_passed_on():
    @attrs.frozen
    class Order:
        id: int
        lines: list[int]

    @step
    def load(id: int) -> Order:
        return Order(id, [1, 2, 3])

    @step
    def split(x: int) -> tuple[int, str]:
        return x, str(x)

    @step
    def join(number: int, text: str) -> str:
        return f"{number}-{text}"

    @workflow
    def parts(id: int) -> tuple[int, str]:
        order = load(id)
        number, text = split(order.lines[1])
        return add(order.id, number), join(number, text)

    assert parts(10) == (12, "2-2")


def test_changing_a_list_after_the_call_changes_nothing():
    @workflow
    def both() -> list[int]:
        numbers = [1]
        first = total(numbers)
        numbers.append(2)
        return [first, total(numbers)]

    assert both() == [1, 3]


def test_an_argument_that_contains_itself_is_passed_on_as_it_is():
    @step
    def depth(loop: list[object]) -> int:
        return len(loop)

    @workflow
    def around() -> int:
        loop: list[object] = [1]
        loop.append(loop)
        return depth(loop)

    assert around() == 2


def test_a_failing_step_raises_its_own_exception_with_notes():
    @workflow
    def failing() -> int:
        return inc(fail("no such thing"))

    with pytest.raises(ValueError, match="no such thing") as caught:
        failing()
    [note] = caught.value.__notes__
    assert note.startswith("in step `fail`, attempt 1 of run ")
    assert __file__ in note


def test_each_waiter_raises_the_same_exception_with_the_same_traceback():
    @workflow
    def failing() -> int:
        return fail("once")

    run = failing.start()
    lengths = []
    for _ in range(3):
        with pytest.raises(ValueError, match="once") as caught:
            run.result()
        lengths.append(len(caught.traceback))
        assert len(caught.value.__notes__) == 1
    assert len(set(lengths)) == 1


@pytest.mark.covers("M54", "M55")
def test_without_fail_fast_independent_steps_finish_and_all_failures_come_as_a_group():
    seen = []

    @step
    def note(x: int) -> int:
        seen.append(x)
        return x

    @workflow(fail_fast=False)
    def several() -> int:
        return total([fail("one"), note(1), fail("two"), note(2)])

    with pytest.raises(ExceptionGroup) as caught:
        several()
    assert sorted(str(error) for error in caught.value.exceptions) == ["one", "two"]
    assert sorted(seen) == [1, 2]


def test_without_fail_fast_one_failure_is_a_group_too():
    @workflow(fail_fast=False)
    def single() -> int:
        return fail("alone")

    with pytest.raises(ExceptionGroup) as caught:
        single()
    assert len(caught.value.exceptions) == 1


@pytest.mark.covers("M58")
def test_what_a_failure_keeps_from_running_is_blocked_and_says_by_what():
    @workflow(fail_fast=False)
    def chained() -> int:
        return inc(inc(fail("broken")))

    run = chained.start()
    assert run.wait(20)
    assert {record.key: (record.status, record.reason) for record in run.steps if record.step.endswith("inc")} == {
        "inc": ("blocked", "`fail` failed"),
        "inc#2": ("blocked", "`inc` is blocked"),
    }


@pytest.mark.covers("M55")
def test_a_failure_taken_as_an_outcome_ends_nothing():
    @workflow
    def tolerant() -> list[str]:
        return [describe(outcome(fail("broken"))), describe(outcome(inc(1)))]

    assert tolerant() == ["failed: broken", "succeeded: 2"]


def test_a_returned_step_that_was_skipped_raises_skipped_with_the_chain():
    @step(run_if=lambda x: x > 0)
    def positive(x: int) -> int:
        return x

    @workflow
    def maybe(x: int) -> int:
        return inc(positive(x))

    assert maybe(1) == 2
    with pytest.raises(Skipped) as caught:
        maybe(-1)
    assert caught.value.reasons == (
        "`inc` was skipped",
        "`positive` was skipped",
        "its condition was false",
    )


def test_a_failure_that_its_step_declares_skippable_is_the_cause_of_skipped():
    @workflow
    def lenient() -> int:
        return inc(fail.with_options(on_failure="skip")("gone"))

    with pytest.raises(Skipped) as caught:
        lenient()
    assert isinstance(caught.value.__cause__, ValueError)
    assert str(caught.value) == "`inc` was skipped\n  because `fail` failed\n  because ValueError: gone"


@pytest.mark.covers("M52")
def test_a_fallback_stands_in_for_a_failed_step():
    @workflow
    def saved() -> list[int]:
        return [
            fail.with_options(on_failure=Fallback(7))("a"),
            fail.with_options(on_failure=Fallback(call=lambda error, text: len(text)))("abc"),
        ]

    assert saved() == [7, 3]


@pytest.mark.covers("M18", "M47")
def test_retries_are_attempts_after_the_first():
    attempts = []

    @step(retries=Retry(3, backoff=[0, 0]))
    def flaky() -> int:
        attempts.append((current().attempt, type(current().last_error)))
        if len(attempts) < 3:
            raise OSError
        return len(attempts)

    @workflow
    def stubborn() -> int:
        return flaky()

    assert stubborn() == 3
    assert attempts == [(1, type(None)), (2, OSError), (3, OSError)]


def test_maps_keep_the_order_of_their_items_and_chain_and_zip():
    @workflow
    def mapped(n: int) -> list[int]:
        return add.map(inc.map(inc.map(range(n))), unmapped(inc(9)))

    assert mapped(4) == [12, 13, 14, 15]
    assert mapped(0) == []


def test_a_map_over_results_takes_each_as_it_comes():
    @workflow
    def each() -> list[int]:
        return inc.map([inc(1), 5, inc(2)])

    assert each() == [3, 6, 4]


def test_maps_over_lists_of_different_lengths_are_refused():
    @workflow
    def known() -> list[int]:
        return add.map([1, 2], [1])

    with pytest.raises(CheckFailed, match="2 in argument 1, 1 in argument 2"):
        known.graph()

    @step
    def count(n: int) -> list[int]:
        return list(range(n))

    @workflow
    def later() -> list[int]:
        return add.map(count(2), count(1))

    with pytest.raises(ValueError, match="lists of different lengths: 2 in argument 1, 1 in argument 2"):
        later()


def test_a_map_over_a_result_that_is_no_list_says_so():
    @step
    def text() -> str:
        return "abc"

    @workflow(allow=("FK201",))
    def spelled() -> list[int]:
        return inc.map(text())  # type: ignore[arg-type]

    with pytest.raises(TypeError, match="got a str where it goes through a list"):
        spelled()


def test_map_outcomes_keeps_a_place_for_every_item():
    @step
    def odd(x: int) -> int:
        if x % 2 == 0:
            raise ValueError(x)
        return x

    @step
    def statuses(ends: list[Outcome[int]]) -> list[str]:
        return [end.status for end in ends]

    @workflow
    def tolerant() -> list[str]:
        return statuses(odd.map_outcomes([1, 2, 3]))

    assert tolerant() == ["succeeded", "failed", "succeeded"]


def test_a_step_that_returns_a_result_of_the_body_is_refused():
    kept = []

    @step
    def sneaky(x: int) -> object:
        return kept[0]

    @workflow
    def leaky() -> object:
        kept.append(inc(1))
        return [kept[0], sneaky(1)]

    with pytest.raises(MisuseError, match="returned the stand-in for another step's result"):
        leaky()


def test_a_sync_step_that_returns_a_coroutine_is_refused():
    async def later() -> int:
        return 1

    @step
    def forgetful() -> object:
        return later()

    @workflow
    def unawaited() -> object:
        return forgetful()

    with pytest.raises(MisuseError, match="declare it `async def`"):
        unawaited()


def test_a_projection_that_fails_at_run_time_fails_the_step_that_takes_it():
    @step
    def table() -> dict[str, int]:
        return {"a": 1}

    @workflow
    def missing() -> int:
        return inc(table()["b"])

    with pytest.raises(KeyError) as caught:
        missing()
    assert "in step `inc`" in caught.value.__notes__[0]


def test_a_workflow_inside_a_step_runs():
    @workflow
    def inner(x: int) -> int:
        return inc(x)

    @step
    def outer_step(x: int) -> int:
        return inner(x) + inner.start(x).result()

    @workflow
    def outer(x: int) -> list[int]:
        return outer_step.map([x] * 40)

    assert outer(1) == [4] * 40


@pytest.mark.parametrize("size", [100_000])
def test_a_hundred_thousand_nodes_need_no_recursion(size: int):
    @workflow
    def chain(n: int) -> int:
        value = 0
        for _ in range(n):
            value = inc(value)
        return value

    @workflow
    def skipped(n: int) -> str:
        value = inc.with_options(run_if=lambda x: False)(0)
        for _ in range(n):
            value = inc(value)
        return describe(outcome(value))

    assert chain(size) == size
    assert skipped(size).startswith("skipped")


def test_an_inline_step_runs_on_the_thread_that_called_the_workflow():
    names = []

    @step(executor="inline")
    def here(x: int) -> int:
        names.append(threading.current_thread().name)
        return x

    @step(timeout=20)
    def there(x: int) -> int:
        return x

    @workflow
    def mixed() -> list[int]:
        return here.map(there.map(range(20)))

    assert mixed() == list(range(20))
    assert set(names) == {threading.current_thread().name}
    assert mixed.start().result() == list(range(20))


def test_a_warning_of_the_checks_is_logged_once_and_told_to_who_listens(caplog):
    @workflow
    def impure() -> int:
        return inc(int(time.time()))

    impure()
    impure()
    assert caplog.text.count("FK404") == 1
    run = impure.start()
    run.wait()
    assert [event.finding.code for event in run.events() if event.kind == "run_warned"] == ["FK404"]


def test_a_run_that_failed_is_gone_when_nobody_holds_it():
    """What it failed with leads to everything there was, through its traceback, but nothing leads to that."""

    @step
    def fails() -> None:
        raise ValueError("no")

    @workflow
    def work() -> None:
        fails()

    with Engine() as engine:
        run = work.start()
        run.wait()
        run_id = run.id
        assert engine.run(run_id).status == "failed"
        del run
        gc.collect()
        with pytest.raises(RunNotFound):
            engine.run(run_id)
