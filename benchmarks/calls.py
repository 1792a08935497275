"""P4: a small workflow called again and again: what a call costs, and how even that is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from statistics import median, quantiles

from benchmarks.measuring import MICROSECONDS, Budget, Row
from flowkit import step, workflow


def load(number: int) -> int:
    return number + 1


def clean(number: int) -> int:
    return number + 1


def save(number: int) -> int:
    return number + 1


async def load_async(number: int) -> int:
    return number + 1


async def clean_async(number: int) -> int:
    return number + 1


async def save_async(number: int) -> int:
    return number + 1


load_step, clean_step, save_step = step(load), step(clean), step(save)


@workflow
def three(number: int) -> int:
    return save_step(clean_step(load_step(number)))


def plain(number: int) -> int:
    return save(clean(load(number)))


async def tasks(number: int) -> int:
    number = await asyncio.create_task(load_async(number))
    number = await asyncio.create_task(clean_async(number))
    return await asyncio.create_task(save_async(number))


def pooled(pool: ThreadPoolExecutor, number: int) -> int:
    number = pool.submit(load, number).result()
    number = pool.submit(clean, number).result()
    return pool.submit(save, number).result()


def each(call: Callable[[int], object], calls: int) -> list[float]:
    """Seconds that each call took."""
    clock, seconds = time.perf_counter, []
    for number in range(calls):
        start = clock()
        call(number)
        seconds.append(clock() - start)
    return seconds


async def each_awaited(calls: int) -> list[float]:
    """The same on a running loop: a loop that is entered anew for each call would cost more than the tasks."""
    clock, seconds = time.perf_counter, []
    for number in range(calls):
        start = clock()
        await tasks(number)
        seconds.append(clock() - start)
    return seconds


def rows(*, quick: bool) -> Iterator[Row]:
    """Measure, in turns of 100 calls. No call is left out, so the slow ones hold what the machine did meanwhile."""
    turns, calls = 2 if quick else 10, 100
    with asyncio.Runner() as runner, ThreadPoolExecutor(2) as pool:
        contestants: dict[str, Callable[[], list[float]]] = {
            "plain": lambda: each(plain, calls),
            "asyncio": lambda: runner.run(each_awaited(calls)),
            "pool": lambda: each(lambda number: pooled(pool, number), calls),
            "flowkit": lambda: each(three, calls),
        }
        taken: dict[str, list[float]] = {name: [] for name in contestants}
        for turn in range(turns + 1):
            for name, contestant in contestants.items():
                seconds = contestant()
                if turn:  # the first one warms up
                    taken[name] += seconds
    work = f"three steps, called {turns * calls:,} times"
    usual = {name: median(seconds) * MICROSECONDS for name, seconds in taken.items()}
    slow = {name: quantiles(seconds, n=100)[98] * MICROSECONDS for name, seconds in taken.items()}
    yield Row.beside("P4", f"{work}: p50", "µs a call", usual, asyncio=1.5)
    evenness = Budget("its own p50", slow["flowkit"] / usual["flowkit"], 5.0)
    yield Row("P4", f"{work}: p99", "µs a call", slow, [evenness])
