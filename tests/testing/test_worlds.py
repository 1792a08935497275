"""Worlds as values: written as they are shown, and refused where they mean nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowkit import step
from flowkit.errors import PolicyError
from flowkit.machine.requests import Point
from flowkit.testing import World, crash, pause


@step
def charge(x: int) -> int:
    return x


EVENTS = [
    crash("charge", before="record"),
    crash("charge#2", after="effect", nth=2),
    crash("score[3]", before="record", times=3),
    crash(before="claim"),
    crash(after="finalize", nth=2, times=2),
    pause("charge", before="start"),
    pause(after="renew", nth=4),
]


@pytest.mark.parametrize("event", EVENTS, ids=repr)
def test_events_are_written_as_they_are_shown(event):
    assert eval(repr(event)) == event
    assert hash(eval(repr(event))) == hash(event)


@given(st.lists(st.sampled_from(EVENTS)))
def test_worlds_are_written_as_they_are_shown(events):
    world = World(*events)
    assert eval(repr(world)) == world
    assert world.events == tuple(events)


def test_a_world_shows_its_events_in_their_order():
    world = World(crash("charge", before="record")).then(pause("charge", after="record"))
    assert repr(world) == "World(crash('charge', before='record'), pause('charge', after='record'))"
    assert repr(World()) == "World()"


def test_a_step_stands_for_its_first_call():
    assert crash(charge, before="record") == crash("charge", before="record")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: crash("charge"), "needs a point"),
        (lambda: crash("charge", before="record", after="record"), "needs a point, before or after"),
        (lambda: crash("charge", before="recrod"), "did you mean"),
        (lambda: crash(before="record"), "needs a step"),
        (lambda: crash(3, before="record"), "write a step, or the key of one"),
        (lambda: crash("charge", before="record", nth=0), "nth=0 is no whole number"),
        (lambda: crash("charge", before="record", times=True), "times=True is no whole number"),
        (lambda: pause("charge"), r"pause\(...\) needs a point"),
        (lambda: World("charge"), "write events"),
    ],
)
def test_what_means_nothing_is_refused(make, said):
    with pytest.raises(PolicyError, match=said):
        make()


def test_every_point_can_be_named():
    for point in Point:
        assert repr(crash("a", before=str(point))) == f"crash('a', before='{point}')"
