"""Several results that become one: `first`, `first_n`, `race`, `race_n` and `select`."""

from __future__ import annotations

import asyncio
import threading

import pytest

from flowkit import (
    Engine,
    Outcome,
    Retry,
    Selected,
    Skipped,
    always,
    concurrent,
    cond,
    current,
    discard,
    first,
    first_n,
    in_order,
    otherwise,
    outcome,
    race,
    race_n,
    result_of,
    scope,
    select,
    step,
    when,
    workflow,
)
from flowkit.engine import events
from flowkit.errors import MisuseError

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


@step(run_if=lambda x: False)
def never(x: int) -> int:
    return x


@step
def even(x: int) -> int:
    if x % 2:
        raise ValueError(x)
    return x


@step
def numbers(count: int) -> list[int]:
    return list(range(count))


@step
def total(xs: list[int]) -> int:
    return sum(xs)


@step
def how(end: Outcome[int]) -> str:
    return f"{end.status}: {end.error}" if end.error is not None else f"{end.status}"


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


@pytest.fixture(params=["called", "started"])
def beside(request):
    """The result of a workflow whose steps are under way side by side."""

    def run(workflow, *args):
        return workflow(*args) if request.param == "called" else workflow.start(*args).result(timeout=LONG)

    return run


@pytest.fixture
def said():
    return []


@pytest.fixture
def say(said):
    @step
    def say(x: object) -> None:
        said.append(x)

    return say


class Slow:
    """Steps that are under way for as long as a test likes, and one that succeeds once they are."""

    def __init__(self, parties=1):
        self._let_go = threading.Event()
        self._under_way = threading.Semaphore(0)
        self._ended = threading.Semaphore(0)
        self.told = []

        @step
        def slow(x: int) -> int:
            self._under_way.release()
            assert self._let_go.wait(LONG)
            self.told.append(current().cancelled)
            self._ended.release()
            return x

        @step
        def quick(x: int) -> int:
            for _ in range(parties):
                assert self._under_way.acquire(timeout=LONG)
            return x

        @step
        async def hang(x: int) -> int:
            self._under_way.release()
            await asyncio.Event().wait()
            return x

        self.slow, self.quick, self.hang = slow, quick, hang

    def let_go(self, count=0):
        """Let the slow steps end, and wait for so many of them."""
        self._let_go.set()
        for _ in range(count):
            assert self._ended.acquire(timeout=LONG)


@pytest.fixture
def slow():
    slow = Slow()
    yield slow
    slow.let_go()


def ends(run):
    run.wait(timeout=LONG)
    return {record.key: record.status for record in run.steps}


def reason(run, key):
    return next(record.reason for record in run.steps if record.key == key)


def told(run, kind):
    run.wait(timeout=LONG)
    return [event for event in run.events() if isinstance(event, kind)]


# -- which of them ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", [first, race], ids=["first", "race"])
def test_one_that_fails_or_is_skipped_leaves_it_to_the_others(result, word):
    @workflow
    def either(x: int) -> int:
        return word(boom(x), never(x), inc(x))

    assert result(either, 1) == 2


def test_the_one_that_succeeds_first_is_taken(beside, slow):
    @workflow
    def racing() -> int:
        return inc(race(slow.hang.ref(1), slow.quick(2)))

    assert beside(racing) == 3


def test_who_takes_it_goes_on_while_the_others_are_under_way():
    """`first` lets them finish: the run waits for them, and what needs the result doesn't."""
    gone_on = threading.Event()

    @step
    def slow(x: int) -> int:
        assert gone_on.wait(LONG)
        return x

    @step
    def go_on(x: int) -> int:
        gone_on.set()
        return x

    @workflow
    def either() -> int:
        return go_on(first(slow(1), inc(1)))

    run = either.start()
    assert run.result(timeout=LONG) == 2
    assert ends(run) == dict.fromkeys(["slow", "inc", "go_on"], "succeeded")


@pytest.mark.parametrize("given", [list, tuple, iter, set], ids=["list", "tuple", "iterator", "set"])
def test_it_takes_any_iterable_of_results(result, given):
    @workflow
    def either() -> int:
        return first(given([inc(0), boom(1)]))

    assert result(either) == 1


def test_one_may_be_enough(result):
    @workflow
    def lonely(x: int) -> int:
        return add(first([inc(x)]), race([inc(x)]))

    assert result(lonely, 1) == 4


def test_a_part_of_a_result_is_taken_as_that_part(result):
    @step
    def pair(x: int) -> dict[str, int]:
        return {"left": x, "right": -x}

    @workflow
    def parts(x: int) -> list[object]:
        return [first(boom(x), pair(x)["right"]), select(a=never(x), b=pair(x)["left"])]

    assert result(parts, 3) == [-3, Selected("b", 3)]


