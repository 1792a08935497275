from flowkit import step, workflow


@step(depends_on="check")
def announce(day: str) -> None:
    print("begun", day)


@step
def check(number: int) -> bool:
    return number > 0


@workflow
def report(day: str) -> list[bool]:
    announce(day)
    return [check(number) for number in range(12)]
