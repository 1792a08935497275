from dataclasses import dataclass

from flowkit import step, workflow


@dataclass
class Order:
    amount: int

    def __post_init__(self) -> None:
        if self.amount < 0:
            raise ValueError(self.amount)


@step
def count(words: str) -> int:
    return len(words)


@step
def keep(order: Order) -> str:
    return str(order)


def made(number: int) -> Order:
    return Order(number)


@workflow
def report(words: str) -> str:
    return keep(made(count(words)))