def test_a_part_that_isnt_there_is_the_failure_of_the_join(result):
    @step
    def pair(x: int) -> dict[str, int]:
        return {"left": x}

    @workflow
    def parts(x: int) -> str:
        return how(outcome(first(pair(x)["nope"], boom(x))))

    assert result(parts, 3) == "failed: 'nope'"


def test_they_nest(result):
    @workflow
    def nested(x: int) -> int:
        return first(first(boom(x), never(x)), race(boom(x), first(never(x), inc(x))))

    assert result(nested, 1) == 2


def test_results_of_two_branches_become_whichever_there_is(result):
    @workflow
    def branching(x: int) -> int:
        with when(x > 5):
            large = inc(x)
        with otherwise():
            small = add(x, 100)
        return inc(first(large, small))

    assert result(branching, 1) == 102
    assert result(branching, 9) == 11


def test_a_join_may_be_asked_for(result):
    @workflow
    def asking(x: int) -> int:
        if result_of(first(boom(x), inc(x))) > 5:
            return inc(x)
        return race(boom(x), add(x, x))

    assert result(asking, 1) == 2
    assert result(asking, 9) == 10


def test_what_a_join_fails_with_can_be_caught_where_it_is_asked_for(result):
    @workflow
    def asking(x: int) -> int:
        try:
            return inc(result_of(first(boom(x), boom(x))))
        except ExceptionGroup as group:
            return inc(len(group.exceptions))

    assert result(asking, 1) == 3


def test_a_workflow_may_be_one_of_several(result):
    @workflow
    def fragile(x: int) -> int:
        return inc(boom(x))

    @workflow
    def sound(x: int) -> int:
        return inc(inc(x))

    @workflow
    def either(x: int) -> int:
        return first(fragile(x), sound(inc(x)))

    assert result(either, 0) == 3


def test_a_join_stands_in_a_workflow_that_is_called_for_each_item(result):
    @workflow
    def best(x: int) -> int:
        return first(even(x), inc(x))

    @workflow
    def each(count: int) -> list[int]:
        return best.map(numbers(count))

    assert [value in (x, x + 1) for x, value in enumerate(result(each, 4))] == [True] * 4


# -- several of them ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", [first_n, race_n], ids=["first_n", "race_n"])
def test_several_come_as_a_list_in_the_order_they_came(result, word):
    @workflow
    def some(x: int) -> list[int]:
        one = inc(x)
        two = inc(one)
        three = inc(two)
        return word([three, boom(x), one], 2)

    assert result(some, 1) == [2, 4]


def test_as_many_as_are_wanted_are_enough(slow):
    @workflow
    def two() -> list[int]:
        return race_n([slow.slow(1), inc(1), slow.quick(5)], 2)

    run = two.start()
    assert sorted(run.result(timeout=LONG)) == [2, 5]
    assert ends(run) == {"slow": "cancelled", "inc": "succeeded", "quick": "succeeded"}


def test_all_of_them_may_be_wanted(result):
    @workflow
    def both(x: int) -> list[int]:
        return first_n([inc(x), inc(x + 1)], 2)

    assert sorted(result(both, 1)) == [2, 3]


# -- by name ------------------------------------------------------------------------------------------------------------


def test_select_says_which_and_what(result):
    @workflow
    def selected(x: int) -> Selected[int]:
        return select(broken=boom(x), sound=inc(x))

    assert result(selected, 1) == Selected("sound", 2)


def test_a_body_takes_what_was_selected_apart(result):
    @workflow
    def selected(x: int) -> list[object]:
        which = select(broken=boom(x), sound=inc(x))
        return [which.name, inc(which.value)]

    assert result(selected, 1) == ["sound", 3]


def test_select_is_called_by_its_names_alone():
    @workflow
    def bare(x: int) -> Selected[int]:
        return select(inc(x), inc(x))

    with pytest.raises(TypeError, match="positional"):
        bare(1)


# -- items of a map -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", [first, race], ids=["first", "race"])
def test_of_a_map_the_items_are_meant(result, word):
    @workflow
    def known() -> int:
        return word(even.map([1, 3, 4, 5]))

    @workflow
    def unknown(count: int) -> int:
        return word(never.map(numbers(count))) if count > 5 else word(inc.map(inc.map(numbers(count))))

    assert result(known) == 4
    assert result(unknown, 1) == 2
    with pytest.raises(Skipped):
        result(unknown, 6)


@pytest.mark.covers("M19")
@pytest.mark.parametrize("word", [first_n, race_n], ids=["first_n", "race_n"])
def test_some_items_of_a_map(result, word):
    @workflow
    def some(count: int) -> list[int]:
        return word(even.map(numbers(count)), 2)

    assert sorted(result(some, 4)) == [0, 2]


