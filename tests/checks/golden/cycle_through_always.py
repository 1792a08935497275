from flowkit import always, step, workflow


@step
def close(day: str) -> None:
    print("closed", day)


@step(depends_on=close)
def load(day: str) -> str:
    return day


@workflow
def report(day: str) -> str:
    with always():
        close(day)
    return load(day)
