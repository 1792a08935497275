from flowkit import step, workflow


@step
def fetch(url: str) -> bytes:
    return url.encode()


@step
def parse(body: bytes) -> list[str]:
    return body.decode().split()


@step
def total(amounts: list[int]) -> int:
    return sum(amounts)


@workflow
def report(url: str) -> int:
    fetch.with_options(timeout=5)
    body = fetch(url)
    parse(body)
    total(body, exact=True)
    return parse(body)
