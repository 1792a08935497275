"""A process that dies at a call of its store, before it or after it: whoever goes on comes to the same."""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import os
import random

import attrs
import pytest

from flowkit import Engine, Retry, RunSuspended, StoreError, always, current, step, workflow
from flowkit.engine import pulling
from flowkit.engine.driver import Driver
from flowkit.engine.durable import Durable
from flowkit.engine.journal import what_was
from flowkit.engine.writing import Writer, Written
from flowkit.machine.past import Past
from tests.durability.mortal import RUN, Died, MortalStore, Shape, World, act, deaths, different, lived
from tests.durability.zoo import ZOO, book, inc, note

SHAPES = [pytest.param(shape, id=name) for name, shape in ZOO.items()]

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"

SMALL = ("chain", "mapped", "retried", "saga", "approved", "asking", "improving", "live_gather", "raced", "resting")
"""Shapes that are small enough for two deaths, one after the other."""


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """How many items of a generator go on their way together isn't for a busy machine to decide."""
    monkeypatch.setattr(pulling, "PATIENCE", 60.0)


@pytest.fixture(autouse=True)
def unheard(monkeypatch):
    """That stores break is what is meant here, thousands of times."""
    monkeypatch.setattr(logging.getLogger("flowkit"), "disabled", True)


def worlds(shape, *before):
    """A world for each death that a process may die, after those that others have died before it."""
    for death in deaths():
        world = World(shape)
        for earlier in before:
            world.live(earlier)
        if not world.live(death).store.is_dead:
            return
        yield death, world


def found_in(shape):
    """What goes wrong anywhere: by the death that it goes wrong at."""
    calm, found = lived(shape), {}
    for death, world in worlds(shape):
        world.live()
        if wrong := different(calm, world):
            found[death] = wrong
    return found


@pytest.mark.parametrize("shape", SHAPES)
def test_it_comes_to_the_same_wherever_its_process_dies(shape):
    """Result, record, events and effects; and what had ended by then isn't done again."""
    assert found_in(shape) == {}


@pytest.mark.parametrize("shape", SHAPES if THOROUGH else [ZOO[name] for name in SMALL[:5]], ids=str)
def test_it_comes_to_the_same_wherever_two_processes_die_after_one_another(shape):
    calm, found = lived(shape), {}
    for first, _ in worlds(shape):
        for second, world in worlds(shape, first):
            world.live()
            if wrong := different(calm, world):
                found[first, second] = wrong
    assert found == {}


@pytest.mark.parametrize("shape", SHAPES)
def test_it_comes_to_the_same_where_threads_do_it(shape):
    """The calls of the store come in another order each time: some of the deaths, but for thorough ones."""
    shape = attrs.evolve(shape, executor="thread")
    calm, found = lived(shape), {}
    few = random.Random(str(shape)).sample(range(1, 16), 3)
    for death in deaths():
        if not THOROUGH and death[0] not in few:
            if death[0] > max(few):
                break
            continue
        world = World(shape)
        if not world.live(death).store.is_dead:
            break
        world.live()
        if wrong := different(calm, world):
            found[death] = wrong
    assert found == {}


def test_there_is_something_to_die_at():
    """As many calls as there are ends and a bit more, so that the tests above see what they are meant to see."""
    calls = {name: len(lived(ZOO[name]).lives[0].store.calls) for name in ("chain", "mapped", "saga", "live_gather")}
    assert calls["chain"] >= 5
    assert calls["mapped"] >= 8
    assert calls["saga"] >= 7
    assert calls["live_gather"] >= 6


# -- controls: what isn't promised any more is missed ----------------------------------------------------------------------


def test_what_is_told_before_it_is_on_record_is_found(monkeypatch):
    write = Writer._tell

    def hasty(self, batch):
        for _, told in batch:
            told(Written())
        write(self, [(commit, lambda _: None) for commit, _ in batch])

    monkeypatch.setattr(Writer, "_tell", hasty)
    wrong = [line for lines in found_in(ZOO["effects"]).values() for line in lines]
    assert any("was told, and wasn't on record" in line for line in wrong)


