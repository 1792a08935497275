"""Runs that are started in steps: whatever their process dies of, each is there once, and none is left behind."""

from __future__ import annotations

import itertools
import json
import logging
import threading
import time
from collections import Counter

import pytest

from flowkit import CancelReason, Engine, RunSuspended, StepTimeout, StoreError, current, sleep, step, workflow
from flowkit.engine.durable import Durable
from flowkit.engine.kept import NewRun
from flowkit.runner import engine_of_process
from flowkit.stores.memory import MemoryStore
from tests.durability.mortal import RUN, Shape, World, act, deaths

done: Counter[tuple[str, str]] = Counter()
"""How often which step of which run did something."""


@pytest.fixture(autouse=True)
def unheard(monkeypatch):
    """That stores break is what is meant here."""
    monkeypatch.setattr(logging.getLogger("flowkit"), "disabled", True)


def did():
    act()
    done[current().run_id, current().step] += 1


@step
def inc(x: int) -> int:
    did()
    return x + 1


@step
def add(xs: list[int]) -> int:
    did()
    return sum(xs)


@workflow
def small(x: int) -> int:
    return inc(inc(x))


@step
def call(x: int) -> int:
    did()
    return small(x)


@step
def start_two(x: int) -> int:
    did()
    first, second = small.start(x), small.start(x + 10)
    return first.result() + second.result()


@step(retries=2)
def call_and_fail_once(x: int) -> int:
    did()
    got = small(x)
    if current().attempt == 1:
        raise OSError
    return got


@workflow
def calling(x: int) -> int:
    return inc(call(inc(x)))


@workflow
def starting_two(x: int) -> int:
    return inc(start_two(x))


@workflow
def failing_once(x: int) -> int:
    return inc(call_and_fail_once(x))


@step
def call_further(x: int) -> int:
    did()
    return calling(x)


@workflow
def further(x: int) -> int:
    return add([call_further(x), call(x)])


FAMILIES = [calling, starting_two, failing_once, further]
ALL = pytest.mark.parametrize("wf", FAMILIES, ids=lambda wf: wf.__name__)


def family(store):
    """All runs that came of one, and of those that came of it: how each ended."""
    found, parents = {}, [RUN]
    while parents:
        run_id = parents.pop()
        run = store.run(run_id)
        if run is not None:
            found[run_id] = (run.workflow, run.arguments, run.status, run.result)
            parents += [one.run_id for one in store.runs(parent=run_id, limit=100).runs]
    return found


def lived(wf, *deaths, executor):
    """A run whose processes die these deaths; how it ended, what came of it, and what is wrong with how that came."""
    done.clear()
    world, wrong, ended = World(Shape(wf.__name__, wf, (1,), executor=executor)), [], {}
    for death in [*deaths, None]:
        before = Counter(done)
        life = world.live(death)
        wrong += [
            f"{key} of {run_id} had ended, and was done again" for run_id, key in ended if (done - before)[run_id, key]
        ]
        runs = family(world.kept)
        ended = {(run_id, node.key) for run_id in runs for node in world.kept.nodes(run_id) if node.sequence}
    for run_id in runs:
        for node in world.kept.nodes(run_id):
            if done[run_id, node.key] > max(1, node.attempts) + len(deaths):
                wrong.append(f"{node.key} of {run_id} was done {done[run_id, node.key]} times")
    return life, runs, wrong, world


def found_in(wf, executor="inline", every=1):
    """What goes wrong anywhere, by the death."""
    calm, expected, _, _ = lived(wf, executor=executor)
    found = {}
    for death in itertools.islice(deaths(), 0, None, every):
        life, runs, wrong, world = lived(wf, death, executor=executor)
        if not world.lives[0].store.is_dead:
            return found
        if life.end != calm.end:
            wrong.append(f"it ended with {life.end}")
        if runs != expected:
            wrong.append(f"there are {runs}, not {expected}")
        if wrong:
            found[death] = wrong
    return found


@ALL
def test_a_run_that_a_step_starts_is_there_once_wherever_its_process_dies(wf):
    """Also between that it is made and that its parent knows; and none is left that isn't over."""
    assert found_in(wf) == {}


@ALL
def test_it_is_there_once_where_threads_do_it(wf):
    assert found_in(wf, executor="thread", every=3) == {}


