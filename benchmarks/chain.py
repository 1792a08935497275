"""P1: a chain of steps, each of which takes the result of the one before it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from benchmarks.measuring import MICROSECONDS, Row, best_of, interleaved
from flowkit import step, workflow


def inc(number: int) -> int:
    return number + 1


async def inc_async(number: int) -> int:
    return number + 1


inc_step = step(inc)


@workflow
def chain(length: int) -> int:
    number = 0
    for _ in range(length):
        number = inc_step(number)
    return number


def plain(length: int) -> int:
    number = 0
    for _ in range(length):
        number = inc(number)
    return number


async def tasks(length: int) -> int:
    number = 0
    for _ in range(length):
        number = await asyncio.create_task(inc_async(number))
    return number


def pooled(pool: ThreadPoolExecutor, length: int) -> int:
    number = 0
    for _ in range(length):
        number = pool.submit(inc, number).result()
    return number


def rows(*, quick: bool) -> Iterator[Row]:
    """Measure."""
    with asyncio.Runner() as runner, ThreadPoolExecutor(2) as pool:
        for length in (1_000,) if quick else (1_000, 10_000):
            contestants = {
                "plain": lambda n=length: plain(n),
                "asyncio": lambda n=length: runner.run(tasks(n)),
                "pool": lambda n=length: pooled(pool, n),
                "flowkit": lambda n=length: chain(n),
            }
            taken = interleaved(contestants, rounds=5 if quick else 12)
            figures = best_of(taken, MICROSECONDS / length)
            yield Row.beside("P1", f"chain of {length:,} steps", "µs a step", figures, asyncio=1.0)
