"""What is undone where it came to nothing, whatever else happens and in whatever order the answers come."""

from __future__ import annotations

import itertools

from hypothesis import event, given, settings
from hypothesis import strategies as st

from flowkit.machine.statuses import Status
from tests.machine.programs import programs, write
from tests.machine.test_properties import TIMED, modes, orders, run_of
from tests.machine.virtual import REASONS

ILL = (Status.FAILED, Status.TIMED_OUT, Status.CANCELLED)

few = settings(max_examples=settings.default.max_examples // 2)


@few
@given(programs(depth=1, fail_fast=st.booleans()), orders, modes, st.booleans())
def test_what_was_done_where_it_came_to_nothing_is_undone_once_and_nothing_else(program, choices, mode, fail_fast):
    run = run_of(write(program, fail_fast=fail_fast), choices, mode).play()

    undone = check_undone(run)
    event(f"{'some' if undone else 'none'} undone")
    machine = run.machine
    for index in known(run):
        ill = any(came_to_nothing(run, call) for call in calls_around(machine, index))
        done = machine.status[index] is Status.SUCCEEDED and index not in machine._stood_in
        assert (index in undone) == (ill and (done or index in machine._unsure)), machine.key(index)
    run.drain()


@few
@given(programs(depth=1, fail_fast=st.booleans()), orders, modes)
def test_in_each_body_it_is_undone_in_reverse_order_of_completion(program, choices, mode):
    run = run_of(write(program), choices, mode).play()

    undone, machine = check_undone(run), run.machine
    ended = {moment.key: place for place, moment in enumerate(run.log) if moment.what == "end"}
    by_body = {}
    for index, began in undone.items():
        if index in machine._unsure:
            continue  # whoever was left behind ends when it likes
        body = next(call for call in calls_around(machine, index) if came_to_nothing(run, call))
        by_body.setdefault(body, []).append((began, ended[machine.key(index)]))
    for places in by_body.values():
        if len(places) > 1:
            event("several undone")
        assert all(one[1] > other[1] for one, other in itertools.pairwise(sorted(places)))


@few
@given(
    programs(TIMED, depth=1, asking=True, fail_fast=st.booleans(), timely=True),
    orders,
    modes,
    st.booleans(),
    st.integers(0, 40),
    st.sampled_from(REASONS),
)
def test_nothing_that_was_done_is_left_by_a_run_that_ends_at_any_moment(
    program, choices, mode, fail_fast, moment, reason
):
    written = write(program, fail_fast=fail_fast, asking=True)
    run = run_of(written, choices, mode, awaited=written.awaited)
    run.play(moves=moment)
    run.cancel(reason, "enough")
    run.play()

    undone, machine = check_undone(run), run.machine
    event(f"{run.outcome}, {'some' if undone else 'none'} undone")
    for index in known(run):
        ill = any(came_to_nothing(run, call) for call in calls_around(machine, index))
        if ill and machine.status[index] is Status.SUCCEEDED:
            in_doubt = index in machine._unsure
            assert (index in undone) == (in_doubt or index not in machine._stood_in), machine.key(index)
    run.drain()


def known(run):
    """The nodes with a compensation that have begun, and aren't forgotten."""
    machine = run.machine
    for index, node in enumerate(machine.nodes):
        policy = machine.policies[index]
        began = node.index >= 0 and machine.attempts.get(index) and index not in machine.groups
        if began and policy is not None and policy.compensate is not None:
            yield index


def calls_around(machine, index):
    """The bodies that a node was done in, from the inside outwards, up to one that is a part of cleaning up."""
    while not machine._is_cleanup(index):
        home = machine.homes[index]
        yield home.node
        if home is machine.root:
            return
        index = home.node


def came_to_nothing(run, call):
    return run.outcome != "succeeded" if call == run.machine.root.node else run.machine.status[call] in ILL


def check_undone(run):
    """What was undone, and when that began: once each, after it had ended, and one after another in each body."""
    machine, undone = run.machine, {}
    assert not set(machine.undoing.values()) & set(machine.armed)
    for undoing, index in machine.undoing.items():
        assert index not in undone
        key = machine.key(undoing)
        began = run.first("clean up", key)
        over = [
            place for place, moment in enumerate(run.log) if moment.key == machine.key(index) and moment.what == "end"
        ]
        assert machine.status[undoing] is Status.SUCCEEDED
        assert not over or over[-1] < began or index in machine._unsure  # it was left behind
        undone[index] = began
    return undone
