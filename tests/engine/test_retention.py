"""Runs that ended long ago are removed, with those that they started."""

from __future__ import annotations

import pytest

from flowkit import Engine, PolicyError, step, workflow
from flowkit.engine.keep import SWEEP, SWEPT
from flowkit.engine.kept import Commit, NewRun, RunChange
from flowkit.engine.retention import sweep
from flowkit.stores.memory import MemoryStore

DAY = 86_400.0
NOW = 1_000 * DAY


class Clock:
    """Both clocks of an engine, which only we move."""

    def __init__(self):
        self.elapsed = 0.0

    def now(self):
        return self.elapsed

    def time(self):
        return NOW + self.elapsed


@pytest.fixture
def store():
    return MemoryStore(time=lambda: NOW)


def ended(store, run_id, days, status="succeeded", parent=""):
    lease = store.create(NewRun(run_id, "w", "{}", "d", NOW - 500 * DAY, parent), "owner").lease
    store.commit([Commit(lease, run=RunChange(status, NOW - days * DAY), release=True)])


def ids(store):
    return {run.run_id for run in store.runs(limit=1_000).runs}


@pytest.mark.covers("M89")
def test_runs_that_ended_before_a_time_are_removed(store):
    ended(store, "old", 31)
    ended(store, "young", 29)
    store.create(NewRun("running", "w", "{}", "d", 0.0), "owner")
    assert sweep(store, NOW - 30 * DAY, dry_run=True) == ["old"]
    assert ids(store) == {"old", "young", "running"}
    assert sweep(store, NOW - 30 * DAY) == ["old"]
    assert ids(store) == {"young", "running"}


@pytest.mark.covers("M89")
def test_an_end_in_the_future_is_an_old_one(store):
    """The clock was wrong when it was written, and the run would stay for ever."""
    ended(store, "future", -400)
    assert sweep(store, NOW - 30 * DAY) == ["future"]


def test_only_what_ended_in_a_certain_way(store):
    for status in ("succeeded", "failed", "cancelled"):
        ended(store, status, 40, status)
    assert sweep(store, NOW, status=["failed", "running"]) == ["failed"]
    assert set(sweep(store, NOW, status=())) == {"succeeded", "cancelled"}


@pytest.mark.covers("M89")
def test_what_a_run_started_goes_with_it(store):
    """A child that ended long ago stays for as long as its parent does; one that ended late goes with it."""
    ended(store, "old", 40)
    ended(store, "late", 1, parent="old")
    ended(store, "deep", 35, parent="late")
    ended(store, "young", 10)
    ended(store, "early", 60, parent="young")
    assert set(sweep(store, NOW - 30 * DAY)) == {"old", "late", "deep"}
    assert ids(store) == {"young", "early"}


def test_what_a_run_started_keeps_it_until_it_has_ended(store):
    ended(store, "old", 40)
    ended(store, "child", 40, parent="old")
    store.create(NewRun("grandchild", "w", "{}", "d", 0.0, "child"), "owner")
    assert sweep(store, NOW) == []


def test_a_child_whose_parent_is_gone_is_a_run_like_any_other(store):
    ended(store, "orphan", 40, parent="nobody")
    assert sweep(store, NOW) == ["orphan"]


def test_many_are_removed_page_by_page(store):
    for place in range(450):
        ended(store, f"run{place}", 40)
    assert len(sweep(store, NOW)) == 450
    assert ids(store) == set()


def test_a_limit_is_on_runs_that_are_begun_with(store):
    for place in range(10):
        ended(store, f"run{place}", 40)
    assert len(sweep(store, NOW, limit=4)) == 4
    assert len(sweep(store, NOW, limit=4, dry_run=True)) == 4
    assert len(ids(store)) == 6


@step
def one() -> int:
    return 1


@workflow
def report() -> int:
    return one()


@pytest.mark.covers("M89")
def test_an_engine_removes_old_runs_now_and_then(store):
    """A few at a time, so that its lease is renewed in between; and then for a while it doesn't look."""
    clock = Clock()
    for place in range(SWEPT + 3):
        ended(store, f"run{place}", 40)
    ended(store, "young", 20)
    with Engine(store=store, recover=False, retention="30d", clock=clock, executor="inline") as engine:
        assert report() == 1  # an inline engine looks while it runs something
        left = len(ids(store))
        assert left == 5
        clock.elapsed += 1
        engine._keep.tend()
        assert len(ids(store)) == 2
        ended(store, "old", 40)
        clock.elapsed += SWEEP - 2
        engine._keep.tend()
        assert "old" in ids(store)
        clock.elapsed += 3
        engine._keep.tend()
        assert "old" not in ids(store)


def test_an_engine_keeps_everything_unless_it_is_told(store):
    ended(store, "old", 4_000)
    with Engine(store=store, recover=False, executor="inline") as engine:
        report()
        engine._keep.tend()
    assert "old" in ids(store)


@pytest.mark.parametrize("retention", ["30", "-1d", float("inf"), True])
def test_a_retention_is_a_length_of_time(retention):
    with pytest.raises(PolicyError, match="retention"):
        Engine(retention=retention)
