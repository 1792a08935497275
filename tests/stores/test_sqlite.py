"""The file of a SQLite store: how it is made, what is refused, who may use it."""

import os
import stat
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apsw
import pytest

from flowkit.engine.kept import Commit, KeptNode, Lease, NewRun
from flowkit.errors import PolicyError, StoreError
from flowkit.stores.sqlite import SqliteStore
from flowkit.stores.sqlite.schema import APPLICATION_ID, STEPS
from flowkit.testing import FaultyFiles

LEASE = Lease("run", "me", 1)


def opened(path, **options):
    return SqliteStore(path, **{"patience": 0.05, **options})


def filled(path, **options):
    store = opened(path, **options)
    store.renew("me", 1000)
    store.create(NewRun("run", "shop:order", "{}", "d", 1.0), "me", [KeptNode("a", "s", "step", "running", value="1")])
    return store


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs.db"


def sql(path, *statements):
    """What somebody else does to the file."""
    db = apsw.Connection(str(path))
    for statement in statements:
        db.execute(statement).fetchall()
    db.close()


# -- what is made --------------------------------------------------------------------------------------------------------


def test_files_are_the_users_alone(path):
    before = os.umask(0)
    try:
        store = filled(path, blob_threshold=0)
        files = list(path.parent.iterdir())
        assert {file.name for file in files} == {f"runs.db{more}" for more in ("", "-wal", "-shm", "-owners", ".blobs")}
        for folder, folders, names in os.walk(path.parent / "runs.db.blobs"):
            files += [path.parent / folder / name for name in (*folders, *names)]
        assert len(files) > 6
        for file in files:
            assert stat.S_IMODE(file.stat().st_mode) == (0o700 if file.is_dir() else 0o600)
        store.close()
    finally:
        os.umask(before)


def test_the_header_says_whose_it_is(path):
    opened(path).close()
    db = apsw.Connection(str(path))
    assert (db.pragma("application_id"), db.pragma("user_version")) == (APPLICATION_ID, len(STEPS))
    assert db.pragma("journal_mode") == "wal"
    assert db.pragma("integrity_check") == "ok"
    db.close()


def test_what_is_kept_is_durable_before_it_is_acknowledged(path):
    store = opened(path)
    assert store._connections._writer.pragma("synchronous") == 2
    store.close()


def test_nothing_is_left_but_the_file_when_it_is_closed(path):
    store = filled(path)
    store.retire("me")
    store.close()
    assert list(path.parent.iterdir()) == [path]


def test_an_empty_file_is_a_new_store(path):
    path.touch(0o600)
    store = filled(path)
    assert store.run("run") is not None
    store.close()


def test_a_link_leads_to_the_same_store(path, tmp_path):
    store = filled(path)
    link = tmp_path / "link.db"
    link.symlink_to(path)
    second = opened(link)
    assert second.url == store.url
    assert second.commit([Commit(LEASE, [KeptNode("b", "s", "step", "running")])]) == [True]
    assert len(store.nodes("run")) == 2
    second.close()
    store.close()


def test_a_relative_path_stays_where_it_was(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    store = filled("runs.db")
    monkeypatch.chdir("/")
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(store.run, ["run"] * 8))
    store.close()


# -- what is refused -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["", ":memory:", "a\0b"])
def test_a_store_has_a_file(given):
    with pytest.raises(PolicyError, match="names no file"):
        SqliteStore(given)


def test_an_unknown_way_of_syncing_is_refused(path):
    with pytest.raises(PolicyError, match='write "full"'):
        SqliteStore(path, synchronous="off")
    assert not path.exists()


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(StoreError, match="this is a folder; name a file in it"):
        opened(tmp_path)


def test_what_is_no_plain_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path / "pipe", "/dev/null"):
        with pytest.raises(StoreError, match="this is no plain file"):
            opened(place)


FOREIGN = {
    "another application's": ["PRAGMA application_id = 7", "CREATE TABLE t (a)"],
    "one without a name": ["CREATE TABLE runs (run_id TEXT)"],
    "one that only has a version": ["PRAGMA user_version = 1"],
    "one in WAL mode": ["PRAGMA journal_mode = wal", "CREATE TABLE t (a)"],
}


