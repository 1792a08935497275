"""P12: runs whose process went away, and that another one takes up."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator

from benchmarks.measuring import MILLISECONDS, Row
from flowkit import Engine, step, workflow
from flowkit.stores.opening import open_store

is_stuck = True


@step
def inc(number: int) -> int:
    return number + 1


@step
async def stuck(number: int) -> int:
    """What never ends, until the process it runs in has been left."""
    if is_stuck:
        await asyncio.sleep(3_600)
    return number


@workflow
def interrupted(number: int) -> int:
    return inc(stuck(inc(number)))


@workflow
def rest(number: int) -> int:
    return inc(stuck(number))


def rows(*, quick: bool) -> Iterator[Row]:
    """Measure."""
    global is_stuck  # noqa: PLW0603 - as if it were another process
    count = 100 if quick else 1_000
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/runs.db"
        is_stuck = True
        with Engine(store=url, recover=False) as engine:
            for number in range(count):
                interrupted.with_options(run_id=f"run-{number}").start(number)
            while engine.store is not None and len(engine.store.nodes(f"run-{count - 1}")) < 2:
                time.sleep(0.01)
        is_stuck = False

        begun = time.perf_counter()
        with Engine(store=f"sqlite:///{folder}/new.db", recover=False):
            for run in [rest.start(number) for number in range(count)]:
                run.result()
        new = (time.perf_counter() - begun) * MILLISECONDS

        store = open_store(url)
        begun = time.perf_counter()
        with Engine(store=url) as engine:
            for number in range(count):
                engine.run(f"run-{number}").result()
        again = (time.perf_counter() - begun) * MILLISECONDS
        assert len(store.runs(status=["succeeded"], limit=count + 1).runs) == count
        store.close()
    figures = {"commits": new, "flowkit": again}
    yield Row.beside("P12", f"{count:,} interrupted runs, finished", "ms in all", figures, commits=2.0)
