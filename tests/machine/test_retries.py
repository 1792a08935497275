"""Attempts after the first: how many, when, and what ends them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowkit import Fallback, Fatal, Retry, RetryAfter, exponential, fixed, linear, outcome, workflow
from flowkit.errors import CancelReason
from tests.machine.virtual import Attempt, Virtual, named, plan_of, play

ALWAYS = Attempt(OSError("no"))


def trying(**options):
    """One step with these options."""

    @workflow
    def program():
        return named("a", **options)()

    return program


def failing(times, error=OSError, then="done"):
    return [*[Attempt(error(f"attempt {i + 1}")) for i in range(times)], Attempt(then)]


@pytest.mark.covers("M47")
@pytest.mark.parametrize(("retries", "attempts"), [(0, 1), (1, 2), (3, 4)])
def test_retries_count_from_the_second_attempt_on(retries, attempts):
    run = play(trying(retries=retries), {"a": ALWAYS})

    assert len(run.starts()) == attempts
    assert run.outcome == "failed"


@pytest.mark.parametrize("attempts", [1, 2, 5])
def test_max_attempts_counts_all_of_them(attempts):
    run = play(trying(retries=Retry(attempts)), {"a": ALWAYS})

    assert len(run.starts()) == attempts


def test_no_more_attempts_are_made_than_it_takes():
    run = play(trying(retries=5), {"a": failing(2)})

    assert run.told() == [
        "run_started",
        *["step_started", "step_retrying"] * 2,
        "step_started",
        "step_succeeded",
        "run_succeeded",
    ]
    assert [event.attempt for event in run.events if event.kind == "step_started"] == [1, 2, 3]
    assert run.value("a") == "done"


@pytest.mark.covers("M52")
def test_without_max_attempts_it_never_gives_up():
    run = play(trying(retries=Retry(None, backoff=fixed(1))), {"a": failing(500)})

    assert len(run.starts()) == 501
    assert run.outcome == "succeeded"


def test_the_last_error_is_what_it_failed_with():
    run = play(trying(retries=2), {"a": failing(9)})

    assert str(run.error) == "attempt 3"


def test_a_step_waits_before_every_retry_as_its_backoff_says():
    run = play(trying(retries=Retry(4, backoff=exponential(1, factor=3), jitter="none")), {"a": ALWAYS})

    assert run.starts() == [0, 1, 4, 13]
    assert run.delays == [("a", 1), ("a", 3), ("a", 9)]


def test_retries_are_spaced_out_unless_told_otherwise():
    run = play(trying(retries=2), {"a": ALWAYS})

    assert all(delay > 0 for _, delay in run.delays)


@pytest.mark.covers("M49")
@pytest.mark.parametrize("max_attempts", [None, 3, 50])
def test_an_exhausted_backoff_ends_the_retries_whatever_the_attempts_say(max_attempts):
    run = play(trying(retries=Retry(max_attempts, backoff=[1, 2], jitter="none")), {"a": ALWAYS})

    assert run.starts() == [0, 1, 3]
    assert run.status("a") == "failed"


def test_a_backoff_that_answers_none_ends_the_retries():
    run = play(trying(retries=Retry(None, backoff=lambda n: 1 if n < 3 else None)), {"a": ALWAYS})

    assert len(run.starts()) == 3


@pytest.mark.covers("M50")
@pytest.mark.parametrize(
    ("retries", "error"),
    [
        (Retry(5), Fatal("no use")),
        (Retry(5, on=OSError), KeyError()),
        (Retry(5, never_on=OSError), OSError()),
        (Retry(5, on=lambda error: "busy" in str(error)), OSError("denied")),
    ],
    ids=["fatal", "another error", "never on this", "a predicate"],
)
def test_what_isnt_worth_another_attempt_gets_none(retries, error):
    run = play(trying(retries=retries), {"a": Attempt(error)})

    assert len(run.starts()) == 1
    assert run.error is error


def test_an_error_may_say_when_to_try_again():
    class Busy(Exception):
        retry_after = 7

    attempts = [Attempt(RetryAfter(40)), Attempt(Busy()), Attempt(RetryAfter(3))]

    run = play(trying(retries=Retry(3, backoff=fixed(1))), {"a": attempts})

    assert run.starts() == [0, 40, 47]
    assert isinstance(run.error, RetryAfter)


caps = st.floats(0, 1e6)
backoffs = st.one_of(
    st.builds(lambda initial, cap: (exponential(initial, max=cap), cap), caps, caps),
    st.builds(lambda initial, step, cap: (linear(initial, step=step, max=cap), cap), caps, caps, caps),
    st.builds(lambda delay: (fixed(delay), delay), caps),
)
jitters = st.one_of(st.sampled_from(["full", "equal", "none"]), st.floats(0, 1))


@pytest.mark.covers("M48")
@given(backoffs, jitters, st.integers(1, 8), st.lists(st.floats(0, 1, exclude_max=True), max_size=8))
def test_no_delay_is_above_its_cap_and_no_attempt_above_the_last(backoff, jitter, attempts, draws):
    backoff, cap = backoff

    run = play(trying(retries=Retry(attempts, backoff=backoff, jitter=jitter)), {"a": ALWAYS}, draws=draws)

    assert len(run.starts()) == attempts
    assert all(0 <= delay <= cap for _, delay in run.delays)
    assert run.starts() == sorted(run.starts())


@pytest.mark.covers("M49")
@given(st.integers(0, 4), st.integers(0, 4), st.sampled_from([OSError, KeyError, Fatal]), st.booleans())
def test_whoever_is_told_of_a_retry_sees_it(failures, retries, error, waits):
    """The decision is complete before anybody hears of it."""
    policy = Retry(retries + 1, on=OSError, backoff=fixed(60 if waits else 0))

    run = play(trying(retries=policy), {"a": failing(failures, error)})

    told = run.told("a")
    assert told.count("step_retrying") == told.count("step_started") - 1
    assert all(told[i + 1] == "step_started" for i, kind in enumerate(told) if kind == "step_retrying")
    assert told[-1] in ("step_succeeded", "step_failed")


@pytest.mark.parametrize("moment", [0, 30, 59.9])
def test_a_run_that_is_cancelled_during_a_backoff_ends_at_once(moment):
    run = Virtual(plan_of(trying(retries=Retry(3, backoff=fixed(60), jitter="none"))), {"a": ALWAYS})
    run.play(until=moment)

    run.cancel(CancelReason.USER)

    assert run.machine.finished
    assert run.told("a") == ["step_started", "step_retrying", "step_cancelled"]


def test_a_backoff_gives_its_place_to_another_item():
    @workflow
    def program():
        return named("a", max_concurrency=1, retries=Retry(2, backoff=fixed(10), jitter="none")).map([1, 2])

    run = play(program, {"a[0]": failing(1), "a[1]": Attempt(after=3)})

    assert run.starts("a[1]") == [0]
    assert run.starts("a[0]") == [0, 10]


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
@pytest.mark.parametrize("fail_fast", [True, False])
def test_what_is_no_exception_ends_the_run_whatever_the_policy_says(error, fail_fast):
    """It isn't retried, nothing stands in for it, nobody takes it as an outcome."""

    @workflow(fail_fast=fail_fast)
    def program():
        stubborn = named("a", retries=3, on_failure=Fallback(0))()
        return outcome(stubborn), named("b", on_failure="skip")()

    run = play(program, {"a": Attempt(error), "b": Attempt(after=50)})

    assert len(run.starts("a")) == 1
    assert run.outcome == "failed"
    assert run.error is error
    assert run.now == 0
