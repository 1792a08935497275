from flowkit import Outcome, always, cond, first, otherwise, outcome, step, when, workflow


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
def show(end: Outcome[list[int]]) -> None:
    print(end.status)


@workflow
def report(rows: list[int]) -> int:
    large = is_large(rows)
    with when(large):
        few = sample(rows)
        count = total(few)
    with otherwise():
        other = total(rows)
    with always():
        show(outcome(few))
    return cond(large, lambda: first(count, other), lambda: other)
