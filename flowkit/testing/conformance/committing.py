"""Commits: what is written of a run."""

from __future__ import annotations

import attrs
import pytest

from flowkit.engine.kept import Claim, Commit, KeptAttempt, RunChange
from flowkit.engine.ports import Store
from flowkit.errors import StoreError
from flowkit.testing.conformance.ground import (
    Ground,
    attempt,
    begun,
    commit,
    event,
    everything,
    node,
)

__all__ = ["CommittingSentences"]


class CommittingSentences(Ground):
    """What `commit` promises."""

    def test_a_commit_is_written_and_comes_back_as_it_was(self, store: Store) -> None:
        lease = begun(store)
        one = node(
            "a", value='{"x": 1}', error='"e"', sequence=3, attempts=2, reason="r", why="w", wiring="i",
            started=1.25, ended=2.5, due=3.75, deadline=4.125, facts='{"f": 1}',
        )  # fmt: skip
        two = KeptAttempt("a", 2, 1.5, 2.5, "failed", '"e"', "again", 0.25)
        three = event(1, "step.failed", key="a", data='{"d": 1}')
        assert commit(store, Commit(lease, [one], [two], [three])) == [True]
        assert everything(store)[1] == [[one], [two], [three], []]

    def test_what_isnt_known_comes_back_so(self, store: Store) -> None:
        lease = begun(store)
        commit(store, Commit(lease, [node("a", value=None, error=None)], [attempt("a", error=None)]))
        [[kept], [tried], _, _] = everything(store)[1]
        assert (kept.value, kept.error, kept.started, kept.ended, kept.due, kept.deadline) == (None,) * 6
        assert (tried.error, tried.started, tried.ended, tried.delay) == (None,) * 4

    def test_nothing_is_written_by_no_commits(self, store: Store) -> None:
        assert commit(store) == []

    def test_an_empty_commit_says_whether_it_would_have_been_written(self, store: Store) -> None:
        lease = begun(store)
        before = everything(store)
        stale = attrs.evolve(lease, generation=0)
        assert commit(store, Commit(lease), Commit(stale)) == [True, False]
        assert everything(store) == before

    def test_a_node_replaces_what_was_kept_under_its_key(self, store: Store) -> None:
        lease = begun(store)
        commit(store, Commit(lease, [node("a", "running", started=1.0, value="1", reason="r"), node("b")]))
        commit(store, Commit(lease, [node("a", "failed", error="2")]))
        assert list(store.nodes("run", ["a"])) == [node("a", "failed", error="2")]

    def test_the_last_of_several_nodes_with_one_key_stays(self, store: Store) -> None:
        commit(store, Commit(begun(store), [node("a", "running"), node("b"), node("a", value="1")]))
        assert list(store.nodes("run")) == [node("a", value="1"), node("b")]

    def test_nodes_stay_in_the_order_in_which_they_came(self, store: Store) -> None:
        lease = begun(store, "run", "alive", node("m"), node("z"))
        commit(store, Commit(lease, [node("b"), node("a")]), Commit(lease, [node("y"), node("m", "failed")]))
        commit(store, Commit(lease, [node("c"), node("a", "failed"), node("z", "failed")]))
        assert [one.key for one in store.nodes("run")] == ["m", "z", "b", "a", "y", "c"]
        assert [one.key for one in store.nodes("run", ["c", "no such", "z", "a", "z"])] == ["z", "a", "c"]
        assert not store.nodes("run", [])

    def test_nodes_of_a_later_claim_come_later(self, store: Store) -> None:
        lease = begun(store)
        commit(store, Commit(lease, [node("b")], release=True))
        claim = store.claim("run", "other")
        assert isinstance(claim, Claim)
        commit(store, Commit(claim.lease, [node("a"), node("b", "failed")]))
        assert [one.key for one in store.nodes("run")] == ["b", "a"]

    def test_attempts_are_by_key_and_number(self, store: Store) -> None:
        lease = begun(store)
        numbers = [("b", 1), ("a", 10), ("a", 2), ("é", 1), ("Z", 1)]
        commit(store, Commit(lease, attempts=[attempt(*one) for one in numbers]))
        commit(store, Commit(lease, attempts=[attempt("a", 2, status="failed")]))
        found = [(one.key, one.attempt) for one in store.attempts("run")]
        assert found == [("Z", 1), ("a", 2), ("a", 10), ("b", 1), ("é", 1)]
        assert [(one.attempt, one.status) for one in store.attempts("run", "a")] == [(2, "failed"), (10, "running")]
        assert not store.attempts("run", "c")

    def test_an_attempt_needs_no_node(self, store: Store) -> None:
        commit(store, Commit(begun(store), attempts=[attempt("a")]))
        assert list(store.attempts("run")) == [attempt("a")]
        assert not store.nodes("run")

    @pytest.mark.parametrize("number", [0, -1])
    def test_attempts_are_counted_from_one(self, store: Store, number: int) -> None:
        lease = begun(store)
        with pytest.raises(StoreError, match="attempt"):
            commit(store, Commit(lease, [node("a")], [attempt("a", number)]))
        assert not store.nodes("run")

    def test_events_are_in_their_order(self, store: Store) -> None:
        lease = begun(store)
        commit(store, Commit(lease, events=[event(2), event(1)]), Commit(lease, events=[event(3), event(10)]))
        assert [one.number for one in store.events("run")] == [1, 2, 3, 10]
        assert [one.number for one in store.events("run", 2)] == [3, 10]
        assert [one.number for one in store.events("run", after=1, limit=2)] == [2, 3]
        assert not store.events("run", limit=0)
        assert not store.events("run", 10)
        with pytest.raises(StoreError, match="limit"):
            store.events("run", limit=-1)

    def test_an_event_stays_what_it_is(self, store: Store) -> None:
        lease = begun(store)
        commit(store, Commit(lease, events=[event(1, "first")]))
        assert commit(store, Commit(lease, events=[event(1, "second"), event(2)])) == [True]
        assert [one.kind for one in store.events("run")] == ["first", "started"]

    # -- void -----------------------------------------------------------------------------------------------------------

    def test_what_is_void_was_never_there(self, store: Store) -> None:
        lease = begun(store, "run", "alive", node("a"), node("b"))
        commit(store, Commit(lease, attempts=[attempt("a", 1), attempt("a", 2), attempt("b", 1)], events=[event(1)]))
        assert commit(store, Commit(lease, void=["a", "no such", "a"])) == [True]
        assert everything(store)[1] == [[node("b")], [attempt("b")], [event(1)], []]

    def test_void_comes_first_in_its_commit(self, store: Store) -> None:
        lease = begun(store, "run", "alive", node("a", value="old"), node("b"))
        commit(store, Commit(lease, attempts=[attempt("a", 1), attempt("a", 2)]))
        commit(store, Commit(lease, [node("a", value="new")], [attempt("a", 1, why="new")], void=["a"]))
        assert list(store.nodes("run")) == [node("b"), node("a", value="new")]
        assert list(store.attempts("run")) == [attempt("a", 1, why="new")]

    def test_void_comes_after_the_commits_before_it(self, store: Store) -> None:
        lease = begun(store)
        first = Commit(lease, [node("a"), node("b")], [attempt("a")])
        assert commit(store, first, Commit(lease, [node("c")], void=["a"]), Commit(lease, [node("a")])) == [True] * 3
        assert [one.key for one in store.nodes("run")] == ["b", "c", "a"]
        assert not store.attempts("run")

    def test_void_is_of_one_run(self, store: Store) -> None:
        lease = begun(store, "run", "alive", node("a"))
        begun(store, "next", "alive", node("a"))
        commit(store, Commit(lease, void=["a"]))
        assert [one.key for one in store.nodes("next")] == ["a"]

    # -- the run itself -------------------------------------------------------------------------------------------------

    def test_a_run_becomes_what_is_said(self, store: Store) -> None:
        lease = begun(store)
        commit(store, Commit(lease, run=RunChange("waiting", 20.0, stuck="changed")))
        run = store.run("run")
        assert run is not None
        assert (run.status, run.changed, run.ended, run.stuck) == ("waiting", 20.0, None, "changed")
        commit(store, Commit(lease, run=RunChange("failed", 30.0, "1", '"e"')))
        run = store.run("run")
        assert run is not None
        assert (run.status, run.changed, run.ended, run.stuck) == ("failed", 30.0, 30.0, "")
        assert (run.result, run.error, run.owner) == ("1", '"e"', "alive")

    def test_a_status_that_stays_has_not_changed(self, store: Store) -> None:
        commit(store, Commit(begun(store), run=RunChange("running", 20.0)))
        run = store.run("run")
        assert run is not None
        assert run.changed == 10.0

    @pytest.mark.parametrize("status", ["lost", "done", "", "Succeeded", "succeeded\0"])
    def test_a_status_that_there_isnt_is_refused(self, store: Store, status: str) -> None:
        lease = begun(store)
        before = everything(store)
        with pytest.raises(StoreError, match="can't become"):
            commit(store, Commit(lease, [node("a")], run=RunChange(status, 20.0)))
        assert everything(store) == before

    @pytest.mark.parametrize("after", ["running", "waiting", "succeeded", "failed", "cancelled"])
    @pytest.mark.parametrize("before", ["succeeded", "failed", "cancelled"])
    def test_an_end_stays_and_the_rest_is_written(self, store: Store, before: str, after: str) -> None:
        lease = begun(store)
        commit(store, Commit(lease, run=RunChange(before, 20.0, "1", '"e"')))
        was = store.run("run")
        late = Commit(lease, [node("a")], [attempt("a")], [event(1)], run=RunChange(after, 30.0, "2", '"f"', "stuck"))
        assert commit(store, late) == [True]
        assert everything(store) == (was, [[node("a")], [attempt("a")], [event(1)], []])

    def test_the_first_end_of_a_batch_stays(self, store: Store) -> None:
        lease = begun(store)
        ends = (Commit(lease, run=RunChange(status, 20.0)) for status in ("cancelled", "succeeded", "running"))
        assert commit(store, *ends) == [True] * 3
        run = store.run("run")
        assert run is not None
        assert (run.status, run.ended) == ("cancelled", 20.0)

    def test_a_released_run_is_nobodys(self, store: Store) -> None:
        commit(store, Commit(begun(store), release=True))
        run = store.run("run")
        assert run is not None
        assert (run.owner, run.is_held, run.generation, run.status) == ("", False, 1, "running")
