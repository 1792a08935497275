"""Going on from results: `result_of`, workflows called in bodies, and bodies that return a call of themselves."""

from __future__ import annotations

import asyncio
import itertools
import threading
import tracemalloc

import pytest

from flowkit import (
    CheckFailed,
    Engine,
    NonDeterminismError,
    Outcome,
    Retry,
    Skipped,
    StepOptions,
    concurrent,
    discard,
    in_order,
    outcome,
    result_of,
    step,
    unmapped,
    workflow,
)
from flowkit.engine import events

LONG = 20.0
"""Seconds that nothing here takes, unless it hangs."""


@step
def inc(x: int) -> int:
    return x + 1


@step
def add(a: int, b: int) -> int:
    return a + b


@step
def boom(x: int) -> int:
    message = f"no {x}"
    raise ValueError(message)


@step
def total(numbers: list[int]) -> int:
    return sum(numbers)


@step
def how(end: Outcome[int]) -> str:
    return f"{end.status}: {end.error!r}" if end.error is not None else f"{end.status}: {end.value}"


@pytest.fixture(params=["called", "started", "inline"])
def result(request):
    """A workflow's result, however it comes about."""

    def run(workflow, *args):
        if request.param == "started":
            return workflow.start(*args).result(timeout=LONG)
        if request.param == "inline":
            with Engine(executor="inline"):
                return workflow(*args)
        return workflow(*args)

    return run


def keys(run):
    run.result(timeout=LONG)
    return {record.key: record.status for record in run.steps}


# -- result_of ----------------------------------------------------------------------------------------------------------


@workflow
def branching(x: int) -> int:
    number = inc(x)
    if result_of(number) > 5:
        return number
    return add(number, inc(10))


def test_a_body_can_branch_on_a_result(result):
    assert result(branching, 9) == 10
    assert result(branching, 1) == 13


def test_what_is_on_the_other_branch_is_never_run():
    assert keys(branching.start(9)) == {"inc": "succeeded"}
    assert keys(branching.start(1)) == {"inc": "succeeded", "inc#2": "succeeded", "add": "succeeded"}


def test_a_body_can_loop_over_a_result(result):
    @step
    def numbers(count: int) -> list[int]:
        return list(range(count))

    @workflow
    def looping(count: int) -> int:
        return total([inc(n) for n in result_of(numbers(count))])

    assert result(looping, 4) == 10


def test_a_body_can_ask_again_and_again(result):
    @workflow
    def climbing(limit: int) -> int:
        number = inc(0)
        while result_of(number) < limit:
            number = inc(number)
        return number

    assert result(climbing, 30) == 30


def test_a_part_of_a_result_can_be_asked_for(result):
    @step
    def pair(x: int) -> dict[str, int]:
        return {"left": x, "right": -x}

    @workflow
    def taking(x: int) -> int:
        return inc(result_of(pair(x)["right"]))

    assert result(taking, 3) == -2


def test_a_body_catches_what_a_step_raises(result):
    @workflow
    def catching(x: int) -> int:
        try:
            number = result_of(boom(x))
        except ValueError:
            number = 100
        return inc(number)

    assert result(catching, 1) == 101


def test_what_a_body_doesnt_catch_fails_the_run_with_the_steps_own_exception(result):
    @workflow
    def letting_go(x: int) -> int:
        return inc(result_of(boom(x)))

    with pytest.raises(ValueError, match="no 1") as caught:
        result(letting_go, 1)

    assert any("in step `boom`" in note for note in caught.value.__notes__)


def test_a_result_that_never_was_raises_skipped(result):
    @step(run_if=lambda x: x > 5)
    def seldom(x: int) -> int:
        return x

    @workflow
    def missing(x: int) -> int:
        try:
            return inc(result_of(seldom(x)))
        except Skipped:
            return inc(0)

    assert result(missing, 1) == 1
    assert result(missing, 6) == 7


