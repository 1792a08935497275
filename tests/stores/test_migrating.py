"""Files of older versions become files of this one, whatever happens on the way."""

import shutil

import apsw
import pytest

from flowkit.engine.kept import NewRun
from flowkit.errors import StoreError
from flowkit.stores.sqlite import SqliteStore, schema

LATER = (
    "ALTER TABLE runs ADD COLUMN note TEXT NOT NULL DEFAULT ''; CREATE INDEX runs_note ON runs (note); UPDATE runs SET note = 'old'",
    "CREATE TABLE notes (note TEXT NOT NULL) STRICT; INSERT INTO notes SELECT note FROM runs; DROP INDEX runs_note",
)
"""Two versions that there may be one day."""
TODAY = schema.STEPS
NEWEST = len(TODAY) + len(LATER)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs.db"


@pytest.fixture
def old(path):
    """A store of this version, with a run in it."""
    store = SqliteStore(path)
    store.create(NewRun("run", "shop:order", "{}", "d", 1.0), "me")
    store.close()
    return path


@pytest.fixture
def newer(monkeypatch):
    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, *LATER))


def version(path):
    db = apsw.Connection(str(path))
    try:
        return db.pragma("user_version")
    finally:
        db.close()


def test_an_older_file_is_brought_to_the_newest_version(old, newer):
    store = SqliteStore(old)
    assert store.run("run").run_id == "run"
    store.close()
    assert version(old) == NEWEST
    db = apsw.Connection(str(old))
    assert db.execute("SELECT note FROM notes").fetchall() == [("old",)]
    db.close()


def test_a_new_file_has_the_newest_version(path, newer):
    SqliteStore(path).close()
    assert version(path) == NEWEST


def test_a_file_of_this_version_isnt_touched(old):
    before = old.read_bytes()
    SqliteStore(old).close()
    assert old.read_bytes() == before


@pytest.fixture
def stopping():
    """Calls what it is given before each statement of any connection."""
    hooks = []

    def watch(db):
        def tell(cursor, sql, _):
            for hook in hooks:
                hook(sql)
            return True

        db.exec_trace = tell

    apsw.connection_hooks.append(watch)
    yield hooks
    apsw.connection_hooks.remove(watch)


@pytest.mark.parametrize("is_new", [True, False])
def test_whoever_is_killed_at_any_statement_is_followed_by_one_who_goes_on(path, tmp_path, newer, stopping, is_new):
    """The files as they are before each statement are those that a kill leaves; all of them are brought to the end."""
    if not is_new:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(schema, "STEPS", TODAY)
            store = SqliteStore(path)
            store.create(NewRun("run", "shop:order", "{}", "d", 1.0), "me")
            store.close()
    left = []

    def leave(_):
        folder = tmp_path / f"{len(left)}"
        folder.mkdir()
        left.append(folder)
        for name in ("runs.db", "runs.db-wal", "runs.db-journal"):
            if (tmp_path / name).exists():
                shutil.copy2(tmp_path / name, folder / name)

    stopping.append(leave)
    SqliteStore(path).close()
    stopping.clear()
    assert len(left) > 20
    for folder in left:
        store = SqliteStore(folder / "runs.db")
        assert (store.run("run") is None) is is_new
        store.close()
        assert version(folder / "runs.db") == NEWEST


@pytest.mark.parametrize("is_new", [True, False])
def test_whoever_fails_at_any_statement_can_try_again(path, newer, stopping, is_new):
    class Stop(BaseException):
        pass

    number = done = 0
    while not done:
        number += 1
        if path.exists():
            path.unlink()
        if not is_new:
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr(schema, "STEPS", TODAY)
                SqliteStore(path).close()
        seen = iter(range(number))

        def stop(_, seen=seen):
            if next(seen, None) is None:
                raise Stop

        stopping.append(stop)
        try:
            SqliteStore(path).close()
            done = True
        except Stop:
            pass
        stopping.clear()
        SqliteStore(path).close()
        assert version(path) == NEWEST
    assert number > 20


def test_two_who_come_at_once_both_get_the_newest_version(path, newer, stopping):
    """In the middle of the first one's work the second does all of it."""
    came = []

    def come(sql):
        if sql.startswith("BEGIN IMMEDIATE") and not came:
            came.append(sql)
            SqliteStore(path).close()

    stopping.append(come)
    SqliteStore(path).close()
    assert came
    assert version(path) == NEWEST


def test_a_version_of_tomorrow_is_refused_today(path, newer, monkeypatch):
    SqliteStore(path).close()
    monkeypatch.undo()
    with pytest.raises(
        StoreError, match=f"its layout is version {NEWEST}, and this flowkit knows version {len(TODAY)}"
    ):
        SqliteStore(path)