def test_an_item_that_fails_is_handled_by_the_join():
    @workflow
    def some() -> int:
        return inc(first(even.map([1, 2])))

    run = some.start()
    assert run.result(timeout=LONG) == 3
    assert ends(run) == {"even": "failed", "even[0]": "failed", "even[1]": "succeeded", "inc": "succeeded"}
    assert [event.handled for event in told(run, events.StepFailed)] == [True, True]


def test_the_items_of_a_map_that_tolerates_failures_are_outcomes(result):
    @workflow
    def some() -> str:
        return how(first(even.map_outcomes([1, 2])))

    assert result(some) == "succeeded"


def test_a_map_beside_others_is_one_of_them_as_a_whole(result):
    @workflow
    def either(x: int) -> list[int]:
        return first(even.map([1, 2]), inc.map([x, x]))

    @workflow
    def selected(x: int) -> Selected[list[int]]:
        return select(all=inc.map([x, x]))

    assert result(either, 1) == [2, 2]
    assert result(selected, 1) == Selected("all", [2, 2])


def test_a_race_over_items_cancels_those_under_way():
    """The list of such a map is never there, and who takes it is skipped."""
    gate, meet = threading.Event(), threading.Barrier(3, timeout=LONG)

    @step
    def item(x: int) -> int:
        meet.wait()
        assert not x or gate.wait(LONG)
        return x

    @workflow
    def racing() -> list[object]:
        items = item.map([0, 1, 2])
        return [race(items), outcome(total(items))]

    run = racing.start()
    winner, sum_of_all = run.result(timeout=LONG)
    gate.set()
    assert winner == 0
    assert sum_of_all.status == "skipped"
    assert ends(run) == {
        "item": "skipped",
        "item[0]": "succeeded",
        "item[1]": "cancelled",
        "item[2]": "cancelled",
        "total": "skipped",
    }


def test_a_list_and_one_of_its_items_may_both_be_taken(result):
    @workflow
    def both(count: int) -> int:
        items = inc.map(numbers(count))
        return add(first(items), total(items))

    assert result(both, 1) == 2


def test_a_workflow_is_called_for_each_item_and_the_first_is_taken(result):
    @workflow
    def picky(x: int) -> int:
        return inc(even(x))

    @workflow
    def some(count: int) -> int:
        return first(picky.map(numbers(count)))

    assert result(some, 2) == 1


# -- none of them -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", [first, race, lambda a, b: select(a=a, b=b)], ids=["first", "race", "select"])
def test_if_all_are_lost_it_fails_with_all_their_errors(result, word):
    @workflow
    def none(x: int) -> object:
        return word(boom(x), boom(x + 1))

    with pytest.raises(ExceptionGroup, match="needs one of") as caught:
        result(none, 1)
    assert sorted(str(error) for error in caught.value.exceptions) == ["no 1", "no 2"]


@pytest.mark.parametrize("word", [first, race, lambda a, b: select(a=a, b=b)], ids=["first", "race", "select"])
def test_if_all_are_skipped_it_is_skipped(result, word):
    @workflow
    def none(x: int) -> object:
        return word(never(x), never(x))

    with pytest.raises(Skipped, match="its condition was false"):
        result(none, 1)


def test_if_some_are_skipped_and_some_are_lost_it_fails_with_those(result):
    @workflow
    def none(x: int) -> int:
        return first(never(x), boom(x), boom.with_options(on_failure="skip")(x + 1))

    with pytest.raises(ExceptionGroup) as caught:
        result(none, 1)
    assert sorted(str(error) for error in caught.value.exceptions) == ["no 1", "no 2"]


@pytest.mark.covers("M19")
@pytest.mark.parametrize("word", [first_n, race_n], ids=["first_n", "race_n"])
def test_if_too_few_succeed_it_fails_with_the_errors_of_the_others(result, word):
    @workflow
    def some(x: int) -> list[int]:
        return word([inc(x), boom(x), never(x)], 2)

    with pytest.raises(ExceptionGroup, match="needs 2 results, and there are 1") as caught:
        result(some, 1)
    assert [str(error) for error in caught.value.exceptions] == ["no 1"]


def test_if_too_few_succeed_and_none_failed_it_is_skipped(result):
    @workflow
    def some(x: int) -> list[int]:
        return first_n([inc(x), never(x)], 2)

    with pytest.raises(Skipped):
        result(some, 1)


