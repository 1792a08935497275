"""P7: steps that wait for something else, more of them than there are threads."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from benchmarks.measuring import MILLISECONDS, Row, best_of, interleaved
from flowkit import Engine, step, workflow

STEPS = 200
THREADS = 16
SECONDS = 0.01


def nap(number: int) -> int:
    time.sleep(SECONDS)
    return number


nap_step = step(nap)


@workflow
def naps() -> list[int]:
    return nap_step.map(range(STEPS))


async def tasks() -> list[int]:
    """As many at once as there are threads elsewhere."""
    places = asyncio.Semaphore(THREADS)

    async def placed(number: int) -> int:
        async with places:
            await asyncio.sleep(SECONDS)
            return number

    return await asyncio.gather(*[asyncio.create_task(placed(number)) for number in range(STEPS)])


def rows(*, quick: bool) -> Iterator[Row]:
    """Measure. The calling thread takes part in a run, so the engine has one thread less of its own."""
    engine = Engine(max_workers=THREADS - 1)
    with asyncio.Runner() as runner, ThreadPoolExecutor(THREADS) as pool, engine:
        contestants: dict[str, Callable[[], object]] = {
            "asyncio": lambda: runner.run(tasks()),
            "pool": lambda: list(pool.map(nap, range(STEPS))),
            "flowkit": naps,
        }
        figures = best_of(interleaved(contestants, rounds=5 if quick else 15), MILLISECONDS)
    work = f"{STEPS} sleeps of {SECONDS * MILLISECONDS:g} ms, {THREADS} at once"
    yield Row.beside("P7", work, "ms in all", figures, pool=1.03)
