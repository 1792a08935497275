from flowkit import Signal, discard, in_order, select, sleep, step, workflow

PAID = Signal[int]("paid")


@step(depends_on="close")
def load(day: str) -> str:
    return day


@step
def close(day: str) -> None:
    print("closed", day)


@workflow
def report(day: str) -> str:
    rows = load(day)
    discard(select(paid=PAID.wait(), late=sleep("1d")))
    with in_order():
        close(day)
    return rows
