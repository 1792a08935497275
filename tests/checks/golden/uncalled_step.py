from collections.abc import Callable
from typing import Any

from flowkit import step, workflow


@step
def num() -> int:
    return 1


@step
def total(first: int, second: list[int] | None = None) -> int:
    return first + sum(second or [])


@step
def largest(numbers: list[int]) -> int:
    return max(numbers)


@step
def apply(function: Callable[[], int], anything: Any = None, thing: object = None, bare=None) -> int:
    return function()


@workflow
def inner() -> int:
    return num()


class Shop:
    @step
    def count(self) -> int:
        return 2


@workflow
def report() -> list[int]:
    shop = Shop()
    number = num
    results = [
        total(num),
        total(first=number),
        total(inner),
        total(shop.count),
        total(num(), [num(), num]),
        total(1, second=[num]),
        apply(num, num, num, num),
        apply(shop.count, inner, thing=inner, bare=inner),
    ]
    results.append(largest(total.map([num, num(), 1])))
    return results
