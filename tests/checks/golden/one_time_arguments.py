from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

from flowkit import step, unmapped, workflow


@step
def load(number: int) -> int:
    return number


@step
def total(numbers: Iterable[int], scale: int = 1) -> int:
    return sum(numbers) * scale


@step
def first(numbers: Iterator[int] | AsyncIterator[int], other: Any = None) -> int:
    return 1


async def later(numbers: list[int]) -> AsyncIterator[int]:
    for number in numbers:
        yield number


@workflow
def report(numbers: list[int]) -> list[int]:
    kept = (load(x) for x in numbers)
    several = load.map(x + 1 for x in numbers)
    return [
        total(load(x) for x in numbers),
        total((load(x) for x in numbers), scale=2),
        total(
            load(load(load(x)) if x > 1 else load(x) if x > 0 else x)
            for x in numbers
            if x not in (10, 20, 30, 40, 50, 60, 70, 80)
        ),
        total(kept),
        total(map(load, numbers)),
        total(numbers=zip(numbers, numbers)),
        first(filter(None, numbers), other=iter(numbers)),
        first(later(numbers)),
        total([load(x) for x in numbers]),
        total(several),
        total(total.map([map(load, numbers), numbers], unmapped(3))),
    ]


ARGUMENTS = ([1, 2],)
