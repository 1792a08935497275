"""A store that fails while runs are at it: who waits is told why, and once it works again the run comes to its end."""

from __future__ import annotations

import logging
import os
import random
import resource
import subprocess
import sys
from contextlib import contextmanager
from types import SimpleNamespace

import attrs
import pytest

from flowkit import Engine, RunSuspended, StoreError
from flowkit.stores.memory import MemoryStore
from flowkit.stores.sqlite import SqliteStore
from flowkit.testing import FaultyFiles, FaultyStore
from tests.durability import mortal
from tests.durability.killing import ROOT, is_whole
from tests.durability.mortal import RUN, Life, Record, different, lived, tell_end
from tests.durability.zoo import ZOO

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"

SHAPES = (
    "chain",
    "effects",
    "mapped",
    "retried",
    "saga",
    "asking",
    "improving",
    "live_gather",
    "resting",
    "sub_workflows",
)

SAID = {"busy": "locked", "io": "the disk failed", "full": "the disk is full", "closed": "the store is closed"}


@pytest.fixture(autouse=True)
def unheard(monkeypatch):
    """That stores break is what is meant here, thousands of times."""
    monkeypatch.setattr(logging.getLogger("flowkit"), "disabled", True)


class Patient(Record):
    """A run that is begun, and gone on with by the same engine each time that it is left, until it has ended."""

    def __init__(self, shape, kept):
        super().__init__(shape, kept)
        self.told = []
        """What whoever waited was told instead of a result."""

    def live(self, store, *, tries=6):
        """Have one engine at it, until it has ended."""

        def told(event):
            self.lives[-1].told.append(event)

        with Engine(
            executor=self.shape.executor, store=store, recover=False, tracing=False, observers=[told]
        ) as engine:
            for _ in range(tries):
                self.lives.append(Life(SimpleNamespace(is_dead=False)))
                token = mortal._life.set(self.lives[-1])
                try:
                    self.lives[-1].end = self._once(engine)
                    break
                except (StoreError, RunSuspended) as error:
                    self.told.append(error)
                finally:
                    mortal._life.reset(token)
                    engine.flush()
                    self.look(self.lives[-1])

    def _once(self, engine):
        workflow = self.shape.workflow.with_options(run_id=RUN)
        return tell_end(workflow.start(*self.shape.args))


def survived(shape, fault, *, after=False, times=1, store_of=FaultyStore):
    """What goes wrong with any call of the store failing: by its number; and how many there are."""
    calm, found, at = lived(shape), {}, 0
    while True:
        at += 1
        kept = MemoryStore()
        store = store_of(kept, at=at, fault=fault, after=after, times=times)
        run = Patient(shape, kept)
        run.live(store)
        if len(store.calls) < at:
            return found, at - 1
        wrong = [str(error) for error in run.told if SAID[fault] not in str(error) or kept.url not in str(error)]
        if wrong := wrong + different(calm, run):
            found[at, store.calls[at - 1]] = wrong


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(mortal, "LONG", 3.0)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", SHAPES)
def test_a_run_comes_to_its_end_whichever_call_of_its_store_fails(name, after):
    """Before it has done anything, or after it, when only the answer is lost."""
    faults = list(SAID) if THOROUGH else [random.Random(name).choice(list(SAID))]
    for fault in faults:
        found, calls = survived(ZOO[name], fault, after=after, times=1)
        assert found == {}
        assert calls > 4


@pytest.mark.parametrize("name", ["mapped", "saga", "live_gather"])
def test_a_run_comes_to_its_end_when_its_store_works_again(name):
    """Several calls fail in a row: so does what would say that the run is left."""
    found, _ = survived(ZOO[name], "io", times=4)
    assert found == {}


@pytest.mark.parametrize("name", ["mapped", "saga", "live_gather"])
def test_a_run_comes_to_its_end_where_threads_do_it(name):
    found, _ = survived(attrs.evolve(ZOO[name], executor="thread"), "full")
    assert found == {}


