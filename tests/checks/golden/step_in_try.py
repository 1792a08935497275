from flowkit import step, workflow


@step
def load(path: str) -> list[int]:
    return [int(part) for part in path.split(",")]


@step
def total(rows: list[int]) -> int:
    return sum(rows)


@workflow
def report(path: str) -> int:
    try:
        rows = load(path)
        all_rows = load.with_options(retries=3)(path)
        each = total.map([rows, all_rows])
    except ValueError:
        return total([0])
    return total(each)
