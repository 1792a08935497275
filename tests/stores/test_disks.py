"""Disks that fail, fill up, or lose power."""

import random
from functools import partial

import pytest

from flowkit.engine.kept import Claim, Commit, KeptAttempt, KeptEvent, KeptNode, KeptRun, NewRun, RunChange
from flowkit.errors import StoreError
from flowkit.stores.memory import MemoryStore
from flowkit.stores.sqlite import SqliteStore
from flowkit.testing import FaultyFiles, PowerCut, StoreClock

STEPS = 12


def step(lease, number):
    key = f"charge[{number}]"
    return Commit(
        lease,
        [KeptNode(key, "shop:charge", "step", "succeeded", number, value=f'"{"v" * 300}"')],
        [KeptAttempt(key, 1, 1.0, 2.0)],
        [KeptEvent(number, 2.0, "ended", key, "{}")],
    )


def a_life(store):
    """The calls of a run's life; each can be made again when it has failed, and they come to the same then."""
    store_of = {"lease": None}

    def create():
        made = store.create(NewRun("run", "shop:order", "{}", "d", 1.0), "me")
        store_of["lease"] = made.lease if isinstance(made, Claim) else None
        assert store_of["lease"] is not None or made.owner == "me"

    def take():
        taken = store.claim("run", "you")
        assert isinstance(taken, KeptRun)

    yield lambda: store.renew("me", 1000)
    yield create
    for number in range(1, STEPS + 1):
        yield lambda number=number: store.commit([step(store_of["lease"], number)])
    yield take
    yield lambda: store.post("run", "signal", "paid", "{}", 1.0, "once")
    yield lambda: store.commit(
        [Commit(store_of["lease"], taken=[1], run=RunChange("succeeded", 9.0, "7"), release=True)]
    )


def failure(call):
    """The error that a call raises, if it does."""
    try:
        call()
    except StoreError as error:
        return error
    return None


def state(store):
    run = store.run("run")
    return run, *(list(part("run")) for part in (store.nodes, store.attempts, store.events, store.messages))


@pytest.fixture(scope="module")
def expected():
    store = MemoryStore(clock=StoreClock())
    for call in a_life(store):
        call()
    return state(store)


@pytest.mark.parametrize("error", ["io", "full", "readonly"])
@pytest.mark.parametrize("operation", ["write", "sync"])
def test_a_disk_that_fails_at_any_operation_leaves_nothing_half_written(
    tmp_path, monkeypatch, expected, error, operation
):
    """Each call fails in words or is done, and is done once the disk works again."""
    says = {"io": "disk failed", "full": "disk is full", "readonly": "only read"}[error]
    number = failures = 0
    while True:
        number += 1
        path = tmp_path / f"{number}.db"
        clock = StoreClock()
        with FaultyFiles() as disk:
            store = SqliteStore(path, clock=clock, vfs=disk.vfs)
            monkeypatch.setattr("flowkit.stores.sqlite.connection._LONG", 7)
            disk.fail_at(number, error, operation)
            for call in a_life(store):
                if failed := failure(call):
                    assert says in str(failed)
                    failures += 1
                    before = state(store)
                    disk.repair()
                    assert state(store) == before
                    call()
            is_over = disk.counted < number
            assert state(store) == expected
            assert store._connections._writer.pragma("integrity_check") == "ok"
            store.close()
        again = SqliteStore(path, clock=clock)
        assert state(again) == expected
        again.close()
        if is_over:
            break
    assert failures > STEPS


@pytest.mark.parametrize("error", ["io", "full", "readonly", "cantopen"])
def test_a_disk_that_fails_while_a_store_is_made_leaves_one_that_can_be_made(tmp_path, error):
    number = 0
    while True:
        number += 1
        path = tmp_path / f"{number}.db"
        with FaultyFiles() as disk:
            disk.fail_at(number, error, "open", "write", "sync", "truncate", "delete")
            try:
                store = SqliteStore(path, vfs=disk.vfs)
            except StoreError:
                is_over = False
            else:
                is_over = disk.counted < number
                disk.repair()
                store.close()
        store = SqliteStore(path)
        store.renew("me", 5)
        store.close()
        if is_over:
            break
    assert number > 10