def test_one_of_several_is_enough_whether_it_ended_before_it_was_asked_for_or_not(result):
    @step(run_if=lambda x: False)
    def seldom(x: int) -> int:
        return x

    @workflow
    def late(x: int) -> int:
        never, made = seldom(x), inc(x)
        with in_order():
            first = inc.with_options(depends_on_any=[never, made])(x)
        result_of(first)
        return inc.with_options(depends_on_any=[never, made])(first)

    assert result(late, 1) == 3


def test_a_body_asks_inside_of_a_block_and_goes_on_in_it(result):
    said = []

    @step
    def say(x: int) -> None:
        said.append(x)

    @workflow
    def talk(x: int) -> int:
        with in_order():
            first = inc(x)
            say(result_of(first))
            second = inc(first)
            with concurrent():
                say(result_of(second))
            say(second)
        return second

    assert result(talk, 1) == 3
    assert said == [2, 3, 3]


def test_a_body_that_eats_everything_goes_on_with_the_value_all_the_same(result):
    @workflow
    def greedy(x: int) -> int:
        try:
            number = result_of(inc(x))
        except BaseException:
            inc(100)
            raise ValueError(x) from None
        return inc(number)

    @workflow
    def sloppy(x: int) -> int:
        number = 100
        try:
            number = result_of(inc(x))
        except BaseException:
            discard(inc(1_000))
        discard(inc(number))
        return inc(number)

    assert result(greedy, 1) == 3
    assert result(sloppy, 1) == 3


def test_a_literal_that_is_another_one_the_second_time_fails_the_run():
    counting = itertools.count()

    @workflow
    def unsteady(x: int) -> int:
        return add(result_of(add(x, next(counting))), 1)

    with pytest.raises(NonDeterminismError, match=r"it now has a call of `add` with other arguments"):
        unsteady.start(1).result(timeout=LONG)


def test_a_body_that_changes_what_it_is_given_is_given_the_same_again(result):
    @step
    def total(xs: list[int]) -> int:
        return sum(xs)

    @workflow
    def growing(xs: list[int]) -> int:
        xs.append(1)
        return add(result_of(total(list(xs))), len(xs))

    @workflow
    def outer(x: int) -> int:
        return growing([x, inc(x)])

    assert result(growing, [1, 2]) == 7
    assert result(outer, 1) == 7


def test_a_step_that_calls_a_step_just_calls_it_while_a_body_waits(result):
    @step
    def outer_step(x: int) -> int:
        return inc(inc(x))

    @workflow
    def waiting(x: int) -> int:
        return inc(result_of(outer_step(x)))

    assert result(waiting, 1) == 4


def test_a_value_that_is_there_already_is_given_back():
    assert result_of(5) == 5


def test_what_a_body_raises_itself_on_its_way_fails_the_run(result):
    @workflow
    def strict(x: int) -> int:
        if result_of(inc(x)) > 1:
            message = "too much"
            raise KeyError(message)
        return inc(x)

    with pytest.raises(KeyError, match="too much") as caught:
        result(strict, 1)

    assert any("body of `strict`" in note for note in caught.value.__notes__)


def test_a_mistake_behind_a_result_is_found_when_the_body_gets_there(result):
    @step
    def name() -> str:
        return "a"

    @workflow
    def wrong(x: int) -> int:
        if result_of(inc(x)):
            return inc(name())
        return inc(x)

    with pytest.raises(CheckFailed, match="FK201"):
        result(wrong, 1)


def test_a_failure_elsewhere_ends_a_body_that_waits():
    release = threading.Event()

    @step
    def slow(x: int) -> int:
        assert release.wait(LONG)
        return x

    @step
    def breaking(x: int) -> int:
        release.set()
        message = "elsewhere"
        raise OSError(message)

    @workflow
    def waiting(x: int) -> int:
        discard(breaking(x))
        return inc(result_of(slow(x)))

    with pytest.raises(OSError, match="elsewhere"):
        waiting(1)


