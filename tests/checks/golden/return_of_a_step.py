from flowkit import step, workflow


@step
def num() -> int:
    return 1


@workflow
def report(short: bool) -> int:
    number = num()
    if short:
        return num
    return number


ARGUMENTS = (True,)
