"""Several processes at one place, and what is left when one is killed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import partial
from typing import IO

import pytest

from flowkit.engine.kept import Claim, Lease
from flowkit.engine.ports import Store
from flowkit.testing.conformance.ground import Ground, RealClock, begun, commit, everything
from flowkit.testing.conformance.worker import step

__all__ = ["ProcessSentences"]


class Worker:
    """A process that is at a store."""

    def __init__(self, *arguments: object) -> None:
        self.process = subprocess.Popen(  # noqa: S603 - it is Python itself
            [sys.executable, "-m", "flowkit.testing.conformance.worker", *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.ears: IO[str] = self.process.stdin
        self.mouth: IO[str] = self.process.stdout
        assert self.mouth.readline() == "ready\n"

    def start(self) -> None:
        """Tell it to begin."""
        self.ears.write("\n")
        self.ears.flush()

    def lines(self, most: int | None = None) -> Iterator[str]:
        """What it says, until it ends or has said so much."""
        for line in self.mouth:
            yield line.strip()
            if most is not None and (most := most - 1) == 0:
                return

    def end(self) -> None:
        """Have it be gone."""
        self.process.kill()
        self.process.wait(60)
        self.ears.close()
        self.mouth.close()


@contextmanager
def workers(*arguments: tuple[object, ...]) -> Generator[list[Worker]]:
    """So many processes, which are gone afterwards."""
    started: list[Worker] = []
    try:
        started += [Worker(*each) for each in arguments]
        yield started
    finally:
        for worker in started:
            worker.end()


class ProcessSentences(Ground):
    """What is promised to several processes, where there can be some."""

    @pytest.fixture
    def shared(self) -> Generator[tuple[Store, str]]:
        """A store that other processes can open, with their clock, and where it is."""
        store = self.make_store(RealClock())
        url = self.process_url(store)
        if url is None:
            pytest.skip("other processes can't open it")
        store.renew("alive", 600)
        yield store, url
        store.close()

    def test_each_run_is_claimed_by_one_process(self, shared: tuple[Store, str]) -> None:
        store, url = shared
        expected = sorted(begun(store, f"run{number}", "nobody heard of").run_id for number in range(200))
        with workers(*(("claim", url, f"owner{number}", 200) for number in range(4))) as claiming:
            for worker in claiming:
                worker.start()
            claimed = [list(iter(partial(next, worker.lines()), "")) for worker in claiming]
            for worker in claiming:
                worker.start()
            assert [worker.process.wait(60) for worker in claiming] == [0] * 4
        assert sorted(run_id for run_ids in claimed for run_id in run_ids) == expected
        for number, run_ids in enumerate(claimed):
            for run_id in run_ids:
                run = store.run(run_id)
                assert run is not None
                assert (run.owner, run.generation, run.recoveries) == (f"owner{number}", 2, 1)

    def test_each_run_is_created_by_one_process(self, shared: tuple[Store, str]) -> None:
        store, url = shared
        with workers(*(("create", url, f"owner{number}", 50) for number in range(4))) as creating:
            for worker in creating:
                worker.start()
            created = [list(worker.lines()) for worker in creating]
            assert [worker.process.wait(60) for worker in creating] == [0] * 4
        assert sorted(run_id for run_ids in created for run_id in run_ids) == sorted(f"run{n}" for n in range(50))
        for number, run_ids in enumerate(created):
            assert {run.owner for run_id in run_ids if (run := store.run(run_id))} <= {f"owner{number}"}

    def test_a_process_whose_run_was_claimed_writes_nothing_any_more(self, shared: tuple[Store, str]) -> None:
        store, url = shared
        lease = begun(store, owner="nobody heard of")
        with workers(("write", url, lease.run_id, lease.owner, lease.generation)) as [writing]:
            assert len(list(writing.lines(20))) == 20
            assert isinstance(store.claim("run", "alive"), Claim)
            before = everything(store)
            rest = list(writing.lines())
            assert writing.process.wait(60) == 0
        assert everything(store) == before
        assert [one.number for one in before[1][2]] == list(range(1, 21 + len(rest)))

    def test_what_was_acknowledged_survives_a_kill_and_nothing_is_half_written(self, shared: tuple[Store, str]) -> None:
        store, url = shared
        for times in range(1, 6):
            lease = begun(store, f"run{times}", "nobody heard of")
            with workers(("write", url, lease.run_id, lease.owner, lease.generation)) as [writing]:
                told = [int(line) for line in writing.lines(3 + 4 * times)]
                writing.process.kill()
                told += [int(line) for line in writing.lines()]
            self.is_whole(store, lease, told)

    def is_whole(self, store: Store, lease: Lease, told: list[int]) -> None:
        """Whether all that was acknowledged is there, at most one step more, and each as a whole."""
        _, [nodes, attempts, events, _] = everything(store, lease.run_id)
        steps = [step(lease, number) for number in range(1, len(events) + 1)]
        assert len(events) in {len(told), len(told) + 1}
        assert nodes == [node for one in steps for node in one.nodes]
        assert events == [event for one in steps for event in one.events]
        assert {one.key for one in attempts} == {attempt.key for one in steps for attempt in one.attempts}
        assert commit(store, step(lease, len(events) + 1)) == [True]
