"""What holds for every workflow, whatever its steps do and in whatever order the answers come."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from flowkit.errors import CancelReason
from flowkit.machine.statuses import Status
from tests.machine.programs import programs, write
from tests.machine.reference import Reference
from tests.machine.virtual import ENDINGS, REASONS, Virtual

orders = st.lists(st.integers(0, 9), max_size=60)
"""Choices between what could happen next."""

flags = ("listening", "quiet", "keeps", "late")
modes = st.fixed_dictionaries(dict.fromkeys(flags, st.booleans()))

TIMED = st.lists(
    st.sampled_from([("total_timeout", 4.0), ("total_timeout", 30.0), ("timeout", 2.0), ("heartbeat_timeout", 2.5)]),
    max_size=2,
).map(tuple)
"""Limits that are hit or not, depending on who is faster."""


def run_of(written, choices, mode, **options):
    return Virtual(written.plan, written.script, choices=choices, order=written.order, **mode, **options)


@pytest.mark.covers("M5")
@given(programs(), orders, modes)
def test_statuses_are_what_the_table_says_in_any_order_of_answers(program, choices, mode):
    written = write(program)
    expected = Reference(written.plan, written.ends, written.lengths)

    run = run_of(written, choices, mode).play()

    statuses = {key: status.word for key, status in expected.final.items()}
    assert run.statuses.items() <= statuses.items()
    if mode["listening"] or mode["keeps"]:  # or else what streams are done with is forgotten
        assert run.statuses == statuses
    assert {run.machine.key(i) for i in run.machine.failures} == expected.unhandled
    assert run.outcome == ("failed" if expected.unhandled else "succeeded")
    run.drain()


@pytest.mark.covers("M54")
@given(programs(), orders, modes)
def test_failing_fast_cancels_or_blocks_and_changes_nothing_else(program, choices, mode):
    written = write(program, fail_fast=True)
    expected = Reference(written.plan, written.ends, written.lengths)

    run = run_of(written, choices, mode).play()

    event("fails" if expected.unhandled else "succeeds")
    assert run.outcome == ("failed" if expected.unhandled else "succeeded")
    # Whoever was told to stop may have come to an end of its own before it did, without retries and fallbacks.
    told = {moment.key for moment in run.log if moment.what == "stop" and moment.detail is CancelReason.FAIL_FAST}
    # And what cleans up has to do without what was cancelled, and isn't done if the text never came to its place.
    lacking = {key for key, status in run.statuses.items() if status in ("skipped", "blocked")} & expected.cleanup
    for key, status in run.statuses.items():
        if status != "cancelled" and key not in told | lacking:
            assert status == expected.final[key].word
    assert expected.unhandled or "cancelled" not in run.statuses.values()
    run.drain()


@given(programs(), orders, modes, st.booleans())
def test_lists_of_maps_are_in_the_order_of_their_items(program, choices, mode, fail_fast):
    run = run_of(written := write(program, fail_fast=fail_fast), choices, mode).play()

    machine = run.machine
    for index, group in machine.groups.items():
        if machine.status[index] is not Status.SUCCEEDED or machine.is_part(index):
            continue
        values, items = machine.values[index], machine._items_of(index)
        if values is None or len(items) < group.size:
            continue  # of a stream, nobody takes the list, or what it is done with is forgotten
        if machine.nodes[index].tolerant:
            assert [outcome.status for outcome in values] == [machine.status[i].word for i in items]
        elif machine.policies[index].on_failure in ("fail", "skip"):
            there = [i for i in items if machine.status[i] is Status.SUCCEEDED]
            assert group.leaves_out or there == list(items)
            assert values == [written.script[machine.key(i)][-1].gives for i in there]


@pytest.mark.covers("M93")
@given(programs(TIMED, timely=True), orders, st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_every_step_that_starts_ends_once_and_says_so(program, choices, keeps, late, slow, fail_fast):
    written = write(program, fail_fast=fail_fast)

    run = run_of(written, choices, {"keeps": keeps, "late": late, "slow": slow}).play()

    check_story(run)
    run.drain()


@given(programs(TIMED, timely=True), orders, modes, st.booleans(), st.integers(0, 40), st.sampled_from(REASONS))
def test_a_run_that_is_cancelled_at_any_moment_is_cancelled(program, choices, mode, fail_fast, moment, reason):
    written = write(program, fail_fast=fail_fast)
    run = run_of(written, choices, mode)
    run.play(moves=moment)
    root, failing = run.machine.root, run.machine.stopping
    # A run that undoes what it did for its failure has ended, but for that.
    over = not run.machine.left or root.cleaning or (root.undoing and run.machine.failures)

    accepted = run.cancel(reason, "enough")
    again = run.cancel(CancelReason.USER, "once more")
    started = len(run.starts())
    run.play()

    event("too late" if over or failing else "in time")
    assert accepted == (not over and failing is None)
    assert not again
    assert len(run.starts()) == started or not accepted
    if accepted:
        assert run.outcome == "cancelled"
        assert (run.error.reason, run.error.detail) == (reason, "enough")
    else:
        assert run.outcome != "cancelled"
    if mode["listening"] and not mode["quiet"]:
        check_story(run)
    run.drain()


def check_story(run):
    """What the events of a run have to be, whatever happened in it."""
    machine, told = run.machine, [event for event in run.events if hasattr(event, "key")]
    kinds = [event.kind for event in run.events]
    assert kinds[0] == "run_started"
    assert kinds[-1] == f"run_{run.outcome}"
    assert sum(kind.startswith("run_") for kind in kinds) == 2
    for index, status in enumerate(machine.status):
        key, node = machine.key(index), machine.nodes[index]
        story = [event for event in told if event.key == key and event.kind != "step_compensated"]
        if node.spec is None or machine._is_map(index):
            continue
        endings = [event.kind for event in story if event.kind in ENDINGS]
        assert endings == [f"step_{status.word}"]
        assert story[-1].kind == endings[0] or story[-1].kind == "step_abandoned"
        attempts = [event.attempt for event in story if event.kind == "step_started"]
        assert attempts == list(range(1, len(attempts) + 1))
        for one, following in itertools.pairwise(story):
            if one.kind == "step_retrying":
                # Only the total may still come between, and then whatever stands in for the step.
                hurried = machine.policies[index].total_timeout is not None
                assert hurried or following.kind in ("step_started", "step_cancelled")


@given(programs(), orders)
def test_listening_and_keeping_change_nothing(program, choices):
    written = write(program)
    modes = [
        dict.fromkeys(flags, False),
        *({**dict.fromkeys(flags, False), "listening": True, flag: True} for flag in flags),
    ]
    runs = [run_of(written, choices, mode).play() for mode in modes]

    told = {key: status for run in runs for key, status in run.statuses.items()}
    assert all(run.statuses.items() <= told.items() for run in runs)
    assert all(run.outcome == runs[0].outcome for run in runs)
