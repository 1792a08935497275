from flowkit import step, workflow


@step
def score(item: str) -> float:
    return float(item)


@step
def total(scores: list[float]) -> float:
    return sum(scores)


@workflow
def report(items: list[str]) -> float:
    [score(item) for item in items]
    scores = [score(item) for item in items]
    return total(scores)


ARGUMENTS = (["1", "2"],)
