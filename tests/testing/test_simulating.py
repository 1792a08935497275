"""Runs in a world of their own: what takes no time, what is counted, and what a process that dies leaves behind."""

import asyncio

import attrs
import pytest

from flowkit import (
    CheckFailed,
    Fatal,
    Resource,
    Retry,
    Signal,
    StepTimeout,
    current,
    gate,
    live,
    result_of,
    sleep,
    step,
    workflow,
)
from flowkit.errors import MisuseError, PolicyError
from flowkit.testing import VirtualClock, World, approve, crash, pause, reject, send, simulate


@step
def add(x: int) -> int:
    return x + 1


@step(effect=True)
def charge(amount: int) -> str:
    return f"receipt {amount}"


@step(effect=True)
def charge_once(amount: int) -> str:
    return current().idempotency_key


@workflow
def three(n: int) -> int:
    return add(add(add(n)))


@workflow
def checkout(amount: int) -> str:
    return charge(add(amount))


# -- what comes of it -------------------------------------------------------------------------------------------------


def test_a_calm_run_comes_to_what_a_call_comes_to():
    run = simulate(three, 1)

    assert run.succeeded
    assert run.status == "succeeded"
    assert run.value == three(1) == 4
    assert run.error is None
    assert [(record.key, record.value) for record in run.steps] == [("add", 2), ("add#2", 3), ("add#3", 4)]
    assert [event.kind for event in run.events()][::7] == ["run_started", "run_succeeded"]
    assert run.takeovers == 0
    run.check()


def test_a_run_that_fails_raises_nothing_and_has_its_error():
    @step
    def breaks(x: int) -> int:
        raise LookupError("gone")

    @workflow
    def failing(n: int) -> int:
        return breaks(n)

    run = simulate(failing, 1)
    assert run.status == "failed"
    assert isinstance(run.error, LookupError)
    assert run.value is None


def test_what_the_checks_find_is_raised_as_by_a_start():
    @workflow
    def wrong(n: int) -> int:
        add(n)
        return n

    with pytest.raises(CheckFailed):
        simulate(wrong, 1)


def test_only_workflows_are_simulated():
    with pytest.raises(MisuseError, match="pass a workflow"):
        simulate(add, 1)


def test_keyword_arguments_go_in_a_mapping_of_their_own():
    assert simulate(three, kwargs={"n": 5}).value == 8


def test_a_value_comes_back_as_what_it_is_annotated_as():
    @attrs.frozen
    class Point:
        x: int

    @step
    def make(x: int) -> Point:
        return Point(x)

    @workflow
    def pointed(n: int) -> Point:
        return make(n)

    assert simulate(pointed, 3).value == Point(3)


# -- time -------------------------------------------------------------------------------------------------------------


def test_a_year_of_waiting_takes_no_time():
    @step(retries=Retry(max_attempts=5, backoff=[86400.0] * 4, jitter="none"))
    def flaky(x: int) -> int:
        if current().attempt < 5:
            raise ValueError("not yet")
        return x

    @step(timeout="1h", retries=Retry(max_attempts=2, backoff=[60.0], jitter="none"))
    async def hangs(x: int) -> int:
        if current().attempt == 1:
            await asyncio.sleep(10_000)
        return x

    @step(delay="1w")
    def later(x: int) -> int:
        return x

    @workflow
    def patient(n: int) -> int:
        a = add(n)
        sleep("365d")
        return hangs(later(flaky(a)))

    run = simulate(patient, 1)
    assert run.value == 2
    assert run.clock.elapsed == pytest.approx(365 * 86400 + 4 * 86400 + 7 * 86400 + 3600 + 60)


def test_steps_take_no_time_unless_they_use_the_clock():
    clock = VirtualClock()

    def slow(x: int) -> int:
        clock.sleep("90s")
        return x

    run = simulate(three, 1, steps={add: slow}, clock=clock)
    assert run.clock.elapsed == 270
    assert [effect.at for effect in run.effects] == [0, 90, 180]


