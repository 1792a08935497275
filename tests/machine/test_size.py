"""Many nodes, of every shape: whatever took more than linear time would never end here.

The machine is driven directly: the virtual driver looks at everything, and would take most of the time.
"""

from __future__ import annotations

import pytest

from flowkit import outcome, workflow
from flowkit.engine.collecting import collect
from flowkit.errors import CancelReason
from flowkit.machine.machine import Machine
from flowkit.machine.requests import Failure, Record, Stop, Work
from flowkit.machine.statuses import RunStatus, Status
from flowkit.plan import Lane
from tests.machine.virtual import named, plan_of

FEWER = 20_000
LANES = (Lane.ANY, Lane.POOL)

a, b, effect = named("a"), named("b"), named("effect", effect=True)


def exhaust(plan, fails=(), moves=None, **options):
    """Do whatever is ready, until nothing is, or for so many moves."""
    machine = Machine(plan, **options)
    machine.begin(0.0)
    while moves is None or moves > 0:
        answer(machine)
        index = machine.take(LANES, 0.0)
        if index is None:
            break
        if moves is not None:
            moves -= 1
        asked = machine.other_work.get(index, Work.BODY)
        if asked is Work.COLLECT:
            items = collect(
                machine.nodes[index],
                machine.policies[index],
                lambda value: machine.values[value._flowkit_node],
                machine.groups.__getitem__,
            )
            machine.expand(index, items, 0.0)
        elif machine.key(index) in fails:
            machine.fail(index, Failure(OSError()), machine.attempts.get(index, 1), 0.0)
        else:
            machine.succeed(index, index, machine.attempts.get(index, 1), 0.0)
    return machine


def answer(machine):
    done = 0
    while done < len(machine.requests):
        request = machine.requests[done]
        done += 1
        if isinstance(request, Record):
            machine.recorded(request.node, 0.0)
        elif isinstance(request, Stop):
            machine.abandon(request.node, request.attempt, 0.0)
    machine.requests.clear()


@workflow(fail_fast=False)
def chained(size):
    last = a()
    for _ in range(size):
        last = a(last)
    return last


@workflow(fail_fast=False)
def fanned(size):
    first = a()
    return b(first, [a(first) for _ in range(size)])


@workflow(fail_fast=False)
def mapped(size):
    return b.map_outcomes(a.map(range(size)))


@workflow(fail_fast=False)
def shared(size):
    first = a()
    return b.map([first] * size)


@workflow(fail_fast=False)
def ordered(size):
    for _ in range(size):
        a()
        effect()


@workflow(fail_fast=False)
def tolerant(size):
    last = a()
    for _ in range(size):
        last = a(outcome(last))
    return last


SHAPES = [chained, fanned, mapped, shared, ordered, tolerant]
shapes = pytest.mark.parametrize("program", SHAPES, ids=lambda program: program.__name__)


@pytest.mark.covers("M71")
@shapes
def test_a_hundred_thousand_nodes_run_to_the_end(program):
    machine = exhaust(plan_of(program, 100_000))

    assert machine.finished
    assert machine.ending is RunStatus.SUCCEEDED
    assert set(machine.status) == {Status.SUCCEEDED}


@shapes
def test_so_they_do_if_everything_is_told_and_kept(program):
    machine = exhaust(plan_of(program, FEWER), listening=True, keeps=True)

    assert machine.ending is RunStatus.SUCCEEDED
    assert set(machine.status) == {Status.SUCCEEDED}


@shapes
@pytest.mark.parametrize("fail_fast", [True, False])
def test_they_end_after_a_failure(program, fail_fast):
    machine = exhaust(plan_of(program, FEWER), fails={"a", "a[0]", "effect"}, fail_fast=fail_fast)

    assert machine.finished
    assert machine.ending is (RunStatus.SUCCEEDED if program is tolerant else RunStatus.FAILED)


@shapes
def test_they_are_cancelled(program):
    machine = exhaust(plan_of(program, FEWER), moves=FEWER // 10)

    machine.cancel(CancelReason.USER, 0.0)
    answer(machine)

    assert machine.finished
    assert machine.ending is RunStatus.CANCELLED


def test_a_plan_can_be_run_again():
    """A machine copies what it changes."""
    plan = plan_of(shared, 10)

    assert exhaust(plan).status == exhaust(plan).status
    assert len(plan.nodes) == 2
