"""Damaged files: an error that says where, or what was written; never something else."""

import random

import apsw
import pytest

from flowkit.engine.kept import Commit, KeptAttempt, KeptEvent, KeptNode, NewRun, RunChange
from flowkit.errors import StoreError
from flowkit.stores.sqlite import SqliteStore

RUNS = [f"run{number}" for number in range(6)]


def write(store):
    """A few runs with a bit of everything."""
    store.renew("me", 0)
    for number, run_id in enumerate(RUNS):
        claim = store.create(NewRun(run_id, "shop:order", f'{{"id": {number}, "name": "{"n" * 40}"}}', "d", 1.0), "me")
        for step in range(5):
            key = f"charge[{step}]"
            node = KeptNode(
                key, "shop:charge", "step", "succeeded", step, value=f'"{key * 4}"', error='"e"', started=1.5
            )
            commit = Commit(
                claim.lease, [node], [KeptAttempt(key, 1, 1.5, 2.5)], [KeptEvent(step + 1, 2.5, "e", key, "{}")]
            )
            assert store.commit([commit]) == [True]
        store.post(run_id, "signal", "paid", '{"by": "card"}', 1.0)
        if number % 2:
            store.commit([Commit(claim.lease, run=RunChange("succeeded", 9.0, '"done"'), release=True)])


def ask(store):
    """Everything that can be asked, one by one; errors instead of what can't be answered."""

    def tried(call):
        try:
            return call()
        except StoreError as error:
            return error

    answers = {}
    for run_id in RUNS:
        answers[run_id] = tried(lambda run_id=run_id: store.run(run_id))
        for part in ("nodes", "attempts", "events", "messages"):
            found = tried(lambda run_id=run_id, part=part: getattr(store, part)(run_id))
            # A damaged place puts nodes into another order, which changes none of them.
            answers[run_id, part] = found if isinstance(found, StoreError) else sorted(found, key=repr)
    tried(store.runs)
    tried(store.adrift)
    return answers


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """The bytes of a store's file, and what it answers."""
    path = tmp_path_factory.mktemp("sound") / "runs.db"
    store = SqliteStore(path)
    write(store)
    answers = ask(store)
    store.close()
    return path.read_bytes(), answers


def opened(path, data):
    path.write_bytes(data)
    path.chmod(0o600)
    return SqliteStore(path)


def is_same(answer, expected):
    """Whether this is what was written, as far as it is summed: owners change all the time."""
    if hasattr(answer, "run_id"):
        names = (
            "run_id",
            "workflow",
            "arguments",
            "digest",
            "created",
            "parent",
            "origin",
            "status",
            "ended",
            "result",
            "error",
        )
        return all(getattr(answer, name) == getattr(expected, name) for name in names)
    return answer == expected


@pytest.mark.parametrize("seed", range(8))
def test_a_flipped_bit_is_an_error_or_changes_nothing(sound, tmp_path, seed):
    data, expected = sound
    rng = random.Random(seed)
    damaged = 0
    for number in range(40):
        flipped = bytearray(data)
        at = rng.randrange(len(data))
        flipped[at] ^= 1 << rng.randrange(8)
        try:
            store = opened(tmp_path / f"{number}.db", flipped)
        except StoreError:
            damaged += 1
            continue
        for question, answer in ask(store).items():
            if isinstance(answer, StoreError):
                assert answer.store == store.url
                damaged += 1
            else:
                assert is_same(answer, expected[question]), f"byte {at}, asked {question}"
        store.close()
    assert damaged


@pytest.mark.parametrize("seed", range(3))
def test_a_damaged_page_is_an_error_or_changes_nothing(sound, tmp_path, seed):
    data, expected = sound
    rng = random.Random(seed)
    for page in range(0, len(data), 4096):
        damaged = bytearray(data)
        damaged[page : page + 4096] = rng.choice([bytes(4096), rng.randbytes(4096), data[:4096]])
        try:
            store = opened(tmp_path / f"{page}.db", damaged)
        except StoreError:
            continue
        for question, answer in ask(store).items():
            assert isinstance(answer, StoreError) or is_same(answer, expected[question])
        store.close()


