from flowkit import in_order, step, workflow


@step
def prepare(day: str) -> str:
    return day


@step(depends_on="close")
def load(day: str) -> str:
    return day


@step
def show(*rows: str) -> None:
    print(rows)


@step
def close(day: str) -> None:
    print("closed", day)


@workflow
def report(day: str) -> None:
    rows = load(day)
    more = prepare(day)
    with in_order():
        show(day)
        close(day)
    show(rows, more)
