from flowkit import in_order, step, workflow


@step
def halve(number: int) -> int:
    return number // 2


@workflow
def report(number: int = 8) -> int:
    total = 0
    for part in (1, 2):
        total += part
    with in_order():
        smaller = halve(number + total)
        return report(smaller)
