"""P3: layers of steps, each of which takes two results of the layer before it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from benchmarks.measuring import MICROSECONDS, Row, best_of, interleaved
from flowkit import step, workflow

LAYERS = 20
WIDTH = 50


def _drawn() -> list[list[tuple[int, int]]]:
    """For each layer but the first, two parents for each step. Every step is somebody's parent."""
    draw = random.Random(7)
    layers = []
    for _ in range(LAYERS - 1):
        first = draw.sample(range(WIDTH), WIDTH)
        layers.append([(one, draw.choice([other for other in range(WIDTH) if other != one])) for one in first])
    return layers


PARENTS = _drawn()


def inc(number: int) -> int:
    return number + 1


def add(one: int, other: int) -> int:
    return (one + other) % 1_000_003


def total(numbers: list[int]) -> int:
    return sum(numbers)


async def inc_async(number: int) -> int:
    return number + 1


async def add_async(one: asyncio.Task[int], other: asyncio.Task[int]) -> int:
    return (await one + await other) % 1_000_003


async def total_async(numbers: list[asyncio.Task[int]]) -> int:
    return sum([await number for number in numbers])


inc_step, add_step, total_step = step(inc), step(add), step(total)


@workflow
def layered() -> int:
    layer = [inc_step(number) for number in range(WIDTH)]
    for parents in PARENTS:
        layer = [add_step(layer[one], layer[other]) for one, other in parents]
    return total_step(layer)


def plain() -> int:
    layer = [inc(number) for number in range(WIDTH)]
    for parents in PARENTS:
        layer = [add(layer[one], layer[other]) for one, other in parents]
    return total(layer)


async def tasks() -> int:
    layer = [asyncio.create_task(inc_async(number)) for number in range(WIDTH)]
    for parents in PARENTS:
        layer = [asyncio.create_task(add_async(layer[one], layer[other])) for one, other in parents]
    return await asyncio.create_task(total_async(layer))


def pooled(pool: ThreadPoolExecutor) -> int:
    """Layer by layer: a pool knows nothing of parents."""
    layer = list(pool.map(inc, range(WIDTH)))
    for parents in PARENTS:
        layer = list(pool.map(add, [layer[one] for one, _ in parents], [layer[other] for _, other in parents]))
    return pool.submit(total, layer).result()


def rows(*, quick: bool) -> Iterator[Row]:
    """Measure."""
    with asyncio.Runner() as runner, ThreadPoolExecutor(2) as pool:
        contestants: dict[str, Callable[[], object]] = {
            "plain": plain,
            "asyncio": lambda: runner.run(tasks()),
            "pool": lambda: pooled(pool),
            "flowkit": layered,
        }
        taken = interleaved(contestants, rounds=8 if quick else 30)
    figures = best_of(taken, MICROSECONDS / (LAYERS * WIDTH))
    yield Row.beside("P3", f"{LAYERS} layers of {WIDTH}, two parents each", "µs a step", figures, asyncio=1.5)
