"""Trying every place where a process can die."""

import random
import subprocess
import sys

import pytest

from flowkit import current, gate, step, workflow
from flowkit.errors import PolicyError
from flowkit.stores.sqlite import SqliteStore
from flowkit.testing import (
    NeverEnds,
    OneEffectPerKey,
    SameEverywhere,
    World,
    approve,
    assert_resumable,
    crash,
    simulate,
)


@step
def add(x: int) -> int:
    return x + 1


@workflow
def three(n: int) -> int:
    return add(add(add(n)))


@workflow
def ten(n: int) -> int:
    for _ in range(10):
        n = add(n)
    return n


def test_it_reports_what_was_tried():
    found = assert_resumable(three, 1)
    assert found.calm.value == 4
    assert found.worlds > 30
    assert ("record", "before") in found.reached
    assert not found.unfired
    assert str(found).startswith(f"`three` was run in {found.worlds} worlds, with {len(found.reached)} points")


def test_a_process_may_only_die_or_only_stand_still():
    both, crashes, pauses = (
        assert_resumable(three, 1, kinds=kinds).worlds for kinds in (["crash", "pause"], ["crash"], ["pause"])
    )
    assert both == crashes + pauses - 1
    with pytest.raises(PolicyError, match="'crash', 'pause'"):
        assert_resumable(three, 1, kinds=["fall"])


def test_ten_steps_survive_everything_once():
    assert assert_resumable(ten, 1).worlds > 60


def test_two_things_go_wrong():
    once, twice = assert_resumable(three, 1, kinds=["crash"]), assert_resumable(three, 1, kinds=["crash"], depth=2)
    assert twice.worlds > 6 * once.worlds
    assert not twice.unfired


def test_a_run_that_waits_for_an_answer_needs_one():
    @workflow
    def asking(n: int) -> int:
        gate("ship it?")
        return add(n)

    with pytest.raises(NeverEnds, match="outside="):
        assert_resumable(asking, 1)
    assert_resumable(asking, 1, outside=[approve()])


def test_a_result_that_depends_on_chance_is_found():
    @step
    def roll() -> int:
        return random.randrange(10**9)

    @workflow
    def rolling() -> int:
        return roll()

    with pytest.raises(SameEverywhere, match="and without that"):
        assert_resumable(rolling)
    assert_resumable(rolling, same=False)


def test_a_run_that_ends_otherwise_when_time_passes_is_found():
    @step(total_timeout="10s", retries=5)
    def hurried(x: int) -> int:
        if current().attempt == 1:
            raise ValueError("not yet")
        return x

    @workflow
    def hurrying(n: int) -> int:
        return hurried(n)

    with pytest.raises(SameEverywhere, match="failed"):
        assert_resumable(hurrying, 1)


def test_a_body_that_is_not_the_same_each_time_is_found():
    times = []

    @workflow
    def fickle(n: int) -> int:
        times.append(n)
        return add(add(n + len(times)))

    with pytest.raises(OneEffectPerKey, match="two different inputs") as caught:
        assert_resumable(fickle, 1, same=False)
    assert "the body isn't the same each time" in caught.value.help


def test_a_run_that_nobody_can_go_on_with_says_why():
    times = []

    @workflow
    def fickle(n: int) -> int:
        times.append(n)
        return add(add(n + len(times)))

    run = simulate(fickle, 1, world=World(crash("add", after="record")))
    assert run.status == "running"
    assert "is called with something else now" in run.kept.stuck


def test_it_works_with_other_stores(tmp_path):
    made = []

    def store(clock):
        made.append(SqliteStore(tmp_path / f"{len(made)}.db", clock=clock.now, time=clock.time))
        return made[-1]

    found = assert_resumable(three, 1, kinds=["crash"], store=store)
    for one in made:
        one.close()
    assert found.worlds == len(made)


def test_it_needs_nothing_that_is_not_installed(tmp_path):
    """Neither hypothesis nor pytest."""
    code = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"hypothesis", "pytest"}:
            raise ImportError(name)

sys.meta_path.insert(0, Missing())
from flowkit import step, workflow
from flowkit.testing import World, assert_resumable, crash, sabotage, simulate

@step
def add(x: int) -> int:
    return x + 1

@workflow
def body(n: int) -> int:
    return add(add(n))

assert simulate(body, 1, world=World(crash("add", before="record"))).value == 3
print(assert_resumable(body, 1).worlds)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert int(ran.stdout) > 20, ran.stderr
