"""Time that runs out: of an attempt, of all attempts together, and of silence."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from flowkit import Fallback, Retry, StepTimeout, fixed, workflow
from flowkit.errors import CancelReason
from flowkit.machine.ending import GRACE
from flowkit.machine.requests import Work
from flowkit.plan import Lane
from tests.machine.virtual import REASONS, Attempt, Virtual, named, plan_of, play

SLOW = Attempt("late", after=100)


def one(is_async=False, **options):
    """One step with these options, and one that takes its value."""

    @workflow
    def program():
        return named("b", on_failure="skip")(named("a", is_async=is_async, **options)())

    return program


# -- of an attempt ---------------------------------------------------------------------------------------------------


def test_a_thread_is_left_behind_and_the_run_goes_on_at_the_deadline():
    run = play(one(timeout=10, on_failure=Fallback("instead")), {"a": SLOW})

    assert run.now == 10
    assert run.told("a") == ["step_started", "step_abandoned", "step_succeeded"]
    assert run.value("a") == "instead"
    run.drain()
    assert run.now == 100
    assert run.value("a") == "instead"


def test_a_coroutine_is_cancelled_and_waited_for():
    run = play(one(is_async=True, timeout=10), {"a": Attempt(after=100, stops_after=2)})

    assert run.times("step_timed_out") == {"a": 12}
    assert run.status("a") == "timed_out"
    assert str(run.error) == "`a` took longer than its timeout of 10s"
    assert run.error.__cause__ is None


@pytest.mark.parametrize("gives", ["a value", KeyError("while closing"), SystemExit()])
def test_whatever_a_cancelled_coroutine_comes_up_with_its_time_was_out(gives):
    run = play(one(is_async=True, timeout=10), {"a": Attempt(after=100, stops_after=1, stops_with=gives)})

    assert run.status("a") == "timed_out"
    assert isinstance(run.error, StepTimeout)
    assert run.error.__cause__ is (gives if isinstance(gives, BaseException) else None)


def test_a_coroutine_that_takes_no_notice_is_left_behind_after_a_while():
    run = play(one(is_async=True, timeout=10), {"a": Attempt(after=100, stops_after=float("inf"))})

    assert run.now == 10 + GRACE
    assert run.told("a") == ["step_started", "step_abandoned", "step_timed_out"]
    run.drain()


@pytest.mark.parametrize("is_async", [False, True])
def test_who_is_in_time_isnt_stopped(is_async):
    run = play(one(is_async, timeout=10), {"a": Attempt(after=9.9)})

    assert run.outcome == "succeeded"
    assert not [moment for moment in run.log if moment.what == "stop"]


def test_waiting_isnt_part_of_an_attempt():
    @workflow
    def program():
        return named("a", timeout=10, delay=60, max_concurrency=1).map([1, 2, 3])

    run = play(program, {f"a[{i}]": Attempt(after=9) for i in range(3)})

    assert sorted(run.starts()) == [60, 69, 78]
    assert run.outcome == "succeeded"


@pytest.mark.covers("M51")
def test_a_timeout_is_a_failed_attempt_and_each_attempt_has_its_own():
    retry = Retry(3, backoff=fixed(1), jitter="none")
    attempts = [Attempt(after=100), Attempt(after=100), Attempt(after=9)]

    run = play(one(is_async=True, timeout=10, retries=retry), {"a": attempts})

    assert run.starts("a") == [0, 11, 22]
    assert run.outcome == "succeeded"


@pytest.mark.covers("M51")
def test_a_timeout_may_be_final():
    run = play(one(is_async=True, timeout=10, retries=Retry(3, never_on=StepTimeout)), {"a": SLOW})

    assert run.starts("a") == [0]
    assert run.status("a") == "timed_out"


@pytest.mark.covers("M51")
def test_without_attempts_left_it_timed_out():
    run = play(one(is_async=True, timeout=10, retries=Retry(2, backoff=fixed(1), jitter="none")), {"a": SLOW})

    assert run.status("a") == "timed_out"
    assert run.told("a").count("step_timed_out") == 1


@pytest.mark.parametrize(("idempotent", "second"), [(False, 100), (True, 11)])
def test_a_retry_waits_until_the_abandoned_attempt_has_really_ended_unless_both_may_run(idempotent, second):
    retry = Retry(2, backoff=fixed(1), jitter="none")

    run = play(one(timeout=10, retries=retry, idempotent=idempotent), {"a": [SLOW, Attempt("in time")]})

    assert run.starts("a") == [0, second]
    assert run.value("a") == "in time"
    run.drain()
    assert run.value("a") == "in time"


def test_a_retry_that_waited_for_the_end_of_another_attempt_still_waits_for_its_backoff():
    retry = Retry(2, backoff=fixed(500), jitter="none")

    run = play(one(timeout=10, retries=retry), {"a": [SLOW, Attempt()]})

    assert run.starts("a") == [0, 510]


def test_a_late_result_isnt_taken_for_that_of_the_next_attempt():
    retry = Retry(2, backoff=fixed(1), jitter="none")

    run = play(
        one(timeout=10, retries=retry, idempotent=True), {"a": [Attempt("late", after=15), Attempt("new", after=8)]}
    )

    assert run.value("a") == "new"
    assert run.times("step_succeeded")["a"] == 19


def test_a_late_result_isnt_taken_for_that_of_the_fallback():
    options = {"timeout": 10, "on_failure": Fallback(call=lambda error: "instead")}

    run = play(one(**options), {"a": Attempt("late", after=15)}, work={"a": 30})

    assert run.value("a") == "instead"
    assert run.times("step_succeeded")["a"] == 40


def test_a_fallback_has_all_the_time_it_needs():
    """Neither the limits of the step nor what was to become of its attempt have anything to do with it."""
    options = {"timeout": 1, "total_timeout": 20, "heartbeat_timeout": 5, "on_failure": Fallback(call=str)}

    run = play(one(is_async=True, **options), {"a": Attempt(after=100, stops_after=2)}, work={"a": 1_000})

    assert run.outcome == "succeeded"
    assert run.now == 1_003


@given(st.floats(1e-6, 1e12), st.floats(0, 1e12), st.floats(0, 1e9), st.booleans())
def test_an_attempt_times_out_if_and_only_if_it_takes_longer(timeout, after, delay, is_async):
    assume(abs(delay + timeout - (delay + after)) > 1e-3)

    run = play(one(is_async, timeout=timeout, delay=delay), {"a": Attempt(after=after)})

    assert run.status("a") == ("timed_out" if after > timeout else "succeeded")
    assert run.now == delay + min(after, timeout)


# -- of all attempts together ----------------------------------------------------------------------------------------

WAITING = {
    "running": ({}, SLOW),
    "waiting to try again": ({"retries": Retry(2, backoff=fixed(5), jitter="none")}, Attempt(OSError(), after=6)),
    "waiting for the end of an attempt": (
        {"timeout": 5, "retries": Retry(2, backoff=fixed(1), jitter="none")},
        Attempt(after=100),
    ),
}


@pytest.mark.covers("M51")
@pytest.mark.parametrize("state", [*WAITING])
@pytest.mark.parametrize(
    "fallback", [None, Fallback("value"), Fallback(call=lambda error: error)], ids=["none", "value", "call"]
)
def test_the_total_includes_attempts_and_whatever_is_between_them(state, fallback):
    options, does = WAITING[state]
    options = {"total_timeout": 10 if state != "waiting to try again" else 11.5, **options}
    if fallback is not None:
        options["on_failure"] = fallback

    run = play(one(**options), {"a": does if state != "waiting to try again" else [does, SLOW]})

    assert run.now == options["total_timeout"]
    error = run.failure("a")
    assert (type(error), error.kind) == (StepTimeout, "total_timeout")
    assert run.status("a") == ("timed_out" if fallback is None else "succeeded")
    assert run.told("a").count("step_succeeded") == (fallback is not None)


@pytest.mark.parametrize(
    "fallback", [None, Fallback("value"), Fallback(call=lambda error: error)], ids=["none", "value", "call"]
)
@pytest.mark.parametrize("is_async", [False, True])
def test_the_total_includes_waiting_for_a_place(fallback, is_async):
    options = {} if fallback is None else {"on_failure": fallback}

    @workflow
    def program():
        return named("a", is_async=is_async, max_concurrency=1, total_timeout=10, **options).map_outcomes([1, 2, 3])

    script = {"a[0]": Attempt(after=6), "a[1]": Attempt(after=3), "a[2]": Attempt(after=5)}

    run = play(program, script, work={"a[2]": 4})

    assert run.starts() == [0, 6, 9]
    assert [run.status(f"a[{i}]") for i in range(2)] == ["succeeded"] * 2
    assert run.status("a[2]") == ("timed_out" if fallback is None else "succeeded")


@pytest.mark.parametrize(
    "fallback", [None, Fallback("value"), Fallback(call=lambda error: error)], ids=["none", "value", "call"]
)
@pytest.mark.parametrize("is_async", [False, True])
def test_the_total_includes_waiting_for_somebody_who_has_time(fallback, is_async):
    """All workers may be busy; what ran out of time in the queue isn't begun any more."""
    options = {} if fallback is None else {"on_failure": fallback}
    run = Virtual(plan_of(one(is_async, total_timeout=10, **options)), {"a": SLOW}, work={"a": 4})
    run.begin()
    run.wait(10)
    run.tick()

    run.play()

    assert run.starts("a") == []
    assert run.status("a") == ("timed_out" if fallback is None else "succeeded")
    assert run.now == (14 if fallback is not None and fallback.call else 10)


