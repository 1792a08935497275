"""Whose a run is: processes that are stopped, that are slow, that hold everybody up, and that die each time.

FLOWKIT_ROUNDS says how often a process is stopped, and how long what is slow takes.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager

import pytest

from flowkit import Engine, RunLost, RunSuspended, StoreError
from flowkit.engine.keep import Keep
from flowkit.engine.kept import Claim, NewRun
from flowkit.runner import engine_of_process
from flowkit.stores.memory import MemoryStore
from flowkit.stores.sqlite import SqliteStore
from flowkit.testing.conformance.ground import everything
from tests.durability import racing
from tests.durability.deeds import Deeds, deeds
from tests.durability.killing import Child
from tests.durability.living import quickly
from tests.durability.staying import KINDS, MANY, answer

ROUNDS = int(os.environ.get("FLOWKIT_ROUNDS", "5"))
LONG = 60.0
EACH = 13
"""Runs that a process has when it is stopped."""


class Scene:
    """A file, processes that are at it, and what they did."""

    def __init__(self, folder, clock=time.monotonic):
        self.path = folder / "runs.db"
        self.deeds = folder / "deeds"
        self.store = SqliteStore(self.path, clock=clock)
        self.stack = ExitStack()
        racing.deeds = Deeds(self.deeds, "here")
        self.stack.callback(self.store.close)

    def child(self, do, *, life, lease=1, **orders):
        child = Child("staying", do=do, life=life, lease=lease, store=str(self.path), deeds=str(self.deeds), **orders)
        self.stack.callback(child.close)
        assert child.hears() == "ready"
        child.tell()
        return child

    def engine(self, *, lease=1, **options):
        store = SqliteStore(self.path)
        engine = Engine(store=store, tracing=False, lease=lease, **options)
        self.stack.callback(store.close)
        self.stack.callback(engine.shutdown)
        return engine

    def ends(self, life):
        """How runs ended for whoever waited in a process."""
        return {one.run_id: one.what for one in deeds(self.deeds) if one.kind == "end" and one.life == life}

    def did(self, run_id, *keys):
        return [one for one in deeds(self.deeds) if one.kind == "did" and one.run_id == run_id and one.what in keys]


@pytest.fixture
def scene(tmp_path):
    made = Scene(tmp_path)
    yield made
    made.stack.close()


def until(condition, child=None, seconds=LONG):
    """Wait for it, as long as that may take."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it takes too long"
        if child is None:
            time.sleep(0.01)
        else:
            child.ends_within(0.01)


# -- a process that was stopped ---------------------------------------------------------------------------------------------


class Zombies:
    """A process that is stopped while it has runs, some of which others then take, and woken."""

    def __init__(self, scene, kind=""):
        self.scene = scene
        self.random = random.Random(kind)
        self.child = scene.child("hold", life="stopped", kind=kind)
        self.engine = scene.engine(recover=False)
        scene.store.renew("thief", 3600)
        self.stopped = 0

    def stop_and_wake(self, number):
        """One round. What was written to runs that nobody is at, by whoever woke up, and how its runs ended there."""
        kinds = list(KINDS)[:7]
        runs = {f"{number}-{place}": kinds[(number + place) % len(kinds)] for place in range(EACH)}
        self.tell(runs)
        self.stop()
        ended = [run_id for run_id in runs if self.scene.store.run(run_id).is_final]
        left = [run_id for run_id in runs if run_id not in ended]
        until(lambda: not any(self.scene.store.run(run_id).is_held for run_id in left))
        frozen, going_on = left[::2], left[1::2]
        for run_id in frozen:
            assert isinstance(self.scene.store.claim(run_id, "thief"), Claim)
        before = {run_id: everything(self.scene.store, run_id) for run_id in frozen}
        with self.engine_here():
            mine = {run_id: KINDS[runs[run_id]].resume(run_id) for run_id in going_on}
        self.child.wake()
        until(lambda: self.scene.ends("stopped").keys() >= runs.keys() or self.help(mine), self.child)
        after = {run_id: everything(self.scene.store, run_id) for run_id in frozen}
        until(lambda: all(run.wait(0) for run in mine.values()) or self.help(mine), self.child)
        self.stopped += len(left)
        self.finish(frozen, runs)
        ends = self.scene.ends("stopped")
        return [run_id for run_id in frozen if before[run_id] != after[run_id]], {
            run_id: ends[run_id] for run_id in left
        }

    def stop(self):
        """Stop the process somewhere, but not in the middle of writing: then nobody could write, and so take its runs."""
        probe = SqliteStore(self.scene.path, patience=0.05)
        while True:
            self.child.ends_within(self.random.uniform(0.0, 0.15))
            self.child.stop()
            try:
                probe.renew("probe", 1)
            except StoreError:
                self.child.wake()
                continue
            probe.close()
            return

    def help(self, mine):
        for run in mine.values():
            answer(run)
        return False

    def engine_here(self):
        return engine_of_process(self.engine)

    def tell(self, runs):
        self.child.tell(json.dumps([(run_id, kind, 1.5 if kind == "at_work" else 1) for run_id, kind in runs.items()]))
        assert self.child.hears() == "under way"

    def finish(self, frozen, runs):
        """Have the runs go on that were only taken: what the one that was stopped has done fits in with what there is."""
        self.scene.store.retire("thief")
        self.scene.store.renew("thief", 3600)
        with self.engine_here():
            mine = {run_id: KINDS[runs[run_id]].resume(run_id) for run_id in frozen}
            until(lambda: all(run.wait(0) for run in mine.values()) or self.help(mine), self.child)


