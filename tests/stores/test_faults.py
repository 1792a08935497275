"""The store that fails when it is told to."""

import pytest

from flowkit.engine.kept import Claim, Commit, KeptNode, Lease, NewRun, RunChange
from flowkit.errors import PolicyError, StoreError
from flowkit.stores.memory import MemoryStore
from flowkit.testing import FaultyStore, StoreConformance
from flowkit.testing.conformance.sharing import CALLS


class TestFaultyStoreThatDoesNotFail(StoreConformance):
    """Until its call comes, it is the store that it was given."""

    def make_store(self, clock):
        return FaultyStore(MemoryStore(clock=clock, time=clock.time), at=10**9)


def calls(store):
    """A small life; what each call returns, or the error it raises."""
    lease = Lease("run", "me", 1)
    for call in (
        lambda: store.renew("me", 5),
        lambda: store.create(NewRun("run", "shop:order", "{}", "d", 1.0), "me"),
        lambda: store.commit([Commit(lease, [KeptNode("a", "s", "step", "succeeded")])]),
        lambda: store.post("run", "signal", "s", "{}", 1.0),
        lambda: store.nodes("run"),
        lambda: store.commit([Commit(lease, run=RunChange("succeeded", 2.0), release=True)]),
        lambda: store.delete(["run"]),
    ):
        try:
            yield call()
        except StoreError as error:
            yield error


def state(store):
    return store.run("run"), list(store.nodes("run")), list(store.messages("run"))


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, 8))
def test_one_call_fails_before_it_is_done_or_after_it(at, after):
    inner = MemoryStore(clock=lambda: 0.0)
    store = FaultyStore(inner, at=at, after=after)
    reference = MemoryStore(clock=lambda: 0.0)
    expected = calls(reference)
    for number, answer in enumerate(calls(store), 1):
        if number == at:
            assert isinstance(answer, StoreError)
            assert not store.is_over or len(store.calls) == at
            if after:
                next(expected)
            assert state(inner) == state(reference)
            break
        assert answer == next(expected)
        assert not store.is_over
    assert store.is_over


@pytest.mark.parametrize("call", CALLS)
def test_every_call_can_fail(call):
    store = FaultyStore(MemoryStore(), at=1)
    with pytest.raises(StoreError, match="the disk failed"):
        CALLS[call](store)
    assert store.calls == [call]


@pytest.mark.parametrize(
    ("fault", "says"), [("busy", "locked"), ("io", "failed"), ("full", "full"), ("closed", "closed")]
)
def test_it_says_what_stores_say(fault, says):
    store = FaultyStore(MemoryStore(), at=2, fault=fault, times=2)
    store.adrift()
    for _ in range(2):
        with pytest.raises(StoreError, match=says) as failed:
            store.adrift()
        assert failed.value.store == store.url
    assert store.is_over
    assert store.adrift() == []


def test_closing_it_closes_the_store_and_counts_for_nothing():
    store = FaultyStore(MemoryStore(), at=1)
    store.close()
    assert store.calls == []
    with pytest.raises(StoreError, match="closed"):
        store.store.adrift()


def test_a_claim_whose_answer_was_lost_is_the_owners(request):
    """What the next one sees: the run is taken, by somebody who doesn't know it."""
    store = FaultyStore(MemoryStore(), at=3, after=True)
    store.create(NewRun("run", "shop:order", "{}", "d", 1.0), "dead")
    store.renew("me", 100)
    with pytest.raises(StoreError):
        store.claim("run", "me")
    again = store.claim("run", "me")
    assert not isinstance(again, Claim)
    assert (again.owner, again.generation) == ("me", 2)


@pytest.mark.parametrize("options", [{"at": 0}, {"at": 1, "times": 0}, {"at": 1, "fault": "rain"}])
def test_what_can_never_happen_is_refused(options):
    with pytest.raises(PolicyError):
        FaultyStore(MemoryStore(), **options)