def test_items_that_run_out_of_time_while_they_wait_free_no_place_they_didnt_have():
    @workflow
    def program():
        return named("a", max_concurrency=1, total_timeout=10).map_outcomes(range(4))

    run = play(program, {f"a[{i}]": Attempt(after=8) for i in range(4)})

    assert run.starts() == [0, 8]
    assert [run.status(f"a[{i}]") for i in range(4)] == ["succeeded", "timed_out", "timed_out", "timed_out"]


def test_the_total_counts_from_when_the_step_may_start():
    @workflow
    def program():
        return named("b", total_timeout=10, delay=60)(named("a")())

    run = play(program, {"a": Attempt(after=1_000), "b": SLOW})

    assert run.times("step_timed_out") == {"b": 1_070}


def test_the_total_names_what_the_attempts_before_it_died_of():
    options, does = WAITING["waiting for the end of an attempt"]

    run = play(one(total_timeout=10, **options), {"a": does})

    assert run.error.kind == "total_timeout"
    assert run.error.__cause__.kind == "timeout"


def test_no_retry_is_planned_for_after_the_total():
    run = play(
        one(total_timeout=10, retries=Retry(5, backoff=fixed(7), jitter="none")),
        {"a": Attempt(OSError("down"), after=3)},
    )

    assert run.starts("a") == [0]
    assert run.now == 3
    assert str(run.error) == "down"