def test_ends_that_are_lost_are_found(monkeypatch):
    def forgetful(data, nodes, *declared):
        return [was for was in what_was(data, nodes, *declared) if not was.sequence]

    monkeypatch.setattr("flowkit.engine.keep.what_was", forgetful)
    wrong = [line for lines in found_in(ZOO["chain"]).values() for line in lines]
    assert any("had ended, and was done again" in line for line in wrong)


def test_ends_that_come_back_in_another_order_are_found(monkeypatch):
    assert found_in(ZOO["saga_in_the_order_of_ends"]) == {}
    monkeypatch.setattr(Past, "is_next", lambda self, sequence: True)
    wrong = [line for lines in found_in(ZOO["saga_in_the_order_of_ends"]).values() for line in lines]
    assert any("undone in another order than" in line for line in wrong)


def test_attempts_that_a_crash_makes_up_for_are_found(monkeypatch):
    monkeypatch.setattr(Durable, "comes_to", Driver.comes_to)

    def is_found():
        calm = lived(attrs.evolve(ZOO["retried"], executor="thread"))
        for death in itertools.islice(deaths(), 12):
            world = World(calm.shape)
            world.live(death)
            world.live()
            if any("was done" in line for line in different(calm, world)):
                return True
        return False

    assert any(is_found() for _ in range(50))  # whether it goes wrong is for the threads to decide


# -- one by one -------------------------------------------------------------------------------------------------------------


def test_an_attempt_that_begins_again_knows_what_the_one_before_it_raised():
    seen = []

    @step(retries=Retry(2, backoff=[0], jitter="none"))
    def try_twice(x: int) -> int:
        act()
        if current().attempt == 1:
            message = "the first"
            raise OSError(message)
        seen.append(str(current().last_error))
        return x

    @workflow
    def trying(x: int) -> int:
        return try_twice(x)

    for _, world in worlds(Shape("trying", trying, (1,))):
        world.live()
    assert set(seen) == {"the first"}


def test_a_run_that_has_failed_is_taken_up_again_wherever_the_process_dies_that_does_so():
    """Also between taking the run and saying what of it counts no more: it doesn't just fail as it did."""
    is_broken = True

    @step
    def breaks(x: int) -> int:
        act()
        if is_broken:
            raise ValueError("not yet")
        return x + 1

    @workflow
    def repaired(x: int) -> int:
        return breaks(inc(x))

    for death in deaths():
        world = World(Shape("repaired", repaired, (1,)))
        is_broken = True
        assert world.live().end == ("ValueError", "not yet")
        is_broken = False
        world.now += 1_000.0
        store = MortalStore(world.kept, death)
        with contextlib.suppress(StoreError, RunSuspended, Died), Engine(executor="inline", store=store, recover=False):
            assert repaired.resume(RUN).result(10) == 3
        if not store.is_dead:
            break
        if world.run.status == "failed":  # it wasn't even taken
            continue
        assert world.live().end == 3
        assert world.run.status == "succeeded"
    assert death[0] >= 4


def test_a_run_that_was_to_end_begins_nothing_more_wherever_it_is_gone_on_with():
    """Only what undoes and cleans up is done once it is on record that somebody wants it to end."""
    world: World

    @step
    def ask_for_the_end(x: int) -> int:
        act()
        payload = json.dumps({"reason": "user", "detail": "enough"})
        world.kept.post(RUN, "cancel", "", payload, 0.0)
        return x

    @workflow
    def ending(x: int) -> int:
        with always():
            note("the end")
        return inc(inc(ask_for_the_end(book(x))))

    ends = []
    for death in deaths():
        world = World(Shape("ending", ending, (1,)))
        if not world.live(death).store.is_dead:
            break
        was_asked = world.run is not None and bool(world.kept.messages(RUN))
        later = world.live().done
        assert world.run is not None
        if was_asked:
            assert set(later) <= {"note", "book:undo"}
            ends.append(world.run.status)
    assert ends.count("cancelled") > 2
    assert set(ends) <= {"cancelled", "succeeded"}  # nothing was left to be done