def test_a_file_that_was_cut_is_refused(sound, tmp_path):
    data, _ = sound
    for number, size in enumerate([1, 99, 100, 511, 4096, 5000, len(data) // 2, len(data) - 4096, len(data) - 1]):
        with pytest.raises(StoreError, match="damaged"):
            opened(tmp_path / f"{number}.db", data[:size])


def test_a_large_file_that_was_cut_is_refused_without_reading_all_of_it(sound, tmp_path, monkeypatch):
    data, _ = sound
    monkeypatch.setattr("flowkit.stores.sqlite.making._LOOKED_THROUGH", -1)
    with pytest.raises(StoreError, match="damaged"):
        opened(tmp_path / "cut.db", data[: len(data) - 8192])
    opened(tmp_path / "whole.db", data).close()


def test_a_value_that_was_changed_is_named(sound, tmp_path):
    """Also where the file as such is in order."""
    data, _ = sound
    path = tmp_path / "runs.db"
    changes = {
        "UPDATE nodes SET value = '7' WHERE key = 'charge[1]' AND attempt = 0": ("nodes", "run `run0`, node `charge[1]`"),
        "UPDATE nodes SET status = 'failed' WHERE key = 'charge[2]' AND attempt = 0": ("nodes", "run `run0`, node `charge[2]`"),
        "UPDATE nodes SET value = NULL WHERE attempt = 0": ("nodes", "node `charge[0]`"),
        "UPDATE nodes SET started = 1.25 WHERE attempt = 0": ("nodes", "node `charge[0]`"),
        "UPDATE nodes SET error = 'x' WHERE attempt = 1": ("attempts", "run `run0`, attempt 1 of `charge[0]`"),
        "UPDATE events SET data = '[]' WHERE number = 3": ("events", "run `run0`, event 3"),
        "UPDATE messages SET payload = '[]'": ("messages", "run `run0`, message 1"),
        "UPDATE runs SET arguments = '[]'": ("run", "run `run0`"),
        "UPDATE runs SET result = '[]', status = 'succeeded'": ("run", "run `run0`"),
        "UPDATE nodes SET value = CAST(x'2278ff22' AS TEXT) WHERE key = 'charge[3]' AND attempt = 0": ("nodes", "run `run0`, `charge[3]`"),
        "UPDATE nodes SET run = (SELECT run FROM runs WHERE run_id = 'run0') WHERE attempt = 9": ("nodes", None),
    }  # fmt: skip
    for change, (part, named) in changes.items():
        opened(path, data).close()
        db = apsw.Connection(str(path))
        db.execute(change)
        db.close()
        store = SqliteStore(path)
        if named is None:
            assert len(getattr(store, part)("run0")) == 5
        else:
            with pytest.raises(StoreError) as refused:
                getattr(store, part)("run0")
            assert named in str(refused.value)
            assert "what is kept isn't what was written" in str(refused.value)
        store.close()


def test_rows_of_one_run_arent_taken_for_those_of_another(sound, tmp_path):
    data, _ = sound
    path = tmp_path / "runs.db"
    opened(path, data).close()
    db = apsw.Connection(str(path))
    db.execute("UPDATE runs SET run_id = CASE run_id WHEN 'run0' THEN 'x' WHEN 'run1' THEN 'run0' ELSE run_id END")
    db.close()
    store = SqliteStore(path)
    for ask_for in (store.run, store.nodes, store.attempts, store.events, store.messages):
        with pytest.raises(StoreError, match="what is kept isn't what was written"):
            ask_for("run0")
    store.close()


def test_a_damaged_run_keeps_no_other_from_being_found_and_can_be_deleted(sound, tmp_path):
    data, _ = sound
    path = tmp_path / "runs.db"
    opened(path, data).close()
    db = apsw.Connection(str(path))
    db.execute("UPDATE runs SET arguments = '[]' WHERE run_id IN ('run0', 'run1')")
    db.execute("UPDATE runs SET digest = CAST(x'ff' AS TEXT) WHERE run_id = 'run2'")
    db.close()
    store = SqliteStore(path)
    assert [run.run_id for run in store.adrift()] == ["run4"]
    with pytest.raises(StoreError, match="run `run2`"):
        store.runs()
    with pytest.raises(StoreError, match="run `run1`"):
        store.runs(status=["succeeded"])
    assert store.delete(["run1"]) == ["run1"]
    assert [run.run_id for run in store.runs(status=["succeeded"]).runs] == ["run5", "run3"]
    store.close()


@pytest.mark.parametrize("seed", range(3))
def test_a_log_that_is_damaged_loses_its_end_and_nothing_else(tmp_path, seed):
    """SQLite takes the first bad sum in its log for the end of what was written."""
    path = tmp_path / "runs.db"
    store = SqliteStore(path)
    store.renew("me", 0)
    lease = store.create(NewRun("run", "shop:order", "{}", "d", 1.0), "me").lease
    for number in range(1, 21):
        key = f"charge[{number}]"
        store.commit(
            [Commit(lease, [KeptNode(key, "s", "step", "succeeded")], (), [KeptEvent(number, 1.0, "e", key, "{}")])]
        )
    files = {name: (tmp_path / name).read_bytes() for name in ("runs.db", "runs.db-wal")}
    store.close()
    rng = random.Random(seed)
    for number in range(25):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        log = bytearray(files["runs.db-wal"])
        log[rng.randrange(32, len(log))] ^= 1 << rng.randrange(8)
        (folder / "runs.db-wal").write_bytes(log)
        (folder / "runs.db").write_bytes(files["runs.db"])
        (folder / "runs.db").chmod(0o600)
        store = SqliteStore(folder / "runs.db")
        events = [event.number for event in store.events("run")]
        assert events == list(range(1, len(events) + 1))
        assert [node.key for node in store.nodes("run")] == [f"charge[{number}]" for number in events]
        store.close()
