"""Timeouts, as they really are on threads and on event loops."""

from __future__ import annotations

import asyncio
import threading

import pytest

from flowkit import Engine, Interrupted, Retry, RunStatus, StepTimeout, current, step, workflow
from flowkit.engine import events

SOON = 0.02
"""Seconds for timeouts that are meant to be hit."""

AMPLE = 0.4
"""Seconds for timeouts that one attempt is meant to hit and the next one isn't, on a busy machine too."""

LONG = 20.0
"""Seconds that nothing here takes, unless it hangs."""


@step
def inc(x: int) -> int:
    return x + 1


@pytest.fixture
def release():
    """Set at the end of the test, so that steps left behind can end."""
    event = threading.Event()
    yield event
    event.set()


def test_a_step_that_takes_too_long_fails_at_its_deadline_and_its_late_result_is_dropped(release):
    ended = threading.Event()

    @step(timeout=SOON)
    def slow() -> int:
        release.wait(LONG)
        ended.set()
        return 1

    @workflow
    def waiting() -> int:
        return inc(slow())

    run = waiting.start()
    with pytest.raises(StepTimeout, match=r"`slow` took longer than its timeout of 0\.02s"):
        run.result()
    assert not ended.is_set()
    abandoned = [event for event in run.events() if isinstance(event, events.StepAbandoned)]
    assert [event.key for event in abandoned] == ["slow"]
    release.set()
    assert ended.wait(LONG)
    assert run.status is RunStatus.FAILED
    assert {record.key: record.status for record in run.steps} == {"slow": "timed_out", "inc": "blocked"}


def test_an_abandoned_step_is_told(release):
    told = threading.Event()

    @step(timeout=SOON)
    def attentive() -> int:
        me = current()
        while not me.cancelled:
            release.wait(0.001)
        told.set()
        return 1

    @workflow
    def waiting() -> int:
        return attentive()

    with pytest.raises(StepTimeout):
        waiting()
    assert told.wait(LONG)


def test_time_left_counts_down_to_the_timeout():
    left = []

    @step(timeout=LONG)
    def look() -> int:
        left.append(current().time_left)
        return 1

    @workflow
    def looking() -> list[int]:
        return [look(), inc(1)]

    looking()
    assert 0 < left[0] <= LONG


def test_a_retry_waits_for_the_end_of_the_attempt_that_was_left_behind():
    running = threading.Semaphore(1)
    overlaps = []
    gate = threading.Event()

    @step(timeout=AMPLE, retries=Retry(2, backoff=[0]))
    def lingering() -> int:
        overlaps.append(not running.acquire(blocking=False))
        try:
            if current().attempt == 1:
                while not current().cancelled:
                    gate.wait(0.001)
            return current().attempt
        finally:
            running.release()

    @workflow
    def waiting() -> int:
        return lingering()

    assert waiting() == 2
    assert overlaps == [False, False]


def test_an_idempotent_step_is_retried_beside_the_attempt_that_was_left_behind(release):
    @step(timeout=AMPLE, retries=Retry(2, backoff=[0]), idempotent=True)
    def twice() -> int:
        if current().attempt == 1:
            release.wait(LONG)
        return current().attempt

    @workflow
    def waiting() -> int:
        return twice()

    assert waiting() == 2


def test_a_step_that_asks_for_it_is_interrupted():
    hit = threading.Event()

    @step(timeout=SOON, interrupt=True)
    def spin() -> int:
        try:
            while True:
                pass
        except Interrupted:
            hit.set()
            raise

    @workflow
    def spinning() -> int:
        return spin()

    with pytest.raises(StepTimeout):
        spinning()
    assert hit.wait(LONG)
    assert spinning.with_options(fail_fast=True).graph() is not None
    for _ in range(3):  # the worker that was hit takes no other step
        with pytest.raises(StepTimeout):
            spinning()


def test_many_steps_left_behind_starve_nobody(release):
    @step(timeout=SOON, on_failure="skip")
    def stuck(x: int) -> int:
        release.wait(LONG)
        return x

    @step
    def fine(x: int) -> int:
        return x

    @step
    def last(x: int) -> int:
        return x

    @workflow
    def crowded() -> list[int]:
        return [last.with_options(depends_on=[stuck])(1), fine(2), *[discardable(stuck(i)) for i in range(20)]][:2]

    from flowkit import discard

    def discardable(result: int) -> int:
        discard(result)
        return 0

    with Engine(max_workers=4):
        assert crowded() == [1, 2]


