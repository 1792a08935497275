"""Ending a run early: nothing new starts, what runs is stopped, the first reason stays."""

from __future__ import annotations

import pytest

from flowkit import Fallback, Retry, fixed, result_of, workflow
from flowkit.errors import CancelReason
from flowkit.machine.ending import GRACE
from tests.machine.virtual import REASONS, Attempt, Virtual, named, plan_of

SLOW = Attempt(after=100)


def begin(program, script=None, until=1.0, **options):
    return Virtual(plan_of(program), script, **options).play(until=until)


@workflow
def three():
    return named("c")(named("b")(named("a")())), named("other", is_async=True)()


@pytest.mark.parametrize("reason", REASONS)
def test_what_runs_is_told_why_and_what_doesnt_is_cancelled(reason):
    run = begin(three, {"b": SLOW, "other": SLOW})

    assert run.cancel(reason, "enough")
    run.play()

    assert run.statuses == {"a": "succeeded", "b": "cancelled", "c": "cancelled", "other": "cancelled"}
    assert {moment.detail for moment in run.log if moment.what == "stop"} == {reason}
    assert (run.error.reason, run.error.detail) == (reason, "enough")
    assert run.told().count("run_cancelled") == 1


def test_a_coroutine_is_waited_for_and_a_thread_is_not():
    @workflow
    def program():
        return named("thread")(), named("coroutine", is_async=True)()

    run = begin(program, {"thread": SLOW, "coroutine": Attempt(after=100, stops_after=3)})
    run.cancel(CancelReason.USER)

    assert run.status("thread") == "cancelled"
    assert run.told("thread")[-2:] == ["step_abandoned", "step_cancelled"]
    assert run.status("coroutine") == "running"
    run.play()
    assert run.now == 4
    run.drain()


def test_a_coroutine_that_takes_no_notice_is_left_behind_after_a_while():
    run = begin(three, {"other": Attempt(after=100, stops_after=float("inf"))})

    run.cancel(CancelReason.USER)
    run.play()

    assert run.now == 1 + GRACE
    assert run.told("other")[-2:] == ["step_abandoned", "step_cancelled"]


@pytest.mark.parametrize("listening", [True, False])
def test_also_where_nobody_listens_and_nothing_is_asked_of_the_step(listening):
    """The short way that plain steps take knows of no attempts."""

    @workflow
    def program():
        return named("b")(named("a")())

    run = begin(program, {"a": SLOW}, listening=listening)
    run.cancel(CancelReason.USER)

    assert run.machine.finished
    assert run.statuses == {"a": "cancelled", "b": "cancelled"}
    run.drain()


def test_a_step_that_is_done_all_the_same_has_succeeded_and_nothing_follows_it():
    run = begin(three, {"other": Attempt("done", after=3, stops_after=float("inf"))})

    run.cancel(CancelReason.USER)
    run.play()

    assert run.status("other") == "succeeded"
    assert run.outcome == "cancelled"


def test_a_step_that_fails_while_it_is_stopped_doesnt_change_what_happened_to_the_run():
    error = ValueError("while closing")
    run = begin(three, {"other": Attempt(after=100, stops_after=1, stops_with=error)})

    run.cancel(CancelReason.USER)
    run.play()

    assert run.status("other") == "failed"
    assert run.outcome == "cancelled"
    assert run.events[-1].kind == "run_cancelled"


def test_nor_does_one_that_had_failed_before():
    @workflow(fail_fast=False)
    def program():
        return named("a")(), named("b")()

    run = begin(program, {"a": Attempt(OSError()), "b": SLOW})
    run.cancel(CancelReason.USER)

    assert run.status("a") == "failed"
    assert run.outcome == "cancelled"


def test_what_fails_then_is_neither_retried_nor_stood_in_for():
    @workflow
    def program():
        return named("a", is_async=True, retries=3, on_failure=Fallback(0))()

    run = begin(program, {"a": Attempt(after=100, stops_with=OSError())})
    run.cancel(CancelReason.USER)
    run.play()

    assert run.starts("a") == [0]
    assert run.status("a") == "failed"
    assert run.outcome == "cancelled"


