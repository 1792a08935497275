"""Claims: how a run comes to another owner."""

from __future__ import annotations

import pytest

from flowkit.engine.kept import Claim, Commit, Lease, RunChange
from flowkit.engine.ports import Store
from flowkit.testing.conformance.ground import (
    Ground,
    StoreClock,
    begun,
    commit,
    ended,
    everything,
    failed,
    node,
)

__all__ = ["ClaimingSentences"]


def in_vain(store: Store) -> int:
    """How often the run was taken over in vain."""
    run = store.run("run")
    assert run is not None
    return run.in_vain


class ClaimingSentences(Ground):
    """What `claim` promises."""

    def test_nobody_claims_what_isnt_there(self, store: Store) -> None:
        assert store.claim("run", "alive") is None
        assert store.run("run") is None

    def test_a_run_that_nobody_has_is_claimed(self, store: Store) -> None:
        commit(store, Commit(begun(store), release=True))
        claim = store.claim("run", "other", max_recoveries=0)
        assert isinstance(claim, Claim)
        assert claim.lease == Lease("run", "other", 2)
        assert (claim.run.owner, claim.run.generation, claim.run.is_held) == ("other", 2, True)
        assert (claim.run.recoveries, claim.run.resumes, claim.run.status) == (0, 0, "running")
        assert store.run("run") == claim.run

    def test_a_run_can_be_claimed_again_by_who_let_go_of_it(self, store: Store) -> None:
        lease = begun(store)
        commit(store, Commit(lease, release=True))
        claim = store.claim("run", "alive")
        assert isinstance(claim, Claim)
        assert claim.lease == Lease("run", "alive", 2)
        assert commit(store, Commit(lease, [node("a")])) == [False]

    def test_a_run_whose_owner_has_died_is_recovered(self, store: Store) -> None:
        begun(store, owner="dead")
        claim = store.claim("run", "alive")
        assert isinstance(claim, Claim)
        assert (claim.lease, claim.run.recoveries) == (Lease("run", "alive", 2), 1)

    def test_a_run_whose_owner_never_lived_is_recovered(self, store: Store) -> None:
        begun(store, owner="nobody heard of")
        claim = store.claim("run", "alive")
        assert isinstance(claim, Claim)
        assert claim.run.recoveries == 1

    def test_recoveries_are_counted_as_they_are_claimed(self, store: Store, clock: StoreClock) -> None:
        begun(store, owner="dead")
        for times, owner in enumerate(("first", "second", "third"), 1):
            store.renew(owner, 1)
            claim = store.claim("run", owner)
            assert isinstance(claim, Claim)
            assert (claim.run.recoveries, claim.run.in_vain, claim.run.generation) == (times, times, times + 1)
            clock.advance(1)

    def test_no_recovery_was_in_vain_before_a_run_got_further(self, store: Store) -> None:
        lease = begun(store, owner="dead")
        for _ in range(2):
            claim = store.claim("run", "dead too", max_recoveries=1)
            assert isinstance(claim, Claim)
            assert claim.run.in_vain == 1
            assert commit(store, Commit(lease, advances=True)) == [False]  # it was somebody else who got further
            assert in_vain(store) == 1
            assert commit(store, Commit(claim.lease, [node("a")], run=RunChange("waiting", 20.0))) == [True]
            assert in_vain(store) == 1
            assert commit(store, Commit(claim.lease, [node("a")], advances=True)) == [True]
            assert in_vain(store) == 0
            lease = claim.lease
            commit(store, Commit(lease, release=True))
            again = store.claim("run", "dead")
            assert isinstance(again, Claim)
            lease = again.lease
        run = store.run("run")
        assert run is not None
        assert run.recoveries == 2

    def test_for_who_takes_a_failed_run_up_again_nothing_was_in_vain(self, store: Store) -> None:
        begun(store, owner="dead")
        claim = store.claim("run", "alive")
        assert isinstance(claim, Claim)
        commit(store, Commit(claim.lease, run=RunChange("failed", 20.0), release=True))
        assert in_vain(store) == 1
        claim = store.claim("run", "alive", again=True)
        assert isinstance(claim, Claim)
        assert (claim.run.recoveries, claim.run.in_vain) == (1, 0)

    def test_a_run_whose_owner_lives_stays_with_it(self, store: Store) -> None:
        begun(store)
        before = everything(store)
        assert store.claim("run", "other") == before[0]
        assert everything(store) == before

    def test_an_owner_cant_take_what_it_has(self, store: Store, clock: StoreClock) -> None:
        begun(store)
        assert store.claim("run", "alive") == store.run("run")
        clock.advance(10_000)
        assert store.claim("run", "alive") == store.run("run")
        run = store.run("run")
        assert run is not None
        assert (run.generation, run.recoveries) == (1, 0)

    def test_a_run_is_recovered_so_many_times_and_no_more(self, store: Store) -> None:
        begun(store, owner="dead")
        assert store.claim("run", "alive", max_recoveries=0) == store.run("run")
        assert isinstance(store.claim("run", "dead too", max_recoveries=1), Claim)
        before = everything(store)
        assert store.claim("run", "alive", max_recoveries=1) == before[0]
        assert everything(store) == before
        assert isinstance(store.claim("run", "alive", max_recoveries=2), Claim)

    def test_a_claim_that_is_no_recovery_isnt_limited_by_them(self, store: Store) -> None:
        begun(store, owner="dead")
        claim = store.claim("run", "alive")
        assert isinstance(claim, Claim)
        commit(store, Commit(claim.lease, release=True))
        assert isinstance(store.claim("run", "other", max_recoveries=1), Claim)

    @pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled"])
    def test_a_run_that_has_ended_isnt_claimed(self, store: Store, status: str) -> None:
        ended(store, status=status)
        before = everything(store)
        assert store.claim("run", "other") == before[0]
        assert everything(store) == before

    @pytest.mark.parametrize("status", ["succeeded", "cancelled"])
    def test_only_what_has_failed_is_taken_up_again(self, store: Store, status: str) -> None:
        ended(store, status=status)
        before = everything(store)
        assert store.claim("run", "other", again=True) == before[0]
        assert everything(store) == before

    def test_a_run_that_has_failed_is_taken_up_again(self, store: Store) -> None:
        lease = begun(store, "run", "alive", node("a"))
        commit(store, Commit(lease, run=RunChange("failed", 30.0, "1", '"no"'), release=True))
        claim = store.claim("run", "other", again=True, at=40.0)
        assert isinstance(claim, Claim)
        run = claim.run
        assert (run.status, run.changed, run.ended, run.result, run.error) == ("running", 40.0, None, None, None)
        assert (run.generation, run.resumes, run.recoveries, run.owner) == (2, 1, 0, "other")
        assert store.run("run") == run
        assert [one.key for one in store.nodes("run")] == ["a"]

    def test_who_doesnt_say_when_leaves_the_time_of_the_change(self, store: Store) -> None:
        failed(store)
        claim = store.claim("run", "other", again=True)
        assert isinstance(claim, Claim)
        assert claim.run.changed == 20.0

    def test_resumes_are_counted(self, store: Store) -> None:
        failed(store)
        for times in (1, 2, 3):
            claim = store.claim("run", "other", again=True)
            assert isinstance(claim, Claim)
            assert claim.run.resumes == times
            commit(store, Commit(claim.lease, run=RunChange("failed", 50.0), release=True))

    def test_a_run_that_was_taken_up_again_ends_again(self, store: Store) -> None:
        failed(store)
        claim = store.claim("run", "other", again=True)
        assert isinstance(claim, Claim)
        commit(store, Commit(claim.lease, run=RunChange("succeeded", 60.0, "7"), release=True))
        run = store.run("run")
        assert run is not None
        assert (run.status, run.ended, run.result) == ("succeeded", 60.0, "7")

    def test_what_runs_is_claimed_as_ever_by_who_would_take_it_up_again(self, store: Store) -> None:
        begun(store, owner="dead")
        claim = store.claim("run", "alive", again=True, at=40.0)
        assert isinstance(claim, Claim)
        assert (claim.run.resumes, claim.run.recoveries, claim.run.changed) == (0, 1, 10.0)
        assert store.claim("run", "other", again=True) == store.run("run")

    def test_what_has_failed_and_somebody_still_has_isnt_taken_up_again(self, store: Store) -> None:
        commit(store, Commit(begun(store), run=RunChange("failed", 20.0)))
        assert store.claim("run", "other", again=True) == store.run("run")
        assert store.claim("run", "alive", again=True) == store.run("run")

    def test_what_waits_goes_on_waiting_when_it_is_claimed(self, store: Store) -> None:
        commit(store, Commit(begun(store), run=RunChange("waiting", 20.0), release=True))
        claim = store.claim("run", "other")
        assert isinstance(claim, Claim)
        assert (claim.run.status, claim.run.changed) == ("waiting", 20.0)

    def test_a_claim_takes_away_what_says_that_a_run_is_stuck(self, store: Store) -> None:
        commit(store, Commit(begun(store), run=RunChange("running", 20.0, stuck="changed"), release=True))
        claim = store.claim("run", "other")
        assert isinstance(claim, Claim)
        assert claim.run.stuck == ""
        assert store.run("run") == claim.run
