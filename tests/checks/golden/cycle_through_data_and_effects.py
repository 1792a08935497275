from flowkit import step, workflow


@step(depends_on="close")
def load(day: str) -> str:
    return day


@step
def clean(rows: str) -> str:
    return rows.strip()


@step
def store(rows: str) -> None:
    print(rows)


@step
def close(day: str) -> None:
    print("closed", day)


@workflow
def report(day: str) -> None:
    store(clean(load(day)))
    close(day)
