from flowkit import step, workflow


@step
def rows(name: str) -> list[int]:
    return [1, 2]


@step
def double(number: int) -> int:
    return 2 * number


@workflow
def report(name: str) -> list[int]:
    found = rows(name)
    for row in found:
        double(row)
    return found
