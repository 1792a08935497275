"""Before an attempt: the condition, the date, the delay, in this order."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowkit import Fallback, Retry, fixed, outcome, workflow
from tests.machine.virtual import WALL, Attempt, Virtual, named, plan_of, play


def at(seconds):
    """The date so many seconds after the start of the run."""
    return datetime.fromtimestamp(WALL + seconds, UTC)


def one(**options):
    @workflow
    def program():
        return named("b", on_failure="skip")(named("a", **options)())

    return program


# -- times -----------------------------------------------------------------------------------------------------------


@pytest.mark.covers("M28")
@pytest.mark.parametrize(
    ("options", "begins"),
    [
        ({"delay": 10}, 10),
        ({"not_before": at(10)}, 10),
        ({"not_before": at(10), "delay": 5}, 15),
        ({"not_before": at(-10)}, 0),
        ({"not_before": at(-10), "delay": 5}, 5),
        ({"not_before": at(0)}, 0),
        ({"delay": 0}, 0),
    ],
    ids=str,
)
def test_a_date_and_a_delay_add_up_and_the_past_means_now(options, begins):
    run = play(one(**options))

    assert run.starts("a") == [begins]
    assert run.told("a")[0] == ("step_scheduled" if begins else "step_started")


@pytest.mark.covers("M28")
def test_a_delay_begins_when_the_step_is_ready():
    @workflow
    def program():
        return named("b", delay=5)(named("a")())

    assert play(program, {"a": Attempt(after=7)}).starts("b") == [12]


def test_a_retry_isnt_delayed_again():
    run = play(one(delay=10, retries=Retry(2, backoff=fixed(1), jitter="none")), {"a": [Attempt(OSError()), Attempt()]})

    assert run.starts("a") == [10, 11]


@pytest.mark.covers("M28")
def test_a_delayed_step_starts_on_time_while_others_take_long():
    @workflow
    def program():
        return named("long")(), named("soon", delay=0.1)()

    assert play(program, {"long": Attempt(after=10)}).starts("soon") == [0.1]


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=8), st.lists(st.integers(0, 9), max_size=20))
def test_nobody_starts_early(delays, choices):
    @workflow
    def program():
        return [named(f"a{i}", delay=delay)() for i, delay in enumerate(delays)]

    run = Virtual(plan_of(program), choices=choices).play()

    assert all(run.starts(f"a{i}")[0] >= delay for i, delay in enumerate(delays))


# -- conditions ------------------------------------------------------------------------------------------------------


@pytest.mark.covers("M27")
def test_a_step_whose_condition_is_false_is_skipped_without_having_started():
    run = play(one(run_if=lambda: False))

    assert run.statuses == {"a": "skipped", "b": "skipped"}
    assert run.told("a") == ["step_skipped"]
    assert run.reason("a") == "its condition was false"
    assert run.outcome == "succeeded"


def test_a_condition_is_asked_before_anything_is_waited_for():
    run = play(one(run_if=lambda: False, delay=3_600, not_before=at(7_200)))

    assert run.now == 0


def test_a_condition_is_asked_once():
    asked = []

    run = play(one(run_if=lambda: not asked.append(1), delay=1, retries=2), {"a": [Attempt(OSError()), Attempt()]})

    assert len(run.starts("a")) == 2
    assert len(asked) == 1


@pytest.mark.covers("M27")
@pytest.mark.parametrize(
    ("on_failure", "status", "outcome"),
    [
        ("fail", "failed", "failed"),
        ("skip", "failed", "succeeded"),
        (Fallback(0), "succeeded", "succeeded"),
        (Fallback(call=lambda error: error), "succeeded", "succeeded"),
    ],
    ids=["fail", "skip", "value", "call"],
)
def test_a_condition_that_raises_is_a_failure_of_its_step(on_failure, status, outcome):
    run = play(one(run_if=lambda: {}["x"], on_failure=on_failure, retries=3))

    assert run.status("a") == status
    assert run.outcome == outcome
    assert isinstance(run.failure("a"), KeyError)
    assert run.starts("a") == []


def test_every_item_of_a_map_is_asked_for():
    answers = iter([True, False, True])

    @workflow
    def program():
        return named("a", run_if=lambda: next(answers)).map_outcomes([1, 2, 3])

    run = play(program)

    assert [run.status(f"a[{i}]") for i in range(3)] == ["succeeded", "skipped", "succeeded"]


@given(st.lists(st.booleans(), min_size=1, max_size=12), st.lists(st.integers(0, 9), max_size=40))
def test_steps_that_are_skipped_in_no_time_are_no_deadlock(wanted, choices):
    @workflow
    def program():
        last = named("first")()
        for i, answer in enumerate(wanted):
            last = named(f"s{i}", run_if=(lambda: True) if answer else (lambda: False), depends_on=[last])()
        return last

    run = Virtual(plan_of(program), choices=choices).play()

    assert run.outcome == "succeeded"
    assert [run.status(f"s{i}") for i in range(len(wanted))] == [("skipped", "succeeded")[answer] for answer in wanted]


# -- failures --------------------------------------------------------------------------------------------------------


@pytest.mark.covers("M52")
def test_a_failure_that_is_to_be_skipped_keeps_its_error():
    error = OSError("no")

    run = play(one(on_failure="skip"), {"a": Attempt(error)})

    assert run.statuses == {"a": "failed", "b": "skipped"}
    assert run.failure("a") is error
    assert run.told("a")[-1] == "step_failed"
    [failed] = [event for event in run.events if event.kind == "step_failed"]
    assert failed.handled
    assert run.outcome == "succeeded"


@pytest.mark.covers("M52")
def test_a_fallback_stands_in_after_the_last_attempt_and_the_error_is_kept():
    error = OSError("no")

    run = play(one(on_failure=Fallback([]), retries=Retry(3, backoff=fixed(1))), {"a": Attempt(error)})

    assert len(run.starts("a")) == 3
    assert run.value("a") == []
    assert run.failure("a") is error
    (told,) = [event for event in run.events if event.kind == "step_succeeded" and event.key == "a"]
    assert told.error is error


def test_a_fallback_may_be_a_call_that_gets_the_error():
    run = play(one(on_failure=Fallback(call=lambda error: f"instead of {error}")), {"a": Attempt(OSError("x"))})

    assert run.value("a") == "instead of x"
    assert run.status("b") == "succeeded"


def test_a_fallback_that_raises_is_the_failure():
    def collapse(error):
        raise LookupError("nothing here either") from error

    run = play(one(on_failure=Fallback(call=collapse), retries=3), {"a": Attempt(OSError())})

    assert run.status("a") == "failed"
    assert isinstance(run.error, LookupError)
    assert isinstance(run.error.__cause__, OSError)
    assert [moment.what for moment in run.log].count("fallback") == 1


def test_a_fallback_that_raises_can_still_be_taken_as_an_outcome():
    @workflow
    def program():
        return outcome(named("a", on_failure=Fallback(call=lambda error: 1 / 0))())

    run = play(program, {"a": Attempt(OSError())})

    assert isinstance(run.value("outcome").error, ZeroDivisionError)
    assert run.outcome == "succeeded"


def test_a_fallback_that_exits_ends_the_run():
    def leave(error):
        raise SystemExit(3)

    run = play(one(on_failure=Fallback(call=leave)), {"a": Attempt(OSError())})

    assert isinstance(run.error, SystemExit)
