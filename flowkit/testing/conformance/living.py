"""The beginning and the end of a run: made, deleted."""

from __future__ import annotations

from flowkit.engine.kept import Claim, Commit, KeptRun, Lease, NewRun, RunChange
from flowkit.engine.ports import Store
from flowkit.testing.conformance.ground import (
    EXACT,
    Ground,
    attempt,
    begun,
    commit,
    ended,
    event,
    everything,
    node,
    run_of,
)

__all__ = ["LivingSentences"]


class LivingSentences(Ground):
    """What `create` and `delete` promise."""

    # -- create ---------------------------------------------------------------------------------------------------------

    def test_a_new_run_is_kept_as_it_was_given(self, store: Store) -> None:
        new = NewRun("run", "shop:order", '{"id": 7}', "d7", 12.5, "parent", "origin")
        kept = KeptRun(
            "run", "shop:order", '{"id": 7}', "d7", 12.5, "parent", "origin", "running", 12.5, None, None, None,
            "alive", 1, True, 0, 0, 0, "",
        )  # fmt: skip
        assert store.create(new, "alive") == Claim(Lease("run", "alive", 1), kept)
        assert store.run("run") == kept

    def test_a_new_run_has_its_nodes(self, store: Store) -> None:
        nodes = [node("b", "pending"), node("a", value="1")]
        store.create(run_of("run"), "alive", nodes)
        assert list(store.nodes("run")) == nodes

    def test_an_id_that_is_taken_stays_as_it_is(self, store: Store) -> None:
        begun(store, "run", "alive", node("a"))
        before = everything(store)
        assert store.create(run_of("run", 99.0, "other:flow"), "other", [node("b")]) == before[0]
        assert store.create(run_of("run"), "alive") == before[0]
        assert everything(store) == before

    def test_an_id_that_is_taken_stays_so_when_its_run_has_ended(self, store: Store) -> None:
        ended(store)
        before = everything(store)
        assert store.create(run_of("run"), "alive") == before[0]
        assert everything(store) == before

    def test_ids_are_told_apart_exactly(self, store: Store) -> None:
        for number, run_id in enumerate(EXACT):
            lease = begun(store, run_id, created=float(number))
            assert commit(store, Commit(lease, [node(run_id, value=f"{number}")])) == [True]
        for number, run_id in enumerate(EXACT):
            run = store.run(run_id)
            assert run is not None
            assert (run.run_id, run.created) == (run_id, number)
            assert [(one.key, one.value) for one in store.nodes(run_id)] == [(run_id, f"{number}")]
        assert {run.run_id for run in store.runs(limit=100).runs} == set(EXACT)

    def test_keys_are_told_apart_exactly(self, store: Store) -> None:
        lease = begun(store)
        for number, key in enumerate(EXACT):
            assert commit(store, Commit(lease, [node(key, value=f"{number}")], [attempt(key)])) == [True]
        assert [one.key for one in store.nodes("run")] == list(EXACT)
        for number, key in enumerate(EXACT):
            assert [one.value for one in store.nodes("run", [key])] == [f"{number}"]
            assert [one.key for one in store.attempts("run", key)] == [key]

    # -- delete ---------------------------------------------------------------------------------------------------------

    def test_only_what_has_ended_is_deleted(self, store: Store) -> None:
        begun(store, "runs")
        commit(store, Commit(begun(store, "waits"), run=RunChange("waiting", 20.0), release=True))
        begun(store, "lost", "dead")
        for status in ("succeeded", "failed", "cancelled"):
            ended(store, status, status)
        asked = ["succeeded", "runs", "failed", "unheard of", "waits", "lost", "cancelled", "failed"]
        assert sorted(store.delete(asked)) == ["cancelled", "failed", "succeeded"]
        assert {run.run_id for run in store.runs().runs} == {"runs", "waits", "lost"}
        assert not store.delete(asked)

    def test_with_a_run_goes_everything_of_it(self, store: Store) -> None:
        lease = begun(store, "run", "alive", node("a"))
        store.post("run", "signal", "s", "{}", 1.0, "once")
        store.post("run", "decision", "gate", "{}", 1.0)
        commit(store, Commit(lease, [node("b")], [attempt("b")], [event(1)]))
        commit(store, Commit(lease, run=RunChange("succeeded", 20.0), release=True))
        begun(store, "child", parent="run")
        assert list(store.delete(["run"])) == ["run"]
        assert everything(store) == (None, [[], [], [], []])
        assert store.run("child") is not None

    def test_a_deleted_id_begins_anew(self, store: Store) -> None:
        lease = begun(store, "run", "alive", node("a"))
        store.post("run", "signal", "s", "{}", 1.0, "once")
        commit(store, Commit(lease, (), [attempt("a")], [event(1)], run=RunChange("failed", 20.0), release=True))
        store.delete(["run"])
        assert begun(store, owner="other").generation == 1
        assert commit(store, Commit(lease, [node("late")])) == [False]
        assert everything(store)[1] == [[], [], [], []]
        assert store.post("run", "signal", "s", "{}", 1.0, "once") is not None

    def test_what_is_asked_of_a_run_that_isnt_there_is_nothing(self, store: Store) -> None:
        assert everything(store) == (None, [[], [], [], []])
        assert not store.nodes("run", ["a"])
        assert not store.attempts("run", "a")
        assert not store.delete(["run"])
