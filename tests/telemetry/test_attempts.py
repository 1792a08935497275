"""Attempts that fail, are retried, run out of time, are cancelled or left behind, as spans."""

from __future__ import annotations

import asyncio
import threading

import attrs
import pytest
from opentelemetry.trace import StatusCode

from flowkit import Fallback, Outcome, Retry, RunCancelled, StepTimeout, current, outcome, step, workflow
from flowkit.engine import events

SOON = 0.02
"""Seconds for timeouts that are meant to be hit."""

LONG = 20.0
"""Seconds that nothing here takes, unless it hangs."""

TWICE = Retry(2, backoff=[0])


@pytest.fixture
def release():
    """Set at the end of the test, so that steps left behind can end."""
    event = threading.Event()
    yield event
    event.set()


@step
def inc(x: int) -> int:
    return x + 1


@step(retries=Retry(3, backoff=[0, 0.001], jitter="none"))
def third_time() -> int:
    if current().attempt < 3:
        raise OSError(f"attempt {current().attempt}")
    return 3


@workflow
def patient() -> int:
    return inc(third_time())


@pytest.mark.covers("M99")
def test_each_attempt_of_a_step_with_retries_is_a_span_under_the_steps(spans):
    assert patient() == 4
    assert spans.tree() == [
        "run patient: succeeded",
        "  step third_time: succeeded",
        "    attempt third_time, 1: failed",
        "    attempt third_time, 2: failed",
        "    attempt third_time, 3: succeeded",
        "  step inc: succeeded",
    ]
    assert spans["step third_time"].attributes["flowkit.attempts"] == 3
    assert "flowkit.attempts" not in spans["step inc"].attributes


@pytest.mark.covers("M47")
def test_a_failed_attempt_says_why_and_when_the_next_one_comes(spans):
    patient()
    second = spans["attempt third_time, 2"]
    assert second.attributes["flowkit.retry.delay"] == 0.001
    assert second.attributes["flowkit.retry.reason"] == "OSError"
    assert second.attributes["error.type"] == "OSError"
    assert second.status.description == "OSError: attempt 2"
    assert [event.name for event in second.events] == ["exception"]
    assert "flowkit.retry.delay" not in spans["attempt third_time, 3"].attributes


def test_a_step_that_succeeded_in_the_end_has_not_failed(spans):
    patient()
    done = spans["step third_time"]
    assert done.status.status_code is StatusCode.UNSET
    assert done.events == ()


def test_a_step_whose_attempts_are_used_up_failed_as_its_last_one_did(spans):
    @step(retries=TWICE)
    def hopeless() -> int:
        raise OSError(f"attempt {current().attempt}")

    @workflow
    def hoping() -> int:
        return hopeless()

    with pytest.raises(OSError, match="attempt 2"):
        hoping()
    assert spans.tree() == [
        "run hoping: failed",
        "  step hopeless: failed",
        "    attempt hopeless, 1: failed",
        "    attempt hopeless, 2: failed",
    ]
    failed = spans["step hopeless"]
    assert failed.status.description == "OSError: attempt 2"
    assert failed.events == ()  # the exception is recorded where it was raised


def test_the_same_exception_object_can_fail_several_attempts(spans):
    always = OSError("again")

    @step(retries=TWICE)
    def hopeless() -> int:
        raise always

    @workflow
    def hoping() -> int:
        return hopeless()

    with pytest.raises(OSError):
        hoping()
    assert spans.tree()[2:] == ["    attempt hopeless, 1: failed", "    attempt hopeless, 2: failed"]


# -- fallbacks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stand_in", [Fallback(0), Fallback(call=lambda _error: 0)], ids=["value", "call"])
def test_a_fallback_makes_a_success_that_says_so(spans, stand_in):
    @step(on_failure=stand_in)
    def broken() -> int:
        raise OSError("gone")

    @workflow
    def falling() -> int:
        return inc(broken())

    assert falling() == 1
    assert spans.tree() == ["run falling: succeeded", "  step broken: succeeded", "  step inc: succeeded"]
    span = spans["step broken"]
    assert span.attributes["flowkit.fallback"] is True
    assert span.status.status_code is StatusCode.UNSET
    assert [event.attributes["exception.message"] for event in span.events] == ["gone"]