def test_steps_run_side_by_side_while_the_body_asks():
    together = threading.Barrier(2, timeout=LONG)

    @step
    def meet(x: int) -> int:
        together.wait()
        return x

    @workflow
    def meeting() -> int:
        other = meet(1)
        return add(result_of(meet(2)), other)

    assert meeting() == 3


def test_a_body_that_writes_something_else_the_second_time_fails_the_run():
    coin = iter([True, False])

    @workflow
    def unsteady(x: int) -> int:
        number = inc(x) if next(coin) else add(x, x)
        return inc(result_of(number))

    with pytest.raises(NonDeterminismError, match="where it had called `inc`"):
        unsteady.start(1).result(timeout=LONG)


def test_a_run_that_waits_for_a_result_holds_no_thread():
    """More of them than there are threads wait for a step that the last one lets go."""
    began = threading.Semaphore(0)
    waiters = []

    @step
    async def slow(x: int) -> int:
        waiter = asyncio.get_running_loop().create_future()
        waiters.append(waiter)
        began.release()
        return x + await waiter

    @workflow
    def waiting(x: int) -> int:
        return inc(result_of(slow.ref(x)))

    with Engine(max_workers=2):
        runs = [waiting.start(n) for n in range(20)]
        for _ in runs:
            assert began.acquire(timeout=LONG)
        for waiter in waiters:
            waiter.get_loop().call_soon_threadsafe(waiter.set_result, 0)
        assert [run.result(timeout=LONG) for run in runs] == list(range(1, 21))


# -- workflows in bodies ------------------------------------------------------------------------------------------------


@workflow
def twice(x: int) -> int:
    return inc(inc(x))


@workflow
def fragile(x: int) -> int:
    return inc(boom(x))


@pytest.mark.covers("M42")
def test_a_workflow_can_be_called_in_a_body(result):
    @workflow
    def both(x: int) -> int:
        return add(twice(x), twice(inc(x)))

    assert result(both, 0) == 5


def test_its_steps_are_under_its_name_whether_they_were_known_beforehand_or_not():
    @workflow
    def both(x: int) -> int:
        return add(twice(x), twice(inc(x)))

    assert keys(both.start(0)) == dict.fromkeys(
        ["twice", "twice/inc", "twice/inc#2", "inc", "twice#2", "twice#2/inc", "twice#2/inc#2", "add"], "succeeded"
    )


def test_it_nests(result):
    @workflow
    def four(x: int) -> int:
        return twice(twice(x))

    @workflow
    def eight(x: int) -> int:
        return four(four(inc(x)))

    assert result(eight, 0) == 9


def test_what_it_returns_may_be_a_value_a_part_or_made_of_results(result):
    @step
    def split(x: int) -> tuple[int, int]:
        return x, -x

    @workflow
    def constant(x: int) -> int:
        discard(inc(x))
        return 7

    @workflow
    def part(x: int) -> int:
        _, right = split(x)
        return right

    @workflow
    def several(x: int) -> list[int]:
        return [inc(x), twice(x)]

    @workflow
    def all_of_them(x: int) -> int:
        number = inc(x)
        return total([constant(number), part(number), total(several(number))])

    assert result(all_of_them, 1) == 7 - 2 + 3 + 4


@pytest.mark.covers("M30")
def test_it_is_called_for_each_item_of_a_list(result):
    @step
    def numbers(count: int) -> list[int]:
        return list(range(count))

    @workflow
    def known() -> list[int]:
        return twice.map([1, 2, 3])

    @workflow
    def unknown(count: int) -> list[int]:
        return twice.map(inc.map(twice.map(numbers(count))))

    assert result(known) == [3, 4, 5]
    assert result(unknown, 3) == [5, 6, 7]
    assert result(unknown, 0) == []


