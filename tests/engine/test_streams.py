"""Maps that go through what a generator step yields, while it still yields."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from flowkit import (
    CheckFailed,
    Engine,
    Limit,
    MisuseError,
    Outcome,
    StepOptions,
    StepTimeout,
    discard,
    first,
    in_order,
    outcome,
    race,
    result_of,
    step,
    unmapped,
    workflow,
)
from flowkit.engine import events
from flowkit.machine.flows import WINDOW

LONG = 20.0
"""Seconds that nothing here takes, unless it hangs."""


@step
def count(n: int) -> Iterator[int]:
    yield from range(n)


@step
async def count_slowly(n: int) -> AsyncIterator[int]:
    for i in range(n):
        await asyncio.sleep(0)
        yield i


@step
def inc(x: int) -> int:
    return x + 1


@step
async def inc_async(x: int) -> int:
    await asyncio.sleep(0)
    return x + 1


@step
def add(x: int, y: int) -> int:
    return x + y


@step
def total(xs: list[int]) -> int:
    return sum(xs)


@step
def odd(x: int) -> int:
    if not x % 2:
        raise ValueError(x)
    return x


@pytest.fixture(params=["thread", "inline"])
def engine(request):
    with Engine(executor=request.param) as engine:
        yield engine


MANY = 3 * WINDOW + 7


@pytest.mark.covers("M31")
@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("source", [count, count_slowly], ids=["generator", "async generator"])
@pytest.mark.parametrize("n", [0, 1, MANY])
def test_results_are_in_the_order_in_which_items_were_yielded(source, n):
    @workflow
    def counting(n: int) -> list[int]:
        return inc.map(source(n))

    assert counting(n) == list(range(1, n + 1))


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("source", [count, count_slowly], ids=["generator", "async generator"])
def test_maps_go_on_item_by_item(source):
    @workflow
    def counting(n: int) -> int:
        return total(inc_async.map(add.map(inc.map(source(n)), unmapped(10))))

    assert counting(MANY) == sum(range(MANY)) + 12 * MANY


@pytest.mark.parametrize("executor", ["thread", "inline"])
@pytest.mark.parametrize("is_async", [False, True])
def test_no_more_is_pulled_than_is_in_flight(executor, is_async):
    pulled, done, most = 0, 0, 0

    def pull(i: int) -> int:
        nonlocal pulled, most
        pulled += 1
        most = max(most, pulled - done)
        return i

    @step
    def items(n: int) -> Iterator[int]:
        for i in range(n):
            yield pull(i)

    @step
    async def items_async(n: int) -> AsyncIterator[int]:
        for i in range(n):
            yield pull(i)

    @step
    def finish(x: int) -> None:
        nonlocal done
        done += 1

    source = items_async if is_async else items

    @workflow
    def work(n: int) -> None:
        finish.map(inc.map(source(n)))

    with Engine(executor=executor):
        work(20 * WINDOW)
    assert done == 20 * WINDOW
    assert most <= WINDOW


def test_fewer_are_pulled_where_fewer_run_at_once():
    pulled = []
    began, release = threading.Event(), threading.Event()

    @step
    def items(n: int) -> Iterator[int]:
        for i in range(n):
            pulled.append(i)
            yield i

    @step(max_concurrency=2)
    def hold(x: int) -> int:
        began.set()
        assert release.wait(LONG)
        return x

    @workflow
    def work(n: int) -> list[int]:
        return hold.map(items(n))

    run = work.start(100)
    assert began.wait(LONG)
    assert len(pulled) <= 4
    release.set()
    assert run.result(LONG) == list(range(100))


def test_what_is_done_is_let_go_of():
    class Item:
        pass

    there = []

    @step
    def items(n: int) -> Iterator[Item]:
        for _ in range(n):
            yield Item()

    @step
    def same(item: Item) -> Item:
        return item

    @step
    def look(item: Item) -> None:
        if len(there) % WINDOW == 0:
            gc.collect()
            there.append(sum(type(one) is Item for one in gc.get_objects()))
        else:
            there.append(0)

    @workflow
    def work(n: int) -> None:
        look.map(same.map(items(n)))

    with Engine(executor="inline"):
        work(20 * WINDOW)
    assert len(there) == 20 * WINDOW
    assert max(there) <= 2 * WINDOW


def test_an_item_is_worked_on_before_the_next_one_has_come():
    """A generator that waits for something holds nobody up."""
    seen = threading.Event()

    @step
    def items() -> Iterator[int]:
        yield 1
        assert seen.wait(LONG)
        yield 2

    @step
    def look(x: int) -> int:
        seen.set()
        return x

    @workflow
    def work() -> list[int]:
        return look.map(items())

    # What is there goes on its way once the generator is asked for too long; here it answers only afterwards.
    @step
    async def items_async() -> AsyncIterator[int]:
        yield 1
        yield 2

    @workflow
    def work_async() -> list[int]:
        return look.map(items_async())

    assert work_async() == [1, 2]
    assert work() == [1, 2]


# -- failures -------------------------------------------------------------------------------------------------------------


def broken(n: int) -> Iterator[int]:
    yield from range(n)
    raise LookupError("no more")


@pytest.mark.usefixtures("engine")
def test_a_generator_that_raises_fails_the_map_with_its_own_exception():
    source = step(broken)

    @workflow
    def work(n: int) -> list[int]:
        return inc.map(source(n))

    with pytest.raises(LookupError, match="no more") as caught:
        work(3)
    assert any("list of items of `inc`" in note for note in caught.value.__notes__)


@pytest.mark.usefixtures("engine")
def test_what_came_before_a_generator_raised_was_worked_on():
    seen = []
    source = step(broken)

    @step
    def look(x: int) -> int:
        seen.append(x)
        return x

    @step
    def tell(end: Outcome[list[int]]) -> str:
        return f"{end.status}: {end.error}"

    @workflow(fail_fast=False)
    def work(n: int) -> str:
        return tell(outcome(look.map(source(n))))

    assert work(3) == "failed: no more"
    assert sorted(seen) == [0, 1, 2]


def test_a_map_that_goes_on_from_one_whose_generator_raised_has_no_list():
    source = step(broken)

    @step
    def tell(one: Outcome[list[int]], other: Outcome[list[int]]) -> list[str]:
        return [one.status, other.status]

    @workflow(fail_fast=False)
    def work(n: int) -> list[str]:
        one = inc.map(source(n))
        return tell(outcome(one), outcome(inc.map(one)))

    assert work(3) == ["failed", "skipped"]


@pytest.mark.usefixtures("engine")
def test_an_item_that_fails_fails_the_run_and_nothing_more_is_pulled():
    pulled = []

    @step
    def items() -> Iterator[int]:
        for i in range(100 * WINDOW):
            pulled.append(i)
            yield i

    @workflow
    def work() -> list[int]:
        return odd.map(items())

    with pytest.raises(ValueError, match="0"):
        work()
    assert len(pulled) <= WINDOW


@pytest.mark.usefixtures("engine")
def test_failing_items_are_left_out_where_that_is_wanted():
    @workflow
    def work(n: int) -> list[int]:
        return inc.map(odd.with_options(on_item_failure="continue").map(count(n)))

    assert work(MANY) == [x + 1 for x in range(MANY) if x % 2]


@pytest.mark.usefixtures("engine")
def test_outcomes_are_aligned_with_the_items():
    @workflow
    def work(n: int) -> list[Outcome[int]]:
        return odd.map_outcomes(count(n))

    assert [one.ok for one in work(MANY)] == [bool(x % 2) for x in range(MANY)]


def test_a_map_that_halts_pulls_no_more_and_tells_what_failed():
    pulled = []

    @step
    def items() -> Iterator[int]:
        for i in range(100 * WINDOW):
            pulled.append(i)
            yield i

    @workflow
    def work() -> list[int]:
        return odd.with_options(on_item_failure="halt", max_concurrency=1).map(items())

    with Engine(executor="inline"), pytest.raises(ExceptionGroup) as caught:
        work()
    assert len(caught.value.exceptions) == 1
    assert len(pulled) <= 3


# -- together with others -------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("engine")
def test_lists_go_along_item_by_item():
    @workflow
    def work(xs: list[int]) -> list[int]:
        return add.map(count(len(xs)), xs)

    assert work(list(range(MANY))) == [2 * x for x in range(MANY)]


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("length", [2, 4])
def test_a_list_of_another_length_fails_the_map(length):
    @workflow
    def work(xs: list[int]) -> list[int]:
        return add.map(count(3), xs)

    with pytest.raises(ValueError, match="different lengths"):
        work([1] * length)


@pytest.mark.usefixtures("engine")
def test_two_generators_are_gone_through_side_by_side():
    @workflow
    def work(n: int) -> list[int]:
        return add.map(count(n), count_slowly(n))

    assert work(MANY) == [2 * x for x in range(MANY)]


@pytest.mark.usefixtures("engine")
def test_a_map_that_waits_for_all_of_a_stream_takes_its_list():
    """Item by item it would hold up what it waits for."""

    @workflow
    def work(n: int) -> list[int]:
        ones = inc.map(count(n))
        return add.map(ones, unmapped(total(ones)))

    assert work(MANY) == [x + 1 + sum(range(MANY + 1)) for x in range(MANY)]


@pytest.mark.usefixtures("engine")
def test_an_effect_after_another_waits_for_the_whole_stream():
    seen = []

    @step
    def say(what: object) -> None:
        seen.append(what)

    @workflow
    def work(n: int) -> None:
        say.map(count(n))
        say("all said")

    work(MANY)
    assert seen[-1] == "all said"
    assert len(seen) == MANY + 1


@pytest.mark.parametrize("last", [False, True], ids=["plain", "effect"])
@pytest.mark.usefixtures("engine")
def test_an_effect_in_the_middle_of_a_chain_flows_item_by_item(last):
    done = []

    @step(effect=True)
    def book(x: int) -> int:
        done.append("book")
        return x

    @step(effect=last)
    def confirm(x: int) -> int:
        done.append("confirm")
        return x

    @workflow
    def work(n: int) -> list[int]:
        return confirm.map(book.map(count(n)))

    assert work(4 * WINDOW) == list(range(4 * WINDOW))
    assert done.index("confirm") <= WINDOW


@pytest.mark.parametrize("way", ["in_order", "depends_on"])
@pytest.mark.usefixtures("engine")
def test_a_map_that_is_to_come_after_all_of_another_takes_its_list(way):
    done = []

    @step(effect=True)
    def book(x: int) -> int:
        done.append("book")
        return x

    @step
    def confirm(x: int) -> int:
        done.append("confirm")
        return x

    @workflow
    def work(n: int) -> list[int]:
        if way == "depends_on":
            return confirm.with_options(depends_on=[book]).map(book.map(count(n)))
        with in_order():
            return confirm.map(book.map(count(n)))

    n = 2 * WINDOW
    assert work(n) == list(range(n))
    assert done == ["book"] * n + ["confirm"] * n


@pytest.mark.usefixtures("engine")
def test_such_a_map_has_the_keys_of_what_is_left_in_that_list():
    @workflow
    def apart(n: int) -> list[int]:
        with in_order():
            return inc.map(odd.with_options(on_item_failure="continue").map(count(n)))

    @workflow
    def along(n: int) -> list[int]:
        return inc.map(odd.with_options(on_item_failure="continue").map(count(n)))

    def keys(flow):
        run = flow.start(4)
        assert run.result(LONG) == [2, 4]
        events_ = [event for event in run.events() if isinstance(event, events.StepSucceeded)]
        return [event.key for event in events_ if event.key.startswith("inc[")]

    assert sorted(keys(apart)) == ["inc[0]", "inc[1]"]
    assert sorted(keys(along)) == ["inc[1]", "inc[3]"]


@pytest.mark.usefixtures("engine")
def test_workflows_are_mapped_over_streams():
    @workflow
    def twice(x: int) -> int:
        return inc(inc(x))

    @workflow
    def work(n: int) -> list[int]:
        return twice.map(count(n))

    assert work(MANY) == [x + 2 for x in range(MANY)]


@pytest.mark.usefixtures("engine")
def test_a_workflow_in_a_body_streams_as_on_its_own():
    @workflow
    def inner(n: int) -> int:
        return total(inc.map(count(n)))

    @workflow
    def work(n: int) -> int:
        return inc(inner(inc(n)))

    assert work(MANY) == sum(range(MANY + 2)) + 1


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("executor", ["thread", "inline"])
@pytest.mark.parametrize("source", [count, count_slowly], ids=["plain", "async"])
def test_workflows_that_stream_are_mapped(source, executor):
    """What stood for the items of one is reused for the next."""

    @workflow
    def each(n: int) -> list[int]:
        return inc_async.map(inc.map(source(n)))

    @workflow
    def work(n: int) -> list[list[int]]:
        return each.map(count(n))

    with Engine(executor=executor):
        assert work(60) == [list(range(2, n + 2)) for n in range(60)]


def test_the_first_of_a_stream():
    @workflow
    def work(n: int) -> int:
        return first(odd.map(count(n)))

    assert work(5) in (1, 3)


def test_a_stream_that_loses_a_race_is_closed():
    closed, began = threading.Event(), threading.Event()

    @step
    def endless() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    @step
    def begin(x: int) -> int:
        began.set()
        return x

    @step
    def quick() -> list[int]:
        assert began.wait(LONG)
        return []

    @workflow
    def work() -> list[int]:
        return race(begin.map(endless()), quick())

    assert work() == []
    assert closed.wait(LONG)


@pytest.mark.parametrize("is_async", [False, True])
def test_a_cancelled_run_closes_what_it_went_through(is_async):
    closed, began = threading.Event(), threading.Event()

    @step
    def endless() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    @step
    async def endless_async() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    @step
    def begin(x: int) -> int:
        began.set()
        return x

    source = endless_async if is_async else endless

    @workflow
    def work() -> None:
        discard(begin.map(source()))

    run = work.start()
    assert began.wait(LONG)
    run.cancel()
    run.wait(LONG)
    assert closed.wait(LONG)


@pytest.mark.parametrize("turns", range(24))
async def test_a_stream_may_be_left_behind_just_before_something_is_pulled(turns):
    @step
    async def numbers() -> AsyncIterator[int]:
        while True:
            await asyncio.sleep(0)
            yield 1

    @step
    async def wait(turns: int) -> int:
        for _ in range(turns):
            await asyncio.sleep(0)
        return turns

    @step
    async def size(items: list[int]) -> int:
        return len(items)

    @workflow
    def work() -> int:
        return wait(race(size(inc_async.with_options(max_concurrency=1).map(numbers())), wait(turns)))

    assert await work.start() == turns


def test_what_is_being_pulled_when_its_engine_is_closed_is_closed_afterwards():
    pulling, go_on, closed = threading.Event(), threading.Event(), threading.Event()

    @step
    def numbers() -> Iterator[int]:
        try:
            yield 1
            pulling.set()
            go_on.wait(LONG)
            yield from range(WINDOW)
        finally:
            closed.set()

    @workflow
    def work() -> list[int]:
        return inc.map(numbers())

    with Engine():
        run = work.start()
        assert pulling.wait(LONG)
        run.cancel()
    go_on.set()
    assert closed.wait(LONG)


@pytest.mark.parametrize("raised", [None, SystemExit(3)])
def test_time_is_kept_while_a_generator_is_closed(raised):
    closing, may = threading.Event(), threading.Event()

    @step
    def numbers() -> Iterator[int]:
        try:
            yield from range(10 * WINDOW)
        finally:
            closing.set()
            if raised is not None:
                raise raised
            may.wait(2 * LONG)

    @step
    def refuse(x: int) -> int:
        raise ValueError(x)

    @step(timeout=0.05)
    def wait() -> int:
        may.wait(LONG)
        return 0

    @workflow
    def broken() -> list[int]:
        return refuse.map(numbers())

    @workflow
    def late() -> int:
        return wait()

    with Engine():
        try:
            with pytest.raises(ValueError, match="0"):
                broken()
            assert closing.wait(LONG)
            with pytest.raises(StepTimeout):
                late()
        finally:
            may.set()


def test_a_limit_holds_across_a_stream():
    running, most, lock = 0, 0, threading.Lock()

    @step(limit=Limit("streamed", 2))
    def work(x: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        with lock:
            running -= 1
        return x

    @workflow
    def all_of(n: int) -> list[int]:
        return work.map(count(n))

    assert all_of(MANY) == list(range(MANY))
    assert most <= 2


# -- what is told ---------------------------------------------------------------------------------------------------------


def test_every_item_has_a_key_and_events_of_its_own():
    @workflow
    def work(n: int) -> list[int]:
        return inc.with_options(max_concurrency=2).map(count(n))

    run = work.start(9)
    assert run.result(LONG) == list(range(1, 10))

    assert [record.key for record in run.steps] == ["count", "inc", *[f"inc[{i}]" for i in range(9)]]
    told = list(run.events())
    assert sum(one.count for one in told if isinstance(one, events.ItemsCollected)) == 9
    assert [one.counts for one in told if isinstance(one, events.ItemsFinished)] == [{"succeeded": 9}]
    ended = [one.key for one in told if isinstance(one, events.StepSucceeded)]
    assert sorted(ended) == sorted(["count", *[f"inc[{i}]" for i in range(9)]])


# -- what can't be --------------------------------------------------------------------------------------------------------


def test_only_maps_go_through_a_generator():
    @workflow
    def work(n: int) -> int:
        return total(count(n))

    with pytest.raises(CheckFailed, match="`count` is a generator, which only a map goes through"):
        work(3)


def test_a_generator_is_gone_through_once():
    @workflow
    def work(n: int) -> list[int]:
        numbers = count(n)
        return add.map(inc.map(numbers), inc.map(numbers))

    with pytest.raises(CheckFailed, match="can be gone through once, and 2 maps do"):
        work(3)


def test_what_is_yielded_has_to_fit():
    @step
    def words() -> Iterator[str]:
        yield "one"

    @workflow
    def work() -> list[int]:
        return inc.map(words())

    with pytest.raises(CheckFailed, match="FK201"):
        work()


def test_a_generator_is_called_as_the_function_it_is():
    assert list(count(3)) == [0, 1, 2]


@pytest.mark.usefixtures("engine")
def test_streams_of_called_workflows_are_forgotten_with_them():
    @workflow
    def numbers(n: int) -> list[int]:
        return inc.map(count(n))

    @workflow
    def many(ns: list[int]) -> list[list[int]]:
        return numbers.map(ns)

    @step
    def shorter(xs: list[int]) -> int:
        assert xs == list(range(1, len(xs) + 1))
        return len(xs) - 1

    @workflow
    def rounds(n: int) -> int:
        if n == 0:
            return 0
        return rounds(shorter(numbers(n)))

    assert many([3, 0, MANY, 5]) == [list(range(1, n + 1)) for n in (3, 0, MANY, 5)]
    assert rounds(30) == 0


def test_a_join_goes_through_no_generator():
    @workflow
    def work() -> list[int]:
        return inc.map(race(count(3), count(2)))

    with pytest.raises(CheckFailed, match="which only a map goes through"):
        work()


@pytest.mark.parametrize(
    "options",
    [{"retries": 3}, {"timeout": 1}, {"on_failure": "skip"}, {"validate": True}, {"compensate": lambda done, n: None}],
    ids=lambda options: next(iter(options)),
)
def test_options_about_attempts_are_for_the_step_that_is_mapped(options):
    (option,) = options

    @workflow
    def work() -> list[int]:
        return inc.map(count.with_options(**options)(3))

    with pytest.raises(CheckFailed, match=f"`{option}` of `count` can't hold: it is a generator") as caught:
        work()
    assert [one.code for one in caught.value.diagnostics] == ["FK501"]


def test_defaults_of_a_workflow_are_for_its_other_steps():
    @workflow(defaults=StepOptions(retries=2, timeout=LONG))
    def work() -> list[int]:
        return inc.map(count(3))

    assert work() == [1, 2, 3]


def test_a_body_cannot_ask_for_what_a_generator_yields():
    @workflow
    def work() -> list[int]:
        return inc.map(result_of(count(3)))

    with pytest.raises(MisuseError, match="`result_of` can't give what `count` yields"):
        work()
