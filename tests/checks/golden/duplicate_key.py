from flowkit import step, workflow


@step(name="load")
def load_orders(day: str) -> list[int]:
    return [len(day), 3]


@step(name="load")
def load_refunds(day: str) -> list[int]:
    return [len(day)]


@step
def net(orders: list[int], refunds: list[int]) -> int:
    return sum(orders) - sum(refunds)


@workflow
def report(day: str) -> int:
    return net(load_orders(day), load_refunds(day))
