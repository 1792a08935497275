"""Text and numbers: kept exactly, or refused before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowkit.engine.kept import Commit, KeptAttempt, KeptEvent, KeptNode, Lease, NewRun, RunChange
from flowkit.engine.ports import Store
from flowkit.errors import StoreError
from flowkit.testing.conformance.ground import (
    CALM,
    Ground,
    StoreClock,
    attempt,
    begun,
    commit,
    event,
    everything,
    node,
    run_of,
)

__all__ = ["ValuingSentences"]

LARGE: Final = 600_000

Call = Callable[[Store, Lease, Any], object]

TEXTS: dict[str, Call] = {
    "the owner who renews": lambda store, _, text: store.renew(text, 5),
    "the owner who retires": lambda store, _, text: store.retire(text),
    "the id of a new run": lambda store, _, text: store.create(run_of(text), "alive"),
    "the owner of a new run": lambda store, _, text: store.create(run_of("new"), text),
    "the arguments of a new run": lambda store, _, text: store.create(run_of("new", arguments=text), "alive"),
    "large arguments of a new run": lambda store, _, text: store.create(run_of("new", arguments=text * LARGE), "alive"),
    "the digest of a new run": lambda store, _, text: store.create(run_of("new", digest=text), "alive"),
    "the workflow of a new run": lambda store, _, text: store.create(run_of("new", workflow=text), "alive"),
    "the parent of a new run": lambda store, _, text: store.create(run_of("new", parent=text), "alive"),
    "a node of a new run": lambda store, _, text: store.create(run_of("new"), "alive", [node("a"), node(text)]),
    "the id of a claimed run": lambda store, _, text: store.claim(text, "alive"),
    "the owner who claims": lambda store, _, text: store.claim("run", text),
    "the run of a lease": lambda store, _, text: commit(store, Commit(Lease(text, "alive", 1))),
    "the owner of a lease": lambda store, _, text: commit(store, Commit(Lease("run", text, 1))),
    "a key": lambda store, lease, text: commit(store, Commit(lease, [node(text)])),
    "a value": lambda store, lease, text: commit(store, Commit(lease, [node("b", value=text)])),
    "a large value": lambda store, lease, text: commit(store, Commit(lease, [node("b", value=text * LARGE)])),
    "an error": lambda store, lease, text: commit(store, Commit(lease, [node("b", error=text)])),
    "facts": lambda store, lease, text: commit(store, Commit(lease, [node("b", facts=text)])),
    "the key of an attempt": lambda store, lease, text: commit(store, Commit(lease, [], [attempt(text)])),
    "the error of an attempt": lambda store, lease, text: commit(store, Commit(lease, [], [attempt("b", error=text)])),
    "an event": lambda store, lease, text: commit(store, Commit(lease, [], [], [event(2, text)])),
    "the data of an event": lambda store, lease, text: commit(store, Commit(lease, [], [], [event(2, data=text)])),
    "a void key": lambda store, lease, text: commit(store, Commit(lease, void=["a", text])),
    "a result": lambda store, lease, text: commit(store, Commit(lease, run=RunChange("failed", 1.0, text))),
    "a large result": lambda store, lease, text: commit(
        store, Commit(lease, run=RunChange("failed", 1.0, text * LARGE))
    ),
    "the error of a run": lambda store, lease, text: commit(
        store, Commit(lease, run=RunChange("failed", 1.0, None, text))
    ),
    "what a run is stuck by": lambda store, lease, text: commit(
        store, Commit(lease, run=RunChange("running", 1.0, stuck=text))
    ),
    "the last of a batch": lambda store, lease, text: commit(
        store, Commit(lease, [node("b")]), Commit(lease, [node(text)])
    ),
    "the run of a message": lambda store, _, text: store.post(text, "signal", "s", "{}", 1.0),
    "the name of a message": lambda store, _, text: store.post("run", "signal", text, "{}", 1.0),
    "the payload of a message": lambda store, _, text: store.post("run", "signal", "s", text, 1.0),
    "what makes messages the same": lambda store, _, text: store.post("run", "signal", "s", "{}", 1.0, text),
    "a run to delete": lambda store, _, text: store.delete(["ended", text]),
    "whose inbox": lambda store, _, text: store.inbox(text),
    "which run": lambda store, _, text: store.run(text),
    "whose nodes": lambda store, _, text: store.nodes(text),
    "which nodes": lambda store, _, text: store.nodes("run", ["a", text]),
    "whose attempts": lambda store, _, text: store.attempts(text),
    "which attempts": lambda store, _, text: store.attempts("run", text),
    "whose events": lambda store, _, text: store.events(text),
    "whose messages": lambda store, _, text: store.messages(text),
    "which workflow": lambda store, _, text: store.runs(workflow=text),
    "which parent": lambda store, _, text: store.runs(parent=text),
    "which status": lambda store, _, text: store.runs(status=[text]),
    "whose beginning": lambda store, _, text: store.runs(prefix=text),
    "after which page": lambda store, _, text: store.runs(after=text),
}

NUMBERS: dict[str, Call] = {
    "the creation of a run": lambda store, _, number: store.create(run_of("new", number), "alive"),
    "a start": lambda store, lease, number: commit(store, Commit(lease, [node("b", started=number)])),
    "a due time": lambda store, lease, number: commit(store, Commit(lease, [node("b", due=number)])),
    "a delay": lambda store, lease, number: commit(store, Commit(lease, [], [attempt("b", delay=number)])),
    "a large batch": lambda store, lease, number: commit(
        store, *[Commit(lease, [node(f"{n}")]) for n in range(20)], Commit(lease, [node("b", ended=number)])
    ),
    "the time of an event": lambda store, lease, number: commit(
        store, Commit(lease, [], [], [KeptEvent(2, number, "e", "", "{}")])
    ),
    "the time of a change": lambda store, lease, number: commit(store, Commit(lease, run=RunChange("failed", number))),
    "the time of a claim": lambda store, _, number: store.claim("failed", "alive", again=True, at=number),
    "the time of a message": lambda store, _, number: store.post("run", "signal", "s", "{}", number),
    "created before": lambda store, _, number: store.runs(created_before=number),
    "ended before": lambda store, _, number: store.runs(ended_before=number),
}

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["\0", "a\0b", "\\u0000", "null"]
)
number = st.floats(allow_nan=False) | st.integers(0, 2**40).map(float)
maybe = st.none() | text
moment = st.none() | number
count = st.integers(0, 2**63 - 1)
nodes = st.builds(
    KeptNode, text, text, text, text, count, count, maybe, maybe, text, text, text, moment, moment, moment, moment, text
)  # fmt: skip
attempts = st.builds(
    KeptAttempt, text, st.integers(1, 2**63 - 1), moment, moment, text, maybe, text, moment
)  # fmt: skip
events = st.builds(KeptEvent, st.integers(1, 2**63 - 1), number, text, text, text)
runs = st.builds(NewRun, text, text, text, text, number, text, text)


class ValuingSentences(Ground):
    """What all methods promise of what they are given."""

    def around(self, store: Store) -> tuple[Lease, object]:
        """Something that could be changed by what is refused, and what it is."""
        lease = begun(store, "run", "alive", node("a"))
        commit(store, Commit(begun(store, "ended"), run=RunChange("succeeded", 2.0), release=True))
        commit(store, Commit(begun(store, "failed"), run=RunChange("failed", 2.0), release=True))
        return lease, self.state(store)

    def state(self, store: Store) -> object:
        """Whatever could have been changed."""
        return [everything(store, run.run_id) for run in store.runs(limit=100).runs]

    @pytest.mark.parametrize("which", TEXTS)
    def test_a_lone_surrogate_is_refused_and_nothing_is_changed(self, store: Store, which: str) -> None:
        lease, before = self.around(store)
        with pytest.raises(StoreError) as refused:
            TEXTS[which](store, lease, "half \ud83c")
        str(refused.value).encode()
        assert self.state(store) == before

    @pytest.mark.parametrize("which", NUMBERS)
    def test_a_number_that_is_none_is_refused_and_nothing_is_changed(self, store: Store, which: str) -> None:
        lease, before = self.around(store)
        with pytest.raises(StoreError):
            NUMBERS[which](store, lease, nan)
        assert self.state(store) == before

    @pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**30])
    def test_an_integer_of_more_than_64_bits_is_refused(self, store: Store, number: int) -> None:
        lease, before = self.around(store)
        for refused in (
            Commit(lease, [node("b", sequence=number)]),
            Commit(lease, [], [attempt("b", abs(number))]),
            Commit(lease, [], [], [event(number)]),
            Commit(lease, taken=[number]),
            Commit(Lease("run", "alive", number)),
        ):
            with pytest.raises(StoreError):
                commit(store, Commit(lease, [node("c")]), refused)
        assert self.state(store) == before

    @pytest.mark.parametrize(
        "number", [0.0, -0.0, 1e-300, 0.1, 1_700_000_000.123456, 2.0**53 + 2, 1e300, inf, -inf, -1.5]
    )
    def test_times_are_kept_exactly(self, store: Store, number: float) -> None:
        lease = begun(store, created=number)
        one, tried = node("a", started=number, ended=number, due=number), attempt("a", started=number, delay=number)
        commit(store, Commit(lease, [one], [tried], [KeptEvent(1, number, "e", "", "{}")]))
        assert everything(store)[1][:3] == [[one], [tried], [KeptEvent(1, number, "e", "", "{}")]]
        commit(store, Commit(lease, run=RunChange("failed", number)))
        run = store.run("run")
        assert run is not None
        assert (run.created, run.changed, run.ended) == (number, number, number)

    def test_a_whole_number_is_as_good_a_time(self, store: Store) -> None:
        lease = begun(store, created=1)
        one = node("a", started=1, due=-5)
        commit(store, Commit(lease, [one], run=RunChange("failed", 2)))
        assert list(store.nodes("run")) == [one]

    @pytest.mark.parametrize("size", [1_000, 65_536, 262_143, 262_144, 262_145, 3_000_000])
    @pytest.mark.parametrize("letter", ["x", "é", "🏃", "\0"])
    def test_large_text_is_kept_exactly(self, store: Store, size: int, letter: str) -> None:
        large = f"[{letter * (size // len(letter.encode()))}]"
        lease = begun(store, arguments=large)
        one = node("a", value=large, error=large, facts=large)
        commit(store, Commit(lease, [one], [attempt("a", error=large)], [event(1, data=large)]))
        store.post("run", "signal", "s", large, 1.0)
        commit(store, Commit(lease, run=RunChange("failed", 2.0, large, large)))
        run, [nodes, attempts, events, messages] = everything(store)
        assert run is not None
        assert (run.arguments, run.result, run.error) == (large, large, large)
        assert nodes == [one]
        assert (attempts[0].error, events[0].data, messages[0].payload) == (large, large, large)

    def test_whatever_is_text_or_a_number_comes_back(self) -> None:
        store = self.make_store(StoreClock())
        used: set[str] = set()

        @settings(deadline=None, suppress_health_check=CALM)
        @given(runs, st.lists(nodes, max_size=3), st.lists(attempts, max_size=3), st.lists(events, max_size=3))
        def check(new: NewRun, nodes: list[KeptNode], attempts: list[KeptAttempt], events: list[KeptEvent]) -> None:
            if new.run_id in used:
                return
            used.add(new.run_id)
            lease = begun_as(store, new)
            assert commit(store, Commit(lease, nodes, attempts, events)) == [True]
            run = store.run(new.run_id)
            assert run is not None
            kept = (run.run_id, run.workflow, run.arguments, run.digest, run.created, run.parent, run.origin)
            assert kept == (*(getattr(new, name) for name in NewRun.__match_args__),)
            assert list(store.nodes(new.run_id)) == list({one.key: one for one in nodes}.values())
            latest = {(one.key, one.attempt): one for one in attempts}
            assert list(store.attempts(new.run_id)) == [latest[at] for at in sorted(latest)]
            first = {one.number: one for one in reversed(events)}
            assert list(store.events(new.run_id)) == [first[at] for at in sorted(first)]

        check()
        store.close()


def begun_as(store: Store, new: NewRun) -> Lease:
    store.create(new, "alive")
    return Lease(new.run_id, "alive", 1)