class Swallowing(FaultyStore):
    """Says that it has done what it has failed to do."""

    def commit(self, commits):
        try:
            return super().commit(commits)
        except StoreError:
            return [True] * len(commits)


def test_a_failure_that_is_swallowed_is_found():
    """The control."""
    found, _ = survived(ZOO["effects"], "io", store_of=Swallowing)
    assert found != {}


def test_who_waits_for_the_run_of_another_process_bears_that_the_store_fails_for_a_moment():
    kept = MemoryStore()
    with (
        Engine(store=FaultyStore(kept, at=4, times=5), recover=False, tracing=False) as other,
        Engine(store=kept, tracing=False) as engine,
    ):
        with pytest.raises(TimeoutError):
            ZOO["approved"].workflow.with_options(run_id=RUN).start(1).result(0.2)
        waiting = other.run(RUN)
        ended = []
        engine.run(RUN).approve(choice="red", who="ada")
        ended.append(waiting.result(20))
        assert ended == ["True red False"]


# -- files ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", ["io", "full", "readonly", "corrupt"])
def test_a_run_comes_to_its_end_whichever_write_to_its_disk_fails(tmp_path, error):
    """Some of them, but for thorough ones. Nothing is half written, and what was recorded is there."""
    says = {"io": "disk failed", "full": "disk is full", "readonly": "only read", "corrupt": "damaged"}[error]
    shape = ZOO["effects"]
    calm, told = lived(shape), 0
    numbers = range(1, 60) if THOROUGH else sorted(random.Random(error).sample(range(1, 40), 12))
    for number in numbers:
        path = tmp_path / f"{number}.db"
        with FaultyFiles() as disk:
            store = SqliteStore(path, vfs=disk.vfs)
            disk.fail_at(number, error, "write", "sync", times=None if number % 2 else 1)
            run = Broken(shape, store, disk)
            run.live(store)
            wrong = [str(failed) for failed in run.told if says not in str(failed)]
            assert wrong + different(calm, run) == []
            told += len(run.told)
            store.close()
        assert is_whole(path)
    assert told > 3


class Broken(Patient):
    """A run on a disk that is repaired once somebody was told that it fails."""

    def __init__(self, shape, kept, disk):
        super().__init__(shape, kept)
        self.disk = disk

    def look(self, life):
        self.disk.repair()
        super().look(life)


SHOP = """
from pathlib import Path
from flowkit import step, workflow

@step
def fill(n: int) -> str:
    with Path("did").open("a") as did:
        did.write(f"{n} ")
    return f"{n:04}" * 20_000

@step
def count(texts: list[str]) -> int:
    return sum(map(len, texts))

@workflow
def filling(n: int) -> int:
    return count([fill(i) for i in range(n)])
"""


