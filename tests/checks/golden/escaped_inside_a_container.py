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


@workflow
def report(rows: list[int]) -> dict[str, object]:
    with when(is_large(rows)):
        few = sample(rows)
        count = total(few)
    return {"rows": few, "sums": [total.map([few, rows]), count]}
