"""Old runs are removed while others are gone on with, forked and read: what isn't over stays, with all that it names."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from flowkit import Engine, FlowkitError, RunNotFound, current, step, workflow
from flowkit.engine.retention import sweep
from flowkit.runner import engine_of_process
from flowkit.stores.sqlite import SqliteStore

ROUNDS = int(os.environ.get("FLOWKIT_ROUNDS", "5"))
LARGE = 2_000


@step
def write(x: int) -> str:
    return f"{x:04}" * LARGE


@step
def measure(text: str) -> int:
    return len(text)


@step
def fail_at_first(size: int) -> int:
    if current().run_id not in failed:
        failed.add(current().run_id)
        raise OSError
    return size


failed: set[str] = set()


@workflow
def writing(x: int) -> int:
    return measure(write(x))


@workflow
def failing(x: int) -> int:
    return fail_at_first(measure(write(x)))


class Careless(SqliteStore):
    """Removes what it is told to remove, whether it is over or not."""

    def delete(self, run_ids):
        def work(db):
            for run_id in run_ids:
                for table in ("nodes", "events", "messages", "runs"):
                    db.execute(f"DELETE FROM {table} WHERE run = (SELECT run FROM runs WHERE run_id = ?)", (run_id,))

        self._connections.write(work)
        return list(run_ids)


class Yard:
    """A store whose runs are removed as soon as they have ended, all the time, and what goes wrong meanwhile."""

    def __init__(self, folder, kind):
        self.store = kind(folder / "runs.db", blob_threshold=100)
        self.engine = Engine(store=self.store, tracing=False, recover=False, retention="0.01s")
        self.wrong: list[str] = []
        self.count: Counter[str] = Counter()
        self.over = threading.Event()

    def sweep(self):
        """Remove what was over when it was looked at, which others may have taken up by the time that it is removed."""
        while not self.over.is_set():
            if type(self.store) is Careless:
                gone = self.store.delete([run.run_id for run in self.store.runs(limit=20).runs])
            else:
                gone = sweep(self.store, time.time())
            self.count["removed"] += len(gone)

    def go_on(self, place):
        """Have runs fail, take them up again, fork them; each may be gone by then, and else comes to what it has to."""
        for number in range(2 * ROUNDS):
            run_id, x = f"{place}-{number}", 10 * place + number
            self.expect(lambda r=run_id, x=x: writing.with_options(run_id=f"{r}-plain").start(x))
            first = self.expect(lambda r=run_id, x=x: failing.with_options(run_id=r).start(x), OSError)
            if first is not None:
                self.expect(lambda r=run_id: failing.resume(r), may_be_gone=True)
                fork = self.expect(lambda r=run_id: failing.fork(r, at="fail_at_first"), OSError, may_be_gone=True)
                if fork is not None:
                    self.read(fork.id)

    def expect(self, begin, *errors, may_be_gone=False):
        try:
            run = begin()
        except (RunNotFound, LookupError) as gone:
            self.count["gone"] += 1
            if not may_be_gone:
                self.wrong.append(f"it can't be begun: {gone}")
            return None
        except FlowkitError as error:
            if not may_be_gone or "just" not in str(error):
                self.wrong.append(f"it can't be begun: {error}")
            return None
        try:
            if (value := run.result(20)) != 4 * LARGE:
                self.wrong.append(f"{run.id} came to {value}")
        except errors:
            pass
        except RunNotFound:
            # It has ended, and was removed before who waits for it looked.
            self.count["gone"] += 1
        except Exception as error:
            self.wrong.append(f"{run.id}: {type(error).__name__}: {error}")
        self.count["done"] += 1
        return run

    def read(self, run_id):
        """Read a run as long as it is there: whole."""
        try:
            nodes = self.store.nodes(run_id, ["write"])
        except Exception as error:
            self.wrong.append(f"{run_id} can't be read: {error}")
        else:
            self.count["read"] += bool(nodes)

    def run(self):
        threads = [threading.Thread(target=self.go_on, args=(place,)) for place in range(3)]
        sweepers = [threading.Thread(target=self.sweep) for _ in range(2)]
        with engine_of_process(self.engine):
            for thread in (*threads, *sweepers):
                thread.start()
            for thread in threads:
                thread.join()
            self.over.set()
            for thread in sweepers:
                thread.join()
        self.engine.shutdown(5)


@pytest.fixture
def yard(tmp_path):
    made = []

    def make(kind=SqliteStore):
        made.append(Yard(tmp_path, kind))
        return made[-1]

    yield make
    for one in made:
        one.store.close()


def files(folder):
    return [path for path in Path(f"{folder}/runs.db.blobs").rglob("*") if path.is_file()]


def test_what_isnt_over_is_never_removed_and_what_is_goes_with_its_files(yard, tmp_path):
    busy = yard()
    busy.run()
    assert busy.wrong == []
    assert busy.count["done"] >= 3 * 2 * ROUNDS
    assert busy.count["removed"] > 0
    with Engine(store=busy.store, tracing=False, recover=False):
        kept = failing.with_options(run_id="kept").start(1)
        with pytest.raises(OSError):
            kept.result(20)
        fork = failing.fork("kept", replace={"fail_at_first": 7})
        assert fork.result(20) == 7
        assert "kept" in busy.store.delete(["kept"])
        [node] = busy.store.nodes(fork.id, ["write"])  # the file belongs to both
        assert len(node.value) == 4 * LARGE + 2
        assert len(files(tmp_path)) > 0
    sweep(busy.store, time.time() + 1)
    assert busy.store.runs().runs == []
    assert files(tmp_path) == []


def test_a_sweep_that_doesnt_look_is_found(yard):
    """The control."""
    careless = yard(Careless)
    careless.run()
    assert careless.wrong != []