def test_a_map_with_too_few_items_is_a_lookup_error(result):
    @workflow
    def one(count: int) -> int:
        return first(inc.map(numbers(count)))

    @workflow
    def two(count: int) -> list[int]:
        return first_n(inc.map(numbers(count)), 2)

    with pytest.raises(LookupError, match="needs 1 result, and there are none"):
        result(one, 0)
    with pytest.raises(LookupError, match="needs 2 results, and there are 1"):
        result(two, 1)


def test_a_map_all_of_whose_items_are_lost_fails_with_all_their_errors(result):
    @workflow
    def none() -> int:
        return first(even.map([1, 3]))

    with pytest.raises(ExceptionGroup) as caught:
        result(none)
    assert sorted(error.args[0] for error in caught.value.exceptions) == [1, 3]


def test_a_map_that_never_had_items_is_passed_on_as_data_is(result):
    @workflow
    def failing(x: int) -> int:
        return first(inc.map(numbers(boom(x))))

    @workflow
    def skipping(x: int) -> int:
        return first(inc.map(numbers(never(x))))

    with pytest.raises(ValueError, match="no 1"):
        result(failing, 1)
    with pytest.raises(Skipped):
        result(skipping, 1)


def test_what_is_lost_can_be_taken_as_an_outcome_or_by_another_join(result):
    @workflow
    def ended(x: int) -> str:
        return how(outcome(first(boom(x), boom(x))))

    @workflow
    def again(x: int) -> int:
        return first(race(boom(x), boom(x)), inc(x))

    assert result(ended, 1).startswith("failed: nothing that `first` needs one of succeeded")
    assert result(again, 1) == 2


def test_a_failure_that_a_join_takes_is_handled():
    @workflow
    def either(x: int) -> int:
        return first(boom(x), inc(x))

    run = either.start(1)
    assert run.result(timeout=LONG) == 2
    assert ends(run) == {"boom": "failed", "inc": "succeeded"}
    assert [event.handled for event in told(run, events.StepFailed)] == [True]
    assert run.status == "succeeded"


def test_one_that_needs_a_failed_one_is_blocked_and_the_join_goes_on_without_it():
    @workflow(fail_fast=False)
    def either(x: int) -> list[object]:
        return [first(inc(boom(x)), inc(x)), inc(x)]

    run = either.start(1)
    with pytest.raises(ExceptionGroup, match="1 step of `either` failed"):
        run.result(timeout=LONG)
    assert ends(run) == {"boom": "failed", "inc": "blocked", "inc#2": "succeeded", "inc#3": "succeeded"}


def test_one_that_is_tried_again_may_still_be_the_one(result):
    tries = []

    @step(retries=Retry(max_attempts=3, backoff=[0.0, 0.0]))
    def stubborn(x: int) -> int:
        tries.append(x)
        if len(tries) % 3:
            raise OSError(x)
        return x

    @workflow
    def either(x: int) -> int:
        return first(stubborn(x), boom(x))

    assert result(either, 5) == 5


# -- the others ---------------------------------------------------------------------------------------------------------


def test_a_race_cancels_a_coroutine_that_is_under_way(beside):
    began, stopped = threading.Event(), []

    @step
    async def slow(x: int) -> int:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            stopped.append(x)
            raise
        return x

    @step
    def quick(x: int) -> int:
        assert began.wait(LONG)
        return x

    @workflow
    def racing() -> int:
        return race(slow.ref(1), quick(2))

    assert beside(racing) == 2
    assert stopped == [1]


def test_a_race_leaves_a_thread_behind_and_tells_it(slow):
    @workflow
    def racing() -> int:
        return race(slow.slow(1), slow.quick(2))

    run = racing.start()
    assert run.result(timeout=LONG) == 2
    slow.let_go(1)
    assert slow.told == [True]
    assert ends(run) == {"slow": "cancelled", "quick": "succeeded"}
    assert reason(run, "slow") == "`race` was decided without it"
    assert [event.key for event in told(run, events.StepAbandoned)] == ["slow"]


@pytest.mark.parametrize("shape", ["itself", "behind it", "in a workflow"])
def test_a_call_doesnt_wait_for_who_lost(slow, shape):
    """The thread that called never takes what can be left behind."""

    @workflow
    def within(x: int) -> int:
        return inc(slow.slow(x))

    @workflow
    def raced(x: int) -> int:
        n = slow.slow(x) if shape == "itself" else inc(slow.slow(x)) if shape == "behind it" else within(inc(x))
        return race(n, slow.quick(x))

    assert raced(1) == 1
    assert slow.told == []


