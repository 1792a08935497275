"""What is checked while a machine runs, where the environment says so."""

import pytest

from flowkit import Engine, IllegalTransition, step, workflow
from flowkit.machine.invariants import BrokenInvariant, Statuses, are_watched, verify_end
from flowkit.machine.machine import Machine
from flowkit.machine.statuses import Status
from tests.machine.virtual import Virtual, named, plan_of


@workflow
def chain():
    return named("b")(named("a")())


@pytest.mark.parametrize(("given", "watched"), [("1", True), ("0", False), ("", False), (None, False)])
def test_the_environment_says_whether_they_are_checked(monkeypatch, given, watched):
    monkeypatch.delenv("FLOWKIT_INVARIANTS")
    if given is not None:
        monkeypatch.setenv("FLOWKIT_INVARIANTS", given)

    assert are_watched() is watched


def test_without_the_switch_nothing_is_checked():
    assert type(Machine(plan_of(chain)).status) is list


def test_a_status_that_cant_follow_is_refused_on_the_short_way_too():
    statuses = Statuses([Status.SUCCEEDED])

    with pytest.raises(IllegalTransition, match="`node 0` is succeeded and can't become running"):
        statuses[0] = Status.RUNNING


@pytest.mark.parametrize(
    ("spoil", "owed"),
    [
        (
            lambda machine: (list.__setitem__(machine.status, 0, Status.PENDING), machine.ready[0].append(0)),
            "wait for a worker",
        ),
        (lambda machine: setattr(machine, "busy", 2), "2 answers outstanding"),
        (lambda machine: setattr(machine, "left", 1), "1 nodes counted as left"),
        (lambda machine: machine.waits.__setitem__(1, 1), "ran before what they wait for: b"),
    ],
)
def test_a_machine_that_ended_and_owes_something_says_what(spoil, owed):
    run = Virtual(plan_of(chain))
    run.play()
    verify_end(run.machine)

    spoil(run.machine)

    with pytest.raises(BrokenInvariant, match=owed):
        verify_end(run.machine)


def test_a_broken_engine_fails_the_run_and_says_so(monkeypatch):
    """Nobody hangs, and nobody is handed a result that can't be trusted."""

    @step
    def one() -> int:
        return 1

    @workflow
    def program() -> int:
        return one()

    def cheat(machine):
        raise BrokenInvariant("a made-up mistake")

    monkeypatch.setattr("flowkit.machine.machine.verify_end", cheat)

    with Engine(), pytest.raises(BrokenInvariant, match="a made-up mistake") as caught:
        program()

    assert any("no step raised this" in note for note in caught.value.__notes__)
