from flowkit import step, workflow


@step
def num() -> int:
    return 1


@workflow
def inner() -> int:
    return num()


@workflow
def report() -> list[int]:
    return [num(), num, inner]