def test_an_item_that_fails_fails_the_list_or_is_an_outcome(result):
    @step
    def odd(x: int) -> int:
        if x % 2 == 0:
            raise ValueError(x)
        return x

    @step
    def words(ends: list[Outcome[int]]) -> list[str]:
        return [end.status for end in ends]

    @workflow
    def picky(x: int) -> int:
        return inc(odd(x))

    @workflow
    def all_of_them() -> list[int]:
        return picky.map([1, 2, 3])

    @workflow
    def as_they_end() -> list[str]:
        return words(picky.map_outcomes([1, 2, 3]))

    with pytest.raises(ValueError, match="2") as caught:
        result(all_of_them)
    assert any("in step `picky[1]/odd`" in note for note in caught.value.__notes__)
    assert result(as_they_end) == ["succeeded", "failed", "succeeded"]


@pytest.mark.covers("M30")
def test_each_item_has_rounds_and_keys_of_its_own():
    @workflow
    def count(x: int, rounds: int) -> int:
        return count(inc(x), rounds - 1) if rounds else x

    @workflow
    def outer() -> list[int]:
        return count.map([0, 10], unmapped(2))

    run = outer.start()
    assert run.result(timeout=LONG) == [2, 12]
    assert sorted(record.key for record in run.steps) == sorted(
        ["count", *[f"count[{i}]{rest}" for i in (0, 1) for rest in ("", "/inc", "@2/inc")]]
    )


def test_outside_a_body_its_map_is_a_loop_of_runs():
    assert twice.map([1, 2]) == [3, 4]


def test_one_inside_of_another_may_ask_for_a_result_though_all_arguments_are_known(result):
    said = []

    @step
    def say(x: int) -> None:
        said.append(x)

    @workflow
    def low(x: int) -> int:
        number = result_of(inc(x))
        say(number)
        return inc(number)

    @workflow
    def middle(x: int) -> int:
        return low(x)

    @workflow
    def top(x: int) -> int:
        return middle(x)

    assert result(top, 1) == 3
    assert said == [2]


def test_one_may_ask_for_what_is_there_at_once(result):
    said = []

    @step
    def say(x: int) -> None:
        said.append(x)

    @workflow
    def constant() -> int:
        return 7

    @workflow
    def asks(x: int) -> int:
        number = result_of(constant())
        say(number)
        return inc(number)

    @workflow
    def top(x: int) -> int:
        return asks(inc(x))

    assert result(top, 1) == 8
    assert said == [7]


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
def test_what_its_body_raises_is_its_failure_whenever_that_is_recorded(result, known):
    @workflow
    def picky(x: int) -> int:
        if x > 0:
            raise KeyError(x)
        return inc(x)

    @step
    def word(end: Outcome[int]) -> str:
        return end.status

    @workflow
    def top(x: int) -> str:
        return word(outcome(picky(x if known else inc(x))))

    assert result(top, 5) == "failed"


@pytest.mark.covers("M42")
@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
def test_a_call_that_doesnt_fit_it_is_found_before_anything_runs(known):
    @workflow
    def top(x: int) -> int:
        return twice(x if known else inc(x), 2)

    with pytest.raises(CheckFailed, match="FK202"):
        top(1)


def test_its_arguments_are_real_values_inside_it(result):
    @workflow
    def repeated(count: int) -> int:
        return total([inc(0) for _ in range(count)])

    @workflow
    def outer(x: int) -> int:
        return repeated(inc(x))

    assert result(outer, 2) == 3


def test_its_failure_is_the_runs(result):
    @workflow
    def outer(x: int) -> int:
        return fragile(inc(x))

    with pytest.raises(ValueError, match="no 2") as caught:
        result(outer, 1)

    assert any("in step `fragile/boom`" in note for note in caught.value.__notes__)
    assert any("in workflow `fragile`" in note for note in caught.value.__notes__)


@pytest.mark.parametrize("known", [True, False])
def test_its_failure_can_be_taken_as_an_outcome(result, known):
    @workflow
    def outer(x: int) -> str:
        return how(outcome(fragile(x if known else inc(x))))

    assert result(outer, 1) == f"failed: ValueError('no {1 if known else 2}')"


