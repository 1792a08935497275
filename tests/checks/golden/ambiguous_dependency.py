from flowkit import step, workflow


@step(name="orders:load")
def load_orders(day: str) -> list[int]:
    return [len(day), 3]


@step(name="refunds:load")
def load_refunds(day: str) -> list[int]:
    return [len(day)]


@step(depends_on="load")
def opened(day: str) -> str:
    return f"opened {day}"


@step
def net(orders: list[int], refunds: list[int], state: str) -> str:
    return f"{state}: {sum(orders) - sum(refunds)}"


@workflow
def report(day: str) -> str:
    return net(load_orders(day), load_refunds(day), opened(day))
