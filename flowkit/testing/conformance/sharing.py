"""Several at once: threads, objects for one place, and the end of one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from typing import Any

import pytest

from flowkit.engine.kept import Claim, Commit, KeptRun, Lease, RunChange
from flowkit.engine.ports import Store
from flowkit.errors import StoreError
from flowkit.testing.conformance.ground import (
    Ground,
    StoreClock,
    attempt,
    begun,
    commit,
    ended,
    event,
    everything,
    node,
    run_of,
)

__all__ = ["CALLS", "SharingSentences"]

CALLS: dict[str, Callable[[Store], Any]] = {
    "renew": lambda store: store.renew("alive", 5),
    "retire": lambda store: store.retire("alive"),
    "create": lambda store: store.create(run_of("new"), "alive"),
    "claim": lambda store: store.claim("run", "alive"),
    "commit": lambda store: store.commit([Commit(Lease("run", "alive", 1), [node("a")])]),
    "delete": lambda store: store.delete(["run"]),
    "post": lambda store: store.post("run", "signal", "s", "{}", 1.0),
    "inbox": lambda store: store.inbox("alive"),
    "run": lambda store: store.run("run"),
    "nodes": lambda store: store.nodes("run"),
    "attempts": lambda store: store.attempts("run"),
    "events": lambda store: store.events("run"),
    "messages": lambda store: store.messages("run"),
    "runs": lambda store: store.runs(),
    "adrift": lambda store: store.adrift(),
}
"""Every method that does something."""


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """Do all of this at once, each in a thread of its own; what they return."""
    ready = threading.Barrier(len(calls))

    def one(call: Callable[[], Any]) -> Any:
        ready.wait(30)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(60) for future in [pool.submit(one, call) for call in calls]]


class SharingSentences(Ground):
    """What is promised to several at once."""

    # -- threads --------------------------------------------------------------------------------------------------------

    def test_each_run_is_claimed_by_one_thread(self, store: Store) -> None:
        for number in range(40):
            begun(store, f"run{number}", "dead")

        def claim(owner: str) -> list[Lease]:
            store.renew(owner, 1000)
            claims = [store.claim(f"run{number}", owner) for number in range(40)]
            return [claim.lease for claim in claims if isinstance(claim, Claim)]

        claimed = at_once([partial(claim, f"owner{number}") for number in range(6)])
        leases: list[Lease] = list(chain.from_iterable(claimed))
        assert sorted(lease.run_id for lease in leases) == sorted(f"run{number}" for number in range(40))
        assert {lease.generation for lease in leases} == {2}
        for lease in leases:
            run = store.run(lease.run_id)
            assert run is not None
            assert (run.owner, run.recoveries) == (lease.owner, 1)

    def test_one_thread_creates_a_run(self, store: Store) -> None:
        for number in range(10):
            new = run_of(f"run{number}")
            made = at_once([partial(store.create, new, f"owner{owner}") for owner in range(6)])
            [claim] = [one for one in made if isinstance(one, Claim)]
            assert all(one.owner == claim.lease.owner for one in made if isinstance(one, KeptRun))

    def test_no_commit_of_any_thread_is_missing(self, store: Store) -> None:
        leases = [begun(store, f"run{number}") for number in range(4)]

        def write(lease: Lease) -> list[bool]:
            batches = [
                [Commit(lease, [node(f"{number}")], [attempt(f"{number}")], [event(number)])] for number in range(1, 26)
            ]
            return [done for batch in batches for done in store.commit(batch)]

        assert at_once([partial(write, lease) for lease in leases]) == [[True] * 25] * 4
        for lease in leases:
            assert [one.key for one in store.nodes(lease.run_id)] == [f"{number}" for number in range(1, 26)]
            assert [one.number for one in store.events(lease.run_id)] == list(range(1, 26))

    def test_who_reads_sees_all_of_a_commit_or_nothing(self, store: Store) -> None:
        lease = begun(store)
        done = threading.Event()

        def write() -> None:
            try:
                for number in range(30):
                    commit(store, Commit(lease, [node(key, value=f"{number}") for key in "abcde"]))
            finally:
                done.set()

        def read() -> set[int]:
            seen: set[int] = set()
            while not done.is_set():
                seen.add(len({one.value for one in store.nodes("run")}))
            return seen

        for seen in at_once([write, read, read])[1:]:
            assert seen <= {0, 1}

    def test_one_of_many_posts_is_kept(self, store: Store) -> None:
        begun(store)
        made = at_once([lambda: store.post("run", "decision", "gate", "{}", 1.0) for _ in range(6)])
        assert len([number for number in made if number is not None]) == 1
        assert len(store.messages("run")) == 1

    # -- the end --------------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("call", CALLS)
    def test_a_closed_store_says_so(self, store: Store, call: str) -> None:
        begun(store)
        store.close()
        with pytest.raises(StoreError, match="closed"):
            CALLS[call](store)
        store.close()

    def test_who_is_at_it_when_a_store_closes_is_done_or_hears_of_it(self, store: Store) -> None:
        lease = begun(store)

        def work(call: Callable[[], Any]) -> int:
            for times in range(10_000):
                try:
                    call()
                except StoreError as error:
                    if "closed" not in str(error):
                        raise
                    return times
            return 10_000

        def write() -> int:
            return work(lambda: store.commit([Commit(lease, [node("a")])]))

        at_once([write, write, lambda: work(lambda: store.run("run")), lambda: work(store.adrift), store.close])

    def test_where_it_is_can_be_read(self, store: Store) -> None:
        assert store.url
        assert store.url.isprintable()

    # -- two objects ----------------------------------------------------------------------------------------------------

    @pytest.fixture
    def second(self, store: Store, clock: StoreClock) -> Generator[Store]:
        """Another object for the place where `store` keeps its runs."""
        second = self.reopen(store, clock)
        if second is None:
            pytest.skip("its runs are gone with the object")
        yield second
        second.close()

    def test_what_was_written_is_there_when_it_is_opened_again(self, store: Store, clock: StoreClock) -> None:
        lease = begun(store, "run", "alive", node("a"))
        commit(store, Commit(lease, [node("b", value="1" * 400_000)], [attempt("a")], [event(1)]))
        store.post("run", "signal", "s", "{}", 1.0, "once")
        ended(store, "past")
        store.retire("alive")  # or how long it has been there is for each store to find out
        before = everything(store), everything(store, "past"), store.runs()
        store.close()
        second = self.reopen(store, clock)
        if second is None:
            pytest.skip("its runs are gone with the object")
        assert (everything(second), everything(second, "past"), second.runs()) == before
        assert second.post("run", "signal", "s", "{}", 1.0, "once") is None
        assert commit(second, Commit(lease, [node("c")])) == [True]
        second.close()

    def test_what_one_object_writes_another_sees_at_once(self, store: Store, second: Store) -> None:
        lease = begun(store, "run", "alive", node("a"))
        assert everything(second) == everything(store)
        assert commit(second, Commit(lease, [node("b")], [attempt("a")], [event(1)])) == [True]
        assert everything(second) == everything(store)
        second.post("run", "cancel", "", "{}", 1.0)
        assert len(store.inbox("alive")) == 1
        assert store.post("run", "cancel", "", "{}", 1.0) is None
        second.renew("alive", 0)
        assert [run.run_id for run in store.adrift()] == ["run"]
        commit(store, Commit(lease, run=RunChange("failed", 2.0), release=True))
        assert list(second.delete(["run"])) == ["run"]
        assert store.run("run") is None

    def test_a_run_is_claimed_through_one_object(self, store: Store, second: Store) -> None:
        for number in range(40):
            begun(store, f"run{number}", "dead")

        def claim(store: Store, owner: str) -> list[str]:
            claims = [store.claim(f"run{number}", owner) for number in range(40)]
            return [claim.lease.run_id for claim in claims if isinstance(claim, Claim)]

        claimed = at_once([partial(claim, store, "alive"), partial(claim, second, "other")])
        assert sorted(chain.from_iterable(claimed)) == sorted(f"run{number}" for number in range(40))

    def test_who_was_claimed_from_through_one_object_is_refused_by_another(self, store: Store, second: Store) -> None:
        lease = begun(store, "run", "dead")
        assert isinstance(second.claim("run", "alive"), Claim)
        assert commit(store, Commit(lease, [node("late")], run=RunChange("failed", 2.0))) == [False]
        assert not second.nodes("run")

    def test_nodes_written_through_two_objects_stay_in_order(self, store: Store, second: Store) -> None:
        lease = begun(store)
        for number in range(20):
            commit((store, second)[number % 2], Commit(lease, [node(f"{number}")]))
        assert [one.key for one in second.nodes("run")] == [f"{number}" for number in range(20)]

    def test_closing_one_object_leaves_the_other(self, store: Store, second: Store) -> None:
        lease = begun(store)
        store.close()
        assert commit(second, Commit(lease, [node("a")])) == [True]
        assert [one.key for one in second.nodes("run")] == ["a"]