def test_a_step_that_uses_the_clock_can_run_out_of_time():
    clock = VirtualClock()

    @step(timeout="1m")
    def slow(x: int) -> int:
        clock.sleep("2m")
        return x

    @workflow
    def timed(n: int) -> int:
        return slow(n)

    run = simulate(timed, 1, clock=clock)
    assert run.status == "failed"
    assert isinstance(run.error, StepTimeout)


def test_a_clock_can_be_used_again():
    clock = VirtualClock(start=0)
    fakes = {add: lambda x: clock.sleep(10) or x}
    assert simulate(three, 1, steps=fakes, clock=clock).clock.elapsed == 30
    assert simulate(three, 1, steps=fakes, clock=clock).clock.elapsed == 30
    assert clock.time() == clock.now() == 30


def test_live_bodies_run_on_a_loop_with_the_same_time():
    @step
    async def fetch(x: int) -> int:
        await asyncio.sleep(3600)
        return x

    @workflow
    async def gathered(n: int) -> int:
        a, b = await asyncio.gather(fetch(n), fetch(n + 1))
        await live.sleep("1d")
        return a + b

    run = simulate(gathered, 1)
    assert run.value == 3
    assert run.clock.elapsed == pytest.approx(3600 + 86400)


async def test_a_run_can_be_simulated_where_an_event_loop_runs():
    @workflow
    async def body(n: int) -> int:
        return await add.submit(n)

    assert simulate(body, 1).value == 2
    await asyncio.sleep(0)


def test_what_is_handed_to_a_thread_is_done_here_and_now():
    @step
    async def threaded(x: int) -> int:
        return await asyncio.to_thread(lambda: x + 1)

    @workflow
    def body(n: int) -> int:
        return threaded(n)

    assert simulate(body, 1).value == 2


def test_the_same_world_gives_the_same_history_each_time():
    def history():
        @step(retries=Retry(max_attempts=3))
        def jittery(x: int) -> int:
            if current().attempt < 3:
                raise ValueError("not yet")
            return x

        @workflow
        def body(n: int) -> int:
            return add(jittery(add(n)))

        run = simulate(body, 1, world=World(crash("jittery", before="record", nth=1)))
        return run.story(), run.clock.elapsed, [(event.kind, event.time) for event in run.events()]

    assert history() == history()


# -- fakes, and what was done -----------------------------------------------------------------------------------------


def test_a_fake_stands_in_for_a_step():
    run = simulate(three, 1, steps={add: lambda x: x * 10})
    assert run.value == 1000


def test_a_fake_may_be_a_value_or_an_exception():
    assert simulate(three, 1, steps={add: 7}).value == 7
    assert isinstance(simulate(three, 1, steps={add: Fatal("no")}).error, Fatal)


def test_an_async_step_may_have_a_plain_fake():
    @step
    async def fetch(x: int) -> int:
        raise AssertionError

    @workflow
    def body(n: int) -> int:
        return fetch(n)

    assert simulate(body, 1, steps={fetch: lambda x: x + 5}).value == 6
    assert simulate(body, 1, steps={fetch: 9}).value == 9


def test_fakes_are_for_steps():
    with pytest.raises(PolicyError, match="the keys are steps"):
        simulate(three, 1, steps={"add": 1})


def test_every_execution_is_counted_with_its_arguments():
    run = simulate(checkout, 4, world=World(crash("charge", before="record")))

    assert run.effects.keys == ["add", "charge", "charge"]
    assert run.executions(charge) == run.executions("charge") == 2
    first, second = run.effects.of(charge)
    assert first.args == second.args == (5,)
    assert first.idempotency_key == second.idempotency_key
    assert [first.process.number, second.process.number] == [1, 2]
    assert [first.ended, second.ended] == ["returned", "returned"]
    assert len(run.effects.once.of(charge)) == 1
    assert repr(first) == "<charge, attempt 1: charge(5)>"


