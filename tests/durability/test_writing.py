"""When results are written: together where that costs nobody anything, and never later than a moment."""

from __future__ import annotations

import time

import pytest

from flowkit import Engine, StoreError, current, step, workflow
from flowkit.engine.kept import Commit, KeptEvent, KeptNode, NewRun, RunChange
from flowkit.engine.writing import Writer
from flowkit.stores.memory import MemoryStore

LONG = 20.0
"""Seconds that nothing here takes, unless it hangs."""


class Counting(MemoryStore):
    """Says how often it was written to."""

    calls = 0

    def commit(self, commits):
        self.calls += 1
        return super().commit(commits)


@step
def inc(x: int) -> int:
    return x + 1


@step
def total(xs: list[int]) -> int:
    return sum(xs)


def test_results_that_come_quickly_are_written_together():
    """A worker that has more to do does that first: many results then cost one commit."""

    @workflow
    def many() -> int:
        return total(inc.map(range(1_000)))

    store = Counting()
    with Engine(store=store, max_workers=1, recover=False):
        assert many.start().result(LONG) == 500_500
    assert store.calls < 500


def test_results_that_others_wait_for_are_written_one_by_one():
    """A control for the test above: each step needs the result before it, which is on record by then."""

    @workflow
    def chain() -> int:
        x = 0
        for _ in range(100):
            x = inc(x)
        return x

    store = Counting()
    with Engine(store=store, max_workers=1, recover=False):
        assert chain.start().result(LONG) == 100
    assert store.calls >= 100


@pytest.mark.parametrize("workers", [1, 2])
def test_a_result_is_on_record_soon_though_its_worker_is_busy_with_something_else(workers):
    store = MemoryStore()

    @step
    def watch(_: int) -> bool:
        until = time.monotonic() + LONG
        while time.monotonic() < until:
            if any(node.key == "inc" and node.status == "succeeded" for node in store.nodes(current().run_id)):
                return True
            time.sleep(0.001)
        return False

    @workflow
    def both() -> tuple[int, bool]:
        return inc(1), watch(1)

    with Engine(store=store, max_workers=workers, recover=False):
        assert both.start().result(2 * LONG) == (2, True)


def test_what_waits_for_a_result_begins_soon_though_its_worker_is_busy_with_something_else():
    """Another worker takes it, as soon as the result is on record."""
    begun = []

    @step
    def follow(x: int) -> int:
        begun.append(x)
        return x

    @step
    def watch(_: int) -> bool:
        until = time.monotonic() + LONG
        while not begun and time.monotonic() < until:
            time.sleep(0.001)
        return bool(begun)

    @workflow
    def both() -> tuple[int, bool]:
        first = inc(1)
        seen = watch(1)
        return follow(first), seen

    with Engine(store=MemoryStore(), max_workers=2, recover=False):
        assert both.start().result(2 * LONG) == (2, True)


class Losing(MemoryStore):
    """Takes everything but what happened first."""

    def commit(self, commits):
        if any(event.number == 1 for one in commits for event in one.events):
            raise StoreError("the disk is full")
        return super().commit(commits)


def test_what_comes_after_something_that_wasnt_written_isnt_written_either():
    """There would be a hole in what is on record of the run. Letting go of it is no part of that, and other runs go on."""
    store = Losing()
    store.renew("me", 60.0)
    lease, other = (store.create(NewRun(name, "w", "{}", "d", 1.0), "me").lease for name in ("run", "other"))
    writer, answers = Writer(store, threads=False), []

    def put(commit):
        writer.put(commit, lambda written: answers.append(str(written.error or "written")), call=False)

    def event(number):
        return KeptEvent(number, 1.0, "step_started", "a", "{}")

    put(Commit(lease, events=[event(1)]))
    put(Commit(lease, events=[event(2)]))
    put(Commit(other, events=[event(2)]))
    writer.drain()
    put(Commit(lease, nodes=[KeptNode("a", "a", "step", "running")], run=RunChange("succeeded", 2.0), release=True))
    put(Commit(lease, release=True))
    writer.drain()
    full = "the disk is full"
    assert [full in answer for answer in answers] == [True, True, False, True, False]
    assert store.events("run") == []
    assert store.nodes("run") == []
    assert not store.run("run").owner
    assert [one.number for one in store.events("other")] == [2]
