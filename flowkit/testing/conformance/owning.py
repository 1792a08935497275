"""Owners and their leases: who may write."""

from __future__ import annotations

from math import inf, nan

import pytest

from flowkit.engine.kept import Commit, RunChange
from flowkit.engine.ports import Store
from flowkit.errors import StoreError
from flowkit.testing.conformance.ground import EXACT, Ground, StoreClock, begun, commit, ended, node, run_of

__all__ = ["OwningSentences"]


def is_held(store: Store, run_id: str = "run") -> bool:
    run = store.run(run_id)
    assert run is not None
    assert run.is_lost is (bool(run.owner) and not run.is_held and not run.is_final)
    return run.is_held


class OwningSentences(Ground):
    """What `renew` and `retire` promise."""

    def test_an_owner_that_never_renewed_has_no_good_lease(self, store: Store) -> None:
        begun(store, owner="nobody heard of")
        assert not is_held(store)

    def test_a_lease_is_good_until_its_time_is_over(self, store: Store, clock: StoreClock) -> None:
        begun(store, owner="mine")
        store.renew("mine", 5)
        clock.advance(4.99)
        assert is_held(store)
        clock.advance(0.01)
        assert not is_held(store)

    def test_a_lease_is_good_at_once_whatever_its_length_is_rounded_to(self, store: Store, clock: StoreClock) -> None:
        begun(store, owner="mine")
        for now, ttl in ((0.1, 0.2), (0.7, 0.1), (1e9 + 0.3, 0.1), (3.3, 1e-12)):
            clock.now = now
            store.renew("mine", ttl)
            assert is_held(store)

    def test_a_lease_from_before_the_machine_was_started_anew_is_dead(self, store: Store, clock: StoreClock) -> None:
        begun(store)
        clock.advance(-0.5)
        assert not is_held(store)
        clock.now = 0.0
        assert not is_held(store)

    def test_renewing_counts_from_now_for_all_runs_of_the_owner(self, store: Store, clock: StoreClock) -> None:
        begun(store, "one")
        begun(store, "two")
        clock.advance(999)
        store.renew("alive", 5)
        clock.advance(4)
        assert is_held(store, "one")
        assert is_held(store, "two")

    def test_a_lease_can_be_made_shorter(self, store: Store, clock: StoreClock) -> None:
        begun(store)
        store.renew("alive", 1)
        clock.advance(1)
        assert not is_held(store)

    def test_a_lease_of_no_length_is_over(self, store: Store) -> None:
        begun(store)
        store.renew("alive", 0)
        assert not is_held(store)

    def test_owners_are_told_apart_exactly(self, store: Store) -> None:
        owners = [owner for owner in EXACT if owner]
        for owner in owners:
            begun(store, owner, owner)
        for owner in owners:
            store.renew(owner, 10)
            store.post(owner, "signal", owner, "{}", 1.0)
            assert [run.run_id for run in store.runs(limit=100).runs if run.is_held] == [owner]
            assert [message.run_id for message in store.inbox(owner)] == [owner]
            assert list(store.retire(owner)) == [owner]

    def test_an_owner_has_a_name(self, store: Store) -> None:
        begun(store)
        commit(store, Commit(begun(store, "free"), release=True))
        with pytest.raises(StoreError, match="owner"):
            store.renew("", 10)
        with pytest.raises(StoreError, match="owner"):
            store.retire("")
        with pytest.raises(StoreError, match="owner"):
            store.create(run_of("new"), "")
        with pytest.raises(StoreError, match="owner"):
            store.claim("free", "")
        with pytest.raises(StoreError, match="owner"):
            store.inbox("")
        assert store.run("new") is None

    @pytest.mark.parametrize("ttl", [nan, inf, -inf, -1.0])
    def test_a_lease_has_a_length(self, store: Store, ttl: float) -> None:
        begun(store)
        with pytest.raises(StoreError, match="lease"):
            store.renew("alive", ttl)
        assert is_held(store)

    def test_who_retires_has_no_run_any_more(self, store: Store) -> None:
        begun(store, "second", created=2.0)
        begun(store, "first", created=1.0)
        begun(store, "theirs", "other")
        before = store.run("theirs")
        assert list(store.retire("alive")) == ["first", "second"]
        for run_id in ("first", "second"):
            run = store.run(run_id)
            assert run is not None
            assert (run.owner, run.is_held, run.is_lost, run.generation) == ("", False, False, 1)
        assert store.run("theirs") == before
        assert not store.retire("alive")

    def test_retiring_forgets_the_lease(self, store: Store) -> None:
        store.retire("alive")
        begun(store)
        assert not is_held(store)

    def test_retiring_lets_go_of_ended_runs_without_naming_them(self, store: Store) -> None:
        lease = begun(store)
        commit(store, Commit(lease, run=RunChange("succeeded", 2.0)))
        assert not store.retire("alive")
        run = store.run("run")
        assert run is not None
        assert run.owner == ""

    def test_retiring_somebody_unknown_does_nothing(self, store: Store) -> None:
        begun(store)
        assert not store.retire("nobody heard of")
        assert is_held(store)

    def test_who_has_retired_may_write_until_somebody_claims(self, store: Store) -> None:
        lease = begun(store)
        store.retire("alive")
        assert commit(store, Commit(lease, nodes=[node("a")])) == [True]
        store.claim("run", "other")
        assert commit(store, Commit(lease, nodes=[node("b")])) == [False]
        assert [one.key for one in store.nodes("run")] == ["a"]

    def test_a_claim_of_a_retired_owners_run_is_no_recovery(self, store: Store) -> None:
        begun(store, owner="dead")
        store.retire("dead")
        store.claim("run", "other", max_recoveries=0)
        run = store.run("run")
        assert run is not None
        assert (run.owner, run.recoveries) == ("other", 0)

    def test_an_ended_run_is_never_lost(self, store: Store) -> None:
        ended(store, "released")
        lease = begun(store, "kept", "dead")
        commit(store, Commit(lease, run=RunChange("failed", 2.0)))
        for run_id in ("released", "kept"):
            run = store.run(run_id)
            assert run is not None
            assert not run.is_lost
