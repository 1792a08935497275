"""Processes that are started and killed, and what is on record of what they left."""

from __future__ import annotations

import functools
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, Self

import apsw
import attrs

from flowkit.engine.kept import KeptRun
from flowkit.machine.requests import Point
from flowkit.stores.sqlite import SqliteStore
from tests.durability.deeds import Deed, Reader, deeds
from tests.durability.living import LONG, WILD, quickly
from tests.durability.mortal import Life, Record, different, lived

__all__ = ["Campaign", "Child", "Crowd", "is_whole"]

ROOT = Path(__file__).parents[2]

TOP = 30
"""How many runs each process is given."""

DEADLINE = 60.0
"""Seconds after which a process hangs."""

SIBLINGS = 20
"""How many processes come from one nursery: those of the next see sets in another order, as in life."""


class Child:
    """A process that does as it is told."""

    def __init__(self, program: str, **orders: Any) -> None:
        env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_PROCESS")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"tests.durability.{program}", json.dumps(orders)],
            cwd=ROOT,
            env={**env, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def hears(self) -> str:
        """The next line that it says."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def tell(self, line: str = "") -> None:
        """Say something to it."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def bears(self, **orders: Any) -> int:
        """Of a nursery: have a process live, and say how it ended."""
        self.tell(json.dumps(orders))
        return int(self.hears())

    def lines(self) -> list[str]:
        """All that it still says, until it ends."""
        assert self.process.stdout is not None
        return [line.strip() for line in self.process.stdout]

    def ends_within(self, seconds: float) -> bool:
        """Wait for its end, for so long."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self) -> None:
        """Hold it, and come back when it does: some of its threads go on for a little after they were told."""
        os.kill(self.process.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def wake(self) -> None:
        """Have it go on."""
        os.kill(self.process.pid, signal.SIGCONT)

    def close(self) -> None:
        """Have it be gone."""
        self.process.kill()
        self.process.wait(DEADLINE)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def is_whole(path: Path) -> bool:
    """Whether SQLite finds nothing wrong with a file."""
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        return db.pragma("integrity_check") == "ok"
    finally:
        db.close()


@functools.cache
def calm(name: str) -> Record:
    """A run of one of the workflows that nothing happens to."""
    found = lived(attrs.evolve(WILD.get(name, LONG), executor="thread"))
    for life in found.lives:
        life.end = json.loads(json.dumps(life.end, default=str))
    return found


@attrs.define
class Told:
    """A transition that was told."""

    number: int


class Campaign:
    """Process after process on one file, each killed while it has some runs, until so many were; and one that isn't."""

    def __init__(self, folder: Path, seed: int, *, names: list[str] | None = None, sabotage: str = "") -> None:
        self.path = folder / "runs.db"
        self.random = random.Random(seed)
        self.names = names or list(WILD)
        self.sabotage = sabotage
        self.kills: Counter[str] = Counter()
        """By where: `random`, or the point."""
        self.lives = 0
        self.records: dict[str, Record] = {}
        self.unfinished: list[str] = []
        self.seconds = 0.0
        self._deeds = folder / "deeds"
        self._over: set[str] = set()
        """The runs of whose end somebody was told."""
        self._news = Reader(self._deeds)
        self._nurseries: Child | None = None
        self._store = SqliteStore(self.path, clock=quickly)

    def run(self, kills: int) -> None:
        """Have so many processes killed, and finish what they left."""
        since = time.monotonic()
        until = self.kills.total() + kills
        while self.kills.total() < until:
            self._live(is_killed=True)
        for _ in range(3):  # what fails isn't tried for ever
            if self.unfinished:
                self._live(is_killed=False)
        self.seconds += time.monotonic() - since

    def _live(self, *, is_killed: bool) -> None:
        self.lives += 1
        runs = self._given(new=is_killed)
        point, kind = None, "random"
        if is_killed and self.random.random() < 0.5:
            where, when = self.random.choice(list(Point)), self.random.choice(["before", "after"])
            point, kind = (str(where), when, self.random.choice([1, 1, 2, 3, 5, 8])), f"{when} {where}"
        seconds = DEADLINE if not is_killed else self.random.uniform(0.0, 0.25) if point is None else 0.5
        ended = self._nursery().bears(
            do="work",
            store=str(self.path),
            deeds=str(self._deeds),
            life=str(self.lives),
            sabotage=self.sabotage,
            point=point,
            seconds=seconds,
            is_known=self.lives % 2 == 0,
            runs=[(run_id, self.records[run_id].shape.name) for run_id in runs],
        )
        if ended == -signal.SIGKILL:
            self.kills[kind] += 1
        assert ended in ({0, -signal.SIGKILL} if is_killed else {0})
        self._see(runs)

    def _nursery(self) -> Child:
        if self._nurseries is None or self.lives % SIBLINGS == 0:
            self._leave_nursery()
            self._nurseries = Child("living", do="nurse")
        return self._nurseries

    def _leave_nursery(self) -> None:
        if self._nurseries is not None:
            self._nurseries.close()

    def _given(self, *, new: bool) -> list[str]:
        """The runs that a process is to do: those that were left, and new ones."""
        given = list(self.unfinished)
        while new and len(given) < TOP:
            # Each of them in its turn; more often those that have some of everything.
            turn = len(self.records)
            name = self.names[-(turn % 2) - 1] if turn % 7 < 2 else self.names[turn % len(self.names)]
            run_id = f"{name}-{len(self.records)}"
            self.records[run_id] = Record(attrs.evolve(WILD[name], executor="thread"), self._store, run_id)
            given.append(run_id)
        self.random.shuffle(given)
        return given

    def _see(self, runs: list[str]) -> None:
        """What a process has done, and what it left on record."""
        lives = {run_id: Life() for run_id in runs}
        for deed in self._news:
            self._note(deed, lives)
        self.unfinished = []
        for run_id, life in lives.items():
            record = self.records[run_id]
            record.look(life)
            if record.run is not None:
                record.lives.append(life)
            if run_id not in self._over:
                self.unfinished.append(run_id)

    def _note(self, deed: Deed, lives: dict[str, Life]) -> None:
        # What the runs did that were started in steps is told apart by their ids.
        own = deed.run_id.partition("/")[0]
        if deed.kind == "did" and deed.what:
            lives[own].done[deed.what if own == deed.run_id else f"{deed.run_id}:{deed.what}"] += 1
        elif deed.kind == "told" and own == deed.run_id:
            lives[own].told.append(Told(deed.what))
        elif deed.kind == "end":
            lives[own].end = deed.what
            self._over.add(own)

    # -- what came of it ----------------------------------------------------------------------------------------------

    @property
    def wrong(self) -> dict[str, list[str]]:
        """What isn't as it has to be, by the runs it isn't so of."""
        found = {
            run_id: different(calm(record.shape.name), self._own(record)) for run_id, record in self.records.items()
        }
        for record in list(self.records.values()):
            found[record.run_id] += self._in_the_family(record)
        for run_id in self.unfinished:
            found[run_id].append("it isn't finished")
        if not is_whole(self.path):
            found["the file"] = ["it is damaged"]
        return {run_id: wrong for run_id, wrong in found.items() if wrong}

    def _own(self, record: Record) -> Record:
        """A record without what was done by runs that its steps started."""
        own = Record(record.shape, record.kept, record.run_id)
        for life in record.lives:
            done = Counter({key: count for key, count in life.done.items() if not key.startswith(f"{record.run_id}/")})
            own.lives.append(attrs.evolve(life, done=done))
        return own

    def _in_the_family(self, record: Record) -> list[str]:
        """What is wrong with the runs that were started in a run's steps."""
        found, parents = [], [record.run_id]
        while parents:
            for child in self._store.runs(parent=parents.pop(), limit=1000).runs:
                parents.append(child.run_id)
                if not child.is_final:
                    found.append(f"{child.run_id} is left behind, {child.status}")
                attempts = {node.key: node.attempts for node in self._store.nodes(child.run_id)}
                for key, limit in attempts.items():
                    done = sum(life.done[f"{child.run_id}:{key}"] for life in record.lives)
                    if done > max(1, limit) + len(record.lives) - 1:
                        found.append(f"{key} of {child.run_id} was done {done} times")
        return found

    @property
    def figures(self) -> str:
        """What was done, for who asks."""
        every = [deed for deed in deeds(self._deeds) if deed.kind == "did"]
        times = Counter((deed.run_id, deed.what) for deed in every)
        attempts = sum(
            node.attempts
            for run in self._every_run()
            for node in self._store.nodes(run)
            if node.kind in {"step", "item"}
        )
        named = self.kills.total() - self.kills["random"]
        return (
            f"{self.kills.total()} kills ({named} at {len(self.kills) - 1} named points), {self.lives} processes, "
            f"{len(self.records)} runs, {len(times)} steps, {attempts} attempts on record, "
            f"{len(every)} executions, {self.seconds:.1f} s"
        )

    def _every_run(self) -> list[str]:
        found: list[str] = []
        parents = list(self.records)
        while parents:
            found += parents
            parents = [child.run_id for parent in parents for child in self._store.runs(parent=parent, limit=1000).runs]
        return found

    def close(self) -> None:
        """Let go of everything."""
        self._leave_nursery()
        self._store.close()


class Crowd:
    """Several processes at once that all want all runs done; now and then one is killed, and another comes."""

    def __init__(self, folder: Path, seed: int, *, size: int = 3, sabotage: str = "") -> None:
        self.random = random.Random(seed)
        self.sabotage = sabotage
        self.path = folder / "runs.db"
        self.store = SqliteStore(self.path)
        self.kills = 0
        self._size = size
        self._deeds = folder / "deeds"
        self._news = Reader(self._deeds)
        self._names: dict[str, str] = {}
        self._crowd: list[Child] = []
        self._spare: list[Child] = []
        self._born = 0
        self._ends: dict[str, list[Any]] = {}
        self._done: Counter[tuple[str, str]] = Counter()
        self._ended: set[tuple[str, str]] = set()
        self.wrong: list[str] = []

    def run(self, kills: int, runs: int) -> None:
        """Have so many runs done, and so many processes killed meanwhile."""
        names = sorted(name for name, shape in WILD.items() if not shape.is_free and shape.outside is None)
        for number in range(runs):
            # Half of them take long enough for somebody to be killed meanwhile.
            name = (LONG.name, "twenty", "family", LONG.name, self.random.choice(names), names[number % len(names)])[
                number % 6
            ]
            self._names[f"{name}-{number}"] = name
        until = time.monotonic() + DEADLINE + kills
        while self._is_at_it():
            assert time.monotonic() < until, "they come to no end"
            while len(self._crowd) < self._size:
                self._crowd.append(self._called())
            self._crowd[-1].ends_within(self.random.uniform(0.02, 0.2))
            if self.kills < kills or not self.recoveries:
                self._kill_one()
            self._look()
        self._judge()

    def _is_at_it(self) -> bool:
        return any(child.process.poll() is None for child in self._crowd) or not self._crowd

    def _called(self) -> Child:
        """One more process that is at it: they wait until they are called, so that none comes to it late."""
        while len(self._spare) < 2:
            self._spare.append(self._bear())
        child = self._spare.pop(0)
        child.tell()
        assert child.hears() == "ready"
        return child

    def _bear(self) -> Child:
        self._born += 1
        runs = list(self._names.items())
        self.random.shuffle(runs)
        return Child(
            "living", do="compete", store=str(self.path), deeds=str(self._deeds), life=str(self._born), sabotage=self.sabotage,
            runs=runs, is_known=self._born % 2 == 0,
        )  # fmt: skip

    def _kill_one(self) -> None:
        """Kill one of those that have begun."""
        child = self._crowd.pop(self.random.randrange(len(self._crowd)))
        child.close()
        if child.process.returncode == -signal.SIGKILL:
            self.kills += 1

    def _look(self) -> None:
        """What was done since, which mustn't be what had ended when this was last asked; and what has ended by now."""
        # Whatever has ended by now was done before, so that is in the news.
        ended = {
            (run_id, node.key)
            for run_id in self._names
            for node in self.store.nodes(run_id)
            if node.sequence and node.kind in {"step", "item"}
        }
        for deed in self._news:
            if deed.kind == "end":
                self._ends.setdefault(deed.run_id, []).append(deed.what)
            elif deed.kind == "did":
                self._done[deed.run_id, deed.what] += 1
                if (deed.run_id, deed.what) in self._ended:
                    self.wrong.append(f"{deed.what} of {deed.run_id} had ended, and was done again")
        self._ended = ended

    def _judge(self) -> None:
        for run_id, name in self._names.items():
            run = self.store.run(run_id)
            expected = calm(name).lives[-1].end
            others = [end for end in self._ends.get(run_id, []) if end != expected]
            if run is None or not run.is_final:
                self.wrong.append(f"{run_id} is left")
            elif others or run_id not in self._ends:
                self.wrong.append(f"{run_id} ended with {others}, not with {expected}")
            else:
                self._count(run)
            numbers = [event.number for event in self.store.events(run_id)]
            if numbers != list(range(1, len(numbers) + 1)):
                self.wrong.append(f"the events of {run_id} are numbered {numbers}")
        if not is_whole(self.path):
            self.wrong.append("the file is damaged")

    def _count(self, run: KeptRun) -> None:
        for node in self.store.nodes(run.run_id):
            if self._done[run.run_id, node.key] > max(1, node.attempts) + run.recoveries:
                self.wrong.append(
                    f"{node.key} of {run.run_id} was done {self._done[run.run_id, node.key]} times, with "
                    f"{node.attempts} attempts on record, and taken over {run.recoveries} times"
                )

    @property
    def recoveries(self) -> int:
        """How often runs were taken over."""
        return sum(run.recoveries for run_id in self._names if (run := self.store.run(run_id)) is not None)

    def close(self) -> None:
        """Let go of everything."""
        for child in (*self._crowd, *self._spare):
            child.close()
        self.store.close()
