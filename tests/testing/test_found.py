"""What trying everything has found, each as the world in which it showed."""

import asyncio

from flowkit import Retry, current, gate, step, workflow
from flowkit.testing import World, approve, crash, pause, simulate


@step
def add(x: int) -> int:
    return x + 1


@step(retries=Retry(max_attempts=3, backoff=[60.0, 60.0], jitter="none"))
def flaky(x: int) -> int:
    if current().attempt < 3:
        raise ValueError("not yet")
    return x


@step
def total(xs: list[int]) -> int:
    return sum(xs)


def test_an_attempt_that_failed_is_on_record_before_the_next_one_begins():
    """A process that stood still for long tried again at once what it had no right to any more."""

    @workflow
    def many(n: int) -> int:
        return total(flaky.map(list(range(n))))

    run = simulate(many, 3, world=World(pause("flaky[1]", before="start")))
    assert run.executions("flaky[0]") == 4  # three attempts of who took it over, and the one that it had made
    run.check()


def test_an_attempt_that_timed_out_is_on_record_before_the_next_one_begins():
    @step(timeout="1m", retries=Retry(max_attempts=2, backoff=[1.0]))
    async def hangs(x: int) -> int:
        if current().attempt == 1:
            await asyncio.sleep(3600)
        return x

    @workflow
    async def body(n: int) -> int:
        return await hangs(n)

    run = simulate(body, 1, world=World(crash("hangs", before="effect", nth=2)))
    assert [effect.attempt for effect in run.effects] == [1, 2]
    run.check()


def test_an_attempt_on_an_event_loop_that_would_have_to_be_undone_is_on_record_before_it_begins():
    undone = []

    @step
    def unbook(end, x: int) -> int:
        undone.append((end.status, x))
        return x

    @step(compensate=unbook)
    async def book(x: int) -> int:
        return x

    @step
    def breaks(x: int) -> int:
        raise ValueError("no")

    @workflow
    async def body(n: int) -> int:
        return await breaks.submit(await book(n))

    run = simulate(body, 1, world=World(crash("book", before="effect")))
    assert run.status == "failed"
    writes = [one for one in run.simulation.happened if hasattr(one, "commit")]
    assert [attempt.key for one in writes[:2] for attempt in one.commit.attempts] == ["book", "book"]


def test_items_of_a_generator_are_told_of_once():
    @step
    def numbers(n: int):
        yield from range(n)

    @workflow
    def body(n: int) -> int:
        return total(add.map(numbers(n)))

    run = simulate(body, 2, world=World(crash("total", before="record")))
    told = [event.kind for event in run.events() if getattr(event, "key", "") == "add[0]"]
    assert told == ["step_started", "step_succeeded"]


def test_a_run_that_ended_with_its_parent_meanwhile_is_left_alone():
    """Who takes a run up does so with the runs that its steps started; those have been looked up before."""

    @workflow
    def inner(x: int) -> int:
        return add(add(x))

    @step
    def starts(x: int) -> int:
        return inner(x)

    @workflow
    def outer(n: int) -> int:
        return add(starts(n))

    run = simulate(outer, 1, world=World(crash("starts/inner/add", before="record")))
    assert run.value == 4
    run.check()


def test_a_run_that_is_to_end_begins_nothing_again_when_it_is_taken_up():
    """Its gate was open once more, and could be decided."""

    @step
    def unbook(end, x: int) -> int:
        return x

    @step(compensate=unbook)
    def book(x: int) -> int:
        return x

    @workflow
    def asking(n: int) -> int:
        a = book(n)
        gate("ship it?")
        return add(a)

    run = simulate(
        asking, 1, outside=lambda run: run.cancel("enough"), world=World(crash("book:unbook", after="record"))
    )
    assert run.status == "cancelled"
    assert [event.kind for event in run.events() if getattr(event, "key", "") == "gate"] == [
        "step_started",
        "gate_opened",
        "step_cancelled",
    ]
    assert run.executions("book:unbook") == 1


def test_what_came_back_is_not_lost_to_a_failure_that_follows_from_it():
    """A list that can't be gone through stops the run, before all that was recorded earlier is there again."""

    @step
    def add_both(x: int, y: int) -> int:
        return x + y

    @workflow
    def mismatched(n: int) -> list[int]:
        return add_both.map([], add.map([n]))

    run = simulate(mismatched, 1, world=World(crash("add[0]", after="record")))
    assert run.status == "failed"
    assert {node.key: node.status for node in run.simulation.store.nodes("simulated")}["add[0]"] == "succeeded"
    run.check()


def test_what_ended_without_an_attempt_is_not_tried_again():
    asked = []

    @step(run_if=lambda x: asked.append(x) or 1 / 0)
    def picky(x: int) -> int:
        return x

    @workflow
    def asking(n: int) -> int:
        return picky(n)

    run = simulate(asking, 1, world=World(crash("picky", after="record")))
    assert run.status == "failed"
    assert len(asked) == 1
    run.check()


def test_an_engine_that_only_waits_learns_that_it_has_lost_the_run():
    """Whoever waited for the run in that process would wait for ever."""

    @workflow
    def asking(n: int) -> int:
        gate("ship it?")
        return add(n)

    run = simulate(asking, 1, outside=[approve()], world=World(pause("gate", after="gate")))
    assert run.value == 2
    assert not run.simulation.hung
    driver = run.simulation.processes[0].driver
    assert driver.suspended.reason == "lease_lost"


def test_what_fails_with_others_is_recorded_once():
    """Nobody runs it, so nothing of it comes back: it fails again when those have come back that it fails with."""

    @step
    def breaks(x: int) -> int:
        raise ValueError("no")

    @workflow
    def inner(x: int) -> int:
        return add.with_options(depends_on_any=[breaks(x)])(x)

    @workflow
    def outer(n: int) -> int:
        return inner(n)

    run = simulate(outer, 1, world=World(crash("inner/add", after="record")))
    assert run.status == "failed"
    assert [(node.key, node.sequence) for node in run.simulation.store.nodes("simulated") if node.sequence] == [
        ("inner/breaks", 1),
        ("inner/add", 2),
    ]
    run.check()
