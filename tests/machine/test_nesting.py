"""What holds for workflows with workflows in them, and for bodies that go on from results, in any order of answers."""

from __future__ import annotations

from hypothesis import event, given, settings, target
from hypothesis import strategies as st

from flowkit.errors import CancelReason, NonDeterminismError
from tests.machine.programs import programs, write
from tests.machine.reference import Reference
from tests.machine.test_properties import TIMED, check_story, modes, orders, run_of
from tests.machine.virtual import REASONS

few = settings(max_examples=settings.default.max_examples // 4)
"""Programs within programs are large, and take their time."""


@few
@given(programs(depth=2), orders, modes)
def test_statuses_are_what_the_table_says_at_every_depth(program, choices, mode):
    written = write(program)
    expected = Reference(written.plan, written.ends, written.lengths, written.inner)

    run = run_of(written, choices, mode).play()

    target(float(len(run.statuses)))
    event("nested" if written.inner else "flat")
    event(f"{'fails' if expected.unhandled else 'succeeds'}")
    statuses = {key: status.word for key, status in expected.final.items()}
    assert run.statuses.items() <= statuses.items()
    if mode["listening"] or mode["keeps"]:  # or else what a body wrote is forgotten once it has ended
        assert run.statuses == statuses
    assert {run.machine.key(i) for i in run.machine.failures} == expected.unhandled
    assert run.outcome == ("failed" if expected.unhandled else "succeeded")
    run.drain()


@few
@given(
    programs(TIMED, depth=2, asking=True, fail_fast=st.booleans(), timely=True),
    orders,
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_every_step_of_every_body_ends_once_and_says_so(program, choices, keeps, late, slow, fail_fast):
    written = write(program, fail_fast=fail_fast, asking=True)

    mode = {"keeps": keeps, "late": late, "slow": slow}
    run = run_of(written, choices, mode, awaited=written.awaited).play()

    event("asks" if written.awaited >= 0 else "is written in one go")
    check_story(run)
    assert not any(isinstance(error, NonDeterminismError) for error in run.machine.errors.values())
    run.drain()


@few
@given(
    programs(TIMED, depth=2, asking=True, fail_fast=st.booleans(), timely=True),
    orders,
    modes,
    st.integers(0, 60),
    st.sampled_from(REASONS),
)
def test_a_run_of_many_bodies_is_cancelled_at_any_moment(program, choices, mode, moment, reason):
    written = write(program, asking=True)
    run = run_of(written, choices, mode, awaited=written.awaited)
    run.play(moves=moment)
    over, failing = not run.machine.left or run.machine.root.cleaning, run.machine.stopping

    accepted = run.cancel(reason, "enough")
    started = len(run.starts())
    run.play()

    event("too late" if over or failing else "in time")
    assert accepted == (not over and failing is None)
    assert not run.cancel(CancelReason.USER, "once more")
    assert len(run.starts()) == started or not accepted
    assert (run.outcome == "cancelled") is accepted
    if mode["listening"] and not mode["quiet"]:
        check_story(run)
    run.drain()