# -- of silence ------------------------------------------------------------------------------------------------------


def test_signs_of_life_keep_an_attempt_going():
    run = play(one(heartbeat_timeout=10), {"a": Attempt(after=35, beats=(9, 18, 27))})

    assert run.outcome == "succeeded"


@pytest.mark.parametrize(("beats", "ends"), [((), 10), ((4,), 14), ((4, 13, 13.5), 23.5)])
def test_silence_ends_an_attempt(beats, ends):
    run = play(one(heartbeat_timeout=10), {"a": Attempt(after=100, beats=beats)})

    assert run.times("step_timed_out") == {"a": ends}
    assert run.error.kind == "heartbeat_timeout"


def test_every_attempt_has_to_give_signs_of_its_own():
    retry = Retry(2, backoff=fixed(1), jitter="none")

    run = play(one(is_async=True, heartbeat_timeout=10, retries=retry), {"a": [Attempt(after=50, beats=(8,)), SLOW]})

    assert run.starts("a") == [0, 19]
    assert run.times("step_timed_out") == {"a": 29}


# -- and cancelling --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("is_async", [False, True])
def test_a_run_that_is_cancelled_isnt_out_of_time(reason, is_async):
    """Not even if the time of a step runs out while it is being stopped."""
    run = Virtual(plan_of(one(is_async, timeout=10, retries=3)), {"a": Attempt(after=100, stops_after=4)})
    run.play(until=8)

    run.cancel(reason, "enough")
    run.play()

    assert run.status("a") == "cancelled"
    assert run.outcome == "cancelled"
    assert run.error.reason is reason
    assert [moment.detail for moment in run.log if moment.what == "stop"] == [reason]


