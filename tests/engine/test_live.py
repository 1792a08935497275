"""Live bodies: `async def` workflows, which call their steps as they go."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import itertools
import threading
import weakref

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from flowkit import (
    CheckFailed,
    Engine,
    MisuseError,
    Outcome,
    Retry,
    RunCancelled,
    RunStatus,
    Skipped,
    StepTimeout,
    current,
    discard,
    in_order,
    outcome,
    step,
    workflow,
)

LONG = 20.0
"""Seconds that nothing here takes, unless it hangs."""


@step
def inc(x: int) -> int:
    return x + 1


@step
async def ainc(x: int) -> int:
    return x + 1


@step
async def aboom(x: int) -> int:
    message = f"no {x}"
    raise ValueError(message)


@step
async def forever() -> None:
    await asyncio.get_running_loop().create_future()


@workflow
async def twice(x: int) -> int:
    return await ainc(await ainc(x))


def keys(run):
    return [record.key for record in run.steps]


# -- calling -----------------------------------------------------------------------------------------------------------


@pytest.mark.covers("M43")
async def test_a_live_workflow_is_awaited_like_the_function_it_was():
    assert await twice(1) == 3


async def test_it_is_started_like_any_workflow():
    run = twice.start(1)
    assert await run == 3
    assert keys(run) == ["ainc", "ainc#2"]
    assert run.status is RunStatus.SUCCEEDED


def test_it_is_started_where_no_loop_runs():
    assert twice.start(1).result(timeout=LONG) == 3


def test_asyncio_run_takes_it_as_the_coroutine_it_is():
    assert asyncio.run(twice(1)) == 3


@pytest.mark.parametrize("options", [{"executor": "inline"}, {"max_workers": 1}], ids=["inline", "one thread"])
def test_it_runs_on_small_engines_too(options):
    @workflow
    async def both(x: int) -> int:
        first, second = await asyncio.gather(ainc(x), inc.submit(x))
        return first + second

    with Engine(**options):
        assert both.start(1).result(timeout=LONG) == 4


async def test_steps_of_threads_are_submitted():
    @workflow
    async def live(x: int) -> int:
        return await inc.submit(await inc.submit(x))

    assert await live(1) == 3


async def test_a_step_runs_at_once_where_it_is_called_and_the_body_goes_on_with_its_value():
    seen = []

    @step
    async def note(x: int) -> int:
        seen.append(x)
        return x

    @workflow
    async def live() -> list[int]:
        first = await note(1)
        seen.append("between")
        if first:
            await note(2)
        return list(seen)

    assert await live() == [1, "between", 2]


async def test_methods_and_defaults_are_what_they_are_anywhere():
    class Shop:
        def __init__(self, tax: int) -> None:
            self.tax = tax

        @step
        async def price(self, net: int) -> int:
            return net + self.tax

        @workflow
        async def bill(self, *net: int, tip: int = 0) -> int:
            return sum([await self.price(one) for one in net]) + tip

    shop = Shop(2)
    assert await shop.bill(10, 20) == 34
    assert await shop.bill(10, tip=1) == 13


async def test_the_loop_is_the_one_that_awaits():
    here = asyncio.get_running_loop()

    @step
    async def where() -> bool:
        return asyncio.get_running_loop() is here

    @workflow
    async def live() -> bool:
        return asyncio.get_running_loop() is here and await where()

    assert await live()
    assert await live.start()


async def test_context_variables_come_with_the_call():
    user = contextvars.ContextVar("user", default="nobody")

    @step
    async def who() -> str:
        return user.get()

    @step
    def who_there() -> str:
        return user.get()

    @workflow
    async def live() -> tuple[str, str]:
        return await who(), await who_there.submit()

    user.set("ada")
    assert await live() == ("ada", "ada")


async def test_a_step_that_is_called_in_a_step_is_a_plain_call():
    @step
    async def outer(x: int) -> int:
        return await ainc(inc(x))

    @workflow
    async def live() -> int:
        return await outer(0)

    run = live.start()
    assert await run == 2
    assert keys(run) == ["outer"]


# -- what is refused ---------------------------------------------------------------------------------------------------


async def test_a_plain_call_of_a_sync_step_is_refused_where_it_stands():
    def call(what):
        return what(1)

    @workflow
    async def live() -> int:
        return call(inc)

    with pytest.raises(CheckFailed, match=r"FK406.*`inc` is called plainly(.|\n)*await inc.submit"):
        await live()


async def test_a_plain_call_of_a_sync_workflow_is_refused():
    @workflow
    def plain(x: int) -> int:
        return inc(x)

    @workflow
    async def live() -> int:
        return next(map(plain, [1]))

    with pytest.raises(CheckFailed, match=r"the workflow `plain` is called plainly"):
        await live()


@pytest.mark.parametrize(
    ("use", "said"),
    [
        (lambda: inc.map([1]), r"asyncio\.gather"),
        (in_order, r"the order is that of your `await`s"),
        (lambda: discard(None), r"`discard` belongs into a `def` body; .*take no notice"),
        (lambda: outcome(3), r"`outcome` belongs into a `def` body; .*catch what it raises"),
    ],
    ids=["map", "in_order", "discard", "outcome"],
)
async def test_words_of_recorded_bodies_say_what_to_write_instead(use, said):
    @workflow
    async def live() -> None:
        with use():
            pass

    with pytest.raises(MisuseError, match=said):
        await live()


# -- side by side ------------------------------------------------------------------------------------------------------


class Turns:
    """Steps that end one by one, in an order that is drawn, each time all tasks of a body have come to a stop."""

    def __init__(self, tasks: int, choices: list[int]) -> None:
        self.tasks = tasks
        self.choices = itertools.chain(choices, itertools.repeat(0))
        self.held: list[asyncio.Future[None]] = []

    async def hold(self) -> None:
        turn = asyncio.get_running_loop().create_future()
        self.held.append(turn)
        self.next()
        await turn

    def next(self) -> None:
        if self.held and len(self.held) == self.tasks:
            self.held.pop(next(self.choices) % len(self.held)).set_result(None)

    def leave(self) -> None:
        self.tasks -= 1
        self.next()


@given(
    lengths=st.lists(st.integers(1, 4), min_size=1, max_size=4),
    choices=st.lists(st.integers(0, 3), max_size=20),
    how=st.sampled_from(["gather", "group", "submit"]),
    kind=st.sampled_from(["step", "workflow"]),
)
def test_keys_dont_depend_on_who_is_faster(lengths, choices, how, kind):
    """A program that does the same in any order of completion, run in the order it was written and in a drawn one."""

    def run(choices):
        turns = Turns(len(lengths), choices)
        order = []

        @step
        async def held(task: int, number: int) -> int:
            await turns.hold()
            order.append((task, number))
            return 10 * task + number

        @workflow
        async def inner(task: int, number: int) -> int:
            return await held(task, number)

        called = held if kind == "step" else inner

        async def some(task: int, length: int) -> int:
            try:
                return sum([await called(task, number) for number in range(length)])
            finally:
                turns.leave()

        @workflow
        async def chain(task: int, length: int) -> int:
            return await some(task, length)

        @workflow
        async def live() -> list[int]:
            if how == "gather":
                return await asyncio.gather(*[some(*one) for one in enumerate(lengths)])
            if how == "submit":
                begun = [chain.submit(*one) for one in enumerate(lengths)]
                return [await one for one in begun]
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(some(*one)) for one in enumerate(lengths)]
            return [task.result() for task in tasks]

        async def main():
            started = live.start()
            return await started, {record.key: record.value for record in started.steps}

        return (*asyncio.run(main()), order)

    value, steps, order = run([])
    again, steps_again, other_order = run(choices)

    event("another order" if order != other_order else "the same order")
    assert value == again
    assert steps == steps_again
    assert sorted(order) == sorted(other_order)


async def test_a_key_names_the_task_and_the_call_in_it():
    async def pair(x: int) -> int:
        return await ainc(await ainc(x))

    @workflow
    async def live() -> int:
        first = await ainc(0)
        both = await asyncio.gather(pair(1), pair(2))
        begun = [inc.submit(x) for x in both]
        return first + sum([await one for one in begun]) + await twice(5)

    run = live.start()
    await run
    assert sorted(keys(run)) == sorted(
        ["ainc", "~1/ainc", "~1/ainc#2", "~2/ainc", "~2/ainc#2", "inc", "inc#2", "twice/ainc", "twice/ainc#2", "twice"]
    )


@pytest.mark.covers("M20")
async def test_a_group_whose_member_fails_cancels_the_others():
    ended = []

    @step
    async def patient() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append("patient")

    @workflow
    async def live() -> str:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(patient())
                group.create_task(aboom(1))
        except ExceptionGroup as errors:
            return str(errors.exceptions[0])
        return "nothing failed"

    run = live.start()
    assert await run == "no 1"
    assert ended == ["patient"]
    assert {record.key: record.status for record in run.steps} == {"patient": "cancelled", "aboom": "failed"}


async def test_cancelling_what_was_submitted_cancels_the_step():
    begun, ended = asyncio.Event(), []

    @step
    async def patient() -> None:
        begun.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append("patient")

    @workflow
    async def live() -> str:
        task = patient.submit()
        await begun.wait()
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            return "cancelled"
        return "went on"

    assert await live() == "cancelled"
    assert ended == ["patient"]


async def test_what_still_runs_when_the_body_returns_is_cancelled():
    begun = asyncio.Event()

    @step
    async def patient() -> None:
        begun.set()
        await asyncio.get_running_loop().create_future()

    @workflow
    async def live() -> int:
        patient.submit()
        await begun.wait()
        return 1

    run = live.start()
    assert await run == 1
    assert run.status is RunStatus.SUCCEEDED
    assert [record.status for record in run.steps] == ["cancelled"]


# -- failures ----------------------------------------------------------------------------------------------------------


@pytest.mark.covers("M43")
async def test_a_step_that_fails_raises_what_it_raised_where_it_is_awaited():
    @workflow
    async def live() -> int:
        try:
            return await aboom(1)
        except ValueError:
            return await ainc(0)

    run = live.start()
    assert await run == 1
    assert [record.status for record in run.steps] == ["failed", "succeeded"]


async def test_a_failure_that_leaves_the_body_is_the_one_of_the_run():
    @workflow
    async def live() -> int:
        return await aboom(1)

    with pytest.raises(ValueError, match="no 1") as caught:
        await live()
    assert any("`aboom`" in note for note in caught.value.__notes__)


async def test_what_a_body_raises_itself_is_the_failure_of_the_run():
    @workflow
    async def live() -> int:
        await ainc(1)
        message = "I don't like it"
        raise KeyError(message)

    run = live.start()
    with pytest.raises(KeyError, match="I don't like it"):
        await run
    assert run.status is RunStatus.FAILED


async def test_a_body_can_try_again():
    @step
    async def flaky(x: int) -> int:
        if x < 3:
            raise ValueError(x)
        return x

    @workflow
    async def live() -> int:
        for x in itertools.count():
            try:
                return await flaky(x)
            except ValueError:
                continue
        return -1

    run = live.start()
    assert await run == 3
    assert keys(run) == ["flaky", "flaky#2", "flaky#3", "flaky#4"]


async def test_policies_of_steps_hold_in_live_bodies():
    @step(retries=2)
    async def third() -> int:
        if current().attempt < 3:
            message = "not yet"
            raise OSError(message)
        return current().attempt

    @step(run_if=lambda: False)
    async def never() -> int:
        return 1

    @workflow
    async def live() -> str:
        number = await third()
        try:
            await never()
        except Skipped:
            return f"{number}, skipped"
        return "went on"

    assert await live() == "3, skipped"


async def test_a_run_that_is_cancelled_cancels_its_body():
    begun, seen = asyncio.Event(), []

    @workflow
    async def live() -> None:
        begun.set()
        try:
            await forever()
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    run = live.start()
    await begun.wait()
    assert run.cancel("enough")
    with pytest.raises(RunCancelled, match="enough"):
        await run
    assert seen == ["cancelled"]


async def test_after_a_cancel_new_calls_raise():
    begun, calls = asyncio.Event(), []

    @step
    async def late() -> None:
        calls.append("late")

    @workflow
    async def live() -> None:
        begun.set()
        try:
            await forever()
        finally:
            await late()

    run = live.start()
    await begun.wait()
    run.cancel()
    with pytest.raises(RunCancelled):
        await run
    assert calls == []


async def test_whoever_stops_awaiting_a_live_call_cancels_its_run():
    begun, ended = asyncio.Event(), asyncio.Event()

    @step
    async def patient() -> None:
        begun.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.set()

    @workflow
    async def live() -> None:
        await patient()

    task = asyncio.ensure_future(live())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await ended.wait()


async def test_a_call_that_is_refused_and_caught_leaves_nothing_behind():
    @workflow
    async def live(x: int) -> int:
        with contextlib.suppress(CheckFailed):
            await inc.submit("s")
        return await inc.submit(x)

    run = live.start(1)
    assert await run == 2
    assert [record.key for record in run.steps] == ["inc#2"]


@pytest.mark.parametrize("call", [ainc, ainc.submit, inc.submit, twice], ids=["step", "submit", "sync", "workflow"])
async def test_what_isnt_awaited_cant_be_returned(call):
    @workflow
    async def live(x: int) -> int:
        return call(x)

    with pytest.raises(MisuseError, match=r"without awaiting it; write `return await \.\.\.`"):
        await live(1)


async def left_on_the_loop():
    """The tasks beside this one, once the loop has had its turn."""
    for _ in range(3):
        await asyncio.sleep(0)
    return [task.get_coro().__qualname__ for task in asyncio.all_tasks() if task is not asyncio.current_task()]


@pytest.mark.parametrize("how", ["raises", "returns", "is cancelled"])
async def test_nothing_of_a_body_is_left_on_the_loop_when_it_is_over(how):
    begun = asyncio.Event()

    @step
    async def patient() -> None:
        begun.set()
        await asyncio.get_running_loop().create_future()

    async def mine() -> None:
        await forever()

    @workflow
    async def live() -> int:
        patient.submit()
        others = [asyncio.ensure_future(mine())]
        await begun.wait()
        if how == "raises":
            raise KeyError(how)
        if how == "is cancelled":
            await others[0]
        return 1

    run = live.start()
    await begun.wait()
    if how == "is cancelled":
        run.cancel()
    with contextlib.suppress(KeyError, RunCancelled):
        await run
    assert await left_on_the_loop() == []


# -- in other bodies ---------------------------------------------------------------------------------------------------


def test_a_recorded_body_calls_a_live_one():
    @workflow
    def mixed(x: int) -> int:
        return inc(twice(inc(x)))

    assert mixed(0) == 4
    run = mixed.start(0)
    assert run.result(timeout=LONG) == 4
    assert sorted(keys(run)) == sorted(["inc", "twice", "twice/ainc", "twice/ainc#2", "inc#2"])


def test_ref_calls_a_live_one_with_its_type():
    @workflow
    def mixed(x: int) -> int:
        return inc(twice.ref(inc(x)))

    assert mixed(0) == 4
    with pytest.raises(MisuseError, match=r"`twice.ref` records a call, and no workflow's body is running; await it"):
        twice.ref(1)


async def test_ref_is_nothing_for_live_bodies():
    @workflow
    async def live(x: int) -> int:
        return ainc.ref(x)

    with pytest.raises(MisuseError, match=r"`ainc.ref` records a call, and this body is live; await it instead"):
        await live(1)


@pytest.mark.covers("M9")
async def test_a_call_that_nobody_awaits_is_warned_of_by_its_name():
    @workflow
    async def live(x: int) -> int:
        ainc(x)
        gc.collect()
        return x

    with pytest.warns(RuntimeWarning, match="coroutine 'ainc' was never awaited"):
        await live(1)


def test_the_outcome_of_a_live_body_is_taken_like_that_of_a_step():
    @workflow
    async def fails() -> int:
        return await aboom(1)

    @step
    def tell(what: Outcome[int]) -> str:
        return what.status

    @workflow
    def careful() -> str:
        return tell(outcome(fails()))

    assert careful() == "failed"


async def test_a_live_body_submits_a_recorded_one():
    @workflow
    def plain(x: int) -> int:
        return inc(inc(x))

    @workflow
    async def live(x: int) -> int:
        return await plain.submit(await ainc(x))

    run = live.start(0)
    assert await run == 3
    assert sorted(keys(run)) == ["ainc", "plain", "plain/inc", "plain/inc#2"]


async def test_live_bodies_call_themselves():
    @workflow
    async def count(down: int) -> int:
        return 0 if not down else await count(down - 1) + await ainc(0)

    assert await count(20) == 20


# -- inline ------------------------------------------------------------------------------------------------------------


def test_several_bodies_play_side_by_side_inline():
    @workflow
    async def live(x: int) -> int:
        return await inc.submit(x) + await ainc(x)

    @step
    def add(a: int, b: int) -> int:
        return a + b

    @workflow
    def both(x: int) -> int:
        return add(live(x), live(add(x, live(x))))

    with Engine(executor="inline"):
        assert both(1) == 4 + 12


def test_time_is_kept_inline():
    @step(delay=0.01)
    async def later(x: int) -> int:
        return x

    @step(retries=Retry(max_attempts=2, backoff=[0.01], jitter="none"))
    async def second(x: int) -> int:
        if current().attempt == 1:
            raise OSError(x)
        return x

    @step(timeout=0.05)
    async def endless() -> None:
        await asyncio.get_running_loop().create_future()

    @workflow
    async def live(x: int) -> str:
        number = await later(x) + await second(x)
        try:
            await endless()
        except StepTimeout:
            return f"{number}, timed out"
        return "went on"

    with Engine(executor="inline"):
        assert live.start(1).result() == "2, timed out"


# -- many --------------------------------------------------------------------------------------------------------------


async def test_many_calls_at_once():
    @workflow
    async def live() -> int:
        return sum(await asyncio.gather(*[ainc(x) for x in range(300)], *[inc.submit(x) for x in range(100)]))

    assert await live() == sum(range(1, 301)) + sum(range(1, 101))


async def test_many_bodies_at_once():
    assert await asyncio.gather(*[twice(x) for x in range(100)]) == list(range(2, 102))


async def test_nothing_of_a_call_is_kept_when_its_run_is_gone():
    class Big:
        pass

    gone = []

    @step
    async def make() -> Big:
        big = Big()
        gone.append(weakref.ref(big))
        return big

    @workflow
    async def live() -> None:
        await make()

    await live()
    for _ in range(3):  # the loop still holds what it has just called
        await asyncio.sleep(0)
    gc.collect()
    assert [ref() for ref in gone] == [None]


def test_other_tasks_on_the_loop_are_left_alone():
    """Nothing is put round tasks that have nothing to do with a live body, and a factory of somebody else stays."""
    made = []

    def factory(loop, coroutine):
        task = asyncio.Task(coroutine, loop=loop)
        made.append(task)
        return task

    async def main():
        asyncio.get_running_loop().set_task_factory(factory)
        assert await twice(1) == 3
        before = len(made)
        task = asyncio.ensure_future(asyncio.sleep(0, "mine"))
        assert made[before] is task
        return await task

    assert asyncio.run(main()) == "mine"


async def test_what_another_thread_calls_is_no_part_of_the_body():
    """Not even in a thread that the body started and gave its context to."""
    caught = []

    @workflow
    async def live() -> None:
        context = contextvars.copy_context()

        def elsewhere():
            try:
                context.run(inc.submit, 1)
            except Exception as error:
                caught.append(error)

        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()

    await live()
    assert [type(error) for error in caught] == [MisuseError]
