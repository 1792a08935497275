"""Steps that do next to nothing, and the same as plain and as async functions."""

from __future__ import annotations

from flowkit import step

__all__ = ["add", "add_step", "inc", "inc_async", "inc_step", "total", "total_async", "total_step"]


def inc(number: int) -> int:
    return number + 1


def add(one: int, other: int) -> int:
    return one + other


def total(numbers: list[int]) -> int:
    return sum(numbers)


async def inc_async(number: int) -> int:
    return number + 1


async def total_async(numbers: list[int]) -> int:
    return sum(numbers)


inc_step = step(inc)
add_step = step(add)
total_step = step(total)
