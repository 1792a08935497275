"""P2: one step, then many that need only its result, then one that needs all of theirs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from benchmarks.measuring import MICROSECONDS, Row, best_of, interleaved
from benchmarks.noop import add, add_step, inc, inc_async, inc_step, total, total_async, total_step
from flowkit import unmapped, workflow


@workflow
def by_map(width: int) -> int:
    return total_step(add_step.map(range(width), unmapped(inc_step(0))))


@workflow
def by_loop(width: int) -> int:
    first = inc_step(0)
    return total_step([add_step(number, first) for number in range(width)])


def plain(width: int) -> int:
    first = inc(0)
    return total([add(number, first) for number in range(width)])
