from flowkit import step, workflow


@step
def load(path: str) -> list[float]:
    return [float(part) for part in path.split(",")]


@step
def normalize(rows: list[float]) -> list[float]:
    return [row / max(rows) for row in rows]


@workflow
def report(path: str) -> list[float]:
    rows = load(path)
    normalize(rows)
    return rows
