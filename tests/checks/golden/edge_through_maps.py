from flowkit import outcome, step, unmapped, workflow


@step
def score(item: str, factor: float) -> float:
    return float(item) * factor


@step
def label(score: str) -> str:
    return f"<{score}>"


@step
def read(path: str) -> bytes:
    return path.encode()


@step
def names(path: str) -> list[int]:
    return [len(path)]


@step
def join(labels: list[float]) -> float:
    return sum(labels)


@workflow
def report(path: str, items: list[str]) -> float:
    scores = score.map(items, unmapped(read(path)))
    labels = label.map(scores)
    more = label.map(names(path))
    whole = label.map(read(path))
    ends = label.map_outcomes(items)
    return join([join(labels), join(more), join(whole), join(ends), join(outcome(names(path)))])


ARGUMENTS = ("a", ["1", "2"])
