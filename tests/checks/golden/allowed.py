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


@workflow(allow=("FK101", "FK401"))
def report(url: str) -> int:
    body = fetch(url)
    parse(body)
    amount = total(body)
    return amount + 1
