"""P11: a store that has seen many runs."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.measuring import MILLISECONDS, Budget, Row
from flowkit import Engine, gate, step, workflow
from flowkit.engine.kept import Claim, Commit, KeptAttempt, KeptNode, NewRun, RunChange
from flowkit.engine.ports import Store
from flowkit.stores.opening import open_store

LIMIT = 50.0
"""Milliseconds that anything here may take."""
OWNER = "benchmarks"
STEPS = 3


@step
def inc(number: int) -> int:
    return number + 1


@workflow
def asked(number: int) -> int:
    return inc.with_options(depends_on=[gate("go on?", name="gate")])(inc(number))


def filled(store: Store, count: int) -> None:
    """Have so many runs of three steps in it that have ended."""
    now = time.time()
    store.renew(OWNER, 3_600.0)
    for place in range(count):
        run_id = f"old-{place:06}"
        made = store.create(NewRun(run_id, "benchmarks.full:asked", "[[1], {}]", "", now - count + place), OWNER)
        assert isinstance(made, Claim)
        keys = [f"inc#{number}" for number in range(STEPS)]
        store.commit(
            [
                Commit(
                    made.lease,
                    nodes=[
                        KeptNode(
                            key, "benchmarks.full:inc", "call", "succeeded", number + 1, 1, "2", started=now, ended=now
                        )
                        for number, key in enumerate(keys)
                    ],
                    attempts=[KeptAttempt(key, 1, now, now, "succeeded") for key in keys],
                    run=RunChange("succeeded", now, "2"),
                    release=True,
                )
            ]
        )


def taken(work: Callable[[], object]) -> float:
    """Milliseconds that something takes, at best."""
    found = []
    for _ in range(5):
        begun = time.perf_counter()
        work()
        found.append(time.perf_counter() - begun)
    return min(found) * MILLISECONDS


def rows(*, quick: bool) -> Iterator[Row]:
    """Measure."""
    count = 5_000 if quick else 100_000
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/runs.db"
        store = open_store(f"{url}?synchronous=normal")
        filled(store, count)
        with Engine(store=url, recover=False) as engine:
            waiting = [asked.with_options(run_id=f"new-{number}").start(1) for number in range(5)]
            for run in waiting:
                next(event for event in run.events() if event.kind == "gate_opened")
        for number in range(5):
            store.post(f"new-{number}", "decision", "gate", '{"approved": true}', time.time())
        with Engine(store=url, recover=False) as engine:
            numbers = iter(range(5))
            asks = {
                "a page": lambda: store.runs(limit=100),
                "a run, with its steps": lambda: [engine.run(f"old-{count // 2:06}").status, store.nodes("old-000007")],
                "going on": lambda: asked.resume(f"new-{next(numbers)}").result(),
            }
            for name, ask in asks.items():
                figure = taken(ask)
                budget = Budget("flowkit", figure, LIMIT, " ms")
                yield Row("P11", f"{name}, among {count:,}", "ms", {"flowkit": figure}, [budget])
        store.close()
        size = sum(file.stat().st_size for file in Path(folder).iterdir()) / count / STEPS / 1024
        yield Row("P11", f"size of a step, in {count:,} runs of {STEPS}", "KiB", {"flowkit": size})
