"""Limits that steps share: `limit=Limit("db", 4)`, across steps, runs and threads of one engine."""

from __future__ import annotations

import asyncio
import threading

import pytest

from flowkit import Engine, Limit, PolicyError, RunCancelled, StepTimeout, outcome, race, step, workflow

LONG = 20.0
"""Seconds that nothing here takes, unless it hangs."""

SOON = 0.02


class Door:
    """Steps under one limit that stay until a test lets them go, and how many are inside."""

    def __init__(self, places=2, **options):
        self.limit = Limit(f"door {id(self)}", places)
        self.inside = self.most = 0
        self._lock = threading.Lock()
        self._open = threading.Event()
        self._entered = threading.Semaphore(0)

        @step(limit=self.limit, **options)
        def enter(x: int) -> int:
            with self._lock:
                self.inside += 1
                self.most = max(self.most, self.inside)
            self._entered.release()
            assert self._open.wait(LONG)
            with self._lock:
                self.inside -= 1
            return x

        @step(limit=self.limit)
        def peek(x: int) -> int:
            return x

        self.enter, self.peek = enter, peek

    def await_inside(self, count):
        for _ in range(count):
            assert self._entered.acquire(timeout=LONG)

    def open(self):
        self._open.set()


@pytest.fixture
def door():
    door = Door()
    yield door
    door.open()


@pytest.mark.covers("M72")
def test_steps_of_one_limit_share_its_places_across_runs(door):
    @workflow
    def one() -> list[int]:
        return door.enter.map([1, 2])

    @workflow
    def other() -> list[int]:
        return [door.enter(3), door.peek(4)]

    runs = [one.start(), other.start(), one.start()]
    door.await_inside(2)
    door.open()

    assert [run.result(timeout=LONG) for run in runs] == [[1, 2], [3, 4], [1, 2]]
    assert door.most == 2


def test_a_called_workflow_waits_for_the_places_of_a_started_one():
    door = Door(places=1)

    @workflow
    def held() -> int:
        return door.enter(1)

    @workflow
    def called() -> int:
        return door.peek(2)

    run = held.start()
    door.await_inside(1)
    results = []
    caller = threading.Thread(target=lambda: results.append(called()))
    caller.start()
    assert results == []
    door.open()
    caller.join(LONG)

    assert results == [2]
    assert run.result(timeout=LONG) == 1


def test_who_has_waited_longest_goes_first():
    door = Door(places=1)
    order = []

    @step(limit=door.limit)
    def note(x: int) -> None:
        order.append(x)

    @workflow
    def held() -> int:
        return door.enter(0)

    @workflow
    def noted(x: int) -> None:
        note(x)

    first = held.start()
    door.await_inside(1)
    runs = [first, *(noted.start(x) for x in range(5))]
    door.open()
    for run in runs:
        run.result(timeout=LONG)

    assert order == [0, 1, 2, 3, 4]


def test_async_steps_share_a_limit():
    limit = Limit("api", 2)
    inside = most = 0

    @step(limit=limit)
    async def ask(x: int) -> int:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0)
        inside -= 1
        return x

    @workflow
    def asked() -> list[int]:
        return ask.map(range(20))

    assert asked() == list(range(20))
    assert most == 2


def test_an_inline_engine_keeps_limits():
    limit = Limit("one", 1)

    @step(limit=limit)
    def inc(x: int) -> int:
        return x + 1

    @workflow
    def grown() -> list[int]:
        return inc.map(inc.map([1, 2]))

    with Engine(executor="inline"):
        assert grown() == [3, 4]


def test_a_place_comes_back_with_a_failure_and_with_each_attempt():
    limit, tried = Limit("one", 1), []

    @step(limit=limit, retries=2)
    def flaky(x: int) -> int:
        tried.append(x)
        if len(tried) < 3:
            raise ValueError(x)
        return x

    @step(limit=limit)
    def boom(x: int) -> int:
        raise KeyError(x)

    @workflow
    def flaky_twice() -> list[object]:
        return [flaky(1), outcome(boom(2)), flaky(3)]

    assert flaky_twice()[0] == 1


def test_a_run_that_is_cancelled_while_it_waits_leaves_the_line():
    door = Door(places=1)

    @workflow
    def held() -> int:
        return door.enter(1)

    @workflow
    def waiting() -> int:
        return door.peek(2)

    first = held.start()
    door.await_inside(1)
    second, third = waiting.start(), waiting.start()
    second.cancel()
    with pytest.raises(RunCancelled):
        second.result(timeout=LONG)
    door.open()

    assert third.result(timeout=LONG) == 2
    assert first.result(timeout=LONG) == 1


def test_an_attempt_that_was_left_behind_keeps_its_place_until_it_ends():
    door = Door(places=1, timeout=SOON)

    @workflow
    def late() -> int:
        return door.enter(1)

    @workflow
    def peeking() -> int:
        return door.peek(2)

    with pytest.raises(StepTimeout):
        late()
    run = peeking.start()
    assert door.inside == 1
    assert not run.wait(timeout=SOON)
    door.open()

    assert run.result(timeout=LONG) == 2


def test_a_loser_gives_its_place_back_when_it_ends():
    door = Door(places=1)

    @step
    def quick(x: int) -> int:
        door.await_inside(1)
        return x

    @workflow
    def raced() -> int:
        return race(door.enter(1), quick(2))

    @workflow
    def peeking() -> int:
        return door.peek(3)

    assert raced() == 2
    run = peeking.start()
    door.open()
    assert run.result(timeout=LONG) == 3


def test_limits_are_an_engines_own():
    door = Door(places=1)

    @workflow
    def held() -> int:
        return door.enter(1)

    @workflow
    def peeking() -> int:
        return door.peek(2)

    run = held.start()
    door.await_inside(1)
    with Engine():
        assert peeking() == 2
    door.open()
    assert run.result(timeout=LONG) == 1


def test_one_name_has_one_size():
    @step(limit=Limit("db", 1))
    def read(x: int) -> int:
        return x

    @step(limit=Limit("db", 2))
    def write(x: int) -> int:
        return x

    @workflow
    def both() -> int:
        return write(read(1))

    with Engine(), pytest.raises(PolicyError, match=r"two limits of one name: Limit\(name='db', places=\d\) and"):
        both()


def test_a_limit_that_is_in_use_keeps_its_size():
    door = Door(places=1)
    wider = Limit(door.limit.name, 2)

    @workflow
    def held() -> int:
        return door.enter(1)

    @workflow
    def changed() -> int:
        return door.peek.with_options(limit=wider)(2)

    run = held.start()
    door.await_inside(1)
    with pytest.raises(PolicyError, match="two limits of one name"):
        changed()
    door.open()
    run.result(timeout=LONG)

    assert changed() == 2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Limit("", 1), "a Limit is called by a name"),
        (lambda: Limit(4, 1), "a Limit is called by a name"),
        (lambda: Limit("db", 0), r"Limit\('db', 0\) lets nothing run; write 1 or more"),
        (lambda: Limit("db", True), "lets nothing run"),
        (lambda: step(limit=4), r'limit=4 is no Limit; write limit=Limit\("db", 4\)'),
    ],
    ids=["no name", "a number", "no place", "what is true", "no Limit"],
)
def test_what_is_no_limit_is_refused_where_it_is_written(make, message):
    with pytest.raises(PolicyError, match=message):
        make()
