from flowkit import otherwise, step, when, workflow


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
def show(text: str) -> None:
    print(text)


@workflow
def report(rows: list[int]) -> list[int]:
    with when(is_large(rows)):
        show("large")
    with otherwise():
        few = sample(rows)
    return few
