import attrs

from flowkit import step, workflow


@attrs.frozen
class Order:
    amount: int = attrs.field(validator=attrs.validators.instance_of(int))


@step
def count(words: str) -> int:
    return len(words)


@step
def keep(order: Order) -> str:
    return str(order)


@workflow
def report(words: str) -> str:
    number = count(words)
    return keep(Order(amount=number))
