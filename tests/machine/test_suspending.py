"""Waiting for times, signals and gates, in time that jumps."""

from __future__ import annotations

import pytest

from flowkit import always, first, one_at_a_time, select, workflow
from flowkit.errors import CancelReason, GateRejected, GateTimeout, IllegalTransition, StepTimeout
from flowkit.machine.waiting import Decision, Waiting
from tests.machine.virtual import Attempt, Virtual, named, plan_of

DAY = 86_400.0

ASLEEP = Attempt(Waiting("timer", seconds=DAY))
LISTENING = Attempt(Waiting("signal", "paid"))
PATIENT = Attempt(Waiting("signal", "paid", 60.0, StepTimeout("paid", 60.0)))
OPEN = Attempt(Waiting("gate", "deploy?"))


def begin(program, script, **options):
    return Virtual(plan_of(program), script, **options)


@workflow
def one():
    return named("then")(named("wait")())


@pytest.mark.covers("M29")
def test_a_timer_is_over_when_its_time_is():
    run = begin(one, {"wait": ASLEEP}, listening=True)

    run.play(until=DAY - 1)
    assert run.status("wait") == "waiting"
    assert run.machine.busy == 0

    run.play()
    assert run.now == DAY
    assert run.statuses == {"wait": "succeeded", "then": "succeeded"}
    assert [event.kind for event in run.events if event.kind.endswith("_set")] == ["timer_set"]


def test_who_waits_for_a_signal_has_it_when_it_comes():
    run = begin(one, {"wait": LISTENING})
    run.play(until=DAY)
    assert run.status("wait") == "waiting"

    assert run.machine.deliver("paid", 42, run.now)
    run.answer()
    run.play()

    assert run.machine.values[0] == 42
    assert run.outcome == "succeeded"


def test_a_signal_that_comes_early_is_kept():
    run = begin(one, {"wait": LISTENING}, listening=True)
    run.machine.deliver("paid", 42, run.now)
    run.play()
    assert run.machine.values[0] == 42
    assert [event.early for event in run.events if event.kind == "signal_received"] == [True]


def test_each_signal_is_taken_once_and_the_longest_wait_is_served_first():
    @workflow
    def two():
        return named("a")(), named("b")()

    run = begin(two, {"a": LISTENING, "b": Attempt(LISTENING.gives, after=1.0)})
    run.play(until=10.0)
    run.machine.deliver("paid", "first", run.now)
    run.machine.deliver("other", "not asked for", run.now)
    run.answer()
    assert run.statuses == {"a": "succeeded", "b": "waiting"}
    run.machine.deliver("paid", "second", run.now)
    run.answer()
    run.play()
    assert run.machine.values[:2] == ["first", "second"]


def test_the_same_signal_with_the_same_mark_counts_once():
    run = begin(one, {"wait": LISTENING})
    assert run.machine.deliver("paid", 1, run.now, "event-7")
    assert not run.machine.deliver("paid", 1, run.now, "event-7")
    assert run.machine.deliver("paid", 1, run.now, "event-8")
    assert run.machine.deliver("other", 1, run.now, "event-7")
    assert [len(kept) for kept in run.machine.mail.values()] == [2, 1]


def test_who_waits_too_long_times_out_and_the_signal_after_that_is_kept():
    run = begin(one, {"wait": PATIENT})
    run.play()
    assert run.now == 60.0
    assert run.statuses == {"wait": "timed_out", "then": "blocked"}
    assert run.machine.deliver("paid", 42, run.now)


def test_a_gate_is_open_until_somebody_decides():
    run = begin(one, {"wait": OPEN}, listening=True)
    run.play(until=DAY)
    yes = Decision(approved=True, who="ann")

    run.machine.decide(0, yes, run.now)
    run.answer()
    run.play()

    assert run.machine.values[0] == yes
    assert [event.kind for event in run.events if event.kind.startswith("gate")] == ["gate_opened", "gate_resolved"]
    with pytest.raises(IllegalTransition, match="`wait` is succeeded and can't become decided"):
        run.machine.decide(0, yes, run.now)


@pytest.mark.parametrize(("on_reject", "expected"), [("fail", "failed"), ("return", "succeeded")])
def test_a_no_at_a_gate_is_a_failure_unless_it_was_asked_for(on_reject, expected):
    run = begin(one, {"wait": Attempt(Waiting("gate", "deploy?", on_reject=on_reject))})
    run.play(until=1.0)
    run.machine.decide(0, Decision(approved=False, who="bob", feedback="not today"), run.now)
    run.answer()
    run.play()
    assert run.status("wait") == expected
    if expected == "failed":
        assert isinstance(run.machine.errors[0], GateRejected)
        assert str(run.machine.errors[0]) == "`deploy?` was rejected by bob: not today"


@pytest.mark.covers("M40")
@pytest.mark.parametrize(
    ("late", "status"),
    [(GateTimeout("deploy?", 5.0), "timed_out"), (Decision(approved=False, timed_out=True), "succeeded")],
)
def test_a_gate_that_nobody_decides_ends_by_the_clock_and_says_so(late, status):
    run = begin(one, {"wait": Attempt(Waiting("gate", "deploy?", 5.0, late))}, listening=True)
    run.play()
    assert run.now == 5.0
    assert run.status("wait") == status
    assert [event.kind for event in run.events if event.kind == "gate_resolved"] == ["gate_resolved"]


def test_a_timer_that_lost_is_cancelled_and_nobody_waits_for_it():
    @workflow
    def program():
        return select(paid=named("paid")(), late=named("late")())

    run = begin(program, {"paid": PATIENT, "late": ASLEEP})
    run.play(until=1.0)
    run.machine.deliver("paid", 42, run.now)
    run.answer()
    run.play()
    assert run.now == 1.0
    assert run.statuses == {"paid": "succeeded", "late": "cancelled", "select": "succeeded"}


def test_a_join_that_doesnt_cancel_leaves_the_other_to_wait():
    @workflow
    def program():
        return first(named("quick")(), named("late")())

    run = begin(program, {"late": ASLEEP}).play()
    assert run.now == DAY
    assert set(run.statuses.values()) == {"succeeded"}


@pytest.mark.covers("M29")
def test_a_run_that_is_cancelled_while_it_waits_ends_at_once():
    run = begin(one, {"wait": LISTENING})
    run.play(until=1.0)
    assert run.cancel(CancelReason.USER)
    assert run.statuses == {"wait": "cancelled", "then": "cancelled"}
    assert run.finishes == 1


def test_waiting_is_no_deadlock_and_being_blocked_behind_it_isnt_either():
    run = begin(one, {"wait": LISTENING}).play(until=DAY)
    assert run.machine.left == 2
    assert not run.machine.is_idle


def test_what_waits_keeps_its_turn():
    @workflow
    def program():
        with one_at_a_time():
            return named("a")(), named("b")()

    run = begin(program, {"a": LISTENING, "b": LISTENING}).play(until=1.0)
    assert sorted(run.statuses.values()) == ["pending", "waiting"]
    run.machine.deliver("paid", 1, run.now)
    run.machine.deliver("paid", 2, run.now)
    run.answer()
    run.play()
    assert sorted(run.machine.values[:2]) == [1, 2]


def test_what_cleans_up_may_wait_too():
    @workflow
    def program():
        with always():
            named("rest")()
        named("work")()

    run = begin(program, {"work": Attempt(ValueError("no")), "rest": ASLEEP}).play()
    assert run.now == DAY
    assert run.status("rest") == "succeeded"
    assert run.outcome == "failed"