@pytest.mark.parametrize("which", FOREIGN)
def test_a_database_of_another_application_is_left_as_it_is(path, which):
    sql(path, *FOREIGN[which])
    path.chmod(0o600)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="a database of another application, and was left as it is"):
        opened(path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("content", [b"hello", b"\0" * 4096, os.urandom(4096), b"SQLite format 3\0", b"-" * 50])
def test_what_is_no_database_is_left_as_it_is(path, content):
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(StoreError, match="isn't a SQLite database, or its beginning is damaged"):
        opened(path)
    assert path.read_bytes() == content


def test_a_store_of_a_newer_flowkit_is_refused_by_its_version(path):
    filled(path).close()
    sql(path, "PRAGMA user_version = 99")
    before = path.read_bytes()
    with pytest.raises(
        StoreError,
        match=rf"its layout is version 99, and this flowkit knows version {len(STEPS)}.*upgrade flowkit",
    ):
        opened(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("version", [-1, -(2**31), 0])
def test_a_version_that_there_never_was_is_refused(path, version):
    filled(path).close()
    sql(path, f"PRAGMA user_version = {version}")
    with pytest.raises(StoreError, match="which there never was: it is damaged"):
        opened(path)


CHANGED = {
    "a trigger": "CREATE TRIGGER t AFTER INSERT ON nodes BEGIN DELETE FROM runs; END",
    "a view": "CREATE VIEW v AS SELECT * FROM runs",
    "a table": "CREATE TABLE t (a)",
    "a virtual table": "CREATE VIRTUAL TABLE t USING fts5(a)",
    "an index less": "DROP INDEX runs_live",
    "another index": "CREATE UNIQUE INDEX runs_mine ON runs (workflow)",
    "a table less": "DROP TABLE events",
    "a column more": "ALTER TABLE nodes ADD COLUMN x TEXT AS ('1')",
    "a table of another make": "ALTER TABLE owners RENAME COLUMN ttl TO tll",
}


@pytest.mark.parametrize("which", CHANGED)
def test_tables_that_flowkit_didnt_make_are_refused(path, which):
    filled(path).close()
    sql(path, CHANGED[which])
    with pytest.raises(StoreError, match=r"its tables aren't those that flowkit made \(\w+"):
        opened(path)


def test_statistics_that_sqlite_keeps_are_no_change(path):
    filled(path).close()
    sql(path, "ANALYZE")
    opened(path).close()


def test_a_file_with_two_names_is_refused(path, tmp_path):
    filled(path).close()
    os.link(path, tmp_path / "other.db")
    for name in (path, tmp_path / "other.db"):
        with pytest.raises(StoreError, match=r"2 names \(hard links\)"):
            opened(name)


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_is_refused(path, mode):
    filled(path).close()
    path.chmod(mode)
    with pytest.raises(StoreError, match=r"others may write this file.*chmod go-w"):
        opened(path)


def test_a_file_that_others_may_read_is_fine(path):
    filled(path).close()
    path.chmod(0o644)
    opened(path).close()


def test_a_file_of_another_user_is_refused(path, monkeypatch):
    filled(path).close()
    monkeypatch.setattr("os.geteuid", lambda: os.getuid() + 1)
    with pytest.raises(StoreError, match="belongs to another user"):
        opened(path)


def test_an_old_sqlite_is_refused_before_it_touches_anything(path, monkeypatch):
    monkeypatch.setattr("apsw.sqlite_lib_version", lambda: "3.51.2")
    with pytest.raises(StoreError, match=r"APSW uses SQLite 3\.51\.2 here, which may damage files"):
        opened(path)
    assert not path.exists()


@pytest.mark.parametrize("error", ["readonly", "cantopen", "io", "full", "corrupt"])
def test_a_file_that_cant_be_opened_says_why(path, error):
    filled(path).close()
    says = {
        "readonly": "only read",
        "cantopen": "can't be opened",
        "io": "disk failed",
        "full": "disk is full",
        "corrupt": "damaged",
    }
    with FaultyFiles() as disk:
        disk.fail_at(1, error, "open")
        with pytest.raises(StoreError, match=says[error]) as refused:
            opened(path, vfs=disk.vfs)
    assert refused.value.store == f"sqlite:///{path}"
    opened(path).close()


def test_a_file_that_can_only_be_read_says_so(path, monkeypatch):
    """Whoever runs this may be root, who may write everything: so it is SQLite that is asked for less."""
    filled(path).close()
    connect = apsw.Connection
    monkeypatch.setattr(
        "apsw.Connection", lambda path, flags=6, vfs=None: connect(path, apsw.SQLITE_OPEN_READONLY, vfs)
    )
    with pytest.raises(StoreError, match="can't be written, only read; allow this user"):
        opened(path)


@pytest.mark.parametrize("is_empty", [False, True])
def test_who_only_wants_to_read_makes_no_store(path, is_empty):
    if is_empty:
        path.touch(0o600)
    with pytest.raises(StoreError, match="there is no store here"):
        opened(path, make=False)
    assert list(path.parent.iterdir()) == [path] * is_empty
    assert not is_empty or path.stat().st_size == 0
    for place in (path / "below.db", path.parent / "nowhere" / "runs.db"):
        with pytest.raises(StoreError, match="there is no store here"):
            opened(place, make=False)


def test_who_only_wants_to_read_reads_what_is_there(path):
    filled(path).close()
    store = opened(path, make=False)
    assert store.run("run") is not None
    store.close()
    with pytest.raises(StoreError, match="this is a folder"):
        opened(path.parent, make=False)


# -- who may use it ------------------------------------------------------------------------------------------------------


def test_who_waits_for_others_in_vain_is_told_so(path):
    store = filled(path)
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")
    for call in (
        lambda: store.renew("me", 5),
        lambda: store.claim("run", "you"),
        lambda: store.commit([Commit(LEASE)]),
    ):
        with pytest.raises(StoreError, match=r"others have kept it locked for 0\.05s"):
            call()
    assert store.run("run").generation == 1
    other.execute("ROLLBACK")
    assert store.commit([Commit(LEASE)]) == [True]
    other.close()
    store.close()


def test_who_opens_what_somebody_has_for_itself_is_told_so(path):
    filled(path).close()
    other = apsw.Connection(str(path))
    other.pragma("locking_mode", "exclusive")
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked"):
        opened(path)
    other.close()
    opened(path).close()


def test_who_waits_for_others_gets_its_turn(path):
    store = filled(path, patience=30)
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(store.commit, [Commit(LEASE, [KeptNode("b", "s", "step", "running")])])
        assert not waiting.done()
        other.execute("COMMIT")
        assert waiting.result(30) == [True]
    other.close()
    store.close()


def test_what_passes_while_reading_is_waited_for(path):
    with FaultyFiles() as disk:
        store = filled(path, vfs=disk.vfs, patience=30)
        store._connections._idle.clear()
        disk.fail_at(1, "busy", "open", times=2)
        assert store.run("run") is not None
        assert disk.counted > 2
        disk.fail_at(1, "busy", "open")
        store._connections._patience = 0.01
        store._connections._idle.clear()
        with pytest.raises(StoreError, match="locked"):
            store.run("run")
        disk.repair()
        store.close()


def test_a_file_that_was_deleted_while_it_was_open_takes_nothing(path):
    store = filled(path)
    path.unlink()
    until = time.monotonic() + 10
    with pytest.raises(StoreError, match="moved, replaced or deleted while it was open"):
        while time.monotonic() < until:
            store.commit([Commit(LEASE)])
    with pytest.raises(StoreError, match="moved, replaced or deleted"):
        store.run("run")
    store.close()


def test_a_file_in_the_place_of_another_takes_nothing(path, tmp_path):
    store = filled(path)
    filled(tmp_path / "other.db").close()
    (tmp_path / "other.db").replace(path)
    until = time.monotonic() + 10
    with pytest.raises(StoreError, match="moved, replaced or deleted"):
        while time.monotonic() < until:
            store.run("run")
    store.close()


def test_connections_that_read_are_few_however_many_read(path):
    store = filled(path)
    ready = threading.Barrier(20)

    def read(_):
        ready.wait(30)
        return [store.run("run") is not None for _ in range(20)]

    with ThreadPoolExecutor(20) as pool:
        assert all(all(found) for found in pool.map(read, range(20)))
    assert len(store._connections._idle) <= 8
    assert len(store._connections._every) == len(store._connections._idle) + 1
    store.close()
    assert not store._connections._every


FORKED = """
    import os, sys
    from flowkit.engine.kept import Commit, KeptNode, Lease
    from flowkit.errors import StoreError
    from flowkit.stores.sqlite import SqliteStore

    store = SqliteStore(sys.argv[1])
    store.run("run")
    commit = [Commit(Lease("run", "me", 1), [KeptNode("b", "s", "step", "running")])]
    calls = [store.adrift, lambda: store.run("run"), lambda: store.commit(commit), lambda: store.renew("me", 5)]
    child = os.fork()
    if child == 0:
        for call in calls:
            try:
                call()
            except StoreError as error:
                assert "before this process was forked off" in str(error), error
            else:
                os._exit(1)
        store.close()
        own = SqliteStore(sys.argv[1])
        assert own.commit(commit) == [True]
        own.close()
        del store
        sys.exit(0)  # with all that an interpreter does at its end
    assert os.waitpid(child, 0)[1] == 0
    assert store.commit(commit) == [True]
    child = os.fork()
    if child == 0:
        sys.exit(0)
    os.waitpid(child, 0)
    assert len(store.nodes("run")) == 2
    store.close()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_a_child_doesnt_use_what_its_parent_opened(path):
    filled(path).close()
    script = textwrap.dedent(FORKED)
    command = [sys.executable, "-c", script, path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=Path.cwd())
    assert done.returncode == 0, done.stderr
    store = opened(path)
    assert len(store.nodes("run")) == 2
    store.close()