def test_a_coroutine_is_cancelled_at_its_deadline():
    cancelled = threading.Event()

    @step(timeout=AMPLE)
    async def slow() -> int:
        try:
            await asyncio.sleep(LONG)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return 1

    @workflow
    def waiting() -> int:
        return slow.ref()

    with pytest.raises(StepTimeout):
        waiting()
    assert cancelled.is_set()


def test_a_coroutine_that_timed_out_is_retried():
    @step(timeout=AMPLE, retries=Retry(2, backoff=[0]))
    async def second() -> int:
        if current().attempt == 1:
            await asyncio.sleep(LONG)
        return current().attempt

    @workflow
    def waiting() -> int:
        return second.ref()

    assert waiting() == 2


def test_the_total_timeout_covers_attempts_and_waits():
    @step(retries=Retry(None, backoff=[0.001] * 10_000), total_timeout=0.05)
    def stubborn() -> int:
        raise OSError

    @workflow
    def waiting() -> int:
        return stubborn()

    with pytest.raises((StepTimeout, OSError)):
        waiting()


def test_silence_ends_a_step_and_heartbeats_keep_it():
    beats = threading.Event()

    @step(heartbeat_timeout=AMPLE)
    def lively() -> int:
        for _ in range(20):
            beats.wait(AMPLE / 10)
            current().heartbeat()
        return 1

    @step(heartbeat_timeout=SOON)
    def silent() -> int:
        beats.wait(1)
        return 1

    @workflow
    def alive() -> int:
        return lively()

    @workflow
    def dead() -> int:
        return silent()

    assert alive() == 1
    with pytest.raises(StepTimeout, match="no sign of life"):
        dead()
    beats.set()


def test_an_inline_engine_notices_afterwards_that_time_ran_out():
    event = threading.Event()

    @step(timeout=SOON)
    def slow() -> int:
        event.wait(SOON * 2)
        return 1

    @step(timeout=SOON)
    async def slow_too() -> int:
        await asyncio.sleep(LONG)
        return 1

    @workflow
    def one() -> int:
        return slow()

    @workflow
    def two() -> int:
        return slow_too.ref()

    with Engine(executor="inline"):
        for waiting in (one, two):
            with pytest.raises(StepTimeout):
                waiting()


def test_a_delay_is_waited_for_without_a_thread():
    @step(delay=SOON)
    def later() -> int:
        return 1

    @workflow
    def waiting() -> int:
        return later()

    run = waiting.start()
    assert run.result() == 1
    assert [event.seconds for event in run.events() if isinstance(event, events.StepScheduled)] == [pytest.approx(SOON)]
    with Engine(executor="inline"):
        assert waiting() == 1


def test_another_step_starts_on_time_while_one_is_busy(release):
    started = threading.Event()

    @step
    def busy() -> int:
        assert started.wait(LONG)
        return 1

    @step(delay=SOON)
    def punctual() -> int:
        started.set()
        return 2

    @workflow
    def both() -> list[int]:
        return [busy(), punctual()]

    assert both() == [1, 2]


@pytest.mark.parametrize("limit", ["timeout", "total_timeout", "heartbeat_timeout"])
def test_an_inline_engine_stops_a_coroutine_on_time(limit):
    ends = []

    @step(**{limit: AMPLE})  # with less, a busy machine is late to begin it, and what hasn't begun isn't stopped
    async def slow() -> int:
        try:
            await asyncio.sleep(LONG)
        finally:
            ends.append("stopped")
        return 1

    @workflow
    def waiting() -> int:
        return slow.ref()

    with Engine(executor="inline"), pytest.raises(StepTimeout, match=limit):
        waiting()

    assert ends == ["stopped"]


def test_a_sign_of_life_of_an_attempt_that_was_left_behind_is_not_the_next_ones(release):
    """Otherwise a thread that was given up on would keep its silent successor alive."""
    first = threading.Event()

    @step(retries=Retry(2, backoff=[0], jitter="none"), heartbeat_timeout=AMPLE, idempotent=True)
    def silent() -> int:
        if not first.is_set():
            first.set()
            while not release.wait(SOON):
                if current().cancelled:
                    current().heartbeat()
                    assert current().time_left in (None, 0.0)
            return 1
        release.wait(LONG)
        return 2

    @workflow
    def waiting() -> int:
        return silent()

    with Engine(), pytest.raises(StepTimeout, match="heartbeat_timeout"):
        waiting()
