from flowkit import step, when, workflow


@step
def is_large(rows: list[int]) -> bool:
    return len(rows) > 1_000


@step
def sample(rows: list[int]) -> list[int]:
    return rows[:1_000]


@step
def total(rows: list[int]) -> int:
    return sum(rows)


@step
def show(count: int) -> None:
    print(count)


@workflow
def report(rows: list[int]) -> None:
    with when(is_large(rows)):
        outer = sample(rows)
        with when(is_large(outer)):
            inner = sample(outer)
            show(total(outer))
        show(total(inner))