@pytest.mark.covers("M85")
def test_the_first_reason_stays():
    run = begin(three, {"other": Attempt(after=100, stops_after=2)})

    assert run.cancel(CancelReason.SHUTDOWN, "going down")
    assert not run.cancel(CancelReason.USER, "enough")
    run.play()

    assert (run.error.reason, run.error.detail) == (CancelReason.SHUTDOWN, "going down")


def test_a_run_that_is_failing_cant_be_cancelled():
    run = begin(three, {"a": Attempt(OSError()), "other": Attempt(after=100, stops_after=2)})

    assert not run.cancel(CancelReason.USER)
    run.play()

    assert run.outcome == "failed"
    assert [moment.detail for moment in run.log if moment.what == "stop"] == [CancelReason.FAIL_FAST]


def test_after_the_end_it_changes_nothing():
    run = begin(three)
    before = [*run.log]

    assert not run.cancel(CancelReason.USER)

    assert run.log == before
    assert run.outcome == "succeeded"


def test_once_everything_has_ended_it_is_too_late_even_if_that_isnt_on_record():
    run = Virtual(plan_of(three), keeps=True, late=True)
    run.begin()
    while run.machine.left:
        run.move(0)

    assert run.unrecorded
    assert not run.machine.finished
    assert not run.cancel(CancelReason.USER)
    run.play()
    assert run.outcome == "succeeded"


def test_before_the_beginning_it_is_a_run_in_which_nothing_ran():
    run = Virtual(plan_of(three))

    assert run.cancel(CancelReason.USER)
    run.begin()

    assert run.outcome == "cancelled"
    assert run.starts() == []
    assert run.told().count("run_cancelled") == 1


@pytest.mark.parametrize(
    ("options", "asked"),
    [({"run_if": lambda: True}, "condition"), ({"on_failure": Fallback(call=str)}, "fallback")],
    ids=["condition", "fallback"],
)
def test_nobody_waits_for_other_code_than_the_steps(options, asked):
    @workflow
    def program():
        return named("b")(named("a", **options)())

    run = begin(program, {"a": Attempt(OSError())}, work={"a": 50})
    assert run.log[-1].what == asked
    run.cancel(CancelReason.USER)

    assert run.machine.finished
    assert run.statuses == {"a": "cancelled", "b": "cancelled"}
    run.drain()


def test_nobody_waits_for_a_list_of_items():
    @workflow
    def program():
        return named("b").map(named("a").map([1, 2, 3]))

    run = begin(program, work={"a": 50})
    run.cancel(CancelReason.USER)

    assert run.statuses == {"a": "cancelled", "b": "cancelled"}
    run.drain()


def test_a_map_that_is_cancelled_halfway_says_so_of_every_item():
    @workflow
    def program():
        return named("a", max_concurrency=2).map(range(5))

    run = begin(program, {"a[1]": SLOW, "a[2]": SLOW})
    run.cancel(CancelReason.USER)

    assert [run.status(f"a[{i}]") for i in range(5)] == ["succeeded", *["cancelled"] * 4]
    assert run.status("a") == "cancelled"
    assert [run.told(f"a[{i}]")[-1] for i in range(5)] == ["step_succeeded", *["step_cancelled"] * 4]
    assert run.starts("a[3]") == []
    run.drain()


@pytest.mark.parametrize(
    "options", [{"delay": 50}, {"retries": Retry(2, backoff=fixed(50))}], ids=["a delay", "a backoff"]
)
def test_nobody_waits_for_time(options):
    @workflow
    def program():
        return named("a", **options)()

    run = begin(program, {"a": Attempt(OSError())})
    run.cancel(CancelReason.USER)

    assert run.machine.finished
    assert run.machine.deadline is None


def test_a_body_that_waits_for_a_result_doesnt_go_on_while_others_are_undone():
    @workflow
    def inner(n: int) -> int:
        return named("next")(result_of(named("slow")()))

    @workflow
    def program() -> list[int]:
        named("done", compensate=named("undo"))()
        return inner.map([1])

    run = begin(program, {"inner/slow": SLOW})
    assert run.status("inner[0]/slow") == "running"
    run.cancel(CancelReason.USER)
    run.play()

    assert run.statuses["inner[0]"] == run.statuses["inner[0]/slow"] == "cancelled"
    assert "step_compensated" in run.told("done")
    run.drain()
