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
def show(count: int) -> None:
    print(count)


@workflow
def report(rows: list[int]) -> None:
    with when(is_large(rows)):
        few = sample(rows)
        show(total(few))
    with otherwise():
        show(total(few))
