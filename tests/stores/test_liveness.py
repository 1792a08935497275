"""That a process is gone is known at once, and never believed of one that is there."""

import gc
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from flowkit.engine.kept import Claim
from flowkit.stores.sqlite import SqliteStore, liveness
from flowkit.testing.conformance.ground import StoreClock, run_of

linux = pytest.mark.skipif(sys.platform != "linux", reason="only leases tell of a death here")

OTHER = textwrap.dedent("""
    import os, shutil, signal, sys, time
    from flowkit import StoreError
    from flowkit.stores.sqlite import SqliteStore, liveness
    from flowkit.testing.conformance.ground import StoreClock, run_of

    path = sys.argv[1]
    store = SqliteStore(path, clock=StoreClock())

    def begin(name="run"):
        store.renew("theirs", 1000)
        store.create(run_of(name), "theirs")

    def look_at_the_file():
        open(f"{path}-owners").close()

    def open_another():
        another = SqliteStore(path, clock=StoreClock())
        assert another.run("run").is_held
        another.renew("another", 1000)
        another.close()

    def bear(*, long):
        ear, mouth = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(mouth, b"!")
            if long:
                time.sleep(600)
            os._exit(0)
        os.read(ear, 1)
        if long:
            print(child, flush=True)
        else:
            os.wait()

    def renew_in_a_child():
        with store._liveness._guard:  # as another thread may have it
            child = os.fork()
            if child == 0:
                signal.alarm(30)
                try:
                    store.renew("theirs", 1000)
                except StoreError:
                    os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)

    print("ready", flush=True)
    for line in iter(sys.stdin.readline, ""):
        exec(line)
        print("done", flush=True)
""")