def test_what_a_race_leaves_behind_is_nobodys_once_it_ends(slow, said, say):
    """The run may go on for longer than that: what it returns late is dropped."""
    after = threading.Event()

    @step
    def wait(x: int) -> int:
        assert after.wait(LONG)
        return x

    @workflow
    def racing() -> list[object]:
        late = slow.slow(1)
        winner = race(late, slow.quick(2))
        return [wait(winner), outcome(inc(late))]

    run = racing.start()
    events_seen = iter(run.events())
    next(event for event in events_seen if isinstance(event, events.StepCancelled) and event.key == "slow")
    slow.let_go(1)
    after.set()
    winner, end = run.result(timeout=LONG)
    assert (winner, end.status, end.reason) == (2, "skipped", "`slow` was cancelled")


def test_a_loser_that_was_never_begun_is_cancelled_too():
    @workflow
    def racing(x: int) -> int:
        fast = inc(x)
        return race(fast, inc(inc(fast)))

    run = racing.start(1)
    assert run.result(timeout=LONG) == 2
    assert ends(run)["inc"] == "succeeded"
    assert ends(run)["inc#3"] == "cancelled"


def test_what_only_the_losers_needed_is_cancelled_with_them(slow):
    @workflow
    def racing() -> int:
        return race(inc(add(slow.slow(1), 1)), slow.quick(2))

    run = racing.start()
    assert run.result(timeout=LONG) == 2
    assert ends(run) == {"slow": "cancelled", "add": "cancelled", "inc": "cancelled", "quick": "succeeded"}


def test_a_map_that_only_a_loser_needed_is_cancelled_with_its_items():
    slow = Slow(parties=2)

    @workflow
    def racing() -> int:
        return race(total(slow.slow.map([1, 2])), slow.quick(2))

    run = racing.start()
    assert run.result(timeout=LONG) == 2
    slow.let_go(2)
    assert set(ends(run).items()) == {
        *[(key, "cancelled") for key in ("slow", "slow[0]", "slow[1]", "total")],
        ("quick", "succeeded"),
    }


@pytest.mark.parametrize("taken", ["as a value", "as an outcome", "as one of several"])
def test_what_somebody_else_needs_as_well_goes_on(slow, taken):
    @workflow
    def racing() -> list[object]:
        shared = slow.slow(1)
        winner = race(inc(shared), slow.quick(2))
        if taken == "as a value":
            rest: object = inc(shared)
        elif taken == "as an outcome":
            rest = how(outcome(shared))
        else:
            rest = first(shared, boom(1))
        return [winner, rest]

    run = racing.start()
    stream = iter(run.events())
    next(event for event in stream if isinstance(event, events.Chosen) and event.key == "race")
    slow.let_go()
    winner, rest = run.result(timeout=LONG)
    assert winner == 2
    assert rest == {"as a value": 2, "as an outcome": "succeeded", "as one of several": 1}[taken]
    assert ends(run)["slow"] == "succeeded"
    assert ends(run)["inc"] == "cancelled"


THROUGH = {
    "a race": lambda slow: inc(race(slow.slow(1), slow.slow(2))),
    "a first": lambda slow: inc(first(slow.slow(1), slow.slow(2))),
    "an outcome": lambda slow: how(outcome(slow.slow(1))),
    "the test of a cond": lambda slow: cond(slow.slow(1), lambda: 1, lambda: 2),
    "a branch of a cond": lambda slow: cond(True, lambda: slow.slow(1), lambda: 2),
    "a chain of maps": lambda slow: total(inc.map(slow.slow.map([1, 2]))),
}


@pytest.mark.parametrize("through", THROUGH)
def test_what_only_a_loser_needed_is_cancelled_whatever_it_came_through(slow, through):
    @workflow
    def racing() -> object:
        return race(THROUGH[through](slow), slow.quick(2))

    run = racing.start()
    assert run.result(timeout=LONG) == 2
    assert {status for key, status in ends(run).items() if key.startswith("slow")} == {"cancelled"}


def test_in_a_chain_of_maps_each_loser_is_cancelled_with_its_own_item():
    slow = Slow(parties=2)

    @step
    def item(x: int) -> int:
        return slow.slow(x) if x else slow.quick(x)

    @workflow
    def racing() -> int:
        return race(inc.map(item.map([0, 1, 2])))

    run = racing.start()
    assert run.result(timeout=LONG) == 1
    assert {key: status for key, status in ends(run).items() if key.startswith("item[")} == {
        "item[0]": "succeeded",
        "item[1]": "cancelled",
        "item[2]": "cancelled",
    }


NEEDED = {
    "returned": lambda shared, winner: shared,
    "by name": lambda shared, winner: add.with_options(depends_on=[shared])(winner, 1),
    "in a list for a map": lambda shared, winner: add.map([shared], ones(winner)),
    "by a body that goes on": lambda shared, winner: add(result_of(winner), shared),
}


@step
def ones(x: int) -> list[int]:
    return [1]


