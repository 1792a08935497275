"""P2: one step, then many that need its result, then one that needs the results of all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from benchmarks.measuring import MICROSECONDS, Row, best_of, interleaved
from flowkit import step, workflow


def count(width: int) -> list[int]:
    return list(range(width))


def add(one: int, other: int) -> int:
    return one + other


def inc(number: int) -> int:
    return number + 1


def total(numbers: list[int]) -> int:
    return sum(numbers)


async def count_async(width: int) -> list[int]:
    return list(range(width))


async def inc_async(number: int) -> int:
    return number + 1


async def total_async(numbers: list[int]) -> int:
    return sum(numbers)


count_step, add_step, inc_step, total_step = step(count), step(add), step(inc), step(total)


@workflow
def by_map(width: int) -> int:
    return total_step(inc_step.map(count_step(width)))


@workflow
def by_loop(width: int) -> int:
    first = inc_step(0)
    return total_step([add_step(number, first) for number in range(width)])


def plain(width: int) -> int:
    return total([inc(number) for number in count(width)])


async def tasks(width: int) -> int:
    numbers = await asyncio.create_task(count_async(width))
    results = await asyncio.gather(*[asyncio.create_task(inc_async(number)) for number in numbers])
    return await asyncio.create_task(total_async(results))


def pooled(pool: ThreadPoolExecutor, width: int) -> int:
    numbers = pool.submit(count, width).result()
    return pool.submit(total, list(pool.map(inc, numbers))).result()


def rows(*, quick: bool) -> Iterator[Row]:
    """Measure. Both ways to write it run against the same limits."""
    width = 1_000 if quick else 10_000
    with asyncio.Runner() as runner, ThreadPoolExecutor(2) as pool:
        contestants = {
            "plain": lambda: plain(width),
            "asyncio": lambda: runner.run(tasks(width)),
            "pool": lambda: pooled(pool, width),
            ".map": lambda: by_map(width),
            "loop": lambda: by_loop(width),
        }
        figures = best_of(interleaved(contestants, rounds=5 if quick else 12), MICROSECONDS / width)
    for way in (".map", "loop"):
        flowkit = figures[way]
        limits = {name: figures[name] for name in ("plain", "asyncio", "pool")}
        work = f"1 -> {width:,} -> 1, by {way}"
        yield Row.beside("P2", work, "µs a step", {**limits, "flowkit": flowkit}, asyncio=1.0, pool=1.0)
