"""Large values: files beside the database."""

import errno
import hashlib
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import apsw
import pytest

from flowkit.engine.kept import Claim, Commit, KeptNode, Lease, NewRun, RunChange
from flowkit.errors import StoreError
from flowkit.stores.sqlite import SqliteStore

LARGE = '"' + "x" * 1000 + '"'
OTHER = '"' + "y" * 1000 + '"'


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs.db"


@pytest.fixture
def store(path):
    store = opened(path)
    yield store
    store.close()


def opened(path, **options):
    return SqliteStore(path, **{"blob_threshold": 500, **options})


def begun(store, run_id="run", *values):
    claim = store.create(
        NewRun(run_id, "shop:order", "{}", "d", 1.0), "me", [node(f"{n}", v) for n, v in enumerate(values)]
    )
    assert isinstance(claim, Claim)
    return claim.lease


def end(store, run_id="run"):
    assert store.commit([Commit(Lease(run_id, "me", 1), run=RunChange("succeeded", 2.0), release=True)]) == [True]


def node(key, value):
    return KeptNode(key, "shop:charge", "step", "succeeded", value=value)


def files(path):
    """All files beside the database, by the names of those that are complete."""
    found = [file for file in (path.parent / "runs.db.blobs").rglob("*") if file.is_file()]
    return {file.name: file for file in found}


def named(value):
    return hashlib.sha256(value.encode()).hexdigest()


def test_a_large_value_is_a_file_named_by_what_is_in_it(store, path):
    begun(store, "run", LARGE, "1")
    [file] = files(path).values()
    assert file == path.parent / "runs.db.blobs" / named(LARGE)[:2] / named(LARGE)
    assert file.read_text() == LARGE
    assert [one.value for one in store.nodes("run")] == [LARGE, "1"]


@pytest.mark.parametrize(
    ("value", "is_file"), [("x" * 500, False), ("x" * 501, True), ("é" * 250, False), ("é" * 251, True)]
)
def test_size_is_counted_in_bytes(store, path, value, is_file):
    begun(store, "run", value)
    assert len(files(path)) == is_file
    assert store.nodes("run")[0].value == value


def test_equal_values_are_one_file(store, path):
    begun(store, "run", LARGE, LARGE)
    begun(store, "next", LARGE, OTHER)
    assert set(files(path)) == {named(LARGE), named(OTHER)}


def test_small_runs_have_no_folder(store, path):
    begun(store, "run", "1")
    end(store)
    store.delete(["run"])
    assert sorted(file.suffix for file in path.parent.iterdir()) == [".db", ".db-shm", ".db-wal"]


# -- what is damaged -----------------------------------------------------------------------------------------------------