def test_runs_that_are_made_anew_each_time_are_found(monkeypatch):
    """The control: a name that another attempt doesn't come to again."""
    numbers = itertools.count()
    name = Durable.name_child
    monkeypatch.setattr(Durable, "name_child", lambda self, *of: f"{name(self, *of)}:{next(numbers)}")
    wrong = [line for lines in found_in(calling).values() for line in lines]
    assert any("there are" in line for line in wrong)


# -- nobody's ------------------------------------------------------------------------------------------------------------------


@workflow
def long() -> float:
    sleep("1h")
    return 1.0


@step
def call_long(x: int) -> float:
    return long()


@workflow
def calling_long(x: int) -> float:
    return call_long(x)


class Clock:
    seconds = 0.0

    def now(self):
        return self.seconds

    def time(self):
        return 1e9 + self.seconds


def test_a_run_whose_parent_ends_before_it_is_taken_up_again_ends_as_well():
    """Both were left by a process that died; then somebody wanted the end of the parent."""
    clock = Clock()
    kept = MemoryStore(clock=clock.now, time=clock.time)
    dead = Engine(store=kept, tracing=False, recover=False)
    with engine_of_process(dead):
        handle = calling_long.with_options(run_id=RUN).start(1)
        child = f"{RUN}/call_long/long"
        until(lambda: kept.run(child) is not None and kept.run(child).status == "waiting")
    clock.seconds += 1000.0
    kept.post(RUN, "cancel", "", json.dumps({"reason": "user", "detail": "enough"}), 0.0)
    with Engine(store=kept, tracing=False, clock=clock) as engine:
        until(lambda: is_over(engine, clock, kept, child))
        assert kept.run(RUN).status == kept.run(child).status == "cancelled"
    assert handle is not None
    dead.shutdown()


def is_over(engine, clock, kept, child):
    clock.seconds += 5.0
    engine._keep.tend()
    return kept.run(RUN).is_final and kept.run(child).is_final


def test_what_the_steps_of_a_run_start_that_was_taken_up_is_kept_with_it():
    """Not by the engine of the thread that took it up."""
    done.clear()
    kept = MemoryStore()
    kept.create(NewRun(RUN, calling.spec.name, '{"x": 1}', "d", 1.0), "dead")
    with Engine(store=kept, tracing=False):
        until(lambda: kept.run(RUN).is_final)
    assert set(family(kept)) == {RUN, f"{RUN}/call/small"}


def until(condition):
    """Wait for what threads do."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.005)


@step(timeout=0.2)
def call_for_too_long(x: int) -> float:
    return long()


@workflow
def out_of_time(x: int) -> float:
    return call_for_too_long(x)


@workflow
def resting(x: int) -> int:
    sleep(0.01)
    return inc(x)


class Forgetful(MemoryStore):
    """Fails the first time that a message is to be kept."""

    failures = 1

    def post(self, *args, **kwargs):
        if self.failures:
            self.failures -= 1
            raise StoreError("the disk failed", self.url)
        return super().post(*args, **kwargs)


def test_a_run_that_is_to_end_with_its_step_ends_though_its_store_fails():
    """And whatever else waits for a time goes on."""
    done.clear()
    with Engine(store=Forgetful(), tracing=False) as engine:
        with pytest.raises(StepTimeout):
            out_of_time.with_options(run_id=RUN).start(1).result(20)
        assert resting.start(1).result(20) == 2
        until(lambda: engine.store.run(f"{RUN}/call_for_too_long/long").status == "cancelled")


ready, go = threading.Event(), threading.Event()


@step
def call_late(x: int) -> int:
    ready.set()
    go.wait(20)
    return small(x)


@workflow
def calling_late(x: int) -> int:
    return call_late(x)


def test_a_run_that_is_started_by_a_run_that_was_left_isnt_ended_for_that():
    """Whoever goes on with the one finds the other, and would find it cancelled."""
    done.clear()
    ready.clear()
    go.clear()
    kept = MemoryStore()
    with Engine(store=kept, tracing=False, recover=False) as engine:
        run = calling_late.with_options(run_id=RUN).start(1)
        assert ready.wait(20)
        engine._keep.runs[RUN].suspend(CancelReason.LEASE_LOST)
        go.set()
        until(lambda: kept.run(f"{RUN}/call_late/small") is not None and kept.run(f"{RUN}/call_late/small").is_final)
        with pytest.raises(RunSuspended):
            run.result(20)
    with Engine(store=kept, tracing=False, recover=False):
        assert calling_late.resume(RUN).result(20) == 3
    assert kept.run(f"{RUN}/call_late/small").status == "succeeded"
    assert done[f"{RUN}/call_late/small", "inc"] == 1
