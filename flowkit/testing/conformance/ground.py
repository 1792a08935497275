"""What the sentences stand on: the store in question, its clocks, and things to keep in it."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any, Final

import pytest
from hypothesis import HealthCheck

from flowkit.engine.kept import Claim, Commit, KeptAttempt, KeptEvent, KeptNode, KeptRun, Lease, NewRun, RunChange
from flowkit.engine.ports import Store

__all__ = [
    "CALM",
    "EXACT",
    "Ground",
    "RealClock",
    "StoreClock",
    "attempt",
    "begun",
    "commit",
    "ended",
    "event",
    "everything",
    "failed",
    "node",
    "run_of",
]

CALM: Final = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
"""A store may be slow to open."""

EXACT: Final = (
    "run",
    "Run",
    "run ",
    " run",
    "run\0",
    "run\0a",
    "run\n",
    "r_n",
    "r%n",
    "rún",
    "ru\u0301n",
    "\uff52\uff55\uff4e",
    "../run",
    "run/../run",
    "%72un",
    "'; DROP TABLE runs;--",
    '"run"',
    "run\x1b[2J",
    "\u202enur",
    "run🏃",
    "NULL",
    "1",
    "1.0",
    "01",
    "",
)
"""Texts of which no two are the same, though somewhere some of them are taken for it."""


class StoreClock:
    """Both clocks of a store under test: called, it tells the seconds that leases are measured by; `time` the date."""

    def __init__(self, now: float = 1000.0, date: float = 1_700_000_000.0) -> None:
        self.now = now
        self.date = date

    def __call__(self) -> float:
        """Seconds from some start."""
        return self.now

    def time(self) -> float:
        """Seconds since the epoch."""
        return self.date

    def advance(self, seconds: float) -> None:
        """Let time go by for leases; or, below 0, let it jump back as after the machine was started anew."""
        self.now += seconds


class RealClock(StoreClock):
    """The machine's clocks, which other processes have too."""

    def __call__(self) -> float:
        """Seconds from some start."""
        return time.monotonic()

    def time(self) -> float:
        """Seconds since the epoch."""
        return time.time()


class Ground:
    """What a subclass says of its store, and the store of each test."""

    def make_store(self, clock: StoreClock) -> Store:
        """A new store without any run in it: another one each time."""
        raise NotImplementedError

    def reopen(self, store: Store, clock: StoreClock) -> Store | None:
        """One more object for the place where this store keeps its runs, which may be open still.

        None, as it is here, where they are gone with the object.
        """

    def process_url(self, store: Store) -> str | None:
        """A URL by which another process can open the same place; None, as it is here, where none can."""

    @pytest.fixture
    def clock(self) -> StoreClock:
        """The clocks of `store`."""
        return StoreClock()

    @pytest.fixture
    def store(self, clock: StoreClock) -> Generator[Store]:
        """The store of one test. Its owners `alive` and `other` have good leases; `dead` had one."""
        store = self.settled(clock)
        yield store
        store.close()

    def settled(self, clock: StoreClock) -> Store:
        """A new store with its owners."""
        store = self.make_store(clock)
        store.renew("dead", 5)
        clock.advance(10)
        store.renew("alive", 1000)
        store.renew("other", 1000)
        return store


def begun(store: Store, run_id: str = "run", owner: str = "alive", *nodes: KeptNode, **options: Any) -> Lease:
    """A run that this owner has."""
    claim = store.create(run_of(run_id, **options), owner, nodes)
    assert isinstance(claim, Claim)
    return claim.lease


def commit(store: Store, *commits: Commit) -> list[bool]:
    """Which of these were written."""
    return list(store.commit(commits))


def ended(store: Store, run_id: str = "run", status: str = "succeeded", at: float = 20.0, **options: Any) -> Lease:
    """A run that has ended, and that nobody has."""
    lease = begun(store, run_id, **options)
    assert commit(store, Commit(lease, run=RunChange(status, at), release=True)) == [True]
    return lease


def failed(store: Store, run_id: str = "run") -> Lease:
    """A run that has failed, and that nobody has."""
    return ended(store, run_id, "failed")


def run_of(run_id: str, created: float = 10.0, workflow: str = "shop:order", **options: str) -> NewRun:
    """A run that is to be kept."""
    return NewRun(run_id, workflow, options.pop("arguments", "{}"), options.pop("digest", "d1"), created, **options)


def node(key: str, status: str = "succeeded", **options: Any) -> KeptNode:
    """A node of a step."""
    return KeptNode(key, "shop:charge", "step", status, **options)


def attempt(key: str, number: int = 1, **options: Any) -> KeptAttempt:
    """An attempt of a step."""
    return KeptAttempt(key, number, **options)


def event(number: int, kind: str = "started", **options: Any) -> KeptEvent:
    """Something that happened."""
    return KeptEvent(number, 11.0, kind, options.pop("key", ""), options.pop("data", "{}"))


def everything(store: Store, run_id: str = "run") -> tuple[KeptRun | None, list[Any]]:
    """All that a store says of a run."""
    parts = (store.nodes(run_id), store.attempts(run_id), store.events(run_id), store.messages(run_id))
    return store.run(run_id), [list(part) for part in parts]