@pytest.mark.parametrize("needed", NEEDED)
def test_what_a_loser_needed_goes_on_if_it_is_needed_in_another_way(slow, needed):
    @workflow
    def racing() -> list[object]:
        shared = slow.slow(1)
        winner = race(inc(shared), slow.quick(2))
        return [NEEDED[needed](shared, winner), winner]

    run = racing.start()
    assert any(isinstance(event, events.Chosen) for event in run.events())
    slow.let_go()
    expected = {"returned": 1, "by name": 3, "in a list for a map": [2], "by a body that goes on": 3}
    assert run.result(timeout=LONG) == [expected[needed], 2]
    assert ends(run)["slow"] == "succeeded"


def test_a_call_leaves_a_thread_behind_too(beside, slow):
    @workflow
    def racing() -> int:
        return race(slow.slow(1), slow.quick(2))

    assert beside(racing) == 2


def test_the_user_isnt_blamed_for_what_a_race_left_behind(slow):
    @workflow
    def sub(x: int) -> int:
        return slow.slow(x)

    @workflow
    def racing() -> int:
        return race(sub(1), slow.quick(2))

    run = racing.start()
    assert run.result(timeout=LONG) == 2
    assert [(event.key, event.reason) for event in told(run, events.StepAbandoned)] == [("sub/slow", "parent")]


def test_the_end_of_a_join_may_be_returned_in_a_list(result):
    @workflow
    def listed(x: int) -> list[object]:
        return [outcome(first(inc(x), boom(x)))]

    assert result(listed, 1)[0].value == 2


def test_an_effect_that_a_loser_needed_isnt_called_back(slow, said):
    @step(effect=True)
    def pay(x: int) -> int:
        said.append(x)
        return x

    @workflow
    def racing() -> int:
        return race(slow.slow(pay(1)), slow.quick(2))

    run = racing.start()
    assert run.result(timeout=LONG) == 2
    assert ends(run) == {"pay": "succeeded", "slow": "cancelled", "quick": "succeeded"}


def test_who_takes_a_loser_is_skipped_and_what_comes_after_isnt(slow, said, say):
    @workflow
    def racing() -> int:
        late = slow.slow(1)
        winner = race(late, slow.quick(2))
        say(inc(late))
        say("after")
        return winner

    run = racing.start()
    assert run.result(timeout=LONG) == 2
    assert said == ["after"]
    assert ends(run) == {
        "slow": "cancelled",
        "quick": "succeeded",
        "inc": "skipped",
        "say": "skipped",
        "say#2": "succeeded",
    }


def test_an_effect_behind_a_race_isnt_blocked_by_its_losers(slow, said, say):
    @workflow
    def racing() -> int:
        winner = race(slow.slow(1), slow.quick(2))
        say(winner)
        return winner

    assert racing.start().result(timeout=LONG) == 2
    assert said == [2]


def test_who_needs_one_that_was_cancelled_with_its_scope_alone_is_skipped(slow):
    @workflow
    def scoped(x: int) -> Outcome[int]:
        with scope() as s:
            n = slow.slow(x)
        s.cancel(after=slow.quick(x))
        return outcome(first([n]))

    how = scoped.start(1).result(timeout=LONG)

    assert (how.status, how.reason) == ("skipped", "`slow` was cancelled")


def test_a_loser_may_be_returned_and_then_there_is_no_value(slow):
    @workflow
    def racing() -> list[int]:
        late = slow.slow(1)
        return [race(late, slow.quick(2)), late]

    with pytest.raises(Skipped, match="`race` was decided without it"):
        racing.start().result(timeout=LONG)


def test_a_workflow_that_loses_is_stopped_and_cleans_up(beside, slow, said, say):
    @workflow
    def losing(x: int) -> int:
        with always():
            say("cleaned up")
        return inc(slow.hang.ref(x))

    @workflow
    def racing() -> int:
        return race(losing(1), slow.quick(2))

    assert beside(racing) == 2
    assert said == ["cleaned up"]


def test_a_workflow_that_loses_while_it_asks_for_a_result_is_stopped_and_cleans_up(beside, slow, said, say):
    @workflow
    def losing(x: int) -> int:
        with always():
            say("cleaned up")
        return inc(result_of(slow.hang.ref(x)))

    @workflow
    def racing() -> int:
        return race(losing(1), slow.quick(2))

    assert beside(racing) == 2
    assert said == ["cleaned up"]


def test_a_live_body_that_loses_is_cancelled():
    began, stopped = threading.Event(), threading.Event()

    @step
    def quick(x: int) -> int:
        assert began.wait(LONG)
        return x

    @workflow
    async def losing(x: int) -> int:
        await inc.submit(x)
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        return x

    @workflow
    def racing() -> int:
        return race(losing.ref(1), quick(2))

    run = racing.start()
    assert run.result(timeout=LONG) == 2
    assert stopped.wait(LONG)
    assert ends(run)["losing"] == "cancelled"