def test_it_is_noted_who_asked_for_the_idempotency_key():
    @workflow
    def body(n: int) -> str:
        return charge_once(n)

    assert simulate(body, 1).effects[0].asked_key
    assert simulate(body, 1).value == "simulated:charge_once"
    assert not simulate(checkout, 1).effects.of(charge)[0].asked_key


# -- what comes from outside ------------------------------------------------------------------------------------------

paid = Signal[int]("paid")


@workflow
def waits(n: int) -> int:
    gate("ship it?")
    return add(paid.wait())


def test_the_world_answers_when_the_run_waits():
    run = simulate(waits, 1, outside=[approve("ship it?"), send("paid", 4)])
    assert run.value == 5


def test_a_run_that_nobody_answers_waits():
    run = simulate(waits, 1, outside=[approve()])
    assert run.status == "waiting"
    assert run.value is None
    assert "waits for what doesn't come" in run.story()


def test_the_world_may_say_no():
    run = simulate(waits, 1, outside=[reject("ship it?", who="ada")])
    assert run.status == "failed"
    assert "ada" in str(run.error)


def test_what_the_world_does_may_be_a_function():
    asked = []

    def outside(run):
        asked.append([gate.prompt for gate in run.gates])
        if run.gates:
            run.approve()
        else:
            paid.send(run, 8)

    assert simulate(waits, 1, outside=outside).value == 9
    assert asked == [["ship it?"], []]


def test_answers_come_while_nobody_has_the_run():
    run = simulate(waits, 1, outside=[approve(), send("paid", 4)], world=World(crash("gate", after="gate")))
    assert run.value == 5
    assert "the process dies here" in run.story()


def test_answers_show_how_they_are_written():
    assert repr(approve("ship it?", who="ada")) == "approve('ship it?', who='ada')"
    assert repr(reject()) == "reject()"
    assert repr(send("paid", 4)) == "send('paid', 4)"


# -- processes that die -----------------------------------------------------------------------------------------------


def test_what_was_done_and_not_recorded_is_done_again():
    run = simulate(three, 1, world=World(crash("add#2", before="record")))
    assert run.effects.keys == ["add", "add#2", "add#2", "add#3"]
    assert run.value == 4
    assert run.takeovers == 1
    assert run.fired == [crash("add#2", before="record")]


def test_what_was_recorded_is_not_done_again():
    run = simulate(three, 1, world=World(crash("add#2", after="record")))
    assert run.effects.keys == ["add", "add#2", "add#3"]
    assert run.value == 4


def test_a_takeover_waits_for_the_lease():
    assert simulate(three, 1, world=World(crash("add", after="record"))).clock.elapsed > 30
    assert simulate(three, 1, world=World(crash("add", after="record")), lease="5m").clock.elapsed > 300


def test_several_processes_may_die_at_one_place():
    run = simulate(three, 1, world=World(crash("add#2", before="record", times=3)))
    assert run.executions("add#2") == 4
    assert run.takeovers == 3
    assert len(run.fired) == 3


def test_a_run_whose_processes_die_again_and_again_is_given_up():
    run = simulate(three, 1, world=World(crash("add#2", before="record", times=20)))
    assert run.status == "failed"
    assert "it was taken over 10 times without getting any further" in str(run.error)
    assert run.executions("add#2") == 11
    run.check()


def test_a_run_that_gets_further_in_between_isnt_given_up():
    deaths = crash("add", before="record", times=8), crash("add#2", before="record", times=8)
    run = simulate(three, 1, world=World(*deaths))
    assert (run.value, run.takeovers) == (4, 16)
    run.check()


