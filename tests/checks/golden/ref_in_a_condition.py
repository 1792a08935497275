from flowkit import step, workflow


@step
def rows(name: str) -> list[int]:
    return [1, 2]


@workflow
def report(name: str) -> list[int]:
    é, found = name, rows(name)
    if not found:
        print("none")
    return found