def test_a_loser_that_waits_for_its_retry_is_cancelled():
    failed = threading.Event()

    @step(retries=Retry(max_attempts=2, backoff=[3600.0]))
    def stubborn(x: int) -> int:
        failed.set()
        raise OSError(x)

    @step
    def quick(x: int) -> int:
        assert failed.wait(LONG)
        return x

    @workflow
    def racing() -> int:
        return race(stubborn(1), quick(2))

    run = racing.start()
    assert run.result(timeout=LONG) == 2
    assert ends(run)["stubborn"] == "cancelled"


def test_a_loser_with_a_delay_is_cancelled():
    @workflow
    def racing() -> int:
        return race(inc.with_options(delay=3600)(1), inc(2))

    run = racing.start()
    assert run.result(timeout=LONG) == 3
    assert ends(run) == {"inc": "cancelled", "inc#2": "succeeded"}


def test_a_failure_of_a_loser_that_is_stopped_is_nobodys():
    began = threading.Event()

    @step
    async def slow(x: int) -> int:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ValueError(x) from None
        return x

    @step
    def quick(x: int) -> int:
        assert began.wait(LONG)
        return x

    @workflow
    def racing() -> int:
        return inc(race(slow.ref(1), quick(2)))

    run = racing.start()
    assert run.result(timeout=LONG) == 3
    assert ends(run)["slow"] == "cancelled"


def test_a_step_may_be_in_several_races(result):
    @workflow
    def twice(x: int) -> list[int]:
        shared = inc(x)
        return [race(shared, boom(x)), race(boom(x), shared)]

    assert result(twice, 1) == [2, 2]


# -- effects in joins ---------------------------------------------------------------------------------------------------


def test_effects_written_in_a_join_dont_wait_for_one_another(beside, said, say):
    meet = threading.Barrier(2, timeout=LONG)

    @step
    def together(x: object) -> None:
        meet.wait()
        said.append(x)

    @workflow
    def joined() -> object:
        say("before")
        chosen = first(together(1), together(2))
        say(chosen)
        return chosen

    assert beside(joined) is None
    assert said[0] == "before"
    assert sorted(map(str, said[1:])) == ["1", "2", "None"]


def test_effects_written_before_a_join_keep_their_order(result, said, say):
    @workflow
    def joined() -> object:
        one, two = say(1), say(2)
        chosen = first(one, two)
        say(3)
        return chosen

    assert result(joined) is None
    assert said == [1, 2, 3]


@pytest.mark.parametrize("block", [in_order, concurrent], ids=["in_order", "concurrent"])
def test_a_join_in_a_block_of_another_order(result, said, say, block):
    @workflow
    def joined(x: int) -> int:
        with block():
            chosen = first(boom(x), inc(x))
            say(chosen)
        say("after")
        return chosen

    assert result(joined, 1) == 2
    assert said == [2, "after"]


# -- what is told -------------------------------------------------------------------------------------------------------


def test_what_a_join_took_is_told():
    @workflow
    def several(x: int) -> list[object]:
        one = inc(x)
        return [
            first(boom(x), one),
            first_n([inc(one), one], 2),
            select(a=boom(x), b=one),
            race(never.map([1]), one),
            first(even.map([x])),
        ]

    run = several.start(2)
    run.result(timeout=LONG)
    assert {event.key: event.winners for event in told(run, events.Chosen)} == {
        "first": ("inc",),
        "first_n": ("inc", "inc#2"),
        "select": ("inc",),
        "race": ("inc",),
        "first#2": ("even[0]",),
    }


def test_nothing_is_told_of_a_choice_that_couldnt_be_made():
    @step
    def both(one: Outcome[int], other: Outcome[int]) -> list[str]:
        return [one.status, other.status]

    @workflow
    def none(x: int) -> list[str]:
        return both(outcome(first(boom(x), boom(x))), outcome(race(never(x), never(x))))

    run = none.start(1)
    assert run.result(timeout=LONG) == ["failed", "skipped"]
    assert told(run, events.Chosen) == []


def test_joins_are_no_steps_of_the_run():
    @workflow
    def either(x: int) -> int:
        return first(inc(x), cond(True, lambda: inc(x), lambda: 0))

    run = either.start(1)
    assert run.result(timeout=LONG) == 2
    assert ends(run) == {"inc": "succeeded", "inc#2": "succeeded"}


# -- what is refused ----------------------------------------------------------------------------------------------------