def test_its_failure_can_be_caught_by_the_body_that_asks(result):
    @workflow
    def outer(x: int) -> int:
        try:
            return inc(result_of(fragile(x)))
        except ValueError:
            return inc(-1)

    assert result(outer, 1) == 0


def test_a_failure_in_it_stops_the_rest_of_it_and_nothing_else():
    @workflow
    def part(x: int) -> int:
        return add(boom(x), inc(x))

    @workflow
    def outer(x: int) -> list[str]:
        return [how(outcome(part(inc(x)))), how(outcome(twice(inc(x))))]

    assert outer(1) == ["failed: ValueError('no 2')", "succeeded: 4"]


def test_one_without_fail_fast_lets_the_rest_of_it_finish(result):
    @workflow(fail_fast=False)
    def part(x: int) -> int:
        return add(boom(x), add(boom(x), inc(x)))

    @workflow
    def outer(x: int) -> int:
        return part(inc(x))

    with pytest.raises(ExceptionGroup, match="2 steps of `part` failed"):
        result(outer, 1)


def test_a_workflow_that_returns_nothing_keeps_its_place():
    told = []

    @step
    def tell(what: str) -> None:
        told.append(what)

    @workflow
    def announce(what: int) -> None:
        tell(f"{what} begins")
        tell(f"{what} ends")

    @workflow
    def program() -> None:
        tell("first")
        announce(inc(0))
        announce(2)
        tell("last")

    program()

    assert told == ["first", "1 begins", "1 ends", "2 begins", "2 ends", "last"]


def test_a_skipped_result_is_skipped_outside_too():
    @step(run_if=lambda x: x > 5)
    def seldom(x: int) -> int:
        return x

    @workflow
    def part(x: int) -> int:
        return seldom(x)

    @workflow
    def outer(x: int) -> int:
        return inc(part(inc(x)))

    assert outer(5) == 7
    with pytest.raises(Skipped, match="`part` was skipped"):
        outer(1)


def test_what_a_body_raises_is_the_failure_of_its_call(result):
    @workflow
    def picky(x: int) -> int:
        if x > 1:
            message = "too much"
            raise KeyError(message)
        return inc(x)

    @workflow
    def outer(x: int) -> str:
        return how(outcome(picky(inc(x))))

    assert result(outer, 0) == "succeeded: 2"
    assert result(outer, 1) == "failed: KeyError('too much')"


def test_mistakes_in_a_body_whose_arguments_are_known_are_found_before_anything_runs():
    ran = []

    @step
    def note(x: int) -> int:
        ran.append(x)
        return x

    @step
    def name() -> str:
        return "a"

    @workflow
    def wrong(x: int) -> int:
        return inc(name())

    @workflow
    def outer(x: int) -> int:
        return add(note(x), wrong(x))

    with pytest.raises(CheckFailed, match="FK201"):
        outer(1)

    assert not ran


def test_async_steps_work_in_it(result):
    @step
    async def later(x: int) -> int:
        return x + 1

    @workflow
    def part(x: int) -> int:
        return later.ref(later.ref(x))

    @workflow
    def outer(x: int) -> int:
        return part(inc(x))

    assert result(outer, 0) == 3


def test_it_may_ask_for_results_itself(result):
    @workflow
    def outer(x: int) -> int:
        return add(branching(inc(x)), branching(inc(inc(x))))

    assert result(outer, 4) == 13


@pytest.mark.covers("M42", "M85")
def test_cancelling_the_run_cancels_what_is_in_it():
    began = threading.Event()

    @step
    async def slow(x: int) -> int:
        import asyncio

        began.set()
        await asyncio.sleep(LONG)
        return x

    @workflow
    def part(x: int) -> int:
        return inc(slow.ref(x))

    @workflow
    def outer(x: int) -> int:
        return part(inc(x))

    run = outer.start(1)
    assert began.wait(LONG)
    run.cancel("enough")
    assert run.wait(LONG)

    assert {record.status for record in run.steps if record.key != "inc"} == {"cancelled"}


