"""What is told of a run, to several who listen, over processes that die: numbered without gaps, in order, to all alike."""

from __future__ import annotations

import json
import random
import threading
import time

import attrs
import pytest

from flowkit import Engine, RunSuspended, StoreError
from flowkit.runner import engine_of_process
from flowkit.stores.memory import MemoryStore
from flowkit.stores.sqlite import SqliteStore
from tests.durability import racing
from tests.durability.deeds import Deeds
from tests.durability.killing import Child
from tests.durability.living import quickly
from tests.durability.staying import KINDS, MANY
from tests.durability.zoo import ZOO

LISTENERS = 4


class Lossy(SqliteStore):
    """Loses an event now and then."""

    def commit(self, commits):
        kept = []
        for commit in commits:
            events = [event for event in commit.events if event.number % 50]
            kept.append(attrs.evolve(commit, events=events))
        return super().commit(kept)


def told_of(folder, kind=SqliteStore, kills=3):
    """What each of those who listen was told of a run whose processes are killed; and what is on record of it."""
    store = kind(folder / "runs.db", clock=quickly)
    racing.deeds = Deeds(str(folder / "deeds"), "here")
    orders = {
        "store": str(folder / "runs.db"),
        "deeds": str(folder / "deeds"),
        "kind": "",
        "lease": 1,
        "is_quick": True,
        "do": "hold",
    }
    draw, told = random.Random(1), [[] for _ in range(LISTENERS)]
    with (
        Child("staying", life="first", **orders) as child,
        Engine(store=store, tracing=False, recover=False, lease=1) as here,
    ):
        assert child.hears() == "ready"
        child.tell()
        child.tell(json.dumps([("run", "in_turn", 1)]))
        assert child.hears() == "under way"
        # Each by a handle of its own, which reads the record.
        listening = [
            threading.Thread(target=listen, args=(here.run("run"), told[number])) for number in range(LISTENERS)
        ]
        for thread in listening:
            thread.start()
        child.ends_within(draw.uniform(0.02, 0.1))
        child.close()
        until = time.monotonic() + 30
        while store.run("run").is_held and time.monotonic() < until:
            time.sleep(0.01)
        with engine_of_process(here):
            run = KINDS["in_turn"].resume("run")
            told.append([])
            listen(run, told[-1])
            if kind is SqliteStore:
                assert run.result(60) == 1 + MANY
        for thread in listening:
            thread.join(60)
    numbers = [event.number for event in store.events("run")]
    store.close()
    return told, numbers


def listen(run, told):
    for event in run.events():
        told.append(event.number)


def test_all_who_listen_are_told_the_same_without_gaps(tmp_path):
    """While the process dies that the run is in, and when another goes on with it."""
    told, numbers = told_of(tmp_path)
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) > 2 * MANY
    assert told == [numbers] * (LISTENERS + 1)


def test_an_event_that_is_lost_is_found(tmp_path):
    """The control."""
    told, numbers = told_of(tmp_path, Lossy)
    assert numbers != list(range(1, max(numbers) + 1))
    assert told[0] == numbers


class StopsAtTheChoice(MemoryStore):
    """Writes what was chosen, and fails before it writes what follows from it, once."""

    has_failed = False

    def commit(self, commits):
        if self.has_failed or not any(event.kind == "chosen" for one in commits for event in one.events):
            return super().commit(commits)
        self.has_failed = True
        super().commit(
            [attrs.evolve(one, nodes=[node for node in one.nodes if node.kind != "join"]) for one in commits]
        )
        raise StoreError("it was as far as this", self.url)


def test_a_choice_between_items_of_a_stream_is_told_once_though_what_follows_wasnt_written():
    """The generator is gone through again, so the choice comes back later than all else."""
    store = StopsAtTheChoice()
    with Engine(store=store, tracing=False, recover=False):
        with pytest.raises(RunSuspended):
            ZOO["streamed_and_raced"].workflow.with_options(run_id="raced").start(3).result(60)
        assert ZOO["streamed_and_raced"].workflow.resume("raced").result(60)
    assert [event.kind for event in store.events("raced")].count("chosen") == 1