REFUSED = {
    "first()": (first, "given nothing"),
    "race([])": (lambda: race([]), "given nothing"),
    "select()": (select, "given nothing"),
    "first_n([], 1)": (lambda: first_n([], 1), "given nothing"),
    "first(inc(1), 2)": (lambda: first(inc(1), 2), "`int`, a value that is there already"),
    'first("ab")': (lambda: first("ab"), "`str`, a value that is there already"),
    'first({"a": inc(1)})': (lambda: first({"a": inc(1)}), "`dict`, a value that is there already"),
    "first([[inc(1)]])": (lambda: first([[inc(1)]]), "`list`, a value that is there already"),
    "select(a=3)": (lambda: select(a=3), "`int`, a value that is there already"),
    "first(None)": (lambda: first(None), "`NoneType`, a value that is there already"),
    "first(inc(1), None)": (lambda: first(inc(1), None), "`NoneType`, a value that is there already"),
    "select(a=None)": (lambda: select(a=None), "`NoneType`, a value that is there already"),
    "first_n([a, a], 2)": (lambda: first_n([inc(1)] * 2, 2), "`first_n` is to give 2 of the results of 1 step"),
    "race_n(5, 1)": (lambda: race_n(5, 1), "`int`, a value that is there already"),
    "first(inc(1))": (lambda: first(inc(1)), "this is one result"),
    "first_n(numbers(3), 1)": (lambda: first_n(numbers(3), 1), "this is one result"),
    "race(inc.map([1])[0])": (lambda: race(inc.map([1])[0]), "this is one result"),
    "first(outcome(inc(1)))": (lambda: first(outcome(inc(1))), "this is one result"),
    "first_n([inc(1)], 0)": (lambda: first_n([inc(1)], 0), "1 or more, not 0"),
    "first_n([inc(1)], -1)": (lambda: first_n([inc(1)], -1), "1 or more, not -1"),
    "race_n([inc(1)], True)": (lambda: race_n([inc(1)], True), "1 or more, not True"),
    "race_n([inc(1)], 1.0)": (lambda: race_n([inc(1)], 1.0), "1 or more, not 1.0"),
    'first_n([inc(1)], "1")': (lambda: first_n([inc(1)], "1"), "1 or more, not '1'"),
    "first_n([inc(1)], None)": (lambda: first_n([inc(1)], None), "1 or more, not None"),
    "first_n([inc(1)], 2)": (lambda: first_n([inc(1)], 2), "`first_n` is to give 2 of the results of 1 step"),
    "race_n([inc(1), inc(2)], 3)": (
        lambda: race_n([inc(1), inc(2)], 3),
        "`race_n` is to give 3 of the results of 2 steps",
    ),
}


@pytest.mark.parametrize(("join", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cant_be_joined_is_refused_where_it_is_written(join, message):
    @workflow
    def joined() -> object:
        return join()

    with pytest.raises(MisuseError, match=message):
        joined()


WORDS = {
    "cond": lambda: cond(True, lambda: 1, lambda: 2),
    "first": lambda: first(1, 2),
    "first_n": lambda: first_n([1], 1),
    "race": lambda: race(1, 2),
    "race_n": lambda: race_n([1], 1),
    "select": lambda: select(a=1),
}


@pytest.mark.parametrize("word", WORDS)
def test_outside_of_a_body_there_is_nothing_to_join(word):
    @step
    def inside(x: int) -> int:
        WORDS[word]()
        return x

    @workflow
    def calling() -> int:
        return inside(1)

    with pytest.raises(MisuseError, match=f"`{word}` is for the body of a workflow"):
        WORDS[word]()
    with pytest.raises(MisuseError, match=f"`{word}` is for the body of a workflow"):
        calling()


@pytest.mark.parametrize("word", WORDS)
def test_in_a_live_body_python_has_its_own_words(word):
    @workflow
    async def living() -> int:
        WORDS[word]()
        return await inc.submit(1)

    with pytest.raises(MisuseError, match=rf"`{word}` belongs into a `def` body; .*does this"):
        living.start().result(timeout=LONG)


def test_a_result_of_another_build_is_refused():
    kept = []

    @workflow
    def other() -> int:
        kept.append(inc(1))
        return inc(kept[0])

    @workflow
    def joined() -> int:
        return first(inc(1), kept[0])

    other()
    with pytest.raises(Exception, match="FK305"):
        joined()


def test_a_join_that_nobody_takes_is_found():
    @workflow
    def dropped(x: int) -> int:
        first(inc(x), inc(x))
        return inc(x)

    @workflow
    def kept(x: int) -> int:
        discard(first(inc(x), inc(x)))
        return inc(x)

    with pytest.raises(Exception, match="FK101"):
        dropped(1)
    assert kept(1) == 2
