"""Files that were written by every version there ever was: their runs go on, whatever happens on the way to this version."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import apsw
import pytest

from flowkit import Engine
from flowkit.errors import StoreError
from flowkit.stores.sqlite import SqliteStore, schema
from tests.stores import recording
from tests.stores.recording import asked, asking, called, failed, mapped, paid, put_back, retried, signalled, slept
from tests.stores.test_migrating import LATER, stopping, version

__all__ = ["stopping"]

RECORDED = sorted((Path(__file__).parent / "recorded").glob("version_*.sql"))


def test_there_is_a_record_of_every_version():
    assert [path.stem for path in RECORDED] == [f"version_{number + 1}" for number in range(len(schema.STEPS))]


@pytest.fixture(params=RECORDED, ids=[path.stem for path in RECORDED])
def file(request, tmp_path, monkeypatch):
    """A file as a machine without power left it, that had this version."""
    path = tmp_path / "runs.db"
    put_back(request.param.read_text(encoding="utf-8"), path)
    monkeypatch.setattr(recording, "done", [])
    monkeypatch.setattr(recording, "broken", [])
    return path


def end(flow, run_id):
    """Go on with a run, answering what it asks; its value."""
    run = flow.resume(run_id)
    if flow in (signalled, called, asking):
        paid.send(run, 5)
    for event in run.events():
        if event.kind == "gate_opened":
            run.approve(event.key, choice="later")
    return run.result(30)


ENDS = {
    "asked": (asked, "later: 12000"),
    "lost": (asked, "later: 12000"),
    "signalled": (signalled, "booked tea: 5"),
    "mapped": (mapped, "tea: 12"),
    "failed": (failed, "booked tea: 3"),
    "called": (called, "tea: 3: 6: 5"),
    "asking": (asking, "tea: 5"),
}


@pytest.mark.parametrize("run_id", ENDS)
def test_runs_go_on_and_do_nothing_again(file, run_id):
    flow, value = ENDS[run_id]
    with Engine(store=f"sqlite:///{file}", recover=False) as engine:
        nodes = engine.store.nodes(run_id)
        undone = {json.loads(node.facts).get("undoes") for node in nodes}
        kept = {node.key for node in nodes if node.status == "succeeded"} - undone
        assert kept
        assert end(flow, run_id) == value
    again = {one.partition("(")[0] for one in recording.done}
    assert again
    assert not again & kept


@pytest.mark.parametrize(("flow", "key"), [(retried, "send"), (slept, "sleep")])
def test_what_they_wait_for_is_when_it_was(file, flow, key):
    """It was an hour after they were recorded."""
    with Engine(store=f"sqlite:///{file}", recover=False) as engine:
        began = engine.store.run(flow.spec.label).created
        [node] = engine.store.nodes(flow.spec.label, [key])
        assert 3600 <= node.due - began < 3700
        run = flow.resume(flow.spec.label)
        if node.due > engine._services.clock.time():  # the machine that recorded it may have been ahead of this one
            run.cancel()
            run.wait(30)
        else:
            assert run.result(30) in ("tea: sent tea", "tea: 3: slept")


def test_an_engine_takes_them_up_by_itself(file):
    with Engine(store=f"sqlite:///{file}", lease=1.5) as engine:
        run = engine.run("asking")
        paid.send(run, 7)
        assert run.result(30) == "tea: 7"
        engine.shutdown()


def test_what_had_ended_is_shown(file):
    store = SqliteStore(file)
    assert store.run("ended").status == "cancelled"
    assert [event.kind for event in store.events("ended")][-1] == "run_cancelled"
    assert json.loads(store.run("called/outsource/part").result) == "tea: 3"
    assert json.loads(store.nodes("asked", ["print"])[0].value) == "tea" * 4_000
    assert len(store.runs(limit=100).runs) == 12
    store.close()


def test_a_machine_that_was_started_anew_isnt_taken_for_the_one_that_wrote_them(file):
    """Its clock begins at nothing again: owners that were seen later than now are dead."""
    db = apsw.Connection(str(file))
    db.execute("UPDATE owners SET renewed = 1e12")
    db.close()
    store = SqliteStore(file)
    assert store.run("lost").is_lost
    store.close()


# -- on the way to the next version -----------------------------------------------------------------------------------------


def test_they_go_on_wherever_the_change_to_a_newer_version_was_stopped(file, tmp_path, monkeypatch, stopping):
    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, *LATER))
    left = []

    def leave(_):
        folder = tmp_path / f"{len(left)}"
        folder.mkdir()
        left.append(folder / "runs.db")
        for one in file.parent.glob("runs.db*"):
            (shutil.copytree if one.is_dir() else shutil.copy2)(one, folder / one.name)

    stopping.append(leave)
    SqliteStore(file).close()
    stopping.clear()
    assert len(left) > 20
    for path in left[:: max(1, len(left) // 12)]:
        recording.done.clear()
        with Engine(store=f"sqlite:///{path}", recover=False):
            assert end(asking, "asking") == "tea: 5"
        assert recording.done == ["say(5)"]
        assert version(path) == len(schema.STEPS)


@pytest.mark.parametrize("found", [len(schema.STEPS) + 1, len(schema.STEPS) + 2, 1_000_000, 2**31 - 1])
def test_a_newer_file_is_refused_and_left_as_it_is(file, found):
    db = apsw.Connection(str(file))
    db.pragma("user_version", found)
    db.execute("CREATE TABLE tomorrow (x)")
    db.close()
    before = file.read_bytes()
    for _ in range(2):
        with pytest.raises(
            StoreError, match=f"its layout is version {found}, and this flowkit knows version {len(schema.STEPS)}"
        ) as told:
            SqliteStore(file)
        assert "upgrade flowkit, or name another file" in str(told.value)
        assert re.search("runs.db", str(told.value))
    assert file.read_bytes() == before
    assert {one.name for one in file.parent.glob("runs.db*")} == {"runs.db", "runs.db.blobs"}
