"""Messages: what comes to a run from outside."""

from __future__ import annotations

import pytest

from flowkit.engine.kept import Commit, Message, RunChange
from flowkit.engine.ports import Store
from flowkit.errors import IllegalTransition, RunNotFound
from flowkit.testing.conformance.ground import Ground, begun, commit, ended, everything

__all__ = ["PostingSentences"]


class PostingSentences(Ground):
    """What `post`, `inbox` and `messages` promise, and `commit` of messages."""

    def test_a_message_is_kept_as_it_was_given(self, store: Store) -> None:
        begun(store)
        number = store.post("run", "signal", "paid", '{"by": "card"}', 12.5, "d1")
        assert number is not None
        message = Message(number, "run", "signal", "paid", '{"by": "card"}', 12.5, "d1")
        assert list(store.messages("run")) == [message]
        assert list(store.inbox("alive")) == [message]

    def test_numbers_rise_over_all_runs(self, store: Store) -> None:
        begun(store, "one")
        begun(store, "two", "other")
        numbers = [store.post(run_id, "signal", "s", "{}", 1.0) or 0 for run_id in ("one", "two", "one", "two")]
        assert numbers == sorted(set(numbers))
        assert min(numbers) > 0
        assert [message.number for message in store.inbox("alive")] == [numbers[0], numbers[2]]
        assert [message.number for message in store.messages("two")] == [numbers[1], numbers[3]]

    def test_a_number_is_never_given_again(self, store: Store) -> None:
        lease = begun(store)
        first = store.post("run", "signal", "s", "{}", 1.0) or 0
        commit(store, Commit(lease, run=RunChange("cancelled", 2.0), release=True))
        store.delete(["run"])
        begun(store)
        assert (store.post("run", "signal", "s", "{}", 1.0) or 0) > first

    def test_an_inbox_has_what_has_a_higher_number(self, store: Store) -> None:
        begun(store)
        numbers = [store.post("run", "signal", "s", "{}", 1.0) or 0 for _ in range(3)]
        assert [message.number for message in store.inbox("alive", numbers[0])] == numbers[1:]
        assert not store.inbox("alive", numbers[-1])

    def test_an_inbox_follows_the_run(self, store: Store) -> None:
        begun(store, owner="dead")
        store.post("run", "signal", "s", "{}", 1.0)
        assert len(store.inbox("dead")) == 1
        assert not store.inbox("alive")
        store.claim("run", "alive")
        assert not store.inbox("dead")
        assert len(store.inbox("alive")) == 1
        store.retire("alive")
        assert not store.inbox("alive")
        assert len(store.messages("run")) == 1

    def test_a_message_is_done_with_once(self, store: Store) -> None:
        lease = begun(store)
        numbers = [store.post("run", "signal", "s", "{}", 1.0) or 0 for _ in range(3)]
        commit(store, Commit(lease, taken=[numbers[1], 999]))
        for _ in range(2):
            assert [message.number for message in store.messages("run")] == [numbers[0], numbers[2]]
            assert [message.number for message in store.inbox("alive")] == [numbers[0], numbers[2]]
            assert commit(store, Commit(lease, taken=[numbers[1]])) == [True]

    def test_messages_of_other_runs_arent_touched(self, store: Store) -> None:
        lease = begun(store)
        begun(store, "next")
        number = store.post("next", "signal", "s", "{}", 1.0) or 0
        assert commit(store, Commit(lease, taken=[number])) == [True]
        assert len(store.messages("next")) == 1

    @pytest.mark.parametrize("is_done", [False, True])
    def test_a_signal_is_kept_once_for_each_dedup(self, store: Store, is_done: bool) -> None:
        lease = begun(store)
        begun(store, "next")
        number = store.post("run", "signal", "s", "1", 1.0, "d") or 0
        if is_done:
            commit(store, Commit(lease, taken=[number]))
        before = everything(store)
        assert store.post("run", "signal", "s", "2", 2.0, "d") is None
        assert everything(store) == before
        others = [("run", "s", "e"), ("run", "t", "d"), ("run", "s", ""), ("run", "s", "D"), ("next", "s", "d")]
        for run_id, name, dedup in others:
            assert store.post(run_id, "signal", name, "{}", 1.0, dedup) is not None
            assert store.post(run_id, "signal", name, "{}", 1.0, dedup) is None

    def test_without_dedup_each_signal_is_a_new_one(self, store: Store) -> None:
        begun(store)
        assert len({store.post("run", "signal", "s", "{}", 1.0) for _ in range(3)} - {None}) == 3

    @pytest.mark.parametrize("is_done", [False, True])
    def test_a_gate_is_decided_once(self, store: Store, is_done: bool) -> None:
        lease = begun(store)
        number = store.post("run", "decision", "gate", "1", 1.0, "d") or 0
        if is_done:
            commit(store, Commit(lease, taken=[number]))
        for dedup in ("d", "e", None):
            assert store.post("run", "decision", "gate", "2", 2.0, dedup) is None
        assert store.post("run", "decision", "Gate", "{}", 1.0) is not None
        assert store.post("run", "signal", "gate", "{}", 1.0, "d") is not None

    @pytest.mark.parametrize("is_done", [False, True])
    def test_the_first_cancel_counts(self, store: Store, is_done: bool) -> None:
        lease = begun(store)
        begun(store, "next")
        number = store.post("run", "cancel", "", "1", 1.0) or 0
        if is_done:
            commit(store, Commit(lease, taken=[number]))
        for dedup in (None, "d"):
            assert store.post("run", "cancel", "", "2", 2.0, dedup) is None
        assert store.post("next", "cancel", "", "{}", 1.0) is not None

    def test_a_run_that_isnt_there_gets_no_message(self, store: Store) -> None:
        with pytest.raises(RunNotFound, match="run"):
            store.post("run", "signal", "s", "{}", 1.0)

    @pytest.mark.parametrize("kind", ["signal", "decision", "cancel"])
    @pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled"])
    def test_a_run_that_has_ended_gets_no_message(self, store: Store, kind: str, status: str) -> None:
        ended(store, status=status)
        with pytest.raises(IllegalTransition) as refused:
            store.post("run", kind, "", "{}", 1.0)
        assert (refused.value.subject, refused.value.before) == ("run", status)
        assert not store.messages("run")

    def test_what_was_kept_before_the_end_isnt_taken_for_known_after_it(self, store: Store) -> None:
        lease = begun(store)
        store.post("run", "cancel", "", "{}", 1.0)
        commit(store, Commit(lease, run=RunChange("cancelled", 2.0), release=True))
        with pytest.raises(IllegalTransition):
            store.post("run", "cancel", "", "{}", 1.0)
        assert len(store.messages("run")) == 1

    def test_a_run_that_nobody_has_gets_messages(self, store: Store) -> None:
        commit(store, Commit(begun(store), release=True))
        assert store.post("run", "signal", "s", "{}", 1.0) is not None
        store.claim("run", "alive")
        assert len(store.inbox("alive")) == 1