DAMAGES = {
    "changed": (lambda file: file.write_text(OTHER.upper()), "was changed, or is damaged"),
    "cut": (lambda file: file.write_text(LARGE[:-1]), "was changed, or is damaged"),
    "empty": (lambda file: file.write_bytes(b""), "was changed, or is damaged"),
    "no text": (lambda file: file.write_bytes(b"\xff"), "was changed, or is damaged"),
    "missing": (lambda file: file.unlink(), "isn't there; put it back"),
    "a folder": (lambda file: (file.unlink(), file.mkdir()), "can't be read"),
    "a link": (
        lambda file: (file.rename(f"{file}.moved"), file.symlink_to(f"{file}.moved")),
        "is a link, which is never followed",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_file_that_isnt_what_was_written_is_an_error_that_says_whose_it_is(store, path, damage):
    claim = store.create(NewRun("run", "shop:order", LARGE, "d", 1.0), "me", [node("a", "1"), node("b", OTHER)])
    store.commit([Commit(claim.lease, run=RunChange("failed", 2.0, LARGE))])
    do, says = DAMAGES[damage]
    by_name = files(path)
    do(by_name[named(OTHER)])
    assert store.run("run").arguments == LARGE
    assert store.nodes("run", ["a"])[0].value == "1"
    with pytest.raises(StoreError, match=f"run `run`, node `b`: .*{says}"):
        store.nodes("run")
    do(by_name[named(LARGE)])
    with pytest.raises(StoreError, match=f"run `run`, arguments: .*{says}"):
        store.run("run")


def test_a_damaged_file_is_made_good_by_writing_the_same_again(store, path):
    lease = begun(store, "run", LARGE)
    files(path)[named(LARGE)].write_text("damaged")
    store.commit([Commit(lease, [node("0", LARGE)])])
    assert store.nodes("run")[0].value == LARGE


def test_a_name_in_the_database_leads_nowhere_else(store, path, tmp_path):
    """What is kept is a digest; whatever else somebody writes there is no path."""
    begun(store, "run", LARGE)
    (tmp_path / "secret").write_text("secret")
    store.close()
    for name in (b"../../secret", str(tmp_path / "secret").encode(), b""):
        db = apsw.Connection(str(path))
        db.execute("UPDATE nodes SET value_blob = ?", (name,))
        db.close()
        again = opened(path)
        with pytest.raises(StoreError):
            again.nodes("run")
        again.close()


# -- what can't be written -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["fsync", "replace", "open", "mkdir"])
@pytest.mark.parametrize(
    ("code", "says"), [(errno.ENOSPC, "the disk is full"), (errno.EIO, "look at the folder and its disk")]
)
def test_a_file_that_cant_be_written_changes_nothing(store, path, monkeypatch, call, code, says):
    lease = begun(store, "run")

    def fails(*_, **__):
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patched:
        patched.setattr(f"flowkit.stores.sqlite.blobs.os.{call}", fails)
        with pytest.raises(StoreError, match=says):
            store.commit([Commit(lease, [node("small", "1")]), Commit(lease, [node("large", LARGE)])])
    assert not store.nodes("run")
    assert not files(path)
    assert store.commit([Commit(lease, [node("large", LARGE)])]) == [True]


def test_a_file_is_on_the_disk_before_a_row_names_it(store, monkeypatch):
    lease = begun(store, "run")
    done = []
    sync, replace, execute = os.fsync, os.replace, store._connections.write
    monkeypatch.setattr("flowkit.stores.sqlite.blobs.os.fsync", lambda file: (done.append("sync"), sync(file)))
    monkeypatch.setattr(
        "flowkit.stores.sqlite.blobs.os.replace", lambda *names: (done.append("rename"), replace(*names))
    )
    monkeypatch.setattr(store._connections, "write", lambda work: (done.append("commit"), execute(work))[1])
    store.commit([Commit(lease, [node("large", LARGE)])])
    # The folder of all, the folder in it, the file; and once it has its name, its folder.
    assert done[:6] == ["sync", "sync", "sync", "rename", "sync", "commit"]


def test_a_commit_that_is_refused_leaves_no_file(store, path):
    lease = begun(store, "run", OTHER)
    store.claim("run", "you")
    late = Lease("run", "me", 1)
    assert store.commit([Commit(late, [node("a", LARGE)], run=RunChange("failed", 1.0, LARGE))]) == [False]
    assert store.commit([Commit(late, [node("a", OTHER)])]) == [False]
    with pytest.raises(StoreError):
        store.commit([Commit(lease, [node("a", LARGE), node("\ud800", "1")])])
    store.create(NewRun("run", "shop:order", LARGE, "d", 1.0), "me", [node("a", LARGE)])
    assert set(files(path)) == {named(OTHER)}


# -- what goes -----------------------------------------------------------------------------------------------------------


def test_with_the_last_run_that_names_it_a_file_goes(store, path):
    claim = store.create(NewRun("run", "shop:order", LARGE + " ", "d", 1.0), "me", [node("a", LARGE), node("b", OTHER)])
    store.commit([Commit(claim.lease, run=RunChange("succeeded", 2.0, LARGE + "  "), release=True)])
    begun(store, "next", OTHER)
    assert len(files(path)) == 4
    store.delete(["run"])
    assert set(files(path)) == {named(OTHER)}
    assert store.nodes("next")[0].value == OTHER
    end(store, "next")
    store.delete(["next"])
    assert not files(path)


def test_what_nobody_names_any_more_goes_when_it_is_old(store, path):
    """Replaced values, and what was left by processes that were killed before they had named it."""
    lease = begun(store, "run", LARGE)
    store.commit([Commit(lease, [node("0", OTHER)])])
    folder = path.parent / "runs.db.blobs" / "ab"
    folder.mkdir()
    (folder / f"{'ab' * 32}.0123.part").write_text("half")
    (folder / ("ab" * 32)).write_text("never named")
    (folder / "README").write_text("somebody's own")
    begun(store, "past")
    end(store, "past")
    before = set(files(path))
    store.delete(["past"])
    assert set(files(path)) == before
    long_ago = time.time() - 7200
    for file in files(path).values():
        os.utime(file, (long_ago, long_ago))
    store.delete(["past"])
    assert set(files(path)) == {named(OTHER), "README"}
    assert store.nodes("run")[0].value == OTHER


def test_a_file_that_cant_be_removed_is_removed_the_next_time(store, path, monkeypatch):
    begun(store, "run", LARGE)
    end(store)

    def fails(_):
        raise PermissionError(errno.EACCES, "no")

    with monkeypatch.context() as patched:
        patched.setattr("flowkit.stores.sqlite.blobs.os.unlink", fails)
        assert store.delete(["run"]) == ["run"]
    assert store.run("run") is None
    [file] = files(path).values()
    os.utime(file, (0, 0))
    store.delete([])
    assert not files(path)


def test_naming_a_file_while_it_is_removed_keeps_it(store, path, monkeypatch):
    """Between writing the file and naming it, another process removes the last run that named the same content."""
    begun(store, "old", LARGE)
    end(store, "old")
    lease = begun(store, "new")
    other = opened(path)
    write = store._connections.write

    def late(work):
        monkeypatch.undo()
        assert other.delete(["old"]) == ["old"]
        assert not files(path)
        return write(work)

    monkeypatch.setattr(store._connections, "write", late)
    assert store.commit([Commit(lease, [node("a", LARGE)])]) == [True]
    assert store.nodes("new")[0].value == LARGE
    assert other.nodes("new")[0].value == LARGE
    other.close()


def test_removing_a_file_while_it_is_named_keeps_it(store, path, monkeypatch):
    """Between removing the last run that named it and removing the file, another process names the same content."""
    begun(store, "old", LARGE)
    end(store, "old")
    lease = begun(store, "new")
    other = opened(path)
    sweep = store._sweeping.sweep

    def late(digests):
        assert store.run("old") is None
        assert other.commit([Commit(lease, [node("a", LARGE)])]) == [True]
        sweep(digests)

    monkeypatch.setattr(store._sweeping, "sweep", late)
    assert store.delete(["old"]) == ["old"]
    assert store.nodes("new")[0].value == LARGE
    other.close()


def test_a_run_that_is_deleted_while_it_is_read_is_gone_and_not_damaged(store, path, monkeypatch):
    begun(store, "run", LARGE)
    end(store)
    other = opened(path)
    get = store._blobs.get

    def late(digest, whose):
        monkeypatch.undo()
        other.delete(["run"])
        return get(digest, whose)

    monkeypatch.setattr(store._blobs, "get", late)
    assert store.nodes("run") == []
    other.close()


def test_naming_and_removing_race_for_a_while(path):
    """The same content comes and goes in two stores at once; whoever named it finds it."""
    stores = [opened(path, synchronous="normal", patience=60) for _ in range(2)]
    go = threading.Barrier(2)

    def come_and_go(which):
        store = stores[which]
        go.wait(30)
        for number in range(60):
            run_id = f"{which}-{number}"
            lease = begun(store, run_id)
            assert store.commit([Commit(lease, [node("a", LARGE)])]) == [True]
            assert store.nodes(run_id)[0].value == LARGE
            end(store, run_id)
            assert store.delete([run_id]) == [run_id]

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(come_and_go, which) for which in range(2)]:
            future.result(60)
    assert not files(path)
    for store in stores:
        store.close()
