from flowkit import step, workflow


@step
def fetch(url: str) -> bytes:
    return url.encode()


@step
def total(amounts: list[int]) -> int:
    return sum(amounts)


@workflow
def report(url: str) -> int:
    return total(fetch(url))
