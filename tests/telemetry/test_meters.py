"""What is measured."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from flowkit import Engine, Fallback, Retry, Skipped, current, step, workflow
from flowkit.engine.driver import Driver

LONG = 20.0
"""Seconds that nothing here takes, unless it hangs."""


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def now(self) -> float:
        return self.seconds

    def time(self) -> float:
        return self.seconds

    def pass_by(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def engine(clock):
    """Everything in one thread, on that clock."""
    with Engine(executor="inline", clock=clock) as engine:
        yield engine


@step
def inc(x: int) -> int:
    return x + 1


@step
def odd(x: int) -> int:
    if x % 2 == 0:
        raise ValueError(x)
    return x


@workflow
def mapped(n: int) -> list[int]:
    return inc.map(range(n))


def test_there_are_four_metrics_with_units(measured):
    mapped(1)
    assert {name: metric.unit for name, metric in measured.metrics().items()} == {
        "flowkit.run.duration": "s",
        "flowkit.step.duration": "s",
        "flowkit.step.attempts": "{attempt}",
        "flowkit.step.running": "{attempt}",
    }
    assert all(metric.description for metric in measured.metrics().values())


def test_runs_and_steps_are_counted_and_timed(measured, engine, clock):
    @step
    def slow(x: int) -> int:
        clock.pass_by(2)
        return x

    @workflow
    def waiting() -> list[int]:
        return [slow(1), slow(2), inc(3)]

    waiting()
    waiting()
    runs, steps = measured.points("flowkit.run.duration"), measured.points("flowkit.step.duration")
    assert {about: (point.count, point.sum) for about, point in runs.items()} == {("waiting", "succeeded"): (2, 8)}
    assert {about: (point.count, point.sum) for about, point in steps.items()} == {
        ("slow", "succeeded"): (4, 8),
        ("inc", "succeeded"): (2, 0),
    }
    assert measured.values("flowkit.step.attempts") == {"slow": 4, "inc": 2}


def test_durations_have_buckets_for_milliseconds_and_for_hours(measured):
    mapped(1)
    [point] = measured.points("flowkit.step.duration").values()
    assert point.explicit_bounds[0] == 0.005
    assert point.explicit_bounds[-1] == 24 * 3600


def test_measurements_say_of_which_workflow_and_step_they_are_and_never_of_which_run(measured):
    """What is counted under stays small, however many runs there are."""
    mapped(2)
    [step_point] = measured.points("flowkit.step.duration").values()
    assert dict(step_point.attributes) == {
        "flowkit.workflow.name": f"{__name__}:mapped",
        "flowkit.step.name": f"{__name__}:inc",
        "flowkit.status": "succeeded",
    }
    [run_point] = measured.points("flowkit.run.duration").values()
    assert dict(run_point.attributes) == {
        "flowkit.workflow.name": f"{__name__}:mapped",
        "flowkit.status": "succeeded",
    }


def test_the_length_of_a_step_covers_all_its_attempts(measured, engine, clock):
    @step(retries=Retry(3, backoff=[0, 0]))
    def third_time() -> int:
        clock.pass_by(5)
        if current().attempt < 3:
            raise OSError
        return 1

    @workflow
    def patient() -> int:
        return third_time()

    patient()
    [point] = measured.points("flowkit.step.duration").values()
    assert (point.count, point.sum) == (1, 15)
    assert measured.values("flowkit.step.attempts") == {"third_time": 3}
    assert measured.values("flowkit.step.running") == {"third_time": 0}


def test_a_failure_is_measured_with_its_type(measured):
    @workflow
    def failing() -> int:
        return inc(odd(2))

    with pytest.raises(ValueError):
        failing()
    assert measured.counts("flowkit.step.duration") == {("odd", "failed"): 1}
    for name in ("flowkit.step.duration", "flowkit.run.duration"):
        [point] = measured.points(name).values()
        assert point.attributes["error.type"] == "ValueError"


def test_a_fallback_counts_as_the_success_that_it_is(measured):
    @workflow
    def falling() -> int:
        return odd.with_options(on_failure=Fallback(0))(2)

    falling()
    assert measured.counts("flowkit.step.duration") == {("odd", "succeeded"): 1}


def test_what_never_ran_took_no_time(measured):
    @workflow
    def skipping() -> int:
        return inc.with_options(run_if=lambda _x: False)(1)

    with pytest.raises(Skipped):
        skipping()
    assert measured.counts("flowkit.step.duration") == {}
    assert measured.values("flowkit.step.attempts") == {}
    assert measured.counts("flowkit.run.duration") == {("skipping", "succeeded"): 1}


def test_attempts_that_run_are_counted_while_they_do(measured):
    together = threading.Barrier(3, timeout=LONG)
    release = threading.Event()

    @step
    def meet(x: int) -> int:
        together.wait()
        release.wait(LONG)
        return x

    @workflow
    def meeting() -> list[int]:
        return meet.map([1, 2])

    run = meeting.start()
    together.wait()
    assert measured.values("flowkit.step.running") == {"meet": 2}
    release.set()
    run.result()
    assert measured.values("flowkit.step.running") == {"meet": 0}
    assert measured.values("flowkit.step.attempts") == {"meet": 2}


def test_a_cancelled_step_runs_no_more(measured):
    began = threading.Event()

    @step
    async def endless() -> int:
        began.set()
        await asyncio.sleep(LONG)
        return 1

    @workflow
    def cancelled() -> int:
        return endless.ref()

    run = cancelled.start()
    assert began.wait(LONG)
    assert measured.values("flowkit.step.running") == {"endless": 1}
    run.cancel()
    run.wait()
    assert measured.values("flowkit.step.running") == {"endless": 0}
    assert measured.counts("flowkit.step.duration") == {("endless", "cancelled"): 1}
    assert measured.counts("flowkit.run.duration") == {("cancelled", "cancelled"): 1}


def test_a_step_left_behind_in_its_thread_runs_no_more_for_the_run(measured):
    release = threading.Event()

    @step(timeout=0.02, on_failure=Fallback(0))
    def slow() -> int:
        release.wait(LONG)
        return 1

    @workflow
    def waiting() -> int:
        return slow()

    try:
        assert waiting() == 0
        assert measured.values("flowkit.step.running") == {"slow": 0}
    finally:
        release.set()


def test_an_engine_that_breaks_leaves_nothing_running(measured, monkeypatch, caplog):
    engine = Engine()
    monkeypatch.setattr(Driver, "_record", lambda *_: 1 / 0)
    with engine, pytest.raises(ZeroDivisionError):
        mapped.start(1).result()
    assert set(measured.values("flowkit.step.running").values()) == {0}
    assert measured.counts("flowkit.run.duration") == {("mapped", "failed"): 1}


def test_all_engines_are_measured_together(measured):
    for _ in range(3):
        with Engine():
            mapped(2)
    assert measured.values("flowkit.step.attempts") == {"inc": 6}


def test_many_threads_lose_no_count(measured):
    with Engine(max_workers=8):
        mapped(500)
    assert measured.values("flowkit.step.attempts") == {"inc": 500}
    assert measured.values("flowkit.step.running") == {"inc": 0}
    assert measured.counts("flowkit.step.duration") == {("inc", "succeeded"): 500}


def test_a_duration_names_the_span_that_took_so_long(spans, measured):
    mapped(1)
    collected = measured.metrics()  # once: what was collected is forgotten
    for name, title in (("flowkit.step.duration", "step inc[0]"), ("flowkit.run.duration", "run mapped")):
        [point] = collected[name].data.data_points
        assert [exemplar.span_id for exemplar in point.exemplars] == [spans[title].context.span_id]


def test_durations_are_in_seconds(measured):
    before = time.monotonic()
    mapped(10)
    [point] = measured.points("flowkit.run.duration").values()
    assert 0 < point.sum <= time.monotonic() - before