class Shop:
    """A folder with a workflow, and the command."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "shop.py").write_text(SHOP)

    def flowkit(self, *arguments, limit=None):
        def begin():
            if limit is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        env = {
            name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE_PROCESS", "FLOWKIT"))
        }
        return subprocess.run(
            [sys.executable, "-m", "flowkit", *arguments],
            cwd=self.folder,
            env={**env, "PYTHONPATH": str(ROOT)},
            preexec_fn=begin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @property
    def did(self):
        return (self.folder / "did").read_text().split()


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


@contextmanager
def small_disk(folder):
    """A disk with little room in this folder, and who makes it larger; None where only root could have one."""
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if made.returncode:
        yield None
        return
    try:
        yield lambda how: subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], check=True)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def large_disk(folder):
    """A disk that has room."""
    folder.mkdir()
    yield None


@pytest.mark.parametrize("kind", ["disk", "limit"])
def test_a_run_that_fills_the_disk_goes_on_when_there_is_room(shop, kind):
    """Also where it is no disk that is full, but what one file may have."""
    with small_disk(shop.folder / "disk") if kind == "disk" else large_disk(shop.folder / "disk") as change:
        store = f"sqlite:///{shop.folder}/disk/runs.db"
        limit = 1_000_000 if change is None else None
        full = shop.flowkit("run", "shop:filling", "--n=40", "--store", store, "--run-id", "big", limit=limit)
        assert full.returncode != 0
        assert "Traceback" not in full.stderr
        assert ("disk is full" if limit is None else "disk failed") in full.stderr, full.stderr
        assert "resume" in full.stderr
        assert shop.did
        if limit is None:
            change("size=64m")
        before = shop.did
        kept = SqliteStore(shop.folder / "disk" / "runs.db")
        ended = [node.key for node in kept.nodes("big") if node.sequence]
        if owner := kept.run("big").owner:  # that it was given up couldn't be written either: else its lease has to end
            kept.retire(owner)
        kept.close()
        done = shop.flowkit("resume", "big", "shop:filling", "--store", store)
        assert done.stdout == f"{40 * 80_000}\n", done.stderr
        assert len(shop.did) - len(before) == 40 - len(ended)
        assert is_whole(shop.folder / "disk" / "runs.db")


def test_a_disk_that_can_only_be_read_is_told_and_left_as_it_is(shop):
    with small_disk(shop.folder / "disk") as change:
        store = f"sqlite:///{shop.folder}/disk/runs.db"
        assert shop.flowkit("run", "shop:filling", "--n=1", "--store", store, "--run-id", "one").returncode == 0
        with read_only(shop.folder / "disk", change):
            for command in (["run", "shop:filling", "--n=2"], ["run", "shop:filling", "--n=1", "--run-id", "one"]):
                refused = shop.flowkit(*command, "--store", store)
                assert refused.returncode != 0
                assert "Traceback" not in refused.stderr
                assert "runs.db" in refused.stderr
                assert "read" in refused.stderr
            with pytest.raises(StoreError, match="read"):
                Engine(store=store)
        assert shop.did == ["0"]
        again = shop.flowkit("run", "shop:filling", "--n=1", "--store", store, "--run-id", "one")
        assert (again.returncode, again.stdout) == (0, "80000\n")


@contextmanager
def read_only(folder, change):
    """Have nobody write there; who is root can only be kept from it by the disk."""
    if change is not None:
        change("ro")
        yield
        change("rw")
        return
    paths = [folder, *folder.iterdir()]
    modes = [path.stat().st_mode for path in paths]
    for path in paths:
        path.chmod(0o500)
    yield
    for path, mode in zip(paths, modes, strict=True):
        path.chmod(mode)


def test_a_damaged_file_is_an_error_or_the_right_result(tmp_path):
    """Whatever bytes are others: a run comes to what it comes to, or who wants it is told what is damaged."""
    shape = ZOO["effects"]
    path = tmp_path / "runs.db"
    whole = half_done(shape, path)
    said, ends = [], 0
    draw = random.Random(7)
    for number in range(400 if THOROUGH else 40):
        data = bytearray(whole)
        for _ in range(draw.choice([1, 30])):
            data[draw.randrange(len(data))] ^= draw.randrange(1, 256)
        other = tmp_path / f"{number}.db"
        other.write_bytes(data)
        other.chmod(0o600)
        try:
            with Engine(store=f"sqlite:///{other}", recover=False, tracing=False) as engine:
                run = shape.workflow.resume(RUN)
                assert run.result(10) == 3
                assert engine.store is not None
            ends += 1
        except (StoreError, RunSuspended) as error:
            said.append(str(error))
    assert [one for one in said if not any(word in one for word in WAYS_OUT)] == []
    assert len(said) > 5
    assert ends > 5


WAYS_OUT = ("damaged", "another application", "newer flowkit")


def half_done(shape, path):
    """The bytes of a file with a run of which one step has ended."""
    store = SqliteStore(path)
    stopping = FaultyStore(store, at=6, times=10**6)
    with pytest.raises((StoreError, RunSuspended)), Engine(store=stopping, executor="inline", tracing=False):
        shape.workflow.with_options(run_id=RUN).start(*shape.args).result()
    assert len([node for node in store.nodes(RUN) if node.sequence]) in {1, 2}
    store.retire(store.run(RUN).owner)
    store.close()
    return path.read_bytes()