def test_what_a_fallback_does_is_under_the_step_and_not_under_the_attempt_that_failed(spans, user):
    def stand_in(_error):
        with user.start_as_current_span("cached"):
            return 0

    @step(retries=TWICE, on_failure=Fallback(call=stand_in))
    def broken() -> int:
        raise OSError("gone")

    @workflow
    def falling() -> int:
        return broken()

    assert falling() == 0
    assert spans.tree() == [
        "run falling: succeeded",
        "  step broken: succeeded",
        "    attempt broken, 1: failed",
        "    attempt broken, 2: failed",
        "    cached",
    ]


def test_a_fallback_that_fails_leaves_both_errors(spans):
    def stand_in(_error):
        raise LookupError("no cache")

    @step(on_failure=Fallback(call=stand_in))
    def broken() -> int:
        raise OSError("gone")

    @workflow
    def falling() -> int:
        return broken()

    with pytest.raises(LookupError):
        falling()
    span = spans["step broken"]
    assert span.attributes["error.type"] == "LookupError"
    assert [event.attributes["exception.type"] for event in span.events] == ["OSError", "LookupError"]


# -- time ---------------------------------------------------------------------------------------------------------------


def test_an_async_step_out_of_time_is_an_error(spans):
    @step(timeout=SOON)
    async def slow() -> int:
        await asyncio.sleep(LONG)
        return 1

    @workflow
    def waiting() -> int:
        return slow.ref()

    with pytest.raises(StepTimeout):
        waiting()
    assert spans.tree() == ["run waiting: failed", "  step slow: timed_out"]
    span = spans["step slow"]
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes["error.type"] == "flowkit.StepTimeout"
    assert "flowkit.abandoned" not in span.attributes


def test_a_step_that_is_left_behind_in_its_thread_says_so_and_ends_with_its_timeout(spans, user, release):
    late = threading.Event()

    @step(timeout=SOON)
    def slow() -> int:
        release.wait(LONG)
        with user.start_as_current_span("late"):
            pass
        late.set()
        return 1

    @workflow
    def waiting() -> int:
        return slow()

    with pytest.raises(StepTimeout):
        waiting()
    assert spans.tree() == ["run waiting: failed", "  step slow: timed_out"]
    assert spans["step slow"].attributes["flowkit.abandoned"] is True
    release.set()
    assert late.wait(LONG)
    assert spans.tree() == ["run waiting: failed", "  step slow: timed_out", "    late"]


def test_an_attempt_out_of_time_can_be_followed_by_another(spans):
    @step(timeout=0.1, retries=TWICE)
    def second_time() -> int:
        while current().attempt == 1 and not current().cancelled:
            pass
        return current().attempt

    @workflow
    def waiting() -> int:
        return second_time()

    assert waiting() == 2
    assert spans.tree() == [
        "run waiting: succeeded",
        "  step second_time: succeeded",
        "    attempt second_time, 1: timed_out",
        "    attempt second_time, 2: succeeded",
    ]
    first = spans["attempt second_time, 1"]
    assert first.attributes["flowkit.abandoned"] is True
    assert first.attributes["error.type"] == "flowkit.StepTimeout"


def test_a_step_out_of_all_its_time_ends_with_the_attempt_that_runs(spans, release):
    @step(total_timeout=0.1, retries=Retry(3, backoff=[0, 0]))
    def slow() -> int:
        if current().attempt == 1:
            raise OSError("not yet")
        release.wait(LONG)
        return 1

    @workflow
    def waiting() -> int:
        return slow()

    with pytest.raises(StepTimeout, match="total_timeout"):
        waiting()
    assert spans.tree() == [
        "run waiting: failed",
        "  step slow: timed_out",
        "    attempt slow, 1: failed",
        "    attempt slow, 2: timed_out",
    ]