def test_what_was_open_is_closed_when_all_is_over():
    told = []

    def database():
        told.append("opened")
        yield 1
        told.append("closed")

    @step
    def read(x: int, rows: int = Resource(database)) -> int:
        return x + rows

    @workflow
    def body(n: int) -> int:
        return read(read(n))

    run = simulate(body, 1, world=World(crash("read", after="record")))
    assert run.value == 3
    assert told == ["opened", "opened", "closed", "closed"]


def test_one_thing_goes_wrong_after_another():
    world = World(crash("add#2", before="record"), crash("add", before="recover"), crash("add#3", after="effect"))
    run = simulate(three, 1, world=world)
    assert run.fired == list(world.events)
    assert run.value == 4


def test_an_event_whose_point_is_never_reached_does_not_happen():
    run = simulate(three, 1, world=World(crash("subtract", before="record"), crash("add", before="record")))
    assert run.fired == []
    assert run.succeeded


def test_a_process_that_stood_still_is_refused_when_it_goes_on():
    run = simulate(three, 1, world=World(pause("add#2", before="record")))
    assert run.value == 4
    assert run.story().splitlines()[-2:] == [
        "7. engine 1 goes on",
        "8. engine 1 is refused: its generation is 1, the newest 2",
    ]
    run.check()


def test_a_process_that_stands_still_on_an_event_loop_does_not_hold_up_the_next():
    @step
    async def fetch(x: int) -> int:
        await asyncio.sleep(10)
        return x

    @workflow
    async def body(n: int) -> int:
        a, b = await asyncio.gather(fetch(n), fetch(n))
        return a + b

    run = simulate(body, 2, world=World(pause("fetch#2", after="effect")))
    assert run.value == 4
    run.check()


def test_nothing_of_a_process_that_died_reaches_store_or_steps():
    """What its code would still do on its way out, a `finally` say, is nobody's."""
    done = []

    @step
    def undo(x: int) -> int:
        done.append(x)
        return x

    @workflow
    async def body(n: int) -> int:
        try:
            return await add.submit(n)
        finally:
            await undo.submit(n)

    run = simulate(body, 1, world=World(crash("add", before="record")))
    assert run.value == 2
    assert done == [1]


def test_a_start_whose_process_dies_before_it_is_on_record_is_made_again():
    run = simulate(three, 1, world=World(crash(before="claim")))
    assert run.value == 4
    assert run.takeovers == 0
    assert run.effects.keys == ["add", "add#2", "add#3"]


def test_a_body_that_asks_for_results_goes_on_from_them():
    @workflow
    def asking(n: int) -> int:
        a = result_of(add(n))
        return add(a) if a > 1 else add(add(a))

    run = simulate(asking, 1, world=World(crash("add", after="record")))
    assert run.value == 3
    assert run.effects.keys == ["add", "add#2"]


# -- its story --------------------------------------------------------------------------------------------------------


def test_its_story_has_a_line_for_everything():
    @step(retries=Retry(max_attempts=2, backoff=[60.0], jitter="none"))
    def flaky(x: int) -> int:
        if current().attempt == 1:
            raise ValueError("not yet")
        return x

    @workflow
    def body(n: int) -> str:
        gate("ship it?")
        return charge(flaky(n))

    run = simulate(body, 1, world=World(crash("charge", before="record")), outside=[approve()])
    assert run.story().splitlines() == [
        "1. gate     waits, recorded",
        "2. from outside: `gate` is decided",
        "3. gate     recorded",
        "4. flaky    attempt 1   raised ValueError   to be tried again, recorded",
        "5. flaky    attempt 2   recorded",
        "6. charge   attempt 1   effect #1, no idempotency key   <- the process dies here",
        "7. engine 2 takes over (generation 2)",
        "8. charge   attempt 1   effect #2, no idempotency key   recorded",
        "9. the run has succeeded",
    ]


def test_it_says_what_it_is():
    run = simulate(three, 1, world=World(crash("add", before="record")))
    assert repr(run) == "<simulated run of three in World(crash('add', before='record')): succeeded>"
