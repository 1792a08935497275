"""Several processes that want the same runs: each is executed by one of them.

FLOWKIT_ROUNDS says how often the same run is started by all of them at once, and how many runs are recovered: 10 are 500.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from contextlib import ExitStack

import pytest

from flowkit.stores.sqlite import SqliteStore
from tests.durability.deeds import deeds
from tests.durability.killing import Child

ROUNDS = int(os.environ.get("FLOWKIT_ROUNDS", "5"))
RUNS = 50 * ROUNDS
LONG = 60.0


class Race:
    """Processes at one file."""

    def __init__(self, folder):
        self.path = folder / "runs.db"
        self.deeds = folder / "deeds"
        self.store = SqliteStore(self.path)
        self.stack = ExitStack()

    def child(self, do, *, life, lease=2, **orders):
        child = Child("racing", do=do, life=life, lease=lease, store=str(self.path), deeds=str(self.deeds), **orders)
        self.stack.callback(child.close)
        return child

    def done(self, *, but=()):
        """How often what was done in which run, by whom; but for what some have done."""
        found = [deed for deed in deeds(self.deeds) if deed.kind == "did" and deed.life not in but]
        return Counter((deed.run_id, deed.what) for deed in found), {deed.life for deed in found}

    @property
    def unfinished(self):
        counts = self.store.runs(limit=1).counts
        return sum(count for status, count in counts.items() if status not in {"succeeded", "failed", "cancelled"})


@pytest.fixture
def race(tmp_path):
    made = Race(tmp_path)
    yield made
    made.stack.close()
    made.store.close()


def interrupted(race, runs):
    """Runs whose process was killed: some after their first step, some in their second, most before both."""
    begun = race.child("begin", life="the first", lease=1, runs=runs)
    assert begun.hears() == "ready"
    begun.tell()
    assert begun.hears() == "begun"
    begun.close()
    return {
        (run.run_id, node.key)
        for page in every_page(race.store)
        for run in page.runs
        for node in race.store.nodes(run.run_id)
        if node.sequence
    }


def every_page(store):
    page = store.runs(limit=100)
    yield page
    while page.after is not None:
        page = store.runs(limit=100, after=page.after)
        yield page


def recovered(race, runs, kind=""):
    """Have two engines at once take up what was left; what was done twice by them, or wasn't done."""
    ended = interrupted(race, runs)
    racers = [race.child("recover", life=f"racer {number}", kind=kind) for number in (1, 2)]
    for racer in racers:
        assert racer.hears() == "ready"
    for racer in racers:
        racer.tell()
    until = time.monotonic() + LONG
    while race.unfinished and time.monotonic() < until:
        racers[0].ends_within(0.05)
    for racer in racers:
        racer.tell()
        assert racer.ends_within(LONG)
    done, who = race.done(but=["the first"])
    wrong = [
        f"{key} of {run_id} was done {done[run_id, key]} times"
        for number in range(runs)
        for run_id in [f"run-{number}"]
        for key in ("first", "second")
        if done[run_id, key] != ((run_id, key) not in ended)
    ]
    return wrong, who


def test_each_of_the_runs_that_a_process_left_is_executed_by_one_of_two_engines(race):
    wrong, who = recovered(race, RUNS)
    assert wrong == []
    assert len(who) == 2
    for page in every_page(race.store):
        for run in page.runs:
            assert (run.status, run.recoveries, run.generation) == ("succeeded", 1, 2)
            assert json.loads(run.result) == 2 * (int(run.run_id.removeprefix("run-")) + 1)


def test_runs_that_are_taken_without_looking_are_found_to_be_executed_twice(race):
    """The control: claims that look first and take then, which another process does at the same time."""
    wrong, _ = recovered(race, 60, kind="hasty")
    assert any("was done 2 times" in line for line in wrong)


def started(race, rounds, kind=""):
    """Have four processes, with some threads each, start the same run at once; what each of them got, round by round."""
    starting = [
        race.child("start", life=f"starter {number}", lease=30, threads=13, rounds=rounds, kind=kind)
        for number in range(4)
    ]
    for child in starting:
        assert child.hears() == "ready"
    got = []
    for _ in range(rounds):
        for child in starting:
            child.tell()
        got.append([json.loads(child.hears()) for child in starting])
    for child in starting:
        child.tell()
        assert child.ends_within(LONG)
    return got


def test_a_run_that_many_start_at_once_is_executed_once_and_all_get_its_result(race):
    for number, got in enumerate(started(race, ROUNDS)):
        kept = race.store.run(f"run-{number}")
        given = json.loads(kept.arguments)["x"]
        for answers in got:
            for place, answer in enumerate(answers):
                if (7 if place % 5 else place - 1) == given:
                    assert answer == 2 * (given + 1)
                else:
                    assert "it was started with other arguments" in answer
                    assert f"run-{number}" in answer
    done, _ = race.done()
    assert done == {(f"run-{number}", key): 1 for number in range(ROUNDS) for key in ("first", "second")}


def test_runs_that_are_made_without_looking_are_found_to_be_executed_twice(race):
    """The control: an id that is looked for first and taken then."""
    started(race, 3, kind="hasty")
    done, _ = race.done()
    assert max(done.values()) > 1