def test_an_interrupted_step_out_of_time_is_closed(spans):
    @step(timeout=SOON, interrupt=True)
    def busy() -> int:
        while True:
            pass

    @workflow
    def waiting() -> int:
        return busy()

    with pytest.raises(StepTimeout):
        waiting()
    assert spans.tree() == ["run waiting: failed", "  step busy: timed_out"]


# -- cancellation -------------------------------------------------------------------------------------------------------


def test_a_cancelled_run_and_its_steps_are_no_errors(spans):
    began = threading.Event()

    @step
    async def endless() -> int:
        began.set()
        await asyncio.sleep(LONG)
        return 1

    @workflow
    def cancelled() -> int:
        return inc(endless.ref())

    run = cancelled.start()
    assert began.wait(LONG)
    run.cancel("enough")
    with pytest.raises(RunCancelled):
        run.result()
    assert spans.tree() == ["run cancelled: cancelled", "  step endless: cancelled"]
    assert {span.status.status_code for span in spans} == {StatusCode.UNSET}
    assert spans["run cancelled"].attributes["flowkit.reason"] == "cancelled on request: enough"
    assert spans["step endless"].attributes["flowkit.reason"] == "the run was stopped (user: enough)"
    assert [event.attributes["flowkit.step.key"] for event in spans["run cancelled"].events] == ["inc"]


def test_a_thread_is_left_behind_by_a_cancel(spans, release):
    began = threading.Event()

    @step
    def endless() -> int:
        began.set()
        release.wait(LONG)
        return 1

    @workflow
    def cancelled() -> int:
        return endless()

    run = cancelled.start()
    assert began.wait(LONG)
    run.cancel()
    with pytest.raises(RunCancelled):
        run.result()
    assert spans.tree() == ["run cancelled: cancelled", "  step endless: cancelled"]
    assert spans["step endless"].attributes["flowkit.abandoned"] is True


def test_a_step_that_waits_for_its_retry_is_cancelled_between_its_attempts(spans):
    @step(retries=Retry(2, backoff=[LONG], jitter="none"))
    def flaky() -> int:
        raise OSError("later")

    @workflow
    def cancelled() -> int:
        return flaky()

    run = cancelled.start()
    for event in run.events():
        if isinstance(event, events.StepRetrying):
            run.cancel()
    assert spans.tree() == [
        "run cancelled: cancelled",
        "  step flaky: cancelled",
        "    attempt flaky, 1: failed",
    ]
    assert spans["step flaky"].attributes["flowkit.attempts"] == 1


@attrs.frozen
class Slow:
    """Something a part of which takes its time, so that a step is taken and doesn't begin."""

    taken: threading.Event = attrs.field(repr=False)
    release: threading.Event = attrs.field(repr=False)

    @property
    def part(self) -> int:
        self.taken.set()
        self.release.wait(LONG)
        return 1


def test_a_step_that_was_cancelled_before_it_began_leaves_nothing_open(spans, release):
    taken, ended = threading.Event(), threading.Event()

    @step
    def make() -> Slow:
        return Slow(taken, release)

    @step
    def late(x: int) -> int:
        ended.set()
        return x

    @workflow
    def cancelled() -> int:
        return late(make().part)

    run = cancelled.start()
    assert taken.wait(LONG)
    run.cancel()
    with pytest.raises(RunCancelled):
        run.result()
    release.set()
    assert ended.wait(LONG)
    assert spans.tree() == ["run cancelled: cancelled", "  step make: succeeded"]


def test_a_step_that_ran_out_of_time_before_it_began_is_closed_with_the_run(spans, release):
    taken, entered = threading.Event(), threading.Event()

    @step
    def make() -> Slow:
        return Slow(taken, release)

    @step(timeout=SOON)
    def late(x: int) -> int:
        entered.set()
        return x

    @step
    def see(x: Outcome[int]) -> str:
        release.set()
        entered.wait(LONG)
        return x.status

    @workflow
    def waiting() -> str:
        return see(outcome(late(make().part)))

    assert waiting() == "timed_out"
    assert sorted(spans.tree()) == [
        "  step late",
        "  step late: timed_out",
        "  step make: succeeded",
        "  step see: succeeded",
        "run waiting: succeeded",
    ]