def test_reading_from_a_disk_that_fails_says_so_and_goes_on_afterwards(tmp_path, expected):
    path = tmp_path / "runs.db"
    clock = StoreClock()
    store = SqliteStore(path, clock=clock)
    for call in a_life(store):
        call()
    store.close()
    failures = 0
    for number in range(1, 30):
        with FaultyFiles() as disk:
            store = SqliteStore(path, clock=clock, vfs=disk.vfs)
            store._connections._idle.clear()
            disk.fail_at(number, "io", "read")
            for name in ("run", "nodes", "events", "runs", "adrift"):
                ask = getattr(store, name)
                if failed := failure(ask if name in {"runs", "adrift"} else partial(ask, "run")):
                    assert "disk failed" in str(failed)
                    failures += 1
            disk.repair()
            assert state(store) == expected
            store.close()
    assert failures > 5


def test_a_file_that_may_not_grow_any_more_takes_nothing_and_goes_on_afterwards(tmp_path):
    store = SqliteStore(tmp_path / "runs.db")
    store.renew("me", 1000)
    lease = store.create(NewRun("run", "shop:order", "{}", "d", 1.0), "me").lease
    writer = store._connections._writer
    writer.pragma("max_page_count", writer.pragma("page_count") + 5)
    done = 0
    with pytest.raises(StoreError, match="the disk is full; make room"):
        for number in range(1, 1000):
            store.commit([step(lease, number)])
            done = number
    assert 0 < done < 999
    for refused in (
        lambda: store.commit([step(lease, done + 1)]),
        lambda: store.create(NewRun("b", "w", "x" * 50_000, "d", 1.0), "me"),
    ):
        with pytest.raises(StoreError, match="full"):
            refused()
    assert len(store.nodes("run")) == len(store.attempts("run")) == len(store.events("run")) == done
    assert store.run("b") is None
    writer.pragma("max_page_count", 1_000_000)
    assert store.commit([step(lease, done + 1)]) == [True]
    assert writer.pragma("integrity_check") == "ok"
    store.close()


# -- power ---------------------------------------------------------------------------------------------------------------


def recorded(disk, path, synchronous, monkeypatch):
    """A run of 25 steps, each marked once it was acknowledged; the log is written into the file on the way."""
    store = SqliteStore(path, vfs=disk.vfs, synchronous=synchronous)
    store.renew("me", 1000)
    lease = store.create(NewRun("run", "shop:order", "{}", "d", 1.0), "me").lease
    monkeypatch.setattr("flowkit.stores.sqlite.connection._LONG", 30)
    disk.mark(0)
    for number in range(1, 26):
        assert store.commit([step(lease, number)]) == [True]
        disk.mark(number)
    store.close()


def after_each_cut(disk, tmp_path, images):
    """What is there after a cut at each operation: how many steps, and how many were acknowledged; None: no run yet."""
    rng = random.Random(7)
    for cut in range(len(disk) + 1):
        for number in range(images):
            image = disk.cut(cut, rng)
            folder = tmp_path / f"{cut}-{number}"
            folder.mkdir()
            image.restore(folder)
            store = SqliteStore(folder / "runs.db")
            events = list(store.events("run"))
            if store.run("run") is not None:
                assert [node.key for node in store.nodes("run")] == [event.key for event in events]
                assert len(store.attempts("run")) == len(events)
            store.close()
            yield len(events) if store is not None else None, max(image.marks, default=0), bool(image.marks)


def test_a_power_cut_loses_nothing_that_was_acknowledged(tmp_path, monkeypatch):
    """At every write and sync, with a random half of what wasn't synced: all opens, and all that was told is there."""
    with PowerCut() as disk:
        recorded(disk, tmp_path / "runs.db", "full", monkeypatch)
        cuts = list(after_each_cut(disk, tmp_path, 2))
    assert len(cuts) > 300
    assert all(found >= told for found, told, _ in cuts)
    assert cuts[-1][0] == 25


def test_with_less_syncing_a_power_cut_loses_the_last_and_damages_nothing(tmp_path, monkeypatch):
    """The control: that what the test before looks for can be found."""
    with PowerCut() as disk:
        recorded(disk, tmp_path / "runs.db", "normal", monkeypatch)
        cuts = list(after_each_cut(disk, tmp_path, 1))
    assert sum(found < told for found, told, _ in cuts) > len(cuts) // 10
