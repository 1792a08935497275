"""Statuses: what may follow what. The virtual driver holds every run of these tests to it."""

from __future__ import annotations

import pytest

from flowkit import IllegalTransition, workflow
from flowkit.machine.requests import POINTS, Emit, Finish, Point, Record, Stop, Work
from flowkit.machine.statuses import FOLLOWS, RunStatus, Status
from tests.machine.virtual import named, play

ENDS = [status for status in Status if status >= Status.SUCCEEDED]


@pytest.mark.covers("M74")
@pytest.mark.parametrize("end", ENDS, ids=lambda status: status.word)
def test_an_end_is_final(end):
    assert not FOLLOWS[end]


@pytest.mark.parametrize("status", [status for status in Status if status not in ENDS], ids=lambda status: status.word)
def test_whatever_hasnt_ended_may_end_in_any_way(status):
    assert FOLLOWS[status] >= {*ENDS}


@pytest.mark.covers("M74")
def test_a_status_that_cant_follow_is_refused_by_name():
    @workflow
    def program():
        return named("a")()

    run = play(program)

    with pytest.raises(IllegalTransition, match="`a` is succeeded and can't become running"):
        run.machine._move(0, Status.RUNNING)


def test_the_ends_of_runs_are_final_too():
    assert [status for status in RunStatus if status.is_final] == ["succeeded", "failed", "cancelled"]


def test_everything_a_machine_asks_for_has_a_named_point():
    asked = [work.point for work in Work] + [POINTS[request] for request in (Record, Stop, Emit, Finish)]
    assert set(asked) == {
        Point.RECOVER,
        Point.WAKE,
        Point.RETRY,
        Point.EXPAND,
        Point.RECORD,
        Point.EFFECT,
        Point.FINALIZE,
    }