RESULTS = {
    "in_turn": str(1 + MANY),
    "side_by_side": str(sum(range(2, MANY + 2))),
    "undoing": None,
    "asking": "3",
    "expecting": "2",
    "resting": "2",
    "at_work": "1.5",
}


@pytest.mark.covers("M78")
def test_a_process_that_was_stopped_writes_nothing_to_runs_that_others_have(scene):
    """Whoever waits there is told that the run was taken over; and whoever has it comes to the right end."""
    zombies = Zombies(scene)
    rounds = max(2, ROUNDS // 2)
    for number in range(rounds):
        changed, ends = zombies.stop_and_wake(number)
        assert changed == []
        assert [end for end in ends.values() if "another process has taken it over" not in end] == []
    assert zombies.stopped >= rounds * EACH / 2  # on a busy machine some have been done by then
    for number in range(rounds):
        for place in range(EACH):
            run = scene.store.run(f"{number}-{place}")
            expected = RESULTS[run.workflow.rpartition(":")[2]]
            assert (run.status, run.result) == ("failed" if expected is None else "succeeded", expected)
            numbers = [event.number for event in scene.store.events(run.run_id)]
            assert numbers == list(range(1, len(numbers) + 1))


def test_what_a_process_writes_that_was_stopped_is_found(scene):
    """The control: a store that writes for whoever comes, whoever has the run."""
    zombies = Zombies(scene, kind="unfenced")
    assert any(zombies.stop_and_wake(number)[0] for number in range(5))  # whoever is quick enough writes nothing late


# -- a process that was killed ------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="only leases tell of a death here")
def test_an_engine_takes_up_at_once_what_a_process_has_left_that_was_killed(scene):
    """However long the lease was: whoever starts a server anew after a crash doesn't wait for anything."""
    child = scene.child("hold", life="killed", lease=3600)
    child.tell(json.dumps([(f"{number}", "in_turn", 1) for number in range(5)]))
    assert child.hears() == "under way"
    child.close()
    left = [run.run_id for run in scene.store.runs().runs if not run.is_final]
    assert left
    engine = scene.engine()
    assert [engine.run(run_id).result(LONG) for run_id in left] == [1 + MANY] * len(left)
    assert {scene.store.run(run_id).recoveries for run_id in left} == {1}


# -- a process that is slow ---------------------------------------------------------------------------------------------------


@pytest.mark.covers("M79")
def test_a_life_is_never_taken_for_a_death_and_a_death_is_noticed_once(scene):
    """Five engines look for runs that nobody has, while one process has long steps, another holds all its threads up,
    and a third one dies."""
    length = 3.0 if ROUNDS < 20 else 10.0
    slow = scene.child("hold", life="slow", lease=2)
    slow.tell(json.dumps([(f"slow-{number}", "at_work", length) for number in range(10)]))
    busy = scene.child("hold", life="busy", lease=3)
    busy.tell(json.dumps([("busy", "holding", 1.3)]))
    dead = scene.child("hold", life="dead")
    dead.tell(json.dumps([(f"dead-{number}", "at_work", 2.0) for number in range(20)]))
    assert [child.hears() for child in (slow, busy, dead)] == ["under way"] * 3
    dead.close()
    left = {run.run_id for run in scene.store.runs(prefix="dead", limit=100).runs if not run.is_final}
    assert left
    engines = [scene.engine(lease=4) for _ in range(5)]
    assert len({engine._keep.owner for engine in engines}) == 5
    names = [run.run_id for run in scene.store.runs(limit=100).runs]
    assert len(names) == 31
    until(lambda: all(scene.store.run(run_id).is_final for run_id in names), slow)
    for run in scene.store.runs(limit=100).runs:
        taken = run.run_id in left
        assert (run.status, run.recoveries, run.generation) == ("succeeded", taken, 1 + taken), run.run_id
        key = "hold_everybody_up" if run.run_id == "busy" else "take_time"
        assert 1 <= len(scene.did(run.run_id, key)) <= 1 + taken  # twice where it had just been done, unrecorded


def test_a_process_that_holds_itself_up_for_longer_than_its_lease_loses_its_runs(scene):
    """As the documents say: then its steps run twice, and what they came to is recorded once."""
    busy = scene.child("hold", life="busy")
    scene.engine()
    busy.tell(json.dumps([("busy", "holding_once", 2.0)]))
    until(lambda: scene.ends("busy") and scene.store.run("busy").is_final, busy)
    run = scene.store.run("busy")
    assert (run.status, run.recoveries) == ("succeeded", 1)
    assert "another process has taken it over" in scene.ends("busy")["busy"]
    assert len(scene.did("busy", "hold_everybody_up")) == 2


# -- a process that dies each time ----------------------------------------------------------------------------------------------


def test_a_run_that_takes_its_processes_down_with_it_is_given_up(tmp_path):
    """By an exit, a crash, or by being killed as soon as the run is taken; those who are at other runs don't notice."""
    scenes = {
        kind: Scene(tmp_path / kind, quickly)
        for kind in ("leaving", "crashing", "unlucky")
        if not (tmp_path / kind).mkdir()
    }
    most = 2
    with ExitStack() as stack:
        for scene in scenes.values():
            stack.callback(scene.stack.close)
        neighbour = scenes["leaving"].child("hold", life="neighbour", lease=100, is_quick=True)
        neighbour.tell(json.dumps([("long", "at_work", 3.0), ("asking", "asking", 1), ("ticking", "in_turn", 1)]))
        assert neighbour.hears() == "under way"
        children = {
            kind: scene.child("die", life=kind, kind_of_death=kind, most=most) for kind, scene in scenes.items()
        }
        codes = {"leaving": 3, "crashing": -signal.SIGSEGV, "unlucky": -signal.SIGKILL}
        for kind, child in children.items():
            assert child.lines() == [str(codes[kind])] * (most + 1) + ["0"]
        for kind, scene in scenes.items():
            run = run_of(scene)
            assert (run.status, run.recoveries) == ("failed", most + 1)  # the last time to end it
            times = {"leaving": len(scene.did("deadly", "leave")), "crashing": len(scene.did("deadly", "crash"))}
            assert times.get(kind, 0) == (0 if kind == "unlucky" else most + 1)
            with scene.engine(recover=False) as engine, pytest.raises(RunLost, match="it was taken over 2 times"):
                engine.run("deadly").result()
            assert scene.store.events("deadly")[-1].kind == "run_failed"
        answer(scenes["leaving"].engine(recover=False).run("asking"))
        until(lambda: len(scenes["leaving"].ends("neighbour")) == 3, neighbour)
        for run_id in ("long", "asking", "ticking"):
            run = scenes["leaving"].store.run(run_id)
            assert (run.status, run.recoveries, run.generation) == ("succeeded", 0, 1)


def run_of(scene):
    return scene.store.run("deadly")


# -- an engine that looks for runs which nobody has ---------------------------------------------------------------------------


class Clock:
    """Time that passes when somebody says so."""

    def __init__(self):
        self.seconds = 0.0

    def now(self):
        return self.seconds

    def time(self):
        return 1e9 + self.seconds


class SlowStore(MemoryStore):
    """Takes five seconds to tell what is on record of a run; knows how late the lease was renewed at the latest."""

    def __init__(self, clock):
        super().__init__(clock=clock.now, time=clock.time)
        self.seconds = clock
        self.renewed, self.latest = 0.0, 0.0

    def renew(self, owner, ttl):
        self.latest = max(self.latest, self.seconds.now() - self.renewed)
        self.renewed = self.seconds.now()
        return super().renew(owner, ttl)

    def nodes(self, run_id, keys=None):
        self.seconds.seconds += 5.0
        return super().nodes(run_id, keys)


def left(store, run_id, workflow, created):
    store.create(NewRun(run_id, workflow, '{"x": 1}', "d", created), "dead")


@contextmanager
def looking(store, clock, monkeypatch):
    """An engine that looks for runs when it is told to; the ids of those that it has."""
    monkeypatch.setattr(Keep, "_serve", lambda self: None)
    monkeypatch.setattr(racing, "deeds", Deeds(os.devnull, "here"), raising=False)
    with Engine(store=store, clock=clock, tracing=False, lease=30) as engine:

        def look(seconds):
            clock.seconds += seconds
            engine._keep.tend()
            return {run.run_id for run in store.runs(limit=1000).runs if run.owner == engine._keep.owner}

        yield look
        engine.shutdown()


def test_runs_are_found_behind_many_that_are_for_others_to_take_up(monkeypatch):
    clock = Clock()
    store = MemoryStore(clock=clock.now, time=clock.time)
    for number in range(350):
        left(store, f"strange {number}", "elsewhere:strange", float(number))
    left(store, "known", KINDS["asking"].spec.name, 1000.0)
    with looking(store, clock, monkeypatch) as look:
        assert look(11.0) == {"known"}


@pytest.mark.parametrize(("deaths", "wait"), [(1, 0.0), (3, 0.0), (4, 30.0), (9, 30.0)])
def test_a_run_that_many_have_died_with_is_left_alone_for_the_length_of_a_lease(monkeypatch, deaths, wait):
    """It may be what they died of, and they may be started again at once, each time."""
    clock = Clock()
    store = MemoryStore(clock=clock.now, time=clock.time)
    left(store, "deadly", KINDS["asking"].spec.name, 0.0)
    for number in range(deaths - 1):
        assert isinstance(store.claim("deadly", f"dead {number}"), Claim)
    with looking(store, clock, monkeypatch) as look:
        waited = 0.0
        while not look(1.0):
            waited += 1.0
            assert waited < 60
        assert wait <= waited <= wait + 11.0
        assert store.run("deadly").recoveries == deaths


def test_a_run_is_left_alone_after_each_of_many_deaths(monkeypatch):
    clock = Clock()
    store = MemoryStore(clock=clock.now, time=clock.time)
    left(store, "deadly", KINDS["asking"].spec.name, 0.0)
    for number in range(4):
        assert isinstance(store.claim("deadly", f"dead {number}"), Claim)
    with looking(store, clock, monkeypatch) as look:
        assert look(11.0) == set()
        assert isinstance(store.claim("deadly", "quicker"), Claim)  # and dies
        for _ in range(3):
            assert look(11.0) == set()
        assert look(11.0) == {"deadly"}


def test_a_run_that_only_waits_isnt_given_up_however_many_die_that_have_it(monkeypatch):
    """It got as far as that each time: they have died of something else."""
    clock = Clock()
    store = MemoryStore(clock=clock.now, time=clock.time)
    left(store, "run", KINDS["asking"].spec.name, 0.0)
    for _ in range(12):
        with looking(store, clock, monkeypatch) as look:
            assert look(1.0) == {"run"}
            until(lambda: store.run("run").in_vain == 0)
            assert store.run("run").status == "waiting"
            store.renew(store.run("run").owner, 0.0)
            assert isinstance(store.claim("run", "dead"), Claim)
    assert (store.run("run").recoveries, store.run("run").in_vain) == (24, 1)


def test_many_runs_are_taken_up_at_one_look_and_the_lease_is_renewed_meanwhile(monkeypatch):
    clock = Clock()
    store = SlowStore(clock)
    for number in range(250):
        left(store, f"run {number}", KINDS["asking"].spec.name, float(number))
    with looking(store, clock, monkeypatch) as look:
        assert len(look(1.0)) == 250
    assert store.latest < 20.0


class StallingStore(MemoryStore):
    """Stands still for a minute, when it is told to, just as a lease is to be renewed; meanwhile others take a run."""

    def __init__(self, clock):
        super().__init__(clock=clock.now, time=clock.time)
        self.seconds, self.stalls = clock, False

    def renew(self, owner, ttl):
        if self.stalls:
            self.stalls = False
            self.seconds.seconds += 60.0
            super().renew("thief", 3600)
            assert isinstance(self.claim("run", "thief"), Claim)
        return super().renew(owner, ttl)


def test_a_run_that_only_waits_is_left_when_it_was_taken_while_the_lease_was_being_renewed(monkeypatch):
    """Nothing is written for it that could be refused, and nobody else would tell it."""
    clock = Clock()
    store = StallingStore(clock)
    with looking(store, clock, monkeypatch) as look:
        run = KINDS["asking"].with_options(run_id="run").start(1)
        until(lambda: store.run("run").status == "waiting")
        assert look(1.0) == {"run"}
        store.stalls = True
        assert look(11.0) == set()
        until(lambda: run.wait(0))
        with pytest.raises(RunSuspended, match="another process has taken it over"):
            run.result()


class HesitantStore(MemoryStore):
    """Takes its time for the first lease, or fails before it has written it; knows who had runs without one."""

    def __init__(self, *, fails=False):
        super().__init__()
        self.begins, self.goes_on, self.fails = threading.Event(), threading.Event(), fails
        self.without = []

    def renew(self, owner, ttl):
        self.begins.set()
        self.goes_on.wait(LONG)
        if self.fails:
            self.fails = False
            raise StoreError("not now", self.url)
        return super().renew(owner, ttl)

    def create(self, run, owner, nodes=()):
        if not self._is_good(owner):
            self.without.append(run.run_id)
        return super().create(run, owner, nodes)


def test_no_run_is_begun_before_there_is_a_lease(monkeypatch):
    """Others would take it at once."""
    store = HesitantStore()
    monkeypatch.setattr(racing, "deeds", Deeds(os.devnull, "here"), raising=False)
    engine = Engine(store=store, tracing=False, recover=False)
    with engine, engine_of_process(engine), ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(KINDS["in_turn"].with_options(run_id="first").start, 1)]
        assert store.begins.wait(LONG)
        runs.append(pool.submit(KINDS["in_turn"].with_options(run_id="second").start, 1))
        wait(runs[1:], 0.2)  # as long as the first one is at it, nothing is to be seen of this one
        store.goes_on.set()
        assert [run.result().result(LONG) for run in runs] == [1 + MANY] * 2
    assert store.without == []


