"""Fencing: who may write, and who may no more."""

from __future__ import annotations

from typing import Any, Final

import attrs
import pytest

from flowkit.engine.kept import Claim, Commit, Lease, RunChange
from flowkit.engine.ports import Store
from flowkit.testing.conformance.ground import (
    Ground,
    StoreClock,
    attempt,
    begun,
    commit,
    event,
    everything,
    node,
)

__all__ = ["FencingSentences"]

MESSAGE: Final = -1
"""Stands for the number of the message that is there."""

PARTS: dict[str, dict[str, Any]] = {
    "nodes": {"nodes": [node("b")]},
    "a node that is there": {"nodes": [node("a", "failed", error="1")]},
    "attempts": {"attempts": [attempt("a", 2)]},
    "an attempt that is there": {"attempts": [attempt("a", 1, status="failed")]},
    "events": {"events": [event(2)]},
    "taken messages": {"taken": [MESSAGE]},
    "void nodes": {"void": ["a"]},
    "the run": {"run": RunChange("succeeded", 99.0, "1")},
    "what it is stuck by": {"run": RunChange("running", 99.0, stuck="changed")},
    "the release": {"release": True},
    "nothing": {},
}
"""Whatever a commit may have, alone."""


def full(store: Store, owner: str = "alive") -> tuple[Lease, int]:
    """A run with a bit of everything, and the number of its message."""
    lease = begun(store, "run", owner)
    assert commit(store, Commit(lease, [node("a", value="1")], [attempt("a")], [event(1)])) == [True]
    number = store.post("run", "signal", "s", "{}", 1.0)
    assert number is not None
    return lease, number


def with_part(lease: Lease, part: str, number: int) -> Commit:
    """A commit that has just this."""
    one = Commit(lease, **PARTS[part])
    return attrs.evolve(one, taken=[number]) if one.taken else one


class FencingSentences(Ground):
    """What `commit` promises of leases."""

    @pytest.mark.parametrize("part", PARTS)
    def test_who_lost_a_run_writes_nothing_of_it(self, store: Store, part: str) -> None:
        lease, number = full(store, "dead")
        store.claim("run", "alive")
        before = everything(store)
        assert commit(store, with_part(lease, part, number)) == [False]
        assert everything(store) == before

    @pytest.mark.parametrize("part", PARTS)
    @pytest.mark.parametrize("wrong", [{"owner": "other"}, {"generation": 2}, {"generation": 0}, {"run_id": "none"}])
    def test_a_lease_that_wasnt_given_writes_nothing(self, store: Store, part: str, wrong: dict[str, Any]) -> None:
        lease, number = full(store)
        begun(store, "next", "other")
        before = everything(store)
        assert commit(store, with_part(attrs.evolve(lease, **wrong), part, number)) == [False]
        assert everything(store) == before
        assert store.run("none") is None

    @pytest.mark.parametrize("part", PARTS)
    def test_a_commit_is_refused_as_a_whole_and_by_itself(self, store: Store, part: str) -> None:
        lease, number = full(store, "dead")
        claim = store.claim("run", "alive")
        assert isinstance(claim, Claim)
        good = Commit(claim.lease, [node("good")], [attempt("good")], [event(7)])
        stale = with_part(lease, part, number)
        assert commit(store, stale, good, stale, Commit(claim.lease, [node("better")])) == [False, True, False, True]
        run, [nodes, attempts, events, messages] = everything(store)
        assert run == claim.run
        assert [one.key for one in nodes] == ["a", "good", "better"]
        assert nodes[0] == node("a", value="1")
        assert [one.key for one in attempts] == ["a", "good"]
        assert [one.number for one in events] == [1, 7]
        assert len(messages) == 1

    def test_commits_of_many_runs_are_written_at_once(self, store: Store) -> None:
        leases = [begun(store, f"run{number}") for number in range(20)]
        stale = attrs.evolve(leases[7], owner="other")
        commits = [Commit(lease, [node("a", value=lease.run_id)]) for lease in leases]
        commits.insert(10, Commit(stale, [node("stale")]))
        assert commit(store, *commits) == [True] * 10 + [False] + [True] * 10
        for lease in leases:
            assert [(one.key, one.value) for one in store.nodes(lease.run_id)] == [("a", lease.run_id)]

    def test_an_owner_whose_time_is_up_writes_until_somebody_claims(self, store: Store, clock: StoreClock) -> None:
        lease = begun(store)
        clock.advance(10_000)
        assert commit(store, Commit(lease, [node("a")])) == [True]
        store.claim("run", "dead too")
        assert commit(store, Commit(lease, [node("b")])) == [False]

    def test_a_commit_whose_answer_was_lost_can_be_made_again(self, store: Store) -> None:
        lease, number = full(store)
        last = Commit(
            lease,
            [node("b")],
            [attempt("b")],
            [event(2)],
            [number],
            ["a"],
            RunChange("succeeded", 20.0, "1"),
            release=True,
        )
        assert commit(store, last) == [True]
        before = everything(store)
        assert commit(store, last) == [True]
        assert everything(store) == before

    def test_who_released_a_run_writes_nothing_once_it_is_claimed(self, store: Store) -> None:
        lease = begun(store)
        commit(store, Commit(lease, release=True))
        store.claim("run", "alive")
        assert commit(store, Commit(lease, [node("a")]), Commit(lease, release=True)) == [False, False]
        run = store.run("run")
        assert run is not None
        assert (run.owner, run.generation) == ("alive", 2)