class Other:
    """Another process that has the store open, and an owner in it that has `run`."""

    def __init__(self, path):
        command = [sys.executable, "-c", OTHER, str(path)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
        )
        assert self.hears() == "ready"

    def hears(self):
        return self.process.stdout.readline().strip()

    def does(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.hears()

    def ends(self):
        self.process.wait(60)

    def close(self):
        self.process.kill()
        self.ends()
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs.db"


@pytest.fixture
def other(path):
    other = Other(path)
    assert other.does("begin()") == "done"
    yield other
    other.close()


@pytest.fixture
def clock():
    return StoreClock()


@pytest.fixture
def store(path, other, clock):
    store = SqliteStore(path, clock=clock)
    assert store.run("run").is_held
    yield store
    store.close()


# -- a death ----------------------------------------------------------------------------------------------------------------


@linux
@pytest.mark.parametrize(
    "how",
    [
        "os.kill(os.getpid(), 9)",
        "os.abort()",
        "sys.exit()",
        "os._exit(0)",
        "raise ValueError",
        "store.close(); os._exit(0)",
        f"os.execv({sys.executable!r}, ['python', '-c', 'input()'])",
    ],
)
def test_what_a_process_had_is_free_as_soon_as_it_is_gone(store, other, how):
    """However long its lease is good for, and for whoever asks in whatever way."""
    if "execv" in how:
        other.process.stdin.write(how + "\n")
        other.process.stdin.flush()
        while store.run("run").is_held:  # there is nothing to wait for: the process goes on as another program
            assert other.process.poll() is None
    else:
        assert other.does(how) == ""
        other.ends()
    run = store.run("run")
    assert (run.is_held, run.is_lost) == (False, True)
    assert [one.run_id for one in store.adrift()] == ["run"]
    assert [one.run_id for one in store.runs(status=["lost"]).runs] == ["run"]
    store.renew("mine", 1000)
    claim = store.claim("run", "mine")
    assert isinstance(claim, Claim)
    assert claim.run.recoveries == 1


@linux
def test_a_process_is_gone_though_a_child_of_it_lives_on(store, other):
    child = int(other.does("bear(long=True)"))
    other.hears()
    other.process.kill()
    other.ends()
    assert not store.run("run").is_held
    os.kill(child, signal.SIGKILL)  # it was there until now


@linux
def test_whoever_only_reads_knows_it_too(path, store, other):
    other.close()
    reader = SqliteStore(path, clock=StoreClock(), make=False)
    assert reader.run("run").is_lost
    reader.close()


# -- a life -----------------------------------------------------------------------------------------------------------------


def test_a_process_that_is_stopped_has_its_runs_until_its_lease_is_over(store, other, clock):
    os.kill(other.process.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, other.process.pid, os.WSTOPPED)
    clock.advance(999)
    assert store.run("run").is_held
    assert store.claim("run", "alive").owner == "theirs"
    clock.advance(1)
    assert not store.run("run").is_held


@pytest.mark.parametrize(
    "what",
    [
        "look_at_the_file()",
        "open_another()",
        "bear(long=False)",
        "shutil.copytree(os.path.dirname(path), path + '.copy')",
        "store.renew('theirs', 1000)",
        "store.renew('more', 1000); store.retire('more')",
        "store.retire('theirs'); begin('second')",
    ],
)
def test_whatever_a_process_does_it_has_its_runs(store, other, what):
    assert other.does(what) == "done"
    assert store.run("second" if "second" in what else "run").is_held


def test_who_asks_is_in_nobodys_way(path, store, other):
    """Looking at a lock doesn't take it, nor keep anybody from getting it."""
    assert store.run("run").is_held
    assert other.does("store.retire('theirs'); begin('second')") == "done"
    assert store.run("second").is_held


def test_owners_of_one_store_know_each_other(path, clock):
    store = SqliteStore(path, clock=clock)
    for owner in ("first", "second"):
        store.renew(owner, 1000)
        store.create(run_of(owner), owner)
    assert store.run("first").is_held
    assert store.run("second").is_held
    store.close()


@linux
def test_what_a_store_had_that_is_closed_is_free(path, store, clock):
    second = SqliteStore(path, clock=clock)
    second.renew("mine", 1000)
    second.create(run_of("mine"), "mine")
    assert store.run("mine").is_held
    second.close()
    assert not store.run("mine").is_held
    assert store.run("run").is_held


@linux
def test_who_can_lock_only_later_isnt_taken_for_dead(path, store, other):
    """As long as somebody else has the place, there is no lock to look at; what is told of it then isn't believed later."""
    Path(f"{path}-owners").unlink()
    file = os.open(f"{path}-owners", os.O_RDWR | os.O_CREAT)
    liveness._ask(file, liveness._SETLK)
    assert other.does("store.renew('theirs', 1000)") == "done"
    assert store.run("run").is_held
    os.close(file)
    assert other.does("store.renew('theirs', 1000)") == "done"
    assert store.run("run").is_held
    other.close()
    assert not store.run("run").is_held


def test_two_stores_may_renew_one_lease(path, store, other, clock):
    second = SqliteStore(path, clock=clock)
    for one in (store, second, store, second):
        one.renew("mine", 1000)
    second.create(run_of("mine"), "mine")
    for one in (store, second):
        assert one.run("mine").is_held
    second.close()
    store.renew("mine", 1000)
    assert store.run("mine").is_held


@linux
def test_a_child_that_renews_is_told_that_it_cant(other):
    assert other.does("renew_in_a_child()") == "0"


@linux
def test_who_lets_go_of_a_run_while_somebody_looks_isnt_taken_for_dead(store, other, monkeypatch):
    """What was read is of a moment in which the owner was there."""
    look = store._liveness.is_gone

    def late(owner, file):
        if other.process.poll() is None:
            assert other.does("store.retire('theirs')") == "done"
            other.close()
        return look(owner, file)

    monkeypatch.setattr(store._liveness, "is_gone", late)
    run = store.run("run")
    assert (run.owner, run.is_lost) == ("", False)


def test_who_renews_while_somebody_looks_isnt_taken_for_dead(path, other):
    """The lease that is read isn't younger than the time that it is compared with."""

    def clock():
        if renewals:
            assert other.does(renewals.pop()) == "done"
        return 1500.0

    renewals = []
    store = SqliteStore(path, clock=clock)
    for _ in range(3):
        renewals.append("store._clock.advance(1); store.renew('theirs', 1000)")
        assert store.run("run").is_held
    store.close()


# -- nothing to go by: the lease decides --------------------------------------------------------------------------------------


def only_the_lease_decides(store, clock):
    assert store.run("run").is_held
    clock.advance(1000)
    assert not store.run("run").is_held


def test_where_there_are_no_such_locks_the_lease_decides(path, clock):
    other = Other(path)
    assert other.does("sys.platform = 'elsewhere'; begin()") == "done"
    other.close()
    assert not Path(f"{path}-owners").exists()
    store = SqliteStore(path, clock=clock)
    only_the_lease_decides(store, clock)
    store.close()


def test_who_cant_look_goes_by_the_lease(store, other, clock, monkeypatch):
    monkeypatch.setattr(liveness.sys, "platform", "elsewhere")
    other.close()
    only_the_lease_decides(store, clock)


def test_where_the_file_cant_be_made_the_lease_decides(path, clock):
    Path(f"{path}-owners").mkdir()
    other = Other(path)
    assert other.does("begin()") == "done"
    other.close()
    store = SqliteStore(path, clock=clock)
    only_the_lease_decides(store, clock)
    store.close()


@linux
def test_where_a_pipe_is_in_its_place_nobody_waits_for_it(path):
    os.mkfifo(f"{path}-owners")
    other = Other(path)
    assert other.does("begin()") == "done"
    store = SqliteStore(path, clock=StoreClock())
    assert store.run("run").is_held
    other.close()
    assert store.run("run").owner == "theirs"
    store.close()


def test_where_a_link_is_in_its_place_the_lease_decides(path, tmp_path, clock):
    Path(f"{path}-owners").symlink_to(tmp_path / "elsewhere")
    other = Other(path)
    assert other.does("begin()") == "done"
    other.close()
    assert not (tmp_path / "elsewhere").exists()
    store = SqliteStore(path, clock=clock)
    only_the_lease_decides(store, clock)
    store.close()


@pytest.mark.parametrize("lives", [True, False])
def test_in_a_copy_the_lease_decides(path, store, other, clock, tmp_path, lives):
    folder = tmp_path / "copy"
    folder.mkdir()
    for name in ("runs.db", "runs.db-wal", "runs.db-owners"):
        if (tmp_path / name).exists():
            shutil.copy2(tmp_path / name, folder)
    if not lives:
        other.close()
    copy = SqliteStore(folder / path.name, clock=clock)
    only_the_lease_decides(copy, clock)
    copy.close()


@pytest.mark.parametrize("lives", [True, False])
def test_when_the_file_is_deleted_the_lease_decides(path, other, clock, lives):
    Path(f"{path}-owners").unlink()
    if not lives:
        other.close()
    store = SqliteStore(path, clock=clock)
    only_the_lease_decides(store, clock)
    store.close()


@linux
def test_who_has_looked_at_a_file_that_is_deleted_goes_on_looking_at_it(path, store, other):
    Path(f"{path}-owners").unlink()
    assert store.run("run").is_held
    other.close()
    assert not store.run("run").is_held


@linux
def test_a_file_that_was_deleted_is_made_again_when_a_lease_is_renewed(path, store, other):
    assert other.does("store.renew('second', 1000); store.create(run_of('second'), 'second')") == "done"
    Path(f"{path}-owners").unlink()
    store.renew("mine", 1000)  # makes another one, of which the others know nothing yet
    assert store.run("run").is_held
    assert other.does("store.renew('theirs', 1000)") == "done"
    assert store.run("second").is_held  # by the file that is gone
    assert store.run("run").is_held
    other.close()
    assert not store.run("run").is_held
    assert store.run("second").is_held  # nobody can look at that file any more, so the lease decides


# -- the file -----------------------------------------------------------------------------------------------------------------


@linux
def test_the_last_one_takes_the_file_away(path, store, other):
    store.renew("mine", 1000)
    assert other.does("store.retire('theirs'); store.close()") == "done"
    assert Path(f"{path}-owners").stat().st_size == 0
    store.retire("mine")
    store.close()
    assert not Path(f"{path}-owners").exists()


@linux
def test_a_death_is_known_whoever_comes_and_goes_afterwards(path, other):
    other.close()
    for _ in range(2):
        store = SqliteStore(path, clock=StoreClock())
        assert store.run("run").is_lost
        store.renew("mine", 1000)
        store.retire("mine")
        store.close()
    store = SqliteStore(path, clock=StoreClock())
    store.renew("mine", 1000)
    store.claim("run", "mine")
    store.retire("mine")
    store.close()
    assert not Path(f"{path}-owners").exists()


@linux
def test_what_a_store_had_is_free_that_nobody_has_any_more(path, store, clock):
    second = SqliteStore(path, clock=clock)
    second.renew("mine", 1000)
    second.create(run_of("mine"), "mine")
    assert store.run("mine").is_held
    del second
    gc.collect()
    assert not store.run("mine").is_held


@linux
def test_a_file_that_is_deleted_again_and_again_is_given_up(path, store, other):
    for _ in range(30):
        Path(f"{path}-owners").unlink(missing_ok=True)
        store.renew("mine", 1000)
    assert len(store._liveness._files) == 16
    store.create(run_of("mine"), "mine")
    assert store.run("mine").is_held


@linux
def test_nothing_stays_open(path, store, other):
    def opened():
        return sum(f"{path}-owners" == os.path.realpath(one) for one in Path("/proc/self/fd").iterdir())

    store.run("run")
    assert opened() == 1
    store.renew("mine", 1000)
    assert opened() == 2
    store.close()
    assert opened() == 0