# -- rounds -------------------------------------------------------------------------------------------------------------


@workflow
def counting(n: int, limit: int) -> int:
    if n >= limit:
        return n
    return counting(inc(n), limit)


def test_a_workflow_that_returns_a_call_of_itself_goes_round(result):
    assert result(counting, 0, 0) == 0
    assert result(counting, 0, 7) == 7


@pytest.mark.covers("M22")
def test_the_keys_of_its_steps_say_which_round_they_are_of():
    @workflow
    def outer(x: int) -> int:
        return counting(inc(x), 3)

    run = outer.start(0)

    assert keys(run) == dict.fromkeys(["inc", "counting", "counting/inc", "counting@2/inc"], "succeeded")
    expanded = [event for event in run.events() if isinstance(event, events.WorkflowExpanded)]
    assert [(event.key, event.turn) for event in expanded] == [("counting", 1), ("counting", 2), ("counting", 3)]


def test_effects_of_a_round_are_done_before_the_next_begins():
    told = []

    @step
    def tell(what: int) -> None:
        told.append(what)

    @workflow
    def down(n: int) -> int:
        tell(n)
        if n == 0:
            return n
        return down(add(n, -1))

    @workflow
    def outer() -> int:
        return down(inc(3))

    assert outer() == 0
    assert told == [4, 3, 2, 1, 0]


def test_ten_thousand_rounds_take_no_more_memory_than_a_hundred():
    counting(0, 100)
    tracemalloc.start()
    try:
        counting(0, 100)
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        counting(0, 10_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak - before < 1_000_000, "more than 100 bytes a round, beside what waits for the garbage collector"


def test_a_failure_in_a_round_is_the_failure_of_the_whole(result):
    @workflow
    def failing(n: int) -> int:
        if n == 3:
            return boom(n)
        return failing(inc(n))

    with pytest.raises(ValueError, match="no 3"):
        result(failing, 0)


def test_a_round_asks_for_results_of_its_own(result):
    said = []

    @step
    def say(x: int) -> None:
        said.append(x)

    @workflow
    def up(n: int) -> int:
        say(n)
        number = inc(n)
        if result_of(number) > 5:
            return number
        return up(add(number, 1))

    assert result(up, 1) == 6
    assert said == [1, 3, 5]


def test_a_call_of_itself_that_something_else_takes_too_is_no_round(result):
    said = []

    @step
    def say(x: int) -> None:
        said.append(x)

    @workflow
    def down(n: int) -> int:
        if n > 2:
            return n
        last = down(inc(n))
        say(last)
        return last

    @workflow
    def top(x: int) -> int:
        return down(inc(x))

    assert result(top, 0) == 3
    assert said == [3, 3]


def test_a_block_round_the_call_of_itself_doesnt_keep_it_from_being_a_round():
    @workflow
    def count(x: int, rounds: int) -> int:
        if not rounds:
            return x
        with in_order():
            return count(inc(x), rounds - 1)

    run = count.start(0, 3)
    assert run.result(timeout=LONG) == 3


@pytest.mark.covers("M25")
@pytest.mark.parametrize("fails", [False, True])
def test_options_that_a_called_workflow_has_for_its_steps_hold_in_it_alone(fails):
    tries: dict[str, int] = {}

    @step
    def attempt(name: str, x: int) -> int:
        tries[name] = tries.get(name, 0) + 1
        if tries[name] == 1 or (fails and name == "inside"):
            raise OSError(name)
        return x

    @workflow(defaults=StepOptions(retries=Retry(3, backoff=[0, 0])))
    def group(x: int) -> int:
        return attempt("inside", x)

    @workflow(fail_fast=False)
    def work(x: int) -> list[object]:
        inside = outcome(group(inc(x)))
        return [inside, outcome(attempt("outside", x))]

    inside, outside = work(1)
    assert inside.ok is not fails
    assert not outside.ok
    assert tries == {"inside": 3 if fails else 2, "outside": 1}
