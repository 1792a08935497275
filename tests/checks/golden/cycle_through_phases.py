from flowkit import phase, step, workflow


@step(depends_on="archive")
def fetch(day: str) -> str:
    return day


@step
def show(rows: str) -> None:
    print(rows)


@step
def archive(day: str) -> None:
    print("archived", day)


@workflow
def report(day: str) -> None:
    with phase("read"):
        rows = fetch(day)
    with phase("tell"):
        archive(day)
        show(rows)
