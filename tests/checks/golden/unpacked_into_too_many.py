from flowkit import step, workflow


@step
def split(text: str) -> tuple[int, int]:
    return len(text), 1


@step
def add(first: int, second: int, third: int = 0) -> int:
    return first + second + third


@workflow
def report(text: str) -> list[int]:
    a, b, c = split(text)
    d, e = split(text)
    pair = split(text)
    (f,) = pair
    g, h, i, *rest = pair
    j, *more = pair
    return [add(a, b, c), add(d, e), f, add(g, h), i, *rest, j, *more]