def test_a_lease_that_couldnt_be_had_is_asked_for_again_by_the_next_run(monkeypatch):
    store = HesitantStore(fails=True)
    store.goes_on.set()
    monkeypatch.setattr(racing, "deeds", Deeds(os.devnull, "here"), raising=False)
    with Engine(store=store, tracing=False, recover=False) as engine, engine_of_process(engine):
        with pytest.raises(StoreError, match="not now"):
            KINDS["in_turn"].start(1)
        assert KINDS["in_turn"].start(1).result(LONG) == 1 + MANY
    assert store.without == []


def test_an_inline_engine_isnt_held_up_by_runs_that_others_have_left():
    """The one that works on it would have to do them all, and wait for what they wait for."""
    clock = Clock()
    store = MemoryStore(clock=clock.now, time=clock.time)
    left(store, "waiting", KINDS["asking"].spec.name, 0.0)
    with Engine(store=store, clock=clock, executor="inline", tracing=False) as engine:
        engine._keep.attend()
        clock.seconds += 60.0
        engine._keep.tend()
        assert store.run("waiting").is_lost


def test_an_engine_that_is_shut_down_twice_leaves_its_store_alone(caplog):
    store = MemoryStore()
    engine = Engine(store=store, tracing=False)
    engine.shutdown()
    store.close()
    engine.shutdown()
    assert caplog.messages == []
