from flowkit import step, workflow


@step
def load(path: str) -> list[float]:
    return [float(part) for part in path.split(",")]


@step
def average(rows: list[float]) -> float:
    return sum(rows) / len(rows)


@workflow
def report(path: str, rounded: bool) -> list[float]:
    rows = load(path)
    if rounded:
        mean = average(rows)
    return rows


ARGUMENTS = ("1,2", True)
