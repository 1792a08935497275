"""Ends are put on record before anybody sees them, where records are kept."""

from __future__ import annotations

import pytest

from flowkit import workflow
from tests.machine.virtual import Attempt, Virtual, named, plan_of, play


@workflow
def pair():
    return named("b")(named("a")())


@pytest.mark.covers("M96")
def test_nobody_sees_an_end_that_isnt_on_record():
    run = Virtual(plan_of(pair), keeps=True, late=True).play(moves=2)

    assert run.unrecorded == [0]
    assert run.told("a") == ["step_started"]
    assert not any(run.machine.ready.values())
    run.record(0)
    assert run.told("a") == ["step_started", "step_succeeded"]
    assert any(run.machine.ready.values())


@pytest.mark.parametrize("late", [True, False])
def test_a_run_ends_when_everything_is_on_record(late):
    run = play(pair, keeps=True, late=late)

    assert run.first("record", "a") < run.first("start", "b") < run.first("record", "b") < run.first("finish", "")


def test_what_is_said_to_be_on_record_twice_counts_once():
    run = Virtual(plan_of(pair), keeps=True).play(moves=2)

    run.machine.recorded(0, run.now)
    run.answer()
    run.play()

    assert run.starts("b") == [0]
    assert run.outcome == "succeeded"


@pytest.mark.parametrize("late", [True, False])
def test_every_end_is_recorded_once(late):
    @workflow(fail_fast=False)
    def program():
        named("effect", effect=True)()
        items = named("a").map([1, 2])
        return named("c")(items, named("skipped", run_if=lambda: False)())

    run = play(program, {"a[0]": Attempt(OSError())}, keeps=True, late=late, choices=[1] * 20)

    recorded = [moment.key for moment in run.log if moment.what == "record"]
    assert sorted(recorded) == sorted(run.statuses)


def test_nothing_is_recorded_where_nothing_is_kept():
    assert not [moment for moment in play(pair).log if moment.what == "ask to record"]