def test_an_attempt_that_was_told_to_stop_isnt_told_again():
    run = Virtual(plan_of(one(is_async=True, timeout=10)), {"a": Attempt(after=100, stops_after=4)})
    run.play(until=12)

    run.cancel(CancelReason.USER)
    run.play()

    assert [moment.detail for moment in run.log if moment.what == "stop"] == [CancelReason.TIMEOUT]
    assert run.outcome == "cancelled"


def test_time_that_nobody_waits_for_any_more_wakes_nobody():
    @workflow
    def program():
        return named("b", delay=1)(named("a", timeout=3_600, total_timeout=7_200, heartbeat_timeout=60)())

    run = Virtual(plan_of(program), {"a": Attempt(after=1)}).play(until=1)

    assert run.status("a") == "succeeded"
    assert run.machine.deadline == 2


def test_jobs_other_than_the_body_have_no_limits():
    @workflow
    def program():
        return named("a", timeout=1, run_if=lambda: True)()

    run = play(program, work={"a": 50})

    assert run.starts() == [50]
    assert [moment.what for moment in run.log][:2] == ["event", Work.CONDITION.name.lower()]


@pytest.mark.parametrize(
    ("options", "end"), [({"timeout": 10}, 11), ({"timeout": 10, "total_timeout": 4}, 5), ({}, None)], ids=str
)
def test_a_step_can_see_when_its_time_is_up(options, end):
    run = Virtual(plan_of(one(delay=1, **options)), {"a": SLOW}).play(until=3)

    assert run.machine.runs_out(run.index("a"), 1) == end


def test_a_policy_that_takes_its_time_to_judge_keeps_nobody_from_being_left_behind():
    run = Virtual(plan_of(one(is_async=True, timeout=10)), {"a": Attempt(after=100)}).play(until=9)

    for when in (10, 10 + GRACE):
        run.wait(when)
        run.tick()

    assert run.status("a") == "timed_out"
    run.play()
    run.drain()


def test_what_a_policy_said_of_one_attempt_isnt_taken_for_the_next():
    """It may take so long that the attempt has ended by itself, been tried again, and run out of time again."""
    retry = Retry(2, backoff=fixed(0), jitter="none")
    attempts = [Attempt(OSError(), after=12), Attempt(after=100)]
    run = Virtual(plan_of(one(is_async=True, timeout=10, retries=retry)), {"a": attempts}).play(until=9)
    run.wait(10)
    run.tick()
    (first,) = run.expired
    run.wait(12)
    run.end(run.working[0])
    run.tick()
    run.take(Lane.LOOP)
    run.wait(22)
    run.tick()

    run.expire(first)
    run.play()

    assert run.starts("a") == [0, 12]
    assert run.error is not first.error
