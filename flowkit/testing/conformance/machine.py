"""A store and its model, driven side by side by whatever may happen to them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from flowkit.engine.kept import (
    Claim,
    Commit,
    KeptAttempt,
    KeptEvent,
    KeptNode,
    KeptRun,
    Lease,
    Message,
    NewRun,
    RunChange,
)
from flowkit.engine.ports import Store
from flowkit.testing.conformance.ground import CALM, Ground, StoreClock, everything
from flowkit.testing.conformance.model import Known, Model

__all__ = ["DrivenSentences"]

OWNERS = ["alice", "Alice", "bob", "alice\0"]
RUNS = ["run", "run\0", "Run", "r_n"]
KEYS = ["a", "b", "A", "a%"]
WORKFLOWS = ["shop:order", "shop:ORDER"]
TIMES = [0.0, 1.0, 2.5, 4.0, 100.0]

owners = st.sampled_from(OWNERS)
run_ids = st.sampled_from(RUNS)
keys = st.sampled_from(KEYS)
times = st.sampled_from(TIMES)
statuses = st.sampled_from(["running", "waiting", "succeeded", "failed", "cancelled"])
texts = st.none() | st.sampled_from(["1", '"\\u0000"', "[2, 3]", "é" * 30])
nodes = st.builds(
    KeptNode, keys, st.just("shop:charge"), st.just("step"), st.sampled_from(["running", "failed"]), value=texts
)
attempts = st.builds(KeptAttempt, keys, st.integers(1, 2), error=texts)
events = st.builds(KeptEvent, st.integers(1, 5), times, st.sampled_from(["one", "two"]), keys, st.just("{}"))
changes = st.builds(RunChange, statuses, times, texts, texts, st.sampled_from(["", "", "changed"]))


class Driven(RuleBasedStateMachine):
    """What one does, the other does."""

    def __init__(self, ground: Ground) -> None:
        super().__init__()
        self.clock = StoreClock()
        self.model = Model(self.clock)
        self.stores: list[Store] = [ground.make_store(self.clock)]
        second = ground.reopen(self.stores[0], self.clock)
        if second is not None:
            self.stores.append(second)
        self.turn = 0
        self.leases: list[Lease] = []
        self.highest = 0

    @property
    def store(self) -> Store:
        """One object for the place and then another, if there are some."""
        self.turn += 1
        return self.stores[self.turn % len(self.stores)]

    def teardown(self) -> None:
        """Close what was opened."""
        for store in self.stores:
            store.close()

    def took(self, claimed: Claim | KeptRun | None) -> Claim | KeptRun | None:
        """Leases that were given are kept for ever: somebody may come back with one."""
        if isinstance(claimed, Claim):
            self.leases.append(claimed.lease)
        return claimed

    # -- what happens ---------------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1.0, 3.0, 5.0, -1.0, -4.0, 1000.0, -1000.0]), days=st.sampled_from([0, 0, 1, -1]))
    def time_goes(self, seconds: float, days: int) -> None:
        """Both clocks jump both ways."""
        self.clock.now += seconds
        self.clock.date += days * 86_400 + seconds

    @rule(owner=owners, ttl=st.sampled_from([0.0, 0.1, 4.0, 4.0, 1e9]))
    def renew(self, owner: str, ttl: float) -> None:
        self.store.renew(owner, ttl)
        self.model.renew(owner, ttl)

    @rule(owner=owners)
    def retire(self, owner: str) -> None:
        assert list(self.store.retire(owner)) == self.model.retire(owner)

    @rule(
        new=st.builds(
            NewRun,
            run_ids,
            st.sampled_from(WORKFLOWS),
            texts.map(str),
            st.just("d"),
            times,
            st.sampled_from(["", "run"]),
        ),
        owner=owners,
        nodes=st.lists(nodes, max_size=2),
    )
    def create(self, new: NewRun, owner: str, nodes: list[KeptNode]) -> None:
        assert self.took(self.store.create(new, owner, nodes)) == self.model.create(new, owner, nodes)

    @rule(
        run_id=run_ids,
        owner=owners,
        max_recoveries=st.sampled_from([None, None, 0, 1]),
        again=st.booleans(),
        at=st.none() | times,
    )
    def claim(self, run_id: str, owner: str, max_recoveries: int | None, again: bool, at: float | None) -> None:
        options: dict[str, Any] = {"max_recoveries": max_recoveries, "again": again, "at": at}
        assert self.took(self.store.claim(run_id, owner, **options)) == self.model.claim(run_id, owner, **options)

    @rule(data=st.data())
    def commit(self, data: st.DataObject) -> None:
        """With leases that are good, that were good, and that never were."""
        given = st.sampled_from(self.leases) if self.leases else st.nothing()
        newest = [known.newest for known in self.model.known.values()]
        good = st.sampled_from(newest) if newest else st.nothing()
        made_up = st.builds(Lease, run_ids, owners, st.integers(0, 3))
        commits = st.builds(
            Commit,
            good | good | given | made_up,
            nodes=st.lists(nodes, max_size=2),
            attempts=st.lists(attempts, max_size=2),
            events=st.lists(events, max_size=2),
            taken=st.lists(st.sampled_from([message.number for message in self.model.messages()] or [1]), max_size=2),
            void=st.lists(keys, max_size=2),
            run=st.none() | changes,
            release=st.booleans(),
            advances=st.booleans(),
        )
        batch = data.draw(st.lists(commits, max_size=3))
        assert list(self.store.commit(batch)) == self.model.commit(batch)

    @rule(run_ids=st.lists(run_ids | st.just("nobody heard of"), max_size=3))
    def delete(self, run_ids: list[str]) -> None:
        gone = list(self.store.delete(run_ids))
        assert len(gone) == len(set(gone))
        assert set(gone) == self.model.delete(run_ids)

    @rule(
        run_id=run_ids,
        kind=st.sampled_from(["signal", "signal", "decision", "cancel"]),
        name=keys,
        dedup=st.none() | st.sampled_from(["", "d"]),
    )
    def post(self, run_id: str, kind: str, name: str, dedup: str | None) -> None:
        name = "" if kind == "cancel" else name
        refuses = self.model.refuses(run_id)
        if refuses is not None:
            try:
                self.store.post(run_id, kind, name, "{}", 1.0, dedup)
            except refuses:
                return
            raise AssertionError("what has ended, or isn't there, got a message")
        was_kept = self.model.was_kept(run_id, kind, name, dedup)
        number = self.store.post(run_id, kind, name, "{}", 1.0, dedup)
        assert (number is None) is was_kept
        if number is not None:
            assert number > self.highest
            self.highest = number
            self.model.post(Message(number, run_id, kind, name, "{}", 1.0, dedup))

    # -- what is asked --------------------------------------------------------------------------------------------------

    @rule(
        status=st.lists(statuses | st.just("lost"), max_size=2),
        workflow=st.none() | st.sampled_from(WORKFLOWS),
        parent=st.none() | st.sampled_from(["", "run"]),
        created_before=st.none() | times,
        ended_before=st.none() | times,
        prefix=st.sampled_from(["", "", "r", "run", "run\0", "r_", "Run"]),
        limit=st.integers(1, 4),
    )
    def page_through(self, status: list[str], limit: int, **filters: Any) -> None:
        """All pages are all runs that are all of this."""
        expected = [run for run in self.model.all() if self.fits(run, status, **filters)]
        counts = Counter(self.model.shown(run) for run in expected)
        after: str | None = None
        for place in range(0, max(len(expected), 1), limit):
            page = self.store.runs(status=status, limit=limit, after=after, **filters)
            assert list(page.runs) == expected[place : place + limit]
            assert page.counts == counts
            after = page.after
        assert after is None

    def fits(self, run: KeptRun, status: list[str], **filters: Any) -> bool:
        workflow, parent = filters["workflow"], filters["parent"]
        created, ended = filters["created_before"], filters["ended_before"]
        return (
            (not status or self.model.shown(run) in status)
            and workflow in {None, run.workflow}
            and parent in {None, run.parent}
            and run.run_id.startswith(filters["prefix"])
            and (created is None or run.created < created)
            and (ended is None or (run.ended is not None and (run.ended < ended or run.ended > self.clock.date)))
        )

    @rule(number=st.integers(0, 10), limit=st.none() | st.integers(0, 3))
    def ask_for_a_part(self, number: int, limit: int | None) -> None:
        for run_id, known in self.model.known.items():
            later = sorted(one.number for one in known.events if one.number > number)[:limit]
            assert [one.number for one in self.store.events(run_id, number, limit)] == later
            assert list(self.store.nodes(run_id, KEYS[:2])) == [one for one in known.nodes if one.key in KEYS[:2]]
            tried = sorted(one.attempt for one in known.attempts if one.key == "a")
            assert [one.attempt for one in self.store.attempts(run_id, "a")] == tried
        for owner in OWNERS:
            assert list(self.store.inbox(owner, number)) == self.model.inbox(owner, number)
        adrift = self.model.adrift()
        assert list(self.store.adrift(number)) == adrift[:number]
        for place, run in enumerate(adrift):
            assert list(self.store.adrift(number, after=(run.created, run.run_id))) == adrift[place + 1 :][:number]

    @invariant()
    def is_what_the_model_says(self) -> None:
        """All of it, after each step."""
        store = self.store
        assert list(store.adrift()) == self.model.adrift()
        assert list(store.adrift(stuck=True)) == self.model.adrift(stuck=True)
        for run_id in RUNS:
            run, parts = everything(store, run_id)
            assert run == self.model.run(run_id)
            known = self.model.known.get(run_id)
            assert parts == ([[], [], [], []] if known is None else expected_of(known))


def expected_of(known: Known) -> list[list[Any]]:
    attempts = sorted(known.attempts, key=lambda one: (one.key, one.attempt))
    return [known.nodes, attempts, sorted(known.events, key=lambda one: one.number), known.messages]


class DrivenSentences(Ground):
    """What a store promises, whatever came before."""

    def test_a_store_does_what_its_model_does(self) -> None:
        run_state_machine_as_test(
            lambda: Driven(self),  # type: ignore[arg-type] # it takes any factory
            settings=settings(deadline=None, suppress_health_check=CALM, stateful_step_count=40),
        )
